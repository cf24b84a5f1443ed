//  The terminal side of Q/GDW 1376.1-2013: logs in, beats, reports, reads confirmations.
//
//    68 LL LL 68 C AAAAA F S DDDD data.. K 16      L: user bytes << 2 | 2, twice    C: control   A:
//    address
//                                                 F: AFN   S: SEQ   D: DA, DT    K: sum of the user
//                                                 bytes
//
//  Not done: several frames per message, time tags, event counters in the tail. Answers to requests: terminal_asked.c.
#include "bench/terminal_gdw1376.h"

#define FRAME_MAX 512
#define HEAD 6  //  68 L L L L 68
#define TAIL 2  //  K 16
#define USER_MIN 8

#define C_LINK 0xC9    //  Up, initiating, link test: login, heartbeat, logout
#define C_REPORT 0xC4  //  Up, initiating, user data
#define C_UP 0x80
#define AFN_CONFIRM 0x00
#define AFN_LINK 0x02
#define AFN_CURRENT 0x0C
#define AFN_FROZEN 0x0D
#define AFN_EVENT 0x0E
#define SEQ_SINGLE_CON 0x70  //  First, final, confirmation wanted

#define MINUTE_AT (HEAD + 12)  //  Of a CURRENT report: its time stands behind C A AFN SEQ DA DT
#define SEQ_AT (HEAD + 7)
#define TARIFFS 4
#define INVALID_ITEM 18  //  Neutral current: one in 16 is sent as missing

static int s_offset_min = 480;

//  Values of F25 by their format: how many in a row, bytes, range of the digits.
typedef struct {
    uint8_t count;  //  Values of this format
    uint8_t size;   //  Bytes
    int32_t low;    //  Smallest, in units of the last digit
    int32_t span;   //  How many different values
} format_t;

static const format_t s_current[] = {
    {4, 3, 0, 300000},        //  P, xx.xxxx kW
    {4, 3, -100000, 200000},  //  Q, xx.xxxx kvar
    {4, 2, 800, 201},         //  Power factor, xxx.x %
    {3, 2, 2150, 200},        //  U, xxx.x V
    {4, 3, 0, 60000},         //  I, xxx.xxx A
    {4, 3, 0, 300000},        //  S, xx.xxxx kVA
};

void terminal_set_offset_min (int minutes)
{
    s_offset_min = minutes;
}

int terminal_offset_min (void)
{
    return s_offset_min;
}

uint32_t terminal_value (uint32_t address, uint16_t mp, int64_t minute, uint32_t item)
{
    uint32_t h = address * 0x9E3779B1u + mp * 0x85EBCA77u + (uint32_t) minute * 0xC2B2AE3Du +
                 item * 0x27D4EB2Fu + 0x165667B1u;
    h = (h ^ h >> 15) * 0x2C1B3C6Du;
    h = (h ^ h >> 12) * 0x297A2D39u;
    return h ^ h >> 15;
}

uint32_t terminal_address (uint32_t first, uint32_t i)
{
    uint32_t a2 = first % 100000 - 1 + i;
    return (first / 100000 + a2 / 65534) * 100000 + a2 % 65534 + 1;
}

uint8_t sim_bcd (unsigned value)
{
    return (uint8_t) (value / 10 % 10 << 4 | value % 10);
}

unsigned sim_number (uint8_t bcd)
{
    return (bcd >> 4) * 10u + (bcd & 15u);
}

//  The device's calendar: Gregorian, from days since 1970.
typedef struct {
    unsigned year;   //  Two digits
    unsigned month;  //  1..12
    unsigned day;    //  1..31
} date_t;

static date_t s_date (int64_t days)
{
    int64_t z = days + 719468;
    int64_t era = z / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int64_t month = mp < 10 ? mp + 3 : mp - 9;
    int64_t year = yoe + era * 400 + (month <= 2 ? 1 : 0);
    return (date_t){(unsigned) (year % 100), (unsigned) month,
                    (unsigned) (doy - (153 * mp + 2) / 5 + 1)};
}

