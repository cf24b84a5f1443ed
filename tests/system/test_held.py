#!/usr/bin/python3
"""What is suspect: stored and journalled, published on held/.. only, never as a latest value; repaired, accepted."""
from harness import *

ADDRESS = "010000001"
TOTAL = (1, 0, 1, 8, 0)
TERMINALS = [(ADDRESS, "", 7)]


def register(minute, total, mp=1, tariffs=None):
    """F129 of a minute; the total with four decimals. The tariffs make its sum unless they are said."""
    return f129(mp, Instant(minute=minute), 0, [total, *(tariffs or (total, 0, 0, 0))])


def qualities(message):
    return {point_number(item[0]): item[3] for item in message.items}


def latest_total(daemon, mp=1):
    rows = daemon.ask("LATEST", terminal=ADDRESS, mp=mp)["values"]
    found = [row for row in rows if point_number(row[1]) == TOTAL]
    return (found[0][4], found[0][3]) if found else None


def wait_latest(daemon, total, minute):
    wait_until(lambda: latest_total(daemon) == (total, Instant(minute=minute).utc_ms), f"latest {total}")


def published(subscriber, topic, minute):
    """Messages of that minute on a topic."""
    return [one for one in subscriber.messages(topic) if one.time_ms == Instant(minute=minute).utc_ms]


def halves(daemon, minute):
    """What FETCH gives of that minute: good, suspect."""
    at = Instant(minute=minute).utc_ms
    both = [one for one in daemon.fetch(terminal=ADDRESS) if one.time_ms == at]
    good = [one for one in daemon.fetch(kind="reading") if one.time_ms == at]
    suspect = [one for one in daemon.fetch(kind="held") if one.time_ms == at]
    equal(sorted(both, key=lambda one: (one.sequence, one.index, one.kind)),
          sorted(good + suspect, key=lambda one: (one.sequence, one.index, one.kind)), "both halves are the whole")
    return good, suspect


def test_split():
    """A total that fell: its tariffs too. Values of another kind in the same minute stay good."""
    daemon = Daemon(TERMINALS, {"history.checkpoint_ms": 100}).start()
    subscriber = Subscriber(daemon, "reading/", "held/", "held/07", "reading/07", f"terminal/{ADDRESS}")
    subscriber.wait_subscribed("held/07").wait_subscribed("reading/07").wait_subscribed(f"terminal/{ADDRESS}")
    terminal = Terminal(daemon).login()
    terminal.confirmed_report(register(0, 50000, tariffs=(20000, 10000, 10000, 10000)), "base")
    wait_latest(daemon, 50000, 0)
    # t1 falls, the total and the others rise
    terminal.confirmed_report(register(1, 60000, tariffs=(19000, 20000, 10500, 10500)), "one of five fell")
    good, suspect = halves(daemon, 1)
    equal([set(items_of(one)) for one in suspect], [{(1, 0, 1, 8, 1)}], "held")
    equal([set(items_of(one)) for one in good], [{(1, 0, 1, 8, tariff) for tariff in (0, 2, 3, 4)}], "good")
    equal((good[0].sequence, good[0].index), (suspect[0].sequence, suspect[0].index), "at one place")
    check(good[0].raw and suspect[0].raw is None, "the frame stays with the good half", good[0], suspect[0])
    check(all(quality & SUSPECT for quality in qualities(suspect[0]).values()), "marked", suspect[0])
    check(not any(quality & SUSPECT for quality in qualities(good[0]).values()), "not marked", good[0])
    wait_until(lambda: len(published(subscriber, "terminal/", 1)) == 2, "both on the terminal's topic")
    equal(published(subscriber, "held/07", 1), suspect, "on held/07")
    equal(published(subscriber, "reading/07", 1), good, "on reading/07")
    wait_latest(daemon, 60000, 1)
    equal(daemon.metric("suspect_falls"), 1, "suspect_falls")
    row, = daemon.ask("HELD")["held"]
    equal((row["terminal"], row["mp"], row["point"], row["base"], row["candidate"], row["reason"]),
          (ADDRESS, 1, "energy.active.import.t1_kWh", "2.0000", "1.9000", "falls"), "HELD")
    equal(daemon.ask("HELD", terminal=ADDRESS)["held"], [row], "HELD of the terminal")
    equal({"connector-validator", "validator-alarm", "alarm-storage"} - {hop["name"] for hop in daemon.status()["hops"]}, set(),
          "hops")


