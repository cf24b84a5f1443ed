#!/usr/bin/python3
"""Subscribers that sleep or never read hold up nobody; a gap shows and is healed by FETCH to exactly once."""
from harness import *

ADDRESSES = [(f"0100{number:05d}", "", number % 3) for number in range(1, 11)]
BULK = 8000          # bytes of a report that is kept raw: fills queues quickly
BULKS = 1500         # more than fits in the queues and TCP's own buffers of one subscriber


def bulk(terminal, number):
    """A file transfer, which is kept raw with its bytes."""
    body = struct.pack("<I", number) + bytes(BULK)
    return terminal.build(0x0F, unit(0, 1) + body, number)


def sleeper(daemon, topic=""):
    """Subscribes with small buffers; reads nothing by itself."""
    feed = CONTEXT.socket(zmq.SUB)
    feed.rcvhwm, feed.rcvbuf = 1, 4096
    feed.subscribe(topic)
    feed.connect(daemon.feed_at)
    cleanup(lambda: feed.close(0))
    return feed


def pour(terminal, count, first=0, ahead=20):
    """Sends bulks, never more than so many ahead, and waits for all confirmations."""
    for number in range(first, first + count):
        terminal.wait(lambda: len(terminal.waiting) < ahead, "room")
        terminal.send(bulk(terminal, number))
    terminal.wait_confirmed()


def places(messages):
    return [(one.sequence, one.index) for one in messages]


def check_chain(publications):
    """Within an epoch each publication of a topic names the one before."""
    last = {}
    for one in publications:
        if one.what == "DATA":
            equal(one.prev, last.get(one.topic, one.prev), f"{one.topic}: prev of {one.sequence}")
            last[one.topic] = one.sequence


