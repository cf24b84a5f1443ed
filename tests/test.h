//  cmocka plus what the field needs.
#ifndef TESTS_TEST_H
#define TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fep/error.h"

//  The expression must give exactly that error; says both names if not.
#define CHECK_ERR(expression, expected)                                                            \
    do {                                                                                           \
        fep_err_t check_err_got = (expression);                                                    \
        if (check_err_got != (expected)) {                                                         \
            fail_msg ("%s gave %s, not %s", #expression, fep_err_name (check_err_got),             \
                      fep_err_name (expected));                                                    \
        }                                                                                          \
    } while (0)

#define CHECK_OK(expression) CHECK_ERR (expression, FEP_OK)

#endif
