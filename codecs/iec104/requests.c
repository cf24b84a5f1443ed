//  Requests: interrogations, read commands, the clock, commands of the profile, and ASDUs given as they are.
#include "codecs/iec104/parts.h"
#include "fep/decimal.h"

enum { PLAN_MAX = PROFILE_POINTS_MAX, QRP_GENERAL = 1, TIMED = 13 };

//  One ASDU of a request to read.
typedef struct {
    uint16_t ca;
    uint8_t type;       //  C_IC, C_CI or C_RD
    uint8_t qualifier;  //  QOI or QCC
    uint32_t ioa;       //  C_RD
} step_t;

//  ---- Sending ----

static void s_asked (iec_state_t *state, const iec_asked_t *asked, bytes_t element)
{
    state->asked = *asked;
    state->asked.active = true;
    if (element.size && element.size <= IEC_COMMAND_MAX) {
        state->asked.size = (uint8_t) element.size;
        memcpy (state->asked.element, element.data, element.size);
    }
}

//  What answers must mirror of a command's last octet: the state and S/E; of a set-point's qualifier S/E. Stations
//  forget the rest.
static uint8_t s_mask (uint8_t kind)
{
    switch ((iec_kind_t) kind) {
    case ELEMENT_SCO:
    case ELEMENT_DCO:
    case ELEMENT_RCO:
        return SELECT_BIT | STATE_BITS;
    case ELEMENT_BSO:
        return 0xFF;
    default:
        return SELECT_BIT;
    }
}

//  Writes the ASDU and remembers what its answers look like.
static fep_err_t s_send (iec_state_t *state, const iec_asked_t *asked, bytes_t element, bool timed,
                         codec_io_t *io)
{
    uint8_t bytes[IEC_ASDU_MAX];
    writer_t out = writer_of (bytes, sizeof bytes);
    iec_sizes_t sizes = iec_sizes (io->profile);
    iec_head_t head = {.type = asked->type,
                       .cause = asked->cause,
                       .originator = (uint8_t) profile_setting (io->profile, SETTING_originator),
                       .ca = asked->ca,
                       .ioa = asked->ioa};
    fep_err_t error = iec_put_head (&out, &sizes, &head);
    if (error) {
        return error;
    }
    writer_put (&out, element.data, element.size);
    if (timed) {
        iec_put_time (&out, io->options->zone, io->wall_ms);
    }
    error = out.failed ? FEP_LIMIT : iec_link_send (state, writer_bytes (&out), io);
    if (!error) {
        s_asked (state, asked, element);
    }
    return error;
}

//  A command of the system, with a qualifier.
static fep_err_t s_system (iec_state_t *state, uint8_t type, uint8_t qualifier, bool terminates,
                           codec_io_t *io)
{
    const iec_asked_t asked = {.terminates = terminates,
                               .type = type,
                               .cause = CAUSE_ACT,
                               .mask = 0xFF,
                               .ca = iec_own_ca (io)};
    return s_send (state, &asked, bytes_of (&qualifier, 1), false, io);
}

static void s_all_sent (request_t *request)
{
    request->done++;
    request->finished = true;
}

//  ---- READ ----

static bool s_has_counters (const profile_t *profile, uint16_t ca, uint16_t own)
{
    for (size_t i = 0; profile && i < profile->object_count; i++) {
        const profile_object_t *object = &profile->objects[i];
        if (object->counter && (object->ca ? object->ca : own) == ca) {
            return true;
        }
    }
    return false;
}

//  Adds to the steps of everything those of one common address. *at counts; step `wanted` is taken.
static void s_add_all (const codec_io_t *io, uint16_t ca, uint32_t wanted, uint32_t *at,
                       step_t *step)
{
    if ((*at)++ == wanted) {
        *step = (step_t){ca, C_IC_NA_1, QOI_STATION, 0};
    }
    if (s_has_counters (io->profile, ca, iec_own_ca (io)) && (*at)++ == wanted) {
        *step = (step_t){ca, C_CI_NA_1, RQT_GENERAL, 0};
    }
}

