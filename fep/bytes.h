//  The bounded reader and writer: the only place that indexes received bytes.
//  Both fail sticky: after the first access beyond the end `failed` stays true, reads give zero and writes
//  do nothing; so read all fields, then test once.
#ifndef FEP_BYTES_H
#define FEP_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

//  A borrowed run of bytes.
typedef struct {
    const uint8_t *data;  //  May be NULL only if size is 0
    size_t size;          //  In bytes
} bytes_t;

typedef struct {
    const uint8_t *data;  //  Borrowed
    size_t size;          //  Bytes at data
    size_t pos;           //  Next to read; at most size
    bool failed;          //  An access went beyond the end
} reader_t;

typedef struct {
    uint8_t *data;    //  Borrowed
    size_t capacity;  //  Bytes at data
    size_t size;      //  Written so far; at most capacity
    bool failed;      //  A write did not fit; nothing of it was written
} writer_t;

static inline bytes_t bytes_of (const void *data, size_t size)
{
    return (bytes_t){(const uint8_t *) data, size};
}

static inline bytes_t bytes_text (const char *text)
{
    return bytes_of (text, strlen (text));
}

//  What a hex digit counts; -1 if it is none.
static inline int bytes_hex_digit (int c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static inline bool bytes_equal (bytes_t a, bytes_t b)
{
    return a.size == b.size && (a.size == 0 || memcmp (a.data, b.data, a.size) == 0);
}

//  FNV-1a, 32 bits: for tables in memory.
static inline uint32_t bytes_hash (bytes_t bytes)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < bytes.size; i++) {
        hash = (hash ^ bytes.data[i]) * 16777619u;
    }
    return hash;
}

static inline reader_t reader_of (bytes_t bytes)
{
    return (reader_t){bytes.data, bytes.size, 0, false};
}

static inline size_t reader_left (const reader_t *self)
{
    return self->size - self->pos;
}

//  The next n bytes in place, or NULL (and failed) if there are fewer.
static inline const uint8_t *reader_take (reader_t *self, size_t n)
{
    if (self->failed || n > self->size - self->pos) {
        self->failed = true;
        return NULL;
    }
    const uint8_t *at = self->data + self->pos;
    self->pos += n;
    return at;
}

static inline bytes_t reader_bytes (reader_t *self, size_t n)
{
    const uint8_t *at = reader_take (self, n);
    return (bytes_t){at, at ? n : 0};
}

static inline uint8_t reader_u8 (reader_t *self)
{
    const uint8_t *p = reader_take (self, 1);
    return p ? p[0] : 0;
}

static inline uint16_t reader_u16le (reader_t *self)
{
    const uint8_t *p = reader_take (self, 2);
    return (uint16_t) (p ? p[0] | p[1] << 8 : 0);
}

static inline uint32_t reader_u32le (reader_t *self)
{
    const uint8_t *p = reader_take (self, 4);
    return p ? (uint32_t) p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16 |
                   (uint32_t) p[3] << 24
             : 0;
}

static inline uint16_t reader_u16be (reader_t *self)
{
    const uint8_t *p = reader_take (self, 2);
    return (uint16_t) (p ? p[0] << 8 | p[1] : 0);
}

static inline uint32_t reader_u32be (reader_t *self)
{
    const uint8_t *p = reader_take (self, 4);
    return p ? (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16 | (uint32_t) p[2] << 8 |
                   (uint32_t) p[3]
             : 0;
}

static inline uint64_t reader_u64be (reader_t *self)
{
    uint64_t high = reader_u32be (self);
    return high << 32 | reader_u32be (self);
}

static inline writer_t writer_of (void *data, size_t capacity)
{
    return (writer_t){(uint8_t *) data, capacity, 0, false};
}

static inline bytes_t writer_bytes (const writer_t *self)
{
    return (bytes_t){self->data, self->size};
}

//  Room for n bytes to be filled by the caller, or NULL (and failed).
static inline uint8_t *writer_room (writer_t *self, size_t n)
{
    if (self->failed || n > self->capacity - self->size) {
        self->failed = true;
        return NULL;
    }
    uint8_t *at = self->data + self->size;
    self->size += n;
    return at;
}

static inline void writer_put (writer_t *self, const void *data, size_t n)
{
    uint8_t *at = writer_room (self, n);
    if (at && n) {
        memcpy (at, data, n);
    }
}

static inline void writer_u8 (writer_t *self, uint8_t value)
{
    uint8_t *at = writer_room (self, 1);
    if (at) {
        at[0] = value;
    }
}

static inline void writer_u16le (writer_t *self, uint16_t value)
{
    uint8_t *at = writer_room (self, 2);
    if (at) {
        at[0] = (uint8_t) value;
        at[1] = (uint8_t) (value >> 8);
    }
}

static inline void writer_u32le (writer_t *self, uint32_t value)
{
    writer_u16le (self, (uint16_t) value);
    writer_u16le (self, (uint16_t) (value >> 16));
}

static inline void writer_u16be (writer_t *self, uint16_t value)
{
    uint8_t *at = writer_room (self, 2);
    if (at) {
        at[0] = (uint8_t) (value >> 8);
        at[1] = (uint8_t) value;
    }
}

static inline void writer_u32be (writer_t *self, uint32_t value)
{
    uint8_t *at = writer_room (self, 4);
    if (at) {
        at[0] = (uint8_t) (value >> 24);
        at[1] = (uint8_t) (value >> 16);
        at[2] = (uint8_t) (value >> 8);
        at[3] = (uint8_t) value;
    }
}

static inline void writer_u64be (writer_t *self, uint64_t value)
{
    uint8_t *at = writer_room (self, 8);
    if (at) {
        for (int i = 0; i < 8; i++) {
            at[i] = (uint8_t) (value >> (56 - 8 * i));
        }
    }
}

#endif
