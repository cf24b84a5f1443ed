//  Latest values. Reports of one kind bring the same points in the same order, so the place of the next one is
//  guessed first and rarely searched.
#include "actors/latest.h"
#include "actors/pointmap.h"
#include "fep/metrics.h"
#include "fep/wire.h"
#include <stdlib.h>
#include <string.h>

#define ROW_VERSION 2
#define ROW_VERSION_ALONE 1  //  One measuring point in a row: what releases up to 0.6 wrote
#define ROWS_FIRST 1024
#define EXPECTED_MAX 64  //  Values for which room is made before they come

struct latest {
    latest_row_t **rows;   //  In order of first arrival
    size_t row_count;      //  Of them
    size_t row_capacity;   //  Of that array
    pointmap_t index;      //  Their places, by number of the row within the terminal
    size_t values, limit;  //  Held, and how many may be
};

latest_t *latest_new (size_t values)
{
    latest_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    self->limit = values;
    self->row_capacity = ROWS_FIRST;
    self->rows = malloc (self->row_capacity * sizeof *self->rows);
    FEP_ASSERT (self->rows);
    return self;
}

void latest_destroy (latest_t **self_p)
{
    latest_t *self = *self_p;
    if (self) {
        for (size_t i = 0; i < self->row_count; i++) {
            for (size_t k = 0; k < LATEST_GROUP; k++) {
                free (self->rows[i]->blocks[k].values);
            }
            free (self->rows[i]);
        }
        free (self->rows);
        pointmap_free (&self->index);
        free (self);
        *self_p = NULL;
    }
}

//  The row of a measuring point, or NULL if there is none and none is to be made.
static latest_row_t *s_row (latest_t *self, uint32_t terminal, uint16_t mp, bool make)
{
    uint16_t number = mp / LATEST_GROUP;
    uint32_t place = pointmap_find (&self->index, terminal, number);
    if (place != POINTMAP_NONE) {
        return self->rows[place];
    }
    if (!make) {
        return NULL;
    }
    if (self->row_count == self->row_capacity) {
        self->row_capacity *= 2;
        self->rows = realloc (self->rows, self->row_capacity * sizeof *self->rows);
        FEP_ASSERT (self->rows);
    }
    latest_row_t *row = calloc (1, sizeof *row);
    FEP_ASSERT (row);
    row->terminal = terminal;
    row->mp = (uint16_t) (number * LATEST_GROUP);
    pointmap_add (&self->index, terminal, number, (uint32_t) self->row_count);
    self->rows[self->row_count++] = row;
    return row;
}

latest_block_t *latest_block (latest_t *self, uint32_t terminal, uint16_t mp, bool make)
{
    latest_row_t *row = s_row (self, terminal, mp, make);
    latest_block_t *block = row ? &row->blocks[mp % LATEST_GROUP] : NULL;
    if (!block || (!block->row && !make)) {
        return NULL;
    }
    block->row = row;
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
            block->row->dirty = true;
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
    block->row->dirty = true;
    self->values++;
    return true;
}

size_t latest_count (const latest_t *self)
{
    return self->values;
}

size_t latest_rows (const latest_t *self)
{
    return self->row_count;
}

latest_row_t *latest_row_at (latest_t *self, size_t i)
{
    return self->rows[i];
}

