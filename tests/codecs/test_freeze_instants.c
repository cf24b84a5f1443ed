//  One meter, read over different protocols: a frozen register is one series, with the same point, freeze, instant and
//  value, whichever way it came. A way is a codec, and how its meter or terminal answers; a new one is a line in s_ways
//  and a function. The instants are written down in UTC, so that no calendar of ours vouches for itself.
#include "codecs/dlt645/frame.h"
#include "codecs/dlt698/apdu.h"
#include "codecs/dlt698/axdr.h"
#include "codecs/dlt698/link.h"
#include "codecs/gdw1376/link.h"
#include "tests/codecs/player.h"

enum { FRAME_MAX = 1024, EXCHANGES_MAX = 8 };

#define METER "000000000001"

//  What the meter latched, and when.
typedef struct {
    const char *zone;      //  "" the node's, UTC+8
    freeze_t freeze;       //  DAY or MONTH
    int year, month, day;  //  That ended with it; day 0: the month
    const char *instant;   //  UTC
    const char *stamp;     //  The same by the meter's clock: its date, at 00:00
    const char *digits;  //  The register: kWh with four decimals, the last two 0: not all have them
} latch_t;

static const char s_europe[] = "CET-1CEST,M3.5.0,M10.5.0/3";

static const latch_t s_latches[] = {
    {"", FREEZE_DAY, 2018, 8, 31, "2018-08-31T16:00:00", "180901", "0001234500"},
    {"", FREEZE_DAY, 2016, 2, 28, "2016-02-28T16:00:00", "160229", "0000000100"},
    {"", FREEZE_DAY, 2018, 12, 31, "2018-12-31T16:00:00", "190101", "9999999900"},
    {"", FREEZE_MONTH, 2018, 12, 0, "2018-12-31T16:00:00", "190101", "0001234500"},
    {"", FREEZE_MONTH, 2016, 2, 0, "2016-02-29T16:00:00", "160301", "0000000000"},
    {s_europe, FREEZE_DAY, 2024, 3, 30, "2024-03-30T23:00:00", "240331", "0000100000"},
    {s_europe, FREEZE_DAY, 2024, 3, 31, "2024-03-31T22:00:00", "240401", "0000230000"},
    {s_europe, FREEZE_DAY, 2024, 10, 26, "2024-10-26T22:00:00", "241027", "0001000000"},
    {s_europe, FREEZE_DAY, 2024, 10, 27, "2024-10-27T23:00:00", "241028", "0001250000"},
    {s_europe, FREEZE_MONTH, 2024, 10, 0, "2024-10-31T23:00:00", "241101", "0001260000"},
    {s_europe, FREEZE_MONTH, 2024, 3, 0, "2024-03-31T22:00:00", "240401", "0001260000"},
    {"-03:00", FREEZE_DAY, 2024, 2, 29, "2024-03-01T03:00:00", "240301", "0000004200"}};

//  A way to the meter.
typedef struct {
    const char *name;      //  For the report
    const char *codec;     //  Name
    const char *meter;     //  Meter codecs: its address
    const char *behind;    //  Terminals that name their meters: likewise; "" asked by its number
    const char *settings;  //  The terminal's own profile; "" none
    bool stamped;          //  Values say when they were latched, and may say something else
    //  The answer to a frame of ours, appended. late: it was latched a quarter of an hour (settlements: a day) late.
    void (*answer) (bytes_t asked, const latch_t *latch, bool late, writer_t *out);
} way_t;

//  Two digits of a number as one packed byte.
static uint8_t s_bcd (int two)
{
    return (uint8_t) (two / 10 % 10 << 4 | two % 10);
}

//  The register's digits as packed bytes, low byte first.
static void s_put_register (writer_t *out, const latch_t *latch)
{
    uint8_t bytes[5];
    assert_int_equal (vec_hex (latch->digits, bytes, sizeof bytes), sizeof bytes);
    for (size_t i = sizeof bytes; i-- > 0;) {
        writer_u8 (out, bytes[i]);
    }
}