//  A.15: minute, hour, day, month, year.
static void s_a15 (uint8_t *at, int64_t minute)
{
    int64_t local = minute + s_offset_min;
    date_t date = s_date (local / 1440);
    at[0] = sim_bcd ((unsigned) (local % 60));
    at[1] = sim_bcd ((unsigned) (local / 60 % 24));
    at[2] = sim_bcd (date.day);
    at[3] = sim_bcd (date.month);
    at[4] = sim_bcd (date.year);
}

//  BCD, low byte first; the sign is the top bit of the last byte.
static void s_digits (writer_t *out, int64_t value, unsigned size)
{
    uint64_t rest = (uint64_t) (value < 0 ? -value : value);
    uint8_t *at = writer_room (out, size);
    if (!at) {
        return;
    }
    for (unsigned i = 0; i < size; i++) {
        at[i] = sim_bcd ((unsigned) (rest % 100));
        rest /= 100;
    }
    if (value < 0) {
        at[size - 1] |= 0x80;
    }
}

static void s_missing (writer_t *out, unsigned size)
{
    uint8_t *at = writer_room (out, size);
    if (at) {
        memset (at, 0xEE, size);
    }
}

sim_frame_t sim_open (writer_t *out, uint32_t address, const sim_head_t *head)
{
    sim_frame_t frame = {out, out->size};
    uint32_t a1 = address / 100000;
    (void) writer_room (out, HEAD);
    writer_u8 (out, head->control);
    writer_u8 (out, sim_bcd (a1 % 100));
    writer_u8 (out, sim_bcd (a1 / 100));
    writer_u16le (out, (uint16_t) (address % 100000));
    writer_u8 (out, head->msa);
    writer_u8 (out, head->afn);
    writer_u8 (out, head->sequence);
    return frame;
}

//  What it begins itself and wants confirmed.
static sim_frame_t s_open (writer_t *out, uint8_t control, uint32_t address, uint8_t afn,
                           uint8_t sequence)
{
    sim_head_t head = {control, 0, afn, (uint8_t) (SEQ_SINGLE_CON | (sequence & 0x0F))};
    return sim_open (out, address, &head);
}

void sim_put_unit (writer_t *out, uint16_t mp, unsigned function)
{
    unsigned slot = mp ? (unsigned) mp - 1 : 0;
    writer_u8 (out, (uint8_t) (mp ? 1u << slot % 8 : 0u));
    writer_u8 (out, (uint8_t) (mp ? slot / 8 + 1 : 0u));
    writer_u8 (out, (uint8_t) (1u << (function - 1) % 8));
    writer_u8 (out, (uint8_t) ((function - 1) / 8));
}

static uint8_t s_sum (const uint8_t *data, size_t size)
{
    unsigned sum = 0;
    for (size_t i = 0; i < size; i++) {
        sum += data[i];
    }
    return (uint8_t) sum;
}

void sim_close (sim_frame_t *frame)
{
    writer_t *out = frame->out;
    if (out->failed) {
        return;
    }
    uint8_t *at = out->data + frame->start;
    size_t user = out->size - frame->start - HEAD;
    uint16_t length = (uint16_t) (user << 2 | 2);
    writer_t head = writer_of (at, HEAD);
    writer_u8 (&head, 0x68);
    writer_u16le (&head, length);
    writer_u16le (&head, length);
    writer_u8 (&head, 0x68);
    writer_u8 (out, s_sum (at + HEAD, user));
    writer_u8 (out, 0x16);
}

static void s_link (uint32_t address, uint8_t sequence, unsigned function, writer_t *out)
{
    sim_frame_t frame = s_open (out, C_LINK, address, AFN_LINK, sequence);
    sim_put_unit (out, 0, function);
    sim_close (&frame);
}

static void s_login (uint32_t address, uint8_t sequence, writer_t *out)
{
    s_link (address, sequence, 1, out);
}

