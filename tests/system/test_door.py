#!/usr/bin/python3
"""The door and the feed's port against clients that make mistakes, on purpose or not: an error each, no harm."""
from harness import *

ADDRESSES = [f"0100{number:05d}" for number in range(1, 6)]
VERBS = ["STATUS", "TERMINALS", "TERMINAL", "UNKNOWN", "CREATE", "DUPLICATES", "ONLINE", "LATEST", "FETCH", "READ",
          "HELD", "ACCEPT", "ALARMS", "ACK", "TRACE", "IMPORT", "UNDO", "EXPORT", "CHANGES", "GROUPS", "PROFILES",
          "PROFILE", "PROFILE_PUT", "TASKS", "TASK", "TASK_PUT", "TASK_PAUSE", "CONFIG", "EVENTS",
          "VERBS"]


def ask_frames(daemon, frames, wait_s=DEADLINE_S):
    """Sends those frames over a fresh connection; the first answer, or None."""
    door = CONTEXT.socket(zmq.DEALER)
    try:
        door.connect(daemon.door_at)
        door.send_multipart(frames)
        if not door.poll(wait_s * 1000):
            return None
        word, body = door.recv_multipart()
        return word.decode(), msgpack.unpackb(body)
    finally:
        door.close(0)


def with_data():
    daemon = Daemon(ADDRESSES, {"door.page_bytes": 4096}).start()
    terminal = Terminal(daemon).login()
    for number in range(50):
        terminal.confirmed_report(f25(1, Instant.number(number), number), number)
    return daemon, terminal


def test_malformed_requests():
    daemon, terminal = with_data()
    nested = b"\x81\xa1x" + b"\x91" * 3000 + b"\xc0"
    for body in (b"", b"\xc1", b"\x91\x01", b"\x01", b"\x81", b"\x82\xa1a\x01", b"\xdf\xff\xff\xff\xff",
                 b"\x81\xdb\xff\xff\xff\xff", b"\x81\xa5token\xc6\xff\xff\xff\xff", msgpack.packb({}) + b"x", nested,
                 msgpack.packb({"a": "x" * 70000})):
        for verb in (b"STATUS", b"FETCH", b"LATEST"):
            answer = ask_frames(daemon, [verb, body])
            check(answer and answer[0] == "ERROR" and answer[1]["error"] in ("SYNTAX", "LIMIT"),
                  f"{verb} with {body[:20]!r}", answer)
    equal(ask_frames(daemon, [b"NOPE", msgpack.packb({})])[1]["error"], "NOT_FOUND", "an unknown verb")
    equal(ask_frames(daemon, [b"", msgpack.packb({})])[1]["error"], "NOT_FOUND", "no verb")
    equal(ask_frames(daemon, [b"STATUS"])[1]["error"], "SYNTAX", "one frame")
    equal(ask_frames(daemon, [b"STATUS", msgpack.packb({}), b"more"])[1]["error"], "SYNTAX", "three frames")
    terminal.heartbeat()


def test_wrong_arguments():
    """Arguments of another type or out of range: an error or an answer, never silence."""
    daemon, terminal = with_data()
    values = [None, True, -1, 0, 1 << 63, (1 << 64) - 1, -(1 << 63), 1.5, "", "x" * 300, b"\xff" * 30, [], [1] * 100,
              {}, {"a": {}}, ADDRESSES[0], ADDRESSES[1]]
    names = ["from", "limit", "kind", "area", "terminal", "mp", "seconds", "points", "from_ms", "to_ms", "state",
             "token", "client", "number", "alarm", "who", "comment", "level"]
    draw = random.Random(4)
    for verb in VERBS:
        for _ in range(60):
            body = {name: draw.choice(values) for name in draw.sample(names, draw.randint(1, 5))}
            if verb == "READ":
                body.pop("terminal", None)
            if verb == "UNDO":
                body["dry"] = True  # or the terminals taken over at start are gone
            answer = ask_frames(daemon, [verb.encode(), msgpack.packb(body)])
            check(answer, f"{verb} {body} is answered")
    daemon.check_alive()
    terminal.heartbeat()


def test_whose_answer():
    """What a client says does not change to whom the answer goes, nor which terminal is meant."""
    daemon, terminal = with_data()
    other = Terminal(daemon, 2).login()
    other.confirmed_report(f129(9, Instant(), 1), "other")
    wait_until(lambda: daemon.metric("history_behind") == 0, "history has followed")
    word, page = daemon.ask_raw("FETCH", {"from": 1, "client": b"somebody"})
    equal(word, "ROWS", "FETCH with a client of its own")
    number = daemon.terminal_facts(ADDRESSES[1])["number"]
    word, answer = daemon.ask_raw("LATEST", {"number": number, "client": b"somebody", "terminal": ADDRESSES[0]})
    equal({row[0] for row in answer["values"]}, {1}, "the terminal that was named")


