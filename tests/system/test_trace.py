#!/usr/bin/python3
"""TRACE and fepctl trace: the frames of one terminal, both ways, with what was refused and why; for a time only."""
from harness import *

ADDRESS = "010000001"
TOPIC = "trace/" + ADDRESS


def traced(daemon, seconds=600):
    answer = daemon.ask("TRACE", terminal=ADDRESS, seconds=seconds)
    check(answer["until_ms"] > 0 or not seconds, "until_ms", answer)
    return answer


def pending_trace(daemon, terminal):
    """TRACE reaches the session by another way than its bytes: a heartbeat is traced once it has."""
    subscriber = Subscriber(daemon, "trace/", "link/00").wait_subscribed("link/00")
    traced(daemon)

    def on():
        terminal.heartbeat()
        return subscriber.notes(TOPIC)
    wait_until(on, "traced")
    return subscriber


marks = itertools.count(1)


def count(subscriber, terminal):
    """Sends a heartbeat with a clock that no other has and waits until its answer is seen; returns the notes."""
    number = next(marks)
    clock = bcd(number % 60, 1) + bcd(number // 60, 1) + bytes.fromhex("0021d126")
    sent = terminal.build(2, bytes.fromhex(HEARTBEAT) + clock, "mark", control=0xC9)
    terminal.send(sent)
    terminal.wait_confirmed()

    def answered():
        notes = [one.body for one in subscriber.notes(TOPIC)]
        return any(bytes(note["hex"]) == sent for note in notes[:-1]) and notes[-1]["direction"] == "down" and notes
    return wait_until(answered, "the heartbeat and its answer")


def test_up_and_down():
    daemon = Daemon([ADDRESS, "010000002"], {"feed.tick_ms": 100}).start()
    terminal, other = Terminal(daemon).login(), Terminal(daemon, 2).login()
    subscriber = pending_trace(daemon, terminal)
    begin = len(count(subscriber, terminal))
    sent = terminal.build(0x0C, f25(1, Instant(), 7), "report")
    terminal.send(sent)
    terminal.wait_confirmed()
    other.confirmed_report(f25(1, Instant(), 7), "not traced")
    notes = wait_until(lambda: subscriber.notes(TOPIC)[begin + 1:], "the report and its confirmation")
    up, down = subscriber.notes(TOPIC)[begin].body, notes[0].body
    equal((up["direction"], up["ok"], up["codec"]), ("up", True, "gdw1376"), "the report")
    equal(bytes(up["hex"]), sent, "its bytes")
    equal((down["direction"], bytes(down["hex"])), ("down", terminal.frames[-1]), "its confirmation")
    for note in (up, down):
        fields = json.loads(note["explain"])
        check(fields, "explained", note)
        equal(note["peer"], "%s:%d" % terminal.socket.getsockname(), "peer")
        check(abs(note["time_ms"] - time.time() * 1000) < 600000, "time", note["time_ms"])
    equal([one.topic for one in subscriber.all if one.topic.startswith("trace/") and one.topic != TOPIC], [],
          "only the terminal that was asked for")
    check(daemon.logged("TRACE", ADDRESS), "in the log")


def test_refused_frames():
    """A refused frame is traced with its reason and its bytes."""
    daemon = Daemon([ADDRESS], {"feed.tick_ms": 100}).start()
    terminal = Terminal(daemon).login()
    subscriber = pending_trace(daemon, terminal)
    begin = len(count(subscriber, terminal))
    bad = frame("0100", 1, 0x0C, 0x70, f129(1, Instant(), 1))
    terminal.send(bad[:-2] + bytes([bad[-2] ^ 1]) + bad[-1:])
    foreign = frame("0100", 2, 0x0C, 0x70, f129(1, Instant(), 1))
    terminal.send(foreign)
    notes = count(subscriber, terminal)[begin:]
    refused = [note for note in notes if not note["ok"]]
    reasons = [note["reason"] for note in refused]
    check("CHECKSUM" in reasons and "NOT_MINE" in reasons, "reasons", reasons)
    broken = refused[reasons.index("CHECKSUM")]
    check(bytes(broken["hex"]).startswith(bad[:-2]), "the bytes of the broken one", broken)
    check(any(bytes(note["hex"])[:len(foreign)] == foreign for note in refused), "the foreign one", refused)
    check(all(note["ok"] and note["reason"] == "OK" for note in notes if note not in refused), "the others", notes)


def test_ends_by_itself():
    daemon = Daemon([ADDRESS], {"feed.tick_ms": 100}).start()
    terminal = Terminal(daemon).login()
    subscriber = pending_trace(daemon, terminal)
    until = traced(daemon, 2)["until_ms"]
    count(subscriber, terminal)
    wait_until(lambda: time.time() * 1000 > until + 200, "its time is over")
    check_silent(daemon, subscriber, terminal)
    equal(daemon.terminal_facts(ADDRESS)["trace_until_ms"], until, "what TERMINAL shows")


def check_silent(daemon, subscriber, terminal):
    """Frames are exchanged and committed, the feed goes on, and nothing is traced."""
    seen = len(subscriber.notes(TOPIC))
    terminal.heartbeat()
    terminal.confirmed_report(f129(1, Instant.number(seen), seen), seen)
    ticks = len(subscriber.ticks("link/00"))
    wait_until(lambda: len(subscriber.ticks("link/00")) > ticks + 1, "the feed goes on")
    equal(len(subscriber.notes(TOPIC)), seen, "nothing is traced")


def test_off_and_refusals():
    daemon = Daemon([ADDRESS], {"feed.tick_ms": 100}).start()
    terminal = Terminal(daemon).login()
    subscriber = pending_trace(daemon, terminal)
    count(subscriber, terminal)
    traced(daemon, 0)
    wait_until(lambda: daemon.terminal_facts(ADDRESS)["trace_until_ms"] == 0, "off")
    check_silent(daemon, subscriber, terminal)
    for body, error in (({"terminal": "999999999", "seconds": 5}, "NOT_FOUND"), ({"terminal": ADDRESS}, "RANGE"),
                        ({"terminal": ADDRESS, "seconds": 1000000}, "RANGE")):
        word, answer = daemon.ask_raw("TRACE", body)
        equal((word, answer["error"]), ("ERROR", error), f"TRACE {body}")


def test_survives_a_reconnect():
    """A trace belongs to the terminal, not to its connection: the next login is traced from the first frame."""
    daemon = Daemon([ADDRESS], {"feed.tick_ms": 100}).start()
    subscriber = Subscriber(daemon, "trace/", "link/00").wait_subscribed("link/00")
    traced(daemon)
    terminal = Terminal(daemon).login()
    notes = wait_until(lambda: subscriber.notes(TOPIC)[1:] and subscriber.notes(TOPIC), "the login is traced")
    equal(bytes(notes[0].body["hex"]), frame("0100", 1, 2, 0x70, bytes.fromhex(LOGIN), 0xC9), "the login")
    equal(bytes(notes[1].body["hex"]), terminal.frames[0], "its confirmation")


def test_fepctl_trace():
    daemon = Daemon([ADDRESS], {"feed.tick_ms": 100}).start()
    terminal = Terminal(daemon).login()
    tool = subprocess.Popen([os.path.join(BIN, "fepctl"), "--json", "--door", daemon.door_at, "--feed",
                             daemon.feed_at, "trace", ADDRESS, "--for", "1h"], stdout=subprocess.PIPE, text=True,
                            preexec_fn=die_with_parent)
    lines = []
    reader = threading.Thread(target=lambda: lines.extend(iter(tool.stdout.readline, "")), daemon=True)
    reader.start()

    def seen():
        terminal.heartbeat()
        return len(lines) >= 4
    wait_until(seen, "lines", pause_s=0.05)
    rows = [json.loads(line) for line in lines]
    equal({row["direction"] for row in rows}, {"up", "down"}, "directions")
    for row in rows:
        data = bytes.fromhex(row["hex"])
        frames, rest = split_frames(data)
        equal((len(frames), rest), (1, b""), "one frame a line")
    tool.send_signal(signal.SIGINT)
    equal(tool.wait(DEADLINE_S), 0, "verdict after Ctrl-C")
    wait_until(lambda: daemon.terminal_facts(ADDRESS)["trace_until_ms"] == 0, "switched off again")


run()
