#!/usr/bin/python3
"""fepctl modbus: against slaves of pymodbus over TCP and RTU over TCP, and of libmodbus on a serial line and behind
a gateway that dials in. Also what proves those two gateways, which other tests use.
"""
import struct

from harness import *
from modbus_gateway import Gateway, Slaves, slave

PATIENT = ("--timeout", "1000")    # of a scan: a slave on a busy machine is still a slave
FLOAT = struct.unpack(">HH", struct.pack(">f", 229.8))


def fepctl(*arguments, code=0, **options):
    """fepctl modbus; its output, and its complaints."""
    done = program(os.path.join(BIN, "fepctl"), "modbus", *arguments, stdin=subprocess.DEVNULL, **options)
    equal(done.returncode, code, f"exit status of {arguments}: {done.stderr}")
    return done


def ask(*arguments, **options):
    return json.loads(fepctl(*arguments[:1], "--json", *arguments[1:], **options).stdout)


def gateway(*arguments, **options):
    one = Gateway(*arguments, **options)
    cleanup(one.close)
    return one


def slaves(*arguments):
    one = Slaves(BIN, *arguments)
    cleanup(one.close)
    return one


def three_units():
    registers = dict(enumerate(range(100, 120)))
    return {2: slave(holding=registers), 3: slave(inputs=registers), 5: slave(holding={0: FLOAT[0], 1: FLOAT[1], 7: 5})}


def line_of(one):
    return ("--tcp" if one.tcp else "--rtu-tcp"), f"127.0.0.1:{one.port}"


def check_scan(line):
    """Exactly the units; one of them proves itself by an exception."""
    found = ask("scan", *line, "--units", "1-6", *PATIENT)
    equal(found["asked"], 6, "units asked")
    equal([(one["unit"], one["exception"]) for one in found["units"]], [(2, 0), (3, 2), (5, 0)], "units found")
    return found


def test_scan_tcp():
    one = gateway(three_units(), tcp=True)
    found = check_scan(line_of(one))
    check(all("ymodbus" in unit["server_id"] for unit in found["units"]), "server id", found)
    equal(one.requests[4], 1, "a silent unit is asked once")
    equal(one.fault, None, "gateway")


def test_scan_behind_heartbeats():
    """Registration, heartbeats as often as it can, and both in front of each answer: nothing is lost or invented."""
    one = gateway(three_units(), registration=b"LOGIN:1001\r\n", prefix=b"865501043421234\r\n", heartbeat=b"HB01",
                  heartbeat_s=0.003, delay_s=0.02)
    check_scan(line_of(one))
    for _ in range(5):
        values = ask("read", *line_of(one), "2", "3", "0-19", "--type", "u16")["values"]
        equal([value["value"] for value in values], list(range(100, 120)), "values")
    check(one.heartbeats > 20, "heartbeats came", one.heartbeats)
    equal(one.fault, None, "gateway")


def test_scan_of_nothing():
    one = gateway({}, heartbeat=b"\xFF", heartbeat_s=0.01)
    done = fepctl("scan", *line_of(one), "--units", "1-3", "--timeout", "100", code=2)
    check("no unit answers" in done.stderr, "advice", done.stderr)
    equal(sum(one.requests.values()), 3, "requests")


def test_gateway_exceptions_are_no_units():
    """A Modbus TCP gateway answers for units it cannot reach: 10 and 11 prove that there is none."""
    one = gateway(three_units(), tcp=True)
    execute = one.answer

    def answer(request):
        if request.unit_id == 6:
            response = request.doException(0x0B)
            response.unit_id, response.transaction_id = 6, request.transaction_id
            one.requests[6] += 1
            one.socket.sendall(one.framer.buildPacket(response))
        else:
            execute(request)
    one.answer = answer
    check_scan(line_of(one))
    equal(one.requests[6], 1, "it was asked")
    done = fepctl("read", *line_of(one), "6", "3", "0", code=1)
    check("gateway: the unit did not answer" in done.stderr, "said", done.stderr)


