//  What the writers of requests share: one request being turned into its next APDU.
#ifndef CODECS_DLT698_REQUESTS_H
#define CODECS_DLT698_REQUESTS_H

#include "codecs/dlt698/parts.h"

enum {
    D698_REQUEST_MAX = 1200,  //  Bytes of an APDU of ours
    D698_OBJECTS_MAX = 40     //  Attributes of one request
};

//  Limits of a forwarded request, in seconds.
enum { D698_PROXY_S = 60, D698_METER_S = 60 };

typedef struct {
    request_t *request;
    codec_io_t *io;
    const d698_core_t *core;
    const d698_news_t *news;   //  Of a terminal; NULL: a meter is asked
    const char *meter;         //  Whose meter is asked through the server; "" the server itself
    bool is_meter;             //  The server is the meter
    const profile_t *profile;  //  Of who is asked
    uint8_t piid;
    writer_t out;        //  The APDU
    d698_asked_t asked;  //  What will be in flight
    uint32_t done;       //  Of the request when it is sent
    uint8_t mps_over;    //  Likewise
    bool finished;       //  Likewise
    bool nothing;        //  Nothing is left to be asked: no frame
} d698_ask_t;

//  Tag, choice and PIID; choice 0: there is none.
void d698_begin (d698_ask_t *ask, uint8_t tag, uint8_t choice);

//  The time tag, or that there is none.
void d698_end (d698_ask_t *ask);

//  PROXY's head for one meter: both limits and the address. False if that is none.
bool d698_put_target (d698_ask_t *ask);

//  Turns points into attributes; ends with how many. UNSUPPORTED if one has none.
fep_err_t d698_objects_of (const d698_ask_t *ask, const d698_object_t **objects, size_t *count);

//  The OAD of a whole attribute.
static inline uint32_t d698_oad (const d698_object_t *object)
{
    return (uint32_t) object->oi << 16 | (uint32_t) object->attribute << 8;
}

//  By kind of request; each writes the next APDU.
fep_err_t d698_ask_read (d698_ask_t *ask);
fep_err_t d698_ask_frozen (d698_ask_t *ask);
fep_err_t d698_ask_events (d698_ask_t *ask);
fep_err_t d698_ask_clock (d698_ask_t *ask);
fep_err_t d698_ask_write (d698_ask_t *ask);
fep_err_t d698_ask_operate (d698_ask_t *ask);
fep_err_t d698_ask_pass (d698_ask_t *ask);
fep_err_t d698_ask_read_own (d698_ask_t *ask);
fep_err_t d698_ask_own (d698_ask_t *ask);

#endif
