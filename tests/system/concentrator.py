"""A simulated 376.1 concentrator that stores daily frozen registers of its meters and answers as it is told to, written
from the standard's layout. It remembers what it did, so that the daemon's accounts can be held against it.
"""
from harness import *

DAY_MS = 86400000
UNIT_SIZE = 7             # of a request of class 2 by days


def local_day(ms, offset_min):
    """The local day an instant lies in, counted from 1970."""
    return (ms + offset_min * 60000) // DAY_MS


def noon_offset_min():
    """An offset of local time with which it is about noon now: daily slots are due whenever a test runs."""
    minutes = int(time.time()) // 60 % 1440
    offset = 720 - minutes
    return offset if offset >= -720 else offset + 1440


class Gauge:
    """How many are in it at a time."""

    def __init__(self):
        self.now = self.most = 0
        self.lock = threading.Lock()

    def __enter__(self):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)

    def __exit__(self, *_):
        with self.lock:
            self.now -= 1


class Served(Terminal):
    """A terminal that answers requests (serve_one: a frame's user data) in a thread of its own."""

    def __init__(self, daemon, number):
        super().__init__(daemon, number, connect=False)
        self.fault, self.lock = None, threading.Lock()
        self.ended, self.thread, self.all = threading.Event(), None, Gauge()
        cleanup(self.end)

    def begin(self):
        """Connects, logs in, and answers from here on."""
        self.connect()
        self.login()
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.serve, args=(self.ended,), daemon=True)
        self.thread.start()
        return self

    def end(self):
        self.ended.set()
        if self.thread:
            self.thread.join()
        self.thread = None

    def serve(self, ended):
        try:
            while not ended.is_set() and self.pump(0.02):
                while self.frames and self.socket:
                    one = self.frames.pop(0)
                    if one[12] != 0:
                        with self.all:
                            self.serve_one(one[6:-2])
        except OSError:
            pass
        except Exception as fault:
            self.fault = fault


class Concentrator(Served):
    """Answers in a thread of its own. manner: of the whole terminal, or by measuring point in `meters`:
    answer, ee (no value), ee_once (no value the first time), deny, silent, garbled (a wrong checksum),
    other_day (of the day before), slow, drop (closes the
    connection), high (a value beyond its limit); of a meter: deny_all (any frame that names it), of the terminal:
    single (answers frames of one unit only). asked counts by measuring point, requests frames, ignored those
    that were too large for it; largest: units of one. fns: what was asked for, in order. Meters themselves (AFN 10) do
    not answer; all, rereads and through measure how
    many frames, those that ask again, and those that go through to meters, are under way at all terminals that
    share them."""

    def __init__(self, daemon, number, meters=None, manner="answer", offset_min=UTC_OFFSET_MIN):
        super().__init__(daemon, number)
        self.meters, self.manner, self.offset_min = dict(meters or {}), manner, offset_min
        self.asked = collections.Counter()
        self.requests, self.ignored, self.largest, self.fns = 0, 0, 0, []
        self.rereads, self.through, self.rereads_take_s = Gauge(), Gauge(), 0
    def value(self, mp, day):
        """Of the register at the end of that local day, in 0.0001 kWh; grows by day."""
        return (self.a2 * 1000 + mp * 10) * 100 + (day - 20000) * 7

    def frozen(self, mp, day, value=None):
        """A unit of class 2, F161: the day, when it was read, and the register with four tariffs."""
        civil = time.gmtime(day * 86400)
        td = bcd(civil.tm_mday, 1) + bcd(civil.tm_mon, 1) + bcd(civil.tm_year % 100, 1)
        read = bytes.fromhex("0600") + td
        total = self.value(mp, day) if value is None else value
        registers = b"".join(bcd(one, 5) for one in (total, total, 0, 0, 0)) if value != "ee" else b"\xEE" * 25
        return unit(mp, 161) + td + read + b"\x04" + registers

    def report_frozen(self, mp, day):
        """Unasked; returns once it is confirmed, so before begin's thread runs."""
        self.send(self.build(0x0D, self.frozen(mp, day), "frozen"))

    def serve_one(self, user):
        afn, sequence, msa, body = user[6], user[7] & 15, user[5], user[8:]
        if afn == 0x10:
            with self.through:
                time.sleep(0.2)
                self.send(frame(self.a1, self.a2, afn, 0x60 | sequence, body[:5] + b"\0\0", 0x88, msa))
            return
        if self.manner == "single" and afn == 0x0D and len(body) > UNIT_SIZE:
            self.ignored += 1
            return
        wanted = [body[at:at + UNIT_SIZE] for at in range(0, len(body), UNIT_SIZE)] if afn == 0x0D else [body]
        answers = [self.answer(afn, unit_asked, len(wanted) > 1) for unit_asked in wanted]
        with self.lock:
            self.requests += 1
            self.largest = max(self.largest, len(wanted))
        for refusal in ("drop", "silent", "deny"):
            if refusal in answers:
                break
        else:
            refusal = None
        if refusal == "drop":
            self.socket.shutdown(socket.SHUT_RDWR)
        elif refusal == "deny" or (refusal is None and not any(answers)):
            self.send(frame(self.a1, self.a2, 0, 0x60 | sequence, bytes.fromhex("00000200"), 0x80, msa))
        elif refusal is None:
            answer = frame(self.a1, self.a2, afn, 0x60 | sequence, b"".join(answers), 0x88, msa)
            self.send(answer if self.manner != "garbled" else answer[:-2] + bytes([answer[-2] ^ 0x55, 0x16]))

    def answer(self, afn, asked, several):
        """The unit that answers one; b"" leaves it out; or a word: what becomes of the whole frame. Asked for with
        others, a meter that is denied or silent is left out, unless the manner is deny_all."""
        mp = (asked[1] - 1) * 8 + asked[0].bit_length() if asked[0] else 0
        fn = asked[3] * 8 + asked[2].bit_length()
        with self.lock:
            self.asked[mp] += 1
            self.fns.append(fn)
            manner = self.meters.get(mp, "answer") if self.manner in ("answer", "single") else self.manner
            first = self.asked[mp] == 1
        if manner == "deny_all":
            return "deny"
        if manner in ("drop", "silent", "deny"):
            return b"" if several and self.manner != manner else manner
        if afn != 0x0D or fn != 161:
            return "deny"
        if manner == "slow":
            time.sleep(0.4)
        td = asked[4:7]
        day = calendar.timegm((2000 + int(f"{td[2]:02x}"), int(f"{td[1]:02x}"), int(f"{td[0]:02x}"), 0, 0, 0)) // 86400
        empty = manner == "ee" or (manner == "ee_once" and first)
        if not first and self.rereads_take_s:
            with self.rereads:
                time.sleep(self.rereads_take_s)
        value = "ee" if empty else 99999999 * 10 if manner == "high" else None
        return self.frozen(mp, day - (manner == "other_day"), value)
