#!/usr/bin/python3
"""Free space below the reserve: nothing is confirmed, everybody is told, and when there is space again it goes on
by itself. On a small file system of its own, which is never filled to the end: the store's library would abort.
"""
from harness import *

SIZE = 256 << 20
RESERVE = 96 << 20
BELOW = 64 << 20     # free space while it stalls
ADDRESSES = [f"0100{number:05d}" for number in range(1, 9)]


def mount():
    """A tmpfs, or the reason why the test cannot be done."""
    place = tempfile.mkdtemp(prefix="fep-small-")
    done = program("mount", "-t", "tmpfs", "-o", f"size={SIZE}", "fep-test", place)
    if done.returncode != 0:
        os.rmdir(place)
        if os.environ.get("FEP_TEST_UNPRIVILEGED") == "1":
            raise Skipped("no right to mount (FEP_TEST_UNPRIVILEGED=1)")
        raise Failure(f"cannot mount a tmpfs, which needs root: {done.stderr.strip()}; "
                      "FEP_TEST_UNPRIVILEGED=1 skips this test")

    def unmount():
        wait_until(lambda: program("umount", place).returncode == 0, "unmounted")
        os.rmdir(place)
    cleanup(unmount)
    return place


def free(place):
    facts = os.statvfs(place)
    return facts.f_bavail * facts.f_frsize


class Ballast:
    """A file that takes space."""

    def __init__(self, place):
        self.place, self.path = place, os.path.join(place, "ballast")

    def leave(self, size):
        check(free(self.place) > size, "there is less already", free(self.place))
        with open(self.path, "ab") as file:
            while free(self.place) > size:
                file.write(b"\0" * min(1 << 20, free(self.place) - size + 4096))
                file.flush()

    def drop(self):
        os.unlink(self.path)


def press(daemon, terminal, number):
    """Reports one after another until storage stalls: it looks at the free space every 100 ms at most, so the
    first may still be confirmed. Returns the number of the next report."""
    following = itertools.count(number)

    def stalled():
        terminal.pump()
        if not terminal.waiting:
            sent = next(following)
            terminal.report(f129(1, Instant.number(sent), sent), sent)
        return daemon.metric("storage_stalled") == 1
    wait_until(stalled, "storage_stalled")
    return next(following)


def small(extra=None):
    place = mount()
    options = {"store.reserve_bytes": RESERVE, **(extra or {})}
    return place, Daemon(ADDRESSES, options, store=os.path.join(place, "store"))


def test_stall_and_go_on():
    place, daemon = small({"feed.tick_ms": 100})
    daemon.start()
    subscriber = Subscriber(daemon, "sys/", "reading/00").wait_subscribed("reading/00")
    terminals = [Terminal(daemon, number).login() for number in range(1, 9)]
    for terminal in terminals:
        terminal.confirmed_report(f129(1, Instant.number(0), 0), 0)
    ballast = Ballast(place)
    ballast.leave(BELOW)
    following = press(daemon, terminals[0], 1)
    check_told(daemon, subscriber, True)
    for terminal in terminals:
        for number in range(following if terminal == terminals[0] else 1, following + 5):
            terminal.report(f129(1, Instant.number(number), number), number)
    stalled = daemon.status()
    check(stalled["store"]["free_bytes"] < stalled["store"]["reserve_bytes"], "STATUS shows it", stalled["store"])
    ticks = len(subscriber.ticks("reading/00"))
    wait_until(lambda: len(subscriber.ticks("reading/00")) > ticks + 10, "the feed ticks on")
    status = daemon.status()
    equal(status["head"], stalled["head"], "nothing is committed")
    equal(status["metrics"]["frames_confirmed"], stalled["metrics"]["frames_confirmed"], "nothing is confirmed")
    for terminal in terminals:
        check(terminal.pump() and terminal.waiting, "a report is pending, the connection stands")
    ballast.drop()
    for terminal in terminals:
        terminal.wait_confirmed()
        equal(terminal.confirmed, ["login", *range(following + 5)], "confirmed by themselves, in order")
    wait_until(lambda: daemon.metric("storage_stalled") == 0, "no longer stalled")
    check_told(daemon, subscriber, False)
    check_journal(daemon, subscriber, len(terminals) * (following + 5))
    equal(daemon.stop(), 0, "an ordered stop afterwards")


