//  An array by archive number.
#include "actors/roster.h"
#include "fep/check.h"
#include "fep/log.h"
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 60000       //  Far more than an archive has at one time
#define WORD_SLOTS (1 << 17)  //  Of the hash

struct roster {
    store_t *store;                 //  Borrowed
    roster_terminal_t **terminals;  //  By number; NULL: never there, or absent
    uint32_t size;                  //  Of it
    bool restated;                  //  One was
    char **words;                   //  Number n at n - 1; those nobody has any more stay
    uint32_t word_count;            //  Of them
    uint32_t word_room;             //  Room
    uint16_t *word_slots;           //  Hash by text, open: a number, or 0
    bool words_full;                //  One more did not fit
    roster_terminal_t *
        *absent;  //  Left the archive; by number, kept for what the owner has in them
    char groups[ARCHIVE_GROUPS_MAX][ARCHIVE_NAME_MAX + 1];  //  Names
};

static void s_free (roster_terminal_t **terminal_p)
{
    roster_terminal_t *terminal = *terminal_p;
    if (terminal) {
        free (terminal->zone);
        free (terminal->points);
        free (terminal);
        *terminal_p = NULL;
    }
}

//  ---- Words ----

static void s_forget_words (roster_t *self)
{
    for (uint32_t i = 0; i < self->word_count; i++) {
        free (self->words[i]);
    }
    self->word_count = 0;
    self->words_full = false;
    memset (self->word_slots, 0, WORD_SLOTS * sizeof *self->word_slots);
}

//  The slot that holds the word, or the free one where it would go.
static uint16_t *s_word_slot (const roster_t *self, const char *text)
{
    uint32_t at = bytes_hash (bytes_text (text)) & (WORD_SLOTS - 1);
    while (self->word_slots[at] && strcmp (self->words[self->word_slots[at] - 1], text) != 0) {
        at = (at + 1) & (WORD_SLOTS - 1);
    }
    return &self->word_slots[at];
}

static uint16_t s_word (roster_t *self, const char *text)
{
    uint16_t *slot = text[0] ? s_word_slot (self, text) : NULL;
    if (!slot || *slot) {
        return slot ? *slot : 0;
    }
    if (self->word_count == WORDS_MAX) {
        self->words_full = true;
        return 0;
    }
    if (self->word_count == self->word_room) {
        self->word_room = self->word_room ? 2 * self->word_room : 64;
        self->words = realloc (self->words, self->word_room * sizeof *self->words);
        FEP_ASSERT (self->words);
    }
    self->words[self->word_count] = strdup (text);
    FEP_ASSERT (self->words[self->word_count]);
    *slot = (uint16_t) ++self->word_count;
    return *slot;
}

uint16_t roster_word (const roster_terminal_t *terminal, uint16_t mp, dimension_t dimension)
{
    const roster_point_t *point = terminal ? roster_point (terminal, mp) : NULL;
    if (!terminal) {
        return 0;
    }
    if (dimension == DIMENSION_user_type) {
        return point ? point->user_type : 0;
    }
    if (dimension == DIMENSION_protocol && point && point->protocol) {
        return point->protocol;
    }
    return terminal->words[dimension - DIMENSION_WORD_FIRST];
}

const char *roster_word_text (const roster_t *self, uint16_t word)
{
    return word > 0 && word <= self->word_count ? self->words[word - 1] : "";
}

uint16_t roster_word_find (const roster_t *self, const char *text)
{
    uint16_t word = text[0] ? *s_word_slot (self, text) : 0;
    return word || !text[0] ? word : UINT16_MAX;
}

//  ---- Terminals ----

void roster_destroy (roster_t **self_p)
{
    roster_t *self = *self_p;
    if (self) {
        for (uint32_t i = 0; i < self->size; i++) {
            s_free (&self->terminals[i]);
            s_free (&self->absent[i]);
        }
        free (self->terminals);
        free (self->absent);
        s_forget_words (self);
        free (self->words);
        free (self->word_slots);
        free (self);
        *self_p = NULL;
    }
}

