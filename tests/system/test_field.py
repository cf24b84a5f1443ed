#!/usr/bin/python3
"""The devices of fepfield: its options and how it ends; and the checker's verdict on what they said, fault by fault."""
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile

import harness
from harness import BIN, DEADLINE_S, ROOT, check, cleanup, equal

sys.path.insert(0, os.path.join(ROOT, "bench"))
import field_check  # noqa: E402

ENERGY, VOLTAGE = 1 << 28 | 1 << 16 | 8 << 8, 1 << 28 | 32 << 16 | 7 << 8
DAY = 3
SINGLE = struct.unpack("f", struct.pack("f", 229.9))[0]  # As a device sends it that has binary values
LEDGER = f"""report confirmed 1 T1 0:0:0:{ENERGY}:1000:-2 0:0:0:{VOLTAGE}:2301:-1
report confirmed 2 T1 1:3:86400000:{ENERGY}:900:-2 2:3:86400000:{ENERGY}:-:0
report open 1 T1 0:0:0:{ENERGY}:1010:-2
answer taken 1 T2 1:0:0:{ENERGY}:77:-2
answer taken 1 T2 1:0:0:{ENERGY}:77:-2
answer taken 1 T2 1:0:0:{VOLTAGE}:2299:-1
answer given_up 1 T2 1:0:0:{ENERGY}:78:-2
answer open 1 T2 1:0:0:{VOLTAGE}:2302:-1
"""


def message(address, mp, *items, freeze=0, time_ms=0, kind=1):
    return [kind, 1, address, 0, mp, 0, 1, b"", freeze, time_ms, 0, [list(item) for item in items]]


def sound():
    """Everything that was confirmed or taken, and one of what was not."""
    return [message("T1", 0, (ENERGY, 10, 0, 0), (VOLTAGE, 2301, -1, 0)),
            message("T1", 1, (ENERGY, 9, 0, 0), freeze=DAY, time_ms=86400000),
            message("T1", 2, (ENERGY, None, 1, 1), freeze=DAY, time_ms=86400000),
            message("T2", 1, (ENERGY, 770, -3, 0)), message("T2", 1, (ENERGY, 77, -2, 0)),
            message("T2", 1, (VOLTAGE, SINGLE, None, 0)), message("T2", 1, (ENERGY, 78, -2, 0)),
            message("T2", 1, (field_check.METER_ADDRESS, "m2", 2, 0))]


def said(text):
    with tempfile.NamedTemporaryFile("w", suffix=".ledger") as file:
        file.write(text)
        file.flush()
        return field_check.Said(file.name)


def tally(name, messages):
    result = field_check.FieldTally(name, {("T1", "m1"), ("T2", "m2")})
    for one in messages:
        result.add(one)
    return result


def verdict(journal, feed=None, earlier=(), ledger=LEDGER):
    facts, examples = field_check.compare(said(ledger), tally("journal", journal), tally("feed", feed or journal),
                                          tally("earlier", earlier))
    return {name: facts[name] for name in ("lost", "doubled", "wrong") if facts[name]}, facts, examples


def test_sound():
    bad, facts, examples = verdict(sound())
    equal(bad, {}, f"faults of a sound journal {examples}")
    equal({name: facts[name] for name in ("devices", "answers", "taken", "confirmed", "unconfirmed", "missing")},
          {"devices": 2, "answers": 5, "taken": 3, "confirmed": 2, "unconfirmed": 1, "missing": 2}, "counts")
    #  What an earlier run had first is not journalled again.
    journal = sound()
    bad, _, examples = verdict(journal[:1] + journal[3:], earlier=journal[1:3])
    equal(bad, {}, f"faults with an earlier run {examples}")


def changed(at, change):
    journal = sound()
    change(journal[at])
    return journal


