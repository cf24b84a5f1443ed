//  Door: UNKNOWN, CREATE, DUPLICATES: who came and is not in the archive, and who claims to be somebody else.
#include "actors/control.h"
#include "actors/takeover.h"
#include "actors/verdict.h"
#include "fep/clock.h"
#include <string.h>

#define ROWS_MAX 500    //  Of one answer
#define ROW_BYTES 1024  //  Of one row
#define AREA_NONE (-1)  //  Not said
#define HEARTBEAT_MAX INT32_MAX

//  from and limit of a request.
static size_t s_page (const door_ask_t *ask, uint32_t *limit)
{
    int64_t from = wire_find_int (ask->body, "from", 0);
    int64_t most = wire_find_int (ask->body, "limit", ROWS_MAX);
    *limit = (uint32_t) (most < 1 || most > ROWS_MAX ? ROWS_MAX : most);
    return from > 0 ? (size_t) from : 0;
}

static bool s_room (const door_ask_t *ask)
{
    return ask->out.capacity - ask->out.size > 2 * ROW_BYTES;
}

//  ---- UNKNOWN ----

static void s_pair_bin (writer_t *out, const char *key, const uint8_t *data, size_t size)
{
    wire_put_text (out, key);
    wire_put_bin (out, bytes_of (data, size));
}

//  Pairs without the map's head; returns how many.
static uint32_t s_unknown_pairs (const unknown_entry_t *entry, writer_t *out)
{
    wire_pair_text (out, "address", entry->address);
    wire_pair_text (out, "peer", entry->peer);
    wire_pair_text (out, "listener", entry->listener);
    wire_pair_text (out, "codec", entry->codec);
    wire_pair_int (out, "first_ms", entry->first_ms);
    wire_pair_int (out, "last_ms", entry->last_ms);
    wire_pair_uint (out, "sessions", entry->sessions);
    wire_pair_bool (out, "held", entry->session >= 0);
    s_pair_bin (out, "first", entry->first, entry->first_size);
    s_pair_bin (out, "last", entry->last, entry->last_size);
    return 10;
}

fep_err_t door_UNKNOWN (control_t *self, door_ask_t *ask)
{
    uint32_t limit, rows = 0;
    size_t from = s_page (ask, &limit);
    const unknown_entry_t *entry = unknown_at (self->unknown, from);
    wire_put_map (&ask->out, 5);
    wire_pair_int (&ask->out, "token", ask->token);
    wire_put_text (&ask->out, "terminals");
    size_t mark = wire_open_array (&ask->out);
    for (; entry && rows < limit && s_room (ask); entry = unknown_older (entry)) {
        wire_put_map (&ask->out, 10);
        (void) s_unknown_pairs (entry, &ask->out);
        rows++;
    }
    wire_close_array (&ask->out, mark, rows);
    wire_pair_uint (&ask->out, "next", entry ? from + rows : 0);
    wire_pair_uint (&ask->out, "listed", unknown_count (self->unknown));
    wire_pair_uint (&ask->out, "forgotten", unknown_forgotten (self->unknown));
    return FEP_OK;
}

fep_err_t door_unknown_terminal (control_t *self, door_ask_t *ask)
{
    char address[ADDRESS_MAX + 1], why[VERDICT_MAX + 1];
    if (!wire_find_text (ask->body, "terminal", address, sizeof address)) {
        return FEP_NOT_FOUND;
    }
    const unknown_entry_t *entry = unknown_find (self->unknown, address);
    if (!entry) {
        return FEP_NOT_FOUND;
    }
    bool held = entry->session >= 0;
    verdict_unknown (held, entry->last_ms, entry->peer, why, sizeof why);
    wire_put_map (&ask->out, 13);
    wire_pair_int (&ask->out, "token", ask->token);
    wire_pair_text (&ask->out, "why", why);
    wire_pair_text (&ask->out, "state", held ? "held" : "unknown");
    (void) s_unknown_pairs (entry, &ask->out);
    return FEP_OK;
}

//  ---- CREATE ----

