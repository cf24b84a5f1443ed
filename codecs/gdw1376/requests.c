//  Requests to the terminal: AFN 0C, 0D and 0E. Points are turned back into Fn by the compiled map.
#include "codecs/gdw1376/parts.h"
#include "fep/clock.h"

//  C: downward, initiating, FCV 0, function 11 (class-2 data), which terminals take for every AFN.
enum {
    CONTROL_REQUEST = 0x4B,
    MSA = 1,            //  Our master station address
    UNITS_MAX = 8,      //  Units a frame at most
    REPLY_MAX = 800,    //  Expected bytes of a reply; terminals keep frames near 1 KB
    TARIFFS_USUAL = 4,  //  M assumed for the size of a reply
    CURVE_POINTS = 96,  //  Values a unit at most: a day
    DENSITY = 1,        //  15 min
    PLAN_MAX = REQUEST_POINTS_MAX
};

#define DAY_MS 86400000
#define CURVE_STEP_MS 900000

//  The layouts that together cover the points of a request.
typedef struct {
    const gdw_layout_t *layouts[PLAN_MAX];  //  In the order they are asked
    size_t count;
} plan_t;

static bool s_covers (const gdw_layout_t *layout, uint32_t point)
{
    for (size_t i = 0; i < layout->count; i++) {
        const gdw_field_t *field = &gdw_fields[layout->first + i];
        bool same = field->point == point;
        if (field->repeat == REPEAT_TARIFFS) {
            same = field->point == (point & ~0xFFu);
        }
        if (same && point && field->role == ROLE_VALUE) {
            return true;
        }
    }
    return false;
}

//  Expected bytes of the reply, DA and DT included.
static size_t s_reply_size (const gdw_layout_t *layout, size_t values)
{
    return 4u + 7u + layout->fixed * values + (size_t) layout->per_tariff * (TARIFFS_USUAL + 1);
}

static bool s_askable (const gdw_layout_t *layout, const request_t *request, uint8_t afn)
{
    uint8_t freeze = request->kind == REQUEST_READ ? FREEZE_NONE : request->freeze;
    return layout->afn == afn && layout->freeze == freeze &&
           (layout->subject == SUBJECT_TERMINAL) == (request->mp == 0);
}

//  The layout that covers the most of the missing points; of equals the one with the shorter reply.
static const gdw_layout_t *s_best (const request_t *request, uint8_t afn, uint32_t missing,
                                   uint32_t *covered)
{
    const gdw_layout_t *best = NULL;
    int most = 0;
    for (size_t i = 0; i < gdw_layout_count; i++) {
        const gdw_layout_t *layout = &gdw_layouts[i];
        uint32_t mask = 0;
        for (unsigned p = 0; s_askable (layout, request, afn) && p < request->point_count; p++) {
            if (missing & 1u << p && s_covers (layout, request->points[p])) {
                mask |= 1u << p;
            }
        }
        int count = __builtin_popcount (mask);
        if (count > most ||
            (count && count == most && s_reply_size (layout, 1) < s_reply_size (best, 1))) {
            best = layout;
            most = count;
            *covered = mask;
        }
    }
    return best;
}

static fep_err_t s_plan (const request_t *request, uint8_t afn, plan_t *plan)
{
    plan->count = 0;
    if (request->point_count == 0 || request->point_count > REQUEST_POINTS_MAX) {
        return FEP_RANGE;
    }
    uint32_t missing = (uint32_t) ((1ull << request->point_count) - 1);
    while (missing) {
        uint32_t covered = 0;
        const gdw_layout_t *layout = s_best (request, afn, missing, &covered);
        if (!layout) {
            return FEP_UNSUPPORTED;
        }
        plan->layouts[plan->count++] = layout;
        missing &= ~covered;
    }
    return FEP_OK;
}

//  The instants of a frozen request: how many, and the first.
typedef struct {
    uint64_t count;    //  Days, months, or pieces of the curve
    int64_t first_ms;  //  First instant not before from
    uint64_t values;   //  Curve: values in all
    int month;         //  Months: of the first instant, counted from year 0
} instants_t;

static int64_t s_civil_ms (int year, int month, int day)
{
    clock_civil_t civil = {year, month, day, 0, 0, 0};
    int64_t utc_ms = 0;
    (void) clock_from_civil (&civil, &utc_ms);
    return utc_ms;
}

static int64_t s_round_up (int64_t utc_ms, int64_t step)
{
    int64_t local = utc_ms + (int64_t) clock_offset_min () * 60000;
    int64_t rest = ((local % step) + step) % step;
    return rest ? utc_ms + step - rest : utc_ms;
}

static void s_months (const request_t *request, instants_t *instants)
{
    clock_civil_t from;
    clock_civil_t to;
    clock_to_civil (s_round_up (request->from_ms, DAY_MS), &from);
    clock_to_civil (request->to_ms, &to);
    instants->month = from.year * 12 + from.month - 1 + (from.day > 1);
    int last = to.year * 12 + to.month - 1;
    instants->count = last >= instants->month ? (uint64_t) (last - instants->month) + 1 : 0;
}

static fep_err_t s_instants (const request_t *request, instants_t *instants)
{
    *instants = (instants_t){0, 0, 0, 0};
    if (request->from_ms < s_civil_ms (2000, 1, 1) || request->to_ms < request->from_ms ||
        request->to_ms > s_civil_ms (2099, 12, 31)) {
        return FEP_RANGE;
    }
    int64_t step = request->freeze == FREEZE_DAY ? DAY_MS : CURVE_STEP_MS;
    int64_t first = s_round_up (request->from_ms, step);
    instants->first_ms = first;
    uint64_t count = request->to_ms >= first ? (uint64_t) ((request->to_ms - first) / step) + 1 : 0;
    if (request->freeze == FREEZE_MONTH) {
        s_months (request, instants);
    } else if (request->freeze == FREEZE_DAY) {
        instants->count = count;
    } else if (request->freeze == FREEZE_CURVE) {
        instants->values = count;
        instants->count = (count + CURVE_POINTS - 1) / CURVE_POINTS;
    } else {
        return FEP_UNSUPPORTED;
    }
    return instants->count ? FEP_OK : FEP_RANGE;
}

