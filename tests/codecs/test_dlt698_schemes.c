//  Explain of DL/T 698.45's collection objects, element by element: archive 6000, task 6012, schemes 6014 (ordinary),
//  6016 (events), 6018 (transparent), 601C (reports). Layouts as public terminals have them (gdgly/NUC97X_JS and
//  others; 6014 also by frames d698-007 and d698-010).
#include "codecs/dlt698/explain.h"
#include "tests/codecs/player.h"

#define ONE "{\"tsa\":{\"af\":\"05\",\"addr\":\"000000000001\"}}"

static const struct {
    const char *omd, *data, *want;
} s_rows[] = {
    //  Number; address, speed, protocol, port, password, tariffs, user type, wiring, rated values; collector, asset
    //  number, transformers; what else there is.
    {"60007f00",
     "02 04 12 0001 02 0a 55 07 05 000000000001 16 06 16 03 51 f2010201 09 06 000000000000 11 04"
     " 11 65 16 01 12 0898 12 000f 02 04 55 07 05 000000000002 09 02 0102 12 0001 12 0002"
     " 01 01 02 02 51 40000200 00",
     "{\"struct\":[{\"u16\":1},{\"struct\":[" ONE
     ",{\"enum\":6},{\"enum\":3},{\"oad\":\"F2010201\"},{\"oct\":\"000000000000\"},{\"u8\":4},"
     "{\"u8\":101},{\"enum\":1},{\"u16\":2200},{\"u16\":15}]},{\"struct\":[{\"tsa\":{\"af\":"
     "\"05\",\"addr\":\"000000000002\"}},{\"oct\":\"0102\"},{\"u16\":1},{\"u16\":2}]},{\"array\":"
     "[{\"struct\":[{\"oad\":\"40000200\"},null]}]}]}"},
    //  Number, interval, kind and number of its scheme, from, to, delay, priority, state, scripts, hours.
    {"60127f00",
     "01 01 02 0c 11 09 54 03 0001 16 01 11 09 1c 07d0 01 01 00 00 00 1c 0833 01 01 00 00 00"
     " 54 01 000a 11 03 16 01 12 0000 12 0000 02 02 16 02 01 01 02 04 11 00 11 00 11 17 11 3b",
     "{\"array\":[{\"struct\":[{\"u8\":9},{\"ti\":{\"unit\":3,\"name\":\"day\",\"n\":1}},"
     "{\"enum\":1},{\"u8\":9},{\"dts\":\"2000-01-01 00:00:00\"},{\"dts\":\"2099-01-01 "
     "00:00:00\"},{\"ti\":{\"unit\":1,\"name\":\"minute\",\"n\":10}},{\"u8\":3},{\"enum\":1},"
     "{\"u16\":0},{\"u16\":0},{\"struct\":[{\"enum\":2},{\"array\":[{\"struct\":[{\"u8\":0},"
     "{\"u8\":0},{\"u8\":23},{\"u8\":59}]}]}]}]}]}"},
    //  Number, depth, what is collected, columns, meters, which instant is stored.
    {"60147f00",
     "01 01 02 06 11 06 12 0100 02 02 11 01 11 01 01 02 5b 00 40000200 5b 01 50040200 02 20210200"
     " 00100200 5c 06 01 02 55 07 05 000000000001 55 07 05 000000000002 16 06",
     "{\"array\":[{\"struct\":[{\"u8\":6},{\"u16\":256},{\"struct\":[{\"u8\":1},{\"u8\":1}]},"
     "{\"array\":[{\"csd\":\"40000200\"},{\"csd\":{\"road\":\"50040200\",\"rel\":[\"20210200\","
     "\"00100200\"]}}]},{\"ms\":6,\"name\":\"address_ranges\",\"items\":[{\"unit\":2,\"name\":"
     "\"[start,end]\",\"start\":" ONE
     ",\"end\":{\"tsa\":{\"af\":\"05\",\"addr\":\"000000000002\"}}}]},{\"enum\":6}]}]}"},
    //  Number, which events, meters, whether they are reported, depth.
    {"60167f00",
     "01 01 02 05 11 01 02 02 11 00 01 01 52 30110200 02 20220200 201e0200 5c 01 03 01 12 0010",
     "{\"array\":[{\"struct\":[{\"u8\":1},{\"struct\":[{\"u8\":0},{\"array\":[{\"road\":{\"road\":"
     "\"30110200\",\"rel\":[\"20220200\",\"201E0200\"]}}]}]},{\"ms\":1,\"name\":\"all\"},"
     "{\"bool\":true},{\"u16\":16}]}]}"},
    //  Number; of each meter: number, address, scripts, how it is done, its frames; depth.
    {"60187f00",
     "01 01 02 03 11 01 01 01 02 06 12 0001 55 07 05 000000000001 12 0000 12 0000 02 04 03 01"
     " 12 003c 16 01 02 03 11 68 12 0000 12 0004 01 01 02 02 11 01 09 03 680116 12 0010",
     "{\"array\":[{\"struct\":[{\"u8\":1},{\"array\":[{\"struct\":[{\"u16\":1}," ONE
     ",{\"u16\":0},{\"u16\":0},{\"struct\":[{\"bool\":true},{\"u16\":60},{\"enum\":1},{\"struct\":"
     "[{\"u8\":104},{\"u16\":0},{\"u16\":4}]}]},{\"array\":[{\"struct\":[{\"u8\":1},{\"oct\":"
     "\"680116\"}]}]}]}]},{\"u16\":16}]}]}"},
    //  Number, channels, limit, most tries, what: an OAD, its columns, its rows.
    {"601c7f00",
     "01 01 02 05 11 02 01 01 51 45000101 54 00 001e 11 03 02 02 11 01 02 03 51 60120300"
     " 60 02 00 40010200 01 50040200 02 20210200 00100200 5a 05 07e9 04 0a 00 00 00 03 01 07 05"
     " 000000000001",
     "{\"array\":[{\"struct\":[{\"u8\":2},{\"array\":[{\"oad\":\"45000101\"}]},{\"ti\":{\"unit\":0,"
     "\"name\":\"second\",\"n\":30}},{\"u8\":3},{\"struct\":[{\"u8\":1},{\"struct\":[{\"oad\":"
     "\"60120300\"},{\"rcsd\":[\"40010200\",{\"road\":\"50040200\",\"rel\":[\"20210200\","
     "\"00100200\"]}]},{\"rsd\":{\"sel\":5,\"name\":\"storage_time\",\"time\":\"2025-04-10 "
     "00:00:00\",\"ms\":{\"ms\":3,\"name\":\"addresses\",\"items\":[{\"af\":\"05\",\"addr\":"
     "\"000000000001\"}]}}}]}]}]}]}"},
    //  The other meter sets and selectors by their words.
    {"60147f00", "5c 00", "{\"ms\":0,\"name\":\"none\"}"},
    {"60147f00", "5c 05 01 01 11 01 11 05",
     "{\"ms\":5,\"name\":\"user_type_ranges\",\"items\":[{\"unit\":1,\"name\":\"(start,end]\","
     "\"start\":{\"u8\":1},\"end\":{\"u8\":5}}]}"},
    {"60147f00", "5c 07 01 03 12 0001 12 0005",
     "{\"ms\":7,\"name\":\"number_ranges\",\"items\":[{\"unit\":3,\"name\":\"(start,end)\","
     "\"start\":{\"u16\":1},\"end\":{\"u16\":5}}]}"},
    {"60147f00", "58 04 00 00", "{\"region\":{\"unit\":4,\"start\":null,\"end\":null}}"},
    {"601c7f00", "5a 00", "{\"rsd\":{\"sel\":0,\"name\":\"none\"}}"},
    {"601c7f00", "5a 01 20220200 11 01",
     "{\"rsd\":{\"sel\":1,\"name\":\"value\",\"oad\":\"20220200\",\"value\":{\"u8\":1}}}"},
    {"601c7f00", "5a 04 07e9 04 0a 00 00 00 01",
     "{\"rsd\":{\"sel\":4,\"name\":\"start_time\",\"time\":\"2025-04-10 "
     "00:00:00\",\"ms\":{\"ms\":1,"
     "\"name\":\"all\"}}}"},
    {"601c7f00", "5a 09 05", "{\"rsd\":{\"sel\":9,\"name\":\"last\",\"n\":5}}"},
    {"60127f00", "54 02 0001", "{\"ti\":{\"unit\":2,\"name\":\"hour\",\"n\":1}}"},
    {"60127f00", "54 04 0001", "{\"ti\":{\"unit\":4,\"name\":\"month\",\"n\":1}}"},
    {"60127f00", "54 05 0001", "{\"ti\":{\"unit\":5,\"name\":\"year\",\"n\":1}}"},
    {"60127f00", "54 06 0001", "{\"ti\":{\"unit\":6,\"n\":1}}"}};

