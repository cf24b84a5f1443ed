//  What the simulated 698.45 concentrator answers.
#include "bench/field_dlt698.h"
#include "fep/message.h"

enum {
    CONNECT = 2,
    RELEASE = 3,
    GET = 5,
    SET = 6,
    ACTION = 7,
    PROXY = 9,
    SECURITY = 0x10,
    ERROR = 0x6E
};
enum { RESPONSE = 0x80, ERROR_UP = 0xEE, NOT_SUPPORTED = 2, LIST_MAX = 32 };
enum { DAR_OK = 0, DAR_DENIED = 3, DAR_ABSENT = 6, DAR_SECURITY = 20, DAR_TIMEOUT = 33 };
enum { BY_PASSWORD = 1, CONNECT_PASSWORD = 1, CONNECT_OTHER = 255 };
#define CLOCK_SET 0x40000200
#define CLOCK_METHOD 0x40007F00
#define OWN_ADDRESS 0x40010200
#define DAY_RECORDS 0x50040200
#define FREEZE_TIME 0x20210200
#define DAY_MS INT64_C (86400000)

//  A request under way.
typedef struct {
    dlt698_t *self;        //  Who is asked
    reader_t *in;          //  The request behind choice and PIID
    int64_t wall_ms;       //  Now
    writer_t *out;         //  The answer behind choice and PIID-ACD
    field_words_t *words;  //  What it says
} asked_t;

static void s_dar (writer_t *out, uint8_t dar)
{
    writer_u8 (out, 0);
    writer_u8 (out, dar);
}

//  Result: 1 Data, or 0 DAR.
static void s_result (asked_t *x, uint32_t oad, uint32_t mp)
{
    wire698_who_t who = {.line = &x->self->line, .mp = mp, .at_ms = x->wall_ms};
    writer_u32be (x->out, oad);
    size_t at = x->out->size;
    writer_u8 (x->out, 1);
    if (oad == CLOCK_SET) {
        writer_u8 (x->out, AXDR_DATE_TIME_S);
        wire698_time_s (x->out, x->wall_ms);
    } else if (oad == OWN_ADDRESS) {
        writer_u8 (x->out, AXDR_OCTETS);
        writer_u8 (x->out, WIRE698_ADDRESS);
        wire698_address (x->out, mp ? meter645_number (&x->self->line, mp) : x->self->address);
    } else if (!wire698_attribute (&who, oad, x->out, x->words)) {
        x->out->size = at;
        s_dar (x->out, DAR_ABSENT);
    }
}

static void s_results (asked_t *x, uint32_t mp)
{
    uint8_t count = reader_u8 (x->in);
    writer_u8 (x->out, count);
    for (uint8_t i = 0; i < count && !x->in->failed; i++) {
        s_result (x, reader_u32be (x->in), mp);
    }
}

//  The rows wanted: 1 a day, 9 the last n. first_ms..last_ms; false for other selectors.
static bool s_select (asked_t *x, int64_t *first_ms, int64_t *last_ms)
{
    uint8_t selector = reader_u8 (x->in);
    *last_ms = field_midnight (x->wall_ms, 0);
    if (selector == 9) {
        uint8_t count = reader_u8 (x->in);
        *first_ms = *last_ms - ((int64_t) count - 1) * DAY_MS;
        return count >= 1 && count <= 5;
    }
    uint32_t oad = reader_u32be (x->in);
    uint8_t tag = reader_u8 (x->in);
    int64_t at_ms = 0;
    if (selector != 1 || oad != FREEZE_TIME || tag != AXDR_DATE_TIME_S ||
        !wire698_read_time_s (x->in, &at_ms)) {
        return false;
    }
    bool whole = at_ms == field_midnight (at_ms, 0) && at_ms <= *last_ms;
    *first_ms = at_ms;
    *last_ms = whole ? at_ms : at_ms - DAY_MS;
    return true;
}