//  376.1: 0D F161 or F177; address, unit and Td are those of the request, which must name the day or month that ended.
static void s_answer_gdw1376 (bytes_t asked, const latch_t *latch, bool late, writer_t *out)
{
    (void) late;
    enum { UNIT_AT = 14, TD_AT = 18 };
    const uint8_t day[] = {s_bcd (latch->day), s_bcd (latch->month), s_bcd (latch->year)};
    size_t skip = latch->freeze == FREEZE_MONTH ? 1 : 0;
    assert_true (asked.size >= TD_AT + sizeof day - skip + GDW_TAIL);
    assert_memory_equal (asked.data + TD_AT, day + skip, sizeof day - skip);
    size_t mark = gdw_frame_open (out, 2, 0x88, asked.data + 7, AFN_HISTORY, asked.data[13]);
    writer_put (out, asked.data + UNIT_AT, TD_AT - UNIT_AT + sizeof day - skip);
    static const uint8_t read[] = {0x05, 0x00, 0x01, 0x01, 0x25, 0x00};
    writer_put (out, read, sizeof read);
    s_put_register (out, latch);
    gdw_frame_close (out, mark);
}

//  ---- DL/T 645 ----

//  The register as meters of two decimals have it, low byte first.
static void s_put_short (dlt_frame_t *frame, const latch_t *latch)
{
    uint8_t bytes[5];
    assert_int_equal (vec_hex (latch->digits, bytes, sizeof bytes), sizeof bytes);
    for (size_t i = sizeof bytes - 1; i-- > 0;) {
        frame->data[frame->size++] = bytes[i];
    }
}

//  050600nn the stamp mm hh DD MM YY, 050601nn total and tariffs; 04000B01 settlement day hh DD, 0001ttss the total.
//  The latest freeze is asked for, by its number.
static void s_answer_dlt645 (bytes_t asked, const latch_t *latch, bool late, writer_t *out)
{
    uint32_t di = 0;
    uint8_t date[3];
    dlt_frame_t request, answer;
    assert_int_equal (vec_hex (latch->stamp, date, sizeof date), sizeof date);
    CHECK_OK (dlt_read (asked, &request));
    assert_int_equal (request.control, DLT_READ);
    assert_true (dlt_has_di (&request, &di));
    answer = request;
    answer.control = DLT_READ | DLT_UP;
    const uint8_t stamp[] = {late ? 0x15 : 0, 0, date[2], date[1], date[0]};
    const uint8_t settlement[] = {0, late ? 2 : 1};
    switch (di) {
    case 0x05060001:
        memcpy (answer.data + answer.size, stamp, sizeof stamp);
        answer.size = (uint8_t) (answer.size + sizeof stamp);
        break;
    case 0x04000B01:
        memcpy (answer.data + answer.size, settlement, sizeof settlement);
        answer.size = (uint8_t) (answer.size + sizeof settlement);
        break;
    case 0x05060101:
    case 0x00010001:
        assert_int_equal (latch->freeze, di == 0x00010001 ? FREEZE_MONTH : FREEZE_DAY);
        s_put_short (&answer, latch);
        break;
    default:
        fail_msg ("DI %08X is asked", di);
    }
    dlt_write (out, &answer);
}

//  ---- DL/T 698.45 ----

//  The date of a stamp, and 00:00 or a quarter past: YYYY MM DD hh mm ss.
static void s_put_time (writer_t *out, const uint8_t date[3], bool late)
{
    writer_u16be (out, (uint16_t) (2000 + (date[0] >> 4) * 10 + (date[0] & 15)));
    writer_u8 (out, (uint8_t) ((date[1] >> 4) * 10 + (date[1] & 15)));
    writer_u8 (out, (uint8_t) ((date[2] >> 4) * 10 + (date[2] & 15)));
    writer_u8 (out, 0);
    writer_u8 (out, late ? 15 : 0);
    writer_u8 (out, 0);
}

