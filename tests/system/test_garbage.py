#!/usr/bin/python3
"""Garbage, halves, broken frames, segments cut anywhere: good frames are never lost, and what was refused is
shown with its reason.
"""
from harness import *

ADDRESS = "010000001"
HALF_MS = {"session.half_frame_timeout_ms": 200}


def online(options=None):
    daemon = Daemon([ADDRESS, "010000002"], options).start()
    return daemon, Terminal(daemon).login()


def report(terminal, number, con=True):
    return terminal.build(0x0C, f129(1, Instant.number(number), number), number, con)


def broken(data):
    """The same frame with a wrong checksum."""
    return data[:-2] + bytes([data[-2] ^ 0x55]) + data[-1:]


def check_journal(daemon, numbers):
    """Exactly those reports, in that order, with their values."""
    readings = daemon.readings(ADDRESS)
    equal([one.time_ms for one in readings], [Instant.number(number).utc_ms for number in numbers], "instants")
    for one, number in zip(readings, numbers):
        equal(items_of(one), f129_items(number), f"report {number}")


def refused(daemon):
    return daemon.terminal_facts(ADDRESS)["refused"]


def test_garbage_before_login():
    daemon = Daemon([ADDRESS]).start()
    terminal = Terminal(daemon)
    terminal.send(b"GET / HTTP/1.1\r\n\r\n\x00\xfe\xfe\x68\x68\x00\x16")
    terminal.login()
    terminal.send(report(terminal, 1))
    terminal.wait_confirmed()
    check_journal(daemon, [1])
    check(daemon.refused_count("NOT_MINE") > 0, "the noise is counted", daemon.status()["refused"])


def test_garbage_between():
    """Noise of every kind, false starts among it, before each of 60 frames, in one stream."""
    daemon, terminal = online()
    draw = random.Random(68)
    data = b""
    for number in range(60):
        noise = bytes(draw.choice(b"\x68\x16\x32\x00\xff\xee") for _ in range(draw.randint(0, 40)))
        data += noise + report(terminal, number)
    terminal.send(data)
    terminal.send(b"\x00" * 16400)  # completes what a false start may have promised
    terminal.wait_confirmed()
    check_journal(daemon, range(60))
    check(sum(refused(daemon).values()) >= 30, "refusals shown", refused(daemon))
    equal(daemon.status()["refused"], refused(daemon), "STATUS shows the same, there is one terminal")


def test_false_start_hides_nothing():
    """A start that promises 16 KB: what stands behind it comes out after the half-frame time."""
    daemon, terminal = online(HALF_MS)
    data = b"\x68\xfe\xff\xfe\xff\x68" + b"".join(report(terminal, number) for number in range(20))
    terminal.send(data)
    terminal.wait_confirmed()
    check_journal(daemon, range(20))
    check("TRUNCATED" in refused(daemon), "the half frame's reason", refused(daemon))


def test_false_start_filled():
    """The same with so many frames behind it that the promise is kept: refused by its checksum."""
    daemon, terminal = online()
    count = 400
    data = b"\x68\xfe\xff\xfe\xff\x68" + b"".join(report(terminal, number) for number in range(count))
    check(len(data) > 16400, "enough bytes", len(data))
    terminal.send(data)
    terminal.wait_confirmed()
    check_journal(daemon, range(count))
    check("CHECKSUM" in refused(daemon), "reason", refused(daemon))


def test_half_frames():
    """Half a frame, then a whole one, again and again: only whole ones count."""
    daemon, terminal = online(HALF_MS)
    draw = random.Random(2)
    for number in range(20):
        half = frame("0100", 1, 0x0C, 0x70, f129(1, Instant.number(1000 + number), number))
        terminal.send(half[:draw.randint(1, len(half) - 1)] + report(terminal, number))
        terminal.wait_confirmed()
    check_journal(daemon, range(20))
    terminal.send(half[:30])
    wait_until(lambda: daemon.terminal_facts(ADDRESS)["half_frame"], "the half frame is seen")
    wait_until(lambda: not daemon.terminal_facts(ADDRESS)["half_frame"], "and dropped after its time")
    terminal.heartbeat()


def test_wrong_checksums():
    daemon, terminal = online()
    for number in range(10):
        bad = frame("0100", 1, 0x0C, 0x70, f129(1, Instant.number(500 + number), number))
        terminal.send(broken(bad) + report(terminal, number))
    terminal.wait_confirmed()
    check_journal(daemon, range(10))
    equal(refused(daemon)["CHECKSUM"], 10, "refused for their checksum")
    equal(daemon.refused_count("CHECKSUM"), 10, "and in STATUS")


