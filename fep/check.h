//  Assertions that stay in release builds, and the must-check mark.
//  An assertion states what only our own fault could break; bytes, disks, operators and clocks are errors.
#ifndef FEP_CHECK_H
#define FEP_CHECK_H

//  Writes file, line and the condition to stderr and aborts. Never returns.
_Noreturn void fep_assert_failed (const char *file, int line, const char *condition);

#define FEP_ASSERT(condition)                                                                      \
    do {                                                                                           \
        if (__builtin_expect (!(condition), 0)) {                                                  \
            fep_assert_failed (__FILE__, __LINE__, #condition);                                    \
        }                                                                                          \
    } while (0)

#define FEP_MUST_CHECK __attribute__ ((warn_unused_result))
#define FEP_PRINTF(format_at, first) __attribute__ ((format (printf, format_at, first)))

#endif
