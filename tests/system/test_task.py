#!/usr/bin/python3
"""Definitions of acquisition tasks while the daemon runs: put, listed, changed, paused, resumed and removed over the door
and with fepctl; each change is in the log with who, before and after, and survives a kill; a bad text changes nothing.
"""
from harness import *

KEY = "energy.active.import.total_kWh"
DAILY = f"# what billing needs\ntask daily energy\ntype daily\ngroup north\npoints {KEY} 1.0.2.8.0\n"
CURVE = f"task curve\ntype curve\narea 3\npoints {KEY}\nperiod 1h\nfrom 2026-11-01\nto 2027-10-31\n"
EVENTS = "task events\ntype event\nterminal 010000001\npaused yes\n"
IN_SHORT = (f"type=event terminal=010000001 period=1h offset=0s spread=10m priority=5 rereads=8 reread_every=30m "
            f"window=1d timely=1h share=100 paused=yes")


def put(daemon, text, who="clerk", **options):
    return daemon.ask("TASK_PUT", text=text, who=who, **options)


def pause(daemon, name, paused=True, who="clerk", **options):
    return daemon.ask("TASK_PAUSE", name=name, paused=paused, who=who, **options)


def refused(daemon, word, error, *wanted, **body):
    answer, fields = daemon.ask_raw(word, body)
    equal(answer, "ERROR", f"{word} is refused; it says {fields}"[:500])
    equal(fields["error"], error, "the error")
    for text in wanted:
        check(text in fields["text"], f"says {text!r}", fields)


def tasks(daemon):
    rows, place = [], 0
    while True:
        page = daemon.ask("TASKS", **{"from": place})
        rows, place = rows + page["tasks"], page["next"]
        if not place:
            return rows


def text_of(daemon, name):
    return daemon.ask("TASK", name=name)["text"]


def log(daemon):
    return [(one["who"], one["what"], one["field"], one["before"], one["after"])
            for one in daemon.ask("CHANGES")["entries"] if one["field"].startswith("task ")]


def ctl(daemon, *arguments, code=0, **options):
    done = program(os.path.join(BIN, "fepctl"), "--door", daemon.door_at, "--feed", daemon.feed_at, *arguments, **options)
    equal(done.returncode, code, f"verdict of {arguments}; it says: {done.stderr}")
    return done.stdout + done.stderr


def test_door():
    daemon = Daemon(["010000001"]).start()
    equal(tasks(daemon), [], "none yet")
    answer = put(daemon, DAILY, dry=True)
    equal((answer["dry"], answer["differences"], tasks(daemon)), (True, 1, []), "dry: only shown")
    put(daemon, DAILY)
    put(daemon, CURVE, name="curve")
    answer = put(daemon, EVENTS)
    change = answer["change"]
    equal([(one["what"], one["field"], one["after"]) for one in answer["diff"]],
          [("added", "task events", IN_SHORT)], "a new one in short")
    daily, curve, events = tasks(daemon)
    equal(daily, {"number": 1, "name": "daily energy", "type": "daily", "group": "north", "area": -1, "terminal": "",
                  "points": [KEY, "energy.active.export.total_kWh"], "period_ms": 0, "offset_ms": 1800000,
                  "spread_ms": 600000, "from": "", "to": "", "priority": 5, "rereads": 8, "reread_ms": 1800000,
                  "window_ms": 86400000, "timely_ms": 28800000, "share": 100, "report": False, "paused": False, "change": change - 2}, "every field")
    equal([curve[key] for key in ("number", "area", "period_ms", "offset_ms", "from", "to")],
          [2, 3, 3600000, 120000, "2026-11-01", "2027-10-31"], "another one")
    equal([events[key] for key in ("number", "terminal", "points", "paused")], [3, "010000001", [], True], "and another")
    equal(daemon.ask("TASKS", **{"from": 2})["tasks"], [curve, events], "from a number on")
    equal(text_of(daemon, "daily energy"), DAILY, "its text as it was put")
    equal(put(daemon, CURVE)["differences"], 0, "the same again is no change")
    put(daemon, CURVE.replace("1h", "15m").replace("area 3\n", ""), who="boss")
    put(daemon, "", name="events")
    refused(daemon, "TASK", "NOT_FOUND", "no task of that name", name="events")
    put(daemon, EVENTS.replace("events", "others"))
    equal([(one["number"], one["name"]) for one in tasks(daemon)], [(1, "daily energy"), (2, "curve"), (4, "others")],
          "a number is given once")
    put(daemon, EVENTS)
    equal(tasks(daemon)[2]["number"], 3, "its old number")
    equal(log(daemon)[3:7], [("boss", "changed", "task curve.area", "3", ""),
                             ("boss", "changed", "task curve.period", "1h", "15m"),
                             ("boss", "changed", "task curve.timely", "1h", "15m"),
                             ("clerk", "removed", "task events", IN_SHORT, "")], "who, before and after")


