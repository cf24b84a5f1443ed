#!/usr/bin/python3
"""Events that terminals announce: important ones are recalled as soon as the event counter says that there are some,
each is in the journal once, whatever happens meanwhile.
"""
from devices import *

FAULT, INITIALISED, POWER = 21, 1, 14
IMPORTANT, ORDINARY = 1, 2


class Recorder(Served):
    """A 376.1 terminal that keeps its last 255 events of each kind and answers 0E and 0C F7, in a thread of its own. Of
    a request it answers `most` events at a time, `slow_s` later, or nothing at all if `silent`; asked: (Fn, Pm, Pn) of
    each 0E request."""

    def __init__(self, daemon, number=1):
        super().__init__(daemon, number)
        self.kept, self.counters = {IMPORTANT: {}, ORDINARY: {}}, {IMPORTANT: 0, ORDINARY: 0}
        self.asked, self.most, self.slow_s, self.silent, self.asked_counters = [], 255, 0, False, 0
        self.minute, self.happened = 0, []          # of the last event; of all of them

    def end(self):
        super().end()
        check(self.fault is None, f"{self.address}: {self.fault!r}")

    def again(self):
        self.end()
        self.close()
        return self.begin()

    def happens(self, kind=IMPORTANT, erc=FAULT, content=b"\x03", now=False):
        """An event; its content behind the time."""
        with self.lock:
            self.minute += 1
            instant = Instant(*time.gmtime(time.time() + OFFSET * 60)[:5]) if now else Instant.number(self.minute)
            self.happened.append(instant.utc_ms + (UTC_OFFSET_MIN - OFFSET) * 60000)
            body = instant.a15 + content
            self.counters[kind] = (self.counters[kind] + 1) % 256
            self.kept[kind][self.counters[kind]] = bytes([erc, len(body)]) + body
        return self

    def reset(self):
        """Its data are initialised: it counts from 0 again."""
        with self.lock:
            self.kept, self.counters = {IMPORTANT: {}, ORDINARY: {}}, {IMPORTANT: 0, ORDINARY: 0}

    def ec(self):
        return bytes([self.counters[IMPORTANT], self.counters[ORDINARY]])

    def announce(self):
        """A heartbeat with ACD."""
        self.send(self.build(2, bytes.fromhex(HEARTBEAT) + self.ec(), "announced", control=0xE9))

    def events(self, kind, first, last):
        """The unit of those behind one counter up to another, as far as it has them."""
        found, at = b"", first
        while at != last and (at + 1) % 256 in self.kept[kind] and (at - first) % 256 < self.most:
            at = (at + 1) % 256
            found += self.kept[kind][at]
        return unit(0, kind) + self.ec() + bytes([first, at]) + found

    def report(self, kind=IMPORTANT):
        """Its last event, unasked."""
        last = self.counters[kind]
        self.send(self.build(0x0E, self.events(kind, (last - 1) % 256, last) + self.ec(), "reported", control=0xE4))

    def serve_one(self, user):
        afn, sequence, msa, body = user[6], user[7] & 15, user[5], user[8:]
        with self.lock:
            if afn == 0x0E:
                kind = body[2]
                self.asked.append((kind, body[4], body[5]))
                answer = self.events(kind, body[4], body[5])
            elif afn == 0x0C and body[:4] == unit(0, 7):
                self.asked_counters += 1
                answer = unit(0, 7) + self.ec()
            else:
                afn, answer = 0, unit(0, 2)
            answer = frame(self.a1, self.a2, afn, 0x60 | sequence, answer + self.ec(), 0xA8, msa)
        if self.silent:
            return
        time.sleep(self.slow_s)
        self.send(answer)


def recorder(number=1, **options):
    daemon = station({number: [1]}, **{"account.begin_ms": 100, "session.request_timeout_ms": 500, **options}).start()
    return daemon, Recorder(daemon, number)


def events(daemon):
    """Device times of the terminals' own events in the journal, in its order."""
    return [message.time_ms for message in daemon.fetch(kind="event") if message.time_ms]


def wait_events(daemon, one, text="all events came"):
    wait_until(lambda: len(events(daemon)) >= len(one.happened), text)
    equal(sorted(events(daemon)), sorted(one.happened), "each event once")


