#!/usr/bin/python3
"""Modbus TCP devices that we dial: pymodbus slaves and the simulated device, polled with several requests in flight,
answered late and in another order, units that never answer, a connection that is lost in between.
"""
from harness import *
from modbus_gateway import Gateway, slave
from polled import PROFILE, holding, values_of, wanted

FAST = {"storage.linger_us": 0, "dial.backoff_ms": 50, "dial.backoff_max_ms": 200, "line.answer_timeout_ms": 1000,
        "line.late_ms": 600}


def profiles(texts):
    directory = tempfile.mkdtemp(prefix="fep-profiles-")
    cleanup(lambda: shutil.rmtree(directory, ignore_errors=True))
    for name, text in texts.items():
        with open(os.path.join(directory, f"{name}.profile"), "w") as file:
            file.write(text)
    return directory


def station(port, profile, text, units, options=None):
    rows = [f"site,line,3,60,{unit},{meter},modbus_rtu,{profile},modbus_tcp@127.0.0.1:{port}"
            for unit, meter in units]
    archive = "\n".join(["terminal,name,area,heartbeat_s,measuring_point,meter,protocol,profile,dial"] + rows) + "\n"
    settings = dict(FAST, **{"archive.profiles": profiles({profile: text})})
    settings.update(options or {})
    return Daemon(options=settings, archive=archive).start()


def gateway_of(units, **options):
    gateway = Gateway({unit: slave(holding(unit), {0: 5001}) for unit in units}, tcp=True, **options)
    cleanup(gateway.close)
    return gateway


def text_of(period="200ms", in_flight=1):
    return PROFILE.format(period=period) + f"setting in_flight {in_flight}\n"


def wait_values(daemon, units):
    for unit in units:
        wait_until(lambda: values_of(daemon.readings("site"), unit) == wanted(unit), f"the values of unit {unit}")


def test_one_in_flight():
    """One of them is the device itself, unit 255."""
    gateway = Gateway({unit: slave(holding(mp), {0: 5001}) for mp, unit in ((1, 1), (2, 2), (3, 255))}, tcp=True)
    cleanup(gateway.close)
    daemon = station(gateway.port, "testmeter", text_of(), ((1, 1), (2, 2), (3, 255)))
    wait_values(daemon, (1, 2, 3))
    facts = daemon.terminal_facts("site")
    equal((facts["codec"], facts["peer"]), ("modbus_tcp", f"127.0.0.1:{gateway.port}"), "the session")
    check(gateway.fault is None, "the slaves' fault", gateway.fault)


def test_another_order():
    """Each unit answers after another time, so answers overtake each other; every value stands under its own unit."""
    units = range(1, 9)
    gateway = gateway_of(units, late={unit: 0.02 * (9 - unit) for unit in units})
    daemon = station(gateway.port, "testmeter", text_of(in_flight=8), [(unit, unit) for unit in units])
    wait_values(daemon, units)
    wait_until(lambda: min(gateway.requests[unit] for unit in units) >= 9, "three sweeps")
    for message in daemon.readings("site"):
        for point, value in values_of([message], message.mp).items():
            equal(value, wanted(message.mp)[point], f"value of unit {message.mp}")
    equal(gateway.connections, 1, "connections")


def test_dead_unit_and_lost_connection():
    """A unit that never answers costs its own requests only; a lost connection is dialled again."""
    gateway = gateway_of((1, 2, 3), dead=[2])
    daemon = station(gateway.port, "testmeter", text_of(in_flight=4), [(unit, unit) for unit in (1, 2, 3)],
                     {"line.answer_timeout_ms": 200})
    wait_values(daemon, (1, 3))
    wait_until(lambda: daemon.metric("polls_demoted") == 1, "it is asked less")
    equal(gateway.connections, 1, "connections")
    gateway.dead = set()
    gateway.socket.shutdown(socket.SHUT_RDWR)
    wait_until(lambda: gateway.connections >= 2, "it is dialled again")
    wait_values(daemon, (1, 2, 3))


def test_more_than_there_is_room_for():
    """Two connections come at once, one fits: the other is dialled again, until there is room."""
    gateways = [Gateway({1: slave(holding(1), {0: 5001})}, tcp=True) for _ in range(2)]
    for gateway in gateways:
        cleanup(gateway.close)
    rows = [f"site{i},line,3,60,1,1,modbus_rtu,testmeter,modbus_tcp@127.0.0.1:{gateway.port}"
            for i, gateway in enumerate(gateways)]
    archive = "\n".join(["terminal,name,area,heartbeat_s,measuring_point,meter,protocol,profile,dial"] + rows) + "\n"
    daemon = Daemon(options={**FAST, "archive.profiles": profiles({"testmeter": text_of()}),
                             "connector.sessions": 1}, archive=archive).start()
    wait_until(lambda: "no room for a session" in daemon.log(), "one finds no room")
    states = {site: daemon.terminal_facts(site)["state"] for site in ("site0", "site1")}
    equal(sorted(states.values()), ["offline", "online"], "one is online")
    served = min(states, key=lambda site: states[site] == "offline")
    wait_until(lambda: values_of(daemon.readings(served), 1) == wanted(1), "its values")
    gone = gateways[int(served[-1])]
    gone.close()
    other = "site1" if served == "site0" else "site0"
    wait_until(lambda: values_of(daemon.readings(other), 1) == wanted(1), "then those of the other")


