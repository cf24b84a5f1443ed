#!/usr/bin/python3
"""COMMAND: what changes something is sealed, sent once, and ends with what became of it. Terminal and meter check the
seal with an SM4 of their own.
"""
from harness import *

ADDRESS = "010000001"
METER = "000000000300"
KEY = bytes.fromhex("00112233445566778899aabbccddeeff")
STANDARD = bytes.fromhex("0123456789abcdeffedcba9876543210")
SEALED = "profile sealed\ncodec {codec}\nperiod 0\nsetting seal 2\n"
COLUMNS = "terminal,name,area,measuring_point,meter,protocol,profile,terminal_profile\n"
PASSWORD = {"password_size": 16}


# ---- SM4 as GB/T 32907 has it ----

def field(a, b):
    """Product of GF(2^8) by x^8 + x^7 + x^6 + x^5 + x^4 + x^2 + 1."""
    product = 0
    for bit in range(8):
        if b >> bit & 1:
            product ^= a << bit
    for bit in range(14, 7, -1):
        if product >> bit & 1:
            product ^= 0x1F5 << bit - 8
    return product


def affine(byte):
    """Bit i: the parity of the byte under A7 turned left by i."""
    turned = [(0xA7 << i | 0xA7 >> 8 - i) & 255 for i in range(8)]
    return sum((bin(turned[i] & byte).count("1") & 1) << i for i in range(8)) ^ 0xD3


INVERSE = [next((b for b in range(256) if field(a, b) == 1), 0) for a in range(256)]
BOX = [affine(INVERSE[affine(byte)]) for byte in range(256)]


def turn(word, bits):
    return (word << bits | word >> 32 - bits) & 0xFFFFFFFF


def boxed(word):
    return int.from_bytes(bytes(BOX[byte] for byte in word.to_bytes(4, "big")), "big")


def round_keys(key):
    system = (0xA3B1BAC6, 0x56AA3350, 0x677D9197, 0xB27022DC)
    words = [a ^ b for a, b in zip(struct.unpack(">4I", key), system)]
    for i in range(32):
        constant = int.from_bytes(bytes((4 * i + j) * 7 & 255 for j in range(4)), "big")
        word = boxed(words[-3] ^ words[-2] ^ words[-1] ^ constant)
        words.append(words[-4] ^ word ^ turn(word, 13) ^ turn(word, 23))
    return words[4:]


def sm4(key, block):
    words = list(struct.unpack(">4I", block))
    for round_key in round_keys(key):
        word = boxed(words[-3] ^ words[-2] ^ words[-1] ^ round_key)
        words.append(words[-4] ^ word ^ turn(word, 2) ^ turn(word, 10) ^ turn(word, 18) ^ turn(word, 24))
    return struct.pack(">4I", *words[:-5:-1])


def mac(key, data):
    """CBC from zero over the data, 80H and zeros."""
    data += b"\x80" + bytes(-(len(data) + 1) % 16)
    chain = bytes(16)
    for at in range(0, len(data), 16):
        chain = sm4(key, bytes(a ^ b for a, b in zip(chain, data[at:at + 16])))
    return chain


def test_own_sm4():
    equal(sm4(STANDARD, STANDARD).hex(), "681edf34d206965e86b3e94f536e4246", "the standard's example")


# ---- A terminal of 376.1 ----

class Switching(Terminal):
    """Carries out 05 F1 if its PW is right. judge: what PW must be for the user data before it, or None: silent."""

    def __init__(self, daemon, judge, number=1):
        super().__init__(daemon, number)
        self.judge, self.asked, self.tripped, self.fault = judge, [], 0, None
        self.login()
        self.ended = threading.Event()
        cleanup(self.end)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def end(self):
        self.ended.set()
        self.thread.join()

    def take(self, one):
        if one[12] == 0:
            super().take(one)
            return
        self.asked.append(one)
        try:
            self.serve_one(one[6:-2])
        except Exception as fault:
            self.fault = fault

    def serve(self):
        while not self.ended.is_set() and self.pump(0.02):
            pass

    def serve_one(self, user):
        """C, A, AFN, SEQ, DA DT 00, PW of 16 bytes; no time tag."""
        equal(user[6], 5, "AFN")
        equal(user[1:5], bytes.fromhex("0001") + struct.pack("<H", self.a2), "to this terminal")
        equal(user[5] & 1, 0, "to no group")
        equal(user[8:13], unit(1, 1) + b"\0", "05 F1 of output 1, at once and for ever")
        equal(len(user), 13 + 16, "and PW behind it")
        if self.judge is None:
            return
        good = self.judge(user[:13]) == user[13:]
        self.tripped += good
        answer = unit(0, 1) if good else unit(0, 4) + unit(1, 1)
        self.send(frame(self.a1, self.a2, 0, 0x60 | user[7] & 15, answer, 0x80, user[5]))


