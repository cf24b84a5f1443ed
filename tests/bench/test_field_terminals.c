//  The simulated concentrators of Q/GDW 1376.1 and DL/T 698.45: log in, beat, report, forward, answer. Requests come
//  from published frames or were built by hand, with checksums of another program.
#include "tests/bench/field_test.h"
#include "bench/field_dlt698.h"
#include "fep/message.h"
#include "fep/point.h"

//  ---- Q/GDW 1376.1: terminal 371000001, meters 130000010001 and 130000010002 ----

#define FWD                                                                                        \
    "68da00da00684b103701000a1062000001001f6bbc0a1400fefefefe6801000100001368110433333433c7160000" \
    "00000000000000000000000000001016"
#define FWD_BAD                                                                                    \
    "68ca00ca00684b103701000a1062000001001f6bbc0a100068010001000013681104333334330016000000000000" \
    "000000000000000000004d16"
#define FWD_TAG                                                                                    \
    "68e200e200684b103701000a10e2000001001f6bbc0a10006801000100001368110433333433c716000000000000" \
    "00000000000000000000010000001000a516"
#define FWD_PASSWORD                                                                               \
    "68ca00ca00684b103701000a1062000001001f6bbc0a10006801000100001368110433333433c716010000000000" \
    "000000000000000000001516"
#define CLOCK "6832003200684b103701000a0c63000002000e16"
#define METERS "684a004a00684b103701000a0a64000002010200020009001b16"
#define SET                                                                                        \
    "68b200b200684b103701000a04650000040000000000000000000000000000000000000000000000000000000000" \
    "000000000a16"
#define CONTROL "6872007200684b103701000a056600000800000000000000000000000000000000001016"
#define DATA "683e003e00684b103701000a0d67010101142511268416"
#define CONFIRMATION "6832003200684b103701000a006000000100fe16"
#define SOMEBODY_ELSE "6832003200684b103702000a0c63000002000f16"

static void s_test_login_376 (void **state)
{
    fixture_t f;
    char text[FIELD_ADDRESS_MAX + 1];
    (void) state;
    fixture_open (&f, &field_gdw1376, 1, 2);
    f.device->address (f.state, text);
    assert_string_equal (text, "371000001");
    f.device->meter (f.state, 2, text);
    assert_string_equal (text, "130000010002");
    fixture_connect (&f);
    fixture_wrote (&f, "683200320068c910370100000270000001008416");
    fixture_clear (&f);
    assert_true (fixture_tick (&f) > f.wall_ms);
    assert_int_equal (f.size, 0);
    f.wall_ms += 60000;
    (void) fixture_tick (&f);
    fixture_wrote (&f, "683200320068c910370100000271000004008816");
    fixture_close (&f);
}

//  AFN 10 F1. The answer has the form of g3761-054: port, length, the meter's frame in the form of d645-093.
static void s_test_forward_376 (void **state)
{
    fixture_t f;
    (void) state;
    fixture_open (&f, &field_gdw1376, 1, 2);
    static const char *const good[] = {FWD, FWD_TAG};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        fixture_clear (&f);
        fixture_hex (&f, good[i]);
        assert_int_equal (f.size, 8 + 12 + 3 + 20);
        assert_memory_equal (f.out + 6,
                             "\x88\x10\x37\x01\x00\x0a\x10\x62\x00\x00\x01\x00\x1f\x14\x00", 15);
        assert_memory_equal (f.out + 21, "\x68\x01\x00\x01\x00\x00\x13\x68\x91\x08", 10);
        assert_int_equal (f.said_count, 1);
        assert_int_equal (f.said[0].mp, 1);
        assert_int_equal (f.said[0].point, POINT (1, 0, 1, 8, 0));
    }
    //  A meter that hears nonsense is silent: length 0. A wrong password is denied.
    fixture_clear (&f);
    fixture_hex (&f, FWD_BAD);
    fixture_wrote (&f, "683e003e006888103701000a1062000001001f00006c16");
    fixture_clear (&f);
    fixture_hex (&f, FWD_PASSWORD);
    fixture_wrote (&f, "68320032006880103701000a0062000002003616");
    assert_int_equal (f.said_count, 0);
    fixture_close (&f);
}

