//  Lengths, fields and rules of each function, from one table.
#include "fep/modbus_pdu.h"

enum {
    BOTH_WRITTEN_MAX = 121,
    DATA_MAX = 250  //  Bytes of an answer: 2000 bits, 125 registers
};

typedef struct {
    uint8_t function;
    uint8_t shape;  //  modbus_shape_t
    bool bits;
    uint16_t most;  //  Read or written; BOTH: read
} rule_t;

static const rule_t s_rules[] = {
    {MODBUS_READ_COILS, SHAPE_READ, true, MODBUS_BITS_MAX},
    {MODBUS_READ_DISCRETE, SHAPE_READ, true, MODBUS_BITS_MAX},
    {MODBUS_READ_HOLDING, SHAPE_READ, false, MODBUS_REGISTERS_READ_MAX},
    {MODBUS_READ_INPUT, SHAPE_READ, false, MODBUS_REGISTERS_READ_MAX},
    {MODBUS_WRITE_COIL, SHAPE_WRITE, true, 1},
    {MODBUS_WRITE_REGISTER, SHAPE_WRITE, false, 1},
    {MODBUS_WRITE_COILS, SHAPE_MANY, true, MODBUS_COILS_WRITTEN_MAX},
    {MODBUS_WRITE_REGISTERS, SHAPE_MANY, false, MODBUS_REGISTERS_WRITTEN_MAX},
    {MODBUS_SERVER_ID, SHAPE_ID, false, 0},
    {MODBUS_MASK, SHAPE_MASK, false, 1},
    {MODBUS_READ_WRITE, SHAPE_BOTH, false, MODBUS_REGISTERS_READ_MAX}};

//  By shape and direction: bytes of unit and PDU without data, and where the count of data bytes stands; 0: it has
//  none.
static const struct {
    uint8_t size, count_at;
} s_lengths[][2] = {[SHAPE_READ] = {{6, 0}, {3, 2}}, [SHAPE_WRITE] = {{6, 0}, {6, 0}},
                    [SHAPE_MANY] = {{7, 6}, {6, 0}}, [SHAPE_ID] = {{2, 0}, {3, 2}},
                    [SHAPE_MASK] = {{8, 0}, {8, 0}}, [SHAPE_BOTH] = {{11, 10}, {3, 2}}};

static const rule_t *s_rule (uint8_t function)
{
    for (size_t i = 0; i < sizeof s_rules / sizeof *s_rules; i++) {
        if (s_rules[i].function == function) {
            return &s_rules[i];
        }
    }
    return NULL;
}

fep_err_t modbus_pdu_length (bytes_t window, bool up, size_t *size)
{
    *size = 0;
    if (window.size < MODBUS_HEAD) {
        return FEP_OK;
    }
    uint8_t function = window.data[1];
    bool refused = up && function & MODBUS_EXCEPTION;
    const rule_t *rule = s_rule (refused ? function & 0x7F : function);
    if (!rule) {
        return FEP_NOT_MINE;
    }
    size_t at = s_lengths[rule->shape][up].count_at;
    if (refused) {
        *size = MODBUS_EXCEPTION_SIZE;
    } else if (at == 0) {
        *size = s_lengths[rule->shape][up].size;
    } else if (window.size > at) {
        *size = (size_t) s_lengths[rule->shape][up].size + window.data[at];
    }
    return *size > MODBUS_PDU_MAX ? FEP_IMPLAUSIBLE : FEP_OK;
}

size_t modbus_pdu_bytes (bool bits, uint16_t quantity)
{
    return bits ? (quantity + 7u) / 8 : quantity * 2u;
}

//  1..most of them, none behind the last address.
static void s_check_range (modbus_pdu_t *pdu, uint16_t start, uint16_t quantity, unsigned most)
{
    bool good = quantity >= 1 && quantity <= most && (uint32_t) start + quantity <= 65536;
    pdu->too_many = pdu->too_many || !good;
}

//  Count and data; they are all that is left.
static void s_read_data (reader_t *in, modbus_pdu_t *pdu)
{
    size_t count = reader_u8 (in);
    pdu->data = reader_bytes (in, count);
}

