//  Latest values. Reports of one kind bring the same points in the same order, so the place of the next one is
//  guessed first and rarely searched.
#include "actors/latest.h"
#include "actors/pointmap.h"
#include "fep/metrics.h"
#include "fep/wire.h"
#include <stdlib.h>
#include <string.h>

#define ROW_VERSION 1
#define BLOCKS_FIRST 1024
#define EXPECTED_MAX 64  //  Values for which room is made before they come

struct latest {
    latest_block_t **blocks;  //  In order of first arrival
    size_t block_count;       //  Of them
    size_t block_capacity;    //  Of that array
    pointmap_t index;         //  Their places
    size_t values, limit;     //  Held, and how many may be
};

latest_t *latest_new (size_t values)
{
    latest_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    self->limit = values;
    self->block_capacity = BLOCKS_FIRST;
    self->blocks = malloc (self->block_capacity * sizeof *self->blocks);
    FEP_ASSERT (self->blocks);
    return self;
}

void latest_destroy (latest_t **self_p)
{
    latest_t *self = *self_p;
    if (self) {
        for (size_t i = 0; i < self->block_count; i++) {
            free (self->blocks[i]->values);
            free (self->blocks[i]);
        }
        free (self->blocks);
        pointmap_free (&self->index);
        free (self);
        *self_p = NULL;
    }
}

latest_block_t *latest_block (latest_t *self, uint32_t terminal, uint16_t mp, bool make)
{
    uint32_t place = pointmap_find (&self->index, terminal, mp);
    if (place != POINTMAP_NONE) {
        return self->blocks[place];
    }
    if (!make) {
        return NULL;
    }
    if (self->block_count == self->block_capacity) {
        self->block_capacity *= 2;
        self->blocks = realloc (self->blocks, self->block_capacity * sizeof *self->blocks);
        FEP_ASSERT (self->blocks);
    }
    latest_block_t *block = calloc (1, sizeof *block);
    FEP_ASSERT (block);
    block->terminal = terminal;
    block->mp = mp;
    pointmap_add (&self->index, terminal, mp, (uint32_t) self->block_count);
    self->blocks[self->block_count++] = block;
    return block;
}

//  The place of a point in its block, or count if it is new.
static uint32_t s_place (latest_block_t *block, uint32_t point, uint8_t freeze)
{
    uint32_t at = block->expected < block->count ? block->expected : 0;
    for (uint32_t i = 0; i < block->count; i++) {
        const latest_value_t *value = &block->values[at];
        if (value->point == point && value->freeze == freeze) {
            return at;
        }
        at = at + 1 < block->count ? at + 1 : 0;
    }
    return block->count;
}

void latest_expect (const latest_t *self, latest_block_t *block, uint32_t count)
{
    size_t left = self->limit - self->values;
    count = count < EXPECTED_MAX ? count : EXPECTED_MAX;
    if (!block->values && count && left) {
        block->capacity = count < left ? count : (uint32_t) left;
        block->values = malloc (block->capacity * sizeof *block->values);
        FEP_ASSERT (block->values);
    }
}

bool latest_put (latest_t *self, latest_block_t *block, const latest_value_t *value)
{
    uint32_t at = s_place (block, value->point, value->freeze);
    block->expected = at + 1;
    if (at < block->count) {
        if (value->time_ms >= block->values[at].time_ms) {
            block->values[at] = *value;
            block->dirty = true;
        }
        return true;
    }
    if (self->values == self->limit) {
        return false;
    }
    if (block->count == block->capacity) {
        block->capacity = block->capacity + block->capacity / 2 + 1;
        block->values = realloc (block->values, block->capacity * sizeof *block->values);
        FEP_ASSERT (block->values);
    }
    block->values[block->count++] = *value;
    block->dirty = true;
    self->values++;
    return true;
}

size_t latest_count (const latest_t *self)
{
    return self->values;
}

size_t latest_blocks (const latest_t *self)
{
    return self->block_count;
}

latest_block_t *latest_block_at (latest_t *self, size_t i)
{
    return self->blocks[i];
}

void latest_key (const latest_block_t *block, uint8_t key[6])
{
    writer_t out = writer_of (key, 6);
    writer_u32be (&out, block->terminal);
    writer_u16be (&out, block->mp);
}

