//  An IEC 60870-5-104 station of the field (controlled station; edition 2006): it is dialled, waits for STARTDT and
//  then reports measured values with time every few seconds. It answers station and counter interrogation, read,
//  clock and test commands, single commands in two steps and scaled set-points in one.
//
//      68 L ssss rrrr T V cc oo aaaa [ooo e.. t..]      fields as the standard has them, sizes 2, 2 and 3
//
//  Measuring point m, from 1: state 0x0001 + m - 1, voltage, current and power at 0x4001 + 8 (m - 1), counter at
//  0x6401 + m - 1, single command 0x6001 + m - 1, set-point 0x6201 + m - 1; field_iec104.profile has them. Its common
//  address is its address: 10400 + its number.
//
//  k 12, w 8, t1 15 s, t2 10 s, t3 20 s. What the master has not acknowledged is sent again on the next connection,
//  with its old time. A master that breaks the rules hears nothing more on that connection: a device here cannot
//  close it.
#include "bench/field_devices.h"
#include "fep/bytes.h"
#include "fep/clock.h"
#include "fep/message.h"
#include "fep/point.h"
#include <stdio.h>

#define K 12
#define W 8
#define T1_MS 15000
#define T2_MS 10000
#define T3_MS 20000
#define REPORT_MS 5000
#define SELECT_MS 10000
#define NUMBERS 32768
#define RING 16        //  At least K, divides NUMBERS
#define ANSWERS_MAX 8  //  Short ASDUs that wait
#define ANSWER_MAX 32  //  Octets of one
#define FRAME_MAX 255
#define ADDRESS_FIRST 10400
#define CAUSE_AT 2

enum {
    STATES = 0x0001,
    MEASURES = 0x4001,
    COMMANDS = 0x6001,
    SETPOINTS = 0x6201,
    COUNTERS = 0x6401
};

enum { M_SP = 1, M_ME = 11, M_IT = 15, M_SP_TIME = 30, M_ME_TIME = 35 };
enum { C_SC = 45, C_SE = 49, C_IC = 100, C_CI = 101, C_RD = 102, C_CS = 103, C_TS = 107 };
enum { SPONTANEOUS = 3, REQUEST = 5, ACT = 6, CON = 7, DEACT = 8, DEACT_CON = 9, TERM = 10 };
enum { RETURN_REMOTE = 11, GI = 20, GI_COUNTERS = 37, NEGATIVE = 0x40 };
enum { UNKNOWN_TYPE = 44, UNKNOWN_CAUSE = 45, UNKNOWN_CA = 46, UNKNOWN_IOA = 47 };
enum { STARTDT = 0x07, STOPDT = 0x13, TESTFR = 0x43, CON_STARTDT = 0x0B, CON_STOPDT = 0x23 };
enum { CON_TESTFR = 0x83, SELECT_BIT = 0x80, STATION = 20, GENERAL = 5 };

//  One report: what it says follows from this.
typedef struct {
    uint32_t report;  //  0: an answer
    uint16_t mp;      //  Measuring point
    bool is_state;    //  A state that a command changed, not measured values
    uint8_t value;    //  Of the state
    int64_t time_ms;  //  Its instant
} report_t;

typedef struct {
    uint32_t number;                           //  Of its kind
    uint32_t meters;                           //  Measuring points
    uint8_t states[FIELD_METERS_MAX];          //  As commands left them
    int16_t setpoints[FIELD_METERS_MAX];       //  Likewise
    uint32_t reports;                          //  Made so far
    int64_t report_at_ms;                      //  The next one
    bool stopping;                             //  No more reports
    bool broken;                               //  The master broke a rule
    bool started;                              //  STARTDT
    bool stop_wanted;                          //  STOPDT, not confirmed yet
    uint16_t vs, vr;                           //  V(S), V(R)
    uint16_t ack;                              //  Oldest of ours without acknowledgement
    uint16_t told;                             //  N(R) last sent
    report_t sent[RING];                       //  Of ours without acknowledgement, by number
    int64_t sent_ms[RING];                     //  When
    report_t waiting[RING];                    //  Reports to send first
    uint32_t waiting_count;                    //  Of them
    uint8_t answers[ANSWERS_MAX][ANSWER_MAX];  //  ASDUs to send before anything else
    uint8_t answer_size[ANSWERS_MAX];          //  Octets
    uint32_t answer_count;                     //  Of them
    uint8_t job;                               //  C_IC or C_CI under way; 0 none
    uint8_t job_qualifier;                     //  Its qualifier
    uint32_t job_step;                         //  Frames of it sent
    uint32_t selected;                         //  Address of a selected command; 0 none
    int64_t selected_ms;                       //  When
    int64_t rx_ms;                             //  Last frame of the master
    int64_t unacked_ms;                        //  First I frame of the master not acknowledged
    int64_t test_ms;                           //  TESTFR sent; 0 none
} station_t;