def test_repaired():
    """Held, killed, sent again (the same verdict, not journalled again), killed, repaired: published as re-read."""
    daemon = Daemon(TERMINALS, {"history.checkpoint_ms": 100}).start()
    terminal = Terminal(daemon).login()
    terminal.confirmed_report(register(0, 50000), "base")
    terminal.confirmed_report(register(1, 100), "fell")
    terminal.confirmed_report(register(2, 50010), "as before")
    wait_latest(daemon, 50010, 2)
    for turn in range(2):
        daemon.kill()
        daemon.start()
        terminal.connect().login()
        terminal.confirmed_report(register(1, 100), "again")
        terminal.confirmed_report(register(2, 50010), "again")
        equal(daemon.metric("items_repeated"), 10, f"turn {turn}: known")
        good, suspect = halves(daemon, 1)
        # of the tariffs those that show nothing show it still
        equal(([set(items_of(one)) for one in suspect], [set(items_of(one)) for one in good]),
              ([{TOTAL, (1, 0, 1, 8, 1)}], [{(1, 0, 1, 8, tariff) for tariff in (2, 3, 4)}]), f"turn {turn}: halves")
        wait_latest(daemon, 50010, 2)
    subscriber = Subscriber(daemon, "reading/07", "held/07").wait_subscribed("held/07").wait_subscribed("reading/07")
    terminal.confirmed_report(register(1, 50005), "read again")
    repaired, = wait_until(lambda: published(subscriber, "reading/07", 1), "the repaired reading")
    equal(items_of(repaired), {TOTAL: (50005, -4), (1, 0, 1, 8, 1): (50005, -4)}, "what was held")
    check(all(quality & RE_READ and quality & CHANGED and not quality & SUSPECT
              for quality in qualities(repaired).values()), "marked re-read", repaired)
    equal(published(subscriber, "held/07", 1), [], "nothing more on held")
    equal(daemon.metric("items_repaired"), 2, "items_repaired")


def ctl(daemon, *arguments):
    return program(os.path.join(BIN, "fepctl"), "--door", daemon.door_at, "--feed", daemon.feed_at, *arguments)


