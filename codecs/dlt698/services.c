//  The application layer of a server: link services, answers, reports.
#include "codecs/dlt698/parts.h"

//  What an APDU says before its body.
typedef struct {
    uint8_t tag;
    uint8_t choice;  //  0: the APDU has none
    uint8_t piid;    //  PIID or PIID-ACD
} head_t;

static bool s_has_choice (uint8_t tag)
{
    uint8_t request = tag & (uint8_t) ~APDU_ANSWER;
    return request >= APDU_GET && request <= APDU_PROXY;
}

static head_t s_head (reader_t *in)
{
    head_t head = {.tag = reader_u8 (in)};
    head.choice = s_has_choice (head.tag) ? reader_u8 (in) : 0;
    head.piid = reader_u8 (in);
    return head;
}

bytes_t d698_plain (bytes_t apdu)
{
    reader_t in = reader_of (apdu);
    uint8_t tag = reader_u8 (&in);
    if ((tag != APDU_SECURITY_RESPONSE && tag != APDU_SECURITY) || reader_u8 (&in) != 0) {
        return (bytes_t){NULL, 0};
    }
    return reader_bytes (&in, d698_length (&in));
}

//  ---- Link ----

void d698_answer_link (codec_io_t *io, const d698_peer_t *peer, bytes_t apdu, uint8_t result)
{
    reader_t in = reader_of (apdu);
    head_t head = s_head (&in);
    (void) reader_take (&in, 3);
    bytes_t asked = reader_bytes (&in, D698_DATE_TIME);
    if (in.failed || head.tag != APDU_LINK_REQUEST) {
        return;
    }
    size_t mark = d698_open (io->send, peer, D698_LINK);
    writer_u8 (io->send, APDU_LINK_RESPONSE);
    writer_u8 (io->send, head.piid & (uint8_t) ~PIID_ACD);
    writer_u8 (io->send, (uint8_t) (result | (io->clock_trusted ? 0x80 : 0)));
    writer_put (io->send, asked.data, asked.size);
    d698_put_date_time (io->send, io->options->zone,
                        io->received_ms ? io->received_ms : io->wall_ms);
    d698_put_date_time (io->send, io->options->zone, io->wall_ms);
    d698_close (io->send, mark);
}

static fep_err_t s_link (d698_turn_t *turn, const d698_peer_t *peer, bytes_t apdu)
{
    codec_io_t *io = turn->io;
    reader_t in = reader_of (apdu);
    int64_t clock_ms;
    (void) s_head (&in);
    uint8_t type = reader_u8 (&in);
    (void) reader_u16be (&in);
    const uint8_t *clock = reader_take (&in, D698_DATE_TIME);
    if (in.failed) {
        return FEP_TRUNCATED;
    }
    if (type > LINK_LOGOUT) {
        return FEP_UNSUPPORTED;
    }
    message_kind_t kind = type == LINK_HEARTBEAT ? MESSAGE_HEARTBEAT : MESSAGE_LOGIN;
    (void) d698_message (turn, kind, &turn->self, true);
    if (type != LINK_HEARTBEAT) {
        turn->core->connected = false;
        batch_item (io->batch, POINT_LINK_STATE, value_decimal (type == LINK_LOGIN, 0, 0));
    } else if (d698_instant (clock, D698_DATE_TIME, io->options->zone, &clock_ms)) {
        batch_item (io->batch, POINT (0, 0, 1, 0, 0), value_decimal (clock_ms / 1000, 0, 0));
    }
    io->bye = type == LINK_LOGOUT;
    d698_answer_link (io, peer, apdu, 0);
    return FEP_OK;
}

//  ---- Answers ----

//  FollowReport and TimeTag. What follows an answer does not count as part of it.
static void s_tail (d698_turn_t *turn, reader_t *in)
{
    d698_turn_t follow = *turn;
    follow.answers = false;
    if (reader_left (in) && reader_u8 (in)) {
        uint8_t choice = reader_u8 (in);
        if (choice == REPORT_LIST) {
            d698_read_results (&follow, in, false);
        } else if (choice == REPORT_RECORDS) {
            for (size_t n = d698_length (in); n > 0 && !in->failed; n--) {
                d698_read_record (&follow, in, &follow.self);
            }
        } else {
            in->failed = true;
        }
    }
    turn->raw_given = follow.raw_given;
    if (reader_left (in) && reader_u8 (in)) {
        (void) reader_take (in, D698_DATE_TIME_S + D698_TI);
    }
}

