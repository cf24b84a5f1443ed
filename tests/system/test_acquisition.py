#!/usr/bin/python3
"""Acquisition tasks: what the daemon accounts for each slot of each measuring point is what the simulated concentrators
know they did, every gap has its reason, the reasons add up to the denominator, re-reads repair what can be repaired, and
kill -9 changes none of it.
"""
from accounting import *

SHIM = os.path.join(os.path.dirname(BIN), "tests", "libclock_shim.so")


# ---- Each way a point can fail ----

METERS = {1: "answer", 2: "ee", 3: "ee_once", 4: "deny", 5: "high", 6: "slow", 7: "answer", 8: "other_day"}
WANTED = {2: "meter_no_answer", 4: "refused", 5: "held", 8: "meter_no_answer"}


def test_every_reason():
    daemon = station({1: METERS, 2: [1, 2], 3: [1], 4: [1, 2], 5: [1], 6: [1, 2, 3]}, **{"account.begin_ms": 3000})
    daemon.start()
    put_task(daemon)
    one = Concentrator(daemon, 1, METERS, offset_min=OFFSET)
    one.connect()
    one.login()
    one.report_frozen(7, today() - 1)     # what it reports by itself is not asked again
    one.wait_confirmed()
    one.close()
    others = [Concentrator(daemon, 2, manner="silent"), Concentrator(daemon, 3, manner="garbled"),
              Concentrator(daemon, 4, manner="drop"), Concentrator(daemon, 6)]
    for terminal in [one] + others:
        terminal.begin()
    wait_until(lambda: daemon.metric("slots_planned") == 17, "every slot is planned")
    wait_until(lambda: all(terminal.asked for terminal in others), "all were asked")
    wanted = {(one.address, mp): reason for mp, reason in WANTED.items()}
    wanted.update({("010000002", 1): "terminal_no_answer", ("010000002", 2): "terminal_no_answer",
                   ("010000003", 1): "terminal_no_answer", ("010000004", 1): "terminal_offline",
                   ("010000004", 2): "terminal_offline", ("010000005", 1): "terminal_offline"})
    wait_until(lambda: reasons_of(daemon) == wanted, lambda: f"gaps {reasons_of(daemon)}")
    # Re-reads go on until they are used up; then what is missing is still missing, for the same reason.
    wait_until(lambda: all(gap.next_ms == 0 for gap in gaps(daemon)), "no run is to come", 30)
    equal(reasons_of(daemon), wanted, "gaps in the end")
    for gap in gaps(daemon):
        equal((gap.task, gap.slot_ms, gap.items_valid, gap.items), ("daily energy", slot_ms(), 0, 1), "a gap")
    all_of = rate(daemon)
    equal((all_of["due"], all_of["cycle"], all_of["first"], all_of["reread"]), (17, 7, 6, 1), f"counts {all_of}")
    equal(all_of["reasons"], dict(collections.Counter(wanted.values())), "reasons")
    equal(one.asked[7], 0, "what was reported by itself was not asked")
    equal(one.asked[1], 1, "what answered was asked once")
    equal(one.asked[3], 2, "what had nothing was asked again until it had")
    equal(one.asked[2], 3, "first run and two re-reads")
    by_terminal = {row["of"]: (row["due"], row["cycle"]) for row in rate(daemon, by="terminal")}
    equal(by_terminal[one.address], (8, 4), "of one terminal")
    equal(sum(row["due"] for row in rate(daemon, by="area")), 17, "areas add up")
    equal({row["of"]: row["due"] for row in rate(daemon, by="group")}, {"odd": 10, "even": 7}, "groups")
    equal(len(rate(daemon, by="day")), 1, "one day")
    equal(len(gaps(daemon, reason="terminal_offline")), 3, "gaps of one reason")
    equal(len(gaps(daemon, terminal=one.address)), 4, "gaps of one terminal")
    for terminal in [one] + others:
        equal(terminal.fault, None, terminal.address)
    # What is stored is what the meters have, once.
    check_no_doubles(daemon.fetch())
    values = {(m.address, m.mp): m.items[0][1] for m in daemon.readings() if m.freeze == 3 and m.items[0][1] is not None}
    for terminal, mp in ((one, 1), (one, 3), (one, 6), (one, 7), (others[3], 2)):
        equal(values[(terminal.address, mp)], terminal.value(mp, today() - 1), f"value of {terminal.address} {mp}")
    marked = {m.mp for m in daemon.readings(one.address) if m.items[0][3] & RE_READ and m.items[0][1] is not None}
    equal(marked, {3}, "what a re-read brought says so")


