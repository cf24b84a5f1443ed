"""A scenario file: what it may say, and where it is wrong. The tables here are all there is; `fepbench list` prints
them, and a fault names file, line, key and what is allowed."""

import os
import re

import yaml

import faults

#  name: (default, lowest, highest, meaning); a text has no bounds.
TOP = {
    "says": (None, None, None, "one sentence for people"),
    "seed": (1, 0, 1000000000, "of everything drawn by chance"),
    "warm_s": (0, 0, 3600, "from all online to the beginning of the window"),
    "seconds": (30, 1, 604800, "length of the window, or the most it may take if it ends by itself"),
    "until": ("seconds", ("seconds", "settled"), None, "settled: the window ends when no slot is open any more"),
    "online_s": (120, 1, 3600, "the terminals must be online within"),
    "connects_per_s": (2000, 1, 100000, "pace of the first dialling"),
    "subscribers": (1, 0, 100, "at the feed; the first is the checker, which heals and judges"),
    "stalled": (0, 0, 10, "further subscribers that never read"),
    "reads_per_s": (0, 0, 1000, "on-demand reads of current values in the window, of asked terminals without fault"),
    "histories_per_s": (0, 0, 1000, "likewise of a frozen day of the last four weeks"),
    "controls_per_s": (0, 0, 1000, "remote controls likewise: an output is tripped, or permitted to close"),
    "twin": (0, 0, 1, "1: once more without the faults of asked terminals, to be compared with"),
    "floor": (0, 0, 10, "so many times floor does the same beside it, to be compared with; only of asked ones"),
    "reconnect": (0, 0, 100, "so many times in the window all connections are closed at once by the terminals"),
    "calm_s": (0, 0, 3600, "at the end of the window, without reconnections and kills"),
    "kills": (0, 0, 100000, "so many times fepd is killed (-9) in the window and started again"),
}

FLEETS = {
    "reporters": ("concentrators that report by themselves (fepsim)", {
        "count": (100, 1, 60000, "terminals"), "period_ms": (5000, 10, 86400000, "between two reports"),
        "points": (0, 0, 2040, "measuring points; 0: as the period has minutes"),
        "depth": (4, 1, 8, "reports on the way"), "day_every": (60, 0, 1000000, "one in so many is a frozen day"),
        "event_every": (240, 0, 1000000, "one in so many is an event"),
        "heartbeat_ms": (60000, 100, 86400000, "between heartbeats"),
        "timeout_ms": (15000, 100, 3600000, "to a confirmation, then sent again")}),
    "gateways": ("DTUs with polled Modbus meters (fepsim)", {
        "count": (10, 1, 60000, "terminals"), "meters": (4, 1, 32, "behind each"),
        "heartbeat_ms": (60000, 100, 86400000, "between heartbeats")}),
    "asked": ("concentrators whose meters are asked by tasks (fepmeter)", {
        "count": (100, 1, 60000, "terminals"), "meters": (8, 1, 2040, "measuring points of each"),
        "slow": (0, 0, 1000, "of 1,000 so many answer after slow_ms"), "never": (0, 0, 1000, "... never"),
        "wrong": (0, 0, 1000, "... with a wrong checksum"),
        "drop": (0, 0, 1000, "... drop the line at each second request"),
        "ee": (0, 0, 1000, "of 1,000 meters so many have nothing when asked first"),
        "fill_s": (0, 0, 86400, "meters' values are there within so long after the start; 0: at once"),
        "dead_every": (0, 0, 2040, "every so many-th meter has never anything; 0: none"),
        "slow_ms": (3000, 1, 600000, "see slow"), "delay_low_ms": (0, 0, 60000, "round trips of the others from"),
        "delay_high_ms": (0, 0, 60000, "to, by terminal; 0: at once"),
        "heartbeat_ms": (60000, 100, 86400000, "between heartbeats")}),
    "devices": ("devices of every other protocol (fepfield)", {
        "count": (14, 1, 10000, "devices, spread over nine kinds"), "meters": (4, 1, 32, "of each")}),
}

