#!/usr/bin/python3
"""The independent subscriber: records the feed from before the load, heals its gaps by FETCH, at the end reads
everything by FETCH, and compares item by item with the ledger of fepsim. Start it before the load; SIGTERM or
SIGINT ends the recording and begins the comparison. Prints a table and one JSON line.

Ends 0 only if nothing is lost, doubled or wrong; 1 if something is; 2 if it could not judge.

  lost     confirmed to the terminal, or answered by a polled meter and followed by the next meter's request, but
           not (whole) in the journal; or in the journal, but not on the feed even after healing
  doubled  two records of one identity without the quality bit `changed`, in the journal or on the feed. Identity
           is (terminal, measuring point, point, freeze, device time); of a polled meter, whose values have no
           time, (terminal, measuring point, point, number of the answer)
  wrong    another value than the formula gives, a report nobody sent, an answer no meter gave, one on the feed
           that the journal lacks, or a value that was held back or marked suspect

An answer whose connection ended before the next request, or which the master asked for again, may be in the
journal or not; how many are missing is bounded, what is beyond counts as lost.

The terminals of --field-archive are those of fepfield; field_check.py judges them by --field-ledger. Those of an
--asked-ledger are concentrators that answer (fepmeter): what they have said last without fault must be in the journal.
"""
import argparse
import json
import signal
import sys
import time

import msgpack
import zmq

import field_check
import values
from door import Door, DoorError, subscribe

KINDS = {1: "reading", 2: "event", 3: "alarm", 4: "result", 5: "link", 6: "login", 7: "heartbeat", 8: "held"}
TOPICS = [name + "/" for name in KINDS.values()]
READING, EVENT, HELD = 1, 2, 8
FREEZE_NONE, FREEZE_DAY = 0, 3
SUSPECT = 1 << 5
CHANGED = 1 << 9
ABSENT_DEVICE = 1
# Counters of events of a terminal, and which events stood in a frame (fep/point.h): they go with events, not in the
# ledger.
EVENT_COUNTS = {values.point(0, 0, 130, number, 0) for number in (36, 37, 42, 43, 44, 45)}
FATES = ("open", "taken", "given_up")
OPEN, TAKEN, GIVEN_UP = range(3)
OPEN_PER_GATEWAY = 2    # answers of one exchange when its connection ends
GIVEN_UP_FEW = 10       # missing at most, or one in GIVEN_UP_ONE_IN of all answers
GIVEN_UP_ONE_IN = 200
EXAMPLES = 5
INDEX_BITS = 20
FEW_TERMINALS = 20


