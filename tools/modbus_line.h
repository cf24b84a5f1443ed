//  A Modbus line for commissioning: serial, TCP, RTU over TCP, or a gateway that dials in. Blocks. The
//  only file that knows libmodbus. One exchange at a time; what is left over from the last one, and
//  what a gateway sends of its own accord (registration, heartbeats), is thrown away.
#ifndef TOOLS_MODBUS_LINE_H
#define TOOLS_MODBUS_LINE_H

#include "fep/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_BITS_MAX 2000      //  Of one read of functions 1 and 2
#define LINE_REGISTERS_MAX 125  //  Of one read of functions 3 and 4
#define LINE_BITS_WRITE_MAX 1968
#define LINE_REGISTERS_WRITE_MAX 123
#define LINE_SERVER_ID_MAX 250

typedef enum { LINE_SERIAL, LINE_TCP, LINE_RTU_TCP, LINE_RTU_LISTEN } line_form_t;

typedef struct {
    line_form_t form;            //  How it is reached
    const char *where;           //  Device, HOST:PORT, or [HOST:]PORT
    int baud;                    //  Of a serial line
    char parity;                 //  N, E or O
    int stop;                    //  Bits, 1 or 2
    int registration_bytes;      //  The gateway's first bytes that are thrown away
    int timeout_ms;              //  Of one exchange
    bool (*interrupted) (void);  //  Asked while waiting for a gateway
} line_setup_t;

typedef enum {
    LINE_ANSWERED,
    LINE_REFUSED,  //  An exception
    LINE_SILENT,   //  Nothing in time
    LINE_GARBLED,  //  Something, but no answer to this question
    LINE_BROKEN    //  The line itself is gone
} line_end_t;

typedef struct {
    line_end_t end;    //  How the exchange ended
    int exception;     //  Of REFUSED
    int elapsed_ms;    //  It took so long
    const char *text;  //  Of all but ANSWERED; static
} modbus_line_reply_t;

typedef struct modbus_line modbus_line_t;

//  Gives an open line, or says in text why not and what to try.
FEP_MUST_CHECK
fep_err_t modbus_line_open (const line_setup_t *setup, modbus_line_t **self_p, char *text,
                            size_t size);
void modbus_line_close (modbus_line_t **self_p);

//  Functions 1..4; bits are 0 or 1. count within the limits above.
modbus_line_reply_t modbus_line_read (modbus_line_t *self, int unit, int function, int address,
                                      int count, uint16_t *values);

//  The same, asked again when it was garbled or nothing came.
modbus_line_reply_t modbus_line_read_surely (modbus_line_t *self, int unit, int function,
                                             int address, int count, uint16_t *values);

//  Functions 5, 6 (count 1), 15, 16. Never repeated.
modbus_line_reply_t modbus_line_write (modbus_line_t *self, int unit, int function, int address,
                                       int count, const uint16_t *values);

//  Function 17: what the device says of itself, cut to size; *got bytes of it.
modbus_line_reply_t modbus_line_server_id (modbus_line_t *self, int unit, uint8_t *id, size_t size,
                                           size_t *got);

//  "illegal data address" and so on. Static.
const char *modbus_line_exception_name (int exception);

#endif
