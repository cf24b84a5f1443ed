"""The simulated gateways against a master of our own that knows them only by bench/sim_meter.profile, and the checker's
verdict on what that master read."""
import json
import os
import re
import select
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

import harness
from harness import BIN, DEADLINE_S, ROOT, check, cleanup, equal, wait_until

sys.path.insert(0, os.path.join(ROOT, "bench"))
import check as checker  # noqa: E402
import values  # noqa: E402

PROFILE = os.path.join(ROOT, "bench", "sim_meter.profile")
ORDERS = {"ABCD": (0, 1, 2, 3), "CDAB": (2, 3, 0, 1), "BADC": (1, 0, 3, 2), "DCBA": (3, 2, 1, 0)}
MISSING = [None, 1]


def crc(data):
    remainder = 0xFFFF
    for byte in data:
        remainder ^= byte
        for _ in range(8):
            remainder = remainder >> 1 ^ (0xA001 if remainder & 1 else 0)
    return struct.pack("<H", remainder)


def points():
    """name -> packed number, from the dictionary."""
    with open(os.path.join(ROOT, "fep", "point.def")) as file:
        rows = re.findall(r'^POINT_ROW \((\d+), (\d+), (\d+), (\d+), (\d+), \d+,\s*"([^"]+)"', file.read(), re.M)
    return {name.replace("*", "total"): values.point(*map(int, numbers)) for *numbers, name in rows}


class Row:
    """A register of the profile."""

    def __init__(self, words, order, dictionary):
        self.point = dictionary[words[1]]
        self.function, self.address, self.type = int(words[2]), int(words[3], 0), words[4]
        keys = dict(word.split("=") for word in words[5:])
        self.order, self.scale = keys.get("order", order), keys.get("scale", "1")
        self.none = int(keys["none"], 0) if "none" in keys else None
        self.size = {"16": 1, "32": 2, "64": 4}.get(self.type[-2:], 1)

    def item(self, registers):
        data = b"".join(struct.pack(">H", register) for register in registers)
        if self.order == "CDAB" and self.size == 4:
            data = data[6:8] + data[4:6] + data[2:4] + data[0:2]
        elif self.size == 2:
            data = bytes(data[i] for i in ORDERS[self.order])
        raw = int.from_bytes(data, "big", signed=self.type[0] == "i")
        if raw == self.none:
            return [self.point, *MISSING, 1]
        if self.type == "f32":
            return [self.point, struct.unpack(">f", data)[0], 0, 0]
        if self.type.startswith("bits"):
            _, first, count = self.type.split(":")
            return [self.point, raw >> int(first) & (1 << int(count)) - 1, None, 0]
        if self.type.startswith("bcd"):
            raw = int(data.hex())
        return [self.point, raw, -(len(self.scale) - 2) if self.scale != "1" else 0, 0]


def profile():
    """Its requests: [(function, first, count, rows), ...], neighbours within the gap read together."""
    dictionary, rows, order, gap = points(), [], "ABCD", 0
    with open(PROFILE) as file:
        for line in file:
            words = line.split("#")[0].split()
            if words and words[0] == "order":
                order = words[1]
            elif words and words[0] == "gap":
                gap = int(words[1])
            elif words and words[0] == "register":
                rows.append(Row(words, order, dictionary))
    blocks = []
    for row in sorted(rows, key=lambda r: (r.function, r.address)):
        if blocks and row.address - (blocks[-1][-1].address + blocks[-1][-1].size) <= gap:
            blocks[-1].append(row)
        else:
            blocks.append([row])
    return [(rows[0].function, rows[0].address, rows[-1].address + rows[-1].size - rows[0].address, rows)
            for rows in blocks]


class Gateway:
    """The master's end of one connection."""

    def __init__(self, connection):
        self.socket, self.rest, self.beats = connection, b"", 0
        self.socket.settimeout(DEADLINE_S)
        cleanup(self.socket.close)
        self.imei = self.take(15).decode()
        check(self.imei.isdigit(), "a registration of 15 digits", self.imei)

    def take(self, size):
        while len(self.rest) < size:
            data = self.socket.recv(4096)
            check(data, "closed by the gateway")
            self.rest += data
        data, self.rest = self.rest[:size], self.rest[size:]
        return data

    def answer(self):
        """The next answer; heartbeats before it are counted."""
        data = self.take(2)
        while data == b"HB":
            self.beats += 1
            data = self.take(2)
        data += self.take(3 if data[1] & 0x80 else 1)
        if not data[1] & 0x80:
            data += self.take(data[2] + 2)
        equal(crc(data[:-2]), data[-2:], "checksum of an answer")
        return data

    def send(self, *requests):
        self.socket.sendall(b"".join(request + crc(request) for request in requests))

    def ask(self, unit, function, first, count):
        self.send(struct.pack(">BBHH", unit, function, first, count))
        return self.answer()

    def read(self, unit, block):
        """The message fepd would make of it, without its place."""
        function, first, count, rows = block
        data = self.ask(unit, function, first, count)
        equal((data[0], data[1], data[2]), (unit, function, 2 * count), "head of an answer")
        registers = struct.unpack(f">{count}H", data[3:-2])
        items = [row.item(registers[row.address - first:][:row.size]) for row in rows]
        return [checker.READING, 1, self.imei, 0, unit, 0, int(time.time() * 1000), b"", 0, 0, 0, items]

    def wait_end(self):
        """Until the gateway ends the connection; heartbeats may still come."""
        while self.socket.recv(4096):
            pass


