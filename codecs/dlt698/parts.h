//  What the parts of the codec share: one frame being decoded, and the functions that do it.
#ifndef CODECS_DLT698_PARTS_H
#define CODECS_DLT698_PARTS_H

#include "codecs/dlt698/apdu.h"
#include "codecs/dlt698/axdr.h"
#include "codecs/dlt698/layout.h"
#include "codecs/dlt698/state.h"
#include "fep/point.h"

//  Whose readings: a measuring point, or a meter's address that has none.
typedef struct {
    uint16_t mp;
    bool stranger;                       //  A meter the session's terminal does not have
    char name[2 * D698_OCTETS_MAX + 1];  //  Its address, if that must be said; "" else
} d698_whose_t;

//  One frame being decoded.
typedef struct {
    codec_io_t *io;
    d698_core_t *core;
    d698_news_t *news;  //  Of a terminal; NULL: a meter's
    bytes_t address;    //  Kept in the batch
    bytes_t whole;      //  The frame
    bool links;         //  Link services are answered: a terminal's
    bool raw_given;     //  A message has it
    bool answers;       //  It answers the request in flight
    d698_whose_t self;  //  Whose readings without another name are
    uint32_t good;      //  Results that are data, or done
    uint32_t refused;   //  Results that are a DAR
    uint8_t dar;        //  The first of them
    uint32_t rows;      //  Of records
} d698_turn_t;

//  ---- units.c ----

//  Appends a message; a meter's address comes first where it must be said. With `whole` the frame's bytes go with the
//  first one.
message_t *d698_message (d698_turn_t *turn, message_kind_t kind, const d698_whose_t *whose,
                         bool whole);

//  Bytes that were not understood: an EVENT with the reason and what is known of them. oad 0: they are an APDU;
//  column 0: none.
void d698_keep_raw (d698_turn_t *turn, const char *reason, uint32_t oad, uint32_t column,
                    bytes_t bytes);

//  Is `text` the meter that was asked? Leading zeros do not count; one asked by wildcard may have any address.
bool d698_is_meter (const char *asked, const char *text);

//  Whose meter an address is.
d698_whose_t d698_whose (const d698_turn_t *turn, const char *address);

//  The values of an attribute as items of the last message; batch NULL: only counts. *rest: some of it has no point.
size_t d698_put_object (batch_t *batch, const d698_object_t *object, uint32_t oad,
                        const d698_data_t *data, const zone_t *zone, uint16_t quality, bool *rest);

//  One Data as an item. False, with nothing appended, if it is no value. batch NULL: only asks.
bool d698_put_value (batch_t *batch, uint32_t point, int8_t exponent, const d698_data_t *data,
                     const zone_t *zone, uint16_t quality);

//  ---- records.c ----

//  SEQ OF A-ResultNormal, of the server itself or of a meter; A-ResultRecord. All fail the reader if they are cut.
//  `one`: a single A-ResultNormal.
void d698_read_results (d698_turn_t *turn, reader_t *in, bool one);
void d698_read_meter_results (d698_turn_t *turn, reader_t *in, bool one, const d698_whose_t *whose);
void d698_read_record (d698_turn_t *turn, reader_t *in, const d698_whose_t *whose);

//  ---- services.c ----

//  The answer to a report in the APDU, to be sent when it is durable; nothing is written if there is none in it.
//  Fails the writer if it does not fit, the reader's failure counts as none.
void d698_answer_report (writer_t *out, const d698_peer_t *peer, bytes_t apdu);

//  An APDU of a terminal or meter, from its tag on. peer: who sent it. UNSUPPORTED.
FEP_MUST_CHECK
fep_err_t d698_read_apdu (d698_turn_t *turn, const d698_peer_t *peer, bytes_t apdu);

//  Protected in the clear: what is inside; else empty.
bytes_t d698_plain (bytes_t apdu);

//  Answers a LINK-Request, if the APDU is one.
void d698_answer_link (codec_io_t *io, const d698_peer_t *peer, bytes_t apdu, uint8_t result);

//  ---- requests.c ----

fep_err_t d698_encode (void *state, request_t *request, codec_io_t *io);
fep_err_t d698_encode_meter (void *state, request_t *request, codec_io_t *io);

//  ---- connect.c ----

//  Does a CONNECT have to go before the next request of ours?
bool d698_must_connect (const d698_core_t *core, const profile_t *profile);

//  The CONNECT-Request that the profile wants. NEEDS_SEAL: it is in io->seal, without its password; NO_SEAL: what came
//  back is not the same with one.
fep_err_t d698_put_connect (writer_t *out, const profile_t *profile, uint8_t piid, codec_io_t *io);

//  ---- own.c ----

//  Is it the list of a kind of own tasks? Then its elements as messages; what has another shape is kept raw.
bool d698_is_own (uint32_t oad);
void d698_put_own (d698_turn_t *turn, uint32_t oad, const d698_data_t *data);

//  The own, own_remove and own_lists of the codec contract.
fep_err_t d698_own (const own_wish_t *wish, size_t i, uint32_t *key, codec_io_t *io);
fep_err_t d698_own_remove (uint32_t key, codec_io_t *io);
extern const uint32_t d698_own_lists[];

//  ---- forward.c ----

fep_err_t d698_wrap (void *state, bytes_t frame, codec_io_t *io);
fep_err_t d698_unwrap (bytes_t frame, bool up, const codec_options_t *options, writer_t *line);

//  Our own client address.
#define D698_CLIENT 0x10

#endif
