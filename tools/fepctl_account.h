//  Options of rate and gap; a child of fepctl's own.
#ifndef TOOLS_FEPCTL_ACCOUNT_H
#define TOOLS_FEPCTL_ACCOUNT_H

#include "fep/dimension.h"
#include "tools/fepctl.h"
#include <argp.h>
#include <stdbool.h>

struct account_args {
    bool said;                                //  One of these options was
    const char *task;                         //  --task, or NULL
    const char *by;                           //  --by, or NULL
    const char *group;                        //  --group, or NULL
    const char *words[DIMENSION_WORD_COUNT];  //  --line, --vendor, ..., or NULL
    const char *reason;                       //  --reason, or NULL
    int64_t day;                              //  --day, counted from 1970; -1 = not said
    bool items;                               //  --items
    int64_t in_a_row;                         //  --in-a-row; 0 = not said
};

extern const struct argp ctl_account_argp;

#endif