//  Everything: the station's own common address, then the others of the profile in order. Returns how many steps.
static uint32_t s_plan_all (const codec_io_t *io, uint32_t wanted, step_t *step)
{
    const profile_t *profile = io->profile;
    uint16_t own = iec_own_ca (io), last = 0;
    uint32_t count = 0;
    s_add_all (io, own, wanted, &count, step);
    for (size_t i = 0; profile && i < profile->object_count; i++) {
        const profile_object_t *object = &profile->objects[i];
        if (!object->command && object->ca > last && object->ca != own) {
            last = object->ca;
            s_add_all (io, last, wanted, &count, step);
        }
    }
    return count;
}

static step_t s_step (const codec_io_t *io, const profile_object_t *object)
{
    uint16_t ca = object->ca ? object->ca : iec_own_ca (io);
    if (object->counter) {
        return (step_t){ca, C_CI_NA_1, object->counter, 0};
    }
    if (object->group) {
        return (step_t){ca, C_IC_NA_1, (uint8_t) (QOI_STATION + object->group), 0};
    }
    return (step_t){ca, C_RD_NA_1, 0, object->ioa};
}

//  Points: one step each, but what one interrogation brings is asked once.
static fep_err_t s_plan_points (const codec_io_t *io, uint16_t mp, const uint32_t *points,
                                size_t point_count, uint32_t wanted, step_t *step, uint32_t *count)
{
    step_t steps[PLAN_MAX];
    *count = 0;
    for (size_t i = 0; i < point_count && i < PLAN_MAX; i++) {
        const profile_object_t *object = profile_object_of (io->profile, false, mp, points[i]);
        if (!object) {
            return FEP_UNSUPPORTED;
        }
        step_t next = s_step (io, object);
        uint32_t n = 0;
        while (n < *count && (steps[n].ca != next.ca || steps[n].type != next.type ||
                              steps[n].qualifier != next.qualifier || steps[n].ioa != next.ioa)) {
            n++;
        }
        steps[n] = next;
        *count += n == *count;
    }
    if (wanted < *count) {
        *step = steps[wanted];
    }
    return FEP_OK;
}

static fep_err_t s_read (iec_state_t *state, request_t *request, codec_io_t *io)
{
    const profile_t *profile = io->profile;
    step_t step = {0, 0, 0, 0};
    uint32_t count = 0;
    fep_err_t error = FEP_OK;
    if (request->point_count > REQUEST_POINTS_MAX) {
        return FEP_RANGE;
    }
    if (request->point_count) {
        error = s_plan_points (io, request->mp, request->points, request->point_count,
                               request->done, &step, &count);
    } else if (profile && profile->point_count) {
        error = s_plan_points (io, request->mp, profile->points, profile->point_count,
                               request->done, &step, &count);
    } else {
        count = s_plan_all (io, request->done, &step);
    }
    if (error || request->done >= count) {
        return error ? error : FEP_NOT_FOUND;
    }
    bool read = step.type == C_RD_NA_1;
    const iec_asked_t asked = {.read = read,
                               .terminates = !read,
                               .type = step.type,
                               .cause = read ? CAUSE_REQUEST : CAUSE_ACT,
                               .mask = read ? 0 : 0xFF,
                               .ca = step.ca,
                               .ioa = step.ioa};
    error = s_send (state, &asked, bytes_of (&step.qualifier, read ? 0 : 1), false, io);
    if (!error) {
        request->done++;
        request->finished = request->done >= count;
    }
    return error;
}

//  ---- Commands ----

