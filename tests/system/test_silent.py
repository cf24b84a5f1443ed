#!/usr/bin/python3
"""Why is a terminal silent: TERMINAL and fepctl terminal show say it in their first line, with the last frames and
the traffic of the day; the bitmap says when it was online, over midnight, a kill and a restart.
"""
from harness import *
import datetime

ADDRESS, OTHER, LATE = "010000001", "010000002", "010000003"
SHIM = os.path.join(os.path.dirname(BIN), "tests", "libclock_shim.so")


def why(daemon, address=ADDRESS):
    return daemon.terminal_facts(address)["why"]


def wait_why(daemon, beginning, text="", address=ADDRESS):
    def good():
        said = why(daemon, address)
        return said.startswith(beginning) and text in said
    wait_until(good, f"'{beginning} ... {text}'; it says '{why(daemon, address)}'")


def show(daemon, address=ADDRESS):
    run = program(os.path.join(BIN, "fepctl"), "--door", daemon.door_at, "terminal", "show", address)
    equal(run.returncode, 0, f"fepctl terminal show: {run.stderr}")
    return run.stdout


def broken(terminal):
    """A report whose checksum is wrong."""
    good = frame(terminal.a1, terminal.a2, 0x0C, 0x70, f129(1, Instant(), 1))
    return good[:-2] + bytes([good[-2] ^ 1]) + good[-1:]


def test_never_online_offline():
    daemon = Daemon([(ADDRESS, 3600), OTHER]).start()
    wait_why(daemon, "never came since the daemon started at 20")
    check(show(daemon).startswith(f"{ADDRESS}  never came since"), "fepctl")
    terminal = Terminal(daemon).login()
    wait_why(daemon, "online since 20", "last byte")
    terminal.logout()
    wait_why(daemon, "offline since 20", ": the terminal logged out (LOGOUT)")
    first = show(daemon).splitlines()[0]
    check(first.startswith(f"{ADDRESS}  offline since ") and first.endswith("(LOGOUT)"), "fepctl", first)
    Terminal(daemon).login().reset()
    wait_why(daemon, "offline since 20", "the connection broke (PEER_RESET)")
    wait_why(daemon, "never came", address=OTHER)


def test_broken_path():
    """It should have been heard of long ago, and its idle time is not over yet."""
    daemon = Daemon([(ADDRESS, 1)], {"session.idle_factor": 100}).start()
    terminal = Terminal(daemon).login()
    wait_why(daemon, "online since 20", "; expected every 1 s: the path is broken or the terminal hangs")
    check("but no byte for " in why(daemon), "for how long", why(daemon))
    terminal.heartbeat()


def test_silent():
    daemon = Daemon([(ADDRESS, 1)], {"session.idle_factor": 1}).start()
    Terminal(daemon).login().wait_closed()
    wait_why(daemon, "offline since 20", ": no byte within the idle time (SILENT)")


def test_refused():
    daemon = Daemon([ADDRESS]).start()
    terminal = Terminal(daemon).login()
    terminal.confirmed_report(f25(1, Instant(), 1), "good")
    bad = broken(terminal)
    for _ in range(34):
        terminal.send(bad)
    wait_until(lambda: daemon.terminal_facts(ADDRESS)["refused"].get("CHECKSUM") == 34, "34 refusals")
    said = why(daemon)
    check(said.startswith("online since ") and "every frame is refused: CHECKSUM 34" in said, "in words", said)
    frames = daemon.terminal_facts(ADDRESS)["last_frames"]
    equal([(one["direction"], one["reason"]) for one in frames],
          [("up", "CHECKSUM"), ("up", "CHECKSUM"), ("down", "OK")], "last frames")
    check(frames[1]["bytes"].startswith(bad[:-2]), "the broken one", frames[1])
    check("CHECKSUM 34" in show(daemon).splitlines()[0], "fepctl")
    terminal.heartbeat()
    wait_why(daemon, "online since ", "last byte")
    check("refused" not in why(daemon), "good again", why(daemon))


def test_after_a_restart():
    """What the store remembers: the latest value, and that it was online today."""
    daemon = Daemon([ADDRESS]).start()
    Terminal(daemon).login().confirmed_report(f25(1, Instant(minute=45), 1), "report")
    check("  last reading " in show(daemon), "a reading came", show(daemon))
    equal(daemon.stop(), 0, "verdict")
    daemon.start()
    text = show(daemon)
    check("never came since" in text.splitlines()[0] and "before that it was online today" in text.splitlines()[0],
          "in words", text)
    check("latest value known is of 2026-11-20T00:45:00" in text, "the latest value", text)


def test_unknown():
    daemon = Daemon([ADDRESS], {"session.hold_ms": 600000}).start()
    equal(daemon.ask_raw("TERMINAL", {"terminal": "010000009"})[1]["error"], "NOT_FOUND", "before it came")
    stranger = Terminal(daemon, 9)
    login = frame("0100", 9, 2, 0x70, bytes.fromhex(LOGIN), 0xC9)
    stranger.send(login)
    wait_until(lambda: daemon.metric("unknown_terminals") == 1, "it came")
    wait_why(daemon, "connected but held: it is not in the archive", address="010000009")
    text = show(daemon, "010000009")
    check(text.startswith("010000009  connected but held") and login.hex() in text and '"AFN":"02"' in text, "fepctl",
          text)
    stranger.close()
    wait_why(daemon, "turned away: it is not in the archive", address="010000009")