class Tally:
    """What was seen in one place: the journal, or the feed."""

    def __init__(self, name, offset_min, day_shift_min, meters=frozenset()):
        self.name = name
        self.meters = meters    # of fepfield's terminals: (address, meter's address)
        self.devices = {address for address, _ in meters}
        self.field = field_check.FieldTally(name, meters)
        self.offset_min = offset_min
        self.day_shift_min = day_shift_min
        self.places = set()  # sequence and index of every message
        self.seen = {}       # report identity -> bits of its items
        self.kinds = {}      # messages by kind
        self.items = 0
        self.other_items = 0
        self.doubled = 0
        self.changed = 0
        self.wrong = 0
        self.held = set()    # sequence and index of every message held back
        self.empties = {}    # report identity -> items the device said it has not, though the formula has them
        self.loose = []      # items of polled meters whose message does not say which answer: reads of some registers
        self.examples = []

    def identity(self, message):
        """(kind, address, mp, minute) of a report, or None."""
        kind, freeze, minute = message[0], message[8], (message[9] or 0) // 60000
        if kind == EVENT:
            return values.EVENT, int(message[2]), message[4], minute
        if kind == READING and freeze == FREEZE_NONE:
            return values.CURRENT, int(message[2]), message[4], minute
        if kind == READING and freeze == FREEZE_DAY:
            return values.DAY, int(message[2]), message[4], minute - self.day_shift_min
        return None

    def fault(self, what, place, detail):
        if len(self.examples) < EXAMPLES:
            sequence, index = place >> INDEX_BITS, place & ((1 << INDEX_BITS) - 1)
            self.examples.append(f"{self.name}: {what} at {sequence}.{index}: {detail}")

    def add(self, sequence, index, message):
        place = sequence << INDEX_BITS | index
        device = message[2] in self.devices
        if message[0] == HELD and place not in self.held:
            self.held.add(place)
            if not device:
                self.wrong += 1
                self.fault("held back", place, message)
        if place in self.places:
            return
        self.places.add(place)
        kind = message[0]
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        if device:
            self.field.add(message)
            return
        if kind == READING and message[4] == 0 and all(item[0] in EVENT_COUNTS for item in message[11]):
            return
        if kind == READING and message[8] == FREEZE_NONE and not message[9]:
            self.add_polled(place, message)
            return
        identity = self.identity(message)
        if identity is None:
            return
        report, address, mp, minute = identity
        want = values.expected(report, address, mp, minute, self.offset_min)
        where = values.INDEX[report]
        mask = self.seen.get(identity, 0)
        for item in message[11]:
            self.items += 1
            i = where.get(item[0])
            if i is None:
                self.other_items += 1
                continue
            if item[3] & CHANGED:
                self.changed += 1
            elif mask >> i & 1:
                self.doubled += 1
                self.fault("doubled", place, (identity, item))
            mask |= 1 << i
            self.compare(place, identity, item, want[i])
        self.seen[identity] = mask

    def compare(self, place, identity, item, want):
        if item[1] is None and item[2] == ABSENT_DEVICE and want[0] is not None and not item[3] & SUSPECT:
            self.empties[identity] = self.empties.get(identity, 0) + 1
            return
        if item[3] & SUSPECT or not values.same(item, want):
            self.wrong += 1
            self.fault("wrong", place, (identity, item, want))

    def add_polled(self, place, message):
        """A message of one answer, or of all answers of an exchange."""
        address, unit = int(message[2]), message[4]
        blocks = {}  # kind -> (identity, what it must hold, bits of its items)
        for item in message[11]:
            kind, i = values.PLACE.get(item[0], (None, None))
            if i == 0:
                count = values.counter(kind, address, unit, item)
                if count is not None and count >= 0:
                    identity = kind, address, unit, count
                    blocks[kind] = identity, values.expected(kind, address, unit, count, 0), [0]
        for item in message[11]:
            self.items += 1
            kind, i = values.PLACE.get(item[0], (None, None))
            if kind not in blocks:
                self.loose.append((place, kind, address, unit, i, item))
                continue
            identity, want, mask = blocks[kind]
            if (self.seen.get(identity, 0) | mask[0]) >> i & 1:
                self.doubled += 1
                self.fault("doubled", place, (identity, item))
            mask[0] |= 1 << i
            self.compare(place, identity, item, want[i])
        for identity, _, mask in blocks.values():
            self.seen[identity] = self.seen.get(identity, 0) | mask[0]


    def settle_loose(self, answers):
        """What a person read apart from the polls must be what some answer of part of a block held."""
        parts = {}
        for (kind, address, unit, count), (_, whole) in answers.items():
            if not whole:
                parts.setdefault((kind, address, unit), []).append(values.expected(kind, address, unit, count, 0))
        for place, kind, address, unit, i, item in self.loose:
            wanted = [want[i] for want in parts.get((kind, address, unit), [])] if kind is not None else []
            if item[3] & SUSPECT or not any(values.same(item, want) for want in wanted):
                self.wrong += 1
                self.fault("of no answer", place, (address, unit, item))


