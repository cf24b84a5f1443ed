#!/usr/bin/python3
"""The examples and the tools against a running daemon: what they print can be parsed and is right."""
import decimal

from harness import *

ADDRESS, OTHER = "010000001", "010000002"
EXAMPLES = os.path.join(ROOT, "examples")


class Lines:
    """A program whose output is collected line by line."""

    def __init__(self, *arguments):
        self.lines = []
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                        preexec_fn=die_with_parent)
        self.reader = threading.Thread(target=lambda: self.lines.extend(iter(self.process.stdout.readline, "")),
                                       daemon=True)
        self.reader.start()
        cleanup(self.end)

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()

    def wait(self):
        verdict = self.process.wait(DEADLINE_S)
        self.reader.join(DEADLINE_S)
        return verdict


def running(options=None):
    daemon = Daemon([(ADDRESS, "", 5), (OTHER, 60, 5)], options).start()
    return daemon, Terminal(daemon).login()


def example(daemon, name, *arguments):
    return Lines("/usr/bin/python3", os.path.join(EXAMPLES, name), *arguments)


def f129_text(seed):
    """What people see of f129: points and exact values."""
    return {f"1.0.1.8.{point[4]}": str(decimal.Decimal(value[0]).scaleb(value[1]))
            for point, value in f129_items(seed).items()}


def test_subscribe():
    """subscribe.py prints each reading that is published."""
    daemon, terminal = running()
    tool = example(daemon, "subscribe.py", "--feed", daemon.feed_at)
    sent = itertools.count()

    def printed():  # it may miss what is published before it has subscribed
        number = next(sent)
        terminal.confirmed_report(f129(1, Instant.number(number), number), number)
        return len(tool.lines) >= 10
    wait_until(printed, "ten lines", pause_s=0.1)
    last = tool.lines[:5]
    rows = [line.split() for line in last]
    instant = int(rows[0][7])
    number = next(n for n in range(next(sent)) if Instant.number(n).utc_ms == instant)
    equal({row[5]: row[6] for row in rows}, f129_text(number), "its points and values")
    equal({(row[0], row[3], row[4]) for row in rows}, {("reading/05", ADDRESS, "1")}, "topic, terminal, mp")


def check_heal(lines, daemon, filters):
    rows = [json.loads(line) for line in lines]
    found = [(row["sequence"], row["index"]) for row in rows]
    wanted = [(one.sequence, one.index) for one in daemon.fetch(**filters)]
    equal(found, wanted, "each message once, in order")
    return rows


def test_heal_from_the_beginning():
    """heal.py --from 1 brings what was committed before it came, and what comes, each once."""
    daemon, terminal = running({"feed.tick_ms": 100})
    for number in range(20):
        terminal.confirmed_report(f129(1, Instant.number(number), number), number)
    tool = example(daemon, "heal.py", "--feed", daemon.feed_at, "--door", daemon.door_at, "--topic", "reading/05",
                   "--from", "1", "--count", "40")
    wait_until(lambda: len(tool.lines) >= 20, "what was there before")
    for number in range(20, 40):
        terminal.confirmed_report(f129(1, Instant.number(number), number), number)
    equal(tool.wait(), 0, "verdict")
    rows = check_heal(tool.lines, daemon, {"kind": "reading"})
    check(any(row["fetched"] for row in rows), "some by FETCH", len(rows))
    check(not all(row["fetched"] for row in rows), "some by the feed", len(rows))


def test_heal_over_restarts():
    """heal.py follows through kills of the daemon: nothing missing, nothing twice."""
    daemon, terminal = running({"feed.tick_ms": 100})
    tool = example(daemon, "heal.py", "--feed", daemon.feed_at, "--door", daemon.door_at, "--topic", "reading/05",
                   "--from", "1", "--count", "60")
    number = itertools.count()
    for _ in range(4):
        for _ in range(15):
            one = next(number)
            terminal.confirmed_report(f129(1, Instant.number(one), one), one)
        daemon.kill()
        daemon.start()
        terminal.connect().login()
    equal(tool.wait(), 0, "verdict")
    check_heal(tool.lines, daemon, {"kind": "reading"})


def fepctl(daemon, *arguments, verdict=0):
    done = program(os.path.join(BIN, "fepctl"), "--door", daemon.door_at, "--feed", daemon.feed_at, *arguments)
    equal(done.returncode, verdict, f"fepctl {arguments}: {done.stderr}")
    return done.stdout if verdict == 0 else done.stderr


def fepctl_json(daemon, *arguments):
    return json.loads(fepctl(daemon, "--json", *arguments))


def test_fepctl_status_and_terminals():
    daemon, terminal = running()
    terminal.confirmed_report(f25(1, Instant(), 3), "report")
    status = fepctl_json(daemon, "status")
    asked = daemon.status()
    for key in ("node", "version", "boot", "epoch", "head", "first", "sessions", "terminals"):
        equal(status[key], asked[key], f"status: {key}")
    equal(set(status["metrics"]), set(asked["metrics"]), "metrics")
    equal(status["metrics"]["readings_committed"], 23, "readings_committed")
    check("terminals_online" in fepctl(daemon, "status"), "for people")
    rows = fepctl_json(daemon, "terminal", "list")["terminals"]
    equal([(row["address"], row["area"], row["state"]) for row in rows], [(ADDRESS, 5, "online"),
                                                                        (OTHER, 5, "offline")], "terminals")
    equal([row["address"] for row in fepctl_json(daemon, "terminal", "list", "--state", "offline")["terminals"]],
          [OTHER], "those offline")
    facts = fepctl_json(daemon, "terminal", "show", ADDRESS)
    equal((facts["address"], facts["state"], facts["session_state"], facts["frames"], facts["confirmed"]),
          (ADDRESS, "online", "online", 2, 1), "one terminal")
    equal(facts["peer"], "%s:%d" % terminal.socket.getsockname(), "peer")
    equal(fepctl_json(daemon, "terminal", "show", OTHER)["heartbeat_s"], 60, "of the archive")
    check("NOT_FOUND" in fepctl(daemon, "terminal", "show", "1", verdict=1), "an unknown one")


