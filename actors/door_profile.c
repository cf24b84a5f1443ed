//  Door: GROUPS, PROFILES, PROFILE, PROFILE_PUT: what terminals and meters have in common.
#include "actors/control.h"
#include "fep/profile.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROW_ROOM 256  //  Bytes of one row

fep_err_t door_GROUPS (control_t *self, door_ask_t *ask)
{
    const archive_t *archive = actor_context (self->actor)->archive;
    uint32_t rows = 0;
    wire_put_map (&ask->out, 2);
    wire_pair_int (&ask->out, "token", ask->token);
    wire_put_text (&ask->out, "groups");
    size_t mark = wire_open_array (&ask->out);
    for (uint32_t i = 0; i < ARCHIVE_GROUPS_MAX; i++) {
        if (archive_group (archive, i)[0]) {
            wire_put_map (&ask->out, 3);
            wire_pair_uint (&ask->out, "number", i);
            wire_pair_text (&ask->out, "name", archive_group (archive, i));
            wire_pair_uint (&ask->out, "terminals", archive_group_size (archive, i));
            rows++;
        }
    }
    wire_close_array (&ask->out, mark, rows);
    return FEP_OK;
}

//  How many measuring points are read by each profile, by its number.
static uint32_t *s_uses (const archive_t *archive)
{
    uint32_t *uses = calloc (ARCHIVE_PROFILES_MAX + 1, sizeof *uses);
    FEP_ASSERT (uses);
    for (size_t i = 0; i < archive_count (archive); i++) {
        size_t count;
        const measuring_point_t *points =
            archive_points (archive, archive_at (archive, i)->number, &count);
        for (size_t k = 0; k < count; k++) {
            uses[points[k].profile <= ARCHIVE_PROFILES_MAX ? points[k].profile : 0]++;
        }
    }
    return uses;
}

fep_err_t door_PROFILES (control_t *self, door_ask_t *ask)
{
    const archive_t *archive = actor_context (self->actor)->archive;
    uint32_t *uses = s_uses (archive);
    const archive_text_t *profile = NULL;
    uint32_t rows = 0;
    wire_put_map (&ask->out, 2);
    wire_pair_int (&ask->out, "token", ask->token);
    wire_put_text (&ask->out, "profiles");
    size_t mark = wire_open_array (&ask->out);
    while ((profile = archive_profile_next (archive, profile ? profile->number : 0)) != NULL) {
        wire_put_map (&ask->out, 5);
        wire_pair_uint (&ask->out, "number", profile->number);
        wire_pair_text (&ask->out, "name", profile->name);
        wire_pair_uint (&ask->out, "size_bytes", profile->text.size);
        wire_pair_uint (&ask->out, "measuring_points", uses[profile->number]);
        wire_pair_uint (&ask->out, "change", profile->change);
        rows++;
    }
    wire_close_array (&ask->out, mark, rows);
    free (uses);
    return FEP_OK;
}

fep_err_t door_PROFILE (control_t *self, door_ask_t *ask)
{
    const archive_t *archive = actor_context (self->actor)->archive;
    char name[ARCHIVE_NAME_MAX + 1];
    wire_find_text (ask->body, "name", name, sizeof name);
    const archive_text_t *profile = archive_profile_find (archive, bytes_text (name));
    if (!profile) {
        return door_fault (ask, FEP_NOT_FOUND, 0, "there is no profile of that name");
    }
    wire_put_map (&ask->out, 4);
    wire_pair_int (&ask->out, "token", ask->token);
    wire_pair_uint (&ask->out, "number", profile->number);
    wire_pair_text (&ask->out, "name", profile->name);
    wire_put_text (&ask->out, "text");
    wire_put_str (&ask->out, profile->text);
    return FEP_OK;
}

//  The text's own name; a name in the request must be the same.
static fep_err_t s_check (door_ask_t *ask, bytes_t text, char name[ARCHIVE_NAME_MAX + 1])
{
    profile_t *profile;
    profile_fault_t wrong;
    fep_err_t error = profile_parse (text, &profile, &wrong);
    if (error) {
        return door_fault (ask, error, wrong.line, wrong.text);
    }
    bool same = !name[0] || strcmp (name, profile->name) == 0;
    if (!same) {
        snprintf (ask->text, sizeof ask->text, "the text is of profile %s, the request names %s",
                  profile->name, name);
    }
    snprintf (name, ARCHIVE_NAME_MAX + 1, "%s", profile->name);
    profile_destroy (&profile);
    return same ? FEP_OK : FEP_RANGE;
}

//  An empty text removes the profile.
fep_err_t door_PROFILE_PUT (control_t *self, door_ask_t *ask)
{
    char name[ARCHIVE_NAME_MAX + 1];
    bytes_t text;
    archive_plan_t *plan;
    archive_fault_t fault;
    fep_err_t error = door_text (ask, name, &text);
    if (!error && text.size > 0) {
        error = s_check (ask, text, name);
    }
    if (error) {
        return error;
    }
    error = archive_plan_profile (actor_context (self->actor)->archive, name, text, &plan, &fault);
    return error ? door_fault (ask, error, 0, fault.text)
                 : door_apply (self, ask, &plan, "profile", false);
}
