//  Dropping journal records and raw frames, and finding a frame wherever it is now.
//  What is dropped is said in meta, synced, before any file goes; rows below that number no longer
//  count.
#include "store/fault.h"
#include "store/inside.h"
#include "store/journal.h"
#include "store/key.h"
#include <stdio.h>

#define TRIM_BYTES (2u << 20)  //  Bytes of records read by one trim

typedef struct {
    store_t *store;     //  Whose batch takes the frames
    uint64_t sequence;  //  Of the record being dropped
    int64_t wall_ms;    //  When it was committed
} s_mover_t;

static fep_err_t s_move_frame (void *arg, uint32_t index, bytes_t raw)
{
    const s_mover_t *self = arg;
    uint8_t key[KEY_FRAME_SIZE];
    key_frame (self->sequence, index, key);
    uint8_t head[JOURNAL_FRAME_HEAD_SIZE];
    journal_frame_head (self->wall_ms, head);
    const bytes_t parts[2] = {bytes_of (head, sizeof head), raw};
    store_batch_put (self->store, CF_FRAME, bytes_of (key, sizeof key), parts, 2);
    return FEP_OK;
}

//  Puts the frames of one record into the batch. False if it cannot be unpacked to its end.
static bool s_move_record (store_t *self, const record_t *record)
{
    s_mover_t mover = {self, record->sequence, record->wall_ms};
    return journal_frames (record->batches, s_move_frame, &mover) == FEP_OK;
}

//  Puts the frames of [first, *end) into the batch; *end comes down when enough bytes were read.
//  A record that cannot be unpacked must not stop retention for ever: it goes without its frames.
static fep_err_t s_move_frames (store_t *self, uint64_t first, uint64_t *end)
{
    walker_t *walker;
    fep_err_t error = walker_open (self, first, &walker);
    size_t bytes = 0;
    uint64_t next = first;
    uint64_t spoilt = 0;
    while (!error && next < *end && bytes < TRIM_BYTES) {
        record_t record;
        error = walker_next (walker, &record);
        if (!error) {
            spoilt = s_move_record (self, &record) ? spoilt : record.sequence;
            bytes += record.batches.size;
            next = record.sequence + 1;
        }
    }
    if (spoilt > 0) {
        char text[80];
        snprintf (text, sizeof text, "records up to %llu cannot be unpacked; frames are dropped",
                  (unsigned long long) spoilt);
        (void) fault_log (FEP_CORRUPT, "trim", text);
    }
    *end = next;
    walker_close (&walker);
    return error;
}

fep_err_t store_trim (store_t *self, uint64_t before, uint64_t *first)
{
    *first = store_first (self);
    uint64_t end = journal_trim_end (*first, before, store_head (self), store_slowest (self));
    if (end == *first) {
        return FEP_OK;
    }
    fep_err_t error = store_space_trim (self);
    if (error) {
        return error;
    }
    store_batch_clear (self);
    error = s_move_frames (self, *first, &end);
    if (error) {
        return error;
    }
    store_batch_number (self, KEY_META_FIRST, end);
    error = store_batch_write (self, "trim");
    if (error) {
        return error;
    }
    store_set_first (self, end);
    *first = end;
    uint8_t last[KEY_SEQUENCE_SIZE];
    key_sequence (end - 1, last);
    return store_drop_files (self, CF_JOURNAL, bytes_of (last, sizeof last));
}

static fep_err_t s_copy_out (bytes_t raw, writer_t *out)
{
    if (out->failed || raw.size > out->capacity - out->size) {
        return FEP_FULL;
    }
    writer_put (out, raw.data, raw.size);
    return FEP_OK;
}

static fep_err_t s_journal_frame (store_t *self, uint64_t sequence, uint32_t index, writer_t *out)
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
    bytes_t raw;
    error = journal_record (sequence, value, &record);
    if (!error) {
        error = journal_frame (record.batches, index, &raw);
    }
    if (!error) {
        error = s_copy_out (raw, out);
    }
    store_unpin (&pin);
    return error;
}

static fep_err_t s_kept_frame (store_t *self, uint64_t sequence, uint32_t index, writer_t *out)
{
    if (sequence < store_frame_first (self)) {
        return FEP_NOT_FOUND;
    }
    uint8_t key[KEY_FRAME_SIZE];
    key_frame (sequence, index, key);
    pin_t *pin;
    bytes_t value;
    fep_err_t error = store_pin (self, CF_FRAME, bytes_of (key, sizeof key), &pin, &value);
    if (error) {
        return error;
    }
    int64_t wall_ms;
    bytes_t raw;
    error = journal_frame_value (value, &wall_ms, &raw);
    if (!error) {
        error = s_copy_out (raw, out);
    }
    store_unpin (&pin);
    return error;
}

fep_err_t store_frame (store_t *self, uint64_t sequence, uint32_t index, writer_t *out)
{
    if (sequence >= store_first (self)) {
        fep_err_t error = s_journal_frame (self, sequence, index, out);
        if (error != FEP_NOT_FOUND || sequence >= store_first (self)) {
            return error;
        }
    }
    return s_kept_frame (self, sequence, index, out);
}

//  The first kept frame at or after a sequence. NOT_FOUND.
static fep_err_t s_seek_frame (scan_t *scan, uint64_t from, uint64_t *sequence, int64_t *wall_ms)
{
    uint8_t key[KEY_FRAME_SIZE];
    key_frame (from, 0, key);
    fep_err_t error = scan_seek (scan, bytes_of (key, sizeof key));
    if (error) {
        return error;
    }
    uint32_t index;
    bytes_t raw;
    if (!key_to_frame (scan_key (scan), sequence, &index) ||
        journal_frame_value (scan_value (scan), wall_ms, &raw)) {
        return fault_log (FEP_CORRUPT, "frames", "a kept frame does not have its shape");
    }
    return FEP_OK;
}

//  Moves *low up to the first sequence of [*low, high) whose frames are not older than wall_ms, or
//  to where frames end. Binary search: sequences are sparse here, and time grows with them.
static fep_err_t s_oldest_frame (store_t *self, int64_t wall_ms, uint64_t *low, uint64_t high)
{
    scan_t *scan = scan_new (self, CF_FRAME);
    fep_err_t error = FEP_OK;
    while (*low < high && !error) {
        uint64_t middle = *low + (high - *low) / 2;
        uint64_t sequence;
        int64_t at_ms;
        error = s_seek_frame (scan, middle, &sequence, &at_ms);
        if (error == FEP_NOT_FOUND || (!error && at_ms >= wall_ms)) {
            high = middle;
            error = FEP_OK;
        } else if (!error) {
            *low = sequence + 1;
        }
    }
    scan_destroy (&scan);
    return error;
}

fep_err_t store_trim_frames (store_t *self, int64_t wall_ms)
{
    uint64_t was = store_frame_first (self);
    uint64_t end = was;
    fep_err_t error = s_oldest_frame (self, wall_ms, &end, store_first (self));
    if (error || end == was) {
        return error;
    }
    store_batch_clear (self);
    store_batch_number (self, KEY_META_FRAME_FIRST, end);
    error = store_batch_write (self, "trim frames");
    if (error) {
        return error;
    }
    store_set_frame_first (self, end);
    uint8_t last[KEY_FRAME_SIZE];
    key_frame (end - 1, UINT32_MAX, last);
    return store_drop_files (self, CF_FRAME, bytes_of (last, sizeof last));
}