def test_repaired():
    """Morning check: the failing points are asked again by hand, and are there."""
    daemon = station({1: [1, 2, 3]}).start()
    one = Concentrator(daemon, 1, {2: "ee", 3: "ee"}).begin()
    put_task(daemon, TASK.replace("rereads 2", "rereads 0"))
    wait_until(lambda: len(gaps(daemon)) == 2 and settled(daemon), "two gaps, and nothing goes on")
    one.meters = {}
    answer = daemon.ask("REREAD", days=2, reason="meter_no_answer", who="test")
    equal((answer["slots"], answer["points"], answer["more"]), (1, 2, False), "asked again")
    wait_until(lambda: rate(daemon)["cycle"] == 3, "repaired")
    counts = rate(daemon)
    equal((counts["first"], counts["reread"], counts["reasons"]), (1, 2, {}), "but not by the first run")
    equal(gaps(daemon), [], "no gaps")
    check(daemon.logged("REREAD", "who=test"), "who did it is in the log")


def test_offline_comes_back():
    """What a terminal that was away has missed is asked as soon as it comes, without waiting for a re-read."""
    daemon = station({1: [1, 2]}).start()
    put_task(daemon, TASK.replace("reread_every 1s", "reread_every 1d"))
    wait_until(lambda: len(gaps(daemon, reason="terminal_offline")) == 2, "it is offline")
    Concentrator(daemon, 1).begin()
    wait_until(lambda: rate(daemon)["cycle"] == 2, "it has come")
    equal(rate(daemon)["first"], 0, "its first run failed")


def test_changes():
    """A paused task makes gaps with that reason; points that leave the archive have theirs."""
    daemon = station({1: [1, 2], 2: [1]}).start()
    Concentrator(daemon, 1, {2: "silent"}).begin()
    put_task(daemon, TASK + "paused yes\n")
    wait_until(lambda: set(reasons_of(daemon).values()) == {"task_paused"}, "paused")
    put_task(daemon, TASK.replace("daily energy", "second"))
    wait_until(lambda: len(gaps(daemon, task="second")) == 2, "the second task runs")
    daemon.ask("IMPORT", data=archive_of({1: [1, 2]}).encode(), who="test")
    wait_until(lambda: {(gap.mp, gap.reason) for gap in gaps(daemon, task="second")} ==
               {(2, "terminal_no_answer"), (1, "not_in_archive")}, lambda: f"{gaps(daemon, task='second')}", 30)
    word, answer = daemon.ask_raw("RATE", {"task": "none"})
    equal((word, answer["error"]), ("ERROR", "NOT_FOUND"), "no such task")
    check("none" in answer["text"], "it says which", answer)
    word, answer = daemon.ask_raw("GAPS", {"day_from": 5, "day_to": 4})
    equal((word, answer["error"]), ("ERROR", "RANGE"), "days the wrong way round")


def test_pages():
    """A page of the door holds so much; the rows of all pages are those of all terminals."""
    daemon = station({number: [1] for number in range(1, 21)}, **{"door.page_bytes": 4096}).start()
    put_task(daemon)
    wait_until(lambda: daemon.metric("slots_planned") == 20, "all are planned")
    check(daemon.ask("RATE", days=2, by="terminal")["next"] > 0, "there is a second page")
    equal([row["of"] for row in rate(daemon, by="terminal")], [f"0100{number:05d}" for number in range(1, 21)], "rows")
    shown = program(os.path.join(BIN, "fepctl"), "--door", daemon.door_at, "rate", "--by", "terminal")
    equal(len(re.findall(r"^ *0100", shown.stdout, re.M)), 20, "fepctl shows every page")
    equal(len(gaps(daemon)), 20, "gaps")


# ---- By what it is counted ----

DIMENSIONS = ["task", "day", "area", "terminal", "line", "vendor", "protocol", "channel", "segment", "user_type"]


