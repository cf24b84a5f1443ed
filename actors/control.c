//  Control: admission and directory of terminals, and the door where requests come in.
//
//  Words it takes from other actors: HELLO (makes a DEALER known), LINK (a terminal came or went) and PROBED (how
//  the older of two is), both in control_link.c, ANSWER (to be handed to a client) and POLL, in control_poll.c. The
//  door's verbs stand in fep/door.def and are answered in the door_*.c files.
#include "actors/control.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_US 5000  //  While mail waits for room

static void s_sender_name (actor_t *actor, char name[32])
{
    bytes_t sender = actor_sender (actor);
    size_t size = sender.size < 31 ? sender.size : 31;
    memcpy (name, sender.data, size);
    name[size] = 0;
}

//  Another actor has answered what a client asked.
static fep_err_t s_on_answer (void *arg, actor_t *actor, bytes_t body)
{
    control_t *self = arg;
    reader_t client, inner;
    char word[32];
    (void) actor;
    if (!wire_find (body, "client", &client) || !wire_find (body, "body", &inner) ||
        !wire_find_text (body, "word", word, sizeof word)) {
        return FEP_CORRUPT;
    }
    bytes_t who = wire_get_bin (&client);
    bytes_t what = wire_get_bin (&inner);
    if (client.failed || inner.failed) {
        return FEP_CORRUPT;
    }
    //  A door's client always has an identity: without one it was a poll.
    if (who.size) {
        control_door_send (self, who, word, what);
    } else {
        control_schedule_result (self, what);
    }
    return FEP_OK;
}

//  A connector learns the profiles before the first request can name one.
static fep_err_t s_on_hello (void *arg, actor_t *actor, bytes_t body)
{
    control_t *self = arg;
    char name[32];
    (void) body;
    s_sender_name (actor, name);
    if (strncmp (name, "connector.", strlen ("connector.")) == 0) {
        control_profiles (self, name);
        control_dials (self, name);
    }
    return FEP_OK;
}

//  From a connector to the seal and back; the body says which connector.
static fep_err_t s_on_seal (void *arg, actor_t *actor, bytes_t body)
{
    control_t *self = arg;
    (void) actor;
    mailq_send (&self->mail, self->actor, self->inside, bytes_text (NAME_SEAL), WORD_SEAL, body);
    return FEP_OK;
}

static fep_err_t s_on_sealed (void *arg, actor_t *actor, bytes_t body)
{
    control_t *self = arg;
    char name[32];
    (void) actor;
    snprintf (name, sizeof name, NAME_CONNECTOR, (unsigned) wire_find_int (body, "connector", 0));
    mailq_send (&self->mail, self->actor, self->inside, bytes_text (name), WORD_SEALED, body);
    return FEP_OK;
}

static void s_raw (void *arg, actor_t *actor, int socket)
{
    control_door_take (arg, actor_socket (actor, socket));
}

static int64_t s_tick (void *arg, actor_t *actor, int64_t now_us)
{
    control_t *self = arg;
    mailq_flush (&self->mail, actor);
    int64_t next_us = control_online_tick (self, now_us);
    int64_t retry_us = mailq_count (&self->mail) ? now_us + RETRY_US : INT64_MAX;
    return retry_us < next_us ? retry_us : next_us;
}

static fep_err_t s_start (void *arg, actor_t *actor)
{
    control_t *self = arg;
    self->actor = actor;
    const config_t *config = actor_config (actor);
    self->directory = directory_new ();
    self->unknown = unknown_new ((size_t) config->archive.unknown);
    self->collisions = collisions_new ((size_t) config->archive.duplicates);
    self->page_size = (size_t) config->door.page_bytes + 65536;
    self->page = malloc (self->page_size);
    FEP_ASSERT (self->page);
    for (uint32_t number = 1; number <= ARCHIVE_PROFILES_MAX; number++) {
        control_profile_note (self, number);
    }
    fep_err_t error = control_online_start (self);
    if (error != FEP_OK) {
        return error;
    }
    self->inside = actor_router (actor, AT_CONTROL, MARK_MAIL);
    if (self->inside < 0) {
        return FEP_SYSTEM;
    }
    return control_door_start (self);
}

static void s_stop (void *arg, actor_t *actor)
{
    control_t *self = arg;
    (void) actor;
    control_door_stop (self);
    control_online_stop (self);
    mailq_clear (&self->mail);
    directory_destroy (&self->directory);
    unknown_destroy (&self->unknown);
    collisions_destroy (&self->collisions);
    free (self->page);
}

static const actor_word_t s_words[] = {
    {WORD_HELLO, s_on_hello},         {WORD_LINK, control_on_link},
    {WORD_PROBED, control_on_probed}, {WORD_ANSWER, s_on_answer},
    {WORD_POLL, control_on_poll},     {WORD_SEAL, s_on_seal},
    {WORD_SEALED, s_on_sealed},       {NULL, NULL}};

const actor_class_t control_class = {.name = NAME_CONTROL,
                                     .self_size = sizeof (control_t),
                                     .start = s_start,
                                     .stop = s_stop,
                                     .tick = s_tick,
                                     .raw = s_raw,
                                     .words = s_words};
