"""What the system tests share: fepd as a process of its own, terminals as the standard describes them, the
door, the feed. A test waits for facts with a deadline, never for a duration; every port is picked free.
"""
import calendar
import collections
import ctypes
import itertools
import json
import os
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback

import msgpack
import zmq

BIN = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else ""
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEADLINE_S = 30           # generous: a deadline that passes is a failure, not a measurement
UTC_OFFSET_MIN = 480      # of the terminals
CONTEXT = zmq.Context()
KINDS = ["", "reading", "event", "alarm", "result", "link", "login", "heartbeat", "held"]
SUSPECT, RE_READ, CHANGED = 1 << 5, 1 << 7, 1 << 9  # quality bits
YEARS_MS = 3153600000000
_to_close = []            # what a test has opened


class Failure(AssertionError):
    pass


def check(fact, text, *values):
    if not fact:
        raise Failure(text + "".join(f"\n    {value!r}"[:2000] for value in values))


def equal(found, wanted, text):
    check(found == wanted, f"{text}: found {found!r}"[:3000] + f", wanted {wanted!r}"[:3000])


def wait_until(predicate, text, deadline_s=DEADLINE_S, pause_s=0.01):
    """The predicate's first true value. It is asked again and again until then, or until the deadline."""
    end = time.monotonic() + deadline_s
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > end:
            raise Failure(f"not within {deadline_s} s: {text() if callable(text) else text}")
        time.sleep(pause_s)


