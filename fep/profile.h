//  A profile: which register of a meter type is which point, for protocols whose addresses mean nothing.
//  A text people write, kept in the archive, shipped as bytes and parsed where it is used. Lines of words;
//  '#' begins a comment:
//    profile sdm630               its name; must come first
//    codec modbus_rtu             the meter protocol it is for
//    period 60s                   between two polls (ms, s, m, h; at most 744h); 0, or no such line: only on demand
//    gap 8                        registers nobody wants that may be read along between two wanted (0..124; 8)
//    most 125                     registers of one request (1..125; 125)
//    offset -1                    added to every address below it: manuals that count from 1 (0)
//    read POINT                   what a poll asks, of protocols whose identifiers say what they are
//    setting NAME NUMBER          a habit of the meter or terminal, profile_setting.def
//    order ABCD                   ABCD, CDAB, BADC or DCBA, for the lines below it (ABCD)
//    register POINT FUNCTION ADDRESS TYPE [order=CDAB] [scale=0.1] [none=0xFFFF] [sf=ADDRESS] [write=1]
//    own FN PN HEX...             376.1: a parameter of the terminal's own reading (F33, F34, F35, F38, F39), as its
//                                 data stand in a frame
//    object POINT IOA [ca=N] [mp=N] [scale=0.1] [group=N] [counter=N]
//    object POINT IOA command=TYPE [ca=N] [mp=N] [scale=0.1] [select=1] [time=1] [qualifier=N]
//  profile, codec, period, gap, most and each setting once; for functions 1 and 2 gap and most count 16 bits each.
//  FUNCTION 1..4; ADDRESS decimal or 0x; TYPE u16 i16 u32 i32 u64 i64 f32 f64 bcd16 bcd32 bit bit:N bits:N:M
//  (bit N, or M bits from N on, of a register; `bit` alone of functions 1 and 2). scale is an exact decimal
//  above zero, not for bits. none: the raw value that means "no value"; of floats, BCD and bits: all their
//  registers' bits. Orders hold for 8 bytes likewise (CDAB: GHEFCDAB) and for 2 (BADC, DCBA: BA). sf: the register, of
//  the same function, that holds a power of ten (i16, -10..10; 0x8000 none) the value is multiplied with (SunSpec); of
//  whole numbers only, and near enough to be read together. write=1: it may be written; of functions 1 and 3.
//  object: of IEC 60870-5-104, what the station shows at an information object address (IOA 0..16777215, decimal or
//  0x) or, with command, what may be commanded there; one address may be both, in two lines. ca: common address
//  (1..65534; 0, or no such word: the station's own). mp: measuring point (0..65535; 0). scale: the value is the
//  wire's times it; of states and bits there is none. group 1..16: read by that group's interrogation instead of a
//  read command. counter 1..5: an integrated total of that counter group (5: general). TYPE single double step
//  normalized scaled float bits. select=1: selected before it is executed. time=1: sent with a time tag. qualifier:
//  QU (0..31) of single, double and step, QL (0..127) of set-points, 0. A measuring point has a point once for
//  showing and once for commanding; so has a common address an IOA.
#ifndef FEP_PROFILE_H
#define FEP_PROFILE_H

#include "fep/bytes.h"
#include "fep/error.h"

#define PROFILE_NAME_MAX 31
#define PROFILE_ROWS_MAX 512
#define PROFILE_OBJECTS_MAX 1024
#define PROFILE_POINTS_MAX 64  //  Of `read`
#define PROFILE_OWN_MAX 16     //  `own` lines
#define PROFILE_OWN_BYTES_MAX 240
#define PROFILE_BYTES_MAX 65536  //  Of the text

typedef enum {
    REGISTER_U16,
    REGISTER_I16,
    REGISTER_U32,
    REGISTER_I32,
    REGISTER_U64,
    REGISTER_I64,
    REGISTER_F32,
    REGISTER_F64,
    REGISTER_BCD16,
    REGISTER_BCD32,
    REGISTER_BIT,   //  Of a coil or discrete input
    REGISTER_BITS,  //  Some bits of a 16-bit register
    REGISTER_TYPE_COUNT
} register_type_t;

typedef enum { ORDER_ABCD, ORDER_CDAB, ORDER_BADC, ORDER_DCBA, ORDER_COUNT } word_order_t;