//  Type identification of an object's command.
static uint8_t s_command_type (const profile_object_t *object)
{
    static const uint8_t types[COMMAND_COUNT] = {
        [COMMAND_SINGLE] = C_SC_NA_1,     [COMMAND_DOUBLE] = C_DC_NA_1, [COMMAND_STEP] = C_RC_NA_1,
        [COMMAND_NORMALIZED] = C_SE_NA_1, [COMMAND_SCALED] = C_SE_NB_1, [COMMAND_FLOAT] = C_SE_NC_1,
        [COMMAND_BITS] = C_BO_NA_1};
    return (uint8_t) (types[object->command] + (object->timed ? TIMED : 0));
}

__extension__ typedef __int128 wide_t;

//  A decimal in steps of scale / parts. exact: no rounding. False if it is too large, or not exact.
static bool s_steps (const profile_object_t *object, const value_t *value, int64_t parts,
                     bool exact, int64_t most, int64_t *number)
{
    enum { PLACES_MAX = 15 };
    int shift = value->exponent - object->exponent;
    wide_t up = value->mantissa, down = object->multiplier;
    if (shift > PLACES_MAX || shift < -PLACES_MAX) {
        return false;
    }
    for (; shift > 0; shift--) {
        up *= 10;
    }
    for (; shift < 0; shift++) {
        down *= 10;
    }
    wide_t size = up < 0 ? -up : up;
    if (size / down > most) {
        return false;
    }
    size *= parts;
    wide_t whole = size / down, rest = size % down;
    if (exact && rest) {
        return false;
    }
    whole += rest * 2 >= down;
    *number = (int64_t) (up < 0 ? -whole : whole);
    return true;
}

static double s_scale (const profile_object_t *object)
{
    return decimal_double ((decimal_t){object->multiplier, object->exponent});
}

static bool s_real (const value_t *value, double *real)
{
    if (value->kind == VALUE_FLOAT) {
        *real = value->real;
        return *real - *real == 0;
    }
    *real = decimal_double ((decimal_t){value->mantissa, value->exponent});
    return value->kind == VALUE_DECIMAL;
}

//  An integer set-point: normalised (parts 32768) or scaled (1).
static fep_err_t s_put_integer (const profile_object_t *object, const value_t *value, int64_t parts,
                                writer_t *out)
{
    int64_t number = 0;
    bool normalised = parts > 1;
    bool good = value->kind == VALUE_DECIMAL;
    if (value->kind == VALUE_FLOAT) {
        double steps = value->real / s_scale (object) * (double) parts;
        good = steps > -32769 && steps < 32768;
        number = good ? (int64_t) (steps + (steps < 0 ? -0.5 : 0.5)) : 0;
    } else if (good) {
        good = s_steps (object, value, parts, !normalised, normalised ? 1 : INT16_MAX + 1, &number);
    }
    number = normalised && number == 32768 ? 32767 : number;
    if (!good || number < INT16_MIN || number > INT16_MAX) {
        return FEP_RANGE;
    }
    writer_u16le (out, (uint16_t) number);
    writer_u8 (out, object->qualifier);
    return FEP_OK;
}

static fep_err_t s_put_real (const profile_object_t *object, const value_t *value, writer_t *out)
{
    const double most = 3.4028234e38;
    double real = 0;
    uint32_t bits;
    bool good = s_real (value, &real);
    real /= s_scale (object);
    if (!good || real > most || real < -most) {
        return FEP_RANGE;
    }
    float single = (float) real;
    memcpy (&bits, &single, sizeof bits);
    writer_u32le (out, bits);
    writer_u8 (out, object->qualifier);
    return FEP_OK;
}

//  Whole numbers, given as decimal or as bits.
static bool s_whole (const value_t *value, int64_t low, int64_t high, int64_t *number)
{
    bool whole = value->kind == VALUE_BITS || (value->kind == VALUE_DECIMAL && !value->exponent);
    *number = whole ? value->mantissa : -1;
    return whole && *number >= low && *number <= high;
}

static fep_err_t s_put_state (const profile_object_t *object, const value_t *value, int low,
                              int high, writer_t *out)
{
    int64_t number;
    if (!s_whole (value, low, high, &number)) {
        return FEP_RANGE;
    }
    writer_u8 (out, (uint8_t) (number | object->qualifier << 2));
    return FEP_OK;
}