def test_swap():
    """A new meter shows less: held, reported after so many readings, accepted by a person; a kill in between."""
    daemon = Daemon(TERMINALS, {"history.checkpoint_ms": 100, "validator.consistent": 4}).start()
    terminal = Terminal(daemon).login()
    terminal.confirmed_report(register(0, 50000), "old meter")
    for minute in (1, 2):
        terminal.confirmed_report(register(minute, 100 * minute), "new meter")
    daemon.kill()
    daemon.start()
    terminal.connect().login()
    for minute in (3, 4):
        terminal.confirmed_report(register(minute, 100 * minute), "new meter")
    def jumps():
        return [one for one in daemon.fetch(kind="event") if ["register_jump"] ==
                [item[1] for item in one.items if point_number(item[0]) == (0, 0, 130, 2, 0)]]
    events = wait_until(lambda: len(jumps()) == 2 and jumps(), "reported")
    names = {item[1] for one in events for item in one.items if point_number(item[0]) == (0, 0, 134, 1, 0)}
    equal(names, {"energy.active.import.total_kWh", "energy.active.import.t1_kWh"}, "which registers")
    equal([one.items[0][3] & SUSPECT for one in daemon.fetch(kind="held")], [SUSPECT] * 4, "still held")
    wait_latest(daemon, 50000, 0)
    said = ctl(daemon, "--json", "held")
    equal([row["consistent"] for row in json.loads(said.stdout)["held"]], [4, 4], f"fepctl held {said.stderr}")
    check("falls" in ctl(daemon, "held", "--terminal", ADDRESS).stdout, "fepctl held for people")
    equal(ctl(daemon, "accept", ADDRESS, "--mp", "9").returncode, 1, "nothing is held there")
    said = ctl(daemon, "--json", "accept", ADDRESS, "--mp", "1", "--point", "energy.active.import.total_kWh")
    equal((said.returncode, said.stdout and json.loads(said.stdout)), (0, {"accepted": 1, "readings": 4}),
          f"fepctl accept {said.stderr}")
    wait_latest(daemon, 400, 4)
    equal(ctl(daemon, "accept", ADDRESS, "--mp", "1").returncode, 0, "the tariff too")
    def again():
        found = [one for one in daemon.readings() if one.items[0][3] & RE_READ]
        return len(found) == 8 and found
    found = wait_until(again, "published as re-read")
    equal(sorted((one.time_ms, items_of(one)[TOTAL][0]) for one in found if TOTAL in items_of(one)),
          [(Instant(minute=minute).utc_ms, 100 * minute) for minute in (1, 2, 3, 4)], "those held since the jump")
    daemon.kill()
    daemon.start()
    terminal.connect().login()
    equal(ctl(daemon, "held").stdout, "nothing is held\n", "fepctl held")
    equal(daemon.ask("HELD")["held"], [], "nothing is held")
    terminal.confirmed_report(register(5, 500), "goes on")
    terminal.confirmed_report(register(3, 300), "again")
    good, suspect = halves(daemon, 5)
    equal((len(good), suspect), (1, []), "good again")
    wait_latest(daemon, 500, 5)
    check_no_doubles(daemon.fetch(kind="reading"))
    equal(daemon.stop(), 0, "verdict")


def test_ranges_and_times():
    """Out of the dictionary's range, and with an instant that cannot be; what is within both stays good."""
    daemon = Daemon(TERMINALS, {"validator.future_ms": 600000, "validator.past_ms": 86400000}).start()
    terminal = Terminal(daemon).login()
    now = time.gmtime(time.time() + UTC_OFFSET_MIN * 60)
    today = Instant(now.tm_year, now.tm_mon, now.tm_mday, now.tm_hour, now.tm_min)
    terminal.confirmed_report(f25(1, today, 5), "now")
    terminal.confirmed_report(f25(1, today._replace(year=today.year - 1), 5), "a year ago")
    terminal.confirmed_report(f25(1, today._replace(year=today.year + 1), 5), "in a year")
    terminal.confirmed_report(unit(2, 25) + today.a15 + b"".join(
        bcd(5000 if name == "PF" else 1, size) for name, size, _, _ in F25_FIELDS), "500 % power factor")
    equal([one.time_ms for one in daemon.readings() if one.mp == 1], [today.utc_ms], "the good one")
    equal([(one.mp, len(one.items)) for one in daemon.fetch(kind="held")], [(1, 23), (1, 23), (2, 1)], "held")
    equal([len(one.items) for one in daemon.readings() if one.mp == 2], [22], "the rest of it")
    metrics = daemon.status()["metrics"]
    equal((metrics["suspect_time"], metrics["suspect_range"]), (46, 1), "counted by reason")


def test_rule():
    """validator.accept: auto."""
    daemon = Daemon(TERMINALS, {"validator.consistent": 3, "validator.accept": "auto"}).start()
    terminal = Terminal(daemon).login()
    for minute, total in enumerate((50000, 10, 20, 30, 40)):
        terminal.confirmed_report(register(minute, total), total)
    wait_latest(daemon, 40, 4)
    wait_until(lambda: len(daemon.readings()) >= 11, "what was held is published")
    equal(daemon.metric("bases_accepted"), 2, "bases_accepted")
    good, suspect = halves(daemon, 4)
    equal((len(good), len(good[0].items), suspect), (1, 5, []), "good again")


run()
