#!/usr/bin/python3
"""How long an on-demand read takes to the wire while everything is being polled: a fleet of concentrators with round
trips of seconds is asked by a task, two requests of each under way at any time, and one more terminal, which is asked by
the same task, gets reads from a person.

    bench/overtake.py build/bin [--terminals N] [--points N] [--reads N] [--low MS] [--high MS]

A read counts from when the door was asked, or, if a frame was in flight to the terminal then, from when the terminal
answered that. Starts a fepd of its own on loopback and ends it. Figures are for people; nothing here passes or fails.
"""
import argparse
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

from door import Door
from scale import Fepd, rows, wait_metric

ANSWER_S = 0.1                   # the probe's answer to a poll
POINTS = 2040                    # of the probe
LOGIN = bytes.fromhex("0000 0100")
TASK = "task load\ntype daily\nspread 0s\npoints energy.active.import.total_kWh\n"
DENIED = bytes.fromhex("0000 0200")
ADDRESS = "4411", 1              # A1, A2 of the probe


def frame(afn, seq, units, control):
    user = bytes([control]) + bytes.fromhex(ADDRESS[0])[::-1] + struct.pack("<H", ADDRESS[1]) + bytes([0, afn, seq]) + units
    length = struct.pack("<H", len(user) << 2 | 2)
    return b"\x68" + length + length + b"\x68" + user + bytes([sum(user) & 255, 0x16])


class Probe(threading.Thread):
    """Denies what it is asked: polls ANSWER_S later, reads of current data at once."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.polls, self.answered = 0, 0.0
        self.came, self.asked, self.before = threading.Event(), 0.0, 0.0     # of a read: when, and the answer before it
        self.socket.sendall(frame(2, 0x70, LOGIN, 0xC9))

    def run(self):
        try:
            self.serve()
        except OSError:
            pass                                 # fepd ended

    def serve(self):
        rest = b""
        while data := self.socket.recv(65536):
            now, rest = time.monotonic(), rest + data
            while len(rest) >= 8 and len(rest) >= (rest[1] >> 2 | rest[2] << 6) + 8:
                size = (rest[1] >> 2 | rest[2] << 6) + 8
                self.take(rest[:size], now)
                rest = rest[size:]

    def take(self, one, now):
        afn, seq = one[12], one[13] & 15
        if afn == 0:
            return
        if afn == 0x0C:
            self.asked, self.before = now, self.answered
            self.came.set()
        else:
            self.polls += 1
            time.sleep(ANSWER_S)
        self.socket.sendall(frame(0, 0x60 | seq, DENIED, 0x80))
        self.answered = time.monotonic()


def probe_rows():
    for mp in range(1, POINTS + 1):
        yield f"{ADDRESS[0]}00001,probe,0,300,{mp},{mp:012d}\n"


def reads(door, probe, count):
    """Milliseconds to the wire of each and whether a frame was in flight; how many terminals had a request meanwhile."""
    taken, waiting = [], []
    for _ in range(count):
        probe.came.clear()
        begin = time.monotonic()
        door.ask("READ", {"terminal": f"{ADDRESS[0]}00001", "kind": "current", "mp": 1, "points": ["voltage.l1_V"]},
                 timeout_s=60)
        probe.came.wait(60)
        taken.append(((probe.asked - max(begin, probe.before)) * 1000, probe.before > begin))
        waiting.append(door.status(30)["metrics"]["sessions_waiting"])
        time.sleep(0.02)
    return taken, sorted(waiting)


def show(taken, polls, waiting, cpu, wall):
    wire = sorted(ms for ms, _ in taken)
    print(f"{len(wire)} reads, {sum(flight for _, flight in taken)} of them behind a frame in flight: to the wire p50 "
          f"{wire[len(wire) // 2]:.1f} ms, p95 {wire[len(wire) * 95 // 100]:.1f} ms, p99 {wire[len(wire) * 99 // 100]:.1f} ms, "
          f"most {wire[-1]:.1f} ms")
    print(f"meanwhile: {polls} polls of that terminal, {waiting[len(waiting) // 2]} terminals with a request in flight "
          f"(median; least {waiting[0]}), {cpu / wall:.2f} cores of fepd")


def measure(options, directory):
    with open(os.path.join(directory, "archive.csv"), "w") as file:
        file.writelines(rows(options.terminals, options.points))
        file.writelines(probe_rows())
    fepd = Fepd(options.programs, directory)
    fleet = None
    try:
        fepd.start()
        door = Door(f"tcp://127.0.0.1:{fepd.door_port}")
        fleet = subprocess.Popen([os.path.join(options.programs, "fepmeter"), "--port", str(fepd.port), "--terminals",
                                  str(options.terminals), "--meters", str(options.points), "--delay-low-ms", str(options.low),
                                  "--delay-high-ms", str(options.high)], stdout=subprocess.DEVNULL)
        probe = Probe(fepd.port)
        probe.start()
        wait_metric(door, "sessions_online", options.terminals + 1, 120)
        door.ask("TASK_PUT", {"who": "overtake", "text": TASK}, timeout_s=60)
        while probe.polls < 3:
            time.sleep(0.05)
        polls, cpu, begin = probe.polls, fepd.cpu_s(), time.monotonic()
        taken, waiting = reads(door, probe, options.reads)
        show(taken, probe.polls - polls, waiting, fepd.cpu_s() - cpu, time.monotonic() - begin)
    finally:
        if fleet:
            fleet.send_signal(signal.SIGTERM)
            fleet.wait()
        fepd.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", help="folder of the programs")
    parser.add_argument("--terminals", type=int, default=2000)
    parser.add_argument("--points", type=int, default=400)
    parser.add_argument("--reads", type=int, default=300)
    parser.add_argument("--low", type=int, default=1000, metavar="MS", help="round trips of the fleet from")
    parser.add_argument("--high", type=int, default=3000, metavar="MS", help="to")
    options = parser.parse_args()
    directory = tempfile.mkdtemp(prefix="fep-overtake-")
    try:
        measure(options, directory)
    finally:
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
