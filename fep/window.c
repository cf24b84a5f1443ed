//  Two positions in borrowed memory.
#include "fep/window.h"

bool window_borrow (window_t *self, pool_t *pool)
{
    if (self->data) {
        FEP_ASSERT (self->pool == pool);
        return true;
    }
    FEP_ASSERT (pool_object_size (pool) <= UINT32_MAX);
    uint8_t *data = pool_take (pool);
    if (!data) {
        return false;
    }
    *self = (window_t){.pool = pool, .data = data};
    return true;
}

//  Moves the pending bytes to the front.
static void s_compact (window_t *self)
{
    memmove (self->data, self->data + self->begin, self->end - self->begin);
    self->end -= self->begin;
    self->begin = 0;
}

bool window_append (window_t *self, pool_t *pool, bytes_t bytes)
{
    if (bytes.size == 0) {
        return true;
    }
    size_t capacity = pool_object_size (pool);
    if (bytes.size > capacity - (self->end - self->begin) || !window_borrow (self, pool)) {
        return false;
    }
    if (bytes.size > capacity - self->end) {
        s_compact (self);
    }
    memcpy (self->data + self->end, bytes.data, bytes.size);
    self->end += (uint32_t) bytes.size;
    return true;
}

size_t window_room (const window_t *self)
{
    return self->data ? pool_object_size (self->pool) - (self->end - self->begin) : SIZE_MAX;
}

bytes_t window_bytes (const window_t *self)
{
    return bytes_of (self->data ? self->data + self->begin : NULL, self->end - self->begin);
}

void window_consume (window_t *self, size_t n)
{
    FEP_ASSERT (n <= self->end - self->begin);
    self->begin += (uint32_t) n;
    if (self->begin == self->end) {
        window_release (self);
    }
}

void window_release (window_t *self)
{
    if (self->data) {
        pool_give (self->pool, &self->data);
    }
    *self = (window_t){.pool = NULL};
}