def test_announced():
    """What a terminal has when it is seen first, and what happens later; nothing is asked twice."""
    daemon, one = recorder()
    for _ in range(20):
        one.happens()
    one.begin()
    equal(events(daemon), [], "before it says so")
    one.announce()
    wait_events(daemon, one)
    equal(one.asked, [(IMPORTANT, 0, 15), (IMPORTANT, 15, 20)], "in pieces")
    one.happens().happens().announce()
    wait_events(daemon, one)
    equal(one.asked[2:], [(IMPORTANT, 20, 22)], "the new ones")
    one.announce()
    one.again()
    one.happens(ORDINARY).announce()
    one.happens().announce()
    wait_until(lambda: len(one.asked) == 4, "asked for the new one")
    equal(one.asked[3], (IMPORTANT, 22, 23), "and not for ordinary ones")


def test_wraps():
    daemon, one = recorder()
    for _ in range(250):
        one.happens()
    one.begin().announce()
    wait_events(daemon, one)
    before = len(one.asked)
    for _ in range(12):
        one.happens()
    one.announce()
    wait_events(daemon, one)
    equal(one.asked[before:], [(IMPORTANT, 250, 6)], "around")


def test_reported():
    """A report tells which event it is: that one is not recalled."""
    daemon, one = recorder()
    one.happens().begin().announce()
    wait_events(daemon, one)
    one.happens().report()
    wait_events(daemon, one)
    one.happens().announce()
    wait_events(daemon, one)
    equal(one.asked, [(IMPORTANT, 0, 1), (IMPORTANT, 2, 3)], "the one that was not reported")


def test_counter_back():
    daemon, one = recorder()
    for _ in range(9):
        one.happens()
    one.begin().announce()
    wait_events(daemon, one)
    one.reset()
    one.happens().happens().announce()
    wait_events(daemon, one)
    equal(one.asked[-1], (IMPORTANT, 0, 2), "from its beginning")


def test_began_anew():
    """It was reset and counted beyond what came, unnoticed: its answer has nothing of what is asked for."""
    daemon, one = recorder()
    for _ in range(3):
        one.happens()
    one.begin().announce()
    wait_events(daemon, one)
    one.reset()
    for _ in range(5):
        one.happens()
    del one.kept[IMPORTANT][4], one.kept[IMPORTANT][5]      # has none behind 3 to show
    del one.happened[-2:]
    one.announce()
    wait_events(daemon, one)
    wait_until(lambda: daemon.logged("EVENTS-LOST"), "what it does not have is given up")
    equal(one.asked[1:], [(IMPORTANT, 3, 5), (IMPORTANT, 0, 5), (IMPORTANT, 3, 5)], "once more from its beginning")


def test_initialised():
    """An event says that it was initialised while its counters went on: it is read from 0, once."""
    daemon, one = recorder()
    for _ in range(3):
        one.happens()
    one.begin().announce()
    wait_events(daemon, one)
    one.happens(erc=INITIALISED, content=b"\x01" + b"0001" + b"0002").announce()
    wait_until(lambda: len(one.asked) == 3, "it is read again")
    one.happens().announce()
    wait_events(daemon, one)
    equal(one.asked, [(IMPORTANT, 0, 3), (IMPORTANT, 3, 4), (IMPORTANT, 0, 4), (IMPORTANT, 4, 5)], "asked")


def test_no_power():
    """Who reports that its power failed and goes is not merely offline, also for a daemon that was killed since."""

    def reason(name):
        put_task(daemon, TASK.replace("daily energy", name).replace("rereads 2", "rereads 0"))
        wait_until(lambda: gaps(daemon, task=name) and gaps(daemon, task=name)[0].reason != "not_asked", "a reason")
        return gaps(daemon, task=name)[0].reason

    daemon, one = recorder(**{"account.begin_ms": 300})
    one.begin()
    equal(reason("with power"), "refused", "while it is there")
    one.happens(erc=POWER, content=5 * b"\xEE", now=True).report()
    wait_events(daemon, one)
    one.end()
    one.close()
    wait_until(lambda: daemon.terminal_facts(one.address)["state"] == "offline", "it went")
    equal(reason("without"), "terminal_no_power", "the power failed")
    daemon.kill()
    daemon.start()
    equal(reason("after a kill"), "terminal_no_power", "still")
    one.begin()
    one.end()
    one.close()
    wait_until(lambda: daemon.terminal_facts(one.address)["state"] == "offline", "it went again")
    equal(reason("it was back"), "terminal_offline", "for a reason unknown")


