#!/usr/bin/python3
"""Terminals that are not in the archive, and two connections that claim to be one terminal: what is kept of them,
what an operator can do, and what each policy of a listener does.
"""
from harness import *

ADDRESS = "010000001"
STRANGER = "010000009"


class Elsewhere(Terminal):
    """Connects from another host."""

    def connect(self):
        self.close()
        self.socket = socket.create_connection(("127.0.0.1", self.daemon.port), timeout=DEADLINE_S,
                                               source_address=("127.0.0.2", 0))
        self.rest, self.closed = b"", False
        self.waiting.clear()
        return self


def peer_of(terminal):
    return "%s:%d" % terminal.socket.getsockname()


def ask_in(terminal, what=LOGIN):
    """A login or heartbeat; does not wait. Returns its bytes."""
    sent = terminal.build(2, bytes.fromhex(what), what, control=0xC9)
    terminal.send(sent)
    return sent


def listed(daemon, address=STRANGER):
    rows = [row for row in daemon.ask("UNKNOWN")["terminals"] if row["address"] == address]
    return rows[0] if rows else None


def ended(terminal):
    terminal.wait_closed()
    return True


def fepctl(daemon, *arguments):
    run = program(os.path.join(BIN, "fepctl"), "--door", daemon.door_at, *arguments)
    equal(run.returncode, 0, f"fepctl {arguments}: {run.stderr}")
    return run.stdout


def test_held():
    daemon = Daemon([ADDRESS], {"session.hold_ms": 600000}).start()
    equal(daemon.ask("UNKNOWN")["terminals"], [], "nobody yet")
    stranger = Terminal(daemon, 9)
    began = time.time() * 1000
    login = ask_in(stranger)
    row = wait_until(lambda: listed(daemon), "it is listed")
    equal((row["peer"], row["listener"], row["codec"], row["sessions"], row["held"]),
          (peer_of(stranger), "main", "gdw1376", 1, True), "what is known of it")
    equal((row["first"], row["last"]), (login, login), "the frame it was identified by")
    check(began - 1000 <= row["first_ms"] <= row["last_ms"] <= time.time() * 1000 + 1000, "times", row)
    heartbeat = ask_in(stranger, HEARTBEAT)
    stranger.close()
    row = wait_until(lambda: not listed(daemon)["held"] and listed(daemon), "it has gone")
    equal((row["first"], row["last"]), (login, heartbeat), "the frames after its end")
    stranger.connect()
    report = stranger.build(0x0C, f25(1, Instant(), 1))
    stranger.send(report)
    row = wait_until(lambda: listed(daemon)["sessions"] == 2 and listed(daemon), "it comes again")
    equal((row["first"], row["last"], row["held"]), (login, report, True), "first stays, last is new")
    equal((row["first_ms"] < row["last_ms"], row["peer"]), (True, peer_of(stranger)), "times and peer")
    equal(stranger.frames, [], "it was told nothing")
    equal(daemon.fetch(), [], "nothing of it is journalled")


def test_create():
    """From the list into the archive: the held session comes in with what it has sent, without a new login."""
    daemon = Daemon([], {"session.hold_ms": 600000, "archive.csv": ""}).start()
    stranger = Terminal(daemon, 9)
    ask_in(stranger)
    stranger.report(f25(3, Instant(), 1), "report")
    wait_until(lambda: listed(daemon), "it is listed")
    body = {"terminal": STRANGER, "name": "from the list", "area": 5, "heartbeat_s": 120, "who": "a clerk"}
    for change, error in (({"terminal": "010000008"}, "NOT_FOUND"), ({"area": 64}, "RANGE"), ({"area": -1}, "RANGE"),
                          ({"heartbeat_s": 1 << 40}, "RANGE"), ({"name": "two\nlines"}, "SYNTAX"),
                          ({"who": None}, "SYNTAX")):
        word, answer = daemon.ask_raw("CREATE", {**body, **change})
        equal((word, answer.get("error")), ("ERROR", error), f"CREATE with {change}")
    equal(stranger.frames, [], "it was told nothing yet")
    answer = daemon.ask("CREATE", **body)
    equal((answer["number"], answer["admitted"]), (1, True), "CREATE")
    stranger.wait_confirmed()
    equal(stranger.confirmed, [LOGIN, "report"], "confirmed without coming again")
    readings = daemon.readings(STRANGER)
    equal([(one.terminal, one.area) for one in readings], [(1, 5)], "its reading")
    facts = daemon.terminal_facts(STRANGER)
    equal((facts["state"], facts["name"], facts["heartbeat_s"], facts["peer"]),
          ("online", "from the list", 120, peer_of(stranger)), "what is known of it")
    equal(listed(daemon), None, "it is no longer listed")
    equal(daemon.ask_raw("CREATE", body)[1]["error"], "EXISTS", "again")
    entries = daemon.ask("CHANGES", terminal=STRANGER)["entries"]
    equal([(one["who"], one["what"], one["terminal"]) for one in entries], [("a clerk", "added", STRANGER)],
          "the change log")
    daemon.kill()
    daemon.start()
    equal(daemon.terminal_facts(STRANGER)["area"], 5, "after a kill")
    stranger.connect().login()


