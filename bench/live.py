#!/usr/bin/python3
"""One line every two seconds from the door's STATUS, until SIGTERM or SIGINT; --wait-s N only waits that long
for the door to answer and ends 0 if it does. --sim FILE, --field FILE: the logs of fepsim and fepfield, for what only
the terminals know: who of them is online by kind, and how many polls their meters answer."""
import argparse
import json
import os
import signal
import sys
import time

from door import Door, DoorError

HEADER = f"{'time':>8} {'online':>7} {'report':>7} {'gateway':>7} {'device':>7} {'polls/s':>8} {'frames/s':>9} " \
         f"{'readings/s':>11} {'commits/s':>10} {'sequence':>10} {'refused':>8} {'commit p99 us':>14}"


def rate(now, before, name, seconds):
    return max(0, now["metrics"].get(name, 0) - before["metrics"].get(name, 0)) / seconds


def fleet(path):
    """The last two lines of counters of fepsim or fepfield; empty ones before there are any."""
    found = [{}, {}]
    try:
        with open(path, "rb") as log:
            log.seek(max(0, os.stat(path).st_size - 16384))
            lines = log.read().decode("ascii", "replace").splitlines()
    except OSError:
        return found
    for text in lines:
        try:
            found = [found[1], json.loads(text)]
        except ValueError:
            continue
    return found


def devices(fields):
    """The last two sums over all kinds of fepfield."""
    return [dict(line.get("kinds", {}).get("all", {}), t_ms=line.get("t_ms", 0)) for line in fields]


def polled(before, now):
    seconds = (now.get("t_ms", 0) - before.get("t_ms", 0)) / 1000
    return (now.get("answers", 0) - before.get("answers", 0)) / seconds if seconds > 0 else 0


def line(now, before, seconds, sims, field):
    return f"{time.strftime('%H:%M:%S'):>8} {now['sessions'].get('online', 0):>7} " \
           f"{sims[1].get('online', 0):>7} {sims[1].get('gateways', 0):>7} {field[1].get('online', 0):>7} " \
           f"{polled(*sims) + polled(*field):>8.0f} " \
           f"{rate(now, before, 'frames_received', seconds):>9.0f} " \
           f"{rate(now, before, 'readings_committed', seconds):>11.0f} " \
           f"{rate(now, before, 'commits', seconds):>10.0f} {now['head']:>10} " \
           f"{now['metrics'].get('frames_refused', 0):>8} {now['commit_us'].get('p99', 0):>14}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--door", default="tcp://127.0.0.1:7602")
    parser.add_argument("--period-s", type=float, default=2.0)
    parser.add_argument("--sim", default="")
    parser.add_argument("--field", default="")
    parser.add_argument("--wait-s", type=float, default=0)
    args = parser.parse_args()
    stop = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.append(1))
    door = Door(args.door)
    if args.wait_s:
        try:
            door.status(1.0, max(1, int(args.wait_s)))
            return 0
        except DoorError:
            return 1
    before, at, count = None, 0.0, 0
    while not stop:
        try:
            now, when = door.status(2.0), time.monotonic()
        except DoorError as error:
            print(f"live: {error}", flush=True)
            before = None
        else:
            if before is not None and now["epoch"] == before["epoch"]:
                if count % 20 == 0:
                    print(HEADER)
                print(line(now, before, when - at, fleet(args.sim), devices(fleet(args.field))), flush=True)
                count += 1
            before, at = now, when
        end = time.monotonic() + args.period_s
        while not stop and time.monotonic() < end:
            time.sleep(0.05)
    return 0


if __name__ == "__main__":
    sys.exit(main())
