//  Files into the archive, by the same plans as at run time.
#include "actors/takeover.h"
#include "actors/dial.h"
#include "codecs/codec.h"
#include "fep/clock.h"
#include "fep/log.h"
#include "fep/pattern.h"
#include "fep/profile.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX (256u << 20)
#define PATH_SIZE 512
#define CSV_NAME "archive.csv"

//  ---- Checks ----

static bool s_is_meter (const char *name)
{
    const codec_t *codec = codec_find (name);
    return codec && codec->is_meter;
}

static fep_err_t s_pattern (const char *text, char *why, size_t why_size)
{
    pattern_t pattern;
    return pattern_parse (text, &pattern, why, why_size);
}

static fep_err_t s_dial (const char *text, char *why, size_t why_size)
{
    dial_t dial;
    return dial_parse (text, &dial, why, why_size);
}

static fep_err_t s_zone (const char *text, char *why, size_t why_size)
{
    zone_t zone;
    fep_err_t error = zone_parse (text, &zone);
    if (error) {
        snprintf (why, why_size, "an offset as +08:00, or rules as CET-1CEST,M3.5.0,M10.5.0/3");
    }
    return error;
}

const archive_checks_t *takeover_checks (void)
{
    static char names[256];
    static archive_checks_t checks = {s_is_meter, names, s_pattern, s_dial, s_zone};
    for (size_t i = 0; !names[0] && codec_at (i); i++) {
        char all[sizeof names] = "";
        for (size_t k = 0; codec_at (k); k++) {
            if (codec_at (k)->is_meter) {
                strncat (all, all[0] ? ", " : "", sizeof all - strlen (all) - 1);
                strncat (all, codec_at (k)->name, sizeof all - strlen (all) - 1);
            }
        }
        memcpy (names, all, sizeof names);
    }
    return &checks;
}

//  ---- Files ----

static fep_err_t s_read_file (const char *path, uint8_t **data, size_t *size)
{
    FILE *file = fopen (path, "rb");
    if (!file) {
        log_line (LEVEL_ERROR, "ARCHIVE-FILE", "file=%s problem=\"%s\"", path, strerror (errno));
        return FEP_IO;
    }
    long length = fseek (file, 0, SEEK_END) == 0 ? ftell (file) : -1;
    rewind (file);
    if (length < 0 || length > (long) FILE_BYTES_MAX) {
        fclose (file);
        log_line (LEVEL_ERROR, "ARCHIVE-FILE", "file=%s problem=\"larger than %u bytes\"", path,
                  FILE_BYTES_MAX);
        return FEP_LIMIT;
    }
    *data = malloc ((size_t) length + 1);
    *size = *data ? fread (*data, 1, (size_t) length, file) : 0;
    fclose (file);
    return *data && *size == (size_t) length ? FEP_OK : FEP_IO;
}

typedef struct {
    const config_t *config;  //  Options
    store_t *store;          //  Open
    archive_t *archive;      //  Changed
    const char *path;        //  Of the file at hand
    archive_fault_t fault;   //  In it
} s_takeover_t;

static fep_err_t s_refused (const s_takeover_t *self, fep_err_t error)
{
    log_line (LEVEL_ERROR, "ARCHIVE-REFUSED", "file=%s line=%u reason=%s problem=\"%s\"",
              self->path, self->fault.line, fep_err_name (error),
              self->fault.text[0] ? self->fault.text : fep_err_text (error));
    return error;
}

//  Takes the plan.
static fep_err_t s_apply (s_takeover_t *self, archive_plan_t **plan_p, const char *file,
                          uint64_t hash, bool undoable)
{
    const archive_act_t act = {.who = "start",
                               .what = "start",
                               .when_ms = clock_wall_ms (),
                               .entries_kept = self->config->archive.log_entries,
                               .undoable = undoable,
                               .file = file,
                               .file_hash = hash};
    size_t differences = archive_plan_count (*plan_p);
    uint64_t change;
    fep_err_t error = archive_apply (self->archive, self->store, plan_p, &act, &change);
    if (error == FEP_OK && differences > 0) {
        log_line (LEVEL_INFO, "ARCHIVE-TAKEN", "file=%s change=%llu differences=%zu", self->path,
                  (unsigned long long) change, differences);
    }
    return error;
}

static fep_err_t s_csv (s_takeover_t *self, bytes_t text)
{
    const archive_import_t how = {ARCHIVE_CSV, ARCHIVE_UTF8, ARCHIVE_REPLACE, takeover_checks ()};
    archive_plan_t *plan;
    uint64_t hash = archive_hash (text);
    if (archive_seen (self->store, CSV_NAME, hash)) {
        return FEP_OK;
    }
    fep_err_t error = archive_plan (self->archive, text, &how, &plan, &self->fault);
    return error ? error : s_apply (self, &plan, CSV_NAME, hash, true);
}

