//  Frames of ours: head, address, number, password, time tag; and which units a request becomes.
#include "codecs/gdw1376/parts.h"

#define GROUP "group:"

enum {
    MSA = 1,            //  Our master station address
    SEAL_MADE = 2,      //  Setting `seal`: PW is made by the seal
    TAG_ALWAYS = 255,   //  Setting `time_tag`: a tag that is not judged
    COUNTERS = 7,       //  0C F7: both counters of events
    EVENTS_MAX = 15,    //  Events asked for with a frame: answers stay near 1 KB
    COUNTER_HALF = 128  //  A counter that is further ahead has gone back
};

//  C: downward, initiating, FCV 0. Functions 10 and 11 (class 1 and 2 data) are what masters in the field use, and
//  terminals take them for every AFN; a reset has its own, and so has what nobody answers.
enum { CONTROL_RESET = 0x41, CONTROL_SILENT = 0x44, CONTROL_COMMAND = 0x4A, CONTROL_READ = 0x4B };

static uint8_t s_control (const gdw_ask_t *ask)
{
    if (ask->group) {
        return CONTROL_SILENT;
    }
    if (ask->afn == AFN_RESET) {
        return CONTROL_RESET;
    }
    return ask->afn == AFN_SET || ask->afn == AFN_CONTROL ? CONTROL_COMMAND : CONTROL_READ;
}

//  PW of options->password_size bytes. A plain one is the setting, low byte first, zeros behind it. A made one is
//  made of the user data before it, C to the last unit.
static fep_err_t s_put_password (const gdw_ask_t *ask, size_t mark, codec_io_t *io)
{
    size_t size = io->options->password_size;
    if (!gdw_wants_password (ask->afn) || size == 0) {
        return FEP_OK;
    }
    if (profile_setting (io->profile, SETTING_seal) != SEAL_MADE) {
        uint32_t password = profile_setting (io->profile, SETTING_terminal_password);
        for (size_t i = 0; i < size; i++) {
            writer_u8 (io->send, (uint8_t) (i < sizeof password ? password >> 8 * i : 0));
        }
        return FEP_OK;
    }
    if (io->sealed.size) {
        writer_put (io->send, io->sealed.data, io->sealed.size);
        return io->sealed.size == size ? FEP_OK : FEP_NO_SEAL;
    }
    if (!io->seal) {
        return FEP_UNSUPPORTED;
    }
    size_t from = mark + GDW_HEAD;
    writer_put (io->seal, io->send->data + from, io->send->size - from);
    return io->seal->failed ? FEP_LIMIT : FEP_NEEDS_SEAL;
}

static uint8_t s_bcd (int two)
{
    return (uint8_t) (two / 10 % 10 << 4 | two % 10);
}

//  Minutes after which the terminal drops the frame; 0: it does not judge.
static uint8_t s_delay (uint32_t setting, int64_t until_ms, int64_t now_ms)
{
    int64_t most = setting == TAG_ALWAYS ? 0 : (int64_t) setting;
    int64_t left = until_ms > now_ms ? (until_ms - now_ms + 59999) / 60000 : until_ms != 0;
    most = left && (most == 0 || left < most) ? left : most;
    return (uint8_t) (most > 255 ? 255 : most);
}

static void s_put_tag (writer_t *out, uint8_t pfc, uint8_t delay, const codec_io_t *io)
{
    clock_civil_t civil;
    (void) zone_civil (io->options->zone, io->wall_ms, &civil);
    writer_u8 (out, pfc);
    writer_u8 (out, s_bcd (civil.second));
    writer_u8 (out, s_bcd (civil.minute));
    writer_u8 (out, s_bcd (civil.hour));
    writer_u8 (out, s_bcd (civil.day));
    writer_u8 (out, delay);
}

static void s_remember (gdw_state_t *state, const gdw_ask_t *ask, bool tagged)
{
    if (!ask->group) {
        state->asking = true;
        state->asked_afn = ask->afn;
        state->asked_seq = state->pfc & 0x0F;
        state->asked_pfc = state->pfc;
        state->tagged = tagged;
        state->carrying = ask->carries;
        state->segment = ask->segment;
    }
    state->pfc++;
}

fep_err_t gdw_send (gdw_state_t *state, const gdw_ask_t *ask, int64_t until_ms, codec_io_t *io)
{
    writer_t *out = io->send;
    uint32_t setting = profile_setting (io->profile, SETTING_time_tag);
    uint8_t seq = (uint8_t) (GDW_FIR | GDW_FIN | (setting ? GDW_TPV : 0) | (state->pfc & 0x0F));
    uint8_t address[GDW_ADDRESS];
    memcpy (address, state->address, GDW_ADDRESS);
    address[4] = (uint8_t) (MSA << 1 | (ask->group != 0));
    if (ask->group) {
        address[2] = (uint8_t) ask->group;
        address[3] = (uint8_t) (ask->group >> 8);
    }
    if (ask->units.failed) {
        return FEP_LIMIT;
    }
    size_t mark = gdw_frame_open (out, state->protocol, s_control (ask), address, ask->afn, seq);
    writer_put (out, ask->units.data, ask->units.size);
    fep_err_t error = out->failed ? FEP_FULL : s_put_password (ask, mark, io);
    if (!error && setting) {
        s_put_tag (out, state->pfc, s_delay (setting, until_ms, io->wall_ms), io);
    }
    if (!error) {
        gdw_frame_close (out, mark);
        error = out->failed ? FEP_FULL : FEP_OK;
    }
    if (error) {
        out->size = mark;
        return error;
    }
    s_remember (state, ask, setting != 0);
    return FEP_OK;
}

