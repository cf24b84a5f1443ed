"""What the simulated terminals report: the formula of terminal.h a second time, and the points it must arrive at.

Kept apart from the C code on purpose: the proof would be worth nothing if both sides shared it."""

import struct

MASK = 0xFFFFFFFF
CURRENT, DAY, EVENT, BLOCK0, BLOCK1 = 0, 1, 2, 3, 4
POLLED = (BLOCK0, BLOCK1)


def point(a, b, c, d, e):
    return a << 28 | b << 24 | c << 16 | d << 8 | e


def value(address, mp, minute, item):
    h = (address * 0x9E3779B1 + mp * 0x85EBCA77 + minute * 0xC2B2AE3D + item * 0x27D4EB2F + 0x165667B1) & MASK
    h = ((h ^ h >> 15) * 0x2C1B3C6D) & MASK
    h = ((h ^ h >> 12) * 0x297A2D39) & MASK
    return h ^ h >> 15


# 0C F25 in its order: (OBIS C of total, l1, l2, l3 ..., exponent, low, span)
_CURRENT = [
    ((16, 36, 56, 76), -4, 0, 300000),
    ((3, 23, 43, 63), -4, -100000, 200000),
    ((13, 33, 53, 73), -1, 800, 201),
    ((32, 52, 72), -1, 2150, 200),
    ((31, 51, 71, 91), -3, 0, 60000),
    ((9, 29, 49, 69), -4, 0, 300000),
]
_FORMATS = [(exponent, low, span) for codes, exponent, low, span in _CURRENT for _ in codes]
_MISSING = 18

POINTS = {
    CURRENT: [point(1, 0, code, 7, 0) for codes, *_ in _CURRENT for code in codes],
    DAY: [point(1, 0, 1, 8, tariff) for tariff in range(5)],
    EVENT: [point(0, 0, 130, 1, 0), point(0, 0, 96, 3, 12), point(0, 0, 96, 3, 11)],
}

# What a polled meter has, block by block: (point, how, exponent, low, span); terminal_dtu.h has the registers.
# "register": base + counter; "float": the single nearest to raw / 10^-exponent; "missing": none now and then.
_BLOCKS = {
    BLOCK0: [(point(1, 0, 1, 8, 0), "register", -4, 10000000, 90000000),
             *((point(1, 0, code, 7, 0), "plain", -1, 2150, 200) for code in (32, 52, 72)),
             *((point(1, 0, code, 7, 0), "plain", -3, -3000, 6000) for code in (23, 43, 63)),
             (point(1, 0, 16, 7, 0), "plain", -4, 1000, 90000),
             *((point(1, 0, code, 7, 0), "float", -3, 0, 40000) for code in (31, 51, 71)),
             (point(1, 0, 14, 7, 0), "float", -2, 4990, 21),
             (point(1, 0, 9, 7, 0), "plain", -4, 0, 90000)],
    BLOCK1: [(point(1, 0, 3, 8, 0), "register", -4, 10000000, 90000000),
             (point(1, 0, 2, 8, 0), "register", -4, 10000000, 90000000),
             *((point(1, 0, code, 7, 0), "plain", -4, -30000, 60000) for code in (36, 56, 76)),
             (point(0, 0, 96, 3, 10), "plain", 0, 0, 256),
             (point(1, 0, 13, 7, 0), "plain", -1, 800, 200),
             (point(1, 0, 81, 7, 0), "plain", -1, -1800, 3600),
             (point(1, 0, 91, 7, 0), "missing", -3, 0, 40000)],
}
POINTS.update({kind: [row[0] for row in rows] for kind, rows in _BLOCKS.items()})

INDEX = {kind: {p: i for i, p in enumerate(points)} for kind, points in POINTS.items()}
FULL = {kind: (1 << len(points)) - 1 for kind, points in POINTS.items()}


# A point of a polled meter -> (block, index in it)
PLACE = {p: (kind, i) for kind in POLLED for i, p in enumerate(POINTS[kind])}


def _item(kind, i):
    return 400 + 32 * (kind - BLOCK0) + i


def _base(kind, i, address, unit):
    _, _, _, low, span = _BLOCKS[kind][i]
    return low + value(address, unit, -1, _item(kind, i)) % span


def counter(kind, address, unit, item):
    """Which answer it was, from the block's first value; None if that is no such register."""
    mantissa, exponent = item[1], item[2]
    if not isinstance(mantissa, int) or not isinstance(exponent, int) or not -4 <= exponent <= 4:
        return None
    return mantissa * 10 ** (exponent + 4) - _base(kind, 0, address, unit)


def _polled(kind, address, unit, count):
    result = []
    for i, (_, how, exponent, low, span) in enumerate(_BLOCKS[kind]):
        h = value(address, unit, count, _item(kind, i))
        raw = low + h % span
        if how == "register":
            result.append((_base(kind, i, address, unit) + count, exponent))
        elif how == "float":
            result.append((struct.unpack("f", struct.pack("f", raw / 10 ** -exponent))[0], None))
        elif how == "missing" and h % 16 == 0:
            result.append((None, 0))
        else:
            result.append((raw, exponent))
    return result


def expected(kind, address, mp, minute, offset_min):
    """[(mantissa, exponent), ...] in the order of POINTS; (None, 0) is a value the device does not have, a float
    with exponent None a binary one. Of a polled meter mp is its unit and minute the answer's counter."""
    if kind in POLLED:
        return _polled(kind, address, mp, minute)
    if kind == CURRENT:
        base = address * 0x9E3779B1 + mp * 0x85EBCA77 + minute * 0xC2B2AE3D + 0x165667B1
        result = []
        for item, (exponent, low, span) in enumerate(_FORMATS):
            h = (base + item * 0x27D4EB2F) & MASK
            h = ((h ^ h >> 15) * 0x2C1B3C6D) & MASK
            h = ((h ^ h >> 12) * 0x297A2D39) & MASK
            h ^= h >> 15
            if item == _MISSING and h % 16 == 0:
                result.append((None, 0))
            else:
                result.append((low + h % span, exponent))
        return result
    if kind == DAY:
        day = (minute + offset_min) // 1440
        tariffs = [day % 30000 * 50000 + value(address, mp, minute, 100 + i) % 50000 for i in range(1, 5)]
        return [(number, -4) for number in [sum(tariffs)] + tariffs]
    h = value(address, 0, minute, 200)
    return [(4, 0), (1 << h % 8, 0), (h >> 8 & 0xFF, 0)]


def same(item, want):
    """item: [point, mantissa, exponent, quality] as on the wire; want: as from expected."""
    mantissa, exponent = item[1], item[2]
    if want[0] is None:
        return mantissa is None and exponent == 1
    if want[1] is None:
        return isinstance(mantissa, float) and mantissa == want[0]
    if mantissa is None or isinstance(mantissa, (str, bytes, float)):
        return False
    shift = (exponent or 0) - want[1]
    if shift >= 0:
        return mantissa * 10 ** shift == want[0]
    return mantissa == want[0] * 10 ** -shift
