//  DL/T 698.45-2017: terminals and meters of object-oriented data exchange.
//
//      FE.. 68 LL C A.. c HH U.. FF 16
//
//  L  bytes from L to F, low byte first; bit 14: counted in KB
//  C  direction, initiator, fragment, scrambled, function (1 link, 3 user)
//  A  server address: type, logical address, length - 1; then octets, low byte first
//  c  client address, ours is 10H      H  CRC-16/X-25 of L to c
//  U  APDU, or a fragment: number and type, then a piece of an APDU; scrambled: +33H each
//  F  CRC-16/X-25 of L to U
//
//  dlt698 is spoken by terminals that dial in. dlt698_meter is the same spoken by a meter, carried or direct: it asks
//  the meter's own objects. Terminals are asked for their meters' momentary values by PROXY, for frozen ones from
//  their store (60120300) first and, where that has nothing, from the meter by PROXY.
//
//  READ without points asks, of a profile without `read`: a meter's active import energy, voltages, currents and
//  power; the terminal's clock. READ_FROZEN: active import and export energy. READ_EVENTS: the last 10 of each event
//  object of the map with event_from <= OI <= event_to (0, 0: of all); important ones up to EVENTS_NEWEST: of each that
//  the list of new events (33200200) names. ACD is a reading of the terminal where it changes. PASS: `bytes` are one
//  APDU with its PIID.
//
//  Sealing: setting `seal` 2 puts the APDU of a SET, ACTION or PROXY of them into io->seal. The seal gives back in
//  io->sealed the whole SECURITY-Request (10H, unit, verification); around a plain unit it must hold that APDU.
//
//  CONNECT: with setting `connect`, of the terminal's profile or of the meter's it is spoken with, a CONNECT-Request
//  goes before the first request of a session, or of a meter's exchange, also before a frame carried by PROXY; never
//  before a PASS. 1: without security. 2: by a password; that request goes into io->seal with an empty one and must
//  come back in io->sealed with one. A CONNECT that was passed counts; RELEASE, the terminal's RELEASE-Notification
//  (kept raw) and its login end it, then the next request connects anew. One refused ends the request; a command whose
//  CONNECT is not answered ends as if it had been sent itself. The sizes a server answers are not kept: no request of
//  ours comes near them.
//
//  Answer codes are DAR; D1H..DFH the result of a CONNECT, E1H..EFH the type of an ERROR (15: other).
//
//  THEN-GET (PASS): what was read is a reading, whatever became of what was done; unasked, that is kept raw beside it.
//
//  Kept raw: enciphered answers, transparent reports, objects and columns that are not in maps/dlt698.map, rows that
//  nothing gives an instant. Not supported: CONNECT by cipher or signature (PASS does it), GET by MD5, files (F001),
//  fragments of our own, REPORT-Responses inside SECURITY, forwarded answers that come in fragments, OPERATE of points,
//  SELECT.
#include "codecs/dlt698/explain.h"
#include "codecs/dlt698/parts.h"

//  Why a frame is not for this session, or its address as text.
static fep_err_t s_name (const d698_frame_t *frame, char text[ADDRESS_MAX + 1])
{
    char long_text[D698_ADDRESS_TEXT];
    if (d698_address_type (frame->sa) != D698_SINGLE ||
        frame->sa.size > D698_NAMED_OCTETS_MAX + 1) {
        return FEP_IMPLAUSIBLE;
    }
    d698_address_text (frame->sa, long_text);
    memcpy (text, long_text, strlen (long_text) + 1);
    return FEP_OK;
}

static d698_peer_t s_peer (const d698_frame_t *frame)
{
    d698_peer_t peer = {.sa_size = (uint8_t) frame->sa.size,
                        .client = frame->client,
                        .scrambled = frame->control & D698_SCRAMBLED};
    memcpy (peer.sa, frame->sa.data, frame->sa.size);
    return peer;
}

static void s_clear (codec_io_t *io)
{
    io->mark = 0;
    io->tag = 0;
    io->answer = ANSWER_NONE;
    io->answer_code = 0;
    io->bye = false;
    io->fault = FEP_OK;
    io->raw_units = 0;
}

//  ---- Fragments ----

