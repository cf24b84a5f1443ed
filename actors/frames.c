//  One block: places for two frames up, which take turns, then one down.
#include "actors/frames.h"
#include "fep/wire.h"
#include <stdlib.h>

#define ROOM_STEP 32  //  Places grow by so many bytes
#define CACHE_LINE 64
#define EXPECTED 384  //  Bytes of a block with frames of usual length; more does no harm
#define DOWN 2        //  Its place

typedef struct {
    int64_t time_ms;    //  Wall clock; 0: the place is empty
    const char *codec;  //  Its name
    uint32_t size;      //  As it was
    uint16_t kept;      //  Bytes of it
    uint8_t reason;     //  fep_err_t
} place_t;

struct frames {
    uint16_t up_room;            //  Bytes of a place up
    uint16_t down_room;          //  Of the one down
    uint8_t newest;              //  Place of the last frame up
    place_t places[FRAMES_MAX];  //  What they hold
    uint8_t bytes[];             //  Theirs
};

static uint8_t *s_bytes (frames_t *self, size_t at)
{
    return self->bytes + at * self->up_room;
}

//  A place for so many bytes; NULL without memory, then all is as before.
static frames_t *s_grow (frames_t *old, bool up, size_t size)
{
    size_t room = (size + ROOM_STEP - 1) / ROOM_STEP * ROOM_STEP;
    size_t up_room = up ? room : old ? old->up_room : 0;
    size_t down_room = !up ? room : old ? old->down_room : 0;
    frames_t *self = calloc (1, sizeof *self + DOWN * up_room + down_room);
    if (self && old) {
        *self = *old;
    }
    if (self) {
        self->up_room = (uint16_t) up_room;
        self->down_room = (uint16_t) down_room;
    }
    for (size_t i = 0; self && old && i < FRAMES_MAX; i++) {
        memcpy (s_bytes (self, i), s_bytes (old, i), old->places[i].kept);
    }
    return self;
}

void frames_note (frames_t **self_p, const char *codec, bool up, bytes_t bytes, fep_err_t reason,
                  int64_t wall_ms)
{
    size_t kept = bytes.size > FRAMES_BYTES_MAX ? FRAMES_BYTES_MAX : bytes.size;
    frames_t *self = *self_p;
    if (!self || (up ? self->up_room : self->down_room) < kept) {
        self = s_grow (self, up, kept);
        if (!self) {
            return;
        }
        free (*self_p);
        *self_p = self;
    }
    size_t at = up ? self->newest ^ 1u : DOWN;
    self->newest = up ? (uint8_t) at : self->newest;
    self->places[at] =
        (place_t){wall_ms, codec, (uint32_t) bytes.size, (uint16_t) kept, (uint8_t) reason};
    if (kept) {
        memcpy (s_bytes (self, at), bytes.data + (up ? 0 : bytes.size - kept), kept);
    }
}

void frames_expect (const frames_t *self)
{
    const char *at = (const char *) self;
    size_t size = self ? EXPECTED : 0;
    for (size_t i = 0; i < size; i += CACHE_LINE) {
        __builtin_prefetch (at + i, 1);
    }
}

void frames_destroy (frames_t **self_p)
{
    free (*self_p);
    *self_p = NULL;
}

void frames_wire (const frames_t *self, writer_t *out)
{
    uint32_t count = 0;
    size_t mark = wire_open_array (out);
    for (size_t i = 0; self && i < FRAMES_MAX; i++) {
        size_t at = i == DOWN ? DOWN : (self->newest ^ 1u) ^ i;
        const place_t *place = &self->places[at];
        if (!place->time_ms) {
            continue;
        }
        count++;
        wire_put_map (out, 6);
        wire_pair_text (out, "direction", at == DOWN ? "down" : "up");
        wire_pair_text (out, "codec", place->codec);
        wire_pair_int (out, "time_ms", place->time_ms);
        wire_pair_text (out, "reason", fep_err_name ((fep_err_t) place->reason));
        wire_pair_uint (out, "size", place->size);
        wire_put_text (out, "bytes");
        wire_put_bin (out, bytes_of (self->bytes + at * self->up_room, place->kept));
    }
    wire_close_array (out, mark, count);
}