def daemon_of(options, rows, profile=None, listener=None):
    """A daemon that takes commands, with that archive."""
    daemon = Daemon([], {"door.commands": "yes", **options}, listener or PASSWORD).start()
    if profile:
        daemon.ask("PROFILE_PUT", who="tester", text=profile)
    daemon.ask("IMPORT", who="tester", data=(COLUMNS + rows).encode())
    return daemon


def sealing(options, rows=f"{ADDRESS},one,0,1,{METER},,,sealed\n"):
    return daemon_of(options, rows, SEALED.format(codec="gdw1376"))


def command(daemon, operation="trip", **body):
    """Error and words of the RESULT."""
    word, answer = daemon.ask_raw("COMMAND", {"terminal": ADDRESS, "mp": 1, "kind": "operate", "operation": operation,
                                              "who": "tester", **body})
    equal(word, "RESULT", f"{operation}: {answer}")
    return answer["error"], answer.get("said")


def test_sealed_trip():
    daemon = sealing({"seal.provider": "test", "seal.key": KEY.hex()})
    terminal = Switching(daemon, lambda data: mac(KEY, data))
    equal(command(daemon), ("OK", None), "the result")
    equal((terminal.tripped, len(terminal.asked), terminal.fault), (1, 1, None), "it tripped once")
    equal(command(daemon), ("OK", None), "again")
    check(terminal.asked[0] != terminal.asked[1], "another frame, another seal")
    # Who did what stands in the log, what was refused does not, and the key is shown to nobody.
    word, answer = daemon.ask_raw("COMMAND", {"terminal": ADDRESS, "mp": 1, "kind": "write", "points": ["no.such"],
                                              "who": "stranger"})
    equal((word, answer["error"]), ("ERROR", "RANGE"), "an unknown point")
    lines = [line for line in daemon.log().splitlines() if " COMMAND " in line]
    equal(len(lines), 2, "commands in the log")
    check(all('who="tester" mp=1 kind=operate operation=trip' in line for line in lines), "who and what", lines)
    shown = [one for one in daemon.ask("CONFIG")["options"] if one["section"] == "seal" and one["key"] == "key"]
    equal([one["value"] for one in shown], ["(set)"], "the key")


def test_wrong_key():
    daemon = sealing({"seal.provider": "test", "seal.key": KEY.hex()})
    terminal = Switching(daemon, lambda data: mac(STANDARD, data))
    equal(command(daemon), ("REFUSED", "security error"), "the result")
    equal((terminal.tripped, len(terminal.asked), terminal.fault), (0, 1, None), "asked once")


def test_no_seal():
    """Nobody makes one: nothing is sent."""
    daemon = sealing({})
    terminal = Switching(daemon, lambda data: mac(KEY, data))
    equal(command(daemon)[0], "NO_SEAL", "the result")
    equal(terminal.asked, [], "nothing was sent")


def test_password():
    daemon = sealing({"seal.provider": "password", "seal.key": STANDARD.hex()})
    terminal = Switching(daemon, lambda data: STANDARD)
    equal(command(daemon), ("OK", None), "the result")
    equal((terminal.tripped, terminal.fault), (1, None), "PW is the password")


def test_password_too_short():
    daemon = sealing({"seal.provider": "password", "seal.key": "0102"})
    terminal = Switching(daemon, lambda data: b"\1\2")
    equal(command(daemon)[0], "NO_SEAL", "it does not fill PW")
    equal(terminal.asked, [], "nothing was sent")


def test_without_answer():
    """Nobody knows what became of it, so it is not sent again."""
    daemon = sealing({"seal.provider": "test", "seal.key": KEY.hex(), "session.request_timeout_ms": 300,
                      "session.request_repeats": 3})
    terminal = Switching(daemon, None)
    equal(command(daemon)[0], "OUTCOME_UNKNOWN", "the result")
    terminal.judge = lambda data: mac(KEY, data)
    equal(command(daemon), ("OK", None), "the next one")
    equal((len(terminal.asked), terminal.tripped, terminal.fault), (2, 1, None), "each was sent once")


