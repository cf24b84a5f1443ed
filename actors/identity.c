//  Per terminal a ring of groups and a hash index over it. A group is one instant of one measuring point and
//  freeze: its points and a 32-bit hash of each value, and a 64-bit hash of all of it. A report that is new
//  costs one look-up; one that repeats is recognised by the 64-bit hash. Only when an instant is known and the
//  content is not the same are items compared one by one.
#include "actors/identity.h"
#include <stdlib.h>
#include <string.h>

#define RING_FIRST 8  //  Groups a terminal begins with

typedef struct {
    uint32_t point;  //  What
    uint32_t hash;   //  Of its value
} mark_t;

typedef struct group group_t;
struct group {
    uint64_t key;      //  Hash of kind, measuring point, freeze, time
    uint64_t content;  //  Hash of all points and values
    group_t *older;    //  Another group of the same instant (other points), or NULL
    uint32_t count;    //  Marks
    mark_t marks[];    //  In the order of the message
};

typedef struct {
    uint64_t *keys;   //  Index: keys, 0 = free
    group_t **found;  //  Index: newest group of that key
    group_t **ring;   //  In order of arrival
    uint32_t size;    //  Of the ring; the index has twice as many
    uint32_t first;   //  Oldest in the ring
    uint32_t count;   //  In the ring
} memory_t;

struct identity {
    size_t limit;           //  Groups per terminal
    memory_t **terminals;   //  By archive number
    size_t terminal_count;  //  Of that array
    size_t groups;          //  Remembered
    uint64_t forgotten;     //  At limits
};

identity_t *identity_new (size_t groups)
{
    identity_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    self->limit = groups;
    return self;
}

static void s_memory_destroy (memory_t *memory)
{
    for (uint32_t i = 0; i < memory->count; i++) {
        free (memory->ring[(memory->first + i) % memory->size]);
    }
    free (memory->keys);
    free (memory->found);
    free (memory->ring);
    free (memory);
}

void identity_destroy (identity_t **self_p)
{
    identity_t *self = *self_p;
    if (self) {
        for (size_t i = 0; i < self->terminal_count; i++) {
            if (self->terminals[i]) {
                s_memory_destroy (self->terminals[i]);
            }
        }
        free (self->terminals);
        free (self);
        *self_p = NULL;
    }
}

//  Two small numbers are never joined by one step alone: their bits would cancel each other.
static uint64_t s_mix (uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9E3779B97F4A7C15u;
    return hash ^ hash >> 32;
}

static uint64_t s_bytes_hash (uint64_t hash, bytes_t bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        hash = (hash ^ bytes.data[i]) * 0x100000001b3u;
    }
    return s_mix (hash, bytes.size);
}

static uint64_t s_value_hash (const value_t *value)
{
    uint64_t shape = (uint64_t) value->kind << 8 | (uint8_t) value->exponent;
    //  What is doubted and what is not are two values, or nothing held would ever be journalled as good.
    shape |= (uint64_t) (value->quality & QUALITY_SUSPECT) << 16;
    if (value->kind == VALUE_TEXT) {
        return s_bytes_hash (shape, bytes_of (value->text, (size_t) value->exponent));
    }
    return s_mix (s_mix (0x5851F42D4C957F2Du, shape), (uint64_t) value->mantissa);
}

//  An event's code and content are part of its key, so that two events of one instant are two identities.
static uint64_t s_key (const message_t *message, int64_t time_ms, const item_t items[],
                       size_t count)
{
    uint64_t hash = s_mix (0x5851F42D4C957F2Du, (uint64_t) time_ms);
    uint64_t kind = message_is_reading (message->kind) ? MESSAGE_READING : message->kind;
    hash = s_mix (hash, kind << 24 | (uint64_t) message->freeze << 16 | message->mp);
    if (message->kind == MESSAGE_EVENT) {
        hash = s_bytes_hash (hash, message->raw);
        for (size_t i = 0; i < count; i++) {
            hash = s_mix (s_mix (hash, items[i].point), s_value_hash (&items[i].value));
        }
    }
    return hash ? hash : 1;
}

static memory_t *s_memory (identity_t *self, uint32_t terminal)
{
    if (terminal >= self->terminal_count) {
        size_t wanted = terminal + terminal / 2 + 1024;
        self->terminals = realloc (self->terminals, wanted * sizeof *self->terminals);
        FEP_ASSERT (self->terminals);
        memset (self->terminals + self->terminal_count, 0,
                (wanted - self->terminal_count) * sizeof *self->terminals);
        self->terminal_count = wanted;
    }
    if (!self->terminals[terminal]) {
        self->terminals[terminal] = calloc (1, sizeof (memory_t));
        FEP_ASSERT (self->terminals[terminal]);
    }
    return self->terminals[terminal];
}

//  ---- The index: open addressing, backward-shift deletion ----

static uint32_t s_slot (const memory_t *memory, uint64_t key)
{
    uint32_t mask = 2 * memory->size - 1;
    uint32_t at = (uint32_t) key & mask;
    while (memory->keys[at] && memory->keys[at] != key) {
        at = (at + 1) & mask;
    }
    return at;
}

