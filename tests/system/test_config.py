#!/usr/bin/python3
"""What is wrong in the options, the archive or the machine is said at start, with the place and what is allowed;
SIGHUP with a bad file changes nothing.
"""
import resource

from harness import *

GOOD = "listeners:\n  - name: a\n    address: 127.0.0.1\n    port: %d\n    codec: gdw1376\n"


def says(text, *wanted, line=None, column=None, option="-c"):
    """Starts fepd with that file; it must refuse and say all that is wanted, at that place."""
    directory = tempfile.mkdtemp(prefix="fep-system-")
    cleanup(lambda: shutil.rmtree(directory))
    path = os.path.join(directory, "fep.yaml")
    with open(path, "w") as file:
        file.write(text)
    done = program(os.path.join(BIN, "fepd"), option, path, cwd=directory)
    equal(done.returncode, 1, f"verdict; it says: {done.stderr}")
    check(not os.path.exists(os.path.join(directory, "var")), "nothing is made before the options are checked")
    if line:
        place = f"{path}:{line}:{column if column else ''}"
        check(place in done.stderr, f"the place {line}:{column}", done.stderr)
    for word in wanted:
        check(word in done.stderr, f"says {word!r}", done.stderr)
    return done.stderr


def good(**lines):
    return GOOD % free_ports(1)[0] + "".join(f"{key}:\n{value}" for key, value in lines.items())


def test_unknown_key():
    says("node:\n  name: x\n  nmae: y\n" + good(), "nmae", line=3, column=3)
    says(good() + "storrage:\n  linger_us: 1\n", "storrage", line=6, column=1)
    says(good().replace("codec", "kodec"), "kodec", line=5, column=5)


def test_out_of_range():
    says(good(storage="  linger_us: 100001\n"), "storage.linger_us", "100001", "0..100000", line=7)
    says(good(connector="  count: 0\n"), "connector.count", "1..16", line=7)
    says(good(feed="  port: 70000\n"), "feed.port", "1..65535", line=7)
    says(good(store="  reserve_bytes: 1\n"), "store.reserve_bytes", "1048576", line=7)
    says(good(node="  utc_offset_min: -721\n"), "node.utc_offset_min", "-720", line=7)
    says(good(storage="  linger_us: -1\n"), "storage.linger_us", "0..100000", line=7)
    says(good(node="  name: " + 40 * "n" + "\n"), "node.name", "1..32", line=7)


def test_wrong_type():
    says(good(storage="  linger_us: soon\n"), "storage.linger_us", "soon", line=7)
    says(good(storage="  linger_us: 1.5\n"), "storage.linger_us", "1.5", line=7)
    says(good(storage="  linger_us: [1]\n"), "linger_us", line=7)
    says(good(storage="  durability: never\n"), "storage.durability", "sync", "os", line=7)
    says(good() + "storage: 7\n", "storage", line=6)
    says("just a text\n", "1:1")
    says("node: {name: [}\n", "1:")


def test_duplicate_key():
    says(good(storage="  linger_us: 1\n  linger_us: 2\n"), "linger_us", line=8, column=3)
    says(good(log="  level: info\n", storage="  linger_us: 1\n") + "log:\n  level: debug\n", "log", line=10)
    text = good() + "  - name: a\n    address: 127.0.0.1\n    port: 9\n    codec: gdw1376\n"
    says(text, "listeners.name", "line 2", line=6)


def test_listeners():
    says("node:\n  name: x\n", "listener")
    says("listeners: []\n", "listener", line=1)
    says(good().replace("address: 127.0.0.1", "address: localhost"), "localhost", "numeric", line=3)
    says(good().replace("port", "# port"), "port", "missing")
    text = says(good().replace("gdw1376", "gdw9999"), "gdw9999", "gdw1376")
    check("allowed" in text, "says what is allowed", text)


