#!/usr/bin/python3
"""fepbench run SCENARIO.yaml|NAME [--data DIR] [--keep]   runs it against a fepd of its own, writes report.json and .html
fepbench compare A.json B.json                          the indexes of two reports beside each other
fepbench list                                           the scenarios with a sentence each, and the keys one may have

run ends 0 if every index of the acceptance table passed, 1 if one did not, 2 if it could not be run, 3 if there is no
verdict because the load generator itself was the limit."""

import argparse
import json
import os
import shutil
import signal
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

import plan as plans  # noqa: E402
import push  # noqa: E402
import report as reports  # noqa: E402
from run import Run, RunError  # noqa: E402
from station import DoorError  # noqa: E402

SCENARIOS = os.path.join(os.path.dirname(HERE), "scenarios")
STATUS = {"passed": 0, "failed": 1, "no_verdict": 3}


def show(report):
    print(f"\n{report['scenario']}: {report['verdict'].replace('_', ' ')}")
    print(f"  {'index':<24}{'target':>16}{'measured':>16}")
    for row in report["acceptance"]:
        print(f"  {row['index']:<24}{row['sense'] + ' ' + reports.number(row['target']):>16}"
              f"{reports.number(row['measured']):>16}  {'pass' if row['passed'] else 'FAIL'}")
    shown = {row["index"] for row in report["acceptance"]}
    for name, value in report["indexes"].items():
        if name not in shown:
            print(f"  {name:<24}{'':>16}{reports.number(value):>16}")
    for line in report["limits"]:
        print(f"  no verdict: {line}")
    for line in report["faults"]:
        print(f"  ! {line}")


def go(plan, options, directory):
    """What one run gathered, on a fresh store."""
    shutil.rmtree(os.path.join(directory, "store"), ignore_errors=True)
    one = Run(plan, options.programs, directory, options.quiet)
    try:
        return one.go()
    finally:
        one.close()


def go_twice(plan, options, directory):
    """Likewise, and in it that of the twin if the plan has one."""
    found = go(plan, options, directory)
    if plan["twin"]:
        if not options.quiet:
            print("once more, without faults", flush=True)
        found["twin"] = go(plans.without_faults(plan), options, os.path.join(directory, "twin"))
        for key in ("faults", "limits"):
            found[key] += [f"without faults: {line}" for line in found["twin"][key]]
    return found


def run(options):
    path = options.scenario
    if not os.path.exists(path) and os.path.exists(os.path.join(SCENARIOS, path + ".yaml")):
        path = os.path.join(SCENARIOS, path + ".yaml")
    plan = plans.read(path)
    if options.seed is not None:
        plan["seed"] = options.seed
    if options.seconds is not None:
        plan["seconds"] = options.seconds
    directory = os.path.abspath(options.data or os.path.join("var", "bench", plan["name"]))
    if plan["push"]:
        report = push.go(plan, options.programs, directory, options.quiet)
    else:
        report = reports.make(go_twice(plan, options, directory))
    paths = reports.write(report, directory)
    if not options.keep:
        for store in ("store", os.path.join("twin", "store")):
            shutil.rmtree(os.path.join(directory, store), ignore_errors=True)
    show(report)
    print(f"  {paths[0]}\n  {paths[1]}")
    return STATUS[report["verdict"]]


def compare(options):
    found = []
    for path in (options.a, options.b):
        with open(path, encoding="utf-8") as file:
            found.append(json.load(file))
    print(f"{'index':<24}{'A':>16}{'B':>16}{'B/A':>9}")
    for name in plans.INDEXES:
        a, b = (one["indexes"].get(name) for one in found)
        if a is not None or b is not None:
            ratio = f"{b / a:9.3f}" if a and b is not None else ""
            print(f"{name:<24}{reports.number(a):>16}{reports.number(b):>16}{ratio}")
    for key in ("scenario", "seed", "machine", "fepd"):
        if found[0][key] != found[1][key]:
            print(f"not alike: {key}: {found[0][key]} and {found[1][key]}")
    return 0


def show_list(_options):
    for name in sorted(os.listdir(SCENARIOS)):
        if name.endswith(".yaml"):
            plan = plans.read(os.path.join(SCENARIOS, name))
            print(f"{plan['name']:<12}{plan['says']}")
    print("\nKeys of a scenario, and their defaults:")
    for key, (default, _, _, meaning) in plans.TOP.items():
        print(f"  {key:<16}{'' if default is None else default!s:<10}{meaning}")
    print("  fepd            options of fepd as section.key: value\n  tasks           texts of acquisition tasks\n"
          "  targets         index: number\n  events          what happens to fepd, SECOND WHAT NUMBER each:")
    for word, (low, high, meaning) in plans.faults.WORDS.items():
        print(f"    {word:<14}{f'{low}..{high}':<16}{meaning}")
    for key, (default, _, _, meaning) in plans.PUSH.items():
        print(f"  push.{key:<11}{default!s:<10}{meaning}")
    for kind, (meaning, table) in plans.FLEETS.items():
        print(f"  fleet {kind}: {meaning}")
        for key, (default, _, _, text) in table.items():
            print(f"    {key:<14}{default!s:<10}{text}")
    return 0


def main():
    parser = argparse.ArgumentParser(prog="fepbench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", required=True, help=argparse.SUPPRESS)
    words = parser.add_subparsers(dest="word", required=True)
    word = words.add_parser("run")
    word.add_argument("scenario", help="a file, or a name that list shows")
    word.add_argument("--data", help="directory for the store, logs and reports; default var/bench/NAME")
    word.add_argument("--keep", action="store_true", help="keep the store")
    word.add_argument("--seed", type=int, help="instead of the scenario's")
    word.add_argument("--seconds", type=int, help="instead of the scenario's")
    word.add_argument("--quiet", action="store_true", help="no progress")
    word.set_defaults(act=run)
    word = words.add_parser("compare")
    word.add_argument("a")
    word.add_argument("b")
    word.set_defaults(act=compare)
    words.add_parser("list").set_defaults(act=show_list)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))
    try:
        return options.act(options)
    except (plans.PlanError, RunError, DoorError, OSError, ValueError) as error:
        print(f"fepbench: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 2


if __name__ == "__main__":
    sys.exit(main())
