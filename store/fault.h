//  Failures of the store: what the database's words mean, and the one place where they become a log
//  line.
#ifndef STORE_FAULT_H
#define STORE_FAULT_H

#include "fep/error.h"

//  NO_SPACE, BUSY, VERSION, CORRUPT by the words the text contains; IO if it has none of them.
fep_err_t fault_meaning (const char *text);

//  Writes one STORE-ERROR line and returns the error. step: what was being done.
fep_err_t fault_log (fep_err_t error, const char *step, const char *text);

#endif