static void s_test_answers_376 (void **state)
{
    static const struct {
        const char *request;
        const char *answer;
    } cases[] = {
        {SET, "68320032006880103701000a0065000001003816"},
        {CONTROL, "68320032006880103701000a0066000001003916"},
        {DATA, "68320032006880103701000a0067000002003b16"},
        //  15:30:45, 26, Thursday and November, 26
        {CLOCK, "684a004a006888103701000a0c6300000200453015269126b216"},
        {CONFIRMATION, ""},
        {SOMEBODY_ELSE, ""},
    };
    fixture_t f;
    (void) state;
    fixture_open (&f, &field_gdw1376, 1, 2);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fixture_clear (&f);
        fixture_hex (&f, cases[i].request);
        fixture_wrote (&f, cases[i].answer);
    }
    //  Meters 2 and 9 are asked for; there is no 9.
    fixture_clear (&f);
    fixture_hex (&f, METERS);
    assert_int_equal (f.size, 8 + 12 + 2 + 27);
    assert_memory_equal (
        f.out + 14, "\x00\x00\x02\x01\x01\x00\x02\x00\x02\x00\x7f\x1e\x02\x00\x01\x00\x00\x13", 18);
    fixture_close (&f);
}

//  ---- DL/T 698.45: terminal 691000000001, meters 690000010001 and up ----

#define LINK_OK                                                                                    \
    "6830000105010000001069100bfe81008007ea0b1a040f1e2d000007ea0b1a040f1e2d000007ea0b1a040f1e2d00" \
    "007a1516"
#define LINK_FULL                                                                                  \
    "6830000105010000001069100bfe81000307ea0b1a040f1e2d000007ea0b1a040f1e2d000007ea0b1a040f1e2d00" \
    "0046c616"
#define GET_LIST "681c00430501000000106910e7830502050200100201200f0200009d7116"
#define GET_NONE "681700430501000000106910fec10501064000030000705d16"
#define GET_CLOCK "681700430501000000106910fec10501074000020000870316"
#define GET_DAY                                                                                    \
    "682f004305010000001069109bee0503085004020001202102001c07ea0b19000000020020210200000010020100" \
    "ef4716"
#define PROXY_LINE                                                                                 \
    "6835004305010000001069105688090709f201020103020801000014003214fefefefe6801000100006968110433" \
    "3334331d1600b98f16"
#define PROXY_GET                                                                                  \
    "683400430501000000106910c7dd09010a0078020705690000010002003c01001002010705000000000009003c01" \
    "0010020000260a16"
#define SECURE                                                                                     \
    "682d00430501000000106910b9451000090502000110200200000110000000000000000000000000000000004546" \
    "16"
#define RELEASE "6812004305010000001069103aca030b00bbc416"
#define CLOCK_SET "681f00430501000000106910547d06010c400002001c07ea0b1a0f1e2d00060316"
#define NO_SERVICE "681300430501000000106910ab9f04010d00c76f16"
#define APDU_AT 14  //  Behind 68 L L C S A*6 X H H

//  What it wrote is one frame to that client; gives the APDU.
static bytes_t s_apdu (const fixture_t *f, uint8_t control, uint8_t client)
{
    field_scan_t scan = wire698_scan (bytes_of (f->out, f->size));
    assert_int_equal (scan.what, FIELD_FRAME);
    assert_int_equal (scan.size, f->size);
    assert_int_equal (f->out[3], control);
    assert_int_equal (f->out[11], client);
    return bytes_of (f->out + APDU_AT, f->size - APDU_AT - 3);
}

static void s_answers (fixture_t *f, const char *request, const char *apdu_hex)
{
    uint8_t wanted[512];
    size_t size = unhex (apdu_hex, wanted, sizeof wanted);
    fixture_clear (f);
    fixture_hex (f, request);
    bytes_t apdu = s_apdu (f, 0xC3, 0x10);
    assert_int_equal (apdu.size, size);
    assert_memory_equal (apdu.data, wanted, size);
}

//  d698-103 is one of the standard's examples: its CRCs hold, and with any bit changed they do not.
static void s_test_scan_698 (void **state)
{
    uint8_t frame[64];
    (void) state;
    size_t size = unhex ("68170043050100000000001026f60501002000020000e5be16", frame, sizeof frame);
    for (size_t i = 0; i < size; i++) {
        assert_int_equal (wire698_scan (bytes_of (frame, i)).what, FIELD_MORE);
    }
    assert_int_equal (wire698_scan (bytes_of (frame, size)).size, size);
    for (size_t i = 0; i < 8 * size; i++) {
        frame[i / 8] ^= (uint8_t) (1u << i % 8);
        assert_int_not_equal (wire698_scan (bytes_of (frame, size)).what, FIELD_FRAME);
        frame[i / 8] ^= (uint8_t) (1u << i % 8);
    }
}