static void s_put_bcd (writer_t *out, int two)
{
    writer_u8 (out, (uint8_t) (two / 10 % 10 << 4 | two % 10));
}

//  Values asked by piece i of a curve.
static size_t s_piece (const instants_t *instants, uint64_t i)
{
    uint64_t left = instants->values - i * CURVE_POINTS;
    return left < CURVE_POINTS ? (size_t) left : CURVE_POINTS;
}

//  Td of instant i. It names the day or month that ended with it.
static void s_put_td (writer_t *out, const request_t *request, const instants_t *instants,
                      uint64_t i)
{
    clock_civil_t civil;
    if (request->freeze == FREEZE_MONTH) {
        int month = instants->month + (int) i - 1;
        s_put_bcd (out, month % 12 + 1);
        s_put_bcd (out, month / 12);
        return;
    }
    if (request->freeze == FREEZE_DAY) {
        clock_to_civil (instants->first_ms + ((int64_t) i - 1) * DAY_MS, &civil);
    } else {
        clock_to_civil (instants->first_ms + (int64_t) i * CURVE_POINTS * CURVE_STEP_MS, &civil);
        s_put_bcd (out, civil.minute);
        s_put_bcd (out, civil.hour);
    }
    s_put_bcd (out, civil.day);
    s_put_bcd (out, civil.month);
    s_put_bcd (out, civil.year);
    if (request->freeze == FREEZE_CURVE) {
        writer_u8 (out, DENSITY);
        writer_u8 (out, (uint8_t) s_piece (instants, i));
    }
}

//  Units of the plan from step request->done on. Returns the step to go on with.
static uint64_t s_put_steps (writer_t *out, const request_t *request, const plan_t *plan,
                             const instants_t *instants)
{
    bool frozen = request->kind == REQUEST_READ_FROZEN;
    uint64_t steps = plan->count * (frozen ? instants->count : 1);
    uint64_t step = request->done;
    size_t expected = 0;
    for (size_t units = 0; step < steps && units < UNITS_MAX; units++, step++) {
        const gdw_layout_t *layout = plan->layouts[step % plan->count];
        uint64_t instant = step / plan->count;
        bool curve = layout->td == TD_CURVE;
        expected += s_reply_size (layout, curve ? s_piece (instants, instant) : 1);
        if (units && expected > REPLY_MAX) {
            break;
        }
        gdw_put_unit (out, request->mp, layout->fn);
        if (frozen) {
            s_put_td (out, request, instants, instant);
        }
    }
    return step;
}

static void s_put_events (writer_t *out, const request_t *request)
{
    gdw_put_unit (out, 0, request->event_important ? 1 : 2);
    writer_u8 (out, (uint8_t) request->event_from);
    writer_u8 (out, (uint8_t) request->event_to);
}

//  What the request needs before a frame is begun.
static fep_err_t s_prepare (const request_t *request, uint8_t afn, plan_t *plan,
                            instants_t *instants, uint64_t *steps)
{
    *steps = 1;
    if (afn == AFN_EVENTS) {
        return FEP_OK;
    }
    fep_err_t error = s_plan (request, afn, plan);
    if (!error && afn == AFN_HISTORY) {
        error = s_instants (request, instants);
    }
    if (!error) {
        *steps = plan->count * (afn == AFN_HISTORY ? instants->count : 1);
    }
    return error;
}

fep_err_t gdw_encode (void *self, request_t *request, codec_io_t *io)
{
    static const uint8_t afns[] = {[REQUEST_READ] = AFN_CURRENT,
                                   [REQUEST_READ_FROZEN] = AFN_HISTORY,
                                   [REQUEST_READ_EVENTS] = AFN_EVENTS};
    gdw_state_t *state = self;
    plan_t plan = {.count = 0};
    instants_t instants = {0, 0, 0, 0};
    uint64_t steps;
    if ((unsigned) request->kind >= sizeof afns) {
        return FEP_UNSUPPORTED;
    }
    if (state->protocol == 0 || request->finished) {
        return FEP_NOT_FOUND;
    }
    uint8_t afn = afns[request->kind];
    fep_err_t error = s_prepare (request, afn, &plan, &instants, &steps);
    if (error) {
        return error;
    }
    uint8_t address[GDW_ADDRESS];
    memcpy (address, state->address, GDW_ADDRESS);
    address[4] = MSA << 1;
    uint8_t pseq = state->pfc & 0x0F;
    size_t mark = gdw_frame_open (io->send, state->protocol, CONTROL_REQUEST, address, afn,
                                  (uint8_t) (GDW_FIR | GDW_FIN | pseq));
    uint64_t step = 1;
    if (afn == AFN_EVENTS) {
        s_put_events (io->send, request);
    } else {
        step = s_put_steps (io->send, request, &plan, &instants);
    }
    gdw_frame_close (io->send, mark);
    if (io->send->failed) {
        return FEP_FULL;
    }
    state->pfc++;
    state->asking = true;
    state->asked_afn = afn;
    state->asked_seq = pseq;
    request->done = (uint32_t) step;
    request->finished = step >= steps;
    return FEP_OK;
}
