"""A station with acquisition tasks, and what it accounts for."""
from concentrator import *

OFFSET = noon_offset_min()
TASK = """task daily energy
type daily
points energy.active.import.total_kWh
spread 1s
rereads 2
reread_every 1s
"""
GAP_FIELDS = "task number terminal mp slot_ms reason error code runs items_valid items next_ms"
Gap = collections.namedtuple("Gap", GAP_FIELDS)


def today():
    return local_day(int(time.time() * 1000), OFFSET)


def slot_ms():
    """The midnight that ended yesterday."""
    return today() * DAY_MS - OFFSET * 60000


def archive_of(terminals):
    """{number: measuring points}"""
    rows = "terminal,name,area,heartbeat_s,measuring_point,meter,limits,groups\n"
    for number, mps in terminals.items():
        for mp in mps:
            rows += (f"0100{number:05d},T{number},{number % 3},300,{mp},{mp:012d},"
                     f"energy.active.import.total_kWh=0..50000,{'even' if number % 2 == 0 else 'odd'}\n")
    return rows


def station(terminals, **options):
    defaults = {"node.utc_offset_min": OFFSET, "account.begin_ms": 1500, "account.checkpoint_ms": 200,
                "session.request_timeout_ms": 1200, "session.request_repeats": 0}
    return Daemon(archive=archive_of(terminals), options={**defaults, **options})


def put_task(daemon, text=TASK):
    daemon.ask("TASK_PUT", text=text, who="test")


def gaps(daemon, **filters):
    """All of them, page by page."""
    found, place = [], b""
    while True:
        page = daemon.ask("GAPS", limit=7, **{"days": 2, **filters}, **({"place": place} if place else {}))
        found += [Gap(*row) for row in page["gaps"]]
        place = page["next"]
        if not place:
            return found


def rate(daemon, **filters):
    rates, start = [], 0
    while not rates or start:
        page = daemon.ask("RATE", days=2, **{"from": start}, **filters)
        rates += page["rates"]
        start = page["next"]
        if not rates:
            break
    for one in rates:
        check_adds_up(one)
    return rates[0] if rates and not filters.get("by") else rates


def check_adds_up(one):
    apart = sum(one["reasons"].get(name, 0) for name in ("maintenance", "suspended"))
    equal(one["apart"], apart, "points apart")
    equal(one["points"], one["due"] + one["apart"], "points")
    equal(one["cycle"] + sum(one["reasons"].values()) - apart, one["due"], f"reasons add up: {one}")
    items_apart = sum(one["item_reasons"].get(name, 0) for name in ("maintenance", "suspended"))
    equal(one["items_valid"] + sum(one["item_reasons"].values()) - items_apart, one["items"], "items add up")


def settled(daemon):
    """Nothing is open any more."""
    return daemon.metric("slots_open") == 0


def reasons_of(daemon):
    return {(one.terminal, one.mp): one.reason for one in gaps(daemon)}