static void s_records (d698_turn_t *turn, reader_t *in)
{
    for (size_t n = d698_length (in); n > 0 && !in->failed; n--) {
        d698_read_record (turn, in, &turn->self);
    }
}

//  A DAR in the place of everything.
static void s_refused (d698_turn_t *turn, reader_t *in)
{
    uint8_t dar = reader_u8 (in);
    turn->dar = turn->refused ? turn->dar : dar;
    turn->refused++;
}

//  Blocks come one behind the other, and not without end. NULL, or what is wrong.
static const char *s_misplaced (const d698_turn_t *turn, const head_t *head, reader_t in)
{
    const d698_asked_t *asked = &turn->core->asked;
    if (!turn->answers || head->tag != APDU_GET_RESPONSE || head->choice != GET_NEXT) {
        return NULL;
    }
    (void) reader_u8 (&in);
    uint16_t block = reader_u16be (&in);
    if (in.failed || !asked->blocks) {
        return NULL;
    }
    return block != (uint16_t) (asked->block + 1)        ? "block_order"
           : asked->blocks == (uint16_t) D698_BLOCKS_MAX ? "too_many_blocks"
                                                         : NULL;
}

//  The block behind this one is asked for by encode.
static void s_next_block (d698_turn_t *turn, uint16_t block)
{
    d698_asked_t *asked = &turn->core->asked;
    asked->store = asked->store && turn->rows == 0;
    asked->next = true;
    asked->block = block;
    asked->blocks++;
    turn->io->answer = ANSWER_AGAIN;
}

static void s_get (d698_turn_t *turn, const head_t *head, reader_t *in)
{
    bool last = true;
    uint16_t block = 0;
    uint8_t choice = head->choice;
    if (choice == GET_NEXT) {
        last = reader_u8 (in) != 0;
        block = reader_u16be (in);
        uint8_t what = reader_u8 (in);
        choice = what <= 2 ? (uint8_t) (what * 2) : UINT8_MAX;
    } else if (choice == 0) {
        in->failed = true;
        return;
    }
    switch (choice) {
    case 0:
        s_refused (turn, in);
        break;
    case GET_ONE:
        d698_read_results (turn, in, true);
        break;
    case GET_LIST:
        d698_read_results (turn, in, false);
        break;
    case GET_RECORD:
        d698_read_record (turn, in, &turn->self);
        break;
    case GET_RECORDS:
        s_records (turn, in);
        break;
    default:
        in->failed = true;
    }
    s_tail (turn, in);
    if (!last && !in->failed && turn->answers) {
        s_next_block (turn, block);
    }
}

//  {OAD, DAR} or {OMD, DAR, Data}, each perhaps with what was read behind it.
static void s_done (d698_turn_t *turn, reader_t *in, bool action, bool then_get,
                    const d698_whose_t *whose)
{
    uint32_t what = reader_u32be (in);
    uint8_t dar = reader_u8 (in);
    if (action && reader_u8 (in)) {
        d698_data_t data = d698_data (in);
        if (!in->failed && turn->answers && !turn->core->asked.carried) {
            d698_keep_raw (turn, "action_data", what, 0, data.whole);
        }
    }
    if (then_get) {
        //  Whether it was done does not depend on it.
        d698_turn_t beside = *turn;
        d698_read_meter_results (&beside, in, true, whose);
        turn->raw_given = beside.raw_given;
    }
    turn->good += dar == 0;
    if (dar && turn->refused++ == 0) {
        turn->dar = dar;
    }
}

static void s_writes (d698_turn_t *turn, const head_t *head, reader_t *in)
{
    bool action = head->tag == APDU_ACTION_RESPONSE;
    if (head->choice == 0 || head->choice > ACTION_THEN_GET) {
        in->failed = true;
        return;
    }
    size_t count = head->choice == ACTION_ONE ? 1 : d698_length (in);
    for (size_t n = 0; n < count && !in->failed; n++) {
        s_done (turn, in, action, head->choice == ACTION_THEN_GET, &turn->self);
    }
    s_tail (turn, in);
}

//  ---- Proxy ----

