//  Requests: the blocks of a profile that hold what is asked, and frames given as function and data.
#include "codecs/modbus_rtu/parts.h"
#include "fep/crc.h"

enum { BITS_OF_REGISTER = 16, ADDRESSES = 65536 };

//  Digits up to the end or a colon, which is left in *end. False: none, or above most.
static bool s_number (const char *text, unsigned most, unsigned *number, const char **end)
{
    const char *p = text;
    for (*number = 0; *p && *p != ':'; p++) {
        if (*p < '0' || *p > '9' || *number > most) {
            return false;
        }
        *number = *number * 10 + (unsigned) (*p - '0');
    }
    *end = p;
    return p > text && *number <= most;
}

fep_err_t modbus_place (const meter_t *meter, modbus_place_t *place)
{
    unsigned unit, offset = 0;
    const char *end;
    if (!s_number (meter->address, MODBUS_UNIT_SELF, &unit, &end) ||
        (unit > MODBUS_UNIT_MAX && unit != MODBUS_UNIT_SELF) ||
        (*end && (!s_number (end + 1, UINT16_MAX, &offset, &end) || *end))) {
        return FEP_RANGE;
    }
    *place = (modbus_place_t){
        .unit = (uint8_t) unit, .offset = (uint16_t) offset, .all = !unit && !meter->no_broadcast};
    return FEP_OK;
}

void modbus_put_crc (writer_t *out, size_t from)
{
    if (!out->failed) {
        writer_u16le (out, crc_modbus (bytes_of (out->data + from, out->size - from)));
    }
}

//  ---- READ ----

static bool s_wanted (const request_t *request, uint32_t point)
{
    for (size_t i = 0; i < request->point_count; i++) {
        if (request->points[i] == point) {
            return true;
        }
    }
    return request->point_count == 0;
}

const profile_row_t *modbus_row (const profile_t *profile, uint32_t point)
{
    for (size_t i = 0; i < profile->count; i++) {
        if (profile->rows[i].point == point) {
            return &profile->rows[i];
        }
    }
    return NULL;
}

static fep_err_t s_check (const request_t *request, const profile_t *profile)
{
    if (!profile) {
        return FEP_NOT_FOUND;
    }
    if (strcmp (profile->codec, MODBUS_NAME) != 0) {
        return FEP_UNSUPPORTED;
    }
    if (request->point_count > REQUEST_POINTS_MAX) {
        return FEP_RANGE;
    }
    for (size_t i = 0; i < request->point_count; i++) {
        if (!modbus_row (profile, request->points[i])) {
            return FEP_UNSUPPORTED;
        }
    }
    return FEP_OK;
}

//  First row from i on that is wanted; count if there is none.
static size_t s_next (const request_t *request, const profile_t *profile, size_t i)
{
    while (i < profile->count && !s_wanted (request, profile->rows[i].point)) {
        i++;
    }
    return i;
}

typedef struct {
    size_t from, to;      //  Rows
    uint32_t start, end;  //  What is read: their registers or bits, and their sf
    uint32_t own;         //  Behind the last of their own registers
    bool merged;          //  Not all its rows overlap
} block_t;

//  The block with one row more; false if it does not belong to it.
static bool s_join (block_t *block, const profile_row_t *first, const profile_row_t *row,
                    uint32_t gap, uint32_t most, bool single)
{
    uint32_t from = profile_row_from (row), end = profile_row_end (row);
    uint32_t start = from < block->start ? from : block->start;
    bool apart = row->address >= block->own;
    uint32_t own = (uint32_t) row->address + row->registers;
    end = end > block->end ? end : block->end;
    if (row->function != first->function || end - start > most || from > block->end + gap ||
        (single && apart)) {
        return false;
    }
    block->start = start;
    block->end = end;
    block->own = own > block->own ? own : block->own;
    block->merged = block->merged || apart;
    return true;
}