class Fleet:
    """fepsim with gateways only, and a listener for them."""

    def __init__(self, gateways, *options, directory=None):
        self.directory = directory or tempfile.mkdtemp(prefix="fep-fleet-")
        cleanup(lambda: shutil.rmtree(self.directory, ignore_errors=True))
        self.ledger = os.path.join(self.directory, "ledger")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(DEADLINE_S)
        cleanup(self.listener.close)
        self.process = subprocess.Popen(
            [os.path.join(BIN, "fepsim"), "--terminals", str(gateways), "--dtus", str(gateways), "--dtu-port",
             str(self.listener.getsockname()[1]), "--ledger", self.ledger, "--state",
             os.path.join(self.directory, "state"), *options],
            stdout=subprocess.PIPE, text=True, preexec_fn=harness.die_with_parent)
        cleanup(self.process.kill)
        self.gateways = [self.accept() for _ in range(gateways)]

    def accept(self):
        return Gateway(self.listener.accept()[0])

    def stop(self):
        """The summary."""
        self.process.terminate()
        for gateway in self.gateways:
            gateway.wait_end()
            gateway.socket.close()
        output, _ = self.process.communicate(timeout=DEADLINE_S)
        equal(self.process.returncode, 0, "verdict of fepsim")
        return json.loads(output.splitlines()[-1])


def verdict(fleet, journal_messages, feed_messages=None):
    """The checker's counts, every message in a commit of its own; None is a commit that has none."""
    tallies = []
    for name, messages in (("journal", journal_messages), ("feed", feed_messages or journal_messages)):
        tally = checker.Tally(name, 480, 1440)
        for sequence, message in enumerate(messages, 1):
            if message:
                tally.add(sequence, 0, message)
        tallies.append(tally)
    ledger, answers = checker.read_ledger(fleet.ledger)
    earlier = checker.Tally("earlier", 480, 1440)
    facts, examples = checker.compare(ledger, answers, (set(), set()), *tallies, earlier, len(journal_messages), 1)
    return facts, examples + tallies[0].examples + tallies[1].examples


def bad(facts):
    return {name: facts[name] for name in ("lost", "doubled", "wrong") if facts[name]}


def changed(messages, at, change):
    copy = json.loads(json.dumps([[field if field != b"" else "" for field in message] for message in messages]))
    change(copy[at])
    return copy


def poll(fleet, blocks, meters, rounds):
    """Messages of whole rounds over all gateways and meters."""
    return [gateway.read(unit, block) for _ in range(rounds) for gateway in fleet.gateways
            for unit in range(1, meters + 1) for block in blocks]


def test_polled():
    blocks = profile()
    equal([(first, count) for _, first, count, _ in blocks], [(0, 22), (256, 16)], "requests of the profile")
    fleet = Fleet(3, "--meters", "2", "--split-every", "3", "--heartbeat-ms", "100")
    messages = poll(fleet, blocks, 2, 10)
    for gateway in fleet.gateways:
        wait_until(lambda: gateway.ask(1, 3, 0, 0)[1] == 0x83 and gateway.beats, "heartbeats among refusals")
    summary = fleet.stop()
    facts, examples = verdict(fleet, messages)
    equal(bad(facts), {}, f"faults of a sound journal {examples}")
    equal((summary["answers"], facts["polled"]["answers"], facts["polled"]["committed"]), (120, 120, 120), "answers")
    #  The refused request said that everything before it was taken.
    equal((facts["polled"]["open"], facts["polled"]["given_up"]), (0, 0), "fates")
    check(summary["exceptions"] >= 3, "refusals", summary)
    check_faults(fleet, messages)


def check_faults(fleet, messages):
    """Every kind of fault is found."""
    def value(message):
        message[11][3][1] += 1

    def single(message):
        message[11][8][1] = struct.unpack("f", struct.pack("I", struct.unpack("I", struct.pack(
            "f", message[11][8][1]))[0] + 1))[0]

    def suspect(message):
        message[11][0][3] |= checker.SUSPECT

    def held(message):
        message[0] = checker.HELD

    def short(message):
        message[11].pop()

    def unnamed(message):
        message[11].pop(0)

    def future(message):
        message[11][0][1] += 1000

    def other_unit(message):
        message[4] = 3 - message[4]

    faults = [("lost", messages[:7] + messages[8:], None), ("doubled", messages + [messages[5]], None),
              ("wrong", changed(messages, 4, value), None), ("wrong", changed(messages, 6, single), None),
              ("wrong", changed(messages, 8, suspect), None), ("wrong", changed(messages, 9, held), None),
              ("lost", changed(messages, 1, short), None), ("wrong", changed(messages, 3, unnamed), None),
              ("wrong", changed(messages, 3, future), None), ("wrong", changed(messages, 3, other_unit), None),
              ("lost", messages, messages[:-1]), ("wrong", messages[:-2] + [None] + messages[-1:], messages)]
    for number, (name, journal, feed) in enumerate(faults):
        facts, examples = verdict(fleet, journal, feed)
        check(facts[name] > 0, f"fault {number} was not found {name}", facts, examples)


