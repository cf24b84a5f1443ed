#!/usr/bin/python3
"""Crowds at one moment, a machine that was paused, the largest frames, listeners of other kinds."""
from harness import *

CROWD = 300


def login_bytes(terminal):
    return terminal.build(2, bytes.fromhex(LOGIN), "login", control=0xC9)


def test_connect_storm():
    """All connect at once with login and report in one segment, four times over: all are confirmed each time."""
    daemon = Daemon([f"0100{number:05d}" for number in range(1, CROWD + 1)],
                    {"connector.sessions": 800, "connector.count": 2}).start()
    terminals = [Terminal(daemon, number, connect=False) for number in range(1, CROWD + 1)]
    for turn in range(4):
        for terminal in terminals:  # the connections of the turn before still stand
            terminal.old, terminal.socket = terminal.socket, None
            terminal.connect()
            terminal.sequence = turn
            terminal.send(login_bytes(terminal) +
                          terminal.build(0x0C, f129(1, Instant.number(turn), turn), turn))
        for terminal in terminals:
            terminal.wait_confirmed()
            equal(terminal.confirmed[-2:], ["login", turn], f"{terminal.address} in turn {turn}")
            if terminal.old:
                terminal.old.close()
    status = daemon.status()
    equal(status["terminals_online"], CROWD, "online")
    equal(len(check_no_doubles(daemon.readings())), CROWD * 4 * 5, "values")
    wait_until(lambda: daemon.status()["sessions"]["online"] == CROWD, "the replaced ones have gone")
    for terminal in terminals:
        terminal.close()
    wait_until(lambda: daemon.status()["terminals_online"] == 0, "all have gone")
    equal(daemon.status()["sessions"], {"fresh": 0, "online": 0, "waiting": 0, "paused": 0, "closing": 0}, "sessions")
    equal(daemon.metric("durable_waiting"), 0, "nothing waits")


IN_TURN = {"connector.logins_per_s": 1, "connector.windows": 16}  # one at once, eight wait


def crowd_of(daemon, count):
    """So many who have sent their login; the first is admitted at once, the next eight wait."""
    crowd = [Terminal(daemon, number) for number in range(1, count + 1)]
    for terminal in crowd:
        terminal.send(login_bytes(terminal))
    return crowd


def test_logins_in_turn():
    """More logins than logins_per_s: they wait their turn, unanswered; whom there is no place for is not read yet. Nobody
    is closed, and all are served."""
    daemon = Daemon([f"0100{number:05d}" for number in range(1, 41)], IN_TURN).start()
    crowd = crowd_of(daemon, 40)
    wait_until(lambda: daemon.metric("logins_waited") >= 8, "eight have to wait")
    wait_until(lambda: daemon.metric("logins_waiting") + daemon.metric("sessions_online") == 40, "all are waiting or in")
    gone = crowd.pop()
    gone.close()
    wait_until(lambda: daemon.closed("PEER_CLOSED") == 1, "one that leaves unread is noticed")
    daemon.write_config(connector__logins_per_s=0)
    daemon.reload()
    for terminal in crowd:
        terminal.wait_confirmed()
        terminal.confirmed_report(f129(1, Instant(), 1), "served")
    equal((daemon.metric("logins_waiting"), daemon.metric("sessions_fresh")), (0, 0), "nobody waits")
    equal({reason: count for reason, count in daemon.status()["closed"].items() if count}, {"PEER_CLOSED": 1}, "closed")


def test_turn_does_not_come():
    """Who waits for longer than a login may take is closed."""
    daemon = Daemon([f"0100{number:05d}" for number in range(1, 10)],
                    {**IN_TURN, "session.login_timeout_ms": 700}).start()
    crowd_of(daemon, 9)
    wait_until(lambda: daemon.metric("sessions_online") + daemon.closed("OVER_CAPACITY") == 9, "all are in or out")
    check(daemon.closed("OVER_CAPACITY") > 0, "some are out")
    equal(daemon.status()["closed"].get("NO_ADMISSION", 0), 0, "for no other reason")


