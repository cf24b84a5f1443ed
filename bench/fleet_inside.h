//  Inside of the fleet, for its own sources only: the loop (fleet.c) and what each kind of terminal does on its
//  connection (fleet_report.c, fleet_dtu.c, fleet_asked.c).
#ifndef BENCH_FLEET_INSIDE_H
#define BENCH_FLEET_INSIDE_H

#include "bench/fleet.h"
#include "bench/fleet_asked.h"
#include "bench/terminal_dtu.h"

#define SEQUENCES 16
#define RX_SIZE 1024
#define TX_SIZE 4096
#define RETRY_US 20000  //  Nothing could be written; look again
#define BACKOFF_MIN_MS 200
#define LEAVE_TIMEOUT_US 3000000
#define DAY_MIN 1440

typedef enum { OFFLINE, DIALLING, LOGIN, ONLINE, LEAVING, DONE } phase_t;

//  A sequence number of this connection.
typedef struct {
    uint8_t use;   //  What for; FOR_NOTHING: confirmed otherwise, its own answer is still to come
    uint8_t slot;  //  FOR_REPORT: index in pending
    int64_t sent_us;  //  When
} flight_t;

//  What a terminal that reports has besides its connection.
typedef struct {
    uint8_t sequence;                     //  Next to try
    uint32_t made;                        //  Reports made by this run
    uint32_t made_of[REPORT_KIND_COUNT];  //  ... of each kind
    int64_t report_us;                    //  Next report falls due
    flight_t flight[SEQUENCES];           //  By sequence number
    pending_t pending[FLEET_DEPTH_MAX];   //  Reports on the way
} reporter_t;

//  What a gateway has.
typedef struct {
    dtu_t dtu;                    //  Its meters
    answered_t open[DTU_BLOCKS];  //  Answers of the exchange going on
    uint8_t open_count;           //  Of them
    int64_t input_us;             //  When bytes came last
    int64_t hold_us;              //  The rest of an answer may go then
    uint16_t hold;                //  Last bytes of tx that may not go yet
} gateway_t;

//  A measuring point of a concentrator that is asked.
typedef struct {
    uint32_t asked;      //  How often
    int32_t minute;      //  Of the last answer with values
    int64_t changed_ms;  //  When `last` became what it is
    uint8_t kind;        //  report_kind_t of the last answer with values
    uint8_t first;       //  asked_outcome_t
    uint8_t last;        //  Likewise
} asked_point_t;

//  What a concentrator that is asked has.
typedef struct {
    asked_point_t *points;  //  By measuring point - 1; borrowed
    int64_t hold_us;        //  Its answers may go then
    uint32_t delay_ms;      //  Of its answers
    uint32_t requests;      //  So far
    uint16_t hold;          //  Last bytes of tx that may not go yet
    uint8_t manner;         //  Of all its answers
    uint8_t sequence;       //  Next of what it begins itself
} asked_t;

//  One terminal. Exactly one of reporter, gateway and asked is set.
typedef struct sim {
    const struct fleet_kind *kind;  //  What it does
    reporter_t *reporter;           //  Owned
    gateway_t *gateway;             //  Owned
    asked_t *asked;                 //  Owned
    uint32_t address;               //  What its values follow from; 376.1: also its decimal form
    int fd;                         //  -1 while offline
    uint8_t phase;                  //  phase_t
    bool writable;                  //  Waiting for room in the socket
    uint16_t rx_size;               //  Bytes in rx
    uint16_t tx_size;               //  Bytes in tx
    uint32_t backoff_ms;            //  Before the next dial
    int64_t phase_us;               //  When the phase began
    int64_t heartbeat_us;           //  Next heartbeat falls due
    uint8_t rx[RX_SIZE];            //  Half a frame
    uint8_t tx[TX_SIZE];            //  Not yet written
} sim_t;

struct fleet {
    fleet_options_t options;              //  As given
    const terminal_protocol_t *protocol;  //  Of those that report; borrowed
    sim_t *sims;                          //  options.terminals of them
    reporter_t *reporters;                //  All
    gateway_t *gateways;                  //  All
    asked_t *concentrators;               //  All that are asked
    asked_point_t *points;                //  Theirs
    asked_options_t asked;                //  How they behave
    asked_stats_t asked_stats;            //  What they did
    int64_t asked_begin_us;               //  Start of the fleet, for fill_s
    int64_t *due;                         //  When each is to be looked at, microseconds
    int epoll;                            //  Descriptor
    FILE *ledger;                         //  NULL = none
    int64_t next[REPORT_KIND_COUNT];      //  First minute of this run
    int64_t unused[REPORT_KIND_COUNT];    //  First minute nobody has used
    int64_t today;                        //  DAY reports end before this minute
    int64_t scan_us;                      //  Last look at the deadlines
    size_t scanned;                       //  Of a look that goes on in the next turn; 0: it is over
    size_t closing;                       //  So many of the first fleet_reconnect has yet to close
    size_t done;                          //  Terminals in DONE
    bool stopping;                        //  fleet_stop was called
    fleet_stats_t stats;                  //  What happened
};

//  What a kind of terminal does. `now` is monotonic, microseconds.
typedef struct fleet_kind {
    //  Before anything else whenever it is looked at; may be NULL.
    void (*pass) (fleet_t *self, sim_t *sim, int64_t now);
    //  The connection stands: says who it is.
    void (*connected) (fleet_t *self, sim_t *sim, int64_t now);
    //  Time passes while online: sends what is due, sets when to be looked at next.
    void (*online) (fleet_t *self, sim_t *sim, int64_t now);
    //  Takes what it can from the head of rx; how much. It may drop the connection.
    size_t (*input) (fleet_t *self, sim_t *sim, int64_t now);
    //  The connection is gone, whatever its phase was.
    void (*lost) (fleet_t *self, sim_t *sim);
    //  The run is over: what is still on the way goes into the ledger.
    void (*end) (fleet_t *self, sim_t *sim);
    //  It may not leave the fleet yet.
    bool (*waits) (const sim_t *sim);
} fleet_kind_t;

extern const fleet_kind_t fleet_reports;
extern const fleet_kind_t fleet_gateways;
extern const fleet_kind_t fleet_concentrators;

//  The number-th concentrator that is asked, from 0.
void fleet_asked_prepare (fleet_t *self, sim_t *sim, uint32_t number);

//  Of the loop, for the kinds.
void fleet_due (fleet_t *self, const sim_t *sim, int64_t us);
void fleet_enter (fleet_t *self, sim_t *sim, phase_t phase, int64_t now);
void fleet_drop (fleet_t *self, sim_t *sim, int64_t now);

//  The bytes of tx that may not go yet.
static inline uint16_t fleet_held (const sim_t *sim)
{
    return sim->gateway ? sim->gateway->hold : sim->asked ? sim->asked->hold : 0;
}

#endif
