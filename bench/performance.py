#!/usr/bin/python3
"""Writes docs/performance.md from the reports of fepbench: what was measured, against what is aimed at.

    bench/performance.py [--reports var/bench] [--out docs/performance.md]

Reports are REPORTS/SCENARIO/report.json; what bench/scale.py and bench/overtake.py print may stand there as scale.txt and
overtake.txt. A row whose report is missing says so. With --run the scenarios are run first, one after the other."""

import argparse
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "scenario"))

import plan as plans  # noqa: E402
from report import number  # noqa: E402

SCENARIOS = ["push", "push_1000", "push_18000", "poll", "slow", "deadmeter", "idle", "storm", "subscriber", "mixed", "midnight", "kill", "disk", "clock"]
#  directory: what is run; half an hour to hours each
LONG = {"kill_500": ["kill_500"], "kill_500_2": ["kill_500", "--seed", "2"], "soak": ["soak"]}
KILLS = ["kill", *(name for name in LONG if name.startswith("kill"))]     # counted together

#  (figure, scenario, index, sense, aim, unit)
AIMS = [
    ("push, 5,000 terminals, one report each on the way: fepd's CPU a report up to confirmation and publication, to floor's", "push", "closed_cpu_to_floor", "<=", 1.15, "×"),
    ("... its followers' (latest values, accounts)", "push", "closed_followers_us", "<=", None, "µs"),
    ("... to mosquitto's", "push", "closed_cpu_to_mosquitto", "<=", 0.6, "×"),
    ("... to NATS JetStream's", "push", "closed_cpu_to_nats", "<=", 0.5, "×"),
    ("... reports a second, generator and subscriber on the same two cores", "push", "closed_frames_per_s", ">=", 130000, "1/s"),
    ("... eight of each terminal on the way", "push", "pipelined_frames_per_s", ">=", 300000, "1/s"),
    ("20,000 reports a second: report to confirmation, p50", "push", "paced_p50_ms", "<=", 3, "ms"),
    ("... p99", "push", "paced_p99_ms", "<=", 6, "ms"),
    ("... fepd's CPU a report to floor's", "push", "paced_cpu_to_floor", "<=", 1.3, "×"),
    ("18,000 connections to 1,000: CPU a report", None, "crowd", "<=", 1.9, "×"),
    ("poll, 10,000 terminals: first-pass rate", "poll", "first_pass_pct", ">=", 100, "%"),
    ("... requests answered a second, each for some 14 measuring points", "poll", "requests_per_s", ">=", 60000, "1/s"),
    ("... floor's, with store and publication, on this machine", "poll", "floor_requests_per_s", ">=", None, "1/s"),
    ("... measuring points answered a second", "poll", "points_per_s", ">=", None, "1/s"),
    ("... fepd's CPU a request to floor's with store", "poll", "cpu_to_floor", "<=", 1.3, "×"),
    ("... to floor's without store", "poll", "cpu_to_floor_bare", "<=", 1.8, "×"),
    ("... on-demand reads meanwhile, p99", "poll", "on_demand_s", "<=", 0.05, "s"),
    ("... reads of frozen days meanwhile, p99", "poll", "history_s", "<=", 30, "s"),
    ("... remote controls meanwhile, p99", "poll", "control_s", "<=", 5, "s"),
    ("poll with slow, silent, wrong and dropping terminals: accounts that are wrong", "slow", "accounts_wrong", "<=", 0, ""),
    ("... cycle rate", "slow", "cycle_pct", ">=", None, "%"),
    ("... cycle rate of what can be had", "slow", "repairable_cycle_pct", ">=", 100, "%"),
    ("... first-pass rate of the healthy", "slow", "healthy_first_pass_pct", ">=", 100, "%"),
    ("... their time from the task to the reading, p99, to that of a run without faults", "slow", "healthy_p99_ratio", "<=", 1.2, "×"),
    ("one of 32 meters dead: accounts that are wrong", "deadmeter", "accounts_wrong", "<=", 0, ""),
    ("idle: resident memory a session, 18,000 held", "idle", "rss_bytes_per_session", "<=", 1024, "B"),
    ("storm: 18,000 online after", "storm", "online_s", "<=", 20, "s"),
    ("... memory a minute after the last storm", "storm", "rss_back_pct", "<=", 5, "%"),
    ("... sessions without fault that were closed", "storm", "healthy_closed", "<=", 0, ""),
    ("midnight: accounts that are wrong", "midnight", "accounts_wrong", "<=", 0, ""),
    ("kill: kills survived, of all runs", KILLS, "kills_survived", ">=", 1000, ""),
    ("... confirmed reports lost", KILLS, "lost", "<=", 0, ""),
    ("... doubled", KILLS, "doubled", "<=", 0, ""),
    ("soak, all connections closed each minute: memory growth", "soak", "rss_growth_pct", "<=", 10, "%"),
    ("... descriptors more", "soak", "fds_growth", "<=", 20, ""),
    ("... lost", "soak", "lost", "<=", 0, ""),
]

