//  Reading: points are turned back into DIs by the map. Members of one list or tariffs of one register are asked for
//  as a block, and one by one if the meter refuses that.
#include "codecs/dlt645/parts.h"
#include "fep/point.h"

enum {
    PLAN_MAX = PROFILE_POINTS_MAX + 1,
    SUBS = 64,                   //  Members of a step at most
    NTH_MAX = 62,                //  Daily freezes a meter keeps at most
    SETTLEMENT_DI = 0x04000B01,  //  First settlement day: hh DD
    OLD_SETTLEMENT_DI = 0xC117   //  Likewise
};

#define POINT_CLOCK POINT (0, 0, 1, 0, 0)
#define POINT_TIME POINT (1, 0, 0, 9, 1)
#define POINT_DATE POINT (1, 0, 0, 9, 2)
#define DAY_MS 86400000

//  One DI, or all members of one that are wanted.
typedef struct {
    const dlt_row_t *row;  //  NULL: the address is asked for
    uint8_t asked;         //  dlt_asked_t
    uint8_t period;        //  Settlement
    uint64_t members;      //  Bit per tariff or member
} step_t;

typedef struct {
    step_t steps[PLAN_MAX];  //  In the order they are asked
    size_t count;
    size_t lead;  //  Frames before them, for each instant
    bool old;     //  Edition
} plan_t;

//  Where a request stands.
typedef struct {
    uint32_t instant, step, sub;  //  step counts the lead, too
    int64_t target_ms;            //  Of the instant
    uint8_t nth;                  //  Freeze or settlement period of it
} place_t;

//  ---- The plan ----

static bool s_askable (const dlt_row_t *row, const request_t *request, uint8_t period)
{
    bool day = request->kind == REQUEST_READ_FROZEN && request->freeze == FREEZE_DAY;
    bool settled = row->period_at != DLT_NOWHERE || row->period == period;
    return !row->only_heard && (day ? row->freeze == FREEZE_DAY : !row->freeze && settled);
}

static const dlt_row_t *s_row (const plan_t *plan, const request_t *request, uint32_t point,
                               uint8_t period, uint8_t *member)
{
    for (size_t i = 0; i < dlt_row_count; i++) {
        const dlt_row_t *row = &dlt_rows[i];
        if (row->old == plan->old && s_askable (row, request, period) &&
            dlt_row_brings (row, point, member)) {
            return row;
        }
    }
    return NULL;
}

static void s_add (plan_t *plan, const dlt_row_t *row, uint8_t asked, uint8_t period,
                   uint8_t member)
{
    for (size_t i = 0; i < plan->count; i++) {
        step_t *step = &plan->steps[i];
        if (step->row == row && step->asked == asked && step->period == period) {
            step->members |= 1ull << member;
            return;
        }
    }
    if (plan->count < PLAN_MAX) {
        plan->steps[plan->count++] = (step_t){row, asked, period, 1ull << member};
    }
}

//  Date and time make the clock.
static bool s_add_clock (plan_t *plan, const request_t *request)
{
    uint8_t member;
    const dlt_row_t *date = s_row (plan, request, POINT_DATE, 0, &member);
    const dlt_row_t *time = s_row (plan, request, POINT_TIME, 0, &member);
    if (!date || !time) {
        return false;
    }
    s_add (plan, date, DLT_ASKED_DATE, 0, 0);
    s_add (plan, time, DLT_ASKED_TIME, 0, 0);
    return true;
}

static bool s_add_point (plan_t *plan, const request_t *request, uint32_t point, uint8_t period)
{
    uint8_t member = 0;
    bool read = request->kind == REQUEST_READ;
    if (read && point == POINT_CLOCK) {
        return s_add_clock (plan, request);
    }
    if (read && point == POINT_METER_ADDRESS && !plan->old) {
        s_add (plan, NULL, DLT_ASKED_NOTHING, 0, 0);
        return true;
    }
    if (read && dlt_billing_base (point)) {
        point = dlt_billing_base (point);
        period = 1;
    }
    const dlt_row_t *row = s_row (plan, request, point, period, &member);
    if (row) {
        s_add (plan, row, DLT_ASKED_POINTS, period, member);
    }
    return row != NULL;
}

