#!/usr/bin/python3
"""A terminal's own tasks: made of ours, read back, their differences shown, written and taken away. The terminals keep what
they are told byte by byte; what is expected is written by hand from the standards' layouts.
"""
from devices import *

ACTIVE, BACK = "energy.active.import.total_kWh", "energy.active.export.total_kWh"
ADDRESS698, ADDRESS = "000000000001", "010000001"
METER = "000000000300"
TASKS, SCHEMES, REPORTS = "6012", "6014", "601c"

DAILY = f"task daily energy\ntype daily\npoints {ACTIVE} {BACK}\nto 2027-10-31\npriority 0\n"
CURVE = f"task curve\ntype curve\nperiod 15m\npoints {ACTIVE}\n"

# 6012 of the daily task, number 1: each day, ordinary scheme 1, from, to, 5 minutes later, first, in force, no scripts, all day.
HOURS = "0202 1600 0101 0204 1100 1100 1117 113b"
DAILY_TASK = "020c 1101 54030001 1601 1101 1c07d00101000000 1c07eb0a1f173b3b 54010005 1101 1601 120000 120000" + HOURS
# 6014: the last frozen one of 5004, 31 of them, both registers, all meters, under the time of freezing.
DAILY_SCHEME = "0206 1101 12001f 0202 1101 1101 0101 5b01 50040200 02 00100200 00200200 5c01 1606"
# 601C: one channel, 60 s, three times, the newest record of each meter; and its task, 30 minutes behind midnight.
DAILY_REPORT = ("0205 1101 0101 5145000000 5400003c 1103 0202 1101 0203 5160120300 6005 00202a0200 0060400200 0060410200"
                "0060420200 0150040200 03 20210200 00100200 00200200 5a0a 01 01")
REPORT_TASK = "020c 1181 54030001 1604 1101 1c07d00101000000 1c07eb0a1f173b3b 5401001e 1101 1601 120000 120000" + HOURS
CURVE_TASK = "020c 1102 5401000f 1601 1102 1c07d00101000000 1c08330c1f173b3b 54010000 1103 1601 120000 120000" + HOURS
CURVE_SCHEME = "0206 1102 1203c0 0202 1103 5401000f 0101 5b01 50020200 01 00100200 5c01 1606"
# Of a published frame of another master station: each 5 minutes, priority as unsigned, state as it is.
FOREIGN_TASK = "020c 1109 54010005 1601 1109 1c07e10815000000 1c08330909090909 54010002 1102 1601 120000 120000" + HOURS


def octets(text):
    return bytes.fromhex(text.replace(" ", ""))


class Keeper698(Terminal698):
    """Keeps what methods 127 and 128 of the three lists say; denied: lists it says it does not know."""

    def __init__(self, daemon):
        super().__init__(daemon, ADDRESS698, {})
        self.kept, self.denied, self.writes, self.refuses = {TASKS: {}, SCHEMES: {}, REPORTS: {}}, set(), [], None

    def put(self, which, element):
        self.kept[which][octets(element)[3]] = octets(element)
        return self

    def serve(self, data):
        while len(data) > 3 and len(data) >= 2 + struct.unpack_from("<H", data, 1)[0]:
            size = 2 + struct.unpack_from("<H", data, 1)[0]
            one, data = data[:size], data[size:]
            apdu = one[14:-3]
            which = apdu[3:5].hex()
            if apdu[:2] == b"\x05\x01" and which in self.kept and which not in self.denied:
                kept = [self.kept[which][number] for number in sorted(self.kept[which])]
                self.send(b"\x85" + apdu[1:7] + b"\x01\x01" + bytes([len(kept)]) + b"".join(kept))
            elif apdu[0] == 5:
                self.send(b"\x85" + apdu[1:7] + b"\0\x06")
            elif apdu[:2] == b"\x07\x01":
                self.send(b"\x87" + apdu[1:7] + bytes([self.act(which, apdu), 0]))
        return data

    def act(self, which, apdu):
        """127: an array of one element; 128: of one number. Both end with no time tag. Gives a DAR."""
        self.writes.append((which, apdu[5]))
        equal((apdu[6], apdu[7:9], apdu[-1]), (0, b"\x01\x01", 0), "an array of one, no time tag")
        if (which, apdu[5]) == self.refuses:
            return 3
        if apdu[5] == 127:
            self.put(which, apdu[9:-1].hex())
        else:
            equal((apdu[5], apdu[9], len(apdu)), (128, 17, 12), "a number to be deleted")
            del self.kept[which][apdu[10]]
        return 0