def test_only_loopback():
    says(good(feed="  address: 0.0.0.0\n"), "feed.address", "0.0.0.0", "127.0.0.0/8", line=7)
    says(good(door="  address: 10.0.0.1\n"), "door.address", "10.0.0.1", "127.0.0.0/8", line=7)
    says(good(door="  address: \"::\"\n"), "door.address", "::1", line=7)


def test_no_file():
    done = program(os.path.join(BIN, "fepd"), "-c", "/nowhere/fep.yaml")
    equal(done.returncode, 1, "verdict")
    check("/nowhere/fep.yaml" in done.stderr and "No such file" in done.stderr, "says why", done.stderr)


def test_sample_is_good():
    """What fepd -s prints is accepted and is what the door shows as defaults."""
    sample = program(os.path.join(BIN, "fepd"), "-s")
    equal(sample.returncode, 0, "verdict")
    directory = tempfile.mkdtemp(prefix="fep-system-")
    cleanup(lambda: shutil.rmtree(directory))
    path = os.path.join(directory, "fep.yaml")
    with open(path, "w") as file:
        file.write(sample.stdout)
    done = program(os.path.join(BIN, "fepd"), "-t", "-c", path, cwd=directory)
    equal((done.returncode, done.stderr), (0, ""), "the sample is good")
    daemon = Daemon(["010000001"]).start()
    for option in daemon.ask("CONFIG")["options"]:
        check(f"{option['key']}:" in sample.stdout, "in the sample", option)


def shown(daemon, section, key):
    for option in daemon.ask("CONFIG")["options"]:
        if (option["section"], option["key"]) == (section, key):
            return str(option["value"])
    raise Failure(f"CONFIG does not show {section}.{key}")


def test_reload():
    daemon = Daemon(["010000001"], {"storage.linger_us": 1000, "session.hold_ms": 1000}).start()
    terminal = Terminal(daemon).login()
    daemon.write_config(storage__linger_us=2222, session__hold_ms=400000000)
    daemon.reload()
    refusal = wait_until(lambda: daemon.logged("RELOAD-REFUSED"), "the refusal")[0]
    check("session.hold_ms" in refusal and "0..3600000" in refusal, "says where and what is allowed", refusal)
    check("nothing changed" in refusal, "and that nothing changed", refusal)
    equal(shown(daemon, "storage", "linger_us"), "1000", "nothing is taken of a bad file")
    daemon.write_config(storage__linger_us=2222, session__hold_ms=1500, node__name="other")
    daemon.reload()
    wait_until(lambda: shown(daemon, "storage", "linger_us") == "2222", "taken over")
    equal(shown(daemon, "session", "hold_ms"), "1500", "taken over")
    taken = wait_until(lambda: daemon.logged("RELOAD"), "the line in the log")[0]
    check("node.name" in taken, "what needs a restart is named", taken)
    equal(shown(daemon, "node", "name"), "fep-1", "and not taken over")
    with open(daemon.config_path, "w") as file:
        file.write("listeners: [\n")
    daemon.reload()
    wait_until(lambda: len(daemon.logged("RELOAD-REFUSED")) == 2, "broken YAML is refused as well")
    terminal.confirmed_report(f129(1, Instant(), 1), "the terminal has noticed nothing")
    daemon.write_config(storage__linger_us=3333)
    daemon.reload()
    wait_until(lambda: shown(daemon, "storage", "linger_us") == "3333", "and later a good file works")


def test_reload_works_in_the_actors():
    """A reloadable option is followed: the login time shrinks for those who come later."""
    daemon = Daemon(["010000001"], {"session.login_timeout_ms": 3600000}).start()
    daemon.write_config(session__login_timeout_ms=200)
    daemon.reload()
    wait_until(lambda: daemon.logged("RELOAD"), "taken over")
    # The line is main's: the connector may take a moment longer, and who came before that has the old time.
    late = []
    def closed():
        late.append(Terminal(daemon))
        return any(not one.pump(0.05) for one in late)
    wait_until(closed, "one who came later is closed")
    wait_until(lambda: daemon.closed("NO_LOGIN") >= 1, "NO_LOGIN")