fep_err_t iec_command (const profile_object_t *object, const value_t *value, writer_t *out)
{
    int64_t number;
    switch ((command_type_t) object->command) {
    case COMMAND_SINGLE:
        return s_put_state (object, value, 0, 1, out);
    case COMMAND_DOUBLE:
    case COMMAND_STEP:
        return s_put_state (object, value, 1, 2, out);
    case COMMAND_NORMALIZED:
        return s_put_integer (object, value, 32768, out);
    case COMMAND_SCALED:
        return s_put_integer (object, value, 1, out);
    case COMMAND_FLOAT:
        return s_put_real (object, value, out);
    case COMMAND_BITS:
        if (!s_whole (value, 0, UINT32_MAX, &number)) {
            return FEP_RANGE;
        }
        writer_u32le (out, (uint32_t) number);
        return FEP_OK;
    case COMMAND_NONE:
    case COMMAND_COUNT:
        break;
    }
    return FEP_UNSUPPORTED;
}

static bool s_is_selected (const iec_state_t *state, const iec_asked_t *asked, bytes_t element,
                           int64_t mono_ms)
{
    const iec_selected_t *selected = &state->selected;
    return selected->active && mono_ms < selected->until_ms && selected->type == asked->type &&
           selected->ca == asked->ca && selected->ioa == asked->ioa &&
           bytes_equal (bytes_of (selected->element, selected->size), element);
}

static fep_err_t s_select (iec_state_t *state, const iec_asked_t *asked, bytes_t element,
                           bool timed, codec_io_t *io)
{
    uint8_t bytes[IEC_COMMAND_MAX];
    iec_asked_t select = *asked;
    memcpy (bytes, element.data, element.size);
    bytes[element.size - 1] |= SELECT_BIT;
    select.selects = true;
    select.terminates = false;
    fep_err_t error = s_send (state, &select, bytes_of (bytes, element.size), timed, io);
    if (!error) {
        state->selected = (iec_selected_t){.type = asked->type,
                                           .ca = asked->ca,
                                           .ioa = asked->ioa,
                                           .size = (uint8_t) element.size};
        memcpy (state->selected.element, element.data, element.size);
    }
    return error;
}

//  `done` 1: it was selected by this request.
static fep_err_t s_command (iec_state_t *state, request_t *request, codec_io_t *io,
                            const profile_object_t *object, bytes_t element)
{
    uint8_t type = s_command_type (object);
    const iec_asked_t asked = {.terminates =
                                   profile_setting (io->profile, SETTING_termination) == 1,
                               .type = type,
                               .cause = CAUSE_ACT,
                               .mask = s_mask (iec_type (type)->kind),
                               .ca = object->ca ? object->ca : iec_own_ca (io),
                               .ioa = object->ioa};
    bool selected = s_is_selected (state, &asked, element, io->mono_ms);
    fep_err_t error;
    if (request->kind == REQUEST_SELECT) {
        error =
            object->select ? s_select (state, &asked, element, object->timed, io) : FEP_UNSUPPORTED;
    } else if (object->select && !selected) {
        error = request->done ? FEP_NOT_SENT : s_select (state, &asked, element, object->timed, io);
        request->done += !error;
        return error;
    } else {
        error = s_send (state, &asked, element, object->timed, io);
        state->selected.active = state->selected.active && error;
    }
    if (!error) {
        s_all_sent (request);
    }
    return error;
}

static fep_err_t s_point (iec_state_t *state, request_t *request, codec_io_t *io)
{
    uint8_t bytes[IEC_COMMAND_MAX];
    writer_t element = writer_of (bytes, sizeof bytes);
    if (request->point_count != 1) {
        return FEP_RANGE;
    }
    const profile_object_t *object =
        profile_object_of (io->profile, true, request->mp, request->points[0]);
    if (!object) {
        return FEP_UNSUPPORTED;
    }
    fep_err_t error = iec_command (object, &request->values[0], &element);
    return error ? error : s_command (state, request, io, object, writer_bytes (&element));
}

