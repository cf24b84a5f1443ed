//  The fields of a frame by the standard's names, either direction. A bare APDU is explained as well.
#include "codecs/dlt698/explain.h"

static void s_control (json_t *out, uint8_t control)
{
    json_key (out, "C");
    json_object (out);
    d698_pair_upper (out, "hex", bytes_of (&control, 1));
    json_pair_text (out, "dir", control & D698_DIR ? "server->client" : "client->server");
    json_pair_int (out, "prm_client_initiated", control >> 6 & 1);
    json_pair_int (out, "fragment", control >> 5 & 1);
    json_pair_int (out, "scrambled", control >> 3 & 1);
    json_pair_int (out, "func", control & D698_FUNCTION);
    json_object_end (out);
}

static void s_address (json_t *out, bytes_t sa)
{
    char text[D698_ADDRESS_TEXT];
    d698_address_text (sa, text);
    json_key (out, "SA");
    json_object (out);
    json_pair_int (out, "type", d698_address_type (sa));
    json_pair_int (out, "logic", sa.data[0] >> 4 & 3);
    json_pair_hex (out, "addr_wire", bytes_of (sa.data + 1, sa.size - 1));
    json_pair_text (out, "addr", text);
    json_object_end (out);
}

static void s_fragment (json_t *out, bytes_t user)
{
    reader_t in = reader_of (user);
    uint16_t field = reader_u16le (&in);
    json_key (out, "fragment_field");
    json_object (out);
    json_pair_int (out, "seq", field & 0x0FFF);
    json_pair_int (out, "type", field >> 14);
    json_object_end (out);
    json_pair_hex (out, "fragment_data", reader_bytes (&in, reader_left (&in)));
}

static void s_apdu (json_t *out, bytes_t apdu)
{
    json_key (out, "apdu");
    json_object (out);
    if (!d698_json_apdu (out, apdu, 0)) {
        json_pair_hex (out, "raw", apdu);
    }
    json_object_end (out);
}

//  No frame begins like an APDU.
static fep_err_t s_bare (bytes_t bytes, json_t *out)
{
    json_object (out);
    json_key (out, "apdu");
    json_object (out);
    bool good = d698_json_apdu (out, bytes, 0);
    json_object_end (out);
    json_object_end (out);
    if (out->out->failed) {
        return FEP_LIMIT;
    }
    return good ? FEP_OK : FEP_NOT_MINE;
}

fep_err_t d698_explain (bytes_t bytes, bool up, const codec_options_t *options, json_t *out)
{
    (void) up;
    (void) options;
    uint8_t room[D698_LENGTH_MAX];
    d698_frame_t frame;
    fep_err_t error = d698_frame_read (bytes, &frame);
    if (error == FEP_NOT_MINE && bytes.size && bytes.data[0] != 0x68 && bytes.data[0] != 0xFE) {
        return s_bare (bytes, out);
    }
    if (error == FEP_OK) {
        error = d698_frame_check (&frame);
    }
    if (error) {
        return error;
    }
    json_object (out);
    json_pair_int (out, "fe_preamble", frame.preamble);
    json_pair_int (out, "L", frame.length);
    s_control (out, frame.control);
    s_address (out, frame.sa);
    d698_pair_upper (out, "CA", bytes_of (&frame.client, 1));
    json_pair_bool (out, "hcs_ok", true);
    json_pair_bool (out, "fcs_ok", true);
    bytes_t user = d698_user (&frame, room);
    if (frame.control & D698_FRAGMENT && user.size >= 2) {
        s_fragment (out, user);
    } else {
        s_apdu (out, user);
    }
    json_object_end (out);
    return out->out->failed ? FEP_LIMIT : FEP_OK;
}