//  The data of an answer.
static bool s_read_answer (reader_t *in, const rule_t *rule, modbus_pdu_t *pdu)
{
    s_read_data (in, pdu);
    size_t size = pdu->data.size;
    bool identity = rule->shape == SHAPE_ID;
    return identity || (size >= 1 && size <= DATA_MAX && (rule->bits || size % 2 == 0));
}

static bool s_read_both (reader_t *in, const rule_t *rule, modbus_pdu_t *pdu)
{
    pdu->quantity = reader_u16be (in);
    pdu->write_start = reader_u16be (in);
    pdu->write_quantity = reader_u16be (in);
    s_read_data (in, pdu);
    s_check_range (pdu, pdu->start, pdu->quantity, rule->most);
    s_check_range (pdu, pdu->write_start, pdu->write_quantity, BOTH_WRITTEN_MAX);
    return pdu->data.size == modbus_pdu_bytes (false, pdu->write_quantity);
}

//  The fields behind the function of what has its function's length.
static bool s_read_fields (reader_t *in, bool up, const rule_t *rule, modbus_pdu_t *pdu)
{
    if (up && s_lengths[rule->shape][true].count_at) {
        return s_read_answer (in, rule, pdu);
    }
    if (rule->shape == SHAPE_ID) {
        return true;
    }
    pdu->start = reader_u16be (in);
    switch ((modbus_shape_t) rule->shape) {
    case SHAPE_WRITE:
        pdu->value = reader_u16be (in);
        return !rule->bits || pdu->value == 0 || pdu->value == MODBUS_COIL_ON;
    case SHAPE_MASK:
        pdu->and_mask = reader_u16be (in);
        pdu->or_mask = reader_u16be (in);
        return true;
    case SHAPE_READ:
        pdu->quantity = reader_u16be (in);
        s_check_range (pdu, pdu->start, pdu->quantity, rule->most);
        return true;
    case SHAPE_MANY:
        pdu->quantity = reader_u16be (in);
        if (!up) {
            s_read_data (in, pdu);
        }
        s_check_range (pdu, pdu->start, pdu->quantity, rule->most);
        return up || pdu->data.size == modbus_pdu_bytes (rule->bits, pdu->quantity);
    case SHAPE_BOTH:
        return s_read_both (in, rule, pdu);
    case SHAPE_ID:
        break;
    }
    return false;
}

fep_err_t modbus_pdu_read (bytes_t bytes, bool up, modbus_pdu_t *pdu)
{
    size_t size;
    memset (pdu, 0, sizeof *pdu);
    fep_err_t error = modbus_pdu_length (bytes, up, &size);
    if (error) {
        return error;
    }
    if (size == 0 || bytes.size < size) {
        return FEP_TRUNCATED;
    }
    if (bytes.size != size) {
        return FEP_NOT_MINE;
    }
    reader_t in = reader_of (bytes);
    pdu->unit = reader_u8 (&in);
    uint8_t function = reader_u8 (&in);
    const rule_t *rule = s_rule (up ? function & 0x7F : function);
    pdu->function = rule->function;
    pdu->shape = rule->shape;
    pdu->bits = rule->bits;
    if (function != rule->function) {
        pdu->exception = reader_u8 (&in);
        return pdu->exception ? FEP_OK : FEP_IMPLAUSIBLE;
    }
    if (!s_read_fields (&in, up, rule, pdu) || in.failed) {
        pdu->too_many = false;
        return FEP_IMPLAUSIBLE;
    }
    return pdu->too_many ? FEP_IMPLAUSIBLE : FEP_OK;
}

//  ---- For people ----

const char *modbus_exception_name (uint8_t code)
{
    static const char *const names[] = {[1] = "illegal function",
                                        [2] = "illegal data address",
                                        [3] = "illegal data value",
                                        [4] = "device failure",
                                        [5] = "acknowledge",
                                        [6] = "device busy",
                                        [7] = "negative acknowledge",
                                        [8] = "memory parity error",
                                        [10] = "gateway path unavailable",
                                        [MODBUS_TARGET_SILENT] =
                                            "gateway target failed to respond"};
    const char *name = code < sizeof names / sizeof *names ? names[code] : NULL;
    return name ? name : "unknown";
}

