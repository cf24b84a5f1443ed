"""Simulated devices besides concentrators of 376.1, from the standards' layouts: meters of DL/T 645 on the line behind a
transparent gateway, and a terminal of DL/T 698.45 that keeps days of its meters. They remember what they were asked.
"""
from accounting import *


class Device:
    """A connection to the daemon that is answered in a thread of its own."""

    def __init__(self, daemon):
        self.daemon, self.fault, self.thread, self.socket = daemon, None, None, None
        self.asked, self.ended = collections.Counter(), threading.Event()
        cleanup(self.end)

    def begin(self):
        self.socket = socket.create_connection(("127.0.0.1", self.daemon.port), timeout=DEADLINE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.hello()
        self.socket.settimeout(0.05)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        return self

    def end(self):
        self.ended.set()
        if self.thread:
            self.thread.join()
            self.socket.close()
        self.thread = None

    def run(self):
        rest = b""
        try:
            while not self.ended.is_set():
                try:
                    data = self.socket.recv(4096)
                except socket.timeout:
                    continue
                if not data:
                    return
                rest = self.serve(rest + data)
        except OSError:
            pass
        except Exception as fault:
            self.fault = fault


def clock(day):
    return time.gmtime(day * 86400)


# ---- DL/T 645-2007 behind a gateway ----

def frame645(address, control, data):
    body = b"\x68" + bytes.fromhex(address)[::-1] + b"\x68" + bytes([control, len(data)])
    body += bytes((byte + 0x33) & 255 for byte in data)
    return body + bytes([sum(body) & 255, 0x16])


class Line645(Device):
    """meters: {address: manner}: answer, silent, no_data (D1: it has no such data), denied (D1: not authorised),
    stamp (frozen at six minutes past), garbled (a wrong checksum)."""

    def __init__(self, daemon, identity, meters):
        super().__init__(daemon)
        self.identity, self.meters = identity, meters

    def hello(self):
        self.socket.sendall(b"ID" + self.identity.encode() + b"\r")

    def value(self, address):
        """Of the register, in 0.01 kWh."""
        return int(address) * 100 + 7

    def serve(self, data):
        while len(data) >= 12 and len(data) >= 12 + data[9]:
            one, data = data[:12 + data[9]], data[12 + data[9]:]
            equal((one[0], one[7], one[-1], sum(one[:-2]) & 255), (0x68, 0x68, 0x16, one[-2]), "a frame")
            self.answer(one[6:0:-1].hex(), bytes((byte - 0x33) & 255 for byte in one[10:-2])[::-1].hex())
        return data

    def answer(self, address, di):
        """di: as four bytes of hex digits, high ones first."""
        self.asked[address] += 1
        manner = self.meters[address]
        if manner == "silent":
            return
        if manner in ("no_data", "denied"):
            self.socket.sendall(frame645(address, 0xD1, b"\x02" if manner == "no_data" else b"\x04"))
            return
        if di == "05060001":
            day = clock(today())
            data = bytes([6 if manner == "stamp" else 0, 0]) + bcd(day.tm_mday, 1) + bcd(day.tm_mon, 1)
            data += bcd(day.tm_year % 100, 1)
        elif di == "05060101":
            data = bcd(self.value(address), 4) * 2 + bcd(0, 4) * 3
        else:
            self.socket.sendall(frame645(address, 0xD1, b"\x02"))
            return
        answer = frame645(address, 0x91, bytes.fromhex(di)[::-1] + data)
        self.socket.sendall(answer if manner != "garbled" else answer[:-2] + bytes([answer[-2] ^ 0x55, 0x16]))


# ---- DL/T 698.45 ----

STORE, OWN_ADDRESS = "60120300", "40010200"


def time698(day):
    civil = clock(day)
    return struct.pack(">BHBB", 28, civil.tm_year, civil.tm_mon, civil.tm_mday) + b"\0\0\0"


class Terminal698(Device):
    """meters: {address: manner}: answer, no_row (its store has nothing of it), null (a row without value), deny (a DAR in
    the place of all rows if it is asked alone, no row else), silent (a meter that does not answer the terminal: DAR 33,
    and no row), dar (it denies what it is asked itself). requests: of the store."""

    def __init__(self, daemon, address, meters):
        super().__init__(daemon)
        self.address, self.meters, self.requests, self.through = address, meters, 0, collections.Counter()

    def hello(self):
        self.socket.sendall(frame698(0x81, LOGIN698, client=0, terminal=self.address))

    def value(self, address):
        """Of the register, in 0.01 kWh; of the power, in 0.1 W."""
        return int(address) % 10000 * 100 + 7

    def serve(self, data):
        while len(data) > 3 and len(data) >= 2 + struct.unpack_from("<H", data, 1)[0]:
            size = 2 + struct.unpack_from("<H", data, 1)[0]
            one, data = data[:size], data[size:]
            apdu = one[14:-3]
            if apdu[:2] == b"\x05\x03":
                self.record(apdu)
            elif apdu[:2] == b"\x09\x01":
                self.proxy(apdu)
            elif apdu[0] == 5:
                self.send(b"\x85" + apdu[1:7] + b"\0\x06")
        return data

    def send(self, apdu):
        self.socket.sendall(frame698(0xC3, apdu + b"\0\0", terminal=self.address))

    def record(self, apdu):
        """GET of one record of the store: one instant, some meters by address."""
        equal((apdu[3:7].hex(), apdu[7], apdu[15]), (STORE, 5, 3), "the store, by when it was stored, of meters by address")
        day = calendar.timegm((*struct.unpack(">HBB", apdu[8:12]), 0, 0, 0)) // 86400
        count, at, wanted = apdu[16], 17, []
        for _ in range(count):
            size = apdu[at]
            wanted.append(apdu[at + 2:at + 1 + size].hex())
            at += 1 + size
        columns, rows = apdu[at:-1], []
        self.requests += 1
        for address in wanted:
            self.asked[address] += 1
            manner = self.meters[address]
            if manner == "deny" and count == 1:
                self.send(b"\x85\x03" + apdu[2:7] + columns + b"\0\x03")
                return
            if manner in ("answer", "null"):
                rows.append(self.row(address, day, manner == "null"))
        self.send(b"\x85\x03" + apdu[2:7] + columns + b"\x01" + bytes([len(rows)]) + b"".join(rows))

    def row(self, address, day, null):
        row = b"\x55\x07\x05" + bytes.fromhex(address) + 3 * time698(day) + time698(day)
        if null:
            return row + b"\0"
        return row + b"\x01\x05" + b"".join(b"\x06" + struct.pack(">I", value) for value in 2 * [self.value(address)] + [0, 0, 0])

    def proxy(self, apdu):
        """GET of one meter's attribute through PROXY."""
        equal((apdu[5], apdu[6]), (1, 7), "one meter")
        address, oad = apdu[8:14].hex(), apdu[17:21]
        manner = self.meters[address]
        self.through[address] += 1
        result = b"\x01\x01\x04" + b"".join(b"\x05" + struct.pack(">i", value) for value in (self.value(address), 0, 0, 0))
        if manner in ("silent", "dar"):
            result = bytes([0, 33 if manner == "silent" else 3])
        self.send(b"\x89\x01" + apdu[2:3] + b"\x01" + apdu[6:14] + b"\x01" + oad + result)