def test_faults():
    def value(one):
        one[11][0][1] = one[11][0][1] + 1

    def suspect(one):
        one[11][0][3] |= field_check.SUSPECT

    def hold(one):
        one[0] = field_check.HELD

    def other(one):
        one[4] += 5

    def later(one):
        one[9] += 60000

    def absent(one):
        one[11][0][1] = None

    def raw(one):
        one[0], one[11] = field_check.EVENT, [[field_check.EVENT_RAW, "unknown", 7, 0]]

    def stranger(one):
        one[11][0][1] = "m1"

    whole = sound()
    faults = [("lost", whole[1:]), ("lost", whole[:1] + whole[2:]), ("lost", whole[:4] + whole[5:]),
              ("lost", whole[:5] + whole[6:]), ("doubled", whole + [whole[0]]), ("doubled", whole + [whole[1]]),
              ("doubled", whole + [whole[6]]), ("wrong", changed(0, value)), ("wrong", changed(1, value)),
              ("wrong", changed(5, value)), ("wrong", changed(3, suspect)), ("wrong", changed(3, hold)),
              ("wrong", changed(3, other)), ("wrong", changed(1, later)), ("wrong", changed(3, absent)),
              ("wrong", whole + changed(3, raw)[3:4]), ("wrong", changed(7, stranger))]
    for number, (name, journal) in enumerate(faults):
        bad, facts, examples = verdict(journal)
        check(bad.get(name, 0) > 0, f"fault {number} was not found: {name}", facts, examples)
    for name, feed in (("doubled", whole + [whole[1]]), ("wrong", changed(0, value))):
        bad, facts, examples = verdict(whole, feed)
        check(bad.get(name, 0) > 0, f"a fault of the feed was not found: {name}", facts, examples)


def test_bounds():
    """What was given up may be missing, but not much of it; a report sent twice without an instant may stand twice."""
    given_up = "".join(f"answer given_up 1 T3 1:0:0:{ENERGY}:{i}:-2\n" for i in range(100))
    bad, facts, examples = verdict(sound(), ledger=LEDGER + given_up)
    check(bad.get("lost", 0) > 80, "many missing answers", facts, examples)
    twice = f"report confirmed 2 T1 0:0:0:{ENERGY}:5:0\n"
    for times, wanted in ((1, {}), (2, {}), (3, {"doubled": 2})):
        bad, _, examples = verdict([message("T1", 0, (ENERGY, 5, 0, 0))] * times, ledger=twice)
        equal(bad, wanted, f"{times} times {examples}")
    conflict = f"answer taken 1 T1 1:3:5:{ENERGY}:1:0\nanswer taken 1 T1 1:3:5:{ENERGY}:2:0\n"
    bad, _, examples = verdict([message("T1", 1, (ENERGY, 1, 0, 0), freeze=DAY, time_ms=5)], ledger=conflict)
    equal(bad.get("wrong"), 1, f"two values of one fact {examples}")


def fepfield(*options, limit=None):
    def before():
        harness.die_with_parent()
        if limit:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    process = subprocess.Popen([os.path.join(BIN, "fepfield"), *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, preexec_fn=before)
    cleanup(process.kill)
    return process


def test_options():
    for options, words in ((["--kind", "nobody:1:1:7000"], "dlt645"), (["--kind", "dlt645:1:1"], "NAME:COUNT"),
                           (["--seconds", "x"], "number"), (["--nothing", "1"], "no such option")):
        process = fepfield(*options)
        _, errors = process.communicate(timeout=DEADLINE_S)
        equal(process.returncode, 2, f"status for {options}")
        check(words in errors, "what is wrong", options, errors)
    process = fepfield("--kind", "dlt645:400:1:7000", limit=200)
    _, errors = process.communicate(timeout=DEADLINE_S)
    equal(process.returncode, 2, "status for too many devices")
    check("400 connections need 464 descriptors; 200 are allowed" in errors, "what is wrong", errors)


def test_ends():
    """On SIGTERM gateways leave; a report nobody confirms makes it end 1."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(DEADLINE_S)
    cleanup(listener.close)
    port = listener.getsockname()[1]
    process = fepfield("--kind", f"dlt645:1:1:{port}")
    connection = listener.accept()[0]
    connection.settimeout(DEADLINE_S)
    equal(connection.recv(64), b"864212000000001", "who it is")
    process.send_signal(signal.SIGTERM)
    equal(connection.recv(64), b"", "the end of the connection")
    connection.close()
    output, _ = process.communicate(timeout=DEADLINE_S)
    equal(process.returncode, 0, f"status {output}")
    process = fepfield("--kind", f"dlt698:1:2:{port}", "--drain-ms", "100")
    connection = listener.accept()[0]
    connection.settimeout(DEADLINE_S)
    login = connection.recv(256)
    equal((login[:1], login[3], login[14:17]), (b"\x68", 0x81, b"\x01\x00\x00"), "a login")
    connection.sendall(bytes.fromhex("6830000105010000001069100bfe81008007ea0b1a040f1e2d000007ea0b1a040f1e2d000007ea0b"
                                     "1a040f1e2d00007a1516"))
    report = connection.recv(1024)
    equal((report[3], report[14:16]), (0x83, b"\x88\x01"), "a report")
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=DEADLINE_S)
    equal(process.returncode, 1, f"status {output}")
    check('"reports": 1, "confirmed": 0' in output, "the summary", output)


if __name__ == "__main__":
    harness.run()
