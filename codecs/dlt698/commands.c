//  Requests that change the world, and APDUs of others.
#include "codecs/dlt698/requests.h"

enum { LIMIT_MINUTES_MAX = 65535, CLOSE_ALLOWED = 0, CLOSE_DIRECT = 1 };

//  SET of one attribute, or of several, or by PROXY at a meter: the head up to the first OAD.
static fep_err_t s_begin_set (d698_ask_t *ask, size_t count)
{
    if (ask->meter[0]) {
        d698_begin (ask, APDU_PROXY, PROXY_SET_LIST);
        if (!d698_put_target (ask)) {
            return FEP_RANGE;
        }
        d698_put_length (&ask->out, count);
        return FEP_OK;
    }
    d698_begin (ask, APDU_SET, count == 1 ? SET_ONE : SET_LIST);
    if (count > 1) {
        d698_put_length (&ask->out, count);
    }
    return FEP_OK;
}

static fep_err_t s_begin_action (d698_ask_t *ask, uint32_t omd)
{
    if (ask->meter[0]) {
        d698_begin (ask, APDU_PROXY, PROXY_ACTION_LIST);
        if (!d698_put_target (ask)) {
            return FEP_RANGE;
        }
        d698_put_length (&ask->out, 1);
    } else {
        d698_begin (ask, APDU_ACTION, ACTION_ONE);
    }
    writer_u32be (&ask->out, omd);
    return FEP_OK;
}

fep_err_t d698_ask_clock (d698_ask_t *ask)
{
    fep_err_t error = s_begin_set (ask, 1);
    writer_u32be (&ask->out, OAD_CLOCK);
    writer_u8 (&ask->out, DATA_DATE_TIME_S);
    d698_put_date_time_s (&ask->out, ask->io->options->zone, ask->io->wall_ms);
    d698_end (ask);
    return error;
}

//  A decimal that is a whole number.
static bool s_whole (const value_t *value, int64_t *number)
{
    if (value->kind != VALUE_DECIMAL || value->exponent < 0 || value->exponent > 9) {
        return false;
    }
    *number = value->mantissa;
    for (int8_t i = 0; i < value->exponent; i++) {
        if (__builtin_mul_overflow (*number, 10, number)) {
            return false;
        }
    }
    return true;
}

static fep_err_t s_put_written (d698_ask_t *ask, uint32_t point, const value_t *value)
{
    const d698_object_t *object = d698_object_of (point);
    int64_t number;
    if (!object || !object->write || object->shape != SHAPE_ONE) {
        return FEP_UNSUPPORTED;
    }
    if (!s_whole (value, &number)) {
        return FEP_RANGE;
    }
    writer_u32be (&ask->out, d698_oad (object));
    writer_u8 (&ask->out, object->write);
    if (object->write == DATA_ENUM) {
        writer_u8 (&ask->out, (uint8_t) number);
        return number >= 0 && number <= 255 ? FEP_OK : FEP_RANGE;
    }
    if (number < 0 || number > 4102444800) {
        return FEP_RANGE;
    }
    d698_put_date_time_s (&ask->out, ask->io->options->zone, number * 1000);
    return FEP_OK;
}

fep_err_t d698_ask_write (d698_ask_t *ask)
{
    const request_t *request = ask->request;
    if (request->point_count == 0 || request->point_count > REQUEST_VALUES_MAX) {
        return FEP_RANGE;
    }
    fep_err_t error = s_begin_set (ask, request->point_count);
    for (size_t i = 0; !error && i < request->point_count; i++) {
        error = s_put_written (ask, request->points[i], &request->values[i]);
    }
    d698_end (ask);
    return error;
}

//  ---- Operations ----

//  What an action is given.
typedef enum { PARAMETER_NULL, PARAMETER_TRIP, PARAMETER_CLOSE, PARAMETER_PERMIT } parameter_t;

typedef struct {
    uint32_t omd;  //  0: not supported
    uint8_t parameter;
} operation_row_t;

