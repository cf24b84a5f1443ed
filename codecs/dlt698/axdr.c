//  A-XDR of DL/T 698.45.
#include "codecs/dlt698/axdr.h"
#include "codecs/dlt698/link.h"

//  How the body of a tag is delimited.
typedef enum {
    BODY_NONE,  //  There is no such tag
    BODY_FIXED,
    BODY_LENGTH,  //  A length, then so many bytes
    BODY_BITS,    //  A number of bits, then their bytes
    BODY_LIST,    //  A count, then so many Data
    BODY_OWN      //  A rule of its own
} body_t;

typedef struct {
    uint8_t body;  //  body_t
    uint8_t size;  //  FIXED: bytes
} shape_t;

static const shape_t s_shapes[DATA_TAGS] = {[DATA_NULL] = {BODY_FIXED, 0},
                                            [DATA_ARRAY] = {BODY_LIST, 0},
                                            [DATA_STRUCT] = {BODY_LIST, 0},
                                            [DATA_BOOL] = {BODY_FIXED, 1},
                                            [DATA_BITS] = {BODY_BITS, 0},
                                            [DATA_I32] = {BODY_FIXED, 4},
                                            [DATA_U32] = {BODY_FIXED, 4},
                                            [DATA_OCTETS] = {BODY_LENGTH, 0},
                                            [DATA_VISIBLE] = {BODY_LENGTH, 0},
                                            [DATA_UTF8] = {BODY_LENGTH, 0},
                                            [DATA_I8] = {BODY_FIXED, 1},
                                            [DATA_I16] = {BODY_FIXED, 2},
                                            [DATA_U8] = {BODY_FIXED, 1},
                                            [DATA_U16] = {BODY_FIXED, 2},
                                            [DATA_I64] = {BODY_FIXED, 8},
                                            [DATA_U64] = {BODY_FIXED, 8},
                                            [DATA_ENUM] = {BODY_FIXED, 1},
                                            [DATA_F32] = {BODY_FIXED, 4},
                                            [DATA_F64] = {BODY_FIXED, 8},
                                            [DATA_DATE_TIME] = {BODY_FIXED, D698_DATE_TIME},
                                            [DATA_DATE] = {BODY_FIXED, 5},
                                            [DATA_TIME] = {BODY_FIXED, 3},
                                            [DATA_DATE_TIME_S] = {BODY_FIXED, 7},
                                            [DATA_OI] = {BODY_FIXED, 2},
                                            [DATA_OAD] = {BODY_FIXED, 4},
                                            [DATA_ROAD] = {BODY_OWN, 0},
                                            [DATA_OMD] = {BODY_FIXED, 4},
                                            [DATA_TI] = {BODY_FIXED, D698_TI},
                                            [DATA_TSA] = {BODY_LENGTH, 0},
                                            [DATA_MAC] = {BODY_LENGTH, 0},
                                            [DATA_RN] = {BODY_LENGTH, 0},
                                            [DATA_REGION] = {BODY_OWN, 0},
                                            [DATA_SCALER_UNIT] = {BODY_FIXED, 2},
                                            [DATA_RSD] = {BODY_OWN, 0},
                                            [DATA_CSD] = {BODY_OWN, 0},
                                            [DATA_MS] = {BODY_OWN, 0},
                                            [DATA_SID] = {BODY_OWN, 0},
                                            [DATA_SID_MAC] = {BODY_OWN, 0},
                                            [DATA_COMDCB] = {BODY_FIXED, D698_COMDCB},
                                            [DATA_RCSD] = {BODY_OWN, 0}};

static void s_skip_data (reader_t *in, unsigned depth, d698_data_t *data);

static bytes_t s_from (const reader_t *in, size_t start)
{
    return in->failed ? (bytes_t){NULL, 0} : bytes_of (in->data + start, in->pos - start);
}

//  Below 80H one byte; 81H..84H that many bytes of it.
static size_t s_number (reader_t *in)
{
    uint8_t first = reader_u8 (in);
    if (first < 0x80) {
        return first;
    }
    size_t value = 0;
    if (first == 0x80 || first > 0x84) {
        in->failed = true;
    }
    for (uint8_t n = first & 7; n > 0 && !in->failed; n--) {
        value = value << 8 | reader_u8 (in);
    }
    return value;
}

size_t d698_length (reader_t *in)
{
    size_t length = s_number (in);
    if (length > reader_left (in)) {
        in->failed = true;
    }
    return in->failed ? 0 : length;
}

static void s_skip_list (reader_t *in, unsigned depth)
{
    for (size_t n = d698_length (in); n > 0 && !in->failed; n--) {
        d698_data_t ignored;
        s_skip_data (in, depth, &ignored);
    }
}

//  ROAD: an OAD and its related ones.
static void s_skip_road (reader_t *in)
{
    (void) reader_take (in, 4);
    (void) reader_take (in, d698_length (in) * 4);
}

static void s_skip_csd (reader_t *in)
{
    switch (reader_u8 (in)) {
    case 0:
        (void) reader_take (in, 4);
        return;
    case 1:
        s_skip_road (in);
        return;
    default:
        in->failed = true;
    }
}

