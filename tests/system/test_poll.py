#!/usr/bin/python3
"""Meters behind transparent gateways, polled: what pymodbus and libmodbus hold comes out on the feed. Dead meters, late
answers, heartbeats in between, a read a person asks for, a gateway that comes again.
"""
from harness import *
from modbus_gateway import Gateway, Slaves, slave
from polled import *

GATEWAY = "864201060000001"


def station(units, period="300ms", options=None, gateway=GATEWAY, columns="", extra=""):
    """A daemon that polls those units (measuring point = unit) behind one gateway."""
    directory = tempfile.mkdtemp(prefix="fep-profiles-")
    cleanup(lambda: shutil.rmtree(directory, ignore_errors=True))
    with open(os.path.join(directory, "testmeter.profile"), "w") as file:
        file.write(PROFILE.format(period=period))
    archive = f"terminal,name,area,heartbeat_s,measuring_point,meter,protocol,profile{columns}\n"
    for unit in units:
        archive += f"{gateway},line,3,60,{unit},{unit},modbus_rtu,testmeter{extra}\n"
    settings = {"archive.profiles": directory, "line.frame_gap_ms": 5, "line.answer_timeout_ms": 250,
                "line.late_ms": 600}
    settings.update(options or {})
    listener = {"codec": "dtu", "registration": "{imei}", "heartbeat": "HB|\\xFE"}
    return Daemon(options=settings, listener=listener, archive=archive).start()


def inputs(unit):
    return {0: 5001}


def gateway_of(daemon, units, **options):
    gateway = Gateway({unit: slave(holding=holding(unit), inputs=inputs(unit)) for unit in units}, port=daemon.port,
                      registration=GATEWAY.encode(), **options)
    cleanup(gateway.close)
    return gateway


def wait_values(daemon, subscriber, unit, text="values"):
    def there():
        return values_of(subscriber.messages("reading/03"), unit).keys() >= wanted(unit).keys()
    wait_until(there, f"{text} of unit {unit}")


def test_polled_pymodbus():
    daemon = station([1, 2, 7])
    subscriber = Subscriber(daemon, "reading/03", "login/03", "heartbeat/03").wait_subscribed("reading/03")
    gateway = gateway_of(daemon, [1, 2, 7], heartbeat=b"HB", heartbeat_s=0.03)
    for unit in (1, 2, 7):
        wait_values(daemon, subscriber, unit)
        equal(values_of(subscriber.messages("reading/03"), unit), wanted(unit), f"values of unit {unit}")
    wait_until(lambda: len([one for one in gateway.log if one.unit == 7]) >= 9, "three sweeps")
    functions = {(one.function, one.address, one.count) for one in gateway.log}
    equal(functions, {(3, 0, 4), (3, 16, 2), (4, 0, 1)}, "what was asked: near registers together, far ones apart")
    message = next(one for one in subscriber.messages("reading/03") if one.mp == 7)
    equal(message.address, GATEWAY, "address")
    equal(message.time_ms, 0, "Modbus gives no time")
    wait_until(lambda: subscriber.messages("heartbeat/03"), "a heartbeat")
    equal(len(subscriber.messages("login/03")), 1, "logins")
    check(gateway.fault is None, "the gateway's fault", gateway.fault)
    # LATEST knows them, and the journal holds what the feed said.
    latest = {(row[0], row[1]): row[4:6] for row in daemon.ask("LATEST", terminal=GATEWAY)["values"]}
    equal(latest[2, ENERGY], [123456, -2], "latest energy of unit 2")
    equal(values_of(daemon.readings(GATEWAY), 1), wanted(1), "values in the journal")
    equal(daemon.stop(), 0, "verdict of the stop")


def test_polled_libmodbus():
    daemon = station([1, 32])
    subscriber = Subscriber(daemon, "reading/03").wait_subscribed("reading/03")
    arguments = []
    for unit in (1, 32):
        registers = [holding(unit).get(address, 0) for address in range(18)]
        arguments += [f"{unit}:3:0=" + ",".join(f"{value:x}" for value in registers), f"{unit}:4:0={5001:x}"]
    slaves = Slaves(BIN, "--dial", str(daemon.port), "--registration", GATEWAY, "--heartbeat", "HB", "--heartbeat-ms",
                    "50", *arguments)
    cleanup(slaves.close)
    for unit in (1, 32):
        wait_values(daemon, subscriber, unit)
        equal(values_of(subscriber.messages("reading/03"), unit), wanted(unit), f"values of unit {unit}")


def test_dead_meter():
    """One of 8 does not answer: the others are polled on, the connection stays, it is asked ever more rarely, and
    comes back by itself."""
    units = list(range(1, 9))
    daemon = station(units, options={"line.answer_timeout_ms": 100, "line.late_ms": 100})
    gateway = gateway_of(daemon, units, dead=[5])
    wait_until(lambda: min(gateway.requests[unit] for unit in units if unit != 5) >= 30, "ten sweeps")
    check(gateway.requests[5] <= 12, "the dead one was asked too often", gateway.requests)
    equal(daemon.metric("polls_demoted"), 1, "demoted points")
    equal(daemon.status()["sessions"]["fresh"], 0, "sessions")
    equal(gateway.connections, 1, "connections")
    check(not values_of(daemon.readings(GATEWAY), 5), "values of a dead meter")
    gateway.dead = set()
    wait_until(lambda: values_of(daemon.readings(GATEWAY), 5) == wanted(5), "its return", pause_s=0.1)
    wait_until(lambda: daemon.metric("polls_demoted") == 0, "nothing demoted")


