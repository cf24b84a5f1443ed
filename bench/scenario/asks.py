"""What people ask and order at the door while the scenario runs, each kind at its pace. Whom: concentrators and meters
of the asked ones without any fault, so each must be answered. They are among the first APART, which have a process of
their own: a device's answer does not wait there until thousands of others were served."""

import random
import threading
import time

import plan as plans
import values
from door import Door, DoorError
from station import FIRST, addresses

LIMIT_S = 120
APART = 200
THREADS = 4                # of a kind: so many of it are under way at most
OUTPUTS = 8                # of a terminal, to be tripped
HISTORY_DAYS = (2, 29)     # ago; the newest day is the tasks'
DAY_S, ZONE_S = 86400, 8 * 3600     # midnight is that of node.utc_offset_min and of the terminals' clocks
DRAW_MANNER = 500          # as fleet_asked.c draws


def quantile(taken, share):
    """Of what is sorted; None of nothing."""
    return taken[min(len(taken) - 1, int(share * len(taken)))] if taken else None


def _current(draw, mp):
    return {"mp": mp, "kind": "current", "points": ["voltage.l1_V"]}


def _history(draw, mp):
    today = (time.time() + ZONE_S) // DAY_S * DAY_S - ZONE_S
    at_ms = int(today - (draw.randint(*HISTORY_DAYS) - 1) * DAY_S) * 1000
    return {"mp": mp, "kind": "day", "points": ["energy.active.import.total_kWh"], "from_ms": at_ms, "to_ms": at_ms}


def _control(draw, mp):
    """Not sent any more once nobody waits for it."""
    return {"mp": draw.randint(1, OUTPUTS), "kind": "operate", "operation": draw.choice(("trip", "permit_close")),
            "who": "fepbench", "until_ms": int((time.time() + LIMIT_S) * 1000)}


#  name: (the scenario's key, word at the door, what is asked of a meter, its index)
KINDS = {"reads": ("reads_per_s", "READ", _current, "on_demand_s"),
         "histories": ("histories_per_s", "READ", _history, "history_s"),
         "controls": ("controls_per_s", "COMMAND", _control, "control_s")}


def good_ones(plan):
    """Addresses of the asked concentrators whose manner is good."""
    keys = plans.group(plan, "asked")
    faults = sum(keys[name] for name in plans.TERMINAL_FAULTS)
    return [address for address in addresses(FIRST["asked"], min(APART, keys["count"]))
            if values.value(address, 0, plan["seed"], DRAW_MANNER) % 1000 >= faults]


class Asks:
    """One kind of it, in threads of its own."""

    def __init__(self, station, plan, name):
        key, self.word, self.body, _ = KINDS[name]
        asked = plans.group(plan, "asked")
        self.whom = good_ones(plan)
        self.meters = [mp for mp in range(1, asked["meters"] + 1) if not plans.dead(plan, mp)]
        self.pause_s = THREADS / plan[key]
        self.draw = random.Random(f"{plan['seed']} {name}")
        self.endpoint = station.door_at
        self.taken_ms, self.errors, self.done = [], {}, {}
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._serve, args=(i,), daemon=True) for i in range(THREADS)]
        for thread in self.threads:
            thread.start()

    def _ask(self, door, body):
        try:
            return door.ask(self.word, body, timeout_s=LIMIT_S)[1].get("error", "?")
        except DoorError as problem:
            return str(problem).split(":")[1].strip() if ":" in str(problem) else str(problem)

    def _serve(self, number):
        """The threads take turns."""
        door = Door(self.endpoint)
        self.stopping.wait(self.pause_s * number / THREADS)
        while not self.stopping.wait(self.pause_s):
            body = {"terminal": f"{self.draw.choice(self.whom):09d}", **self.body(self.draw, self.draw.choice(self.meters))}
            begin = time.monotonic()
            error = self._ask(door, body)
            if error == "OK":
                self.taken_ms.append((time.monotonic() - begin) * 1000)
                what = body.get("operation", body["kind"])
                self.done[what] = self.done.get(what, 0) + 1
            else:
                self.errors[error] = self.errors.get(error, 0) + 1
        door.close()

    def stop(self):
        """{count, errors, done, p50_ms, p95_ms, p99_ms, p999_ms}; done: how many of what ended well."""
        self.stopping.set()
        for thread in self.threads:
            thread.join(LIMIT_S)
        taken = sorted(self.taken_ms)
        shares = (("p50_ms", 0.5), ("p95_ms", 0.95), ("p99_ms", 0.99), ("p999_ms", 0.999))
        return {"count": len(taken), "errors": self.errors, "done": self.done,
                **{name: quantile(taken, share) for name, share in shares}}


def wanted(plan):
    """Names of the kinds the plan wants."""
    return [name for name, (key, *_) in KINDS.items() if plan[key]]


def start(station, plan):
    """{name: Asks} of all kinds the plan wants."""
    return {name: Asks(station, plan, name) for name in wanted(plan)}


def faults(found, carried_out):
    """Sentences about what did not end well, or did not happen though it was confirmed; carried_out: what the terminals
    counted of an operation."""
    lines = [f"{count} {name} ended {error}" for name, one in found.items() for error, count in one["errors"].items()]
    for what, operation in (("trips", "trip"), ("permits", "permit_close")):
        said = found.get("controls", {"done": {}})["done"].get(operation, 0)
        if said != carried_out(what):
            lines.append(f"{said} {what} were confirmed at the door, the terminals carried out {carried_out(what)}")
    return lines