//  What a measuring point shows at an instant.
static const struct {
    field_quantity_t quantity;
    uint32_t point;
    int8_t exponent;
} s_measures[] = {{MODEL_VOLTAGE, POINT (1, 0, 32, 7, 0), -1},
                  {MODEL_CURRENT, POINT (1, 0, 31, 7, 0), -3},
                  {MODEL_POWER, POINT (1, 0, 16, 7, 0), -4}};

enum { MEASURE_COUNT = sizeof s_measures / sizeof s_measures[0], MEASURE_STEP = 8 };

#define POINT_STATE POINT (0, 0, 96, 3, 10)
#define POINT_ENERGY POINT (1, 0, 1, 8, 0)
#define ENERGY_EXPONENT (-2)

//  ---- Who it is ----

static void s_start (void *state, uint32_t number, uint32_t meters)
{
    station_t *self = state;
    self->number = number;
    self->meters = meters < FIELD_METERS_MAX ? meters : FIELD_METERS_MAX;
}

static uint16_t s_ca (const station_t *self)
{
    return (uint16_t) (ADDRESS_FIRST + self->number);
}

static void s_address (const void *state, char text[FIELD_ADDRESS_MAX + 1])
{
    snprintf (text, FIELD_ADDRESS_MAX + 1, "%u", s_ca (state));
}

static void s_meter (const void *state, uint32_t mp, char text[FIELD_ADDRESS_MAX + 1])
{
    (void) state;
    snprintf (text, FIELD_ADDRESS_MAX + 1, "%u", (unsigned) mp);
}

//  ---- Frames ----

static unsigned s_outstanding (const station_t *self)
{
    return (unsigned) (self->vs - self->ack) % NUMBERS;
}

static void s_u (uint8_t function, field_turn_t *turn)
{
    const uint8_t frame[] = {0x68, 4, function, 0, 0, 0};
    if (turn->capacity - turn->size >= sizeof frame) {
        memcpy (turn->out + turn->size, frame, sizeof frame);
        turn->size += sizeof frame;
    }
}

static void s_acknowledged (station_t *self)
{
    self->told = self->vr;
    self->unacked_ms = 0;
}

static void s_s (station_t *self, field_turn_t *turn)
{
    const uint8_t frame[] = {0x68, 4, 1, 0, (uint8_t) (self->vr << 1), (uint8_t) (self->vr >> 7)};
    if (self->told != self->vr && turn->capacity - turn->size >= sizeof frame) {
        memcpy (turn->out + turn->size, frame, sizeof frame);
        turn->size += sizeof frame;
        s_acknowledged (self);
    }
}

static bool s_may_send (const station_t *self, const field_turn_t *turn)
{
    return self->started && !self->stop_wanted && !self->broken && s_outstanding (self) < K &&
           turn->capacity - turn->size >= FRAME_MAX;
}

//  An I frame; only where s_may_send.
static void s_i (station_t *self, const writer_t *asdu, const report_t *report, field_turn_t *turn)
{
    writer_t out = writer_of (turn->out + turn->size, FRAME_MAX);
    writer_u8 (&out, 0x68);
    writer_u8 (&out, (uint8_t) (asdu->size + 4));
    writer_u16le (&out, (uint16_t) (self->vs << 1));
    writer_u16le (&out, (uint16_t) (self->vr << 1));
    writer_put (&out, asdu->data, asdu->size);
    FEP_ASSERT (!out.failed && !asdu->failed);
    turn->size += out.size;
    self->sent[self->vs % RING] = *report;
    self->sent_ms[self->vs % RING] = turn->wall_ms;
    self->vs = (uint16_t) ((self->vs + 1) % NUMBERS);
    s_acknowledged (self);
}

static void s_head (writer_t *out, const station_t *self, uint8_t type, uint8_t vsq, uint8_t cause)
{
    writer_u8 (out, type);
    writer_u8 (out, vsq);
    writer_u8 (out, cause);
    writer_u8 (out, 0);
    writer_u16le (out, s_ca (self));
}