void latest_key (uint32_t terminal, uint16_t mp, uint8_t key[LATEST_KEY_SIZE])
{
    writer_t out = writer_of (key, LATEST_KEY_SIZE);
    writer_u32be (&out, terminal);
    writer_u16be (&out, mp);
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

//  A value as a row has it: point, time and sequence as differences to the value before it, which mostly are nothing or
//  one.
static latest_value_t s_apart (const latest_value_t *value, const latest_value_t *before)
{
    latest_value_t apart = *value;
    apart.point -= before->point;
    apart.time_ms = (int64_t) ((uint64_t) value->time_ms - (uint64_t) before->time_ms);
    apart.sequence -= before->sequence;
    return apart;
}

static void s_together (latest_value_t *apart, const latest_value_t *before)
{
    apart->point += before->point;
    apart->time_ms = (int64_t) ((uint64_t) apart->time_ms + (uint64_t) before->time_ms);
    apart->sequence += before->sequence;
}

void latest_pack (const latest_row_t *row, writer_t *out)
{
    latest_value_t before = {.point = 0};
    uint32_t count = 0;
    for (size_t i = 0; i < LATEST_GROUP; i++) {
        count += row->blocks[i].count != 0;
    }
    wire_put_array (out, 2);
    wire_put_uint (out, ROW_VERSION);
    wire_put_array (out, count);
    for (size_t i = 0; i < LATEST_GROUP; i++) {
        const latest_block_t *block = &row->blocks[i];
        if (!block->count) {
            continue;
        }
        wire_put_array (out, 2);
        wire_put_uint (out, row->mp + i);
        wire_put_array (out, block->count);
        for (uint32_t k = 0; k < block->count; k++) {
            latest_value_t apart = s_apart (&block->values[k], &before);
            before = block->values[k];
            wire_put_array (out, LATEST_COLUMNS);
            latest_columns (&apart, out);
        }
    }
}

size_t latest_bound (const latest_row_t *row)
{
    size_t bytes = 32;
    for (size_t i = 0; i < LATEST_GROUP; i++) {
        bytes += 16 + (size_t) row->blocks[i].count * LATEST_VALUE_BYTES;
    }
    return bytes;
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

//  The values of one measuring point, from their array on. before: the value before; NULL: they are whole.
static fep_err_t s_values (reader_t *in, uint32_t terminal, uint16_t mp, latest_value_t *before,
                           latest_visit_t *visit, void *arg)
{
    uint32_t left = wire_get_array (in);
    fep_err_t error = FEP_OK;
    for (; left && !in->failed && error == FEP_OK; left--) {
        if (wire_get_array (in) != LATEST_COLUMNS) {
            return FEP_CORRUPT;
        }
        latest_value_t read = s_read (in);
        if (before) {
            s_together (&read, before);
            *before = read;
        }
        error = in->failed ? FEP_CORRUPT : visit (arg, terminal, mp, &read, left);
    }
    return in->failed ? FEP_CORRUPT : error;
}

//  What a row begins with. CORRUPT.
static fep_err_t s_head (reader_t *in, uint64_t *version)
{
    uint32_t parts = wire_get_array (in);
    *version = wire_get_uint (in);
    bool known = *version == ROW_VERSION || *version == ROW_VERSION_ALONE;
    return in->failed || parts < 2 || !known ? FEP_CORRUPT : FEP_OK;
}

fep_err_t latest_each (bytes_t key, bytes_t value, latest_visit_t *visit, void *arg)
{
    reader_t name = reader_of (key);
    reader_t in = reader_of (value);
    uint32_t terminal = reader_u32be (&name);
    uint16_t first = reader_u16be (&name);
    uint64_t version;
    fep_err_t error = s_head (&in, &version);
    if (error || name.failed) {
        return FEP_CORRUPT;
    }
    if (version == ROW_VERSION_ALONE) {
        return s_values (&in, terminal, first, NULL, visit, arg);
    }
    latest_value_t before = {.point = 0};
    uint32_t count = wire_get_array (&in);
    for (uint32_t i = 0; i < count && error == FEP_OK; i++) {
        uint32_t parts = wire_get_array (&in);
        uint64_t mp = wire_get_uint (&in);
        if (in.failed || parts != 2 || mp / LATEST_GROUP != first / LATEST_GROUP) {
            return FEP_CORRUPT;
        }
        error = s_values (&in, terminal, (uint16_t) mp, &before, visit, arg);
    }
    return in.failed ? FEP_CORRUPT : error;
}

static fep_err_t s_unpack (void *arg, uint32_t terminal, uint16_t mp, const latest_value_t *value,
                           uint32_t left)
{
    latest_t *self = arg;
    latest_block_t *block = latest_block (self, terminal, mp, true);
    latest_expect (self, block, left);
    if (!latest_put (self, block, value)) {
        metric_add (METRIC_latest_refused, 1);
    }
    return FEP_OK;
}

fep_err_t latest_unpack (latest_t *self, bytes_t key, bytes_t value)
{
    reader_t name = reader_of (key), in = reader_of (value);
    uint64_t version;
    fep_err_t error = s_head (&in, &version);
    error = error ? error : latest_each (key, value, s_unpack, self);
    uint32_t terminal = reader_u32be (&name);
    uint16_t mp = reader_u16be (&name);
    latest_row_t *row = error || name.failed ? NULL : s_row (self, terminal, mp, false);
    if (row) {
        size_t i = mp % LATEST_GROUP;
        unsigned alone = version == ROW_VERSION_ALONE && row->blocks[i].count ? 1 : 0;
        row->dirty = false;
        row->alone = (uint8_t) (row->alone | alone << i);
    }
    return error;
}
