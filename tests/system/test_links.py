#!/usr/bin/python3
"""Ways in besides plain TCP: datagrams, a balancer in front, a listener that is not told the protocol; and ways out:
stations we dial, again and again, and a serial line."""
import pty
import select
import termios
import tty

from harness import *
from modbus_gateway import Gateway, slave
from polled import PROFILE, holding, values_of, wanted

FAST = {"storage.linger_us": 0, "dial.backoff_ms": 50, "dial.backoff_max_ms": 200, "line.frame_gap_ms": 5,
        "line.answer_timeout_ms": 400, "line.late_ms": 600}


class Datagrams(Terminal):
    """The same terminal over UDP."""

    def connect(self):
        self.close()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", self.daemon.port))
        self.rest, self.closed = b"", False
        self.waiting.clear()
        return self


def test_udp():
    """Each peer is a session; reports are confirmed to where they came from; nothing is lost between them."""
    daemon = Daemon(["010000001", "010000002"], FAST, {"transport": "udp"}).start()
    terminals = [Datagrams(daemon, number).login() for number in (1, 2)]
    for minute in range(20):
        for terminal in terminals:
            terminal.report(f25(1, Instant(minute=minute), minute), minute)
    for terminal in terminals:
        terminal.wait_confirmed()
    for terminal in terminals:
        equal(terminal.confirmed[1:], list(range(20)), "confirmed, in order")
        equal(len(daemon.readings(terminal.address)), 20, "readings")
    equal(daemon.status()["metrics"]["sessions_online"], 2, "sessions")
    # From another port it is another session of the same terminal, which takes over.
    again = Datagrams(daemon, 1).login()
    again.confirmed_report(f25(1, Instant(hour=5), 77), "late")
    equal(len(daemon.readings(again.address)), 21, "readings of both")
    # Noise and an empty datagram open nothing and end nothing.
    stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    cleanup(stranger.close)
    for data in (b"", b"\x68", b"hello", b"\x00" * 1000):
        stranger.sendto(data, ("127.0.0.1", daemon.port))
    again.confirmed_report(f25(1, Instant(hour=6), 78), "later")


def test_too_many_peers():
    """Datagrams of a peer that no session can be made for: counted by the limit, and logged."""
    daemon = Daemon(["010000001", "010000002"], FAST, {"transport": "udp", "sessions": 1}).start()
    Datagrams(daemon, 1).login()
    other = Datagrams(daemon, 2)
    other.send(other.build(2, bytes.fromhex(LOGIN), control=0xC9))
    wait_until(lambda: daemon.metric("refused_by_sessions") == 1, "it is refused")
    equal((daemon.metric("datagrams_dropped"), daemon.metric("connections_refused")), (1, 1), "counted")
    check("limit=listener.sessions" in daemon.logged("CONNECTION-REFUSED")[0], "logged")


def test_long_datagrams():
    """A datagram longer than is read at a time is dropped whole and counted, the peer's first and a later one: what
    would be left of it is no damaged frame."""
    daemon = Daemon(["010000001"], {**FAST, "connector.read_bytes": 1024}, {"transport": "udp"}).start()
    terminal = Datagrams(daemon, 1)
    long = terminal.build(0x0C, b"".join(f129(mp, Instant(), mp) for mp in range(1, 40)), con=False)
    check(len(long) > 1024, "the size of the test frame", len(long))
    terminal.send(long)
    wait_until(lambda: daemon.metric("datagrams_dropped") == 1, "the first is dropped")
    equal(daemon.metric("connections_accepted"), 0, "it opens no session")
    terminal.login()
    terminal.send(long)
    wait_until(lambda: daemon.metric("datagrams_dropped") == 2, "a later one is dropped")
    fits = terminal.build(0x0C, b"".join(f129(mp, Instant(), mp) for mp in range(1, 25)), "fits")
    terminal.send(fits)
    terminal.wait_confirmed()
    equal(len(daemon.readings()), 24, "readings of the one that fits")
    equal(sum(daemon.status()["refused"].values()), 0, "nothing is refused")
    equal(len(daemon.logged("DATAGRAM-LONG")), 2, "said")


def proxy_header(source, port, command=0x21):
    body = socket.inet_aton(source) + socket.inet_aton("10.9.9.9") + struct.pack(">HH", port, 7600)
    body += bytes([0x04, 0x00, 0x02, 0xAB, 0xCD])  # a TLV of no interest
    return b"\r\n\r\n\0\r\nQUIT\n" + bytes([command, 0x11]) + struct.pack(">H", len(body)) + body


