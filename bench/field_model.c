//  The registers of a simulated meter as functions of who it is and when.
#include "bench/field.h"

enum { DAY_S = 86400, HOUR_S = 3600 };

//  Same in, same out; spread over all bits.
static uint64_t s_mix (uint64_t x)
{
    x += UINT64_C (0x9E3779B97F4A7C15);
    x = (x ^ (x >> 30)) * UINT64_C (0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C (0x94D049BB133111EB);
    return x ^ (x >> 31);
}

static uint64_t s_who (uint32_t number, uint32_t meter, field_quantity_t quantity)
{
    return s_mix ((uint64_t) number << 24 ^ (uint64_t) meter << 8 ^ (uint64_t) quantity);
}

//  Load at a second of the day in parts of 1000: low at night, two peaks. It steps hour by hour.
static int64_t s_load (int64_t hour)
{
    static const uint16_t loads[24] = {220, 200, 190, 185, 190, 230, 380, 560, 640, 600, 580, 620,
                                       700, 640, 600, 610, 660, 760, 900, 980, 940, 780, 520, 320};
    return loads[hour];
}

//  Load x seconds since 1970, in thousandths of a second at full load.
static int64_t s_worked (int64_t second)
{
    int64_t day = 0, sum = 0;
    for (int64_t hour = 0; hour < 24; hour++) {
        day += s_load (hour) * HOUR_S;
    }
    int64_t rest = second % DAY_S;
    for (int64_t hour = 0; hour < rest / HOUR_S; hour++) {
        sum += s_load (hour) * HOUR_S;
    }
    return second / DAY_S * day + sum + s_load (rest / HOUR_S) * (rest % HOUR_S);
}

//  A register that rises by rate / 1000 a second at full load, below 10^8.
static int64_t s_register (uint64_t who, int64_t second)
{
    const int64_t since_s = 1735689600;  //  2025-01-01
    int64_t rate = 200 + (int64_t) (who >> 40 & 511);
    return (int64_t) (who % 1000000) + s_worked (second - since_s) / 1000 * rate / 1000;
}

static int64_t s_around (uint64_t who, int64_t second, int64_t usual, int64_t span)
{
    return usual + (int64_t) (s_mix (who ^ (uint64_t) second) % (uint64_t) (2 * span + 1)) - span;
}

int64_t field_model (uint32_t number, uint32_t meter, field_quantity_t quantity, int64_t wall_ms)
{
    int64_t second = wall_ms / 1000;
    uint64_t who = s_who (number, meter, quantity);
    int64_t load = s_load (second % DAY_S / HOUR_S);
    switch (quantity) {
    case MODEL_ENERGY:
    case MODEL_VOLUME:
        return s_register (who, second);
    case MODEL_ENERGY_EXPORT:
        return s_register (who, second) / 16;
    case MODEL_VOLTAGE:
        return s_around (who, second, 2300, 60);
    case MODEL_CURRENT:
        return s_around (who, second, load * 8, 100);
    case MODEL_POWER:
        return s_around (who, second, load * 18, 400);
    case MODEL_POWER_FACTOR:
        return s_around (who, second, 950, 40);
    case MODEL_FREQUENCY:
        return s_around (who, second, 5000, 3);
    case MODEL_FLOW:
        return s_around (who, second, load, 20);
    case MODEL_TEMPERATURE:
        return s_around (who, second, 4500, 300);
    }
    return 0;
}
