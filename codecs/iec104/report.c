//  ASDUs of the station as messages, and as answers to the request in flight.
#include "codecs/iec104/parts.h"
#include "fep/point.h"
#include "fep/text.h"
#include "fep/event.h"

iec_sizes_t iec_sizes (const profile_t *profile)
{
    return (iec_sizes_t){(uint8_t) profile_setting (profile, SETTING_cause_size),
                         (uint8_t) profile_setting (profile, SETTING_ca_size),
                         (uint8_t) profile_setting (profile, SETTING_ioa_size)};
}

//  Digits as a common address; 0 if they are none.
static uint16_t s_as_ca (bytes_t text)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < text.size; i++) {
        unsigned digit = (unsigned) text.data[i] - '0';
        sum = sum * 10 + digit;
        if (digit > 9 || sum >= CA_BROADCAST) {
            return 0;
        }
    }
    return (uint16_t) sum;
}

uint16_t iec_own_ca (const codec_io_t *io)
{
    uint32_t set = profile_setting (io->profile, SETTING_common_address);
    uint16_t named = s_as_ca (io->address);
    return (uint16_t) (set ? set : named ? named : 1);
}

//  ---- Messages ----

//  One ASDU on its way into the batch.
typedef struct {
    const iec_asdu_t *asdu;
    codec_io_t *io;
    bytes_t address;  //  In the batch
    bytes_t raw;      //  Likewise: the whole frame
} report_t;

static message_t *s_message (report_t *self, message_kind_t kind, uint16_t mp, int64_t time_ms)
{
    message_t *message = batch_message (self->io->batch, kind);
    message->received_ms = self->io->wall_ms;
    message->time_ms = time_ms;
    message->mp = mp;
    message->address = self->address;
    message->raw = self->raw;
    return message;
}

//  ASDU, or some of its objects, kept as it came. more: objects besides the first one named.
static void s_keep_raw (report_t *self, const char *reason, uint32_t ioa, uint32_t more)
{
    const iec_asdu_t *asdu = self->asdu;
    text_t detail = {.size = 0};
    text_number (&detail, "type ", asdu->id);
    text_number (&detail, " cause ", asdu->cause);
    text_number (&detail, " ca ", asdu->ca);
    text_number (&detail, " ioa ", ioa);
    if (more) {
        text_number (&detail, " and ", more);
        text_put (&detail, " more");
    }
    (void) s_message (self, MESSAGE_EVENT, 0, 0);
    batch_text (self->io->batch, POINT_EVENT_RAW, reason);
    batch_text (self->io->batch, POINT_EVENT_DETAIL, detail.text);
    self->io->raw_units += more + 1;
}

static const profile_object_t *s_object (const report_t *self, uint32_t ioa)
{
    const profile_t *profile = self->io->profile;
    const profile_object_t *object = profile_object_at (profile, self->asdu->ca, ioa);
    return !object && self->asdu->ca == iec_own_ca (self->io) ? profile_object_at (profile, 0, ioa)
                                                              : object;
}

//  The device's instant, 0 if it gives none. *quality: what its time says of it.
static int64_t s_time (const report_t *self, bytes_t tag, uint16_t *quality)
{
    int64_t utc_ms = 0;
    bool doubtful = false;
    codec_io_t *io = self->io;
    if (tag.size) {
        bool possible = iec_time_utc (tag, io->options->zone, io->wall_ms, &utc_ms, &doubtful);
        doubtful = doubtful || !possible || (tag.size == TIME_CP24 && !io->clock_trusted);
        utc_ms = possible ? utc_ms : 0;
    }
    *quality = doubtful ? QUALITY_CLOCK_DOUBTFUL : 0;
    return utc_ms;
}

//  Objects of the profile become readings, one message for those of a measuring point and instant that stand
//  together; of the others one event tells.
static void s_readings (report_t *self)
{
    const iec_asdu_t *asdu = self->asdu;
    const message_t *last = NULL;
    uint32_t unknown = 0, first_unknown = 0;
    for (unsigned i = 0; i < asdu->count; i++) {
        iec_object_t object = iec_object (asdu, i);
        const profile_object_t *row = s_object (self, object.ioa);
        uint16_t quality;
        int64_t time_ms = s_time (self, object.time, &quality);
        if (!row) {
            first_unknown = unknown++ ? first_unknown : object.ioa;
            continue;
        }
        if (!last || last->mp != row->mp || last->time_ms != time_ms) {
            last = s_message (self, MESSAGE_READING, row->mp, time_ms);
        }
        iec_element_t element = iec_element (asdu->type, object.element);
        value_t value = iec_value (&element, row);
        value.quality |= quality;
        batch_item (self->io->batch, row->point, value);
    }
    if (unknown) {
        s_keep_raw (self, self->io->profile ? "not_in_profile" : "no_profile", first_unknown,
                    unknown - 1);
    }
}

//  The station has begun anew.
static void s_begun (report_t *self)
{
    static const char *const causes[] = {"power_on", "manual_reset", "remote_reset"};
    iec_object_t object = iec_object (self->asdu, 0);
    uint8_t coi = iec_element (self->asdu->type, object.element).flags;
    text_t detail = {.size = 0};
    text_put (&detail, (coi & 0x7F) < 3 ? causes[coi & 0x7F] : "");
    text_number (&detail, (coi & 0x7F) < 3 ? " coi " : "coi ", coi & 0x7F);
    text_put (&detail, coi & 0x80 ? " parameters_changed" : "");
    text_number (&detail, " ca ", self->asdu->ca);
    (void) s_message (self, MESSAGE_EVENT, 0, 0);
    batch_item (self->io->batch, POINT_EVENT_CODE, value_decimal (M_EI_NA_1, 0, 0));
    batch_text (self->io->batch, POINT_EVENT_NAME, event_name (EVENT_end_of_initialisation));
    batch_text (self->io->batch, POINT_EVENT_DETAIL, detail.text);
}

