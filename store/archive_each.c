//  Rows of the archive for those who keep only a part of it.
#include "store/archive_row.h"
#include "store/archive_texts.h"
#include "store/fault.h"
#include "store/inside.h"

typedef struct {
    archive_row_t row;       //  Unpacked here
    archive_visit_t *visit;  //  Called with each
    void *arg;               //  For it
} s_walk_t;

static fep_err_t s_visit (void *arg, bytes_t key, bytes_t value)
{
    s_walk_t *self = arg;
    fep_err_t error = archive_row_get (key, value, &self->row);
    if (error) {
        return fault_log (error, "archive", "a row of the archive cannot be read");
    }
    archive_entry_t entry = archive_row_entry (&self->row);
    return self->visit (self->arg, &entry);
}

fep_err_t archive_each (store_t *store, archive_visit_t *visit, void *arg)
{
    s_walk_t walk = {.visit = visit, .arg = arg};
    fep_err_t error = store_each (store, FAMILY_ARCHIVE, ARCHIVE_TERMINALS, s_visit, &walk);
    archive_row_fini (&walk.row);
    return error;
}

fep_err_t archive_read (store_t *store, uint32_t number, archive_visit_t *visit, void *arg)
{
    s_walk_t walk = {.visit = visit, .arg = arg};
    uint8_t key[ARCHIVE_ROW_KEY_SIZE];
    pin_t *pin;
    bytes_t value;
    archive_row_key (number, key);
    fep_err_t error = store_pin (store, CF_ARCHIVE, bytes_of (key, sizeof key), &pin, &value);
    if (!error) {
        error = s_visit (&walk, bytes_of (key, sizeof key), value);
        store_unpin (&pin);
    }
    archive_row_fini (&walk.row);
    return error;
}

static fep_err_t s_group (void *arg, bytes_t key, bytes_t value)
{
    char (*names)[ARCHIVE_NAME_MAX + 1] = arg;
    char name[ARCHIVE_NAME_MAX + 1];
    uint32_t number;
    fep_err_t error = archive_group_get (key, value, &number, name);
    if (error) {
        return fault_log (error, "archive", "the name of a group cannot be read");
    }
    memcpy (names[number], name, sizeof name);
    return FEP_OK;
}

fep_err_t archive_group_names (store_t *store, char names[][ARCHIVE_NAME_MAX + 1])
{
    memset (names, 0, (size_t) ARCHIVE_GROUPS_MAX * (ARCHIVE_NAME_MAX + 1));
    return store_each (store, FAMILY_ARCHIVE, ARCHIVE_GROUPS, s_group, names);
}

typedef struct {
    archive_task_visit_t *visit;  //  Called with each
    void *arg;                    //  For it
} s_tasks_t;

static fep_err_t s_task (void *arg, bytes_t key, bytes_t value)
{
    const s_tasks_t *self = arg;
    archive_text_t text;
    task_t task;
    task_fault_t fault = {0};
    fep_err_t error = archive_text_get (key, value, &text);
    if (!error && text.text.size == 0) {
        return FEP_OK;
    }
    error = error ? error : task_parse (text.text, &task, &fault);
    if (error || strcmp (task.name, text.name) != 0) {
        return fault_log (error == FEP_VERSION ? error : FEP_CORRUPT, "archive",
                          "a task of the archive cannot be read");
    }
    task.number = text.number;
    return self->visit (self->arg, &task);
}

fep_err_t archive_tasks_each (store_t *store, archive_task_visit_t *visit, void *arg)
{
    s_tasks_t tasks = {visit, arg};
    uint8_t prefix = archive_kind_prefix (ARCHIVE_TASK);
    return store_each (store, FAMILY_ARCHIVE, bytes_of (&prefix, 1), s_task, &tasks);
}