def test_never_reads():
    """It loses its own messages and nothing else: terminals are confirmed, another subscriber sees all."""
    daemon = Daemon(ADDRESSES, {"feed.queue": 32}).start()
    deaf = sleeper(daemon)
    good = Subscriber(daemon, "", "event/01").wait_subscribed("event/01")
    terminal = Terminal(daemon, 1).login()
    neighbour = Terminal(daemon, 2).login()
    for turn in range(BULKS // 24):  # fewer commits than a queue holds: a subscriber that reads misses nothing
        pour(terminal, 24, turn * 24, 4)
        neighbour.confirmed_report(f129(1, Instant.number(turn), turn), turn)
        wait_until(lambda: len(good.messages("event/01")) >= (turn + 1) * 24, "the other subscriber sees it")
    journal = daemon.fetch()
    wait_until(lambda: len(good.messages()) >= len(journal), "the other subscriber sees all")
    equal(sorted(places(good.messages())), places(journal), "each once")
    check(good.fault is None, "feed", good.fault)
    check_chain(good.data())
    equal(len([one for one in journal if one.kind == "event"]), BULKS // 24 * 24, "bulks in the journal")
    heard = 0
    while deaf.poll(500):
        heard += len(publication_of(deaf.recv_multipart()).body)
    check(heard < len(journal), "the deaf one has lost some, or this test tests nothing", heard, len(journal))
    equal(daemon.metric("connector_stalls"), 0, "stalls")


class Follower:
    """A subscriber as the README tells it: last per topic, FETCH where prev or TICK shows a gap."""

    def __init__(self, daemon, feed, topic):
        self.daemon, self.feed, self.topic = daemon, feed, topic
        kind, _, rest = topic.partition("/")
        self.filter = {"terminal": rest} if kind == "terminal" else {"kind": kind, "area": int(rest)}
        self.last, self.got, self.gaps = 0, [], 0

    def heal(self, upto):
        self.gaps += 1
        for message in self.daemon.fetch(self.last + 1, **self.filter):
            if message.sequence <= upto:
                self.got.append((message.sequence, message.index))
        self.last = upto

    def take(self, one):
        if one.topic != self.topic:
            return
        if one.what == "TICK" and one.prev > self.last:
            self.heal(one.prev)
        if one.what == "DATA" and one.sequence > self.last:
            if one.prev == 0 or one.prev > self.last:
                self.heal(one.sequence - 1)
            self.got += [(one.sequence, pair[0]) for pair in one.body]
            self.last = one.sequence

    def read(self, until):
        while not until():
            check(self.feed.poll(DEADLINE_S * 1000), "the feed is silent")
            self.take(publication_of(self.feed.recv_multipart()))


def sleep_and_heal(topic):
    daemon = Daemon(ADDRESSES, {"feed.queue": 16, "feed.tick_ms": 100}).start()
    feed = sleeper(daemon, topic)
    follower = Follower(daemon, feed, topic)
    terminal = Terminal(daemon, 1).login()
    wait_until(lambda: feed.poll(100), "it is subscribed: a TICK")
    for turn in range(2):  # asleep, awake, asleep again
        pour(terminal, BULKS // 2, turn * BULKS // 2)
        head = wait_until(lambda: daemon.fetch(**follower.filter), "the journal")[-1].sequence
        follower.read(lambda: follower.last >= head)
    equal(follower.got, places(daemon.fetch(**follower.filter)), "everything exactly once, in order")
    check(follower.gaps > 0, "there were gaps, or this test tests nothing")


def test_sleeps_and_heals():
    sleep_and_heal("event/01")


def test_finer_topic_heals():
    sleep_and_heal("terminal/010000001")


def test_heals_over_a_restart():
    """Committed while the daemon was being restarted or the subscriber away: TICK and prev 0 of the new epoch
    lead to FETCH."""
    daemon = Daemon(ADDRESSES, {"feed.tick_ms": 100}).start()
    feed = sleeper(daemon, "reading/01")
    follower = Follower(daemon, feed, "reading/01")
    terminal = Terminal(daemon, 1).login()
    epochs = []
    for turn in range(3):
        for number in range(5):
            terminal.confirmed_report(f129(1, Instant.number(turn * 100 + number), number), number)
        epochs.append(daemon.status()["epoch"])
        daemon.kill()
        daemon.start()
        terminal.connect().login()
        terminal.confirmed_report(f129(1, Instant.number(turn * 100 + 50), 1), "after")
        head = daemon.readings()[-1].sequence
        follower.read(lambda: follower.last >= head)
    equal(epochs, sorted(set(epochs)), "epochs grow")
    equal(follower.got, places(daemon.fetch(kind="reading", area=1)), "everything exactly once, in order")


def test_finer_topics():
    """terminal/<address> is made only while somebody subscribes to exactly that."""
    daemon = Daemon(ADDRESSES, {"feed.tick_ms": 100}).start()
    broad = Subscriber(daemon, "", "link/02").wait_subscribed("link/02")
    terminals = [Terminal(daemon, number).login() for number in (1, 2)]
    for terminal in terminals:
        terminal.confirmed_report(f129(1, Instant.number(0), 1), 0)
    wait_until(lambda: len(broad.messages("reading/")) == 2, "published")
    equal(broad.data("terminal/"), [], "nobody has asked for terminal/")
    equal(daemon.metric("feed_topics"), 0, "finer topics")
    narrow = Subscriber(daemon, "terminal/010000002").wait_subscribed("terminal/010000002")
    equal(daemon.metric("feed_topics"), 1, "finer topics")
    start = daemon.status()["head"] + 1
    for terminal in terminals:
        terminal.confirmed_report(f129(1, Instant.number(1), 1), 1)
        terminal.heartbeat()
    terminals[1].logout()
    terminals[1].wait_closed()
    wait_until(lambda: len(narrow.messages()) >= 4, "all of the terminal's messages")
    equal(narrow.messages(), daemon.fetch(start, terminal="010000002"), "its messages and no others")
    equal([one.kind for one in narrow.messages()], ["reading", "heartbeat", "login", "link"], "of every kind")
    narrow.close()
    wait_until(lambda: daemon.metric("feed_topics") == 0, "the topic goes with its last subscriber")


def test_ticks():
    """Each topic that is subscribed to gets one TICK a period, with the head and what was published last."""
    daemon = Daemon(ADDRESSES, {"feed.tick_ms": 100}).start()
    topics = ["reading/01", "reading/02", "event/01"]
    subscriber = Subscriber(daemon, *topics).wait_subscribed("event/01")
    terminal = Terminal(daemon, 1).login()
    sequences = []
    for number in range(3):
        terminal.confirmed_report(f129(1, Instant.number(number), number), number)
        sequences.append(daemon.readings()[-1].sequence)
        seen = len(subscriber.ticks("reading/01"))
        wait_until(lambda: len(subscriber.ticks("reading/01")) > seen + 2, "ticks")
        equal(subscriber.ticks("reading/01")[-1].prev, sequences[-1], "the last published")
        check(subscriber.ticks("reading/01")[-1].sequence >= sequences[-1], "the head")
    rounds = [one.topic for one in list(subscriber.all) if one.what == "TICK"]
    rounds = rounds[:len(rounds) // 3 * 3]
    begin = next(at for at in range(len(rounds)) if set(rounds[at:at + 3]) == set(topics))
    for at in range(begin, len(rounds) - 2, 3):
        equal(set(rounds[at:at + 3]), set(topics), "each topic once a round")
    equal({one.prev for one in subscriber.ticks("reading/02")}, {0}, "nothing was published there")
    data = subscriber.data("reading/01")
    equal([one.sequence for one in data], sequences, "published")
    equal([one.prev for one in data], [0, *sequences[:-1]], "prev; 0 is unknown")
    equal(len({one.epoch for one in subscriber.all}), 1, "one epoch")


def test_trimmed():
    """Below the journal's first record FETCH says TRIMMED with the first sequence there is; from there on it
    works, and identities outlive the trimming."""
    daemon = Daemon(ADDRESSES, {"store.journal_ms": 3600000}).start()
    terminal = Terminal(daemon, 1).login()
    for number in range(50):
        terminal.confirmed_report(f129(1, Instant.number(number), number), number)
    oldest = daemon.fetch()[-1].received_ms
    equal(daemon.status()["first"], 1, "first")
    equal(daemon.stop(), 0, "verdict")
    wait_until(lambda: time.time() * 1000 > oldest + 1500, "the records are older than the retention")
    daemon.write_config(store__journal_ms=1000)
    daemon.start()
    first = wait_until(lambda: daemon.status()["first"] > 1 and daemon.status()["first"], "the journal is trimmed")
    word, answer = daemon.ask_raw("FETCH", {"from": 1})
    equal((word, answer["first"]), ("TRIMMED", first), "below the first")
    check(answer["head"] >= first - 1, "head", answer)
    for one in daemon.fetch(first):
        check(one.sequence >= first, "from the first on", one)
    start = daemon.status()["head"] + 1
    terminal.connect().login()
    terminal.confirmed_report(f129(1, Instant.number(60), 60), "new")
    equal(len([one for one in daemon.fetch(start) if one.kind == "reading"]), 1, "the journal goes on")


def test_door_client_that_never_reads():
    """Asks for pages without end and reads no answer: others are answered, terminals are admitted."""
    daemon = Daemon(ADDRESSES).start()
    terminal = Terminal(daemon, 1).login()
    pour(terminal, 200)
    greedy = CONTEXT.socket(zmq.DEALER)
    greedy.rcvhwm, greedy.rcvbuf = 1, 4096
    greedy.connect(daemon.door_at)
    cleanup(lambda: greedy.close(0))
    for number in range(300):
        greedy.send_multipart([b"FETCH", msgpack.packb({"from": 1, "token": number})])
    for number in range(2, 6):
        Terminal(daemon, number).login().confirmed_report(f129(1, Instant.number(1), 1), 1)
        check(daemon.status()["head"] > 0, "STATUS is answered")
    wait_until(lambda: daemon.metric("door_requests") >= 300, "all its requests were taken")
    equal(len(daemon.fetch(kind="event")), 200, "another client's FETCH")


run()
