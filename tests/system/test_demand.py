#!/usr/bin/python3
"""Batches of reads by people (批量召测): what comes of each measuring point, how far it is, cancelling, limits."""
from accounting import *


def start(daemon, **more):
    said = {"kind": "day", "from_ms": slot_ms(), "to_ms": slot_ms(), "who": "test",
            "points": ["energy.active.import.total_kWh"]}
    return daemon.ask("READ_START", **{**said, **more})["job"]


def rows(daemon, job, **more):
    """All of them, page by page."""
    found, place = [], 0
    while True:
        page = daemon.ask("READ_RESULT", job=job, limit=5, **{"from": place}, **more)
        found += page["rows"]
        place = page["next"]
        if not place:
            return found


def ended(daemon, job):
    return wait_until(lambda: (lambda one: one["ended_ms"] and one)(daemon.ask("READ_RESULT", job=job)), "its end")


def test_each_point():
    daemon = station({1: [1, 2, 3], 2: [1, 2], 3: [1], 4: [1]}).start()
    Concentrator(daemon, 1, {2: "deny", 3: "silent"}).begin()
    Concentrator(daemon, 2).begin()
    Concentrator(daemon, 4, manner="drop").begin()
    wait_until(lambda: daemon.status()["sessions"].get("online") == 3, "they are online")
    job = start(daemon, area=1)     # terminals 1 and 4
    said = ended(daemon, job)
    equal((said["points"], said["good"], said["failed"], said["state"]),
          (4, 1, {"REFUSED": 1, "TIMEOUT": 1, "CLOSED": 1}, "ended"), "of area 1")
    equal([row[:4] for row in rows(daemon, job)],
          [["010000001", 1, "done", "OK"], ["010000001", 2, "done", "REFUSED"], ["010000001", 3, "done", "TIMEOUT"],
           ["010000004", 1, "done", "CLOSED"]], "each point")
    equal([row[1] for row in rows(daemon, job, failed=1)], [2, 3, 1], "those that failed")
    job = start(daemon, group="odd")
    equal(ended(daemon, job)["failed"], {"REFUSED": 1, "TIMEOUT": 1, "CLOSED": 1}, "of a group; 3 is not there")
    job = start(daemon, terminal="010000002", mp=2)
    equal((ended(daemon, job)["good"], rows(daemon, job)), (1, [["010000002", 2, "done", "OK", 0]]), "of one point")
    #  A job has its answer when the terminal gave it; a moment later it is on disk.
    wait_until(lambda: {("010000001", 1), ("010000002", 2)} <= {
        (m.address, m.mp) for m in daemon.readings() if m.freeze == 3 and m.items[0][1] is not None},
               "the readings are where all readings are")
    equal([one["job"] for one in daemon.ask("READ_JOBS")["jobs"]], [job - 2, job - 1, job], "all of them")
    check(daemon.logged("READ-START", 'who="test"') and daemon.logged("READ-END", f"job={job - 2}"), "the log says who")


def test_no_value():
    """A terminal that answers for a meter and has nothing of it (EE), or another day's register, brought no value; what
    it brings later counts."""
    daemon = station({1: [1, 2, 3, 4]}).start()
    Concentrator(daemon, 1, {2: "ee", 3: "other_day", 4: "ee_once"}).begin()
    job = start(daemon, terminal="010000001")
    said = ended(daemon, job)
    equal((said["good"], said["failed"]), (1, {"NO_VALUE": 3}), "the sum")
    equal([row[1:4] for row in rows(daemon, job, failed=1)], [[mp, "done", "NO_VALUE"] for mp in (2, 3, 4)], "the points")
    job = start(daemon, terminal="010000001", mp=4)
    equal((ended(daemon, job)["good"], rows(daemon, job)), (1, [["010000001", 4, "done", "OK", 0]]), "asked again")


