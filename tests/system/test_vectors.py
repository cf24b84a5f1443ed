#!/usr/bin/python3
"""Published frames over TCP: split at random, several in one segment, behind garbage. What the feed brings is
compared with the values their publishers decoded. The random splits follow from a fixed seed.
"""
import decimal

from harness import *

VECTORS = os.path.join(ROOT, "tests", "vectors", "gdw1376.jsonl")
SPLITS = 3       # times that each frame is played
READ = 0x0C
HISTORY = 0x0D
COUNTERS = (36, 37, 42, 43, 44, 45)  # of point 0.0.130.x
CONFIGURATION = 0x09

#  Names of the publishers' decoded values, and the point they are: medium 1, quantity, kind.
SINGLE = {"P": (16, 7), "Pa": (36, 7), "Pb": (56, 7), "Pc": (76, 7), "Q": (3, 7), "Qa": (23, 7), "Qb": (43, 7),
          "Qc": (63, 7), "PF_pct": (13, 7), "PFa_pct": (33, 7), "PFb_pct": (53, 7), "PFc_pct": (73, 7),
          "Ua": (32, 7), "Ub": (52, 7), "Uc": (72, 7), "Ia": (31, 7), "Ib": (51, 7), "Ic": (71, 7), "I0": (91, 7),
          "S": (9, 7), "Sa": (29, 7), "Sb": (49, 7), "Sc": (69, 7)}
#  Registers by tariff, total first.
TARIFFS = {"fwd_active_kWh": 1, "rev_active_kWh": 2, "fwd_reactive_kvarh": 3, "rev_reactive_kvarh": 4,
           "Q1_kvarh": 5, "Q2_kvarh": 6, "Q3_kvarh": 7, "Q4_kvarh": 8}
NONE_OF_DEVICE, NONE_UNREADABLE = (None, 1), (None, 2)


def load():
    with open(VECTORS) as file:
        rows = [json.loads(line) for line in file if line.strip()]
    return [row for row in rows if row["protocol"] == "376.1" and row["direction"] == "terminal->master"]


def user_data(row):
    return bytes.fromhex(row["hex"])[6:-2]


def address_of(row):
    return f"{row['decoded']['A1']}{row['decoded']['A2']:05d}"


def coded(text):
    """A published value as the feed codes it."""
    if text is None:
        return NONE_OF_DEVICE
    if text.startswith("raw:"):
        return NONE_UNREADABLE
    sign, digits, exponent = decimal.Decimal(text).as_tuple()
    return (-1) ** sign * int("".join(map(str, digits))), exponent


def published_values(data):
    """{point: value} of a unit's published values."""
    values = {}
    for name, value in data.items():
        if name in SINGLE:
            quantity, kind = SINGLE[name]
            values[(1, 0, quantity, kind, 0)] = coded(value)
        elif name in TARIFFS:
            for tariff, one in enumerate(value):
                values[(1, 0, TARIFFS[name], 8, tariff)] = coded(one)
    return values


def instant_of(text):
    return (calendar.timegm(time.strptime(text[:16], "%Y-%m-%d %H:%M")) - UTC_OFFSET_MIN * 60) * 1000


