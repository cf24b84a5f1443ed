#!/usr/bin/python3
"""Faults of the machine: disks that are slow or fail, too few descriptors, too little memory, clocks that jump, networks
that lose, and processes that stand still. Each with what docs/reliability.md promises of it.
"""
from harness import *

DISK_SHIM = os.path.join(os.path.dirname(BIN), "tests", "libdisk_shim.so")
CLOCK_SHIM = os.path.join(os.path.dirname(BIN), "tests", "libclock_shim.so")
ADDRESSES = [f"0100{number:05d}" for number in range(1, 41)]
EIO, EROFS = 5, 30
WALL = 0x40000000


def preloaded(daemon, shim, **environment):
    """Starts the daemon with a shim before its libraries."""
    os.environ.update(environment, LD_PRELOAD=shim)
    try:
        return daemon.start()
    finally:
        for name in [*environment, "LD_PRELOAD"]:
            del os.environ[name]


class Disk:
    """What becomes of the store's writes: milliseconds before a sync, errno of writes, errno of syncs."""

    def __init__(self, daemon):
        self.daemon, self.path = daemon, os.path.join(daemon.directory, "fault")
        self.set()

    def set(self, sync_ms=0, write=0, sync=0):
        with open(self.path, "r+b" if os.path.exists(self.path) else "wb") as file:
            file.write(struct.pack("=iii", sync_ms, write, sync))
        return self

    def start(self):
        store = self.daemon.options["store.path"]
        return preloaded(self.daemon, DISK_SHIM, FEP_TEST_FAULT=self.path, FEP_TEST_DISK=store)


class Reporter(threading.Thread):
    """Reports one after another, each when the one before is confirmed; knows which were. Dials again when it must."""

    def __init__(self, daemon, number, terminal=None):
        super().__init__(daemon=True)
        self.terminal = terminal or Terminal(daemon, number, connect=False)
        self.ended, self.fault = threading.Event(), None
        self.confirmed, self.minute, self.dials = [], 0, 0
        cleanup(self.end)
        self.start()

    def run(self):
        while not self.ended.is_set():
            try:
                self.dials += 1
                self.terminal.connect()
                self.terminal.login()
                while not self.ended.is_set():
                    self.terminal.confirmed_report(f25(1, Instant.number(self.minute), self.minute), self.minute)
                    self.confirmed.append(self.minute)
                    self.minute += 1
            except (OSError, Failure):
                self.ended.wait(0.05)
            except Exception as fault:
                self.fault = fault
                return

    def end(self):
        self.ended.set()
        try:
            self.terminal.socket.shutdown(socket.SHUT_RDWR)   # wakes it; its socket is its own until it has ended
        except (AttributeError, OSError):
            pass
        self.join()
        self.terminal.close()

    def more(self, count, deadline_s=60):
        """Waits for so many further confirmations."""
        wanted = len(self.confirmed) + count
        wait_until(lambda: len(self.confirmed) >= wanted, lambda: f"{count} more confirmations, of {self.fault}", deadline_s)


def check_all_there(daemon, reporters):
    """Everything confirmed is in the journal, nothing twice, with its value."""
    for reporter in reporters:
        reporter.end()
        equal(reporter.fault, None, "reporter")
    found = {}
    for message in daemon.readings():
        if message.mp == 1:
            key = (message.address, message.time_ms)
            check(key not in found, "twice in the journal", message)
            found[key] = items_of(message)
    check_no_doubles(daemon.fetch())
    for reporter in reporters:
        for minute in reporter.confirmed:
            items = found.get((reporter.terminal.address, Instant.number(minute).utc_ms))
            check(items is not None, f"confirmed and not in the journal: {reporter.terminal.address} {minute}")
            equal({point: items[point] for point in f25_items(minute)}, f25_items(minute), "value")


# ---- Disks ----

def test_slow_disk():
    """Syncs that take 700 ms: confirmations wait for them, and nobody is closed, lost or doubled."""
    daemon = Daemon(ADDRESSES)
    disk = Disk(daemon)
    disk.start()
    reporters = [Reporter(daemon, number) for number in range(1, 9)]
    for one in reporters:
        one.more(3)
    disk.set(sync_ms=700)
    for one in reporters:
        one.more(3)
    check(daemon.status()["commit_us"]["p99"] >= 600000, "commits are as slow as the disk", daemon.status()["commit_us"])
    disk.set()
    for one in reporters:
        one.more(20)
    equal([one.dials for one in reporters], [1] * 8, "nobody had to dial again")
    check_all_there(daemon, reporters)


