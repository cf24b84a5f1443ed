"""The fepd under test: its configuration and archive from a plan, its process, its door, and what it costs."""

import os
import re
import signal
import socket
import subprocess
import time

from door import Door, DoorError
from faults import EIO, Faults
import plan as plans

FIRST = {"reporters": 310100001, "asked": 410100001}
FIRST_GATEWAY = 864201060000001   # as terminal_dtu.h has it
SPARE = 200                       # sessions besides the terminals
TICK = os.sysconf("SC_CLK_TCK")


def addresses(first, count):
    """As terminal_address of terminal.h: A2 counts 1..65534, then A1 goes on."""
    a1, a2 = divmod(first, 100000)
    for i in range(count):
        n = a2 - 1 + i
        yield (a1 + n // 65534) * 100000 + n % 65534 + 1


def free_ports(count):
    """Free now, below the range outgoing connections are drawn from; of a run begun at the same time others are found."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        low = int(file.read().split()[0])
    found, held = [], []
    for port in range(20000 + os.getpid() * 37 % 8000, low):
        probe = socket.socket()
        try:
            probe.bind(("0.0.0.0", port))
            found.append(port)
            held.append(probe)
        except OSError:
            probe.close()
        if len(found) == count:
            break
    for probe in held:
        probe.close()
    if len(found) < count:
        raise OSError("no free ports")
    return found


class Station:
    """One fepd in a directory of its own."""

    def __init__(self, programs, directory, plan):
        self.programs, self.directory, self.plan = programs, directory, plan
        ports = free_ports(10)
        self.port, self.feed_port, self.door_port, self.gateways = ports[:4]
        self.others = dict(zip(("dlt698", "cjt188", "auto", "modbus_tcp", "iec104"), ports[4:9]))
        self.door_at = f"tcp://127.0.0.1:{self.door_port}"
        self.feed_at = f"tcp://127.0.0.1:{self.feed_port}"
        self.log = os.path.join(directory, "fepd.log")
        self.process, self.door, self.past_cpu_s = None, None, 0.0
        self.faults = Faults(programs, directory) if plan["events"] else None

    # ---- files ----

    def kinds(self):
        """fepfield's groups: NAME:COUNT:METERS:PORT:FIRST."""
        keys = plans.group(self.plan, "devices")
        if not keys:
            return []
        count, meters = keys["count"], keys["meters"]
        table = [("dlt645", meters, self.gateways, 1), ("cjt188", meters, self.gateways, 1),
                 ("gdw1376", meters, self.port, 1), ("dlt698", meters, self.others["dlt698"], 1),
                 ("cjt188_direct", 1, self.others["cjt188"], 1), ("dlt698", meters, self.others["auto"], 500001),
                 ("gdw1376", meters, self.others["auto"], 500001),
                 ("modbus_tcp", meters, self.others["modbus_tcp"], 1), ("iec104", meters, self.others["iec104"], 1)]
        shares = [(count + len(table) - 1 - i) // len(table) for i in range(len(table))]
        return [f"{name}:{share}:{of}:{port}:{first}" for (name, of, port, first), share in zip(table, shares) if share]

    def write(self, bench):
        """Configuration, archive, profiles."""
        profiles = os.path.join(self.directory, "profiles")
        os.makedirs(profiles, exist_ok=True)
        for name in os.listdir(bench):
            if name.endswith(".profile"):
                with open(os.path.join(bench, name), "rb") as source, \
                        open(os.path.join(profiles, name), "wb") as target:
                    target.write(source.read())
        self._write_config(profiles)
        with open(os.path.join(self.directory, "archive.csv"), "w", encoding="ascii") as file:
            file.write("terminal,name,area,heartbeat_s,measuring_point,meter,protocol,profile,rated_W,dial,"
                       "terminal_profile,groups\n")
            for line in self._rows():
                file.write(line)
        if self.kinds():
            rows = os.path.join(self.directory, "field.csv")
            arguments = [part for kind in self.kinds() for part in ("--kind", kind)]
            subprocess.run([os.path.join(self.programs, "fepfield"), *arguments, "--archive", rows], check=True)
            with open(rows, "rb") as source, open(os.path.join(self.directory, "archive.csv"), "ab") as target:
                for line in source:
                    target.write(line.rstrip(b"\n") + b",\n")

    def _rows(self):
        for kind, keys in self.plan["fleet"]:
            if kind == "reporters":
                points = keys["points"] or max(1, min(2040, 60000 // keys["period_ms"]))
                for i, address in enumerate(addresses(FIRST[kind], keys["count"])):
                    for mp in range(1, points + 1):
                        yield f"{address:09d},reporter {i + 1},{i % 4},60,{mp},{i * 4096 + mp:012d},,,,,,\n"
            elif kind == "asked":
                for i, address in enumerate(addresses(FIRST[kind], keys["count"])):
                    for mp in range(1, keys["meters"] + 1):
                        yield f"{address:09d},asked {i + 1},{i % 4},60,{mp},{i * 4096 + mp:012d},,,,,,asked\n"
            elif kind == "gateways":
                for i in range(keys["count"]):
                    for mp in range(1, keys["meters"] + 1):
                        yield f"{FIRST_GATEWAY + i},gateway {i + 1},{i % 4},60,{mp},{mp},modbus_rtu,sim_meter,20000,,,\n"

    def _write_config(self, profiles):
        sessions = plans.terminals(self.plan) + SPARE
        options = {"node.name": "bench", "connector.sessions": sessions, "connector.fresh_sessions": sessions,
                   "connector.fresh_per_address": sessions, "store.path": os.path.join(self.directory, "store"),
                   "store.reserve_bytes": 1 << 26, "feed.port": self.feed_port, "door.port": self.door_port,
                   "archive.csv": os.path.join(self.directory, "archive.csv"), "archive.profiles": profiles,
                   "account.begin_ms": 0}
        if self.plan["controls_per_s"]:
            options["door.commands"] = "yes"
        options.update(self.plan["fepd"])
        sections = {}
        for name, value in options.items():
            section, key = name.split(".")
            sections.setdefault(section, []).append((key, value))
        listeners = [("field", self.port, "gdw1376", ""), ("dlt698", self.others["dlt698"], "dlt698", ""),
                     ("gateways", self.gateways, "dtu", ', registration: "{imei}", heartbeat: "HB"'),
                     ("water", self.others["cjt188"], "cjt188", ""), ("any", self.others["auto"], "auto", "")]
        with open(os.path.join(self.directory, "fepd.yaml"), "w", encoding="utf-8") as file:
            for section, pairs in sections.items():
                file.write(f"{section}:\n")
                for key, value in pairs:
                    text = f'"{value}"' if isinstance(value, str) else str(value).lower()
                    file.write(f"  {key}: {text}\n")
            file.write("listeners:\n")
            for name, port, codec, more in listeners:
                file.write(f"  - {{name: {name}, address: 127.0.0.1, port: {port}, codec: {codec}, "
                           f"sessions: {sessions}{more}}}\n")

    # ---- process ----

    def start(self, limit_s=60):
        """Seconds until it says READY. OSError with the end of its log if it does not."""
        begin = time.monotonic()
        at = os.path.getsize(self.log) if os.path.exists(self.log) else 0
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([os.path.join(self.programs, "fepd"), "-c",
                                             os.path.join(self.directory, "fepd.yaml")],
                                            stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            env=self.faults.environment() if self.faults else None)
        while time.monotonic() < begin + limit_s and self.process.poll() is None:
            with open(self.log, "rb") as log:
                log.seek(at)
                if re.search(rb"\bREADY\b", log.read()):
                    self.door = self.door or Door(self.door_at)
                    return time.monotonic() - begin
            time.sleep(0.01)
        with open(self.log, "rb") as log:
            tail = log.read()[-1500:].decode("utf-8", "replace")
        raise OSError(f"fepd did not start:\n{tail}")

    def fails(self, limit_s=60):
        """Its syncs fail until it has ended by itself. True if it did, and not well."""
        self.past_cpu_s = self.cpu_s()
        self.faults.set_disk(sync_errno=EIO)
        try:
            return self.process.wait(limit_s) != 0
        except subprocess.TimeoutExpired:
            self.kill()
            return False
        finally:
            self.faults.set_disk()

    def kill(self):
        self.past_cpu_s = self.cpu_s()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, limit_s=60):
        """True if it ended well."""
        if not self.process or self.process.poll() is not None:
            return self.process is not None and self.process.returncode == 0
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(limit_s) == 0
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return False

    def status(self, timeout_s=20.0, attempts=3):
        return self.door.status(timeout_s, attempts)

    # ---- what it costs ----

    def cpu_s(self):
        """Of all processes of it so far."""
        try:
            with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            return self.past_cpu_s + (int(fields[11]) + int(fields[12])) / TICK
        except OSError:
            return self.past_cpu_s

    def threads(self):
        """{name: CPU seconds} of its threads, those of one name together."""
        found = {}
        try:
            for task in os.listdir(f"/proc/{self.process.pid}/task"):
                with open(f"/proc/{self.process.pid}/task/{task}/stat", encoding="ascii") as file:
                    head, tail = file.read().rsplit(")", 1)
                name, fields = head.split("(", 1)[1], tail.split()
                found[name] = found.get(name, 0) + (int(fields[11]) + int(fields[12])) / TICK
        except (OSError, AttributeError):
            pass
        return found

    def sample(self):
        """{cpu_s, rss, fds, threads}; empty if it does not run."""
        try:
            with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
                lines = dict(line.split(":", 1) for line in file)
            return {"cpu_s": self.cpu_s(), "rss": int(lines["VmRSS"].split()[0]) * 1024,
                    "threads": int(lines["Threads"]), "fds": len(os.listdir(f"/proc/{self.process.pid}/fd"))}
        except (OSError, KeyError):
            return {}

    def put_tasks(self):
        for text in self.plan["tasks"]:
            self.door.ask("TASK_PUT", {"text": text, "who": "fepbench"}, timeout_s=60)


__all__ = ["Station", "addresses", "free_ports", "DoorError"]
