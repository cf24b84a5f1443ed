#!/usr/bin/python3
"""Login, heartbeat, reports; what a confirmation means; repeats and changed values; latest values."""
from harness import *

ADDRESS = "010000001"


def head_when_confirmed(daemon, terminal, units, what):
    """Sends one report and fetches the moment its confirmation has come. Returns the messages found then."""
    start = daemon.status()["head"] + 1
    terminal.report(units, what)
    terminal.wait_confirmed()
    return daemon.fetch(start)


def test_login_heartbeat_report():
    daemon = Daemon([(ADDRESS, "", 7)]).start()
    subscriber = Subscriber(daemon, "reading/07").wait_subscribed("reading/07")
    terminal = Terminal(daemon).login()
    terminal.heartbeat()
    instant = Instant(minute=15)
    terminal.confirmed_report(f25(3, instant, 1), "report")
    equal(terminal.confirmed, ["login", "heartbeat", "report"], "confirmed in order")
    messages = daemon.fetch(terminal=ADDRESS)
    equal([one.kind for one in messages], ["link", "login", "heartbeat", "reading"], "kinds in the journal")
    reading = messages[3]
    equal((reading.mp, reading.area, reading.time_ms, reading.freeze), (3, 7, instant.utc_ms, 0), "the reading")
    equal(items_of(reading), f25_items(1), "its values")
    check(reading.raw and reading.raw in terminal_bytes(terminal, f25(3, instant, 1)), "its raw frame", reading.raw)
    published = wait_until(lambda: subscriber.messages("reading/07"), "the publication")
    equal(published, [reading], "published as journalled")
    equal(daemon.terminal_facts(ADDRESS)["state"], "online", "state")
    terminal.logout()
    terminal.wait_closed()
    equal(terminal.confirmed[-1], "logout", "the logout is confirmed before the connection is closed")
    wait_until(lambda: daemon.terminal_facts(ADDRESS)["state"] == "offline", "offline after logout")
    equal(daemon.terminal_facts(ADDRESS)["last_close"], "LOGOUT", "last close")


def terminal_bytes(terminal, units):
    """The frames that could have brought the units: any PSEQ."""
    return [frame(terminal.a1, terminal.a2, 0x0C, 0x70 | number, units) for number in range(16)]


def test_confirmed_means_journalled():
    """Whenever a confirmation arrives, FETCH has the report already."""
    daemon = Daemon([ADDRESS], {"storage.linger_us": 20000}).start()
    terminal = Terminal(daemon).login()
    for number in range(60):
        found = head_when_confirmed(daemon, terminal, f25(1, Instant.number(number), number), number)
        equal([items_of(one) for one in found if one.kind == "reading"], [f25_items(number)],
              f"journal when report {number} was confirmed")
    start = daemon.status()["head"] + 1
    for number in range(60, 100):
        terminal.report(f25(1, Instant.number(number), number), number)
    while terminal.waiting:
        terminal.pump(1)
        times = {one.time_ms for one in daemon.fetch(start, kind="reading")}
        for number in terminal.confirmed[61:]:
            check(Instant.number(number).utc_ms in times, f"report {number} confirmed, not journalled")


