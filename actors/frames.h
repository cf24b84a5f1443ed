//  The last frames of one terminal: two that came and one that went, each cut. Made at the first frame and grown
//  to the longest one met, so that a quiet session holds little. A NULL frames_t is empty.
#ifndef ACTORS_FRAMES_H
#define ACTORS_FRAMES_H

#include "fep/bytes.h"
#include "fep/error.h"

#define FRAMES_BYTES_MAX 256  //  Kept of one frame
#define FRAMES_MAX 3          //  Frames

typedef struct frames frames_t;

//  bytes: of a frame that came (its beginning is kept) or of what was sent at once (its end is kept: the last
//  of several frames). codec: whose, static text. reason: why it was refused, or FEP_OK. Without memory nothing is
//  kept.
void frames_note (frames_t **self_p, const char *codec, bool up, bytes_t bytes, fep_err_t reason,
                  int64_t wall_ms);
//  A frame is about to be noted: the memory for it is fetched into the cache meanwhile.
void frames_expect (const frames_t *self);
void frames_destroy (frames_t **self_p);

//  Appends an array, those up before the one down, older first:
//  [{direction, codec, time_ms, reason, size, bytes}, ...].
void frames_wire (const frames_t *self, writer_t *out);

#define FRAMES_WIRE_MAX (FRAMES_MAX * (FRAMES_BYTES_MAX + 144))  //  Bytes of that array

#endif