static const uint32_t s_usual[] = {
    POINT (1, 0, 1, 8, 0),  POINT (1, 0, 2, 8, 0),  POINT (1, 0, 32, 7, 0), POINT (1, 0, 52, 7, 0),
    POINT (1, 0, 72, 7, 0), POINT (1, 0, 31, 7, 0), POINT (1, 0, 51, 7, 0), POINT (1, 0, 71, 7, 0),
    POINT (1, 0, 16, 7, 0), POINT (1, 0, 13, 7, 0)};

//  period: of a monthly freeze. What was not asked for by name may be missing.
static fep_err_t s_plan (const request_t *request, const codec_io_t *io, uint8_t period,
                         plan_t *plan)
{
    const profile_t *profile = dlt_profile (io);
    const uint32_t *points = request->points;
    size_t count = request->point_count;
    bool strict = count > 0;
    bool frozen = request->kind == REQUEST_READ_FROZEN;
    *plan = (plan_t){.lead = frozen, .old = dlt_wants_old (profile)};
    if (count > REQUEST_POINTS_MAX) {
        return FEP_RANGE;
    }
    if (!strict && profile && profile->point_count) {
        points = profile->points;
        count = profile->point_count;
        strict = !frozen;
    } else if (!strict) {
        points = s_usual;
        count = sizeof s_usual / sizeof *s_usual;
    }
    for (size_t i = 0; i < count; i++) {
        if (!s_add_point (plan, request, points[i], period) && strict) {
            return FEP_UNSUPPORTED;
        }
    }
    return plan->count ? FEP_OK : FEP_UNSUPPORTED;
}

//  ---- Instants ----

static const zone_t s_utc = {.offset_s = 0};

//  Days since 1970 of the local date of an instant.
static int64_t s_day (const zone_t *zone, int64_t utc_ms, clock_civil_t *civil)
{
    int64_t midnight_ms = 0;
    (void) zone_civil (zone, utc_ms, civil);
    clock_civil_t date = {civil->year, civil->month, civil->day, 0, 0, 0};
    (void) zone_utc (&s_utc, &date, ZONE_EARLIER, &midnight_ms);
    return midnight_ms / DAY_MS;
}

//  The local midnight a day begins with.
static int64_t s_midnight (const zone_t *zone, int64_t day)
{
    clock_civil_t civil;
    int64_t utc_ms = 0;
    (void) zone_civil (&s_utc, day * DAY_MS, &civil);
    (void) zone_utc (zone, &civil, ZONE_EARLIER, &utc_ms);
    return utc_ms;
}

static int64_t s_month_start (const zone_t *zone, int64_t month)
{
    clock_civil_t civil = {(int) (month / 12), (int) (month % 12) + 1, 1, 0, 0, 0};
    int64_t utc_ms = 0;
    (void) zone_utc (zone, &civil, ZONE_EARLIER, &utc_ms);
    return utc_ms;
}

//  Days or months: that of now, and the first asked for.
static void s_bounds (const request_t *request, const codec_io_t *io, int64_t *now, int64_t *first)
{
    const zone_t *zone = io->options->zone;
    clock_civil_t civil;
    if (request->freeze == FREEZE_DAY) {
        *now = s_day (zone, io->wall_ms, &civil);
        *first = s_day (zone, request->from_ms, &civil);
        *first += s_midnight (zone, *first) < request->from_ms;
        return;
    }
    (void) s_day (zone, io->wall_ms, &civil);
    *now = civil.year * 12 + civil.month - 1;
    (void) s_day (zone, request->from_ms, &civil);
    *first = civil.year * 12 + civil.month - 1;
    *first += s_month_start (zone, *first) < request->from_ms;
}