def test_dimensions():
    """However it is counted, and whatever is left out, it is the same points: rows add up to the denominator, a filter
    gives the row of its word, and the list behind it has its gaps."""
    daemon = station({1: [1, 2], 2: [1, 2], 3: [1], 4: [1]}).start()
    change(daemon, "terminal,vendor,channel,segment,line",
           "010000001,Acme,4g,cmnet,10kV east", "010000002,Acme,nbiot,,10kV east", "010000003,\"B, C\",4g,,\u6d4e\u5357")
    change(daemon, "terminal,measuring_point,user_type,protocol", "010000001,1,shop,dlt645", "010000001,2,flat,",
           "010000002,2,shop,dlt645", "010000003,1,flat,modbus_rtu")
    change(daemon, "terminal,dial", "010000004,gdw1376@127.0.0.1:9")
    one = Concentrator(daemon, 1, {2: "ee"}).begin()
    put_task(daemon, LATER)
    wait_until(lambda: (rate(daemon) or {"cycle": 0})["cycle"] == 1 and len(gaps(daemon)) == 5 and
               reasons_of(daemon)[one.address, 2] == "meter_no_answer", "all is known")
    total = rate(daemon)
    equal((total["due"], total["cycle"]), (6, 1), "in all")
    for name in DIMENSIONS:
        rows = rate(daemon, by=name)
        for field in ("points", "due", "cycle", "items", "items_valid"):
            equal(sum(row[field] for row in rows), total[field], f"{field} by {name}")
    counted = lambda name: {row["of"]: row["due"] for row in rate(daemon, by=name)}
    equal(counted("line"), {"10kV east": 4, "\u6d4e\u5357": 1, "": 1}, "lines")
    equal(counted("vendor"), {"Acme": 4, "B, C": 1, "": 1}, "vendors")
    equal(counted("channel"), {"4g": 3, "nbiot": 2, "": 1}, "channels")
    equal(counted("segment"), {"cmnet": 2, "": 4}, "segments")
    equal(counted("user_type"), {"shop": 2, "flat": 2, "": 2}, "kinds of users")
    equal(counted("protocol"), {"dlt645": 2, "modbus_rtu": 1, "gdw1376": 2, "": 1}, "protocols")
    for name in DIMENSIONS[4:]:
        for row in rate(daemon, by=name):
            equal(rate(daemon, **{name: row["of"]}), {**row, "of": ""}, f"only {name} {row['of']}")
            equal(len(gaps(daemon, **{name: row["of"]})), row["due"] - row["cycle"], f"gaps of {name} {row['of']}")
    equal(rate(daemon, vendor="Acme", channel="4g", user_type="flat")["due"], 1, "several at once")
    equal(rate(daemon, vendor="Acme", channel="4g", segment=""), [], "nothing fits")
    word, answer = daemon.ask_raw("RATE", {"vendor": "Nobody"})
    equal((word, answer["error"], answer["text"]), ("ERROR", "NOT_FOUND", 'there is no vendor "Nobody"'), "no such vendor")
    word, answer = daemon.ask_raw("RATE", {"by": "colour"})
    check(word == "ERROR" and all(name in answer["text"] for name in DIMENSIONS), "it says by what", answer)
    change(daemon, "terminal,vendor", "010000004,Acme")
    wait_until(lambda: counted("vendor") == {"Acme": 5, "B, C": 1}, "as the archive stands now")
    equal(daemon.ask("REREAD", days=2, vendor="Acme", user_type="flat", who="test")["points"], 1, "asked again")
    fepctl = lambda *words: program(os.path.join(BIN, "fepctl"), "--door", daemon.door_at, *words).stdout
    check(re.search(r"^ *\u6d4e\u5357 +1 ", fepctl("rate", "--by", "line"), re.M), "fepctl", fepctl("rate", "--by", "line"))
    shown = fepctl("gap", "list", "--user_type", "flat", "--vendor", "B, C")
    check("010000003" in shown and "010000001" not in shown, "fepctl gap list", shown)


# ---- Who is not in service ----

def change(daemon, columns, *rows):
    """Merges rows of the archive."""
    daemon.ask("IMPORT", data="\n".join([columns, *rows, ""]).encode(), mode="merge", who="test")


