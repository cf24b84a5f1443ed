//  Terminals we dial: stations of IEC 60870-5-104, Modbus TCP, serial lines. DIAL from control says who and where.
//
//  A connection that fails or ends is tried again after a back-off that doubles up to dial.backoff_max_ms; one that
//  held for a while begins anew. At most dial.under_way are being made at a time. A terminal with two places has one
//  connection that carries its traffic and one that stands by: it is not told to control, and takes over, as a new
//  connection would, when the first ends.
#include "actors/connector.h"
#include "fep/clock.h"
#include "fep/log.h"
#include "fep/metrics.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#define LATER_MS 200   //  When something else has to happen first
#define HELD_MS 10000  //  A connection of that age was a good one

void connector_dial_start (connector_t *self)
{
    self->dial_config = (config_listener_t){.name = "dial",
                                            .address = "",
                                            .codec = "",
                                            .sessions = UINT32_MAX,
                                            .unknown = "hold",
                                            .duplicate = "takeover"};
    self->dialling = (listener_t){.config = &self->dial_config, .fd = -1};
    self->dialling.options.password_size = 16;
    wheel_init (&self->dial_wheel, clock_mono_ms ());
}

static dial_link_t *s_other (dial_link_t *link)
{
    dialled_t *owner = link->owner;
    return owner->dial.count < 2 ? NULL : &owner->links[link == &owner->links[0]];
}

static size_t s_index (const dial_link_t *link)
{
    return (size_t) (link - link->owner->links);
}

static void s_later (connector_t *self, dial_link_t *link, int64_t ms)
{
    wheel_set (&self->dial_wheel, &link->timer, clock_mono_ms () + ms);
}

//  Doubles what is waited for, with a tenth of chance by the terminal's number, so that a site does not come at once.
static void s_failed (connector_t *self, dial_link_t *link, const char *problem)
{
    const config_t *config = actor_config (self->actor);
    int64_t least = (int64_t) config->dial.backoff_ms, most = (int64_t) config->dial.backoff_max_ms;
    int64_t wait = link->backoff_ms ? link->backoff_ms * 2 : least;
    link->backoff_ms = wait > most ? most : wait;
    metric_add (METRIC_dials_failed, 1);
    log_line (LEVEL_WARNING, "DIAL-FAILED", "terminal=%s peer=%s problem=\"%s\" again_ms=%lld",
              link->owner->address, link->peer.text, problem, (long long) link->backoff_ms);
    s_later (self, link, link->backoff_ms + link->backoff_ms * (link->owner->number % 8) / 80);
}

static void s_stop_connecting (connector_t *self, dial_link_t *link)
{
    if (link->fd >= 0) {
        transport_close (link->fd);
        link->fd = -1;
        self->dials_under_way--;
    }
}

//  The descriptor is connected: a session by the terminal's name, or one that stands by.
static void s_connected (connector_t *self, dial_link_t *link)
{
    dialled_t *owner = link->owner;
    dial_link_t *other = s_other (link);
    int fd = link->fd;
    link->fd = -1;
    conn_t *active = other ? other->conn : NULL;
    bool room = peers_join (self->peers, link->peer.ip, UINT32_MAX, UINT32_MAX) == FEP_OK;
    conn_t *conn = NULL;
    if (room) {
        conn = connector_join (self, &self->dialling, owner->dial.codec, fd, &link->peer);
    } else {
        transport_close (fd);
    }
    if (!conn) {
        s_failed (self, link, "no room for a session");
        return;
    }
    conn->dial = link;
    link->conn = conn;
    link->since_ms = clock_mono_ms ();
    metric_add (METRIC_dials_connected, 1);
    session_env_t env = connector_env (self);
    session_name (conn->session, &env, owner->address);
    if (active && owner->admission) {
        admission_texts_t texts;
        admission_t admission =
            connector_admission (bytes_of (owner->admission, owner->admission_size), &texts);
        admission.standby = true;
        conn->asked = true;
        session_admit (conn->session, &env, &admission);
        free (texts.meters);
        log_line (LEVEL_INFO, "SESSION-STANDBY", "terminal=%s peer=%s", owner->address,
                  link->peer.text);
        connector_timer (self, conn);
        conn->asked = false;
        return;
    }
    connector_handle (self, conn, INPUT_TAKEN);
}

