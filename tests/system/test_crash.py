#!/usr/bin/python3
"""kill -9 under load, again and again: whatever was confirmed is in the journal exactly once, sequences go on,
terminals send again what was not confirmed, and that is recognised. The kills are spread over the whole way from
the first login to the middle of commits, by a fixed seed.
"""
import selectors

from harness import *

ROUNDS = 36
TERMINALS = 50
AHEAD = 3           # reports without confirmation, of each terminal


class Sender(Terminal):
    """Has an endless list of reports, keeps AHEAD of them under way, and begins again behind the last confirmed."""

    def __init__(self, daemon, number):
        super().__init__(daemon, number, connect=False)
        self.number = number
        self.next = 0              # report to be sent next on this connection
        self.done = 0              # reports confirmed, ever
        self.most = None           # reports to be sent at most, or None
        self.online = False

    def connect(self):
        super().connect()
        self.next, self.online, self.sequence = self.done, False, (self.sequence + 5) % 16
        self.send(self.build(2, bytes.fromhex(LOGIN), "login", control=0xC9))
        return self

    def units(self, report):
        """Report by its number: F25 or F129, two measuring points, an instant of its own."""
        make = f129 if report % 4 else f25
        return make(1 + report % 2, Instant.number(report // 2), self.number * 1000 + report)

    def items(self, report):
        make = f129_items if report % 4 else f25_items
        return make(self.number * 1000 + report)

    def take(self, one):
        before = len(self.confirmed)
        super().take(one)
        for what in self.confirmed[before:]:
            if what == "login":
                self.online = True
            else:
                equal(what, self.done, f"{self.address}: confirmed out of order")
                self.done += 1

    def fill(self):
        data = b""
        while self.online and len(self.waiting) < AHEAD and self.next != self.most:
            data += self.build(0x0C, self.units(self.next), self.next)
            self.next += 1
        if data:
            self.send(data)


def drive(senders, until):
    """Lets them talk until the fact or until all connections are gone."""
    selector = selectors.DefaultSelector()
    open_now = set()
    for sender in senders:
        try:
            sender.connect()
            selector.register(sender.socket, selectors.EVENT_READ, sender)
            open_now.add(sender)
        except OSError:
            pass
    while open_now and not until():
        for key, _ in selector.select(0.05):
            sender = key.data
            try:
                alive = sender.pump()
                if alive:
                    sender.fill()
            except OSError:
                alive = False
            if not alive:
                selector.unregister(key.fileobj)
                open_now.discard(sender)
    selector.close()


class Journal:
    """What FETCH has given so far; looks only at what is new."""

    def __init__(self):
        self.next, self.records, self.found = 1, {}, {}

    def follow(self, daemon):
        messages = daemon.fetch(self.next)
        for message in messages:
            self.records[(message.sequence, message.index)] = message
        self.next = max([self.next - 1, *(message.sequence for message in messages)]) + 1
        for message in messages:
            if message.kind != "reading":
                continue
            for identity, value, quality in item_identities(message):
                check(identity not in self.found, "journalled twice", identity, message)
                check(not quality & CHANGED, "nothing was changed", message)
                self.found[identity] = value


def check_confirmed(journal, senders, since):
    """Every confirmed report is there with its values. since: reports looked at before, by sender."""
    for sender in senders:
        for report in range(since.get(sender.number, 0), sender.done):
            mp, instant = 1 + report % 2, Instant.number(report // 2).utc_ms
            for (a, b, c, d, e), value in sender.items(report).items():
                point = a << 28 | b << 24 | c << 16 | d << 8 | e
                found = journal.found.get((sender.address, mp, 0, instant, point))
                check(found == value, f"{sender.address}: report {report} was confirmed", found, value)
        since[sender.number] = sender.done


def crash_round(daemon, senders, delay_s):
    """Load until the kill, which comes when it comes."""
    killer = threading.Timer(delay_s, daemon.process.kill)
    killer.start()
    drive(senders, lambda: False)
    killer.join()
    daemon.process.wait()
    equal(daemon.process.returncode, -signal.SIGKILL, "ended by the kill and nothing else")


def kill_at_start(daemon, delay_s):
    """Killed again while it recovers from the kill before, with nobody connected."""
    daemon.launch()
    killer = threading.Timer(delay_s, daemon.process.kill)
    killer.start()
    daemon.process.wait()
    killer.join()
    equal(daemon.process.returncode, -signal.SIGKILL, f"ended by the kill and nothing else\n{daemon.log()}")


def test_crash():
    daemon = Daemon([f"0100{number:05d}" for number in range(1, TERMINALS + 1)],
                    {"history.checkpoint_ms": 300, "storage.linger_us": 5000,
                     "connector.count": 2}).start()
    senders = [Sender(daemon, number) for number in range(1, TERMINALS + 1)]
    journal, since, draw = Journal(), {}, random.Random(9)
    epoch, head, repeated, busy = 0, 0, 0, 0
    for number in range(ROUNDS):
        before = sum(sender.done for sender in senders)
        status = daemon.status()
        check(status["epoch"] > epoch, "the epoch is greater", status["epoch"], epoch)
        check(status["head"] >= head, "the sequence does not fall back", status["head"], head)
        epoch = status["epoch"]
        crash_round(daemon, senders, draw.uniform(0.02, 0.4))
        busy += 1 if sum(sender.done for sender in senders) > before else 0
        if number % 4 == 3:
            kill_at_start(daemon, draw.uniform(0, 0.15))
        daemon.start()
        head = daemon.status()["head"]
        journal.follow(daemon)
        equal(journal.next, head + 1, "FETCH reaches the head")
        check_confirmed(journal, senders, since)
        repeated += resend(daemon, senders, journal, since)
    check(busy > ROUNDS / 2, "rounds in which something was confirmed", busy)
    check(repeated > 0, "journalled, not confirmed, sent again, recognised", repeated)
    check_all(daemon, journal, senders)


def resend(daemon, senders, journal, since):
    """After a restart: what was under way is sent again, confirmed, and not journalled twice. Returns repeats."""
    before = daemon.metric("items_repeated")
    for sender in senders:
        sender.most = sender.next
    drive(senders, lambda: all(sender.done == sender.most for sender in senders))
    for sender in senders:
        equal(sender.done, sender.most, f"{sender.address}: confirmed after the restart")
        sender.close()
        sender.most = None
    wait_until(lambda: daemon.status()["sessions"]["online"] == 0, "all have gone")
    journal.follow(daemon)
    check_confirmed(journal, senders, since)
    return daemon.metric("items_repeated") - before


def check_all(daemon, journal, senders):
    """The whole journal once more: what was read in pieces between the crashes is still the same."""
    again = Journal()
    again.follow(daemon)
    sequences = sorted({sequence for sequence, _ in again.records})
    equal(sequences, list(range(1, len(sequences) + 1)), "sequences without a hole")
    for place, message in journal.records.items():
        equal(again.records.get(place), message, f"record {place}")
    check_confirmed(again, senders, {})
    print(f"         {sum(sender.done for sender in senders)} reports confirmed, {len(sequences)} commits, "
          f"{len(again.found)} values")


run()