def test_probe_splits():
    """Islands of registers, one of them a single register; a block with one missing is split until it is known."""
    holding = {address: address for address in (*range(0, 10), 33, *range(62, 67), *range(200, 330))}
    one = gateway({1: slave(holding=holding)})
    found = ask("scan", *line_of(one), "--units", "1", *PATIENT, "--probe", "0-400")
    equal(found["units"][0]["registers"], [[0, 9], [33, 33], [62, 66], [200, 329]], "ranges")
    check(all(request.count <= 125 for request in one.log if request.count), "limit of one request")
    text = fepctl("scan", *line_of(one), "--units", "1", *PATIENT, "--probe", "0-400").stdout
    check("registers: 0-9, 33, 62-66, 200-329" in text, "for people", text)


def test_probe_of_meters_that_refuse_half_a_value():
    """Exception 2 for an odd number of registers, as many meters with floats."""
    one = gateway({1: slave(inputs={address: 1 for address in (*range(0, 8), *range(20, 22))})})
    block = one.context[1].store["i"]
    validate = block.validate
    block.validate = lambda address, count=1: count % 2 == 0 and address % 2 == 0 and validate(address, count)
    found = ask("scan", *line_of(one), "--units", "1", *PATIENT, "--function", "4", "--probe", "0-30")
    equal(found["units"][0]["registers"], [[0, 7], [20, 21]], "ranges")


def test_read_types():
    holding = {10: FLOAT[0], 11: FLOAT[1], 12: FLOAT[1], 13: FLOAT[0], 14: 0xFFFE, 15: 0x1234, 16: 0xFFFF, 17: 0xFFFE}
    one = gateway({7: slave(holding=holding, coils={3: 1, 4: 0, 5: 1}, discrete={0: 1})})
    line = line_of(one)

    def value(address, *options):
        return ask("read", *line, "7", "3", str(address), "--type", *options)["values"][0]["value"]
    equal(value(10, "f32"), 229.8, "f32")
    equal(value(12, "f32", "--order", "CDAB"), 229.8, "f32 CDAB")
    equal(value(14, "i16"), -2, "i16")
    equal(value(14, "u16", "--scale", "0.1"), 6553.4, "scaled")
    equal(value(15, "bcd16"), 1234, "bcd16")
    equal(value("0x10", "i32"), -2, "i32")
    equal(value(11, "i16", "--offset", "3"), -2, "offset")
    equal(value(15, "bits"), "0001 0010 0011 0100", "bits")
    guesses = ask("read", *line, "7", "3", "10-13")["values"]
    equal((guesses[0]["f32"]["ABCD"], guesses[2]["f32"]["CDAB"], guesses[0]["u16"]), (229.8, 229.8, FLOAT[0]), "guesses")
    coils = ask("read", *line, "7", "1", "3-5")["values"]
    equal([bit["bit"] for bit in coils], [1, 0, 1], "coils")
    equal(ask("read", *line, "7", "2", "0")["values"][0]["bit"], 1, "discrete input")
    check("229.8" in fepctl("read", *line, "7", "3", "10-13").stdout, "for people")
    done = fepctl("read", *line, "7", "3", "17-18", code=1)
    check("exception 2" in done.stderr and "illegal data address" in done.stderr, "said", done.stderr)


def test_read_more_than_one_request_takes():
    holding = {address: address * 3 for address in range(1000, 1300)}
    one = gateway({1: slave(holding=holding, coils={address: address % 3 == 0 for address in range(300)})}, tcp=True)
    values = ask("read", *line_of(one), "1", "3", "1000-1299", "--type", "u16")["values"]
    equal({value["wire"]: value["value"] for value in values}, holding, "values")
    bits = ask("read", *line_of(one), "1", "1", "0-299")["values"]
    equal([bit["bit"] for bit in bits], [int(address % 3 == 0) for address in range(300)], "bits")


def test_silent_and_late():
    """A unit that is silent is asked three times; one that answers late does not spoil the next one's answer."""
    one = gateway({1: slave(holding={0: 11, 1: 11}), 2: slave(holding={0: 22})}, dead=[3], late={1: 2.5, 2: 1.0})
    done = fepctl("read", *line_of(one), "3", "3", "0", "--timeout", "50", code=2)
    check("no answer in time" in done.stderr, "said", done.stderr)
    equal(one.requests[3], 3, "asked")
    found = ask("scan", *line_of(one), "--units", "1-2", "--timeout", "2000")
    equal([unit["unit"] for unit in found["units"]], [2], "the late one is not taken for the other")
    one.late = {}
    equal(ask("read", *line_of(one), "1", "3", "0", "--type", "u16")["values"][0]["value"], 11, "and now it answers")


