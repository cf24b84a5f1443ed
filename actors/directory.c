//  Entries by archive number, made when a terminal first comes.
#include "actors/directory.h"
#include <stdlib.h>
#include <string.h>

struct directory {
    presence_t **entries;  //  By number
    size_t size;           //  Of it
    size_t online;         //  Now
    char **names;          //  Connectors and reasons
    size_t name_count;     //  Of them
    past_t **pasts;        //  PASTS at a time: what is freed between them goes back in whole pages
    size_t past_count;     //  Used
};

#define PASTS 64

static const char s_none[] = "";

const presence_t directory_never = {
    .session = -1, .connector = s_none, .peer = s_none, .reason = s_none};

directory_t *directory_new (void)
{
    directory_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    return self;
}

static void s_free (presence_t *presence)
{
    if (presence) {
        if (presence->past) {
            free (presence->past->frames);
            free (presence->past->refused);
        }
        free (presence->rival);
        if (presence->peer != s_none) {
            free ((char *) (uintptr_t) presence->peer);
        }
        free (presence);
    }
}

void directory_destroy (directory_t **self_p)
{
    directory_t *self = *self_p;
    if (self) {
        for (size_t i = 0; i < self->size; i++) {
            s_free (self->entries[i]);
        }
        free (self->entries);
        for (size_t i = 0; i < self->name_count; i++) {
            free (self->names[i]);
        }
        free (self->names);
        for (size_t i = 0; i * PASTS < self->past_count; i++) {
            free (self->pasts[i]);
        }
        free (self->pasts);
        free (self);
        *self_p = NULL;
    }
}

presence_t *directory_use (directory_t *self, uint32_t number)
{
    if (number >= self->size) {
        size_t size = number + number / 2 + 256;
        self->entries = realloc (self->entries, size * sizeof *self->entries);
        FEP_ASSERT (self->entries);
        memset (self->entries + self->size, 0, (size - self->size) * sizeof *self->entries);
        self->size = size;
    }
    if (!self->entries[number]) {
        self->entries[number] = calloc (1, sizeof (presence_t));
        FEP_ASSERT (self->entries[number]);
        *self->entries[number] = directory_never;
    }
    return self->entries[number];
}

presence_t *directory_find (const directory_t *self, uint32_t number)
{
    return number < self->size ? self->entries[number] : NULL;
}

size_t directory_online (const directory_t *self)
{
    return self->online;
}

uint32_t directory_size (const directory_t *self)
{
    return (uint32_t) self->size;
}

static char *s_copy (const char *from, size_t max)
{
    char *copy = strndup (from, max);
    FEP_ASSERT (copy);
    return copy;
}

static const char *s_name (directory_t *self, const char *text)
{
    for (size_t i = 0; i < self->name_count; i++) {
        if (strncmp (self->names[i], text, DIRECTORY_NAME_MAX) == 0) {
            return self->names[i];
        }
    }
    self->names = realloc (self->names, (self->name_count + 1) * sizeof *self->names);
    FEP_ASSERT (self->names);
    self->names[self->name_count] = s_copy (text, DIRECTORY_NAME_MAX);
    return self->names[self->name_count++];
}

static void s_set_peer (presence_t *presence, const char *peer)
{
    if (strncmp (presence->peer, peer, DIRECTORY_PEER_MAX) == 0) {
        return;
    }
    if (presence->peer != s_none) {
        free ((char *) (uintptr_t) presence->peer);
    }
    presence->peer = s_copy (peer, DIRECTORY_PEER_MAX);
}

void directory_up (directory_t *self, presence_t *presence, const char *connector, int64_t session,
                   const char *peer, int64_t wall_ms)
{
    self->online += presence->session < 0 ? 1 : 0;
    presence->session = session;
    presence->since_ms = wall_ms;
    presence->sessions++;
    presence->connector = s_name (self, connector);
    s_set_peer (presence, peer);
    if (presence->past) {
        past_keep_frames (presence->past, bytes_of (NULL, 0));
    }
}

bool directory_down (directory_t *self, presence_t *presence, const char *connector,
                     int64_t session, const char *reason, int64_t wall_ms)
{
    presence->reason = s_name (self, reason);
    presence->closed_ms = wall_ms;
    if (presence->session != session || strcmp (presence->connector, connector) != 0) {
        return false;
    }
    presence->session = -1;
    presence->since_ms = wall_ms;
    self->online--;
    return true;
}

past_t *directory_past (directory_t *self, presence_t *presence)
{
    size_t chunk = self->past_count / PASTS;
    if (presence->past) {
        return presence->past;
    }
    if (self->past_count % PASTS == 0) {
        self->pasts = realloc (self->pasts, (chunk + 1) * sizeof *self->pasts);
        FEP_ASSERT (self->pasts);
        self->pasts[chunk] = calloc (PASTS, sizeof (past_t));
        FEP_ASSERT (self->pasts[chunk]);
    }
    presence->past = &self->pasts[chunk][self->past_count++ % PASTS];
    return presence->past;
}

const past_t *directory_seen (const presence_t *presence)
{
    static const past_t none;
    return presence->past ? presence->past : &none;
}

traffic_t past_today (const past_t *past, int64_t day)
{
    return past->day == day ? past->today : (traffic_t){0};
}

void past_add (past_t *past, int64_t day, const traffic_t *today, const traffic_t *total)
{
    past->today = past_today (past, day);
    past->day = day;
    traffic_add (&past->today, today);
    traffic_add (&past->total, total);
}

void past_keep_frames (past_t *past, bytes_t frames)
{
    free (past->frames);
    past->frames = frames.size ? malloc (frames.size) : NULL;
    past->frames_size = past->frames ? frames.size : 0;
    if (past->frames) {
        memcpy (past->frames, frames.data, frames.size);
    }
}

void past_add_refused (past_t *past, fep_err_t reason, uint64_t count)
{
    if (count && !past->refused) {
        past->refused = calloc (FEP_ERR_COUNT, sizeof *past->refused);
        FEP_ASSERT (past->refused);
    }
    if (count) {
        past->refused[reason] += count;
    }
}

void directory_rival (presence_t *presence, const rival_t *rival)
{
    free (presence->rival);
    presence->rival = NULL;
    if (rival) {
        presence->rival = malloc (sizeof *rival);
        FEP_ASSERT (presence->rival);
        *presence->rival = *rival;
    }
}
