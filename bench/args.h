//  Options of the bench programs: --name value, checked against a table.
#ifndef BENCH_ARGS_H
#define BENCH_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

//  One option; exactly one of number and text is set. Both keep pointing into argv or the caller's
//  default.
typedef struct {
    const char *name;     //  Without the dashes
    int64_t *number;      //  Where a number goes; holds its default
    const char **text;    //  Where a text goes; holds its default
    int64_t low;          //  Smallest number allowed
    int64_t high;         //  Largest
    const char *meaning;  //  One line
} arg_t;

//  Reads argv from `first` on. On a fault, or --help, writes one line or the list to stderr and
//  returns false.
bool args_read (int argc, char **argv, int first, const arg_t *args, size_t count);

#endif
