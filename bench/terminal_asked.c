//  Requests of Q/GDW 1376.1 and answers to them, from the terminal's side.
//
//  A unit of a request is DA, DT and, of class 2 F161, the day (A.20). DA and DT may name several measuring points and
//  functions by their bits: each pair is a unit of its own in the answer, points first. Behind a unit of control stand
//  its data (F1: one byte, alarm and length of the trip; F2: none), behind all of them PW.
#include "bench/terminal_asked.h"
#include "bench/terminal_gdw1376.h"

#define HEAD 6
#define TAIL 2
#define C_ANSWER 0x88    //  Up, answering, user data
#define C_DONE 0x80      //  Up, answering, confirmed
#define SEQ_SINGLE 0x60  //  First, final
#define AFN_CONFIRM 0x00
#define AFN_CONTROL 0x05
#define AFN_CURRENT 0x0C
#define AFN_FROZEN 0x0D
#define F_TRIP 1
#define F_PERMIT 2
#define F_CURRENT 25
#define F_DAY 161
#define OUTPUTS 8
#define PW 16

//  Minutes from 1970 to the day's first minute in local time.
static int64_t s_day (const uint8_t *at)
{
    int64_t y = 2000 + (int64_t) sim_number (at[2]), m = sim_number (at[1]), d = sim_number (at[0]);
    y -= m <= 2 ? 1 : 0;
    int64_t era = y / 400, yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    int64_t days = era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
    return days * 1440 - terminal_offset_min ();
}

static void s_unit (asked_request_t *request, uint16_t mp, unsigned function, int64_t minute)
{
    if (request->count == ASKED_UNITS_MAX) {
        return;
    }
    bool current = request->afn == AFN_CURRENT && function == F_CURRENT;
    bool day = request->afn == AFN_FROZEN && function == F_DAY;
    bool output = request->afn == AFN_CONTROL && mp <= OUTPUTS &&
                  (function == F_TRIP || function == F_PERMIT);
    request->units[request->count++] =
        (asked_unit_t){.report = {minute, mp, day ? REPORT_DAY : REPORT_CURRENT},
                       .known = mp && (current || day || output),
                       .trips = output && function == F_TRIP};
}

static void s_units (asked_request_t *request, const uint8_t da[2], const uint8_t dt[2],
                     int64_t minute)
{
    for (unsigned p = 0; p < 8; p++) {
        for (unsigned f = 0; f < 8; f++) {
            bool whole = da[0] == 0 && da[1] == 0 && p == 0;
            if ((da[0] >> p & 1 || whole) && dt[0] >> f & 1) {
                uint16_t mp = (uint16_t) (whole ? 0 : (da[1] - 1) * 8 + (int) p + 1);
                s_unit (request, mp, dt[1] * 8u + f + 1, minute);
            }
        }
    }
}

//  Behind units of control from `before` on: a byte for each output that is tripped.
static void s_lengths (const asked_request_t *request, size_t before, reader_t *in)
{
    for (size_t i = before; i < request->count; i++) {
        (void) reader_take (in, request->units[i].trips ? 1 : 0);
    }
}

//  PW behind all units of control. Another one, or what is not understood before it: nothing is known.
static void s_password (asked_request_t *request, reader_t *in)
{
    bool right = reader_left (in) == PW;
    while (reader_left (in) > 0) {
        right = reader_u8 (in) == 0 && right;
    }
    for (size_t i = 0; i < request->count; i++) {
        request->units[i].known = request->units[i].known && right;
    }
}

bool asked_read (bytes_t frame, asked_request_t *request)
{
    if (frame.size < HEAD + 8 + TAIL) {
        return false;
    }
    reader_t in = reader_of (bytes_of (frame.data + HEAD, frame.size - HEAD - TAIL));
    (void) reader_take (&in, 5);
    request->msa = reader_u8 (&in);
    request->afn = reader_u8 (&in);
    request->sequence = reader_u8 (&in) & 0x0F;
    request->count = 0;
    size_t behind = asked_controls (request) ? PW : 0;
    while (reader_left (&in) >= 4 + behind) {
        const uint8_t *da = reader_take (&in, 2);
        const uint8_t *dt = reader_take (&in, 2);
        size_t before = request->count;
        int64_t minute = 0;
        if (request->afn == AFN_FROZEN) {
            const uint8_t *day = reader_take (&in, 3);
            if (!day) {
                return false;
            }
            minute = s_day (day);
        }
        s_units (request, da, dt, minute);
        s_lengths (request, before, &in);
    }
    if (asked_controls (request)) {
        s_password (request, &in);
    }
    return !in.failed && request->count > 0;
}

bool asked_controls (const asked_request_t *request)
{
    return request->afn == AFN_CONTROL;
}

asked_answer_t asked_open (uint32_t address, const asked_request_t *request, writer_t *out)
{
    sim_head_t head = {C_ANSWER, request->msa, request->afn,
                       (uint8_t) (SEQ_SINGLE | request->sequence)};
    return (asked_answer_t){out, sim_open (out, address, &head).start};
}

void asked_put (asked_answer_t *answer, uint32_t address, const report_t *report, bool value)
{
    if (report->kind == REPORT_DAY) {
        sim_put_day (answer->out, address, report, value);
    } else {
        sim_put_current (answer->out, address, report, value);
    }
}

void asked_close (asked_answer_t *answer, bool damaged)
{
    sim_frame_t frame = {answer->out, answer->start};
    sim_close (&frame);
    if (damaged && !answer->out->failed) {
        answer->out->data[answer->out->size - TAIL] ^= 0x55;
    }
}

static void s_say (uint32_t address, const asked_request_t *request, uint8_t control,
                   unsigned function, writer_t *out)
{
    sim_head_t head = {control, request->msa, AFN_CONFIRM,
                       (uint8_t) (SEQ_SINGLE | request->sequence)};
    sim_frame_t frame = sim_open (out, address, &head);
    sim_put_unit (out, 0, function);
    sim_close (&frame);
}

void asked_confirm (uint32_t address, const asked_request_t *request, writer_t *out)
{
    s_say (address, request, C_DONE, 1, out);
}

void asked_deny (uint32_t address, const asked_request_t *request, writer_t *out)
{
    s_say (address, request, C_ANSWER, 2, out);
}