def test_fepctl_latest_and_fetch():
    daemon, terminal = running()
    terminal.confirmed_report(f129(2, Instant(minute=15), 4), "report")
    terminal.confirmed_report(f25(1, Instant(), 3), "report")
    wait_until(lambda: len(fepctl_json(daemon, "latest", ADDRESS)["values"]) == 28, "latest values")
    rows = fepctl_json(daemon, "latest", ADDRESS, "--mp", "2")["values"]
    equal({row["obis"]: row["value"] for row in rows}, f129_text(4), "latest values of a measuring point")
    equal({row["time"] for row in rows}, {"2026-11-20T00:15:00.000+08:00"}, "their instant")
    check("energy.active.import.total_kWh" in fepctl(daemon, "latest", ADDRESS, "--mp", "2"), "for people")
    lines = [json.loads(line) for line in fepctl(daemon, "--json", "fetch", "--kind", "reading").splitlines()]
    equal([(line["sequence"], line["index"]) for line in lines],
          [(one.sequence, one.index) for one in daemon.readings()], "fetch")
    equal({item["obis"]: item["value"] for item in lines[0]["message"]["items"]}, f129_text(4), "values")
    everything = fepctl(daemon, "--json", "fetch").splitlines()
    equal(len(everything), len(daemon.fetch()), "fetch of everything")
    equal(len(fepctl(daemon, "--json", "fetch", "--limit", "2").splitlines()), 2, "--limit")
    none = fepctl(daemon, "--json", "fetch", "--terminal", OTHER)
    equal(none, "", "nothing of a terminal that never came")


def test_fepctl_config_and_verbs():
    daemon, _ = running()
    options = {(row["section"], row["key"]): row["value"] for row in fepctl_json(daemon, "config")["options"]}
    equal(options[("feed", "port")], daemon.feed_port, "config")
    verbs = [row["word"] for row in fepctl_json(daemon, "verbs")["verbs"]]
    check({"STATUS", "FETCH", "LATEST", "TERMINAL", "TERMINALS", "TRACE", "CONFIG", "VERBS"} <= set(verbs), "verbs")
    daemon.kill()
    fepctl(daemon, "--timeout", "300", "status", verdict=2)


def test_fepctl_feed_tail():
    daemon, terminal = running({"feed.tick_ms": 100})
    tool = Lines(os.path.join(BIN, "fepctl"), "--json", "--feed", daemon.feed_at, "--door", daemon.door_at, "feed",
                 "tail", "--topic", "reading/05", "--limit", "3")
    sent = itertools.count()

    def ended():
        number = next(sent)
        terminal.confirmed_report(f129(1, Instant.number(number), number), number)
        return tool.process.poll() is not None
    wait_until(ended, "it ends by its limit", pause_s=0.1)
    equal(tool.wait(), 0, "verdict")
    rows = [json.loads(line) for line in tool.lines]
    messages = [row for row in rows if "message" in row]
    equal(len(messages), 3, "messages")
    journal = {(one.sequence, one.index) for one in daemon.readings()}
    for row in messages:
        check(row["topic"] == "reading/05" and (row["sequence"], row["index"]) in journal, "as journalled", row)


def test_fepdecode():
    data = frame("0100", 1, 0x0C, 0x70, f129(1, Instant(minute=15), 4))
    done = program(os.path.join(BIN, "fepdecode"), "-c", "gdw1376", data.hex())
    equal(done.returncode, 0, done.stderr)
    shown = json.loads(done.stdout)
    for value in f129_text(4).values():
        check(value in done.stdout, f"shows {value}", shown)
    check(ADDRESS in done.stdout, "shows the terminal", shown)
    broken = program(os.path.join(BIN, "fepdecode"), "-c", "gdw1376", (data[:-2] + b"\0\x16").hex())
    equal(broken.returncode, 1, "a broken frame")
    check("CHECKSUM" in broken.stdout, "and its reason", broken.stdout)


def test_fepdecode_gateway():
    """Published packets of transparent gateways by the patterns a person would write."""
    tool = [os.path.join(BIN, "fepdecode"), "-c", "dtu", "--registration", r"{imei}\x00\x01\x02\x03",
            "--heartbeat", r"LOG|www.usr.cn|\xFF\xFF\x80\x80"]
    with open(os.path.join(ROOT, "tests", "vectors", "dtu.jsonl")) as file:
        rows = [json.loads(line) for line in file]
    check(len(rows) >= 4, "published packets", len(rows))
    for row in rows:
        done = program(*tool, row["hex"])
        equal(done.returncode, 0, f"{row['id']}: {done.stdout}{done.stderr}")
        shown = json.loads(done.stdout)
        said = {key: value for key, value in row["decoded"].items() if key not in ("interval_s", "note")}
        equal({key: shown["frame"].get(key) for key in said}, said, row["id"])
        equal(shown["terminal"], said.get("imei"), f"{row['id']}: terminal")
    equal(program(*tool, "4c4f").returncode, 1, "half a packet")
    wrong = program(os.path.join(BIN, "fepdecode"), "-c", "dtu", "--heartbeat", "a{foo}", "00")
    equal(wrong.returncode, 2, "no pattern")
    check("--heartbeat: character 2: no placeholder" in wrong.stderr, "and why", wrong.stderr)


run()
