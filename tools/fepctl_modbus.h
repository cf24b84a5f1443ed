//  What the modbus commands share: their options, their line, what they found.
#ifndef TOOLS_FEPCTL_MODBUS_H
#define TOOLS_FEPCTL_MODBUS_H

#include "tools/fepctl.h"
#include "tools/modbus_line.h"
#include "tools/modbus_value.h"
#include <argp.h>

#define MODBUS_REGISTERS 65536  //  Addresses there are

struct modbus_args {
    bool said;             //  One of these options was
    int lines;             //  How many of the four forms were said
    line_setup_t line;     //  --serial, --tcp, --rtu-tcp, --rtu-listen and what belongs to them
    int first, last;       //  --units
    int function;          //  --function
    int address;           //  --register
    bool probe;            //  --probe
    int from, to;          //  Of it
    bool typed;            //  --type
    register_type_t type;  //  Of it
    bool ordered;          //  --order
    word_order_t order;    //  Of it
    double scale;          //  --scale
    int offset;            //  --offset
    bool yes;              //  --yes
    const char *profile;   //  --profile, or NULL
    const char *try_path;  //  --try, or NULL
};

#define MODBUS_ARGS_DEFAULT                                                                        \
    {                                                                                              \
        .line = {.baud = 9600, .parity = 'N', .stop = 1}, .first = 1, .last = 247, .function = 3,  \
        .scale = 1                                                                                 \
    }

//  The options above; a child of fepctl's own.
extern const struct argp ctl_modbus_argp;

//  "7" or "7-12" (decimal or 0x) within low..high.
bool modbus_parse_range (const char *text, int low, int high, int *from, int *to);

//  What is known of the registers of one unit and function: those read, and their values.
typedef struct {
    uint8_t unit;                       //  Of the line
    uint8_t function;                   //  1..4
    bool there[MODBUS_REGISTERS];       //  It exists
    uint16_t values[MODBUS_REGISTERS];  //  What it held
} register_map_t;

//  Opens the line of the options; says on stderr what is wrong. 0 or 2.
int modbus_open (const ctl_t *ctl, int timeout_ms, modbus_line_t **line_p);

//  Says on stderr how an exchange ended that did not succeed. 1 if a device answered, else 2.
int modbus_complain (const modbus_line_reply_t *reply, int unit, int function, int address,
                     int count);

//  Reads FROM..TO in blocks; a block that is refused is split until it is known which of it exist.
//  0, or as modbus_complain if the unit cannot be asked at all.
int modbus_probe (modbus_line_t *line, register_map_t *map, int from, int to);

//  A profile for what was found, with what it held as comments. address: as the manual prints it is
//  the wire's minus args->offset.
void modbus_propose (const modbus_args_t *args, const register_map_t *map, const char *name);

//  Reads all rows of the profile of --try, and shows them as points. 0, 1 if one was refused, 2.
int modbus_try (const ctl_t *ctl, int unit);

#endif