def fepctl(daemon, *arguments, code):
    done = program(os.path.join(BIN, "fepctl"), "--door", daemon.door_at, "--feed", daemon.feed_at, *arguments)
    equal(done.returncode, code, f"{arguments}; it says: {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def states(daemon, address, code, command="diff", *more):
    said = json.loads(fepctl(daemon, "--json", "task", command, address, *more, code=code))
    return {(row["object"], row["number"]): (row["state"], row) for row in said["settings"]}


def of(rows):
    return {key: state for key, (state, _) in rows.items()}


def station698(*tasks, options=None, profile=None):
    rows = "terminal,name,area,measuring_point,meter,terminal_profile\n"
    daemon = Daemon([], {"door.commands": "yes", **(options or {})}, {"codec": "dlt698"}).start()
    if profile:
        daemon.ask("PROFILE_PUT", who="tester", text=profile)
    daemon.ask("IMPORT", who="tester", data=(rows + f"{ADDRESS698},one,0,1,{METER},{'own' if profile else ''}\n").encode())
    for text in tasks:
        put_task(daemon, text)
    return daemon


def online(daemon, address):
    """Once its protocol is known, OWN can be asked."""
    wait_until(lambda: daemon.ask_raw("OWN", {"terminal": address})[0] == "OWN", "its protocol is known")


def test_698():
    daemon = station698(DAILY, CURVE)
    one = Keeper698(daemon).put(TASKS, FOREIGN_TASK).begin()
    online(daemon, ADDRESS698)
    rows = states(daemon, ADDRESS698, 1)
    equal(of(rows), {(SCHEMES, 1): "missing", (TASKS, 1): "missing", (SCHEMES, 2): "missing", (TASKS, 2): "missing",
                     (TASKS, 9): "extra"}, "what differs")
    found = rows[TASKS, 9][1]["found"]
    equal(found[:8], ["every 5 min", "kind 1", "scheme 9", "from 2017-08-21 00:00:00", "to 2099-09-09 09:09:09",
                      "delay 2 min", "priority 2", "state 1"], "what the foreign task says")
    # Written, it is what the standard's layout says, schemes before their tasks; what others wrote stays.
    equal(of(states(daemon, ADDRESS698, 1, "sync")), {(SCHEMES, 1): "same", (TASKS, 1): "same", (SCHEMES, 2): "same",
                                                      (TASKS, 2): "same", (TASKS, 9): "extra"}, "after sync")
    equal(one.writes, [(SCHEMES, 127), (TASKS, 127)] * 2, "in which order")
    equal({n: data.hex() for n, data in one.kept[SCHEMES].items()},
          {1: octets(DAILY_SCHEME).hex(), 2: octets(CURVE_SCHEME).hex()}, "schemes")
    equal({n: data.hex() for n, data in one.kept[TASKS].items()},
          {1: octets(DAILY_TASK).hex(), 2: octets(CURVE_TASK).hex(), 9: octets(FOREIGN_TASK).hex()}, "tasks")
    fepctl(daemon, "task", "sync", ADDRESS698, "--remove", code=0)
    equal(sorted(one.kept[TASKS]), [1, 2], "what only the terminal had")
    lines = [line for line in daemon.log().splitlines() if " COMMAND " in line]
    equal(len(lines), 5, "who wrote what is in the log")
    check("kind=own key=0x60140001" in lines[0] and "key=0x60120009 remove" in lines[4], "what", lines)
    equal(one.fault, None, "the terminal")


def test_698_changes():
    daemon = station698(DAILY + "report yes\n")
    one = Keeper698(daemon).put(SCHEMES, DAILY_SCHEME.replace("12001f", "12000a")).begin()
    online(daemon, ADDRESS698)
    text = fepctl(daemon, "task", "diff", ADDRESS698, code=1)
    check(f"{SCHEMES} 1, daily energy: differs\n    + keep 31\n    - keep 10\n" in text, "only what differs", text)
    equal(of(states(daemon, ADDRESS698, 0, "sync")), {(SCHEMES, 1): "same", (TASKS, 1): "same", ("601C", 1): "same",
                                                      (TASKS, 129): "same"}, "with a report")
    equal((one.kept[REPORTS][1].hex(), one.kept[TASKS][129].hex()),
          (octets(DAILY_REPORT).hex(), octets(REPORT_TASK).hex()), "the report and its task")
    # Paused here, it is stopped there.
    daemon.ask("TASK_PAUSE", name="daily energy", paused=True, who="tester")
    rows = states(daemon, ADDRESS698, 1)
    equal(of(rows), {(SCHEMES, 1): "same", (TASKS, 1): "differs", ("601C", 1): "same", (TASKS, 129): "differs"}, "paused")
    equal(set(rows[TASKS, 1][1]["wanted"]) - set(rows[TASKS, 1][1]["found"]), {"state 2"}, "in what")
    # A refusal is said with its code, and ends it; a list the terminal does not have too.
    one.refuses = (TASKS, 127)
    text = fepctl(daemon, "task", "sync", ADDRESS698, code=1)
    check(f"{TASKS} 1: REFUSED" in text and f"{TASKS} 1, daily energy: differs" in text, "refused", text)
    one.denied = {REPORTS}
    text = fepctl(daemon, "task", "diff", ADDRESS698, code=1)
    check("reading 0x601C0000: REFUSED, its own code 6" in text, "no such list", text)
    equal(one.fault, None, "the terminal")


def test_698_cannot():
    tasks = (f"task odd\ntype daily\npoints frequency_Hz meter.class\n", f"task now\ntype real_time\npoints {ACTIVE}\n",
             "task other\ntype daily\nterminal 000000000002\n" + f"points {ACTIVE}\n")
    daemon = station698(*tasks)
    Keeper698(daemon).begin()
    online(daemon, ADDRESS698)
    text = fepctl(daemon, "task", "diff", ADDRESS698, code=1)
    equal(text, "odd: the terminal cannot be told so: UNSUPPORTED\n", "why; other tasks are no matter of its own")
    for body, error in (({"key": 0x60140001}, "NOT_FOUND"), ({"key": 0x40000001, "remove": True}, "UNSUPPORTED")):
        word, answer = daemon.ask_raw("COMMAND", {"terminal": ADDRESS698, "kind": "own", "who": "tester", **body})
        equal((word, answer["error"]), ("ERROR", error), f"{body}: {answer}")
    word, answer = daemon.ask_raw("OWN", {"terminal": "000000000009"})
    equal((word, answer["error"]), ("ERROR", "NOT_FOUND"), "a stranger")


def test_unknown_protocol():
    daemon = station698(DAILY)
    word, answer = daemon.ask_raw("OWN", {"terminal": ADDRESS698})
    equal((word, answer["error"]), ("ERROR", "CLOSED"), "before it came")
    check("protocol" in answer["text"], "why", answer)


# ---- 376.1 ----

SCHEDULE = "01 1f 0400 ffffff7f 0500 3c 000101 01 0000 0023"
PROFILE = f"profile own\ncodec gdw1376\nown 33 0 {SCHEDULE}\nown 35 0 02 0100 0300\n"
# Each day, first on 2026-11-01 at 00:30 (a Sunday), each value, F161 and F163 of measuring points 1 to 9.
REPORT = "81 00 30 00 01 f1 26 01 04" + "ff01 0114" + "0102 0114" + "ff01 0414" + "0102 0414"


class Keeper(Served):
    """Keeps parameters 04 sets, (pn, Fn): bytes, and shows them by 0A; what it does not have it denies."""

    def __init__(self, daemon, number=1):
        super().__init__(daemon, number)
        self.kept, self.passwords, self.asked = {}, [], []

    def serve_one(self, user):
        afn, sequence, msa, body = user[6], user[7] & 15, user[5], user[8:]
        pn = (body[1] - 1) * 8 + body[0].bit_length() if body[0] else 0
        fn = body[3] * 8 + body[2].bit_length()
        confirm = unit(0, 1)
        if afn == 4:
            self.passwords.append(body[-16:])
            self.kept[pn, fn] = body[4:-16]
        elif afn == 0x0A and (pn, fn) in self.kept:
            self.asked.append((fn, body[4:].hex()))
            self.send(frame(self.a1, self.a2, afn, 0x60 | sequence, body[:4] + self.kept[pn, fn], 0x88, msa))
            return
        else:
            confirm = unit(0, 2)
        self.send(frame(self.a1, self.a2, 0, 0x60 | sequence, confirm, 0x80, msa))


def station(*tasks, points=range(1, 10)):
    rows = "terminal,name,area,measuring_point,meter,terminal_profile\n"
    rows += "".join(f"{ADDRESS},one,0,{mp},{mp:012d},own\n" for mp in points)
    daemon = Daemon([], {"door.commands": "yes"}, {"password_size": 16}).start()
    daemon.ask("PROFILE_PUT", who="tester", text=PROFILE)
    daemon.ask("IMPORT", who="tester", data=rows.encode())
    for text in tasks:
        put_task(daemon, text)
    return daemon


def test_376():
    daemon = station(DAILY.replace("to 2027", "report yes\nfrom 2026-11-01\nto 2027"), CURVE)
    one = Keeper(daemon)
    one.kept[0, 33] = octets(SCHEDULE.replace("3c", "0f", 1))
    one.begin()
    online(daemon, ADDRESS)
    rows = states(daemon, ADDRESS, 1)
    equal(of(rows), {("F33", 0): "differs", ("F35", 0): "missing", ("F66", 1): "missing", ("F68", 1): "missing"}, "before")
    check('"interval_min":15' in "".join(rows["F33", 0][1]["found"]), "what it has", rows["F33", 0])
    equal(of(states(daemon, ADDRESS, 0, "sync")), {("F33", 0): "same", ("F35", 0): "same", ("F66", 1): "same",
                                                   ("F68", 1): "same"}, "afterwards")
    equal({key: data.hex() for key, data in one.kept.items()},
          {(0, 33): octets(SCHEDULE).hex(), (0, 35): "0201000300", (1, 66): octets(REPORT).hex(), (1, 68): "55"}, "kept")
    equal(set(one.passwords), {bytes(16)}, "each with a password")
    equal(dict(one.asked)[33], "011f", "F33 is asked for by port")
    daemon.ask("TASK_PAUSE", name="daily energy", paused=True, who="tester")
    text = fepctl(daemon, "task", "sync", ADDRESS, code=0)
    check("F68 1: written" in text and one.kept[1, 68] == b"\xAA", "stopped", text)
    equal(one.fault, None, "the terminal")


def test_376_limits():
    """Units for many points do not fit a frame of ours: said, and nothing of it is written."""
    daemon = station(DAILY.replace("to 2027", "report yes\nto 2027"), points=range(1, 900, 8))
    Keeper(daemon).begin()
    online(daemon, ADDRESS)
    text = fepctl(daemon, "task", "diff", ADDRESS, code=1)
    check("daily energy: the terminal cannot be told so: LIMIT" in text, "why", text)


def test_profile_text():
    daemon = Daemon([]).start()
    for line, wanted in (("own 0 0 01", "1..248"), ("own 33 0 0", "two a byte"), ("own 33 0 " + " ".join(["00" * 31] * 8), "240"),
                         ("own 33 0 01\nown 33 0 02", "again"), ("own 33 0", "own FN PN HEX")):
        word, answer = daemon.ask_raw("PROFILE_PUT", {"who": "tester", "text": f"profile x\ncodec gdw1376\n{line}\n"})
        equal(word, "ERROR", f"{line}: {answer}")
        check(wanted in answer["text"], f"{line} says {wanted}", answer)


run()