//  What a frame brings: an APDU, or a piece of one.
typedef struct {
    bytes_t apdu;     //  Empty: not whole yet
    bool is_piece;    //  A fragment
    bool is_again;    //  One that came before
    uint16_t number;  //  Of the fragment
    uint8_t type;     //  Of the fragment
    size_t size;      //  Bytes collected with it
} piece_t;

//  Collects behind what is counted as collected; nothing counts before s_keep_piece.
static fep_err_t s_piece (d698_state_t *state, bytes_t user, piece_t *piece)
{
    reader_t in = reader_of (user);
    uint16_t field = reader_u16le (&in);
    piece->is_piece = true;
    piece->number = field & 0x0FFF;
    piece->type = (uint8_t) (field >> 14);
    if (in.failed) {
        return FEP_TRUNCATED;
    }
    bool first = piece->type == D698_FIRST;
    //  Our confirmation may have been lost, also that of the last one.
    bool kept = state->collecting || (piece->type == D698_LAST && state->collected);
    piece->is_again = !first && kept && piece->number == state->fragment;
    if (piece->is_again) {
        return FEP_OK;
    }
    if (piece->type == D698_ACK || (!first && !state->collecting)) {
        return FEP_SEQUENCE;
    }
    if (!first && piece->number != ((state->fragment + 1) & 0x0FFF)) {
        return FEP_SEQUENCE;
    }
    size_t before = first ? 0 : state->collected;
    bytes_t data = reader_bytes (&in, reader_left (&in));
    if (data.size > D698_APDU_MAX - before) {
        return FEP_LIMIT;
    }
    if (data.size) {
        memcpy (state->apdu + before, data.data, data.size);
    }
    piece->size = before + data.size;
    if (piece->type == D698_LAST) {
        piece->apdu = bytes_of (state->apdu, piece->size);
    }
    return FEP_OK;
}

//  The receiver confirms each fragment by its number.
static void s_keep_piece (d698_state_t *state, const d698_frame_t *frame, const piece_t *piece,
                          codec_io_t *io)
{
    d698_peer_t peer = s_peer (frame);
    uint8_t control = frame->control & (D698_PRM | D698_FUNCTION);
    size_t mark = d698_open (io->send, &peer, control | D698_FRAGMENT);
    writer_u16le (io->send, (uint16_t) (piece->number | D698_ACK << 14));
    d698_close (io->send, mark);
    if (!piece->is_again) {
        state->fragment = piece->number;
        state->collected = (uint16_t) piece->size;
        state->collecting = piece->type != D698_LAST;
    }
    if (io->answer == ANSWER_NONE && frame->control & D698_PRM && state->core.asked.tag &&
        !piece->apdu.size) {
        io->answer = ANSWER_PARTIAL;
    }
}

//  ---- Decode ----

//  Reads one whole APDU into messages.
static fep_err_t s_read (d698_turn_t *turn, const d698_frame_t *frame, bytes_t apdu)
{
    d698_peer_t peer = s_peer (frame);
    fep_err_t error = d698_read_apdu (turn, &peer, apdu);
    if (error) {
        return error;
    }
    turn->core->scrambled = peer.scrambled;
    return turn->io->batch->failed ? FEP_LIMIT : FEP_OK;
}

//  The answer to a report waits with those before it.
static void s_remember (d698_state_t *state, bytes_t answer, codec_io_t *io)
{
    uint32_t number = state->oldest + state->waiting;
    memcpy (state->pending + state->pending_size, answer.data, answer.size);
    state->pending_size = (uint16_t) (state->pending_size + answer.size);
    state->sizes[state->waiting++] = (uint16_t) answer.size;
    io->mark = (number & 0x7FFFFFFF) + 1;
}

static fep_err_t s_decode_apdu (d698_state_t *state, const d698_frame_t *frame, bytes_t whole,
                                bytes_t text, bytes_t apdu, codec_io_t *io)
{
    uint8_t memory[D698_PENDING_BYTES];
    writer_t answer = writer_of (memory, sizeof memory);
    d698_peer_t peer = s_peer (frame);
    d698_answer_report (&answer, &peer, apdu);
    if (answer.failed) {
        return FEP_LIMIT;
    }
    if (answer.size && (state->waiting == D698_PENDING_MAX ||
                        answer.size > D698_PENDING_BYTES - (size_t) state->pending_size)) {
        return FEP_FULL;
    }
    if (frame->sa.size != state->sa_size || memcmp (frame->sa.data, state->sa, state->sa_size)) {
        //  Nothing is known of who speaks.
        state->news = (d698_news_t){.count = 0};
    }
    d698_turn_t turn = {.io = io,
                        .core = &state->core,
                        .news = &state->news,
                        .address = batch_keep (io->batch, text),
                        .whole = whole,
                        .links = true};
    fep_err_t error = s_read (&turn, frame, apdu);
    if (error) {
        return error;
    }
    if (answer.size) {
        s_remember (state, writer_bytes (&answer), io);
    }
    return FEP_OK;
}

