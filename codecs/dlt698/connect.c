//  The CONNECT-Request of our own: before the first request of a session, or of a meter's exchange.
#include "codecs/dlt698/parts.h"

enum { CONNECT_NONE, CONNECT_PLAIN, CONNECT_PASSWORD };
enum { VERSION = 0x0010, SEND_MAX = 2048, WINDOW = 1, PATIENCE_S = 7200, ALL_MAX = 24 };

bool d698_must_connect (const d698_core_t *core, const profile_t *profile)
{
    return !core->connected && profile_setting (profile, SETTING_connect) != CONNECT_NONE;
}

//  Version; all services and functions; what we send and take at most; how long it holds without a request.
static void s_put_head (writer_t *out, uint8_t piid)
{
    writer_u8 (out, APDU_CONNECT);
    writer_u8 (out, piid);
    writer_u16be (out, VERSION);
    for (size_t i = 0; i < ALL_MAX; i++) {
        writer_u8 (out, 0xFF);
    }
    writer_u16be (out, SEND_MAX);
    writer_u16be (out, D698_APDU_MAX);
    writer_u8 (out, WINDOW);
    writer_u16be (out, D698_APDU_MAX);
    writer_u32be (out, PATIENCE_S);
}

//  The same request, with a password where it had an empty one.
static bool s_is_sealed (bytes_t plain, bytes_t sealed)
{
    size_t head = plain.size - 2;
    if (sealed.size < plain.size + 1 || memcmp (sealed.data, plain.data, head) != 0) {
        return false;
    }
    reader_t in = reader_of (bytes_of (sealed.data + head, sealed.size - head));
    (void) reader_bytes (&in, d698_length (&in));
    return reader_u8 (&in) == 0 && !in.failed && reader_left (&in) == 0;
}

fep_err_t d698_put_connect (writer_t *out, const profile_t *profile, uint8_t piid, codec_io_t *io)
{
    size_t start = out->size;
    bool password = profile_setting (profile, SETTING_connect) == CONNECT_PASSWORD;
    s_put_head (out, piid);
    writer_u8 (out, password);
    if (password) {
        d698_put_length (out, 0);
    }
    writer_u8 (out, 0);
    if (!password || out->failed) {
        return FEP_OK;
    }
    bytes_t plain = bytes_of (out->data + start, out->size - start);
    if (!io->sealed.size) {
        if (!io->seal) {
            return FEP_UNSUPPORTED;
        }
        writer_put (io->seal, plain.data, plain.size);
        return FEP_NEEDS_SEAL;
    }
    if (!s_is_sealed (plain, io->sealed)) {
        return FEP_NO_SEAL;
    }
    out->size = start;
    writer_put (out, io->sealed.data, io->sealed.size);
    return FEP_OK;
}
