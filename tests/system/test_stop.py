#!/usr/bin/python3
"""An ordered stop under load: verdict 0, everything confirmed is there, every link goes down as STOPPING."""
from harness import *

TERMINALS = 20


class Load(threading.Thread):
    """A terminal that reports until its connection ends."""

    def __init__(self, daemon, number):
        super().__init__(daemon=True)
        self.terminal = Terminal(daemon, number).login()
        self.fault, self.number = None, number
        self.start()

    def run(self):
        report = 0
        terminal = self.terminal
        try:
            while terminal.pump(0.01):
                while len(terminal.waiting) < 8:
                    terminal.report(f129(1, Instant.number(report), report), report)
                    report += 1
        except (BrokenPipeError, ConnectionResetError):
            while terminal.pump(0.1):
                pass
        except Exception as fault:
            self.fault = fault


def stop_under_load(verdict_of):
    daemon = Daemon([f"0100{number:05d}" for number in range(1, TERMINALS + 1)],
                    {"connector.count": 2}).start()
    subscriber = Subscriber(daemon, "", "link/00").wait_subscribed("link/00")
    loads = [Load(daemon, number) for number in range(1, TERMINALS + 1)]
    wait_until(lambda: all(len(load.terminal.confirmed) > 20 for load in loads), "the load is on")
    verdict_of(daemon)
    equal(daemon.process.returncode, 0, f"verdict: {daemon.log()[-1500:]}")
    check(daemon.logged("STOPPED", "clean=1"), "a clean stop", daemon.log()[-1500:])
    for load in loads:
        load.join(DEADLINE_S)
        check(load.fault is None, "a terminal failed", load.fault)
    return daemon, subscriber, loads


def check_stopped(daemon, subscriber, loads):
    """After the next start: all confirmed readings, and each link down with its reason."""
    daemon.start()
    readings = daemon.readings()
    check_no_doubles(readings)
    there = {(one.address, one.time_ms): items_of(one) for one in readings}
    total = 0
    for load in loads:
        for report in load.terminal.confirmed[1:]:
            found = there.get((load.terminal.address, Instant.number(report).utc_ms))
            equal(found, f129_items(report), f"{load.terminal.address}: report {report} was confirmed")
            total += 1
    check(total >= 20 * TERMINALS, "reports confirmed", total)
    links = [one for one in daemon.fetch(kind="link")]
    reasons = collections.Counter(text for one in links for text in
                                  [item[1] for item in one.items if point_number(item[0]) == (0, 0, 131, 2, 0)])
    equal(reasons, {"STOPPING": TERMINALS}, "links down")
    published = {(one.sequence, one.index) for one in subscriber.messages()}
    missing = [one for one in daemon.fetch() if (one.sequence, one.index) not in published]
    equal(missing, [], "all was published before the end")


def test_sigterm():
    def stop(daemon):
        daemon.stop()
    check_stopped(*stop_under_load(stop))


def test_sigint():
    def stop(daemon):
        daemon.process.send_signal(signal.SIGINT)
        daemon.process.wait(DEADLINE_S)
    check_stopped(*stop_under_load(stop))


def test_idle():
    """Without anybody there, with somebody who never logged in, and again at once."""
    daemon = Daemon(["010000001"]).start()
    equal(daemon.stop(), 0, "verdict of an idle one")
    daemon.start()
    stranger = socket.create_connection(("127.0.0.1", daemon.port))
    cleanup(stranger.close)
    stranger.sendall(b"\x68\x32\x00")
    wait_until(lambda: daemon.status()["sessions"]["fresh"] == 1, "somebody is there")
    equal(daemon.stop(), 0, "verdict with somebody who says nothing")
    check(daemon.logged("SESSION-CLOSE", "STOPPING"), "his end is in the log", daemon.log())
    daemon.launch()
    daemon.terminate()
    equal(daemon.process.wait(DEADLINE_S) in (0, -signal.SIGTERM), True, "stopped while it starts")
    daemon.start()
    Terminal(daemon).login()


def test_peer_that_does_not_read():
    """A terminal that reads nothing does not hold up the stop."""
    daemon = Daemon(["010000001"], {"session.send_bytes": 1048576}).start()
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.connect(("127.0.0.1", daemon.port))
    cleanup(deaf.close)
    beats = frame("0100", 1, 2, 0x70, bytes.fromhex(HEARTBEAT), 0xC9) * 500
    deaf.settimeout(DEADLINE_S)
    for _ in range(10):
        deaf.sendall(beats)
    wait_until(lambda: daemon.metric("frames_received") >= 5000, "all is read")
    equal(daemon.stop(), 0, f"verdict: {daemon.log()[-1500:]}")


def flood(terminal):
    """Reports without waiting for anything, 64 in one write."""
    try:
        for first in itertools.count(0, 64):
            terminal.socket.sendall(b"".join(
                frame(terminal.a1, terminal.a2, 0x0C, 0x70 | number & 15, f25(1, Instant.number(number), number))
                for number in range(first, first + 64)))
    except OSError:
        pass


def swallow(terminal):
    try:
        while terminal.socket.recv(65536):
            pass
    except OSError:
        pass


def test_under_flood():
    """Sessions in the middle of their bytes, half frames, full queues: the stop is in order all the same."""
    count = 20
    daemon = Daemon([f"0100{number:05d}" for number in range(1, count + 1)]).start()
    terminals = [Terminal(daemon, number).login() for number in range(1, count + 1)]
    threads = [threading.Thread(target=work, args=(one,), daemon=True) for one in terminals for work in (flood, swallow)]
    for thread in threads:
        thread.start()
    wait_until(lambda: daemon.metric("frames_confirmed") > 2000, "the flood is on")
    daemon.terminate()
    equal(daemon.process.wait(DEADLINE_S), 0, f"verdict: {daemon.log()[-1500:]}")
    check(daemon.logged("STOPPED", "clean=1"), "a clean stop", daemon.log()[-1500:])


run()
