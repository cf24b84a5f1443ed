//  The simulated devices of the field in one epoll loop: those that dial do it again after a back-off that doubles
//  from 200 ms to 10 s; those that are dialled (codecs iec104 and modbus_tcp) listen on addresses of their own.
//
//  Device n of a kind that listens stands at 127.0.A.B, A = 1 + (n - 1) / 250, B = 1 + (n - 1) % 250, at its kind's
//  port, and has one connection: a newer one replaces the older.
//
//  What they say goes into the ledger (field_log.h). Now and then half of an answer is held back for a moment.
#ifndef BENCH_FIELD_FLEET_H
#define BENCH_FIELD_FLEET_H

#include "bench/field_log.h"

#define FIELD_KINDS_MAX 32

//  Some devices of a kind.
typedef struct {
    const field_device_t *device;  //  What they are
    uint32_t count;                //  How many
    uint32_t first;                //  Number of the first, from 1
    uint32_t meters;               //  Of each
    uint16_t port;                 //  They dial on 127.0.0.1, or listen on
} field_kind_t;

typedef struct {
    field_kind_t kinds[FIELD_KINDS_MAX];  //  See above
    size_t kind_count;                    //  Used
    int64_t split_every;                  //  One answer in so many comes in two pieces; 0: none
    int64_t connects_per_s;               //  Pace of the first dialling
    const char *ledger_path;              //  "": none
} field_options_t;

typedef struct field_fleet field_fleet_t;

//  NAME:COUNT:METERS:PORT, or with :FIRST behind it. False, with what is wrong on stderr.
bool field_kind_parse (const char *text, field_kind_t *kind);

//  The kind listens, and the master dials it.
bool field_kind_listens (const field_kind_t *kind);

//  Descriptors they take at most.
size_t field_descriptors (const field_options_t *options);

//  Rows for the archive, one for each measuring point, without a heading:
//  terminal,name,area,heartbeat_s,measuring_point,meter,protocol,profile,rated_W,dial,terminal_profile
void field_archive (const field_options_t *options, FILE *file);

//  Gives a fleet, or NULL after a line on stderr.
field_fleet_t *field_fleet_new (const field_options_t *options);
void field_fleet_destroy (field_fleet_t **self_p);

//  One turn: waits at most wait_ms for input, then lets time pass.
void field_fleet_turn (field_fleet_t *self, int wait_ms);

//  No more reports; every device leaves once its reports are confirmed.
void field_fleet_stop (field_fleet_t *self);
bool field_fleet_done (const field_fleet_t *self);

//  False if the ledger could not be written.
bool field_fleet_save (field_fleet_t *self);

//  Closes everything; what is open goes into the ledger as open.
void field_fleet_end (field_fleet_t *self);

const field_totals_t *field_fleet_totals (const field_fleet_t *self, size_t kind);

#endif