void latest_columns (const latest_value_t *value, writer_t *out)
{
    wire_put_uint (out, value->point);
    wire_put_uint (out, value->freeze);
    wire_put_int (out, value->time_ms);
    switch (value->value.kind) {
    case VALUE_DECIMAL:
        wire_put_int (out, value->value.mantissa);
        wire_put_int (out, value->value.exponent);
        break;
    case VALUE_FLOAT:
        wire_put_float (out, value->value.real);
        wire_put_int (out, 0);
        break;
    case VALUE_BITS:
        wire_put_uint (out, (uint64_t) value->value.mantissa);
        wire_put_nil (out);
        break;
    default:
        wire_put_nil (out);
        wire_put_int (out, value->value.exponent);
    }
    wire_put_uint (out, value->value.quality);
    wire_put_uint (out, value->sequence);
}

void latest_pack (const latest_block_t *block, writer_t *out)
{
    wire_put_array (out, 2);
    wire_put_uint (out, ROW_VERSION);
    wire_put_array (out, block->count);
    for (uint32_t i = 0; i < block->count; i++) {
        wire_put_array (out, LATEST_COLUMNS);
        latest_columns (&block->values[i], out);
    }
}

static latest_value_t s_read (reader_t *in)
{
    latest_value_t read = {.point = (uint32_t) wire_get_uint (in)};
    read.freeze = (uint8_t) wire_get_uint (in);
    read.time_ms = wire_get_int (in);
    wire_type_t type = wire_peek (in);
    if (type == WIRE_NIL) {
        wire_get_nil (in);
        read.value = value_none ((absent_t) wire_get_int (in), 0);
    } else if (type == WIRE_FLOAT) {
        read.value.real = wire_get_float (in);
        read.value.kind = VALUE_FLOAT;
        wire_get_int (in);
    } else {
        read.value.mantissa = type == WIRE_UINT ? (int64_t) wire_get_uint (in) : wire_get_int (in);
        bool bits = wire_peek (in) == WIRE_NIL;
        read.value.kind = bits ? VALUE_BITS : VALUE_DECIMAL;
        if (bits) {
            wire_get_nil (in);
        } else {
            read.value.exponent = (int8_t) wire_get_int (in);
        }
    }
    read.value.quality = (uint16_t) wire_get_uint (in);
    read.sequence = wire_get_uint (in);
    return read;
}

fep_err_t latest_each (bytes_t key, bytes_t value, latest_visit_t *visit, void *arg)
{
    reader_t name = reader_of (key);
    reader_t in = reader_of (value);
    uint32_t terminal = reader_u32be (&name);
    uint16_t mp = reader_u16be (&name);
    if (name.failed || wire_get_array (&in) < 2 || wire_get_uint (&in) != ROW_VERSION) {
        return FEP_CORRUPT;
    }
    uint32_t count = wire_get_array (&in);
    fep_err_t error = FEP_OK;
    for (uint32_t i = 0; i < count && !in.failed && error == FEP_OK; i++) {
        if (wire_get_array (&in) != LATEST_COLUMNS) {
            return FEP_CORRUPT;
        }
        latest_value_t read = s_read (&in);
        error = in.failed ? FEP_CORRUPT : visit (arg, terminal, mp, &read);
    }
    return in.failed ? FEP_CORRUPT : error;
}

typedef struct {
    latest_t *self;  //  Where to
    uint32_t count;  //  Of the row
} s_unpack_t;

static fep_err_t s_unpack (void *arg, uint32_t terminal, uint16_t mp, const latest_value_t *value)
{
    const s_unpack_t *row = arg;
    latest_t *self = row->self;
    latest_block_t *block = latest_block (self, terminal, mp, true);
    latest_expect (self, block, row->count);
    if (!latest_put (self, block, value)) {
        metric_add (METRIC_latest_refused, 1);
    }
    block->dirty = false;
    return FEP_OK;
}

fep_err_t latest_unpack (latest_t *self, bytes_t key, bytes_t value)
{
    reader_t in = reader_of (value);
    (void) wire_get_array (&in);
    (void) wire_get_uint (&in);
    s_unpack_t row = {self, wire_get_array (&in)};
    return latest_each (key, value, s_unpack, &row);
}
