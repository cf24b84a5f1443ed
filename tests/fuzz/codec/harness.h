//  What the fuzz target of a codec is made of: a conversation with the codec alone, and one with a
//  session that speaks it. The first byte of an input chooses; the rest is a list of steps, each a
//  byte that says which and what it needs.
#ifndef TESTS_FUZZ_CODEC_HARNESS_H
#define TESTS_FUZZ_CODEC_HARNESS_H

#include "codecs/codec.h"
#include <stdlib.h>

#define FUZZ_SEND_SIZE 65536
#define FUZZ_STEPS_MAX 200

//  One conversation. The codec sees all of it by `io`.
typedef struct {
    const codec_t *codec;       //  Under test
    void *state;                //  Its own
    codec_options_t options;    //  Of the listener
    codec_io_t io;              //  Of every call
    writer_t send;              //  Bytes for the peer, checked behind each step
    meter_t meter;              //  Whose exchange it is
    profile_t *profiles[2];     //  The meter's and the terminal's; copies with their own settings
    char who[ADDRESS_MAX + 1];  //  The session's address; "" not known yet
    request_t request;          //  The last one
    uint32_t before;            //  Its steps before the frame in flight
    bool asking;                //  A frame of it is in flight
    uint8_t flight[1024];       //  That frame, or bytes that stand for it
    size_t flight_size;         //  0: none
    uint32_t received, sent;    //  iec104: numbered frames each way
    bool quiet;                 //  The packet ends with the window
    uint8_t line;               //  Gateways: what the carried codec says; 0 nothing
    bool plain;            //  What is sent is all made by the codec: no PASS, no seal of any bytes
    const uint8_t *input;  //  What is left of the steps when a file is asked for
    size_t input_size;     //  Bytes there
} fuzz_t;

//  ---- check.c: the rules of the contract ----

//  An exactly sized copy, so that the sanitizer sees a read beyond it. To be freed.
uint8_t *fuzz_copy (bytes_t bytes);

scan_t fuzz_scan (fuzz_t *self, bool up, bytes_t window);

//  Explain, address, unwrap: what is done with a frame without a session. good: it must be explainable.
void fuzz_inspect (fuzz_t *self, bool up, bytes_t frame, bool good);

//  As a session does: what is refused is rolled back, what is confirmed is.
void fuzz_decode (fuzz_t *self, bytes_t frame);

//  What was sent is whole frames that can be explained; then it is forgotten.
void fuzz_check_sent (fuzz_t *self, bool good);

//  What was decoded has a wire form that can be read again; then it is forgotten.
void fuzz_check_batch (batch_t *batch);

//  ---- repair.c: behind the checksums ----

//  Makes start, lengths, checksums and end of a frame good, in place, growing it where it is too short for any.
//  Returns its size, at most the codec's frame_max; frame has FUZZ_SEND_SIZE bytes.
size_t fuzz_repair (const fuzz_t *self, uint8_t *frame, size_t size);

//  The head of the frame in flight, `keep` bytes of it at most, turned round: what an answer begins with. Returns its
//  size.
size_t fuzz_turn (const fuzz_t *self, size_t keep, uint8_t *frame);

//  Bytes behind what an answer can say: checksum and end.
size_t fuzz_tail (const fuzz_t *self);

//  What a seal makes of bytes: for protocols that look at it as they want it. Returns its size; out has 2048 bytes.
size_t fuzz_seal (const fuzz_t *self, bytes_t asked, uint8_t *out);

//  iec104: counts numbered frames.
void fuzz_count (uint32_t *count, bytes_t frame);

//  ---- ask.c: requests ----

//  A request with something of every field, made of bytes.
void fuzz_take_request (fuzz_t *self, reader_t *in);

//  The next frame of the request, sealed where that is wanted.
void fuzz_ask (fuzz_t *self, uint8_t how, reader_t *in);

//  The frame in flight was answered: the next one, or the same in another way.
void fuzz_ask_on (fuzz_t *self);

//  ---- talk.c, session.c: a whole input ----

void fuzz_talk (const codec_t *codec, bytes_t input);
void fuzz_session (const codec_t *codec, bytes_t input);

#endif
