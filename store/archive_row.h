//  Rows of the archive family. Values are msgpack arrays that begin with a version. Fields may only be
//  appended: readers ignore extra ones and take those a row does not have yet as empty.
//    key                   value
//    number 4 big-endian   a terminal: [version, address, name, area, heartbeat_s, present, points, groups,
//                          registration, heartbeat, frame_gap_ms, answer_timeout_ms, change,
//                          profile, dial, zone, state, sleeps, vendor, channel, segment, line], points:
//                          [[mp, meter, protocol, profile, rated_W, [[point, low, high], ...], state,
//                          user_type], ...]
//    'g', number 1         the name of a group: [version, name]
//    'p', number 2         a profile: [version, name, text, change]
//    't', number 2         a task, likewise
//    's'                   how far it is: [version, change, last entry of the log, first entry kept]
//    'l', last entry 8     entries of the log: [version, change, who, when_ms, first entry,
//                          [[what, terminal, field, before, after], ...]]
//    'u', index 4          what undo needs. 0: [version, change, who, when_ms, rows, names of groups];
//                          then [version, [[number, the terminal's value as it was, or nil], ...]]
//    'f', name             a file taken over at start: [version, hash]
//  Numbers of terminals are below 2^24, so the first byte of their keys is 0.
#ifndef STORE_ARCHIVE_ROW_H
#define STORE_ARCHIVE_ROW_H

#include "store/archive_table.h"

#define ARCHIVE_ROW_VERSION 1
#define ARCHIVE_ROW_KEY_SIZE 4
#define ARCHIVE_GROUP_KEY_SIZE 2
#define ARCHIVE_TEXT_KEY_SIZE 3

//  What the keys of a kind begin with.
#define ARCHIVE_TERMINALS bytes_of ("\0", 1)
#define ARCHIVE_GROUPS bytes_of ("g", 1)
#define ARCHIVE_STATE bytes_of ("s", 1)
#define ARCHIVE_LOG bytes_of ("l", 1)
#define ARCHIVE_UNDO bytes_of ("u", 1)
#define ARCHIVE_FILES bytes_of ("f", 1)

//  ---- Terminals ----

//  One terminal unpacked. Reused from row to row; grows.
typedef struct {
    terminal_t terminal;        //  mp_count is set
    measuring_point_t *points;  //  By number
    size_t point_count;         //  Of them
    size_t point_capacity;      //  Room
    archive_limit_t *limits;    //  By measuring point, then point
    size_t limit_count;         //  Of them
    size_t limit_capacity;      //  Room
    archive_words_t *words;     //  Of the rows so far
} archive_row_t;

void archive_row_fini (archive_row_t *self);

//  Bytes that a value with that many measuring points and limits needs at most.
size_t archive_row_bound (size_t points, size_t limits);

void archive_row_key (uint32_t number, uint8_t key[ARCHIVE_ROW_KEY_SIZE]);
void archive_row_put (const archive_entry_t *entry, writer_t *out);

//  Fills the row from a key and a value. CORRUPT (also: more different words than there may be), VERSION.
FEP_MUST_CHECK
fep_err_t archive_row_get (bytes_t key, bytes_t value, archive_row_t *row);
archive_entry_t archive_row_entry (const archive_row_t *self);

//  ---- Groups ----

void archive_group_key (uint32_t number, uint8_t key[ARCHIVE_GROUP_KEY_SIZE]);
void archive_group_put (const char *name, writer_t *out);
//  CORRUPT, VERSION.
FEP_MUST_CHECK
fep_err_t archive_group_get (bytes_t key, bytes_t value, uint32_t *number,
                             char name[ARCHIVE_NAME_MAX + 1]);

//  ---- Texts ----

void archive_text_key (uint8_t prefix, uint32_t number, uint8_t key[ARCHIVE_TEXT_KEY_SIZE]);
size_t archive_text_bound (const archive_text_t *text);
void archive_text_put (const archive_text_t *text, writer_t *out);
//  text is borrowed from value. CORRUPT, VERSION.
FEP_MUST_CHECK
fep_err_t archive_text_get (bytes_t key, bytes_t value, archive_text_t *text);

//  ---- For the other rows ----

//  The head of a value: how many fields follow the version, all told. CORRUPT (fewer than `least`), VERSION.
FEP_MUST_CHECK
fep_err_t archive_head_get (reader_t *in, uint32_t least, uint32_t *fields);

#endif
