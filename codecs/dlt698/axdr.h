//  A-XDR of DL/T 698.45: one Data, taken whole and bounded; the types that stand without a tag; and the writer of both.
#ifndef CODECS_DLT698_AXDR_H
#define CODECS_DLT698_AXDR_H

#include "fep/zone.h"
#include "fep/message.h"

#define D698_DEPTH_MAX 12  //  Data inside Data

//  Tags of Data.
typedef enum {
    DATA_NULL = 0,
    DATA_ARRAY = 1,
    DATA_STRUCT = 2,
    DATA_BOOL = 3,
    DATA_BITS = 4,
    DATA_I32 = 5,
    DATA_U32 = 6,
    DATA_OCTETS = 9,
    DATA_VISIBLE = 10,
    DATA_UTF8 = 12,
    DATA_I8 = 15,
    DATA_I16 = 16,
    DATA_U8 = 17,
    DATA_U16 = 18,
    DATA_I64 = 20,
    DATA_U64 = 21,
    DATA_ENUM = 22,
    DATA_F32 = 23,
    DATA_F64 = 24,
    DATA_DATE_TIME = 25,
    DATA_DATE = 26,
    DATA_TIME = 27,
    DATA_DATE_TIME_S = 28,
    DATA_OI = 80,
    DATA_OAD = 81,
    DATA_ROAD = 82,
    DATA_OMD = 83,
    DATA_TI = 84,
    DATA_TSA = 85,
    DATA_MAC = 86,
    DATA_RN = 87,
    DATA_REGION = 88,
    DATA_SCALER_UNIT = 89,
    DATA_RSD = 90,
    DATA_CSD = 91,
    DATA_MS = 92,
    DATA_SID = 93,
    DATA_SID_MAC = 94,
    DATA_COMDCB = 95,
    DATA_RCSD = 96,
    DATA_TAGS
} d698_tag_t;

//  Sizes of what stands without a tag.
enum { D698_DATE_TIME = 10, D698_DATE_TIME_S = 7, D698_TI = 3, D698_COMDCB = 5 };

//  Meter sets (MS) and record selectors (RSD) by their first byte.
enum {
    MS_NONE,
    MS_ALL,
    MS_TYPES,
    MS_ADDRESSES,
    MS_NUMBERS,
    MS_TYPE_RANGES,
    MS_ADDRESS_RANGES,
    MS_NUMBER_RANGES
};
enum {
    RSD_NONE,
    RSD_VALUE,
    RSD_RANGE,
    RSD_RANGES,
    RSD_START,
    RSD_STORED,
    RSD_START_RANGE,
    RSD_STORED_RANGE,
    RSD_SUCCESS_RANGE,
    RSD_LAST,
    RSD_LAST_OF
};

//  Units of TI.
enum { TI_SECOND, TI_MINUTE, TI_HOUR, TI_DAY, TI_MONTH };

//  One Data; all borrowed.
typedef struct {
    uint8_t tag;    //  d698_tag_t
    size_t count;   //  Elements of arrays and structures, bits of bit strings; else 0
    bytes_t body;   //  Behind tag, and behind the length or count where there is one
    bytes_t whole;  //  With its tag
} d698_data_t;

//  Takes one Data. Fails the reader on unknown tags, on more depth than the limit, and where bytes end before it does.
d698_data_t d698_data (reader_t *in);

//  A length or count. Fails the reader if it is larger than what is left.
size_t d698_length (reader_t *in);

//  Take what stands without a tag, whole.
bytes_t d698_take_rsd (reader_t *in);
bytes_t d698_take_rcsd (reader_t *in);
bytes_t d698_take_csd (reader_t *in);
bytes_t d698_take_tsa (reader_t *in);  //  Without its length: AF and octets; at least 2 bytes

//  Columns of the rows that an RCSD announces: an OAD is one, a ROAD its related ones.
size_t d698_columns (bytes_t rcsd);

//  An unsigned or signed whole number, enumeration or truth value. False for other tags and what int64_t cannot hold.
bool d698_integer (const d698_data_t *data, int64_t *number);

//  The text of a TSA's octets, high digit first. text has at least 33 bytes.
void d698_tsa_text (bytes_t tsa, char *text);

//  An instant of 7 bytes (date_time_s) or 10 (date_time). False if it is none.
bool d698_instant (const uint8_t *p, size_t size, const zone_t *zone, int64_t *utc_ms);

//  The same of a Data of these tags.
bool d698_data_instant (const d698_data_t *data, const zone_t *zone, int64_t *utc_ms);

//  ---- Writing ----

void d698_put_length (writer_t *out, size_t length);
void d698_put_date_time (writer_t *out, const zone_t *zone, int64_t utc_ms);
void d698_put_date_time_s (writer_t *out, const zone_t *zone, int64_t utc_ms);

//  Length, AF and octets of an address people wrote. False if it is none.
bool d698_put_tsa (writer_t *out, const char *text);

#endif
