//  Fuzzing of the wire form: any bytes are walked by the cursor and printed as JSON. What
//  pack_check accepts must be walkable to its end, by items and by spans, and each span must stand
//  alone.
#include "fep/json.h"
#include "fep/pack.h"
#include "fep/wire.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static uint8_t s_text[1 << 16];
static item_t s_items[BATCH_ITEMS_MAX];

static void s_print (const message_t *message)
{
    writer_t out = writer_of (s_text, sizeof s_text);
    json_t json = json_of (&out);
    json_message (&json, message, s_items);
}

//  Every item of the message the cursor is in.
static fep_err_t s_walk_items (cursor_t *cursor, const message_t *message)
{
    uint32_t count = 0;
    fep_err_t error = FEP_OK;
    while (error == FEP_OK) {
        error = cursor_item (cursor, &s_items[count]);
        count += error == FEP_OK;
    }
    if (error == FEP_NOT_FOUND) {
        FEP_ASSERT (count == message->count);
        s_print (message);
    }
    return error;
}

//  NOT_FOUND if all could be walked.
static fep_err_t s_walk (bytes_t packed)
{
    cursor_t cursor = cursor_of (packed);
    batch_head_t head;
    message_t message;
    fep_err_t error = cursor_batch (&cursor, &head);
    while (error == FEP_OK) {
        while ((error = cursor_message (&cursor, &message)) == FEP_OK) {
            error = s_walk_items (&cursor, &message);
            if (error != FEP_NOT_FOUND) {
                return error;
            }
        }
        if (error == FEP_NOT_FOUND) {
            error = cursor_batch (&cursor, &head);
        }
    }
    return error;
}

static fep_err_t s_walk_spans (bytes_t packed, bool valid)
{
    cursor_t cursor = cursor_of (packed);
    batch_head_t head;
    message_t message;
    bytes_t span;
    fep_err_t error;
    while ((error = cursor_batch (&cursor, &head)) == FEP_OK) {
        while ((error = cursor_message (&cursor, &message)) == FEP_OK) {
            error = cursor_span (&cursor, &span);
            if (error) {
                return error;
            }
            cursor_t single = cursor_single (span);
            error = cursor_message (&single, &message);
            FEP_ASSERT (error == FEP_OK);
            error = s_walk_items (&single, &message);
            FEP_ASSERT (!valid || error == FEP_NOT_FOUND);
        }
        if (error != FEP_NOT_FOUND) {
            return error;
        }
    }
    return error;
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    bytes_t packed = bytes_of (data, size);
    bool valid = pack_check (packed) == FEP_OK;
    fep_err_t items = s_walk (packed);
    fep_err_t spans = s_walk_spans (packed, valid);
    FEP_ASSERT (valid == (items == FEP_NOT_FOUND));
    FEP_ASSERT (!valid || spans == FEP_NOT_FOUND);
    reader_t in = reader_of (packed);
    reader_t skipped = in;
    writer_t out = writer_of (s_text, sizeof s_text);
    json_t json = json_of (&out);
    json_wire (&json, &in);
    wire_skip (&skipped);
    FEP_ASSERT (in.failed || (!skipped.failed && in.pos == skipped.pos));
    return 0;
}
