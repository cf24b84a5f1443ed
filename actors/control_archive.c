//  Control's part in a changed archive: applying a plan, and telling those it concerns. Sessions of terminals that
//  are gone are closed, those of changed ones hear what changed, held ones of new ones are admitted, all others stay
//  as they are.
#include "actors/control.h"
#include "fep/log.h"
#include <stdlib.h>

#define NUMBERS_NAMED 1000  //  Changed terminals that are told one by one; more: "all"
#define NUMBERS_A_WORD 250  //  Of them in one ARCHIVE

//  What happens to a terminal, kept while the plan is applied.
typedef struct {
    uint32_t number;      //  Of the terminal
    archive_what_t what;  //  Added, removed, changed
} touched_t;

//  ---- Connectors ----

static void s_close (control_t *self, const presence_t *presence)
{
    uint8_t memory[96];
    writer_t out = writer_of (memory, sizeof memory);
    wire_put_map (&out, 2);
    wire_pair_int (&out, "session", presence->session);
    wire_pair_text (&out, "reason", "REMOVED");
    mailq_send (&self->mail, self->actor, self->inside, bytes_text (presence->connector),
                WORD_CLOSE, writer_bytes (&out));
}

static void s_update (control_t *self, const presence_t *presence, const terminal_t *terminal)
{
    size_t room = control_admission_bound (terminal);
    uint8_t *memory = malloc (room);
    FEP_ASSERT (memory);
    writer_t out = writer_of (memory, room);
    control_admission (self, terminal, presence->codec, presence->session, presence->trace_until_ms,
                       &out);
    FEP_ASSERT (!out.failed);
    mailq_send (&self->mail, self->actor, self->inside, bytes_text (presence->connector),
                WORD_UPDATE, writer_bytes (&out));
    free (memory);
}

static void s_tell_terminal (control_t *self, const touched_t *touched)
{
    const presence_t *presence = directory_find (self->directory, touched->number);
    const terminal_t *terminal =
        archive_by_number (actor_context (self->actor)->archive, touched->number);
    control_dial (self, touched->number);
    if (!door_online (presence)) {
        if (terminal) {
            control_admit_held (self, terminal);
        }
        return;
    }
    if (terminal) {
        s_update (self, presence, terminal);
    } else {
        s_close (self, presence);
    }
    control_plan (self, touched->number, terminal != NULL);
}

//  Every connector learns the profile; terminals with meters read by it may be polled otherwise from now on.
static void s_tell_profile (control_t *self, uint32_t profile)
{
    const archive_t *archive = actor_context (self->actor)->archive;
    control_profile_note (self, profile);
    for (unsigned i = 0; i < actor_config (self->actor)->connector.count; i++) {
        char connector[32];
        snprintf (connector, sizeof connector, NAME_CONNECTOR, i);
        control_profile_send (self, connector, profile);
    }
    for (size_t i = 0; i < archive_count (archive); i++) {
        uint32_t number = archive_at (archive, i)->number;
        size_t count;
        const measuring_point_t *points = archive_points (archive, number, &count);
        bool uses = false;
        for (size_t k = 0; !uses && k < count; k++) {
            uses = points[k].profile == profile;
        }
        if (uses && door_online (directory_find (self->directory, number))) {
            control_plan (self, number, true);
        }
    }
}

//  ---- Validator, alarm, account ----

static void s_tell_word (control_t *self, const writer_t *body)
{
    static const char *const names[] = {NAME_VALIDATOR, NAME_ALARM, NAME_ACCOUNT};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        mailq_send (&self->mail, self->actor, self->inside, bytes_text (names[i]), WORD_ARCHIVE,
                    writer_bytes (body));
    }
}

//  Those who keep a part of the archive read again what they keep of these terminals.
static void s_tell_readers (control_t *self, const touched_t touched[], size_t count)
{
    uint8_t memory[NUMBERS_A_WORD * 5 + 64];
    if (count > NUMBERS_NAMED) {
        writer_t out = writer_of (memory, sizeof memory);
        wire_put_map (&out, 1);
        wire_pair_bool (&out, "all", true);
        s_tell_word (self, &out);
        return;
    }
    for (size_t i = 0; i < count; i += NUMBERS_A_WORD) {
        writer_t out = writer_of (memory, sizeof memory);
        size_t end = i + NUMBERS_A_WORD < count ? i + NUMBERS_A_WORD : count;
        wire_put_map (&out, 1);
        wire_put_text (&out, "numbers");
        wire_put_array (&out, (uint32_t) (end - i));
        for (size_t k = i; k < end; k++) {
            wire_put_uint (&out, touched[k].number);
        }
        FEP_ASSERT (!out.failed);
        s_tell_word (self, &out);
    }
}

//  A task came, went, or is another one.
static void s_tell_tasks (control_t *self)
{
    uint8_t memory[16];
    writer_t out = writer_of (memory, sizeof memory);
    wire_put_map (&out, 1);
    wire_pair_bool (&out, "tasks", true);
    mailq_send (&self->mail, self->actor, self->inside, bytes_text (NAME_ACCOUNT), WORD_ARCHIVE,
                writer_bytes (&out));
}

//  ---- Applying ----

fep_err_t control_archive_apply (control_t *self, archive_plan_t **plan_p, const archive_act_t *act,
                                 uint64_t *change)
{
    const context_t *context = actor_context (self->actor);
    size_t count = archive_plan_touched_count (*plan_p);
    size_t differences = archive_plan_count (*plan_p);
    uint32_t profile = archive_plan_number (*plan_p, ARCHIVE_PROFILE);
    uint32_t task = archive_plan_number (*plan_p, ARCHIVE_TASK);
    touched_t *touched = malloc ((count + 1) * sizeof *touched);
    FEP_ASSERT (touched);
    for (size_t i = 0; i < count; i++) {
        touched[i].number = archive_plan_touched (*plan_p, i, &touched[i].what);
    }
    fep_err_t error = archive_apply (context->archive, context->store, plan_p, act, change);
    if (error == FEP_OK && differences > 0) {
        log_line (LEVEL_INFO, "ARCHIVE-CHANGE",
                  "change=%llu what=%s who=\"%s\" terminals=%zu differences=%zu",
                  (unsigned long long) *change, act->what, act->who, count, differences);
        s_tell_readers (self, touched, count);
        for (size_t i = 0; i < count; i++) {
            s_tell_terminal (self, &touched[i]);
        }
        if (profile > 0) {
            s_tell_profile (self, profile);
        }
        if (task > 0) {
            s_tell_tasks (self);
        }
    }
    free (touched);
    return error;
}
