//  What the build tools that compile codecs/maps/ have in common: lines of words, words out of a list, numbers, names
//  and points. What cannot be read ends the build with file and line.
#ifndef CMAKE_MAP_READER_H
#define CMAKE_MAP_READER_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct {
    const char *path;  //  Of the map
    unsigned line;     //  From 1
} map_t;

//  A word a map may hold, and what it stands for: in C, as a number, or both.
typedef struct {
    const char *word;
    const char *enumerator;
    unsigned value;
} map_word_t;

_Noreturn void map_die (const map_t *self, const char *what, const char *word);
//  NULL if the word is none of them.
const map_word_t *map_find (const map_word_t *words, size_t count, const char *word);
//  Ends the build if the word is none of them.
const map_word_t *map_word (const map_t *self, const map_word_t *words, size_t count,
                            const char *word);
#define MAP_FIND(table, word) map_find (table, sizeof table / sizeof *table, word)
#define MAP_WORD(self, table, word) map_word (self, table, sizeof table / sizeof *table, word)

long map_number (const map_t *self, const char *text, int base, long low, long high);
//  Copies a name of less than `size` characters.
void map_name (const map_t *self, char *name, size_t size, const char *text);
uint32_t map_point (const map_t *self, const char *name);

//  What a tool does with a map.
typedef struct {
    const char *codec;                                      //  Names map and layout
    size_t words_max;                                       //  Of a line
    void (*line) (void *self, char **words, size_t count);  //  At least one word
    void (*end) (void *self);                               //  Behind the last line; may be NULL
    void (*put) (void *self, FILE *out);                    //  Writes the tables
} map_tool_t;

//  main of a tool: <map> <output.c>. map: what `self` reports its faults with.
int map_main (int argc, char **argv, const map_tool_t *tool, map_t *map, void *self);

#endif