//  GET record of the daily freezes of the terminal itself: OAD, RSD, RCSD of plain OADs.
static void s_record (asked_t *x)
{
    uint32_t columns[LIST_MAX];
    int64_t first_ms = 0, last_ms = 0;
    uint32_t oad = reader_u32be (x->in);
    bool ok = oad == DAY_RECORDS && s_select (x, &first_ms, &last_ms);
    uint8_t count = ok ? reader_u8 (x->in) : 0;
    ok = ok && count <= LIST_MAX;
    for (uint8_t i = 0; i < count && ok; i++) {
        ok = reader_u8 (x->in) == 0;
        columns[i] = reader_u32be (x->in);
    }
    writer_u32be (x->out, oad);
    if (!ok || x->in->failed) {
        writer_u8 (x->out, 0);
        s_dar (x->out, DAR_ABSENT);
        return;
    }
    writer_u8 (x->out, count);
    for (uint8_t i = 0; i < count; i++) {
        writer_u8 (x->out, 0);
        writer_u32be (x->out, columns[i]);
    }
    writer_u8 (x->out, 1);
    writer_u8 (x->out, (uint8_t) ((last_ms - first_ms) / DAY_MS + 1));
    for (int64_t at_ms = first_ms; at_ms <= last_ms; at_ms += DAY_MS) {
        wire698_who_t who = {.line = &x->self->line, .at_ms = at_ms, .freeze = FREEZE_DAY};
        for (uint8_t i = 0; i < count; i++) {
            if (columns[i] == FREEZE_TIME) {
                writer_u8 (x->out, AXDR_DATE_TIME_S);
                wire698_time_s (x->out, at_ms);
            } else if (!wire698_attribute (&who, columns[i], x->out, x->words)) {
                writer_u8 (x->out, AXDR_NULL);
            }
        }
    }
}

static bool s_get (asked_t *x, uint8_t choice)
{
    if (choice == 1) {
        s_result (x, reader_u32be (x->in), 0);
    } else if (choice == 2) {
        s_results (x, 0);
    } else if (choice == 3) {
        s_record (x);
    }
    return choice >= 1 && choice <= 3;
}

//  Setting the clock is agreed to; it is right anyway.
static bool s_set (asked_t *x, uint8_t choice)
{
    uint32_t oad = reader_u32be (x->in);
    writer_u32be (x->out, oad);
    writer_u8 (x->out, oad == CLOCK_SET ? DAR_OK : DAR_DENIED);
    return choice == 1;
}

static bool s_action (asked_t *x, uint8_t choice)
{
    uint32_t method = reader_u32be (x->in);
    writer_u32be (x->out, method);
    writer_u8 (x->out, method == CLOCK_METHOD ? DAR_OK : DAR_ABSENT);
    writer_u8 (x->out, 0);
    return choice == 1;
}

//  TSA: length, AF, address as people write it. The measuring point; 0: nobody here.
static uint32_t s_target (asked_t *x, bytes_t *tsa)
{
    uint64_t address = 0;
    *tsa = reader_bytes (x->in, reader_u8 (x->in));
    for (size_t i = 1; i < tsa->size; i++) {
        address = address * 100 + (unsigned) (tsa->data[i] >> 4) * 10u + (tsa->data[i] & 15u);
    }
    return tsa->size == 1 + WIRE698_ADDRESS ? meter645_find (&x->self->line, address) : 0;
}

//  Get list: a wait, then for each meter its address, a wait and OADs.
static void s_proxy_get (asked_t *x)
{
    (void) reader_u16be (x->in);
    uint8_t count = reader_u8 (x->in);
    writer_u8 (x->out, count);
    for (uint8_t i = 0; i < count && !x->in->failed; i++) {
        bytes_t tsa;
        uint32_t mp = s_target (x, &tsa);
        (void) reader_u16be (x->in);
        writer_u8 (x->out, (uint8_t) tsa.size);
        writer_put (x->out, tsa.data, tsa.size);
        if (mp > 0) {
            s_results (x, mp);
            continue;
        }
        uint8_t oads = reader_u8 (x->in);
        writer_u8 (x->out, oads);
        for (uint8_t k = 0; k < oads && !x->in->failed; k++) {
            writer_u32be (x->out, reader_u32be (x->in));
            s_dar (x->out, DAR_TIMEOUT);
        }
    }
}

//  Transparent: port, COMDCB, two waits, the meter's frame; FE before it wake the line up.
static void s_proxy_line (asked_t *x)
{
    uint8_t bytes[METER645_FRAME_MAX];
    writer_t answer = writer_of (bytes, sizeof bytes);
    writer_u32be (x->out, reader_u32be (x->in));
    (void) reader_take (x->in, 5 + 2 + 2);
    uint8_t size = reader_u8 (x->in);
    bytes_t frame = reader_bytes (x->in, size == 0x81 ? reader_u8 (x->in) : size);
    while (frame.size > 0 && frame.data[0] == 0xFE) {
        frame = bytes_of (frame.data + 1, frame.size - 1);
    }
    if (meter645_scan (frame).what != FIELD_FRAME ||
        !meter645_answer (&x->self->line, frame, x->wall_ms, &answer, x->words)) {
        s_dar (x->out, DAR_TIMEOUT);
        return;
    }
    writer_u8 (x->out, 1);
    if (answer.size >= 0x80) {
        writer_u8 (x->out, 0x81);
    }
    writer_u8 (x->out, (uint8_t) answer.size);
    writer_put (x->out, bytes, answer.size);
}

