//  What publishers decoded, as explain is to say it: every key and value, up to those they derived.
#ifndef TESTS_CODECS_PUBLISHED_H
#define TESTS_CODECS_PUBLISHED_H

#include "tests/codecs/vec.h"

//  Bytes of the JSON value at p.
static inline size_t published_value (const char *p)
{
    size_t size = 0;
    bool text = false;
    for (int depth = 0; text || depth > 0 || !strchr (",}]", p[size]); size++) {
        assert_true (p[size] != 0);
        if (text && p[size] == '\\') {
            size++;
            continue;
        }
        text = p[size] == '"' ? !text : text;
        depth += text ? 0 : (p[size] == '[' || p[size] == '{') - (p[size] == ']' || p[size] == '}');
    }
    return size;
}

//  Each pair of the object `want`, without blanks, stands in `got` but for keys of `derived`, a list that NULL ends.
//  Returns how many were compared.
static inline size_t published_compare (const char *want, const char *got,
                                        const char *const *derived)
{
    size_t count = 0;
    for (const char *p = want + 1; *p && *p != '}';) {
        char key[40], pair[4096];
        bool skip = false;
        size_t size = strcspn (p + 1, "\"");
        snprintf (key, sizeof key, "%.*s", (int) size, p + 1);
        p += size + 3;
        size = published_value (p);
        for (size_t i = 0; derived[i]; i++) {
            skip = skip || strcmp (derived[i], key) == 0;
        }
        snprintf (pair, sizeof pair, "\"%s\":%.*s", key, (int) size, p);
        const char *at = strstr (got, pair);
        if (!skip && (!at || !strchr (",}", at[strlen (pair)]))) {
            fail_msg ("%s is not in %s", pair, got);
        }
        count += !skip;
        p += size + (p[size] == ',');
    }
    return count;
}

#endif