def test_exchange_in_one_message():
    """A codec may make one message of an exchange."""
    blocks = profile()
    fleet = Fleet(1, "--meters", "4")
    messages = poll(fleet, blocks, 4, 3)
    fleet.stop()
    joined = [first[:11] + [first[11] + second[11]] for first, second in zip(messages[::2], messages[1::2])]
    facts, examples = verdict(fleet, joined)
    equal(bad(facts), {}, f"faults of a sound journal {examples}")
    #  The last exchange was not followed by a request: it may be missing, an earlier one may not.
    equal((facts["polled"]["taken"], facts["polled"]["open"]), (22, 2), "fates")
    facts, _ = verdict(fleet, joined[:-1])
    equal((bad(facts), facts["polled"]["missing_open"]), ({}, 2), "without the last exchange")
    facts, _ = verdict(fleet, joined[1:])
    equal(bad(facts), {"lost": 2}, "without the first exchange")


def test_given_up():
    """Asked again, asked too early, broken off: such answers may be missing; the ledger knows each."""
    first, second = profile()
    fleet = Fleet(1, "--meters", "2", "--connects-per-s", "100")
    gateway = fleet.gateways[0]
    kept = [gateway.read(1, first)]
    gateway.read(1, second)                       # Given up: asked again
    kept += [gateway.read(1, second), gateway.read(2, first), gateway.read(2, second)]
    requests = [struct.pack(">BBHH", unit, 3, 0, 22) for unit in (1, 2)]
    gateway.send(*requests)                       # Joined: the first one is given up
    equal([gateway.answer()[0] for _ in requests], [1, 2], "answers in order")
    for byte in requests[0] + crc(requests[0]):   # In pieces
        gateway.socket.sendall(bytes([byte]))
    equal(gateway.answer()[0], 1, "an answer to a request in pieces")
    gateway.socket.close()                        # Open
    gateway = fleet.gateways[0] = fleet.accept()
    kept += [gateway.read(1, second), gateway.read(2, first)]
    summary = fleet.stop()
    equal({name: summary[name] for name in ("answers", "given_up", "open", "reconnects")},
          {"answers": 10, "given_up": 2, "open": 2, "reconnects": 1}, "fates")
    facts, examples = verdict(fleet, kept)
    #  Of the ten the joined second one was taken and is not in this journal.
    equal(bad(facts), {"lost": 1}, f"faults {examples}")
    equal((facts["polled"]["missing_given_up"], facts["polled"]["missing_open"]), (2, 1), "missing as may be")


def test_silence():
    """Nothing for a unit it does not have, for a broken checksum and a broadcast; a master asks on."""
    fleet = Fleet(1, "--meters", "2")
    gateway = fleet.gateways[0]
    gateway.send(b"\x03\x03\x00\x00\x00\x02")
    gateway.send(b"\x00\x06\x00\x00\x00\x02")
    gateway.socket.sendall(bytes.fromhex("01030000000ac5cc"))
    wait_until(lambda: gateway.ask(2, 4, 0, 2)[0] == 2, "an answer behind broken bytes")
    equal(gateway.ask(2, 5, 0, 0xFF00)[1:3], b"\x85\x01", "another function")
    equal(gateway.ask(1, 3, 20, 3)[1:3], b"\x83\x02", "outside the map")
    equal(select.select([gateway.socket], [], [], 0)[0], [], "more answers than requests")
    summary = fleet.stop()
    equal((summary["answers"], summary["exceptions"], summary["silent"]), (1, 2, 2), "counts")
    check(summary["noise"] >= 8, "noise", summary)


def test_goes_on():
    """A second run's meters count on from the first one's, also when that was killed."""
    blocks = profile()
    fleet = Fleet(2, "--meters", "2")
    before = poll(fleet, blocks, 2, 3)
    fleet.stop()
    fleet = Fleet(2, "--meters", "2", directory=fleet.directory)
    after = poll(fleet, blocks, 2, 1)
    equal(after[0][11][0][1], before[-8][11][0][1] + 1, "the import register behind the stop")
    state = os.path.join(fleet.directory, "state")
    stamp = os.stat(state).st_mtime_ns
    wait_until(lambda: os.stat(state).st_mtime_ns != stamp, "the state file is written in the run")
    fleet.process.kill()
    fleet.process.wait()
    fleet = Fleet(2, "--meters", "2", directory=fleet.directory)
    last = poll(fleet, blocks, 2, 1)
    check(last[0][11][0][1] > after[0][11][0][1] + 1, "counters were saved ahead", last[0], after[0])
    fleet.stop()
    equal(bad(verdict(fleet, last)[0]), {}, "faults of the last run")


if __name__ == "__main__":
    harness.run()