def check_told(daemon, subscriber, stalled):
    """The note on the feed and the line in the log."""
    wait_until(lambda: [one for one in subscriber.notes("sys/space") if one.body["stalled"] == stalled],
               f"sys/space stalled={stalled}")
    check(daemon.logged("STORE-RESERVE" if stalled else "STORE-RESERVE-END", "free_bytes="), "in the log",
          daemon.log()[-1000:])


def check_journal(daemon, subscriber, reports):
    readings = daemon.readings()
    equal(len(readings), reports, "readings")
    equal(len(check_no_doubles(readings)), reports * 5, "values")
    wait_until(lambda: len(subscriber.messages("reading/00")) == len(readings), "published")


def test_many_pending():
    """So many reports that the chain fills up: the terminals' own TCP holds the rest, nothing is lost."""
    place, daemon = small()
    daemon.start()
    terminal = Terminal(daemon).login()
    ballast = Ballast(place)
    ballast.leave(BELOW)
    count = 3000
    sender = threading.Thread(target=lambda: terminal.send(b"".join(
        terminal.build(0x0C, f129(1, Instant.number(number), number), number) for number in range(count))))
    sender.start()
    wait_until(lambda: daemon.metric("storage_stalled") == 1, "storage_stalled")
    wait_until(lambda: daemon.metric("durable_waiting") > 0, "confirmations wait")
    equal(terminal.confirmed, ["login"], "nothing is confirmed")
    ballast.drop()
    wait_until(lambda: terminal.pump(0.05) and len(terminal.confirmed) == count + 1, "all is confirmed", 60, 0)
    sender.join()
    equal(terminal.confirmed[1:], list(range(count)), "in order")
    equal(len(check_no_doubles(daemon.readings())), count * 5, "values in the journal")


def test_kill_while_stalled():
    """Killed while it stalls: what was confirmed is there; the start is refused until there is space."""
    place, daemon = small()
    daemon.start()
    terminal = Terminal(daemon).login()
    for number in range(10):
        terminal.confirmed_report(f129(1, Instant.number(number), number), number)
    ballast = Ballast(place)
    ballast.leave(BELOW)
    following = press(daemon, terminal, 10)
    daemon.kill()
    said = daemon.refused()
    check("reserve" in said.lower() and "START-REFUSED" in said, "refused below the reserve", said)
    check("NO_SPACE" in said, "with the reason", said)
    ballast.drop()
    daemon.start()
    terminal.connect().login()
    terminal.confirmed_report(f129(1, Instant.number(following - 1), following - 1), "the pending one")
    equal([one.time_ms for one in daemon.readings()], [Instant.number(n).utc_ms for n in range(following)],
          "readings")


def test_stop_while_stalled():
    """An ordered stop while it stalls ends within its time and says what it could not do."""
    place, daemon = small({"actors.stop_ms": 500})
    daemon.start()
    terminal = Terminal(daemon).login()
    terminal.confirmed_report(f129(1, Instant.number(0), 0), 0)
    ballast = Ballast(place)
    ballast.leave(BELOW)
    following = press(daemon, terminal, 1)
    verdict = daemon.stop()
    check(verdict != 0, "what was not stored is no clean stop", verdict)
    check(daemon.logged("STOP-LATE"), "says which stage was late", daemon.log()[-1000:])
    while terminal.pump(0.1):
        pass
    equal(terminal.confirmed, ["login", *range(following - 1)], "the last one was not confirmed")
    ballast.drop()
    daemon.start()
    equal(len(daemon.readings()), following - 1, "readings")


run()