def test_write():
    for tcp in (False, True):
        one = gateway({4: slave(holding={address: 0 for address in range(200)}, coils={address: 0 for address in range(40)})},
                      tcp=tcp, prefix=b"" if tcp else b"\xFE")
        line = line_of(one)
        refused = fepctl("write", *line, "4", "6", "10", "77", code=2)
        check("nothing was written" in refused.stderr and "77" in refused.stdout, "it says what it would do", refused)
        equal(one.values(4, 3, 10), [0], "and does nothing")
        done = ask("write", *line, "4", "6", "10", "77", "--yes")
        equal((done["before"], done["after"], done["same"]), ([0], [77], True), "one register")
        ask("write", *line, "4", "16", "20", "1", "0xFFFF", "--yes", "--", "-2")
        equal(one.values(4, 3, 20, 3), [1, 0xFFFF, 0xFFFE], "several")
        ask("write", *line, "4", "16", "30", "229.8", "--type", "f32", "--order", "CDAB", "--yes")
        equal(one.values(4, 3, 30, 2), [FLOAT[1], FLOAT[0]], "a float")
        ask("write", *line, "4", "5", "7", "1", "--yes")
        ask("write", *line, "4", "15", "10", *"1011001110", "--yes")
        equal(one.values(4, 1, 7), [True], "a coil")
        equal([int(bit) for bit in one.values(4, 1, 10, 10)], [1, 0, 1, 1, 0, 0, 1, 1, 1, 0], "coils")
        ask("write", *line, "4", "16", "50", *map(str, range(123)), "--yes")
        equal(one.values(4, 3, 50, 123), list(range(123)), "as many as there may be")
        fepctl("write", *line, "4", "16", "50", *map(str, range(124)), "--yes", code=2)
        done = fepctl("write", *line, "4", "6", "500", "1", "--yes", code=1)
        check("exception 2" in done.stderr, "said", done.stderr)


def test_write_that_does_not_stick():
    """A register that ignores writes: the answer is good, what is read back is not."""
    one = gateway({4: slave(holding={0: 5})})
    block, echo = one.context[4].store["h"], []
    block.setValues = lambda address, values: echo.extend(values)
    block.getValues = lambda address, count: [echo.pop()] if echo else [5]
    done = ask("write", *line_of(one), "4", "6", "0", "6", "--yes", code=1)
    equal((done["before"], done["after"], done["same"]), ([5], [5], False), "read back")


def test_write_is_never_repeated():
    one = gateway({4: slave(holding={0: 5})}, dead=[4])
    fepctl("write", *line_of(one), "4", "6", "0", "6", "--yes", "--timeout", "50", code=2)
    equal([request.function for request in one.log].count(6), 1, "writes")


