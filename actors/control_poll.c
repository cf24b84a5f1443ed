//  Control's part in reading meters behind a terminal: the profiles for connectors, the plans for schedule, and
//  the requests both polls and people make of a measuring point.
#include "actors/control.h"
#include "codecs/codec.h"
#include "fep/log.h"
#include <stdlib.h>
#include <string.h>

#define REQUEST_ROOM 4096  //  Of a REQUEST
#define PLAN_HEAD 64       //  Of a PLAN besides its points
#define PLAN_POINT 9       //  Of one of them

//  ---- Profiles ----

//  Its text; empty if there is none.
static bytes_t s_profile (control_t *self, uint32_t number)
{
    const archive_text_t *profile = archive_profile (actor_context (self->actor)->archive, number);
    return profile ? profile->text : bytes_of (NULL, 0);
}

void control_profile_note (control_t *self, uint32_t number)
{
    profile_t *profile = NULL;
    profile_fault_t fault;
    bytes_t text = s_profile (self, number);
    self->periods_ms[number - 1] = 0;
    if (text.size && profile_parse (text, &profile, &fault) == FEP_OK) {
        self->periods_ms[number - 1] = profile->period_ms;
        profile_destroy (&profile);
    }
}

void control_profile_send (control_t *self, const char *connector, uint32_t number)
{
    bytes_t text = s_profile (self, number);
    size_t size = text.size + 64;
    uint8_t *memory = malloc (size);
    FEP_ASSERT (memory);
    writer_t out = writer_of (memory, size);
    wire_put_map (&out, 2);
    wire_pair_uint (&out, "number", number);
    wire_put_text (&out, "text");
    wire_put_bin (&out, text);
    FEP_ASSERT (!out.failed);
    mailq_send (&self->mail, self->actor, self->inside, bytes_text (connector), WORD_PROFILE,
                writer_bytes (&out));
    free (memory);
}

void control_profiles (control_t *self, const char *connector)
{
    for (uint32_t number = 1; number <= ARCHIVE_PROFILES_MAX; number++) {
        if (s_profile (self, number).size) {
            control_profile_send (self, connector, number);
        }
    }
}

//  ---- Plans ----

//  True if the point is in service and read again and again, by the period of its profile.
static bool s_polled (const control_t *self, const measuring_point_t *point, uint32_t *period_ms)
{
    *period_ms = point->profile ? self->periods_ms[point->profile - 1] : 0;
    return *period_ms > 0 && point->state == ARCHIVE_IN_SERVICE;
}

void control_plan (control_t *self, uint32_t number, bool online)
{
    size_t count = 0;
    const archive_t *archive = actor_context (self->actor)->archive;
    const terminal_t *terminal = archive_by_number (archive, number);
    bool in_service = terminal && terminal->state == ARCHIVE_IN_SERVICE;
    const measuring_point_t *points =
        online && in_service ? archive_points (archive, number, &count) : NULL;
    size_t size = PLAN_HEAD + count * PLAN_POINT;
    uint32_t period_ms, polled = 0;
    uint8_t *memory = malloc (size);
    FEP_ASSERT (memory);
    writer_t out = writer_of (memory, size);
    wire_put_map (&out, 2);
    wire_pair_uint (&out, "terminal", number);
    wire_put_text (&out, "points");
    size_t mark = wire_open_array (&out);
    for (size_t i = 0; i < count && polled < UINT16_MAX; i++) {
        if (s_polled (self, &points[i], &period_ms)) {
            wire_put_array (&out, 2);
            wire_put_uint (&out, points[i].mp);
            wire_put_uint (&out, period_ms);
            polled++;
        }
    }
    wire_close_array (&out, mark, polled);
    presence_t *presence = directory_use (self->directory, number);
    if (polled || presence->planned) {
        presence->planned = polled > 0;
        mailq_send (&self->mail, self->actor, self->inside, bytes_text (NAME_SCHEDULE), WORD_PLAN,
                    writer_bytes (&out));
    }
    free (memory);
}