static d698_whose_t s_whose (const d698_turn_t *turn, reader_t *in)
{
    char text[2 * D698_OCTETS_MAX + 1];
    bytes_t tsa = d698_take_tsa (in);
    if (in->failed) {
        return turn->self;
    }
    d698_tsa_text (tsa, text);
    return d698_whose (turn, text);
}

static void s_target (d698_turn_t *turn, reader_t *in, uint8_t choice)
{
    d698_whose_t whose = s_whose (turn, in);
    if (choice == PROXY_GET_LIST) {
        d698_read_meter_results (turn, in, false, &whose);
        return;
    }
    bool action = choice >= PROXY_ACTION_LIST;
    bool then_get = choice == PROXY_SET_THEN_GET || choice == PROXY_ACTION_THEN_GET;
    for (size_t n = d698_length (in); n > 0 && !in->failed; n--) {
        s_done (turn, in, action, then_get, &whose);
    }
}

static void s_transparent (d698_turn_t *turn, reader_t *in)
{
    uint32_t port = reader_u32be (in);
    if (reader_u8 (in) == 0) {
        s_refused (turn, in);
        return;
    }
    bytes_t bytes = reader_bytes (in, d698_length (in));
    if (turn->answers && !in->failed && !bytes.size) {
        //  The meter did not answer, and there is no DAR for it.
        turn->dar = turn->refused ? turn->dar : DAR_TIMEOUT;
        turn->refused++;
        return;
    }
    turn->good++;
    if (!in->failed && !(turn->answers && turn->core->asked.carried)) {
        d698_keep_raw (turn, "forwarded", port, 0, bytes);
    }
}

static void s_proxy (d698_turn_t *turn, const head_t *head, reader_t *in)
{
    if (head->choice == 0 || head->choice > PROXY_TRANSPARENT) {
        in->failed = true;
    } else if (head->choice == PROXY_TRANSPARENT) {
        s_transparent (turn, in);
    } else if (head->choice == PROXY_GET_RECORD) {
        d698_whose_t whose = s_whose (turn, in);
        d698_read_record (turn, in, &whose);
    } else {
        for (size_t n = d698_length (in); n > 0 && !in->failed; n--) {
            s_target (turn, in, head->choice);
        }
    }
    s_tail (turn, in);
}

//  ---- Reports ----

static void s_report (d698_turn_t *turn, const head_t *head, reader_t *in)
{
    if (head->choice == REPORT_LIST) {
        d698_read_results (turn, in, false);
    } else if (head->choice == REPORT_RECORDS) {
        s_records (turn, in);
    } else if (head->choice == REPORT_TRANSPARENT) {
        uint32_t port = reader_u32be (in);
        for (size_t n = d698_length (in); n > 0 && !in->failed; n--) {
            bytes_t bytes = reader_bytes (in, d698_length (in));
            if (!in->failed) {
                d698_keep_raw (turn, "transparent_report", port, 0, bytes);
            }
        }
    } else {
        in->failed = true;
    }
    s_tail (turn, in);
}

//  Rows of a record, columns in all.
static void s_skip_record (reader_t *in)
{
    bytes_t rcsd = d698_take_rcsd (in);
    if (reader_u8 (in) == 0) {
        (void) reader_u8 (in);
        return;
    }
    size_t columns = d698_columns (rcsd);
    for (size_t rows = d698_length (in); rows > 0 && !in->failed; rows--) {
        for (size_t i = 0; i < columns && !in->failed; i++) {
            (void) d698_data (in);
        }
    }
}

void d698_answer_report (writer_t *out, const d698_peer_t *peer, bytes_t apdu)
{
    bytes_t plain = d698_plain (apdu);
    reader_t in = reader_of (plain.size ? plain : apdu);
    head_t head = s_head (&in);
    if (head.tag != APDU_REPORT || head.choice == 0 || head.choice > REPORT_TRANSPARENT) {
        return;
    }
    size_t mark = d698_open (out, peer, D698_USER);
    writer_u8 (out, APDU_REPORT_RESPONSE);
    writer_u8 (out, head.choice);
    writer_u8 (out, head.piid & (uint8_t) ~PIID_ACD);
    size_t count = head.choice == REPORT_TRANSPARENT ? 0 : d698_length (&in);
    if (head.choice != REPORT_TRANSPARENT) {
        d698_put_length (out, count);
    }
    for (size_t n = 0; n < count && !in.failed; n++) {
        writer_u32be (out, reader_u32be (&in));
        if (head.choice == REPORT_RECORDS) {
            s_skip_record (&in);
        } else if (reader_u8 (&in) == 0) {
            (void) reader_u8 (&in);
        } else {
            (void) d698_data (&in);
        }
    }
    writer_u8 (out, 0);
    d698_close (out, mark);
    if (in.failed) {
        out->size = mark;
        out->failed = false;
    }
}

