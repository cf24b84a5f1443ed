"""From what a run gathered to indexes, and to the acceptance table."""

import asks
import plan as plans


def _per(amount, count, factor=1.0):
    return amount * factor / count if count else None


def _moved(run, key):
    return run["last"].get(key, 0) - run["first"].get(key, 0)


def _rates(run, found):
    result = run["figures"].get("accounts")
    rate = result and result["rate"]
    if not result:
        return
    found["accounts_wrong"] = result["wrong"]
    if rate and rate["due"]:
        found.update({"first_pass_pct": 100 * rate["first"] / rate["due"],
                      "cycle_pct": 100 * rate["cycle"] / rate["due"],
                      "timeliness_pct": 100 * rate["timely"] / rate["due"],
                      "completeness_pct": 100 * rate["items_valid"] / rate["items"]})
    found["repairable_cycle_pct"] = _per(100, result["repairable"], result["repaired"])
    if run["plan"]["until"] == "settled":
        found["tour_s"] = run["seconds"]
        found["points_per_s"] = rate["cycle"] / run["seconds"] if rate else None


def _healthy(run, found):
    """Of meters without a fault, beside those of the run without any."""
    mine, other = (one["figures"].get("healthy") for one in (run, run.get("twin") or {"figures": {}}))
    if not mine or not mine["points"]:
        return
    found["healthy_first_pass_pct"] = 100 * mine["first"] / mine["points"]
    found["healthy_p99_ms"] = mine["p99_ms"]
    if other and mine["p99_ms"] and other["p99_ms"]:
        found["faultless_p99_ms"] = other["p99_ms"]
        found["healthy_p99_ratio"] = mine["p99_ms"] / other["p99_ms"]


def _costs(run, found):
    seconds, cpu_us = run["seconds"], _moved(run, "cpu_s") * 1e6
    frames, readings, requests = (_moved(run, key) for key in ("frames_received", "readings_committed",
                                                               "requests_sent"))
    killed = run["kills"] > 0     # counters began anew
    if not killed:
        found.update({"frames_per_s": frames / seconds, "readings_per_s": readings / seconds,
                      "cpu_us_per_frame": _per(cpu_us, frames), "cpu_us_per_reading": _per(cpu_us, readings)})
    if run["figures"].get("accounts") and not killed:
        found.update({"requests_per_s": requests / seconds, "cpu_us_per_request": _per(cpu_us, requests)})
    floor = run["figures"].get("floor")
    if floor and requests:
        found.update({"cpu_to_floor": cpu_us / requests / floor["with"],
                      "cpu_to_floor_bare": cpu_us / requests / floor["without"],
                      "floor_requests_per_s": floor["per_s"]})
    count = plans.terminals(run["plan"])
    found["rss_bytes_per_session"] = _per(run["figures"]["rss_idle"], count)
    found["online_s"] = run["figures"]["online_s"]
    if killed:
        found["kills_survived"] = run["kills"]
        found["start_s"] = max(run["starts"][1:])


#  Ends of sessions that are the terminal's doing, or ours at the stop.
NOT_OURS = {"PEER_CLOSED", "PEER_RESET", "LOGOUT", "STOPPING", "REPLACED"}


def _closed(run, found):
    """Only where every terminal is healthy, and the process that counted is the first one."""
    if not run["kills"] and not plans.faulty(run["plan"]):
        found["healthy_closed"] = sum(count for name, count in run["status"].get("closed", {}).items()
                                      if name not in NOT_OURS)


def _growth(run, found):
    """Of the daemon over the window; a kill begins it anew."""
    rows = [row for row in run["samples"] if row["t"] >= run["first"]["t"] and "rss" in row]
    if len(rows) < 30 or run["kills"]:
        return
    if run["plan"]["reconnect"] and run["plan"]["calm_s"]:
        least = min(row["rss"] for row in rows[-(len(rows) // 10):])
        found["rss_back_pct"] = 100 * (least / run["first"]["rss"] - 1)
        return
    #  The most of parts that are long enough: the store collects 64 MB in minutes and then writes them, and while all
    #  dial anew many are closed.
    early, late = rows[:len(rows) // 3], rows[-(len(rows) // 3):]
    most = lambda part, key: max(row[key] for row in part)
    found["rss_growth_pct"] = 100 * (most(late, "rss") / most(early, "rss") - 1)
    for key in ("fds", "threads"):
        found[f"{key}_growth"] = most(late, key) - most(early, key)


def indexes(run):
    """{index: number} of all that was measured."""
    found = {name: run["facts"][name] for name in ("lost", "doubled", "wrong")}
    _rates(run, found)
    _healthy(run, found)
    _costs(run, found)
    _closed(run, found)
    _growth(run, found)
    confirm = run["generators"].get("sim", {}).get("confirm_us")
    if confirm and confirm.get("p50"):
        found["confirm_p50_ms"], found["confirm_p99_ms"] = confirm["p50"] / 1000, confirm["p99"] / 1000
    for name, one in run["figures"].get("asks", {}).items():
        if one["p99_ms"] is not None:
            found[asks.KINDS[name][-1]] = one["p99_ms"] / 1000
    return {name: value for name, value in found.items() if value is not None}


def acceptance(plan, measured):
    """[{index, unit, sense, target, measured, passed}]: what has a target; a target without a figure is not passed."""
    rows = []
    for name, (unit, sense, usual, meaning) in plans.INDEXES.items():
        target = plan["targets"].get(name, usual)
        value = measured.get(name)
        if target is None or (value is None and name not in plan["targets"]):
            continue
        passed = value is not None and (value <= target if sense == "<=" else value >= target)
        rows.append({"index": name, "unit": unit, "sense": sense, "target": target, "measured": value,
                     "passed": passed, "meaning": meaning})
    return rows


def verdict(rows, run):
    """passed, failed, or no_verdict: a generator was the limit."""
    if run["limits"]:
        return "no_verdict"
    return "passed" if all(row["passed"] for row in rows) and not run["faults"] else "failed"
