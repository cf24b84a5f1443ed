//  An array and a hash of its texts for each kind.
#include "store/archive_words.h"
#include <stdlib.h>

#define SLOTS_EACH 4  //  Of the hash for every word there can be

static const struct {
    const char *name;  //  As the column
    uint32_t most;     //  Different ones; a power of two less one
} s_kinds[ARCHIVE_WORD_COUNT] = {[ARCHIVE_VENDOR] = {"vendor", 255},
                                 [ARCHIVE_CHANNEL] = {"channel", 255},
                                 [ARCHIVE_SEGMENT] = {"segment", 1023},
                                 [ARCHIVE_LINE] = {"line", 4095},
                                 [ARCHIVE_USER_TYPE] = {"user_type", UINT8_MAX}};

typedef char s_word_t[ARCHIVE_NAME_MAX + 1];

typedef struct {
    s_word_t *words;    //  Number n at n - 1; "": free
    uint32_t count;     //  Of them, free ones included
    uint32_t capacity;  //  Room
    uint32_t free;      //  Free ones below count
    uint32_t last;      //  Found last: files repeat a word from line to line; 0 = none
    uint16_t *slots;    //  Hash by text, open: a number, or 0
} s_kind_t;

struct archive_words {
    s_kind_t kinds[ARCHIVE_WORD_COUNT];  //  Each for itself
};

uint32_t archive_words_most (archive_word_t kind)
{
    return s_kinds[kind].most;
}

const char *archive_words_name (archive_word_t kind)
{
    return s_kinds[kind].name;
}

static size_t s_slots (archive_word_t kind)
{
    return (size_t) (s_kinds[kind].most + 1) * SLOTS_EACH;
}

archive_words_t *archive_words_new (void)
{
    archive_words_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    for (archive_word_t kind = 0; kind < ARCHIVE_WORD_COUNT; kind++) {
        self->kinds[kind].slots = calloc (s_slots (kind), sizeof (uint16_t));
        FEP_ASSERT (self->kinds[kind].slots);
    }
    return self;
}

void archive_words_destroy (archive_words_t **self_p)
{
    for (archive_word_t kind = 0; *self_p && kind < ARCHIVE_WORD_COUNT; kind++) {
        free ((*self_p)->kinds[kind].words);
        free ((*self_p)->kinds[kind].slots);
    }
    free (*self_p);
    *self_p = NULL;
}

const char *archive_words_text (const archive_words_t *self, archive_word_t kind, uint32_t number)
{
    return self && number > 0 && number <= self->kinds[kind].count
               ? self->kinds[kind].words[number - 1]
               : "";
}

//  The slot that holds the word, or the free one where it would go.
static uint16_t *s_slot (const s_kind_t *self, size_t slots, bytes_t text)
{
    size_t at = bytes_hash (text) & (slots - 1);
    while (self->slots[at] && !bytes_equal (bytes_text (self->words[self->slots[at] - 1]), text)) {
        at = (at + 1) & (slots - 1);
    }
    return &self->slots[at];
}

//  The place of a new word: a free one, or one more.
static uint32_t s_place (s_kind_t *self)
{
    for (uint32_t i = 0; self->free > 0 && i < self->count; i++) {
        if (!self->words[i][0]) {
            self->free--;
            return i + 1;
        }
    }
    if (self->count == self->capacity) {
        self->capacity = self->capacity > 0 ? 2 * self->capacity : 16;
        self->words = realloc (self->words, self->capacity * sizeof *self->words);
        FEP_ASSERT (self->words);
    }
    return ++self->count;
}

fep_err_t archive_words_put (archive_words_t *self, archive_word_t kind, bytes_t text,
                             uint32_t *number)
{
    s_kind_t *its = &self->kinds[kind];
    *number = 0;
    if (text.size == 0) {
        return FEP_OK;
    }
    if (text.size > ARCHIVE_NAME_MAX) {
        return FEP_RANGE;
    }
    if (its->last > 0 && bytes_equal (bytes_text (its->words[its->last - 1]), text)) {
        *number = its->last;
        return FEP_OK;
    }
    uint16_t *slot = s_slot (its, s_slots (kind), text);
    if (!*slot) {
        if (its->count - its->free == s_kinds[kind].most) {
            return FEP_LIMIT;
        }
        *slot = (uint16_t) s_place (its);
        memset (its->words[*slot - 1], 0, sizeof (s_word_t));
        memcpy (its->words[*slot - 1], text.data, text.size);
    }
    *number = its->last = *slot;
    return FEP_OK;
}

//  ---- Copies ----

typedef struct {
    bool of[ARCHIVE_WORD_COUNT][4096];  //  By kind and number: somebody has it
} s_used_t;

static void s_use (s_used_t *used, const archive_table_t *table)
{
    for (size_t i = 0; i < table->count; i++) {
        const terminal_t *terminal = &table->terminals[i];
        if (terminal->present) {
            used->of[ARCHIVE_VENDOR][terminal->vendor] = true;
            used->of[ARCHIVE_CHANNEL][terminal->channel] = true;
            used->of[ARCHIVE_SEGMENT][terminal->segment] = true;
            used->of[ARCHIVE_LINE][terminal->line] = true;
        }
    }
    for (size_t i = 0; i < table->point_count; i++) {
        used->of[ARCHIVE_USER_TYPE][table->points[i].user_type] = true;
    }
}

archive_words_t *archive_words_copy (const archive_table_t *table)
{
    archive_words_t *self = archive_words_new ();
    s_used_t *used = calloc (1, sizeof *used);
    FEP_ASSERT (used);
    s_use (used, table);
    for (archive_word_t kind = 0; kind < ARCHIVE_WORD_COUNT; kind++) {
        const s_kind_t *from = &table->words->kinds[kind];
        s_kind_t *to = &self->kinds[kind];
        to->count = to->capacity = from->count;
        to->words = calloc (from->count + 1u, sizeof *to->words);
        FEP_ASSERT (to->words);
        for (uint32_t i = 0; i < from->count; i++) {
            if (!used->of[kind][i + 1]) {
                to->free++;
                continue;
            }
            memcpy (to->words[i], from->words[i], sizeof (s_word_t));
            *s_slot (to, s_slots (kind), bytes_text (to->words[i])) = (uint16_t) (i + 1);
        }
    }
    free (used);
    return self;
}