//  The value of a column.
static void s_put_column (writer_t *out, uint32_t oad, const latch_t *latch, bool late)
{
    static const uint8_t address[] = {DATA_OCTETS, 6, 0, 0, 0, 0, 0, 1};
    uint8_t date[3];
    assert_int_equal (vec_hex (latch->stamp, date, sizeof date), sizeof date);
    switch (oad) {
    case 0x00100200:
        writer_u8 (out, DATA_ARRAY);
        writer_u8 (out, 1);
        writer_u8 (out, DATA_U32);
        writer_u32be (out, (uint32_t) (strtoull (latch->digits, NULL, 10) / 100));
        return;
    case OAD_OWN_ADDRESS:
        writer_put (out, address, sizeof address);
        return;
    case OAD_FREEZE_TIME:
    case OAD_TASK_START:
    case OAD_TASK_SUCCESS:
    case OAD_TASK_STORED:
        writer_u8 (out, DATA_DATE_TIME_S);
        s_put_time (out, date, oad == OAD_FREEZE_TIME ? late : true);
        return;
    default:
        fail_msg ("column %08X is asked", oad);
    }
}

//  The columns of a request, in one row. A ROAD's stand one behind the other.
static void s_put_row (writer_t *out, bytes_t rcsd, const latch_t *latch, bool late)
{
    reader_t in = reader_of (rcsd);
    for (size_t n = reader_u8 (&in); n > 0; n--) {
        bool road = reader_u8 (&in) == 1;
        uint32_t head = reader_u32be (&in);
        size_t count = road ? reader_u8 (&in) : 1;
        for (size_t i = 0; i < count; i++) {
            s_put_column (out, road ? reader_u32be (&in) : head, latch, late);
        }
        if (road) {
            assert_int_equal (head, latch->freeze == FREEZE_DAY ? 0x50040200 : 0x50060200);
        }
    }
    assert_true (!in.failed && reader_left (&in) == 0);
}

//  GET-Record of the object by that selector, which must say that instant. before: that of the day that ended.
static void s_answer_record (bytes_t asked, const latch_t *latch, bool late, uint32_t oad,
                             const char *selector, bool before, writer_t *out)
{
    d698_frame_t frame;
    uint8_t want[32], date[3];
    CHECK_OK (d698_frame_read (asked, &frame));
    CHECK_OK (d698_frame_check (&frame));
    reader_t in = reader_of (frame.user);
    assert_int_equal (reader_u16be (&in), 0x0503);
    uint8_t piid = reader_u8 (&in);
    assert_int_equal (reader_u32be (&in), oad);
    writer_t wanted = writer_of (want, sizeof want);
    writer_put (&wanted, want, vec_hex (selector, want, sizeof want));
    assert_int_equal (vec_hex (latch->stamp, date, sizeof date), sizeof date);
    const uint8_t ended[] = {s_bcd (latch->year), s_bcd (latch->month), s_bcd (latch->day)};
    s_put_time (&wanted, before ? ended : date, false);
    bytes_t rsd = d698_take_rsd (&in);
    assert_true (rsd.size >= wanted.size);
    assert_memory_equal (rsd.data, want, wanted.size);
    bytes_t rcsd = d698_take_rcsd (&in);
    d698_peer_t peer = {.client = frame.client, .sa_size = (uint8_t) frame.sa.size};
    memcpy (peer.sa, frame.sa.data, frame.sa.size);
    size_t mark = d698_open (out, &peer, D698_DIR | D698_PRM | D698_USER);
    writer_u16be (out, 0x8503);
    writer_u8 (out, piid);
    writer_u32be (out, oad);
    writer_put (out, rcsd.data, rcsd.size);
    writer_u16be (out, 0x0101);
    s_put_row (out, rcsd, latch, late);
    writer_u16be (out, 0);
    d698_close (out, mark);
}

