//  What acquisition tasks have of each slot: one block for each task, slot and terminal, with a few bytes for each of
//  the terminal's measuring points that the task covers. Pure; time is an argument.
//
//  A block says which points there are (as the archive was when the slot fell due, so it is the denominator), which of
//  the task's items have a valid value, why the others have none, and how the first run ended. Open blocks are kept
//  here; closed ones are rows of the store only, and can be taken in again.
//
//  Row (FAMILY_SLOT): key  state 1 ('o' open, 'c' closed) | task 2 | slot 5, seconds | terminal 4; big-endian.
#ifndef ACTORS_SLOTS_H
#define ACTORS_SLOTS_H

#include "actors/gap.h"
#include "fep/bytes.h"
#include "fep/error.h"
#include <stddef.h>

#define SLOTS_KEY_SIZE 12
#define SLOTS_PREFIX_SIZE 8  //  State, task and slot

//  Of a point.
enum {
    SLOT_FIRST_RAN = 1 << 0,  //  A run of it is over
    SLOT_FIRST_OK = 1 << 1,   //  and the key item was valid then
    SLOT_TIMELY = 1 << 2,     //  The key item came in time
    SLOT_REREAD = 1 << 3,     //  The key item came behind the first run
    SLOT_ALONE = 1 << 6,      //  Asked with others it brought nothing of its own; not stored
    SLOT_ASKED = 1 << 7       //  A request is under way; not stored
};

typedef struct {
    uint32_t valid;  //  Bit i: item i of the task has a valid value
    uint16_t mp;     //  Measuring point
    uint8_t reason;  //  gap_t of the items that are missing; GAP_valid: none is
    uint8_t flags;   //  SLOT_
    uint8_t runs;    //  Up to the last one that asked it and is over
    uint8_t error;   //  fep_err_t behind the reason
    uint8_t code;    //  The device's own, of GAP_refused
} slot_point_t;

typedef struct slot_block slot_block_t;
struct slot_block {
    slot_block_t *next;     //  In its bucket
    slot_block_t *changed;  //  In the list of those to be stored
    slot_block_t *queue;    //  In its owner's list for the terminal
    int64_t slot_ms;        //  The slot
    int64_t next_ms;        //  When it is run next; INT64_MAX: not by itself
    uint32_t terminal;      //  Archive number
    uint16_t task;          //  Number
    uint16_t count;         //  Points
    uint16_t under_way;     //  Points with SLOT_ASKED
    uint8_t items;          //  Of the task when the block was made, 1..32
    uint8_t area;           //  Of the terminal then
    uint8_t run;            //  Runs begun
    bool due;               //  Its time has come
    bool closed;            //  Nothing is done for it any more; see slots_set_closed
    bool dirty;             //  Differs from its row
    uint8_t stored;         //  First byte of its row's key; 0: it has none
    bool queued;            //  In that list
    bool running;           //  A run is under way
    slot_point_t points[];  //  By mp
};

typedef struct slots slots_t;

slots_t *slots_new (size_t points_max);
void slots_destroy (slots_t **self_p);

slot_block_t *slots_find (const slots_t *self, uint16_t task, uint32_t terminal, int64_t slot_ms);

//  A block without values, open, reason not_due; mps ascending. NULL: points_max would be exceeded.
slot_block_t *slots_make (slots_t *self, uint16_t task, uint32_t terminal, int64_t slot_ms,
                          uint8_t items, const uint16_t mps[], size_t count);

//  Frees it; it must not be dirty.
void slots_drop (slots_t *self, slot_block_t *block);

size_t slots_blocks (const slots_t *self);
size_t slots_points (const slots_t *self);
size_t slots_open (const slots_t *self);  //  Points of blocks that are not closed

//  Closes the block, or opens it again.
void slots_set_closed (slots_t *self, slot_block_t *block, bool closed);

//  Any block from a place on, for walks that drop: *place starts at 0. NULL at the end.
slot_block_t *slots_next (slots_t *self, size_t *place);

//  It differs from its row now.
void slots_touch (slots_t *self, slot_block_t *block);
//  Takes one that is to be stored; NULL if there is none.
slot_block_t *slots_changed (slots_t *self);