//  Login in the form of d698-108; refused, answered, repeated; heartbeat in the form of d698-111.
static void s_test_login_698 (void **state)
{
    fixture_t f;
    (void) state;
    fixture_open (&f, &field_dlt698, 1, 2);
    fixture_connect (&f);
    bytes_t apdu = s_apdu (&f, 0x81, 0);
    assert_int_equal (apdu.size, 15);
    assert_memory_equal (apdu.data, "\x01\x00\x00\x00\x3c\x07\xea\x0b\x1a\x04\x0f\x1e\x2d\x02\xa6",
                         15);
    fixture_clear (&f);
    fixture_hex (&f, LINK_FULL);
    assert_true (fixture_tick (&f) > f.wall_ms || f.size > 0);
    fixture_clear (&f);
    f.wall_ms += 20000;
    (void) fixture_tick (&f);
    assert_int_equal (s_apdu (&f, 0x81, 0).data[2], 0);
    fixture_hex (&f, LINK_OK);
    f.wall_ms += 40000;
    fixture_clear (&f);
    (void) fixture_tick (&f);
    assert_int_equal (f.out[APDU_AT + 2], 1);
    fixture_close (&f);
}

//  A REPORT-Response for the OADs of what it wrote last: choice, PIID as there.
static void s_confirm (fixture_t *f, uint8_t choice, uint8_t number, const char *oads)
{
    uint8_t bytes[128];
    writer_t out = writer_of (bytes, sizeof bytes);
    uint8_t list[64];
    size_t size = unhex (oads, list, sizeof list);
    size_t start = wire698_begin (&out, 0x03, UINT64_C (691000000001), 0);
    writer_u8 (&out, 0x08);
    writer_u8 (&out, choice);
    writer_u8 (&out, number);
    writer_u8 (&out, (uint8_t) (size / 4));
    writer_put (&out, list, size);
    writer_u8 (&out, 0);
    wire698_end (&out, start);
    assert_int_equal (fixture_input (f, bytes, out.size), out.size);
}

static void s_test_reports (void **state)
{
    fixture_t f;
    (void) state;
    fixture_open (&f, &field_dlt698, 1, 2);
    fixture_connect (&f);
    fixture_hex (&f, LINK_OK);
    fixture_clear (&f);
    int64_t at = fixture_tick (&f);
    bytes_t apdu = s_apdu (&f, 0x83, 0);
    assert_memory_equal (apdu.data, "\x88\x01\x01\x04\x00\x10\x02\x00\x01\x01\x05\x06", 12);
    assert_int_equal (f.said_count, 5 + 3 + 3 + 4);
    assert_true (f.said[0].report == 1 && f.said[0].mp == 0 && f.said[0].time_ms == 0);
    assert_true (at > f.wall_ms);
    uint8_t first[512];
    memcpy (first, apdu.data, apdu.size);
    //  Not confirmed: of another number, or with other OADs.
    s_confirm (&f, 1, 2, "00100200200002002001020020040200");
    s_confirm (&f, 1, 1, "00100200200002002001020020040201");
    s_confirm (&f, 2, 1, "50040200");
    assert_int_equal (f.confirmed_count, 0);
    //  It says the same again, whatever the time.
    f.wall_ms += 20000;
    fixture_clear (&f);
    (void) fixture_tick (&f);
    apdu = s_apdu (&f, 0x83, 0);
    assert_memory_equal (apdu.data, first, apdu.size);
    s_confirm (&f, 1, 1, "00100200200002002001020020040200");
    assert_int_equal (f.confirmed_count, 1);
    assert_int_equal (f.confirmed[0], 1);
    //  The meters' freezes of 30 days ago: address, stored, freeze time, energies, a row for each.
    f.wall_ms += 1;
    fixture_clear (&f);
    (void) fixture_tick (&f);
    apdu = s_apdu (&f, 0x83, 0);
    assert_memory_equal (
        apdu.data,
        "\x88\x02\x02\x01\x60\x12\x03\x00\x03\x00\x40\x01\x02\x00\x00\x60\x42\x02\x00"
        "\x01\x50\x04\x02\x00\x02\x20\x21\x02\x00\x00\x10\x02\x00\x01\x02"
        "\x55\x07\x05\x69\x00\x00\x01\x00\x01\x1c\x07\xea\x0a\x1b\x00\x05\x00"
        "\x1c\x07\xea\x0a\x1b\x00\x00\x00\x01\x05\x06",
        63);
    assert_int_equal (f.said_count, 10);
    assert_true (f.said[9].mp == 2 && f.said[9].freeze == FREEZE_DAY);
    assert_true (f.said[9].time_ms == INT64_C (1795622400000) - 30 * INT64_C (86400000));
    assert_false (f.device->stop (f.state));
    s_confirm (&f, 2, 2, "60120300");
    assert_int_equal (f.confirmed[0], 2);
    //  Nothing is owed any more: it says that it leaves, and has left.
    assert_false (f.device->stop (f.state));
    fixture_clear (&f);
    (void) fixture_tick (&f);
    assert_int_equal (s_apdu (&f, 0x81, 0).data[2], 2);
    assert_true (f.device->stop (f.state));
    fixture_close (&f);
}

