#!/usr/bin/python3
"""The archive while the daemon runs: imports are all or nothing, those they do not concern keep their connections, what
was changed is in the log and can be taken back, and a kill at any instant leaves before or after.
"""
from harness import *

HEADER = "terminal,name,area,heartbeat_s,measuring_point,meter\n"


def csv(*rows):
    return HEADER + "".join(f"{row}\n" for row in rows)


def imported(daemon, text, **options):
    data = text if isinstance(text, bytes) else text.encode()
    return daemon.ask("IMPORT", data=data, who="tester", **options)


def refused(daemon, word, *wanted, error=None, **body):
    answer, fields = daemon.ask_raw(word, body)
    equal(answer, "ERROR", f"{word} is refused; it says {fields}"[:500])
    for text in wanted:
        check(text in fields["text"], f"says {text!r}", fields)
    if error:
        equal(fields["error"], error, "the error")
    return fields


def exported(daemon, **options):
    data, place, change = b"", 0, -1
    while True:
        page = daemon.ask("EXPORT", **{"from": place}, change=change, **options)
        data, place, change = data + page["data"], page["next"], page["change"]
        if not place:
            return data


def log(daemon, **options):
    return daemon.ask("CHANGES", **options)["entries"]


def brief(entries):
    return [(one["what"], one["terminal"], one["field"], one["before"], one["after"]) for one in entries]


def ctl(daemon, *arguments, code=0, **options):
    done = program(os.path.join(BIN, "fepctl"), "--door", daemon.door_at, "--feed", daemon.feed_at, "archive",
                   *arguments, **options)
    equal(done.returncode, code, f"verdict of {arguments}; it says: {done.stderr}")
    return done.stdout + done.stderr


def alive(terminal):
    """It is still served on the connection it has."""
    terminal.heartbeat()
    check(not terminal.closed, f"{terminal.address} is connected")


def test_only_those_concerned():
    daemon = Daemon([f"01000000{i}" for i in range(1, 5)], {"session.idle_factor": 2}).start()
    kept, gone, changed, moved = [Terminal(daemon, i).login() for i in range(1, 5)]
    equal(daemon.status()["terminals_online"], 4, "online")
    answer = imported(daemon, csv("010000001,terminal 010000001,0,,,", "010000003,terminal 010000003,0,7,,",
                                  "010000004,terminal 010000004,9,,1,000001", "010000005,new,1,,,"))
    equal(answer["changes"], {"added": 1, "removed": 1, "changed": 2}, "what it changes")
    equal([(one["what"], one["terminal"], one["field"], one["before"], one["after"]) for one in answer["diff"]],
          [("removed", "010000002", "", "name=terminal 010000002 area=0 measuring_points=0", ""),
           ("changed", "010000003", "heartbeat_s", "0", "7"), ("changed", "010000004", "area", "0", "9"),
           ("added", "010000004", "measuring_point 1", "", "meter=000001"),
           ("added", "010000005", "", "", "name=new area=1 measuring_points=0")], "the differences")
    gone.wait_closed()
    equal(daemon.closed("REMOVED"), 1, "closed as removed")
    wait_until(lambda: daemon.status()["terminals_online"] == 3, "it counts as offline")
    for terminal in (kept, changed, moved):
        alive(terminal)
    wait_until(lambda: daemon.terminal_facts(changed.address)["idle_limit_ms"] == 14000, "the new heartbeat counts")
    check(daemon.terminal_facts(kept.address)["idle_limit_ms"] > 14000, "of that terminal only")
    for terminal in (kept, changed, moved):
        equal(daemon.terminal_facts(terminal.address)["sessions"], 1, f"sessions of {terminal.address}")
    moved.confirmed_report(f25(1, Instant(), 1))
    equal(daemon.readings(moved.address)[-1].area, 9, "readings carry the new area")
    Terminal(daemon, 5).login()
    equal(daemon.status()["terminals_online"], 4, "the new terminal is admitted")
    unknown = Terminal(daemon, 2)
    unknown.send(unknown.build(2, bytes.fromhex(LOGIN), "login", control=0xC9))
    wait_until(lambda: daemon.logged("TERMINAL-UNKNOWN", "010000002"), "the removed one is unknown")


