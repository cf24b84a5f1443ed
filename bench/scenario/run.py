"""One run of a scenario: start fepd, the checker, the subscribers and the terminals; let the window pass; stop all in
order; gather what was measured and proved."""

import json
import os
import random
import socket
import subprocess
import sys
import time

import accounts
import asks
import floor
import healthy
import plan as plans
from fleet import Fleet
from station import DoorError, Station

BENCH = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PYTHON = "/usr/bin/python3"
SAMPLE_S = 1.0
LOOK_S = 0.25      # where the window ends when everything is settled
BOOKS_S = 12       # behind such a window: longer than between two checkpoints
SETTLE_S = 120


class RunError(Exception):
    """The run could not be made or judged."""


class Run:
    def __init__(self, plan, programs, directory, quiet=False):
        self.plan, self.directory, self.quiet = plan, directory, quiet
        os.makedirs(directory, exist_ok=True)
        self.station = Station(programs, directory, plan)
        self.fleet = Fleet(self.station, directory, plan)
        self.draw = random.Random(plan["seed"])
        self.samples, self.faults, self.limits = [], [], []
        self.figures = {}
        self.check, self.others, self.asks = None, [], {}
        self.begin = time.monotonic()
        self.kills = 0
        self.starts = []
        self.since = None     # the journal's head and the time when the tasks were put

    # ---- progress ----

    def say(self, text):
        if not self.quiet:
            print(f"{time.monotonic() - self.begin:7.1f} s  {text}", flush=True)

    def progress(self, left_s, status):
        if self.quiet or not status:
            return
        before, now = (self.samples[-2], self.samples[-1]) if len(self.samples) > 1 else ({}, self.samples[-1])
        seconds = now["t"] - before.get("t", now["t"]) or 1
        rate = lambda key: max(0, now.get(key, 0) - before.get(key, 0)) / seconds
        text = f"{now['t']:7.1f} s  ETA {max(0, left_s):4.0f} s  online {now.get('online', 0):6d}  " \
               f"frames/s {rate('frames_received'):8.0f}  readings/s {rate('readings_committed'):9.0f}  " \
               f"requests/s {rate('requests_sent'):8.0f}  open slots {now.get('slots_open', 0):8d}"
        end = "\r" if sys.stdout.isatty() else "\n"
        if end == "\r" or len(self.samples) % 10 == 1:
            print(text, end=end, flush=True)

    def sample(self):
        """One row of what is seen; an empty status if the door does not answer."""
        row = {"t": time.monotonic() - self.begin, **self.station.sample()}
        status = {}
        try:
            status = self.station.status(3.0, 1)
            metrics = status["metrics"]
            row.update({key: metrics.get(key, 0) for key in (
                "frames_received", "readings_committed", "messages_committed", "requests_sent", "requests_timeout",
                "slots_open", "slots_planned", "frames_refused", "commits", "history_behind", "account_behind")})
            row["online"] = status["sessions"].get("online", 0) + status["sessions"].get("waiting", 0) + \
                status["sessions"].get("paused", 0)
            row["head"] = status["head"]
            row["commit_p99_us"] = status["commit_us"].get("p99", 0)
        except DoorError:
            pass
        row["generators_cpu_s"] = self.fleet.cpu_s()
        self.samples.append(row)
        return status

    # ---- beginning ----

    def start_check(self):
        arguments = [PYTHON, os.path.join(BENCH, "check.py"), "--feed", self.station.feed_at, "--door",
                     self.station.door_at, "--settle-ms", "60000", "--field-few"]
        if self.station.kinds():
            arguments += ["--field-archive", os.path.join(self.directory, "field.csv"), "--field-ledger",
                          os.path.join(self.directory, "field.ledger")]
        for generator in self.fleet.generators:
            if generator.name == "sim":
                arguments += ["--ledger", os.path.join(self.directory, "sim.ledger")]
            elif generator.name.startswith("asked"):
                arguments += ["--asked-ledger", os.path.join(self.directory, f"{generator.name}.ledger")]
        self.check = self._child("check", arguments)
        self._until(lambda: b"recording" in self._log("check"), 30, "the checker did not start")

    def start_subscribers(self):
        for i in range(self.plan["subscribers"] - 1 + self.plan["stalled"]):
            stalled = i >= self.plan["subscribers"] - 1
            arguments = [PYTHON, os.path.join(BENCH, "scenario", "listen.py"), self.station.feed_at]
            self.others.append(self._child(f"listen{i}", arguments + (["--stalled"] if stalled else [])))

    def _child(self, name, arguments):
        """What only looks on: behind fepd and the terminals when there are too few CPUs, as on another machine."""
        arguments = ["nice", "-n", "10", *arguments]
        with open(os.path.join(self.directory, f"{name}.log"), "wb") as log:
            return subprocess.Popen(arguments, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)

    def _log(self, name):
        with open(os.path.join(self.directory, f"{name}.log"), "rb") as log:
            return log.read()

    def _until(self, fact, limit_s, text):
        end = time.monotonic() + limit_s
        while not fact():
            if time.monotonic() > end:
                raise RunError(text() if callable(text) else text)
            time.sleep(0.05)

    def all_online(self):
        wanted = plans.terminals(self.plan)
        begin = time.monotonic()
        while self.fleet.online() < wanted:
            dead = self.fleet.dead()
            if dead:
                raise RunError(f"the terminals of {dead} ended by themselves; see {dead}.log")
            if time.monotonic() > begin + self.plan["online_s"]:
                raise RunError(f"{self.fleet.online()} of {wanted} terminals online in {self.plan['online_s']} s")
            self.sample()
            time.sleep(0.2)
        self.figures["online_s"] = time.monotonic() - begin
        self._until(self._heard, 60, "fepd did not account for the logins in 60 s")

    def _heard(self):
        """Whoever gets a task now is known to be online: the accounts follow the journal."""
        self.sample()
        return self.samples[-1].get("account_behind", 1) == 0

    def wait_port(self, port):
        """Until somebody listens there."""
        def listens():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0
        self._until(listens, 30, f"nobody listens at port {port}")

    # ---- the window ----

    def open_slots(self, status):
        metrics = status.get("metrics", {})
        due = sum(keys["count"] * keys["meters"] for kind, keys in self.plan["fleet"] if kind == "asked")
        planned = metrics.get("slots_planned", 0) >= due * len(self.plan["tasks"])
        return not status or not planned or metrics.get("slots_open", 1) > 0

    def timetable(self):
        """[(instant in the window, what)]: equal shares of it, each at a random place of its share."""
        found = []
        for what, count in (("reconnect", self.plan["reconnect"]), ("kill", self.plan["kills"])):
            share = (self.plan["seconds"] - self.plan["calm_s"]) / count if count else 0
            found += [(share * (i + 0.1 + 0.8 * self.draw.random()), what, 0) for i in range(count)]
        return sorted(found + self.plan["events"])

    def do(self, what, number):
        """Seconds for which fepd was away: the window's clock stands still meanwhile."""
        away = len(self.starts)
        if what == "kill":
            self.station.kill()
            self.starts.append(self.station.start())
            self.kills += 1
        elif what == "disk_slow":
            self.station.faults.set_disk(sync_ms=number)
        elif what == "clock":
            self.station.faults.set_clock(number)
        elif what == "disk_eio":
            if not self.station.fails():
                self.faults.append("fepd did not end when its syncs failed")
            self.starts.append(self.station.start())
            self.kills += 1
        elif what == "reconnect":
            for generator in self.fleet.generators:
                if generator.name == "sim" or generator.name.startswith("asked"):
                    generator.process.send_signal(10)
        return sum(self.starts[away:])

    def window(self):
        """Until it ends; the rows of its begin and end, and its seconds."""
        first = self.sample() and self.samples[-1]
        if not first:
            raise RunError("fepd does not answer at its door")
        cpu = {one.name: one.cpu_s() for one in self.fleet.generators}
        begin, due, threads = time.monotonic(), self.timetable(), self.station.threads()
        settled = 0
        step = LOOK_S if self.plan["until"] == "settled" else SAMPLE_S
        self.since = first["head"], time.time() * 1000
        self.station.put_tasks()
        while True:
            passed = time.monotonic() - begin
            if due and due[0][0] <= passed:
                begin += self.do(*due.pop(0)[1:])
                continue
            if self.station.process.poll() is not None:
                raise RunError(f"fepd ended by itself, status {self.station.process.returncode}; see fepd.log")
            dead = self.fleet.dead()
            if dead:
                raise RunError(f"the terminals of {dead} ended by themselves; see {dead}.log")
            status = self.sample()
            self.progress(self.plan["seconds"] - passed, status)
            #  Twice: of one look's counters some may be older than others.
            settled = settled + 1 if self.plan["until"] == "settled" and not self.open_slots(status) else 0
            if settled >= 2 or passed >= self.plan["seconds"]:
                break
            next_s = due[0][0] - (time.monotonic() - begin) if due else step
            time.sleep(max(0.0, min(step, next_s)))
        seconds = time.monotonic() - begin
        self.limits = self.fleet.limits({one.name: one.cpu_s() - cpu[one.name] for one in self.fleet.generators},
                                        seconds)
        self.figures["asks"] = {name: one.stop() for name, one in self.asks.items()}
        last = dict(self.samples[-1])
        if settled:
            self.books()
            last["cpu_s"] = self.samples[-1].get("cpu_s", last.get("cpu_s", 0))
        after = self.station.threads()
        self.figures["threads"] = {name: after[name] - threads.get(name, 0) for name in after}
        if self.plan["until"] == "settled" and settled < 2:
            self.faults.append(f"slots were still open after {self.plan['seconds']} s")
        return first, last, seconds

    def books(self):
        """What fepd puts off until it is calm is part of what the window cost: its CPU until then."""
        end = time.monotonic() + BOOKS_S
        while time.monotonic() < end:
            time.sleep(SAMPLE_S)
            self.sample()

    # ---- the end ----

    def judge(self, seconds):
        """The checker's facts, and the accounts. It may take as long as the window, at least ten minutes."""
        limit_s = max(600, seconds)
        bad = self.fleet.stop()
        for name, status in bad.items():
            self.faults.append(f"the terminals of {name} ended with {status}: not everything was confirmed")
        self.faults += asks.faults(self.figures["asks"], self.fleet.total)
        ledgers = [os.path.join(self.directory, f"{one.name}.ledger") for one in self.fleet.generators
                   if one.name.startswith("asked")]
        if ledgers and self.plan["tasks"]:
            result = accounts.compare(self.station.door, ledgers, lambda mp: plans.dead(self.plan, mp))
            self.figures["accounts"] = result
            self.faults += result["examples"]
            if self.plan["twin"] or plans.faulty(self.plan):
                self.figures["healthy"] = healthy.measure(self.station.door, ledgers, self.since)
        self.check.terminate()
        try:
            self.check.wait(limit_s)
        except subprocess.TimeoutExpired:
            self.check.kill()
            self.check.wait()
            raise RunError(f"the checker did not come to an end in {limit_s:.0f} s") from None
        last = self._log("check").decode("utf-8", "replace").strip().splitlines()[-1:]
        try:
            facts = json.loads(last[0])
        except (IndexError, ValueError):
            raise RunError(f"the checker could not judge: {''.join(last)}") from None
        if self.check.returncode:
            self.faults += [line.strip()[2:] for line in self._log("check").decode("utf-8", "replace").splitlines()
                            if line.strip().startswith("! ")]
        return facts

    def go(self):
        """Everything measured and proved, as one map."""
        plan = self.plan
        self.station.write(BENCH)
        self.starts.append(self.station.start())
        self.say(f"fepd is ready; {plans.terminals(plan)} terminals")
        self.start_check()
        self.start_subscribers()
        idle = self.station.sample()
        self.fleet.start()
        self.all_online()
        self.say(f"all online in {self.figures['online_s']:.1f} s")
        time.sleep(plan["warm_s"])
        self.figures["rss_idle"] = self.station.sample().get("rss", 0) - idle.get("rss", 0)
        self.asks = asks.start(self.station, plan)
        first, last, seconds = self.window()
        self.say("the window is over; terminals leave, the checker judges")
        facts = self.judge(seconds)
        status = self.station.status()
        if not self.station.stop():
            self.faults.append("fepd did not end well")
        if plan["floor"]:
            self.say("floor does the same")
            self.figures["floor"] = floor.measure(self)
        return {"plan": dict(plan), "first": first, "last": last, "seconds": seconds, "facts": facts,
                "figures": self.figures, "status": status, "samples": self.samples, "faults": self.faults,
                "limits": self.limits, "kills": self.kills, "threads": self.figures.get("threads", {}), "starts": self.starts,
                "generators": {one.name: one.last() for one in self.fleet.generators}}

    def close(self):
        """Nothing of ours is left."""
        for one in self.asks.values():
            one.stop()
        self.fleet.kill()
        for child in [self.check, *self.others]:
            if child and child.poll() is None:
                child.kill()
                child.wait()
        if self.station.process and self.station.process.poll() is None:
            self.station.stop(20)