def fails(**how):
    """From now on the disk fails: the process ends by itself and says why; a later start goes on with all of it."""
    daemon = Daemon(ADDRESSES)
    disk = Disk(daemon)
    disk.start()
    reporters = [Reporter(daemon, number) for number in range(1, 5)]
    for one in reporters:
        one.more(20)
    disk.set(**how)
    wait_until(lambda: daemon.process.poll() is not None, lambda: f"it ends\n{daemon.log()[-2000:]}")
    check(daemon.process.returncode != 0, "not as if all were well")
    check(daemon.logged("STORE-ERROR") and daemon.logged("COMMIT-FAILED"), "it says why", daemon.log()[-2000:])
    disk.set()
    disk.start()
    for one in reporters:
        one.more(5)
    check_all_there(daemon, reporters)


def test_writes_fail():
    fails(write=EIO)


def test_syncs_fail():
    fails(sync=EIO)


def test_read_only():
    fails(write=EROFS)


def test_read_only_from_the_start():
    daemon = Daemon(ADDRESSES).start()
    equal(daemon.stop(), 0, "it ends in order")
    disk = Disk(daemon).set(write=EROFS)
    os.environ.update(FEP_TEST_FAULT=disk.path, FEP_TEST_DISK=daemon.options["store.path"], LD_PRELOAD=DISK_SHIM)
    try:
        said = daemon.refused()
    finally:
        del os.environ["FEP_TEST_FAULT"], os.environ["FEP_TEST_DISK"], os.environ["LD_PRELOAD"]
    check("Read-only file system" in said, "it says why", said)


# ---- Descriptors and memory ----

def limit(daemon, what, value):
    done = program("prlimit", f"--pid={daemon.process.pid}", f"--{what}={value}:")
    equal(done.returncode, 0, done.stderr)


def test_no_descriptors():
    """No descriptor is left: new terminals wait, those that are there go on, and with room again all come in."""
    daemon = Daemon(ADDRESSES).start()
    old = [Reporter(daemon, number) for number in range(1, 4)]
    for one in old:
        one.more(2)
    daemon.status()     # its connection to the door stands
    limit(daemon, "nofile", len(os.listdir(f"/proc/{daemon.process.pid}/fd")) + 2)
    new = [Reporter(daemon, number) for number in range(10, 30)]
    wait_until(lambda: daemon.metric("accept_errors") > 0, "accept fails")
    for one in old:
        one.more(10)
    check(sum(not one.confirmed for one in new) >= 15, "most have to wait")
    limit(daemon, "nofile", 4096)
    for one in new:
        one.more(2)
    equal([one.dials for one in old], [1] * 3, "nobody was closed")
    check_all_there(daemon, old + new)


def test_no_memory():
    """Address space is used up: the process may end, which loses nothing; with room again it goes on."""
    daemon = Daemon(ADDRESSES).start()
    reporters = [Reporter(daemon, number) for number in range(1, 9)]
    for one in reporters:
        one.more(5)
    with open(f"/proc/{daemon.process.pid}/status") as file:
        size = next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmSize"))
    limit(daemon, "as", size + (1 << 20))
    more = [Reporter(daemon, number) for number in range(10, 40)]
    end = time.monotonic() + 10
    while daemon.process.poll() is None and time.monotonic() < end and any(not one.confirmed for one in more):
        time.sleep(0.05)
    if daemon.process.poll() is None:
        daemon.kill()
    daemon.start()
    for one in reporters + more:
        one.more(2)
    check_all_there(daemon, reporters + more)


# ---- Clocks ----

def test_clock_jumps():
    """The wall clock jumps an hour ahead, and back: sessions and confirmations do not mind, nothing is doubled."""
    daemon = Daemon(ADDRESSES)
    path = os.path.join(daemon.directory, "clock")
    with open(path, "wb") as file:
        file.write(struct.pack("=q", 0))
    preloaded(daemon, CLOCK_SHIM, FEP_TEST_CLOCK=path)
    reporters = [Reporter(daemon, number) for number in range(1, 6)]
    for offset_s in (0, 3600, 0, -3600, 0):
        with open(path, "r+b") as file:
            file.write(struct.pack("=q", offset_s))
        for one in reporters:
            one.more(20)
    equal([one.dials for one in reporters], [1] * 5, "nobody had to dial again")
    received = [message.received_ms for message in daemon.readings(ADDRESSES[0])]
    check(any(b - a > 3000000 for a, b in zip(received, received[1:])), "stamps follow the clock")
    check(any(a - b > 3000000 for a, b in zip(received, received[1:])), "also back")
    check_all_there(daemon, reporters)


# ---- Processes that stand still ----