static fep_err_t s_open (dial_link_t *link)
{
    const dial_place_t *place = &link->owner->dial.places[s_index (link)];
    if (place->port) {
        return transport_dial (place->host, place->port, &link->fd, &link->peer);
    }
    memset (&link->peer, 0, sizeof link->peer);
    snprintf (link->peer.text, sizeof link->peer.text, "%s:%u", place->host, place->baud);
    return transport_serial (place->host, place->baud, place->data, place->parity, place->stop,
                             &link->fd);
}

static void s_try (connector_t *self, dial_link_t *link)
{
    const config_t *config = actor_config (self->actor);
    dial_link_t *other = s_other (link);
    //  The second place waits until the first has said who is there, or has failed.
    bool waits =
        other && (other->fd >= 0 || (other->conn && !session_number (other->conn->session)));
    if (waits || self->dials_under_way >= config->dial.under_way || !self->free_count ||
        !connector_may_read (self)) {
        s_later (self, link, LATER_MS);
        return;
    }
    fep_err_t error = s_open (link);
    if (error != FEP_OK) {
        link->fd = -1;
        s_failed (self, link, error == FEP_SYSTEM ? strerror (errno) : fep_err_text (error));
        return;
    }
    if (!link->owner->dial.places[s_index (link)].port) {
        s_connected (self, link);
        return;
    }
    struct epoll_event event = {.events = EPOLLOUT,
                                .data.u64 = DIAL_EVENT | (uint64_t) link->owner->number << 1 |
                                            s_index (link)};
    self->dials_under_way++;
    if (epoll_ctl (self->terminals, EPOLL_CTL_ADD, link->fd, &event) != 0) {
        s_stop_connecting (self, link);
        s_failed (self, link, "no room to watch it");
        return;
    }
    s_later (self, link, (int64_t) config->dial.timeout_ms);
}

static dialled_t *s_find (const connector_t *self, uint32_t number)
{
    dialled_t *entry = self->dialled;
    while (entry && (entry->number != number || entry->gone)) {
        entry = entry->next;
    }
    return entry;
}

void connector_dial_event (connector_t *self, uint64_t data)
{
    dialled_t *entry = s_find (self, (uint32_t) (data & ~DIAL_EVENT) >> 1);
    dial_link_t *link = entry ? &entry->links[data & 1] : NULL;
    if (!link || link->fd < 0) {
        return;
    }
    if (transport_dialled (link->fd) != FEP_OK) {
        const char *problem = strerror (errno);
        s_stop_connecting (self, link);
        s_failed (self, link, problem);
        return;
    }
    epoll_ctl (self->terminals, EPOLL_CTL_DEL, link->fd, NULL);
    self->dials_under_way--;
    wheel_clear (&link->timer);
    s_connected (self, link);
}

void connector_dial_tick (connector_t *self)
{
    wheel_node_t *node;
    while (!self->stopping && (node = wheel_take (&self->dial_wheel, clock_mono_ms ())) != NULL) {
        dial_link_t *link = (dial_link_t *) (void *) node;
        if (link->fd >= 0) {
            s_stop_connecting (self, link);
            s_failed (self, link, "no answer in time");
        } else if (!link->conn) {
            s_try (self, link);
        }
    }
}

//  ---- Sessions that come and go ----

void connector_dial_admitted (connector_t *self, conn_t *conn, bytes_t body)
{
    dialled_t *owner = conn->dial->owner;
    (void) self;
    uint8_t *copy = realloc (owner->admission, body.size);
    if (copy) {
        memcpy (copy, body.data, body.size);
        owner->admission = copy;
        owner->admission_size = body.size;
    }
}

static void s_free (connector_t *self, dialled_t *entry)
{
    for (dialled_t **at = &self->dialled; *at; at = &(*at)->next) {
        if (*at == entry) {
            *at = entry->next;
            break;
        }
    }
    for (size_t i = 0; i < DIAL_PLACES_MAX; i++) {
        wheel_clear (&entry->links[i].timer);
        s_stop_connecting (self, &entry->links[i]);
    }
    free (entry->admission);
    free (entry);
}