//  ---- Answers ----

static bool s_same_ca (const iec_asked_t *asked, const iec_asdu_t *asdu)
{
    return asked->ca == CA_BROADCAST || asked->ca == asdu->ca;
}

//  Does the ASDU mirror what was asked?
static bool s_mirrors (const iec_asked_t *asked, const iec_asdu_t *asdu)
{
    if (asdu->id != asked->type || !s_same_ca (asked, asdu) || !asdu->type) {
        return false;
    }
    iec_object_t object = iec_object (asdu, 0);
    bytes_t element = object.element;
    if (object.ioa != asked->ioa || !asked->mask || !asked->size) {
        return object.ioa == asked->ioa;
    }
    size_t last = asked->size - 1u;
    return element.size == asked->size && memcmp (element.data, asked->element, last) == 0 &&
           !((element.data[last] ^ asked->element[last]) & asked->mask);
}

static void s_refused (iec_state_t *state, const iec_asdu_t *asdu, codec_io_t *io)
{
    io->answer = ANSWER_REFUSED;
    io->answer_code = asdu->cause;
    state->asked.active = false;
    state->selected.active = false;
}

//  A mirrored ASDU. False if its cause is no answer.
static bool s_mirrored (iec_state_t *state, const iec_asdu_t *asdu, codec_io_t *io)
{
    iec_asked_t *asked = &state->asked;
    bool deact = asked->cause == CAUSE_DEACT;
    bool unknown = asdu->cause >= CAUSE_UNKNOWN_TYPE && asdu->cause <= CAUSE_UNKNOWN_IOA;
    bool con = asdu->cause == (deact ? CAUSE_DEACT_CON : CAUSE_ACT_CON);
    bool term = asdu->cause == CAUSE_ACT_TERM;
    if (term && !asdu->negative && !asked->confirmed && asdu->id < IEC_TYPE_SYSTEM) {
        //  Of a command before this one.
        return false;
    }
    if (unknown || (asdu->negative && (con || term || asked->read))) {
        s_refused (state, asdu, io);
        return true;
    }
    if (!con && !term) {
        return false;
    }
    asked->confirmed = true;
    bool partial = con && asked->terminates;
    io->answer = partial ? ANSWER_PARTIAL : ANSWER_DONE;
    asked->active = partial;
    if (asked->selects) {
        state->selected.active = true;
        state->selected.until_ms =
            io->mono_ms + 1000 * (int64_t) profile_setting (io->profile, SETTING_select_s);
    }
    return true;
}

//  Information that belongs to the request: what a read command brings ends it, what an interrogation brings does
//  not.
static void s_brought (iec_state_t *state, const iec_asdu_t *asdu, codec_io_t *io)
{
    iec_asked_t *asked = &state->asked;
    bool gi = asked->type == C_IC_NA_1 && asdu->cause >= CAUSE_GI && asdu->cause <= CAUSE_GI_LAST;
    bool ci = asked->type == C_CI_NA_1 && asdu->cause >= CAUSE_COUNTER &&
              asdu->cause <= CAUSE_COUNTER_LAST;
    if (!s_same_ca (asked, asdu)) {
        return;
    }
    if (gi || ci) {
        io->answer = ANSWER_PARTIAL;
    }
    for (unsigned i = 0; asked->read && asdu->cause == CAUSE_REQUEST && i < asdu->count; i++) {
        if (iec_object (asdu, i).ioa == asked->ioa) {
            io->answer = ANSWER_DONE;
            asked->active = false;
            return;
        }
    }
}

void iec_report (iec_state_t *state, const iec_asdu_t *asdu, fep_err_t error, bytes_t frame,
                 codec_io_t *io)
{
    text_t ca = {.size = 0};
    text_number (&ca, "", asdu->ca);
    bytes_t address = io->address.size ? io->address : bytes_text (ca.text);
    report_t report = {asdu, io, batch_keep (io->batch, address), batch_keep (io->batch, frame)};
    bool monitors = asdu->id < IEC_TYPE_CONTROL;
    if (error) {
        s_keep_raw (&report,
                    error == FEP_UNSUPPORTED ? "unknown_type"
                    : error == FEP_TRUNCATED ? "truncated"
                                             : "implausible",
                    0, 0);
        return;
    }
    uint32_t ioa = iec_object (asdu, 0).ioa;
    if (asdu->test) {
        s_keep_raw (&report, "test", ioa, asdu->count - 1u);
    } else if (asdu->id == M_EI_NA_1) {
        s_begun (&report);
    } else if (monitors && !asdu->negative) {
        s_readings (&report);
        if (state->asked.active) {
            s_brought (state, asdu, io);
        }
    } else if (monitors) {
        s_keep_raw (&report, "negative", ioa, asdu->count - 1u);
    } else if (!state->asked.active || !s_mirrors (&state->asked, asdu) ||
               !s_mirrored (state, asdu, io)) {
        s_keep_raw (&report, "not_asked", ioa, asdu->count - 1u);
    }
}
