//  Mail that waits for room.
#include "actors/mailq.h"
#include <stdlib.h>
#include <string.h>

struct mail_item {
    mail_item_t *next;  //  Newer
    int socket;         //  Of the actor
    const char *word;   //  Static
    size_t peer_size;   //  Bytes of the peer's identity, first in data
    size_t body_size;   //  Bytes of the body, behind it
    uint8_t data[];     //  Both
};

static fep_err_t s_send (actor_t *actor, int socket, bytes_t peer, const char *word, bytes_t body)
{
    return peer.size ? actor_send_to (actor, socket, peer, word, body)
                     : actor_send (actor, socket, word, body);
}

void mailq_flush (mailq_t *self, actor_t *actor)
{
    while (self->first) {
        mail_item_t *item = self->first;
        bytes_t peer = bytes_of (item->data, item->peer_size);
        bytes_t body = bytes_of (item->data + item->peer_size, item->body_size);
        if (s_send (actor, item->socket, peer, item->word, body) == FEP_FULL) {
            return;
        }
        self->first = item->next;
        self->count--;
        free (item);
    }
}

void mailq_send (mailq_t *self, actor_t *actor, int socket, bytes_t peer, const char *word,
                 bytes_t body)
{
    mailq_flush (self, actor);
    if (!self->first && s_send (actor, socket, peer, word, body) != FEP_FULL) {
        return;
    }
    mail_item_t *item = malloc (sizeof *item + peer.size + body.size);
    FEP_ASSERT (item);
    *item = (mail_item_t){NULL, socket, word, peer.size, body.size};
    if (peer.size) {
        memcpy (item->data, peer.data, peer.size);
    }
    if (body.size) {
        memcpy (item->data + peer.size, body.data, body.size);
    }
    *(self->first ? &self->last->next : &self->first) = item;
    self->last = item;
    self->count++;
}

size_t mailq_count (const mailq_t *self)
{
    return self->count;
}

void mailq_clear (mailq_t *self)
{
    while (self->first) {
        mail_item_t *item = self->first;
        self->first = item->next;
        free (item);
    }
    self->count = 0;
}
