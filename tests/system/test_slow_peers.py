#!/usr/bin/python3
"""Peers that say nothing, drip, come in crowds, are unknown, fall silent, or come twice."""
from harness import *

ADDRESSES = [f"0100{number:05d}" for number in range(1, 31)]


def raw(daemon, source="127.0.0.1"):
    peer = socket.create_connection(("127.0.0.1", daemon.port), DEADLINE_S, (source, 0))
    cleanup(peer.close)
    return peer


def ended(peer, timeout_s=0.02):
    """True when the daemon has closed it. A byte from the daemon is a failure."""
    peer.settimeout(timeout_s)
    try:
        data = peer.recv(1000)
    except (BlockingIOError, socket.timeout):
        return False
    except OSError:
        return True
    check(not data, "the daemon sent something", data.hex())
    return True


def wait_closed(daemon, reason, count):
    wait_until(lambda: daemon.closed(reason) == count, f"{count} closed {reason}: {daemon.status()['closed']}")


def test_silent_newcomer():
    """Says nothing: closed NO_LOGIN, without a byte."""
    daemon = Daemon(ADDRESSES, {"session.login_timeout_ms": 300}).start()
    peers = [raw(daemon) for _ in range(5)]
    wait_until(lambda: all(ended(peer) for peer in peers), "all are closed")
    wait_closed(daemon, "NO_LOGIN", 5)
    equal(daemon.status()["sessions"], {"fresh": 0, "online": 0, "waiting": 0, "paused": 0, "closing": 0}, "sessions")
    equal(len(daemon.logged("SESSION-CLOSE", "NO_LOGIN")), 5, "lines in the log")


def test_dripping_newcomer():
    """A byte every 50 ms of noise, and of a frame that never ends: the login time counts for both."""
    daemon = Daemon(ADDRESSES, {"session.login_timeout_ms": 500, "session.half_frame_timeout_ms": 100}).start()
    noise, endless = raw(daemon), raw(daemon)
    stream = iter(b"\x68\xfe\xff\xfe\xff\x68" + b"\x00" * 2000)

    def drip():
        for peer, byte in ((noise, b"\x55"), (endless, bytes([next(stream)]))):
            try:
                peer.send(byte)
            except OSError:
                pass
        return ended(noise) and ended(endless)
    wait_until(drip, "both are closed", pause_s=0.05)
    wait_closed(daemon, "NO_LOGIN", 2)


def refused_beyond(daemon, make, limit, option):
    """Opens connections beyond a limit, which is told by its metric, and in the log by its option and the peer; returns
    those that stayed, in order."""
    before = daemon.status()
    stayed = [make() for _ in range(limit)]
    wait_until(lambda: daemon.metric("connections_accepted") - before["metrics"]["connections_accepted"] == limit,
               "accepted up to the limit")
    more = [make() for _ in range(4)]
    address = more[0].getsockname()
    wait_until(lambda: all(ended(peer) for peer in more), "those beyond are closed")
    after = daemon.status()
    equal(after["closed"]["TOO_MANY"] - before["closed"].get("TOO_MANY", 0), 4, "TOO_MANY")
    equal(after["metrics"]["connections_refused"] - before["metrics"]["connections_refused"], 4, "refused")
    by_limit = {name: after["metrics"][name] - before["metrics"][name] for name in after["metrics"]
                if name.startswith("refused_by_")}
    name = "refused_by_" + option.split(".")[1]
    equal({name: count for name, count in by_limit.items() if count}, {name: 4}, "by the limit")
    lines = [line for line in daemon.logged("CONNECTION-REFUSED") if f"limit={option}" in line]
    check(any("peer=%s:%d " % address in line for line in lines), "logged", lines)
    check(not any(ended(peer) for peer in stayed), "those within stay")
    return stayed


def test_limit_of_newcomers_per_address():
    """A crowd from one address keeps nobody else out; who logs in is no newcomer any more."""
    daemon = Daemon(ADDRESSES, {"connector.fresh_per_address": 6}).start()
    refused_beyond(daemon, lambda: raw(daemon, "127.0.0.2"), 6, "connector.fresh_per_address")
    refused_beyond(daemon, lambda: raw(daemon, "127.0.0.3"), 6, "connector.fresh_per_address")
    for number in range(1, 11):
        terminal = Terminal(daemon, number).login()
    equal(daemon.status()["sessions"]["online"], 10, "ten from one address are online, one after another")
    terminal.heartbeat()


