"""What the daemon accounts for each point of a task, against what fepmeter's concentrators know they did.

Only for plans with one task over the asked concentrators whose slots fall due once in the run: then the first and the
last thing a meter did say what its account must be. A concentrator that drops the line fails the first run of all its
points, since their run had begun when it went."""

REASONS = {"nothing": "meter_no_answer", "silent": "terminal_no_answer", "wrong": "terminal_no_answer"}
EXAMPLES = 8


def read_ledgers(paths):
    """{(address, mp): (manner, asked, first, last)}"""
    found = {}
    for path in paths:
        with open(path, encoding="ascii") as lines:
            for line in lines:
                address, mp, manner, asked, first, last = line.split()[:6]
                found[address, int(mp)] = manner, int(asked), first, last
    return found


def wanted(point):
    """(valid in the end, valid at the end of the first run, reason if not valid) of a ledger's line."""
    manner, asked, first, last = point
    good = ("good", "late")
    if not asked:
        return False, False, None
    valid = last in good
    return valid, valid and first in good and manner != "drop", None if valid else REASONS.get(last)


def read_gaps(door, days):
    """{(address, mp): reason} of all pages."""
    found, place = {}, b""
    while True:
        body = {"days": days, "limit": 5000}
        if place:
            body["place"] = place
        page = door.ask("GAPS", body, timeout_s=60)[1]
        for row in page["gaps"]:
            found[row[2], row[3]] = row[5]
        place = page["next"]
        if not place:
            return found


def read_rate(door, days, **more):
    rates = door.ask("RATE", {"days": days, **more}, timeout_s=60)[1]["rates"]
    return rates[0] if rates else None


def adds_up(rate):
    """None, or what does not add up."""
    apart = sum(rate["reasons"].get(name, 0) for name in ("maintenance", "suspended"))
    if rate["cycle"] + sum(rate["reasons"].values()) - apart != rate["due"]:
        return f"{rate['cycle']} valid and {rate['reasons']} are not {rate['due']} due"
    if rate["points"] != rate["due"] + rate["apart"]:
        return f"{rate['due']} due and {rate['apart']} apart are not {rate['points']}"
    return None


def compare(door, paths, dead=lambda mp: False, days=2):
    """{due, first, cycle, repairable, repaired, wrong, examples}: how many points are accounted otherwise than they
    behaved; of those that can be had sooner or later, how many are accounted valid. dead: whether a meter never has anything."""
    points = read_ledgers(paths)
    gaps, rate = read_gaps(door, days), read_rate(door, days)
    examples, wrong = [], 0
    first = cycle = 0
    can = {key for key, point in points.items() if point[0] not in ("never", "wrong") and not dead(key[1])}

    def fault(text):
        nonlocal wrong
        wrong += 1
        if len(examples) < EXAMPLES:
            examples.append(text)

    for (address, mp), point in points.items():
        valid, at_first, reason = wanted(point)
        cycle += valid
        first += at_first
        found = gaps.get((address, mp))
        if valid != (found is None):
            fault(f"{address} {mp}: {point} is accounted as {found or 'valid'}")
        elif reason and found != reason:
            fault(f"{address} {mp}: {point} has the reason {found}, not {reason}")
    if rate is None:
        return {"due": 0, "wrong": len(points) or 1, "repairable": len(can), "repaired": 0,
                "examples": ["nothing is accounted"], "rate": None}
    for name, count in (("due", len(points)), ("cycle", cycle), ("first", first)):
        if rate[name] != count:
            fault(f"{name}: {rate[name]} accounted, {count} as the terminals know")
    problem = adds_up(rate)
    if problem:
        fault(problem)
    return {"due": rate["due"], "first": rate["first"], "cycle": rate["cycle"], "repairable": len(can),
            "repaired": len(can - set(gaps)), "wrong": wrong, "examples": examples, "rate": rate}
