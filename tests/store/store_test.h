//  What the store's tests share: a directory of their own, batches to commit, and the store in it.
#ifndef TESTS_STORE_STORE_TEST_H
#define TESTS_STORE_STORE_TEST_H

#include "tests/test.h"
#include "fep/clock.h"
#include "fep/pack.h"
#include "store/store.h"
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RESERVE (1u << 20)

typedef struct {
    char directory[64];  //  Ours; removed at the end
    char path[80];       //  Of the store; not made yet
    store_t *store;      //  Open, or NULL
    uint8_t *bytes;      //  Room for packing
    size_t size;         //  Of the room
} place_t;

static inline int place_remove_entry (const char *path, const struct stat *state, int kind,
                                      struct FTW *where)
{
    (void) state;
    (void) kind;
    (void) where;
    return remove (path);
}

static inline int place_setup (void **state)
{
    place_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    strcpy (self->directory, "/tmp/fep-test-store-XXXXXX");
    assert_non_null (mkdtemp (self->directory));
    snprintf (self->path, sizeof self->path, "%s/store", self->directory);
    self->size = 1 << 20;
    self->bytes = malloc (self->size);
    assert_non_null (self->bytes);
    *state = self;
    return 0;
}

static inline int place_teardown (void **state)
{
    place_t *self = *state;
    store_close (&self->store);
    nftw (self->directory, place_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free (self->bytes);
    free (self);
    return 0;
}

static inline fep_err_t place_try (const char *path, bool sync, uint64_t reserve, store_t **store)
{
    store_options_t options = {path, sync, 64, reserve};
    return store_open (&options, store);
}

//  Opens the store; closes it before if it is open.
static inline void place_open (place_t *self)
{
    store_close (&self->store);
    CHECK_OK (place_try (self->path, false, RESERVE, &self->store));
}

//  A batch of `messages` readings into `out`; message i carries the raw text "<number>.<i>", every
//  third none.
static inline bytes_t place_pack (uint64_t number, uint32_t messages, writer_t *out)
{
    batch_t *batch = batch_new ();
    for (uint32_t i = 0; i < messages; i++) {
        message_t *message = batch_message (batch, MESSAGE_READING);
        char raw[40];
        snprintf (raw, sizeof raw, "%llu.%u", (unsigned long long) number, i);
        if (i % 3 != 2) {
            message->raw = batch_keep (batch, bytes_text (raw));
        }
        message->address = bytes_text ("310100012");
        message->received_ms = (int64_t) number;
        batch_item (batch, 0x01000100, value_decimal ((int64_t) i, -1, 0));
    }
    batch_head_t head = {1, number, 7, messages};
    size_t start = out->size;
    CHECK_OK (pack_batch (batch, &head, out));
    batch_destroy (&batch);
    return bytes_of (out->data + start, out->size - start);
}

//  Commits one record of one batch of three messages; its number is its sequence.
static inline uint64_t place_commit (place_t *self, int64_t wall_ms)
{
    writer_t out = writer_of (self->bytes, self->size);
    bytes_t batch = place_pack (store_head (self->store) + 1, 3, &out);
    uint64_t sequence = 0;
    CHECK_OK (store_commit (self->store, &batch, 1, wall_ms, &sequence));
    return sequence;
}

//  Trims until it stops moving.
static inline uint64_t place_trim (place_t *self, uint64_t before)
{
    uint64_t first = 0;
    uint64_t was;
    do {
        was = first;
        CHECK_OK (store_trim (self->store, before, &first));
    } while (first != was);
    return first;
}

static inline void place_expect_frame (place_t *place, uint64_t sequence, uint32_t index)
{
    char expected[40];
    snprintf (expected, sizeof expected, "%llu.%u", (unsigned long long) sequence, index);
    uint8_t room[64];
    writer_t out = writer_of (room, sizeof room);
    CHECK_OK (store_frame (place->store, sequence, index, &out));
    assert_true (bytes_equal (writer_bytes (&out), bytes_text (expected)));
}

#endif
