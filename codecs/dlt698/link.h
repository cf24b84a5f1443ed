//  Link layer of DL/T 698.45: frames in the window, the parts of a frame, and frames of our own.
#ifndef CODECS_DLT698_LINK_H
#define CODECS_DLT698_LINK_H

#include "codecs/codec.h"

//  Sizes in bytes.
enum {
    D698_LENGTH_MAX = 16383,  //  L, with the unit byte; with the unit KB what fits into it
    D698_PREAMBLE_MAX = 16,   //  FE before a frame that are taken as its own; more are noise
    D698_FRAME_MAX = D698_PREAMBLE_MAX + D698_LENGTH_MAX + 2,
    D698_OCTETS_MAX = 16,       //  Of a server address
    D698_SA = 17,               //  Its first byte and its octets
    D698_OVERHEAD = 8,          //  L C CA HCS FCS
    D698_ADDRESS_TEXT = 33,     //  Characters of an address at most, with its end
    D698_NAMED_OCTETS_MAX = 11  //  What ADDRESS_MAX characters can name
};

//  Bits of C.
enum {
    D698_DIR = 0x80,
    D698_PRM = 0x40,
    D698_FRAGMENT = 0x20,
    D698_SCRAMBLED = 0x08,
    D698_FUNCTION = 0x07,
    D698_LINK = 1,  //  Functions
    D698_USER = 3
};

//  Types of a server address; the bits of its first byte that name a logical device.
enum { D698_SINGLE, D698_WILDCARD, D698_GROUP, D698_BROADCAST, D698_LOGICAL = 0x30 };

//  Types of a fragment.
enum { D698_FIRST, D698_LAST, D698_ACK, D698_MIDDLE };

//  The parts of one frame; all borrowed from its bytes.
typedef struct {
    uint8_t preamble;  //  FE before it
    uint16_t length;   //  L, without its unit bit
    uint8_t control;   //  C
    bytes_t sa;        //  First byte and octets, low byte first
    uint8_t client;    //  CA
    bytes_t covered;   //  What HCS covers: L to CA
    bytes_t user;      //  As on the wire: scrambled or not
} d698_frame_t;

//  The scan of the codec contract.
scan_t d698_scan (const scan_context_t *context, bytes_t window);

//  The same for meters: link services, by which terminals say who they are, are none of theirs.
scan_t d698_scan_meter (const scan_context_t *context, bytes_t window);

//  Takes a frame apart. Does not look at the checksums. NOT_MINE if the frame is none, TRUNCATED if what it announces
//  does not fit.
FEP_MUST_CHECK
fep_err_t d698_frame_read (bytes_t bytes, d698_frame_t *frame);

//  CHECKSUM if one of the two does not match.
FEP_MUST_CHECK
fep_err_t d698_frame_check (const d698_frame_t *frame);

//  The user data in the clear. room has D698_LENGTH_MAX bytes and is used only if they are scrambled.
bytes_t d698_user (const d698_frame_t *frame, uint8_t *room);

static inline unsigned d698_address_type (bytes_t sa)
{
    return sa.data[0] >> 6;
}

//  Octets in the order people write them, two digits each. text has D698_ADDRESS_TEXT bytes.
void d698_address_text (bytes_t sa, char *text);

//  An address people wrote as octets, high digit first; odd ones get a zero in front. Returns how many; 0 if it has
//  other characters than hex digits or too many.
size_t d698_address_octets (const char *text, uint8_t octets[D698_OCTETS_MAX]);

//  Where a frame of ours goes.
typedef struct {
    uint8_t sa[D698_SA];  //  First byte and octets as on the wire
    uint8_t sa_size;      //  Bytes of it; 0: not known yet
    uint8_t client;       //  CA
    bool scrambled;       //  The peer scrambles, so we do
} d698_peer_t;

//  Begins a frame of ours in out; close it with its mark. Length, checksums and scrambling are done at the end. A
//  frame longer than L can say fails the writer.
size_t d698_open (writer_t *out, const d698_peer_t *peer, uint8_t control);
void d698_close (writer_t *out, size_t mark);

#endif
