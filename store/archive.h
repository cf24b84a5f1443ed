//  The archive: which terminals and measuring points there are, and how meters are read. Kept in the
//  store; changed by files (CSV or JSON), each validated whole, shown as a plan, and applied in one
//  synced write together with its entries in the change log. Numbers are given once and never reused,
//  also when a terminal leaves the file and comes back.
#ifndef STORE_ARCHIVE_H
#define STORE_ARCHIVE_H

#include "fep/bytes.h"
#include "fep/error.h"
#include "fep/message.h"
#include "fep/task.h"
#include "store/store.h"

#define ARCHIVE_TERMINALS_MAX 200000  //  Present at the same time
#define ARCHIVE_NUMBERS_MAX 1000000   //  Numbers ever given, those of terminals that left included
#define ARCHIVE_POINTS_MAX 1000000    //  Measuring points
#define ARCHIVE_NAME_MAX 63
#define ARCHIVE_HEARTBEAT_MAX 63     //  Characters of a heartbeat pattern
#define ARCHIVE_DIAL_MAX 95          //  Characters of where it is dialled
#define ARCHIVE_ZONE_MAX 47          //  Characters of a zone
#define ARCHIVE_GROUPS_MAX 64        //  Names of groups
#define ARCHIVE_PROFILES_MAX 1024    //  Profiles ever given a number
#define ARCHIVE_LIMITS_MAX 2000000   //  Limits of all measuring points
#define ARCHIVE_POINT_LIMITS_MAX 32  //  Limits of one measuring point

//  Of a terminal or a measuring point: those that are not in service are not asked, and no part of a denominator.
typedef enum {
    ARCHIVE_IN_SERVICE,
    ARCHIVE_MAINTENANCE,
    ARCHIVE_SUSPENDED,
    ARCHIVE_STATE_COUNT
} archive_state_t;

//  Words of at most ARCHIVE_NAME_MAX bytes that many share, each kept once; whoever has one has its number, 0: none.
//  Different ones at most: vendor, channel and user_type 255, segment 1023, line 4095.
typedef enum {
    ARCHIVE_VENDOR,
    ARCHIVE_CHANNEL,
    ARCHIVE_SEGMENT,
    ARCHIVE_LINE,
    ARCHIVE_USER_TYPE,
    ARCHIVE_WORD_COUNT
} archive_word_t;
typedef struct archive_words archive_words_t;
//  The word of a number; "" if it is 0.
const char *archive_words_text (const archive_words_t *self, archive_word_t kind, uint32_t number);

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
    uint32_t profile;                           //  Number of its own map and settings; 0 = none
    char dial[ARCHIVE_DIAL_MAX + 1];            //  Where we dial it; "" = it dials us
    char zone[ARCHIVE_ZONE_MAX + 1];            //  Of its clock (fep/zone.h); "" = the node's
    uint16_t vendor;                            //  Word: who made it
    uint16_t channel;                           //  Word: how it is connected, such as 4g
    uint16_t segment;                           //  Word: network segment or APN
    uint16_t line;                              //  Word: feeder
    uint8_t state;                              //  archive_state_t
    bool sleeps;                                //  It wakes by itself: being offline is no fault
    uint32_t mp_count;                          //  Measuring points it has
    bool present;                               //  In the archive; false: kept only for its number
    uint64_t change;  //  Number of the change that last touched it; 0 = older than the log
} terminal_t;