static bool s_proxy (asked_t *x, uint8_t choice)
{
    if (choice == 1) {
        s_proxy_get (x);
    } else if (choice == 7) {
        s_proxy_line (x);
    }
    return choice == 1 || choice == 7;
}

//  Services with a choice; they write what stands between PIID-ACD and the tail. False: not supported.
typedef struct {
    uint8_t tag;                                  //  Of the request
    bool (*answer) (asked_t *x, uint8_t choice);  //  See above
} service_t;

static const service_t s_services[] = {
    {GET, s_get}, {SET, s_set}, {ACTION, s_action}, {PROXY, s_proxy}};

//  CONNECT: who it is, what was wanted, the result: yes without security, or with its password.
static void s_connect (dlt698_t *self, reader_t *in, writer_t *out)
{
    static const char factory[] = "FEPS"
                                  "0100"
                                  "261101"
                                  "0100"
                                  "261101"
                                  "        ";
    bytes_t wanted = reader_bytes (in, 2 + 8 + 16 + 2 + 2 + 1 + 2 + 4);
    uint8_t mechanism = reader_u8 (in);
    uint8_t result = mechanism ? CONNECT_OTHER : 0;
    if (mechanism == BY_PASSWORD) {
        bytes_t password = reader_bytes (in, reader_u8 (in));
        result = bytes_equal (password, bytes_text (DLT698_PASSWORD)) ? 0 : CONNECT_PASSWORD;
    }
    result = in->failed ? CONNECT_OTHER : result;
    self->connected = result == 0;
    writer_put (out, factory, sizeof factory - 1);
    writer_put (out, wanted.data, wanted.size);
    writer_u8 (out, result);
}

//  The APDU of services without a choice.
static void s_simple (dlt698_t *self, uint8_t tag, reader_t *in, writer_t *out)
{
    uint8_t piid = reader_u8 (in);
    if (tag == SECURITY) {
        writer_u8 (out, SECURITY | RESPONSE);
        writer_u8 (out, 2);
        writer_u8 (out, DAR_SECURITY);
        writer_u8 (out, 0);
        return;
    }
    writer_u8 (out, tag | RESPONSE);
    writer_u8 (out, piid & 0x3F);
    if (tag == CONNECT) {
        s_connect (self, in, out);
    } else {
        self->connected = false;
    }
    writer_u8 (out, 0);
    writer_u16be (out, 0);
}

static void s_error (uint8_t piid, writer_t *out)
{
    writer_u8 (out, ERROR_UP);
    writer_u8 (out, piid & 0x3F);
    writer_u8 (out, NOT_SUPPORTED);
    writer_u16be (out, 0);
}

static void s_service (asked_t *x, uint8_t tag)
{
    size_t start = x->out->size;
    uint8_t choice = reader_u8 (x->in);
    uint8_t piid = reader_u8 (x->in);
    for (size_t i = 0; i < sizeof s_services / sizeof s_services[0]; i++) {
        if (s_services[i].tag == tag) {
            writer_u8 (x->out, tag | RESPONSE);
            writer_u8 (x->out, choice);
            writer_u8 (x->out, piid & 0x3F);
            if (s_services[i].answer (x, choice) && !x->in->failed) {
                writer_u16be (x->out, 0);
                return;
            }
        }
    }
    x->out->size = start;
    x->words->count = 0;
    s_error (piid, x->out);
}

void dlt698_answer (dlt698_t *self, const wire698_frame_t *frame, field_turn_t *turn)
{
    field_words_t words = {.count = 0};
    reader_t in = reader_of (frame->apdu);
    writer_t out = field_turn_writer (turn);
    uint8_t tag = reader_u8 (&in);
    asked_t x = {self, &in, turn->wall_ms, &out, &words};
    size_t start = wire698_begin (&out, WIRE698_UP_ANSWER, self->address, frame->client);
    if (tag == CONNECT || tag == RELEASE || tag == SECURITY) {
        s_simple (self, tag, &in, &out);
    } else {
        s_service (&x, tag);
    }
    wire698_end (&out, start);
    if (field_turn_take (turn, &out)) {
        field_words_tell (&words, turn);
    }
}