def test_connection_lost():
    daemon = sealing({"seal.provider": "test", "seal.key": KEY.hex()})
    terminal = Switching(daemon, None)
    def lose(user):
        terminal.socket.shutdown(socket.SHUT_RDWR)
        return b""
    terminal.judge = lose
    terminal.send = lambda data: None
    equal(command(daemon)[0], "OUTCOME_UNKNOWN", "the result")
    equal(len(terminal.asked), 1, "sent once")


def test_no_such_point():
    """A number is not cut to one that fits: nothing is sent."""
    daemon = sealing({"seal.provider": "test", "seal.key": KEY.hex()})
    terminal = Switching(daemon, lambda data: mac(KEY, data))
    for mp in (65536, 65537, -1):
        for word in ("COMMAND", "READ"):
            kind = "operate" if word == "COMMAND" else "current"
            answer, body = daemon.ask_raw(word, {"terminal": ADDRESS, "mp": mp, "kind": kind, "operation": "trip",
                                                 "who": "tester"})
            equal((answer, body["error"], body.get("text")), ("ERROR", "RANGE", "mp: 0 to 65535"), f"{word} of {mp}")
    equal(terminal.asked, [], "nothing was sent")


def test_no_such_point_of_a_meter():
    """A meter that is its own connection does not answer for a point it has not."""
    meter = socket.create_server(("127.0.0.1", 0))
    cleanup(meter.close)
    daemon = daemon_of({}, "")
    rows = f"{METER},one,0,,,,,,dlt645@127.0.0.1:{meter.getsockname()[1]}\n"
    daemon.ask("IMPORT", who="tester", data=(COLUMNS.strip() + ",dial\n" + rows).encode())
    wait_until(lambda: daemon.terminal_facts(METER)["state"] == "online", "online")
    for word, kind in (("COMMAND", "operate"), ("READ", "current")):
        answer, body = daemon.ask_raw(word, {"terminal": METER, "mp": 9, "kind": kind, "operation": "trip",
                                             "who": "tester"})
        equal((answer, body["error"], body.get("text")),
              ("ERROR", "NOT_FOUND", f"mp: {METER} has no measuring point 9"), word)
    connection, _ = meter.accept()
    connection.settimeout(0)
    try:
        equal(connection.recv(64), b"", "nothing was sent")
    except BlockingIOError:
        pass


def test_commands_off():
    daemon = Daemon([ADDRESS]).start()
    word, answer = daemon.ask_raw("COMMAND", {"terminal": ADDRESS, "mp": 1, "kind": "operate", "operation": "trip",
                                              "who": "tester"})
    equal((word, answer["error"]), ("ERROR", "REFUSED"), "they are off unless told otherwise")


# ---- A meter of DL/T 645 behind a transparent gateway ----

GATEWAY = {"codec": "dtu", "registration": r"ID{id:4}\r", "heartbeat": "LOG"}


class Meter(threading.Thread):
    """Takes a trip (1C) if its data are what judge makes of the plain ones; else it refuses, or says nothing."""

    def __init__(self, daemon, judge):
        super().__init__(daemon=True)
        self.judge, self.asked, self.tripped, self.fault = judge, [], 0, None
        self.socket = socket.create_connection(("127.0.0.1", daemon.port), timeout=DEADLINE_S)
        cleanup(self.close)
        self.socket.sendall(b"ID7001\r")
        wait_until(lambda: daemon.status()["terminals_online"] == 1, "the gateway is online")
        self.start()

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.join()
        self.socket.close()

    def run(self):
        rest = b""
        try:
            while True:
                piece = self.socket.recv(4096)
                if not piece:
                    return
                rest = (rest + piece).lstrip(b"\xfe")
                while len(rest) >= 10 and len(rest) >= 12 + rest[9]:
                    one, rest = rest[:12 + rest[9]], rest[12 + rest[9]:].lstrip(b"\xfe")
                    self.serve(one)
        except OSError:
            pass
        except Exception as fault:
            self.fault = fault

    def serve(self, one):
        equal((one[0], one[7], one[-1], sum(one[:-2]) & 255), (0x68, 0x68, 0x16, one[-2]), "a frame")
        equal((one[1:7], one[8]), (bytes.fromhex(METER)[::-1], 0x1C), "to the meter, 1C")
        self.asked.append(one)
        good = self.judge(one[8:9] + one[1:7], bytes((byte - 0x33) & 255 for byte in one[10:-2]))
        if good is None:
            return
        self.tripped += good
        head = one[:8] + (bytes([0x9C, 0]) if good else bytes([0xDC, 1, 0x04 + 0x33]))
        self.socket.sendall(head + bytes([sum(head) & 255, 0x16]))


