//  The inside of archive_t, shared by the archive's files. Nobody outside this folder includes it.
#ifndef STORE_ARCHIVE_INSIDE_H
#define STORE_ARCHIVE_INSIDE_H

#include "store/archive_field.h"
#include "store/archive_texts.h"
#include "store/archive_row.h"
#include "store/archive_rows.h"

struct archive {
    archive_table_t table;                       //  As the store has it
    archive_texts_t *texts[ARCHIVE_KIND_COUNT];  //  Likewise
    uint64_t change;                             //  Number of the last one; 0 = none yet
    uint64_t last_entry;                         //  Of the log; 0 = none yet
    uint64_t first_entry;                        //  Kept; 0 = none yet
    uint32_t undo_rows;  //  Rows that undo has behind its head; 0 = nothing to undo
};

//  Something that differs. 8 bytes, for there may be millions; texts are made when they are asked for.
typedef struct {
    uint32_t number;  //  Of the terminal; of texts 0
    uint16_t mp;      //  Measuring point; 0 = the terminal
    uint8_t what;     //  archive_what_t
    uint8_t
        field;  //  field_t; FIELD_COUNT: the whole terminal or point. Of texts: ARCHIVE_WHOLE, or a task's key
} archive_changed_t;

#define ARCHIVE_WHOLE UINT8_MAX

struct archive_plan {
    const archive_t *archive;    //  What is; borrowed
    uint64_t base;               //  Its change when the plan was made
    archive_table_t table;       //  What will be, unless it is about a text
    bool has_table;              //  It is about terminals
    archive_kind_t kind;         //  Of the text
    archive_text_t *text;        //  To be put, with bytes of ours; or NULL
    archive_changed_t *changed;  //  By number
    size_t count;                //  Of them
    size_t capacity;             //  Room
    uint32_t *touched;        //  Numbers, ascending, each with its archive_what_t in the low 2 bits
    size_t touched_count;     //  Of them
    size_t touched_capacity;  //  Room
    size_t terminals[ARCHIVE_WHAT_COUNT];  //  By what happens to them
};

//  archive_plan.c: takes the table and finds what differs.
archive_plan_t *archive_plan_of (const archive_t *self, archive_table_t *table);
//  Likewise: an empty plan; one more difference; a text with its end in room of ARCHIVE_SHOWN_MAX + 1, what does not
//  fit is cut.
archive_plan_t *archive_plan_new (const archive_t *self);
void archive_plan_note (archive_plan_t *self, const archive_changed_t *changed);
void archive_plan_cut (char *text, const char *all, size_t size);

//  archive_plan_text.c: a difference of a plan that is about a text.
void archive_plan_show_text (const archive_plan_t *self, const archive_changed_t *changed,
                             archive_difference_t *difference);

//  archive_log.c: rows of the log for a change, the state's row, and what falls out. *last and *first: as
//  they will be.
FEP_MUST_CHECK
fep_err_t archive_log_rows (const archive_t *self, store_t *store, const archive_plan_t *plan,
                            const archive_act_t *act, archive_rows_t *rows, uint64_t *last,
                            uint64_t *first);
//  Fills the state from its row, if there is one.
FEP_MUST_CHECK
fep_err_t archive_state_load (archive_t *self, store_t *store);

//  archive_undo.c: rows that bring back what the plan changes; or the removal of all of them. *count: rows
//  behind the head, as they will be.
void archive_undo_rows (const archive_t *self, const archive_plan_t *plan, const archive_act_t *act,
                        archive_rows_t *rows, uint32_t *count);
void archive_undo_drop (const archive_t *self, archive_rows_t *rows, uint32_t *count);
FEP_MUST_CHECK
fep_err_t archive_undo_load (archive_t *self, store_t *store);

#endif
