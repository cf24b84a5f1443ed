#!/usr/bin/python3
"""Writes a seed corpus for one fuzz target: seeds.py TARGET DIRECTORY. Frames come from the published vectors."""
import json
import pathlib
import re
import sys

import msgpack

VECTORS = pathlib.Path(__file__).resolve().parent.parent / "vectors"

CONFIG = b"""listeners:
  - {name: a, address: 127.0.0.1, port: 7600, codec: gdw1376, sessions: 10}
  - {name: b, address: "::1", port: 7610, codec: gdw1376, address_style: hex, password_size: 2}
  - {name: c, address: "::1", port: 7611, codec: dtu, registration: 'ID{id:4}|{imei}', heartbeat: '\\xFF', heartbeat_echo: yes}
line: {packet_ms: 100, repeats: 0}
connector: {count: 2, sessions: 100}
storage: {durability: os, linger_us: 0}
log: {level: debug}
"""


def sized(data):
    return len(data).to_bytes(2, "little") + data


def vectors(codec):
    """Frames of the codec's vectors, and its cases as lists of (word, frame)."""
    lines = (VECTORS / f"{codec}.jsonl").open() if (VECTORS / f"{codec}.jsonl").exists() else []
    frames = [bytes.fromhex(json.loads(line)["hex"]) for line in lines]
    cases = []
    for block in (VECTORS / f"{codec}.vec").read_text().split("\n\n"):
        words = re.findall(r"^(hex|down|send|given|flight)\s+((?:[0-9a-fA-F]{2} ?)+)$", block, re.M)
        cases.append([(word, bytes.fromhex(text)) for word, text in words])
    return frames, [case for case in cases if case]


def ask(kind, points=(), operation=0, meter=0, data=b"", how=0x01, span=48, mp=1, freeze=3):
    """A request of every field; see fuzz_take_request."""
    said = bytes([4, kind, mp, freeze, operation, len(points), how]) + span.to_bytes(2, "little") + bytes(4)
    said += b"".join(point.to_bytes(2, "little") + b"\x18\0\0\x04\xd2" for point in points)
    return said + bytes([meter, len(data)]) + data


def asks(codec):
    """Requests of every kind, each with answers that begin as it does."""
    passed = {"modbus_rtu": "0300000002", "modbus_tcp": "0300000002", "dlt645": "1100000100", "cjt188": "011f9000",
              "dlt698": "050105200f020000", "dlt698_meter": "050105200f020000", "gdw1376": "0c0100010100",
              "iec104": "640106000100000000" + "14"}
    data = bytes.fromhex(passed.get(codec, ""))
    yield from (ask(3, data=data, meter=meter) for meter in range(4))
    for meter in range(6):
        yield ask(0, meter=meter)
        for freeze in (1, 3, 4):
            yield ask(1, meter=meter, freeze=freeze)
    yield from (ask(2, how=how) for how in (0, 0x18, 0x38))
    yield from (ask(0, points=(2 * i, 0x8000 | i, 0x8001 | i), how=how) for i in range(1, 60, 6) for how in (1, 0x81))
    yield from (ask(5, points=(0x8000 | i, 0x8002 + i)) for i in range(24))
    yield from (ask(kind, operation=operation, points=points, how=how) for kind in (6, 7) for operation in range(12)
                for points in ((), (0x8000 + 2 * operation,)) for how in (1, 5))
    yield from (ask(kind, points=(0x8000 + 2 * i,), how=5, mp=mp) for kind in (6, 7) for i in range(14) for mp in (0, 1))
    yield ask(4)
    yield ask(8) + b"\x05\x05\x05" + bytes(200)