def test_leaves_while_waiting():
    """Who goes away while it waits takes no turn of the others."""
    daemon = Daemon([f"0100{number:05d}" for number in range(1, 10)], IN_TURN).start()
    crowd = crowd_of(daemon, 9)
    wait_until(lambda: daemon.metric("logins_waited") >= 5, "most wait")
    for terminal in crowd:
        terminal.close()
    wait_until(lambda: daemon.closed("PEER_CLOSED") + daemon.closed("PEER_RESET") == 9, "all are gone")
    equal(daemon.metric("logins_waiting"), 0, "nobody waits")
    check(daemon.metric("admitted") < 9, "not all had a turn", daemon.metric("admitted"))


def test_over_capacity_in_words():
    """A terminal of 698.45 hears why it is not served: result 3 of its LINK response."""
    names = [f"{number:012d}" for number in range(1, 25)]
    daemon = Daemon(names, {**IN_TURN, "session.login_timeout_ms": 700}, {"codec": "dlt698"}).start()
    results = []
    crowd = []
    for name in names:
        connection = socket.create_connection(("127.0.0.1", daemon.port), timeout=DEADLINE_S)
        cleanup(connection.close)
        connection.sendall(frame698(0x81, LOGIN698, 0, name))
        crowd.append(connection)
    wait_until(lambda: daemon.closed("OVER_CAPACITY"), "some find no place")
    daemon.write_config(connector__logins_per_s=0)
    daemon.reload()
    for connection in crowd:
        apdu, _ = receive698(connection, b"")
        equal(apdu[0], 0x81, "LINK-Response")
        results.append(apdu[2] & 7)
    equal(results.count(0) + results.count(3), len(names), f"results {results}")
    equal(results.count(3), daemon.closed("OVER_CAPACITY"), "counted")
    check(results.count(3) > 0 and results[0] == 0, "the first is admitted, some are not", results)


def test_report_and_leave():
    """Who sends a report and closes at once: the report is kept though nobody is there to hear of it."""
    daemon = Daemon([f"0100{number:05d}" for number in range(1, 31)]).start()
    for number in range(1, 31):
        terminal = Terminal(daemon, number)
        terminal.send(login_bytes(terminal) + terminal.build(0x0C, f129(1, Instant.number(1), number), 1))
        terminal.close()
    wait_until(lambda: len(daemon.readings()) == 30, "all reports are in the journal")
    wait_until(lambda: daemon.status()["terminals_online"] == 0, "all have gone")


def test_broken_connections():
    """Connections reset at any point of the conversation; the next one works, nothing confirmed is missing."""
    daemon = Daemon([f"0100{number:05d}" for number in range(1, 11)]).start()
    draw = random.Random(5)
    confirmed = []
    for turn in range(15):
        for number in range(1, 11):
            terminal = Terminal(daemon, number)
            terminal.sequence = turn % 16
            data = login_bytes(terminal) + terminal.build(0x0C, f129(1, Instant.number(turn), turn), turn)
            terminal.send(data[:draw.randint(1, len(data))] if draw.random() < 0.7 else data)
            terminal.pump(draw.choice((0, 0.001, 0.005)))
            confirmed += [(terminal.address, Instant.number(turn).utc_ms) for what in terminal.confirmed
                          if what == turn]
            terminal.reset()
    there = {(one.address, one.time_ms) for one in daemon.readings()}
    check(set(confirmed) <= there, "confirmed, not in the journal", set(confirmed) - there)
    check_no_doubles(daemon.readings())
    for number in range(1, 11):
        Terminal(daemon, number).login().confirmed_report(f129(1, Instant.number(99), 1), 99)
    daemon.check_alive()