//  ---- Connection and errors ----

static void s_connect (d698_turn_t *turn, reader_t *in)
{
    (void) reader_take (in, 32 + 2 + 8 + 16 + 2 + 2 + 1 + 2 + 4);
    uint8_t result = reader_u8 (in);
    turn->core->connected = result == 0 && !in->failed;
    turn->good += result == 0;
    turn->refused += result != 0;
    turn->dar = result ? (uint8_t) (D698_CONNECT_CODES + (result < 15 ? result : 15)) : 0;
}

static void s_release (d698_turn_t *turn, reader_t *in)
{
    uint8_t result = reader_u8 (in);
    turn->core->connected = turn->core->connected && result != 0;
    turn->good += result == 0;
    turn->refused += result != 0;
    turn->dar = result;
}

static void s_error (d698_turn_t *turn, reader_t *in)
{
    uint8_t type = reader_u8 (in);
    turn->refused++;
    turn->dar = (uint8_t) (D698_ERROR_CODES + (type < 15 ? type : 15));
}

//  ---- All ----

//  What the answer says of the request in flight.
static void s_conclude (d698_turn_t *turn, bytes_t apdu)
{
    codec_io_t *io = turn->io;
    d698_core_t *core = turn->core;
    d698_asked_t *asked = &core->asked;
    if (io->answer == ANSWER_AGAIN) {
        return;
    }
    if (asked->changes && !turn->good && !turn->refused) {
        //  Says nothing of what was to be done.
        d698_keep_raw (turn, "no_result", 0, 0, apdu);
        return;
    }
    bool refused = turn->refused && (asked->changes || turn->good == 0);
    if (asked->among && (turn->dar == DAR_UNDEFINED || turn->dar == DAR_NOT_THERE)) {
        refused = false;
    }
    if (asked->store && turn->rows == 0) {
        core->empty = true;
        core->empty_token = asked->token;
        core->empty_done = asked->done;
        io->answer = ANSWER_AGAIN;
    } else if (refused) {
        io->answer = ANSWER_REFUSED;
        io->answer_code = turn->dar;
    } else {
        io->answer = asked->connects ? ANSWER_AGAIN : ANSWER_DONE;
    }
    asked->tag = 0;
    asked->next = false;
}

static void s_body (d698_turn_t *turn, const head_t *head, reader_t *in)
{
    switch (head->tag) {
    case APDU_GET_RESPONSE:
        s_get (turn, head, in);
        return;
    case APDU_SET_RESPONSE:
    case APDU_ACTION_RESPONSE:
        s_writes (turn, head, in);
        return;
    case APDU_PROXY_RESPONSE:
        s_proxy (turn, head, in);
        return;
    case APDU_REPORT:
        s_report (turn, head, in);
        return;
    case APDU_CONNECT_RESPONSE:
        s_connect (turn, in);
        return;
    case APDU_RELEASE_RESPONSE:
        s_release (turn, in);
        return;
    case APDU_ERROR_RESPONSE:
        s_error (turn, in);
        return;
    default:
        in->failed = true;
    }
}

//  Nobody asked for it, and it shows nothing by itself.
static bool s_is_stray (const d698_turn_t *turn, const head_t *head)
{
    uint8_t tag = head->tag;
    bool proxy = tag == APDU_PROXY_RESPONSE && head->choice >= PROXY_SET_LIST &&
                 head->choice <= PROXY_ACTION_THEN_GET;
    return !turn->answers && (proxy || tag == APDU_SET_RESPONSE || tag == APDU_ACTION_RESPONSE ||
                              tag == APDU_CONNECT_RESPONSE || tag == APDU_RELEASE_RESPONSE ||
                              tag == APDU_ERROR_RESPONSE);
}