static void s_heartbeat (uint32_t address, uint8_t sequence, writer_t *out)
{
    s_link (address, sequence, 3, out);
}

static void s_logout (uint32_t address, uint8_t sequence, writer_t *out)
{
    s_link (address, sequence, 2, out);
}

void sim_put_current (writer_t *out, uint32_t address, const report_t *report, bool value)
{
    uint32_t item = 0;
    uint8_t time[5];
    sim_put_unit (out, report->mp, 25);
    s_a15 (time, report->minute);
    writer_put (out, time, sizeof time);
    for (size_t f = 0; f < sizeof s_current / sizeof s_current[0]; f++) {
        const format_t *format = &s_current[f];
        for (unsigned i = 0; i < format->count; i++, item++) {
            uint32_t h = terminal_value (address, report->mp, report->minute, item);
            if (!value || (item == INVALID_ITEM && h % 16 == 0)) {
                s_missing (out, format->size);
            } else {
                s_digits (out, format->low + (int32_t) (h % (uint32_t) format->span), format->size);
            }
        }
    }
}

static void s_report_current (uint32_t address, const report_t *report, uint8_t sequence,
                              writer_t *out)
{
    sim_frame_t frame = s_open (out, C_REPORT, address, AFN_CURRENT, sequence);
    sim_put_current (out, address, report, true);
    sim_close (&frame);
}

//  Registers only rise: the day gives the thousands, the hash the rest. The total is the sum of its tariffs.
void sim_put_day (writer_t *out, uint32_t address, const report_t *report, bool value)
{
    uint8_t time[5];
    int64_t day = (report->minute + s_offset_min) / 1440;
    date_t date = s_date (day);
    sim_put_unit (out, report->mp, 161);
    writer_u8 (out, sim_bcd (date.day));
    writer_u8 (out, sim_bcd (date.month));
    writer_u8 (out, sim_bcd (date.year));
    s_a15 (time, report->minute + 1440 + 5);
    writer_put (out, time, sizeof time);
    writer_u8 (out, TARIFFS);
    int64_t registers[1 + TARIFFS] = {0};
    for (uint32_t item = 1; item <= TARIFFS; item++) {
        uint32_t h = terminal_value (address, report->mp, report->minute, 100 + item);
        registers[item] = day % 30000 * 50000 + h % 50000;
        registers[0] += registers[item];
    }
    for (size_t i = 0; i <= TARIFFS; i++) {
        if (value) {
            s_digits (out, registers[i], 5);
        } else {
            s_missing (out, 5);
        }
    }
}

static void s_report_day (uint32_t address, const report_t *report, uint8_t sequence, writer_t *out)
{
    sim_frame_t frame = s_open (out, C_REPORT, address, AFN_FROZEN, sequence);
    sim_put_day (out, address, report, true);
    sim_close (&frame);
}

//  Event 4: which inputs changed, and their states.
static void s_report_event (uint32_t address, const report_t *report, uint8_t sequence,
                            writer_t *out)
{
    uint32_t h = terminal_value (address, 0, report->minute, 200);
    uint8_t count = (uint8_t) report->minute;
    uint8_t time[5];
    sim_frame_t frame = s_open (out, C_REPORT, address, AFN_EVENT, sequence);
    sim_put_unit (out, 0, 1);
    writer_u8 (out, (uint8_t) (count + 1));  //  Important events so far
    writer_u8 (out, 0);                      //  Ordinary ones
    writer_u8 (out, count);
    writer_u8 (out, (uint8_t) (count + 1));
    writer_u8 (out, 4);
    writer_u8 (out, 7);
    s_a15 (time, report->minute);
    writer_put (out, time, sizeof time);
    writer_u8 (out, (uint8_t) (1u << h % 8));
    writer_u8 (out, (uint8_t) (h >> 8));
    sim_close (&frame);
}

