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


def vector_frames(codec):
    """Frames of a vector file, as hex."""
    return re.findall(r"^(?:hex|down|send|durable) +([0-9a-f ]+)$", (VECTORS / f"{codec}.vec").read_text(), re.M)


def codec_seeds():
    table = (VECTORS.parent.parent / "codecs" / "codecs.def").read_text()
    for number, codec in enumerate(re.findall(r"^CODEC \((\w+)\)", table, re.M)):
        lines = (VECTORS / f"{codec}.jsonl").open() if (VECTORS / f"{codec}.jsonl").exists() else []
        frames = [bytes.fromhex(json.loads(line)["hex"]) for line in lines]
        heads = [b""]
        if codec == "modbus_rtu":  # how and how large a request is in flight, and the request
            heads = [b"\0", b"\x40", b"\x08\x11\x03\x01\x60\x00\x03\x06\xb9", b"\x85\x03\x00\x00\x00\x02"]
            heads += [b"\x41\x00", b"\x41\x01"]
            heads += [bytes([0xC0 | len(values)]) + values for values in  # points and values to write
                      (b"\0\x02\0\x01\x04", b"\0\x05\0\x07\x04\x06\0\x01\x04", b"\x01\x09\0\x05\x04", b"\0\x09\0\x05\x04")]
            frames += [bytes.fromhex(text) for text in ("11030400060005cbf0", "110101019488", "118302c134")]
            frames += [frame[:-2] for frame in frames]
        if codec == "cjt188":  # the request: passed, or none; then what the frame is made of
            heads = [b"\0", b"\x40", b"\x84\x01\x1f\x90\x00", b"\x84\x04\xa0\x17\x00"]
            frames += [b"\0" + frame[1:10] + frame[11:-2] for frame in frames]
            address = b"\x17" + bytes(6)
            for text in ("1081 20d1000010000005", "2081 1f90005634120005785634120523010014452301351900"
                         "00002c7630683073020000324111120907200000", "1081 05810007005000000050010000251900000100",
                         "1081 00d3000000050111232056341200 2c4523010035502100450000", "10c1 000400", "1083 810a00",
                         "1084 17a0000000", "1089 06810003"):
                made = bytes.fromhex(text)
                frames.append(b"\0" + made[:1] + address + made[1:])
        if codec == "modbus_tcp":  # and the same from the transaction on, without its head
            frames += [frame[:2] + frame[6:] for frame in frames]
        if codec == "dtu":
            frames += [b"ID7001LOG\xFFID7001\x01\x03\x02\x00\x07\xF9\x86HB01\xAA\x05413" + bytes([knows])
                       for knows in range(8)]
        if codec == "iec104":  # also as what stands behind start and length, with the station's profile or without
            frames += [frame[2:] + knows for frame in frames for knows in (b"\x40", b"\0")]
        if codec.startswith("dlt698"):  # also as C and user data; a meter's behind a request
            frames = [bytes.fromhex(text) for text in vector_frames("dlt698")]
            heads = [b"\0", b"\x40"] if codec.endswith("meter") else heads
            frames += [frame[3:4] + frame[14:-3] for frame in frames if frame[4:5] == b"\x05"]
        for way in range(8):
            for head in heads:
                for frame in frames + [b"".join(frames[:8])]:
                    yield bytes([number << 3 | way]) + head + frame


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


def session_seeds():
    """Lists of steps: admit, pass, ask, feed; see fuzz_session.c."""
    def feed(data):
        return b"\x06" + bytes([len(data)]) + data

    frames = [json.loads(line) for path in sorted(VECTORS.glob("*.jsonl")) for line in path.open()]
    raw = [bytes.fromhex(frame["hex"]) for frame in frames]
    login = feed(b"864201060000001HB")
    answers = feed(bytes.fromhex("010304000000000a0dfa33")) + feed(bytes.fromhex("01830300f0"))
    for how in (0x31, 0x39, 0x3B, 0x30, 0x01, 0x59):
        yield b"\x01" + login + b"\x03\x00" + b"\x02" + bytes([how]) + b"\x00\x40" + answers + b"\x01\xff" * 4 + b"\x04\x00"
    yield b"\x01" + feed(b"LOGIN:7001") + b"\x01\x10\x03\x1b" + b"\x02\x39\x02\x59\x01\x20" + answers
    for number, frame in enumerate(raw):
        if len(frame) < 256:
            yield bytes([number & 1]) + feed(frame) + b"\x03\x00" + feed(frame) + b"\x02\x01\x05\x00\x01\xff"


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


def dlt698_seeds():
    """Lists of steps: request, answer to it, durable, wrap; see fuzz_dlt698.c."""
    def step(how, data=b""):
        return bytes([how, len(data)]) + data

    frames = [bytes.fromhex(text) for text in vector_frames("dlt698") + vector_frames("dlt698_meter")]
    users = [frame[3:4] + frame[14:-3] for frame in frames if frame[4:5] == b"\x05" and len(frame) < 256]
    login = step(5, bytes.fromhex("8101000000b407e90403040f14050000"))
    asks = [bytes([kind, mp, freeze, operation]) + bytes.fromhex("0a0000000000ffff3011310600010201010002020001")
            for kind in range(8) for mp in (0, 1, 2) for freeze in (1, 3, 4) for operation in (1, 3)]
    for who in (b"\0", b"\1"):
        for user in users:
            yield who + login + step(5, user) + step(2)
        for number, ask in enumerate(asks):
            habits = step(4 | (number & 7) << 3)
            yield who + login + habits + step(0, ask) + step(5, users[number % len(users)]) + step(0)
    yield b"\0" + login + b"".join(step(5, user) for user in users) + step(2)
    yield b"\0" + login + step(3, b"\x68\x16") + step(5, bytes.fromhex("c3890700f2090201010268160000"))


def main():
    target, directory = sys.argv[1], pathlib.Path(sys.argv[2])
    seeds = {"fuzz_codec": codec_seeds, "fuzz_pack": pack_seeds, "fuzz_config": config_seeds,
             "fuzz_profile": profile_seeds, "fuzz_iec104": iec104_seeds, "fuzz_dlt698": dlt698_seeds,
             "fuzz_session": session_seeds}[target]
    for number, seed in enumerate(seeds()):
        (directory / f"seed-{number:04d}").write_bytes(seed)


main()