//  Freezes are reported once each, up to the last midnight; then only momentary values.
static void s_test_days (void **state)
{
    fixture_t f;
    size_t kinds[3] = {0};
    (void) state;
    fixture_open (&f, &field_dlt698, 1, 1);
    fixture_connect (&f);
    fixture_hex (&f, LINK_OK);
    for (unsigned i = 1; i <= 120; i++) {
        f.wall_ms += 10001;
        fixture_hex (&f, LINK_OK);
        fixture_clear (&f);
        dlt698_t *device = f.state;
        device->beat_ms = f.wall_ms + 1000000;
        (void) fixture_tick (&f);
        uint8_t kind = device->report_kind;
        kinds[kind]++;
        s_confirm (&f, kind ? 2 : 1, (uint8_t) (i & 0x3F),
                   kind == 0   ? "00100200200002002001020020040200"
                   : kind == 1 ? "60120300"
                               : "50040200");
        assert_int_equal (f.confirmed_count, 1);
        assert_true (f.said[0].time_ms <= INT64_C (1795622400000));
    }
    assert_int_equal (kinds[1], 31);
    assert_int_equal (kinds[2], 31);
    assert_int_equal (kinds[0], 120 - 62);
    fixture_close (&f);
}

static void s_test_answers_698 (void **state)
{
    char wanted[256];
    fixture_t f;
    (void) state;
    fixture_open (&f, &field_dlt698, 1, 2);
    const meter645_line_t *line = &((dlt698_t *) f.state)->line;
    unsigned energy = (unsigned) meter645_model (line, 0, 0, MODEL_ENERGY, FIXTURE_NOW);
    unsigned hertz = (unsigned) meter645_model (line, 0, 0, MODEL_FREQUENCY, FIXTURE_NOW);
    unsigned frozen =
        (unsigned) meter645_model (line, 0, 0, MODEL_ENERGY, field_midnight (FIXTURE_NOW, 1));
    unsigned meter = (unsigned) meter645_model (line, 2, 0, MODEL_ENERGY, FIXTURE_NOW);
    snprintf (wanted, sizeof wanted, "85020502001002010106%08x200f02000112%04x0000", energy, hertz);
    s_answers (&f, GET_LIST, wanted);
    fixture_said_value (&f, 0, POINT (1, 0, 1, 8, 0), energy, -2);
    fixture_said_value (&f, 0, POINT (1, 0, 14, 7, 0), hertz, -2);
    s_answers (&f, GET_NONE, "8501064000030000060000");
    s_answers (&f, GET_CLOCK, "85010740000200011c07ea0b1a0f1e2d0000");
    snprintf (wanted, sizeof wanted,
              "850308500402000200202102000000100201010"
              "11c07ea0b1900000006%08x0000",
              frozen);
    s_answers (&f, GET_DAY, wanted);
    assert_true (f.said[0].time_ms == field_midnight (FIXTURE_NOW, 1) &&
                 f.said[0].freeze == FREEZE_DAY);
    snprintf (wanted, sizeof wanted,
              "89010a0207056900000100020100100201"
              "0106%08x0705000000000009010010020000210000",
              meter);
    s_answers (&f, PROXY_GET, wanted);
    fixture_said_value (&f, 2, POINT (1, 0, 1, 8, 0), meter, -2);
    s_answers (&f, SECURE, "90021400");
    ((dlt698_t *) f.state)->connected = true;
    s_answers (&f, RELEASE, "830b000000");
    assert_false (((dlt698_t *) f.state)->connected);
    s_answers (&f, CLOCK_SET, "86010c40000200000000");
    s_answers (&f, NO_SERVICE, "ee0d020000");
    fixture_close (&f);
}