def states(daemon, *rows):
    change(daemon, "terminal,measuring_point,meter_state", *rows)


LATER = TASK.replace("reread_every 1s", "reread_every 1d")


def test_maintenance():
    """Who is under maintenance or suspended when its slot falls due is not asked and is apart; when that ends while the
    slot is open it is asked, and that is its first run. A person may read it all the same."""
    daemon = station({1: [1, 2, 3], 2: [1, 2]}).start()
    states(daemon, "010000001,2,suspended", "010000001,3,maintenance")
    change(daemon, "terminal,state", "010000002,maintenance")
    one, two = Concentrator(daemon, 1).begin(), Concentrator(daemon, 2).begin()
    put_task(daemon, LATER)
    wanted = {(one.address, 2): "suspended", (one.address, 3): "maintenance", (two.address, 1): "maintenance",
              (two.address, 2): "maintenance"}
    wait_until(lambda: (rate(daemon) or {"cycle": 0})["cycle"] == 1, "the point in service was read")
    wait_until(lambda: reasons_of(daemon) == wanted, lambda: f"{reasons_of(daemon)}")
    counts = rate(daemon)
    equal((counts["points"], counts["apart"], counts["due"], counts["first"]), (5, 4, 1, 1), f"counts {counts}")
    equal(counts["reasons"], {"suspended": 1, "maintenance": 3}, "reasons")
    equal(daemon.ask("REREAD", days=2, who="test")["points"], 0, "nor by hand with all others")
    daemon.kill()
    for terminal in (one, two):
        terminal.end()
    daemon.start()
    for terminal in (one, two):
        terminal.begin()
    wait_until(lambda: daemon.status()["terminals_online"] == 2, "both are back")
    equal(reasons_of(daemon), wanted, "still apart behind a restart")
    word, answer = daemon.ask_raw("READ", {"terminal": two.address, "mp": 2, "kind": "day", "from_ms": slot_ms(),
                                           "to_ms": slot_ms(), "points": ["energy.active.import.total_kWh"]})
    equal((word, answer["error"]), ("RESULT", "OK"), "a person reads it")
    wait_until(lambda: rate(daemon)["due"] == 2, "what has come counts")
    equal(sum(two.asked.values()), 1, "nothing else was asked of it")
    change(daemon, "terminal,state", "010000002,in_service")
    wait_until(lambda: two.asked[1] == 1, "asked when it is back in service")
    states(daemon, "010000001,2,", "010000001,3,suspended")
    wait_until(lambda: rate(daemon)["cycle"] == 4, lambda: f"{rate(daemon)}")
    counts = rate(daemon)
    equal((counts["due"], counts["first"], counts["apart"]), (4, 4, 1), "they were first runs")
    equal(reasons_of(daemon), {(one.address, 3): "suspended"}, "another reason to be apart")
    equal((one.asked[1], one.asked[2], one.asked[3]), (1, 1, 0), "who was asked")


def test_maintenance_begins():
    """Of a slot that is open; also while a request is under way, and of a terminal that is not there. A closed slot
    keeps its reason, and is asked again by hand once its state has ended."""
    daemon = station({1: [1, 2], 2: [1], 3: [1]}).start()
    one = Concentrator(daemon, 1, {1: "silent"}).begin()
    two = Concentrator(daemon, 2, {1: "ee"}).begin()
    put_task(daemon, LATER.replace("rereads 2", "rereads 1"))
    wait_until(lambda: one.asked[1] == 2, "asked with the other one, and now alone: a request is under way")
    states(daemon, "010000001,1,maintenance", "010000002,1,maintenance", "010000003,1,maintenance")
    wait_until(lambda: set(reasons_of(daemon).values()) == {"maintenance"}, lambda: f"{reasons_of(daemon)}")
    wait_until(lambda: {gap.terminal: gap.runs for gap in gaps(daemon)}.get(one.address) == 1, "its request has ended")
    equal(len(gaps(daemon, reason="maintenance")), 3, "all of them stay apart")
    equal(rate(daemon)["due"], 1, "one is in the denominator")
    one.meters = two.meters = {}
    put_task(daemon, LATER.replace("rereads 2", "rereads 0"))
    states(daemon, "010000002,1,suspended")
    daemon.ask("REREAD", days=2, who="test")
    states(daemon, "010000001,1,", "010000002,1,")
    wait_until(lambda: rate(daemon)["cycle"] == 3, lambda: f"{gaps(daemon)}")
    equal(reasons_of(daemon), {("010000003", 1): "maintenance"}, "one is left")