typedef struct {
    uint32_t terminal;               //  Archive number
    uint16_t mp;                     //  Measuring point number
    char meter[ADDRESS_MAX + 1];     //  Meter address; may be empty
    char protocol[ADDRESS_MAX + 1];  //  Meter protocol (codecs.def); "" = the terminal's own
    uint8_t state;                   //  archive_state_t
    uint8_t user_type;               //  Word: kind of user
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

//  Where a file is wrong.
typedef struct {
    uint32_t line;   //  From 1; 0: not in a line
    char text[400];  //  What, and what is allowed
} archive_fault_t;

//  ---- In memory. Belongs to one thread. ----

//  Gives the archive as the store has it. CORRUPT, VERSION, IO (one log line).
FEP_MUST_CHECK
fep_err_t archive_load (store_t *store, archive_t **self_p);
void archive_destroy (archive_t **self_p);

//  Present terminals only. Borrowed until the next archive_apply; NULL if none. find: by the address,
//  else by the registration; O(1).
const terminal_t *archive_find (const archive_t *self, bytes_t address);
const terminal_t *archive_by_number (const archive_t *self, uint32_t number);
size_t archive_count (const archive_t *self);
const terminal_t *archive_at (const archive_t *self, size_t i);
//  Measuring points of a terminal, ordered by number; likewise one of them, and its limits, ordered by
//  point. Borrowed until the next archive_apply; NULL if none.
const measuring_point_t *archive_points (const archive_t *self, uint32_t number, size_t *count);
const measuring_point_t *archive_point (const archive_t *self, uint32_t number, uint16_t mp);
const archive_limit_t *archive_limits (const archive_t *self, uint32_t number, uint16_t mp,
                                       size_t *count);
//  The name of a group; "" if it has none. How many present terminals are in it.
const char *archive_group (const archive_t *self, uint32_t group);
size_t archive_group_size (const archive_t *self, uint32_t group);
//  The words of its terminals and points. Borrowed until the next archive_apply.
const archive_words_t *archive_words (const archive_t *self);
//  Grows with each change.
uint64_t archive_change (const archive_t *self);

//  Texts the archive keeps under their names: profiles of registers (fep/profile.h), acquisition tasks (fep/task.h).
typedef enum { ARCHIVE_PROFILE, ARCHIVE_TASK, ARCHIVE_KIND_COUNT } archive_kind_t;

typedef struct {
    uint32_t number;                  //  From 1; never given to another name of its kind
    char name[ARCHIVE_NAME_MAX + 1];  //  As in its text
    bytes_t text;                     //  Empty: it was removed
    uint64_t change;                  //  Number of the change that last touched it
} archive_text_t;

//  Borrowed until it is put again; NULL if none. next: the one behind that number.
const archive_text_t *archive_profile (const archive_t *self, uint32_t number);
const archive_text_t *archive_profile_find (const archive_t *self, bytes_t name);
const archive_text_t *archive_profile_next (const archive_t *self, uint32_t number);
//  Likewise of tasks. And what such a text says, number and all.
const archive_text_t *archive_task (const archive_t *self, uint32_t number);
const archive_text_t *archive_task_find (const archive_t *self, bytes_t name);
const archive_text_t *archive_task_next (const archive_t *self, uint32_t number);
void archive_task_read (const archive_text_t *text, task_t *task);

//  ---- Changing it: plan, look, apply ----

typedef enum { ARCHIVE_CSV, ARCHIVE_JSON } archive_format_t;
typedef enum { ARCHIVE_UTF8, ARCHIVE_GBK } archive_encoding_t;
typedef enum {
    ARCHIVE_REPLACE,  //  Terminals and measuring points the file does not name are removed
    ARCHIVE_MERGE     //  They stay; nothing is removed
} archive_mode_t;

//  What the caller knows and the store does not. NULL: everything is allowed.
typedef struct {
    bool (*protocol) (const char *name);  //  Is it a meter protocol?
    const char *protocols;                //  Their names, for faults
    fep_err_t (*pattern) (const char *text, char *why, size_t why_size);  //  Of heartbeats
    fep_err_t (*dial) (const char *text, char *why, size_t why_size);     //  Where to dial
    fep_err_t (*zone) (const char *text, char *why, size_t why_size);     //  Local time
} archive_checks_t;

typedef struct {
    archive_format_t format;
    archive_encoding_t encoding;
    archive_mode_t mode;
    const archive_checks_t *checks;  //  May be NULL
} archive_import_t;

//  What an archive will be, and how it differs from what it is.
typedef struct archive_plan archive_plan_t;

//  Reads a file and gives a plan; nothing is changed. What the file does not have keeps its stored value
//  for terminals (and measuring points) that are present: a column of CSV, a key of JSON; a CSV without
//  measuring_point and a JSON terminal without measuring_points keep all their points. Others get the
//  empty value.
//    CSV: a header line that names columns, in any order, each once, `terminal` among them:
//      terminal,name,area,heartbeat_s,measuring_point,meter,protocol,profile,rated_W,limits,groups,
//      registration,heartbeat,frame_gap_ms,answer_timeout_ms,terminal_profile,dial,zone,
//      state,sleeps,vendor,channel,segment,line,meter_state,user_type
//    Then one line per measuring point (a terminal's lines repeat its own fields equal; a line with empty
//    measuring_point is the terminal alone). LF or CRLF, optional quotes, '#' lines skipped.
//    limits: "voltage.l1_V=180..260;1.0.31.7.0=0..80"; groups: "north;street lights"; state (of the terminal) and
//    meter_state (of the measuring point): maintenance, suspended, or in_service, which is written as empty;
//    sleeps: yes, or no, which is written as empty.
//    JSON: [{"terminal": .., "name": .., .., "groups": [..], "measuring_points": [{"mp": 1, "meter": ..,
//      .., "limits": {"voltage.l1_V": [180, 260]}}, ..]}, ..]
//  Addresses, meters and registrations: letters, digits and . _ : - ; registrations are unique among
//  themselves and the addresses. SYNTAX, RANGE, EXISTS, NOT_FOUND, LIMIT with *fault.
FEP_MUST_CHECK
fep_err_t archive_plan (const archive_t *self, bytes_t file, const archive_import_t *import,
                        archive_plan_t **plan_p, archive_fault_t *fault);

//  A plan that adds one terminal without measuring points: number, change and mp_count do not count,
//  groups and words are those the archive has. EXISTS, SYNTAX, RANGE with *fault, which names the field.
FEP_MUST_CHECK
fep_err_t archive_plan_terminal (const archive_t *self, const terminal_t *terminal,
                                 const archive_checks_t *checks, archive_plan_t **plan_p,
                                 archive_fault_t *fault);

//  A plan that puts one profile (text: what profile_parse accepts, the name as in it), or removes it
//  (text empty). NOT_FOUND, LIMIT, BUSY (a measuring point uses it) with *fault.
FEP_MUST_CHECK
fep_err_t archive_plan_profile (const archive_t *self, const char *name, bytes_t text,
                                archive_plan_t **plan_p, archive_fault_t *fault);

//  A plan that puts one task under the name its text has (then name is "" or the same), or removes the task of that
//  name (text empty). Differences are its keys. NOT_FOUND, LIMIT, and those of task_parse, with *fault.
FEP_MUST_CHECK
fep_err_t archive_plan_task (const archive_t *self, const char *name, bytes_t text,
                             archive_plan_t **plan_p, archive_fault_t *fault);

//  A plan that takes back the last import. NOT_FOUND (there is none), EXISTS (what it touched was changed
//  since) with *fault; CORRUPT, VERSION, IO.
FEP_MUST_CHECK
fep_err_t archive_plan_undo (const archive_t *self, store_t *store, archive_plan_t **plan_p,
                             archive_fault_t *fault);

void archive_plan_destroy (archive_plan_t **self_p);

typedef enum { ARCHIVE_ADDED, ARCHIVE_REMOVED, ARCHIVE_CHANGED, ARCHIVE_WHAT_COUNT } archive_what_t;
const char *archive_what_name (archive_what_t what);  //  "added", ...

#define ARCHIVE_SHOWN_MAX 255  //  Bytes of a value in a difference; longer ones are cut

//  One difference. A terminal that comes or goes is one, with what it has in short.
typedef struct {
    archive_what_t what;
    char terminal[ADDRESS_MAX + 1];      //  Address; "" for texts
    char field[72];                      //  "", "name", "measuring_point 3", "3.meter"; of texts
                                         //  "profile x", "task x", "task x.period"
    char before[ARCHIVE_SHOWN_MAX + 1];  //  "" if it comes
    char after[ARCHIVE_SHOWN_MAX + 1];   //  "" if it goes
} archive_difference_t;

//  Terminals by what happens to them, and single differences, in the order of numbers.
size_t archive_plan_terminals (const archive_plan_t *self, archive_what_t what);
size_t archive_plan_count (const archive_plan_t *self);
void archive_plan_show (const archive_plan_t *self, size_t i, archive_difference_t *difference);
//  Terminals that something happens to, by number, ascending: archive_plan_touched (self, 0..).
size_t archive_plan_touched_count (const archive_plan_t *self);
uint32_t archive_plan_touched (const archive_plan_t *self, size_t i, archive_what_t *what);
//  The text of a kind it is about; 0 = it is about something else.
uint32_t archive_plan_number (const archive_plan_t *self, archive_kind_t kind);

//  Who changes it, and what is written along.
typedef struct {
    const char *who;        //  For the log; at most ARCHIVE_NAME_MAX bytes
    const char *what;       //  "import", "undo", "start", "create", "profile", "task"
    int64_t when_ms;        //  Wall clock
    uint64_t entries_kept;  //  Of the change log, at least 1; older ones are dropped
    bool undoable;          //  It can be undone, and then what was before cannot
    const char *file;       //  A file taken over at start: its name, at most 63 bytes; or NULL
    uint64_t file_hash;     //  Of its bytes; then the next archive_seen says so
} archive_act_t;

//  Writes the plan, its log entries and what undo needs, all or nothing, synced; then the archive is as
//  planned. Takes the plan. Nothing is written if nothing differs and no file is named. BUSY (the archive
//  has changed since the plan), NO_SPACE, LIMIT, IO: nothing is changed, but *plan_p is gone. *change:
//  its number, or the archive's if nothing differs.
FEP_MUST_CHECK
fep_err_t archive_apply (archive_t *self, store_t *store, archive_plan_t **plan_p,
                         const archive_act_t *act, uint64_t *change);

//  All in one, for the plainest case: takes over a CSV in UTF-8 as "import", replacing. As archive_plan and
//  archive_apply; the fault says what the store says, with line 0.
FEP_MUST_CHECK
fep_err_t archive_import (archive_t *self, store_t *store, bytes_t csv, archive_fault_t *fault);

//  Has a file of that name and hash been taken over at start?
bool archive_seen (store_t *store, const char *file, uint64_t hash);
uint64_t archive_hash (bytes_t bytes);

//  ---- Change log ----

//  One entry. Borrowed during the visit.
typedef struct {
    uint64_t entry;   //  Number, from 1; dense
    uint64_t change;  //  Number of the change it belongs to
    int64_t when_ms;  //  Wall clock
    bytes_t who;      //  As told
    bytes_t what;  //  The act's word in a change's first entry; then "added", "removed", "changed"
    bytes_t terminal;  //  Address; empty in a change's first entry and for texts
    bytes_t field;     //  As in a difference
    bytes_t before;    //  Likewise
    bytes_t after;     //  Likewise; in a change's first entry what it did, in short
} archive_log_t;

typedef fep_err_t (archive_log_visit_t) (void *arg, const archive_log_t *entry);

//  Entries first..last are kept; those below were dropped. 0, 0: none yet.
void archive_log_ends (const archive_t *self, uint64_t *first, uint64_t *last);
//  From an entry on, in order, until the visit gives an error, which is returned.
FEP_MUST_CHECK
fep_err_t archive_log_each (const archive_t *self, store_t *store, uint64_t from,
                            archive_log_visit_t *visit, void *arg);

//  ---- Export ----

//  Appends a page of the archive as a file, from a place on that starts at 0 and ends at
//  ARCHIVE_EXPORT_END; pages one behind the other are what archive_plan reads. What does not fit comes
//  with the next page; a page needs 16 KiB. RANGE with *fault: a character the encoding does not have.
#define ARCHIVE_EXPORT_END UINT64_MAX
#define ARCHIVE_EXPORT_ROOM 16384
FEP_MUST_CHECK
fep_err_t archive_export (const archive_t *self, archive_format_t format,
                          archive_encoding_t encoding, uint64_t *place, writer_t *out,
                          archive_fault_t *fault);

//  ---- Rows of the store, for actors that keep only a part. Any thread; each call reads what is committed. ----

//  One terminal as committed; borrowed during the visit. An error ends the walk and is returned.
typedef struct {
    const terminal_t *terminal;
    const measuring_point_t *points;  //  By number
    size_t point_count;               //  Of them
    const archive_limit_t *limits;    //  By measuring point, then point
    size_t limit_count;               //  Of them
    const archive_words_t *words;     //  Those of terminal and points
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
//  Every task that was not removed, by number; borrowed during the visit.
typedef fep_err_t (archive_task_visit_t) (void *arg, const task_t *task);
FEP_MUST_CHECK
fep_err_t archive_tasks_each (store_t *store, archive_task_visit_t *visit, void *arg);

#endif