//  Events behind one counter up to another, EVENTS_MAX with a frame. Up to the newest: the terminal's counters first.
//  One that has gone back began anew.
static fep_err_t s_ask_events (const gdw_state_t *state, const request_t *request, gdw_ask_t *ask)
{
    bool newest = request->event_to == EVENTS_NEWEST;
    uint8_t from = (uint8_t) request->event_from;
    uint8_t to = (uint8_t) request->event_to;
    uint32_t step = request->done;
    ask->done = step + 1;
    if (newest && step-- == 0) {
        ask->afn = AFN_CURRENT;
        gdw_put_unit (&ask->units, 0, COUNTERS);
        return FEP_OK;
    }
    if (newest && !state->counted) {
        return FEP_NOT_FOUND;
    }
    if (newest) {
        to = request->event_important ? state->important : state->ordinary;
        from = (uint8_t) (to - from) > COUNTER_HALF ? 0 : from;
    }
    uint32_t all = (uint8_t) (to - from);
    uint32_t over = step * EVENTS_MAX;
    uint32_t left = all > over ? all - over : 0;
    from = (uint8_t) (from + (all - left));
    ask->finished = left <= EVENTS_MAX;
    ask->nothing = newest && left == 0;
    ask->afn = AFN_EVENTS;
    gdw_put_unit (&ask->units, 0, request->event_important ? 1 : 2);
    writer_u8 (&ask->units, from);
    writer_u8 (&ask->units, ask->finished ? to : (uint8_t) (from + EVENTS_MAX));
    return FEP_OK;
}

//  `meter` of a request that no meter protocol carries: "group:" and a group's address, decimal. Nobody of it answers.
//  Any other is the address of the terminal's own meter, which its number names.
static fep_err_t s_group (const request_t *request, uint16_t *group)
{
    unsigned number = 0;
    *group = 0;
    if (strncmp (request->meter, GROUP, strlen (GROUP)) != 0) {
        return FEP_OK;
    }
    for (const char *p = request->meter + strlen (GROUP); *p; p++) {
        if (*p < '0' || *p > '9' || number > GDW_ALL) {
            return FEP_RANGE;
        }
        number = number * 10 + (unsigned) (*p - '0');
    }
    if (number == 0 || number > GDW_ALL) {
        return FEP_RANGE;
    }
    if (!request_changes (request->kind) || request->kind == REQUEST_FILE) {
        return FEP_UNSUPPORTED;
    }
    *group = (uint16_t) number;
    return FEP_OK;
}

static fep_err_t s_ask (const gdw_state_t *state, const request_t *request, const codec_io_t *io,
                        gdw_ask_t *ask)
{
    if (request->kind == REQUEST_READ_EVENTS) {
        return s_ask_events (state, request, ask);
    }
    if (request->kind == REQUEST_READ || request->kind == REQUEST_READ_FROZEN) {
        return gdw_ask_read (request, io, ask);
    }
    if (request->kind == REQUEST_READ_OWN) {
        return gdw_ask_read_own (request, io, ask);
    }
    return gdw_ask_command (request, io, ask);
}

fep_err_t gdw_encode (void *self, request_t *request, codec_io_t *io)
{
    gdw_state_t *state = self;
    gdw_ask_t ask;
    ask.carries = ask.finished = ask.nothing = false;
    ask.segment = GDW_NO_SEGMENT;
    ask.mps_over = 0;
    ask.units = writer_of (ask.bytes, sizeof ask.bytes);
    if (request->kind == REQUEST_SELECT || request->kind > REQUEST_OWN) {
        return FEP_UNSUPPORTED;
    }
    if (state->protocol == 0 || request->finished) {
        return FEP_NOT_FOUND;
    }
    fep_err_t error = s_group (request, &ask.group);
    if (!error) {
        error = s_ask (state, request, io, &ask);
    }
    if (!error && !ask.nothing) {
        error = gdw_send (state, &ask, request->until_ms, io);
    }
    if (error) {
        return error;
    }
    request->done = ask.done;
    request->finished = ask.finished;
    request->mps_over = ask.mps_over;
    io->answer = ask.group || ask.nothing ? ANSWER_DONE : ANSWER_NONE;
    return FEP_OK;
}