void connector_dial_ended (connector_t *self, conn_t *conn)
{
    dial_link_t *link = conn->dial, *other = s_other (link);
    dialled_t *owner = link->owner;
    bool held = clock_mono_ms () - link->since_ms >= HELD_MS;
    link->conn = NULL;
    if (owner->gone) {
        if (!owner->links[0].conn && !owner->links[1].conn) {
            s_free (self, owner);
        }
        return;
    }
    if (self->stopping) {
        return;
    }
    link->backoff_ms = held ? 0 : link->backoff_ms;
    s_failed (self, link, "the connection ended");
    conn_t *heir = other ? other->conn : NULL;
    if (heir && !heir->is_dead && session_is_standby (heir->session)) {
        session_env_t env = connector_env (self);
        session_promote (heir->session, &env);
        heir->asked = true;
        connector_link (self, heir, true);
        connector_timer (self, heir);
    }
}

//  ---- Who is dialled ----

//  Its connections are closed; the last of them frees it.
static void s_forget (connector_t *self, dialled_t *entry)
{
    bool connected = false;
    entry->gone = true;
    for (size_t i = 0; i < DIAL_PLACES_MAX; i++) {
        dial_link_t *link = &entry->links[i];
        wheel_clear (&link->timer);
        s_stop_connecting (self, link);
        if (link->conn && !link->conn->is_dead) {
            session_env_t env = connector_env (self);
            session_close (link->conn->session, &env, CLOSE_REMOVED, false);
            connector_handle (self, link->conn, INPUT_TAKEN);
        }
        connected = connected || link->conn;
    }
    if (!connected) {
        s_free (self, entry);
    }
}

static size_t s_count (const connector_t *self)
{
    size_t count = 0;
    for (const dialled_t *entry = self->dialled; entry; entry = entry->next) {
        count += entry->dial.count;
    }
    return count;
}

//  {number, address, dial}: an empty dial ends it.
fep_err_t connector_on_dial (void *arg, actor_t *actor, bytes_t body)
{
    connector_t *self = arg;
    char text[ARCHIVE_DIAL_MAX + 1] = "", why[160];
    uint32_t number = (uint32_t) wire_find_int (body, "number", 0);
    wire_find_text (body, "dial", text, sizeof text);
    dialled_t *entry = s_find (self, number);
    if (entry && strcmp (entry->text, text) == 0) {
        return FEP_OK;
    }
    if (entry) {
        s_forget (self, entry);
    }
    if (!text[0] || self->stopping) {
        return FEP_OK;
    }
    entry = calloc (1, sizeof *entry);
    if (!entry) {
        return FEP_FULL;
    }
    entry->number = number;
    snprintf (entry->text, sizeof entry->text, "%s", text);
    wire_find_text (body, "address", entry->address, sizeof entry->address);
    fep_err_t error = dial_parse (text, &entry->dial, why, sizeof why);
    if (error == FEP_OK &&
        s_count (self) + entry->dial.count > actor_config (actor)->dial.entries) {
        error = FEP_LIMIT;
    }
    if (error != FEP_OK) {
        metric_add (METRIC_dials_refused, 1);
        log_line (LEVEL_ERROR, "DIAL-REFUSED", "terminal=%s dial=\"%s\" reason=%s", entry->address,
                  text, fep_err_name (error));
        free (entry);
        return FEP_OK;
    }
    entry->next = self->dialled;
    self->dialled = entry;
    for (size_t i = 0; i < DIAL_PLACES_MAX; i++) {
        entry->links[i].owner = entry;
        entry->links[i].fd = -1;
        if (i < entry->dial.count) {
            s_later (self, &entry->links[i], (int64_t) i * LATER_MS);
        }
    }
    return FEP_OK;
}

void connector_dial_stop (connector_t *self)
{
    while (self->dialled) {
        s_free (self, self->dialled);
    }
}
