#!/usr/bin/python3
"""One terminal floods while its neighbours come, report and go: they are served meanwhile, nothing is lost."""
from harness import *

LEAST = 4000       # reports of the flood
NEIGHBOURS = 20
MOST = 200000
AHEAD = 1000       # unconfirmed reports; many times what the daemon takes of one session


class Flood(threading.Thread):
    """Pipelines reports without ever waiting for a confirmation, until told to stop."""

    def __init__(self, daemon, number=1):
        super().__init__(daemon=True)
        self.terminal = Terminal(daemon, number).login()
        self.enough, self.sent, self.fault = threading.Event(), 0, None
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.start()
        self.reader.start()

    def run(self):
        try:
            while self.sent < MOST and not (self.enough.is_set() and self.sent >= LEAST):
                while len(self.terminal.waiting) > AHEAD:
                    time.sleep(0.005)
                data = b"".join(self.next() for _ in range(50))
                self.terminal.socket.sendall(data)
        except Exception as fault:
            self.fault = fault

    def next(self):
        number = self.sent
        self.sent += 1
        return self.terminal.build(0x0C, f129(1 + number // 40000, Instant.number(number % 40000), number), number)

    def read(self):
        data = b""
        source = self.terminal.socket.dup()
        try:
            while not (self.enough.is_set() and not self.is_alive() and not self.terminal.waiting):
                frames, data = split_frames(data + source.recv(65536))
                for one in frames:
                    self.terminal.take(one)
        except Exception as fault:
            self.fault = fault
        finally:
            source.close()

    def unconfirmed(self):
        check(self.fault is None, "the flood failed", self.fault)
        return len(self.terminal.waiting)


def test_neighbours_are_served():
    daemon = Daemon([f"0100{number:05d}" for number in range(1, 40)]).start()
    flood = Flood(daemon)
    wait_until(lambda: flood.unconfirmed() > AHEAD / 2, "the flood is on")
    for number in range(2, 2 + NEIGHBOURS):
        neighbour = Terminal(daemon, number).login()
        check(flood.unconfirmed() > 0, "the flood is still on when a neighbour has logged in")
        for turn in range(3):
            neighbour.confirmed_report(f25(1, Instant.number(turn), number * 10 + turn), turn)
            check(flood.unconfirmed() > 0, "the flood is still on when a neighbour is confirmed")
    equal(flood.is_alive(), True, "the flood was going on all the time")
    flood.enough.set()
    wait_until(lambda: not flood.is_alive() and flood.unconfirmed() == 0, "all of the flood is confirmed")
    equal(flood.terminal.confirmed[1:], list(range(flood.sent)), "in its order")
    seen = check_no_doubles(daemon.readings())
    equal(len(seen), flood.sent * 5 + NEIGHBOURS * 3 * 23, "values in the journal")
    flooded = daemon.readings("010000001")
    equal([items_of(one)[(1, 0, 1, 8, 0)][0] for one in flooded], [f129_values(n)[0] for n in range(flood.sent)],
          "the flood in its order")
    for number in range(2, 2 + NEIGHBOURS):
        equal([items_of(one) for one in daemon.readings(f"0100{number:05d}")],
              [f25_items(number * 10 + turn) for turn in range(3)], f"neighbour {number}")


def test_several_floods():
    """Four floods at once: each gets on, and so does a neighbour."""
    daemon = Daemon([f"0100{number:05d}" for number in range(1, 10)]).start()
    floods = [Flood(daemon, number) for number in range(1, 5)]
    wait_until(lambda: all(len(one.terminal.confirmed) > 100 for one in floods), "each gets on")
    neighbour = Terminal(daemon, 9).login()
    for turn in range(5):
        neighbour.confirmed_report(f25(1, Instant.number(turn), turn), turn)
        check(all(one.unconfirmed() for one in floods), "all floods are on when the neighbour is confirmed")
    for one in floods:
        one.enough.set()
    for one in floods:
        wait_until(lambda: not one.is_alive() and one.unconfirmed() == 0, "all is confirmed", 60)
    equal(len(check_no_doubles(daemon.readings())), sum(one.sent for one in floods) * 5 + 5 * 23, "values")


def test_who_does_not_read():
    """A terminal that sends heartbeats and never reads their answers is closed SEND_FULL, its neighbour is not."""
    daemon = Daemon(["010000001", "010000002"], {"session.send_bytes": 4096}).start()
    neighbour = Terminal(daemon, 2).login()
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.connect(("127.0.0.1", daemon.port))
    cleanup(deaf.close)
    deaf.settimeout(0.2)
    beats = frame("0100", 1, 2, 0x70, bytes.fromhex(HEARTBEAT), 0xC9) * 1000

    def flooded():
        try:
            deaf.send(beats)
        except socket.timeout:
            pass
        except OSError:
            return True
        return daemon.closed("SEND_FULL") == 1
    wait_until(flooded, "it is closed", 60, 0)
    wait_until(lambda: daemon.closed("SEND_FULL") == 1, f"counted: {daemon.status()['closed']}")
    neighbour.confirmed_report(f129(1, Instant(), 1), "the neighbour")


run()