//  The first instant from place->instant on that the meter keeps. False: none.
static bool s_instant (const request_t *request, const codec_io_t *io, bool old, place_t *place)
{
    int64_t now, first;
    bool day = request->freeze == FREEZE_DAY;
    int64_t kept = day ? NTH_MAX : old ? DLT_OLD_PERIODS : DLT_PERIODS;
    s_bounds (request, io, &now, &first);
    int64_t number = first + place->instant;
    if (number <= now - kept) {
        number = now - kept + 1;
        place->step = 0;
        place->sub = 0;
    }
    place->target_ms =
        day ? s_midnight (io->options->zone, number) : s_month_start (io->options->zone, number);
    place->instant = (uint32_t) (number - first);
    place->nth = (uint8_t) (now - number + 1);
    return number <= now && place->target_ms <= request->to_ms;
}

static fep_err_t s_check_frozen (const request_t *request)
{
    clock_civil_t low = {2000, 1, 1, 0, 0, 0}, high = {2099, 12, 31, 0, 0, 0};
    int64_t low_ms = 0, high_ms = 0;
    (void) zone_utc (&s_utc, &low, ZONE_EARLIER, &low_ms);
    (void) zone_utc (&s_utc, &high, ZONE_EARLIER, &high_ms);
    if (request->freeze != FREEZE_DAY && request->freeze != FREEZE_MONTH) {
        return FEP_UNSUPPORTED;
    }
    return request->from_ms < low_ms || request->to_ms > high_ms ||
                   request->from_ms > request->to_ms
               ? FEP_RANGE
               : FEP_OK;
}

//  ---- Frames ----

static void s_put_di (dlt_frame_t *frame, bool old, uint32_t di)
{
    for (size_t i = 0; i < dlt_di_size (old); i++) {
        frame->data[frame->size++] = (uint8_t) (di >> 8 * i);
    }
}

//  The n-th member that is wanted.
static uint8_t s_member (uint64_t members, uint32_t n)
{
    while (n-- > 0) {
        members &= members - 1;
    }
    return members ? (uint8_t) __builtin_ctzll (members) : 0;
}

//  The DI of a step: a block, or one member.
static uint32_t s_step_di (dlt_state_t *state, const step_t *step, const place_t *place)
{
    const dlt_row_t *row = step->row;
    bool parts = row->repeat == DLT_LIST || row->repeat == DLT_TARIFF;
    bool single = state->single == state->step + 1;
    bool many = parts && step->members & (step->members - 1);
    uint8_t member = many && !single ? DLT_EACH : s_member (step->members, place->sub);
    dlt_item_t item = {.row = row,
                       .tariff = member,
                       .member = member,
                       .period = step->period,
                       .nth = row->freeze ? state->nth : 1};
    state->block = many && !single;
    state->alone = state->alone && !many;
    return dlt_item_di (&item);
}

//  What comes before the values of an instant.
static uint32_t s_lead_di (dlt_state_t *state, const plan_t *plan, const request_t *request)
{
    state->block = false;
    state->alone = false;
    if (request->freeze == FREEZE_DAY) {
        state->asked = DLT_ASKED_STAMP;
        return 0x05060000u | state->nth;
    }
    state->asked = DLT_ASKED_DAY;
    return plan->old ? OLD_SETTLEMENT_DI : SETTLEMENT_DI;
}

//  The instant changes: its freeze is looked for anew.
static void s_aim (dlt_state_t *state, const request_t *request, place_t *place)
{
    bool frozen = request->kind == REQUEST_READ_FROZEN;
    if (!frozen || (state->target_ms == place->target_ms && state->counted == place->nth)) {
        return;
    }
    place->step = 0;
    place->sub = 0;
    state->target_ms = place->target_ms;
    state->counted = place->nth;
    state->nth = place->nth;
    state->stamp = DLT_STAMP_UNKNOWN;
    state->moved = false;
    state->follow = 0;
}