def test_limit_per_address():
    daemon = Daemon(ADDRESSES, {"connector.sessions_per_address": 5}).start()
    stayed = refused_beyond(daemon, lambda: raw(daemon, "127.0.0.2"), 5, "connector.sessions_per_address")
    Terminal(daemon).login()
    stayed[0].close()
    wait_until(lambda: daemon.closed("PEER_CLOSED") == 1, "one has gone")
    accepted = daemon.metric("connections_accepted")
    peer = raw(daemon, "127.0.0.2")
    wait_until(lambda: daemon.metric("connections_accepted") > accepted, "its place is free again")
    check(not ended(peer), "and taken")
    equal(daemon.closed("TOO_MANY"), 4, "nobody else was refused")


def test_limit_of_newcomers():
    daemon = Daemon(ADDRESSES, {"connector.fresh_sessions": 7}).start()
    numbers = itertools.count(2)
    refused_beyond(daemon, lambda: raw(daemon, f"127.0.0.{next(numbers)}"), 7, "connector.fresh_sessions")


def test_limit_per_listener():
    daemon = Daemon(ADDRESSES, listener={"sessions": 6}).start()
    terminals = [Terminal(daemon, number).login() for number in range(1, 4)]
    refused_beyond(daemon, lambda: raw(daemon), 3, "listener.sessions")
    for terminal in terminals:
        terminal.heartbeat()


def test_limit_of_sessions():
    daemon = Daemon(ADDRESSES, {"connector.sessions": 9}).start()
    refused_beyond(daemon, lambda: raw(daemon), 9, "connector.sessions")


def test_unknown_terminal():
    """Never told anything, nothing of it journalled, closed UNKNOWN after the hold time."""
    daemon = Daemon(ADDRESSES, {"session.hold_ms": 400}).start()
    known = Terminal(daemon).login()
    stranger = raw(daemon)
    stranger.sendall(frame("0999", 7, 2, 0x70, bytes.fromhex(LOGIN), 0xC9))
    for number in range(20):
        stranger.sendall(frame("0999", 7, 0x0C, 0x70 | number % 16, f129(1, Instant.number(number), number)))
    wait_until(lambda: daemon.metric("unknown_terminals") == 1, "recognised as unknown")
    known.confirmed_report(f129(1, Instant(), 1), "meanwhile")
    wait_until(lambda: ended(stranger), "closed")
    wait_closed(daemon, "UNKNOWN", 1)
    check(all(one.address == known.address for one in daemon.fetch()), "nothing of it in the journal")
    check(daemon.logged("TERMINAL-UNKNOWN", "099900007"), "its address is in the log")
    equal(daemon.terminal_facts("099900007")["state"], "unknown", "what the door knows of it")
    equal(daemon.metric("admitted"), 1, "admitted")


def test_silent_terminal():
    """Half-open: no byte within its idle time. Any byte, even noise, keeps the other one alive."""
    daemon = Daemon([(ADDRESSES[0], 3), (ADDRESSES[1], 3)], {"session.idle_factor": 1}).start()
    lively = Terminal(daemon, 1).login()
    silent = Terminal(daemon, 2).login()
    check(daemon.terminal_facts(ADDRESSES[1])["idle_limit_ms"] in (0, 3000), "its idle time is of the archive")

    def drip():
        lively.send(b"\x00")
        return not silent.pump()
    wait_until(drip, "the silent one is closed", pause_s=0.1)
    wait_closed(daemon, "SILENT", 1)
    lively.confirmed_report(f129(1, Instant(), 1), "the lively one is still there")
    equal(daemon.terminal_facts(ADDRESSES[1])["state"], "offline", "the silent one")
    equal(daemon.terminal_facts(ADDRESSES[1])["last_close"], "SILENT", "last close")
    links = wait_links(daemon, ADDRESSES[1], 2)
    equal([(one["state"], one["reason"]) for one in links], [(1, None), (0, "SILENT")], "links in the journal")
    silent.connect().login()


def link_messages(daemon, address):
    """LINK messages of a terminal as maps, in the order of the journal."""
    names = {(0, 0, 131, 1, 0): "state", (0, 0, 131, 2, 0): "reason", (0, 0, 131, 3, 0): "peer",
             (0, 0, 131, 4, 0): "codec"}
    found = []
    for message in daemon.fetch(kind="link", terminal=address):
        link = {"state": None, "reason": None, "peer": None}
        link.update({names[point_number(item[0])]: item[1] for item in message.items})
        found.append(link)
    return found