//  ---- Requests ----

uint32_t control_meter (control_t *self, uint32_t number, uint16_t mp, writer_t *out)
{
    const measuring_point_t *point =
        archive_point (actor_context (self->actor)->archive, number, mp);
    if (!point) {
        return 0;
    }
    if (point->protocol[0]) {
        wire_pair_text (out, "carried", point->protocol);
    }
    wire_pair_text (out, "meter", point->meter);
    wire_pair_uint (out, "profile", point->profile);
    return point->protocol[0] ? 3 : 2;
}

//  A poll that cannot be asked ends at once.
static void s_poll_failed (control_t *self, int64_t token, fep_err_t error)
{
    uint8_t memory[128];
    writer_t out = writer_of (memory, sizeof memory);
    wire_put_map (&out, 3);
    wire_pair_int (&out, "token", token);
    wire_pair_text (&out, "error", fep_err_name (error));
    wire_pair_uint (&out, "journalled", 0);
    control_schedule_result (self, writer_bytes (&out));
}

void control_schedule_result (control_t *self, bytes_t body)
{
    uint64_t token = (uint64_t) wire_find_int (body, "token", 0);
    const char *whose = token & TOKEN_ACCOUNT  ? NAME_ACCOUNT
                        : token & TOKEN_DEMAND ? NAME_DEMAND
                                               : NAME_SCHEDULE;
    mailq_send (&self->mail, self->actor, self->inside, bytes_text (whose), WORD_RESULT, body);
}

//  What schedule says of a request, and what is meant if it says nothing.
static const struct {
    const char *key;  //  In POLL and REQUEST
    int64_t usual;    //  If POLL does not say it
} s_pairs[] = {{"kind", REQUEST_READ},
               {"freeze", FREEZE_NONE},
               {"from_ms", 0},
               {"to_ms", 0},
               {"event_from", 0},
               {"event_to", 0},
               {"important", 1},
               {"priority", PRIORITY_POLL},
               {"tries", 1},
               {"task", 0},
               {"slot_ms", 0},
               {"run", 0},
               {"trial", 0}};

#define PAIRS (sizeof s_pairs / sizeof *s_pairs)

enum { POLL_OWN = PAIRS, POLL_TERMINAL, POLL_MP, POLL_TOKEN, POLL_POINTS, POLL_MPS, POLL_COUNT };

//  A POLL taken apart: s_pairs, then those above.
typedef struct {
    uint64_t found;
    reader_t values[POLL_COUNT];
} poll_t;

static poll_t s_take_apart (bytes_t body)
{
    static const char *const others[] = {"own", "terminal", "mp", "token", "points", "mps"};
    const char *keys[POLL_COUNT];
    poll_t poll;
    for (size_t i = 0; i < POLL_COUNT; i++) {
        keys[i] = i < PAIRS ? s_pairs[i].key : others[i - PAIRS];
    }
    poll.found = wire_pick (body, keys, POLL_COUNT, poll.values);
    return poll;
}

static int64_t s_int (poll_t *poll, size_t i, int64_t usual)
{
    bool there = poll->found >> i & 1 && wire_peek (&poll->values[i]) == WIRE_INT;
    return there ? wire_get_int (&poll->values[i]) : usual;
}

static uint32_t s_array (poll_t *poll, size_t i)
{
    return poll->found >> i & 1 ? wire_get_array (&poll->values[i]) : 0;
}

//  Points by their numbers. LIMIT: more than a request holds.
static fep_err_t s_poll_points (poll_t *poll, writer_t *out)
{
    reader_t *in = &poll->values[POLL_POINTS];
    uint32_t count = s_array (poll, POLL_POINTS);
    if (count > REQUEST_POINTS_MAX) {
        return FEP_LIMIT;
    }
    wire_put_text (out, "points");
    wire_put_array (out, count);
    for (uint32_t i = 0; i < count; i++) {
        wire_put_uint (out, wire_get_uint (in));
    }
    return count && in->failed ? FEP_CORRUPT : FEP_OK;
}

