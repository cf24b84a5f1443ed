//  Door: READ_START, READ_JOBS, READ_RESULT and READ_CANCEL. Which measuring points a batch means is looked up here;
//  demand does the rest.
#include "actors/control.h"
#include "actors/jobs.h"
#include "fep/wire.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_BYTES 1024

//  Whom a batch is about; what is said must all hold.
typedef struct {
    const terminal_t *terminal;  //  NULL: any
    int64_t mp;                  //  -1: any
    int64_t area;                //  -1: any
    int64_t group;               //  Its number; -1: any
} whom_t;

static fep_err_t s_say (door_ask_t *ask, fep_err_t error, const char *text)
{
    snprintf (ask->text, sizeof ask->text, "%s", text);
    return error;
}

static fep_err_t s_whom (control_t *self, door_ask_t *ask, whom_t *whom)
{
    const archive_t *archive = actor_context (self->actor)->archive;
    char name[ARCHIVE_NAME_MAX + 1] = "";
    reader_t in;
    *whom = (whom_t){.terminal = door_terminal (self, ask),
                     .mp = wire_find_int (ask->body, "mp", -1),
                     .area = wire_find_int (ask->body, "area", -1),
                     .group = -1};
    if (!whom->terminal && wire_find (ask->body, "terminal", &in)) {
        return FEP_NOT_FOUND;
    }
    if (wire_find_text (ask->body, "group", name, sizeof name)) {
        for (uint32_t i = 0; i < ARCHIVE_GROUPS_MAX; i++) {
            whom->group = strcmp (archive_group (archive, i), name) == 0 ? i : whom->group;
        }
        if (!name[0] || whom->group < 0) {
            return s_say (ask, FEP_NOT_FOUND, "there is no such group");
        }
    }
    if (!whom->terminal && whom->area < 0 && whom->group < 0) {
        return s_say (ask, FEP_SYNTAX, "whom: terminal, group or area is wanted");
    }
    return FEP_OK;
}

static bool s_meant (const whom_t *whom, const terminal_t *terminal)
{
    return (!whom->terminal || whom->terminal == terminal) &&
           (whom->area < 0 || whom->area == terminal->area) &&
           (whom->group < 0 || terminal->groups >> whom->group & 1);
}

//  The points of one terminal that are meant, into mps. Point 0 is the terminal itself, only if it is named.
static uint16_t s_points (const archive_t *archive, const whom_t *whom, uint32_t number,
                          uint16_t mps[UINT16_MAX])
{
    size_t count;
    uint16_t meant = 0;
    const measuring_point_t *points = archive_points (archive, number, &count);
    if (whom->mp == 0) {
        mps[meant++] = 0;
    }
    for (size_t i = 0; i < count && meant < UINT16_MAX; i++) {
        if (points[i].mp && (whom->mp < 0 || whom->mp == points[i].mp)) {
            mps[meant++] = points[i].mp;
        }
    }
    return meant;
}

//  All of them, for jobs_start: memory of *list is the caller's to free.
static fep_err_t s_list (control_t *self, door_ask_t *ask, const whom_t *whom, writer_t *list)
{
    static uint16_t s_mps[UINT16_MAX];
    const archive_t *archive = actor_context (self->actor)->archive;
    uint64_t most = actor_config (self->actor)->demand.points, points = 0;
    size_t room = 0;
    *list = writer_of (NULL, 0);
    for (size_t i = 0; i < archive_count (archive); i++) {
        const terminal_t *terminal = archive_at (archive, i);
        uint16_t count =
            s_meant (whom, terminal) ? s_points (archive, whom, terminal->number, s_mps) : 0;
        if (!count) {
            continue;
        }
        points += count;
        if (list->size + JOBS_WHOM_SIZE (count) > room) {
            room = 2 * room + JOBS_WHOM_SIZE (count) + 4096;
            size_t size = list->size;
            uint8_t *memory = realloc (list->data, room);
            FEP_ASSERT (memory);
            *list = writer_of (memory, room);
            list->size = size;
        }
        jobs_put_whom (list, terminal->number, terminal->address, s_mps, count);
        if (points > most) {
            snprintf (ask->text, sizeof ask->text,
                      "more than %llu measuring points (demand.points)", (unsigned long long) most);
            return FEP_LIMIT;
        }
    }
    return points ? FEP_OK : s_say (ask, FEP_NOT_FOUND, "no measuring point is meant");
}

fep_err_t door_READ_START (control_t *self, door_ask_t *ask)
{
    char who[ARCHIVE_NAME_MAX + 1];
    whom_t whom;
    writer_t list;
    door_read_t read;
    fep_err_t error = door_who (ask, who);
    error = error ? error : door_read_kind (ask, &read);
    error = error ? error : s_whom (self, ask, &whom);
    if (error) {
        return error;
    }
    if (read.kind != REQUEST_READ && read.kind != REQUEST_READ_FROZEN) {
        return s_say (ask, FEP_RANGE, "kind: allowed are current, day, month, curve");
    }
    if (read.kind == REQUEST_READ_FROZEN && !wire_find_int (ask->body, "from_ms", 0)) {
        return s_say (ask, FEP_RANGE,
                      "from_ms, to_ms: instants are wanted of day, month and curve");
    }
    error = s_list (self, ask, &whom, &list);
    size_t size = list.size + HEAD_BYTES + 16 * REQUEST_POINTS_MAX;
    uint8_t *memory = malloc (size);
    FEP_ASSERT (memory);
    writer_t out = writer_of (memory, size);
    size_t mark = wire_open_map (&out);
    wire_put_text (&out, "client");
    wire_put_bin (&out, ask->client);
    wire_pair_int (&out, "token", ask->token);
    wire_pair_text (&out, "who", who);
    wire_pair_int (&out, "kind", read.kind);
    wire_pair_int (&out, "freeze", read.freeze);
    wire_pair_int (&out, "from_ms", wire_find_int (ask->body, "from_ms", 0));
    wire_pair_int (&out, "to_ms", wire_find_int (ask->body, "to_ms", 0));
    //  What is frozen the terminals keep; what is now the meters have.
    int64_t through = wire_find_int (ask->body, "through", read.kind == REQUEST_READ);
    wire_pair_int (&out, "through", through);
    wire_put_text (&out, "whom");
    wire_put_bin (&out, writer_bytes (&list));
    wire_close_map (&out, mark, 10);
    error = error ? error : door_read_points (ask, &out);
    if (!error) {
        error = actor_send_to (self->actor, self->inside, bytes_text (NAME_DEMAND), WORD_READ_START,
                               writer_bytes (&out));
        ask->forwarded = error == FEP_OK;
    }
    free (memory);
    free (list.data);
    return error == FEP_FULL ? FEP_BUSY : error;
}

fep_err_t door_READ_JOBS (control_t *self, door_ask_t *ask)
{
    return door_forward (self, ask, NAME_DEMAND, WORD_READ_JOBS, 0);
}

fep_err_t door_READ_RESULT (control_t *self, door_ask_t *ask)
{
    return door_forward (self, ask, NAME_DEMAND, WORD_READ_RESULT, 0);
}

fep_err_t door_READ_CANCEL (control_t *self, door_ask_t *ask)
{
    char who[ARCHIVE_NAME_MAX + 1];
    fep_err_t error = door_who (ask, who);
    return error ? error : door_forward (self, ask, NAME_DEMAND, WORD_READ_CANCEL, 0);
}
