//  Where simulated devices stand and how the archive has them; for the fleet's own sources.
#ifndef BENCH_FIELD_ARCHIVE_H
#define BENCH_FIELD_ARCHIVE_H

#include "bench/field_fleet.h"

//  IPv4 address of device `number` of a kind that listens, host order.
uint32_t field_listen_address (uint32_t number);

#endif