def test_each_frame_by_its_own_number():
    """40 frames with numbers out of order; harness matches every RSEQ with its frame."""
    daemon = Daemon([ADDRESS]).start()
    terminal = Terminal(daemon).login()
    numbers = [(number * 7 + number // 16) % 16 for number in range(40)]
    data = b"".join(terminal.build(0x0C, f25(1, Instant.number(i), i), i, sequence=numbers[i]) for i in range(40))
    terminal.send(data)
    terminal.wait_confirmed()
    equal(terminal.confirmed, ["login", *range(40)], "confirmed")
    equal([one[6 + 7] & 15 for one in terminal.frames[1:]], numbers, "RSEQ")
    equal(len(daemon.readings()), 40, "readings")
    terminal.send(terminal.build(0x0C, f25(1, Instant.number(50), 50), con=False))
    terminal.confirmed_report(f25(1, Instant.number(51), 51), "the next")
    equal(len(terminal.frames), 42, "a frame without CON is not confirmed")
    equal(len(daemon.readings()), 42, "but journalled")


def repeat(daemon, terminal, units, what, items):
    """Sends again what is journalled; expects a confirmation and no second record."""
    before = daemon.status()
    terminal.report(units, what)
    terminal.wait_confirmed()
    after = daemon.status()
    equal(after["metrics"]["items_repeated"] - before["metrics"]["items_repeated"], items, f"{what}: repeats")
    equal(after["metrics"]["readings_committed"], before["metrics"]["readings_committed"], f"{what}: committed")


def test_repeats_are_confirmed_and_not_journalled():
    daemon = Daemon([ADDRESS]).start()
    terminal = Terminal(daemon).login()
    units = f25(1, Instant(), 1)
    terminal.confirmed_report(units, "first")
    repeat(daemon, terminal, units, "same connection, another PSEQ", 23)
    other = Terminal(daemon).login()
    other.sequence = 11
    repeat(daemon, other, units, "another connection", 23)
    equal(daemon.stop(), 0, "verdict")
    daemon.start()
    third = Terminal(daemon).login()
    repeat(daemon, third, units, "after a restart", 23)
    daemon.kill()
    daemon.start()
    fourth = Terminal(daemon).login()
    repeat(daemon, fourth, units, "after a kill", 23)
    repeat(daemon, fourth, units + f25(1, Instant(), 1), "twice in one frame", 46)
    readings = daemon.readings()
    equal(len(readings), 1, "readings in the journal")
    equal(items_of(readings[0]), f25_items(1), "their values")


def test_changed_values():
    daemon = Daemon([ADDRESS]).start()
    terminal = Terminal(daemon).login()
    terminal.confirmed_report(f129(1, Instant(), 1000), "first")
    changed = bytearray(f129(1, Instant(), 1000))
    changed[10:15] = bcd(10013, 5)
    terminal.confirmed_report(bytes(changed), "one of five changed")
    repeat(daemon, terminal, bytes(changed), "the changed one again", 5)
    readings = daemon.readings()
    equal(len(readings), 2, "readings")
    equal(items_of(readings[1]), {(1, 0, 1, 8, 0): (10013, -4)}, "only what changed is journalled")
    check(not any(item[3] & CHANGED for item in readings[0].items), "the first is not `changed`", readings[0])
    check(all(item[3] & CHANGED for item in readings[1].items), "the second is", readings[1])
    equal(daemon.metric("items_changed"), 1, "items_changed")
    check_no_doubles(readings)
    daemon.kill()
    daemon.start()
    terminal.connect().login()
    repeat(daemon, terminal, bytes(changed), "the changed one after a restart", 5)
    terminal.confirmed_report(f129(1, Instant(), 1000), "back to the first value")
    readings = daemon.readings()
    equal(items_of(readings[-1]), {(1, 0, 1, 8, 0): (10010, -4)}, "journalled as a change again")
    check(all(item[3] & CHANGED for item in readings[-1].items), "and marked", readings[-1])


def latest(daemon, address, mp):
    values = daemon.ask("LATEST", terminal=address, mp=mp)["values"]
    return {point_number(row[1]): (row[3], row[4], row[5]) for row in values if row[0] == mp}


def wait_latest(daemon, mp, wanted, text):
    def good():
        return {point: value[1:] for point, value in latest(daemon, ADDRESS, mp).items()} == wanted
    wait_until(good, text)


def test_latest():
    daemon = Daemon([ADDRESS], {"history.checkpoint_ms": 200}).start()
    terminal = Terminal(daemon).login()
    terminal.confirmed_report(f129(2, Instant(minute=30), 5), "newer")
    wait_latest(daemon, 2, f129_items(5), "the latest value")
    terminal.confirmed_report(f129(2, Instant(minute=15), 4), "older")
    wait_until(lambda: daemon.metric("history_behind") == 0, "history has followed")
    wait_latest(daemon, 2, f129_items(5), "an older instant does not replace it")
    terminal.confirmed_report(f129(2, Instant(minute=30), 6), "changed")
    wait_latest(daemon, 2, f129_items(6), "a changed value does")
    equal({value[0] for value in latest(daemon, ADDRESS, 2).values()}, {Instant(minute=30).utc_ms}, "instant")
    daemon.kill()
    daemon.start()
    wait_latest(daemon, 2, f129_items(6), "after a kill")
    word, answer = daemon.ask_raw("LATEST", {"terminal": "999999999"})
    equal((word, answer["error"]), ("ERROR", "NOT_FOUND"), "of an unknown terminal")


run()