static void s_ioa (writer_t *out, uint32_t ioa)
{
    writer_u16le (out, (uint16_t) ioa);
    writer_u8 (out, (uint8_t) (ioa >> 16));
}

//  CP56Time2a, local time of the node.
static void s_time (writer_t *out, int64_t utc_ms)
{
    clock_civil_t civil;
    clock_to_civil (utc_ms, &civil);
    writer_u16le (out, (uint16_t) (civil.second * 1000 + (int) (utc_ms % 1000)));
    writer_u8 (out, (uint8_t) civil.minute);
    writer_u8 (out, (uint8_t) civil.hour);
    writer_u8 (out, (uint8_t) civil.day);
    writer_u8 (out, (uint8_t) civil.month);
    writer_u8 (out, (uint8_t) (civil.year % 100));
}

static void s_say (const report_t *report, uint32_t point, int64_t mantissa, int8_t exponent,
                   field_turn_t *turn)
{
    const field_said_t said = {.mp = report->mp,
                               .report = report->report,
                               .time_ms = report->time_ms,
                               .point = point,
                               .mantissa = mantissa,
                               .exponent = exponent};
    if (turn->said) {
        turn->said (turn->arg, &said);
    }
}

//  ---- Reports and answers ----

//  A report's ASDU; said at the first time.
static void s_send_report (station_t *self, const report_t *report, bool again, field_turn_t *turn)
{
    uint8_t bytes[FRAME_MAX];
    writer_t out = writer_of (bytes, sizeof bytes);
    uint32_t m = report->mp - 1u;
    if (report->is_state) {
        s_head (&out, self, M_SP_TIME, 1, RETURN_REMOTE);
        s_ioa (&out, STATES + m);
        writer_u8 (&out, report->value);
        s_time (&out, report->time_ms);
        if (!again) {
            s_say (report, POINT_STATE, report->value, 0, turn);
        }
    } else {
        s_head (&out, self, M_ME_TIME, MEASURE_COUNT, SPONTANEOUS);
        for (size_t i = 0; i < MEASURE_COUNT; i++) {
            int64_t value =
                field_model (self->number, report->mp, s_measures[i].quantity, report->time_ms);
            s_ioa (&out, MEASURES + MEASURE_STEP * m + (uint32_t) i);
            writer_u16le (&out, (uint16_t) value);
            writer_u8 (&out, 0);
            s_time (&out, report->time_ms);
            if (!again) {
                s_say (report, s_measures[i].point, value, s_measures[i].exponent, turn);
            }
        }
    }
    s_i (self, &out, report, turn);
}

static void s_wait (station_t *self, const report_t *report)
{
    if (self->waiting_count < RING) {
        self->waiting[self->waiting_count++] = *report;
    }
}

//  Measured values of one measuring point as they are now, without time.
static void s_send_measures (station_t *self, uint32_t mp, uint8_t cause, field_turn_t *turn)
{
    uint8_t bytes[FRAME_MAX];
    writer_t out = writer_of (bytes, sizeof bytes);
    const report_t answer = {.mp = (uint16_t) mp};
    s_head (&out, self, M_ME, 0x80 | MEASURE_COUNT, cause);
    s_ioa (&out, MEASURES + MEASURE_STEP * (mp - 1));
    for (size_t i = 0; i < MEASURE_COUNT; i++) {
        int64_t value = field_model (self->number, mp, s_measures[i].quantity, turn->wall_ms);
        writer_u16le (&out, (uint16_t) value);
        writer_u8 (&out, 0);
        s_say (&answer, s_measures[i].point, value, s_measures[i].exponent, turn);
    }
    s_i (self, &out, &answer, turn);
}

//  Those of all measuring points: states, or counters.
static void s_send_all (station_t *self, bool counters, field_turn_t *turn)
{
    uint8_t bytes[FRAME_MAX];
    writer_t out = writer_of (bytes, sizeof bytes);
    const report_t none = {0};
    s_head (&out, self, counters ? M_IT : M_SP, (uint8_t) (0x80 | self->meters),
            counters ? GI_COUNTERS : GI);
    s_ioa (&out, counters ? COUNTERS : STATES);
    for (uint32_t m = 0; m < self->meters; m++) {
        const report_t answer = {.mp = (uint16_t) (m + 1)};
        if (counters) {
            int64_t energy = field_model (self->number, m + 1, MODEL_ENERGY, turn->wall_ms);
            writer_u32le (&out, (uint32_t) energy);
            writer_u8 (&out, (uint8_t) (m & 31));
            s_say (&answer, POINT_ENERGY, energy, ENERGY_EXPONENT, turn);
        } else {
            writer_u8 (&out, self->states[m]);
            s_say (&answer, POINT_STATE, self->states[m], 0, turn);
        }
    }
    s_i (self, &out, &none, turn);
}

