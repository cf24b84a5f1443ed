#!/usr/bin/python3
"""A subscriber that misses nothing: what the feed lost is fetched from the door.

Prints each message once, in order per topic, as one JSON line (a reading of which something is suspect is two
messages of one index: what is good as kind 1 on reading/.., what is suspect as kind 8 on held/..):
{"topic", "epoch", "sequence", "index", "message", "fetched"}. A line {"topic", "lost": [from, to]} says
that the journal no longer has those sequences. Stops by --count or --seconds.
"""
import argparse
import json
import os
import sys
import time

import msgpack
import zmq


class Door:
    """Requests to the door. A socket that got no answer is thrown away, and late answers with it."""

    def __init__(self, context, endpoint, patience_ms=5000):
        self.context, self.endpoint, self.patience_ms = context, endpoint, patience_ms
        self.socket, self.token = None, 0

    def ask(self, word, **body):
        if self.socket is None:
            self.socket = self.context.socket(zmq.DEALER)
            self.socket.linger = 0
            self.socket.connect(self.endpoint)
        self.token += 1
        self.socket.send_multipart([word.encode(), msgpack.packb({"token": self.token, **body})])
        until = time.monotonic() + self.patience_ms / 1000
        while self.socket.poll(max(0, (until - time.monotonic()) * 1000)):
            answer, packed = self.socket.recv_multipart()
            fields = msgpack.unpackb(packed)
            if fields.get("token") == self.token:
                return answer.decode(), fields
        self.socket.close()
        self.socket = None
        raise TimeoutError(f"no answer to {word} from {self.endpoint}")


class Topic:
    def __init__(self, name, start):
        self.name = name
        self.known = start > 0      # nothing is missing up to `last`
        self.last = start - 1 if start > 0 else 0
        self.epoch = 0
        self.base = None            # `last` when the epoch began, until its first TICK
        self.quiet_checked = False  # a TICK without prev was healed in this epoch
        kind, _, rest = name.partition("/")
        self.filter = {"terminal": rest} if kind == "terminal" else {"kind": kind, "area": int(rest)}


class Follower:
    def __init__(self, args):
        context = zmq.Context()
        self.args = args
        self.door = Door(context, args.door)
        self.feed = context.socket(zmq.SUB)
        self.feed.rcvhwm = args.queue
        for prefix in args.topic or [""]:
            self.feed.subscribe(prefix)
        self.feed.connect(args.feed)
        self.topics = {}
        self.left = args.count or sys.maxsize
        self.heals = 0

    def show(self, **fields):
        print(json.dumps(fields, default=lambda raw: raw.hex()), flush=True)

    def give(self, topic, epoch, sequence, messages, fetched):
        topic.known, topic.last = True, sequence
        for index, message in messages:
            if self.left > 0:
                self.left -= 1
                self.show(topic=topic.name, epoch=epoch, sequence=sequence, index=index,
                          message=message, fetched=fetched)

    def heal(self, topic, wanted):
        """Fetches from last + 1 until everything up to `wanted` is complete."""
        self.heals += 1
        start = topic.last + 1
        while start <= wanted and self.left > 0:
            word, page = self.door.ask("FETCH", **{"from": start}, **topic.filter)
            if word == "TRIMMED":
                self.show(topic=topic.name, lost=[start, page["first"] - 1])
                start = max(start, page["first"])
            elif word == "ROWS":
                for sequence, messages, *_ in page["commits"]:
                    if sequence > topic.last:
                        self.give(topic, page["epoch"], sequence, messages, True)
                if page["next"] <= start:  # not committed yet as the door sees it
                    time.sleep(0.05)
                start = max(start, page["next"])
            else:
                raise RuntimeError(f"FETCH: {page.get('error')}: {page.get('text')}")
            topic.last = max(topic.last, start - 1)

    def data(self, topic, epoch, sequence, prev, messages):
        if topic.known and sequence <= topic.last:
            return
        if topic.known and (prev == 0 or prev > topic.last):
            self.heal(topic, sequence - 1)
        if sequence > topic.last or not topic.known:
            self.give(topic, epoch, sequence, messages, False)

    def tick(self, topic, head, prev):
        if topic.base is not None and head < topic.base:
            self.show(topic=topic.name, reset=topic.epoch)  # another journal
            topic.last = 0
        topic.base = None
        if not topic.known:
            topic.known, topic.last = prev > 0, prev
        elif prev > topic.last:
            self.heal(topic, prev)
        elif prev == 0 and not topic.quiet_checked:
            if head > topic.last:
                self.heal(topic, head)
            topic.quiet_checked = True

    def take(self, name, head, body):
        version, what, epoch, sequence, prev, _ = msgpack.unpackb(head)[:6]
        if version != 1 or what == "NOTE":
            return
        topic = self.topics.setdefault(name, Topic(name, self.args.start))
        if epoch < topic.epoch:
            return
        if epoch > topic.epoch:
            topic.base = topic.last if topic.epoch and topic.known else None
            topic.epoch, topic.quiet_checked = epoch, False
        if what == "DATA":
            self.data(topic, epoch, sequence, prev, msgpack.unpackb(body))
        else:
            self.tick(topic, sequence, prev)

    def run(self):
        until = time.monotonic() + self.args.seconds if self.args.seconds else float("inf")
        while self.left > 0 and time.monotonic() < until:
            if self.feed.poll(min(1000, max(0, (until - time.monotonic()) * 1000))):
                name, head, body = self.feed.recv_multipart()
                try:
                    self.take(name.decode(), head, body)
                except TimeoutError as error:  # the next publication or TICK shows the gap again
                    print(error, file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feed", default=os.environ.get("FEP_FEED", "tcp://127.0.0.1:7601"))
    parser.add_argument("--door", default=os.environ.get("FEP_DOOR", "tcp://127.0.0.1:7602"))
    parser.add_argument("--topic", action="append", help="prefix of kind/area or terminal/address")
    parser.add_argument("--from", dest="start", type=int, default=0, help="first sequence; 0 = from now on")
    parser.add_argument("--count", type=int, default=0, help="stop after so many messages")
    parser.add_argument("--seconds", type=float, default=0, help="stop after so long")
    parser.add_argument("--queue", type=int, default=10000, help="publications kept here; beyond: a gap")
    follower = Follower(parser.parse_args())
    try:
        follower.run()
    except KeyboardInterrupt:
        pass
    print(f"heals={follower.heals}", file=sys.stderr)


if __name__ == "__main__":
    main()