class Recorder:
    """Follows the feed topic by topic as the schema says and heals what is missing."""

    def __init__(self, door, feed, tally, head, epoch):
        self.door = door
        self.epoch = epoch  # at the beginning
        self.feed = feed
        self.tally = tally
        self.start = head
        self.last = {}      # topic -> last sequence had
        self.epochs = {}    # topic -> epoch of its last frame
        self.ticks = {}     # topic -> (head, last published) of its last TICK
        self.healed = 0     # messages that came by FETCH
        self.gaps = 0
        self.received = 0   # messages that came by the feed
        self.unhealed = 0

    def heal(self, topic, upto):
        """FETCH what the topic holds behind what we have, up to a sequence."""
        name, area = topic.split("/", 1)
        start = self.last.get(topic, self.start) + 1
        if start > upto:
            return
        at, found = start, 0
        try:
            while at <= upto:
                word, page = self.door.ask("FETCH", {"from": at, "kind": name, "area": int(area)}, 10.0, 3)
                if word != "ROWS":
                    self.unhealed += 1
                    break
                for sequence, messages in page["commits"]:
                    if sequence > upto:
                        break
                    for index, message in messages:
                        self.tally.add(sequence, index, message)
                        found += 1
                if page["next"] <= at:
                    break
                at = page["next"]
        except DoorError as error:
            self.unhealed += 1
            print(f"check: gap of {topic} not healed: {error}", file=sys.stderr)
            return
        self.last[topic] = max(self.last.get(topic, self.start), upto)
        if found:
            self.gaps += 1
            self.healed += found

    def take(self, frames):
        topic = frames[0].decode()
        _, what, epoch, sequence, prev, _ = msgpack.unpackb(frames[1])[:6]
        if what == "NOTE" or topic.split("/")[0] not in [t[:-1] for t in TOPICS]:
            return
        last = self.last.get(topic, self.start)
        fresh = self.epochs.get(topic, self.epoch) != epoch
        self.epochs[topic] = epoch
        if what == "TICK":
            self.ticks[topic] = (sequence, prev)
            self.heal(topic, sequence if fresh else prev)
            return
        if sequence <= last:
            return
        if prev > last or prev == 0 or fresh:
            self.heal(topic, sequence - 1)
        for index, message in msgpack.unpackb(frames[2]):
            self.tally.add(sequence, index, message)
            self.received += 1
        self.last[topic] = sequence

    def drain(self, wait_ms):
        """Takes what is there; waits at most so long for the first. False if nothing came."""
        if not self.feed.poll(wait_ms):
            return False
        for _ in range(1000):
            try:
                self.take(self.feed.recv_multipart(zmq.NOBLOCK))
            except zmq.Again:
                break
        return True

    def settle(self, head, limit_s):
        """Until every topic's TICK says the head was passed and nothing is missing."""
        deadline = time.monotonic() + limit_s
        quiet = False
        while time.monotonic() < deadline:
            quiet = not self.drain(300)
            late = [t for t in self.last if self.ticks.get(t, (0, 0))[0] < head]
            if quiet and not late:
                return True
        return False


def fetch_all(door, tally, first, head, body, addresses=None):
    """Everything from first to head, or only those addresses. False if the journal no longer has it."""
    at = first
    while at <= head:
        word, page = door.ask("FETCH", dict(body, **{"from": at}), 10.0, 6)
        if word != "ROWS":
            return False
        for sequence, messages in page["commits"]:
            if sequence > head:
                break
            for index, message in messages:
                if addresses is None or message[2] in addresses:
                    tally.add(sequence, index, message)
        if page["next"] <= at:
            break
        at = page["next"]
    return True


def read_ledger(path):
    """Of reports: identity -> [sent, confirmed, carried]; of answers: identity -> (fate, whole)"""
    ledger, answers = {}, {}
    with open(path, encoding="ascii") as lines:
        for line in lines:
            address, kind, mp, minute, sent, confirmed, carried = map(int, line.split())
            if kind in values.POLLED:
                answers[kind, address, mp, minute] = confirmed, carried
                continue
            entry = ledger.setdefault((kind, address, mp, minute), [0, 0, 0])
            entry[0] += sent
            entry[1] |= confirmed
            entry[2] |= carried
    return ledger, answers


