"""How meters without any fault fare beside those with one: whether the first run brought their readings, and how long
after the task they were received. Of the latter only a meter that waits for others is late; what its own line and
meter take, the run without faults takes as well."""

import accounts
from asks import quantile
from check import fetch_all

READING = 1
INVALID, SUSPECT, REREAD = 1 << 0, 1 << 5, 1 << 7     # bits of quality, as README.md has them


class Arrivals:
    """The first good reading a task brought of each measuring point."""

    def __init__(self):
        self.first = {}     # (address, mp) -> (received_ms, not by a re-read)

    def add(self, _sequence, _index, message):
        kind, _, address, _, mp, task, received_ms = message[:7]
        good = [item[3] for item in message[11] if item[1] is not None and not item[3] & (INVALID | SUSPECT)]
        if kind == READING and task and good and (address, mp) not in self.first:
            self.first[address, mp] = received_ms, not good[0] & REREAD


def is_healthy(point):
    """Of a ledger's line: its concentrator has no fault, and itself had a value when it was asked first. One that was
    not asked is healthy as well."""
    manner, _, first, _ = point
    return manner == "good" and first != "nothing"


def measure(door, paths, since):
    """{points, first, p50_ms, p99_ms} of those that are healthy; since: the journal's head and the time before the
    tasks were put."""
    head, begin_ms = since
    arrivals = Arrivals()
    fetch_all(door, arrivals, head + 1, door.status(attempts=3)["head"], {"kind": "reading"})
    points = [key for key, point in accounts.read_ledgers(paths).items() if is_healthy(point)]
    came = [arrivals.first[key] for key in points if key in arrivals.first]
    taken = sorted(received_ms - begin_ms for received_ms, _ in came)
    return {"points": len(points), "first": sum(by_first for _, by_first in came),
            "p50_ms": quantile(taken, 0.5), "p99_ms": quantile(taken, 0.99)}
