"""The yardstick of polling: floor asks the same terminals for the same measuring points, with and without store."""

import json
import os
import shutil
import subprocess

import plan as plans
from fleet import Fleet

LIMIT_S = 300


def _once(run, store):
    """What floor says of one run. OSError if it does not end by itself."""
    keys = plans.group(run.plan, "asked")
    station, directory = run.station, os.path.join(run.directory, "floor")
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    arguments = [os.path.join(station.programs, "floor"), "--port", str(station.port), "--feed-port", str(station.feed_port),
                 "--terminals", str(keys["count"]), "--ask", str(keys["meters"])]
    if store:
        arguments += ["--store", os.path.join(directory, "store")]
    fleet = Fleet(station, directory, run.plan)
    with open(os.path.join(directory, "floor.log"), "wb") as log:
        floor = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL)
    try:
        run.wait_port(station.port)
        fleet.start()
        said = floor.communicate(timeout=LIMIT_S)[0]
        return json.loads(said)
    except (subprocess.TimeoutExpired, ValueError) as fault:
        raise OSError(f"floor did not come to its end; see {directory}/floor.log") from fault
    finally:
        fleet.kill()
        if floor.poll() is None:
            floor.kill()
            floor.wait()
        shutil.rmtree(os.path.join(directory, "store"), ignore_errors=True)


def measure(run):
    """{with, without: microseconds of CPU a request, per_s: requests a second with store}; several runs in turn, the
    best of each."""
    found = {"with": [], "without": []}
    per_s = 0.0
    for _ in range(run.plan["floor"]):
        for name in found:
            said = _once(run, name == "with")
            found[name].append(said["cpu_us"] / max(1, said["frames"]))
            per_s = max(per_s, said["frames"] * 1000 / max(1, said["ms"])) if name == "with" else per_s
    return {**{name: min(values) for name, values in found.items()}, "per_s": per_s}
