#!/usr/bin/python3
"""Somebody else's master: mbpoll reads and writes the simulated Modbus TCP device, as a program of its own."""
import re
import shutil

from harness import *


class Field:
    """tests/peers/modbus_field as a process; said is [(mp, obis, mantissa, exponent)]."""

    def __init__(self, number, meters):
        path = os.path.join(os.path.dirname(BIN), "tests", "modbus_field")
        self.process = subprocess.Popen([path, str(number), str(meters)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, preexec_fn=die_with_parent)
        self.port = int(self.process.stdout.readline().split()[1])
        cleanup(self.close)

    def said(self, count):
        lines = [self.process.stdout.readline().split() for _ in range(count)]
        return [(int(line[1]), line[2], int(line[3]), int(line[4])) for line in lines]

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def mbpoll(field, *arguments, code=0):
    """Its values by address."""
    if not shutil.which("mbpoll"):
        raise Skipped("no mbpoll")
    done = program("mbpoll", "-m", "tcp", "-p", str(field.port), "-0", "-1", "-o", "10", *arguments[:-1], "127.0.0.1",
                   *([arguments[-1]] if arguments[-1] is not None else []))
    equal(done.returncode, code, f"exit status of {arguments}: {done.stdout}{done.stderr}")
    return {int(at): int(value) for at, value in re.findall(r"^\[(\d+)\]:\s+(-?\d+)", done.stdout, re.M)}, done


def test_reads():
    field = Field(7, 3)
    for unit, table in ((1, "4"), (3, "3")):
        values, _ = mbpoll(field, "-a", str(unit), "-t", table, "-r", "0", "-c", "10", None)
        said = {obis: mantissa for mp, obis, mantissa, _ in field.said(7) if mp == unit}
        equal([values[0] << 16 | values[1], values[2] << 16 | values[3], values[4], values[5], values[6] << 16 | values[7],
               values[8], values[9]],
              [said[obis] for obis in ("1.0.1.8.0", "1.0.2.8.0", "1.0.32.7.0", "1.0.31.7.0", "1.0.16.7.0", "1.0.13.7.0",
                                       "1.0.14.7.0")], "what it said is what mbpoll shows")
    values, _ = mbpoll(field, "-a", "2", "-t", "4:int", "-B", "-r", "0", "-c", "1", None)
    equal(values[0], field.said(1)[0][2], "as one number")


def test_writes():
    field = Field(8, 2)
    mbpoll(field, "-a", "2", "-t", "4", "-r", "100", "450")
    values, _ = mbpoll(field, "-a", "2", "-t", "4", "-r", "100", "-c", "2", None)
    equal(values, {100: 450, 101: 0}, "written by function 6")
    equal(field.said(1), [(2, "0.0.155.41.0", 450, -1)], "and said")
    done = program("mbpoll", "-m", "tcp", "-p", str(field.port), "-0", "-1", "-a", "1", "-t", "4", "-r", "101", "127.0.0.1",
                   "11", "22", "33")
    equal(done.returncode, 0, done.stderr)
    values, _ = mbpoll(field, "-a", "1", "-t", "4", "-r", "101", "-c", "3", None)
    equal(values, {101: 11, 102: 22, 103: 33}, "written by function 16")


def test_refusals():
    field = Field(9, 1)
    for arguments, text in ((("-a", "1", "-t", "4", "-r", "10", "-c", "1", None), "Illegal data address"),
                            (("-a", "1", "-t", "4", "-r", "100", "1001"), "Illegal data value"),
                            (("-a", "2", "-t", "4", "-r", "0", "-c", "1", None), "Target device failed to respond"),
                            (("-a", "1", "-t", "0", "-r", "0", "-c", "1", None), "Illegal function")):
        _, done = mbpoll(field, *arguments, code=1)
        check(text in done.stderr + done.stdout, text, done.stdout + done.stderr)


run()