static fep_err_t s_create (control_t *self, door_ask_t *ask, const terminal_t *terminal,
                           const char *who)
{
    const archive_act_t act = {.who = who,
                               .what = "create",
                               .when_ms = clock_wall_ms (),
                               .entries_kept = actor_config (self->actor)->archive.log_entries};
    archive_plan_t *plan;
    archive_fault_t fault;
    uint64_t change;
    fep_err_t error = archive_plan_terminal (actor_context (self->actor)->archive, terminal,
                                             takeover_checks (), &plan, &fault);
    return error ? door_fault (ask, error, fault.line, fault.text)
                 : control_archive_apply (self, &plan, &act, &change);
}

//  Only what is listed can be created: a mistyped address must not become a terminal that never comes.
fep_err_t door_CREATE (control_t *self, door_ask_t *ask)
{
    const archive_t *archive = actor_context (self->actor)->archive;
    terminal_t terminal = {0};
    char who[ARCHIVE_NAME_MAX + 1];
    int64_t area = wire_find_int (ask->body, "area", AREA_NONE);
    int64_t heartbeat_s = wire_find_int (ask->body, "heartbeat_s", 0);
    wire_find_text (ask->body, "terminal", terminal.address, sizeof terminal.address);
    wire_find_text (ask->body, "name", terminal.name, sizeof terminal.name);
    fep_err_t error = door_who (ask, who);
    if (error != FEP_OK) {
        return error;
    }
    if (area < 0 || area >= AREA_COUNT || heartbeat_s < 0 || heartbeat_s > HEARTBEAT_MAX) {
        return door_fault (ask, FEP_RANGE, 0, "area is 0 to 63, heartbeat_s not below 0");
    }
    if (archive_find (archive, bytes_text (terminal.address))) {
        return FEP_EXISTS;
    }
    if (!unknown_find (self->unknown, terminal.address)) {
        return door_fault (ask, FEP_NOT_FOUND, 0, "no unknown terminal of that address is listed");
    }
    terminal.area = (uint8_t) area;
    terminal.heartbeat_s = (uint32_t) heartbeat_s;
    error = s_create (self, ask, &terminal, who);
    if (error != FEP_OK) {
        return error;
    }
    const terminal_t *created = archive_find (archive, bytes_text (terminal.address));
    FEP_ASSERT (created);
    wire_put_map (&ask->out, 3);
    wire_pair_int (&ask->out, "token", ask->token);
    wire_pair_uint (&ask->out, "number", created->number);
    wire_pair_bool (&ask->out, "admitted",
                    door_online (directory_find (self->directory, created->number)));
    return FEP_OK;
}

//  ---- DUPLICATES ----

static void s_collision_row (const collision_t *entry, writer_t *out)
{
    wire_put_map (out, 9);
    wire_pair_text (out, "terminal", entry->terminal);
    wire_pair_text (out, "old_peer", entry->old_peer);
    wire_pair_text (out, "new_peer", entry->new_peer);
    wire_pair_bool (out, "same_host", entry->same_host);
    wire_pair_text (out, "kept", entry->reason == COLLISION_REJECT ? "older" : "newer");
    wire_pair_text (out, "reason", collision_name (entry->reason));
    wire_pair_uint (out, "count", entry->count);
    wire_pair_int (out, "first_ms", entry->first_ms);
    wire_pair_int (out, "last_ms", entry->last_ms);
}

fep_err_t door_DUPLICATES (control_t *self, door_ask_t *ask)
{
    uint32_t limit, rows = 0;
    size_t from = s_page (ask, &limit);
    const collision_t *entry = collisions_at (self->collisions, from);
    wire_put_map (&ask->out, 4);
    wire_pair_int (&ask->out, "token", ask->token);
    wire_put_text (&ask->out, "collisions");
    size_t mark = wire_open_array (&ask->out);
    for (; entry && rows < limit && s_room (ask); entry = collisions_older (entry)) {
        s_collision_row (entry, &ask->out);
        rows++;
    }
    wire_close_array (&ask->out, mark, rows);
    wire_pair_uint (&ask->out, "next", entry ? from + rows : 0);
    wire_pair_uint (&ask->out, "forgotten", collisions_forgotten (self->collisions));
    return FEP_OK;
}