class Gated(Concentrator):
    """Answers what it is asked first, two frames, which tell that it takes several measuring points; what comes then
    once the gate is open. Keeps the measuring points of each frame, in order."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.gate, self.orders = threading.Event(), []
        cleanup(self.gate.set)

    def serve_one(self, user):
        body = user[8:]
        self.orders.append([(body[at + 1] - 1) * 8 + body[at].bit_length() for at in range(0, len(body), UNIT_SIZE)])
        if len(self.orders) > 2:
            self.gate.wait()
        super().serve_one(user)


def test_overtakes():
    """What a person asks goes out before what a task has in the same queue already, behind the frame in flight."""
    mps = list(range(1, 101))
    daemon = station({1: mps}, **{"account.begin_ms": 100, "session.request_timeout_ms": 60000}).start()
    one = Gated(daemon, 1).begin()
    put_task(daemon)
    wait_until(lambda: len(one.orders) == 3, "the task's second request is in flight")
    wait_until(lambda: daemon.metric("slots_asked") == 3, "its third one waits")
    job = start(daemon, terminal=one.address, mp=100)
    wait_until(lambda: daemon.ask("READ_RESULT", job=job)["asked"] == 1, "it is asked")
    daemon.terminal_facts(one.address)      # goes the way of requests, behind it
    equal(len(one.orders), 3, "no frame went out meanwhile")
    one.gate.set()
    equal(ended(daemon, job)["good"], 1, "it came")
    wait_until(lambda: len(one.orders) > 4, "the task goes on")
    equal(one.orders[3], [100], "which frame was next")
    check(len(one.orders[4]) > 1, "behind it the task's", one.orders)
    equal(one.fault, None, "terminal")


def test_cancel():
    """What was not asked yet is withdrawn; what is under way ends as it ends."""
    daemon = station({number: list(range(1, 21)) for number in range(1, 4)}).start()
    terminals = [Concentrator(daemon, number, manner="slow").begin() for number in range(1, 4)]
    wait_until(lambda: daemon.status()["sessions"].get("online") == 3, "they are online")
    job = start(daemon, area=1)
    wait_until(lambda: daemon.ask("READ_RESULT", job=job)["good"] >= 1, "the first has come")
    said = daemon.ask("READ_CANCEL", job=job, who="other")
    check(said["cancelled"] > 10 and said["waiting"] == 0, "most are withdrawn", said)
    said = ended(daemon, job)
    equal((said["state"], said["done"] + said["cancelled"], said["asked"]), ("cancelled", 20, 0), "it is over")
    equal(sum(terminals[0].asked.values()), said["done"], "no more was asked than was done")
    check(daemon.logged("READ-CANCEL", 'who="other"'), "the log says who")


def test_limits():
    daemon = station({1: [1, 2, 3]}, **{"demand.points": 2}).start()
    for arguments, error in (({}, "SYNTAX"), ({"group": "none"}, "NOT_FOUND"), ({"terminal": "7"}, "NOT_FOUND"),
                             ({"area": 63}, "NOT_FOUND"), ({"area": 1}, "LIMIT"), ({"area": 1, "kind": "x"}, "RANGE"),
                             ({"area": 1, "from_ms": 0}, "RANGE"),
                             ({"area": 1, "mp": 1, "points": ["x"]}, "RANGE")):
        word, answer = daemon.ask_raw("READ_START", {"kind": "day", "from_ms": slot_ms(), "to_ms": slot_ms(),
                                                     "points": ["energy.active.import.total_kWh"],
                                                     "who": "test", **arguments})
        equal((word, answer.get("error")), ("ERROR", error), f"{arguments}")
    for verb in ("READ_RESULT", "READ_CANCEL"):
        word, answer = daemon.ask_raw(verb, {"job": 9, "who": "test"})
        equal((word, answer["error"]), ("ERROR", "NOT_FOUND"), verb)
    job = start(daemon, terminal="010000001", mp=1)
    equal(ended(daemon, job)["failed"], {"CLOSED": 1}, "it is not there")
    daemon.kill()
    daemon.start()
    equal(daemon.ask_raw("READ_RESULT", {"job": job})[1]["error"], "NOT_FOUND", "a restart forgets")
    ended(daemon, start(daemon, terminal="010000001", mp=1))
    equal(daemon.ask_raw("READ_RESULT", {"job": job})[1]["error"], "NOT_FOUND", "its number is no other batch's")


def test_page_grows():
    """door.page_bytes may be raised while the daemon runs."""
    daemon = station({number: range(1, 201) for number in range(1, 9, 3)}, **{"door.page_bytes": 4096}).start()
    job = start(daemon, area=1)
    ended(daemon, job)
    check(daemon.ask("READ_RESULT", job=job)["next"] > 0, "there is a second page")
    daemon.write_config(door__page_bytes=1 << 20)
    daemon.reload()
    page = wait_until(lambda: (lambda one: one.get("next") == 0 and one)(daemon.ask("READ_RESULT", job=job)), "one page")
    equal(len(page["rows"]), 600, "holds them all")


def ctl(daemon, *arguments):
    return program(os.path.join(BIN, "fepctl"), "--door", daemon.door_at, *arguments)


def test_fepctl():
    daemon = station({1: [1, 2], 2: [1]}).start()
    Concentrator(daemon, 1, {2: "deny"}).begin()
    Concentrator(daemon, 2).begin()
    wait_until(lambda: daemon.status()["sessions"].get("online") == 2, "they are online")
    day = time.strftime("%Y-%m-%d", time.gmtime((today() - 1) * 86400))
    asked = ["--point", "energy.active.import.total_kWh", "--kind", "day", "--day", day]
    said = ctl(daemon, "read", "batch", "--group", "even", *asked)
    equal((said.returncode, said.stderr), (0, ""), said.stdout)
    check("1 of 1 asked, 1 came, 0 did not" in said.stdout, "all came", said.stdout)
    said = ctl(daemon, "read", "batch", "--group", "odd", *asked)
    equal((said.returncode, said.stderr), (1, ""), said.stdout)
    check("1 came, 1 did not (REFUSED 1)" in said.stdout, "the sum", said.stdout)
    check(re.search(r"^ *010000001 +2 +done +REFUSED", said.stdout, re.M), "the point", said.stdout)
    job = re.match(r"batch (\d+): 2 measuring points", said.stdout)[1]
    said = ctl(daemon, "--json", "read", "result", job)
    equal((said.returncode, len(json.loads(said.stdout)["rows"])), (1, 2), said.stderr)
    equal(len(re.findall("^batch", ctl(daemon, "read", "jobs").stdout, re.M)), 2, "jobs")
    equal(ctl(daemon, "read", "cancel", job).returncode, 0, "over already")
    equal(ctl(daemon, "read", "result", "x").returncode, 2, "no number")
    equal(ctl(daemon, "read", "batch", *asked).returncode, 1, "of nobody")


class Monthly(Concentrator):
    """Keeps its meters' registers by month; remembers which ones were asked for."""

    months = []

    def answer(self, afn, asked, several):
        self.months = self.months + [asked[4:6].hex()]
        return asked + bytes.fromhex("060001112604") + b"".join(bcd(one, 5) for one in (9, 9, 0, 0, 0))


