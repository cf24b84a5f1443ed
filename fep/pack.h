//  The wire form of a batch, and a cursor over it. One encoding only, positional msgpack, version first:
//    [version, origin, number, boot, [[kind, terminal, address, area, measuring point, task, received, raw,
//      freeze, time, step, [[point, mantissa, exponent, quality], ...]], ...]]
//  Fields may only be appended; readers ignore extra ones. Quality always takes 3 bytes, so it can be patched
//  in place. An item by its kind of value:
//    decimal  [point, int, exponent, quality]      none  [point, nil, reason, quality]
//    float    [point, float64, 0, quality]         text  [point, str, 0, quality]
//    bits     [point, uint, nil, quality]
//  A commit record is one or more batches, one behind the other.
#ifndef FEP_PACK_H
#define FEP_PACK_H

#include "fep/message.h"

#define PACK_VERSION 1

typedef struct {
    uint16_t origin;    //  Who made it: 0 control, 1.. connectors
    uint64_t number;    //  Counts an origin's batches within a boot, from 1
    uint64_t boot;      //  Drawn at each start
    uint32_t messages;  //  How many follow
} batch_head_t;

//  Bytes that pack_batch needs at most.
size_t pack_bound (const batch_t *batch);

//  Appends the batch. FEP_FULL if it does not fit (nothing useful was written then).
FEP_MUST_CHECK
fep_err_t pack_batch (const batch_t *batch, const batch_head_t *head, writer_t *out);

//  Copies packed, which is one batch of our own packer, with the messages of more behind its own. Needs at most
//  packed.size + pack_bound (more). LIMIT if they are too many for one batch; FULL; CORRUPT, VERSION.
FEP_MUST_CHECK
fep_err_t pack_append (bytes_t packed, const batch_t *more, writer_t *out);

//  Appends a batch header for head->messages messages to be copied behind it.
void pack_head (const batch_head_t *head, writer_t *out);

//  Bytes that pack_message needs at most.
size_t pack_message_bound (const message_t *message, const item_t items[]);

//  Appends one message as a batch holds it, and as the feed and FETCH carry it; its items are items[0..count).
//  FULL, LIMIT as above.
FEP_MUST_CHECK
fep_err_t pack_message (const message_t *message, const item_t items[], writer_t *out);

//  Walks packed bytes. Checks every length; never allocates. Messages and text values are borrowed from
//  the packed bytes.
typedef struct {
    reader_t in;             //  Where we are
    uint32_t messages_left;  //  In the batch
    uint32_t items_left;     //  In the message
    uint32_t extra;          //  Appended fields of the message to be skipped at its end
    uint32_t batch_extra;    //  Appended fields of the batch
    size_t message_start;    //  Offset of the current message
    size_t quality_at;       //  Offset of the last item's quality (its two bytes)
    bool in_message;         //  Between cursor_message and the message's end
} cursor_t;

cursor_t cursor_of (bytes_t packed);

//  To the next batch. FEP_NOT_FOUND at the end of the bytes; CORRUPT, VERSION, LIMIT otherwise.
FEP_MUST_CHECK
fep_err_t cursor_batch (cursor_t *self, batch_head_t *head);

//  To the next message of the batch; items of the one before are skipped. message->first is 0 and count
//  the number of items. FEP_NOT_FOUND behind the last.
FEP_MUST_CHECK
fep_err_t cursor_message (cursor_t *self, message_t *message);

//  The next item of the message. FEP_NOT_FOUND behind the last.
FEP_MUST_CHECK
fep_err_t cursor_item (cursor_t *self, item_t *item);

//  Skips what is left of the message and returns its bytes from first to last.
FEP_MUST_CHECK
fep_err_t cursor_span (cursor_t *self, bytes_t *span);

//  Sets the quality of the item just read, in place. packed is the memory the cursor walks.
void cursor_patch_quality (const cursor_t *self, uint8_t *packed, uint16_t quality);

//  Sets the kind of the message the cursor is in, in place.
void cursor_patch_kind (const cursor_t *self, uint8_t *packed, message_kind_t kind);

//  Checks a whole record: every batch, message and item. For bytes that come from outside.
FEP_MUST_CHECK
fep_err_t pack_check (bytes_t packed);

//  One message copied out of its batch (as the feed and FETCH carry it): a cursor that stands before it.
cursor_t cursor_single (bytes_t message);

#endif