//  The ASDU of the master sent back with a cause, when its turn comes.
static void s_mirror (station_t *self, const uint8_t *asdu, size_t size, uint8_t cause)
{
    if (self->answer_count < ANSWERS_MAX && size <= ANSWER_MAX) {
        memcpy (self->answers[self->answer_count], asdu, size);
        self->answers[self->answer_count][CAUSE_AT] = cause;
        self->answer_size[self->answer_count++] = (uint8_t) size;
    }
}

static void s_send_answer (station_t *self, field_turn_t *turn)
{
    const report_t none = {0};
    writer_t asdu = {self->answers[0], ANSWER_MAX, self->answer_size[0], false};
    s_i (self, &asdu, &none, turn);
    self->answer_count--;
    memmove (self->answers, self->answers + 1, self->answer_count * sizeof *self->answers);
    memmove (self->answer_size, self->answer_size + 1, self->answer_count);
}

//  The next frame of an interrogation; the termination behind the last.
static void s_send_job (station_t *self, field_turn_t *turn)
{
    uint32_t last = self->job == C_IC ? self->meters : 0;
    if (self->job_step > last) {
        uint8_t bytes[ANSWER_MAX];
        writer_t out = writer_of (bytes, sizeof bytes);
        s_head (&out, self, self->job, 1, TERM);
        s_ioa (&out, 0);
        writer_u8 (&out, self->job_qualifier);
        s_mirror (self, bytes, out.size, TERM);
        self->job = 0;
        return;
    }
    if (self->job_step == 0) {
        s_send_all (self, self->job == C_CI, turn);
    } else {
        s_send_measures (self, self->job_step, GI, turn);
    }
    self->job_step++;
}

//  Sends what waits, as far as the window goes.
static void s_pump (station_t *self, field_turn_t *turn)
{
    while (s_may_send (self, turn)) {
        if (self->answer_count) {
            s_send_answer (self, turn);
        } else if (self->waiting_count) {
            report_t report = self->waiting[0];
            bool again = report.time_ms < 0;
            report.time_ms = again ? -report.time_ms : report.time_ms;
            self->waiting_count--;
            memmove (self->waiting, self->waiting + 1, self->waiting_count * sizeof *self->waiting);
            s_send_report (self, &report, again, turn);
        } else if (self->job) {
            s_send_job (self, turn);
        } else {
            return;
        }
    }
}

//  ---- What the master asks ----

//  A single command. Executed only what was selected.
static void s_single (station_t *self, const uint8_t *asdu, size_t size, uint32_t m,
                      field_turn_t *turn)
{
    uint32_t ioa = COMMANDS + m;
    uint8_t order = asdu[size - 1];
    bool held = self->selected == ioa && turn->wall_ms - self->selected_ms < SELECT_MS;
    if (asdu[CAUSE_AT] == DEACT) {
        self->selected = 0;
        s_mirror (self, asdu, size, DEACT_CON);
        return;
    }
    if (order & SELECT_BIT) {
        self->selected = ioa;
        self->selected_ms = turn->wall_ms;
        s_mirror (self, asdu, size, CON);
        return;
    }
    self->selected = 0;
    s_mirror (self, asdu, size, held ? CON : CON | NEGATIVE);
    if (held) {
        self->states[m] = order & 1;
        s_mirror (self, asdu, size, TERM);
        const report_t report = {++self->reports, (uint16_t) (m + 1), true, order & 1,
                                 turn->wall_ms};
        s_wait (self, &report);
    }
}

static void s_interrogate (station_t *self, const uint8_t *asdu, size_t size)
{
    uint8_t qualifier = asdu[size - 1];
    bool known = asdu[0] == C_IC ? qualifier == STATION : (qualifier & 0x3F) == GENERAL;
    bool free = known && !self->job;
    s_mirror (self, asdu, size, free ? CON : CON | NEGATIVE);
    if (free) {
        self->job = asdu[0];
        self->job_qualifier = qualifier;
        self->job_step = 0;
    }
}

