//  Keys of the store's families.
#include "store/key.h"

void key_sequence (uint64_t sequence, uint8_t key[KEY_SEQUENCE_SIZE])
{
    writer_t out = writer_of (key, KEY_SEQUENCE_SIZE);
    writer_u64be (&out, sequence);
}

bool key_to_sequence (bytes_t key, uint64_t *sequence)
{
    reader_t in = reader_of (key);
    *sequence = reader_u64be (&in);
    return !in.failed && reader_left (&in) == 0;
}

void key_frame (uint64_t sequence, uint32_t index, uint8_t key[KEY_FRAME_SIZE])
{
    writer_t out = writer_of (key, KEY_FRAME_SIZE);
    writer_u64be (&out, sequence);
    writer_u32be (&out, index);
}

bool key_to_frame (bytes_t key, uint64_t *sequence, uint32_t *index)
{
    reader_t in = reader_of (key);
    *sequence = reader_u64be (&in);
    *index = reader_u32be (&in);
    return !in.failed && reader_left (&in) == 0;
}

bool key_has_prefix (bytes_t key, bytes_t prefix)
{
    return key.size >= prefix.size &&
           (prefix.size == 0 || memcmp (key.data, prefix.data, prefix.size) == 0);
}
