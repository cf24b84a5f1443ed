//  Lengths, fields and rules of each function, from one table.
#include "codecs/modbus_rtu/pdu.h"
#include "fep/crc.h"

enum {
    REGISTERS_READ_MAX = 125,
    COILS_WRITTEN_MAX = 1968,
    REGISTERS_WRITTEN_MAX = 123,
    BOTH_WRITTEN_MAX = 121,
    DATA_MAX = 250,  //  Bytes of an answer: 2000 bits, 125 registers
    COIL_ON = 0xFF00
};

typedef struct {
    uint8_t function;
    uint8_t shape;  //  modbus_shape_t
    bool bits;
    uint16_t most;  //  Read or written; BOTH: read
} rule_t;

static const rule_t s_rules[] = {{MODBUS_READ_COILS, SHAPE_READ, true, MODBUS_BITS_MAX},
                                 {MODBUS_READ_DISCRETE, SHAPE_READ, true, MODBUS_BITS_MAX},
                                 {MODBUS_READ_HOLDING, SHAPE_READ, false, REGISTERS_READ_MAX},
                                 {MODBUS_READ_INPUT, SHAPE_READ, false, REGISTERS_READ_MAX},
                                 {MODBUS_WRITE_COIL, SHAPE_WRITE, true, 1},
                                 {MODBUS_WRITE_REGISTER, SHAPE_WRITE, false, 1},
                                 {MODBUS_WRITE_COILS, SHAPE_MANY, true, COILS_WRITTEN_MAX},
                                 {MODBUS_WRITE_REGISTERS, SHAPE_MANY, false, REGISTERS_WRITTEN_MAX},
                                 {MODBUS_MASK, SHAPE_MASK, false, 1},
                                 {MODBUS_READ_WRITE, SHAPE_BOTH, false, REGISTERS_READ_MAX}};

//  By shape and direction: bytes of a frame without its data, and where the count of data bytes stands; 0: it
//  has none.
static const struct {
    uint8_t size, count_at;
} s_lengths[][2] = {[SHAPE_READ] = {{8, 0}, {5, 2}},
                    [SHAPE_WRITE] = {{8, 0}, {8, 0}},
                    [SHAPE_MANY] = {{9, 6}, {8, 0}},
                    [SHAPE_MASK] = {{10, 0}, {10, 0}},
                    [SHAPE_BOTH] = {{13, 10}, {5, 2}}};

static const rule_t *s_rule (uint8_t function)
{
    for (size_t i = 0; i < sizeof s_rules / sizeof *s_rules; i++) {
        if (s_rules[i].function == function) {
            return &s_rules[i];
        }
    }
    return NULL;
}

fep_err_t modbus_length (bytes_t window, bool up, size_t *size)
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
    return *size > MODBUS_FRAME_MAX ? FEP_IMPLAUSIBLE : FEP_OK;
}

bool modbus_crc_good (bytes_t frame)
{
    size_t size = frame.size - MODBUS_CRC;
    return frame.size > MODBUS_CRC && crc_modbus (bytes_of (frame.data, size)) ==
                                          (frame.data[size] | frame.data[size + 1] << 8);
}

//  1..most of them, none behind the last address.
static bool s_range (uint16_t start, uint16_t quantity, unsigned most)
{
    return quantity >= 1 && quantity <= most && (uint32_t) start + quantity <= 65536;
}

static size_t s_bytes_of (bool bits, uint16_t quantity)
{
    return bits ? (quantity + 7u) / 8 : quantity * 2u;
}

//  Count and data; they are all that is left of the frame.
static void s_read_data (reader_t *in, modbus_pdu_t *pdu)
{
    size_t count = reader_u8 (in);
    pdu->data = reader_bytes (in, count);
}

//  The fields behind the function of a frame that has its function's length.
static bool s_read_fields (reader_t *in, bool up, const rule_t *rule, modbus_pdu_t *pdu)
{
    bool answer = up && (rule->shape == SHAPE_READ || rule->shape == SHAPE_BOTH);
    if (answer) {
        s_read_data (in, pdu);
        size_t size = pdu->data.size;
        return size >= 1 && size <= DATA_MAX && (rule->bits || size % 2 == 0);
    }
    pdu->start = reader_u16be (in);
    switch ((modbus_shape_t) rule->shape) {
    case SHAPE_WRITE:
        pdu->value = reader_u16be (in);
        return !rule->bits || pdu->value == 0 || pdu->value == COIL_ON;
    case SHAPE_MASK:
        pdu->and_mask = reader_u16be (in);
        pdu->or_mask = reader_u16be (in);
        return true;
    case SHAPE_READ:
        pdu->quantity = reader_u16be (in);
        return s_range (pdu->start, pdu->quantity, rule->most);
    case SHAPE_MANY:
        pdu->quantity = reader_u16be (in);
        if (!up) {
            s_read_data (in, pdu);
        }
        return s_range (pdu->start, pdu->quantity, rule->most) &&
               (up || pdu->data.size == s_bytes_of (rule->bits, pdu->quantity));
    case SHAPE_BOTH:
        pdu->quantity = reader_u16be (in);
        pdu->write_start = reader_u16be (in);
        pdu->write_quantity = reader_u16be (in);
        s_read_data (in, pdu);
        return s_range (pdu->start, pdu->quantity, rule->most) &&
               s_range (pdu->write_start, pdu->write_quantity, BOTH_WRITTEN_MAX) &&
               pdu->data.size == s_bytes_of (false, pdu->write_quantity);
    }
    return false;
}

fep_err_t modbus_read (bytes_t frame, bool up, modbus_pdu_t *pdu)
{
    size_t size;
    memset (pdu, 0, sizeof *pdu);
    fep_err_t error = modbus_length (frame, up, &size);
    if (error) {
        return error;
    }
    if (size == 0 || frame.size < size) {
        return FEP_TRUNCATED;
    }
    if (frame.size != size) {
        return FEP_NOT_MINE;
    }
    reader_t in = reader_of (frame);
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
    return s_read_fields (&in, up, rule, pdu) && !in.failed ? FEP_OK : FEP_IMPLAUSIBLE;
}

modbus_match_t modbus_match (bytes_t request, bytes_t window, size_t *size)
{
    modbus_pdu_t asked;
    uint8_t head[MODBUS_FRAME_MAX] = {0};
    size_t fixed;  //  Bytes of the answer that are known, in head
    if (modbus_read (request, false, &asked) != FEP_OK) {
        return MATCH_NO;
    }
    memcpy (head, request.data, request.size);
    if (window.size >= MODBUS_HEAD && window.data[1] == (asked.function | MODBUS_EXCEPTION)) {
        head[1] = window.data[1];
        fixed = MODBUS_HEAD;
        *size = MODBUS_EXCEPTION_SIZE;
    } else if (asked.shape == SHAPE_READ || asked.shape == SHAPE_BOTH) {
        head[2] = (uint8_t) s_bytes_of (asked.bits, asked.quantity);
        fixed = MODBUS_HEAD + 1;
        *size = fixed + head[2] + MODBUS_CRC;
    } else {
        fixed = asked.shape == SHAPE_MANY ? 6 : request.size - MODBUS_CRC;
        *size = fixed + MODBUS_CRC;
    }
    size_t known = fixed < window.size ? fixed : window.size;
    if (known && memcmp (head, window.data, known) != 0) {
        return MATCH_NO;
    }
    return window.size < *size ? MATCH_MORE : MATCH_YES;
}
