//  The options of the modbus commands, and the line they name.
#include "tools/fepctl_modbus.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define UNIT_MAX 247
#define TEXT_MAX 256  //  Of what is wrong with a line

enum {
    KEY_SERIAL = 512,
    KEY_BAUD,
    KEY_PARITY,
    KEY_STOP,
    KEY_TCP,
    KEY_RTU_TCP,
    KEY_RTU_LISTEN,
    KEY_REGISTRATION,
    KEY_UNITS,
    KEY_REGISTER,
    KEY_FUNCTION,
    KEY_PROBE,
    KEY_TYPE,
    KEY_ORDER,
    KEY_SCALE,
    KEY_OFFSET,
    KEY_YES,
    KEY_PROFILE,
    KEY_TRY
};

static const struct argp_option s_options[] = {
    {"serial", KEY_SERIAL, "DEVICE", 0, "a serial line, e.g. /dev/ttyUSB0", 0},
    {"baud", KEY_BAUD, "N", 0, "its speed; default 9600", 0},
    {"parity", KEY_PARITY, "N|E|O", 0, "its parity; default N", 0},
    {"stop", KEY_STOP, "1|2", 0, "its stop bits; default 1", 0},
    {"tcp", KEY_TCP, "HOST:PORT", 0, "Modbus TCP", 0},
    {"rtu-tcp", KEY_RTU_TCP, "HOST:PORT", 0, "RTU over TCP: a transparent gateway that listens", 0},
    {"rtu-listen", KEY_RTU_LISTEN, "[HOST:]PORT", 0,
     "the same, and the gateway dials in; port 0: any free one", 0},
    {"registration-bytes", KEY_REGISTRATION, "N", 0,
     "wait for so many bytes of registration from it first; default 0", 0},
    {"units", KEY_UNITS, "FROM-TO", 0, "scan: units to ask; default 1-247", 1},
    {"register", KEY_REGISTER, "N", 0, "scan: the register asked for; default 0", 1},
    {"function", KEY_FUNCTION, "N", 0, "scan: 3 or 4; default 3", 1},
    {"probe", KEY_PROBE, "FROM-TO", 0, "scan: which of these registers each unit has", 1},
    {"type", KEY_TYPE, "TYPE", 0,
     "u16 i16 u32 i32 u64 i64 f32 f64 bcd16 bcd32 bits; default: what it may be", 1},
    {"order", KEY_ORDER, "ORDER", 0, "ABCD CDAB BADC DCBA; default ABCD", 1},
    {"scale", KEY_SCALE, "X", 0, "read: values are times X; default 1", 1},
    {"offset", KEY_OFFSET, "N", 0, "added to addresses; -1: the manual counts from 1", 1},
    {"profile", KEY_PROFILE, "NAME", 0,
     "scan with --probe, read: print a profile of that name to be filled in; sunspec: print one",
     1},
    {"try", KEY_TRY, "FILE", 0, "read UNIT: all registers of this profile, with their points", 1},
    {"yes", KEY_YES, NULL, 0, "write: do not ask first", 1},
    {0}};

static int s_number (struct argp_state *state, const char *name, const char *text, int low,
                     int high)
{
    int number = 0, last = 0;
    bool below = *text == '-' && low < 0;
    if (!modbus_parse_range (text + below, 0, 1000000, &number, &last) || number != last ||
        (below ? -number : number) < low || number > high) {
        argp_error (state, "--%s: '%s' is no whole number from %d to %d", name, text, low, high);
    }
    return below ? -number : number;
}

bool modbus_parse_range (const char *text, int low, int high, int *from, int *to)
{
    char *end = NULL;
    errno = 0;
    if (*text < '0' || *text > '9') {
        return false;
    }
    long first = strtol (text, &end, text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10);
    long last = first;
    if (*end == '-') {
        const char *second = end + 1;
        if (*second < '0' || *second > '9') {
            return false;
        }
        last = strtol (second, &end, second[0] == '0' && (second[1] | 0x20) == 'x' ? 16 : 10);
    }
    *from = (int) first;
    *to = (int) last;
    return !*end && !errno && first >= low && last <= high && first <= last;
}

static void s_range (struct argp_state *state, const char *name, const char *text, int low,
                     int high, int *from, int *to)
{
    if (!modbus_parse_range (text, low, high, from, to)) {
        argp_error (state, "--%s: '%s' is no FROM-TO within %d-%d", name, text, low, high);
    }
}

static void s_set_line (modbus_args_t *self, line_form_t form, const char *where)
{
    self->line.form = form;
    self->line.where = where;
    self->lines++;
}

//  How the line is reached. False: it is none of these.
static bool s_parse_line (int key, const char *text, struct argp_state *state)
{
    modbus_args_t *self = state->input;
    switch (key) {
    case KEY_SERIAL:
        s_set_line (self, LINE_SERIAL, text);
        return true;
    case KEY_TCP:
        s_set_line (self, LINE_TCP, text);
        return true;
    case KEY_RTU_TCP:
        s_set_line (self, LINE_RTU_TCP, text);
        return true;
    case KEY_RTU_LISTEN:
        s_set_line (self, LINE_RTU_LISTEN, text);
        return true;
    case KEY_REGISTRATION:
        self->line.registration_bytes = s_number (state, "registration-bytes", text, 0, 1024);
        return true;
    case KEY_BAUD:
        self->line.baud = s_number (state, "baud", text, 300, 1000000);
        return true;
    case KEY_STOP:
        self->line.stop = s_number (state, "stop", text, 1, 2);
        return true;
    case KEY_PARITY:
        self->line.parity = *text;
        if (!*text || !strchr ("NEO", *text) || text[1]) {
            argp_error (state, "--parity: '%s' is none of N, E, O", text);
        }
        return true;
    default:
        return false;
    }
}

