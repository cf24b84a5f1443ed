//  Options: one table, config.def, from which come the struct, the YAML schema, the range checks, the sample file
//  and the answer of `fepctl config`. Read by libcyaml; code sees fields, not strings.
//  Besides the sections there are two lists:
//    listeners: [{name: a, address: 0.0.0.0, port: 7600, codec: gdw1376, sessions: 5000}]   (1..16 of them)
//    alarms: [{name: low, on: point, point: voltage.l1_V, compare: lt, threshold: 198}]     (0..256 of them)
#ifndef FEP_CONFIG_H
#define FEP_CONFIG_H

#include "fep/error.h"
#include "fep/wire.h"

#define CONFIG_LISTENERS_MAX 16
#define CONFIG_ALARMS_MAX 256

typedef struct {
    char *name;              //  1..32 characters, unique
    char *address;           //  Numeric IPv4 or IPv6 to listen on
    uint64_t port;           //  1..65535
    char *codec;             //  A name of codecs.def (checked by the daemon, not here)
    uint64_t sessions;       //  Limit of this listener, per connector; default 5000
    char *address_style;     //  376.1: "decimal" (default) or "hex"
    uint64_t password_size;  //  376.1: 0, 2 or 16 (default 16)
    char
        *registration;  //  dtu: pattern (fep/pattern.h), each alternative names a terminal; "" none
    char *heartbeat;    //  dtu: pattern; "" (default) none
    char *heartbeat_echo;  //  dtu: "no" (default) or "yes"
    char *transport;       //  "tcp" (default) or "udp"
    char *proxy;  //  Addresses, joined by blanks, whose connections begin with PROXY v2; "" none
    char *
        protocols;  //  codec auto: codecs to choose from, joined by blanks; "" all that can be told
    char *zone;     //  Of the terminals' clocks (fep/zone.h); "" the node's
    char *unknown;  //  Terminals the archive does not have: "hold" (default) or "refuse"
    char *duplicate;  //  A second session of a terminal: "takeover" (default) or "reject"
} config_listener_t;

//  A rule: when an alarm is raised. Texts that do not concern what it is on are empty.
typedef struct {
    char *name;      //  1..31 characters, unique
    char *on;        //  "point", "event" or "link"
    char *point;     //  point: its name or OBIS
    char *event;     //  event: code, or empty = any
    char *group;     //  Terminals of this group; empty = all
    char *terminal;  //  This terminal; empty = all
    char *compare;   //  point: "gt" (default), "ge", "lt", "le", "eq", "ne", "bit_set", "bit_clear"
    char *threshold;     //  point: decimal; of bit_set and bit_clear the number of the bit
    char *hysteresis;    //  point: decimal, default "0"
    uint64_t delay_ms;   //  The condition must hold so long; default 0
    uint64_t settle_ms;  //  It must be gone so long; default 60000
    char *level;         //  "important" or "general" (default)
} config_alarm_t;

typedef struct {
#define SECTION(section, meaning) struct {
#define UINT(section, key, value, low, high, reload, unit, meaning) uint64_t key;
#define INT(section, key, value, low, high, reload, unit, meaning) int64_t key;
#define TEXT(section, key, value, low, high, reload, meaning) char *key;
#define WORD(section, key, value, allowed, reload, meaning) char *key;
#define SECTION_END(section)                                                                       \
    }                                                                                              \
    section;
#include "fep/config.def"
#undef SECTION
#undef UINT
#undef INT
#undef TEXT
#undef WORD
#undef SECTION_END
    config_listener_t *listeners;
    unsigned listener_count;
    config_alarm_t *alarms;  //  Of another address after each config_reload
    unsigned alarm_count;
} config_t;

//  Gives a checked configuration. SYNTAX, RANGE, NOT_FOUND (unknown key), IO; then `fault` holds one line
//  "FILE:LINE:COLUMN: what is wrong; what is allowed".
FEP_MUST_CHECK
fep_err_t config_load (const char *path, config_t **self_p, char *fault, size_t fault_size);
//  The same from bytes (tests, fuzzing); name stands for the file in faults.
FEP_MUST_CHECK
fep_err_t config_parse (bytes_t yaml, const char *name, config_t **self_p, char *fault,
                        size_t fault_size);
void config_destroy (config_t **self_p);

//  Takes over the RELOAD options of `fresh` into self; names those FIXED ones that differ in `ignored`
//  ("store.path feed.port", empty if none). Text options are swapped, so fresh stays whole for destroy.
void config_reload (config_t *self, config_t *fresh, char *ignored, size_t size);

//  Appends [{section, key, value, default, allowed, reload, unit, meaning}, ...].
void config_wire (const config_t *self, writer_t *out);

//  Writes a commented sample file with all defaults. FULL if it does not fit.
FEP_MUST_CHECK
fep_err_t config_sample (writer_t *out);

#endif