//  Under the name its text has, whatever the file is called.
static fep_err_t s_profile (s_takeover_t *self, bytes_t text)
{
    profile_t *profile;
    profile_fault_t wrong;
    archive_plan_t *plan;
    char name[PROFILE_NAME_MAX + 1];
    char key[PROFILE_NAME_MAX + 16];
    uint64_t hash = archive_hash (text);
    fep_err_t error = profile_parse (text, &profile, &wrong);
    if (error) {
        self->fault.line = wrong.line;
        memcpy (self->fault.text, wrong.text, sizeof wrong.text);
        return error;
    }
    snprintf (name, sizeof name, "%s", profile->name);
    snprintf (key, sizeof key, "profile/%s", name);
    profile_destroy (&profile);
    if (archive_seen (self->store, key, hash)) {
        return FEP_OK;
    }
    error = archive_plan_profile (self->archive, name, text, &plan, &self->fault);
    return error ? error : s_apply (self, &plan, key, hash, false);
}

//  Likewise.
static fep_err_t s_task (s_takeover_t *self, bytes_t text)
{
    task_t task;
    task_fault_t wrong;
    archive_plan_t *plan;
    char key[TASK_NAME_MAX + 16];
    uint64_t hash = archive_hash (text);
    fep_err_t error = task_parse (text, &task, &wrong);
    if (error) {
        self->fault.line = wrong.line;
        memcpy (self->fault.text, wrong.text, sizeof wrong.text);
        return error;
    }
    snprintf (key, sizeof key, "task/%s", task.name);
    if (archive_seen (self->store, key, hash)) {
        return FEP_OK;
    }
    error = archive_plan_task (self->archive, task.name, text, &plan, &self->fault);
    return error ? error : s_apply (self, &plan, key, hash, false);
}

typedef fep_err_t (s_take_t) (s_takeover_t *self, bytes_t text);

static fep_err_t s_take (s_takeover_t *self, const char *path, s_take_t *take)
{
    uint8_t *data = NULL;
    size_t size = 0;
    self->path = path;
    memset (&self->fault, 0, sizeof self->fault);
    fep_err_t error = s_read_file (path, &data, &size);
    if (!error) {
        error = take (self, bytes_of (data, size));
        error = error ? s_refused (self, error) : FEP_OK;
    }
    free (data);
    return error;
}

static bool s_ends (const struct dirent *entry, const char *wanted)
{
    const char *end = strrchr (entry->d_name, '.');
    return entry->d_name[0] != '.' && end && strcmp (end, wanted) == 0;
}

static int s_is_profile (const struct dirent *entry)
{
    return s_ends (entry, ".profile");
}

static int s_is_task (const struct dirent *entry)
{
    return s_ends (entry, ".task");
}

//  Those files of a directory, by their names; "": there is none.
static fep_err_t s_take_all (s_takeover_t *self, const char *directory,
                             int (*is_one) (const struct dirent *entry), s_take_t *take)
{
    struct dirent **entries = NULL;
    if (!directory[0]) {
        return FEP_OK;
    }
    int count = scandir (directory, &entries, is_one, alphasort);
    fep_err_t error = FEP_OK;
    if (count < 0) {
        log_line (LEVEL_ERROR, "ARCHIVE-FILE", "file=%s problem=\"%s\"", directory,
                  strerror (errno));
        return FEP_IO;
    }
    for (int i = 0; i < count; i++) {
        char path[PATH_SIZE];
        snprintf (path, sizeof path, "%s/%s", directory, entries[i]->d_name);
        error = error ? error : s_take (self, path, take);
        free (entries[i]);
    }
    free (entries);
    return error;
}

fep_err_t takeover (const config_t *config, store_t *store, archive_t **archive_p)
{
    s_takeover_t self = {.config = config, .store = store};
    fep_err_t error = archive_load (store, archive_p);
    self.archive = *archive_p;
    if (!error) {
        error = s_take_all (&self, config->archive.profiles, s_is_profile, s_profile);
    }
    if (!error && config->archive.csv[0]) {
        error = s_take (&self, config->archive.csv, s_csv);
    }
    if (!error) {
        error = s_take_all (&self, config->archive.tasks, s_is_task, s_task);
    }
    if (!error) {
        log_line (LEVEL_INFO, "ARCHIVE", "terminals=%zu change=%llu", archive_count (self.archive),
                  (unsigned long long) archive_change (self.archive));
    }
    return error;
}