static void s_json_registers (json_t *out, bytes_t data)
{
    json_key (out, "regs");
    json_array (out);
    for (size_t i = 0; i + 1 < data.size; i += 2) {
        json_int (out, data.data[i] << 8 | data.data[i + 1]);
    }
    json_array_end (out);
}

static void s_json_bits (json_t *out, bytes_t data, size_t count)
{
    json_key (out, "bits");
    json_array (out);
    for (size_t i = 0; i < count; i++) {
        json_int (out, data.data[i / 8] >> i % 8 & 1);
    }
    json_array_end (out);
}

//  An answer that brings data.
static void s_json_answer (json_t *out, const modbus_pdu_t *pdu)
{
    json_pair_int (out, "byte_count", (int64_t) pdu->data.size);
    if (pdu->shape == SHAPE_ID) {
        json_pair_hex (out, "data", pdu->data);
    } else if (pdu->bits) {
        s_json_bits (out, pdu->data, pdu->data.size * 8);
    } else {
        s_json_registers (out, pdu->data);
    }
}

static void s_json_request (json_t *out, const modbus_pdu_t *pdu)
{
    json_pair_int (out, "start", pdu->start);
    json_pair_int (out, "quantity", pdu->quantity);
}

static void s_json_many (json_t *out, bool up, const modbus_pdu_t *pdu)
{
    s_json_request (out, pdu);
    if (!up && pdu->bits) {
        s_json_bits (out, pdu->data, pdu->quantity);
    } else if (!up) {
        s_json_registers (out, pdu->data);
    }
}

static void s_json_write (json_t *out, bool up, const modbus_pdu_t *pdu)
{
    json_pair_int (out, "addr", pdu->start);
    json_pair_int (out, "value", pdu->value);
    if (!up && pdu->bits) {
        json_pair_bool (out, "on", pdu->value != 0);
    }
}

static void s_json_mask (json_t *out, const modbus_pdu_t *pdu)
{
    json_pair_int (out, "addr", pdu->start);
    json_pair_int (out, "and_mask", pdu->and_mask);
    json_pair_int (out, "or_mask", pdu->or_mask);
}

static void s_json_both (json_t *out, const modbus_pdu_t *pdu)
{
    json_pair_int (out, "read_start", pdu->start);
    json_pair_int (out, "read_quantity", pdu->quantity);
    json_pair_int (out, "write_start", pdu->write_start);
    json_pair_int (out, "write_quantity", pdu->write_quantity);
    s_json_registers (out, pdu->data);
}

static void s_json_fields (json_t *out, bool up, const modbus_pdu_t *pdu)
{
    if (up && s_lengths[pdu->shape][true].count_at) {
        s_json_answer (out, pdu);
        return;
    }
    switch ((modbus_shape_t) pdu->shape) {
    case SHAPE_READ:
        s_json_request (out, pdu);
        return;
    case SHAPE_WRITE:
        s_json_write (out, up, pdu);
        return;
    case SHAPE_MANY:
        s_json_many (out, up, pdu);
        return;
    case SHAPE_MASK:
        s_json_mask (out, pdu);
        return;
    case SHAPE_BOTH:
        s_json_both (out, pdu);
        return;
    case SHAPE_ID:
        return;
    }
}

void modbus_pdu_explain (const modbus_pdu_t *pdu, bool up, json_t *out)
{
    json_pair_int (out, "unit", pdu->unit);
    json_pair_int (out, "fc", pdu->function);
    if (pdu->exception) {
        json_pair_int (out, "exception", pdu->exception);
        json_pair_text (out, "exception_name", modbus_exception_name (pdu->exception));
        return;
    }
    s_json_fields (out, up, pdu);
    if (pdu->too_many) {
        json_pair_bool (out, "quantity_in_range", false);
    }
}