static fep_err_t s_decode (void *self, bytes_t bytes, codec_io_t *io)
{
    d698_state_t *state = self;
    d698_frame_t frame;
    char text[ADDRESS_MAX + 1];
    uint8_t room[D698_LENGTH_MAX];
    s_clear (io);
    fep_err_t error = d698_frame_read (bytes, &frame);
    if (!error) {
        error = frame.control & D698_DIR ? s_name (&frame, text) : FEP_NOT_MINE;
    }
    if (!error && io->address.size && !bytes_equal (io->address, bytes_text (text))) {
        error = FEP_NOT_MINE;
    }
    if (error) {
        return error;
    }
    piece_t piece = {.apdu = d698_user (&frame, room)};
    if (frame.control & D698_FRAGMENT) {
        bytes_t user = piece.apdu;
        piece.apdu = (bytes_t){NULL, 0};
        error = s_piece (state, user, &piece);
    }
    if (!error && piece.apdu.size) {
        bytes_t whole = piece.is_piece ? piece.apdu : bytes;
        error = s_decode_apdu (state, &frame, whole, bytes_text (text), piece.apdu, io);
    }
    if (!error && piece.is_piece) {
        s_keep_piece (state, &frame, &piece, io);
    }
    //  Where requests go: not to another logical device than the terminal itself.
    if (!error && (!state->sa_size || !(frame.sa.data[0] & D698_LOGICAL))) {
        memcpy (state->sa, frame.sa.data, frame.sa.size);
        state->sa_size = (uint8_t) frame.sa.size;
    }
    return error;
}

static fep_err_t s_decode_meter (void *self, bytes_t bytes, codec_io_t *io)
{
    d698_frame_t frame;
    char text[ADDRESS_MAX + 1];
    uint8_t room[D698_LENGTH_MAX];
    s_clear (io);
    fep_err_t error = d698_frame_read (bytes, &frame);
    if (!error) {
        error = frame.control & D698_DIR ? s_name (&frame, text) : FEP_NOT_MINE;
    }
    bool links = (frame.control & D698_FUNCTION) == D698_LINK;
    if (!error && (links || (io->meter && !d698_is_meter (io->meter->address, text)))) {
        error = FEP_NOT_MINE;
    }
    if (!error && frame.control & D698_FRAGMENT) {
        error = FEP_UNSUPPORTED;
    }
    if (error) {
        return error;
    }
    bytes_t whose = io->address.size ? io->address : bytes_text (text);
    d698_turn_t turn = {
        .io = io, .core = self, .address = batch_keep (io->batch, whose), .whole = bytes};
    turn.self.mp = io->meter ? io->meter->mp : 0;
    return s_read (&turn, &frame, d698_user (&frame, room));
}

//  ---- The rest of the contract ----

//  Answers to reports up to mark, oldest first, as many as there is room for.
static void s_durable (void *self, uint32_t mark, codec_io_t *io)
{
    d698_state_t *state = self;
    uint32_t ahead = (mark - 1 - state->oldest) & 0x7FFFFFFF;
    if (mark == 0 || ahead >= state->waiting) {
        return;
    }
    uint32_t count = 0;
    size_t size = 0;
    while (count <= ahead) {
        writer_put (io->send, state->pending + size, state->sizes[count]);
        if (io->send->failed) {
            break;
        }
        size += state->sizes[count++];
    }
    state->oldest += count;
    state->waiting -= count;
    state->pending_size = (uint16_t) (state->pending_size - size);
    memmove (state->pending, state->pending + size, state->pending_size);
    memmove (state->sizes, state->sizes + count, state->waiting * sizeof *state->sizes);
}

