"""What the simulated devices of fepfield said, against what the journal and the feed hold. field_log.h has the form of
the ledger.

A value with an instant of its own (a freeze, a stamped event) is one fact: it stands once, however often it was said.
A value without one stands as often as it was said; values are counted, so that it does not matter when two equal ones
were said, and a register that rises tells its answers apart.

  lost     in a confirmed report or an answer that was taken, but not in the journal (often enough)
  doubled  more often in the journal or on the feed than it was said, or a second record of one fact without `changed`
  wrong    never said; held back or marked suspect; an event kept raw; another value of a fact; a meter's address that
           is none of the archive

What was given up by the master or open when a connection ended may be in the journal or not; how much is missing is
bounded."""

import struct

EVENT_RAW, METER_ADDRESS = 130 << 16 | 3 << 8, 136 << 16 | 1 << 8
SUSPECT, CHANGED = 1 << 5, 1 << 9
READING, EVENT, HELD = 1, 2, 8
JUDGED = (READING, EVENT, HELD)
NONE = ("none",)
EXAMPLES = 8
GIVEN_UP_FEW, GIVEN_UP_ONE_IN = 10, 200  # answers missing at most, or one in so many of all
OPEN_PER_DEVICE = 2


def decimal(mantissa, exponent):
    """One form for equal numbers."""
    if mantissa is None:
        return NONE
    if mantissa == 0:
        return 0, 0
    while mantissa % 10 == 0:
        mantissa //= 10
        exponent += 1
    return mantissa, exponent


def single(value):
    """The binary single nearest to a decimal of decimal()."""
    if value == NONE:
        return NONE
    return struct.unpack("f", struct.pack("f", value[0] * 10.0 ** value[1] if value[1] >= 0 else
                                          value[0] / 10.0 ** -value[1]))[0]


def of_item(item):
    mantissa, exponent = item[1], item[2]
    if isinstance(mantissa, (int, float)) and not isinstance(mantissa, bool):
        return mantissa if isinstance(mantissa, float) else decimal(mantissa, exponent or 0)
    return NONE if mantissa is None else ("text", mantissa)


def read_meters(path):
    """(terminal, meter) of the rows that fepfield --archive wrote."""
    if not path:
        return frozenset()
    with open(path, encoding="ascii") as lines:
        rows = [line.split(",") for line in lines]
    return frozenset((row[0], row[5]) for row in rows)


class FieldTally:
    """What one place, the journal or the feed, holds of these devices."""

    def __init__(self, name, meters=frozenset()):
        self.name = name
        self.meters = meters  # (address, meter's address)
        self.facts = {}   # (address, mp, freeze, time, point) -> [values in order]
        self.counts = {}  # (address, mp, point) -> {value: how often}
        self.wrong = 0
        self.doubled = 0
        self.items = 0
        self.messages = 0
        self.examples = []

    def fault(self, what, detail):
        if len(self.examples) < EXAMPLES:
            self.examples.append(f"{self.name}: {what}: {detail}")

    def add(self, message):
        if message[0] not in JUDGED:
            return
        self.messages += 1
        if message[0] == HELD:
            self.wrong += 1
            self.fault("held back", message[:11] + [message[11][:3]])
        address, mp, freeze, time_ms, step_ms = message[2], message[4], message[8], message[9] or 0, message[10] or 0
        for i, item in enumerate(message[11]):
            if item[0] == METER_ADDRESS:
                if (address, item[1]) not in self.meters:
                    self.wrong += 1
                    self.fault("nobody's address", (address, mp, item))
                continue
            self.items += 1
            if item[3] & SUSPECT or item[0] == EVENT_RAW:
                self.wrong += 1
                self.fault("suspect" if item[3] & SUSPECT else "kept raw", (address, mp, item))
            if not time_ms:
                counts = self.counts.setdefault((address, mp, item[0]), {})
                counts[of_item(item)] = counts.get(of_item(item), 0) + 1
                continue
            values = self.facts.setdefault((address, mp, freeze, time_ms + i * step_ms, item[0]), [])
            if values and not item[3] & CHANGED:
                self.doubled += 1
                self.fault("doubled", (address, mp, freeze, time_ms, item))
            values.append(of_item(item))