static void s_report (uint32_t address, const report_t *report, uint8_t sequence, writer_t *out)
{
    static void (*const build[REPORT_KIND_COUNT]) (uint32_t, const report_t *, uint8_t,
                                                   writer_t *) = {
        [REPORT_CURRENT] = s_report_current,
        [REPORT_DAY] = s_report_day,
        [REPORT_EVENT] = s_report_event,
    };
    build[report->kind](address, report, sequence, out);
}

//  The sum follows the bytes that change.
static void s_touch (uint8_t *frame, int64_t minute, uint8_t sequence)
{
    size_t end = (size_t) HEAD + ((size_t) (frame[1] | frame[2] << 8) >> 2);
    unsigned sum = frame[end];
    sum -= s_sum (frame + MINUTE_AT, 5) + (unsigned) frame[SEQ_AT];
    s_a15 (frame + MINUTE_AT, minute);
    frame[SEQ_AT] = (uint8_t) (SEQ_SINGLE_CON | (sequence & 0x0F));
    sum += s_sum (frame + MINUTE_AT, 5) + (unsigned) frame[SEQ_AT];
    frame[end] = (uint8_t) sum;
}

//  F3 of AFN 00: the AFN, then DA DT ERR for each unit; taken only if every ERR is 0.
static bool s_itemised_ok (reader_t *in)
{
    (void) reader_u8 (in);
    bool ok = reader_left (in) >= 5;
    while (reader_left (in) >= 5) {
        (void) reader_take (in, 4);
        ok = reader_u8 (in) == 0 && ok;
    }
    return ok && !in->failed;
}

static input_t s_meaning (uint32_t address, bytes_t user, size_t size)
{
    reader_t in = reader_of (user);
    uint8_t control = reader_u8 (&in);
    uint8_t low = reader_u8 (&in);
    uint8_t high = reader_u8 (&in);
    uint32_t a1 =
        (uint32_t) ((high >> 4) * 1000 + (high & 15) * 100 + (low >> 4) * 10 + (low & 15));
    uint32_t a2 = reader_u16le (&in);
    (void) reader_u8 (&in);
    uint8_t afn = reader_u8 (&in);
    uint8_t seq = reader_u8 (&in);
    if ((control & C_UP) || a1 * 100000 + a2 != address) {
        return (input_t){INPUT_NOISE, 0, size};
    }
    if (afn != AFN_CONFIRM) {
        return (input_t){INPUT_REQUEST, 0, size};
    }
    uint16_t da = reader_u16le (&in);
    uint16_t dt = reader_u16le (&in);
    bool ok = !in.failed && da == 0 && (dt == 1 || (dt == 4 && s_itemised_ok (&in)));
    return (input_t){ok ? INPUT_CONFIRMED : INPUT_DENIED, (uint8_t) (seq & 0x0F), size};
}

static input_t s_input (uint32_t address, bytes_t window)
{
    const uint8_t *at = window.data;
    if (window.size < HEAD) {
        return (input_t){INPUT_MORE, 0, 0};
    }
    size_t user = (size_t) (at[1] | at[2] << 8) >> 2;
    if (at[0] != 0x68 || at[5] != 0x68 || at[1] != at[3] || at[2] != at[4] || user < USER_MIN ||
        user > FRAME_MAX - HEAD - TAIL) {
        return (input_t){INPUT_NOISE, 0, 1};
    }
    if (window.size < HEAD + user + TAIL) {
        return (input_t){INPUT_MORE, 0, 0};
    }
    if (at[HEAD + user] != s_sum (at + HEAD, user) || at[HEAD + user + 1] != 0x16) {
        return (input_t){INPUT_NOISE, 0, 1};
    }
    return s_meaning (address, bytes_of (at + HEAD, user), HEAD + user + TAIL);
}

const terminal_protocol_t terminal_gdw1376 = {
    .name = "gdw1376",
    .frame_max = FRAME_MAX,
    .sequences = 16,
    .login = s_login,
    .heartbeat = s_heartbeat,
    .logout = s_logout,
    .report = s_report,
    .touch = s_touch,
    .input = s_input,
};