def test_broken_files_change_nothing():
    daemon = Daemon(["010000001", "010000002"]).start()
    terminals = [Terminal(daemon, i).login() for i in (1, 2)]
    before, entries = exported(daemon), log(daemon)
    good = csv(*[f"01000{i:04},name,{i % 64},,1,{i}" for i in range(1, 3000)])
    broken = [(good + "010000001,name,77,,1,1\n", "line 3001", "area", "77"),
              (good + "010000001,name,1,,1,1\n", "line 3001", "measuring_point", "line 2"),
              (good + "x,\"open,1,,,\n", "line 3001", "quote"),
              (good.replace("meter", "metre"), "line 1", "metre", "meter"),
              (good + "x,\udcff,1,,,\n", "line 3001", "UTF-8")]
    for text, *wanted in broken:
        refused(daemon, "IMPORT", *wanted, data=text.encode(errors="surrogateescape"), who="tester")
    refused(daemon, "IMPORT", "line 3", "GBK", data=b"terminal,name\na,\xbc\xc3\nb,\xbc\n", encoding="gbk", who="t")
    refused(daemon, "IMPORT", "line 2", "[1].measuring_points[0].mp", format="json", who="tester",
            data=b'[{"terminal": "a"},\n{"terminal": "b", "measuring_points": [{"mp": 0}]}]')
    refused(daemon, "IMPORT", "who", data=csv("x,,0,,,").encode())
    refused(daemon, "IMPORT", "data", who="tester")
    refused(daemon, "IMPORT", "csv or json", data=b"", format="xml", who="tester")
    refused(daemon, "IMPORT", "protocol", "modbus_rtu", who="tester", data=b"terminal,measuring_point,protocol\na,1,dtu\n")
    refused(daemon, "IMPORT", "heartbeat", who="tester", data=b"terminal,heartbeat\na,{nothing}\n")
    refused(daemon, "IMPORT", "limits", "needed is", who="tester",
            data=("terminal,measuring_point,limits\na,1,%s=1..2\n" % ("电压" * 20)).encode())
    refused(daemon, "IMPORT", "profile", who="tester", data=b"terminal,measuring_point,profile\na,1,none\n")
    refused(daemon, "IMPORT", error="LIMIT", who="tester", data=b"#" * (65 << 20))
    refused(daemon, "EXPORT", "begin again", change=999)
    equal(exported(daemon), before, "the archive")
    equal(log(daemon), entries, "the log")
    for terminal in terminals:
        alive(terminal)
    dry = imported(daemon, good, dry=True, limit=3)
    equal((dry["changes"]["added"], len(dry["diff"]), dry["differences"]), (2997, 3, 3003), "a dry run counts")
    equal(exported(daemon), before, "and changes nothing")
    equal(imported(daemon, good)["changes"], dry["changes"], "the same for real")