#  Of asked ones.
TERMINAL_FAULTS = ("slow", "never", "wrong", "drop")
METER_FAULTS = ("ee", "dead_every")

#  Instead of a fleet: reports as fast as they are confirmed, by fepbench push, floor beside it.
PUSH = {"terminals": (5000, 1, 18000, "connections"), "seconds": (5, 1, 600, "length of a window"),
        "rounds": (3, 1, 50, "runs of each server"), "mosquitto": (0, 0, 1, "1: that broker, if it is installed, takes them too"),
        "nats": (0, 0, 1, "1: likewise NATS JetStream")}

#  name: (unit, which way is good, default target or None, meaning). The acceptance table has those that were measured
#  and have a target.
INDEXES = {
    "lost": ("", "<=", 0, "confirmed or answered, and not in the journal or on the feed"),
    "doubled": ("", "<=", 0, "twice in the journal or on the feed"),
    "wrong": ("", "<=", 0, "another value than the terminal had"),
    "accounts_wrong": ("", "<=", 0, "points whose account is not what the terminals know they did"),
    "first_pass_pct": ("%", ">=", 97, "key items valid at the end of the first run"),
    "cycle_pct": ("%", ">=", 99.5, "key items valid in the end"),
    "completeness_pct": ("%", ">=", 99.5, "items valid in the end"),
    "repairable_cycle_pct": ("%", ">=", 100, "likewise, of points that are neither dead nor behind terminals that never answer well"),
    "healthy_first_pass_pct": ("%", ">=", 100, "of meters without any fault: had by the first run"),
    "healthy_p99_ms": ("ms", "<=", None, "of meters without any fault: from the task to the receipt of the reading, p99"),
    "faultless_p99_ms": ("ms", "<=", None, "the same where nobody has a fault"),
    "healthy_p99_ratio": ("", "<=", 1.2, "the one to the other"),
    "timeliness_pct": ("%", ">=", None, "key items that came in time"),
    "on_demand_s": ("s", "<=", 15, "p99 of reads of current values"),
    "history_s": ("s", "<=", 30, "p99 of reads of frozen days"),
    "control_s": ("s", "<=", 5, "p99 of remote controls, from the order to the terminal's confirmation"),
    "tour_s": ("s", "<=", 900, "from the task to the last answer of all terminals"),
    "confirm_p50_ms": ("ms", "<=", None, "report to confirmation"),
    "confirm_p99_ms": ("ms", "<=", None, "report to confirmation"),
    "frames_per_s": ("1/s", ">=", None, "frames received in the window"),
    "readings_per_s": ("1/s", ">=", None, "readings committed in the window"),
    "points_per_s": ("1/s", ">=", None, "measuring points answered in the window, many with one request"),
    "requests_per_s": ("1/s", ">=", None, "requests answered in the window"),
    "cpu_us_per_frame": ("us", "<=", None, "fepd's CPU a frame received"),
    "cpu_us_per_reading": ("us", "<=", None, "fepd's CPU a reading committed"),
    "cpu_us_per_request": ("us", "<=", None, "fepd's CPU a request answered"),
    "cpu_to_floor": ("", "<=", None, "fepd's CPU a request, as a multiple of floor's with store and publication"),
    "cpu_to_floor_bare": ("", "<=", None, "likewise of floor's without them"),
    "floor_requests_per_s": ("1/s", ">=", None, "answered to floor with store and publication"),
    **{f"{load}_{name}": (unit, sense, None, f"{says}: {meaning}")
       for load, says in (("closed", "one report of each terminal on the way"), ("pipelined", "eight"),
                          ("paced", "20,000 a second"))
       for name, unit, sense, meaning in (
           ("cpu_us", "us", "<=", "fepd's CPU a report up to its confirmation and publication"),
           ("followers_us", "us", "<=", "that of latest values and accounts, which follow the journal"), ("cpu_to_floor", "", "<=", "the former as a multiple of floor's"),
           ("cpu_to_mosquitto", "", "<=", "that as a multiple of the broker's"),
           ("cpu_to_nats", "", "<=", "that as a multiple of NATS JetStream's"),
           ("frames_per_s", "1/s", ">=", "reports confirmed"), ("p50_ms", "ms", "<=", "report to confirmation"),
           ("p99_ms", "ms", "<=", "report to confirmation"))},
    "rss_bytes_per_session": ("B", "<=", None, "resident memory, all online less none"),
    "rss_growth_pct": ("%", "<=", None, "resident memory, most of the last third of the window over that of the first"),
    "fds_growth": ("", "<=", None, "descriptors, likewise"),
    "threads_growth": ("", "<=", None, "threads, likewise"),
    "rss_back_pct": ("%", "<=", None, "resident memory, least of the last tenth of a window with calm_s over that before the first reconnection"),
    "online_s": ("s", "<=", None, "from the first dial to all online"),
    "healthy_closed": ("", "<=", None, "sessions of terminals without fault that fepd closed"),
    "kills_survived": ("", ">=", None, "kills after which everything went on"),
    "start_s": ("s", "<=", None, "longest start after a kill"),
}