static void s_grow (roster_t *self, uint32_t number)
{
    if (number < self->size) {
        return;
    }
    uint32_t size = number + number / 2 + 256;
    self->terminals = realloc (self->terminals, size * sizeof *self->terminals);
    self->absent = realloc (self->absent, size * sizeof *self->absent);
    FEP_ASSERT (self->terminals && self->absent);
    size_t added = (size - self->size) * sizeof *self->terminals;
    memset (self->terminals + self->size, 0, added);
    memset (self->absent + self->size, 0, added);
    self->size = size;
}

static void s_zone (roster_terminal_t *to, const terminal_t *from)
{
    zone_t zone;
    free (to->zone);
    to->zone = NULL;
    if (from->zone[0] && zone_parse (from->zone, &zone) == FEP_OK) {
        to->zone = malloc (sizeof zone);
        FEP_ASSERT (to->zone);
        *to->zone = zone;
    }
}

static void s_words (roster_t *self, roster_terminal_t *to, const archive_entry_t *entry)
{
    const terminal_t *from = entry->terminal;
    const struct {
        dimension_t dimension;  //  It is of
        archive_word_t kind;    //  In the archive
        uint16_t number;        //  There
    } words[] = {{DIMENSION_line, ARCHIVE_LINE, from->line},
                 {DIMENSION_vendor, ARCHIVE_VENDOR, from->vendor},
                 {DIMENSION_channel, ARCHIVE_CHANNEL, from->channel},
                 {DIMENSION_segment, ARCHIVE_SEGMENT, from->segment}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        to->words[words[i].dimension - DIMENSION_WORD_FIRST] =
            s_word (self, archive_words_text (entry->words, words[i].kind, words[i].number));
    }
    char dialled[ARCHIVE_DIAL_MAX + 1];
    memcpy (dialled, from->dial, sizeof dialled);
    dialled[strcspn (dialled, "@")] = 0;
    to->words[DIMENSION_protocol - DIMENSION_WORD_FIRST] =
        s_word (self, dialled[0] || !to->speaks ? dialled : to->speaks->name);
}

void roster_speaks (roster_t *self, roster_terminal_t *terminal, const codec_t *codec)
{
    terminal->speaks = codec;
    terminal->words[DIMENSION_protocol - DIMENSION_WORD_FIRST] = s_word (self, codec->name);
}

static void s_points (roster_t *self, roster_terminal_t *to, const archive_entry_t *entry)
{
    roster_point_t *points = calloc (entry->point_count + 1, sizeof *points);
    FEP_ASSERT (points);
    for (size_t i = 0; i < entry->point_count; i++) {
        const roster_point_t *before = roster_point (to, entry->points[i].mp);
        points[i] = (roster_point_t){.mp = entry->points[i].mp,
                                     .silent = before ? before->silent : 0,
                                     .state = entry->points[i].state};
        points[i].protocol = s_word (self, entry->points[i].protocol);
        points[i].user_type = s_word (
            self, archive_words_text (entry->words, ARCHIVE_USER_TYPE, entry->points[i].user_type));
        to->restated |= points[i].state != (before ? before->state : ARCHIVE_IN_SERVICE);
    }
    free (to->points);
    to->points = points;
    to->point_count = (uint16_t) entry->point_count;
}

static fep_err_t s_visit (void *arg, const archive_entry_t *entry)
{
    roster_t *self = arg;
    const terminal_t *terminal = entry->terminal;
    s_grow (self, terminal->number);
    roster_terminal_t **here = &self->terminals[terminal->number];
    roster_terminal_t **gone = &self->absent[terminal->number];
    if (!terminal->present) {
        if (*here) {
            *gone = *here;
            *here = NULL;
        }
        return FEP_OK;
    }
    if (!*here) {
        *here = *gone ? *gone : calloc (1, sizeof **here);
        *gone = NULL;
        FEP_ASSERT (*here);
    }
    (*here)->number = terminal->number;
    (*here)->area = terminal->area;
    (*here)->groups = terminal->groups;
    (*here)->restated |= (*here)->state != terminal->state || (*here)->sleeps != terminal->sleeps;
    (*here)->state = terminal->state;
    (*here)->sleeps = terminal->sleeps;
    memcpy ((*here)->address, terminal->address, sizeof terminal->address);
    s_zone (*here, terminal);
    s_words (self, *here, entry);
    s_points (self, *here, entry);
    self->restated |= (*here)->restated;
    return FEP_OK;
}