def test_forms_and_encodings():
    daemon = Daemon(["010000001"]).start()
    name = "济南东站, \"专变\""
    daemon.ask("PROFILE_PUT", who="tester", text="profile sdm\ncodec modbus_rtu\nperiod 60s\n"
               "register voltage.l1_V 4 0 f32\n")
    full = (HEADER.strip() + ",protocol,profile,rated_W,limits,groups,registration,heartbeat,frame_gap_ms\n"
            '010000001,"济南东站, ""专变""",3,300,1,1,modbus_rtu,sdm,60000,voltage.l1_V=180..260,北区;路灯,IMEI7,ping|pong,20\n'
            '010000001,"济南东站, ""专变""",3,300,2,2,,,,,北区;路灯,IMEI7,ping|pong,20\n').encode()
    imported(daemon, full.decode().encode("gbk"), encoding="gbk")
    equal(daemon.terminal_facts("010000001")["name"], name, "the name")
    equal(daemon.terminal_facts("IMEI7")["address"], "010000001", "found by its registration")
    equal({one["name"]: one["terminals"] for one in daemon.ask("GROUPS")["groups"]}, {"北区": 1, "路灯": 1}, "groups")
    document = json.loads(exported(daemon, format="json"))
    equal(document[0]["measuring_points"][0],
          {"mp": 1, "meter": "1", "protocol": "modbus_rtu", "profile": "sdm", "rated_W": 60000,
           "limits": {"voltage.l1_V": [180, 260]}, "meter_state": "", "user_type": ""}, "a measuring point as JSON")
    equal(document[0]["groups"], ["北区", "路灯"], "groups as JSON")
    for options in ({"format": "csv"}, {"format": "json"}, {"format": "csv", "encoding": "gbk"},
                    {"format": "json", "encoding": "gbk"}):
        data = exported(daemon, **options)
        equal(imported(daemon, data, **options)["differences"], 0, f"its own export, {options}")
        imported(daemon, csv("x,,0,,,"))
        imported(daemon, data, **options)
        equal(exported(daemon, **options), data, f"export after import, {options}")
    document[0]["name"] = "renamed"
    answer = imported(daemon, json.dumps(document, ensure_ascii=False), format="json")
    equal([(one["field"], one["after"]) for one in answer["diff"]], [("name", "renamed")], "one field")
    merged = imported(daemon, "terminal,area\nx,5\n", mode="merge")
    equal(merged["changes"], {"added": 1, "removed": 0, "changed": 0}, "merging removes nothing")


def test_log_and_undo():
    daemon = Daemon(["010000001", "010000002"]).start()
    terminal = Terminal(daemon, 1).login()
    before = exported(daemon)
    imported(daemon, csv("010000001,renamed,0,,,", "010000003,,0,,,"))
    entries = log(daemon)
    equal(brief(entries)[-4:], [
        ("import", "", "", "", "terminals added 1, removed 1, changed 1; differences 3"),
        ("changed", "010000001", "name", "terminal 010000001", "renamed"),
        ("removed", "010000002", "", "name=terminal 010000002 area=0 measuring_points=0", ""),
        ("added", "010000003", "", "", "area=0 measuring_points=0")], "the log")
    check(all(one["who"] == "tester" and one["change"] == 2 and one["when_ms"] for one in entries[-4:]), "who, when",
          entries[-4:])
    equal(brief(log(daemon, terminal="010000002"))[-1][0], "removed", "the log of one terminal")
    equal(brief(log(daemon, **{"from": entries[-2]["entry"]}, limit=1)), brief(entries[-2:-1]), "a part of the log")
    refused(daemon, "UNDO", "who")
    equal(daemon.ask("UNDO", dry=True)["changes"], {"added": 1, "removed": 1, "changed": 1}, "what undo would do")
    daemon.kill()
    daemon.start()
    equal(daemon.terminal_facts("010000001")["name"], "renamed", "the change survives; the file at start is known")
    terminal.connect().login()
    daemon.ask("UNDO", who="chief")
    equal(exported(daemon), before, "as before the import")
    alive(terminal)
    equal(brief(log(daemon))[-4][0], "undo", "undo is in the log")
    refused(daemon, "UNDO", "no import to undo", who="chief")
    imported(daemon, csv("010000001,again,0,,,"))
    imported(daemon, csv("010000001,again,0,,,", "010000002,,0,,,"), mode="merge")
    daemon.ask("UNDO", who="chief")
    imported(daemon, csv("010000001,third,0,,,"))
    with open(daemon.csv_path, "a") as file:
        file.write("010000009,from the file,0,,,\n")
    daemon.stop()
    daemon.start()
    equal(daemon.terminal_facts("010000009")["name"], "from the file", "a file that changed is taken over")
    equal(daemon.terminal_facts("010000001")["name"], "terminal 010000001", "as a whole")
    equal(log(daemon)[-1]["who"], "start", "and logged")