def test_closed_apart():
    """What was apart when its slot was closed stays so, until it is asked for again."""
    daemon = station({1: [1]}).start()
    change(daemon, "terminal,state", "010000001,suspended")
    put_task(daemon, TASK.replace("rereads 2", "rereads 0"))
    wait_until(lambda: reasons_of(daemon) == {("010000001", 1): "suspended"} and settled(daemon), "closed")
    change(daemon, "terminal,state", "010000001,")
    Concentrator(daemon, 1).begin()
    equal(reasons_of(daemon), {("010000001", 1): "suspended"}, "as it was then")
    equal(daemon.ask("REREAD", days=2, who="test")["points"], 1, "asked for again")
    wait_until(lambda: rate(daemon)["cycle"] == 1, "it has come")
    equal(rate(daemon)["apart"], 0, "no longer apart")


def test_sleeping():
    """A device that sleeps is not offline, but what is missing of it is missing."""
    daemon = station({1: [1], 2: [1]}).start()
    change(daemon, "terminal,sleeps", "010000001,yes")
    put_task(daemon, LATER)
    wanted = {("010000001", 1): "sleeping", ("010000002", 1): "terminal_offline"}
    wait_until(lambda: reasons_of(daemon) == wanted, lambda: f"{reasons_of(daemon)}")
    equal((rate(daemon)["due"], rate(daemon)["apart"]), (2, 0), "both are in the denominator")
    change(daemon, "terminal,sleeps", "010000001,no", "010000002,yes")
    wanted = {("010000002", 1): "sleeping", ("010000001", 1): "terminal_offline"}
    wait_until(lambda: reasons_of(daemon) == wanted, lambda: f"{reasons_of(daemon)}")
    two = Concentrator(daemon, 2, manner="drop").begin()
    wait_until(lambda: two.asked[1] == 1, "it is asked")
    wait_until(lambda: {gap.mp: gap.runs for gap in gaps(daemon, reason="sleeping")} == {1: 1}, "and goes to sleep")
    two.end()
    two.manner = "answer"
    two.begin()
    daemon.ask("REREAD", days=2, who="test")
    wait_until(lambda: rate(daemon)["cycle"] == 1, "it woke up")


def test_share():
    """A task that may take one request at a time asks one terminal after another, and all of them: who waits has its turn
    as soon as a request ends."""
    daemon = station({number: [1] for number in range(1, 61)}, **{"account.requests": 2})
    daemon.start()
    put_task(daemon, TASK + "share 50\n")
    terminals = [Concentrator(daemon, number, manner="answer").begin() for number in range(1, 61)]
    wait_until(lambda: (rate(daemon) or {"cycle": 0})["cycle"] == 60, "all were asked", 20)
    equal([terminal.fault for terminal in terminals], [None] * 60, "terminals")


def test_stopped():
    """An ordered stop ends requests and links; that is the station's doing, and no run's failure."""
    daemon = station({number: [1, 2, 3] for number in range(1, 4)}, **{"session.request_timeout_ms": 60000}).start()
    terminals = [Concentrator(daemon, number, manner="silent").begin() for number in range(1, 4)]
    put_task(daemon)
    wait_until(lambda: all(terminal.asked for terminal in terminals), "they were asked")
    equal(daemon.stop(), 0, "it stops in order")
    for terminal in terminals:
        terminal.end()
        terminal.manner = "answer"
    daemon.start()
    for terminal in terminals:
        terminal.begin()
    wait_until(lambda: rate(daemon)["cycle"] == 9, "the runs go on")
    equal(rate(daemon)["first"], 9, "they were the first runs")


