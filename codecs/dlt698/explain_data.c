//  A-XDR as JSON. Readers fail sticky; whoever began takes back what was written then.
#include "codecs/dlt698/explain.h"
#include "fep/text.h"

static const char s_upper[] = "0123456789ABCDEF";

void d698_json_upper (json_t *out, bytes_t bytes)
{
    char text[2 * 256 + 1];
    size_t n = 0;
    for (size_t i = 0; i < bytes.size && n + 2 < sizeof text; i++) {
        text[n++] = s_upper[bytes.data[i] >> 4];
        text[n++] = s_upper[bytes.data[i] & 15];
    }
    text[n] = 0;
    json_text (out, text);
}

void d698_pair_upper (json_t *out, const char *key, bytes_t bytes)
{
    json_key (out, key);
    d698_json_upper (out, bytes);
}

void d698_pair_next_upper (json_t *out, const char *key, reader_t *in, size_t n)
{
    d698_pair_upper (out, key, reader_bytes (in, n));
}

void d698_pair_next_hex (json_t *out, const char *key, reader_t *in, size_t n)
{
    json_pair_hex (out, key, reader_bytes (in, n));
}

//  At least so many digits behind some text.
static void s_put_number (text_t *self, const char *before, unsigned n, unsigned digits)
{
    char number[12];
    size_t at = sizeof number - 1;
    number[at] = 0;
    for (unsigned i = 0; i < digits || n; i++, n /= 10) {
        number[--at] = (char) ('0' + n % 10);
    }
    text_put (self, before);
    text_put (self, number + at);
}

static void s_put_date (text_t *self, const uint8_t *p)
{
    s_put_number (self, "", (unsigned) (p[0] << 8 | p[1]), 4);
    s_put_number (self, "-", p[2], 2);
    s_put_number (self, "-", p[3], 2);
}

static void s_put_clock (text_t *self, const char *before, const uint8_t *p)
{
    s_put_number (self, before, p[0], 2);
    s_put_number (self, ":", p[1], 2);
    s_put_number (self, ":", p[2], 2);
}

void d698_json_date_time (json_t *out, const uint8_t *p, size_t size)
{
    text_t text = {"", 0};
    if (!p) {
        return;
    }
    s_put_date (&text, p);
    if (size != D698_DATE_TIME_S) {
        s_put_number (&text, " wk", p[4], 1);
    }
    if (size == D698_DATE_TIME_S) {
        s_put_clock (&text, " ", p + 4);
    } else if (size == D698_DATE_TIME) {
        s_put_clock (&text, " ", p + 5);
        s_put_number (&text, ".", (unsigned) (p[8] << 8 | p[9]), 3);
    }
    json_text (out, text.text);
}

static void s_af_addr (json_t *out, bytes_t tsa)
{
    json_object (out);
    if (tsa.size) {
        d698_pair_upper (out, "af", bytes_of (tsa.data, 1));
        d698_pair_upper (out, "addr", bytes_of (tsa.data + 1, tsa.size - 1));
    }
    json_object_end (out);
}

void d698_json_tsa (json_t *out, reader_t *in)
{
    s_af_addr (out, reader_bytes (in, d698_length (in)));
}

static void s_list (json_t *out, reader_t *in, void (*one) (json_t *out, reader_t *in))
{
    json_array (out);
    for (size_t n = d698_length (in); n > 0 && !in->failed; n--) {
        one (out, in);
    }
    json_array_end (out);
}

static void s_oad (json_t *out, reader_t *in)
{
    d698_json_upper (out, reader_bytes (in, 4));
}

static void s_road (json_t *out, reader_t *in)
{
    json_object (out);
    d698_pair_next_upper (out, "road", in, 4);
    json_key (out, "rel");
    s_list (out, in, s_oad);
    json_object_end (out);
}

void d698_json_csd (json_t *out, reader_t *in)
{
    uint8_t kind = reader_u8 (in);
    if (kind > 1) {
        in->failed = true;
    } else if (kind == 0) {
        s_oad (out, in);
    } else {
        s_road (out, in);
    }
}