//  The meter's frame goes through as it is; FE before it are for the line.
static void s_test_proxy_line (void **state)
{
    fixture_t f;
    (void) state;
    fixture_open (&f, &field_dlt698, 1, 2);
    fixture_hex (&f, PROXY_LINE);
    bytes_t apdu = s_apdu (&f, 0xC3, 0x10);
    assert_memory_equal (
        apdu.data, "\x89\x07\x09\xf2\x01\x02\x01\x01\x14\x68\x01\x00\x01\x00\x00\x69\x68\x91\x08",
        19);
    assert_int_equal (apdu.size, 9 + 20 + 2);
    assert_int_equal (f.said_count, 1);
    assert_int_equal (f.said[0].mp, 1);
    fixture_close (&f);
}

//  d698-102, a CONNECT, and d698-096, a PROXY for a meter that does not have that load record, to any terminal.
static void s_test_published_698 (void **state)
{
    fixture_t f;
    (void) state;
    fixture_open (&f, &field_dlt698, 1, 1);
    ((dlt698_t *) f.state)->address = 1;
    fixture_hex (
        &f,
        "683800430501000000000010e00802000010ffffffffffffffffffffffffffffffffffffffffffffffff0400"
        "0400010400000000640000db7916");
    bytes_t apdu = s_apdu (&f, 0xC3, 0x10);
    assert_int_equal (apdu.size, 2 + 32 + 37 + 2 + 2);
    assert_memory_equal (apdu.data,
                         "\x82\x00"
                         "FEPS",
                         6);
    assert_memory_equal (apdu.data + 34 + 37, "\0\0\0\0", 4);
    assert_true (((dlt698_t *) f.state)->connected);
    fixture_clear (&f);
    fixture_hex (&f,
                 "6837004345aaaaaaaaaaaa00d1ad090704f209020103020801000014003216686101000000006811"
                 "0a34394339343337453b56aa1600a91a16");
    apdu = s_apdu (&f, 0xC3, 0);
    assert_memory_equal (apdu.data, "\x89\x07\x04\xf2\x09\x02\x01\x00\x21\x00\x00", 11);
    fixture_close (&f);
}

//  A CONNECT by password, right and wrong, and one by a mechanism it does not have.
static void s_test_connect_698 (void **state)
{
#define WANTED "0010ffffffffffffffffffffffffffffffffffffffffffffffff0400040001040000000064"
    static const struct {
        const char *mechanism;
        uint8_t result;
    } rows[] = {{"0106313233343536", 0}, {"0106313233343537", 1}, {"0200", 255}, {"0106", 255}};
    fixture_t f;
    (void) state;
    fixture_open (&f, &field_dlt698, 1, 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t bytes[128], apdu[96] = {0x02, 0x05};
        size_t size = 2 + unhex (WANTED, apdu + 2, sizeof apdu - 2);
        size += unhex (rows[i].mechanism, apdu + size, sizeof apdu - size);
        writer_t out = writer_of (bytes, sizeof bytes);
        size_t start = wire698_begin (&out, 0x43, UINT64_C (691000000001), 0x10);
        writer_put (&out, apdu, size);
        wire698_end (&out, start);
        fixture_clear (&f);
        assert_int_equal (fixture_input (&f, bytes, out.size), out.size);
        bytes_t answer = s_apdu (&f, 0xC3, 0x10);
        assert_int_equal (answer.data[0], 0x82);
        assert_int_equal (answer.data[answer.size - 4], rows[i].result);
        assert_int_equal (((dlt698_t *) f.state)->connected, rows[i].result == 0);
    }
    fixture_close (&f);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (s_test_login_376),   cmocka_unit_test (s_test_forward_376),
        cmocka_unit_test (s_test_answers_376), cmocka_unit_test (s_test_scan_698),
        cmocka_unit_test (s_test_login_698),   cmocka_unit_test (s_test_reports),
        cmocka_unit_test (s_test_days),        cmocka_unit_test (s_test_answers_698),
        cmocka_unit_test (s_test_proxy_line),  cmocka_unit_test (s_test_published_698),
        cmocka_unit_test (s_test_connect_698),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
