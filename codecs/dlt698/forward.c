//  Frames of other protocols through PROXY, and out of it again.
#include "codecs/dlt698/parts.h"

enum { DATA_BITS_COUNT = 8, STOP_BITS = 1, NO_FLOW = 0, CARRIER_PORT = 31, CARRIED_MAX = 1024 };

//  COMDCB's numbers of speeds.
static uint8_t s_speed (uint32_t baud)
{
    static const uint32_t speeds[] = {300,  600,   1200,  2400,  4800,  7200,
                                      9600, 19200, 38400, 57600, 115200};
    for (uint8_t i = 0; i < sizeof speeds / sizeof *speeds; i++) {
        if (speeds[i] == baud) {
            return i;
        }
    }
    return 255;
}

//  Ports by the setting: 31 the carrier, others an RS485 by its number.
static uint32_t s_port (uint32_t port)
{
    return port == CARRIER_PORT ? OAD_PORT_CARRIER : OAD_PORT_RS485 | port;
}

static void s_put_transparent (writer_t *out, const profile_t *profile, uint8_t piid, bytes_t frame)
{
    writer_u8 (out, APDU_PROXY);
    writer_u8 (out, PROXY_TRANSPARENT);
    writer_u8 (out, piid);
    writer_u32be (out, s_port (profile_setting (profile, SETTING_port)));
    writer_u8 (out, s_speed (profile_setting (profile, SETTING_baud)));
    writer_u8 (out, (uint8_t) profile_setting (profile, SETTING_parity));
    writer_u8 (out, DATA_BITS_COUNT);
    writer_u8 (out, STOP_BITS);
    writer_u8 (out, NO_FLOW);
    writer_u16be (out, (uint16_t) profile_setting (profile, SETTING_frame_wait));
    writer_u16be (out, (uint16_t) profile_setting (profile, SETTING_byte_wait));
    d698_put_length (out, frame.size);
    writer_put (out, frame.data, frame.size);
    writer_u8 (out, 0);
}

fep_err_t d698_wrap (void *self, bytes_t frame, codec_io_t *io)
{
    d698_state_t *state = self;
    if (state->sa_size == 0) {
        return FEP_NOT_FOUND;
    }
    if (frame.size > CARRIED_MAX) {
        return FEP_LIMIT;
    }
    uint8_t piid = state->core.number & PIID_NUMBER;
    bool connects = d698_must_connect (&state->core, io->profile);
    d698_peer_t peer = {
        .sa_size = state->sa_size, .client = D698_CLIENT, .scrambled = state->core.scrambled};
    memcpy (peer.sa, state->sa, sizeof peer.sa);
    writer_t *out = io->send;
    fep_err_t error = FEP_OK;
    size_t mark = d698_open (out, &peer, D698_PRM | D698_USER);
    if (connects) {
        error = d698_put_connect (out, io->profile, piid, io);
    } else {
        s_put_transparent (out, io->meter ? io->meter->profile : NULL, piid, frame);
    }
    if (error) {
        out->size = mark;
        return error;
    }
    d698_close (out, mark);
    if (out->failed) {
        return FEP_FULL;
    }
    state->core.asked = (d698_asked_t){.tag = connects ? APDU_CONNECT : APDU_PROXY,
                                       .piid = piid,
                                       .carried = !connects,
                                       .connects = connects};
    state->core.asked.mp = io->meter ? io->meter->mp : 0;
    io->answer = connects ? ANSWER_NONE : io->answer;
    state->core.number = (uint8_t) ((piid + 1) & PIID_NUMBER);
    return FEP_OK;
}

//  PROXY 7, request and answer.
static bytes_t s_transparent (reader_t *in, bool up)
{
    (void) reader_u32be (in);
    if (up) {
        in->failed = in->failed || reader_u8 (in) != 1;
    } else {
        (void) reader_take (in, D698_COMDCB + 2 + 2);
    }
    return reader_bytes (in, d698_length (in));
}

//  ACTION F2097F00: down {TSA, seconds, octets}, up the octets.
static bytes_t s_action (reader_t *in, bool up)
{
    if (reader_u32be (in) != OMD_FORWARD) {
        in->failed = true;
    }
    if (up) {
        bool done = reader_u8 (in) == 0 && reader_u8 (in) == 1;
        d698_data_t data = d698_data (in);
        in->failed = in->failed || !done || data.tag != DATA_OCTETS;
        return data.body;
    }
    d698_data_t whole = d698_data (in);
    reader_t parts = reader_of (whole.body);
    d698_data_t last = {.tag = DATA_NULL};
    for (size_t i = 0; whole.tag == DATA_STRUCT && i < whole.count; i++) {
        last = d698_data (&parts);
    }
    in->failed = in->failed || last.tag != DATA_OCTETS;
    return last.body;
}

fep_err_t d698_unwrap (bytes_t bytes, bool up, const codec_options_t *options, writer_t *line)
{
    (void) options;
    d698_frame_t frame;
    uint8_t room[D698_LENGTH_MAX];
    fep_err_t error = d698_frame_read (bytes, &frame);
    if (error) {
        return error;
    }
    bytes_t user = d698_user (&frame, room);
    bytes_t plain = d698_plain (user);
    reader_t in = reader_of (plain.size ? plain : user);
    uint8_t tag = reader_u8 (&in);
    uint8_t choice = reader_u8 (&in);
    uint8_t request = up ? tag & (uint8_t) ~APDU_ANSWER : tag;
    bytes_t carried = {NULL, 0};
    (void) reader_u8 (&in);
    if (frame.control & D698_FRAGMENT || (up && !(tag & APDU_ANSWER))) {
        return FEP_NOT_FOUND;
    }
    if (request == APDU_PROXY && choice == PROXY_TRANSPARENT) {
        carried = s_transparent (&in, up);
    } else if (request == APDU_ACTION && choice == ACTION_ONE) {
        carried = s_action (&in, up);
    }
    if (in.failed || carried.size == 0) {
        return FEP_NOT_FOUND;
    }
    writer_put (line, carried.data, carried.size);
    return FEP_OK;
}