def test_last_frames():
    """Two up and one down, of the session or of the last one; long ones are cut."""
    daemon = Daemon([ADDRESS]).start()
    terminal = Terminal(daemon).login()
    reports = []
    for number in range(3):
        sent = terminal.build(0x0C, b"".join(f25(mp, Instant.number(number), mp) for mp in range(1, 1 + 3 * number + 1)),
                              number)
        terminal.send(sent)
        terminal.wait_confirmed()
        reports.append(sent)

    def expect(frames):
        equal([(one["direction"], one["reason"], one["size"], one["bytes"]) for one in frames],
              [("up", "OK", len(reports[1]), reports[1][:256]), ("up", "OK", len(reports[2]), reports[2][:256]),
               ("down", "OK", len(terminal.frames[-1]), terminal.frames[-1])], "last frames")
        check(all(abs(one["time_ms"] / 1000 - time.time()) < 600 for one in frames), "times", frames)
    check(len(reports[1]) > 256, "the test's own frames", len(reports[1]))
    expect(daemon.terminal_facts(ADDRESS)["last_frames"])
    terminal.close()
    wait_why(daemon, "offline")
    expect(daemon.terminal_facts(ADDRESS)["last_frames"])
    answer = json.loads(program(os.path.join(BIN, "fepctl"), "--door", daemon.door_at, "--json", "terminal", "show",
                                ADDRESS).stdout)
    equal(answer["last_frames"][2]["explain"]["AFN"], "00", "explained")
    equal(answer["last_frames"][0]["explain"], None, "a cut one is not")
    facts = daemon.terminal_facts(ADDRESS)
    check(facts["last_reading_ms"] and facts["last_rx_ms"] and facts["now_ms"] >= facts["last_rx_ms"], "times", facts)


# ---- With a clock that the test moves ----

