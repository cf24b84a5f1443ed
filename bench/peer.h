//  mosquitto beside fepd: its configuration, and a subscriber that takes everything with QoS 1.
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

//  Writes mosquitto.conf into the directory: one listener on loopback, everybody may, persistence on.
bool peer_write_config (const char *directory, int port);

//  Subscribes to all topics at 127.0.0.1 and confirms what comes until *stop; counts messages and its own CPU time.
void peer_subscribe (int port, const atomic_bool *stop, atomic_ullong *messages,
                     atomic_ullong *cpu_ns);

#endif
