//  The checks over a batch. One pass over the items; those of registers and of totals are looked at again when the
//  whole message is known.
#include "actors/validator.h"
#include "fep/event.h"
#include "fep/metrics.h"

static const metric_t s_metrics[REASON_COUNT] = {
    [REASON_RANGE] = METRIC_suspect_range,        [REASON_TIME] = METRIC_suspect_time,
    [REASON_FALLS] = METRIC_suspect_falls,        [REASON_RISES] = METRIC_suspect_rises,
    [REASON_STILL] = METRIC_suspect_stands_still, [REASON_SUM] = METRIC_suspect_sum,
    [REASON_BEFORE] = METRIC_suspect_again};

void validator_options (validator_t *self)
{
    const config_t *config = actor_config (self->actor);
    self->how = (judge_t){.margin = 1.0 + (double) config->validator.margin_pct / 100.0,
                          .still_ms = (int64_t) config->validator.still_ms,
                          .still_W = (double) config->validator.still_W,
                          .consistent = (uint32_t) config->validator.consistent};
    self->future_ms = config->validator.future_ms;
    self->past_ms = config->validator.past_ms;
    self->accept_auto = strcmp (config->validator.accept, "auto") == 0;
}

static meter_t *s_meter (validator_t *self, walk_t *walk)
{
    const message_t *message = walk->message;
    if (!walk->meter && message->terminal) {
        walk->meter = meters_make (self->meters, message->terminal, message->mp);
    }
    return walk->meter;
}

static void s_patch (const walk_t *walk, size_t quality_at, uint16_t quality)
{
    cursor_t at = *walk->cursor;
    at.quality_at = quality_at;
    if (walk->memory) {
        cursor_patch_quality (&at, walk->memory, quality);
    }
}

//  ---- Verdicts ----

//  A good reading of a point of which something is held or was. One at the instant of the last held one repairs it.
static void s_good_again (validator_t *self, walk_t *walk, const special_t *item)
{
    meter_t *meter = walk->meter;
    hold_t *hold = meter_hold (meter, item->point, walk->message->freeze);
    //  An instant that cannot be is no measure of what is later.
    if (hold && (item->time_ms >= hold->last_ms || hold->reason == REASON_TIME)) {
        meter_release (self->meters, meter, hold);
    }
    if (!meter->identities || !walk->message->time_ms) {
        return;
    }
    uint64_t key = heldset_key (walk->message, item->point, item->time_ms);
    held_t *held = heldset_find (self->held, key);
    if (held) {
        heldset_remove (self->held, held);
        s_patch (walk, item->quality_at, item->value.quality | QUALITY_RE_READ);
        metric_add (METRIC_items_repaired, walk->memory ? 1 : 0);
    }
}

static void s_follow (validator_t *self, walk_t *walk, hold_t *hold, const special_t *item)
{
    uint32_t readings;
    hold->timed = walk->message->time_ms != 0;
    bool report =
        hold_follow (hold, walk->meter, &self->how, item->rule->flags, &item->value, item->time_ms);
    if (!report || !walk->memory) {
        return;
    }
    hold->raised = validator_tell (self, walk->meter, hold, VALIDATOR_JUMP, "");
    metric_add (hold->raised ? METRIC_register_jumps : METRIC_validator_put_off, 1);
    if (hold->raised && self->accept_auto &&
        validator_accept (self, walk->meter, hold, "rule", &readings) != FEP_OK) {
        metric_add (METRIC_validator_put_off, 1);
        hold->raised = false;
    }
}

//  again: it was held before with the same value.
static void s_suspect (validator_t *self, walk_t *walk, const special_t *item, bool again)
{
    const message_t *message = walk->message;
    meter_t *meter = s_meter (self, walk);
    walk->suspect = true;
    s_patch (walk, item->quality_at, item->value.quality | QUALITY_SUSPECT);
    if (walk->memory) {
        metric_add (again ? METRIC_suspect_again : s_metrics[item->reason], 1);
    }
    if (!meter || again) {
        return;
    }
    meter->area = message->area;
    memcpy (meter->address, message->address.data, message->address.size);
    meter->address[message->address.size] = 0;
    if (message->time_ms) {
        heldset_put (self->held, heldset_key (message, item->point, item->time_ms),
                     heldset_value (&item->value), (uint8_t) item->reason, &meter->identities);
    }
    value_t value = item->value;
    if (value.kind == VALUE_TEXT) {
        value = value_none (ABSENT_UNKNOWN, value.quality);
    }
    hold_t *hold = meter_note (self->meters, meter, item->point, message->freeze, &value,
                               item->time_ms, item->reason);
    if (!hold) {
        metric_add (METRIC_holds_refused, 1);
    } else if (item->reason == REASON_FALLS || item->reason == REASON_RISES) {
        s_follow (self, walk, hold, item);
    }
}