def codec_seeds(codec):
    """The first byte: 0 the codec alone, 1 a session; then lists of steps: see codec/talk.c and codec/session.c."""
    frames, cases = vectors(codec)
    if codec == "dlt698_meter":  # the same frames
        frames += vectors("dlt698")[0]
    if codec.startswith("dlt698"):  # and every service, as far as its head
        head = bytes.fromhex("680000c3050100151123201000 00")
        frames += [head + bytes([tag, kind, 0]) + bytes.fromhex(text) + bytes(3)
                   for tag in (*range(1, 11), 16, 110, *range(129, 139), 144, 238) for kind in range(1, 6)
                   for text in ("4000020000000000", "014000020000014000020001120001000000")]
    begin = b"\0\0\0"
    for like in (0, 1, 2, 4, 0x20, 0x88, 0x90):
        for frame in frames + [frame for case in cases for word, frame in case if word in ("hex", "down")]:
            yield bytes([0, like, 0]) + b"\0" + sized(frame) + b"\x01" + sized(frame)
    for frame in frames:
        yield begin + b"\x10" + sized(frame) + b"\x11" + sized(frame) + b"\x02" + sized(frame) + b"\x08" + sized(frame)
        yield begin + b"\x07" + sized(frame) + b"\x03\xff" + sized(frame[-12:]) + b"\x06" + sized(frame) + b"\x0b\xff"
    for case in cases:
        steps = {"hex": b"\0", "down": b"\x10", "send": b"\x07", "given": b"\0", "flight": b"\x07"}
        yield begin + b"".join(steps[word] + sized(frame) for word, frame in case)
        yield begin + b"".join(steps[word].replace(b"\0", b"\x01") + sized(frame) for word, frame in case)
    known = [frame for case in cases for word, frame in case if word == "given"]
    known += [frame for frame in frames if codec == "dlt698" and frame[3] == 0x81]
    known = b"\0" + sized(known[0] if known else b"")
    if codec == "iec104":  # the station confirms that it may talk
        known = b"\x0b\x01\0" + sized(bytes.fromhex("68040b000000"))
    for number, asked in enumerate(asks(codec)):
        answers = [b"\x03" + bytes([keep]) + sized(bytes.fromhex(text)) + b"\x05"
                   for keep in (255, 21, 18, 14) for text in ("", "000000", "0106000012340000", "0000123456780100")]
        answers = b"".join(answers[number % 3:] if number & 8 else answers[:5])
        seal = b"\x0a\x08\x02\0\0\0" if number & 1 else b""
        yield begin + known + seal + asked + answers
        yield b"\0\x40\x10" + known + seal + asked + b"\x05\x15\x25" + answers + b"\x0b\xff" * 3
    if codec == "dtu":
        talk = b"ID7001LOG\xFFID7001\x01\x03\x02\x00\x07\xF9\x86HB01\xAA\x05413"
        yield from (bytes([0, like, line]) + b"\0" + sized(talk) for like in (0, 0x20, 0x80, 0xA0) for line in range(5))
    yield from session_seeds(codec, frames)


def pack_seeds():
    items = [[0x10010800, 123456, -2, 2048], [0x10010801, None, 1, 1], [1, 5, None, 0], [2, "text", 0, 0],
             [3, 1.5, 0, 0]]
    messages = [[kind, 7, "310100001", 3, 1, 0, 1795258123825, b"h", 1, 1795227300000, 900000, items[:kind]]
                for kind in range(1, 6)]
    for count in range(len(messages) + 1):
        yield msgpack.packb([1, 1, 5, 1 << 60, messages[:count]])
    yield msgpack.packb([1, 1, 5, 6, messages]) * 2


def config_seeds():
    yield CONFIG
    for line in CONFIG.splitlines():
        yield line + b"\n"


def profile_seeds():
    for path in sorted((VECTORS.parent.parent / "profiles").glob("*.profile")):
        yield path.read_bytes()
        for line in path.read_bytes().splitlines():
            yield b"profile p\ncodec modbus_rtu\n" + line + b"\n"
    for word in (b"period 15m", b"most 40", b"offset -1", b"register relay.state 1 9 bit none=1",
                 b"register input.state 3 9 bits:4:3 order=DCBA",
                 b"object voltage.l1_V 0x4001 ca=7 mp=2 scale=0.1 group=3", b"object relay.state 9 counter=5",
                 b"object relay.state 0x6001 command=double select=1 time=1 qualifier=3", b"register voltage.l1_V 3 1 i64 none=-1 scale=0.01"):
        yield b"profile p\ncodec modbus_rtu\n" + word + b"\n"