class PlanError(Exception):
    """Where a scenario is wrong and what is allowed."""


class Plan(dict):
    """The keys of TOP with their values, and fepd {option: value}, tasks [text], fleet [(kind, {key: value})],
    targets {index: number}; name and path."""


def _fault(path, node, text):
    raise PlanError(f"{path}:{node.start_mark.line + 1}: {text}")


def _pairs(path, node, what):
    if not isinstance(node, yaml.MappingNode):
        _fault(path, node, f"{what}: keys with values are wanted")
    seen = set()
    for key, value in node.value:
        if key.value in seen:
            _fault(path, key, f"{key.value}: stands twice")
        seen.add(key.value)
        yield key, value


def _value(path, key, node, row):
    default, low, high, _ = row
    if not isinstance(node, yaml.ScalarNode):
        _fault(path, node, f"{key}: one value is wanted")
    if isinstance(low, tuple):
        if node.value not in low:
            _fault(path, node, f"{key}: {node.value} is none of {', '.join(low)}")
        return node.value
    if default is None or isinstance(default, str):
        return node.value
    if not re.fullmatch(r"-?[0-9]{1,12}", node.value) or not low <= int(node.value) <= high:
        _fault(path, node, f"{key}: {node.value} is not a number from {low} to {high}")
    return int(node.value)


def _table(path, node, table, what):
    found = {key: row[0] for key, row in table.items()}
    for key, value in _pairs(path, node, what):
        if key.value not in table:
            _fault(path, key, f"{key.value}: {what} has no such key; allowed are {', '.join(table)}")
        found[key.value] = _value(path, key.value, value, table[key.value])
    return found


def _fleet(path, node):
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        _fault(path, node, "fleet: a list of groups of terminals is wanted")
    groups = []
    for group in node.value:
        for key, value in _pairs(path, group, "fleet"):
            if key.value not in FLEETS:
                _fault(path, key, f"{key.value}: no such terminals; allowed are {', '.join(FLEETS)}")
            if any(kind == key.value for kind, _ in groups):
                _fault(path, key, f"{key.value}: one group of each kind is allowed")
            groups.append((key.value, _table(path, value, FLEETS[key.value][1], key.value)))
    return groups


def _scalars(path, node, what):
    found = {}
    for key, value in _pairs(path, node, what):
        if not isinstance(value, yaml.ScalarNode):
            _fault(path, value, f"{what}.{key.value}: one value is wanted")
        found[key.value] = yaml.safe_load(yaml.serialize(value))
    return found


def _fepd(path, node):
    options = _scalars(path, node, "fepd")
    for name in options:
        if not re.fullmatch(r"[a-z_]+\.[a-z0-9_]+", name):
            _fault(path, node, f"fepd: {name}: options are written section.key")
    return options


