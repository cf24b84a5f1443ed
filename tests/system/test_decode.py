#!/usr/bin/python3
"""fepdecode -c auto over every published frame of the tests: the protocol and the direction are found, what is damaged is
refused; and what forwarding services carry is shown inside, with its values."""
from harness import *

CODECS = {"376.1": "gdw1376", "698.45": "dlt698", "645-2007": "dlt645", "645-1997": "dlt645", "188": "cjt188",
          "modbus-tcp": "modbus_tcp", "iec104": "iec104"}
LEAST = {"376.1": 46, "698.45": 63, "645-2007": 42, "645-1997": 4, "188": 19, "modbus-tcp": 27, "iec104": 56}


def decode(hexed):
    run = subprocess.run([os.path.join(BIN, "fepdecode"), "-c", "auto", hexed], capture_output=True, text=True)
    return run.returncode, [json.loads(line) for line in run.stdout.splitlines()]


def rows():
    for name in sorted(set(CODECS.values())):
        with open(os.path.join(ROOT, "tests", "vectors", f"{name}.jsonl")) as file:
            yield from (row for row in map(json.loads, file) if row["protocol"] in CODECS)


def test_auto():
    found, refused = collections.Counter(), collections.Counter()
    for row in rows():
        status, said = decode(row["hex"])
        if row["valid"]:
            equal((status, said[0].get("codec")), (0, CODECS[row["protocol"]]), row["id"])
            found[row["protocol"]] += 1
        elif status == 1:
            refused[row["protocol"]] += 1
    check(all(found[name] >= least for name, least in LEAST.items()), "frames found", found)
    print("found:", dict(found), "damaged ones refused:", dict(refused))


def energy_answer():
    """A 645 meter's energy, 123456.78 kWh, as on its line."""
    data = bytes((byte + 0x33) & 255 for byte in bytes.fromhex("00000100" + "78563412"))
    head = b"\x68" + bcd(112233445566, 6) + b"\x68\x91" + bytes([len(data)]) + data
    return head + bytes([sum(head) & 255, 0x16])


def test_layers():
    """1376.1 AFN 10 carries a meter's answer; Modbus TCP an RTU frame."""
    inner = energy_answer()
    body = bytes.fromhex("00000100") + b"\x1f" + struct.pack("<H", len(inner)) + inner
    status, said = decode(frame("0100", 1, 0x10, 0x60, body, control=0x88).hex())
    equal((status, said[0]["codec"]), (0, "gdw1376"), "the outer frame")
    carried = said[0]["carried"]
    equal((carried["codec"], carried["hex"], carried["terminal"]), ("dlt645", inner.hex(), "112233445566"), "inside")
    check("123456.78" in json.dumps(carried["messages"]), "its value", carried)
    tcp = next(row for row in rows() if row["protocol"] == "modbus-tcp" and row["valid"] and row["direction"] == "up")
    status, said = decode(tcp["hex"])
    equal((status, said[0]["carried"]["codec"]), (0, "modbus_rtu"), "an RTU frame")


run()