class MovedClock:
    """Of a daemon, which is started: its wall clock is ahead by so many days."""

    def __init__(self, daemon, days=0):
        path = os.path.join(daemon.directory, "clock")
        with open(path, "wb") as file:
            file.write(struct.pack("=q", days * 86400))
        self.file = open(path, "r+b")
        os.environ.update(FEP_TEST_CLOCK=path, LD_PRELOAD=SHIM)
        daemon.start()
        del os.environ["FEP_TEST_CLOCK"], os.environ["LD_PRELOAD"]

    def days(self, days):
        self.file.seek(0)
        self.file.write(struct.pack("=q", days * 86400))
        self.file.flush()


def test_days_pass():
    """A terminal that leaves the archive and returns has slots again; one that never came is given up in the end."""
    daemon = station({1: [1], 2: [1]}, **{"account.begin_ms": 300})
    clock = MovedClock(daemon)
    one = Concentrator(daemon, 1).begin()
    put_task(daemon)
    wait_until(lambda: daemon.metric("slots_planned") == 2, "both have a slot")
    daemon.ask("IMPORT", data=archive_of({2: [1]}).encode(), who="test")
    one.wait_closed()
    clock.days(1)
    wait_until(lambda: daemon.metric("slots_planned") == 3, "one has another")
    daemon.ask("IMPORT", data=archive_of({1: [1], 2: [1]}).encode(), who="test")
    one.end()
    one.begin()
    clock.days(2)
    wait_until(lambda: daemon.metric("slots_planned") >= 5, "both have one again")
    clock.days(40)
    first = lambda: [gap.reason for gap in gaps(daemon, terminal="010000002", day_from=today() - 2, day_to=today() - 1)]
    wait_until(lambda: first() and set(first()) == {"beyond_memory"}, lambda: f"{first()}")


def test_old_slots():
    """Closed slots older than account.keep_ms are dropped; what is open is not."""
    daemon = station({1: [1, 2], 2: [1]}, **{"account.begin_ms": 300, "account.keep_ms": DAY_MS})
    MovedClock(daemon)
    one = Concentrator(daemon, 1).begin()
    put_task(daemon)
    wait_until(lambda: daemon.metric("slots_planned") == 3 and daemon.metric("slots_open") == 1, "two are closed")
    first = {"day_from": today() - 1, "day_to": today() - 1}
    equal((rate(daemon, **first)["due"], daemon.metric("slots_trims")), (3, 1), "on the first day")
    equal(daemon.stop(), 0, "it stops in order")
    one.end()
    MovedClock(daemon, 3)
    wait_until(lambda: daemon.metric("slots_planned") == 9, "three days later")
    equal(daemon.metric("slots_trims"), 1, "the old ones were looked for")
    wait_until(lambda: [(gap.terminal, gap.mp) for gap in gaps(daemon, **first)] == [("010000002", 1)], "what was open")
    equal(rate(daemon, **first)["due"], 1, "what was closed is gone")


def failures(daemon, in_a_row=3, **filters):
    """{(terminal, measuring point): (so many in a row, days from the first of them to the newest, reason)}, by pages."""
    found, start = {}, 0
    while True:
        page = daemon.ask("FAILURES", task="daily energy", in_a_row=in_a_row, limit=1, **{"from": start}, **filters)
        check(len(page["failures"]) <= 1, "a page is as long as it was asked for", page)
        for one in page["failures"]:
            days = (one["last_ms"] - one["since_ms"]) // DAY_MS
            found[one["terminal"], one["mp"]] = (one["in_a_row"], days, one["reason"])
        start = page["next"]
        if not start:
            return found