def _targets(path, node):
    found = {}
    for key, value in _pairs(path, node, "targets"):
        if key.value not in INDEXES:
            _fault(path, key, f"{key.value}: no such index; allowed are {', '.join(INDEXES)}")
        if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value.value):
            _fault(path, value, f"{key.value}: {value.value} is no number")
        found[key.value] = float(value.value)
    return found


def _events(path, node):
    found = []
    if not isinstance(node, yaml.SequenceNode):
        _fault(path, node, "events: a list of texts is wanted: SECOND WHAT NUMBER")
    for one in node.value:
        words = str(one.value).split()
        row = faults.WORDS.get(words[1]) if len(words) == 3 else None
        good = row and all(re.fullmatch(r"-?[0-9]{1,9}", word) for word in (words[0], words[2]))
        if not good or int(words[0]) < 0 or not row[0] <= int(words[2]) <= row[1]:
            allowed = "; ".join(f"{name} {low}..{high}" for name, (low, high, _) in faults.WORDS.items())
            _fault(path, one, f"events: {one.value}: allowed is SECOND WHAT NUMBER, of {allowed}")
        found.append((int(words[0]), words[1], int(words[2])))
    return found


def _tasks(path, node):
    if not isinstance(node, yaml.SequenceNode) or not all(isinstance(one, yaml.ScalarNode) for one in node.value):
        _fault(path, node, "tasks: a list of texts is wanted, as docs/acquisition.md has them")
    return [one.value for one in node.value]


def read(path):
    """The plan of a file. PlanError, OSError."""
    with open(path, encoding="utf-8") as file:
        try:
            root = yaml.compose(file)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 0
            raise PlanError(f"{path}:{line}: {error.problem}") from error
    if root is None:
        raise PlanError(f"{path}:1: empty; says and one of fleet and push are wanted")
    parts = {"fepd": _fepd, "targets": _targets, "tasks": _tasks, "fleet": _fleet, "events": _events,
             "push": lambda path, node: _table(path, node, PUSH, "push")}
    plan = Plan({key: row[0] for key, row in TOP.items()}, fepd={}, targets={}, tasks=[], fleet=[], events=[], push={})
    for key, value in _pairs(path, root, "a scenario"):
        if key.value in parts:
            plan[key.value] = parts[key.value](path, value)
        elif key.value in TOP:
            plan[key.value] = _value(path, key.value, value, TOP[key.value])
        else:
            _fault(path, key, f"{key.value}: no such key; allowed are {', '.join([*TOP, *parts])}")
    if not plan["says"] or bool(plan["fleet"]) == bool(plan["push"]):
        _fault(path, root, "says and one of fleet and push are wanted")
    if plan["floor"] and [kind for kind, _ in plan["fleet"]] != ["asked"]:
        _fault(path, root, "floor: only beside a fleet of asked terminals alone")
    for key in ("reads_per_s", "histories_per_s", "controls_per_s"):
        if plan[key] and not group(plan, "asked"):
            _fault(path, root, f"{key}: only of asked terminals")
    if plan["twin"] and not (group(plan, "asked") and plan["tasks"]):
        _fault(path, root, "twin: only of asked terminals with a task")
    plan["name"] = os.path.splitext(os.path.basename(path))[0]
    plan["path"] = path
    return plan


def group(plan, kind):
    """The keys of the group of that kind, or None."""
    return next((keys for name, keys in plan["fleet"] if name == kind), None)


def dead(plan, mp):
    """That meter of each asked terminal never has anything."""
    every = group(plan, "asked")["dead_every"]
    return bool(every) and mp % every == 0


def faulty(plan):
    """Some asked terminals have a fault."""
    return any((group(plan, "asked") or {}).get(key) for key in TERMINAL_FAULTS)


def without_faults(plan):
    """The same plan, but everything that is asked answers well."""
    clean = dict.fromkeys((*TERMINAL_FAULTS, *METER_FAULTS), 0)
    fleet = [(kind, {**keys, **clean} if kind == "asked" else keys) for kind, keys in plan["fleet"]]
    return Plan({**plan, "fleet": fleet, "floor": 0})


def terminals(plan):
    return sum(keys["count"] for _, keys in plan["fleet"])