def meter_daemon(options, *settings):
    profile = "profile meter\ncodec dlt645\nperiod 0\n" + "".join(f"setting {one}\n" for one in settings)
    return daemon_of({"line.answer_timeout_ms": 500, **options}, f"7001,one,0,1,{METER},dlt645,meter,\n", profile,
                     GATEWAY)


def is_trip(data):
    """Operator, 1A, 00, and a time of six packed bytes."""
    return data[4:10] == bytes.fromhex("78563412" "1A00") and all(
        byte >> 4 < 10 and byte & 15 < 10 for byte in data[10:16])


def test_meter_password():
    daemon = meter_daemon({}, "seal 1", "password 2123456", "operator 12345678")
    meter = Meter(daemon, lambda head, data: len(data) == 16 and data[:4] == bytes.fromhex("02563412") and is_trip(data))
    equal(command(daemon, terminal="7001"), ("OK", None), "the result")
    equal((meter.tripped, len(meter.asked), meter.fault), (1, 1, None), "it tripped once")


def test_meter_refuses():
    daemon = meter_daemon({}, "seal 1", "password 2000000")
    meter = Meter(daemon, lambda head, data: data[:4] == bytes.fromhex("02563412"))
    equal(command(daemon, terminal="7001"), ("REFUSED", "not authorised"), "the result")
    equal((meter.tripped, len(meter.asked), meter.fault), (0, 1, None), "asked once")


def test_meter_sealed():
    """Level 98, no password, and the MAC of C, address and data behind them."""
    daemon = meter_daemon({"seal.provider": "test", "seal.key": KEY.hex()}, "seal 2", "operator 12345678")
    meter = Meter(daemon, lambda head, data: len(data) == 20 and data[:4] == b"\x98\0\0\0" and is_trip(data) and
                  mac(KEY, head + data[:16])[:4] == data[16:])
    equal(command(daemon, terminal="7001"), ("OK", None), "the result")
    equal((meter.tripped, len(meter.asked), meter.fault), (1, 1, None), "it tripped once")
    meter.judge = lambda head, data: mac(STANDARD, head + data[:16])[:4] == data[16:]
    equal(command(daemon, terminal="7001"), ("REFUSED", "not authorised"), "a meter with another key")


def test_meter_password_of_the_provider():
    daemon = meter_daemon({"seal.provider": "password", "seal.key": "02563412"}, "seal 2", "operator 12345678")
    meter = Meter(daemon, lambda head, data: len(data) == 16 and data[:4] == bytes.fromhex("02563412") and is_trip(data))
    equal(command(daemon, terminal="7001"), ("OK", None), "the result")
    equal((meter.tripped, meter.fault), (1, None), "it tripped")


def test_meter_not_sealed():
    daemon = meter_daemon({}, "seal 2")
    meter = Meter(daemon, lambda head, data: True)
    equal(command(daemon, terminal="7001")[0], "NO_SEAL", "the result")
    equal(meter.asked, [], "nothing was sent")


def test_meter_silent():
    daemon = meter_daemon({"line.repeats": 3, "line.late_ms": 100}, "seal 1")
    meter = Meter(daemon, lambda head, data: None)
    equal(command(daemon, terminal="7001")[0], "OUTCOME_UNKNOWN", "the result")
    meter.judge = lambda head, data: True
    wait_until(lambda: command(daemon, terminal="7001")[0] == "OK", "the line works on")
    equal((len(meter.asked), meter.fault), (2, None), "each was sent once")


# ---- The same meter behind a concentrator of 376.1, both sealed ----

class Concentrator(Switching):
    """Carries frames of the meter in AFN 10 F1 if its PW is right."""

    def serve_one(self, user):
        equal((user[6], user[8:12], user[12]), (0x10, unit(0, 1), 31), "AFN 10 F1, port 31")
        size = struct.unpack_from("<H", user, 16)[0]
        equal(len(user), 18 + size + 16, "the meter's frame, then PW")
        if user[-16:] != mac(KEY, user[:-16]):
            self.send(frame(self.a1, self.a2, 0, 0x60 | user[7] & 15, unit(0, 4) + unit(1, 1), 0x80, user[5]))
            return
        one = user[18:-16]
        data = bytes((byte - 0x33) & 255 for byte in one[10:-2])
        check(len(data) == 20 and is_trip(data), "a trip", data)
        good = mac(KEY, one[8:9] + one[1:7] + data[:16])[:4] == data[16:]
        self.tripped += good
        head = one[:8] + (bytes([0x9C, 0]) if good else bytes([0xDC, 1, 0x04 + 0x33]))
        answer = head + bytes([sum(head) & 255, 0x16])
        carried = unit(0, 1) + b"\x1f" + struct.pack("<H", len(answer)) + answer
        self.send(frame(self.a1, self.a2, 0x10, 0x60 | user[7] & 15, carried, 0x88, user[5]))


