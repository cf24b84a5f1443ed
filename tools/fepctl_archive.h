//  Options of the archive commands; a child of fepctl's own.
#ifndef TOOLS_FEPCTL_ARCHIVE_H
#define TOOLS_FEPCTL_ARCHIVE_H

#include "tools/fepctl.h"
#include <argp.h>
#include <stdbool.h>

struct archive_args {
    bool said;             //  One of these options was
    const char *format;    //  --format: csv or json, or NULL
    const char *encoding;  //  --encoding: utf8 or gbk, or NULL
    bool merge;            //  --merge
    bool dry;              //  --dry
};

extern const struct argp ctl_archive_argp;

#endif
