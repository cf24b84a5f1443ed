"""A simulated 376.1 concentrator that stores daily frozen registers of its meters and answers as it is told to, written
from the standard's layout. It remembers what it did, so that the daemon's accounts can be held against it.
"""
from harness import *

DAY_MS = 86400000


def local_day(ms, offset_min):
    """The local day an instant lies in, counted from 1970."""
    return (ms + offset_min * 60000) // DAY_MS


def noon_offset_min():
    """An offset of local time with which it is about noon now: daily slots are due whenever a test runs."""
    minutes = int(time.time()) // 60 % 1440
    offset = 720 - minutes
    return offset if offset >= -720 else offset + 1440


class Concentrator(Terminal):
    """Answers in a thread of its own. manner: of the whole terminal, or by measuring point in `meters`:
    answer, ee (no value), ee_once (no value the first time), deny, silent, garbled (a wrong checksum),
    other_day (of the day before), slow, drop (closes the
    connection), high (a value beyond its limit)."""

    def __init__(self, daemon, number, meters=None, manner="answer", offset_min=UTC_OFFSET_MIN):
        super().__init__(daemon, number, connect=False)
        self.meters, self.manner, self.offset_min = dict(meters or {}), manner, offset_min
        self.asked, self.fault, self.lock = collections.Counter(), None, threading.Lock()
        self.ended = threading.Event()
        self.thread = None
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
                        self.serve_one(one)
        except OSError:
            pass
        except Exception as fault:
            self.fault = fault

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

    def serve_one(self, one):
        user = one[6:-2]
        afn, sequence, msa, body = user[6], user[7] & 15, user[5], user[8:]
        mp = (body[1] - 1) * 8 + body[0].bit_length() if body[0] else 0
        fn = body[3] * 8 + body[2].bit_length()
        with self.lock:
            self.asked[mp] += 1
            manner = self.meters.get(mp, "answer") if self.manner == "answer" else self.manner
            first = self.asked[mp] == 1
        if manner == "drop":
            self.socket.shutdown(socket.SHUT_RDWR)
            return
        if manner == "silent":
            return
        if afn != 0x0D or fn != 161 or manner == "deny":
            self.send(frame(self.a1, self.a2, 0, 0x60 | sequence, bytes.fromhex("00000200"), 0x80, msa))
            return
        if manner == "slow":
            time.sleep(0.4)
        td = body[4:7]
        day = calendar.timegm((2000 + int(f"{td[2]:02x}"), int(f"{td[1]:02x}"), int(f"{td[0]:02x}"), 0, 0, 0)) // 86400
        empty = manner == "ee" or (manner == "ee_once" and first)
        value = "ee" if empty else 99999999 * 10 if manner == "high" else None
        day -= manner == "other_day"
        answer = frame(self.a1, self.a2, afn, 0x60 | sequence, self.frozen(mp, day, value), 0x88, msa)
        self.send(answer if manner != "garbled" else answer[:-2] + bytes([answer[-2] ^ 0x55, 0x16]))