def test_descriptors():
    """Sessions and the store's files must fit into the descriptors, or it does not start."""
    daemon = Daemon(["010000001"], {"connector.sessions": 5000})
    said = daemon.refused(lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024)))
    check("limit=1024" in said and "needed=" in said, "the numbers", said)
    check(int(re.search(r"needed=(\d+)", said).group(1)) >= 5000 + 512, "what is needed", said)
    daemon.write_config(connector__sessions=200)
    daemon.launch(lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024)))
    wait_until(lambda: daemon.logged("READY"), "with less it starts")
    daemon.write_config(connector__sessions=5000)
    equal(daemon.stop(), 0, "verdict")
    daemon.launch(lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 20000)))
    wait_until(lambda: daemon.logged("READY"), "a low soft limit is raised")


HEAD = "terminal,name,area,heartbeat_s,measuring_point,meter\n"
BAD_ARCHIVES = [
    (HEAD + "010000001,a,0,60,,\n010000002,b,64,60,,\n", 3, "area"),
    (HEAD + "010000001,a,0,60,,\n\n010000002,b,0,soon,,\n", 4, "heartbeat_s"),
    (HEAD + "010000001,a,0,60,1,m1\n010000001,b,0,60,2,m2\n", 3, "name"),
    (HEAD + "010000001,a,0,60,1,m1\n010000001,a,0,60,1,m2\n", 3, ""),
    (HEAD + "0100 0001,a,0,60,,\n", 2, "terminal"),
    (HEAD + "010000001,a,0\n", 2, ""),
    ("terminal;name\n", 1, ""),
]


def test_bad_archive():
    for text, line, word in BAD_ARCHIVES:
        daemon = Daemon(archive=text)
        said = daemon.refused()
        check(f"line={line} " in said and word in said, f"names line {line} and {word!r}", text, said)
        daemon.close()
    daemon = Daemon(["010000001"])
    os.unlink(daemon.csv_path)
    said = daemon.refused()
    check("archive.csv" in said and "No such file" in said, "a missing file", said)


def test_bad_archive_changes_nothing():
    """What the store has of the archive stays as it was when a new file is refused."""
    daemon = Daemon(["010000001", "010000002"]).start()
    numbers = {row["address"]: row["number"] for row in daemon.ask("TERMINALS")["terminals"]}
    equal(daemon.stop(), 0, "verdict")
    daemon.write_archive(HEAD + "010000003,c,0,60,,\n010000001,a,99,60,,\n")
    daemon.refused()
    daemon.write_config(archive__csv="")
    daemon.start()
    again = {row["address"]: row["number"] for row in daemon.ask("TERMINALS")["terminals"]}
    equal(again, numbers, "terminals and numbers")


def test_port_in_use():
    """A port that somebody has, even another fepd, is an error at start with the port's number."""
    first = Daemon(["010000001"]).start()
    for option in ("listener", "feed.port", "door.port"):
        second = Daemon(["010000001"])
        if option == "listener":
            second.listener["port"] = first.port
        else:
            second.options[option] = first.feed_port if option == "feed.port" else first.door_port
        second.write_config()
        port = {"listener": first.port, "feed.port": first.feed_port, "door.port": first.door_port}[option]
        said = second.refused()
        check(str(port) in said and "in use" in said, f"{option}: says why", said)
        second.close()
    foreign = socket.socket()
    cleanup(foreign.close)
    foreign.bind(("127.0.0.1", 0))
    foreign.listen()
    third = Daemon(["010000001"], listener={"port": foreign.getsockname()[1]})
    check("in use" in third.refused(), "somebody else's port", third.log())
    Terminal(first).login()


def test_store_in_use():
    """Two daemons never share a store."""
    first = Daemon(["010000001"]).start()
    second = Daemon(["010000001"], {"store.path": first.options["store.path"]})
    said = second.refused()
    check("START-REFUSED" in said and "lock" in said.lower(), "says why", said)
    Terminal(first).login().confirmed_report(f129(1, Instant(), 1), "the first works on")


run()