void d698_json_rcsd (json_t *out, reader_t *in)
{
    s_list (out, in, d698_json_csd);
}

//  A choice by its number, and in a word where there is one.
static void s_choice (json_t *out, const char *key, uint8_t number, const char *const *names,
                      size_t count)
{
    json_pair_int (out, key, number);
    if (number < count) {
        json_pair_text (out, "name", names[number]);
    }
}

void d698_json_ti (json_t *out, reader_t *in)
{
    static const char *const units[] = {"second", "minute", "hour", "day", "month", "year"};
    s_choice (out, "unit", reader_u8 (in), units, sizeof units / sizeof *units);
    json_pair_int (out, "n", reader_u16be (in));
}

static void s_ti (json_t *out, reader_t *in)
{
    json_object (out);
    d698_json_ti (out, in);
    json_object_end (out);
}

static void s_region_parts (json_t *out, reader_t *in)
{
    static const char *const ends[] = {"[start,end)", "(start,end]", "[start,end]", "(start,end)"};
    s_choice (out, "unit", reader_u8 (in), ends, sizeof ends / sizeof *ends);
    json_key (out, "start");
    d698_json_data (out, in);
    json_key (out, "end");
    d698_json_data (out, in);
}

static void s_region (json_t *out, reader_t *in)
{
    json_object (out);
    s_region_parts (out, in);
    json_object_end (out);
}

static void s_u8 (json_t *out, reader_t *in)
{
    json_int (out, reader_u8 (in));
}

static void s_u16 (json_t *out, reader_t *in)
{
    json_int (out, reader_u16be (in));
}

static void s_ms_parts (json_t *out, reader_t *in)
{
    static void (*const items[]) (json_t * out, reader_t * in) = {
        [MS_TYPES] = s_u8,           [MS_ADDRESSES] = d698_json_tsa, [MS_NUMBERS] = s_u16,
        [MS_TYPE_RANGES] = s_region, [MS_ADDRESS_RANGES] = s_region, [MS_NUMBER_RANGES] = s_region};
    static const char *const names[] = {[MS_NONE] = "none",
                                        [MS_ALL] = "all",
                                        [MS_TYPES] = "user_types",
                                        [MS_ADDRESSES] = "addresses",
                                        [MS_NUMBERS] = "numbers",
                                        [MS_TYPE_RANGES] = "user_type_ranges",
                                        [MS_ADDRESS_RANGES] = "address_ranges",
                                        [MS_NUMBER_RANGES] = "number_ranges"};
    uint8_t kind = reader_u8 (in);
    s_choice (out, "ms", kind, names, sizeof names / sizeof *names);
    if (kind > MS_NUMBER_RANGES) {
        in->failed = true;
    } else if (items[kind]) {
        json_key (out, "items");
        s_list (out, in, items[kind]);
    }
}

static void s_ms (json_t *out, reader_t *in)
{
    json_object (out);
    s_ms_parts (out, in);
    json_object_end (out);
}

static void s_range_parts (json_t *out, reader_t *in)
{
    static const char *const keys[] = {"from", "to", "step"};
    d698_pair_next_upper (out, "oad", in, 4);
    for (int i = 0; i < 3; i++) {
        json_key (out, keys[i]);
        d698_json_data (out, in);
    }
}

static void s_range (json_t *out, reader_t *in)
{
    json_object (out);
    s_range_parts (out, in);
    json_object_end (out);
}

static void s_pair_date_time_s (json_t *out, const char *key, reader_t *in)
{
    json_key (out, key);
    d698_json_date_time (out, reader_take (in, D698_DATE_TIME_S), D698_DATE_TIME_S);
}

//  Selectors with times and a meter set.
static void s_rsd_times (json_t *out, reader_t *in, uint8_t kind)
{
    if (kind == RSD_START || kind == RSD_STORED) {
        s_pair_date_time_s (out, "time", in);
    } else {
        s_pair_date_time_s (out, "from", in);
        s_pair_date_time_s (out, "to", in);
        json_key (out, "ti");
        s_ti (out, in);
    }
    json_key (out, "ms");
    s_ms (out, in);
}

