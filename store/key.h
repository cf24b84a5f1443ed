//  Key layout: fixed width, big-endian, so that byte order is number order.
//    journal  sequence 8                 meta  version, first, frame.first, position.<follower>
//    frame    sequence 8, index 4        (numbers in meta are 8 bytes big-endian)
#ifndef STORE_KEY_H
#define STORE_KEY_H

#include "fep/bytes.h"

#define KEY_SEQUENCE_SIZE 8
#define KEY_FRAME_SIZE 12

#define KEY_META_VERSION "version"          //  Of the layout
#define KEY_META_FIRST "first"              //  Journal records below are dropped
#define KEY_META_FRAME_FIRST "frame.first"  //  Raw frames of sequences below are dropped
#define KEY_META_POSITION "position."       //  Then the follower's name

void key_sequence (uint64_t sequence, uint8_t key[KEY_SEQUENCE_SIZE]);
//  False if the key has another size.
bool key_to_sequence (bytes_t key, uint64_t *sequence);

void key_frame (uint64_t sequence, uint32_t index, uint8_t key[KEY_FRAME_SIZE]);
//  False if the key has another size.
bool key_to_frame (bytes_t key, uint64_t *sequence, uint32_t *index);

//  True if key begins with prefix; every key begins with an empty one.
bool key_has_prefix (bytes_t key, bytes_t prefix);

#endif