//  NULL if it is not in the block.
slot_point_t *slots_point (slot_block_t *block, uint16_t mp);

//  All items of the block.
static inline uint32_t slots_all (const slot_block_t *block)
{
    return block->items >= 32 ? UINT32_MAX : (1u << block->items) - 1;
}

//  Every item of the point is valid; and of every point.
bool slots_complete (const slot_block_t *block, const slot_point_t *point);
bool slots_full (const slot_block_t *block);
//  Nothing is to be asked: every point has everything, or is apart.
bool slots_idle (const slot_block_t *block);

//  ---- What happens to a point ----

typedef enum { SLOT_VALUE_GOOD, SLOT_VALUE_HELD, SLOT_VALUE_STAMP } slot_value_t;

//  When it came: in time, behind that but so that it counts, or too late to count.
typedef enum { SLOT_IN_TIME, SLOT_IN_WINDOW, SLOT_TOO_LATE } slot_when_t;

//  A value of an item came. True if that changed something.
bool slots_value (const slot_block_t *block, slot_point_t *point, unsigned item, slot_value_t value,
                  slot_when_t when);

//  A run is over for the point. Sets the reason of what is missing; what is known of a value that came and does not
//  count (held, late, freeze stamp wrong) stays.
typedef struct {
    fep_err_t error;  //  How its request ended
    uint8_t code;     //  The device's
    uint32_t
        values;  //  Good values of the items asked, by the session's count. The journal may have had them before
    //  the block was made; nothing is written twice
    bool line;         //  Asked on a bare line, where silence is the meter's
    bool silent;       //  The device's code says that the meter did not answer
    bool unsent;       //  No frame of it was sent
    gap_t offline;     //  What it is that the connection ended; GAP_valid: GAP_terminal_offline
    uint8_t run;       //  0: the first
    slot_when_t when;  //  It ended
} slot_outcome_t;
void slots_outcome (const slot_block_t *block, slot_point_t *point, const slot_outcome_t *outcome);

//  A run passed the point by, for that reason. What is known of a value that does not count stays, but for reasons that
//  are apart: those stay whatever happens, unless it has everything, and are no run; the owner takes them away.
void slots_reason (const slot_block_t *block, slot_point_t *point, gap_t reason);

//  ---- Rows ----

void slots_key (uint16_t task, uint32_t terminal, int64_t slot_ms, bool closed,
                uint8_t key[SLOTS_KEY_SIZE]);
//  And back, into those fields of *head. False: it is none.
bool slots_key_of (bytes_t key, slot_block_t *head);
//  Bytes that slots_pack needs at most.
size_t slots_pack_bound (const slot_block_t *block);
void slots_pack (const slot_block_t *block, writer_t *out);

//  Head of a row into *head (points excepted), then one point after another. CORRUPT, VERSION.
FEP_MUST_CHECK
fep_err_t slots_unpack (bytes_t key, reader_t *in, slot_block_t *head);
FEP_MUST_CHECK
fep_err_t slots_unpack_point (const slot_block_t *head, reader_t *in, slot_point_t *point);

//  A stored block taken in; one that is here already stays. FULL, CORRUPT, VERSION.
FEP_MUST_CHECK
fep_err_t slots_load (slots_t *self, bytes_t key, bytes_t value, slot_block_t **block_p);

//  ---- Counts ----

typedef struct {
    uint64_t points;       //  Slots of points
    uint64_t apart;        //  Of which under maintenance or suspended: no part of what follows
    uint64_t due;          //  The denominator: points - apart
    uint64_t first;        //  Key item valid at the end of the first run
    uint64_t cycle;        //  Key item valid
    uint64_t timely;       //  Key item came in time
    uint64_t reread;       //  Key item came behind the first run
    uint64_t items;        //  Items due
    uint64_t items_valid;  //  Of which valid
    uint64_t
        reasons[GAP_COUNT];  //  Points without valid key item, by reason; those apart by theirs
    uint64_t item_reasons[GAP_COUNT];  //  Items without valid value, likewise
} slot_counts_t;

void slots_count (const slot_block_t *head, const slot_point_t *point, slot_counts_t *counts);

#endif