static void s_skip_rcsd (reader_t *in)
{
    for (size_t n = d698_length (in); n > 0 && !in->failed; n--) {
        s_skip_csd (in);
    }
}

static void s_skip_region (reader_t *in, unsigned depth)
{
    d698_data_t ignored;
    (void) reader_u8 (in);
    s_skip_data (in, depth, &ignored);
    s_skip_data (in, depth, &ignored);
}

static void s_skip_ms (reader_t *in, unsigned depth)
{
    uint8_t kind = reader_u8 (in);
    if (kind > MS_NUMBER_RANGES) {
        in->failed = true;
    }
    if (kind <= MS_ALL) {
        return;
    }
    for (size_t n = d698_length (in); n > 0 && !in->failed; n--) {
        if (kind == MS_ADDRESSES) {
            (void) reader_take (in, d698_length (in));
        } else if (kind <= MS_NUMBERS) {
            (void) reader_take (in, kind == MS_TYPES ? 1 : 2);
        } else {
            s_skip_region (in, depth);
        }
    }
}

//  Selector 2: an OAD, from, to and step.
static void s_skip_range (reader_t *in, unsigned depth)
{
    d698_data_t ignored;
    (void) reader_take (in, 4);
    for (int i = 0; i < 3; i++) {
        s_skip_data (in, depth, &ignored);
    }
}

static void s_skip_rsd (reader_t *in, unsigned depth)
{
    static const uint8_t fixed[] = {
        [RSD_START] = 7,          [RSD_STORED] = 7, [RSD_START_RANGE] = 17, [RSD_STORED_RANGE] = 17,
        [RSD_SUCCESS_RANGE] = 17, [RSD_LAST] = 1,   [RSD_LAST_OF] = 1};
    d698_data_t ignored;
    uint8_t kind = reader_u8 (in);
    if (kind > RSD_LAST_OF) {
        in->failed = true;
    } else if (kind == RSD_VALUE) {
        (void) reader_take (in, 4);
        s_skip_data (in, depth, &ignored);
    } else if (kind == RSD_RANGE) {
        s_skip_range (in, depth);
    } else if (kind == RSD_RANGES) {
        for (size_t n = d698_length (in); n > 0 && !in->failed; n--) {
            s_skip_range (in, depth);
        }
    } else {
        (void) reader_take (in, fixed[kind]);
        if (kind != RSD_NONE && kind != RSD_LAST) {
            s_skip_ms (in, depth);
        }
    }
}

//  What has a rule of its own.
static void s_skip_own (reader_t *in, uint8_t tag, unsigned depth)
{
    switch (tag) {
    case DATA_ROAD:
        s_skip_road (in);
        return;
    case DATA_REGION:
        s_skip_region (in, depth);
        return;
    case DATA_RSD:
        s_skip_rsd (in, depth);
        return;
    case DATA_CSD:
        s_skip_csd (in);
        return;
    case DATA_MS:
        s_skip_ms (in, depth);
        return;
    case DATA_RCSD:
        s_skip_rcsd (in);
        return;
    default:
        //  SID: a number and additional data; SID_MAC: a MAC behind them.
        (void) reader_take (in, 4);
        (void) reader_take (in, d698_length (in));
        if (tag == DATA_SID_MAC) {
            (void) reader_take (in, d698_length (in));
        }
    }
}

static void s_skip_data (reader_t *in, unsigned depth, d698_data_t *data)
{
    size_t start = in->pos;
    memset (data, 0, sizeof *data);
    data->tag = reader_u8 (in);
    shape_t shape = {BODY_NONE, 0};
    if (data->tag < DATA_TAGS) {
        shape = s_shapes[data->tag];
    }
    if (depth >= D698_DEPTH_MAX || shape.body == BODY_NONE) {
        in->failed = true;
        return;
    }
    size_t size = shape.size;
    if (shape.body == BODY_LENGTH) {
        size = d698_length (in);
    } else if (shape.body == BODY_BITS) {
        data->count = s_number (in);
        size = data->count / 8 + (data->count % 8 != 0);
    } else if (shape.body == BODY_LIST) {
        reader_t peek = *in;
        data->count = d698_length (&peek);
        size_t head = peek.pos - in->pos;
        size_t from = in->pos + head;
        s_skip_list (in, depth + 1);
        data->body = s_from (in, in->failed ? in->pos : from);
        size = 0;
    } else if (shape.body == BODY_OWN) {
        size_t from = in->pos;
        s_skip_own (in, data->tag, depth + 1);
        data->body = s_from (in, from);
        size = 0;
    }
    if (shape.body != BODY_LIST && shape.body != BODY_OWN) {
        data->body = reader_bytes (in, size);
    }
    data->whole = s_from (in, start);
}

d698_data_t d698_data (reader_t *in)
{
    d698_data_t data;
    s_skip_data (in, 0, &data);
    return data;
}

bytes_t d698_take_rsd (reader_t *in)
{
    size_t start = in->pos;
    s_skip_rsd (in, 1);
    return s_from (in, start);
}

bytes_t d698_take_rcsd (reader_t *in)
{
    size_t start = in->pos;
    s_skip_rcsd (in);
    return s_from (in, start);
}

