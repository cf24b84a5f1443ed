#!/usr/bin/python3
"""Transparent gateways over TCP: registration, heartbeats with and without echo, who is nobody."""
from harness import *

GATEWAY = {"codec": "dtu", "registration": r"ID{id:4}\r", "heartbeat": r"\xFE\xFE|LOG", "heartbeat_echo": "yes"}


def connect(daemon):
    gateway = socket.create_connection(("127.0.0.1", daemon.port), timeout=DEADLINE_S)
    gateway.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    cleanup(gateway.close)
    return gateway


def receive(gateway, size):
    data = b""
    while len(data) < size:
        piece = gateway.recv(size - len(data))
        check(piece, f"closed after {data}, {size} bytes wanted")
        data += piece
    return data


def closed(gateway):
    """Nothing but the end comes."""
    try:
        equal(gateway.recv(100), b"", "bytes for nobody")
    except ConnectionResetError:
        pass


def test_registers_once_and_beats():
    daemon = Daemon(["7001"], {"storage.linger_us": 0}, GATEWAY).start()
    gateway = connect(daemon)
    for piece in (b"I", b"D70", b"01\r", b"LO", b"G"):
        gateway.sendall(piece)
    equal(receive(gateway, 3), b"LOG", "the heartbeat comes back")
    gateway.sendall(b"ID7001\rzzID7002\rID7001\r\xFE\xFELOGID7001\r\xFE\xFE")
    equal(receive(gateway, 7), b"\xFE\xFELOG\xFE\xFE", "heartbeats come back, in order")
    wait_until(lambda: len([one for one in daemon.fetch() if one.kind == "heartbeat"]) == 4, "heartbeats")
    mine = [one for one in daemon.fetch() if one.kind != "link"]
    equal([(one.kind, one.address, one.raw) for one in mine],
          [("login", "7001", b"ID7001\r"), ("heartbeat", "7001", b"LOG"), ("heartbeat", "7001", b"\xFE\xFE"),
           ("heartbeat", "7001", b"LOG"), ("heartbeat", "7001", b"\xFE\xFE")], "the journal")
    facts = daemon.terminal_facts("7001")
    equal(facts["frames"], 8, "good packets, repeated registrations too")
    equal(set(facts["refused"]), {"NOT_MINE"}, "noise and somebody else's name")
    again = connect(daemon)
    again.sendall(b"ID7001\rLOG")
    equal(receive(again, 3), b"LOG", "a new connection takes over")
    closed(gateway)


def test_without_echo():
    daemon = Daemon(["7001"], {"storage.linger_us": 0}, dict(GATEWAY, heartbeat_echo="no")).start()
    gateway = connect(daemon)
    gateway.sendall(b"ID7001\rLOG")
    wait_until(lambda: any(one.kind == "heartbeat" for one in daemon.fetch()), "the heartbeat")
    gateway.shutdown(socket.SHUT_WR)
    closed(gateway)


def test_nobody():
    """A heartbeat without registration and a name the archive does not have get no byte and are closed."""
    daemon = Daemon(["7001"], {"session.login_timeout_ms": 300, "session.hold_ms": 300}, GATEWAY).start()
    for data in (b"LOG", b"ID9999\rLOG", b"\0" * 2000):
        gateway = connect(daemon)
        gateway.sendall(data)
        closed(gateway)
    equal([one for one in daemon.fetch()], [], "the journal")


def test_wrong_patterns():
    """Refused at start with place and reason."""
    for pattern, reason in (("ID{foo}", "character 3: no placeholder"), ("LOG", "needs one that names a terminal")):
        daemon = Daemon(["7001"], {}, dict(GATEWAY, registration=pattern))
        said = daemon.refused()
        check("listeners.registration: " in said and reason in said, "the reason", said)


run()