def test_random_bytes():
    """Bodies of good requests with bytes changed at random, by a fixed seed."""
    daemon, terminal = with_data()
    draw = random.Random(7602)
    bodies = [msgpack.packb(body) for body in ({"from": 1, "kind": "reading", "area": 0, "token": 5},
                                               {"terminal": ADDRESSES[0], "mp": 1, "token": 5},
                                               {"terminal": ADDRESSES[0], "seconds": 5, "token": 5},
                                               {"from": 0, "limit": 3, "state": "online", "token": 5})]
    door = CONTEXT.socket(zmq.DEALER)
    cleanup(lambda: door.close(0))
    door.connect(daemon.door_at)
    sent = 0
    for _ in range(1500):
        body = bytearray(draw.choice(bodies))
        for _ in range(draw.randint(1, 4)):
            body[draw.randrange(len(body))] = draw.randrange(256)
        door.send_multipart([draw.choice(VERBS).encode(), bytes(body)])
        sent += 1
        while door.poll(0):
            door.recv_multipart()
    wait_until(lambda: daemon.metric("door_requests") >= sent, "all were taken")
    daemon.check_alive()
    terminal.heartbeat()


def test_bytes_that_are_no_zeromq():
    """Noise on the ports of the door and the feed, and subscriptions of any length."""
    daemon, terminal = with_data()
    draw = random.Random(3)
    for port in (daemon.door_port, daemon.feed_port):
        for _ in range(20):
            peer = socket.create_connection(("127.0.0.1", port), DEADLINE_S)
            cleanup(peer.close)
            try:
                peer.sendall(bytes(draw.randrange(256) for _ in range(draw.randint(1, 500))))
            except OSError:
                pass
    odd = CONTEXT.socket(zmq.SUB)
    odd.sndhwm = 0  # or its own side drops subscriptions
    cleanup(lambda: odd.close(0))
    odd.connect(daemon.feed_at)
    for topic in ("terminal/", "terminal/" + "9" * 23, "terminal/" + "9" * 24, "x" * 1000, "reading/99", "\0", "sys/"):
        odd.subscribe(topic)
        odd.subscribe(topic)
        odd.unsubscribe(topic)
    for number in range(2000):
        odd.subscribe(f"terminal/{number}")
    subscriber = Subscriber(daemon, "heartbeat/00").wait_subscribed("heartbeat/00")
    wait_until(lambda: daemon.metric("feed_topics") == 1024, "finer topics up to their limit")
    wait_until(lambda: daemon.metric("feed_topics_refused") >= 2001 - 1024, "those beyond are counted")
    terminal.heartbeat()
    wait_until(lambda: subscriber.messages("heartbeat/"), "the feed goes on")
    equal(len(daemon.readings()), 50, "the door goes on")


def test_pages():
    """Any limit leads to the same messages, page by page; filters by kind, area, terminal agree."""
    daemon, terminal = with_data()
    terminal.send(b"".join(terminal.build(0x0C, f25(2, Instant.number(number), number), number)
                           for number in range(400)))
    terminal.wait_confirmed()
    everything = daemon.fetch()
    for limit in (0, 1, 100, 4096, 1 << 40):
        equal(daemon.fetch(limit=limit), everything, f"limit {limit}")
    for kind in KINDS[1:]:
        equal(daemon.fetch(kind=kind), [one for one in everything if one.kind == kind], f"kind {kind}")
    equal(daemon.fetch(area=0), everything, "area")
    equal(daemon.fetch(area=1), [], "an area where nothing is")
    equal(daemon.fetch(terminal=ADDRESSES[1]), [], "a terminal that never came")
    head = daemon.status()["head"]
    equal(daemon.fetch(head + 1), [], "behind the head")
    equal(daemon.fetch(head + 1000), [], "far behind the head")


def test_terminals_by_pages():
    addresses = [f"0200{number:05d}" for number in range(1, 2501)]
    daemon = Daemon(addresses).start()
    found, start = [], 0
    while True:
        answer = daemon.ask("TERMINALS", **{"from": start, "limit": 700})
        found += [row["address"] for row in answer["terminals"]]
        start = answer["next"]
        if not start:
            break
    equal(sorted(found), addresses, "all terminals, each once")
    Terminal(daemon, 7, a1="0200").login()
    equal([row["address"] for row in daemon.ask("TERMINALS", state="online")["terminals"]], ["020000007"], "online")


run()