fep_err_t roster_refresh (roster_t *self, uint32_t number)
{
    fep_err_t error = archive_read (self->store, number, s_visit, self);
    if (!error && self->words_full) {
        return roster_refresh_all (self);
    }
    return error == FEP_NOT_FOUND ? FEP_OK : error;
}

fep_err_t roster_refresh_groups (roster_t *self)
{
    return archive_group_names (self->store, self->groups);
}

fep_err_t roster_refresh_all (roster_t *self)
{
    fep_err_t error = roster_refresh_groups (self);
    s_forget_words (self);
    return error ? error : archive_each (self->store, s_visit, self);
}

fep_err_t roster_new (store_t *store, roster_t **self_p)
{
    roster_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    self->store = store;
    self->word_slots = calloc (WORD_SLOTS, sizeof *self->word_slots);
    FEP_ASSERT (self->word_slots);
    fep_err_t error = roster_refresh_all (self);
    if (error) {
        roster_destroy (&self);
    }
    *self_p = self;
    return error;
}

roster_terminal_t *roster_left (const roster_t *self, uint32_t number)
{
    return number < self->size ? self->absent[number] : NULL;
}

roster_terminal_t *roster_find (const roster_t *self, uint32_t number)
{
    return number < self->size ? self->terminals[number] : NULL;
}

uint32_t roster_size (const roster_t *self)
{
    return self->size;
}

uint64_t roster_group (const roster_t *self, const char *name)
{
    for (unsigned i = 0; i < ARCHIVE_GROUPS_MAX && name[0]; i++) {
        if (strcmp (self->groups[i], name) == 0) {
            return 1ull << i;
        }
    }
    return 0;
}

const char *roster_group_name (const roster_t *self, unsigned number)
{
    return number < ARCHIVE_GROUPS_MAX ? self->groups[number] : "";
}

bool roster_concerns (const roster_t *self, const task_t *task, const roster_terminal_t *terminal)
{
    if (task->terminal[0] && strcmp (task->terminal, terminal->address) != 0) {
        return false;
    }
    if (task->area >= 0 && task->area != terminal->area) {
        return false;
    }
    return !task->group[0] || terminal->groups & roster_group (self, task->group);
}

size_t roster_mps (const roster_terminal_t *terminal, const task_t *task, uint16_t mps[],
                   size_t max)
{
    size_t count = 0;
    if (task_of_terminal (task->type)) {
        mps[0] = 0;
        return max ? 1 : 0;
    }
    for (size_t i = 0; i < terminal->point_count && count < max; i++) {
        if (terminal->points[i].mp) {
            mps[count++] = terminal->points[i].mp;
        }
    }
    return count;
}

gap_t roster_apart (const roster_terminal_t *terminal, uint16_t mp)
{
    static const gap_t gaps[ARCHIVE_STATE_COUNT] = {
        [ARCHIVE_MAINTENANCE] = GAP_maintenance, [ARCHIVE_SUSPENDED] = GAP_suspended};
    const roster_point_t *point = roster_point (terminal, mp);
    return gaps[terminal->state] ? gaps[terminal->state] : point ? gaps[point->state] : GAP_valid;
}

bool roster_restated (const roster_t *self)
{
    return self->restated;
}

void roster_settled (roster_t *self)
{
    for (uint32_t i = 0; i < self->size; i++) {
        if (self->terminals[i]) {
            self->terminals[i]->restated = false;
        }
    }
    self->restated = false;
}

roster_point_t *roster_point (const roster_terminal_t *terminal, uint16_t mp)
{
    size_t low = 0, high = terminal->point_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (terminal->points[middle].mp < mp) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < terminal->point_count && terminal->points[low].mp == mp ? &terminal->points[low]
                                                                         : NULL;
}