//  What comes again with the value it was held with gets the verdict it had, though we know more now. Range and sum
//  say the same of the same value, unless the limits were changed since.
static bool s_was_held (validator_t *self, const walk_t *walk, special_t *item)
{
    if (!walk->memory || !walk->meter || !walk->meter->identities || !walk->message->time_ms) {
        return false;
    }
    uint64_t key = heldset_key (walk->message, item->point, item->time_ms);
    const held_t *held = heldset_find (self->held, key);
    if (!held || held->value != heldset_value (&item->value) || held->reason == REASON_RANGE ||
        held->reason == REASON_SUM) {
        return false;
    }
    item->reason = (reason_t) held->reason;
    return true;
}

//  The last word on an item. The journal's own word counts where we learn.
static void s_verdict (validator_t *self, walk_t *walk, special_t *item, base_t *base)
{
    bool again = s_was_held (self, walk, item);
    if (!walk->memory && item->value.quality & QUALITY_SUSPECT) {
        item->reason = item->reason ? item->reason : REASON_BEFORE;
    } else if (!walk->memory) {
        item->reason = REASON_NONE;
    }
    if (item->reason) {
        s_suspect (self, walk, item, again);
        return;
    }
    if (base) {
        base_take (base, &item->value, item->time_ms);
    }
    if (walk->meter && (walk->meter->hold_count || walk->meter->identities)) {
        s_good_again (self, walk, item);
    }
}

//  ---- Registers and totals ----

//  Tariffs stand behind their total. At least two of them from the first on, all good; else nothing is said.
static void s_check_sum (validator_t *self, size_t total)
{
    enum { TARIFFS_MAX = 63 };
    const value_t *tariffs[TARIFFS_MAX];
    special_t *specials = &self->specials[total];
    size_t count = 0, left = self->special_count - total - 1;
    while (count < left && count < TARIFFS_MAX &&
           specials[count + 1].point == specials[0].point + count + 1) {
        tariffs[count] = &specials[count + 1].value;
        if (specials[count + 1].reason || !value_is_number (tariffs[count])) {
            return;
        }
        count++;
    }
    if (count < 2 || sum_agrees (&specials[0].value, tariffs, count)) {
        return;
    }
    for (size_t i = 0; i <= count; i++) {
        specials[i].reason = REASON_SUM;
    }
}

static void s_judge_special (validator_t *self, walk_t *walk, special_t *item)
{
    base_t *base = NULL;
    const message_t *message = walk->message;
    if (item->rule->flags & RULE_REGISTER && value_is_number (&item->value) &&
        (!item->reason || !walk->memory)) {
        meter_t *meter = s_meter (self, walk);
        base = meter ? meter_register (self->meters, meter, item->point, message->freeze) : NULL;
        if (!base) {
            metric_add (METRIC_registers_refused, 1);
        }
    }
    if (base && !item->reason) {
        item->reason = base_judge (base, walk->meter, &self->how, item->rule->flags, &item->value,
                                   item->time_ms);
    }
    s_verdict (self, walk, item, base);
}

static void s_specials (validator_t *self, walk_t *walk)
{
    for (size_t i = 0; i < self->special_count && !walk->message->step_ms; i++) {
        const special_t *item = &self->specials[i];
        if (item->rule->flags & RULE_SUM && (item->point & 0xFF) == 0 && !item->reason &&
            value_is_number (&item->value)) {
            s_check_sum (self, i);
        }
    }
    for (size_t i = 0; i < self->special_count; i++) {
        s_judge_special (self, walk, &self->specials[i]);
    }
}

//  ---- Items ----

static bool s_in_range (const walk_t *walk, rule_t *rule, const item_t *item)
{
    const limit_t *limit =
        walk->meter && walk->meter->limit_count ? meter_limit (walk->meter, item->point) : NULL;
    return limit ? range_allows (limit->low, limit->high, &item->value)
                 : rule_allows (rule, &item->value);
}

