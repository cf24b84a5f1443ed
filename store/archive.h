//  The archive: which terminals and measuring points there are. Kept in the store; filled from one
//  CSV at start. Numbers are given once and never reused, also when a terminal leaves the file and
//  comes back.
#ifndef STORE_ARCHIVE_H
#define STORE_ARCHIVE_H

#include "fep/bytes.h"
#include "fep/error.h"
#include "fep/message.h"
#include "store/store.h"

#define ARCHIVE_TERMINALS_MAX 200000  //  Present at the same time
#define ARCHIVE_NUMBERS_MAX 1000000   //  Numbers ever given, those of terminals that left included
#define ARCHIVE_POINTS_MAX 1000000    //  Measuring points of one import
#define ARCHIVE_NAME_MAX 63
#define ARCHIVE_HEARTBEAT_MAX 63     //  Characters of a heartbeat pattern
#define ARCHIVE_GROUPS_MAX 64        //  Names of groups
#define ARCHIVE_PROFILES_MAX 1024    //  Profiles ever given a number
#define ARCHIVE_LIMITS_MAX 2000000   //  Limits of all measuring points
#define ARCHIVE_POINT_LIMITS_MAX 32  //  Limits of one measuring point

typedef struct {
    uint32_t number;                  //  Archive number, from 1
    char address[ADDRESS_MAX + 1];    //  As the codec shows it
    char name[ARCHIVE_NAME_MAX + 1];  //  For people
    uint8_t area;                     //  0..63
    uint32_t heartbeat_s;             //  Heartbeat period; 0 = not known
    uint64_t groups;                  //  Bit i: it is in the group of number i
    uint32_t frame_gap_ms;       //  Line behind it: pause between frames; 0 = as the options say
    uint32_t answer_timeout_ms;  //  Line behind it: to a meter's answer; 0 = as the options say
    char registration[ADDRESS_MAX + 1];         //  Another name it registers with; "" = its address
    char heartbeat[ARCHIVE_HEARTBEAT_MAX + 1];  //  Pattern of its heartbeats; "" = its listener's
    uint32_t mp_count;                          //  Measuring points it has
    bool present;                               //  In the archive; false: kept only for its number
    uint64_t change;  //  Number of the change that last touched it; 0 = older than the log
} terminal_t;

typedef struct {
    uint32_t terminal;               //  Archive number
    uint16_t mp;                     //  Measuring point number
    char meter[ADDRESS_MAX + 1];     //  Meter address; may be empty
    char protocol[ADDRESS_MAX + 1];  //  Meter protocol (codecs.def); "" = the terminal's own
    uint32_t profile;                //  Number of its profile; 0 = none
    uint32_t rated_W;                //  Rated power; 0 = not known
} measuring_point_t;

//  A plausible range narrower or wider than the dictionary's, for one point of one measuring point.
typedef struct {
    uint32_t terminal;  //  Archive number
    uint16_t mp;        //  Measuring point number
    uint32_t point;     //  Packed OBIS
    double low, high;   //  Inclusive, in the point's unit
} archive_limit_t;

typedef struct archive archive_t;

//  Where a CSV is wrong.
typedef struct {
    uint32_t line;   //  From 1
    char text[160];  //  What, and what is allowed
} archive_fault_t;

//  Gives the archive as the store has it. The archive is an in-memory copy; it belongs to one
//  thread, but once the last import is done any thread may ask it. CORRUPT, VERSION, IO (one log
//  line).
FEP_MUST_CHECK
fep_err_t archive_load (store_t *store, archive_t **self_p);
void archive_destroy (archive_t **self_p);

//  Takes over a CSV: header line "terminal,name,area,heartbeat_s,measuring_point,meter", then one
//  line per measuring point (a terminal's lines repeat its own fields equal; a line with empty
//  measuring_point is the terminal alone). UTF-8, LF or CRLF, optional quotes, '#' lines skipped.
//  Validated whole, then written in one batch; on a fault nothing is changed, and what is equal is
//  not written. SYNTAX, RANGE, EXISTS, LIMIT with *fault; NO_SPACE, IO with line 0. A terminal that
//  is no longer in the file keeps its number, not its measuring points. heartbeat_s may be empty
//  (0). Addresses and meters: letters, digits and . _ : -
FEP_MUST_CHECK
fep_err_t archive_import (archive_t *self, store_t *store, bytes_t csv, archive_fault_t *fault);

//  ---- Rows of the store, for actors that keep only a part. Any thread; each call reads what is committed. ----

//  One terminal as committed; borrowed during the visit. An error ends the walk and is returned.
typedef struct {
    const terminal_t *terminal;
    const measuring_point_t *points;  //  By number
    size_t point_count;               //  Of them
    const archive_limit_t *limits;    //  By measuring point, then point
    size_t limit_count;               //  Of them
} archive_entry_t;

typedef fep_err_t (archive_visit_t) (void *arg, const archive_entry_t *entry);
FEP_MUST_CHECK
fep_err_t archive_each (store_t *store, archive_visit_t *visit, void *arg);
//  NOT_FOUND if that number was never given.
FEP_MUST_CHECK
fep_err_t archive_read (store_t *store, uint32_t number, archive_visit_t *visit, void *arg);
//  The names of the groups, by number; "" where none. At most ARCHIVE_GROUPS_MAX.
FEP_MUST_CHECK
fep_err_t archive_group_names (store_t *store, char names[][ARCHIVE_NAME_MAX + 1]);

//  Present terminals only. Borrowed until the next import; NULL if none. find: O(1).
const terminal_t *archive_find (const archive_t *self, bytes_t address);
const terminal_t *archive_by_number (const archive_t *self, uint32_t number);
size_t archive_count (const archive_t *self);
const terminal_t *archive_at (const archive_t *self, size_t i);
//  Measuring points of a terminal, ordered by number. Borrowed until the next import; NULL if none.
const measuring_point_t *archive_points (const archive_t *self, uint32_t number, size_t *count);
//  One of them, or NULL.
const measuring_point_t *archive_point (const archive_t *self, uint32_t number, uint16_t mp);
//  The text of a profile; empty if there is none. Borrowed until the next change.
bytes_t archive_profile (const archive_t *self, uint32_t number);

#endif