def test_fepctl_month():
    """The month a day lies in; without one the month before this."""
    daemon = station({1: [1]}).start()
    one = Monthly(daemon, 1).begin()
    asked = ["read", "batch", "--area", "1", "--kind", "month", "--point", "energy.active.import.total_kWh"]
    for day, month in (("2026-10-15", "1026"), ("2026-12-31", "1226"), ("2026-02-01", "0226")):
        said = ctl(daemon, *asked, "--day", day)
        equal((said.returncode, one.months[-1:]), (0, [month]), f"{day}: {said.stdout}")
    said = ctl(daemon, *asked)
    now = time.gmtime(today() * 86400)
    month = (now.tm_year * 12 + now.tm_mon - 2) % 1200
    equal((said.returncode, one.months[-1]), (0, f"{month % 12 + 1:02d}{month // 12:02d}"), said.stdout)
    equal(one.fault, None, "terminal")


def test_fepctl_usage():
    """What a batch cannot take into account is no use of it: more would be asked than was meant."""
    daemon = station({1: [1]}).start()
    for option in ("--task=x", "--reason=late", "--by=area", "--items", "--vendor=x", "--in-a-row=3"):
        said = ctl(daemon, "read", "batch", "--area", "1", "--point", "energy.active.import.total_kWh", option)
        equal((said.returncode, "--group and --day" in said.stderr), (2, True), f"{option}: {said.stderr}")
    equal(daemon.ask("READ_JOBS")["jobs"], [], "nothing was asked")


