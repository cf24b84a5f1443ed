//  The simulated Modbus TCP device of field_modbus_tcp.c, for those who run it alone.
#ifndef BENCH_FIELD_MODBUS_TCP_H
#define BENCH_FIELD_MODBUS_TCP_H

#include "bench/field.h"

extern const field_device_t field_modbus_tcp;

#endif
