//  APCI of IEC 60870-5-104: frames, and the numbers and timers of one connection.
#ifndef CODECS_IEC104_APCI_H
#define CODECS_IEC104_APCI_H

#include "codecs/codec.h"
#include "codecs/iec104/asdu.h"

enum {
    IEC_START = 0x68,
    IEC_HEAD = 2,          //  Start and length
    IEC_CONTROL = 4,       //  Octets of control
    IEC_LENGTH_MAX = 253,  //  Octets behind the length
    IEC_FRAME_MAX = IEC_HEAD + IEC_LENGTH_MAX,
    IEC_WINDOW = 32,  //  Most of our I frames without acknowledgement; divides 32768
    IEC_NUMBERS = 32768
};

typedef enum { FORMAT_I, FORMAT_S, FORMAT_U } iec_format_t;

enum {
    STARTDT_ACT = 0x07,
    STARTDT_CON = 0x0B,
    STOPDT_ACT = 0x13,
    STOPDT_CON = 0x23,
    TESTFR_ACT = 0x43,
    TESTFR_CON = 0x83
};

typedef struct {
    iec_format_t format;
    uint8_t function;  //  U: which
    uint16_t ns;       //  I: N(S)
    uint16_t nr;       //  I, S: N(R)
    bytes_t asdu;      //  I
} iec_apci_t;

typedef enum { PHASE_STOPPED, PHASE_STARTING, PHASE_STARTED, PHASE_STOPPING } iec_phase_t;

//  The request in flight. Its answers mirror type, addresses and some bits of the element.
typedef struct {
    bool active;      //  There is one
    bool read;        //  A read command: answered by the object with cause REQUEST
    bool terminates;  //  Done at the termination, not at the confirmation
    bool selects;     //  Its confirmation is a selection
    bool confirmed;   //  The confirmation came: a termination may
    uint8_t type;     //  Type identification
    uint8_t cause;    //  As sent
    //  Bits of the element's last octet that an answer must have the same, as all octets before it; 0: any will do.
    uint8_t mask;
    uint8_t size;                      //  Octets of the element, without a time tag
    uint8_t element[IEC_COMMAND_MAX];  //  Themselves
    uint16_t ca;                       //  CA_BROADCAST: whoever answers
    uint32_t ioa;                      //  Object
} iec_asked_t;

//  What was selected and may now be executed.
typedef struct {
    bool active;
    uint8_t type;                      //  Type identification
    uint16_t ca;                       //  Common address
    uint32_t ioa;                      //  Object
    uint8_t size;                      //  Octets of the element without the select bit
    uint8_t element[IEC_COMMAND_MAX];  //  Themselves
    int64_t until_ms;                  //  Deadline clock
} iec_selected_t;

//  Plain data; all zero is the beginning.
typedef struct {
    bool begun;                   //  rx_ms counts
    uint8_t phase;                //  iec_phase_t
    fep_err_t fault;              //  Why the connection must be closed
    uint16_t vs;                  //  V(S): number of our next I frame
    uint16_t ack;                 //  Oldest of ours without acknowledgement; vs if there is none
    int64_t sent_ms[IEC_WINDOW];  //  When ours were sent, by number mod IEC_WINDOW
    uint16_t base;                //  Number of the first I frame received
    uint32_t received;            //  I frames received
    uint32_t durable;             //  of which on disk
    uint32_t acked;               //  of which acknowledged
    int64_t came_ms[IEC_WINDOW];  //  Likewise of those of the station: when they came
    int64_t rx_ms;                //  Last frame
    int64_t start_due_ms;         //  t1 of STARTDT or STOPDT ends; 0: none sent
    int64_t test_due_ms;          //  Likewise of TESTFR
    iec_asked_t asked;            //  The request in flight
    iec_selected_t selected;      //  By a request before it
} iec_state_t;

//  A whole frame. NOT_MINE, TRUNCATED (less than its length says), IMPLAUSIBLE.
fep_err_t iec_apci_read (bytes_t frame, iec_apci_t *apci);

scan_t iec_scan (const scan_context_t *context, bytes_t window);

//  A whole frame's numbers and functions. *fresh: an I frame whose ASDU is to be read. SEQUENCE sets the fault.
fep_err_t iec_link_take (iec_state_t *self, const iec_apci_t *apci, codec_io_t *io, bool *fresh);

//  Sends an I frame with that ASDU. BUSY: not started, or k frames are without acknowledgement. FULL.
fep_err_t iec_link_send (iec_state_t *self, bytes_t asdu, codec_io_t *io);

void iec_link_durable (iec_state_t *self, uint32_t mark, codec_io_t *io);
int64_t iec_link_tick (iec_state_t *self, codec_io_t *io);

#endif