static void s_explain (const char *hex, char *text, size_t size)
{
    static const codec_options_t options;
    uint8_t apdu[512];
    writer_t out = writer_of (text, size - 1);
    json_t json = json_of (&out);
    bytes_t bytes = bytes_of (apdu, vec_hex (hex, apdu, sizeof apdu));
    CHECK_OK (d698_explain (bytes, false, &options, &json));
    text[out.size] = 0;
}

//  As they are given, by a method, and as they are read back, attribute 2.
static void test_elements (void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof s_rows / sizeof *s_rows; i++) {
        static char hex[1024], got[4096], want[4096];
        snprintf (hex, sizeof hex, "07 01 02 %s %s 00", s_rows[i].omd, s_rows[i].data);
        s_explain (hex, got, sizeof got);
        snprintf (want, sizeof want, "\"param\":%s},\"time_tag\":null}}", s_rows[i].want);
        if (!strstr (got, want)) {
            fail_msg ("%s: %s is not in %s", s_rows[i].omd, want, got);
        }
        snprintf (hex, sizeof hex, "85 01 02 %.4s0200 01 %s 00 00", s_rows[i].omd, s_rows[i].data);
        s_explain (hex, got, sizeof got);
        snprintf (want, sizeof want, "\"data\":%s},\"follow_report\":null,", s_rows[i].want);
        if (!strstr (got, want)) {
            fail_msg ("%s: %s is not in %s", s_rows[i].omd, want, got);
        }
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_elements)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
