//  What the archive's tests share: a store, the archive loaded from it, imports and their texts.
#ifndef TESTS_STORE_ARCHIVE_TEST_H
#define TESTS_STORE_ARCHIVE_TEST_H

#include "store_test.h"
#include "store/archive.h"

typedef struct {
    place_t *place;         //  The store
    archive_t *archive;     //  Loaded from it
    archive_import_t how;   //  For the next file
    archive_act_t act;      //  Likewise
    archive_fault_t fault;  //  Of the last one
    uint8_t *file;          //  The last export
    size_t size;            //  Of it
} fixture_t;

static inline bool fixture_protocol (const char *name)
{
    return strcmp (name, "modbus_rtu") == 0 || strcmp (name, "dlt645") == 0;
}

//  Patterns that begin with '!' are wrong.
static inline fep_err_t fixture_pattern (const char *text, char *why, size_t why_size)
{
    snprintf (why, why_size, "no ! at its beginning");
    return text[0] == '!' ? FEP_SYNTAX : FEP_OK;
}

static const archive_checks_t fixture_checks = {fixture_protocol, "modbus_rtu, dlt645",
                                                fixture_pattern, NULL, NULL};

static inline int fixture_setup (void **state)
{
    void *place;
    place_setup (&place);
    fixture_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    self->place = place;
    self->how.checks = &fixture_checks;
    self->act = (archive_act_t){
        .who = "tester", .what = "import", .when_ms = 1000, .entries_kept = 1000, .undoable = true};
    place_open (self->place);
    CHECK_OK (archive_load (self->place->store, &self->archive));
    *state = self;
    return 0;
}

static inline int fixture_teardown (void **state)
{
    fixture_t *self = *state;
    archive_destroy (&self->archive);
    void *place = self->place;
    free (self->file);
    free (self);
    return place_teardown (&place);
}

static inline void fixture_reload (fixture_t *self)
{
    archive_destroy (&self->archive);
    place_open (self->place);
    CHECK_OK (archive_load (self->place->store, &self->archive));
}

static inline archive_plan_t *fixture_plan (fixture_t *self, const char *file)
{
    archive_plan_t *plan;
    fep_err_t error =
        archive_plan (self->archive, bytes_text (file), &self->how, &plan, &self->fault);
    if (error) {
        fail_msg ("%s, line %u: %s", fep_err_name (error), self->fault.line, self->fault.text);
    }
    return plan;
}

static inline void fixture_apply (fixture_t *self, archive_plan_t *plan)
{
    uint64_t change;
    CHECK_OK (archive_apply (self->archive, self->place->store, &plan, &self->act, &change));
    assert_null (plan);
    assert_int_equal (change, archive_change (self->archive));
}

static inline void fixture_import (fixture_t *self, const char *file)
{
    fixture_apply (self, fixture_plan (self, file));
}

static inline void fixture_profile (fixture_t *self, const char *name, const char *text)
{
    archive_plan_t *plan;
    archive_act_t act = self->act;
    uint64_t change;
    act.what = "profile";
    act.undoable = false;
    CHECK_OK (archive_plan_profile (self->archive, name, bytes_text (text), &plan, &self->fault));
    CHECK_OK (archive_apply (self->archive, self->place->store, &plan, &act, &change));
}

//  "what terminal field: before -> after;" for each difference.
static inline const char *fixture_differences (const archive_plan_t *plan)
{
    static char text[8000];
    size_t used = 0;
    text[0] = 0;
    for (size_t i = 0; i < archive_plan_count (plan); i++) {
        archive_difference_t one;
        archive_plan_show (plan, i, &one);
        used += (size_t) snprintf (text + used, sizeof text - used, "%s %s %s: %s -> %s;",
                                   archive_what_name (one.what), one.terminal, one.field,
                                   one.before, one.after);
        assert_true (used < sizeof text);
    }
    return text;
}

//  What the log says: "entry change who what terminal field before -> after;"
typedef struct {
    char text[20000];  //  So far
    uint64_t left;     //  Entries
} fixture_log_t;

static inline fep_err_t fixture_log_entry (void *arg, const archive_log_t *entry)
{
    fixture_log_t *self = arg;
    snprintf (self->text + strlen (self->text), 1000, "%d %d %.*s %.*s %.*s %.*s: %.*s -> %.*s;",
              (int) entry->entry, (int) entry->change, (int) entry->who.size, entry->who.data,
              (int) entry->what.size, entry->what.data, (int) entry->terminal.size,
              entry->terminal.data, (int) entry->field.size, entry->field.data,
              (int) entry->before.size, entry->before.data, (int) entry->after.size,
              entry->after.data);
    return --self->left == 0 ? FEP_FULL : FEP_OK;
}

static inline const char *fixture_log (fixture_t *self, uint64_t from, uint64_t limit)
{
    static fixture_log_t log;
    log = (fixture_log_t){.left = limit};
    fep_err_t error =
        archive_log_each (self->archive, self->place->store, from, fixture_log_entry, &log);
    assert_true (error == FEP_OK || (error == FEP_FULL && log.left == 0));
    return log.text;
}

//  The archive as a file, in pages as small as they may be. Valid until the next one.
static inline const char *fixture_export (fixture_t *self, archive_format_t format,
                                          archive_encoding_t encoding)
{
    uint64_t place = 0;
    self->size = 0;
    while (place != ARCHIVE_EXPORT_END) {
        self->file = realloc (self->file, self->size + ARCHIVE_EXPORT_ROOM + 200);
        assert_non_null (self->file);
        writer_t page = writer_of (self->file + self->size, ARCHIVE_EXPORT_ROOM + 199);
        CHECK_OK (archive_export (self->archive, format, encoding, &place, &page, &self->fault));
        self->size += page.size;
    }
    self->file[self->size] = 0;
    return (const char *) self->file;
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, fixture_setup, fixture_teardown)

#endif