bytes_t d698_take_csd (reader_t *in)
{
    size_t start = in->pos;
    s_skip_csd (in);
    return s_from (in, start);
}

bytes_t d698_take_tsa (reader_t *in)
{
    size_t size = d698_length (in);
    if (size < 2 || size > D698_SA) {
        in->failed = true;
    }
    return reader_bytes (in, size);
}

size_t d698_columns (bytes_t rcsd)
{
    reader_t in = reader_of (rcsd);
    size_t columns = 0;
    for (size_t n = d698_length (&in); n > 0; n--) {
        bytes_t csd = d698_take_csd (&in);
        reader_t related = reader_of (csd);
        bool road = csd.size && reader_u8 (&related) == 1;
        (void) reader_take (&related, 4);
        size_t count = road ? d698_length (&related) : 1;
        columns += count ? count : 1;
    }
    return columns;
}

static uint64_t s_big_endian (bytes_t bytes)
{
    uint64_t n = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        n = n << 8 | bytes.data[i];
    }
    return n;
}

bool d698_integer (const d698_data_t *data, int64_t *number)
{
    uint64_t n = s_big_endian (data->body);
    switch (data->tag) {
    case DATA_I8:
        *number = (int8_t) n;
        return true;
    case DATA_I16:
        *number = (int16_t) n;
        return true;
    case DATA_I32:
        *number = (int32_t) n;
        return true;
    case DATA_I64:
        *number = (int64_t) n;
        return true;
    case DATA_BOOL:
        *number = n != 0;
        return true;
    case DATA_U8:
    case DATA_U16:
    case DATA_U32:
    case DATA_U64:
    case DATA_ENUM:
        *number = (int64_t) n;
        return n <= INT64_MAX;
    default:
        return false;
    }
}

void d698_tsa_text (bytes_t tsa, char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t n = 0;
    for (size_t i = 1; i < tsa.size && i <= D698_OCTETS_MAX; i++) {
        text[n++] = digits[tsa.data[i] >> 4];
        text[n++] = digits[tsa.data[i] & 15];
    }
    text[n] = 0;
}

bool d698_instant (const uint8_t *p, size_t size, const zone_t *zone, int64_t *utc_ms)
{
    clock_civil_t civil = {.year = p[0] << 8 | p[1], .month = p[2], .day = p[3]};
    size_t clock = size == D698_DATE_TIME ? 5 : 4;
    int ms = size == D698_DATE_TIME ? p[8] << 8 | p[9] : 0;
    civil.hour = p[clock];
    civil.minute = p[clock + 1];
    civil.second = p[clock + 2];
    if (ms > 999 || !zone_utc (zone, &civil, ZONE_EARLIER, utc_ms)) {
        return false;
    }
    *utc_ms += ms;
    return true;
}

bool d698_data_instant (const d698_data_t *data, const zone_t *zone, int64_t *utc_ms)
{
    return (data->tag == DATA_DATE_TIME || data->tag == DATA_DATE_TIME_S) &&
           d698_instant (data->body.data, data->body.size, zone, utc_ms);
}

void d698_put_length (writer_t *out, size_t length)
{
    if (length < 0x80) {
        writer_u8 (out, (uint8_t) length);
    } else if (length < 0x100) {
        writer_u8 (out, 0x81);
        writer_u8 (out, (uint8_t) length);
    } else {
        writer_u8 (out, 0x82);
        writer_u16be (out, (uint16_t) length);
    }
}

static clock_civil_t s_put_date (writer_t *out, const zone_t *zone, int64_t utc_ms)
{
    clock_civil_t civil;
    (void) zone_civil (zone, utc_ms, &civil);
    writer_u16be (out, (uint16_t) civil.year);
    writer_u8 (out, (uint8_t) civil.month);
    writer_u8 (out, (uint8_t) civil.day);
    return civil;
}

static void s_put_clock (writer_t *out, const clock_civil_t *civil)
{
    writer_u8 (out, (uint8_t) civil->hour);
    writer_u8 (out, (uint8_t) civil->minute);
    writer_u8 (out, (uint8_t) civil->second);
}

void d698_put_date_time (writer_t *out, const zone_t *zone, int64_t utc_ms)
{
    clock_civil_t civil = s_put_date (out, zone, utc_ms);
    writer_u8 (out, (uint8_t) zone_weekday (civil.year, civil.month, civil.day));
    s_put_clock (out, &civil);
    writer_u16be (out, (uint16_t) (utc_ms % 1000));
}

void d698_put_date_time_s (writer_t *out, const zone_t *zone, int64_t utc_ms)
{
    clock_civil_t civil = s_put_date (out, zone, utc_ms);
    s_put_clock (out, &civil);
}

bool d698_put_tsa (writer_t *out, const char *text)
{
    uint8_t octets[D698_OCTETS_MAX];
    size_t size = d698_address_octets (text, octets);
    if (size == 0) {
        return false;
    }
    writer_u8 (out, (uint8_t) (size + 1));
    writer_u8 (out, (uint8_t) (size - 1));
    writer_put (out, octets, size);
    return true;
}
