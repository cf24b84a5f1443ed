//  Reading the journal in order, and finding a place in it by time.
#include "fep/check.h"
#include "store/fault.h"
#include "store/inside.h"
#include "store/journal.h"
#include "store/key.h"
#include <stdlib.h>

#define WALKER_RENEW 1024  //  Records after which a walker lets go of its snapshot

struct walker {
    store_t *store;  //  Borrowed
    scan_t *scan;    //  Stands on record next - 1; NULL between ends
    uint64_t next;   //  Sequence to give next
    uint32_t used;   //  Records given by this scan
};

fep_err_t walker_open (store_t *store, uint64_t from, walker_t **self_p)
{
    walker_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    self->store = store;
    self->next = from > 0 ? from : 1;
    *self_p = self;
    return FEP_OK;
}

//  Lets go of the snapshot: one that is held keeps memory and files alive.
static void s_release (walker_t *self)
{
    scan_destroy (&self->scan);
    self->used = 0;
}

void walker_close (walker_t **self_p)
{
    if (*self_p) {
        s_release (*self_p);
        free (*self_p);
        *self_p = NULL;
    }
}

//  True if the scan stands on the record to give.
static bool s_at_next (const walker_t *self)
{
    uint64_t sequence;
    return key_to_sequence (scan_key (self->scan), &sequence) && sequence == self->next;
}

//  A new snapshot, standing on the next record.
static fep_err_t s_renew (walker_t *self)
{
    s_release (self);
    self->scan = scan_new (self->store, CF_JOURNAL);
    uint8_t key[KEY_SEQUENCE_SIZE];
    key_sequence (self->next, key);
    fep_err_t error = scan_seek (self->scan, bytes_of (key, sizeof key));
    if ((!error && !s_at_next (self)) || error == FEP_NOT_FOUND) {
        error = self->next < store_first (self->store)
                    ? FEP_TRIMMED
                    : fault_log (FEP_CORRUPT, "walk", "a journal record is missing");
    }
    return error;
}

//  To the next record; with a new snapshot if the one held does not have it.
static fep_err_t s_step (walker_t *self)
{
    if (self->scan && self->used < WALKER_RENEW && scan_next (self->scan) == FEP_OK &&
        s_at_next (self)) {
        return FEP_OK;
    }
    return s_renew (self);
}

fep_err_t walker_next (walker_t *self, record_t *record)
{
    fep_err_t error = FEP_OK;
    if (self->next < store_first (self->store)) {
        error = FEP_TRIMMED;
    } else if (self->next > store_head (self->store)) {
        error = FEP_NOT_FOUND;
    }
    if (!error) {
        error = s_step (self);
    }
    if (!error) {
        error = journal_record (self->next, scan_value (self->scan), record);
        if (error) {
            error = fault_log (FEP_CORRUPT, "walk", "a journal record has no header we know");
        }
    }
    if (error) {
        s_release (self);
        return error;
    }
    self->next++;
    self->used++;
    return FEP_OK;
}

//  When a record was committed. NOT_FOUND if it is gone.
static fep_err_t s_time (store_t *self, uint64_t sequence, int64_t *wall_ms)
{
    uint8_t key[KEY_SEQUENCE_SIZE];
    key_sequence (sequence, key);
    pin_t *pin;
    bytes_t value;
    fep_err_t error = store_pin (self, CF_JOURNAL, bytes_of (key, sizeof key), &pin, &value);
    if (error) {
        return error;
    }
    record_t record;
    error = journal_record (sequence, value, &record);
    *wall_ms = error ? 0 : record.wall_ms;
    store_unpin (&pin);
    return error ? fault_log (FEP_CORRUPT, "seek", "a journal record has no header we know")
                 : FEP_OK;
}

//  Binary search over the records' times. A record that is trimmed meanwhile counts as too early.
fep_err_t store_seek (store_t *self, int64_t wall_ms, uint64_t *sequence)
{
    uint64_t low = store_first (self);
    uint64_t high = store_head (self) + 1;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        int64_t at_ms;
        fep_err_t error = s_time (self, middle, &at_ms);
        if (error == FEP_NOT_FOUND) {
            if (middle >= store_first (self)) {
                return fault_log (FEP_CORRUPT, "seek", "a journal record is missing");
            }
            at_ms = INT64_MIN;
        } else if (error) {
            return error;
        }
        if (at_ms < wall_ms) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *sequence = low;
    return FEP_OK;
}