def read_asked(paths):
    """Of fepmeter: addresses, and identities of last answers of concentrators without fault."""
    addresses, said = set(), set()
    kinds = {"1": values.DAY, "0": values.CURRENT}
    for path in paths:
        with open(path, encoding="ascii") as lines:
            for line in lines:
                address, mp, manner, asked, _, last, _, minute, kind = line.split()
                addresses.add(int(address))
                if manner == "good" and last == "good" and int(asked):
                    said.add((kinds[kind], int(address), int(mp), int(minute)))
    return addresses, said


def look_up_carried(door, journal, ledger, head, earlier):
    """What an earlier run sent first may stand before our first sequence; `earlier` takes its terminals' messages
    from the journal's beginning on. Few terminals are asked for one by one, many in one pass."""
    addresses = {f"{identity[1]:09d}" for identity, entry in ledger.items()
                 if entry[1] and entry[2] and journal.seen.get(identity, 0) != values.FULL[identity[0]]}
    if not addresses:
        return
    first = door.status(attempts=3)["first"]
    if len(addresses) > FEW_TERMINALS:
        fetch_all(door, earlier, first, head, {}, addresses)
        return
    for address in addresses:
        fetch_all(door, earlier, first, head, {"terminal": address})


def judge_field(args, door, journal, feed, earlier, before):
    """The counts of the devices of fepfield, and examples."""
    if not args.field_ledger:
        return None, []
    said = field_check.Said(args.field_ledger)
    addresses = field_check.missing_facts(said, journal.field)
    if addresses:
        first = door.status(attempts=3)["first"]
        if first <= before:
            fetch_all(door, earlier, first, before, {}, addresses)
    return field_check.compare(said, journal.field, feed.field, earlier.field)


