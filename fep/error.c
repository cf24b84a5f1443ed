//  The texts of error.def, and the end of a failed assertion.
#include "fep/error.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;  //  Without prefix
    const char *text;  //  One sentence
} s_errors[] = {
#define FEP_ERROR(name, text) {#name, text},
#include "fep/error.def"
#undef FEP_ERROR
};

const char *fep_err_name (fep_err_t error)
{
    return (unsigned) error < FEP_ERR_COUNT ? s_errors[error].name : "UNKNOWN";
}

bool fep_err_parse (const char *name, fep_err_t *error)
{
    for (size_t i = 0; i < FEP_ERR_COUNT; i++) {
        if (strcmp (s_errors[i].name, name) == 0) {
            *error = (fep_err_t) i;
            return true;
        }
    }
    return false;
}

const char *fep_err_text (fep_err_t error)
{
    return (unsigned) error < FEP_ERR_COUNT ? s_errors[error].text : "unknown error";
}

_Noreturn void fep_assert_failed (const char *file, int line, const char *condition)
{
    fprintf (stderr, "%s:%d: assertion failed: %s\n", file, line, condition);
    abort ();
}
