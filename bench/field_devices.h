//  The kinds of simulated devices by name; field_device.c makes the table of them.
#ifndef BENCH_FIELD_DEVICES_H
#define BENCH_FIELD_DEVICES_H

#include "bench/field.h"

extern const field_device_t field_dlt645;         //  Gateway with electricity meters
extern const field_device_t field_cjt188;         //  Gateway with water meters
extern const field_device_t field_cjt188_direct;  //  A water meter that dials in
extern const field_device_t field_gdw1376;        //  Concentrator that forwards to its meters
extern const field_device_t field_dlt698;         //  Concentrator that reports and forwards
extern const field_device_t field_modbus_tcp;     //  Gateway that is dialled, with meters
extern const field_device_t field_iec104;         //  Station that is dialled

#endif
