//  A chained hash, and one list through all entries. A node stands in front of its entry.
#include "actors/recent.h"
#include "fep/check.h"
#include <stdalign.h>
#include <stdlib.h>

typedef struct node node_t;
struct node {
    node_t *newer, *older;        //  In the order of use
    node_t *next;                 //  Of the same slot
    uint8_t key[RECENT_KEY_MAX];  //  Whose it is
    uint8_t key_size;             //  Of it
    alignas (max_align_t) uint8_t entry[];
};

struct recent {
    size_t limit;        //  Entries
    size_t entry_size;   //  Bytes of one
    size_t count;        //  Entries now
    uint64_t forgotten;  //  In all
    node_t *newest;      //  Used last
    node_t *oldest;      //  To be forgotten next
    size_t mask;         //  Slots - 1; slots are a power of two
    node_t **slots;      //  Heads of the chains
};

recent_t *recent_new (size_t limit, size_t entry_size)
{
    size_t slots = 16;
    while (slots < limit) {
        slots *= 2;
    }
    recent_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self && limit);
    self->slots = calloc (slots, sizeof *self->slots);
    FEP_ASSERT (self->slots);
    self->mask = slots - 1;
    self->limit = limit;
    self->entry_size = entry_size;
    return self;
}

void recent_destroy (recent_t **self_p)
{
    recent_t *self = *self_p;
    if (self) {
        while (self->newest) {
            node_t *node = self->newest;
            self->newest = node->older;
            free (node);
        }
        free (self->slots);
        free (self);
        *self_p = NULL;
    }
}

static bytes_t s_cut (bytes_t key)
{
    return bytes_of (key.data, key.size > RECENT_KEY_MAX ? RECENT_KEY_MAX : key.size);
}

//  Where the chain holds the node of a key, or its end.
static node_t **s_place (const recent_t *self, bytes_t key)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < key.size; i++) {
        hash = (hash ^ key.data[i]) * 0x100000001b3u;
    }
    node_t **place = &self->slots[(size_t) (hash ^ hash >> 29) & self->mask];
    while (*place && !bytes_equal (bytes_of ((*place)->key, (*place)->key_size), key)) {
        place = &(*place)->next;
    }
    return place;
}

static void s_unlink (recent_t *self, node_t *node)
{
    *(node->newer ? &node->newer->older : &self->newest) = node->older;
    *(node->older ? &node->older->newer : &self->oldest) = node->newer;
}

static void s_link (recent_t *self, node_t *node)
{
    node->newer = NULL;
    node->older = self->newest;
    *(self->newest ? &self->newest->newer : &self->oldest) = node;
    self->newest = node;
}

static node_t *s_make (recent_t *self, bytes_t key)
{
    if (self->count == self->limit) {
        (void) recent_remove (self, bytes_of (self->oldest->key, self->oldest->key_size));
        self->forgotten++;
    }
    node_t *node = calloc (1, sizeof *node + self->entry_size);
    FEP_ASSERT (node);
    if (key.size) {
        memcpy (node->key, key.data, key.size);
    }
    node->key_size = (uint8_t) key.size;
    *s_place (self, key) = node;
    self->count++;
    return node;
}

void *recent_use (recent_t *self, bytes_t key)
{
    key = s_cut (key);
    node_t *node = *s_place (self, key);
    if (node) {
        s_unlink (self, node);
    } else {
        node = s_make (self, key);
    }
    s_link (self, node);
    return node->entry;
}

void *recent_find (const recent_t *self, bytes_t key)
{
    node_t *node = *s_place (self, s_cut (key));
    return node ? node->entry : NULL;
}

bool recent_remove (recent_t *self, bytes_t key)
{
    node_t **place = s_place (self, s_cut (key));
    node_t *node = *place;
    if (!node) {
        return false;
    }
    *place = node->next;
    s_unlink (self, node);
    self->count--;
    free (node);
    return true;
}

void *recent_at (const recent_t *self, size_t place)
{
    node_t *node = self->newest;
    while (node && place--) {
        node = node->older;
    }
    return node ? node->entry : NULL;
}

void *recent_older (const void *entry)
{
    const uint8_t *at = entry;
    const node_t *node = (const void *) (at - offsetof (node_t, entry));
    return node->older ? node->older->entry : NULL;
}

size_t recent_count (const recent_t *self)
{
    return self->count;
}

uint64_t recent_forgotten (const recent_t *self)
{
    return self->forgotten;
}
