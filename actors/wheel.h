//  A timer wheel for many coarse deadlines: insert, move and remove in O(1), 16 ms a slot. A deadline beyond
//  the wheel's turn waits in its last slot and is looked at again.
#ifndef ACTORS_WHEEL_H
#define ACTORS_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

#define WHEEL_SLOTS 1024
#define WHEEL_SLOT_MS 16

//  Embedded in what has a deadline. All zero: not in a wheel.
typedef struct wheel_node wheel_node_t;
struct wheel_node {
    wheel_node_t *next;   //  In its slot
    wheel_node_t **link;  //  What points to it; NULL: not in a wheel
    int64_t deadline_ms;  //  When
};

typedef struct {
    wheel_node_t *slots[WHEEL_SLOTS];  //  Lists
    int64_t now_ms;                    //  Up to where it has turned
} wheel_t;

void wheel_init (wheel_t *self, int64_t now_ms);

//  Sets or moves a deadline; one in the past fires at the next turn.
void wheel_set (wheel_t *self, wheel_node_t *node, int64_t deadline_ms);
void wheel_clear (wheel_node_t *node);

//  Takes one node whose deadline has come (it is out of the wheel then), or NULL when there is none left up
//  to now_ms.
wheel_node_t *wheel_take (wheel_t *self, int64_t now_ms);

#endif