//  The longest block that begins with row from. single: only with rows that overlap.
static block_t s_block (const request_t *request, const profile_t *profile, size_t from,
                        bool single)
{
    const profile_row_t *first = &profile->rows[from];
    uint32_t scale = first->function <= MODBUS_READ_DISCRETE ? BITS_OF_REGISTER : 1;
    uint32_t most = profile->most * scale;
    block_t block = {.from = from,
                     .to = from + 1,
                     .start = profile_row_from (first),
                     .end = profile_row_end (first),
                     .own = (uint32_t) first->address + first->registers};
    most = scale > 1 && most > MODBUS_BITS_MAX ? MODBUS_BITS_MAX : most;
    for (size_t i = s_next (request, profile, from + 1); i < profile->count;
         i = s_next (request, profile, i + 1)) {
        if (!s_join (&block, first, &profile->rows[i], profile->gap * scale, most, single)) {
            break;
        }
        block.to = i + 1;
    }
    return block;
}

//  `done` is the row behind those already asked for.
static fep_err_t s_read (modbus_state_t *state, request_t *request, codec_io_t *io,
                         modbus_place_t place)
{
    const profile_t *profile = io->meter->profile;
    size_t from = s_next (request, profile, request->done);
    if (from == profile->count) {
        return FEP_NOT_FOUND;
    }
    bool single = from < state->single_to;
    block_t block = s_block (request, profile, from, single);
    const profile_row_t *row = &profile->rows[from];
    size_t at = io->send->size;
    if (block.end + place.offset > ADDRESSES) {
        return FEP_RANGE;
    }
    writer_u8 (io->send, place.unit);
    writer_u8 (io->send, row->function);
    writer_u16be (io->send, (uint16_t) (block.start + place.offset));
    writer_u16be (io->send, (uint16_t) (block.end - block.start));
    modbus_put_crc (io->send, at);
    if (io->send->failed) {
        return FEP_FULL;
    }
    request->done = (uint32_t) block.to;
    request->finished = s_next (request, profile, block.to) == profile->count;
    state->asked = true;
    state->to = (uint16_t) block.to;
    state->merged = block.merged;
    state->whole = request->finished && !single && s_next (request, profile, 0) == from;
    return FEP_OK;
}

//  ---- PASS ----

static fep_err_t s_pass (modbus_state_t *state, request_t *request, codec_io_t *io,
                         modbus_place_t place)
{
    modbus_pdu_t pdu;
    size_t size;
    uint8_t bytes[REQUEST_PASS_MAX + 8];
    writer_t out = writer_of (bytes, sizeof bytes);
    if (request->size == 0 || request->size > REQUEST_PASS_MAX) {
        return FEP_RANGE;
    }
    writer_u8 (&out, place.unit);
    writer_put (&out, request->bytes, request->size);
    modbus_put_crc (&out, 0);
    if (modbus_length (writer_bytes (&out), false, &size) == FEP_NOT_MINE) {
        return FEP_UNSUPPORTED;
    }
    if (modbus_read (writer_bytes (&out), false, &pdu) != FEP_OK) {
        return FEP_IMPLAUSIBLE;
    }
    bool alone = pdu.shape == SHAPE_WRITE || pdu.shape == SHAPE_MANY;
    if (place.all && !alone) {
        return FEP_RANGE;
    }
    writer_put (io->send, out.data, out.size);
    if (io->send->failed) {
        return FEP_FULL;
    }
    state->asked = false;
    request->done = 1;
    request->finished = true;
    io->answer = place.all ? ANSWER_DONE : ANSWER_NONE;
    return FEP_OK;
}

//  ---- All ----

static bool s_is_write (const request_t *request)
{
    return request->kind == REQUEST_WRITE ||
           (request->kind == REQUEST_OPERATE && request->operation == OPERATION_POINT);
}

fep_err_t modbus_encode (void *self, request_t *request, codec_io_t *io)
{
    modbus_state_t *state = self;
    modbus_place_t place;
    bool read = request->kind == REQUEST_READ, write = s_is_write (request);
    if (!read && !write && request->kind != REQUEST_PASS) {
        return FEP_UNSUPPORTED;
    }
    if (!io->meter || request->finished) {
        return FEP_NOT_FOUND;
    }
    fep_err_t error = modbus_place (io->meter, &place);
    if (!error && read && place.all) {
        error = FEP_RANGE;
    }
    if (!error && (read || write)) {
        error = s_check (request, io->meter->profile);
    }
    if (error) {
        return error;
    }
    return read    ? s_read (state, request, io, place)
           : write ? modbus_write (state, request, io, place)
                   : s_pass (state, request, io, place);
}