def test_paused():
    """A process that was stopped for longer than its watchdog allows goes on: no actor is taken for dead."""
    daemon = Daemon(["010000001"], {"actors.watchdog_ms": 5000}).start()
    terminal = Terminal(daemon).login()
    for number, pause_s in enumerate((2, 6)):
        daemon.process.send_signal(signal.SIGSTOP)
        terminal.report(f129(1, Instant.number(number), number), number)
        until = time.monotonic() + pause_s
        wait_until(lambda: time.monotonic() > until, "the end of the pause")
        daemon.process.send_signal(signal.SIGCONT)
        terminal.wait_confirmed()
        ticks = daemon.status()["uptime_ms"] + 2500
        wait_until(lambda: daemon.status()["uptime_ms"] > ticks, "the supervisor has looked twice")
    equal(daemon.logged("ACTOR-SILENT"), [], "actors taken for dead")
    equal(daemon.stop(), 0, "verdict")


def test_largest_frames():
    """Frames up to the longest that the length field can say: 16,383 bytes of user data."""
    daemon = Daemon(["010000001"]).start()
    terminal = Terminal(daemon).login()
    units = b"".join(f129(mp, Instant.number(0), mp) for mp in range(1, 468))
    user = 8 + len(units)
    check(16000 < user <= 16383, "the size of the test frame", user)
    terminal.confirmed_report(units, "large")
    equal(len(check_no_doubles(daemon.readings())), 467 * 5, "values")
    raw = terminal.build(0x0F, unit(0, 1) + bytes(16383 - 12), "largest")
    equal(len(raw), 16383 + 8, "the largest frame")
    terminal.send(raw)
    terminal.wait_confirmed()
    equal(max(len(one.raw or b"") for one in daemon.fetch(kind="event")) > 16000, True, "kept raw")
    curve = unit(1, 89) + Instant().a15 + b"\x01\xff" + b"".join(bcd(2000 + n, 2) for n in range(255))
    terminal.send(terminal.build(0x0D, curve, "curve"))
    terminal.wait_confirmed()
    reading = [one for one in daemon.readings() if one.freeze == 1]
    equal(len(reading), 1, "one curve")
    equal([item[1] for item in reading[0].items], [2000 + n for n in range(255)], "its values")
    equal(reading[0].step_ms, 900000, "its step")


def test_curves_that_overlap():
    """A curve that repeats known instants and brings new ones: only the new ones are journalled."""
    daemon = Daemon(["010000001"]).start()
    terminal = Terminal(daemon).login()

    def curve(first, count, change=None):
        values = [2000 + first + n + (500 if first + n == change else 0) for n in range(count)]
        return (unit(1, 89) + Instant.number(15 * first).a15 + bytes([1, count]) +
                b"".join(bcd(value, 2) for value in values))
    for first, count in ((0, 10), (5, 10), (0, 20), (3, 4)):
        terminal.send(terminal.build(0x0D, curve(first, count), (first, count)))
        terminal.wait_confirmed()
    seen = check_no_doubles(daemon.readings())
    values = {identity[3]: found for identity, found in seen.items()}
    equal(values, {Instant.number(15 * n).utc_ms: [(2000 + n, -1)] for n in range(20)}, "each instant once")
    equal(daemon.metric("items_repeated"), 5 + 15 + 4, "repeats")
    terminal.send(terminal.build(0x0D, curve(0, 20, change=7), "one changed"))
    terminal.wait_confirmed()
    seen = check_no_doubles(daemon.readings())
    values = {identity[3]: found for identity, found in seen.items()}
    equal(values[Instant.number(15 * 7).utc_ms], [(2007, -1), (2507, -1)], "the one that changed")
    equal(sum(map(len, values.values())), 21, "and only that one")


def test_listener_of_another_kind():
    """IPv6, and addresses written in hexadecimal."""
    daemon = Daemon(["010000AB"], listener={"address": "::1", "address_style": "hex"}).start()
    terminal = Terminal(daemon, 0xAB, connect=False)
    terminal.address = "010000AB"
    terminal.socket = socket.create_connection(("::1", daemon.port), DEADLINE_S)
    terminal.login()
    terminal.confirmed_report(f129(1, Instant(), 1), "report")
    equal([one.address for one in daemon.readings()], ["010000AB"], "address")
    check("::1" in daemon.terminal_facts("010000AB")["peer"], "peer", daemon.terminal_facts("010000AB")["peer"])


run()
