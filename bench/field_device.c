//  The kinds of simulated devices.
#include "bench/field_devices.h"

static const field_device_t *const s_devices[] = {
    &field_dlt645, &field_cjt188,     &field_cjt188_direct, &field_gdw1376,
    &field_dlt698, &field_modbus_tcp, &field_iec104,
};

const field_device_t *field_device_at (size_t i)
{
    return i < sizeof s_devices / sizeof s_devices[0] ? s_devices[i] : NULL;
}