class Said:
    """The ledger: what was said of a fact, or how often a value without instant."""

    def __init__(self, path):
        self.facts = {}   # as in FieldTally -> [value, must it be there]
        self.counts = {}  # (address, mp, point) -> {value: [least, usual, most]}
        self.fates = {}   # (report or answer, fate) -> how many
        self.values = {}  # the same -> how many values
        self.conflicts = []
        self.devices = set()
        with open(path, encoding="ascii") as lines:
            for line in lines:
                self.line(line.split())

    def line(self, words):
        what, fate, times, address = words[0], words[1], int(words[2]), words[3]
        must = fate in ("confirmed", "taken")
        self.devices.add(address)
        self.fates[what, fate] = self.fates.get((what, fate), 0) + 1
        self.values[what, fate] = self.values.get((what, fate), 0) + len(words) - 4
        for word in words[4:]:
            mp, freeze, time_ms, point, mantissa, exponent = word.split(":")
            value = decimal(None if mantissa == "-" else int(mantissa), int(exponent))
            if int(time_ms):
                identity = address, int(mp), int(freeze), int(time_ms), int(point)
                fact = self.facts.setdefault(identity, [value, False])
                fact[1] = fact[1] or must
                if fact[0] != value:
                    self.conflicts.append((identity, fact[0], value))
            else:
                bounds = self.counts.setdefault((address, int(mp), int(point)), {}).setdefault(value, [0, 0, 0])
                bounds[0] += 1 if must else 0
                bounds[1] += 1
                bounds[2] += times

    def count(self, what, fate):
        return self.fates.get((what, fate), 0)


class Verdict:
    def __init__(self, said):
        self.said = said
        self.lost = self.doubled = self.wrong = self.missing = 0
        self.examples = []

    def fault(self, what, detail):
        if len(self.examples) < EXAMPLES:
            self.examples.append(f"{what}: {detail}")

    def counts(self, tally, must):
        """Values without an instant. must: what is not there is lost."""
        for key in self.said.counts.keys() | tally.counts.keys():
            said, seen = self.said.counts.get(key, {}), dict(tally.counts.get(key, {}))
            if any(isinstance(value, float) for value in seen):
                rounded = {}
                for value, bounds in said.items():
                    sums = rounded.setdefault(single(value), [0, 0, 0])
                    for i, bound in enumerate(bounds):
                        sums[i] += bound
                said = rounded
            for value, (least, usual, most) in said.items():
                have = seen.pop(value, 0)
                self.doubled += max(0, have - most)
                if have > most:
                    self.fault(f"{tally.name}: {have} times, said {most} times", (key, value))
                if must:
                    self.lost += max(0, least - have)
                    self.missing += max(0, usual - max(have, least))
                    if have < least:
                        self.fault(f"{tally.name}: {have} times, to be there {least} times", (key, value))
            for value, have in seen.items():
                self.wrong += have
                self.fault(f"{tally.name}: never said", (key, value))

    def facts(self, tally, must, earlier):
        for identity, values in tally.facts.items():
            fact = self.said.facts.get(identity)
            for value in values:
                if fact is None or value not in (fact[0], single(fact[0])):
                    self.wrong += 1
                    self.fault(f"{tally.name}: never said" if fact is None else f"{tally.name}: another value",
                               (identity, value, fact))
        if not must:
            return
        for identity, (value, wanted) in self.said.facts.items():
            if identity in tally.facts:
                continue
            before = earlier.facts.get(identity, [])
            if value in before or single(value) in before:
                continue
            self.lost += 1 if wanted else 0
            self.missing += 0 if wanted else 1
            if wanted:
                self.fault(f"{tally.name}: not there", (identity, value))


def missing_facts(said, journal):
    """Addresses whose facts an earlier run may have had first."""
    return {identity[0] for identity, fact in said.facts.items() if fact[1] and identity not in journal.facts}


def compare(said, journal, feed, earlier):
    """The counts of the verdict, and examples."""
    verdict = Verdict(said)
    for tally, must in ((journal, True), (feed, False)):
        verdict.counts(tally, must)
        verdict.facts(tally, must, earlier)
    verdict.wrong += journal.wrong + feed.wrong
    verdict.doubled += journal.doubled + feed.doubled
    for conflict in said.conflicts:
        verdict.wrong += 1
        verdict.fault("said two values of one fact", conflict)
    answers = sum(n for (what, _), n in said.fates.items() if what == "answer")
    answer_values = sum(n for (what, _), n in said.values.items() if what == "answer")
    per_answer = answer_values / answers if answers else 0
    allowed = (max(GIVEN_UP_FEW, answers // GIVEN_UP_ONE_IN) + OPEN_PER_DEVICE * len(said.devices)) * per_answer + \
        sum(n for (what, fate), n in said.values.items() if what == "report" and fate == "open")
    if verdict.missing > allowed:
        verdict.lost += int(verdict.missing - allowed)
        verdict.fault("values given up or open and not in the journal", f"{verdict.missing}; at most {allowed:.0f}")
    facts = {"devices": len(said.devices), "lost": verdict.lost, "doubled": verdict.doubled, "wrong": verdict.wrong,
             "missing": verdict.missing, "items": journal.items, "messages": journal.messages, "answers": answers,
             "taken": said.count("answer", "taken"), "given_up": said.count("answer", "given_up"),
             "open": said.count("answer", "open"), "confirmed": said.count("report", "confirmed"),
             "unconfirmed": said.count("report", "open")}
    return facts, verdict.examples + journal.examples + feed.examples