void d698_json_rsd (json_t *out, reader_t *in)
{
    static const char *const names[] = {[RSD_NONE] = "none",
                                        [RSD_VALUE] = "value",
                                        [RSD_RANGE] = "range",
                                        [RSD_RANGES] = "ranges",
                                        [RSD_START] = "start_time",
                                        [RSD_STORED] = "storage_time",
                                        [RSD_START_RANGE] = "start_time_range",
                                        [RSD_STORED_RANGE] = "storage_time_range",
                                        [RSD_SUCCESS_RANGE] = "success_time_range",
                                        [RSD_LAST] = "last",
                                        [RSD_LAST_OF] = "last_of_meters"};
    uint8_t kind = reader_u8 (in);
    json_object (out);
    s_choice (out, "sel", kind, names, sizeof names / sizeof *names);
    if (kind == RSD_VALUE) {
        d698_pair_next_upper (out, "oad", in, 4);
        json_key (out, "value");
        d698_json_data (out, in);
    } else if (kind == RSD_RANGE) {
        s_range_parts (out, in);
    } else if (kind == RSD_RANGES) {
        json_key (out, "ranges");
        s_list (out, in, s_range);
    } else if (kind >= RSD_START && kind <= RSD_SUCCESS_RANGE) {
        s_rsd_times (out, in, kind);
    } else if (kind == RSD_LAST || kind == RSD_LAST_OF) {
        json_pair_int (out, "n", reader_u8 (in));
        if (kind == RSD_LAST_OF) {
            json_key (out, "ms");
            s_ms (out, in);
        }
    } else if (kind != RSD_NONE) {
        in->failed = true;
    }
    json_object_end (out);
}

//  A number's key and how it is shown.
static const char *const s_number_keys[DATA_TAGS] = {
    [DATA_I32] = "dl", [DATA_U32] = "dlu", [DATA_I8] = "int8", [DATA_I16] = "i16",
    [DATA_U8] = "u8",  [DATA_U16] = "u16", [DATA_I64] = "i64", [DATA_ENUM] = "enum"};
static const char *const s_upper_keys[DATA_TAGS] = {
    [DATA_OI] = "oi", [DATA_OAD] = "oad", [DATA_OMD] = "omd"};
static const char *const s_hex_keys[DATA_TAGS] = {
    [DATA_OCTETS] = "oct", [DATA_MAC] = "mac", [DATA_RN] = "rn"};

static void s_bits (json_t *out, const d698_data_t *data)
{
    text_t key = {"", 0};
    s_put_number (&key, "bits", (unsigned) (data->count & 0xFFFFFF), 1);
    json_pair_hex (out, key.text, data->body);
}

static void s_float (json_t *out, const d698_data_t *data)
{
    reader_t in = reader_of (data->body);
    json_key (out, data->tag == DATA_F32 ? "f32" : "f64");
    if (data->tag == DATA_F32) {
        uint32_t bits = reader_u32be (&in);
        float real;
        memcpy (&real, &bits, sizeof real);
        json_float (out, (double) real);
    } else {
        uint64_t bits = reader_u64be (&in);
        double real;
        memcpy (&real, &bits, sizeof real);
        json_float (out, real);
    }
}

static void s_date_or_time (json_t *out, const d698_data_t *data)
{
    static const char *const keys[] = {"dt", "date", "time", "dts"};
    text_t text = {"", 0};
    json_key (out, keys[data->tag - DATA_DATE_TIME]);
    if (data->tag == DATA_TIME) {
        s_put_clock (&text, "", data->body.data);
        json_text (out, text.text);
    } else {
        d698_json_date_time (out, data->body.data, data->body.size);
    }
}

static void s_sid (json_t *out, reader_t *in, bool mac)
{
    json_object (out);
    d698_pair_next_upper (out, "sid", in, 4);
    d698_pair_next_hex (out, "add", in, d698_length (in));
    if (mac) {
        d698_pair_next_hex (out, "mac", in, d698_length (in));
    }
    json_object_end (out);
}

