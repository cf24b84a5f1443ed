//  The first look at an option file: the place of every key, and the shape enforced. For config.c
//  only. Every key is known and said once, every value is plain, there are no anchors, aliases or
//  tags; so hostile YAML ends here, before anything is built from it.
#ifndef FEP_CONFIG_WALK_H
#define FEP_CONFIG_WALK_H

#include "fep/config_option.h"

//  Where something stands in the file; line 0 = it does not.
typedef struct {
    size_t line;    //  From 1
    size_t column;  //  From 1
} config_place_t;

//  Where a fault is written.
typedef struct {
    const char *name;  //  Of the file; borrowed
    char *text;        //  Borrowed
    size_t size;       //  Bytes at text
} config_fault_t;

typedef struct {
    config_place_t key;                                          //  Of the list's name
    unsigned count;                                              //  Entries
    config_place_t entries[OPTION_LIST_MAX];                     //  Of each entry
    config_place_t keys[OPTION_LIST_MAX][OPTION_LIST_KEYS_MAX];  //  Of each entry's keys
} config_list_places_t;

typedef struct {
    config_place_t sections[OPTION_SECTION_COUNT];  //  Of each section's key
    config_place_t options[OPTION_COUNT];           //  Of each option's key
    config_list_places_t lists[OPTION_LIST_COUNT];  //  Of each list
} config_places_t;

#define CONFIG_SHOWN_MAX 40  //  Characters of a value or key quoted in a fault

extern const config_place_t config_top;

//  Writes "FILE:LINE:COLUMN: ..." and returns error unchanged.
fep_err_t config_fault (const config_fault_t *self, config_place_t place, fep_err_t error,
                        const char *format, ...) FEP_PRINTF (4, 5);

//  Fills places. SYNTAX, NOT_FOUND (unknown key), RANGE (too many entries of a list, no options at
//  all), SYSTEM.
FEP_MUST_CHECK
fep_err_t config_walk (bytes_t yaml, const config_fault_t *fault, config_places_t *places);

//  The rules of alarms as a whole: what goes with what, points and numbers. SYNTAX, RANGE.
FEP_MUST_CHECK
fep_err_t config_check_alarms (const config_t *config, const config_fault_t *fault,
                               const config_list_places_t *places);

#endif
