//  Receive window: the bytes of one connection that are not consumed yet, with two positions
//    data ... begin (consumed up to it) ... end (received up to it)
//  Its memory is borrowed from a pool only while bytes are pending, so an idle session holds this
//  struct alone. All zeros is an empty window. Its capacity is the pool's object size.
#ifndef FEP_WINDOW_H
#define FEP_WINDOW_H

#include "fep/bytes.h"
#include "fep/check.h"
#include "fep/pool.h"

typedef struct {
    pool_t *pool;    //  Where data was borrowed; NULL while nothing is
    uint8_t *data;   //  Borrowed, or NULL
    uint32_t begin;  //  First pending byte
    uint32_t end;    //  Behind the last pending byte
} window_t;

//  Makes sure that there is memory; keeps pool until it is given back. False if the pool has none.
FEP_MUST_CHECK
bool window_borrow (window_t *self, pool_t *pool);

//  Appends behind the pending bytes; borrows memory and moves the pending bytes to the front when
//  needed. False if the pool has none, or if pending and new bytes together pass the capacity; then
//  nothing is changed. The pool counts its refusals.
FEP_MUST_CHECK
bool window_append (window_t *self, pool_t *pool, bytes_t bytes);

//  How many bytes can still be appended; SIZE_MAX while nothing is borrowed (then the pool's object
//  size is what counts).
size_t window_room (const window_t *self);

//  Pending bytes: begin to end. Valid until the next call that changes the window.
bytes_t window_bytes (const window_t *self);

//  The first n pending bytes are done with. Asserts that there are so many.
//  Gives the memory back when nothing is pending.
void window_consume (window_t *self, size_t n);

//  Forgets what is pending and gives the memory back: the session closes. May be called again.
void window_release (window_t *self);

#endif
