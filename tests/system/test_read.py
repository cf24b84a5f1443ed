#!/usr/bin/python3
"""READ: a terminal is asked now. What it answers comes as readings; what goes wrong comes as a RESULT with its
reason; a terminal that does not answer holds up nobody.
"""
from harness import *

ADDRESS = "010000001"
IMPORT = "energy.active.import.total_kWh"
VOLTAGE = "voltage.l1_V"


def requested(one):
    """AFN, RSEQ and units (measuring point, Fn, data) of a request downwards."""
    user = one[6:-2]
    check(user[0] & 0xC0 == 0x40, "a request comes from the master", one.hex())
    afn, sequence, body = user[6], user[7] & 15, user[8:]
    units = []
    while len(body) >= 4:
        size = 3 if afn == 0x0D else 0
        number = 0 if body[0] == 0 else (body[1] - 1) * 8 + body[0].bit_length()
        units.append((number, body[3] * 8 + body[2].bit_length(), body[4:4 + size]))
        body = body[4 + size:]
    return afn, sequence, user[5], units


def answer_units(afn, units, seed):
    """The data a terminal has for what it is asked, or None."""
    data = b""
    for number, function, time_tag in units:
        if afn == 0x0C and function == 25:
            data += f25(number, Instant(minute=30), seed)
        elif afn == 0x0C and function == 129:
            data += f129(number, Instant(minute=30), seed)
        elif afn == 0x0D and function == 161:
            data += unit(number, 161) + time_tag + Instant(day=21).a15 + b"\x04" + b"".join(
                bcd(value, 5) for value in f129_values(seed))
        else:
            return None
    return data


class Answering(Terminal):
    """Answers requests in a thread of its own, as it is told to: answer, deny, silent or close."""

    def __init__(self, daemon, number=1, manner="answer"):
        super().__init__(daemon, number)
        self.manner, self.asked, self.fault = manner, [], None
        self.login()
        self.ended = threading.Event()
        cleanup(self.end)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        try:
            while not self.ended.is_set() and self.pump(0.02):
                while self.frames and self.socket:
                    one = self.frames.pop(0)
                    if one[12] != 0:
                        self.asked.append(one)
                        self.serve_one(one)
        except Exception as fault:
            self.fault = fault

    def end(self):
        self.ended.set()
        self.thread.join()

    def serve_one(self, one):
        afn, sequence, msa, units = requested(one)
        data = answer_units(afn, units, 7)
        if self.manner == "deny" or data is None:
            self.send(frame(self.a1, self.a2, 0, 0x60 | sequence, bytes.fromhex("00000200"), 0x80, msa))
        elif self.manner == "answer":
            self.send(frame(self.a1, self.a2, afn, 0x60 | sequence, data, 0x88, msa))
        elif self.manner == "stray":
            self.send(frame(self.a1, self.a2, afn, 0x60 | (sequence + 1) % 16, data, 0x88, msa))
        elif self.manner == "close":
            self.socket.shutdown(socket.SHUT_RDWR)


def read(daemon, **body):
    word, answer = daemon.ask_raw("READ", {"terminal": ADDRESS, "mp": 1, "points": [IMPORT], **body})
    return answer["error"]


def test_current_values():
    daemon = Daemon([ADDRESS]).start()
    terminal = Answering(daemon)
    equal(read(daemon, kind="current"), "OK", "result")
    wait_until(lambda: daemon.readings(), "the reading")
    equal(items_of(daemon.readings()[0]), f129_items(7), "its values")
    equal(read(daemon, points=[IMPORT, VOLTAGE], mp=2), "OK", "result of two points")
    wait_until(lambda: len(daemon.readings()) == 3, "two more readings")
    values = {}
    for one in daemon.readings()[1:]:
        equal(one.mp, 2, "measuring point")
        values.update(items_of(one))
    equal(values, {**f129_items(7), **f25_items(7)}, "their values")
    equal(read(daemon), "OK", "asked again")
    wait_until(lambda: daemon.metric("items_repeated") == 5, "the same values are repeats")
    equal(terminal.fault, None, "terminal")


