//  Reads vector files: blocks of "word rest" lines, a blank line between blocks, '#' comments.
#ifndef TESTS_CODECS_VEC_H
#define TESTS_CODECS_VEC_H

#include "tests/test.h"
#include "fep/bytes.h"
#include <stdio.h>
#include <stdlib.h>

#define VEC_CASES_MAX 1024
#define VEC_LINES_MAX 512

typedef struct {
    const char *word;  //  First word of the line
    char *rest;        //  What follows, without blanks around it
    int number;        //  Of the line in the file
} vec_line_t;

typedef struct {
    const char *name;   //  Text behind "case"
    vec_line_t *lines;  //  All but case and source
    size_t line_count;
} vec_case_t;

typedef struct {
    char *text;         //  The file, cut into words
    vec_line_t *lines;  //  Of all cases
    vec_case_t *cases;
    size_t case_count;
} vec_t;

//  Whole file, with a zero behind it. Fails the test if it cannot be read.
static inline char *vec_read_file (const char *path, size_t *size)
{
    FILE *file = fopen (path, "rb");
    if (!file) {
        fail_msg ("cannot open %s", path);
    }
    assert_int_equal (fseek (file, 0, SEEK_END), 0);
    long end = ftell (file);
    assert_true (end >= 0);
    rewind (file);
    char *text = malloc ((size_t) end + 1);
    assert_non_null (text);
    assert_true (fread (text, 1, (size_t) end, file) == (size_t) end);
    text[end] = 0;
    fclose (file);
    *size = (size_t) end;
    return text;
}

//  Cuts a line at its end and its first word at the blank behind it. False for blank lines and
//  comments.
static inline bool vec_split (char *line, vec_line_t *out)
{
    size_t size = strlen (line);
    while (size && strchr (" \t\r", line[size - 1])) {
        line[--size] = 0;
    }
    if (size == 0 || line[0] == '#') {
        return false;
    }
    size_t word = strcspn (line, " \t");
    out->word = line;
    out->rest = line + word + strspn (line + word, " \t");
    line[word] = 0;
    return true;
}

static inline void vec_close_case (const vec_t *self, bool sourced)
{
    if (self->case_count && !sourced) {
        fail_msg ("case \"%s\" has no source", self->cases[self->case_count - 1].name);
    }
}

static inline vec_t vec_load (const char *path)
{
    vec_t self = {0};
    size_t size;
    size_t used = 0;
    int number = 0;
    bool sourced = true;
    self.text = vec_read_file (path, &size);
    self.lines = calloc (VEC_CASES_MAX * 16, sizeof *self.lines);
    self.cases = calloc (VEC_CASES_MAX, sizeof *self.cases);
    assert_non_null (self.lines);
    assert_non_null (self.cases);
    for (char *line = self.text; line < self.text + size;) {
        char *next = line + strcspn (line, "\n");
        vec_line_t parsed = {NULL, NULL, ++number};
        *next = 0;
        if (vec_split (line, &parsed)) {
            vec_case_t *last = self.case_count ? &self.cases[self.case_count - 1] : NULL;
            if (strcmp (parsed.word, "case") == 0) {
                vec_close_case (&self, sourced);
                sourced = false;
                assert_true (self.case_count < VEC_CASES_MAX);
                self.cases[self.case_count++] = (vec_case_t){parsed.rest, &self.lines[used], 0};
            } else if (strcmp (parsed.word, "source") == 0) {
                sourced = parsed.rest[0] != 0;
            } else {
                assert_non_null (last);
                assert_true (used < VEC_CASES_MAX * 16);
                self.lines[used++] = parsed;
                last->line_count++;
            }
        }
        line = next + 1;
    }
    vec_close_case (&self, sourced);
    assert_true (self.case_count > 0);
    return self;
}

static inline void vec_free (vec_t *self)
{
    free (self->cases);
    free (self->lines);
    free (self->text);
}

static inline int vec_nibble (char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

//  Hex text with blanks into out; returns the number of bytes. Fails the test on anything else.
static inline size_t vec_hex (const char *text, uint8_t *out, size_t capacity)
{
    size_t size = 0;
    for (const char *p = text; *p;) {
        if (*p == ' ') {
            p++;
            continue;
        }
        int high = vec_nibble (p[0]);
        int low = high < 0 ? -1 : vec_nibble (p[1]);
        if (low < 0 || size == capacity) {
            fail_msg ("bad hex: %s", text);
        }
        out[size++] = (uint8_t) (high << 4 | low);
        p += 2;
    }
    return size;
}

//  The value of " key=" in a line up to the next blank; false if it is not there.
static inline bool vec_value (const char *line, const char *key, char *text, size_t size)
{
    size_t length = strlen (key);
    for (const char *p = line; *p; p++) {
        bool start = p == line || p[-1] == ' ';
        if (start && strncmp (p, key, length) == 0 && p[length] == '=') {
            p += length + 1;
            snprintf (text, size, "%.*s", (int) strcspn (p, " "), p);
            return true;
        }
    }
    return false;
}

//  The JSON text of a key's object or string, without blanks between its parts.
static inline void vec_json (const char *line, const char *key, char *out, size_t size)
{
    char quoted[40];
    snprintf (quoted, sizeof quoted, "\"%s\": ", key);
    const char *p = strstr (line, quoted);
    size_t used = 0;
    int depth = 0;
    bool text = false;
    assert_non_null (p);
    for (p += strlen (quoted); *p; p++) {
        text = *p == '"' ? !text : text;
        if (*p == ' ' && !text) {
            continue;
        }
        depth += !text && (*p == '{' || *p == '[');
        depth -= !text && (*p == '}' || *p == ']');
        if (depth <= 0 && !text && (*p == ',' || depth < 0)) {
            break;
        }
        assert_true (used + 1 < size);
        out[used++] = *p;
    }
    out[used] = 0;
}

#endif
