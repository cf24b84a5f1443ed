//  Reads: points are turned back into Fn by the compiled map, spans of time into Td.
//
//  Without points: what the profile reads, as far as a Fn of the asked kind carries it; else power, voltage and the two
//  active registers of a meter, its two active registers of days and months, its active power as a curve, and the
//  clock of the terminal itself.
//
//  Of several measuring points each has units of its own, one point and one Fn each, all of one point before those of
//  the next: combined bits are answered in an order of the terminal's.
#include "codecs/gdw1376/parts.h"

enum {
    UNITS_MAX = 8,      //  Units a frame at most
    UNITS_MANY = 32,    //  Of several measuring points
    REPLY_MAX = 800,    //  Expected bytes of a reply; terminals keep frames near 1 KB
    TARIFFS_USUAL = 4,  //  M assumed for the size of a reply
    DENSITY = 1,        //  15 min
    POINTS_MAX = PROFILE_POINTS_MAX,
    CURVE_STEP_MS = 900000,
    DAY_MS = 86400000
};

//  What is to be read.
typedef struct {
    const request_t *request;
    const zone_t *zone;      //  Of the terminal's clock
    const uint32_t *points;  //  Wanted
    size_t count;            //  At most POINTS_MAX
    bool strict;             //  Each of them must be had
} wanted_t;

