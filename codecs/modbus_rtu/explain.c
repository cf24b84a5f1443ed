//  The fields of a frame by the standard's names, either direction.
#include "codecs/modbus_rtu/parts.h"

static const char *s_exception_name (uint8_t code)
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
                                        [11] = "gateway target failed to respond"};
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
    if (pdu->bits) {
        s_json_bits (out, pdu->data, pdu->data.size * 8);
    } else {
        s_json_registers (out, pdu->data);
    }
}

static void s_json_many (json_t *out, bool up, const modbus_pdu_t *pdu)
{
    json_pair_int (out, "start", pdu->start);
    json_pair_int (out, "quantity", pdu->quantity);
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
    if (pdu->exception) {
        json_pair_int (out, "exception", pdu->exception);
        json_pair_text (out, "exception_name", s_exception_name (pdu->exception));
        return;
    }
    switch ((modbus_shape_t) pdu->shape) {
    case SHAPE_READ:
        if (up) {
            s_json_answer (out, pdu);
        } else {
            json_pair_int (out, "start", pdu->start);
            json_pair_int (out, "quantity", pdu->quantity);
        }
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
        if (up) {
            s_json_answer (out, pdu);
        } else {
            s_json_both (out, pdu);
        }
        return;
    }
}

fep_err_t modbus_explain (bytes_t frame, bool up, const codec_options_t *options, json_t *out)
{
    modbus_pdu_t pdu;
    (void) options;
    fep_err_t error = modbus_read (frame, up, &pdu);
    if (error == FEP_TRUNCATED || error == FEP_NOT_MINE) {
        return error;
    }
    if (!modbus_crc_good (frame)) {
        return FEP_CHECKSUM;
    }
    if (error) {
        return error;
    }
    json_object (out);
    json_pair_int (out, "unit", pdu.unit);
    json_pair_int (out, "fc", pdu.function);
    s_json_fields (out, up, &pdu);
    json_pair_text (out, "crc", "ok");
    json_object_end (out);
    return out->out->failed ? FEP_LIMIT : FEP_OK;
}
