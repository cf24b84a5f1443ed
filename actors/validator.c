//  Validator: doubts readings that are not plausible. Marks them SUSPECT in place and their message HELD, never
//  discards; counts by reason. Each BATCH is handed on as the same message, never merged or split.
//
//  Words it takes: BATCH from connectors; HELD, ACCEPT, ARCHIVE from control.
//  What it says itself (a jump reported, readings of a jump accepted) goes down the chain behind the batch that
//  caused it, in a batch of its own origin. While the stage behind has no room it takes no more.
#include "actors/validator.h"
#include "fep/clock.h"
#include "fep/event.h"
#include "fep/log.h"
#include "fep/metrics.h"
#include <stdlib.h>

//  The stage behind: AT_ALARM where there is one.

#define NAME_SIZE 64  //  Of a point's name

//  ---- Messages of our own ----

static message_t *s_message (validator_t *self, const meter_t *meter, const hold_t *hold,
                             message_kind_t kind)
{
    message_t *message = batch_message (self->own, kind);
    message->terminal = meter->terminal;
    message->mp = meter->mp;
    message->area = meter->area;
    message->freeze = hold->freeze;
    message->address = batch_keep (self->own, bytes_text (meter->address));
    message->received_ms = clock_wall_ms ();
    return message;
}

static base_t *s_base (validator_t *self, meter_t *meter, const hold_t *hold)
{
    return meter_register (self->meters, meter, hold->point, hold->freeze);
}

bool validator_tell (validator_t *self, meter_t *meter, const hold_t *hold, validator_event_t what,
                     const char *who)
{
    static const event_t events[] = {EVENT_register_jump, EVENT_register_accepted};
    const base_t *base = s_base (self, meter, hold);
    batch_mark_t mark = batch_mark (self->own);
    char name[NAME_SIZE], was[64] = "-", is[64];
    point_name (hold->point, name, sizeof name);
    value_text (&hold->last, is, sizeof is);
    message_t *event = s_message (self, meter, hold, MESSAGE_EVENT);
    event->time_ms = hold->timed ? hold->last_ms : 0;
    batch_item (self->own, POINT_EVENT_CODE, value_decimal (0, 0, 0));
    batch_text (self->own, POINT_EVENT_NAME, event_name (events[what]));
    batch_text (self->own, POINT_JUMP_POINT, name);
    if (base && base->known) {
        value_text (&base->value, was, sizeof was);
        batch_item (self->own, POINT_JUMP_OLD, base->value);
        batch_item (self->own, POINT_JUMP_TIME, value_decimal (base->time_ms, -3, 0));
    }
    batch_item (self->own, POINT_JUMP_NEW, hold->last);
    if (*who) {
        batch_text (self->own, POINT_JUMP_WHO, who);
    }
    if (self->own->failed) {
        batch_rollback (self->own, mark);
        return false;
    }
    log_line (LEVEL_WARNING, what == VALIDATOR_JUMP ? "REGISTER-JUMP" : "REGISTER-ACCEPTED",
              "terminal=%s mp=%u point=%s before=%s now=%s who=\"%s\" meaning=\"%s\"",
              meter->address, meter->mp, name, was, is, who,
              what == VALIDATOR_JUMP ? "suspected swap, clear or rollover: fepctl accept"
                                     : "the new base");
    return true;
}

//  The readings kept of a jump, as good ones.
static void s_release_readings (validator_t *self, const meter_t *meter, const hold_t *hold)
{
    for (uint8_t i = 0; i < hold->kept_count; i++) {
        const kept_t *kept = &hold->kept[i];
        message_t *message = s_message (self, meter, hold, MESSAGE_READING);
        value_t value = kept->value;
        message->time_ms = hold->timed ? kept->time_ms : 0;
        message->received_ms = hold->timed ? message->received_ms : kept->time_ms;
        value.quality = (uint16_t) ((value.quality & ~QUALITY_SUSPECT) | QUALITY_RE_READ);
        batch_item (self->own, hold->point, value);
    }
}

static void s_forget_readings (validator_t *self, const meter_t *meter, const hold_t *hold)
{
    message_t message = {.terminal = meter->terminal, .mp = meter->mp, .freeze = hold->freeze};
    for (uint8_t i = 0; i < hold->kept_count && hold->timed; i++) {
        held_t *held =
            heldset_find (self->held, heldset_key (&message, hold->point, hold->kept[i].time_ms));
        if (held) {
            heldset_remove (self->held, held);
        }
    }
}

fep_err_t validator_accept (validator_t *self, meter_t *meter, hold_t *hold, const char *who,
                            uint32_t *readings)
{
    base_t *base = s_base (self, meter, hold);
    batch_mark_t mark = batch_mark (self->own);
    if (!hold->kept_count || !base) {
        return FEP_NOT_FOUND;
    }
    s_release_readings (self, meter, hold);
    if (self->own->failed) {
        batch_rollback (self->own, mark);
        return FEP_FULL;
    }
    if (!validator_tell (self, meter, hold, VALIDATOR_ACCEPTED, who)) {
        batch_rollback (self->own, mark);
        return FEP_FULL;
    }
    *readings = hold->kept_count;
    s_forget_readings (self, meter, hold);
    hold_accept (hold, base);
    meter_release (self->meters, meter, hold);
    metric_add (METRIC_bases_accepted, 1);
    return FEP_OK;
}

