#!/usr/bin/python3
"""Acquisition tasks through devices that are no concentrators of 376.1: a line of meters, a terminal of 698.45. Each
point that fails has the reason its device knows.
"""
from devices import *

DAILY = TASK.replace("rereads 2", "rereads 1")
NOW = """task power now
type real_time
period 1d
points power.active.total_kW
spread 1s
rereads 0
"""


def names(terminal, meters, reasons):
    return {(terminal, mp): reasons[manner] for mp, manner in enumerate(meters.values(), 1) if manner in reasons}


def test_line():
    """On a bare line silence is the meter's."""
    meters = {f"{mp:012d}": manner for mp, manner in
              enumerate(("answer", "silent", "no_data", "stamp", "garbled", "answer", "denied"), 1)}
    rows = "terminal,measuring_point,meter,protocol\n"
    rows += "".join(f"7001,{mp},{address},dlt645\n" for mp, address in enumerate(meters, 1))
    daemon = Daemon(archive=rows, listener={"codec": "dtu", "registration": r"ID{id:4}\r"},
                    options={"node.utc_offset_min": OFFSET, "account.begin_ms": 300, "line.answer_timeout_ms": 400,
                             "line.late_ms": 0, "line.repeats": 0}).start()
    line = Line645(daemon, "7001", meters).begin()
    put_task(daemon, DAILY)
    wait_until(lambda: (rate(daemon) or {"cycle": 0})["cycle"] == 2 and settled(daemon),
               lambda: f"{reasons_of(daemon)} {line.fault}")
    equal(reasons_of(daemon), names("7001", meters, {"silent": "meter_no_answer", "no_data": "meter_no_answer",
                                                     "stamp": "freeze_stamp_wrong", "garbled": "meter_no_answer",
                                                     "denied": "refused"}), "reasons")
    equal([gap.code for gap in gaps(daemon, reason="refused")], [4], "the meter's own code")
    equal((rate(daemon)["first"], line.fault), (2, None), "by the first run")
    equal({address: line.asked[address] for address in meters if meters[address] in ("answer", "silent")},
          {"000000000001": 2, "000000000006": 2, "000000000002": 2}, "stamp and value once; one frame in each run")
    values = {m.mp: m.items[0][1] for m in daemon.readings() if m.freeze == 3}
    for mp in (1, 6):
        equal(values[mp], line.value(f"{mp:012d}"), f"value of {mp}")


def station698(meters):
    rows = "terminal,measuring_point,meter\n"
    rows += "".join(f"000000000001,{mp},{address}\n" for mp, address in enumerate(meters, 1))
    return Daemon(archive=rows, listener={"codec": "dlt698"},
                  options={"node.utc_offset_min": OFFSET, "account.begin_ms": 300, "session.request_timeout_ms": 1500,
                           "session.request_repeats": 0}).start()


def test_store_698():
    """The store is asked for many meters at once, by their addresses; a meter without row has nothing there."""
    manners = ["answer"] * 16 + ["no_row", "null", "deny", "answer"]
    meters = {f"2023{mp:08d}": manner for mp, manner in enumerate(manners, 1)}
    daemon = station698(meters)
    one = Terminal698(daemon, "000000000001", meters).begin()
    put_task(daemon, TASK.replace("rereads 2", "rereads 0"))
    wait_until(lambda: (rate(daemon) or {"cycle": 0})["cycle"] == 17 and settled(daemon),
               lambda: f"{reasons_of(daemon)} {one.fault}")
    equal((one.fault, one.requests), (None, 2), "14 meters and 6 with one request each")
    equal(reasons_of(daemon), names(one.address, meters, {"no_row": "meter_no_answer", "null": "meter_no_answer",
                                                          "deny": "meter_no_answer"}), "reasons")
    equal(rate(daemon)["first"], 17, "by the first run")
    values = {m.mp: m.items[0][1] for m in daemon.readings() if m.freeze == 3 and m.items[0][1] is not None}
    equal(values, {mp: one.value(address) for mp, (address, manner) in enumerate(meters.items(), 1) if manner == "answer"},
          "values")


def test_store_698_denied():
    """Asked alone, a denied meter is denied."""
    meters = {"202300000001": "deny"}
    daemon = station698(meters)
    one = Terminal698(daemon, "000000000001", meters).begin()
    put_task(daemon, TASK.replace("rereads 2", "rereads 0"))
    wait_until(lambda: reasons_of(daemon) == {(one.address, 1): "refused"}, lambda: f"{reasons_of(daemon)}")
    equal([gap.code for gap in gaps(daemon)], [3], "the terminal's code")


def test_now_698():
    """Momentary values are no store's: each meter is asked through the terminal."""
    meters = {"202300000001": "answer", "202300000002": "silent", "202300000003": "dar", "202300000004": "answer"}
    daemon = station698(meters)
    one = Terminal698(daemon, "000000000001", meters).begin()
    put_task(daemon, NOW)
    wait_until(lambda: (rate(daemon) or {"cycle": 0})["cycle"] == 2 and settled(daemon), lambda: f"{reasons_of(daemon)}")
    equal(reasons_of(daemon), {(one.address, 2): "meter_no_answer", (one.address, 3): "refused"}, "reasons")
    equal((one.fault, one.requests, dict(one.through)), (None, 0, dict.fromkeys(meters, 1)), "each once")


run()
