#!/usr/bin/python3
"""What an archive of 20,000 terminals with 50 measuring points each and a task of five items every 15 minutes costs:
start, memory, an import that changes 1,000 meters, planning of slots, and questions over a million slots.

    bench/scale.py build/bin [--terminals N] [--points N] [--data DIR]

Starts a fepd of its own on loopback with nobody connected, prints one line a figure, and ends it. Figures are for
people; nothing here passes or fails. CPU is the daemon's own, of all its threads.
"""
import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from door import Door, DoorError

ITEMS = ["energy.active.import.total_kWh", "energy.active.export.total_kWh", "voltage.l1_V", "current.l1_A",
         "power.active.total_kW"]
TICK = os.sysconf("SC_CLK_TCK")


def rows(terminals, points, changed=0):
    """The archive; the first `changed` meters have another address."""
    yield "terminal,name,area,heartbeat_s,measuring_point,meter\n"
    count = 0
    for number in range(1, terminals + 1):
        for mp in range(1, points + 1):
            meter = f"{9 if count < changed else 1}{number:07d}{mp:04d}"
            count += 1
            yield f"{310100000 + number},T{number},{number % 64},300,{mp},{meter}\n"


def free_ports(count):
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


class Fepd:
    def __init__(self, programs, directory):
        self.programs, self.directory = programs, directory
        self.port, self.feed, self.door_port = free_ports(3)
        self.log = os.path.join(directory, "log")
        with open(os.path.join(directory, "fep.yaml"), "w") as file:
            file.write(f"store: {{path: {directory}/store, reserve_bytes: 1048576}}\n"
                       f"archive: {{csv: {directory}/archive.csv}}\n"
                       f"feed: {{port: {self.feed}}}\ndoor: {{port: {self.door_port}}}\n"
                       "account: {begin_ms: 0, points: 40000000}\n"
                       f"listeners: [{{name: main, address: 127.0.0.1, port: {self.port}, codec: gdw1376}}]\n")
        self.process = None

    def start(self):
        """Seconds until it says READY."""
        begin = time.monotonic()
        at = os.path.getsize(self.log) if os.path.exists(self.log) else 0
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([os.path.join(self.programs, "fepd"), "-c",
                                             os.path.join(self.directory, "fep.yaml")], stdout=log, stderr=log)
        while self.process.poll() is None:
            with open(self.log, "rb") as log:
                log.seek(at)
                if b"READY" in log.read():
                    return time.monotonic() - begin
            time.sleep(0.01)
        sys.exit(f"fepd ended; see {self.log}")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait()

    def cpu_s(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def memory_mb(self, name="VmRSS"):
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) / 1024 for line in file if line.startswith(name))


def asked(door, fepd, name, word, body, times=5):
    """Median and most of the wall time of a question, CPU a question."""
    taken, cpu = [], fepd.cpu_s()
    answer = None
    for _ in range(times):
        begin = time.monotonic()
        answer = door.ask(word, body, timeout_s=120)[1]
        taken.append((time.monotonic() - begin) * 1000)
    taken.sort()
    print(f"{name}: median {taken[len(taken) // 2]:.0f} ms, most {taken[-1]:.0f} ms, "
          f"CPU {(fepd.cpu_s() - cpu) / times * 1000:.0f} ms")
    return answer


def wait_metric(door, name, wanted, deadline_s=600):
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        value = door.status(30)["metrics"].get(name, 0)
        if value >= wanted:
            return value
        time.sleep(0.05)
    sys.exit(f"{name} did not reach {wanted} in {deadline_s} s")


def measure(options, directory):
    total = options.terminals * options.points
    with open(os.path.join(directory, "archive.csv"), "w") as file:
        file.writelines(rows(options.terminals, options.points))
    fepd = Fepd(options.programs, directory)
    try:
        print(f"first start, which imports {total} measuring points: {fepd.start():.1f} s")
        fepd.stop()
        begin = fepd.start()
        print(f"start to READY with them in the archive: {begin:.2f} s, memory {fepd.memory_mb():.0f} MB")
        door = Door(f"tcp://127.0.0.1:{fepd.door_port}")
        changed = "".join(rows(options.terminals, options.points, changed=1000))
        part = "".join(rows(1000 // options.points, options.points, changed=1000)).encode()
        begin = time.monotonic()
        diff = door.ask("IMPORT", {"data": part, "mode": "merge", "who": "scale", "limit": 0}, timeout_s=120)[1]
        print(f"import of a change to {diff['changes']} by --merge: {(time.monotonic() - begin) * 1000:.0f} ms")
        begin = time.monotonic()
        diff = door.ask("IMPORT", {"data": changed.encode(), "who": "scale", "limit": 0}, timeout_s=120)[1]
        print(f"import of the whole file with it again: {(time.monotonic() - begin) * 1000:.0f} ms, {diff['changes']}")
        cpu, begin = fepd.cpu_s(), time.monotonic()
        door.ask("TASK_PUT", {"who": "scale", "text": "task load\ntype curve\nperiod 15m\noffset 0s\nspread 0s\npoints " +
                              " ".join(ITEMS) + "\n"}, timeout_s=60)
        planned = wait_metric(door, "slots_planned", total)
        wall, cpu = time.monotonic() - begin, fepd.cpu_s() - cpu
        print(f"slots planned: {planned}, {planned / wall:.0f} a second, {planned / cpu:.0f} a CPU second; "
              f"memory {fepd.memory_mb():.0f} MB")
        by = {"days": 2, "task": "load"}
        asked(door, fepd, f"rate over {planned} slots", "RATE", by)
        asked(door, fepd, "rate of them by area", "RATE", dict(by, by="area"))
        asked(door, fepd, "rate of them by terminal, first page", "RATE", dict(by, by="terminal"))
        asked(door, fepd, "gaps of them, a page of 1,000", "GAPS", dict(by, limit=1000))
        asked(door, fepd, "gaps of a reason nobody has", "GAPS", dict(by, reason="held", limit=1000))
        asked(door, fepd, "gaps of one terminal", "GAPS", dict(by, terminal=str(310100000 + options.terminals)))
        fepd.stop()
        print(f"start to READY with these slots open: {fepd.start():.2f} s, memory {fepd.memory_mb():.0f} MB, "
              f"most {fepd.memory_mb('VmHWM'):.0f} MB")
    finally:
        fepd.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", help="folder of the programs")
    parser.add_argument("--terminals", type=int, default=20000)
    parser.add_argument("--points", type=int, default=50)
    parser.add_argument("--data", help="a directory that is kept")
    options = parser.parse_args()
    directory = options.data or tempfile.mkdtemp(prefix="fep-scale-")
    os.makedirs(directory, exist_ok=True)
    try:
        measure(options, directory)
    except DoorError as error:
        sys.exit(str(error))
    finally:
        if not options.data:
            shutil.rmtree(directory)


if __name__ == "__main__":
    main()
