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

//  The one word that follows the command, and was checked to be there. NULL, said on stderr: more do.
const char *ctl_argument (const ctl_t *ctl);

//  Texts of the archive: shows one, puts that of a file ("-": standard input), removes one. word: the verb. Exit codes.
int ctl_text_show (ctl_t *ctl, const char *word, const char *name);
int ctl_text_put (ctl_t *ctl, const char *word, const char *path);
int ctl_text_remove (ctl_t *ctl, const char *word, const char *name);

//  A request that changes the archive, and what it changes. Exit code.
int ctl_change (ctl_t *ctl, const char *word, const writer_t *body);

#endif