//  A meter's own freezings, by their freeze time.
static void s_answer_own (bytes_t asked, const latch_t *latch, bool late, writer_t *out)
{
    uint32_t oad = latch->freeze == FREEZE_DAY ? 0x50040200 : 0x50060200;
    s_answer_record (asked, latch, late, oad, "01 20210200 1C", false, out);
}

//  A terminal's store, under the instant or, of days, under the day before.
static void s_answer_store (bytes_t asked, const latch_t *latch, bool late, writer_t *out)
{
    s_answer_record (asked, latch, late, OAD_STORE, "05", false, out);
}

static void s_answer_store_before (bytes_t asked, const latch_t *latch, bool late, writer_t *out)
{
    s_answer_record (asked, latch, late, OAD_STORE, "05", latch->freeze == FREEZE_DAY, out);
}

static const way_t s_ways[] = {
    {"376.1", "gdw1376", "", "", "", false, s_answer_gdw1376},
    {"645", "dlt645", METER, "", "", true, s_answer_dlt645},
    {"698.45, the meter", "dlt698_meter", METER, "", "", true, s_answer_own},
    {"698.45, the store by number", "dlt698", "", "", "", true, s_answer_store},
    {"698.45, the store by address", "dlt698", "", METER, "", true, s_answer_store},
    {"698.45, the store a day before", "dlt698", "", METER, "setting store_before 1\n", true,
     s_answer_store_before}};

static int64_t s_utc (const char *text)
{
    const zone_t utc = {0};
    clock_civil_t c;
    int64_t utc_ms = 0;
    assert_int_equal (sscanf (text, "%d-%d-%dT%d:%d:%d", &c.year, &c.month, &c.day, &c.hour,
                              &c.minute, &c.second),
                      6);
    assert_true (zone_utc (&utc, &c, ZONE_EARLIER, &utc_ms));
    return utc_ms;
}

static uint16_t s_mp_of (void *arg, bytes_t meter)
{
    (void) arg;
    return bytes_equal (meter, bytes_text (METER)) ? 1 : 0;
}

//  A terminal is known once it was heard.
static void s_introduce (player_t *player)
{
    static const uint8_t login[] = {0x68, 0x32, 0x00, 0x32, 0x00, 0x68, 0xC9, 0x71, 0x01, 0x22,
                                    0x08, 0x00, 0x02, 0x70, 0x00, 0x00, 0x01, 0x00, 0xD8, 0x16};
    static const uint8_t link[] = {
        APDU_LINK_REQUEST, 0, LINK_LOGIN, 0, 60, 0x07, 0xE9, 4, 3, 4, 15, 0x14, 5, 0, 0};
    static const d698_peer_t peer = {{0x05, 0x01}, 7, 0x10, false};
    uint8_t memory[64];
    if (strcmp (player->codec->name, "gdw1376") == 0) {
        player_feed (player, bytes_of (login, sizeof login));
    } else if (strcmp (player->codec->name, "dlt698") == 0) {
        writer_t out = writer_of (memory, sizeof memory);
        size_t mark = d698_open (&out, &peer, D698_DIR | D698_LINK);
        writer_put (&out, link, sizeof link);
        d698_close (&out, mark);
        player_feed (player, writer_bytes (&out));
        player->io.mp_of = s_mp_of;
    }
    assert_true (player->codec->is_meter || player->frames == 1);
    batch_clear (player->batch);
}

//  The register in the unit of its fourth decimal, however many decimals came.
static int64_t s_number (const value_t *value)
{
    int64_t number = value->mantissa;
    assert_int_equal (value->kind, VALUE_DECIMAL);
    assert_true (value->exponent >= -4 && value->exponent <= 0);
    for (int i = value->exponent; i > -4; i--) {
        number *= 10;
    }
    return number;
}