def test_failures_in_a_row():
    """Over four days: who fails each day, who failed until yesterday, who failed around a day under maintenance, and who
    never came. Rows of open slots and of closed ones count alike."""
    daemon = station({1: [1, 2, 3, 4], 2: [1]}, **{"account.begin_ms": 300, "session.request_timeout_ms": 60000})
    clock = MovedClock(daemon)
    one, two = Concentrator(daemon, 1, {2: "ee", 4: "ee"}).begin(), "010000002"
    for day, third in enumerate(["ee", "answer", "ee", "ee"]):
        one.meters[3] = third
        states(daemon, f"{one.address},4,{'maintenance' if day == 1 else ''}")
        clock.days(day)
        put_task(daemon, TASK.replace("rereads 2", "rereads 0"))
        wait_until(lambda: daemon.metric("slots_planned") == 5 * (day + 1), f"day {day} is due")
        # What stays open are the slots of the terminal that never came.
        wait_until(lambda: daemon.metric("slots_open") == day + 1, f"day {day} is over")
    wanted = {(one.address, 2): (4, 3, "meter_no_answer"), (one.address, 4): (3, 3, "meter_no_answer"),
              (two, 1): (4, 3, "terminal_offline")}
    equal(failures(daemon), wanted, "three in a row")
    equal(failures(daemon, 2), {**wanted, (one.address, 3): (2, 1, "meter_no_answer")}, "two in a row")
    equal(set(failures(daemon, 4)), {(one.address, 2), (two, 1)}, "four in a row")
    equal(failures(daemon, 5), {}, "five in a row")
    equal(set(failures(daemon, terminal=two)), {(two, 1)}, "of one terminal")
    equal(set(failures(daemon, area=1)), {(one.address, 2), (one.address, 4)}, "of an area")
    equal({row[:2] for row in failures(daemon, 2, days=3).values()}, {(2, 1)}, "the last two only")
    equal(len(failures(daemon, 2, days=3)), 4, "of all who failed in them")
    shown = program(os.path.join(BIN, "fepctl"), "--door", daemon.door_at, "gap", "failures", "--task", "daily energy",
                    "--in-a-row", "4").stdout
    equal(re.findall(r"^ *(0\d+) +(\d) +(\d) .* (\w+) *$", shown, re.M),
          [(one.address, "2", "4", "meter_no_answer"), (two, "1", "4", "terminal_offline")], f"fepctl: {shown}")
    for body, error in (({}, "RANGE"), ({"task": "none"}, "NOT_FOUND"), ({"task": "daily energy", "in_a_row": 0}, "RANGE")):
        word, answer = daemon.ask_raw("FAILURES", body)
        equal((word, answer["error"]), ("ERROR", error), f"FAILURES {body}")
    one.meters = {}
    daemon.ask("REREAD", days=2, terminal=one.address, who="test")
    wait_until(lambda: set(failures(daemon, 1)) == {(two, 1)}, lambda: f"repaired: {failures(daemon, 1)}")
    one.manner = "silent"
    before = sum(one.asked.values())
    clock.days(4)
    wait_until(lambda: daemon.metric("slots_planned") == 25 and sum(one.asked.values()) > before, "another day, being asked")
    equal(failures(daemon, 1), {(two, 1): (5, 4, "terminal_offline")}, "none while its first run is to come")


# ---- kill -9 ----

def test_killed():
    """At random instants, while runs are under way: the accounts are those of one that was never killed."""
    draw = random.Random(20261126)
    plan = {number: {mp: draw.choice(["answer"] * 5 + ["ee", "deny", "ee_once"]) for mp in range(1, 9)}
            for number in range(1, 9)}
    daemon = station(plan, **{"account.begin_ms": 300, "account.checkpoint_ms": 100}).start()
    terminals = [Concentrator(daemon, number, meters) for number, meters in plan.items()]
    put_task(daemon, TASK.replace("rereads 2", "rereads 3"))
    for round_number in range(5):
        for terminal in terminals:
            terminal.begin()
        if round_number < 4:
            wait_until(lambda: sum(sum(terminal.asked.values()) for terminal in terminals) > 15 * round_number,
                       "some were asked")
            time.sleep(draw.random() * 0.3)
            daemon.kill()
            for terminal in terminals:
                terminal.end()
            daemon.start()
    wanted = {(terminal.address, mp): {"ee": "meter_no_answer", "deny": "refused"}[manner]
              for terminal in terminals for mp, manner in terminal.meters.items() if manner in ("ee", "deny")}
    wait_until(lambda: reasons_of(daemon) == wanted and settled(daemon), lambda:
               f"{set(reasons_of(daemon).items()) ^ set(wanted.items())}, open {daemon.metric('slots_open')}", 40)
    counts = rate(daemon)
    equal((counts["due"], counts["cycle"]), (64, 64 - len(wanted)), "each once")
    check_no_doubles(daemon.fetch())
    equal(len(rate(daemon, by="task")), 1, "one task")
    equal(daemon.stop(), 0, "it stops in order")
    daemon.start()
    equal(rate(daemon), counts, "and the accounts are the same behind a restart")


run()