def task_seeds():
    points = b"points energy.active.import.total_kWh 1.0.2.8.0\n"
    for kind in (b"real_time", b"status", b"curve", b"daily", b"monthly", b"event"):
        yield b"task t\ntype " + kind + b"\n" + (b"" if kind == b"event" else points)
    for line in (b"group north", b"area 3", b"terminal 310100001", b"period 15m", b"offset 45m", b"spread 90s",
                 b"from 2026-11-01\nto 2027-10-31", b"priority 0", b"rereads 250", b"reread_every 1h", b"window 36h",
                 b"share 50", b"paused yes"):
        yield b"task t\ntype curve\n" + points + line


def session_seeds(codec, frames):
    """Lists of steps: admit, pass, ask, feed; see codec/session.c."""
    def feed(data):
        return b"\x08" + bytes([min(len(data), 255)]) + data[:255]

    login = feed(b"864201060000001HB")
    answers = feed(bytes.fromhex("010304000000000a0dfa33")) + feed(bytes.fromhex("01830300f0"))
    for like in (0, 1, 2, 3, 4, 0x0C, 0x20):
        for how in (0x0C, 0x0E, 0x0F, 0x04, 0x01, 0x18):
            asked = b"".join(b"\x02" + bytes([kind, how]) + b"\x03\0" + b"\x06\x00\x40" for kind in range(9))
            yield bytes([1, like]) + login + b"\x03\x20" + asked + answers + b"\x01\xff" * 4 + b"\x04\x00"
    yield b"\x01\0" + feed(b"LOGIN:7001") + b"\x01\x10\x03\x1b" + b"\x02\0\x3c\0\0\x01\x20" + answers
    for like in (4, 0, 0x0C):
        for frame in frames:
            yield (bytes([1, like]) + feed(frame) + b"\x03\x20" + feed(frame) + b"\x02\0\x04\0\0\x05\x02\x03\x04\x03\0"
                   + b"\x04\x90\x08" + bytes(8) + b"\x02\0\x0c\0\0\x04\x90\x08" + bytes(8) + b"\x01\xff")


def iec104_seeds():
    """Lists of steps: feed, plain, time, durable, ask; see fuzz_iec104.c."""
    start = b"\x03\x01\x02\x0b\0"
    asdus = [bytes.fromhex(json.loads(line)["hex"])[6:] for line in (VECTORS / "iec104.jsonl").open()
             if json.loads(line)["protocol"] == "iec104"]
    for asdu in asdus:
        if 0 < len(asdu) < 64:
            feed = b"\0" + bytes([len(asdu)]) + asdu
            yield start + feed + b"\x0c" + b"\x03\xff"
            yield start + b"\x05\x01" + bytes([len(asdu) & 126]) + asdu[:len(asdu) & 126] + bytes(10) + feed
    for kind in range(6):
        for which in (0, 1, 5, 7, 9, 0x8A, 0x8B):
            for value in (b"\0\0\0\0\0\0\0\x01", b"\x7f" + b"\xff" * 7):
                ask = b"\x05" + bytes([kind, which]) + bytes(which & 63) + value
                yield start + ask + b"\xff\x00" + b"\x05\x80" + b"\x03\x0a"
                yield start + ask + b"\x00\x02" + b"\x05\x80" + b"\x03\xff" * 3


def main():
    target, directory = sys.argv[1], pathlib.Path(sys.argv[2])
    seeds = {"fuzz_pack": pack_seeds, "fuzz_config": config_seeds, "fuzz_profile": profile_seeds,
             "fuzz_task": task_seeds, "fuzz_iec104": iec104_seeds}
    made = codec_seeds(target[len("codec_"):]) if target.startswith("codec_") else seeds[target]()
    for number, seed in enumerate(made):
        (directory / f"seed-{number:04d}").write_bytes(seed)


main()