def test_create_when_it_has_gone():
    daemon = Daemon([], {"archive.csv": ""}, {"unknown": "refuse"}).start()
    stranger = Terminal(daemon, 9)
    ask_in(stranger)
    stranger.wait_closed()
    answer = daemon.ask("CREATE", terminal=STRANGER, name="x", area=0, who="x")
    equal(answer["admitted"], False, "nobody to admit")
    equal(daemon.terminal_facts(STRANGER)["state"], "offline", "state")
    stranger.connect().login()


def test_import_admits():
    """A file that brings the terminal does as much for its held session."""
    daemon = Daemon([], {"session.hold_ms": 600000, "archive.csv": ""}).start()
    stranger = Terminal(daemon, 9)
    ask_in(stranger)
    wait_until(lambda: listed(daemon), "it is listed")
    daemon.ask("IMPORT", data=f"terminal,name,area\n{STRANGER},x,4\n".encode(), who="a clerk")
    stranger.wait_confirmed()
    equal(daemon.terminal_facts(STRANGER)["state"], "online", "its state")
    equal(listed(daemon), None, "it is no longer listed")


def test_refuse():
    daemon = Daemon([ADDRESS], {"session.hold_ms": 3600000}, {"unknown": "refuse"}).start()
    stranger = Terminal(daemon, 9)
    login = ask_in(stranger)
    stranger.wait_closed()
    wait_until(lambda: daemon.closed("UNKNOWN") == 1, "close reason")
    row = wait_until(lambda: listed(daemon), "it is listed all the same")
    equal((row["held"], row["first"]), (False, login), "what is known of it")
    equal(daemon.metric("unknown_refused"), 1, "counted")
    equal(daemon.terminal_facts(STRANGER)["state"], "unknown", "its state")
    Terminal(daemon).login().heartbeat()


def test_bounded():
    """Eight strangers, room for five: those seen last stay."""
    daemon = Daemon([ADDRESS], {"archive.unknown": 5, "session.hold_ms": 600000}).start()
    for number in range(10, 18):
        ask_in(Terminal(daemon, number))
        wait_until(lambda: listed(daemon, f"0100{number:05d}"), "it is listed")
    answer = daemon.ask("UNKNOWN")
    equal([row["address"] for row in answer["terminals"]], [f"0100{n:05d}" for n in range(17, 12, -1)], "newest first")
    equal((answer["listed"], answer["forgotten"], answer["next"]), (5, 3, 0), "counts")
    page = daemon.ask("UNKNOWN", limit=2)
    equal((len(page["terminals"]), page["next"]), (2, 2), "the first page")
    page = daemon.ask("UNKNOWN", **{"from": 4, "limit": 2})
    equal(([row["address"] for row in page["terminals"]], page["next"]), ([f"0100{13:05d}"], 0), "the last page")
    equal(daemon.ask_raw("CREATE", {"terminal": "010000010", "area": 0, "who": "x"})[1]["error"], "NOT_FOUND",
          "what is forgotten cannot be created")


def duplicates(daemon):
    return [(row["terminal"], row["old_peer"], row["new_peer"], row["same_host"], row["kept"], row["reason"],
             row["count"]) for row in daemon.ask("DUPLICATES")["collisions"]]