def test_late_answers():
    """Answers that come after their timeout are not taken for those of other requests."""
    daemon = station([1, 2], options={"line.answer_timeout_ms": 100, "line.late_ms": 1000})
    gateway = gateway_of(daemon, [1, 2], late={1: 0.25})
    wait_until(lambda: daemon.metric("answers_late") >= 3, "late answers")
    wait_until(lambda: gateway.requests[2] >= 9, "sweeps")
    for message in daemon.readings(GATEWAY):
        for point, value in values_of([message], message.mp).items():
            equal(value, wanted(message.mp)[point], f"value of unit {message.mp}")
    equal(gateway.connections, 1, "connections")
    equal(daemon.status()["closed"], {}, "closed sessions")


def test_read_on_demand():
    """A person's read of some points overtakes polling; what is wrong is said."""
    daemon = station([1, 2], period="60s")
    gateway = gateway_of(daemon, [1, 2])
    wait_until(lambda: daemon.status()["terminals_online"] == 1, "the gateway")
    result = daemon.ask_raw("READ", {"terminal": GATEWAY, "mp": 2, "kind": "current", "points": ["voltage.l1_V"]})
    equal((result[0], result[1]["error"]), ("RESULT", "OK"), "the result")
    wait_until(lambda: values_of(daemon.readings(GATEWAY), 2).get(VOLTAGE) == (2302, -1), "the voltage")
    equal([(one.unit, one.address, one.count) for one in gateway.log if one.unit == 2][-1], (2, 2, 1), "the request")
    before = daemon.status()["head"]
    done = program(os.path.join(BIN, "fepctl"), "--door", daemon.door_at, "--json", "read", GATEWAY, "--mp", "2",
                   "--point", "voltage.l1_V")
    equal(done.returncode, 0, f"fepctl read: {done.stderr}")
    shown = json.loads(done.stdout)["values"]
    equal([(one["point"], one["value"]) for one in shown], [("voltage.l1_V", "230.2")], "the point asked for alone")
    check(shown[0]["sequence"] > before, "what the answer brought, not what was known", shown)
    gateway.dead = {2}
    result = daemon.ask_raw("READ", {"terminal": GATEWAY, "mp": 2, "kind": "current"})
    equal(result[1]["error"], "TIMEOUT", "the result of a dead meter")
    result = daemon.ask_raw("READ", {"terminal": GATEWAY, "mp": 1, "kind": "current"})
    equal(result[1]["error"], "OK", "the result of the other")
    result = daemon.ask_raw("READ", {"terminal": GATEWAY, "mp": 9, "kind": "current"})
    equal(result[1]["error"], "UNSUPPORTED", "a measuring point without a meter")


def test_exceptions():
    """A block with a register the device does not have is asked row by row: what exists is read, what does not is said
    to be missing."""
    daemon = station([1])
    registers = {address: value for address, value in holding(1).items() if address != 3}
    gateway = Gateway({1: slave(holding=registers, inputs=inputs(1))}, port=daemon.port,
                      registration=GATEWAY.encode())
    cleanup(gateway.close)
    want = {**wanted(1), CURRENT: None}
    wait_until(lambda: values_of(daemon.readings(GATEWAY), 1) == want, "the values there are", pause_s=0.1)


def test_registration_before_each_packet():
    daemon = station([1])
    gateway = gateway_of(daemon, [1], prefix=GATEWAY.encode())
    wait_until(lambda: values_of(daemon.readings(GATEWAY), 1) == wanted(1), "the values", pause_s=0.05)
    equal(len(daemon.fetch(kind="login")), 1, "logins")
    equal(gateway.connections, 1, "connections")


def test_comes_again():
    """The gateway's connection breaks and comes again, also through a kill -9 of the daemon: polling goes on."""
    daemon = station([1])
    gateway = gateway_of(daemon, [1])
    wait_until(lambda: values_of(daemon.readings(GATEWAY), 1) == wanted(1), "the values", pause_s=0.05)
    gateway.close()
    wait_until(lambda: daemon.status()["terminals_online"] == 0, "offline")
    equal(daemon.metric("polls_planned"), 0, "nobody is polled while away")
    second = gateway_of(daemon, [1])
    wait_until(lambda: second.requests[1] >= 3, "polling again")
    count = len(daemon.readings(GATEWAY))
    daemon.kill()
    daemon.start()
    check(len(daemon.readings(GATEWAY)) >= count, "what was in the journal is there")
    third = gateway_of(daemon, [1])
    wait_until(lambda: third.requests[1] >= 3, "polling after the restart")


if __name__ == "__main__":
    run()