static void s_set_scale (struct argp_state *state, modbus_args_t *self, const char *text)
{
    char *end = NULL;
    self->scale = strtod (text, &end);
    if (end == text || *end || !isfinite (self->scale) || self->scale <= 0) {
        argp_error (state, "--scale: '%s' is no number above 0", text);
    }
}

//  How values are shown.
static bool s_parse_value (int key, const char *text, struct argp_state *state)
{
    modbus_args_t *self = state->input;
    switch (key) {
    case KEY_TYPE:
        self->typed = true;
        if (!modbus_type_parse (text, &self->type)) {
            argp_error (state, "--type: '%s' is no type", text);
        }
        return true;
    case KEY_ORDER:
        self->ordered = true;
        if (!modbus_order_parse (text, &self->order)) {
            argp_error (state, "--order: '%s' is none of ABCD, CDAB, BADC, DCBA", text);
        }
        return true;
    case KEY_SCALE:
        s_set_scale (state, self, text);
        return true;
    case KEY_OFFSET:
        self->offset = s_number (state, "offset", text, -65535, 65535);
        return true;
    default:
        return false;
    }
}

static error_t s_parse (int key, char *text, struct argp_state *state)
{
    modbus_args_t *self = state->input;
    self->said |= key >= KEY_SERIAL && key <= KEY_TRY;
    if (s_parse_line (key, text, state) || s_parse_value (key, text, state)) {
        return 0;
    }
    switch (key) {
    case KEY_UNITS:
        s_range (state, "units", text, 1, UNIT_MAX, &self->first, &self->last);
        return 0;
    case KEY_REGISTER:
        self->address = s_number (state, "register", text, 0, MODBUS_REGISTERS - 1);
        return 0;
    case KEY_FUNCTION:
        self->function = s_number (state, "function", text, 3, 4);
        return 0;
    case KEY_PROBE:
        self->probe = true;
        s_range (state, "probe", text, 0, MODBUS_REGISTERS - 1, &self->from, &self->to);
        return 0;
    case KEY_PROFILE:
        self->profile = text;
        if (!*text || strlen (text) > PROFILE_NAME_MAX || strpbrk (text, " \t#")) {
            argp_error (state, "--profile: a name is one word of at most %d characters",
                        PROFILE_NAME_MAX);
        }
        return 0;
    case KEY_TRY:
        self->try_path = text;
        return 0;
    case KEY_YES:
        self->yes = true;
        return 0;
    case ARGP_KEY_END:
        if (self->said && self->lines != 1) {
            argp_error (state, "one of --serial, --tcp, --rtu-tcp, --rtu-listen, please");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp ctl_modbus_argp = {.options = s_options, .parser = s_parse};

//  --- The line

int modbus_open (const ctl_t *ctl, int timeout_ms, modbus_line_t **line_p)
{
    line_setup_t setup = ctl->modbus->line;
    char text[TEXT_MAX] = "";
    setup.timeout_ms = ctl->timeout_said ? ctl->timeout_ms : timeout_ms;
    setup.interrupted = ctl_interrupted;
    fep_err_t error = modbus_line_open (&setup, line_p, text, sizeof text);
    if (error) {
        fprintf (stderr, "fepctl: %s\n", text);
    }
    return error ? 2 : 0;
}

//  What to try.
static const char *s_advice (const modbus_line_reply_t *reply)
{
    static const struct {
        line_end_t end;      //  How it ended
        int exception;       //  0 = any
        const char *advice;  //  What to try
    } rows[] = {
        {LINE_REFUSED, 1, "try the other function (3 or 4)"},
        {LINE_REFUSED, 2, "look with scan --probe; does the manual count from 1 (--offset -1)?"},
        {LINE_REFUSED, 3, "ask for fewer registers"},
        {LINE_REFUSED, 6, "ask again later"},
        {LINE_REFUSED, 10, "is the gateway's line configured?"},
        {LINE_REFUSED, 11, "is this unit on the line? look with scan"},
        {LINE_SILENT, 0, "right unit, speed, parity, wires A and B? look with scan, or --timeout"},
        {LINE_GARBLED, 0,
         "right speed and parity? is there another master, or the same unit twice?"},
        {LINE_BROKEN, 0, "is the other end still there?"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].end == reply->end &&
            (!rows[i].exception || rows[i].exception == reply->exception)) {
            return rows[i].advice;
        }
    }
    return "see the device's manual";
}

int modbus_complain (const modbus_line_reply_t *reply, int unit, int function, int address,
                     int count)
{
    char exception[32] = "";
    if (reply->end == LINE_REFUSED) {
        snprintf (exception, sizeof exception, "exception %d, ", reply->exception);
    }
    fprintf (stderr, "fepctl: unit %d, function %d, %d from %d (0x%04X): %s%s; %s\n", unit,
             function, count, address, (unsigned) address, exception, reply->text,
             s_advice (reply));
    return reply->end == LINE_REFUSED ? 1 : 2;
}
