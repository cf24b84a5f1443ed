//  Errors are values with a reason. One list, error.def; zero is FEP_OK.
//  A function handles an error or returns it unchanged; it logs only where it handles it.
#ifndef FEP_ERROR_H
#define FEP_ERROR_H

#include "fep/check.h"
#include <stdbool.h>

typedef enum {
#define FEP_ERROR(name, text) FEP_##name,
#include "fep/error.def"
#undef FEP_ERROR
    FEP_ERR_COUNT
} fep_err_t;

//  The name without prefix ("CHECKSUM"), for counters and JSON. Static; never NULL.
const char *fep_err_name (fep_err_t error);

//  The error of that name; false if there is none.
bool fep_err_parse (const char *name, fep_err_t *error);

//  One sentence for people. Static; never NULL.
const char *fep_err_text (fep_err_t error);

#endif
