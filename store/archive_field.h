//  The fields of the archive's files: one table for CSV columns, JSON keys, exports and differences.
#ifndef STORE_ARCHIVE_FIELD_H
#define STORE_ARCHIVE_FIELD_H

#include "store/archive_table.h"

//  In the order of exports.
typedef enum {
    FIELD_TERMINAL,
    FIELD_NAME,
    FIELD_AREA,
    FIELD_HEARTBEAT_S,
    FIELD_MP,
    FIELD_METER,
    FIELD_PROTOCOL,
    FIELD_PROFILE,
    FIELD_RATED_W,
    FIELD_LIMITS,
    FIELD_GROUPS,
    FIELD_REGISTRATION,
    FIELD_HEARTBEAT,
    FIELD_FRAME_GAP,
    FIELD_ANSWER_TIMEOUT,
    FIELD_TERMINAL_PROFILE,
    FIELD_DIAL,
    FIELD_ZONE,
    FIELD_STATE,
    FIELD_SLEEPS,
    FIELD_VENDOR,
    FIELD_CHANNEL,
    FIELD_SEGMENT,
    FIELD_LINE,
    FIELD_METER_STATE,
    FIELD_USER_TYPE,
    FIELD_COUNT
} field_t;

typedef enum { FORM_TEXT, FORM_NUMBER, FORM_GROUPS, FORM_LIMITS } field_form_t;  //  In JSON

//  One terminal, or one of its measuring points, as a file names it.
typedef struct {
    uint32_t has;                                      //  Bit of each field_t the file names
    terminal_t terminal;                               //  Its own fields; number 0
    measuring_point_t point;                           //  mp 0: the terminal alone
    archive_limit_t limits[ARCHIVE_POINT_LIMITS_MAX];  //  By point
    size_t limit_count;                                //  Of them
    uint32_t line;                                     //  Where it stands
} archive_line_t;

#define FIELD_BIT(field) (1u << (field))

//  What fields are read against and shown by. Belongs to one import.
typedef struct {
    char (*groups)[ARCHIVE_NAME_MAX + 1];  //  Names by number; new ones are added
    uint64_t groups_used;                  //  Bits of those that cannot get another name
    archive_words_t *words;                //  New ones are added
    const archive_texts_t *profiles;       //  Borrowed
    const archive_checks_t *checks;        //  Borrowed; may be NULL
    archive_limit_t limits[ARCHIVE_POINT_LIMITS_MAX];  //  Of the text below: files repeat it
    size_t limit_count;                                //  Of them
    char limit_text[1024];                             //  Last text of limits that was good
    char why[160];                                     //  What is allowed, when take refuses
} archive_names_t;

const char *archive_field_name (field_t field);  //  "heartbeat_s"
const char *archive_field_key (field_t field);   //  In JSON: the same, but "mp"
field_form_t archive_field_form (field_t field);
bool archive_field_of_point (field_t field);  //  Else of the terminal
//  The field of that name in CSV, or of that key in JSON; FIELD_COUNT if there is none.
field_t archive_field_find (bytes_t name, bool json);
//  "terminal, name, area": which there are, of CSV, or of the terminals or the points of JSON. For faults.
typedef enum { ARCHIVE_COLUMNS, ARCHIVE_TERMINAL_KEYS, ARCHIVE_POINT_KEYS } archive_names_of_t;
#define ARCHIVE_NAMES_TEXT 320
void archive_field_names (archive_names_of_t of, char text[ARCHIVE_NAMES_TEXT]);

//  Reads a field's text into the line. where names it in a fault. SYNTAX, RANGE, NOT_FOUND, LIMIT
//  with *fault.
FEP_MUST_CHECK
fep_err_t archive_field_take (field_t field, archive_line_t *line, bytes_t text,
                              archive_names_t *names, const char *where, archive_fault_t *fault);

//  Once all fields of a line are taken: what belongs to a measuring point needs one; a registration that
//  is the address says nothing. As above.
FEP_MUST_CHECK
fep_err_t archive_field_whole (archive_line_t *line, archive_fault_t *fault);

//  Copies the fields that `has` names, but limits, terminal and measuring_point.
void archive_field_copy_terminal (uint32_t has, const terminal_t *from, terminal_t *to);
void archive_field_copy_point (uint32_t has, const measuring_point_t *from, measuring_point_t *to);

//  The first field from `from` on, of those that `has` names, in which they differ; FIELD_COUNT if
//  there is none. Limits, terminal and measuring_point are not compared.
field_t archive_field_differs (uint32_t has, const terminal_t *a, const terminal_t *b,
                               field_t from);
field_t archive_field_point_differs (uint32_t has, const measuring_point_t *a,
                                     const measuring_point_t *b, field_t from);

//  The field's text as a file has it. point: an index into the entry's, for fields of one.
void archive_field_show (field_t field, const archive_entry_t *entry, size_t point,
                         const archive_names_t *names, writer_t *out);

//  The limits of one measuring point of an entry.
const archive_limit_t *archive_field_limits (const archive_entry_t *entry, uint16_t mp,
                                             size_t *count);

//  Fills the fault and returns the error.
fep_err_t archive_line_fault (archive_fault_t *fault, fep_err_t error, uint32_t line,
                              const char *format, ...) FEP_PRINTF (4, 5);

#endif