def die_with_parent():
    """In a child: a test that is killed leaves no daemon behind."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def free_ports(count):
    """Free now, and below the range from which the system draws ports of outgoing connections."""
    with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
        low = int(file.read().split()[0])
    draw = random.SystemRandom()
    ports, held = [], []
    while len(ports) < count:
        probe = socket.socket()
        try:
            probe.bind(("127.0.0.1", draw.randrange(10000, low) if low > 11000 else 0))
            ports.append(probe.getsockname()[1])
            held.append(probe)
        except OSError:
            probe.close()
    for probe in held:
        probe.close()
    return ports


# ---- Frames of Q/GDW 376.1, written from the standard's layout, not from the codec ----

LOGIN, LOGOUT, HEARTBEAT = "00000100", "00000200", "00000400"


def bcd(value, size):
    """Low byte first."""
    return bytes.fromhex(f"{value:0{2 * size}d}")[::-1]


def frame(a1, a2, afn, seq, units, control=0xC4, msa=0, protocol=2):
    user = bytes([control]) + bytes.fromhex(a1)[::-1] + struct.pack("<H", a2) + bytes([msa, afn, seq]) + units
    length = struct.pack("<H", len(user) << 2 | protocol)
    return b"\x68" + length + length + b"\x68" + user + bytes([sum(user) & 255, 0x16])


def split_frames(data):
    """Whole frames at the head of what the daemon sent, and the rest. Anything else is a failure."""
    frames = []
    while len(data) >= 6:
        check(data[0] == 0x68 and data[5] == 0x68 and data[1:3] == data[3:5], "not a frame", data.hex())
        size = (data[1] | data[2] << 8) >> 2
        if len(data) < size + 8:
            break
        check(data[size + 7] == 0x16 and sum(data[6:size + 6]) & 255 == data[size + 6], "checksum", data.hex())
        frames.append(data[:size + 8])
        data = data[size + 8:]
    return frames, data


def point_number(packed):
    return tuple(packed >> shift & mask for shift, mask in ((28, 15), (24, 15), (16, 255), (8, 255), (0, 255)))


def unit(pn, fn):
    da = bytes([1 << (pn - 1) % 8, (pn - 1) // 8 + 1]) if pn else b"\0\0"
    return da + bytes([1 << (fn - 1) % 8, (fn - 1) // 8])


#  Of F25, in its order: name, bytes, decimals, point (quantity of medium 1, kind 7).
F25_FIELDS = ([(name, 3, 4, c) for name, c in (("P", 16), ("Pa", 36), ("Pb", 56), ("Pc", 76))] +
              [(name, 3, 4, c) for name, c in (("Q", 3), ("Qa", 23), ("Qb", 43), ("Qc", 63))] +
              [(name, 2, 1, c) for name, c in (("PF", 13), ("PFa", 33), ("PFb", 53), ("PFc", 73))] +
              [(name, 2, 1, c) for name, c in (("Ua", 32), ("Ub", 52), ("Uc", 72))] +
              [(name, 3, 3, c) for name, c in (("Ia", 31), ("Ib", 51), ("Ic", 71), ("I0", 91))] +
              [(name, 3, 4, c) for name, c in (("S", 9), ("Sa", 29), ("Sb", 49), ("Sc", 69))])


def f25_values(seed):
    """23 numbers that follow from the seed, in the range of their fields."""
    return [(seed * 7919 + i * 104729) % (800 if size == 2 else 79999) for i, (_, size, _, _) in
            enumerate(F25_FIELDS)]


class Instant(collections.namedtuple("Instant", "year month day hour minute")):
    """Local time of the terminal, to the minute."""

    def __new__(cls, year=2026, month=11, day=20, hour=0, minute=0):
        return super().__new__(cls, year, month, day, hour, minute)

    @property
    def utc_ms(self):
        return calendar.timegm((*self, 0)) * 1000 - UTC_OFFSET_MIN * 60000

    @classmethod
    def number(cls, minutes, year=2026, month=11):
        """The so many-th minute of a month."""
        return cls(year, month, 1 + minutes // 1440 % 28, minutes // 60 % 24, minutes % 60)

    @property
    def a15(self):
        return bcd(self.minute, 1) + bcd(self.hour, 1) + bcd(self.day, 1) + bcd(self.month, 1) + bcd(
            self.year % 100, 1)


def f25(pn, instant, seed):
    """A unit of class 1, F25: voltages, currents, powers of a meter. 23 values."""
    data = unit(pn, 25) + instant.a15
    for (_, size, _, _), value in zip(F25_FIELDS, f25_values(seed)):
        data += bcd(value, size)
    return data


def f25_items(seed):
    """What is to come out: {point: (mantissa, exponent)}."""
    return {(1, 0, c, 7, 0): (value, -decimals)
            for (_, _, decimals, c), value in zip(F25_FIELDS, f25_values(seed))}


def f129_values(seed):
    """A total and four tariffs of that sum; they grow with the seed."""
    return [seed * 10 + 10, seed * 10 + 4, 1, 2, 3]


def f129(pn, instant, seed, values=None):
    """A unit of class 1, F129: the import register and its four tariffs. 5 values."""
    data = unit(pn, 129) + instant.a15 + b"\x04"
    for value in values or f129_values(seed):
        data += bcd(value, 5)
    return data


def f129_items(seed):
    return {(1, 0, 1, 8, tariff): (value, -4) for tariff, value in enumerate(f129_values(seed))}


# ---- Frames of DL/T 698.45 ----

LOGIN698 = bytes.fromhex("010000 00b4 07e90403040f14050000")


def crc_x25(data):
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x8408 if crc & 1 else crc >> 1
    return struct.pack("<H", crc ^ 0xFFFF)


def frame698(control, apdu, client=0x10, terminal="000000000001"):
    address = b"\x05" + bytes.fromhex(terminal)[::-1]
    head = struct.pack("<H", 2 + 1 + len(address) + 1 + 2 + len(apdu) + 2) + bytes([control]) + address + bytes([client])
    body = head + crc_x25(head) + apdu
    return b"\x68" + body + crc_x25(body) + b"\x16"


def receive698(connection, rest):
    """The APDU of the next frame, with HCS and FCS checked, and the bytes behind it."""
    while len(rest) < 3 or len(rest) < 2 + struct.unpack_from("<H", rest, 1)[0]:
        piece = connection.recv(4096)
        check(piece, "closed")
        rest += piece
    size = 2 + struct.unpack_from("<H", rest, 1)[0]
    one, rest = rest[:size], rest[size:]
    equal((one[0], one[12:14], one[-3:-1], one[-1]), (0x68, crc_x25(one[1:12]), crc_x25(one[1:-3]), 0x16), "a frame")
    return one[14:-3], rest


# ---- Messages as the door and the feed give them ----

Message = collections.namedtuple(
    "Message", "sequence index kind terminal address area mp task received_ms raw freeze time_ms step_ms items")


def message_of(sequence, pair):
    index, fields = pair[0], pair[1]
    return Message(sequence, index, KINDS[fields[0]], *fields[1:11], fields[11])


def items_of(message):
    """{point: (mantissa, exponent)}"""
    return {point_number(item[0]): (item[1], item[2]) for item in message.items}


def item_identities(message):
    """(address, measuring point, freeze, instant, point) of each item, with value and quality."""
    for number, item in enumerate(message.items):
        yield ((message.address, message.mp, message.freeze, message.time_ms + number * message.step_ms, item[0]),
               (item[1], item[2]), item[3])


def check_no_doubles(messages):
    """No identity of a reading twice without `changed`. Returns {identity: values in order}."""
    seen = {}
    for message in messages:
        if message.kind == "reading" and message.time_ms:
            for identity, value, quality in item_identities(message):
                if identity in seen:
                    check(quality & CHANGED, "an identity twice without `changed`", identity, message)
                seen.setdefault(identity, []).append(value)
    return seen


# ---- The daemon ----

class Daemon:
    """fepd with a configuration, a store and an archive in a directory of its own."""

    def __init__(self, terminals=(), options=None, listener=None, directory=None, store=None, archive=None):
        check(BIN, "usage: test_<name>.py <folder of the programs>")
        self.directory = directory or tempfile.mkdtemp(prefix="fep-system-")
        self.own_directory = directory is None
        self.port, self.feed_port, self.door_port = free_ports(3)
        self.log_path = os.path.join(self.directory, "log")
        self.config_path = os.path.join(self.directory, "fep.yaml")
        self.csv_path = os.path.join(self.directory, "archive.csv")
        self.options = {"store.path": store or os.path.join(self.directory, "store"),
                        "store.reserve_bytes": 1 << 20, "archive.csv": self.csv_path, "connector.sessions": 400,
                        "feed.port": self.feed_port, "door.port": self.door_port, "history.values": 100000,
                        # instants of the tests are what they are, whatever the day
                        "validator.future_ms": YEARS_MS, "validator.past_ms": YEARS_MS}
        self.options.update(options or {})
        self.listener = {"name": "main", "address": "127.0.0.1", "port": self.port, "codec": "gdw1376"}
        self.listener.update(listener or {})
        self.alarms = []                 # rules, a dictionary each; written by write_config
        self.process, self.door, self.tokens = None, None, itertools.count(1)
        self.write_archive(terminals if archive is None else archive)
        self.write_config()
        _to_close.append(self.close)

    def write_archive(self, terminals):
        """Rows of address[, heartbeat_s[, area]], or the text itself."""
        with open(self.csv_path, "w") as file:
            if isinstance(terminals, str):
                file.write(terminals)
                return
            file.write("terminal,name,area,heartbeat_s,measuring_point,meter\n")
            for row in terminals:
                row = (row,) if isinstance(row, str) else tuple(row)
                address, heartbeat, area = row + ("", "", 0)[len(row):]
                file.write(f"{address},terminal {address},{area},{heartbeat},,\n")

    def write_config(self, **options):
        self.options.update({key.replace("__", "."): value for key, value in options.items()})
        sections = {}
        for key, value in self.options.items():
            section, name = key.split(".")
            sections.setdefault(section, {})[name] = value
        with open(self.config_path, "w") as file:
            for section, values in sections.items():
                file.write(f"{section}:\n")
                for name, value in values.items():
                    file.write(f"  {name}: {json.dumps(value)}\n")
            file.write("listeners:\n  - " + "\n    ".join(
                f"{key}: {json.dumps(value)}" for key, value in self.listener.items()) + "\n")
            if self.alarms:
                file.write("alarms:\n" + "".join(f"  - {json.dumps(rule)}\n" for rule in self.alarms))

    def launch(self, prepare=None):
        """Starts it and returns at once."""
        self.drop_door()
        def in_child():
            die_with_parent()
            if prepare:
                prepare()
        self.log_from = os.path.getsize(self.log_path) if os.path.exists(self.log_path) else 0
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([os.path.join(BIN, "fepd"), "-c", self.config_path], stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL, cwd=self.directory,
                                            preexec_fn=in_child)

    def start(self, attempts=3):
        """Starts it and waits for READY. A port that somebody took meanwhile is waited for."""
        for attempt in range(attempts):
            self.launch()
            wait_until(lambda: self.logged("READY") or self.process.poll() is not None, "READY")
            if self.process.poll() is None:
                return self
            taken = self.logged("LISTEN-FAILED") or self.logged("FEED-BIND") or self.logged("DOOR-BIND")
            if not taken or attempt + 1 == attempts:
                raise Failure(f"fepd ended with {self.process.returncode}\n" + self.log())
            time.sleep(0.2)
        return self

    def refused(self, prepare=None):
        """Starts it, expects it to refuse, and returns what it said."""
        self.launch(prepare)
        wait_until(lambda: self.process.poll() is not None or self.logged("READY"), "the refusal")
        check(not self.logged("READY"), "it started", self.log())
        check(self.process.returncode > 0, "ended by a signal", self.process.returncode, self.log())
        return self.log()

    def log(self):
        with open(self.log_path, errors="replace") as file:
            file.seek(self.log_from)
            return file.read()

    def logged(self, identifier, text=""):
        """The lines of that id since the last start which hold the text."""
        return [line for line in self.log().splitlines()
                if re.search(rf" {re.escape(identifier)}( |$)", line) and text in line]

    def kill(self):
        self.process.kill()
        self.process.wait()

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def stop(self):
        """An ordered stop; returns the verdict."""
        self.terminate()
        return self.process.wait(DEADLINE_S)

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def check_alive(self):
        check(self.process.poll() is None, f"fepd ended with {self.process.returncode}", self.log()[-2000:])

    def close(self):
        self.drop_door()
        if self.process and self.process.poll() is None:
            self.kill()
        if self.own_directory and not os.environ.get("FEP_TEST_KEEP"):
            shutil.rmtree(self.directory, ignore_errors=True)

    # ---- Door ----

    @property
    def feed_at(self):
        return f"tcp://127.0.0.1:{self.feed_port}"

    @property
    def door_at(self):
        return f"tcp://127.0.0.1:{self.door_port}"

    def drop_door(self):
        if self.door:
            self.door.close(0)
        self.door = None

    def ask_raw(self, word, body):
        """The answer's word and body."""
        if not self.door:
            self.door = CONTEXT.socket(zmq.DEALER)
            self.door.connect(self.door_at)
        token = next(self.tokens)
        self.door.send_multipart([word.encode(), msgpack.packb({"token": token, **body})])
        end = time.monotonic() + DEADLINE_S
        while time.monotonic() < end:
            if self.door.poll(100):
                answer, packed = self.door.recv_multipart()
                fields = msgpack.unpackb(packed)
                if fields.get("token") == token:
                    return answer.decode(), fields
            if self.process and self.process.poll() is not None:
                self.drop_door()
                raise Failure(f"fepd ended with {self.process.returncode}\n" + self.log()[-2000:])
        self.drop_door()
        raise Failure(f"no answer to {word}")

    def ask(self, word, **body):
        answer, fields = self.ask_raw(word, body)
        check(answer == word, f"{word} {body} answered {answer}", fields)
        return fields

    def status(self):
        return self.ask("STATUS")

    def metric(self, name):
        return self.status()["metrics"][name]

    def closed(self, reason):
        return self.status()["closed"].get(reason, 0)

    def refused_count(self, reason):
        return self.status()["refused"].get(reason, 0)

    def terminal_facts(self, address):
        return self.ask("TERMINAL", terminal=address)

    def fetch(self, start=1, **filters):
        """All messages from a sequence to the head."""
        messages = []
        while True:
            word, page = self.ask_raw("FETCH", {"from": start, **filters})
            check(word == "ROWS", f"FETCH answered {word}", page)
            for sequence, pairs in page["commits"]:
                messages += [message_of(sequence, pair) for pair in pairs]
            check(page["next"] > start or page["next"] > page["head"], "next does not advance", page["next"])
            start = page["next"]
            if start > page["head"]:
                return messages

    def readings(self, address=None):
        return self.fetch(kind="reading", **({"terminal": address} if address else {}))