def test_fewer():
    daemon, one = recorder()
    one.most = 2
    for _ in range(5):
        one.happens()
    one.begin().announce()
    wait_events(daemon, one)
    equal(one.asked, [(IMPORTANT, 0, 5), (IMPORTANT, 2, 5), (IMPORTANT, 4, 5)], "the rest")


def test_no_answer():
    """It is asked again when it comes back, when it has something new, and by itself after a while."""
    daemon, one = recorder()
    one.silent = True
    one.happens().begin().announce()
    wait_until(lambda: len(daemon.fetch(kind="result")) == 1, "asked")
    one.again()
    wait_until(lambda: len(daemon.fetch(kind="result")) == 2, "asked again as it comes back")
    one.happens().announce()
    wait_until(lambda: len(daemon.fetch(kind="result")) == 3, "asked again for more")
    equal(len(one.asked), 3, "requests")
    equal(events(daemon), [], "nothing came")
    one.silent = False
    wait_events(daemon, one)


class Recorder698(Device):
    """A 698.45 terminal that keeps event records, the last 10 of each object, and lists the objects that have new ones
    until that list was read. lists and objects count what was asked for."""

    def __init__(self, daemon, address):
        super().__init__(daemon)
        self.address, self.records, self.new, self.happened = address, collections.defaultdict(list), set(), []
        self.lists, self.objects, self.deaf, self.minute = 0, collections.Counter(), False, 0

    def hello(self):
        self.socket.sendall(frame698(0x81, LOGIN698, client=0, terminal=self.address))

    def happens(self, oi):
        self.minute += 1
        start = Instant.number(self.minute)
        self.happened.append(start.utc_ms + (UTC_OFFSET_MIN - OFFSET) * 60000)
        number = len(self.records[oi])
        self.records[oi].append(b"\x06" + struct.pack(">IBHBBBBB", number, 28, *start, 0) + b"\0\0")
        self.new.add(oi)

    def report(self):
        """Its clock, unasked, with ACD if there are new events."""
        clock = b"\x40\0\x02\0\x01\x1c" + struct.pack(">HBBBBB", 2026, 11, 20, 8, 0, 0)
        self.send(b"\x88\x01", 5, b"\x01" + clock, 0x83)

    def send(self, head, piid, body, control=0xC3):
        acd = 0x40 if self.new else 0
        self.socket.sendall(frame698(control, head + bytes([piid & 0x3F | acd]) + body + b"\0\0", terminal=self.address))

    def serve(self, data):
        while len(data) > 3 and len(data) >= 2 + struct.unpack_from("<H", data, 1)[0]:
            size = 2 + struct.unpack_from("<H", data, 1)[0]
            one, data = data[:size], data[size:]
            apdu = one[14:-3]
            if apdu[0] != 5:
                continue
            if apdu[1] == 1 and apdu[3:7].hex() == "33200200":
                self.lists += 1
                new = b"".join(b"\x50" + struct.pack(">H", oi) for oi in sorted(self.new))
                if not self.deaf:
                    self.send(b"\x85\x01", apdu[2], apdu[3:7] + b"\x01\x01" + bytes([len(self.new)]) + new)
                    self.new.clear()
            elif apdu[1] == 3:
                oi = struct.unpack_from(">H", apdu, 3)[0]
                self.objects[oi] += 1
                rows = self.records[oi][-10:]
                self.send(b"\x85\x03", apdu[2], apdu[3:7] + apdu[9:-1] + b"\x01" + bytes([len(rows)]) + b"".join(rows))
        return data


def again698(one, daemon):
    """It comes back, can hear, and reports."""
    one.ended, one.deaf = threading.Event(), False
    one.begin().report()
    return one