def test_pause():
    daemon = Daemon([]).start()
    put(daemon, DAILY)
    equal(pause(daemon, "daily energy", dry=True)["differences"], 1, "dry")
    equal(pause(daemon, "daily energy", False)["differences"], 0, "it is not paused")
    pause(daemon, "daily energy", who="night shift")
    equal((tasks(daemon)[0]["paused"], text_of(daemon, "daily energy")), (True, DAILY + "paused yes\n"), "only that line")
    equal(pause(daemon, "daily energy")["differences"], 0, "it is paused already")
    pause(daemon, "daily energy", False)
    equal((tasks(daemon)[0]["paused"], text_of(daemon, "daily energy")), (False, DAILY + "paused no\n"), "it goes on")
    equal(log(daemon)[1:], [("night shift", "changed", "task daily energy.paused", "no", "yes"),
                            ("clerk", "changed", "task daily energy.paused", "yes", "no")], "the log")
    refused(daemon, "TASK_PAUSE", "NOT_FOUND", "no task of that name", name="none", paused=True, who="clerk")
    refused(daemon, "TASK_PAUSE", "SYNTAX", "true or false", name="daily energy", who="clerk")
    refused(daemon, "TASK_PAUSE", "SYNTAX", "true or false", name="daily energy", paused="yes", who="clerk")
    refused(daemon, "TASK_PAUSE", "SYNTAX", "who", name="daily energy", paused=True)
    check(not tasks(daemon)[0]["paused"], "nothing changed")


def test_refused():
    daemon = Daemon([]).start()
    put(daemon, DAILY)
    before = tasks(daemon), text_of(daemon, "daily energy"), daemon.ask("CHANGES")["last"]
    for error, words, text in (
            ("RANGE", ("line 6", "offset 29m", "30m..1d for a daily task"), DAILY + "offset 29m\n"),
            ("RANGE", ("line 4", "'hourly'", "daily, monthly"), DAILY.replace("type daily", "\ntype hourly")),
            ("SYNTAX", ("line 6", "no key 'intervall'", "period"), DAILY + "intervall 15m\n"),
            ("SYNTAX", ("line 6", "type again, first in line 3"), DAILY + "type daily\n"),
            ("RANGE", ("line 5", "'kWh'"), DAILY.replace("1.0.2.8.0", "kWh")),
            ("SYNTAX", ("no points",), "task daily energy\ntype daily\n"),
            ("SYNTAX", ("UTF-8",), DAILY.encode() + b"# \xb5\n"),
            ("LIMIT", ("allowed are 4096",), DAILY + "#" * 4096),
            ("SYNTAX", ("text: it is missing",), "")):
        refused(daemon, "TASK_PUT", error, *words, text=text, who="clerk")
    refused(daemon, "TASK_PUT", "RANGE", "of task daily energy, not of other", text=DAILY, name="other", who="clerk")
    refused(daemon, "TASK_PUT", "NOT_FOUND", "no task other", text="", name="other", who="clerk")
    refused(daemon, "TASK_PUT", "SYNTAX", "who", text=EVENTS)
    equal((tasks(daemon), text_of(daemon, "daily energy"), daemon.ask("CHANGES")["last"]), before, "nothing changed")


def test_survives():
    """Also at 256 of them, which take several pages."""
    daemon = Daemon([], {"door.page_bytes": 4096}).start()
    points = " ".join(f"1.0.199.8.{i}" for i in range(32))
    for i in range(256):
        put(daemon, f"task t{i}\ntype curve\npoints {points}\npriority {i % 10}\n")
    refused(daemon, "TASK_PUT", "LIMIT", "256", text=EVENTS, who="clerk")
    check(daemon.ask("TASKS")["next"] > 0, "more than a page")
    pause(daemon, "t255")
    put(daemon, "", name="t0")
    before = tasks(daemon), text_of(daemon, "t255"), daemon.ask("CHANGES")["last"]
    equal(len(before[0]), 255, "tasks")
    daemon.kill()
    daemon.start()
    equal((tasks(daemon), text_of(daemon, "t255"), daemon.ask("CHANGES")["last"]), before, "after a kill")
    equal(daemon.stop(), 0, "an ordered stop")
    daemon.start()
    equal((tasks(daemon), text_of(daemon, "t255"), daemon.ask("CHANGES")["last"]), before, "after a stop")