static const operation_row_t s_operations[OPERATION_COUNT] = {
    [OPERATION_TRIP] = {0x80008100, PARAMETER_TRIP},
    [OPERATION_PERMIT_CLOSE] = {0x80008200, PARAMETER_PERMIT},
    [OPERATION_CLOSE] = {0x80008200, PARAMETER_CLOSE},
    [OPERATION_ALARM] = {0x80007F00, PARAMETER_NULL},
    [OPERATION_ALARM_END] = {0x80008000, PARAMETER_NULL},
    [OPERATION_KEEP] = {0x80017F00, PARAMETER_NULL},
    [OPERATION_KEEP_END] = {0x80018000, PARAMETER_NULL},
    [OPERATION_RESET] = {0x43000100, PARAMETER_NULL}};

//  Minutes a trip lasts; 0: until it is closed.
static fep_err_t s_limit (const d698_ask_t *ask, uint16_t *minutes)
{
    int64_t until = ask->request->until_ms;
    *minutes = 0;
    if (until == 0) {
        return FEP_OK;
    }
    int64_t left = (until - ask->io->wall_ms + 59999) / 60000;
    if (left < 1 || left > LIMIT_MINUTES_MAX) {
        return FEP_RANGE;
    }
    *minutes = (uint16_t) left;
    return FEP_OK;
}

//  One element {relay, ...}: of a trip alarm delay, limit, and whether it closes by itself behind that; of a close
//  whether it does so at once.
static fep_err_t s_put_relay (d698_ask_t *ask, uint8_t parameter)
{
    writer_t *out = &ask->out;
    uint16_t minutes;
    fep_err_t error = s_limit (ask, &minutes);
    writer_u8 (out, DATA_ARRAY);
    writer_u8 (out, 1);
    writer_u8 (out, DATA_STRUCT);
    writer_u8 (out, parameter == PARAMETER_TRIP ? 4 : 2);
    writer_u8 (out, DATA_OAD);
    writer_u32be (out, OAD_RELAY);
    if (parameter != PARAMETER_TRIP) {
        writer_u8 (out, DATA_ENUM);
        writer_u8 (out, parameter == PARAMETER_CLOSE ? CLOSE_DIRECT : CLOSE_ALLOWED);
        return ask->request->until_ms ? FEP_UNSUPPORTED : FEP_OK;
    }
    writer_u8 (out, DATA_U8);
    writer_u8 (out, 0);
    writer_u8 (out, DATA_U16);
    writer_u16be (out, minutes);
    writer_u8 (out, DATA_BOOL);
    writer_u8 (out, minutes != 0);
    return error;
}

fep_err_t d698_ask_operate (d698_ask_t *ask)
{
    uint8_t operation = ask->request->operation;
    if (operation >= OPERATION_COUNT || !s_operations[operation].omd) {
        return FEP_UNSUPPORTED;
    }
    const operation_row_t *row = &s_operations[operation];
    fep_err_t error = s_begin_action (ask, row->omd);
    if (row->parameter == PARAMETER_NULL) {
        writer_u8 (&ask->out, DATA_NULL);
    } else if (!error) {
        error = s_put_relay (ask, row->parameter);
    }
    d698_end (ask);
    return error;
}

//  ---- APDUs of others ----

fep_err_t d698_ask_pass (d698_ask_t *ask)
{
    bytes_t apdu = {ask->request->bytes, ask->request->size};
    if (apdu.size < 2 || apdu.size > REQUEST_PASS_MAX) {
        return FEP_RANGE;
    }
    bytes_t plain = d698_plain (apdu);
    bytes_t asked = plain.size >= 3 ? plain : apdu;
    bool choice = asked.data[0] >= APDU_GET && asked.data[0] <= APDU_PROXY;
    writer_put (&ask->out, apdu.data, apdu.size);
    ask->asked.tag = asked.data[0];
    ask->asked.piid = asked.data[choice && asked.size > 2 ? 2 : 1] & PIID_NUMBER;
    ask->asked.sealed = apdu.data[0] == APDU_SECURITY;
    ask->asked.passed = true;
    ask->asked.meter[0] = 0;
    return FEP_OK;
}