def wait_links(daemon, address, count):
    """The same once so many are in the journal: they are committed a moment after what they tell has happened."""
    wait_until(lambda: len(link_messages(daemon, address)) == count, f"{count} links in the journal")
    return link_messages(daemon, address)


def peer_of(terminal):
    host, port = terminal.socket.getsockname()
    return f"{host}:{port}"


def takeovers(daemon, rounds):
    """A terminal connects again and again while its older connection stands. Returns its peers in order."""
    old, peers = Terminal(daemon).login(), []
    peers.append(peer_of(old))
    for number in range(rounds):
        old.confirmed_report(f129(1, Instant.number(number), number), number)
        new = Terminal(daemon).login()
        peers.append(peer_of(new))
        old.wait_closed()
        wait_until(lambda: daemon.terminal_facts(old.address)["peer"] == peers[-1], "the newer one holds")
        equal(daemon.terminal_facts(old.address)["state"], "online", "state after a takeover")
        new.heartbeat()
        old = new
    wait_closed(daemon, "REPLACED", rounds)
    old.heartbeat()
    equal(daemon.status()["sessions"]["online"], 1, "sessions")
    equal(daemon.terminal_facts(old.address)["replaced"], rounds, "counted at the terminal")
    return peers


def test_takeover():
    """The newer connection wins. In the journal each link goes down, as REPLACED, before the next comes up."""
    daemon = Daemon(ADDRESSES).start()
    peers = takeovers(daemon, 10)
    links = wait_links(daemon, ADDRESSES[0], 2 * len(peers) - 1)
    equal([link["peer"] for link in links if link["reason"] is None], peers, "links up")
    downs = [link for link in links if link["reason"]]
    equal([link["peer"] for link in downs], peers[:-1], "links down")
    equal({link["reason"] for link in downs}, {"REPLACED"}, "reasons")
    equal(reachable(links), peers[-1], "who follows the links knows where it is")
    equal({link["state"] for link in links}, {1}, "and that it was reachable all the time")


def reachable(links):
    """Where the terminal is by its links: a link down counts only for its own connection."""
    at = None
    for link in links:
        if link["reason"] is None:
            at = link["peer"]
        elif link["peer"] == at:
            at = None
    return at


def test_takeover_between_connectors():
    daemon = Daemon(ADDRESSES, {"connector.count": 4}).start()
    peers = takeovers(daemon, 20)
    links = wait_links(daemon, ADDRESSES[0], 2 * len(peers) - 1)
    equal(sorted(link["peer"] for link in links if link["reason"]), sorted(peers[:-1]), "links down")
    equal(reachable(links), peers[-1], "who follows the links knows where it is")
    equal({link["state"] for link in links}, {1}, "and that it was reachable all the time")


def test_takeover_all_at_once():
    """20 connections of one terminal at the same moment: one is left, and it works."""
    daemon = Daemon(ADDRESSES, {"connector.count": 2}).start()
    crowd = [Terminal(daemon) for _ in range(20)]
    for terminal in crowd:
        terminal.send(terminal.build(2, bytes.fromhex(LOGIN), "login", control=0xC9))
    wait_closed(daemon, "REPLACED", 19)

    def one_left():
        return [terminal for terminal in crowd if terminal.pump(0.01)]
    wait_until(lambda: len(one_left()) == 1, "one is left")
    last = one_left()[0]
    last.wait_confirmed()
    last.confirmed_report(f129(1, Instant(), 1), "the last one")
    equal(daemon.terminal_facts(last.address)["peer"], peer_of(last), "the directory knows it")
    equal(daemon.status()["sessions"], {"fresh": 0, "online": 1, "waiting": 0, "paused": 0, "closing": 0}, "sessions")


def test_windows_run_out():
    """Half frames hold receive windows; when none is left the oldest holder goes, whole frames never wait."""
    daemon = Daemon(ADDRESSES, {"connector.windows": 16, "session.login_timeout_ms": 60000}).start()
    holders = []
    for number in range(24):
        peer = raw(daemon)
        peer.sendall(b"\x68\x32\x00\x32")
        holders.append(peer)
        wait_until(lambda: daemon.metric("bytes_received") >= 4 * (number + 1), "its bytes have arrived")
    wait_until(lambda: daemon.closed("NO_WINDOW") >= 8, "the oldest are closed")
    check(all(ended(peer) for peer in holders[:8]), "namely the first")
    terminal = Terminal(daemon).login()
    for number in range(20):
        terminal.confirmed_report(f129(1, Instant.number(number), number), number)


run()
