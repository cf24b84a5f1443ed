//  The timer wheel.
#include "actors/wheel.h"
#include <stddef.h>
#include <string.h>

void wheel_init (wheel_t *self, int64_t now_ms)
{
    memset (self, 0, sizeof *self);
    self->now_ms = now_ms;
}

void wheel_clear (wheel_node_t *node)
{
    if (node->link) {
        *node->link = node->next;
        if (node->next) {
            node->next->link = node->link;
        }
        node->link = NULL;
        node->next = NULL;
    }
}

static void s_insert (wheel_t *self, wheel_node_t *node, int64_t slot_ms)
{
    wheel_node_t **head = &self->slots[(slot_ms / WHEEL_SLOT_MS) % WHEEL_SLOTS];
    node->next = *head;
    node->link = head;
    if (*head) {
        (*head)->link = &node->next;
    }
    *head = node;
}

void wheel_set (wheel_t *self, wheel_node_t *node, int64_t deadline_ms)
{
    const int64_t horizon = (int64_t) (WHEEL_SLOTS - 2) * WHEEL_SLOT_MS;
    wheel_clear (node);
    node->deadline_ms = deadline_ms;
    int64_t slot_ms = deadline_ms < self->now_ms ? self->now_ms : deadline_ms;
    if (slot_ms > self->now_ms + horizon) {
        slot_ms = self->now_ms + horizon;
    }
    s_insert (self, node, slot_ms);
}

wheel_node_t *wheel_take (wheel_t *self, int64_t now_ms)
{
    for (;;) {
        wheel_node_t *node = self->slots[(self->now_ms / WHEEL_SLOT_MS) % WHEEL_SLOTS];
        while (node) {
            wheel_node_t *next = node->next;
            if (node->deadline_ms <= now_ms) {
                wheel_clear (node);
                return node;
            }
            if (node->deadline_ms / WHEEL_SLOT_MS != self->now_ms / WHEEL_SLOT_MS) {
                wheel_set (self, node, node->deadline_ms);
            }
            node = next;
        }
        //  A slot is left only when its whole span has passed.
        if (self->now_ms / WHEEL_SLOT_MS >= now_ms / WHEEL_SLOT_MS) {
            return NULL;
        }
        self->now_ms = (self->now_ms / WHEEL_SLOT_MS + 1) * WHEEL_SLOT_MS;
    }
}
