//  WRITE and OPERATE: points become values. `done` counts half steps: twice the points written, and one more once the
//  sf register of the next was asked for.
#include "codecs/modbus_rtu/parts.h"

enum { ADDRESSES = 65536, DATA_MAX = 2 * 4 * REQUEST_VALUES_MAX };

//  Points that go in one frame.
typedef struct {
    const profile_row_t *rows[REQUEST_VALUES_MAX];
    size_t count;
    uint32_t end;             //  Behind their last register or coil
    const profile_row_t *sf;  //  One of them that has one, or NULL; all have the same, or none
    bool mask;                //  Some bits of one register
} group_t;

static bool s_is_mask (const profile_row_t *row)
{
    return row->type == REGISTER_BITS && row->bits < 16;
}

//  The points from `from` on that stand next to each other.
static group_t s_group (const request_t *request, const profile_t *profile, size_t from)
{
    group_t group = {.count = 0};
    for (size_t i = from; i < request->point_count; i++) {
        const profile_row_t *row = modbus_row (profile, request->points[i]);
        bool first = group.count == 0;
        if (!first && (group.mask || s_is_mask (row) || row->address != group.end ||
                       row->function != group.rows[0]->function)) {
            break;
        }
        if (row->has_sf && group.sf && group.sf->sf != row->sf) {
            break;
        }
        group.rows[group.count++] = row;
        group.mask = s_is_mask (row);
        group.sf = row->has_sf ? row : group.sf;
        group.end = (uint32_t) row->address + row->registers;
    }
    return group;
}

//  What can be known before the first frame is written.
static fep_err_t s_check (const request_t *request, const profile_t *profile)
{
    bool operate = request->kind == REQUEST_OPERATE;
    if (request->point_count < 1 || request->point_count > (operate ? 1 : REQUEST_VALUES_MAX)) {
        return FEP_RANGE;
    }
    for (size_t i = 0; i < request->point_count; i++) {
        const profile_row_t *row = modbus_row (profile, request->points[i]);
        uint64_t raw;
        if (!row->write) {
            return FEP_UNSUPPORTED;
        }
        if (!row->has_sf && modbus_raw (row, &request->values[i], 0, &raw) != FEP_OK) {
            return FEP_RANGE;
        }
    }
    return FEP_OK;
}

//  ---- Frames ----

static void s_put_head (writer_t *out, modbus_place_t place, uint8_t function, uint32_t address)
{
    writer_u8 (out, place.unit);
    writer_u8 (out, function);
    writer_u16be (out, (uint16_t) (address + place.offset));
}

static void s_put_many (writer_t *out, bool bits, uint32_t quantity, const uint8_t *data)
{
    size_t size = modbus_pdu_bytes (bits, (uint16_t) quantity);
    writer_u16be (out, (uint16_t) quantity);
    writer_u8 (out, (uint8_t) size);
    writer_put (out, data, size);
}

//  New is (old AND and) OR (or AND NOT and).
static void s_put_mask (writer_t *out, modbus_place_t place, const profile_row_t *row, uint64_t raw)
{
    uint64_t mask = ((1u << row->bits) - 1u) << row->bit;
    uint8_t words[4];
    modbus_put_registers (row, ~mask, words);
    modbus_put_registers (row, raw << row->bit, words + 2);
    s_put_head (out, place, MODBUS_MASK, row->address);
    writer_put (out, words, sizeof words);
}

//  data: all of the group, as it stands in the frame.
static void s_put_group (writer_t *out, modbus_place_t place, const group_t *group, bool many,
                         const uint8_t *data)
{
    const profile_row_t *first = group->rows[0];
    bool bits = first->function == MODBUS_READ_COILS;
    uint32_t quantity = group->end - first->address;
    if (quantity > 1 || many) {
        s_put_head (out, place, bits ? MODBUS_WRITE_COILS : MODBUS_WRITE_REGISTERS, first->address);
        s_put_many (out, bits, quantity, data);
    } else if (bits) {
        s_put_head (out, place, MODBUS_WRITE_COIL, first->address);
        writer_u16be (out, data[0] ? MODBUS_COIL_ON : 0);
    } else {
        s_put_head (out, place, MODBUS_WRITE_REGISTER, first->address);
        writer_put (out, data, 2);
    }
}

//  All values of the group into one frame.
static fep_err_t s_put_values (writer_t *out, modbus_place_t place, const group_t *group,
                               const value_t *values, int factor, bool many)
{
    uint8_t data[DATA_MAX] = {0};
    for (size_t i = 0; i < group->count; i++) {
        const profile_row_t *row = group->rows[i];
        uint32_t at = (uint32_t) (row->address - group->rows[0]->address);
        uint64_t raw;
        fep_err_t error = modbus_raw (row, &values[i], row->has_sf ? factor : 0, &raw);
        if (error) {
            return error;
        }
        if (group->mask) {
            s_put_mask (out, place, row, raw);
            return FEP_OK;
        }
        if (row->type == REGISTER_BIT) {
            data[at / 8] = (uint8_t) (data[at / 8] | raw << at % 8);
        } else {
            modbus_put_registers (row, raw, data + 2 * at);
        }
    }
    s_put_group (out, place, group, many, data);
    return FEP_OK;
}

//  Asks for the group's sf register, and remembers that.
static void s_ask_factor (modbus_state_t *state, writer_t *out, modbus_place_t place,
                          const profile_row_t *row)
{
    s_put_head (out, place, row->function, row->sf);
    writer_u16be (out, 1);
    state->factor_asked = true;
}

//  The next frame; *next is the point behind those it writes.
static fep_err_t s_put_next (modbus_state_t *state, const request_t *request, codec_io_t *io,
                             modbus_place_t place, uint32_t *done)
{
    const profile_t *profile = io->meter->profile;
    size_t from = request->done / 2;
    group_t group = s_group (request, profile, from);
    uint32_t end = group.sf && group.sf->sf >= group.end ? group.sf->sf + 1u : group.end;
    absent_t absent;
    bool last = from + group.count == request->point_count;
    if (end + place.offset > ADDRESSES || (place.all && (group.sf || group.mask || !last))) {
        return FEP_RANGE;
    }
    if (group.sf && request->done % 2 == 0) {
        s_ask_factor (state, io->send, place, group.sf);
        *done = request->done + 1;
        return FEP_OK;
    }
    if (group.sf && !modbus_factor_good (state->factor, &absent)) {
        return FEP_RANGE;
    }
    *done = (uint32_t) (2 * (from + group.count));
    return s_put_values (io->send, place, &group, request->values + from, state->factor,
                         profile_setting (profile, SETTING_write_many));
}

fep_err_t modbus_write (modbus_state_t *state, request_t *request, codec_io_t *io,
                        modbus_place_t place)
{
    size_t at = io->send->size;
    uint32_t done = 0;
    fep_err_t error = s_check (request, io->meter->profile);
    if (error) {
        return error;
    }
    if (request->done / 2 >= request->point_count) {
        return FEP_NOT_FOUND;
    }
    modbus_state_t before = *state;
    state->asked = false;
    state->factor_asked = false;
    error = s_put_next (state, request, io, place, &done);
    modbus_put_crc (io->send, at);
    error = !error && io->send->failed ? FEP_FULL : error;
    if (error) {
        *state = before;
        return error;
    }
    request->done = done;
    request->finished = done == 2u * request->point_count;
    io->answer = place.all ? ANSWER_DONE : ANSWER_NONE;
    return FEP_OK;
}