typedef struct {
    uint32_t point;      //  What it is
    uint16_t address;    //  On the wire
    uint16_t registers;  //  It takes; of functions 1 and 2: bits
    uint8_t function;    //  1..4
    uint8_t type;        //  register_type_t
    uint8_t order;       //  word_order_t
    uint8_t bit, bits;   //  BITS: first bit and how many
    int8_t exponent;     //  Value is raw x multiplier x 10^exponent
    int64_t multiplier;  //  At least 1
    bool has_none;       //  `none` is set
    uint64_t none;       //  Raw value that means no value
    bool has_sf;         //  `sf` is set
    uint16_t sf;         //  Register with a power of ten, on the wire
    bool write;          //  It may be written
} profile_row_t;

//  What must be read for a row: its registers and its sf. First, and behind the last.
static inline uint32_t profile_row_from (const profile_row_t *row)
{
    return row->has_sf && row->sf < row->address ? row->sf : row->address;
}

static inline uint32_t profile_row_end (const profile_row_t *row)
{
    uint32_t end = (uint32_t) row->address + row->registers;
    return row->has_sf && row->sf >= end ? row->sf + 1u : end;
}

typedef enum {
    COMMAND_NONE,  //  Shown, not commanded
    COMMAND_SINGLE,
    COMMAND_DOUBLE,
    COMMAND_STEP,
    COMMAND_NORMALIZED,
    COMMAND_SCALED,
    COMMAND_FLOAT,
    COMMAND_BITS,
    COMMAND_COUNT
} command_type_t;

typedef struct {
    uint32_t point;      //  What it is
    uint32_t ioa;        //  Information object address
    uint16_t ca;         //  Common address; 0: the station's own
    uint16_t mp;         //  Measuring point
    uint8_t command;     //  command_type_t
    uint8_t group;       //  Of interrogation; 0: none
    uint8_t counter;     //  Counter group; 0: no counter
    uint8_t qualifier;   //  QU or QL
    bool select;         //  Commanded in two steps
    bool timed;          //  Commanded with a time tag
    int8_t exponent;     //  Value is the wire's x multiplier x 10^exponent
    int64_t multiplier;  //  At least 1
} profile_object_t;

typedef enum {
#define SETTING(name, low, high, usual, meaning) SETTING_##name,
#include "fep/profile_setting.def"
#undef SETTING
    SETTING_COUNT
} setting_t;

//  A parameter of a terminal as it shall be.
typedef struct {
    uint16_t pn;   //  Measuring point, or number of a task
    uint8_t fn;    //  1..248
    uint8_t size;  //  Of bytes
    uint8_t bytes[PROFILE_OWN_BYTES_MAX];
} profile_own_t;

typedef struct {
    char name[PROFILE_NAME_MAX + 1];      //  As in the text
    char codec[PROFILE_NAME_MAX + 1];     //  Likewise; whether it exists is for the caller
    uint32_t period_ms;                   //  0: only on demand
    uint16_t gap, most;                   //  See above
    uint32_t settings[SETTING_COUNT];     //  As written, or the usual ones
    uint16_t point_count;                 //  Of points
    uint32_t points[PROFILE_POINTS_MAX];  //  What a poll asks
    size_t object_count;                  //  Of objects
    profile_object_t *objects;  //  Shown before commanded, then by common address and IOA; or NULL
    uint16_t own_count;         //  Of own
    profile_own_t *own;         //  In the order of the text; or NULL
    size_t count;               //  Rows
    profile_row_t rows[];       //  By function, then address, the longest first
} profile_t;

//  Where a text is wrong.
typedef struct {
    uint32_t line;   //  From 1
    char text[160];  //  What, and what is allowed
} profile_fault_t;

//  Gives a profile. SYNTAX, RANGE, NOT_FOUND (unknown point), EXISTS (a point or a line twice), LIMIT with
//  *fault; FULL: no memory. Registers may overlap: a register and some of its bits are two points.
FEP_MUST_CHECK
fep_err_t profile_parse (bytes_t text, profile_t **self_p, profile_fault_t *fault);
void profile_destroy (profile_t **self_p);

//  A setting; without a profile the usual one.
uint32_t profile_setting (const profile_t *self, setting_t setting);

//  The object shown at that address; ca 0 finds those of the station's own. NULL: none, also without a profile.
const profile_object_t *profile_object_at (const profile_t *self, uint16_t ca, uint32_t ioa);

//  How a measuring point shows a point, or how it is commanded. NULL: not at all, also without a profile.
const profile_object_t *profile_object_of (const profile_t *self, bool command, uint16_t mp,
                                           uint32_t point);

#endif