def test_log_is_bounded():
    daemon = Daemon(["010000001"], {"archive.log_entries": 50}).start()
    for i in range(40):
        imported(daemon, csv(f"010000001,name {i},0,,,"))
    page = daemon.ask("CHANGES")
    check(page["last"] - page["first"] < 50 and page["first"] > 1, "old entries are dropped", page["first"], page["last"])
    equal(len(page["entries"]), page["last"] - page["first"] + 1, "all that are kept are shown")
    equal(brief(page["entries"])[-1], ("changed", "010000001", "name", "name 38", "name 39"), "the latest")


PROFILE = "profile %s\ncodec modbus_rtu\nperiod %s\nregister voltage.l1_V 4 0 f32\n"


def test_profiles():
    directory = tempfile.mkdtemp(prefix="fep-system-")
    cleanup(lambda: shutil.rmtree(directory))
    for name in ("one", "two"):
        with open(os.path.join(directory, f"{name}.profile"), "w") as file:
            file.write(PROFILE % (name, "60s"))
    with open(os.path.join(directory, "notes.txt"), "w") as file:
        file.write("no profile")
    text = "terminal,measuring_point,meter,protocol,profile\n010000001,1,1,modbus_rtu,two\n"
    daemon = Daemon(options={"archive.profiles": directory}, archive=text).start()
    equal([(one["name"], one["measuring_points"]) for one in daemon.ask("PROFILES")["profiles"]],
          [("one", 0), ("two", 1)], "profiles, and who uses them")
    daemon.ask("PROFILE_PUT", text=PROFILE % ("one", "10s"), who="tester")
    refused(daemon, "PROFILE_PUT", "line 3", text="profile one\ncodec modbus_rtu\nperiod never\n", who="tester")
    refused(daemon, "PROFILE_PUT", "used by measuring point 1 of terminal 010000001", name="two", text="", who="t")
    refused(daemon, "PROFILE_PUT", "of profile one", name="two", text=PROFILE % ("one", "9s"), who="tester")
    refused(daemon, "PROFILE", name="three")
    refused(daemon, "PROFILE_PUT", "UTF-8", text=PROFILE.encode() % (b"four", b"1s") + b"# \xb5\n", who="tester")
    daemon.ask("PROFILE_PUT", text=PROFILE % ("three", "9s"), who="档案" * 20)
    check(log(daemon)[-1]["who"].startswith("档案档案"), "who, cut to whole characters", log(daemon)[-1])
    daemon.ask("PROFILE_PUT", name="three", text="", who="tester")
    daemon.stop()
    daemon.start()
    equal(daemon.ask("PROFILE", name="one")["text"], PROFILE % ("one", "10s"), "a change survives a restart")
    with open(os.path.join(directory, "one.profile"), "w") as file:
        file.write(PROFILE % ("one", "20s"))
    daemon.stop()
    daemon.start()
    equal(daemon.ask("PROFILE", name="one")["text"], PROFILE % ("one", "20s"), "a file that changed is taken over")
    daemon.ask("PROFILE_PUT", name="one", text="", who="tester")
    equal([one["name"] for one in daemon.ask("PROFILES")["profiles"]], ["two"], "removed")
    daemon.stop()
    with open(os.path.join(directory, "two.profile"), "w") as file:
        file.write("profile two\nnonsense\n")
    said = daemon.refused()
    check("two.profile" in said and "line=2" in said, "a wrong file is said with its line", said)