def arrived(daemon, size):
    wait_until(lambda: daemon.metric("bytes_received") >= size, f"{size} bytes have arrived", pause_s=0.001)


def test_segments():
    """Two frames in one segment; one frame in ten, each of which has arrived before the next is sent."""
    daemon, terminal = online()
    terminal.send(report(terminal, 0) + report(terminal, 1))
    terminal.wait_confirmed()
    data = report(terminal, 2)
    size = daemon.metric("bytes_received")
    step = -(-len(data) // 10)
    for at in range(0, len(data), step):
        terminal.send(data[at:at + step])
        size += len(data[at:at + step])
        arrived(daemon, size)
    terminal.wait_confirmed()
    data = report(terminal, 3) + report(terminal, 4)
    terminal.send(data[:len(data) // 2 + 9])  # one and a bit
    terminal.wait(lambda: 3 in terminal.confirmed, "the first of two")
    equal(terminal.confirmed[-1], 3, "the second is not there yet")
    terminal.send(data[len(data) // 2 + 9:])
    terminal.wait_confirmed()
    check_journal(daemon, range(5))
    equal(refused(daemon), {}, "nothing is refused")


REFUSALS = [
    ("NOT_MINE", "of another terminal", lambda: frame("0100", 2, 0x0C, 0x70, f129(1, Instant.number(1), 1))),
    ("NOT_MINE", "downwards", lambda: frame("0100", 1, 0x0C, 0x70, f129(1, Instant.number(1), 1), 0x4B)),
    ("IMPLAUSIBLE", "address 0", lambda: frame("0100", 0, 0x0C, 0x70, f129(1, Instant.number(1), 1))),
    ("IMPLAUSIBLE", "broadcast", lambda: frame("0100", 0xFFFF, 0x0C, 0x70, f129(1, Instant.number(1), 1))),
    ("IMPLAUSIBLE", "to a group", lambda: frame("0100", 1, 0x0C, 0x70, f129(1, Instant.number(1), 1), msa=1)),
    ("IMPLAUSIBLE", "no end", lambda: frame("0100", 1, 2, 0x70, bytes.fromhex(HEARTBEAT))[:-1] + b"\x17"),
    ("TRUNCATED", "no room for its time tag", lambda: frame("0100", 1, 0x0C, 0xF0, b"\0\0")),
    ("UNSUPPORTED", "link function 9", lambda: frame("0100", 1, 2, 0x70, unit(0, 9), 0xC9)),
]


def test_refused_by_reason():
    daemon, terminal = online()
    wanted = collections.Counter()
    for number, (reason, text, make) in enumerate(REFUSALS):
        before = refused(daemon)
        terminal.send(make() + report(terminal, number))
        terminal.wait_confirmed()
        wanted[reason] += 1
        after = refused(daemon)
        check(after.get(reason, 0) > before.get(reason, 0), f"{text}: {reason}", before, after)
    check_journal(daemon, range(len(REFUSALS)))
    check(daemon.terminal_facts("010000002")["state"] == "offline", "a foreign frame admits nobody")


def test_bad_input_limit():
    """Too much refused input in a row closes the session; a good frame between begins the count anew."""
    daemon, terminal = online({"session.bad_input_limit": 100})
    bad = broken(frame("0100", 1, 0x0C, 0x70, f129(1, Instant.number(900), 1)))
    for number in range(3):
        terminal.send(bad * 30 + report(terminal, number))
        terminal.wait_confirmed()
    terminal.send(bad * 120)
    terminal.wait_closed()
    wait_until(lambda: daemon.closed("BAD_INPUT") == 1, "BAD_INPUT counted")
    facts = daemon.terminal_facts(ADDRESS)
    equal(facts["last_close"], "BAD_INPUT", "last close")
    check(facts["refused_before"]["CHECKSUM"] > 45, "what its session refused is kept", facts)
    check_journal(daemon, range(3))


def test_unknown_data_is_kept_raw():
    """What is well formed but not understood is an event with its bytes, and confirmed."""
    daemon, terminal = online()
    private = unit(1, 247) + bytes(range(20))
    terminal.confirmed_report(private, "private")
    terminal.send(terminal.build(0x0F, unit(0, 1) + b"\x01\x02", "file transfer"))
    terminal.wait_confirmed()
    events = daemon.fetch(kind="event")
    equal(len(events), 2, "events")
    check(events[0].raw and bytes(range(20)) in events[0].raw, "its bytes", events[0].raw)
    check(daemon.metric("units_raw") >= 1, "counted")


run()