def check_unit(row, wanted, messages, known):
    """A unit of class 1 or 2 with published values: one reading with exactly those."""
    data = wanted["data"]
    if "clock" in data:
        moment = instant_of(data["clock"]) + int(data["clock"][17:19]) * 1000
        equal([items_of(one) for one in messages], [{(0, 0, 1, 0, 0): (moment // 1000, 0)}], f"{row['id']}: clock")
        return
    equal(len(messages), 1, f"{row['id']}: readings")
    reading = messages[0]
    equal((reading.kind, reading.mp), ("reading", wanted["pn"]), f"{row['id']}: what")
    check(reading.raw == bytes.fromhex(row["hex"]), f"{row['id']}: raw frame", reading.raw)
    values = published_values(data)
    equal(items_of(reading), values, f"{row['id']}: values")
    if "Td_d" in data:
        check(reading.freeze == 3, f"{row['id']}: daily frozen", reading.freeze)
        midnight = instant_of(data["Td_d"] + " 00:00") + 86400000
        equal(reading.time_ms, midnight, f"{row['id']}: freeze instant")
    else:
        equal((reading.freeze, reading.time_ms), (0, instant_of(data["read_time"])), f"{row['id']}: instant")


def check_raw(row, messages):
    """What is not decoded is kept raw with its reason, never lost."""
    equal([one.kind for one in messages], ["event"], f"{row['id']}: kept raw")
    check(messages[0].raw and messages[0].raw in user_data(row), f"{row['id']}: raw bytes", messages[0].raw)
    check(point_number(messages[0].items[0][0]) == (0, 0, 130, 3, 0), f"{row['id']}: the reason", messages[0].items)


def check_configuration(row, data, messages):
    """AFN 09 F1: what the terminal says of itself, as texts."""
    equal([one.kind for one in messages], ["reading"], f"{row['id']}: what")
    texts = {point_number(item[0])[3]: item[1] for item in messages[0].items}
    wanted = {1: data["vendor"], 3: data["sw_ver"], 6: data["proto_ver"], 7: data["hw_ver"]}
    equal({key: texts.get(key) for key in wanted}, wanted, f"{row['id']}: configuration")


def check_row(row, messages, known):
    """Compares what one frame brought with what its publisher says. known: read times of frozen data so far."""
    afn = int(row["decoded"]["AFN"], 16)
    messages = [one for one in messages if one.kind != "link"]
    one = row["decoded"]["units"][0]
    if afn == 0:
        equal(messages, [], f"{row['id']}: a confirmation of nothing")
    elif afn == 2:
        kind = "heartbeat" if one["fn"] == 3 else "login"
        equal([(m.kind, m.address) for m in messages], [(kind, address_of(row))], f"{row['id']}: link")
    elif afn in (READ, HISTORY) and "data" in one:
        check_unit(row, one, messages, known)
    elif afn == CONFIGURATION and one["fn"] == 1:
        check_configuration(row, one["data"], messages)
    else:
        check_raw(row, messages)


def pieces(draw, data, most):
    while data:
        size = draw.randint(1, most)
        yield data[:size]
        data = data[size:]


def marker(row, number):
    """A heartbeat of the row's terminal: tells that everything before it has been read."""
    a1, a2 = row["decoded"]["A1"], row["decoded"]["A2"]
    return frame(a1, a2, 2, 0x70 | number % 16, bytes.fromhex(HEARTBEAT), 0xC9)


def counts_events(message):
    """Counters of events, and which events stood in a frame: these go with frames of any sort."""
    return (message.kind == "reading" and message.mp == 0 and
            all(point_number(item[0])[2] == 130 and point_number(item[0])[3] in COUNTERS for item in message.items))


class Player:
    """Sends bytes of rows of one terminal over one connection and waits until they have been read."""

    def __init__(self, daemon, row):
        self.row, self.daemon, self.answers = row, daemon, b""
        self.socket = socket.create_connection(("127.0.0.1", daemon.port), timeout=DEADLINE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        cleanup(self.socket.close)

    def play(self, parts, logins):
        """Sends the parts and a heartbeat; waits for the confirmation of each login and of the heartbeat, and
        for the heartbeat in the journal. Returns what else came into the journal, in its order."""
        start = self.daemon.status()["head"] + 1
        for part in parts:
            self.socket.sendall(part)
        self.socket.sendall(marker(self.row, 7))
        wanted = logins + 1
        frames = []
        while len(frames) < wanted:
            self.answers += self.socket.recv(65536)
            frames, rest = split_frames(self.answers)
        self.answers = rest
        equal(len(frames), wanted, f"{self.row['id']}: answers")
        address = address_of(self.row)
        wait_until(lambda: any(one.raw == marker(self.row, 7) for one in
                               self.daemon.fetch(start, terminal=address)), f"{self.row['id']}: the marker")
        found = self.daemon.fetch(start, terminal=address)
        equal(found[-1].kind, "heartbeat", "the marker is last")
        return [one for one in found[:-1] if not counts_events(one)]


def archive_of(rows):
    return sorted({address_of(row) for row in rows})


def logins(row):
    return 1 if row["decoded"]["AFN"] == "02" else 0


def fresh(row, number):
    """The same frame with another PSEQ and, where the protocol gives an instant, another year: a report that
    was not seen yet. Returns the row with its published values shifted likewise."""
    user = bytearray(user_data(row))
    user[7] = user[7] & 0xF0 | number % 16
    made = json.loads(json.dumps(row))
    one = made["decoded"]["units"][0]
    data = one.get("data", {})
    offset = 12
    if "Td_d" in data:
        user[offset + 2] = int(f"{18 + number:02d}", 16)
        data["Td_d"] = f"{2018 + number}" + data["Td_d"][4:]
        offset += 3
    if "read_time" in data:
        year = int(data["read_time"][:4]) + number
        user[offset + 4] = int(f"{year % 100:02d}", 16)
        data["read_time"] = f"{year}" + data["read_time"][4:]
    whole = bytes.fromhex(row["hex"])[:6] + bytes(user) + bytes([sum(user) & 255, 0x16])
    made["hex"] = whole.hex()
    return made


def playable():
    """At least 30 frames: all valid published ones, and those with values again with other instants."""
    rows = [row for row in load() if row["valid"]]
    check(len(rows) >= 20, "published frames", len(rows))
    for number in (1, 2, 3):
        rows += [fresh(row, number) for row in load() if row["valid"] and "read_time" in
                 row["decoded"]["units"][0].get("data", {})]
    check(len(rows) >= 30, "frames to play", len(rows))
    return rows


def test_each_frame_split_at_random():
    """Every frame on a connection of its own, whole and in random pieces; the feed is compared."""
    rows = playable()
    daemon = Daemon(archive_of(rows), {"storage.linger_us": 0}).start()
    subscriber = Subscriber(daemon, "", "reading/00").wait_subscribed("reading/00")
    draw, known = random.Random(20261121), set()
    total = 0
    for row in rows:
        for turn in range(SPLITS):
            data = bytes.fromhex(row["hex"])
            player = Player(daemon, row)
            found = player.play([data] if turn == 0 else pieces(draw, data, 1 + 12 * turn), logins(row))
            if turn == 0:
                check_row(row, found, known)
            else:  # values that were journalled are repeats now; what has no instant comes again
                check(all(one.kind != "reading" or one.time_ms == 0 or one.mp == 0 for one in found),
                      f"{row['id']}: journalled again", found)
            player.socket.close()
            total += 1
    journal = [one for one in daemon.fetch()]
    wait_until(lambda: len(subscriber.messages()) >= len(journal), "the feed brings all of the journal")
    by_place = {(one.sequence, one.index): one for one in subscriber.messages()}
    equal(by_place, {(one.sequence, one.index): one for one in journal}, "the feed and the journal")
    check(subscriber.fault is None, "feed", subscriber.fault)
    equal(daemon.metric("frames_refused"), 0, "refused frames")
    check(total >= 90, "frames played", total)


def test_joined_behind_garbage():
    """All frames of a terminal in one segment, garbage before each, cut at random: every one is found."""
    rows = playable()
    draw, known = random.Random(376), set()
    daemon = Daemon(archive_of(rows)).start()
    for address in archive_of(rows):
        mine = [row for row in rows if address_of(row) == address]
        player = Player(daemon, mine[0])
        data = b""
        for row in mine:
            noise = bytes(draw.randrange(256) for _ in range(draw.randint(0, 30))).replace(b"\x68", b"\x67")
            data += noise + bytes.fromhex(row["hex"])
        found = [one for one in player.play(pieces(draw, data, 200), sum(map(logins, mine)))
                 if one.kind != "link"]
        place = 0
        for row in mine:
            brought = 0 if row["decoded"]["AFN"] == "00" else 1
            check_row(row, found[place:place + brought], known)
            place += brought
        equal(len(found), place, f"{address}: nothing besides")
        facts = daemon.terminal_facts(address)
        silent = 1 if mine[0]["decoded"]["AFN"] == "00" else 0  # says nothing, so not who sends it either
        equal(facts["frames"], len(mine) + 1 - silent, f"{address}: good frames")
        check(set(facts["refused"]) <= {"NOT_MINE"}, f"{address}: reasons", facts["refused"])
        player.socket.close()


def test_damaged_published_frames():
    """Two published captures are damaged: nothing of them comes out, what follows them does."""
    rows = [row for row in load() if not row["valid"]]
    check(rows, "no damaged frames among the vectors")
    daemon = Daemon(archive_of(rows), {"session.half_frame_timeout_ms": 100}).start()
    for row in rows:
        player = Player(daemon, row)
        player.play([], 0)
        equal(player.play([bytes.fromhex(row["hex"])], 0), [], f"{row['id']}: messages")
        facts = daemon.terminal_facts(address_of(row))
        check(facts["refused"], f"{row['id']}: refused with a reason", facts)


run()