def test_listed():
    """698.45: ACD leads to the list of new events, and to what it names; each record is in the journal once."""
    daemon = Daemon(archive="terminal,name,area,heartbeat_s\n000000000001,T,0,300\n", listener={"codec": "dlt698"},
                    options={"node.utc_offset_min": OFFSET, "account.begin_ms": 100, "account.checkpoint_ms": 200,
                             "session.request_timeout_ms": 500, "session.request_repeats": 0}).start()
    one = Recorder698(daemon, "000000000001").begin()
    one.report()
    wait_until(lambda: daemon.readings(one.address), "a report")
    one.happens(0x310A)
    one.happens(0x310A)
    one.happens(0x3109)
    one.report()
    wait_events(daemon, one)
    equal((one.lists, one.objects), (1, {0x310A: 1, 0x3109: 1}), "asked")
    one.happens(0x310A)
    one.report()
    wait_events(daemon, one)
    equal((one.lists, one.objects), (2, {0x310A: 2, 0x3109: 1}), "asked for what is new")
    one.deaf = True
    one.happens(0x3109)
    one.report()
    wait_until(lambda: daemon.fetch(kind="result")[2:], "it did not answer")
    daemon.kill()
    one.end()
    daemon.start()
    one = again698(one, daemon)
    wait_events(daemon, one)
    equal(one.fault, None, "a fault of the terminal")


EVENT_TASK = "task {}\ntype event\nperiod 1m\nspread 0s\nrereads 1\nreread_every 1s\n"


def test_task():
    """Ordinary events come by a task, and only those that did not come before; its slots are counted."""
    daemon = station({1: [1], 2: [1], 3: [1]}, **{"account.begin_ms": 100, "session.request_timeout_ms": 500}).start()
    one, none, silent = (Recorder(daemon, number) for number in (1, 2, 3))
    silent.silent = True
    for _ in range(20):
        one.happens(ORDINARY)
    for terminal in one, none, silent:
        terminal.begin()
    put_task(daemon, EVENT_TASK.format("ordinary"))
    wait_events(daemon, one)
    wait_until(lambda: rate(daemon, task="ordinary")["cycle"] >= 2 and silent.asked_counters >= 2, "runs and a re-read")
    equal(none.asked, [], "what has nothing is not asked for it")
    wait_until(lambda: {(gap.terminal, gap.mp): gap.reason for gap in gaps(daemon, task="ordinary")} ==
               {(silent.address, 0): "terminal_no_answer"}, "the one that does not answer")
    one.happens(ORDINARY)
    none.happens(ORDINARY)
    before = len(one.asked)
    put_task(daemon, EVENT_TASK.format("second"))
    wait_until(lambda: len(none.asked) >= 1 and len(one.asked) > before, "asked")
    equal((one.asked[before:before + 1], none.asked[:1]), ([(ORDINARY, 20, 21)], [(ORDINARY, 0, 1)]), "the new ones")
    wait_until(lambda: len(events(daemon)) == 22, "they came")
    equal(sorted(events(daemon)), sorted(one.happened + none.happened), "each once")
    one.reset()
    one.happens(ORDINARY)
    daemon.kill()
    daemon.start()
    for terminal in one, none, silent:
        terminal.again()
    put_task(daemon, EVENT_TASK.format("third"))
    wait_until(lambda: len(events(daemon)) == 23, "the one behind its reset")
    equal(sorted(events(daemon)), sorted(one.happened + none.happened), "each once")


def test_dictionary():
    """What the door and fepctl list; a name that came is in it."""
    daemon, one = recorder()
    one.happens().begin().announce()
    wait_events(daemon, one)
    known = {event["name"]: event for event in daemon.ask("EVENTS")["events"]}
    name = next(item[1] for item in daemon.fetch(kind="event")[0].items if point_number(item[0]) == (0, 0, 130, 2, 0))
    equal((name, known[name]["level"]), ("terminal_fault", "important"), "the event")
    shown = program(os.path.join(BIN, "fepctl"), "--door", daemon.door_at, "event", "list")
    equal(shown.returncode, 0, "fepctl")
    check(all(name in shown.stdout for name in known) and "general" in shown.stdout, "all of them", shown.stdout)


def test_killed():
    """Killed between the pieces, and again: each event once."""
    daemon, one = recorder()
    for _ in range(100):
        one.happens()
    one.slow_s = 0.1
    for round in range(1, 4):
        one.begin().announce()
        wait_until(lambda: len(events(daemon)) >= round * 25, "some came")
        daemon.kill()
        one.end()
        one.close()
        daemon.start()
    one.slow_s = 0
    one.begin().announce()
    wait_events(daemon, one)
    check((IMPORTANT, 0, 15) not in one.asked[1:], "what is in the journal is not asked for again", one.asked)
    one.happens().announce()
    wait_events(daemon, one)


run()
