"""The simulated terminals of a plan, each kind in processes of its own, and what they say of themselves."""

import json
import os
import signal
import subprocess
import time

import asks
import plan as plans
from station import FIRST

PER_PROCESS = 15000        # below the limit of descriptors a process has
CPU_LIMIT = 0.9            # of one core, beyond which a generator was the limit
LATE_LIMIT_MS = 1000       # likewise, of one turn of its loop
PORT_LIMIT = 25000         # connections from one source address


class Generator:
    """One process of terminals: its log has a line of counters every second or two, the last a summary."""

    def __init__(self, name, arguments, directory):
        self.name = name
        self.log = os.path.join(directory, f"{name}.log")
        self.process = None
        self.arguments = arguments
        self.started = 0.0

    def start(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(self.arguments, stdout=log, stderr=subprocess.STDOUT,
                                            stdin=subprocess.DEVNULL)
        self.started = time.monotonic()

    def lines(self):
        found = []
        try:
            with open(self.log, encoding="utf-8", errors="replace") as log:
                for text in log:
                    try:
                        found.append(json.loads(text))
                    except ValueError:
                        pass
        except OSError:
            pass
        return found

    def last(self):
        """The last line of counters; of fepfield the sum over its kinds."""
        lines = self.lines()
        if not lines:
            return {}
        line = dict(lines[-1])
        line.update(line.get("kinds", {}).get("all", {}))
        return line

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def cpu_s(self):
        try:
            with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        except OSError:
            return 0.0

    def stop(self, limit_s=90):
        """Its exit status."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def _sim(station, directory, plan):
    """Reporters and gateways share fepsim."""
    reporters, gateways = plans.group(plan, "reporters"), plans.group(plan, "gateways")
    if not reporters and not gateways:
        return []
    count = (reporters or {"count": 0})["count"]
    dtus = (gateways or {"count": 0})["count"]
    arguments = [os.path.join(station.programs, "fepsim"), "--port", station.port, "--terminals", count + dtus,
                 "--first-address", FIRST["reporters"], "--dtus", dtus, "--dtu-port", station.gateways,
                 "--connects-per-s", plan["connects_per_s"], "--ledger", os.path.join(directory, "sim.ledger"),
                 "--drain-ms", 60000]
    for key, value in (reporters or {}).items():
        if key != "count":
            arguments += ["--" + key.replace("_", "-"), value]
    if gateways:
        arguments += ["--meters", gateways["meters"]]
    return [Generator("sim", [str(one) for one in arguments], directory)]


def _asked(station, directory, plan):
    keys = plans.group(plan, "asked")
    found = []
    first, left = FIRST["asked"], keys["count"] if keys else 0
    apart = asks.APART if asks.wanted(plan) else PER_PROCESS
    while left > 0:
        count = min(left, PER_PROCESS if found else apart)
        name = f"asked{len(found)}"
        arguments = [os.path.join(station.programs, "fepmeter"), "--port", station.port, "--terminals", count,
                     "--first-address", first, "--seed", plan["seed"], "--connects-per-s", plan["connects_per_s"],
                     "--ledger", os.path.join(directory, f"{name}.ledger")]
        for key, value in keys.items():
            if key != "count":
                arguments += ["--" + key.replace("_", "-"), value]
        found.append(Generator(name, [str(one) for one in arguments], directory))
        first, left = first + count, left - count
    return found


def _devices(station, directory, plan):
    kinds = station.kinds()
    if not kinds:
        return []
    arguments = [os.path.join(station.programs, "fepfield"), "--split-every", "16", "--connects-per-s",
                 str(plan["connects_per_s"]), "--ledger", os.path.join(directory, "field.ledger")]
    for kind in kinds:
        arguments += ["--kind", kind]
    return [Generator("field", arguments, directory)]


class Fleet:
    def __init__(self, station, directory, plan):
        self.plan = plan
        self.generators = [*_sim(station, directory, plan), *_asked(station, directory, plan),
                           *_devices(station, directory, plan)]

    def start(self):
        for generator in self.generators:
            generator.start()

    def online(self):
        return sum(one.last().get("online", 0) + one.last().get("gateways", 0) for one in self.generators)

    def dead(self):
        """The name of one that ended by itself, or None."""
        return next((one.name for one in self.generators if not one.alive()), None)

    def cpu_s(self):
        return sum(one.cpu_s() for one in self.generators)

    def total(self, key):
        return sum(one.last().get(key, 0) for one in self.generators)

    def stop(self):
        """{name: status} of those that did not end with 0."""
        bad = {}
        for generator in self.generators:
            status = generator.stop()
            if status:
                bad[generator.name] = status
        return bad

    def kill(self):
        for generator in self.generators:
            if generator.alive():
                generator.process.kill()
                generator.process.wait()

    def limits(self, cpu_s, seconds):
        """Why the generators themselves were the limit, one sentence each; cpu_s by name over the window."""
        found = []
        for generator in self.generators:
            share = cpu_s.get(generator.name, 0) / seconds if seconds > 0 else 0
            if share > CPU_LIMIT:
                found.append(f"{generator.name} took {share * 100:.0f} % of a core")
            late = max((line.get("late_ms", 0) for line in generator.lines()), default=0)
            if late > LATE_LIMIT_MS:
                found.append(f"{generator.name} was {late} ms late in a turn of its loop")
        return found
