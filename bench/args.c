//  Options of the bench programs.
#include "bench/args.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void s_usage (const char *program, const arg_t *args, size_t count)
{
    fprintf (stderr, "%s:\n", program);
    for (size_t i = 0; i < count; i++) {
        if (args[i].number) {
            fprintf (stderr, "  --%-16s %s (%" PRId64 "..%" PRId64 ", default %" PRId64 ")\n",
                     args[i].name, args[i].meaning, args[i].low, args[i].high, *args[i].number);
        } else {
            fprintf (stderr, "  --%-16s %s (default \"%s\")\n", args[i].name, args[i].meaning,
                     *args[i].text ? *args[i].text : "");
        }
    }
}

static bool s_set (const arg_t *arg, const char *value)
{
    char *end = NULL;
    if (arg->text) {
        *arg->text = value;
        return true;
    }
    int64_t number = strtoll (value, &end, 10);
    if (!*value || *end || number < arg->low || number > arg->high) {
        fprintf (stderr, "--%s %s: a number from %" PRId64 " to %" PRId64 " is allowed\n",
                 arg->name, value, arg->low, arg->high);
        return false;
    }
    *arg->number = number;
    return true;
}

bool args_read (int argc, char **argv, int first, const arg_t *args, size_t count)
{
    for (int i = first; i < argc; i += 2) {
        const arg_t *found = NULL;
        for (size_t a = 0; a < count && strncmp (argv[i], "--", 2) == 0; a++) {
            if (strcmp (argv[i] + 2, args[a].name) == 0) {
                found = &args[a];
            }
        }
        if (!found) {
            if (strcmp (argv[i], "--help") != 0) {
                fprintf (stderr, "%s: no such option\n", argv[i]);
            }
            s_usage (argv[0], args, count);
            return false;
        }
        if (i + 1 >= argc) {
            fprintf (stderr, "%s: needs a value\n", argv[i]);
            return false;
        }
        if (!s_set (found, argv[i + 1])) {
            return false;
        }
    }
    return true;
}