def test_daily_frozen_values():
    daemon = Daemon([ADDRESS]).start()
    terminal = Answering(daemon)
    midnight = Instant(day=20).utc_ms
    equal(read(daemon, kind="day", from_ms=midnight, to_ms=midnight + 2 * 86400000), "OK", "result")
    wait_until(lambda: len(daemon.readings()) == 3, "three days")
    readings = daemon.readings()
    equal(sorted(one.time_ms for one in readings), [midnight + day * 86400000 for day in range(3)], "instants")
    for one in readings:
        equal(one.freeze, 3, "frozen by day")
        found = items_of(one)
        equal({point: found[point] for point in f129_items(7)}, f129_items(7), "values")
    check(len(terminal.asked) >= 1, "requests", len(terminal.asked))


def test_refusals():
    daemon = Daemon([ADDRESS, "010000002"], {"session.request_timeout_ms": 200, "session.request_repeats": 1}).start()
    equal(read(daemon), "CLOSED", "a terminal that is offline")
    equal(read(daemon, terminal="999999999"), "NOT_FOUND", "one that is unknown")
    terminal = Answering(daemon, manner="deny")
    equal(read(daemon), "REFUSED", "it denies")
    equal(read(daemon, kind="never"), "RANGE", "an unknown kind")
    equal(read(daemon, points=["no.such.point"]), "RANGE", "an unknown point")
    equal(read(daemon, points=[]), "REFUSED", "no point: the usual ones are asked, and denied")
    equal(read(daemon, points=["link.state"]), "UNSUPPORTED", "a point nobody can ask for")
    equal(daemon.readings(), [], "readings")
    terminal.manner = "close"
    equal(read(daemon), "CLOSED", "it goes away when it is asked")


def test_no_answer():
    """Asked again as often as the option says, then TIMEOUT; reports and heartbeats go on meanwhile."""
    daemon = Daemon([ADDRESS], {"session.request_timeout_ms": 300, "session.request_repeats": 2}).start()
    terminal = Answering(daemon, manner="silent")
    equal(read(daemon), "TIMEOUT", "result")
    equal(len(terminal.asked), 3, "asked once and twice again")
    equal(daemon.metric("requests_timeout"), 1, "counted")
    terminal.manner = "stray"
    equal(read(daemon), "TIMEOUT", "answers of another number do not count")
    equal(daemon.terminal_facts(ADDRESS)["session_state"], "online", "and it goes on")
    terminal.manner = "answer"
    equal(read(daemon), "OK", "later it answers")


def test_many_at_once():
    """One in flight, eight waiting, in their order; beyond that BUSY."""
    daemon = Daemon([ADDRESS], {"session.request_timeout_ms": 60000}).start()
    terminal = Answering(daemon, manner="silent")
    door = CONTEXT.socket(zmq.DEALER)
    cleanup(lambda: door.close(0))
    door.connect(daemon.door_at)
    for token in range(12):
        door.send_multipart([b"READ", msgpack.packb({"terminal": ADDRESS, "mp": 1, "points": [IMPORT],
                                                     "token": token})])
    busy = []
    for _ in range(3):
        check(door.poll(DEADLINE_S * 1000), "an answer")
        busy.append(msgpack.unpackb(door.recv_multipart()[1]))
    equal([(one["token"], one["error"]) for one in busy], [(9, "BUSY"), (10, "BUSY"), (11, "BUSY")], "beyond")
    equal(daemon.status()["sessions"]["waiting"], 1, "a session waits")
    wait_until(lambda: terminal.asked, "the first was sent")
    equal(len(terminal.asked), 1, "one in flight")
    terminal.manner = "answer"
    terminal.serve_one(terminal.asked[0])
    tokens = []
    while len(tokens) < 9:
        check(door.poll(DEADLINE_S * 1000), "an answer")
        one = msgpack.unpackb(door.recv_multipart()[1])
        equal(one["error"], "OK", f"result {one}")
        tokens.append(one["token"])
    equal(tokens, list(range(9)), "in their order")
    equal(terminal.fault, None, "terminal")


def test_client_that_goes_away():
    """Its answer is dropped and counted; the terminal is as good as before."""
    daemon = Daemon([ADDRESS]).start()
    terminal = Answering(daemon, manner="silent")
    door = CONTEXT.socket(zmq.DEALER)
    door.connect(daemon.door_at)
    door.send_multipart([b"READ", msgpack.packb({"terminal": ADDRESS, "mp": 1, "points": [IMPORT]})])
    wait_until(lambda: terminal.asked, "it is asked")
    door.close(0)
    terminal.manner = "answer"
    terminal.serve_one(terminal.asked[0])
    wait_until(lambda: daemon.readings(), "the reading comes all the same")
    equal(read(daemon, mp=3), "OK", "the next one's answer")


run()
