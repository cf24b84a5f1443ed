#!/usr/bin/python3
"""fepreplay: captured frames against a daemon, in each form a capture has; what it counts, waits for and refuses."""
from harness import *

FRAMES = os.path.join(ROOT, "tests", "vectors", "gdw1376.jsonl")


def replay(daemon, path, *options, text=None):
    return program(os.path.join(BIN, "fepreplay"), "--to", f"127.0.0.1:{daemon.port}", *options, path, input=text)


def capture(daemon, name, text):
    path = os.path.join(daemon.directory, name)
    with open(path, "w") as file:
        file.write(text)
    return path


def published():
    """Valid frames from terminals, with the terminal each names."""
    for line in open(FRAMES):
        one = json.loads(line)
        if one["valid"] and one["direction"].startswith("terminal"):
            data = bytes.fromhex(one["hex"])
            yield one, f"{data[8]:02x}{data[7]:02x}{data[9] | data[10] << 8:05d}"


def counts(run, word):
    """The numbers of a line of the summary."""
    lines = [line for line in run.stdout.splitlines() if line.startswith(word)]
    return [int(number) for number in re.findall(r"\d+", lines[0])] if lines else []


def test_published_frames():
    """The shared frames of 376.1, told apart by their terminals; what they bring is published on the feed."""
    frames = list(published())
    terminals = sorted({terminal for _, terminal in frames})
    readings = [terminal for one, terminal in frames if one["hex"][24:26] == "0c"]
    check(len(terminals) > 5 and readings, "enough frames", len(terminals), len(readings))
    daemon = Daemon(terminals).start()
    subscriber = Subscriber(daemon, "reading/00", "login/00", "link/00").wait_subscribed("link/00")
    run = replay(daemon, FRAMES, "--speed", "max", "--codec", "gdw1376")
    equal(run.returncode, 0, run.stderr + run.stdout)
    whole = [json.loads(line) for line in open(FRAMES)]
    sent = [one for one in whole if one["direction"].startswith("terminal")]
    equal(counts(run, "sent")[:3], [len(sent), sum(len(one["hex"]) // 2 for one in sent), counts(run, "sent")[2]],
          "frames and bytes")
    check(counts(run, "sent")[2] >= len(terminals), "a connection for each terminal", run.stdout)
    equal(counts(run, "not sent"), [len(whole) - len(sent)], "frames of masters")
    check(counts(run, "received")[1] > 0, "some were answered", run.stdout)
    wait_until(lambda: {one.address for one in subscriber.messages("reading/00")} >= set(readings),
               "the readings on the feed")
    equal({one.address for one in daemon.fetch() if one.kind == "link"}, set(terminals), "who was there")


def test_times_of_any_beginning():
    """Times may begin anywhere, also at 0 behind frames without time: none is sent before it is due."""
    daemon = Daemon(["010000001"]).start()
    beats = [{"hex": frame("0100", 1, 2, 0x60 | n, bytes.fromhex(HEARTBEAT), control=0xC9).hex()} for n in range(4)]
    for one, time_ms in zip(beats[2:], (0, 4000)):
        one["time_ms"] = time_ms
    text = "\n".join(map(json.dumps, beats))
    run = replay(daemon, "-", "--speed", "10", "--gap-ms", "500", "--codec", "gdw1376", text=text)
    equal(run.returncode, 0, run.stderr + run.stdout)
    taken_s = float(re.search(r"in ([0-9.]+) s", run.stdout)[1])
    check(taken_s >= 0.4, "the last one waits for 4 s at ten times the speed", run.stdout)


def test_forms_and_answers():
    """Plain lines, with directions: what the daemon answered then it must answer now, byte count for byte count."""
    daemon = Daemon(["010000001"]).start()
    login = frame("0100", 1, 2, 0x70, bytes.fromhex(LOGIN), control=0xC9)
    answer = frame("0100", 1, 0, 0x60, bytes.fromhex("00000100"), control=0x0B)
    report = frame("0100", 1, 0x0C, 0x71, f25(1, Instant(), 5))
    lines = [f"2026-11-20T00:00:00.000+08:00 up {login.hex()}", f"2026-11-20T00:00:00.010+08:00 down {answer.hex(' ')}",
             "2026-11-20T00:00:00.020+08:00  up  ", f"    {report.hex(' ')}", '    {"afn":12}',
             f"2026-11-20T00:00:00.030+08:00 down {answer.hex()}"]
    text = "".join(line + "\n" for line in lines)
    run = replay(daemon, "-", "--speed", "10", "--wait", text=text)
    equal((run.returncode, run.stderr), (0, ""), run.stdout)
    equal(counts(run, "sent")[:3], [2, len(login) + len(report), 1], "sent")
    equal(counts(run, "received"), [2 * len(answer), 2], "received")
    equal([items_of(one) for one in daemon.readings()], [f25_items(5)], "the reading")
    # without answers in the capture any answer will do; a frame that has none is missed
    silent = frame("0100", 1, 0x0C, 0x62, f25(1, Instant(minute=1), 6))
    path = capture(daemon, "silent", f"{login.hex()}\n{silent.hex()}\n")
    run = replay(daemon, path, "--gap-ms", "0", "--wait=300")
    equal(run.returncode, 1, run.stdout)
    check(f"{path}:2: the answer did not come: 0 of 1 bytes within 300 ms" in run.stderr, "which frame", run.stderr)
    equal(counts(run, "missing"), [1], "missing")


def test_trace_is_played_again():
    """What fepctl trace prints of one daemon is played against another."""
    first = Daemon(["010000001"], {"feed.tick_ms": 100}).start()
    terminal = Terminal(first).login()
    for options in ((), ("--json",)):
        path = os.path.join(first.directory, "trace" + "".join(options))
        with open(path, "w") as output:
            trace = subprocess.Popen([os.path.join(BIN, "fepctl"), *options, "--door", first.door_at, "--feed",
                                      first.feed_at, "trace", "010000001", "--for", "60s"], stdout=output,
                                     stderr=subprocess.PIPE, preexec_fn=die_with_parent)
        cleanup(trace.kill)

        def traced():
            check(trace.poll() is None, "fepctl trace ended", trace.stderr.read() if trace.poll() is not None else "")
            terminal.heartbeat()
            return os.path.getsize(path)
        wait_until(traced, "the trace begins")
        minute = 10 + len(options)
        terminal.confirmed_report(f25(2, Instant(minute=minute), minute), "traced")
        hexed = f25(2, Instant(minute=minute), minute).hex()

        def reported():
            with open(path) as file:
                return hexed in file.read().replace(" ", "")
        wait_until(reported, "the report is traced")
        trace.send_signal(signal.SIGINT)
        trace.wait(DEADLINE_S)
        second = Daemon(["010000001"]).start()
        run = replay(second, path, "--speed", "max")
        equal(run.returncode, 0, run.stderr + run.stdout)
        wait_until(lambda: [items_of(one) for one in second.readings()] == [f25_items(minute)], "the reading")


def test_meters_of_their_own():
    """Water and heat meters that report over connections of their own, from the shared frames of CJ/T 188."""
    path = os.path.join(ROOT, "tests", "vectors", "cjt188.jsonl")
    with open(path) as file:
        frames = [one for one in map(json.loads, file) if one["direction"].startswith("meter") and one["valid"]]
    reports = [one["decoded"]["address_A6_A0"] for one in frames if one["decoded"]["DI"] == "901F"]
    check(len(reports) >= 3, "enough reports", reports)
    daemon = Daemon(sorted({one["decoded"]["address_A6_A0"] for one in frames}), listener={"codec": "cjt188"}).start()
    subscriber = Subscriber(daemon, "reading/00").wait_subscribed("reading/00")
    run = replay(daemon, path, "--speed", "max", "--codec", "cjt188")
    equal(run.returncode, 0, run.stderr + run.stdout)
    wait_until(lambda: sorted(one.address for one in subscriber.messages() if len(one.items) > 5) == sorted(reports),
               "the reports on the feed")
    heat = [one for one in subscriber.messages() if (6, 0, 2, 0, 0) in items_of(one)]
    equal(sorted(items_of(one)[6, 0, 2, 0, 0] for one in heat), [(19, -2), (27, -2)], "cubic metres of the heat meters")


def test_refusals():
    daemon = Daemon(["010000001"]).start()
    good = capture(daemon, "good", "6832\n")
    for text, line, what in (("68\n6", 2, "odd"), ('{"hex":"68"}\n{"hex":"zz"}\n', 2, "no hexadecimal digit"),
                             ("# nothing\n", 0, "no frames")):
        path = capture(daemon, "bad", text)
        run = replay(daemon, path)
        equal(run.returncode, 2, run.stderr)
        check((f"{path}:{line}: " if line else path) in run.stderr and what in run.stderr, "where and what", run.stderr)
    for arguments in ((good,), ("--to", "nowhere", good), ("--to", "127.0.0.1:1",), ("--to", "a:1", good, good),
                      ("--to", "a:1", "--speed", "0", good), ("--to", "a:1", "--speed", "1x", good),
                      ("--to", "a:1", "--gap-ms", "-1", good), ("--to", "a:1", "--direction", "left", good),
                      ("--to", "a:1", "--codec", "none", good), ("--to", "a:1", "--wait=x", good),
                      ("--to", "127.0.0.1:1", good + "-not-there")):
        equal(program(os.path.join(BIN, "fepreplay"), *arguments).returncode, 2, arguments)
    daemon.stop()
    run = replay(daemon, good)
    equal(run.returncode, 1, run.stderr)
    check(f"{good}:1: cannot connect" in run.stderr, "where and why", run.stderr)


run()