//  Values stand behind what was done.
static bool s_is_then_get (const head_t *head)
{
    uint8_t tag = head->tag, choice = head->choice;
    bool proxy = choice == PROXY_SET_THEN_GET || choice == PROXY_ACTION_THEN_GET;
    return tag == APDU_PROXY_RESPONSE ? proxy
                                      : choice == SET_THEN_GET && (tag == APDU_SET_RESPONSE ||
                                                                   tag == APDU_ACTION_RESPONSE);
}

static bool s_matches (const d698_turn_t *turn, const head_t *head)
{
    const d698_asked_t *asked = &turn->core->asked;
    bool kind = head->tag == (asked->tag | APDU_ANSWER) || head->tag == APDU_ERROR_RESPONSE;
    return asked->tag && kind && (head->piid & PIID_NUMBER) == (asked->piid & PIID_NUMBER);
}

//  A protected answer that is a DAR, or a cipher nobody here can read.
static void s_protected (d698_turn_t *turn, bytes_t apdu)
{
    reader_t in = reader_of (apdu);
    (void) reader_u8 (&in);
    uint8_t unit = reader_u8 (&in);
    uint8_t dar = reader_u8 (&in);
    d698_asked_t *asked = &turn->core->asked;
    bool answers = asked->tag && asked->sealed && !in.failed;
    if (answers && unit == 2) {
        turn->answers = true;
        turn->refused = 1;
        turn->dar = dar;
        s_conclude (turn, apdu);
        return;
    }
    d698_keep_raw (turn, unit == 1 ? "enciphered" : "unsupported_apdu", 0, 0, apdu);
    if (answers && unit == 1 && asked->passed) {
        //  Who can read it asked.
        turn->io->answer = ANSWER_DONE;
        asked->tag = 0;
    }
}

//  ACD: a reading of the terminal where it is news.
static void s_note_acd (d698_turn_t *turn, const head_t *head)
{
    bool acd = head->piid & PIID_ACD;
    batch_t *batch = turn->io->batch;
    if (!turn->news || turn->news->told == acd) {
        return;
    }
    (void) d698_message (turn, MESSAGE_READING, &turn->self, false);
    batch_item (batch, POINT_EVENT_NEW, value_decimal (acd, 0, 0));
    turn->news->told = batch->failed ? turn->news->told : acd;
}

fep_err_t d698_read_apdu (d698_turn_t *turn, const d698_peer_t *peer, bytes_t apdu)
{
    bytes_t plain = d698_plain (apdu);
    reader_t in = reader_of (plain.size ? plain : apdu);
    head_t head = s_head (&in);
    if (head.tag == APDU_LINK_REQUEST && turn->links && !in.failed && !plain.size) {
        return s_link (turn, peer, apdu);
    }
    if (head.tag == APDU_SECURITY_RESPONSE) {
        s_protected (turn, apdu);
        return FEP_OK;
    }
    if (head.tag == APDU_RELEASE_NOTE && !in.failed) {
        turn->core->connected = false;
        d698_keep_raw (turn, "released", 0, 0, apdu);
        return FEP_OK;
    }
    bool known = (head.tag & APDU_ANSWER) && head.tag != APDU_LINK_RESPONSE &&
                 (s_has_choice (head.tag) || head.tag == APDU_CONNECT_RESPONSE ||
                  head.tag == APDU_RELEASE_RESPONSE || head.tag == APDU_ERROR_RESPONSE);
    turn->answers = known && s_matches (turn, &head);
    codec_io_t *io = turn->io;
    batch_mark_t mark = batch_mark (io->batch);
    if (!known || s_is_stray (turn, &head)) {
        d698_keep_raw (turn, known ? "unasked_answer" : "unsupported_apdu", 0, 0, apdu);
        if (!known || !s_is_then_get (&head)) {
            return FEP_OK;
        }
    }
    const char *misplaced = s_misplaced (turn, &head, in);
    if (misplaced) {
        d698_keep_raw (turn, misplaced, 0, 0, apdu);
        return FEP_OK;
    }
    s_body (turn, &head, &in);
    if (in.failed) {
        bool full = io->batch->failed;
        batch_rollback (io->batch, mark);
        io->batch->failed = full;
        io->answer = ANSWER_NONE;
        io->raw_units = 0;
        turn->raw_given = false;
        d698_keep_raw (turn, "truncated_apdu", 0, 0, apdu);
        return FEP_OK;
    }
    if (turn->answers) {
        s_conclude (turn, apdu);
    }
    s_note_acd (turn, &head);
    return FEP_OK;
}