static void s_unindex (memory_t *memory, uint32_t hole)
{
    uint32_t mask = 2 * memory->size - 1;
    uint32_t at = hole;
    for (;;) {
        at = (at + 1) & mask;
        if (!memory->keys[at]) {
            break;
        }
        uint32_t home = (uint32_t) memory->keys[at] & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            memory->keys[hole] = memory->keys[at];
            memory->found[hole] = memory->found[at];
            hole = at;
        }
    }
    memory->keys[hole] = 0;
}

//  Takes the oldest group out of the ring and out of the index.
static void s_forget_oldest (memory_t *memory)
{
    group_t *oldest = memory->ring[memory->first];
    uint32_t at = s_slot (memory, oldest->key);
    if (memory->found[at] == oldest) {
        s_unindex (memory, at);
    } else {
        group_t *newer = memory->found[at];
        while (newer->older != oldest) {
            newer = newer->older;
        }
        newer->older = NULL;
    }
    memory->first = (memory->first + 1) % memory->size;
    memory->count--;
    free (oldest);
}

static void s_index (memory_t *memory, group_t *group)
{
    uint32_t at = s_slot (memory, group->key);
    group->older = memory->keys[at] ? memory->found[at] : NULL;
    memory->keys[at] = group->key;
    memory->found[at] = group;
}

static void s_grow (memory_t *memory)
{
    memory_t old = *memory;
    memory->size = old.size ? old.size * 2 : RING_FIRST;
    memory->first = 0;
    memory->keys = calloc (2 * memory->size, sizeof *memory->keys);
    memory->found = malloc (2 * memory->size * sizeof *memory->found);
    memory->ring = malloc (memory->size * sizeof *memory->ring);
    FEP_ASSERT (memory->keys && memory->found && memory->ring);
    for (uint32_t i = 0; i < old.count; i++) {
        memory->ring[i] = old.ring[(old.first + i) % old.size];
        s_index (memory, memory->ring[i]);
    }
    free (old.keys);
    free (old.found);
    free (old.ring);
}

static void s_remember (identity_t *self, memory_t *memory, group_t *group)
{
    if (memory->count == self->limit) {
        s_forget_oldest (memory);
        self->forgotten++;
        self->groups--;
    }
    if (memory->count == memory->size) {
        s_grow (memory);
    }
    memory->ring[(memory->first + memory->count++) % memory->size] = group;
    s_index (memory, group);
    self->groups++;
}

//  ---- Judging ----

static group_t *s_group (uint64_t key, const item_t items[], size_t count)
{
    group_t *group = malloc (sizeof *group + count * sizeof (mark_t));
    FEP_ASSERT (group);
    uint64_t content = count;
    group->key = key;
    group->count = (uint32_t) count;
    for (size_t i = 0; i < count; i++) {
        uint64_t hash = s_value_hash (&items[i].value);
        content = s_mix (s_mix (content, items[i].point), hash);
        group->marks[i] = (mark_t){items[i].point, (uint32_t) hash};
    }
    group->content = content;
    return group;
}

//  The newest mark of a point among the groups of an instant, or NULL.
static mark_t *s_mark (group_t *group, uint32_t point)
{
    for (; group; group = group->older) {
        for (uint32_t i = 0; i < group->count; i++) {
            if (group->marks[i].point == point) {
                return &group->marks[i];
            }
        }
    }
    return NULL;
}

//  Item by item; what is new or changed is remembered. Returns how many marks of `made` are to be kept.
static uint32_t s_compare (group_t *known, group_t *made, identity_verdict_t verdicts[])
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < made->count; i++) {
        mark_t *mark = s_mark (known, made->marks[i].point);
        verdicts[i] = !mark                               ? IDENTITY_NEW
                      : mark->hash == made->marks[i].hash ? IDENTITY_REPEAT
                                                          : IDENTITY_CHANGED;
        if (!mark) {
            made->marks[kept++] = made->marks[i];
        } else {
            mark->hash = made->marks[i].hash;
        }
    }
    return kept;
}

static void s_all (identity_verdict_t verdicts[], size_t count, identity_verdict_t verdict)
{
    for (size_t i = 0; i < count; i++) {
        verdicts[i] = verdict;
    }
}

void identity_check (identity_t *self, const message_t *message, int64_t time_ms,
                     const item_t items[], size_t count, identity_verdict_t verdicts[])
{
    if (time_ms == 0 || count == 0 ||
        (!message_is_reading (message->kind) && message->kind != MESSAGE_EVENT)) {
        s_all (verdicts, count, IDENTITY_NEW);
        return;
    }
    memory_t *memory = s_memory (self, message->terminal);
    uint64_t key = s_key (message, time_ms, items, count);
    group_t *made = s_group (key, items, count);
    uint32_t at = memory->size ? s_slot (memory, key) : 0;
    group_t *known = memory->size && memory->keys[at] ? memory->found[at] : NULL;
    if (!known) {
        s_all (verdicts, count, IDENTITY_NEW);
        s_remember (self, memory, made);
        return;
    }
    if (known->content == made->content && known->count == made->count) {
        s_all (verdicts, count, IDENTITY_REPEAT);
        free (made);
        return;
    }
    made->count = s_compare (known, made, verdicts);
    known->content = 0;
    if (made->count) {
        made->content = 0;
        s_remember (self, memory, made);
    } else {
        free (made);
    }
}

size_t identity_count (const identity_t *self)
{
    return self->groups;
}

uint64_t identity_forgotten (const identity_t *self)
{
    return self->forgotten;
}