//  ---- The chain ----

//  At the end of each handler and turn; the frame must not be holding a message when another is handed to it.
void validator_flush (validator_t *self)
{
    if (self->failed) {
        return;
    }
    actor_stall (self->actor, false);
    bool room = !actor_stalled (self->actor);
    if (self->own->message_count && room) {
        batch_head_t head = {.origin = ORIGIN_VALIDATOR,
                             .number = ++self->number,
                             .boot = actor_context (self->actor)->boot,
                             .messages = (uint32_t) self->own->message_count};
        zmq_msg_t message;
        size_t bound = pack_bound (self->own);
        if (bound > self->packed_size) {
            self->packed = realloc (self->packed, bound);
            FEP_ASSERT (self->packed);
            self->packed_size = bound;
        }
        writer_t out = writer_of (self->packed, self->packed_size);
        fep_err_t error = pack_batch (self->own, &head, &out);
        FEP_ASSERT (error == FEP_OK);
        zmq_msg_init_size (&message, out.size);
        memcpy (zmq_msg_data (&message), out.data, out.size);
        actor_forward (self->actor, self->next, WORD_BATCH, &message);
        metric_add (METRIC_batches_forwarded, 1);
        batch_clear (self->own);
    }
    //  What is ours goes before anything that comes.
    actor_stall (self->actor, self->own->message_count > 0);
    bool waiting = actor_stalled (self->actor);
    metric_add (METRIC_validator_stalls, waiting && !self->waiting ? 1 : 0);
    self->waiting = waiting;
}

static fep_err_t s_on_batch (void *arg, actor_t *actor, bytes_t body)
{
    validator_t *self = arg;
    fep_err_t error = validator_walk (self, body, actor_body_memory (actor));
    if (error != FEP_OK) {
        //  Our own packer made it: what cannot be read must not be confirmed.
        self->failed = true;
        actor_stall (actor, true);
        actor_fail (actor, "BATCH-UNREADABLE", error);
        return error;
    }
    metric_add (METRIC_batches_validated, 1);
    actor_forward_body (actor, self->next, WORD_BATCH);
    metric_add (METRIC_batches_forwarded, 1);
    validator_flush (self);
    return FEP_OK;
}

static int64_t s_tick (void *arg, actor_t *actor, int64_t now_us)
{
    validator_t *self = arg;
    (void) actor;
    (void) now_us;
    validator_options (self);
    validator_flush (self);
    metric_set (METRIC_holds, (int64_t) meters_holds (self->meters));
    metric_set (METRIC_registers, (int64_t) meters_registers (self->meters));
    metric_set (METRIC_held_identities, (int64_t) heldset_count (self->held));
    metric_set (METRIC_held_forgotten, (int64_t) heldset_forgotten (self->held));
    return INT64_MAX;
}

static bool s_drain (void *arg, actor_t *actor)
{
    validator_t *self = arg;
    (void) actor;
    return self->own->message_count == 0;
}

//  ---- Start and stop ----

static fep_err_t s_start (void *arg, actor_t *actor)
{
    validator_t *self = arg;
    const config_t *config = actor_config (actor);
    self->actor = actor;
    self->store = actor_context (actor)->store;
    self->rules = rules_new ();
    self->meters =
        meters_new ((size_t) config->validator.registers, (size_t) config->validator.held);
    self->held = heldset_new ((size_t) config->validator.held);
    self->own = batch_new ();
    self->specials = malloc (BATCH_ITEMS_MAX * sizeof *self->specials);
    FEP_ASSERT (self->specials);
    validator_options (self);
    fep_err_t error = validator_learn (self);
    if (error != FEP_OK) {
        return error;
    }
    log_line (LEVEL_INFO, "REGISTERS", "registers=%zu points_held=%zu readings_held=%zu",
              meters_registers (self->meters), meters_holds (self->meters),
              heldset_count (self->held));
    self->next = actor_push (actor, AT_ALARM, MARK_CHAIN);
    self->control = actor_dealer (actor, AT_CONTROL, MARK_MAIL);
    if (self->next < 0 || self->control < 0 ||
        actor_pull (actor, AT_VALIDATOR, MARK_CHAIN, true) < 0) {
        return FEP_SYSTEM;
    }
    return actor_send (actor, self->control, WORD_HELLO, bytes_of (NULL, 0));
}

static void s_stop (void *arg, actor_t *actor)
{
    validator_t *self = arg;
    (void) actor;
    rules_destroy (&self->rules);
    meters_destroy (&self->meters);
    heldset_destroy (&self->held);
    batch_destroy (&self->own);
    free (self->specials);
    free (self->packed);
}

static const actor_word_t s_words[] = {{WORD_BATCH, s_on_batch},
                                       {WORD_HELD, validator_on_held},
                                       {WORD_ACCEPT, validator_on_accept},
                                       {WORD_ARCHIVE, validator_on_archive},
                                       {NULL, NULL}};

const actor_class_t validator_class = {.name = NAME_VALIDATOR,
                                       .self_size = sizeof (validator_t),
                                       .start = s_start,
                                       .stop = s_stop,
                                       .tick = s_tick,
                                       .drain = s_drain,
                                       .words = s_words};
