"""A scenario of reports as fast as they are confirmed: fepbench push, its text taken apart into a report."""

import os
import re
import shutil
import subprocess

import figures
import plan as plans
import report as reports
from station import free_ports

#  name of the load: (reports of a terminal on the way, reports a second or 0)
LOADS = {"closed": (1, 0), "pipelined": (8, 0), "paced": (1, 20000)}
PORTS = 3                # fepbench takes so many, one behind the other
FOLLOWERS = "history"    # the thread of those that follow the journal behind confirmation and publication

#  key of the plan and option of fepbench: its program
BROKERS = {"mosquitto": "mosquitto", "nats": "nats-server"}


def _pairs(text):
    return {key: float(value) for key, value in re.findall(r"(\w+)=(-?[0-9.]+)", text)}


def _threads(text):
    """{thread: (microseconds of CPU a report outside the kernel, within it)}"""
    return {name: (float(user), float(kernel)) for name, user, kernel in re.findall(r"(\S+)=([0-9.]+)\+([0-9.]+)", text)}


def _port_base():
    ports = free_ports(64)
    return next(port for port in ports if all(port + i in ports for i in range(PORTS)))


def _load(plan, programs, directory, depth, rate, say):
    """{server: [figures of a round]} of one load. OSError if it could not be measured."""
    keys = plan["push"]
    arguments = [os.path.join(programs, "fepbench"), "push", "--terminals", str(keys["terminals"]), "--seconds",
                 str(keys["seconds"]), "--rounds", str(keys["rounds"]), "--depth", str(depth), "--rate", str(rate),
                 "--data", os.path.join(directory, "push"), "--port-base", str(_port_base())]
    for broker, program in BROKERS.items():
        path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin")
        if keys[broker] and path:
            arguments += ["--" + broker, path]
    found, said = {}, []
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as child:
        try:
            for line in child.stdout:
                said.append(line)
                words = line.split()
                if len(words) > 2 and words[0] == "threads":
                    found[words[1]][-1]["threads"] = _threads(line)
                elif len(words) > 1 and words[1].startswith("round="):
                    say(line.strip())
                    found.setdefault(words[0], []).append(_pairs(line))
        except BaseException:
            child.terminate()
            raise
    if child.returncode or "fepd" not in found:
        raise OSError("fepbench push: " + "".join(said[-3:]).strip())
    return found


def _middle(values):
    values = sorted(values)
    return (values[len(values) // 2] + values[(len(values) - 1) // 2]) / 2


def _median(rows, key):
    return _middle([row[key] for row in rows])


def _indexes(loads):
    found = {"lost": sum(row["unconfirmed"] for servers in loads.values() for row in servers["fepd"])}
    for name, servers in loads.items():
        fepd = servers["fepd"]
        apart = [sum(row.get("threads", {}).get(FOLLOWERS, (0, 0))) for row in fepd]
        least = min(row["cpu_us"] - followers for row, followers in zip(fepd, apart))
        found.update({f"{name}_cpu_us": least, f"{name}_followers_us": _middle(apart),
                      f"{name}_cpu_to_floor": least / min(row["cpu_us"] for row in servers["floor"]),
                      f"{name}_frames_per_s": max(row["frames_s"] for row in fepd),
                      f"{name}_p50_ms": _median(fepd, "p50_us") / 1000, f"{name}_p99_ms": _median(fepd, "p99_us") / 1000})
        for broker in BROKERS:
            if broker in servers:
                found[f"{name}_cpu_to_{broker}"] = least / min(row["cpu_us"] for row in servers[broker])
    return found


def go(plan, programs, directory, quiet):
    """The report."""
    os.makedirs(directory, exist_ok=True)
    say = (lambda text: None) if quiet else (lambda text: print(text, flush=True))
    loads = {}
    for name, (depth, rate) in LOADS.items():
        say(name)
        loads[name] = _load(plan, programs, directory, depth, rate, say)
    measured = _indexes(loads)
    rows = figures.acceptance(plan, measured)
    run = {"plan": dict(plan), "limits": [], "faults": [], "kills": 0, "starts": [], "seconds": plan["push"]["seconds"],
           "facts": {}, "status": {}, "generators": {}, "samples": [], "figures": {}, "threads": {}}
    return dict(reports.frame(run, measured, rows), loads=loads)