//  Types: how long they are, and the first address; others are unknown.
static const struct {
    uint8_t type, size;
    uint32_t first;  //  0: object address 0
} s_commands[] = {{C_SC, 10, COMMANDS}, {C_SE, 12, SETPOINTS}, {C_IC, 10, 0}, {C_CI, 10, 0},
                  {C_RD, 9, MEASURES},  {C_CS, 16, 0},         {C_TS, 18, 0}};

//  Is the address one of the type's? *m: whose.
static bool s_place (const station_t *self, size_t row, uint32_t ioa, uint32_t *m)
{
    uint32_t first = s_commands[row].first;
    uint32_t step = first == MEASURES ? MEASURE_STEP : 1;
    *m = first && ioa >= first ? (ioa - first) / step : 0;
    return first ? ioa >= first && *m < self->meters && (ioa - first) % step == 0 : ioa == 0;
}

static void s_carry_out (station_t *self, const uint8_t *asdu, size_t size, uint32_t m,
                         field_turn_t *turn)
{
    switch (asdu[0]) {
    case C_SC:
        s_single (self, asdu, size, m, turn);
        break;
    case C_IC:
    case C_CI:
        s_interrogate (self, asdu, size);
        break;
    case C_RD:
        if (s_may_send (self, turn)) {
            s_send_measures (self, m + 1, REQUEST, turn);
        }
        break;
    case C_SE:
        self->setpoints[m] = (int16_t) (asdu[9] | asdu[10] << 8);
        s_mirror (self, asdu, size, CON);
        s_mirror (self, asdu, size, TERM);
        break;
    default:
        s_mirror (self, asdu, size, CON);
        break;
    }
}

static void s_asked (station_t *self, const uint8_t *asdu, size_t size, field_turn_t *turn)
{
    size_t row = 0, count = sizeof s_commands / sizeof s_commands[0];
    uint32_t m = 0;
    while (row < count && s_commands[row].type != asdu[0]) {
        row++;
    }
    bool whole = row < count && size == s_commands[row].size && asdu[1] == 1;
    uint8_t cause = asdu[CAUSE_AT];
    uint8_t usual = asdu[0] == C_RD ? REQUEST : ACT;
    uint16_t ca = (uint16_t) (asdu[4] | asdu[5] << 8);
    bool taken = cause == usual || (asdu[0] == C_SC && cause == DEACT);
    uint32_t ioa = whole ? asdu[6] | (uint32_t) asdu[7] << 8 | (uint32_t) asdu[8] << 16 : 0;
    uint8_t why = !whole                              ? UNKNOWN_TYPE
                  : !taken                            ? UNKNOWN_CAUSE
                  : ca != s_ca (self) && ca != 0xFFFF ? UNKNOWN_CA
                  : !s_place (self, row, ioa, &m)     ? UNKNOWN_IOA
                                                      : 0;
    if (why) {
        s_mirror (self, asdu, size, why | NEGATIVE);
    } else {
        s_carry_out (self, asdu, size, m, turn);
    }
}

//  ---- The contract ----

//  What the last connection did not bring over goes first on the next one: a negative time says it was said before.
static void s_connected (void *state, field_turn_t *turn)
{
    station_t *self = state;
    report_t kept[RING];
    uint32_t count = 0;
    for (unsigned i = 0; i < s_outstanding (self); i++) {
        const report_t *report = &self->sent[(self->ack + i) % RING];
        if (report->report) {
            kept[count] = *report;
            kept[count++].time_ms = -report->time_ms;
        }
    }
    for (uint32_t i = 0; i < self->waiting_count && count < RING; i++) {
        kept[count++] = self->waiting[i];
    }
    memcpy (self->waiting, kept, count * sizeof *kept);
    self->waiting_count = count;
    self->broken = self->started = self->stop_wanted = false;
    self->vs = self->vr = self->ack = self->told = 0;
    self->answer_count = 0;
    self->job = 0;
    self->selected = 0;
    self->unacked_ms = self->test_ms = 0;
    self->rx_ms = turn->wall_ms;
}

static void s_take_ack (station_t *self, uint16_t nr, field_turn_t *turn)
{
    if ((unsigned) (nr - self->ack) % NUMBERS > s_outstanding (self)) {
        self->broken = true;
        return;
    }
    while (self->ack != nr) {
        uint32_t report = self->sent[self->ack % RING].report;
        self->ack = (uint16_t) ((self->ack + 1) % NUMBERS);
        if (report && turn->confirmed) {
            turn->confirmed (turn->arg, report);
        }
    }
}

