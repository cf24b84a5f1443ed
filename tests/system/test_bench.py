#!/usr/bin/python3
"""fepbench's scenarios: the short one proves every reading of every protocol and every account; a scenario that is wrong
is refused with file and line; one whose target is missed fails.
"""
from harness import *

BENCH = os.path.join(BIN, "fepbench")
SMALL = """says: a few concentrators, one meter of two dead
seconds: 60
until: settled
fleet:
  - asked: {count: 5, meters: 2, dead_every: 2}
tasks:
  - |
    task small
    type daily
    group asked
    points energy.active.import.total_kWh
    spread 0s
    rereads 1
    reread_every 1s
targets: {first_pass_pct: %s, cycle_pct: 50, completeness_pct: 50}
"""


def directory():
    path = tempfile.mkdtemp(prefix="fep-bench-")
    cleanup(lambda: shutil.rmtree(path, ignore_errors=True))
    return path


def bench(*arguments):
    return subprocess.run([BENCH, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=170)


def run_text(text):
    path = directory()
    file = os.path.join(path, "small.yaml")
    with open(file, "w") as out:
        out.write(text)
    said = bench("run", file, "--data", path, "--quiet")
    report = os.path.join(path, "report.json")
    return said, json.load(open(report)) if os.path.exists(report) else None, path


def test_ci():
    path = directory()
    said = bench("run", "ci", "--data", path, "--quiet")
    equal(said.returncode, 0, f"status, {said.stdout} {said.stderr}")
    with open(os.path.join(path, "report.json")) as file:
        report = json.load(file)
    equal([report["indexes"][name] for name in ("lost", "doubled", "wrong", "accounts_wrong")], [0] * 4, "proof")
    check(report["facts"]["confirmed"] > 500 and report["facts"]["polled"]["answers"] > 100, "there was load",
          report["facts"])
    equal(report["accounts"]["due"], 400, "points due")
    check(0 < report["accounts"]["first"] < report["accounts"]["cycle"] < 400, "some failed, some were repaired",
          report["accounts"])
    asked = report["asks"]
    check(asked["histories"]["count"] > 20 and min(asked["controls"]["done"].values()) > 5 and
          not asked["histories"]["errors"] and not asked["controls"]["errors"], "people were answered", asked)
    with open(os.path.join(path, "asked0.ledger")) as file:
        days = {line.split()[7] for line in file} - {"0"}
    check(len(days) > 5, "history came, which the checker has found in the journal", days)
    with open(os.path.join(path, "report.html")) as file:
        page = file.read()
    check("<svg" in page and "accounts_wrong" in page and "http" not in page.replace("http-equiv", ""),
          "a page complete in itself")
    said = bench("compare", os.path.join(path, "report.json"), os.path.join(path, "report.json"))
    check(re.search(r"^cycle_pct .* 1\.000$", said.stdout, re.M), "compare", said.stdout)


def test_push():
    said, report, path = run_text("says: a few as fast as they are confirmed\npush: {terminals: 20, seconds: 1, rounds: 1}\n"
                                  "targets: {closed_frames_per_s: 1}\n")
    equal((said.returncode, report["verdict"]), (0, "passed"), f"{said.stdout} {said.stderr}")
    found = report["indexes"]
    equal(found["lost"], 0, "all were confirmed")
    check(all(found[f"{load}_cpu_to_floor"] > 0 and found[f"{load}_frames_per_s"] > 0
              for load in ("closed", "pipelined", "paced")), "three loads, floor beside each", found)
    check(os.path.exists(os.path.join(path, "report.html")), "the page")


def test_floor():
    """Polling has floor beside it: the same measuring points, with and without store."""
    said, report, _ = run_text(SMALL.replace(", dead_every: 2", "").replace("until:", "floor: 1\nuntil:") % 100)
    equal((said.returncode, report["verdict"]), (0, "passed"), f"{said.stdout} {said.stderr}")
    check(report["floor"]["with"] > report["floor"]["without"] > 0 and "cpu_to_floor_bare" in report["indexes"], "figures",
          report["floor"])
    check(report["threads"], "CPU by thread")


def test_twin():
    """Beside a run with faults one without: the healthy are told apart and compared."""
    said, report, path = run_text(SMALL.replace("2, dead_every: 2", "2, never: 200, ee: 300").replace(
        "until:", "twin: 1\nfepd: {session.request_timeout_ms: 2000, session.request_repeats: 0}\nuntil:").replace(
        "count: 5", "count: 20").replace(
        "50}", "50, repairable_cycle_pct: 0, healthy_first_pass_pct: 0, healthy_p99_ratio: 100000}") % 0)
    equal((said.returncode, report["verdict"]), (0, "passed"), f"{said.stdout} {said.stderr}")
    check(0 < report["healthy"]["points"] < 40, "some have a fault", report["healthy"])
    check(0 < report["accounts"]["repairable"] < report["accounts"]["due"] == 40, "some cannot be had", report["accounts"])
    check(report["twin"]["healthy_first_pass_pct"] == report["twin"]["cycle_pct"] == 100, "nobody has in the other run",
          report["twin"])
    equal(report["indexes"]["faultless_p99_ms"], report["twin"]["healthy_p99_ms"], "what it is compared with")
    check("healthy_p99_ratio" in said.stdout and not os.path.exists(os.path.join(path, "twin", "store")), "shown; cleared")


def test_healthy():
    """What counts is the first good reading of a task, and whether a re-read brought it."""
    sys.path[:0] = [os.path.join(ROOT, "bench"), os.path.join(ROOT, "bench", "scenario")]
    import healthy
    arrivals = healthy.Arrivals()
    absent, good, again, suspect = [1, None, 1, 0], [1, 5, 0, 0], [1, 5, 0, 1 << 7], [1, 5, 0, 1 << 5]
    for mp, task, at, item in ((1, 3, 10, absent), (1, 3, 20, again), (1, 3, 30, good), (2, 0, 10, good), (2, 3, 40, suspect),
                               (2, 3, 50, good)):
        arrivals.add(1, 0, [1, 7, "410100001", 0, mp, task, at, None, 3, 0, 0, [item]])
    equal(arrivals.first, {("410100001", 1): (20, False), ("410100001", 2): (50, True)}, "arrivals")
    lines = {("good", 1, "good", "good"): True, ("good", 0, "not", "not"): True, ("good", 2, "nothing", "good"): False,
             ("slow", 1, "late", "late"): False}
    equal([healthy.is_healthy(line) for line in lines], list(lines.values()), "who is healthy")


def test_controls():
    """One that is refused, or that no terminal carried out, is a fault."""
    said, report, _ = run_text(SMALL.replace("until:", 'controls_per_s: 20\nfepd: {door.commands: "no"}\nuntil:') % 50)
    equal((said.returncode, report["verdict"]), (1, "failed"), f"{said.stdout} {said.stderr}")
    check(re.search(r"! [0-9]+ controls ended REFUSED", said.stdout), "it says so", said.stdout)
    sys.path[:0] = [os.path.join(ROOT, "bench"), os.path.join(ROOT, "bench", "scenario")]
    import asks
    found = {"controls": {"errors": {}, "done": {"trip": 3, "permit_close": 1}}}
    equal(asks.faults(found, {"trips": 3, "permits": 1}.get), [], "as confirmed")
    equal(asks.faults(found, {"trips": 2, "permits": 1}.get),
          ["3 trips were confirmed at the door, the terminals carried out 2"], "one was not")


def test_targets():
    said, report, _ = run_text(SMALL % 50)
    equal((said.returncode, report["verdict"]), (0, "passed"), f"half of them, {said.stdout} {said.stderr}")
    equal((report["accounts"]["due"], report["accounts"]["cycle"]), (10, 5), "accounts")
    said, report, _ = run_text(SMALL % 60)
    equal((said.returncode, report["verdict"]), (1, "failed"), said.stdout)
    check(re.search(r"first_pass_pct .*FAIL", said.stdout), "it says which", said.stdout)


def test_wrong_account():
    """The comparison sees an account that is not what the terminals did."""
    sys.path.insert(0, os.path.join(ROOT, "bench", "scenario"))
    import accounts
    path = os.path.join(directory(), "ledger")
    with open(path, "w") as file:
        file.write("410100001 1 good 1 good good 0 0 1\n410100001 2 good 2 nothing nothing 0 0 1\n")

    class FakeDoor:
        def __init__(self, gaps, first):
            self.gaps, self.first = gaps, first

        def ask(self, word, body, timeout_s=0):
            if word == "GAPS":
                return "GAPS", {"gaps": self.gaps, "next": b""}
            reasons = {row[5]: 1 for row in self.gaps}
            return "RATE", {"rates": [{"points": 2, "apart": 0, "due": 2, "cycle": 2 - len(self.gaps),
                                       "first": self.first, "reasons": reasons}]}

    gap = ["t", 1, "410100001", 2, 0, "meter_no_answer"]
    equal(accounts.compare(FakeDoor([gap], 1), [path])["wrong"], 0, "as it was")
    equal(accounts.compare(FakeDoor([gap[:5] + ["refused"]], 1), [path])["wrong"], 1, "another reason")
    check(accounts.compare(FakeDoor([], 1), [path])["wrong"] > 0, "a gap is missing")
    equal(accounts.compare(FakeDoor([gap], 2), [path])["wrong"], 1, "another first-pass count")


def test_wrong_scenario():
    for text, wanted in ((SMALL % 50 + "secnds: 5\n", r"small\.yaml:16: secnds: no such key; allowed are says"),
                         (SMALL.replace("count: 5", "count: no") % 50, r":5: count: no is not a number from 1 to"),
                         (SMALL.replace("asked:", "askd:") % 50, r":5: askd: no such terminals; allowed are reporters"),
                         ((SMALL % 50).replace("cycle_pct", "cyc"), r":15: cyc: no such index"),
                         ((SMALL % 50).replace("asked:", "gateways:").replace(", dead_every: 2", "") + "twin: 1\n",
                          r":1: twin: only of asked terminals"),
                         ((SMALL % 50).replace("asked:", "gateways:").replace(", dead_every: 2", "") + "controls_per_s: 1\n",
                          r":1: controls_per_s: only of asked terminals"),
                         ("fleet: [\n", r":2: "), ("", "empty")):
        said, report, _ = run_text(text)
        equal((said.returncode, report), (2, None), f"status of {text[:40]!r}")
        check(re.search(wanted, said.stderr), f"wanted {wanted}", said.stderr)
    equal(bench("run", "nothing.yaml").returncode, 2, "no such file")
    check("ci " in bench("list").stdout, "list")


run()