# ---- Terminals ----

class Terminal:
    """The terminal's side of a connection. Confirmations are matched in the order of the reports."""

    def __init__(self, daemon, number=1, a1="0100", connect=True):
        self.daemon, self.a1, self.a2 = daemon, a1, number
        self.address = f"{a1}{number:05d}"
        self.socket, self.rest, self.closed = None, b"", False
        self.sequence = 0                    # of the next frame we initiate, mod 16
        self.waiting = collections.deque()   # (RSEQ, what) sent with CON=1, not confirmed
        self.confirmed = []                  # what, in order
        self.frames = []                     # all that came
        _to_close.append(self.close)
        if connect:
            self.connect()

    def connect(self):
        self.close()
        self.socket = socket.create_connection(("127.0.0.1", self.daemon.port), timeout=DEADLINE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest, self.closed = b"", False
        self.waiting.clear()
        return self

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket = None

    def reset(self):
        """Ends the connection as a broken path does: without a word to the peer's TCP but RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def send(self, data):
        self.socket.sendall(data)

    def build(self, afn, units, what=None, con=True, control=0xC4, sequence=None):
        """A frame we initiate; with CON=1 its confirmation is expected."""
        number = self.sequence if sequence is None else sequence
        self.sequence = (number + 1) % 16
        if con:
            self.waiting.append((number, what))
        return frame(self.a1, self.a2, afn, (0x70 if con else 0x60) | number, units, control)

    def pump(self, timeout_s=0.0):
        """Takes what has come. False once the daemon has closed the connection."""
        if self.closed or not self.socket:
            return False
        self.socket.settimeout(timeout_s)
        try:
            data = self.socket.recv(65536)
        except (BlockingIOError, socket.timeout):
            return True
        except OSError:
            data = b""
        finally:
            if self.socket:
                self.socket.settimeout(DEADLINE_S)
        if not data:
            self.closed = True
            return False
        frames, self.rest = split_frames(self.rest + data)
        for one in frames:
            self.take(one)
        return True

    def take(self, one):
        self.frames.append(one)
        user = one[6:-2]
        check(user[0] & 0x80 == 0, "a frame upwards", one.hex())
        check(user[1:5] == bytes.fromhex(self.a1)[::-1] + struct.pack("<H", self.a2), "address", one.hex())
        if user[6] == 0:
            check(self.waiting, "a confirmation of nothing", one.hex())
            number, what = self.waiting.popleft()
            check(user[7] & 0xF0 == 0x60, "SEQ of a confirmation: FIR, FIN, no CON", one.hex())
            equal(user[7] & 15, number, f"RSEQ of the confirmation of {what}")
            equal(user[8:12], bytes.fromhex("00000100"), "a confirmation is F1 of p0")
            self.confirmed.append(what)

    def wait(self, predicate, text, deadline_s=DEADLINE_S):
        end = time.monotonic() + deadline_s
        while not predicate():
            check(self.pump(0.05) or predicate(), f"{self.address}: closed before: {text}",
                  self.daemon.log()[-1500:])
            check(time.monotonic() < end, f"{self.address}: not within {deadline_s} s: {text}")

    def wait_confirmed(self, deadline_s=DEADLINE_S):
        self.wait(lambda: not self.waiting, f"{len(self.waiting)} confirmations", deadline_s)

    def wait_closed(self, deadline_s=DEADLINE_S):
        wait_until(lambda: not self.pump(0.05), f"{self.address}: closed by the daemon", deadline_s, 0)

    def login(self):
        self.send(self.build(2, bytes.fromhex(LOGIN), "login", control=0xC9))
        self.wait_confirmed()
        return self

    def heartbeat(self):
        self.send(self.build(2, bytes.fromhex(HEARTBEAT), "heartbeat", control=0xC9))
        self.wait_confirmed()

    def logout(self):
        self.send(self.build(2, bytes.fromhex(LOGOUT), "logout", control=0xC9))

    def report(self, units, what=None, sequence=None):
        """Class 1 data with CON=1; does not wait."""
        self.send(self.build(0x0C, units, what, sequence=sequence))

    def confirmed_report(self, units, what=None):
        self.report(units, what)
        self.wait_confirmed()


# ---- Feed ----

Publication = collections.namedtuple("Publication", "topic what epoch sequence prev time_ms body")


def publication_of(frames):
    topic, head, body = frames
    fields = msgpack.unpackb(head)
    equal(fields[0], 1, "version of the feed")
    return Publication(topic.decode(), *fields[1:6], msgpack.unpackb(body))


class Subscriber(threading.Thread):
    """Records everything that is published under its topics."""

    def __init__(self, daemon, *topics):
        super().__init__(daemon=True)
        self.endpoint, self.topics = daemon.feed_at, topics or ("",)
        self.ended, self.fault = threading.Event(), None
        self.all = []
        _to_close.append(self.close)
        self.start()

    def run(self):
        feed = CONTEXT.socket(zmq.SUB)
        feed.rcvhwm = 0
        for topic in self.topics:
            feed.subscribe(topic)
        feed.connect(self.endpoint)
        while not self.ended.is_set():
            if feed.poll(50):
                try:
                    self.all.append(publication_of(feed.recv_multipart()))
                except Exception as fault:
                    self.fault = fault
        feed.close(0)

    def close(self):
        self.ended.set()
        if self.is_alive():
            self.join()

    def notes(self, topic):
        return [one for one in list(self.all) if one.what == "NOTE" and one.topic == topic]

    def ticks(self, topic):
        return [one for one in list(self.all) if one.what == "TICK" and one.topic == topic]

    def data(self, prefix=""):
        return [one for one in list(self.all) if one.what == "DATA" and one.topic.startswith(prefix)]

    def messages(self, prefix=""):
        return [message_of(one.sequence, pair) for one in self.data(prefix) for pair in one.body]

    def wait_subscribed(self, topic):
        """A TICK on that very topic, which must be among those subscribed to, says that it counts."""
        wait_until(lambda: self.ticks(topic), f"a TICK on {topic}")
        return self


# ---- Running a test ----

def run():
    """Runs the functions test_* of the program, in their order. Ends the program."""
    names = [name for name in vars(sys.modules["__main__"]) if name.startswith("test_")]
    wanted = sys.argv[2:] or names
    failed = 0
    for name in wanted:
        began = time.monotonic()
        try:
            vars(sys.modules["__main__"])[name]()
            verdict = "ok"
        except Skipped as reason:
            verdict = f"skipped: {reason}"
        except BaseException as fault:
            if not isinstance(fault, Exception):
                raise
            traceback.print_exc()
            verdict, failed = "FAILED", failed + 1
        finally:
            close_all()
        print(f"{verdict:8} {name} ({time.monotonic() - began:.1f} s)", flush=True)
    sys.exit(1 if failed else 0)


class Skipped(Exception):
    pass


def close_all():
    while _to_close:
        try:
            _to_close.pop()()
        except Exception:
            traceback.print_exc()


def cleanup(function):
    """To be called when the test at hand ends."""
    _to_close.append(function)


def program(*arguments, **options):
    """Runs a program to its end and returns it with its output."""
    return subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=DEADLINE_S, **options)