static void s_take_u (station_t *self, uint8_t function, field_turn_t *turn)
{
    switch (function) {
    case STARTDT:
        self->started = true;
        self->report_at_ms = turn->wall_ms + REPORT_MS;
        s_u (CON_STARTDT, turn);
        break;
    case STOPDT:
        self->stop_wanted = self->started;
        break;
    case TESTFR:
        s_u (CON_TESTFR, turn);
        break;
    case CON_TESTFR:
        self->test_ms = 0;
        break;
    default:
        self->broken = true;
        break;
    }
}

static void s_take_i (station_t *self, const uint8_t *frame, size_t size, field_turn_t *turn)
{
    uint16_t ns = (uint16_t) (frame[2] >> 1 | frame[3] << 7);
    s_take_ack (self, (uint16_t) (frame[4] >> 1 | frame[5] << 7), turn);
    if (ns != self->vr || !self->started || size < 6 + 9) {
        self->broken = true;
        return;
    }
    self->vr = (uint16_t) ((self->vr + 1) % NUMBERS);
    self->unacked_ms = self->unacked_ms ? self->unacked_ms : turn->wall_ms;
    s_asked (self, frame + 6, size - 6, turn);
}

static void s_take (station_t *self, const uint8_t *frame, size_t size, field_turn_t *turn)
{
    self->rx_ms = turn->wall_ms;
    if (!(frame[2] & 1)) {
        s_take_i (self, frame, size, turn);
    } else if ((frame[2] & 3) == 1) {
        s_take_ack (self, (uint16_t) (frame[4] >> 1 | frame[5] << 7), turn);
    } else {
        s_take_u (self, frame[2], turn);
    }
    s_pump (self, turn);
    if ((unsigned) (self->vr - self->told) % NUMBERS >= W || self->stop_wanted) {
        s_s (self, turn);
    }
    if (self->stop_wanted && !s_outstanding (self) && !self->broken) {
        self->stop_wanted = self->started = false;
        s_u (CON_STOPDT, turn);
    }
}

static size_t s_input (void *state, const uint8_t *bytes, size_t size, field_turn_t *turn)
{
    station_t *self = state;
    size_t used = 0;
    while (size - used >= 2 && !self->broken) {
        size_t length = (size_t) bytes[used + 1] + 2;
        if (bytes[used] != 0x68 || length < 6 || length > FRAME_MAX) {
            self->broken = true;
        } else if (size - used < length) {
            break;
        } else {
            s_take (self, bytes + used, length, turn);
            used += length;
        }
    }
    return self->broken ? size : used;
}

static void s_make_report (station_t *self, field_turn_t *turn)
{
    const report_t report = {.report = ++self->reports,
                             .mp = (uint16_t) (1 + self->reports % self->meters),
                             .time_ms = turn->wall_ms};
    s_wait (self, &report);
    self->report_at_ms = turn->wall_ms + REPORT_MS;
}

static int64_t s_tick (void *state, field_turn_t *turn)
{
    const int64_t step_ms = 500;
    station_t *self = state;
    bool late = s_outstanding (self) && turn->wall_ms - self->sent_ms[self->ack % RING] > T1_MS;
    self->broken = self->broken || late || (self->test_ms && turn->wall_ms - self->test_ms > T1_MS);
    if (self->broken) {
        return turn->wall_ms + T1_MS;
    }
    if (self->started && !self->stopping && self->meters && !self->waiting_count &&
        turn->wall_ms >= self->report_at_ms) {
        s_make_report (self, turn);
    }
    s_pump (self, turn);
    if (self->unacked_ms && turn->wall_ms - self->unacked_ms >= T2_MS) {
        s_s (self, turn);
    }
    if (!self->test_ms && turn->wall_ms - self->rx_ms >= T3_MS) {
        s_u (TESTFR, turn);
        self->test_ms = turn->wall_ms;
    }
    return turn->wall_ms + step_ms;
}

static bool s_stop (void *state)
{
    station_t *self = state;
    bool open = self->waiting_count > 0;
    for (unsigned i = 0; i < s_outstanding (self); i++) {
        open = open || self->sent[(self->ack + i) % RING].report;
    }
    self->stopping = true;
    return !open;
}

const field_device_t field_iec104 = {.name = "iec104",
                                     .codec = "iec104",
                                     .carried = "",
                                     .profile = "field_iec104",
                                     .state_size = sizeof (station_t),
                                     .start = s_start,
                                     .address = s_address,
                                     .meter = s_meter,
                                     .connected = s_connected,
                                     .input = s_input,
                                     .tick = s_tick,
                                     .stop = s_stop};
