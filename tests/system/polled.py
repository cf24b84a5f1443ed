"""A meter type, what its slaves hold, and what is to come out on the feed."""
import struct

PROFILE = """profile testmeter
codec modbus_rtu
period {period}
gap 4
register energy.active.import.total_kWh 3 0x0000 u32 scale=0.01
register voltage.l1_V                   3 0x0002 u16 scale=0.1
register current.l1_A                   3 0x0003 i16 scale=0.001
register power.active.total_kW          3 0x0010 f32 order=CDAB
register frequency_Hz                   4 0x0000 u16 scale=0.01 none=0xFFFF
"""
ENERGY, VOLTAGE, CURRENT = 0x10010800, 0x10200700, 0x101F0700
POWER, FREQUENCY = 0x10100700, 0x100E0700


def holding(unit, energy=123456):
    """Registers of a unit, by the profile; 1234.56 kWh, 230.unit V, -unit mA, 1.5 + unit kW."""
    power = struct.unpack(">HH", struct.pack(">f", 1.5 + unit))
    return {0: energy >> 16, 1: energy & 0xFFFF, 2: 2300 + unit, 3: (65536 - unit) & 0xFFFF, 16: power[1], 17: power[0]}


def values_of(messages, unit):
    """Point to its latest value of a unit's measuring point: exact (mantissa, exponent), float, or None."""
    latest = {}
    for message in messages:
        if message.mp == unit:
            for item in message.items:
                point, mantissa, exponent = item[0], item[1], item[2]
                latest[point] = mantissa if isinstance(mantissa, float) or mantissa is None else (mantissa, exponent)
    return latest


def wanted(unit, energy=123456):
    return {ENERGY: (energy, -2), VOLTAGE: (2300 + unit, -1), CURRENT: (-unit, -3), POWER: 1.5 + unit,
            FREQUENCY: (5001, -2)}
