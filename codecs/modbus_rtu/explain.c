//  The fields of a frame by the standard's names, either direction.
#include "codecs/modbus_rtu/parts.h"

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
    if (error && !pdu.too_many) {
        return error;
    }
    json_object (out);
    modbus_pdu_explain (&pdu, up, out);
    json_pair_text (out, "crc", "ok");
    json_object_end (out);
    return out->out->failed ? FEP_LIMIT : FEP_OK;
}