def test_files():
    directory = tempfile.mkdtemp(prefix="fep-system-")
    cleanup(lambda: shutil.rmtree(directory))
    def write(name, text):
        with open(os.path.join(directory, name), "w") as file:
            file.write(text)
    long_ones = [f"task {'n' * 46}{i}\ntype event\n" for i in range(2)]
    write("a.task", DAILY)
    write("b.task", CURVE)
    write("c.task", long_ones[0])
    write("d.task", long_ones[1])
    write("e.txt", "no task")
    daemon = Daemon([], {"archive.tasks": directory}).start()
    equal([one["name"] for one in tasks(daemon)], ["daily energy", "curve"] + [one.split()[1] for one in long_ones],
          "taken over at start")
    pause(daemon, "curve")
    pause(daemon, "n" * 46 + "0")
    daemon.stop()
    daemon.start()
    equal([one["paused"] for one in tasks(daemon)], [False, True, True, False], "changes made meanwhile survive")
    daemon.stop()
    write("b.task", CURVE + "priority 1\n")
    daemon.start()
    equal((tasks(daemon)[1]["priority"], tasks(daemon)[1]["paused"]), (1, False), "a file that changed is taken over")
    daemon.stop()
    write("a.task", DAILY + "share 0\n")
    said = daemon.refused()
    check("a.task" in said and "line=6" in said and "1..100" in said, "a wrong file is said with its line", said)


def test_fepctl():
    daemon = Daemon([]).start()
    path = os.path.join(daemon.directory, "curve.task")
    with open(path, "w") as file:
        file.write(CURVE)
    said = ctl(daemon, "task", "put", path, "--dry")
    check("nothing was changed" in said and "type=curve area=3" in said, "dry", said)
    ctl(daemon, "task", "put", path, "--who", "clerk")
    ctl(daemon, "task", "put", "-", input=DAILY)
    said = ctl(daemon, "task", "list")
    rows = [re.split(r"\s{2,}", line.strip()) for line in said.splitlines()]
    equal(rows, [["number", "name", "type", "whom", "points", "period", "offset", "from", "to", "state"],
                 ["1", "curve", "curve", "area 3", KEY, "1h", "2m", "2026-11-01", "2027-10-31", "active"],
                 ["2", "daily energy", "daily", "group north", KEY + " + 1", "-", "30m", "-", "-", "active"]], "the list")
    equal(ctl(daemon, "task", "show", "daily energy"), DAILY, "a text")
    check("changed" in ctl(daemon, "task", "pause", "daily energy", "--who", "night shift"), "paused")
    listed = json.loads(ctl(daemon, "task", "list", "--json"))["tasks"]
    equal([one["paused"] for one in listed], [False, True], "as JSON")
    check("paused" in ctl(daemon, "task", "list"), "and in the table")
    check("nothing to change" in ctl(daemon, "task", "pause", "daily energy"), "once")
    ctl(daemon, "task", "resume", "daily energy")
    ctl(daemon, "task", "remove", "curve", "--who", "boss")
    check("curve" not in ctl(daemon, "task", "list"), "removed")
    said = ctl(daemon, "archive", "log")
    check(re.search(r"night shift .*changed .*task daily energy\.paused +no +yes", said), "the log", said)
    check(re.search(r"boss .*removed .*task curve +type=curve area=3", said), "the log of a removal", said)
    check("line 3: period '7m'; allowed are 1m..1d that divide a day"
          in ctl(daemon, "task", "put", "-", input="task x\ntype curve\nperiod 7m\n", code=1), "a fault with its line")
    check("no task of that name" in ctl(daemon, "task", "show", "curve", code=1), "none of that name")
    check("no task of that name" in ctl(daemon, "task", "pause", "curve", code=1), "likewise")
    check("is empty" in ctl(daemon, "task", "put", "-", input="", code=2), "an empty file")
    ctl(daemon, "task", "show", code=2)
    ctl(daemon, "task", "show", "daily", "energy", code=2)
    ctl(daemon, "task", "burn", code=2)


run()