def test_stopped():
    """Stopped for longer than the watchdog waits, then let go: it does not end, and everything goes on."""
    daemon = Daemon(ADDRESSES, {"actors.watchdog_ms": 5000}).start()
    reporters = [Reporter(daemon, number) for number in range(1, 5)]
    for one in reporters:
        one.more(5)
    daemon.process.send_signal(signal.SIGSTOP)
    time.sleep(8)
    daemon.process.send_signal(signal.SIGCONT)
    for one in reporters:
        one.more(5)
    daemon.check_alive()
    equal(daemon.logged("ACTOR-SILENT"), [], "nobody was taken for dead")
    check_all_there(daemon, reporters)


def held_thread(pid, name):
    """The id of the process's thread of that name."""
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/comm") as file:
            if file.read().strip() == name:
                return int(thread)
    raise Failure(f"no thread {name}")


def test_thread_held():
    """One connector thread stands still: the process ends by itself and can be started again."""
    daemon = Daemon(ADDRESSES, {"actors.watchdog_ms": 5000}).start()
    reporters = [Reporter(daemon, number) for number in range(1, 5)]
    for one in reporters:
        one.more(5)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long] * 4
    thread = held_thread(daemon.process.pid, "connector.0")
    PTRACE_SEIZE, PTRACE_INTERRUPT = 0x4206, 0x4207
    equal(libc.ptrace(PTRACE_SEIZE, thread, 0, 0), 0, f"seized, errno {ctypes.get_errno()}")
    equal(libc.ptrace(PTRACE_INTERRUPT, thread, 0, 0), 0, "held")
    os.waitpid(thread, WALL)
    wait_until(lambda: daemon.logged("ACTOR-SILENT"), "the watchdog", 60)
    def ended():
        try:
            os.waitpid(thread, WALL | os.WNOHANG)   # who holds a thread must also bury it
        except ChildProcessError:
            pass
        return daemon.process.poll() is not None
    wait_until(ended, "it has ended")
    check("connector" in daemon.logged("ACTOR-SILENT")[0], "it says who", daemon.logged("ACTOR-SILENT"))
    daemon.start()
    for one in reporters:
        one.more(5)
    check_all_there(daemon, reporters)


# ---- Networks ----

class Path(threading.Thread):
    """A relay between terminals and the daemon that can be late, cut, or go silent without a word to either side."""

    def __init__(self, daemon):
        super().__init__(daemon=True)
        self.to, self.delay_s, self.silent = daemon.port, 0.0, False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.links, self.ended = [], threading.Event()
        cleanup(self.close)
        self.start()

    def run(self):
        self.listener.settimeout(0.05)
        while not self.ended.is_set():
            try:
                near = self.listener.accept()[0]
                far = socket.create_connection(("127.0.0.1", self.to), timeout=DEADLINE_S)
            except OSError:
                continue
            self.links.append((near, far))
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=self.carry, args=(a, b), daemon=True).start()

    def carry(self, source, target):
        try:
            while data := source.recv(65536):
                if self.delay_s:
                    time.sleep(self.delay_s)
                if not self.silent:
                    target.sendall(data)
            if not self.silent:
                target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def cut(self):
        """Both ends see it end at once, whatever was under way."""
        links, self.links = self.links, []
        for pair in links:
            for end in pair:
                try:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    end.shutdown(socket.SHUT_RDWR)  # wakes who waits for it
                except OSError:
                    pass
                end.close()

    def close(self):
        self.ended.set()
        self.join()
        self.listener.close()
        self.cut()


def through(daemon, path):
    """A daemon as terminals behind the path see it."""
    class Behind:
        port, log = path.port, daemon.log
    return Behind


def test_delayed():
    """Round trips of more than half a second: confirmations come later, nobody is closed, nothing is asked twice."""
    daemon = Daemon(ADDRESSES).start()
    path = Path(daemon)
    path.delay_s = 0.3
    reporters = [Reporter(through(daemon, path), number) for number in range(1, 5)]
    for one in reporters:
        one.more(5)
    equal([one.dials for one in reporters], [1] * 4, "nobody had to dial again")
    check_all_there(daemon, reporters)


def test_cut_links():
    """Connections that break again and again: terminals dial anew, send again what was not confirmed, once."""
    daemon = Daemon(ADDRESSES).start()
    path = Path(daemon)
    reporters = [Reporter(through(daemon, path), number) for number in range(1, 9)]
    for _ in range(10):
        for one in reporters:
            one.more(2)
        path.cut()
    for one in reporters:
        one.more(2)
    check(min(one.dials for one in reporters) > 5, "they had to dial again")
    wait_until(lambda: sum(daemon.status()["sessions"].values()) == 8, "no session is left over")
    check_all_there(daemon, reporters)


