//  ASDUs of IEC 60870-5-101/-104: header, information objects, elements, time tags. Bounded; never beyond the bytes.
#ifndef CODECS_IEC104_ASDU_H
#define CODECS_IEC104_ASDU_H

#include "fep/bytes.h"
#include "fep/error.h"
#include "fep/message.h"
#include "fep/profile.h"
#include "fep/zone.h"

typedef enum {
#define ELEMENT(name, size) ELEMENT_##name,
#include "codecs/iec104/types.def"
#undef ELEMENT
    ELEMENT_COUNT
} iec_kind_t;

enum {
#define TYPE(id, name, kind, time) name = id,
#include "codecs/iec104/types.def"
#undef TYPE
};

//  How long a time tag is.
enum { TIME_NONE = 0, TIME_CP24 = 3, TIME_CP56 = 7 };

enum {
    CAUSE_REQUEST = 5,
    CAUSE_ACT = 6,
    CAUSE_ACT_CON = 7,
    CAUSE_DEACT = 8,
    CAUSE_DEACT_CON = 9,
    CAUSE_ACT_TERM = 10,
    CAUSE_GI = 20,
    CAUSE_GI_LAST = 36,
    CAUSE_COUNTER = 37,
    CAUSE_COUNTER_LAST = 41,
    CAUSE_UNKNOWN_TYPE = 44,
    CAUSE_UNKNOWN_IOA = 47,
    CAUSE_MASK = 0x3F,
    CAUSE_NEGATIVE = 0x40,
    CAUSE_TEST = 0x80
};

enum {
    SELECT_BIT = 0x80,
    STATE_BITS = 0x03,
    QDS_OV = 0x01,
    QDS_BL = 0x10,
    QDS_SB = 0x20,
    QDS_NT = 0x40,
    QDS_IV = 0x80,
    BCR_CY = 0x20,
    BCR_CA = 0x40,
    QOI_STATION = 20,
    RQT_GENERAL = 5,
    FRZ_FREEZE = 0x40,
    CA_BROADCAST = 0xFFFF
};

#define IEC_ASDU_MAX 249     //  Octets
#define IEC_COMMAND_MAX 8    //  Of the element of a command of ours
#define IEC_TYPE_CONTROL 45  //  First type of the control direction
#define IEC_TYPE_SYSTEM 100

typedef struct {
    uint8_t id;        //  Type identification
    const char *name;  //  As the standard writes it
    uint8_t kind;      //  iec_kind_t
    uint8_t time;      //  TIME_
} iec_type_t;

//  Octets of the fields a station may have shortened.
typedef struct {
    uint8_t cause, ca, ioa;
} iec_sizes_t;

typedef struct {
    const iec_type_t *type;  //  Static; NULL: not in the table
    uint8_t id;              //  Type identification
    bool sequence;           //  One address, consecutive ones behind it
    uint8_t count;           //  Of objects
    uint8_t cause;           //  Without P/N and T
    bool negative;           //  P/N
    bool test;               //  T
    uint8_t originator;      //  0 if the cause has one octet
    uint16_t ca;             //  Common address; one octet FF is CA_BROADCAST
    uint8_t ioa_size;        //  As in sizes
    bytes_t objects;         //  What follows the header
} iec_asdu_t;

typedef struct {
    uint32_t ioa;     //  Information object address
    bytes_t element;  //  Of the size of its kind
    bytes_t time;     //  Of the size of its type's time
} iec_object_t;

//  An information element taken apart.
typedef struct {
    uint8_t kind;     //  iec_kind_t
    int64_t number;   //  State, step, bits, normalised, scaled, counter, SCD's states
    float real;       //  Of R32 kinds
    uint8_t quality;  //  SIQ, DIQ, QDS, SEP or QDP; of BCR its last octet
    uint8_t
        flags;  //  Commands and parameters: the qualifier's octet as it is. VTI: the transient bit
    uint16_t extra;  //  SCD: changes. Protection: milliseconds
} iec_element_t;

//  A CP56Time2a or CP24Time2a as it stands.
typedef struct {
    clock_civil_t civil;  //  Of CP24 minute and second only
    int ms;               //  Within the second
    int weekday;          //  1 Monday .. 7; 0 not said
    bool invalid;         //  IV
    bool summer;          //  SU
    bool possible;        //  The fields are a time
} iec_time_t;

const iec_type_t *iec_type (uint8_t id);

//  The header, and whether the objects fill the rest. TRUNCATED, IMPLAUSIBLE (no objects, cause 0, octets left
//  over) or UNSUPPORTED (unknown type: header and objects are filled in all the same).
fep_err_t iec_asdu_read (bytes_t bytes, const iec_sizes_t *sizes, iec_asdu_t *asdu);

//  Octets that follow the header; 0 if the type is not known.
size_t iec_objects_size (const iec_type_t *type, bool sequence, unsigned count, unsigned ioa_size);

//  Object i below count, of an ASDU that was read with FEP_OK.
iec_object_t iec_object (const iec_asdu_t *asdu, unsigned i);

iec_element_t iec_element (const iec_type_t *type, bytes_t bytes);

iec_time_t iec_time (bytes_t bytes);

//  UTC of a time tag; CP24 is the instant nearest to wall_ms. False if it is none. *doubtful: IV, or summer time that
//  the zone does not have then. In a zone without rules SU takes an hour off.
bool iec_time_utc (bytes_t bytes, const zone_t *zone, int64_t wall_ms, int64_t *utc_ms,
                   bool *doubtful);

//  CP56Time2a of an instant.
void iec_put_time (writer_t *out, const zone_t *zone, int64_t utc_ms);

//  The header of one object of ours.
typedef struct {
    uint8_t type, cause, originator;
    uint16_t ca;
    uint32_t ioa;
} iec_head_t;

//  RANGE if an address does not fit its octets.
fep_err_t iec_put_head (writer_t *out, const iec_sizes_t *sizes, const iec_head_t *head);

//  QUALITY_ bits of an element.
uint16_t iec_quality (const iec_element_t *element);

//  The element as a value of the object's point: scale applied, exact unless the wire is a float.
value_t iec_value (const iec_element_t *element, const profile_object_t *object);

//  A short text of the cause, and as an answer; NULL if the standard has none.
const char *iec_cause_name (uint8_t cause);
const char *iec_cause_text (uint8_t cause);

#endif
