//  The servers that fepbench push loads, each on loopback and in a directory of its own: a table of all in which they
//  differ.
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include "bench/terminal.h"
#include <stdatomic.h>
#include <stdio.h>
#include <sys/types.h>

enum { PEER_PATH_SIZE = 256, PEER_WORDS_MAX = 6 };

typedef enum { SERVER_FLOOR, SERVER_FEPD, SERVER_MOSQUITTO, SERVER_NATS, SERVER_COUNT } server_t;

//  Where a server is and whom it has to expect.
typedef struct {
    const char *directory;   //  Its own
    int port;                //  Of its terminals; feed + 1, door + 2
    uint32_t terminals;      //  Connections
    uint32_t first_address;  //  Decimal address of the first
} peer_place_t;

//  A subscriber that takes everything and only counts.
typedef struct {
    int port;                //  Of the terminals
    atomic_bool stop;        //  Set to end it
    atomic_ullong messages;  //  Publications received
} peer_feed_t;

typedef struct peer {
    const char *name;                     //  As shown
    const terminal_protocol_t *protocol;  //  Its terminals speak
    const char *config;                   //  Name of its configuration; NULL: it has none
    int end_status;                       //  Highest exit status of an end that was asked for
    bool (*write_config) (const peer_place_t *place, FILE *config);
    //  What is to be done once it accepts; NULL: nothing. False after a line on stderr.
    bool (*prepare) (const peer_place_t *place);
    //  The words behind its program's name, up to the first empty one.
    void (*words) (const struct peer *self, const peer_place_t *place,
                   char words[PEER_WORDS_MAX][PEER_PATH_SIZE]);
    //  Until feed->stop.
    void (*subscribe) (peer_feed_t *feed);
} peer_t;

extern const peer_t peers[SERVER_COUNT];

//  Writes the configuration into its directory, which is empty. False if it cannot.
bool peer_configure (const peer_t *self, const peer_place_t *place);

//  Starts the program, on that CPU unless it is negative. -1 on failure.
pid_t peer_start (const peer_t *self, const char *program, const peer_place_t *place,
                  const char *log, int cpu);

//  A connection to a broker; receiving from it takes 50 ms at most. -1 on failure.
int peer_connect (int port);

//  Whole packets at the head of the input: publications are counted, what has to be said to them is appended to
//  `answer`. Returns the bytes taken.
typedef size_t peer_take_t (bytes_t input, writer_t *answer, atomic_ullong *messages);

//  The subscriber of a broker: says hello, then takes.
void peer_follow (peer_feed_t *feed, bytes_t hello, peer_take_t *take);

//  Their parts, for the table.
bool peer_fepd_config (const peer_place_t *place, FILE *config);
void peer_fepd_subscribe (peer_feed_t *feed);
bool peer_mosquitto_config (const peer_place_t *place, FILE *config);
void peer_mosquitto_subscribe (peer_feed_t *feed);
bool peer_nats_config (const peer_place_t *place, FILE *config);
bool peer_nats_prepare (const peer_place_t *place);
void peer_nats_subscribe (peer_feed_t *feed);

#endif