#  (figure, file, what stands in it, aim, unit)
TEXTS = [
    ("start with 1,000,000 measuring points in the archive", "scale.txt", r"start to READY with them in the archive: ([0-9.]+) s", 5, "s"),
    ("on-demand read to the wire, every terminal's queue full, p99", "overtake.txt", r"p99 ([0-9.]+) ms", 20, "ms"),
]


BROKERS = """In turn, on fresh stores. The brokers are given the frames as they are and decode nothing: mosquitto as QoS 1 publishes with
persistence, NATS JetStream as publications on one subject a terminal, in a stream of one replica in files, with a core subscriber.
fepd and floor confirm only after a synced commit. The brokers acknowledge before anything is synced: mosquitto saves every ten
seconds, JetStream 2.9 syncs once a minute and has no option for it.

"""


def load(directory):
    found = {}
    for name in SCENARIOS + list(LONG):
        path = os.path.join(directory, name, "report.json")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                found[name] = json.load(file)
    return found


def value_of(reports, scenario, index):
    if index == "crowd":
        both = [reports.get(name, {}).get("indexes", {}).get("closed_cpu_us") for name in ("push_18000", "push_1000")]
        return both[0] / both[1] if all(both) else None
    if isinstance(scenario, list):
        all_of = [reports[name]["indexes"].get(index) for name in scenario if name in reports]
        return sum(all_of) if all_of and None not in all_of else None
    return reports.get(scenario, {}).get("indexes", {}).get(index)


def met(value, sense, aim):
    if value is None or aim is None:
        return ""
    return "yes" if (value <= aim if sense == "<=" else value >= aim) else "no"


def row(text, value, sense, aim, unit):
    wanted = f"{sense.replace('<=', '≤').replace('>=', '≥')} {number(aim)} {unit}".strip() if aim is not None else ""
    shown = f"{number(value)} {unit}".strip() if value is not None else "not measured"
    return f"| {text} | {wanted} | {shown} | {met(value, sense, aim)} |\n"


def aims(reports, directory):
    out = "| figure | aim | measured | met |\n| --- | --- | --- | --- |\n"
    for text, scenario, index, sense, aim, unit in AIMS:
        out += row(text, value_of(reports, scenario, index), sense, aim, unit)
    for text, name, pattern, aim, unit in TEXTS:
        path = os.path.join(directory, name)
        match = re.search(pattern, open(path, encoding="utf-8").read()) if os.path.exists(path) else None
        out += row(text, float(match[1]) if match else None, "<=", aim, unit)
    return out


def threads(report):
    """Where fepd's CPU goes, per request."""
    asked = report["indexes"].get("requests_per_s", 0) * report["seconds"]
    cost = sorted((report.get("threads") or {}).items(), key=lambda one: -one[1])
    if not asked or not cost:
        return ""
    out = "| thread | CPU µs a request |\n| --- | --- |\n"
    for name, seconds in cost:
        if seconds * 1e6 / asked >= 0.1:
            out += f"| {name} | {seconds * 1e6 / asked:.1f} |\n"
    floor = report.get("floor") or {}
    for name, text in (("with", "floor, with store and publication"), ("without", "floor, without")):
        if name in floor:
            out += f"| {text} | {floor[name]:.1f} |\n"
    return out


