//  A profile proposed from what a device holds: a text a person fills in. Every register line is a
//  comment with what it would be worth, for nobody but a manual knows what it means.
#include "tools/fepctl_modbus.h"
#include <stdio.h>

#define TEXT_MAX 64  //  Of a value

static void s_print_line (const modbus_args_t *args, const register_map_t *map, int wire,
                          register_type_t type, word_order_t order)
{
    char value[TEXT_MAX], scale[TEXT_MAX] = "";
    uint64_t raw = modbus_value_raw (map->values + wire, type, order);
    double factor = args->typed ? args->scale : 1;
    modbus_value_text (raw, type, factor, value, sizeof value);
    if (factor != 1) {
        snprintf (scale, sizeof scale, " scale=%.12g", factor);
    }
    printf ("# register POINT %d 0x%04X %s%s%s%s   # %s\n", map->function,
            (unsigned) (wire - args->offset), map->function < 3 ? "bit" : modbus_type_name (type),
            order == ORDER_ABCD ? "" : " order=",
            order == ORDER_ABCD ? "" : modbus_order_name (order), scale, value);
}

//  A pair that is a float of an everyday size in some order; 0 is none, for it says nothing.
static bool s_is_float (const register_map_t *map, int wire, word_order_t *order)
{
    if (wire + 1 >= MODBUS_REGISTERS || !map->there[wire + 1]) {
        return false;
    }
    for (word_order_t at = ORDER_ABCD; at < ORDER_COUNT; at++) {
        double number = 0;
        uint64_t raw = modbus_value_raw (map->values + wire, REGISTER_F32, at);
        if (modbus_value_number (raw, REGISTER_F32, &number) && number != 0 &&
            modbus_float_likely (number)) {
            *order = at;
            return true;
        }
    }
    return false;
}

//  One value at that address; returns how many registers it takes.
static int s_print_value (const modbus_args_t *args, const register_map_t *map, int wire)
{
    word_order_t order = ORDER_ABCD;
    if (args->typed && map->function > 2) {
        int step = (int) modbus_type_registers (args->type);
        for (int i = 0; i < step; i++) {
            if (wire + i >= MODBUS_REGISTERS || !map->there[wire + i]) {
                return step;
            }
        }
        s_print_line (args, map, wire, args->type, args->order);
        return step;
    }
    if (map->function > 2 && s_is_float (map, wire, &order)) {
        s_print_line (args, map, wire, REGISTER_F32, order);
        return 2;
    }
    s_print_line (args, map, wire, REGISTER_U16, ORDER_ABCD);
    return 1;
}

void modbus_propose (const modbus_args_t *args, const register_map_t *map, const char *name)
{
    printf ("profile %s\ncodec modbus_rtu\nperiod 60s\n", name);
    if (args->offset) {
        printf ("offset %d\n", args->offset);
    }
    printf (
        "# Unit %d. Put a point's name in place of POINT, take away the first #, and look whether "
        "type, order\n# and scale are right: behind each line stands what it would be worth.\n",
        map->unit);
    int wire = 0;
    while (wire < MODBUS_REGISTERS) {
        wire += map->there[wire] ? s_print_value (args, map, wire) : 1;
    }
}