class Behind(Terminal):
    """A terminal behind a balancer; the header may come in pieces."""
    header, pieces = b"", 1

    def connect(self):
        super().connect()
        size = max(1, len(self.header) // self.pieces)
        for at in range(0, len(self.header), size):
            self.socket.sendall(self.header[at:at + size])
        return self


def test_proxy():
    daemon = Daemon([f"01000000{n}" for n in range(1, 6)], FAST, {"proxy": "10.1.1.1 127.0.0.1"}).start()
    for number, (pieces, peer) in enumerate(((1, "203.0.113.7:4711"), (40, "203.0.113.7:4712")), 1):
        terminal = Behind(daemon, number, connect=False)
        terminal.header, terminal.pieces = proxy_header("203.0.113.7", 4710 + number), pieces
        terminal.connect().login()
        equal(daemon.terminal_facts(terminal.address)["peer"], peer, "who it is")
    # The balancer's own check has no peer; without a header nothing is taken.
    local = Behind(daemon, 3, connect=False)
    local.header = proxy_header("203.0.113.9", 9, command=0x20)
    local.connect().login()
    check(daemon.terminal_facts(local.address)["peer"].startswith("127.0.0.1:"), "the balancer itself")
    plain = Terminal(daemon, 4)
    plain.send(plain.build(2, bytes.fromhex(LOGIN), "login", control=0xC9))
    plain.wait_closed()
    equal(daemon.closed("BAD_INPUT"), 1, "closed")
    # One peer has too many connections, whoever the balancer is.
    few = Daemon(["010000001", "010000002"], {**FAST, "connector.sessions_per_address": 1}, {"proxy": "127.0.0.1"}).start()
    for number in (1, 2):
        terminal = Behind(few, number, connect=False)
        terminal.header = proxy_header("203.0.113.7", 4710 + number)
        terminal.connect()
        if number == 1:
            terminal.login()
    terminal.wait_closed()
    equal((few.closed("TOO_MANY"), few.metric("refused_by_sessions_per_address")), (1, 1), "counted")
    check("peer=203.0.113.7:4712 " in few.logged("CONNECTION-REFUSED")[0], "who it is", few.logged("CONNECTION-REFUSED"))
    # Somebody who is no balancer gets no say in who he is.
    other = Daemon(["010000005"], FAST, {"proxy": "10.1.1.1"}).start()
    terminal = Behind(other, 5, connect=False)
    terminal.header = proxy_header("203.0.113.7", 4711)
    terminal.connect().login()
    check(other.terminal_facts(terminal.address)["peer"].startswith("127.0.0.1:"), "himself")


def test_auto():
    """The first whole frame tells; what tells nothing ends as AMBIGUOUS."""
    daemon = Daemon(["010000001"], dict(FAST, **{"session.login_timeout_ms": 1500}), {"codec": "auto"}).start()
    terminal = Terminal(daemon)
    login = terminal.build(2, bytes.fromhex(LOGIN), "login", control=0xC9)
    for byte in b"\x00\xff" + login:
        terminal.send(bytes([byte]))
    terminal.wait_confirmed()
    equal(daemon.terminal_facts(terminal.address)["codec"], "gdw1376", "the protocol")
    terminal.confirmed_report(f25(1, Instant(), 1))
    half = socket.create_connection(("127.0.0.1", daemon.port), timeout=DEADLINE_S)
    cleanup(half.close)
    half.sendall(login[:9])
    equal(half.recv(10), b"", "closed without a word")
    equal(daemon.closed("AMBIGUOUS"), 1, "why")


def profiles(period="200ms"):
    directory = tempfile.mkdtemp(prefix="fep-profiles-")
    cleanup(lambda: shutil.rmtree(directory, ignore_errors=True))
    with open(os.path.join(directory, "testmeter.profile"), "w") as file:
        file.write(PROFILE.format(period=period))
    return directory


def archive(dial, units=(1, 2)):
    rows = [f"site,line,3,60,{unit},{unit},modbus_rtu,testmeter,{dial}" for unit in units]
    return "\n".join(["terminal,name,area,heartbeat_s,measuring_point,meter,protocol,profile,dial"] + rows) + "\n"


def test_dial():
    """A gateway that waits to be dialled; it goes away, and is dialled again until it is back."""
    gateway = Gateway({unit: slave(holding(unit), {0: 5001}) for unit in (1, 2)})
    cleanup(gateway.close)
    daemon = Daemon(options=dict(FAST, **{"archive.profiles": profiles()}),
                    archive=archive(f"dtu@127.0.0.1:{gateway.port}")).start()
    for unit in (1, 2):
        wait_until(lambda: values_of(daemon.readings("site"), unit) == wanted(unit), f"the values of unit {unit}")
    equal(daemon.terminal_facts("site")["peer"], f"127.0.0.1:{gateway.port}", "the peer")
    port = gateway.port
    gateway.close()
    wait_until(lambda: daemon.metric("dials_failed") >= 3, "tries")
    equal(daemon.terminal_facts("site")["state"], "offline", "its state")
    listener = socket.create_server(("127.0.0.1", port))
    cleanup(listener.close)
    connection, _ = listener.accept()
    cleanup(connection.close)
    connection.settimeout(DEADLINE_S)
    check(connection.recv(8), "the poll goes on")
    wait_until(lambda: daemon.terminal_facts("site")["state"] == "online", "online")
    states = [one.items[0][1] for one in daemon.fetch(kind="link")]
    equal(states, [1, 0, 1], "LINK up, down, up")


def test_dial_changes():
    """Where a terminal is dialled is changed while it runs: the old connection ends, the other is made."""
    gateways = [Gateway({1: slave(holding(1, energy), {0: 5001})}) for energy in (111, 222)]
    for gateway in gateways:
        cleanup(gateway.close)
    daemon = Daemon(options=dict(FAST, **{"archive.profiles": profiles()}),
                    archive=archive(f"dtu@127.0.0.1:{gateways[0].port}", (1,))).start()
    wait_until(lambda: values_of(daemon.readings("site"), 1) == wanted(1, 111), "the first")
    for number, text in enumerate((f"dtu@127.0.0.1:{gateways[1].port}", "")):
        file = archive(text, (1,)).encode()
        daemon.ask("IMPORT", who="test", data=file, mode="merge")
        if not number:
            wait_until(lambda: values_of(daemon.readings("site"), 1) == wanted(1, 222), "the second")
    wait_until(lambda: daemon.terminal_facts("site")["state"] == "offline", "dialled no longer")
    word, fields = daemon.ask_raw("IMPORT", {"who": "test", "data": archive("dtu@example.org:1").encode()})
    equal(word, "ERROR", "a name is no address")
    check("numeric address" in fields["text"] and "line 2" in fields["text"], "what is allowed", fields)


def test_serial():
    """A serial line, here a pseudo terminal with the slaves at its other end."""
    master, slave_end = pty.openpty()
    tty.setraw(master)
    name = os.ttyname(slave_end)
    gateway = Gateway({unit: slave(holding(unit), {0: 5001}) for unit in (1, 2)})
    cleanup(gateway.close)
    wire = socket.create_connection(("127.0.0.1", gateway.port))

    def carry():
        """Between the line and the slaves, until either ends."""
        try:
            while True:
                ready = select.select([master, wire], [], [], 0.5)[0]
                if master in ready:
                    wire.sendall(os.read(master, 256))
                if wire in ready:
                    data = wire.recv(256)
                    if not data:
                        return
                    os.write(master, data)
        except OSError:
            pass
    threading.Thread(target=carry, daemon=True).start()
    cleanup(wire.close)
    cleanup(lambda: (os.close(master), os.close(slave_end)))
    daemon = Daemon(options=dict(FAST, **{"archive.profiles": profiles()}), archive=archive(f"dtu@{name}:9600:8E1")).start()
    for unit in (1, 2):
        wait_until(lambda: values_of(daemon.readings("site"), unit) == wanted(unit), f"the values of unit {unit}")
    how = termios.tcgetattr(slave_end)
    equal((how[4], how[5]), (termios.B9600, termios.B9600), "speed")
    check(how[2] & termios.CS8 == termios.CS8, "data bits")  # a pseudo terminal keeps no parity


STARTDT, STARTDT_CON = bytes.fromhex("680407000000"), bytes.fromhex("68040b000000")


class Station(threading.Thread):
    """One connection of an IEC 104 station at a time: confirms STARTDT and test frames, counts what came."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port, self.started, self.connections, self.socket = self.listener.getsockname()[1], 0, 0, None
        cleanup(self.close)
        self.start()

    def close(self):
        self.listener.close()
        if self.socket:
            self.socket.close()

    def drop(self):
        self.socket.shutdown(socket.SHUT_RDWR)

    def run(self):
        while True:
            try:
                self.socket, _ = self.listener.accept()
                self.connections += 1
                while True:
                    frame = self.socket.recv(6)
                    if not frame:
                        break
                    if frame == STARTDT:
                        self.started += 1
                        self.socket.sendall(STARTDT_CON)
                    elif frame[2] & 0x43 == 0x43:
                        self.socket.sendall(bytes.fromhex("680483000000"))
            except OSError:
                if self.listener.fileno() < 0:
                    return


def test_redundancy():
    """Two connections to one station: one is started, the other stands by, and is started when the first ends. The
    terminal stays one: LINK tells its connections, and what it is online with."""
    first, second = Station(), Station()
    text = f"terminal,dial\n7,iec104@127.0.0.1:{first.port}|127.0.0.1:{second.port}\n"
    daemon = Daemon(options=FAST, archive=text).start()
    wait_until(lambda: first.connections and second.connections, "two connections")
    wait_until(lambda: first.started + second.started, "one is started")
    equal((first.started, second.started), (1, 0), "only one")
    equal(daemon.terminal_facts("7")["peer"], f"127.0.0.1:{first.port}", "who carries the traffic")
    first.drop()
    wait_until(lambda: second.started, "the other takes over")
    wait_until(lambda: daemon.terminal_facts("7")["peer"] == f"127.0.0.1:{second.port}", "who carries it now")
    wait_until(lambda: first.connections == 2, "the first is dialled again")
    equal((first.started, second.started), (1, 1), "and stands by")
    equal(daemon.terminal_facts("7")["state"], "online", "its state")


run()