def push_threads(report):
    """Where the CPU of push goes, of fepd and of floor: the run with the least of each."""
    out = "| load | server | thread | outside the kernel, µs a report | within it |\n| --- | --- | --- | --- | --- |\n"
    for name, servers in report["loads"].items():
        for server in ("floor", "fepd"):
            best = min(servers[server], key=lambda one: one["cpu_us"])
            for thread, (user, kernel) in sorted(best.get("threads", {}).items(), key=lambda one: -sum(one[1])):
                out += f"| {name} | {server} | {thread} | {user:.2f} | {kernel:.2f} |\n"
    return out


def rounds(report):
    """Each run of push."""
    out = "| load | server | CPU µs a report | reports/s | p50 ms | p99 ms |\n| --- | --- | --- | --- | --- | --- |\n"
    for name, servers in report["loads"].items():
        for server, runs in servers.items():
            cells = [", ".join(f"{one[key] * factor:{form}}" for one in runs) for key, factor, form in (
                ("cpu_us", 1, ".2f"), ("frames_s", 1, ".0f"), ("p50_us", 0.001, ".1f"), ("p99_us", 0.001, ".1f"))]
            out += f"| {name} | {server} | " + " | ".join(cells) + " |\n"
    return out


def scenarios(reports):
    out = ""
    for name, report in reports.items():
        out += f"\n### {name}\n\n{report['says']} {report['made']}, seed {report['seed']}: {report['verdict'].replace('_', ' ')}.\n\n"
        out += "| index | measured | target |\n| --- | --- | --- |\n"
        targets = {one["index"]: one for one in report["acceptance"]}
        for index, value in report["indexes"].items():
            one = targets.get(index)
            text = f"{one['sense']} {number(one['target'])}, {'pass' if one['passed'] else 'fail'}" if one else ""
            out += f"| {index} | {number(value)} {plans.INDEXES[index][0]} | {text} |\n"
        for line in report["limits"] + report["faults"][:5]:
            out += f"\n{line}\n"
    return out


def page(reports, directory, remarks):
    machine = next(iter(reports.values()))["machine"]
    version = next((one["fepd"] for one in reports.values() if one["fepd"]), "")
    out = (f"# What it costs, measured\n\nWritten by `bench/performance.py` from the reports of `fepbench run`. {machine['cpu']},\n"
           f"{machine['cpus']} CPUs, {machine['memory_mb']:,} MB, {machine['system'].split('-')[0]}; fepd {version}. Terminals, subscriber, checker and\n"
           "fepd share the machine. What an index means `fepbench list` and the reports say. Compare ratios: single times swing by a\n"
           "tenth and more between runs on such a machine.\n\n## Aims\n\n")
    out += aims(reports, directory) + "\n" + remarks
    if reports.get("push", {}).get("loads"):
        out += "\n## Each run of push\n\n" + BROKERS + rounds(reports["push"])
        out += "\n## Where the CPU of push goes\n\n" + push_threads(reports["push"])
    if "poll" in reports:
        out += "\n## Where the CPU of polling goes\n\n" + threads(reports["poll"])
    return out + "\n## The reports\n" + scenarios(reports)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", default="var/bench")
    parser.add_argument("--out", default="docs/performance.md")
    parser.add_argument("--run", metavar="PROGRAMS", help="run the scenarios with the programs of that folder first")
    parser.add_argument("--long", action="store_true", help=f"with --run: {' and '.join(LONG)} as well; else their reports are taken as they are")
    options = parser.parse_args()
    wanted = {name: [name] for name in SCENARIOS} | (LONG if options.long else {})
    for name, what in wanted.items() if options.run else []:
        subprocess.run([os.path.join(options.run, "fepbench"), "run", *what, "--data", os.path.join(options.reports, name)], check=False)
    reports = load(options.reports)
    if not reports:
        sys.exit(f"no report in {options.reports}")
    with open(os.path.join(HERE, "performance.txt"), encoding="utf-8") as file:
        remarks = file.read()
    with open(options.out, "w", encoding="utf-8") as file:
        file.write(page(reports, options.reports, remarks))


if __name__ == "__main__":
    main()