def test_half_open():
    """A path that goes silent without a word: the session ends as silent, or gives way to the terminal's next one."""
    daemon = Daemon([(address, 1) for address in ADDRESSES], {"session.idle_factor": 3}).start()
    path = Path(daemon)
    reporters = [Reporter(through(daemon, path), number) for number in range(1, 3)]
    for one in reporters:
        one.more(3)
    path.silent = True
    wait_until(lambda: daemon.closed("SILENT") == 2, "both are closed as silent")
    for one in reporters:
        one.end()
    again = [Reporter(daemon, number) for number in range(1, 3)]
    for one in again:
        one.more(3)
    for old, new in zip(reporters, again):
        new.confirmed += old.confirmed
    check_all_there(daemon, again)


class Namespace:
    """A network of its own, joined to ours by a pair of interfaces: 10.213.N.1 here, .2 there."""

    count = 0

    def __init__(self):
        Namespace.count += 1
        number = os.getpid() % 200 + Namespace.count
        self.name = f"fept{os.getpid()}n{Namespace.count}"
        here, there = f"fh{os.getpid()}{Namespace.count}"[:15], f"ft{os.getpid()}{Namespace.count}"[:15]
        done = program("ip", "netns", "add", self.name)
        if done.returncode != 0:
            if os.environ.get("FEP_TEST_UNPRIVILEGED") == "1":
                raise Skipped("no right to make a network (FEP_TEST_UNPRIVILEGED=1)")
            raise Failure(f"cannot make a network namespace, which needs root: {done.stderr.strip()}")
        cleanup(lambda: program("ip", "netns", "del", self.name))
        self.here, self.there = f"10.213.{number}.1", f"10.213.{number}.2"
        self.device = there
        for command in (f"ip link add {here} type veth peer name {there} netns {self.name}",
                        f"ip addr add {self.here}/24 dev {here}", f"ip link set {here} up"):
            self.must(command)
        for command in (f"ip addr add {self.there}/24 dev {there}", f"ip link set {there} up", "ip link set lo up"):
            self.inside(command)

    @staticmethod
    def must(command):
        done = program(*command.split())
        equal(done.returncode, 0, f"{command}: {done.stderr}")

    def inside(self, command):
        self.must(f"ip netns exec {self.name} {command}")

    def connect(self, port):
        """A connection from in there to a port of ours."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{self.name}") as away:
            equal(libc.setns(away.fileno(), 0x40000000), 0, "entered")
            try:
                return socket.create_connection((self.here, port), timeout=DEADLINE_S)
            finally:
                equal(libc.setns(home.fileno(), 0x40000000), 0, "left")


class FarTerminal(Terminal):
    """A terminal in another network."""

    def __init__(self, daemon, number, space):
        super().__init__(daemon, number, connect=False)
        self.space = space

    def connect(self):
        self.close()
        self.socket = self.space.connect(self.daemon.port)
        self.rest, self.closed = b"", False
        self.waiting.clear()
        return self


def far_reporters(daemon, space, count):
    return [Reporter(daemon, number, FarTerminal(daemon, number, space)) for number in range(1, count + 1)]


def test_loss():
    """One packet in ten is lost in either direction: everything comes through in the end, once."""
    space = Namespace()
    daemon = Daemon(ADDRESSES, listener={"address": "0.0.0.0"}).start()
    for chain in ("INPUT", "OUTPUT"):
        space.inside(f"iptables -A {chain} -p tcp -m statistic --mode random --probability 0.1 -j DROP")
    reporters = far_reporters(daemon, space, 4)
    for one in reporters:
        one.more(10, 90)
    check_all_there(daemon, reporters)


def test_narrow():
    """A path of 64 kbit/s for eight terminals: slow, and nothing else."""
    space = Namespace()
    daemon = Daemon(ADDRESSES, listener={"address": "0.0.0.0"}).start()
    space.inside(f"tc qdisc add dev {space.device} root tbf rate 64kbit burst 3kb latency 400ms")
    reporters = far_reporters(daemon, space, 8)
    for one in reporters:
        one.more(5, 90)
    check_all_there(daemon, reporters)


# ---- Floods ----

def test_random_connections():
    """Thousands of connections that send random bytes: refused and closed, and a terminal is served beside them."""
    daemon = Daemon(ADDRESSES, {"connector.sessions": 400, "session.login_timeout_ms": 2000}).start()
    one = Reporter(daemon, 1)
    one.more(5)
    draw = random.Random(7)
    opened = 0
    while opened < 10000:
        batch = []
        for _ in range(200):
            try:
                link = socket.create_connection(("127.0.0.1", daemon.port), timeout=DEADLINE_S)
                link.sendall(draw.randbytes(draw.randrange(1, 400)))
                batch.append(link)
            except OSError:
                pass
        opened += 200
        for link in batch:
            link.close()
    one.more(10)
    equal(one.dials, 1, "it was served all the time")
    wait_until(lambda: sum(daemon.status()["sessions"].values()) <= 2, "all of them are gone")
    check_all_there(daemon, [one])


run()