static void s_comdcb (json_t *out, reader_t *in)
{
    json_array (out);
    for (int i = 0; i < D698_COMDCB; i++) {
        s_u8 (out, in);
    }
    json_array_end (out);
}

//  Types made of others, inside the object of the Data.
static void s_made (json_t *out, const d698_data_t *data)
{
    static const struct {
        uint8_t tag;
        const char *key;
        void (*show) (json_t *out, reader_t *in);
    } rows[] = {{DATA_ROAD, "road", s_road},       {DATA_TI, "ti", s_ti},
                {DATA_REGION, "region", s_region}, {DATA_RSD, "rsd", d698_json_rsd},
                {DATA_CSD, "csd", d698_json_csd},  {DATA_RCSD, "rcsd", d698_json_rcsd},
                {DATA_COMDCB, "comdcb", s_comdcb}};
    reader_t in = reader_of (data->body);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].tag == data->tag) {
            json_key (out, rows[i].key);
            rows[i].show (out, &in);
            return;
        }
    }
    if (data->tag == DATA_MS) {
        s_ms_parts (out, &in);
    } else if (data->tag == DATA_TSA) {
        json_key (out, "tsa");
        s_af_addr (out, data->body);
    } else if (data->tag == DATA_SCALER_UNIT) {
        json_key (out, "scaler_unit");
        json_array (out);
        json_int (out, (int8_t) reader_u8 (&in));
        json_int (out, reader_u8 (&in));
        json_array_end (out);
    } else {
        json_key (out, data->tag == DATA_SID ? "sid" : "sid_mac");
        s_sid (out, &in, data->tag == DATA_SID_MAC);
    }
}

static void s_elements (json_t *out, const d698_data_t *data)
{
    reader_t in = reader_of (data->body);
    json_key (out, data->tag == DATA_ARRAY ? "array" : "struct");
    json_array (out);
    for (size_t n = 0; n < data->count && !in.failed; n++) {
        d698_json_data (out, &in);
    }
    json_array_end (out);
}

static void s_simple (json_t *out, const d698_data_t *data)
{
    int64_t number;
    reader_t in = reader_of (data->body);
    if (data->tag == DATA_U64) {
        json_key (out, "u64");
        json_uint (out, reader_u64be (&in));
    } else if (data->tag == DATA_BOOL) {
        json_pair_bool (out, "bool", reader_u8 (&in) != 0);
    } else if (data->tag == DATA_BITS) {
        s_bits (out, data);
    } else if (data->tag == DATA_VISIBLE || data->tag == DATA_UTF8) {
        json_key (out, data->tag == DATA_VISIBLE ? "vstr" : "utf8");
        json_string (out, data->body);
    } else if (data->tag == DATA_F32 || data->tag == DATA_F64) {
        s_float (out, data);
    } else if (s_number_keys[data->tag] && d698_integer (data, &number)) {
        json_pair_int (out, s_number_keys[data->tag], number);
    } else if (s_upper_keys[data->tag]) {
        d698_pair_upper (out, s_upper_keys[data->tag], data->body);
    } else if (s_hex_keys[data->tag]) {
        json_pair_hex (out, s_hex_keys[data->tag], data->body);
    } else if (data->tag >= DATA_DATE_TIME && data->tag <= DATA_DATE_TIME_S) {
        s_date_or_time (out, data);
    } else {
        s_made (out, data);
    }
}

//  The depth was looked at when the Data was taken.
void d698_json_data (json_t *out, reader_t *in)
{
    d698_data_t data = d698_data (in);
    if (in->failed || data.tag == DATA_NULL) {
        json_null (out);
        return;
    }
    json_object (out);
    if (data.tag == DATA_ARRAY || data.tag == DATA_STRUCT) {
        s_elements (out, &data);
    } else {
        s_simple (out, &data);
    }
    json_object_end (out);
}