//  An item that needs more than the usual look.
static void s_item (validator_t *self, walk_t *walk, uint32_t i, const item_t *item, rule_t *rule)
{
    const message_t *message = walk->message;
    special_t special = {.value = item->value,
                         .rule = rule,
                         .time_ms = message->time_ms ? message_item_time (message, i)
                                                     : message->received_ms,
                         .quality_at = walk->cursor->quality_at,
                         .point = item->point};
    if (message->time_ms &&
        !time_allows (special.time_ms, message->received_ms, self->future_ms, self->past_ms)) {
        special.reason = REASON_TIME;
    } else if (!s_in_range (walk, rule, item)) {
        special.reason = REASON_RANGE;
    }
    if (rule->flags & RULE_LOAD && walk->meter && !special.reason &&
        value_is_number (&item->value)) {
        meter_load (walk->meter, &self->how, &item->value, special.time_ms);
    }
    if (rule->flags & (RULE_REGISTER | RULE_SUM)) {
        self->specials[self->special_count++] = special;
    } else {
        s_verdict (self, walk, &special, NULL);
    }
}

//  True if every item of the message must be looked at: its time, its limits, or what is held of it.
static bool s_is_unusual (const validator_t *self, const walk_t *walk)
{
    const message_t *message = walk->message;
    const meter_t *meter = walk->meter;
    if (!walk->memory ||
        (meter && (meter->limit_count || meter->hold_count || meter->identities))) {
        return true;
    }
    int64_t last_ms = message->count ? message_item_time (message, message->count - 1) : 0;
    return message->time_ms &&
           (!time_allows (message->time_ms, message->received_ms, self->future_ms, self->past_ms) ||
            !time_allows (last_ms, message->received_ms, self->future_ms, self->past_ms));
}

static fep_err_t s_reading (validator_t *self, walk_t *walk)
{
    const message_t *message = walk->message;
    rule_t *rule = &self->rules->rules[0];
    item_t item;
    fep_err_t error = FEP_OK;
    walk->meter = meters_find (self->meters, message->terminal, message->mp);
    walk->suspect = false;
    self->special_count = 0;
    bool unusual = s_is_unusual (self, walk);
    for (uint32_t i = 0; (error = cursor_item (walk->cursor, &item)) == FEP_OK; i++) {
        rule = rules_next (self->rules, rule, item.point);
        if (unusual || !rule_passes (rule, &item.value)) {
            s_item (self, walk, i, &item, rule);
        }
    }
    s_specials (self, walk);
    if (walk->suspect && walk->memory) {
        cursor_patch_kind (walk->cursor, walk->memory, MESSAGE_HELD);
    }
    return error == FEP_NOT_FOUND ? FEP_OK : error;
}

//  ---- Batches ----

//  Our own report of a jump, in the journal: it is not to be made again.
static void s_learn_event (validator_t *self, cursor_t *cursor, const message_t *message)
{
    meter_t *meter = meters_find (self->meters, message->terminal, message->mp);
    item_t item;
    bool ours = false;
    char name[128];
    uint32_t point = 0;
    while (meter && cursor_item (cursor, &item) == FEP_OK) {
        value_text (&item.value, name, sizeof name);
        ours = ours || (item.point == POINT_EVENT_NAME &&
                        strcmp (name, event_name (EVENT_register_jump)) == 0);
        if (ours && item.point == POINT_JUMP_POINT && point_parse (name, &point)) {
            hold_t *hold = meter_hold (meter, point, message->freeze);
            if (hold) {
                hold->raised = true;
            }
        }
    }
}

fep_err_t validator_walk (validator_t *self, bytes_t batches, uint8_t *memory)
{
    cursor_t cursor = cursor_of (batches);
    batch_head_t head;
    message_t message;
    walk_t walk = {.cursor = &cursor, .memory = memory, .message = &message};
    fep_err_t error = cursor_batch (&cursor, &head);
    while (error == FEP_OK) {
        error = cursor_message (&cursor, &message);
        if (error == FEP_OK && message_is_reading (message.kind)) {
            error = s_reading (self, &walk);
        } else if (error == FEP_OK && !memory && head.origin == ORIGIN_VALIDATOR) {
            s_learn_event (self, &cursor, &message);
        } else if (error == FEP_NOT_FOUND) {
            error = cursor_batch (&cursor, &head);
        }
    }
    return error == FEP_NOT_FOUND ? FEP_OK : error;
}