def test_fepctl():
    daemon = Daemon(["010000001", "010000002"]).start()
    path = os.path.join(daemon.directory, "changed.csv")
    with open(path, "wb") as file:
        file.write("terminal,name\n010000001,济南\n".encode("gbk"))
    said = ctl(daemon, "import", path, "--encoding", "gbk", "--merge", "--dry")
    check("济南" in said and "nothing was changed" in said and "changed 1" in said, "a dry import", said)
    said = ctl(daemon, "import", path, "--encoding", "gbk", "--merge", "--who", "clerk")
    check("change 2" in said, "an import", said)
    out = os.path.join(daemon.directory, "out.json")
    ctl(daemon, "export", out)
    with open(out) as file:
        equal([one["name"] for one in json.load(file)], ["济南", "terminal 010000002"], "an export")
    check("010000001,济南," in ctl(daemon, "export", "-"), "to standard output")
    said = ctl(daemon, "log")
    check("clerk" in said and "terminal 010000001" in said, "the log", said)
    check("clerk" not in ctl(daemon, "log", "--terminal", "010000002"), "of one terminal")
    ctl(daemon, "undo")
    check("terminal 010000001" in ctl(daemon, "export", "-"), "undone")
    check("no import to undo" in ctl(daemon, "undo", code=1), "why undo is refused")
    with open(path, "w") as file:
        file.write("terminal,area\nx,99\n")
    check("line 2" in ctl(daemon, "import", path, code=1), "a fault with its line")
    check("nowhere" in ctl(daemon, "import", "/nowhere", code=2), "a missing file")
    ctl(daemon, "import", "-", "--format", "json", "--merge", input='[{"terminal": "x", "groups": ["north"]}]')
    check("north" in ctl(daemon, "groups"), "groups")
    profile = os.path.join(daemon.directory, "a.profile")
    with open(profile, "w") as file:
        file.write(PROFILE % ("meter1", "60s"))
    ctl(daemon, "profile", "put", profile)
    check("meter1" in ctl(daemon, "profile", "list"), "profiles")
    equal(ctl(daemon, "profile", "show", "meter1"), PROFILE % ("meter1", "60s"), "a profile's text")
    ctl(daemon, "profile", "remove", "meter1")
    check("meter1" not in ctl(daemon, "profile", "list"), "removed")
    ctl(daemon, "profile", "burn", code=2)
    said = ctl(daemon, "import", "-", input="#" * (65 << 20), code=1)
    check("archive.import_bytes allows 67108864" in said, "a file too large", said)


def test_kill_during_import():
    """At instants spread over an import, from its arrival to after its answer."""
    rows = 40000
    before = csv(*[f"t{i},name {i},{i % 64},,{1 + i % 3},{i}" for i in range(rows)])
    after = csv(*[f"t{i},other {i},{i % 64},60,{1 + i % 5},{i + 7}" for i in range(rows // 3, rows + rows // 3)])
    daemon = Daemon(archive=before).start()
    began = time.monotonic()
    imported(daemon, after, limit=0)
    took = time.monotonic() - began
    images = {exported(daemon): "after"}
    daemon.ask("UNDO", who="tester", limit=0)
    images[exported(daemon)] = "before"
    equal(len(images), 2, "two archives")
    seen = collections.Counter()
    for attempt in range(10):
        state = daemon.ask("CHANGES", limit=1)["entries"][0]
        daemon.ask("STATUS")
        daemon.door.send_multipart([b"IMPORT", msgpack.packb({"data": after.encode(), "who": f"attempt {attempt}",
                                                               "limit": 0})])
        time.sleep(took * (0.1 + attempt * 0.1))
        daemon.kill()
        daemon.start()
        image = images.get(exported(daemon))
        check(image, "the archive is as before or as after, as a whole")
        seen[image] += 1
        page = daemon.ask("CHANGES", limit=1)
        last = page["entries"][0]
        if image == "before":
            equal(last, state, "no entry of it is in the log")
            refused(daemon, "UNDO", "no import to undo", who="tester")
        else:
            equal((last["change"], last["who"]), (state["change"] + 1, f"attempt {attempt}"), "all of it is in the log")
            daemon.ask("UNDO", who="tester", limit=0)
            equal(images.get(exported(daemon)), "before", "and it can be taken back")
    print(f"         import {took:.2f} s; left {dict(seen)}")


run()
