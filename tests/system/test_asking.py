#!/usr/bin/python3
"""How acquisition tasks ask: several measuring points with one frame, and the accounts are the same as if each were
asked alone; what re-reads and reads through to meters may take; who is asked first.
"""
from accounting import *

SINGLE = TASK.replace("rereads 2", "rereads 0")


def cycle(daemon):
    return (rate(daemon) or {"cycle": 0})["cycle"]


def test_several():
    """Points of one terminal go into as few frames as answers have room for; who brings nothing there is asked alone."""
    meters = {2: "ee", 3: "silent", 4: "deny"}
    daemon = station({1: range(1, 41)}).start()
    one = Concentrator(daemon, 1, meters).begin()
    put_task(daemon, SINGLE)
    wait_until(lambda: cycle(daemon) == 37 and settled(daemon), "all were asked")
    equal(reasons_of(daemon), {(one.address, 2): "meter_no_answer", (one.address, 3): "terminal_no_answer",
                               (one.address, 4): "refused"}, "reasons")
    equal(rate(daemon)["first"], 37, "by the first run")
    equal((one.requests, one.largest), (5, 19), "two frames of 32 points, one of 8, two of those that brought nothing")
    equal(one.asked, {mp: 2 if mp in (3, 4) else 1 for mp in range(1, 41)}, "how often each was asked")
    check_no_doubles(daemon.fetch())


def test_one_denies_all():
    """A frame that is denied because of one point is taken apart."""
    daemon = station({1: [1, 2, 3, 4, 5]}).start()
    one = Concentrator(daemon, 1, {2: "deny_all"}).begin()
    put_task(daemon, SINGLE)
    wait_until(lambda: cycle(daemon) == 4 and settled(daemon), "all were asked")
    equal(reasons_of(daemon), {(one.address, 2): "refused"}, "reasons")
    equal((rate(daemon)["first"], one.requests), (4, 6), "by the first run, with one frame and five")


def test_several_unanswered():
    """Who answers frames for one point only is asked so, and asked so from then on; who answers nothing is not asked
    point by point."""
    daemon = station({1: [1, 2, 3], 2: range(1, 41)}, **{"session.request_timeout_ms": 500}).start()
    one = Concentrator(daemon, 1, manner="single").begin()
    silent = Concentrator(daemon, 2, manner="silent").begin()
    put_task(daemon, SINGLE)
    wait_until(lambda: cycle(daemon) == 3 and settled(daemon), "all were asked")
    equal((rate(daemon, terminal=one.address)["first"], one.requests), (3, 3), "one by one, by the first run")
    equal(set(reasons_of(daemon).values()), {"terminal_no_answer"}, "reasons")
    equal((len(gaps(daemon)), silent.requests), (40, 4), "32 points, one alone, 32 and 7")
    put_task(daemon, SINGLE.replace("daily energy", "second"))
    wait_until(lambda: len(gaps(daemon, task="second")) == 40 and settled(daemon), "the second task")
    equal((one.requests, one.ignored), (6, 1), "one frame for several, ever")


def test_rereads_leave_room():
    """Re-reads take their share of all requests and no more."""
    daemon = station({number: [1] for number in range(1, 9)}, **{"account.requests": 8, "account.reread_share": 25})
    daemon.start()
    terminals = [Concentrator(daemon, number, {1: "ee_once"}) for number in range(1, 9)]
    gauge = Gauge()
    for terminal in terminals:
        terminal.rereads, terminal.rereads_take_s = gauge, 0.2
        terminal.begin()
    put_task(daemon)
    wait_until(lambda: cycle(daemon) == 8, "all were repaired")
    equal(gauge.most, 2, "re-reads at a time")


def test_first_runs_before_rereads():
    """Of a terminal that comes back the slots that are new, before those that are asked again."""
    daemon = station({1: [1]}).start()
    one = Concentrator(daemon, 1, {1: "ee"}).begin()
    put_task(daemon)
    wait_until(lambda: reasons_of(daemon).get((one.address, 1)) == "meter_no_answer", "it was asked")
    one.end()
    one.close()
    wait_until(lambda: reasons_of(daemon).get((one.address, 1)) == "terminal_offline", "its re-read is due")
    put_task(daemon, TASK.replace("daily energy", "second").replace(".import.", ".export."))
    wait_until(lambda: len(gaps(daemon, task="second", reason="terminal_offline")) == 1, "and the second task's first run")
    one.fns.clear()
    one.begin()
    wait_until(lambda: len(one.fns) >= 2, "both are asked")
    equal(one.fns[:2], [163, 161], "in that order")


def test_through():
    """What a terminal does not have is read through it, a few at a time and behind what it may have itself."""
    daemon = station({number: [1, 2] for number in range(1, 7)}, **{"account.through": 2})
    rows = archive_of({number: [1, 2] for number in range(1, 7)}).strip().split("\n")
    daemon.write_archive("\n".join([rows[0] + ",protocol"] + [row + ",dlt645" for row in rows[1:]]) + "\n")
    daemon.start()
    gauge = Gauge()
    terminals = [Concentrator(daemon, number, manner="ee") for number in range(1, 7)]
    for terminal in terminals:
        terminal.through = gauge
        terminal.begin()
    put_task(daemon, TASK.replace("rereads 2", "rereads 3"))
    wait_until(lambda: len(gaps(daemon)) == 12 and settled(daemon), "re-reads are used up")
    equal(set(reasons_of(daemon).values()), {"meter_no_answer"}, "reasons")
    equal({tuple(terminal.asked.values()) for terminal in terminals}, {(3, 3)}, "of its store each was asked three times")
    equal(gauge.most, 2, "meters asked at a time")


def test_segment():
    """Of terminals in one network segment two requests are under way at a time; others do not wait for them."""
    daemon = station({number: [1] for number in range(1, 13)}, **{"account.segment_requests": 2})
    rows = archive_of({number: [1] for number in range(1, 13)}).strip().split("\n")
    words = [",segment"] + [",narrow" if number <= 8 else "," for number in range(1, 13)]
    daemon.write_archive("\n".join(row + word for row, word in zip(rows, words)) + "\n")
    daemon.start()
    gauge = Gauge()
    terminals = [Concentrator(daemon, number, manner="slow").begin() for number in range(1, 13)]
    for terminal in terminals[:8]:
        terminal.all = gauge
    put_task(daemon)
    wait_until(lambda: (rate(daemon) or {"cycle": 0})["cycle"] == 12, "all have come")
    equal(gauge.most, 2, "at a time in the segment")
    equal(rate(daemon)["first"], 12, "by their first runs")


run()