//  The layouts that together cover the points, those of one AFN together.
typedef struct {
    const gdw_layout_t *layouts[POINTS_MAX];
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

static bool s_askable (const gdw_layout_t *layout, const request_t *request)
{
    bool frozen = request->kind == REQUEST_READ_FROZEN;
    return (layout->afn == AFN_HISTORY) == frozen &&
           layout->freeze == (frozen ? request->freeze : FREEZE_NONE) &&
           (layout->subject == SUBJECT_TERMINAL) == (request->mp == 0);
}

//  The layout that covers the most of the missing points; of equals the one with the shorter reply.
static const gdw_layout_t *s_best (const wanted_t *wanted, uint64_t missing, uint64_t *covered)
{
    const gdw_layout_t *best = NULL;
    int most = 0;
    for (size_t i = 0; i < gdw_layout_count; i++) {
        const gdw_layout_t *layout = &gdw_layouts[i];
        uint64_t mask = 0;
        for (unsigned p = 0; s_askable (layout, wanted->request) && p < wanted->count; p++) {
            if (missing & 1ull << p && s_covers (layout, wanted->points[p])) {
                mask |= 1ull << p;
            }
        }
        int count = __builtin_popcountll (mask);
        if (count > most ||
            (count && count == most && s_reply_size (layout, 1) < s_reply_size (best, 1))) {
            best = layout;
            most = count;
            *covered = mask;
        }
    }
    return best;
}

//  Behind the last layout of its AFN, else at the end.
static void s_add (plan_t *plan, const gdw_layout_t *layout)
{
    size_t at = plan->count;
    while (at > 0 && plan->layouts[at - 1]->afn != layout->afn) {
        at--;
    }
    at = at ? at : plan->count;
    memmove (&plan->layouts[at + 1], &plan->layouts[at],
             (plan->count - at) * sizeof *plan->layouts);
    plan->layouts[at] = layout;
    plan->count++;
}

static fep_err_t s_plan (const wanted_t *wanted, plan_t *plan)
{
    plan->count = 0;
    if (wanted->count == 0 || wanted->count > POINTS_MAX) {
        return FEP_RANGE;
    }
    uint64_t missing = wanted->count == 64 ? ~0ull : (1ull << wanted->count) - 1;
    while (missing) {
        uint64_t covered = 0;
        const gdw_layout_t *layout = s_best (wanted, missing, &covered);
        if (!layout) {
            break;
        }
        s_add (plan, layout);
        missing &= ~covered;
    }
    return plan->count == 0 || (missing && wanted->strict) ? FEP_UNSUPPORTED : FEP_OK;
}

//  Which points: the request's, the profile's, or the usual ones.
static wanted_t s_wanted (const request_t *request, const codec_io_t *io)
{
    static const uint32_t current[] = {POINT (1, 0, 16, 7, 0), POINT (1, 0, 32, 7, 0),
                                       POINT (1, 0, 1, 8, 0), POINT (1, 0, 2, 8, 0)};
    static const uint32_t registers[] = {POINT (1, 0, 1, 8, 0), POINT (1, 0, 2, 8, 0)};
    static const uint32_t curve[] = {POINT (1, 0, 16, 7, 0)};
    static const uint32_t clock[] = {POINT (0, 0, 1, 0, 0)};
    wanted_t wanted = {request, io->options->zone, request->points, request->point_count, true};
    if (wanted.count) {
        return wanted;
    }
    wanted.strict = false;
    if (io->profile && io->profile->point_count) {
        wanted.points = io->profile->points;
        wanted.count = io->profile->point_count;
    } else if (request->mp == 0) {
        wanted.points = clock;
        wanted.count = 1;
    } else if (request->kind == REQUEST_READ) {
        wanted.points = current;
        wanted.count = sizeof current / sizeof *current;
    } else {
        bool is_curve = request->freeze == FREEZE_CURVE;
        wanted.points = is_curve ? curve : registers;
        wanted.count = is_curve ? 1 : 2;
    }
    return wanted;
}

fep_err_t gdw_fns_of (const request_t *request, const codec_io_t *io, uint16_t fns[], size_t *count)
{
    plan_t plan;
    wanted_t wanted = s_wanted (request, io);
    fep_err_t error = s_plan (&wanted, &plan);
    *count = error ? 0 : plan.count;
    for (size_t i = 0; i < *count; i++) {
        fns[i] = plan.layouts[i]->fn;
    }
    return error;
}

//  The instants of a frozen request. Days are counted from 1970, months from year 0: a calendar has no hours.
typedef struct {
    uint64_t count;   //  Days, months, or pieces of the curve, one for each day it touches
    int64_t day;      //  Of the first instant
    int month;        //  Likewise
    int64_t from_ms;  //  Curve: first value
    int64_t to_ms;    //  and a time not before the last
} instants_t;

static int64_t s_shift_ms (void)
{
    return (int64_t) clock_offset_min () * 60000;
}

static int64_t s_day_of (const clock_civil_t *civil)
{
    clock_civil_t day = {civil->year, civil->month, civil->day, 0, 0, 0};
    int64_t ms = 0;
    (void) clock_from_civil (&day, &ms);
    return (ms + s_shift_ms ()) / DAY_MS;
}

static clock_civil_t s_date_of (int64_t day)
{
    clock_civil_t civil;
    clock_to_civil (day * DAY_MS - s_shift_ms (), &civil);
    return civil;
}

//  When a day of the zone begins.
static int64_t s_midnight (const zone_t *zone, int64_t day)
{
    clock_civil_t civil = s_date_of (day);
    int64_t utc_ms = 0;
    (void) zone_utc (zone, &civil, ZONE_EARLIER, &utc_ms);
    return utc_ms;
}

static int64_t s_month_begin (const zone_t *zone, int month)
{
    clock_civil_t civil = {month / 12, month % 12 + 1, 1, 0, 0, 0};
    int64_t utc_ms = 0;
    (void) zone_utc (zone, &civil, ZONE_EARLIER, &utc_ms);
    return utc_ms;
}

//  The first quarter of an hour that is not before.
static int64_t s_round_up (const zone_t *zone, int64_t utc_ms)
{
    clock_civil_t civil;
    (void) zone_civil (zone, utc_ms, &civil);
    int64_t rest = (civil.minute % 15 * 60 + civil.second) * 1000 + utc_ms % 1000;
    return rest ? utc_ms + CURVE_STEP_MS - rest : utc_ms;
}

static uint64_t s_count (int64_t first, int64_t last)
{
    return last >= first ? (uint64_t) (last - first) + 1 : 0;
}

static fep_err_t s_instants (const wanted_t *wanted, instants_t *instants)
{
    const request_t *request = wanted->request;
    const zone_t *zone = wanted->zone;
    clock_civil_t from, to;
    if (request->from_ms < s_month_begin (zone, 2000 * 12) || request->to_ms < request->from_ms ||
        request->to_ms >= s_month_begin (zone, 2100 * 12)) {
        return FEP_RANGE;
    }
    int64_t from_ms = request->from_ms;
    from_ms = request->freeze == FREEZE_CURVE ? s_round_up (zone, from_ms) : from_ms;
    (void) zone_civil (zone, from_ms, &from);
    (void) zone_civil (zone, request->to_ms, &to);
    *instants =
        (instants_t){0, s_day_of (&from), from.year * 12 + from.month - 1, from_ms, request->to_ms};
    if (request->freeze == FREEZE_DAY) {
        instants->day += s_midnight (zone, instants->day) < from_ms;
        instants->count = s_count (instants->day, s_day_of (&to));
    } else if (request->freeze == FREEZE_MONTH) {
        instants->month += s_month_begin (zone, instants->month) < from_ms;
        instants->count = s_count (instants->month, to.year * 12 + to.month - 1);
    } else if (request->freeze == FREEZE_CURVE) {
        instants->count = from_ms <= request->to_ms ? s_count (instants->day, s_day_of (&to)) : 0;
    } else {
        return FEP_UNSUPPORTED;
    }
    return instants->count ? FEP_OK : FEP_RANGE;
}

static void s_put_bcd (writer_t *out, int two)
{
    writer_u8 (out, (uint8_t) (two / 10 % 10 << 4 | two % 10));
}

//  Piece i of a curve: its first value, and how many. A day of 23 or 25 hours has 92 or 100.
static size_t s_piece (const wanted_t *wanted, const instants_t *instants, uint64_t i,
                       int64_t *first_ms)
{
    int64_t day = instants->day + (int64_t) i;
    int64_t end_ms = s_midnight (wanted->zone, day + 1) - 1;
    *first_ms = i ? s_midnight (wanted->zone, day) : instants->from_ms;
    end_ms = end_ms < instants->to_ms ? end_ms : instants->to_ms;
    return (size_t) s_count (0, (end_ms - *first_ms) / CURVE_STEP_MS);
}

//  Td of instant i. It names the day or month that ended with it. Of a curve: its first value, density, how many.
static void s_put_td (writer_t *out, const wanted_t *wanted, const instants_t *instants, uint64_t i)
{
    uint8_t freeze = wanted->request->freeze;
    clock_civil_t civil = s_date_of (instants->day + (int64_t) i - 1);
    size_t values = 0;
    if (freeze == FREEZE_MONTH) {
        int month = instants->month + (int) i - 1;
        s_put_bcd (out, month % 12 + 1);
        s_put_bcd (out, month / 12);
        return;
    }
    if (freeze == FREEZE_CURVE) {
        int64_t first_ms;
        values = s_piece (wanted, instants, i, &first_ms);
        (void) zone_civil (wanted->zone, first_ms, &civil);
        s_put_bcd (out, civil.minute);
        s_put_bcd (out, civil.hour);
    }
    s_put_bcd (out, civil.day);
    s_put_bcd (out, civil.month);
    s_put_bcd (out, civil.year);
    if (freeze == FREEZE_CURVE) {
        writer_u8 (out, DENSITY);
        writer_u8 (out, (uint8_t) values);
    }
}

//  Steps go through the layouts, of each instant, of each measuring point.
typedef struct {
    const gdw_layout_t *layout;
    uint64_t instant;  //  Number
    uint16_t mp;       //  Measuring point
} step_t;

static step_t s_step (const request_t *request, const plan_t *plan, uint64_t instants, uint64_t i)
{
    uint64_t of_one = plan->count * instants;
    uint16_t mp = request->mp_count ? request->mps[i / of_one] : request->mp;
    return (step_t){plan->layouts[i % plan->count], i % of_one / plan->count, mp};
}

//  Units of the plan from step `done` on, of one AFN. Returns the step to go on with.
static uint64_t s_put_steps (gdw_ask_t *ask, const wanted_t *wanted, const plan_t *plan,
                             const instants_t *instants, uint64_t steps)
{
    const request_t *request = wanted->request;
    bool frozen = request->kind == REQUEST_READ_FROZEN;
    uint64_t step = request->done;
    size_t expected = 0;
    size_t most = request->mp_count > 1 ? UNITS_MANY : UNITS_MAX;
    ask->afn = plan->layouts[step % plan->count]->afn;
    for (size_t units = 0; step < steps && units < most; units++, step++) {
        step_t at = s_step (request, plan, instants->count, step);
        const gdw_layout_t *layout = at.layout;
        int64_t ignored;
        bool curve = layout->td == TD_CURVE;
        expected +=
            s_reply_size (layout, curve ? s_piece (wanted, instants, at.instant, &ignored) : 1);
        if (units && (expected > REPLY_MAX || layout->afn != ask->afn)) {
            break;
        }
        gdw_put_unit (&ask->units, at.mp, layout->fn);
        if (frozen) {
            s_put_td (&ask->units, wanted, instants, at.instant);
        }
    }
    return step;
}

fep_err_t gdw_ask_read (const request_t *request, const codec_io_t *io, gdw_ask_t *ask)
{
    plan_t plan;
    instants_t instants = {.count = 1};
    wanted_t wanted = s_wanted (request, io);
    fep_err_t error = s_plan (&wanted, &plan);
    if (!error && request->kind == REQUEST_READ_FROZEN) {
        error = s_instants (&wanted, &instants);
    }
    if (error) {
        return error;
    }
    uint64_t of_one = plan.count * instants.count;
    uint64_t steps = of_one * (request->mp_count ? request->mp_count : 1u);
    if (request->mp_count > REQUEST_MPS_MAX) {
        return FEP_RANGE;
    }
    if (request->done >= steps) {
        return FEP_NOT_FOUND;
    }
    ask->done = (uint32_t) s_put_steps (ask, &wanted, &plan, &instants, steps);
    ask->finished = ask->done >= steps;
    ask->mps_over = (uint8_t) (ask->done / of_one);
    return FEP_OK;
}