class Clocked(Daemon):
    """Its wall clock shows local times of the days that follow 1 March 2027."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.clock_path = os.path.join(self.directory, "clock")
        self.set_clock(0, 10, 2)

    def set_clock(self, day, hour, minute):
        local = calendar.timegm((2027, 3, 1, hour, minute, 0)) + day * 86400
        with open(self.clock_path, "r+b" if os.path.exists(self.clock_path) else "wb") as file:
            file.write(struct.pack("=q", local - UTC_OFFSET_MIN * 60 - int(time.time())))

    def launch(self, prepare=None):
        os.environ.update(LD_PRELOAD=SHIM, FEP_TEST_CLOCK=self.clock_path)
        try:
            super().launch(prepare)
        finally:
            del os.environ["LD_PRELOAD"], os.environ["FEP_TEST_CLOCK"]

    def online(self, address, day=0):
        """The slots of a day; None: there is no row."""
        number = (datetime.date(2027, 3, 1) - datetime.date(1970, 1, 1)).days + day
        rows = self.ask("ONLINE", terminal=address, day_from=number, day_to=number)["days"]
        if not rows:
            return None
        bits = int.from_bytes(rows[0]["bits"], "little")
        found = [slot for slot in range(288) if bits >> slot & 1]
        equal((rows[0]["slots"], len(rows[0]["bits"]), rows[0]["date"]),
              (len(found), 36, str(datetime.date(2027, 3, 1 + day))), "the row")
        return found

    def wait_online(self, address, slots, day=0):
        wait_until(lambda: self.online(address, day) == slots, f"{address} online in {slots}; "
                   f"it was in {self.online(address, day)}")


def test_online_over_a_kill():
    daemon = Clocked([ADDRESS, OTHER, LATE], {"session.heartbeat_ms": 3600000}).start()
    Terminal(daemon, 1).login()
    daemon.wait_online(ADDRESS, [120])
    equal(daemon.online(OTHER), None, "it never came")
    daemon.set_clock(0, 10, 7)
    daemon.wait_online(ADDRESS, [120, 121])
    Terminal(daemon, 2).login().logout()
    wait_why(daemon, "offline", address=OTHER)
    equal(daemon.online(OTHER), [121], "it came and went")
    daemon.set_clock(0, 10, 12)
    daemon.wait_online(ADDRESS, [120, 121, 122])
    wait_until(lambda: daemon.metric("online_saved") == 3, "saved: one row at 10:07, two at 10:12")
    late = Terminal(daemon, 3).login()
    daemon.wait_online(LATE, [122])
    daemon.kill()
    daemon.start()
    equal(daemon.online(ADDRESS), [120, 121, 122], "after a kill")
    equal(daemon.online(OTHER), [121], "of one that had gone")
    equal(daemon.online(LATE), None, "what was not saved")
    check("; before that it was online today at 2027-03-01 10:10:00" in why(daemon), "in words", why(daemon))
    late.connect().login()
    equal(daemon.online(LATE), [122], "it comes again")
    facts = daemon.terminal_facts(ADDRESS)
    equal((facts["online_slots"], facts["day_slots"]), (3, 123), "today's share")
    daemon.set_clock(0, 10, 17)
    daemon.wait_online(LATE, [122, 123])
    equal(daemon.online(ADDRESS), [120, 121, 122], "who has gone is not online")
    late.close()
    wait_why(daemon, "offline", address=LATE)
    late.connect().login()
    equal(daemon.stop(), 0, "verdict")
    daemon.start()
    equal(daemon.online(LATE), [122, 123], "after a stop")


def test_midnight():
    daemon = Clocked([(ADDRESS, 86400)]).start()
    daemon.set_clock(0, 23, 57)
    terminal = Terminal(daemon).login()
    terminal.heartbeat()
    daemon.wait_online(ADDRESS, [287])
    equal(daemon.terminal_facts(ADDRESS)["today"]["frames"], 2, "frames before midnight")
    daemon.set_clock(1, 0, 2)
    daemon.wait_online(ADDRESS, [0], day=1)
    equal(daemon.online(ADDRESS), [287], "the day before")
    wait_until(lambda: daemon.terminal_facts(ADDRESS)["today"]["frames"] == 0, "a new day")
    equal(daemon.terminal_facts(ADDRESS)["frames"], 2, "of the session")
    terminal.heartbeat()
    terminal.confirmed_report(f25(1, Instant(), 1), "report")
    terminal.close()
    wait_why(daemon, "offline")
    terminal.connect().login()
    today = daemon.terminal_facts(ADDRESS)["today"]
    sent = len(frame("0100", 1, 2, 0x70, bytes.fromhex(HEARTBEAT))) + len(
        frame("0100", 1, 2, 0x70, bytes.fromhex(LOGIN))) + len(frame("0100", 1, 0x0C, 0x70, f25(1, Instant(), 1)))
    equal((today["frames"], today["rx_bytes"], today["tx_bytes"]), (3, sent, 60), "two sessions of the new day")
    daemon.set_clock(2, 0, 2)
    wait_until(lambda: daemon.terminal_facts(ADDRESS)["today"]["rx_bytes"] == 0, "and the next one")
    equal(daemon.ask("ONLINE", terminal=ADDRESS)["days"][0]["date"], "2027-03-03", "today is the default")


def test_old_days_are_dropped():
    daemon = Clocked([ADDRESS], {"archive.online_days": 2}).start()
    terminal = Terminal(daemon).login()
    daemon.set_clock(1, 8, 2)
    daemon.wait_online(ADDRESS, [96], day=1)
    equal(daemon.online(ADDRESS), [120], "the first day")
    daemon.set_clock(2, 8, 2)
    daemon.wait_online(ADDRESS, [96], day=2)
    equal(daemon.online(ADDRESS), [120], "two days are kept")
    terminal.close()
    wait_why(daemon, "offline")
    daemon.set_clock(3, 8, 2)
    wait_until(lambda: daemon.online(ADDRESS) is None, "the first day is dropped")
    equal((daemon.online(ADDRESS, 1), daemon.online(ADDRESS, 2), daemon.online(ADDRESS, 3)), ([96], [96], None),
          "the others are not")


def test_fepctl_online():
    daemon = Clocked([ADDRESS]).start()
    Terminal(daemon).login()
    daemon.wait_online(ADDRESS, [120])
    daemon.set_clock(1, 1, 2)
    daemon.wait_online(ADDRESS, [12], day=1)

    def online(*arguments):
        run = program(os.path.join(BIN, "fepctl"), "--door", daemon.door_at, *arguments)
        equal(run.returncode, 0, f"fepctl {arguments}: {run.stderr}")
        return run.stdout
    equal(online("online", ADDRESS).splitlines(),
          ["2027-03-02  online in 1 of 13 slots of 5 minutes", "  00  ............", "  01  #           "], "a day")
    lines = online("online", ADDRESS, "--days", "40").splitlines()
    equal([line[:10] for line in lines[1:]], ["2027-03-01", "2027-03-02"], "days")
    equal(lines[1][20:], "." * 40 + "+" + "." * 55, "a day of which one slot of three is set")
    equal(lines[2][20:].rstrip(), "....#", "today")
    days = json.loads(online("--json", "online", ADDRESS, "--days", "2"))["days"]
    equal([(one["date"], one["slots"]) for one in days], [("2027-03-01", 1), ("2027-03-02", 1)], "as JSON")
    equal(daemon.ask_raw("ONLINE", {"terminal": ADDRESS, "day_from": 9, "day_to": 8})[1]["error"], "RANGE", "backwards")
    equal(daemon.ask_raw("ONLINE", {"terminal": "x"})[1]["error"], "NOT_FOUND", "of nobody")
    equal(daemon.ask("ONLINE", terminal=ADDRESS, day_from=0, day_to=65535)["next"], 31, "a page")


run()