//  Several measuring points, if it names them. LIMIT: more than the terminal's protocol takes, or not of what it keeps
//  itself; NOT_FOUND: it has not all of them.
static fep_err_t s_poll_mps (control_t *self, poll_t *poll, uint32_t number,
                             const presence_t *presence, bool own, writer_t *out, uint32_t *pairs)
{
    reader_t *in = &poll->values[POLL_MPS];
    uint32_t count = s_array (poll, POLL_MPS);
    if (!count) {
        return FEP_OK;
    }
    if (!own || !presence->codec || count > presence->codec->mps_max) {
        return FEP_LIMIT;
    }
    wire_put_text (out, "mps");
    wire_put_array (out, count);
    for (uint32_t i = 0; i < count && !in->failed; i++) {
        uint16_t mp = (uint16_t) wire_get_uint (in);
        if (!archive_point (actor_context (self->actor)->archive, number, mp)) {
            return FEP_NOT_FOUND;
        }
        wire_put_uint (out, mp);
    }
    *pairs += 1;
    return in->failed ? FEP_CORRUPT : FEP_OK;
}

//  The REQUEST a POLL becomes. NOT_FOUND: its terminal has no such measuring point; mp 0, the terminal, need be none.
//  `own`: a terminal that keeps what its meters froze is asked itself, whatever protocol its meter speaks.
static fep_err_t s_poll_request (control_t *self, poll_t *poll, uint32_t number, int64_t token,
                                 const presence_t *presence, writer_t *out)
{
    uint16_t mp = (uint16_t) s_int (poll, POLL_MP, 0);
    bool own = poll->found >> POLL_OWN & 1 && wire_get_bool (&poll->values[POLL_OWN]) &&
               (!mp || !presence->codec || presence->codec->is_store);
    size_t mark = wire_open_map (out);
    wire_pair_int (out, "session", presence->session);
    wire_pair_int (out, "token", token);
    wire_pair_uint (out, "mp", mp);
    for (size_t i = 0; i < PAIRS; i++) {
        wire_pair_int (out, s_pairs[i].key, s_int (poll, i, s_pairs[i].usual));
    }
    wire_put_text (out, "client");
    wire_put_bin (out, bytes_of (NULL, 0));
    uint32_t pairs = (uint32_t) PAIRS + 5;
    fep_err_t error = s_poll_points (poll, out);
    if (error == FEP_OK) {
        error = s_poll_mps (self, poll, number, presence, own, out, &pairs);
    }
    if (error != FEP_OK) {
        return error;
    }
    bool known = archive_point (actor_context (self->actor)->archive, number, mp);
    uint32_t meter = own || !known ? 0 : control_meter (self, number, mp, out);
    wire_close_map (out, mark, pairs + meter);
    return mp && !known ? FEP_NOT_FOUND : out->failed ? FEP_LIMIT : FEP_OK;
}

fep_err_t control_on_poll (void *arg, actor_t *actor, bytes_t body)
{
    control_t *self = arg;
    uint8_t memory[REQUEST_ROOM];
    writer_t out = writer_of (memory, sizeof memory);
    poll_t poll = s_take_apart (body);
    int64_t token = s_int (&poll, POLL_TOKEN, 0);
    uint32_t number = (uint32_t) s_int (&poll, POLL_TERMINAL, 0);
    const presence_t *presence = directory_find (self->directory, number);
    (void) actor;
    if (!door_online (presence)) {
        s_poll_failed (self, token, FEP_CLOSED);
        return FEP_OK;
    }
    fep_err_t error = s_poll_request (self, &poll, number, token, presence, &out);
    if (error == FEP_OK) {
        error = actor_send_to (self->actor, self->inside, bytes_text (presence->connector),
                               WORD_REQUEST, writer_bytes (&out));
    }
    if (error != FEP_OK) {
        s_poll_failed (self, token, error == FEP_FULL ? FEP_BUSY : error);
    }
    return FEP_OK;
}