def test_write_asks_a_person():
    for answer, wanted, code in (("n", 5, 2), ("", 5, 2), ("y", 6, 0)):
        one = gateway({4: slave(holding={0: 5})})
        far, near = os.openpty()
        process = subprocess.Popen([os.path.join(BIN, "fepctl"), "modbus", "write", *line_of(one), "4", "6", "0", "6"],
                                   stdin=near, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        os.close(near)
        cleanup(process.kill)
        asked = b""
        while b"[y/N]" not in asked:
            asked += process.stderr.read(1) or b"[y/N] never came"
        equal(one.values(4, 3, 0), [5], "not before the answer")
        os.write(far, answer.encode() + b"\n")
        process.communicate(timeout=DEADLINE_S)
        equal((process.returncode, one.values(4, 3, 0)), (code, [wanted]), f"answered '{answer}'")
        os.close(far)


def test_line_that_breaks():
    """The gateway goes away in the middle of a scan: what was found is shown, and why it ended."""
    for tcp in (False, True):
        one = gateway({1: slave(holding={0: 1})}, tcp=tcp)
        answer = one.answer

        def close_at_three(request):
            if request.unit_id == 3:
                one.socket.shutdown(socket.SHUT_RDWR)
            else:
                answer(request)
        one.answer = close_at_three
        done = fepctl("scan", *line_of(one), "--units", "1-9", "--timeout", "1000", "--json", code=2)
        found = json.loads(done.stdout)
        equal((found["asked"], [unit["unit"] for unit in found["units"]]), (3, [1]), "found before")
        check("unit 3" in done.stderr and "other end" in done.stderr, "said", done.stderr)


def test_serial_line():
    """libmodbus on both ends of a pseudo terminal."""
    peer = slaves("--pty", "3:3:0x10=4365,CCCD,0007", "4:4:0=1,2,3", "5:dead")
    line = ("--serial", peer.first[1], "--baud", "19200", "--parity", "E")
    found = ask("scan", *line, "--units", "3-6", "--register", "0x10", *PATIENT)
    equal([(one["unit"], one["exception"]) for one in found["units"]], [(3, 0), (4, 2)], "units")
    check("LMB3" in found["units"][0]["server_id"], "server id", found)
    equal(ask("read", *line, "3", "3", "0x10", "--type", "f32")["values"][0]["value"], 229.8, "f32")
    done = ask("write", *line, "3", "16", "0x10", "1", "2", "--yes")
    equal((done["before"], done["after"]), ([0x4365, 0xCCCD], [1, 2]), "written")
    wait_until(lambda: peer.requests[5] == 1, "the dead one was asked")


def listening(*arguments):
    """fepctl with --rtu-listen on any port: the process and the port."""
    process = subprocess.Popen([os.path.join(BIN, "fepctl"), "modbus", *arguments, "--rtu-listen", "127.0.0.1:0"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    cleanup(process.stdout.close)
    cleanup(process.stderr.close)
    cleanup(process.wait)
    cleanup(process.kill)
    return process, int(re.search(r"port (\d+)", process.stderr.readline())[1])


def test_gateway_that_dials_in():
    """libmodbus slaves behind it, a heartbeat in front of each answer; all sorts of requests."""
    process, port = listening("scan", "--units", "1-5", *PATIENT, "--probe", "0-5", "--registration-bytes", "8", "--json")
    peer = slaves("--dial", str(port), "--registration", "HF000042", "--heartbeat", "\x01beat", "1:3:2=1,2",
                  "4:3:0=5", "3:dead")
    output, errors = process.communicate(timeout=DEADLINE_S)
    equal(process.returncode, 0, f"exit status: {errors}")
    check("HF000042" in errors, "the registration is shown", errors)
    found = json.loads(output)["units"]
    equal([(one["unit"], one["registers"]) for one in found], [(1, [[2, 3]]), (4, [[0, 0]])], "units")
    check(peer.requests[1] > 3 and peer.requests[3] == 1 and peer.requests[5] == 1, "requests", peer.requests)
    process, port = listening("write", "9", "16", "1", "8", "9", "--yes", "--json")
    slaves("--dial", str(port), "--heartbeat", "beat", "--heartbeat-ms", "1", "--delay-ms", "30", "9:3:0=0,0,0")
    output, errors = process.communicate(timeout=DEADLINE_S)
    equal((json.loads(output)["after"], process.returncode), ([8, 9], 0), f"written: {errors}")


def test_pymodbus_gateway_that_dials_in():
    """Thirty-two units; one is dead; requests counted by unit."""
    units = {unit: slave(holding={0: unit}) for unit in range(1, 33)}
    process, port = listening("scan", "--units", "1-33", *PATIENT, "--json")
    one = gateway(units, port=port, registration=b"\x00\x01", heartbeat=b"zdjc", heartbeat_s=0.01, dead=[17])
    output, errors = process.communicate(timeout=DEADLINE_S)
    equal(process.returncode, 0, f"exit status: {errors}")
    equal([found["unit"] for found in json.loads(output)["units"]], [unit for unit in range(1, 33) if unit != 17], "units")
    equal((one.requests[17], one.requests[33], one.requests[1]), (1, 1, 2), "requests: a read, and the server id")
    equal(one.fault, None, "gateway")


def test_interrupted():
    """Ctrl-C in the middle of a scan: what was found is shown."""
    one = gateway({1: slave(holding={0: 1})})
    process = subprocess.Popen([os.path.join(BIN, "fepctl"), "modbus", "scan", *line_of(one), "--json", *PATIENT],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    cleanup(process.kill)
    wait_until(lambda: one.requests[2], "the second unit is asked")
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=DEADLINE_S)
    equal(([found["unit"] for found in json.loads(output)["units"]], process.returncode), ([1], 0), errors)
    check("ended after" in errors, "said", errors)


def test_proposed_profile():
    one = gateway({1: slave(holding={0: FLOAT[0], 1: FLOAT[1], 2: 0, 5: 2298, 6: FLOAT[1], 7: FLOAT[0]})})
    text = fepctl("read", *line_of(one), "1", "3", "0-2", "--profile", "meter").stdout
    lines = text.splitlines()
    equal(lines[:3], ["profile meter", "codec modbus_rtu", "period 60s"], "head")
    check("# register POINT 3 0x0000 f32   # 229.8" in lines, "a float", text)
    check("# register POINT 3 0x0002 u16   # 0" in lines, "a word", text)
    text = fepctl("scan", *line_of(one), "--units", "1", *PATIENT, "--probe", "0-9", "--profile", "meter").stdout
    lines = text.splitlines()
    check("# register POINT 3 0x0005 u16   # 2298" in lines, "another island", text)
    check("# register POINT 3 0x0006 f32 order=CDAB   # 229.8" in lines, "its order", text)
    text = fepctl("read", *line_of(one), "1", "3", "6", "--type", "u16", "--scale", "0.1", "--offset", "-1", "--profile",
                  "meter").stdout
    check("offset -1" in text and "# register POINT 3 0x0006 u16 scale=0.1   # 229.8" in text, "as told", text)


def float_words(value):
    return struct.unpack(">HH", struct.pack(">f", value))


def test_try_a_profile():
    """A proposal filled in by a person; its points, and whether they can be."""
    inputs = dict(enumerate(float_words(229.8) + float_words(50.02) + float_words(5000) + (0xFFFF, 2301, 6)))
    one = gateway({3: slave(inputs=inputs)})
    proposed = fepctl("read", *line_of(one), "3", "4", "0-8", "--profile", "mine").stdout
    names = {"0x0000": "voltage.l1_V", "0x0002": "frequency_Hz", "0x0004": "voltage.l2_V", "0x0006": "current.l1_A",
             "0x0007": "voltage.l3_V"}
    text = ""
    for line in proposed.splitlines():
        words = line.split()
        if words[:2] == ["#", "register"] and words[4] in names:
            line = line[2:].replace("POINT", names[words[4]])
            line = line.replace("u16", "u16 scale=0.1 none=0xFFFF")
        text += line + "\n"
    text += "register relay.state 4 8 bits:1:2\nregister power.active.total_kW 4 0x50 f32\n"
    with tempfile.NamedTemporaryFile("w", suffix=".profile") as file:
        file.write(text)
        file.flush()
        found = ask("read", *line_of(one), "3", "--try", file.name, code=1)
        table = fepctl("read", *line_of(one), "3", "--try", file.name, code=1)
    equal({point["point"]: (point["value"], point["plausible"]) for point in found["points"]},
          {"voltage.l1_V": (229.8, True), "frequency_Hz": (50.02, True), "voltage.l2_V": (5000, False),
           "current.l1_A": (None, False), "voltage.l3_V": (230.1, True), "relay.state": (3, True),
           "power.active.total_kW": (None, False)}, "points")
    check("4 of 7 plausible" in table.stdout and "no: 0 to 999.9" in table.stdout, "for people", table.stdout)
    check("0x0050" in table.stderr and "exception 2" in table.stderr, "what was refused", table.stderr)


def test_try_a_broken_profile():
    with tempfile.NamedTemporaryFile("w", suffix=".profile") as file:
        file.write("profile mine\ncodec modbus_rtu\nregister no.such.point 3 0 u16\n")
        file.flush()
        done = fepctl("read", "--tcp", "127.0.0.1:1", "3", "--try", file.name, code=2)
    check(f"{file.name}:3: " in done.stderr, "where it is wrong", done.stderr)
    check(fepctl("read", "--tcp", "127.0.0.1:1", "3", "--try", "/none", code=2).stderr, "no such file")


def text_words(text, count):
    data = text.encode().ljust(2 * count, b"\0")
    return list(struct.unpack(f">{count}H", data))


def sunspec(base, trackers, common=66):
    """A chain of models: common, one nobody knows, an inverter of three phases, controls, trackers."""
    inverter = [0xFFFF] * 52
    for at, value in {0: 103, 1: 50, 2: 210, 3: 70, 6: 0xFFFF, 10: 2301, 13: 0xFFFF, 14: 1234, 15: 1, 16: 5001, 17: 0xFFFE,
                      18: 0x8000, 20: 0xFFCE, 21: 1, 22: 0x8000, 24: 1, 25: 0x1170, 26: 0, 31: 0x8000, 33: 0x8000, 34: 352,
                      35: 0x8000, 36: 0x8000, 37: 0xFFFF, 38: 4, 40: 0, 41: 5}.items():
        inverter[at] = value
    controls = [123, 24] + [0] * 21 + [0xFFFF, 0xFFFD, 0xFFFF]
    controls[5:10] = [1000, 0, 60, 0, 1]
    mppt = [160, 8 + 20 * trackers, 0xFFFE, 0xFFFF, 0, 0, 0, 0, trackers, 10]
    for number in range(trackers):
        mppt += [number + 1] + text_words(f"PV{number + 1}", 8) + [500 + number, 6000, 300, 0, 1000 + number, 0, 0, 35, 4, 0, 0]
    words = [0x5375, 0x6E53, 1, common] + text_words("Sun Maker", 16) + text_words("Inv 5", 16) + text_words("", 8)
    words += text_words("1.2", 8) + text_words("SN42", 16) + [1] + [0x8000] * (common - 65)
    words += [64001, 3, 1, 2, 3] + inverter + controls + mppt + [0xFFFF, 0]
    return {base + at: word for at, word in enumerate(words)}


def check_sunspec(base, common):
    one = gateway({3: slave(holding=sunspec(base, 7, common))}, tcp=True)
    found = ask("sunspec", *line_of(one), "3")
    first = base + 2
    equal((found["base"], found["manufacturer"], found["model"], found["version"], found["serial"]),
          (base, "Sun Maker", "Inv 5", "1.2", "SN42"), "who it is")
    inverter = first + 2 + common + 5
    equal([(model["model"], model["wire"], model["registers"]) for model in found["models"]],
          [(1, first, common + 2), (64001, first + 2 + common, 5), (103, inverter, 52), (123, inverter + 52, 26),
           (160, inverter + 78, 150)], "models")
    equal(found["models"][2]["points"],
          {"current.sum_A": 21, "current.l1_A": 7, "voltage.l1_V": 230.1, "power.active.export.total_kW": 12.34,
           "frequency_Hz": 50.01, "power.reactive.total_kvar": -0.5, "energy.active.export.total_kWh": 70,
           "inverter.temperature.sink_degC": 35.2, "inverter.state": 4, "inverter.events1": 5}, "inverter")
    equal(found["models"][4]["points"]["inverter.dc.current.t7_A"], 5.06, "the last tracker")
    check("three phases" in fepctl("sunspec", *line_of(one), "3").stdout, "a table")
    return one, inverter


def test_sunspec():
    """The chain, its points, and a profile that can be used as it is."""
    one, inverter = check_sunspec(40000, 66)
    text = fepctl("sunspec", *line_of(one), "3", "--profile", "inv").stdout
    lines = [" ".join(line.split()) for line in text.splitlines()]
    check(f"register voltage.l1_V 3 {inverter + 10} u16 none=0xFFFF sf={inverter + 13} # 230.1" in lines, "a row", text)
    check(f"# register voltage.l2_V 3 {inverter + 11} u16 none=0xFFFF sf={inverter + 13}" in lines, "a row it has not", text)
    check(f"register inverter.limit.active_pct 3 {inverter + 57} u16 none=0xFFFF sf={inverter + 75} write=1 # 100" in lines,
          "a control", text)
    check(any(line.startswith("register inverter.dc.voltage.t7_V") and "scale=0.1 none=0xFFFF #" in line and "sf=" not in line
              for line in lines), "a factor too far away", text)
    with tempfile.NamedTemporaryFile("w", suffix=".profile") as file:
        file.write(text)
        file.flush()
        points = ask("read", *line_of(one), "3", "--try", file.name)["points"]
    values = {point["point"]: point["value"] for point in points}
    check(all(point["plausible"] for point in points), "plausible", points)
    equal((values["voltage.l1_V"], values["power.active.export.total_kW"], values["inverter.dc.current.t7_A"]),
          (230.1, 12.34, 5.06), "values by the profile")
    check_sunspec(50000, 65)
    check_sunspec(0, 65)


def test_no_sunspec():
    one = gateway({3: slave(holding={0: 1, 1: 2, 40000: 0x5375, 40001: 0x6E54})}, tcp=True)
    check("no SunSpec marker" in fepctl("sunspec", *line_of(one), "3", code=1).stderr, "it says so")
    broken = sunspec(40000, 1)
    one = gateway({3: slave(holding={at: word for at, word in broken.items() if at < 40090})}, tcp=True)
    done = fepctl("sunspec", *line_of(one), "3", code=1)
    check("common" in done.stdout and "exception 2" in done.stderr, "as far as it goes", done.stdout + done.stderr)
    check(fepctl("sunspec", *line_of(one), "300", code=2).stderr, "no such unit")


def test_damaged_sunspec():
    """A model that ends before a scale factor has none of the points that need it; one that is too long is said."""
    head = [0x5375, 0x6E53]
    short = head + [103, 4, 210, 70, 1, 2] + [64001, 0, 0xFFFF, 0]
    one = gateway({3: slave(holding=dict(enumerate(short, 40000)))}, tcp=True)
    equal(ask("sunspec", *line_of(one), "3")["models"][0]["points"], {}, "points")
    # The same at the end of all registers.
    last = 65536 - 6
    end = {50000 + at: word for at, word in enumerate(head + [64001, last - 50004] + [0] * (last - 50004))}
    one = gateway({3: slave(holding={**end, **dict(enumerate([103, 4, 210, 70, 1, 2], last))})}, tcp=True)
    equal([(model["model"], model["points"]) for model in ask("sunspec", *line_of(one), "3")["models"]],
          [(64001, {}), (103, {})], "models")
    one = gateway({3: slave(holding=dict(enumerate(head + [103, 65535], 40000)))}, tcp=True)
    done = fepctl("sunspec", *line_of(one), "3", code=1)
    check("model 103 at 40002 says 65535 registers" in done.stderr, "it says so", done.stderr)
    one = gateway({3: slave(holding=dict(enumerate(head + [64001, 0] * 200, 40000)))}, tcp=True)
    check("models: the rest is not shown" in fepctl("sunspec", *line_of(one), "3", code=1).stderr, "it says so")


def test_wrong_use():
    for arguments in (("scan",), ("scan", "--tcp", "a:1", "--serial", "b"), ("read", "--tcp", "127.0.0.1:1", "1", "3"),
                      ("scan", "--tcp", "127.0.0.1:1", "--units", "0-9"), ("scan", "--tcp", "nowhere"),
                      ("read", "--rtu-tcp", "127.0.0.1:1", "248", "3", "0"), ("read", "--tcp", "127.0.0.1:1", "1", "9", "0"),
                      ("read", "--tcp", "127.0.0.1:1", "1", "3", "65536"), ("scan", "--serial", "/dev/null/none"),
                      ("read", "--tcp", "127.0.0.1:1", "1", "3", "0", "--type", "u8"),
                      ("write", "--tcp", "127.0.0.1:1", "1", "6", "0", "65536", "--yes"),
                      ("write", "--tcp", "127.0.0.1:1", "1", "3", "0", "1", "--yes")):
        check(fepctl(*arguments, code=2).stderr, "it says why", arguments)


run()