static void s_reject (bytes_t bytes, reject_t why, codec_io_t *io)
{
    static const uint8_t results[] = {
        [REJECT_DUPLICATE] = 1, [REJECT_UNKNOWN] = 2, [REJECT_CAPACITY] = 3};
    d698_frame_t frame;
    uint8_t room[D698_LENGTH_MAX];
    if (d698_frame_read (bytes, &frame) != FEP_OK || frame.control & D698_FRAGMENT) {
        return;
    }
    d698_peer_t peer = s_peer (&frame);
    d698_answer_link (io, &peer, d698_user (&frame, room), results[why]);
}

static fep_err_t s_address (bytes_t bytes, bool up, const codec_options_t *options,
                            char text[ADDRESS_MAX + 1])
{
    (void) up;
    (void) options;
    d698_frame_t frame;
    fep_err_t error = d698_frame_read (bytes, &frame);
    return error ? error : s_name (&frame, text);
}

static const char *const s_dars[] = {"done",
                                     "hardware fault",
                                     "temporarily unavailable",
                                     "reading or writing denied",
                                     "object undefined",
                                     "object class does not match",
                                     "object does not exist",
                                     "type does not match",
                                     "out of range",
                                     "data block unavailable",
                                     "block transfer cancelled",
                                     "no block transfer going on",
                                     "writing in blocks cancelled",
                                     "no writing in blocks going on",
                                     "wrong block number",
                                     "wrong password or not authorised",
                                     "speed cannot be changed",
                                     "too many yearly time zones",
                                     "too many daily periods",
                                     "too many tariffs",
                                     "security does not match",
                                     "charged twice",
                                     "ESAM verification failed",
                                     "security authentication failed",
                                     "customer number does not match",
                                     "wrong number of charges",
                                     "purchase over the hoarding limit",
                                     "abnormal address",
                                     "symmetric decryption failed",
                                     "asymmetric decryption failed",
                                     "wrong signature",
                                     "meter suspended",
                                     "time tag invalid",
                                     "request timed out",
                                     "ESAM: wrong P1 P2",
                                     "ESAM: wrong LC",
                                     "comparison failed"};

static const struct {
    uint8_t code;
    const char *text;
} s_others[] = {{D698_CONNECT_CODES + 1, "connection refused: password"},
                {D698_CONNECT_CODES + 2, "connection refused: symmetric decryption"},
                {D698_CONNECT_CODES + 3, "connection refused: asymmetric decryption"},
                {D698_CONNECT_CODES + 4, "connection refused: signature"},
                {D698_CONNECT_CODES + 5, "connection refused: protocol version"},
                {D698_CONNECT_CODES + 15, "connection refused"},
                {D698_ERROR_CODES + 1, "request cannot be parsed"},
                {D698_ERROR_CODES + 2, "service not supported"},
                {D698_ERROR_CODES + 15, "request answered by an error"},
                {255, "other reason"}};

static const char *s_code_text (uint8_t code)
{
    if (code < sizeof s_dars / sizeof *s_dars) {
        return s_dars[code];
    }
    for (size_t i = 0; i < sizeof s_others / sizeof *s_others; i++) {
        if (s_others[i].code == code) {
            return s_others[i].text;
        }
    }
    return NULL;
}

static bool s_is_silence (uint8_t code)
{
    return code == DAR_TIMEOUT;
}

const codec_t codec_dlt698 = {.name = "dlt698",
                              .is_checked = true,
                              .is_store = true,
                              .names_meters = true,
                              .mps_max = REQUEST_MPS_MAX,
                              .absence_tells = true,
                              .frame_max = D698_FRAME_MAX,
                              .state_size = sizeof (d698_state_t),
                              .scan = d698_scan,
                              .decode = s_decode,
                              .encode = d698_encode,
                              .wrap = d698_wrap,
                              .unwrap = d698_unwrap,
                              .reject = s_reject,
                              .code_text = s_code_text,
                              .is_silence = s_is_silence,
                              .durable = s_durable,
                              .own = d698_own,
                              .own_remove = d698_own_remove,
                              .own_lists = d698_own_lists,
                              .address = s_address,
                              .explain = d698_explain};

const codec_t codec_dlt698_meter = {.name = "dlt698_meter",
                                    .is_meter = true,
                                    .frame_max = D698_FRAME_MAX,
                                    .state_size = sizeof (d698_core_t),
                                    .scan = d698_scan_meter,
                                    .decode = s_decode_meter,
                                    .encode = d698_encode_meter,
                                    .code_text = s_code_text,
                                    .address = s_address,
                                    .explain = d698_explain};
