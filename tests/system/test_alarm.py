#!/usr/bin/python3
"""Alarms: raised, counted, acknowledged, cleared; on the feed, in the journal and in the list; over restarts; a
storm of 10,000 with kills in the middle."""
from harness import *

ADDRESS = "010000001"
RULE, STATE, LEVEL, COUNT, VALUE, POINT, WHO, COMMENT, SINCE = ((0, 0, 135, n, 0) for n in range(1, 10))
LOW, HIGH = 1900, 2200       # tenths of a volt
ALARM_MINUTES = 10           # settle time of the rule, in the terminal's own minutes
STORM_TERMINALS, STORM_POINTS, STORM_RULES = 4, 25, 100


def minute(number):
    """Long ago, so that no clock of a test machine is behind it."""
    return Instant(2020, 1, 1 + number // 1440, number // 60 % 24, number % 60)


def volts(pn, number, tenths):
    """F25 whose voltage of phase 1 is said."""
    data = unit(pn, 25) + minute(number).a15
    for name, size, _, _ in F25_FIELDS:
        data += bcd(tenths if name == "Ua" else 0, size)
    return data


def low_voltage(**more):
    return {"name": "low voltage", "on": "point", "point": "voltage.l1_V", "compare": "lt", "threshold": "198",
            "hysteresis": "2", "settle_ms": ALARM_MINUTES * 60000, "level": "important", **more}


def start(rules, terminals=(ADDRESS,), **options):
    daemon = Daemon(terminals, options)
    daemon.alarms = rules
    daemon.write_config()
    return daemon.start()


def fields(message):
    """{point: value} of an alarm's message; texts and numbers."""
    return {point_number(item[0]): item[1] for item in message.items}


def journal(daemon):
    return daemon.fetch(kind="alarm")


def states(daemon):
    return [fields(one)[STATE] for one in journal(daemon)]


def alarms(daemon, **filters):
    rows, start_at = [], 0
    while True:
        page = daemon.ask("ALARMS", **{"from": start_at, **filters})
        rows += page["alarms"]
        if not page["next"]:
            return rows
        check(page["next"] > start_at, "next does not advance", page["next"])
        start_at = page["next"]


def key_of_row(row):
    return row["alarm"], row["terminal"], row["mp"]


class Ledger:
    """What the journal says is raised; reads only what is new."""

    def __init__(self):
        self.next, self.raised, self.messages = 1, {}, 0

    def follow(self, daemon):
        """Nothing is raised twice without a clear between."""
        head = daemon.status()["head"]
        for message in daemon.fetch(self.next, kind="alarm"):
            said = fields(message)
            key = (said[RULE], message.address, message.mp)
            check(said[STATE] != 1 or key not in self.raised, "raised twice", message)
            check(said[STATE] == 1 or key in self.raised, "not raised before", message)
            if said[STATE] == 0:
                del self.raised[key]
            else:
                self.raised[key] = said[STATE]
            self.next, self.messages = message.sequence + 1, self.messages + 1
        self.next = max(self.next, head + 1)
        return self


def check_journal(daemon, ledger=None):
    """The list is what the journal says. Returns it. Nothing may be under way."""
    raised = (ledger or Ledger()).follow(daemon).raised
    rows = alarms(daemon)
    equal(len(rows), len(set(map(key_of_row, rows))), "each once in the list")
    equal({key_of_row(row): {"raised": 1, "acknowledged": 2}[row["state"]] for row in rows}, raised,
          "the list is what the journal says")
    return raised


def test_life_of_an_alarm():
    daemon = start([low_voltage()])
    feed = Subscriber(daemon, "alarm/", "alarm/00").wait_subscribed("alarm/00")
    terminal = Terminal(daemon).login()
    terminal.confirmed_report(volts(1, 0, HIGH))
    terminal.confirmed_report(volts(1, 1, LOW))
    equal(states(daemon), [1], "raised when the report is confirmed")
    batch = [one for one in daemon.fetch() if one.sequence == journal(daemon)[0].sequence]
    check(any(one.kind == "reading" and one.time_ms == minute(1).utc_ms for one in batch),
          "in the commit of the reading", batch)
    said = fields(journal(daemon)[0])
    equal((said[RULE], said[LEVEL], said[VALUE], said[POINT], said[COUNT]),
          ("low voltage", "important", LOW, "voltage.l1_V", 0), "what is said")
    equal(journal(daemon)[0].time_ms, minute(1).utc_ms, "its time is the reading's")
    for number in range(2, 12):
        terminal.confirmed_report(volts(1, number, LOW if number % 2 else HIGH))
    equal(states(daemon), [1], "flapping raises nothing new")
    equal(alarms(daemon)[0]["count"], 5, "it is counted")
    answer = daemon.ask("ACK", alarm="low voltage", terminal=ADDRESS, mp=1, who="ann", comment="a fuse")
    equal((answer["state"], states(daemon)), ("acknowledged", [1, 2]), "on disk when it is answered")
    for error, body in (("EXISTS", {"mp": 1}), ("NOT_FOUND", {"mp": 2}), ("NOT_FOUND", {"mp": 1, "alarm": "no"}),
                        ("RANGE", {"mp": 1, "who": ""}), ("RANGE", {"mp": 1, "who": 7}), ("RANGE", {"mp": 1, "who": "x" * 32}),
                        ("RANGE", {"mp": 1, "comment": "x" * 128}), ("RANGE", {"mp": 1, "comment": "a\nb"}), ("NOT_FOUND", {"terminal": "9"})):
        word, answer = daemon.ask_raw("ACK", {"alarm": "low voltage", "terminal": ADDRESS, "who": "bob", **body})
        equal((word, answer.get("error")), ("ERROR", error), f"ACK {body}")
    broken = msgpack.packb({"alarm": "low voltage", "terminal": ADDRESS, "mp": 1, "who": "??"}).replace(b"??", b"\xff?")
    daemon.door.send_multipart([b"ACK", broken])
    equal(msgpack.unpackb(daemon.door.recv_multipart()[1])["error"], "RANGE", "what is no UTF-8")
    terminal.confirmed_report(volts(1, 12, HIGH))
    equal(states(daemon), [1, 2], "not before it has settled")
    terminal.confirmed_report(volts(1, 12 + ALARM_MINUTES, HIGH))
    equal((states(daemon), alarms(daemon)), ([1, 2, 0], []), "cleared")
    last = fields(journal(daemon)[-1])
    equal((last[COUNT], last[WHO], last[COMMENT]), (5, "ann", "a fuse"), "the clear tells of it")
    wait_until(lambda: len(feed.messages("alarm/00")) == 3, "three messages on the feed")
    equal([fields(one) for one in feed.messages("alarm/00")], [fields(one) for one in journal(daemon)],
          "the feed says what the journal says")
    metrics = daemon.status()["metrics"]
    equal([metrics[f"alarms_{name}"] for name in ("raised", "acknowledged", "cleared", "active", "flaps")],
          [1, 1, 1, 0, 5], "metrics")


def test_what_raises_nothing():
    daemon = start([low_voltage(terminal="010000002"), low_voltage(name="other", settle_ms=0)],
                   [ADDRESS, "010000002"])
    terminal = Terminal(daemon).login()
    terminal.confirmed_report(volts(1, 5, HIGH))
    terminal.confirmed_report(volts(1, 4, LOW))
    absent = volts(1, 6, LOW).replace(bcd(LOW, 2), b"\xee\xee")
    terminal.confirmed_report(absent)
    equal(journal(daemon), [], "older than the one judged last, and absent")
    terminal.confirmed_report(volts(1, 7, LOW))
    equal([fields(one)[RULE] for one in journal(daemon)], ["other"], "the rule of the other terminal is not")
    terminal.confirmed_report(volts(1, 6, HIGH))
    terminal.confirmed_report(absent)
    equal(len(alarms(daemon)), 1, "nor do they clear")


def test_restarts():
    daemon = start([low_voltage()])
    terminal = Terminal(daemon).login()
    terminal.confirmed_report(volts(1, 1, LOW))
    terminal.confirmed_report(volts(2, 1, LOW))
    daemon.ask("ACK", alarm="low voltage", terminal=ADDRESS, mp=2, who="ann")
    before = alarms(daemon)
    for how in (daemon.kill, daemon.stop, daemon.kill):
        how()
        daemon.start()
        equal(sorted(alarms(daemon), key=key_of_row), before, "the list over a restart")
        terminal = Terminal(daemon).login()
        terminal.confirmed_report(volts(1, 1, LOW))
        terminal.confirmed_report(volts(1, 2, LOW))
        equal(states(daemon), [1, 1, 2], "nothing is raised twice")
    terminal.confirmed_report(volts(1, 3, HIGH))
    terminal.confirmed_report(volts(1, 3 + ALARM_MINUTES, HIGH))
    equal(states(daemon), [1, 1, 2, 0], "cleared")
    daemon.kill()
    daemon.start()
    terminal = Terminal(daemon).login()
    terminal.confirmed_report(volts(1, 1, LOW))
    equal(states(daemon), [1, 1, 2, 0], "what is sent again does not raise what is cleared")
    equal([key_of_row(row) for row in alarms(daemon)], [("low voltage", ADDRESS, 2)], "the other stays")


def test_timers_and_links():
    daemon = start([{"name": "offline", "on": "link", "delay_ms": 200, "settle_ms": 200},
                    low_voltage(delay_ms=200, settle_ms=200)])
    terminal = Terminal(daemon).login()
    terminal.confirmed_report(volts(1, 0, LOW))
    wait_until(lambda: [row["alarm"] for row in alarms(daemon)] == ["low voltage"], "raised after its delay")
    terminal.close()
    wait_until(lambda: len(alarms(daemon)) == 2, "offline is raised")
    row = alarms(daemon)[1]
    equal((row["alarm"], row["terminal"], row["mp"], row["value"]), ("offline", ADDRESS, 0, "0"), "offline")
    terminal = Terminal(daemon).login()
    wait_until(lambda: len(alarms(daemon)) == 1, "online clears it")
    terminal.confirmed_report(volts(1, 1, HIGH))
    wait_until(lambda: alarms(daemon) == [], "gone for its settle time")
    wait_until(lambda: not Ledger().follow(daemon).raised, "and journalled")
    check_journal(daemon)


def test_nobody_is_offline_because_we_stop():
    daemon = start([{"name": "offline", "on": "link", "settle_ms": 0}])
    Terminal(daemon).login()
    equal(daemon.stop(), 0, "an ordered stop")
    daemon.start()
    links = [fields(one) for one in daemon.fetch(kind="link")]
    equal([link[0, 0, 131, 1, 0] for link in links], [1, 0], "it was connected, and went")
    equal(journal(daemon), [], "no alarm")
    Terminal(daemon).login().reset()
    wait_until(lambda: [row["alarm"] for row in alarms(daemon)] == ["offline"], "a broken connection is one")
    Terminal(daemon).login()
    wait_until(lambda: states(daemon) == [1, 0], "cleared")


def test_reload():
    daemon = start([low_voltage(), low_voltage(name="second", threshold="195")])
    terminal = Terminal(daemon).login()
    terminal.confirmed_report(volts(1, 1, LOW))
    equal(sorted(row["alarm"] for row in alarms(daemon)), ["low voltage", "second"], "both")
    daemon.alarms = [low_voltage(name="second", threshold="x")]
    daemon.write_config()
    daemon.reload()
    wait_until(lambda: daemon.logged("RELOAD-REFUSED", "alarms.threshold"), "the refusal")
    equal(len(alarms(daemon)), 2, "a bad rule changes nothing")
    daemon.alarms = [low_voltage(name="second", threshold="195"), low_voltage(name="third", compare="gt")]
    daemon.write_config()
    daemon.reload()
    wait_until(lambda: [row["alarm"] for row in alarms(daemon)] == ["second"], "the first rule's alarm is cleared")
    wait_until(lambda: states(daemon) == [1, 1, 0], "and journalled")
    said = fields(journal(daemon)[-1])
    equal((said[RULE], said[WHO], said[COMMENT]),
          ("low voltage", "fepd", "the rule is gone or looks at something else"), "why")
    terminal.confirmed_report(volts(1, 2, HIGH))
    equal(sorted(row["alarm"] for row in alarms(daemon)), ["second", "third"], "the new rule is in force")
    #  The same over a restart.
    daemon.kill()
    daemon.alarms = [low_voltage(name="third", compare="gt")]
    daemon.write_config()
    daemon.start()
    wait_until(lambda: [row["alarm"] for row in alarms(daemon)] == ["third"], "cleared at start")
    wait_until(lambda: states(daemon) == [1, 1, 0, 1, 0], "and journalled")
    check_journal(daemon)


def test_events():
    daemon = start([{"name": "any event", "on": "event", "settle_ms": 86400000, "level": "important"},
                    {"name": "another", "on": "event", "event": "99"}])
    terminal = Terminal(daemon).login()
    #  ERC1, parameters and versions changed: its time, marks, two versions of four characters.
    content = minute(1).a15 + b"\x01" + b"\0\0\0\1" + b"\0\0\0\2"
    event = unit(0, 1) + bytes([1, 0, 0, 1]) + bytes([1, len(content)]) + content
    terminal.send(terminal.build(0x0E, event, "event"))
    terminal.wait_confirmed()
    kinds = [one.kind for one in daemon.fetch() if one.kind in ("event", "alarm")]
    equal(kinds, ["event", "alarm"], "the event and its alarm")
    said = fields(journal(daemon)[0])
    equal((said[RULE], said[POINT], said[VALUE]), ("any event", "event.code", 1), "what is said")
    terminal.send(terminal.build(0x0E, event, "event"))
    terminal.wait_confirmed()
    equal([row["count"] for row in alarms(daemon)], [0], "the same event again is none")


def fepctl(daemon, *arguments):
    return program(os.path.join(BIN, "fepctl"), "--door", daemon.door_at, "--feed", daemon.feed_at, *arguments)


def test_fepctl():
    daemon = start([low_voltage()])
    terminal = Terminal(daemon).login()
    terminal.confirmed_report(volts(1, 1, LOW) + volts(2, 1, LOW))
    listed = json.loads(fepctl(daemon, "--json", "alarm", "list").stdout)
    equal([row["mp"] for row in listed["alarms"]], [1, 2], "alarm list")
    done = fepctl(daemon, "alarm", "ack", ADDRESS, "--alarm", "low voltage", "--mp", "2", "--who", "ann", "--comment",
                  "on my way")
    equal((done.returncode, done.stderr), (0, ""), "alarm ack")
    text = fepctl(daemon, "alarm", "list", "--state", "acknowledged").stdout
    check(len(text.splitlines()) == 2 and "on my way" in text and "190" in text, "a table", text)
    equal(fepctl(daemon, "alarm", "list", "--level", "general").stdout.strip().count("\n"), 0, "filtered")
    equal(fepctl(daemon, "alarm", "ack", ADDRESS, "--alarm", "low voltage", "--mp", "2").returncode, 1, "again")
    equal(fepctl(daemon, "alarm", "list", "--state", "online").returncode, 2, "no state of alarms")


# ---- Storm ----

class StormTerminal(Terminal):
    def storm(self, number, tenths):
        """One frame; each of its measuring points concerns every rule."""
        data = b"".join(volts(pn, number, tenths) for pn in range(1, STORM_POINTS + 1))
        self.send(self.build(0x0C, data, number))


def storm_rules(**more):
    return [low_voltage(name=f"rule {number}", hysteresis="0", settle_ms=0, **more) for number in range(STORM_RULES)]


def killer_of(daemon, after_s):
    """Kills after so long; None: once the first of the storm is on the feed, so that most of it is under way."""
    feed = None
    if after_s is None:
        feed = Subscriber(daemon, "alarm/", "alarm/00").wait_subscribed("alarm/00")
    def kill():
        end = time.monotonic() + (DEADLINE_S if feed else after_s)
        while time.monotonic() < end and not (feed and feed.data("alarm/00")):
            time.sleep(0.0005)
        daemon.process.kill()
    return threading.Thread(target=kill)


def storm_round(daemon, number, tenths, killer=None):
    """All terminals at once. Returns the addresses that were confirmed."""
    terminals = [StormTerminal(daemon, n, connect=False) for n in range(1, STORM_TERMINALS + 1)]
    for terminal in terminals:
        terminal.connect().login()
    if killer:
        killer.start()
    try:
        for terminal in terminals:
            terminal.storm(number, tenths)
        end = time.monotonic() + DEADLINE_S
        while any(terminal.waiting and not terminal.closed for terminal in terminals):
            check(time.monotonic() < end, "the storm is not over")
            for terminal in terminals:
                terminal.pump(0.001)
    except OSError:
        check(killer, "a connection broke")
    if killer:
        killer.join()
        daemon.process.wait()
    confirmed = {terminal.address for terminal in terminals if number in terminal.confirmed}
    for terminal in terminals:
        terminal.close()
    return confirmed


def storm_addresses():
    return [f"0100{number:05d}" for number in range(1, STORM_TERMINALS + 1)]


def check_confirmed(raised, confirmed, low, number):
    """A terminal that was confirmed has all its alarms on disk."""
    each = STORM_POINTS * STORM_RULES
    for address in confirmed:
        found = sum(1 for key in raised if key[1] == address)
        equal(found, each if low else 0, f"round {number}: {address} was confirmed")


def test_storm():
    """10,000 raised, 10,000 cleared, again and again, killed in the middle."""
    #  Small commits, so that a storm takes many.
    daemon = start(storm_rules(), storm_addresses(), **{"storage.commit_bytes": 65536})
    draw, cut, own, everything = random.Random(11), 0, 0, STORM_TERMINALS * STORM_POINTS * STORM_RULES
    ledger = Ledger()
    for number in range(1, 9):
        low = number % 2 == 1
        killer = killer_of(daemon, draw.uniform(0.0, 0.1) if number % 4 == 0 else None)
        confirmed = storm_round(daemon, number, LOW if low else HIGH, killer)
        daemon.start()
        raised = check_journal(daemon, ledger)
        cut += 0 < len(raised) < everything
        check_confirmed(raised, confirmed, low, number)
        confirmed = storm_round(daemon, number, LOW if low else HIGH)
        equal(confirmed, set(storm_addresses()), "all are confirmed the second time")
        raised = check_journal(daemon, ledger)
        check_confirmed(raised, confirmed, low, number)
        own = max(own, daemon.metric("alarm_batches"))
    metrics = daemon.status()["metrics"]
    equal((metrics["alarms_refused"], metrics["alarms_active"]), (0, 0), "refused, active")
    check(own > 0, "a storm goes ahead in batches of its own")
    check(cut > 0, "a kill in the middle of a storm", cut)
    print(f"         {ledger.messages} messages of alarms; {cut} of 8 kills left a part of a storm")


def test_storm_beyond_the_limit():
    daemon = start(storm_rules(), storm_addresses(), **{"alarm.states": 1000})
    equal(len(storm_round(daemon, 1, LOW)), STORM_TERMINALS, "all are confirmed")
    equal(len(check_journal(daemon)), 1000, "as many as the limit allows")
    check(daemon.metric("alarms_refused") > 0, "the others are counted")
    equal(len(storm_round(daemon, 2, HIGH)), STORM_TERMINALS, "all are confirmed")
    equal(len(check_journal(daemon)), 0, "all are cleared")
    daemon.kill()
    daemon.start()
    equal(alarms(daemon), [], "and stay so")


run()