static fep_err_t s_operate (iec_state_t *state, request_t *request, codec_io_t *io)
{
    fep_err_t error = FEP_UNSUPPORTED;
    if (request->operation == OPERATION_POINT) {
        return s_point (state, request, io);
    }
    if (request->kind == REQUEST_OPERATE && request->operation == OPERATION_RESET) {
        error = s_system (state, C_RP_NA_1, QRP_GENERAL, false, io);
    }
    if (request->kind == REQUEST_OPERATE && request->operation == OPERATION_FREEZE) {
        error = s_system (state, C_CI_NA_1, RQT_GENERAL | FRZ_FREEZE, false, io);
    }
    if (!error) {
        s_all_sent (request);
    }
    return error;
}

static fep_err_t s_clock (iec_state_t *state, request_t *request, codec_io_t *io)
{
    const iec_asked_t asked = {.type = C_CS_NA_1, .cause = CAUSE_ACT, .ca = iec_own_ca (io)};
    fep_err_t error = s_send (state, &asked, bytes_of (NULL, 0), true, io);
    if (!error) {
        s_all_sent (request);
    }
    return error;
}

//  ---- PASS ----

static fep_err_t s_pass (iec_state_t *state, request_t *request, codec_io_t *io)
{
    iec_sizes_t sizes = iec_sizes (io->profile);
    iec_asdu_t asdu;
    if (request->size > IEC_ASDU_MAX) {
        return FEP_LIMIT;
    }
    bytes_t bytes = bytes_of (request->bytes, request->size);
    fep_err_t error = iec_asdu_read (bytes, &sizes, &asdu);
    bool good = asdu.cause == CAUSE_ACT || asdu.cause == CAUSE_DEACT || asdu.cause == CAUSE_REQUEST;
    if (error || asdu.id < IEC_TYPE_CONTROL || asdu.id == M_EI_NA_1 || !good) {
        return error ? error : FEP_RANGE;
    }
    iec_object_t object = iec_object (&asdu, 0);
    uint8_t last = object.element.size ? object.element.data[object.element.size - 1] : 0;
    bool command = asdu.id < IEC_TYPE_SYSTEM && asdu.type->kind != ELEMENT_BSO;
    bool commands = asdu.id < IEC_TYPE_SYSTEM && !(command && last & SELECT_BIT) &&
                    profile_setting (io->profile, SETTING_termination) == 1;
    bool interrogates = asdu.id == C_IC_NA_1 || asdu.id == C_CI_NA_1;
    error = iec_link_send (state, bytes, io);
    if (error) {
        return error;
    }
    const iec_asked_t asked = {.read = asdu.id == C_RD_NA_1,
                               .terminates = asdu.cause == CAUSE_ACT && (commands || interrogates),
                               .type = asdu.id,
                               .cause = asdu.cause,
                               .mask = asdu.id < IEC_TYPE_SYSTEM ? s_mask (asdu.type->kind)
                                       : interrogates            ? 0xFF
                                                                 : 0,
                               .ca = asdu.ca,
                               .ioa = object.ioa};
    s_asked (state, &asked, object.element);
    s_all_sent (request);
    return FEP_OK;
}

fep_err_t iec_encode (void *self, request_t *request, codec_io_t *io)
{
    iec_state_t *state = self;
    if (request->finished) {
        return FEP_NOT_FOUND;
    }
    switch (request->kind) {
    case REQUEST_READ:
        return s_read (state, request, io);
    case REQUEST_PASS:
        return s_pass (state, request, io);
    case REQUEST_CLOCK:
        return s_clock (state, request, io);
    case REQUEST_SELECT:
    case REQUEST_OPERATE:
        return s_operate (state, request, io);
    default:
        return FEP_UNSUPPORTED;
    }
}
