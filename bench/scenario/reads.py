"""On-demand reads at the door while the scenario runs: one after another at a pace, each of another terminal."""

import random
import threading
import time

import plan as plans
from door import Door, DoorError
from station import FIRST, addresses

LIMIT_S = 120


def quantile(taken, share):
    """Of what is sorted; None of nothing."""
    return taken[min(len(taken) - 1, int(share * len(taken)))] if taken else None


class Reads:
    """Reads the register of the last day of one meter of a concentrator each time; of fleets without concentrators
    that are asked, nothing."""

    def __init__(self, station, plan):
        keys = plans.group(plan, "asked") or {"count": 0, "meters": 1}
        self.whom = list(addresses(FIRST["asked"], keys["count"]))
        self.meters, self.pause_s = keys["meters"], 1 / plan["reads_per_s"]
        self.draw = random.Random(plan["seed"] + 1)
        self.endpoint = station.door_at
        self.taken_ms, self.errors = [], {}
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._serve, args=(i,), daemon=True) for i in range(4)]
        for thread in self.threads if self.whom else []:
            thread.start()

    def _serve(self, _number):
        door = Door(self.endpoint)
        while not self.stopping.wait(self.pause_s * len(self.threads)):
            body = {"terminal": f"{self.draw.choice(self.whom):09d}", "mp": self.draw.randrange(self.meters) + 1,
                    "kind": "current", "points": ["voltage.l1_V"]}
            begin = time.monotonic()
            try:
                answer = door.ask("READ", body, timeout_s=LIMIT_S)[1]
                error = answer.get("error", "?")
            except DoorError as problem:
                error = str(problem).split(":")[1].strip() if ":" in str(problem) else str(problem)
            if error == "OK":
                self.taken_ms.append((time.monotonic() - begin) * 1000)
            else:
                self.errors[error] = self.errors.get(error, 0) + 1
        door.close()

    def stop(self):
        """{count, errors, p50_ms, p95_ms, p99_ms, p999_ms}"""
        self.stopping.set()
        for thread in self.threads if self.whom else []:
            thread.join(LIMIT_S)
        taken = sorted(self.taken_ms)
        shares = (("p50_ms", 0.5), ("p95_ms", 0.95), ("p99_ms", 0.99), ("p999_ms", 0.999))
        return {"count": len(taken), "errors": self.errors, **{name: quantile(taken, share) for name, share in shares}}