//  The one value of the register in the batch: what is compared.
static void s_check (const player_t *player, const latch_t *latch, bool late)
{
    size_t count = 0;
    uint16_t quality = QUALITY_SECONDARY | (late ? QUALITY_INVALID | QUALITY_FREEZE_STAMP : 0);
    for (size_t i = 0; i < player->batch->message_count; i++) {
        const message_t *message = &player->batch->messages[i];
        for (uint32_t n = 0; n < message->count; n++) {
            const item_t *item = &player->batch->items[message->first + n];
            if (item->point != POINT (1, 0, 1, 8, 0)) {
                continue;
            }
            assert_int_equal (message->kind, MESSAGE_READING);
            assert_int_equal (message->mp, 1);
            assert_int_equal (message->freeze, latch->freeze);
            assert_true (message_item_time (message, n) == s_utc (latch->instant));
            assert_true (s_number (&item->value) == strtoll (latch->digits, NULL, 10));
            assert_int_equal (item->value.quality, quality);
            count++;
        }
    }
    assert_int_equal (count, 1);
}

//  Asks for the instant as the scheduler does, until nothing is left to ask.
static void s_exchange (player_t *player, const way_t *way, const latch_t *latch, bool late)
{
    uint8_t memory[FRAME_MAX];
    request_t request = {.kind = REQUEST_READ_FROZEN,
                         .mp = 1,
                         .freeze = (uint8_t) latch->freeze,
                         .point_count = 1,
                         .points = {POINT (1, 0, 1, 8, 0)},
                         .from_ms = s_utc (latch->instant),
                         .to_ms = s_utc (latch->instant)};
    snprintf (request.meter, sizeof request.meter, "%s", way->behind);
    player->io.wall_ms = request.to_ms + 3600000;
    for (int i = 0; !request.finished && i < EXCHANGES_MAX; i++) {
        player->send = writer_of (player->sent, PLAYER_SEND);
        CHECK_OK (player->codec->encode (player->state, &request, &player->io));
        writer_t out = writer_of (memory, sizeof memory);
        way->answer (writer_bytes (&player->send), latch, late, &out);
        assert_false (out.failed);
        if (player->codec->is_meter) {
            player_flight (player, writer_bytes (&player->send));
        }
        player_decode (player, writer_bytes (&out));
        CHECK_OK (player->refused);
        assert_int_equal (player->answer, ANSWER_DONE);
    }
    assert_true (request.finished);
}

static void s_read (const way_t *way, const latch_t *latch, bool late)
{
    zone_t zone;
    char text[96];
    player_t player = player_new (codec_find (way->codec));
    player_clear (&player);
    if (player.codec->is_meter) {
        player_meter (&player, way->meter, "-");
    }
    if (*way->settings) {
        snprintf (text, sizeof text, "profile p\ncodec %s\n%s", way->codec, way->settings);
        player_own_text (&player, text);
    }
    if (*latch->zone) {
        CHECK_OK (zone_parse (latch->zone, &zone));
        player.options.zone = &zone;
    }
    s_introduce (&player);
    s_exchange (&player, way, latch, late);
    s_check (&player, latch, late);
    player_free (&player);
}

static void test_one_series (void **state)
{
    (void) state;
    for (size_t w = 0; w < sizeof s_ways / sizeof *s_ways; w++) {
        print_message ("%s\n", s_ways[w].name);
        for (size_t i = 0; i < sizeof s_latches / sizeof *s_latches; i++) {
            s_read (&s_ways[w], &s_latches[i], false);
        }
    }
}

//  Latched at another instant than it was due: at the one it was due, with a mark.
static void test_other_stamp (void **state)
{
    (void) state;
    for (size_t w = 0; w < sizeof s_ways / sizeof *s_ways; w++) {
        for (size_t i = 0; s_ways[w].stamped && i < sizeof s_latches / sizeof *s_latches; i++) {
            s_read (&s_ways[w], &s_latches[i], true);
        }
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_one_series),
                                       cmocka_unit_test (test_other_stamp)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