def compare_answers(answers, journal):
    """How many answers are lost, and counts of all by their fates."""
    lost, examples = 0, []
    missing = [0] * len(FATES)
    count = [0] * len(FATES)
    for identity, (fate, whole) in answers.items():
        count[fate] += 1
        seen, full = journal.seen.get(identity, 0), values.FULL[identity[0]]
        if not whole or seen == full:
            continue
        if fate == TAKEN or seen:
            lost += 1
            examples.append(f"answered, not whole in the journal: {identity}")
        else:
            missing[fate] += 1
    gateways = len({identity[1] for identity in answers})
    bounds = {OPEN: OPEN_PER_GATEWAY * gateways, GIVEN_UP: max(GIVEN_UP_FEW, len(answers) // GIVEN_UP_ONE_IN)}
    for fate, bound in bounds.items():
        if missing[fate] > bound:
            lost += missing[fate] - bound
            examples.append(f"answers {FATES[fate]} and not in the journal: {missing[fate]}; at most {bound}")
    facts = {"answers": len(answers), "gateways": gateways, "meters": len({identity[1:3] for identity in answers}),
             "committed": sum(1 for identity in answers if identity in journal.seen)}
    facts.update({name: count[fate] for fate, name in enumerate(FATES)})
    facts.update({"missing_" + FATES[fate]: missing[fate] for fate in bounds})
    return lost, facts, examples


def compare(ledger, answers, asked, journal, feed, earlier, head, first):
    """The counts of the verdict."""
    addresses, said = asked
    for tally in (journal, feed, earlier):
        tally.settle_loose(answers)
    lost_commit = lost_feed = 0
    lost_answers, polled, examples = compare_answers(answers, journal)
    polled["published"] = sum(1 for identity in answers if identity in feed.seen)
    for identity, (_, confirmed, _) in ledger.items():
        full = values.FULL[identity[0]]
        if confirmed and full not in (journal.seen.get(identity, 0), earlier.seen.get(identity, 0)):
            lost_commit += 1
            examples.append(f"confirmed, not in the journal: {identity}")
    bottom, top = first << INDEX_BITS, (head + 1) << INDEX_BITS
    in_journal = {place for place in journal.places if bottom <= place < top}
    on_feed = {place for place in feed.places if bottom <= place < top}
    lost_feed = len(in_journal - on_feed)
    phantom = len(on_feed - in_journal)
    for place in sorted(in_journal - on_feed)[:EXAMPLES]:
        examples.append(f"in the journal, not on the feed: {place >> INDEX_BITS}.{place % (1 << INDEX_BITS)}")
    for identity in said:
        if journal.seen.get(identity, 0) != values.FULL[identity[0]]:
            lost_answers += 1
            examples.append(f"answered, not whole in the journal: {identity}")
    unknown = [i for i in journal.seen if i not in ledger and i not in answers and i[1] not in addresses]
    unsent = len(unknown)
    for tally in (journal, feed, earlier):
        for identity, count in tally.empties.items():
            if identity[1] not in addresses:
                tally.wrong += count
                examples.append(f"{tally.name}: no value, but it has one: {identity}")
    for identity in unknown[:EXAMPLES]:
        examples.append(f"in the journal, not in the ledger: {identity}")
    return {
        "lost": lost_commit + lost_answers + lost_feed,
        "lost_commit": lost_commit,
        "lost_answers": lost_answers,
        "lost_feed": lost_feed,
        "doubled": journal.doubled + feed.doubled + earlier.doubled,
        "wrong": journal.wrong + feed.wrong + earlier.wrong + phantom + unsent,
        "wrong_value": journal.wrong + feed.wrong + earlier.wrong,
        "phantom": phantom,
        "unsent": unsent,
        "held": len(journal.held | feed.held),
        "polled": polled,
    }, examples[:4 * EXAMPLES]


def field_rows(field):
    names = [("devices of other protocols", "devices"), ("  reports confirmed", "confirmed"),
             ("  reports open at the end", "unconfirmed"), ("  answers", "answers"),
             ("  answers followed by the next request", "taken"), ("  answers asked for again", "given_up"),
             ("  values committed", "items"), ("  values not in the journal, as may be", "missing"),
             ("  lost", "lost"), ("  doubled", "doubled"), ("  wrong", "wrong")]
    return [(name, field[key]) for name, key in names] if field else []


def report(facts, examples):
    rows = [
        ("reports sent", facts["sent"]), ("  frames resent", facts["resent"]),
        ("  carried over from the run before", facts["carried"]),
        ("reports confirmed", facts["confirmed"]), ("reports committed", facts["committed"]),
        ("reports published", facts["published"]), ("  messages healed by FETCH", facts["healed"]),
        ("  gaps", facts["gaps"]), ("messages repeated, not journalled again", facts["repeated"]),
        ("meters polled", facts["polled"]["meters"]), ("answers of polled meters", facts["polled"]["answers"]),
        ("  followed by the next request", facts["polled"]["taken"]),
        ("  asked for again", facts["polled"]["given_up"]), ("  open at the end", facts["polled"]["open"]),
        ("  not in the journal, as may be", facts["polled"]["missing_open"] + facts["polled"]["missing_given_up"]),
        ("answers committed", facts["polled"]["committed"]), ("answers published", facts["polled"]["published"]),
        *field_rows(facts["field"]),
        ("messages held back", facts["held"]), ("items committed", facts["items"]), ("items changed", facts["changed"]),
        ("lost", facts["lost"]), ("doubled", facts["doubled"]), ("wrong", facts["wrong"]),
    ]
    for name, number in rows:
        print(f"  {name:<42}{number:>12}")
    for example in examples:
        print("  !", example)
    print(json.dumps(facts))
    sys.stdout.flush()


def judge(args, door, recorder, journal, feed, head0, repeated0):
    status = door.status(10.0, 6)
    head = status["head"]
    settled = recorder.settle(head, args.settle_ms / 1000)
    whole = fetch_all(door, journal, head0 + 1, head, {})
    ledger, answers = read_ledger(args.ledger) if args.ledger else ({}, {})
    earlier = Tally("journal of earlier runs", args.utc_offset_min, args.day_shift_min, journal.meters)
    look_up_carried(door, journal, ledger, head, earlier)
    field, field_examples = judge_field(args, door, journal, feed, earlier, head0)
    facts, examples = compare(ledger, answers, read_asked(args.asked_ledger), journal, feed, earlier, head, head0 + 1)
    facts["field"] = field
    examples = field_examples + examples
    for name in ("lost", "doubled", "wrong"):
        facts[name] += field[name] if field else 0
    examples += journal.examples + feed.examples + earlier.examples
    repeated = status["metrics"].get("messages_repeated", 0)
    verdict = {
        "what": "check",
        "ok": whole and facts["lost"] == 0 and facts["doubled"] == 0 and facts["wrong"] == 0,
        "sent": len(ledger),
        "resent": sum(entry[0] for entry in ledger.values()) - len(ledger),
        "carried": sum(entry[2] for entry in ledger.values()),
        "confirmed": sum(entry[1] for entry in ledger.values()),
        "committed": sum(1 for i in ledger
                         if values.FULL[i[0]] in (journal.seen.get(i, 0), earlier.seen.get(i, 0))),
        "published": sum(1 for i in ledger if feed.seen.get(i, 0) == values.FULL[i[0]]),
        "messages": recorder.received, "healed": recorder.healed, "gaps": recorder.gaps,
        "unhealed": recorder.unhealed, "settled": settled,
        "repeated": repeated - repeated0 if repeated >= repeated0 else repeated,
        "items": journal.items, "changed": journal.changed, "other_items": journal.other_items,
        "kinds": {KINDS.get(kind, str(kind)): count for kind, count in sorted(journal.kinds.items())},
        "first": head0 + 1, "head": head,
    }
    verdict.update(facts)
    if facts["polled"]["meters"] < args.meters:
        verdict["ok"] = False
        examples.append(f"only {facts['polled']['meters']} of {args.meters} meters were polled")
    if not whole:
        examples.append("the journal's beginning was trimmed before it could be read")
    if field and not args.field_few and field["devices"] < len(journal.devices):
        verdict["ok"] = False
        examples.append(f"only {field['devices']} of {len(journal.devices)} devices said anything")
    report(verdict, examples)
    return 0 if verdict["ok"] else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feed", default="tcp://127.0.0.1:7601")
    parser.add_argument("--door", default="tcp://127.0.0.1:7602")
    parser.add_argument("--ledger", help="of fepsim; read at the end")
    parser.add_argument("--asked-ledger", action="append", default=[], help="of fepmeter; read at the end")
    parser.add_argument("--field-archive", help="rows of fepfield's terminals in the archive")
    parser.add_argument("--field-ledger", help="of fepfield; read at the end")
    parser.add_argument("--field-few", action="store_true", help="not all of them need have said something")
    parser.add_argument("--meters", type=int, default=0, help="so many must have been polled")
    parser.add_argument("--utc-offset-min", type=int, default=480)
    parser.add_argument("--day-shift-min", type=int, default=1440,
                        help="instant of a frozen day behind the day's first minute")
    parser.add_argument("--settle-ms", type=int, default=15000, help="wait for the feed at the end")
    parser.add_argument("--limit", type=int, default=5000000, help="most messages it records; then it gives up")
    parser.add_argument("--seconds", type=float, default=0, help="record so long; 0 = until a signal")
    args = parser.parse_args()

    stop = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.append(1))
    try:
        door = Door(args.door)
        status = door.status(5.0, 6)
        head0, repeated0 = status["head"], status["metrics"].get("messages_repeated", 0)
        meters = field_check.read_meters(args.field_archive)
        feed = Tally("feed", args.utc_offset_min, args.day_shift_min, meters)
        journal = Tally("journal", args.utc_offset_min, args.day_shift_min, meters)
        recorder = Recorder(door, subscribe(args.feed, TOPICS), feed, head0, status["epoch"])
        print(f"check: recording from sequence {head0 + 1}", flush=True)
        end = time.monotonic() + args.seconds if args.seconds else float("inf")
        while not stop and time.monotonic() < end:
            recorder.drain(200)
            if len(feed.places) > args.limit:
                print(f"check: more than {args.limit} messages; cannot judge", file=sys.stderr, flush=True)
                return 2
        return judge(args, door, recorder, journal, feed, head0, repeated0)
    except (DoorError, OSError, ValueError) as error:
        print(f"check: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
