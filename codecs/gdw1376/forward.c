//  AFN 10 F1: frames of the meters behind a concentrator.
//
//      down   DDTT P S W B LL X..          up   DDTT P LL X..
//
//  P  port: 1 sampling, 2.. RS-485, 31 carrier   S  serial: baud, stop, parity, data bits
//  W  wait for the frame: 10 ms or, with D7, s   B  wait for a byte, 10 ms
//  L  length of X; up 0, or left out: the meter did not answer   X  the meter's frame
//
//  F9 to F11 (the concentrator reads or switches a meter itself) are not certain: they go as PASS, and what comes
//  back is kept raw.
#include "codecs/gdw1376/parts.h"

enum {
    CARRIED_MAX = 1024,  //  Bytes of a meter's frame; terminals keep frames near 1 KB
    DATA_BITS_8 = 3,
    PARITY = 0x08,
    PARITY_ODD = 0x04,
    SECONDS = 0x80,  //  Of the frame wait
    UNIT = 4,        //  Bytes of DA and DT
    HEAD_UP = 3,     //  Port, length
    HEAD_DOWN = 6    //  Port, serial, waits, length
};

//  D7..5 of S.
static bool s_baud_code (uint32_t baud, uint8_t *code)
{
    static const uint32_t bauds[] = {300, 600, 1200, 2400, 4800, 7200, 9600, 19200};
    for (uint8_t i = 0; i < sizeof bauds / sizeof *bauds; i++) {
        if (bauds[i] == baud) {
            *code = i;
            return true;
        }
    }
    return false;
}

//  One stop bit, 8 data bits.
static bool s_serial (const profile_t *profile, uint8_t *serial)
{
    static const uint8_t parities[] = {0, PARITY | PARITY_ODD, PARITY};
    uint8_t code;
    if (!s_baud_code (profile_setting (profile, SETTING_baud), &code)) {
        return false;
    }
    *serial = (uint8_t) (code << 5 | parities[profile_setting (profile, SETTING_parity) % 3] |
                         DATA_BITS_8);
    return true;
}

fep_err_t gdw_wrap (void *self, bytes_t frame, codec_io_t *io)
{
    gdw_state_t *state = self;
    const profile_t *profile = io->meter ? io->meter->profile : NULL;
    gdw_ask_t ask;
    uint8_t serial;
    ask.afn = AFN_FORWARD;
    ask.group = 0;
    ask.carries = true;
    ask.segment = GDW_NO_SEGMENT;
    ask.units = writer_of (ask.bytes, sizeof ask.bytes);
    if (state->protocol == 0) {
        return FEP_NOT_FOUND;
    }
    if (frame.size > CARRIED_MAX) {
        return FEP_LIMIT;
    }
    if (!s_serial (profile, &serial)) {
        return FEP_RANGE;
    }
    writer_t *out = &ask.units;
    gdw_put_unit (out, 0, 1);
    writer_u8 (out, (uint8_t) profile_setting (profile, SETTING_port));
    writer_u8 (out, serial);
    writer_u8 (out, (uint8_t) (SECONDS | profile_setting (profile, SETTING_frame_wait)));
    writer_u8 (out, (uint8_t) (profile_setting (profile, SETTING_byte_wait) / 10));
    writer_u16le (out, (uint16_t) frame.size);
    writer_put (out, frame.data, frame.size);
    return gdw_send (state, &ask, 0, io);
}

bool gdw_carried (bytes_t body, bool up, bytes_t *carried)
{
    size_t head = UNIT + (up ? HEAD_UP : HEAD_DOWN);
    reader_t in = reader_of (body);
    if (up && body.size <= UNIT + 1) {
        //  Nothing but the port, or not even that, where the meter did not answer.
        *carried = bytes_of (NULL, 0);
        return true;
    }
    (void) reader_take (&in, head - 2);
    size_t size = reader_u16le (&in);
    *carried = reader_bytes (&in, size);
    return !in.failed && reader_left (&in) == 0;
}

fep_err_t gdw_unwrap (bytes_t bytes, bool up, const codec_options_t *options, writer_t *line)
{
    gdw_frame_t frame;
    bytes_t carried;
    fep_err_t error = gdw_frame_read (bytes, up, options, &frame);
    if (error) {
        return error;
    }
    reader_t in = reader_of (frame.body);
    gdw_unit_t unit = gdw_unit_read (&in);
    if (frame.afn != AFN_FORWARD || in.failed || unit.dt1 != 1 || unit.dt2 != 0 ||
        !gdw_carried (frame.body, up, &carried) || carried.size == 0) {
        return FEP_NOT_FOUND;
    }
    writer_put (line, carried.data, carried.size);
    return line->failed ? FEP_FULL : FEP_OK;
}