def test_more_than_may_be_dialled():
    """The limit of places is said, and counted."""
    gateway = gateway_of((1,))
    rows = [f"site{i},line,3,60,1,1,modbus_rtu,testmeter,modbus_tcp@127.0.0.1:{gateway.port}" for i in range(2)]
    archive = "\n".join(["terminal,name,area,heartbeat_s,measuring_point,meter,protocol,profile,dial"] + rows) + "\n"
    daemon = Daemon(options={**FAST, "archive.profiles": profiles({"testmeter": text_of()}), "dial.entries": 1},
                    archive=archive).start()
    wait_until(lambda: daemon.metric("dials_refused") == 1, "one is refused")
    check('DIAL-REFUSED' in daemon.log() and 'reason=LIMIT' in daemon.log(), "the log", daemon.log())
    wait_until(lambda: daemon.metric("dials_connected") == 1, "the other is dialled")


def test_commands():
    """Points of write=1 are written exactly, together where they stand together, with their scale factor; what does not
    fit or is not to be written never reaches the device."""
    registers = {10: 1000, 11: 0, 12: 0xFFFF, 20: 7}
    gateway = Gateway({1: slave(registers)}, tcp=True)
    cleanup(gateway.close)
    text = """profile limits
codec modbus_rtu
register inverter.limit.active_pct     3 10 u16 sf=12 write=1
register inverter.limit.active.enabled 3 11 u16 write=1
register inverter.state                3 20 u16
"""
    daemon = station(gateway.port, "limits", text, ((1, 1),), {"door.commands": "yes"})
    wait_until(lambda: daemon.terminal_facts("site")["state"] == "online", "online")

    def command(kind, points, values):
        word, fields = daemon.ask_raw("COMMAND", {"terminal": "site", "mp": 1, "kind": kind, "points": points,
                                                  "values": values, "who": "test"})
        return (word, fields.get("error"), fields.get("code"))

    command("write", ["inverter.limit.active_pct", "inverter.limit.active.enabled"], ["45.5", "1"])
    wait_until(lambda: gateway.values(1, 3, 10, 2) == [455, 1], "both written")
    equal([(one.function, one.address) for one in gateway.log], [(3, 12), (16, 10)], "the factor, then both at once")
    command("operate", ["inverter.limit.active.enabled"], ["0"])
    wait_until(lambda: gateway.values(1, 3, 11, 1) == [0], "switched off")
    asked = len(gateway.log)
    for points, values in ((["inverter.state"], ["1"]), (["inverter.limit.active.enabled"], ["0.5"]),
                           (["inverter.limit.active.enabled"], ["65536"])):
        check(command("write", points, values) != command("operate", ["inverter.limit.active.enabled"], ["0"]),
              "refused", points, values)
    equal(len(gateway.log), asked + 3, "only the good ones reached the device")
    equal(gateway.values(1, 3, 20, 1), [7], "untouched")


def test_simulated_device():
    """What the device said is what the feed brings, value by value."""
    path = os.path.join(os.path.dirname(BIN), "tests", "modbus_field")
    process = subprocess.Popen([path, "3", "2"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                               preexec_fn=die_with_parent)
    cleanup(lambda: (process.stdin.close(), process.wait()))
    port = int(process.stdout.readline().split()[1])
    with open(os.path.join(ROOT, "bench", "field_modbus_tcp.profile")) as file:
        text = file.read().replace("period   10s", "period 100ms")
    daemon = station(port, "field_modbus_tcp", text, ((1, 1), (2, 2)))
    wait_until(lambda: all(len([one for one in daemon.readings("site") if one.mp == mp]) >= 8 for mp in (1, 2)), "sweeps")
    equal(daemon.stop(), 0, "verdict of the stop")
    process.stdin.close()
    said = set()
    for line in process.stdout:
        _, mp, obis, mantissa, exponent = line.split()
        a, b, c, d, e = map(int, obis.split("."))
        said.add((int(mp), a << 28 | b << 24 | c << 16 | d << 8 | e, int(mantissa), int(exponent)))
    daemon.start()
    brought = {(message.mp, *item[:3]) for message in daemon.readings("site") for item in message.items}
    check(len(brought) >= 16, "values", len(brought))
    equal(brought - said, set(), "brought, and never said")


run()