def test_both_sealed():
    rows = f"{ADDRESS},one,0,1,{METER},dlt645,meter,sealed\n"
    daemon = daemon_of({"seal.provider": "test", "seal.key": KEY.hex()}, "", SEALED.format(codec="gdw1376"))
    daemon.ask("PROFILE_PUT", who="tester", text="profile meter\ncodec dlt645\nperiod 0\nsetting seal 2\n"
               "setting operator 12345678\n")
    daemon.ask("IMPORT", who="tester", data=(COLUMNS + rows).encode())
    terminal = Concentrator(daemon, None)
    equal(command(daemon), ("OK", None), "the result")
    equal((terminal.tripped, len(terminal.asked), terminal.fault), (1, 1, None), "it tripped once")


# ---- A terminal of DL/T 698.45 ----

def protected_trip(key):
    """Logs in; the terminal takes one trip. The RESULT, and the APDU it was asked with."""
    daemon = daemon_of({"seal.provider": "test", "seal.key": KEY.hex()}, "000000000001,one,0,,,,,sealed\n",
                       SEALED.format(codec="dlt698"), {"codec": "dlt698"})
    connection = socket.create_connection(("127.0.0.1", daemon.port), timeout=DEADLINE_S)
    cleanup(connection.close)
    connection.sendall(frame698(0x81, LOGIN698, 0))
    apdu, rest = receive698(connection, b"")
    equal(apdu[0], 0x81, "LINK-Response")
    asked, fault = [], []

    def serve():
        try:
            request, _ = receive698(connection, rest)
            asked.append(request)
            equal(request[:2], b"\x10\0", "SECURITY-Request of a plain unit")
            plain, tail = request[3:3 + request[2]], request[3 + request[2]:]
            equal(plain[:2] + plain[3:], bytes.fromhex("0701 80008100 0101 0204 51f2050201 1100 120000 0300 00"), "trip")
            equal(tail[:7], bytes.fromhex("00 00000000 00 04"), "SID_MAC")
            if tail[7:] == mac(key, plain)[:4]:
                answer = bytes([0x87, 1, plain[2]]) + bytes.fromhex("80008100 00 00 00 00")
                connection.sendall(frame698(0xC3, b"\x90\0" + bytes([len(answer)]) + answer + b"\0"))
            else:
                connection.sendall(frame698(0xC3, bytes.fromhex("9002 17 00")))
        except Exception as problem:
            fault.append(problem)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    result = command(daemon, terminal="000000000001", mp=0)
    thread.join()
    equal((len(asked), fault), (1, []), "asked once")
    return result


def test_protected_trip():
    equal(protected_trip(KEY), ("OK", None), "the result")


def test_protected_with_a_wrong_key():
    equal(protected_trip(STANDARD), ("REFUSED", "security authentication failed"), "the result")


# ---- CONNECT by password: a concentrator of fepfield, whose password is 123456 ----

def connected_read(password, **body):
    """Error and words of the RESULT of a READ at the terminal or a meter behind it."""
    daemon = daemon_of({"seal.provider": "password", "seal.key": password.encode().hex()},
                       "691000000001,one,0,1,690000010001,dlt645,,connects\n",
                       "profile connects\ncodec dlt698\nperiod 0\nsetting connect 2\n", {"codec": "dlt698"})
    field = subprocess.Popen([os.path.join(BIN, "fepfield"), "--kind", f"dlt698:1:1:{daemon.port}", "--drain-ms", "100"],
                             stdout=subprocess.DEVNULL, preexec_fn=die_with_parent)
    cleanup(field.kill)
    wait_until(lambda: daemon.metric("sessions_online") == 1, "the terminal")
    word, answer = daemon.ask_raw("READ", {"terminal": "691000000001", **body})
    equal(word, "RESULT", f"read: {answer}")
    return answer["error"], answer.get("said")


def test_connects_by_password():
    equal(connected_read("123456", mp=0, points=["time.clock"]), ("OK", None), "the terminal's clock")


def test_connects_for_a_meter():
    equal(connected_read("123456", mp=1, points=["energy.active.import.total_kWh"]), ("OK", None), "a meter's energy")


def test_connects_with_a_wrong_password():
    refused = ("REFUSED", "connection refused: password")
    equal(connected_read("123457", mp=1, points=["energy.active.import.total_kWh"]), refused, "a meter's energy")


run()