def test_takeover():
    """The newer one stays. The same pair is one row, whoever of them came; a third host is another row."""
    daemon = Daemon([ADDRESS]).start()
    one = Terminal(daemon).login()
    equal(duplicates(daemon), [], "none yet")
    first, other = peer_of(one), Elsewhere(daemon).login()
    second = peer_of(other)
    one.wait_closed()
    equal(duplicates(daemon), [(ADDRESS, first, second, False, "newer", "TAKEOVER", 1)], "the collision")
    one.connect().login()
    other.wait_closed()
    equal(duplicates(daemon), [(ADDRESS, second, peer_of(one), False, "newer", "TAKEOVER", 2)], "and back")
    third = Terminal(daemon).login()
    equal(duplicates(daemon)[0], (ADDRESS, peer_of(one), peer_of(third), True, "newer", "TAKEOVER", 1), "one host")
    facts = daemon.terminal_facts(ADDRESS)
    equal((facts["collisions"], facts["replaced"]), (3, 3), "counted at the terminal")


def test_reject():
    """The older one stays as long as it lives; when it has gone the next one comes in."""
    daemon = Daemon([(ADDRESS, 3600)], None, {"duplicate": "reject"}).start()
    one = Terminal(daemon).login()
    for number in range(1, 4):
        other = Elsewhere(daemon)
        ask_in(other)
        came = peer_of(other)
        other.wait_closed()
        equal(other.frames, [], "it was told nothing")
        equal(duplicates(daemon), [(ADDRESS, peer_of(one), came, False, "older", "REJECT", number)], "the collision")
    wait_until(lambda: daemon.closed("DUPLICATE") == 3, "close reason")
    equal(daemon.metric("duplicates_rejected"), 3, "counted")
    one.heartbeat()
    equal(daemon.terminal_facts(ADDRESS)["peer"], peer_of(one), "who is connected")
    check(daemon.logged("TERMINAL-DUPLICATE", peer_of(one)), "in the log")
    one.close()
    wait_until(lambda: daemon.terminal_facts(ADDRESS)["state"] == "offline", "the older one has gone")
    other.connect().login()
    equal(daemon.terminal_facts(ADDRESS)["peer"], peer_of(other), "who is connected now")


def test_half_open():
    """The older one has said nothing for more than one and a half of its periods: its path is broken."""
    daemon = Daemon([(ADDRESS, 1)], {"session.idle_factor": 100}, {"duplicate": "reject"}).start()
    one = Terminal(daemon).login()
    first = peer_of(one)

    def comes_in():
        other = Elsewhere(daemon)
        ask_in(other)
        wait_until(lambda: not other.pump(0.02) or other.confirmed, "admitted or closed", pause_s=0)
        return other if other.confirmed else None
    other = wait_until(comes_in, "the newer one comes in", pause_s=0.1)
    one.wait_closed()
    row = duplicates(daemon)[0]
    equal(row[:6], (ADDRESS, first, peer_of(other), False, "newer", "HALF_OPEN"), "the collision")
    wait_until(lambda: daemon.closed("REPLACED") == 1, "the older one was replaced")
    other.heartbeat()


def test_fepctl():
    daemon = Daemon([ADDRESS], {"session.hold_ms": 600000}).start()
    equal(fepctl(daemon, "unknown", "list"), "none\n", "an empty list")
    equal(fepctl(daemon, "duplicates"), "none\n", "and another")
    stranger = Terminal(daemon, 9)
    login = ask_in(stranger)
    wait_until(lambda: listed(daemon), "it is listed")
    text = fepctl(daemon, "unknown", "list")
    for wanted in (STRANGER, peer_of(stranger), "held now", login.hex(), '"AFN":"02"'):
        check(wanted in text, f"unknown list shows {wanted}", text)
    rows = json.loads(fepctl(daemon, "--json", "unknown", "list"))["terminals"]
    equal((rows[0]["first"], rows[0]["first_explain"]["AFN"]), (login.hex(), "02"), "as JSON")
    text = fepctl(daemon, "unknown", "create", STRANGER, "--name", "new", "--area", "3", "--heartbeat", "60")
    check("under number 2" in text and "admitted" in text, "what it says", text)
    stranger.wait_confirmed()
    facts = daemon.terminal_facts(STRANGER)
    equal((facts["name"], facts["area"], facts["heartbeat_s"]), ("new", 3, 60), "the new terminal")
    Elsewhere(daemon, 9).login()
    text = fepctl(daemon, "duplicates")
    check("127.0.0.2:" in text and "newer" in text and "TAKEOVER" in text, "duplicates", text)
    run = program(os.path.join(BIN, "fepctl"), "--door", daemon.door_at, "unknown", "create", STRANGER, "--name", "x",
                  "--area", "1")
    equal((run.returncode, "EXISTS" in run.stderr), (1, True), "a second time")


run()
