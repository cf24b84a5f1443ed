//  The shape of journal and frame values.
#include "store/journal.h"
#include "fep/pack.h"

void journal_head (int64_t wall_ms, uint8_t head[JOURNAL_HEAD_SIZE])
{
    writer_t out = writer_of (head, JOURNAL_HEAD_SIZE);
    writer_u8 (&out, JOURNAL_VERSION);
    writer_u64be (&out, (uint64_t) wall_ms);
}

fep_err_t journal_record (uint64_t sequence, bytes_t value, record_t *record)
{
    reader_t in = reader_of (value);
    uint8_t version = reader_u8 (&in);
    uint64_t wall_ms = reader_u64be (&in);
    if (in.failed) {
        return FEP_CORRUPT;
    }
    if (version != JOURNAL_VERSION) {
        return FEP_VERSION;
    }
    record->sequence = sequence;
    record->wall_ms = (int64_t) wall_ms;
    record->batches = reader_bytes (&in, reader_left (&in));
    return FEP_OK;
}

//  Walks the messages of one batch; *index goes on counting.
static fep_err_t s_batch_frames (cursor_t *cursor, uint32_t *index, journal_visit_t *visit,
                                 void *arg)
{
    message_t message;
    fep_err_t error;
    while ((error = cursor_message (cursor, &message)) == FEP_OK) {
        if (message.raw.size > 0) {
            error = visit (arg, *index, message.raw);
            if (error) {
                return error;
            }
        }
        (*index)++;
    }
    return error == FEP_NOT_FOUND ? FEP_OK : error;
}

fep_err_t journal_frames (bytes_t batches, journal_visit_t *visit, void *arg)
{
    cursor_t cursor = cursor_of (batches);
    uint32_t index = 0;
    batch_head_t head;
    fep_err_t error;
    while ((error = cursor_batch (&cursor, &head)) == FEP_OK) {
        error = s_batch_frames (&cursor, &index, visit, arg);
        if (error) {
            return error;
        }
    }
    return error == FEP_NOT_FOUND ? FEP_OK : error;
}

typedef struct {
    uint32_t index;  //  Wanted
    bytes_t raw;     //  Found; data NULL until then
} s_wanted_t;

//  Ends the walk by EXISTS once the frame is found or passed.
static fep_err_t s_match (void *arg, uint32_t index, bytes_t raw)
{
    s_wanted_t *wanted = arg;
    if (index < wanted->index) {
        return FEP_OK;
    }
    if (index == wanted->index) {
        wanted->raw = raw;
    }
    return FEP_EXISTS;
}

fep_err_t journal_frame (bytes_t batches, uint32_t index, bytes_t *raw)
{
    s_wanted_t wanted = {index, {NULL, 0}};
    fep_err_t error = journal_frames (batches, s_match, &wanted);
    if (error && error != FEP_EXISTS) {
        return error;
    }
    *raw = wanted.raw;
    return wanted.raw.size > 0 ? FEP_OK : FEP_NOT_FOUND;
}

void journal_frame_head (int64_t wall_ms, uint8_t head[JOURNAL_FRAME_HEAD_SIZE])
{
    writer_t out = writer_of (head, JOURNAL_FRAME_HEAD_SIZE);
    writer_u64be (&out, (uint64_t) wall_ms);
}

fep_err_t journal_frame_value (bytes_t value, int64_t *wall_ms, bytes_t *raw)
{
    reader_t in = reader_of (value);
    *wall_ms = (int64_t) reader_u64be (&in);
    *raw = reader_bytes (&in, reader_left (&in));
    return in.failed ? FEP_CORRUPT : FEP_OK;
}

static uint64_t s_min (uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t journal_trim_end (uint64_t first, uint64_t before, uint64_t head, uint64_t slowest)
{
    uint64_t end = s_min (before, s_min (head, slowest) + 1);
    end = s_min (end, first + LIMIT_TRIM);
    return end > first ? end : first;
}