def test_long_json():
    """More points than one page of the door holds: the document has all of them, once."""
    daemon = station({number: range(1, 51) for number in range(1, 5)}, **{"door.page_bytes": 4096}).start()
    said = ctl(daemon, "--json", "read", "batch", "--group", "even", "--point", "energy.active.import.total_kWh")
    equal((said.returncode, said.stderr), (1, ""), said.stdout)
    document = json.loads(said.stdout)
    equal((document["points"], document["failed"], "next" in document), (100, {"CLOSED": 100}, False), "the sum")
    equal([row[:2] for row in document["rows"]],
          [[f"0100{number:05d}", mp] for number in (2, 4) for mp in range(1, 51)], "each point")


def test_interrupted():
    """Ctrl-C cancels the batch."""
    daemon = station({1: list(range(1, 31))}).start()
    Concentrator(daemon, 1, manner="slow").begin()
    wait_until(lambda: daemon.status()["sessions"].get("online") == 1, "it is online")
    run = subprocess.Popen([os.path.join(BIN, "fepctl"), "--door", daemon.door_at, "read", "batch", "--area", "1", "--point",
                            "energy.active.import.total_kWh", "--kind", "day"], stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, text=True)
    wait_until(lambda: daemon.ask("READ_JOBS")["jobs"], "it has begun")
    run.send_signal(signal.SIGINT)
    out, errors = run.communicate(timeout=DEADLINE_S)
    equal(run.returncode, 1, out)
    check("is cancelled" in errors and "withdrawn" in out, "it says so", out, errors)
    equal(daemon.ask("READ_JOBS")["jobs"][0]["state"], "cancelled", "and it is")


def unread(daemon):
    """Bytes that have come to the door and were not taken yet."""
    with open("/proc/net/tcp") as file:
        rows = [line.split() for line in list(file)[1:]]
    return sum(int(row[4].split(":")[1], 16) for row in rows
               if int(row[1].split(":")[1], 16) == daemon.door_port and row[3] == "01")


def test_interrupted_while_it_asks():
    """Ctrl-C while the door owes an answer ends that question, and then the batch."""
    daemon = station({1: list(range(1, 31))}).start()
    Concentrator(daemon, 1, manner="slow").begin()
    wait_until(lambda: daemon.status()["sessions"].get("online") == 1, "it is online")
    run = subprocess.Popen([os.path.join(BIN, "fepctl"), "--door", daemon.door_at, "read", "batch", "--area", "1", "--point",
                            "energy.active.import.total_kWh", "--kind", "day"], stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, text=True)
    wait_until(lambda: daemon.ask("READ_JOBS")["jobs"], "it has begun")
    daemon.process.send_signal(signal.SIGSTOP)
    asked = wait_until(lambda: unread(daemon), "it asks")
    run.send_signal(signal.SIGINT)
    wait_until(lambda: run.poll() is not None or unread(daemon) > asked, "it asks something else, or gives up")
    daemon.process.send_signal(signal.SIGCONT)
    out, errors = run.communicate(timeout=DEADLINE_S)
    equal((run.returncode, "is cancelled" in errors), (1, True), errors)
    equal(daemon.ask("READ_JOBS")["jobs"][0]["state"], "cancelled", "and it is")


run()