//  The frame at a place.
static void s_frame (dlt_state_t *state, const request_t *request, const plan_t *plan,
                     const place_t *place, dlt_frame_t *frame)
{
    uint32_t di;
    const step_t *step = NULL;
    frame->control = plan->old ? DLT_OLD_READ : DLT_READ;
    if (place->step < plan->lead) {
        di = s_lead_di (state, plan, request);
    } else {
        state->step = (uint8_t) (place->step - plan->lead);
        step = &plan->steps[state->step];
        state->asked = step->asked;
        state->alone = plan->lead == 0 && plan->count == 1;
        state->block = false;
        if (!step->row) {
            frame->control = DLT_READ_ADDRESS;
            memset (frame->address, DLT_ANY, DLT_ADDRESS);
            return;
        }
        if (step->asked == DLT_ASKED_TIME && state->date_again) {
            state->asked = DLT_ASKED_DATE;
            step--;
        }
        di = s_step_di (state, step, place);
    }
    if (state->follow) {
        frame->control = plan->old ? DLT_OLD_NEXT : DLT_NEXT;
        di = state->follow_di;
    }
    s_put_di (frame, plan->old, di);
    if (state->follow && !plan->old) {
        frame->data[frame->size++] = state->follow;
    }
}

//  The place behind; false: that was the last.
static bool s_behind (const dlt_state_t *state, const request_t *request, const codec_io_t *io,
                      const plan_t *plan, place_t *place)
{
    if (place->step >= plan->lead && state->single == state->step + 1 &&
        place->sub + 1 < (uint32_t) __builtin_popcountll (plan->steps[state->step].members)) {
        place->sub++;
        return true;
    }
    place->sub = 0;
    if (++place->step < plan->lead + plan->count) {
        return true;
    }
    place->step = 0;
    place->instant++;
    return request->kind == REQUEST_READ_FROZEN && s_instant (request, io, plan->old, place);
}

//  The period of the instant decides which rows of edition 1997 hold it, so it comes first.
static fep_err_t s_begin (const request_t *request, const codec_io_t *io, plan_t *plan,
                          place_t *place)
{
    bool frozen = request->kind == REQUEST_READ_FROZEN;
    fep_err_t error = frozen ? s_check_frozen (request) : FEP_OK;
    if (!error) {
        error = s_plan (request, io, frozen && request->freeze == FREEZE_MONTH, plan);
    }
    if (error) {
        return error;
    }
    uint32_t steps = (uint32_t) (plan->lead + plan->count);
    *place = (place_t){.instant = request->done / SUBS / steps,
                       .step = request->done / SUBS % steps,
                       .sub = request->done % SUBS,
                       .nth = 1};
    if (!frozen) {
        return place->instant ? FEP_NOT_FOUND : FEP_OK;
    }
    if (!s_instant (request, io, plan->old, place)) {
        return FEP_RANGE;
    }
    return request->freeze == FREEZE_MONTH ? s_plan (request, io, place->nth, plan) : FEP_OK;
}

fep_err_t dlt_ask (dlt_state_t *state, request_t *request, codec_io_t *io)
{
    dlt_state_t next = *state;
    dlt_frame_t frame = {.size = 0};
    plan_t plan;
    place_t place;
    fep_err_t error = dlt_target (io, frame.address);
    if (!error) {
        error = s_begin (request, io, &plan, &place);
    }
    if (error) {
        return error;
    }
    if (state->named && state->follow) {
        memcpy (frame.address, state->address, DLT_ADDRESS);
    }
    s_aim (&next, request, &place);
    s_frame (&next, request, &plan, &place, &frame);
    error = dlt_send (io, &frame);
    if (error) {
        return error;
    }
    bool more = s_behind (&next, request, io, &plan, &place);
    uint32_t steps = (uint32_t) (plan.lead + plan.count);
    request->done = (place.instant * steps + place.step) * SUBS + place.sub;
    request->finished = !more;
    *state = next;
    return FEP_OK;
}
