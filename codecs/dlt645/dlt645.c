//  DL/T 645-2007 and DL/T 645-1997, multi-function meters; master side, and meters that dial in themselves.
//
//      (W..) S AAAAAA S C L D..D X E
//
//  W  FE, wakes the line; up to 32 are part of the frame      S  68
//  A  address, 6 bytes BCD, low byte first; AA any, 99 all    E  16
//  C  D7 from the meter, D6 refusal, D5 more frames follow, D4..0 function
//  L  bytes of D, at most 255 (the standard says 200 read, 50 written: not checked)
//  D  data, each byte + 33H: identifier DI (4 bytes, 1997: 2; low byte first), then what the function has
//  X  sum of all bytes from the first S to the last D
//
//  function 2007                 function 1997          data of the request, behind the DI if there is one
//  11 12  read, next frame       01 02                  DI; 12: SEQ
//  13     who is there                                  answered by any; the address
//  14     write                  04                     DI PA P0P1P2 (2007: C0..C3) and the value
//  15     give an address        0A                     6 bytes
//  08     time for all           08                     ss mm hh DD MM YY, no answer
//  16     freeze                                        mm hh DD MM, 99 any
//  17 18  speed, password        0C 0F
//  19 1A 1B  clear maxima (10), registers, events
//  1C     switch                                        PA P0P1P2 C0..C3 N1 00 ss mm hh DD MM YY
//  03     security               03 read again
//  Edition: of what we ask by the profile (`setting edition`), of what is heard by function and length.
//
//  READ: points by maps/dlt645.map; without points those of the profile, without these import, export, voltages,
//  currents, power, power factor. time.clock is read as date, time and, within five minutes behind midnight, date
//  again. Points energy.*.last_billing.*: settlement 1. A block that is refused is read member by member.
//  READ_FROZEN DAY: the stamp 050600nn first, corrected once by what it says, then 0506xxnn; 62 days back. MONTH:
//  settlement day 04000B01 (C117) first, then settlements 1..12 (1997: 1..2) of the registers. A stamp that is another
//  instant, or a settlement day other than the 1st, 00 h, makes values INVALID and FREEZE_STAMP; one that could not be
//  read CLOCK_DOUBTFUL. CURVE is UNSUPPORTED: the layout of load records (06xxxxxx) is not confirmed.
//  PASS: `bytes` are C, then data before + 33H. CLOCK: 08 to 999999999999, so every meter on the line takes it. WRITE:
//  time.clock (two frames, date and time) and what the map calls writable. OPERATE: TRIP to KEEP_END by 1C, FREEZE by
//  16 (now); without until_ms a command holds ten minutes. Edition 1997 has neither.
//  Sealing (`setting seal`): 0 PA P0P1P2 are zeros; 1 they are `setting password`, 8 digits LLPPPPPP; C0..C3 are
//  `setting operator`. 2: io->seal gets C, the 6 bytes of the address as on the wire and the data before + 33H with
//  zeros for PA P0P1P2; io->sealed is what stands in place of all the data, again before + 33H.
//  Answers of several frames are decoded frame by frame, at most 64; what follows is asked for by 12 (02) with AGAIN.
//  Answers belong by function, address (a wildcard takes any, what follows goes to the true one) and DI, but refusals
//  name no DI: a late answer to another request of the same function to the same meter could be mistaken.
//  Unsolicited: what the map knows is a reading; frozen values without their instant, settlements older than the last,
//  pieces of longer answers and acknowledgements are kept raw.
//
//  Not supported: load records, records of single events, time tables, display and text parameters (kept raw);
//  security 03 (PASS only); reading again 03 of 1997.
#include "codecs/dlt645/parts.h"

static scan_t s_skip (size_t size, fep_err_t reason)
{
    return (scan_t){SCAN_SKIP, size, reason};
}

//  How far it is to the next byte a frame may begin with.
static size_t s_noise (bytes_t window)
{
    size_t size = 1;
    while (size < window.size && window.data[size] != DLT_START && window.data[size] != DLT_WAKE) {
        size++;
    }
    return size;
}

//  Does a whole frame stand somewhere behind the head?
static bool s_frame_behind (bytes_t window)
{
    dlt_frame_t frame;
    for (size_t i = 1; i < window.size; i++) {
        size_t size;
        bytes_t rest = {window.data + i, window.size - i};
        if (rest.data[0] == DLT_START && dlt_length (rest, &size) == FEP_OK && size &&
            size <= rest.size && dlt_read (bytes_of (rest.data, size), &frame) == FEP_OK) {
            return true;
        }
    }
    return false;
}

//  Whether a whole frame is one of those that are waited for.
static bool s_is_wanted (const scan_context_t *context, const dlt_frame_t *frame)
{
    dlt_frame_t request;
    if (context->up != ((frame->control & DLT_UP) != 0)) {
        return false;
    }
    if (!context->up || context->request.size == 0) {
        return true;
    }
    return dlt_read (context->request, &request) == FEP_OK && dlt_answers (&request, frame);
}

static scan_t s_scan (const scan_context_t *context, bytes_t window)
{
    dlt_frame_t frame;
    size_t size;
    if (window.size == 0) {
        return (scan_t){SCAN_MORE, 0, FEP_OK};
    }
    if (window.data[0] != DLT_START && window.data[0] != DLT_WAKE) {
        return s_skip (s_noise (window), FEP_NOT_MINE);
    }
    if (dlt_length (window, &size) != FEP_OK) {
        return s_skip (1, FEP_NOT_MINE);
    }
    if (size == 0 || window.size < size) {
        return context->quiet && s_frame_behind (window) ? s_skip (1, FEP_NOT_MINE)
                                                         : (scan_t){SCAN_MORE, 0, FEP_OK};
    }
    fep_err_t error = dlt_read (bytes_of (window.data, size), &frame);
    if (error) {
        return s_skip (1, error);
    }
    return s_is_wanted (context, &frame) ? (scan_t){SCAN_FRAME, size, FEP_OK}
                                         : s_skip (size, FEP_NOT_MINE);
}

fep_err_t dlt_encode (void *self, request_t *request, codec_io_t *io)
{
    bool read = request->kind == REQUEST_READ || request->kind == REQUEST_READ_FROZEN;
    if (request->finished) {
        return FEP_NOT_FOUND;
    }
    io->answer = ANSWER_NONE;
    return read ? dlt_ask (self, request, io) : dlt_command (self, request, io);
}

//  Bits of the byte that comes with a refusal; both editions mean nearly the same by them.
const char *dlt_code_text (uint8_t code)
{
    static const char *const names[] = {"other error",         "no such data",
                                        "not authorised",      "speed cannot be changed",
                                        "too many year zones", "too many day periods",
                                        "too many tariffs",    "reserved"};
    size_t bit = 0;
    if (code == 0) {
        return "no reason given";
    }
    if (code & (code - 1)) {
        return "several errors";
    }
    while (code >> bit != 1) {
        bit++;
    }
    return names[bit];
}

static fep_err_t s_address (bytes_t bytes, bool up, const codec_options_t *options,
                            char text[ADDRESS_MAX + 1])
{
    dlt_frame_t frame;
    (void) up;
    (void) options;
    fep_err_t error = dlt_read (bytes, &frame);
    if (!error) {
        dlt_address_text (frame.address, text);
    }
    return error;
}

const codec_t codec_dlt645 = {.name = DLT_NAME,
                              .is_meter = true,
                              .is_checked = true,
                              .frame_max = DLT_FRAME_MAX,
                              .state_size = sizeof (dlt_state_t),
                              .scan = s_scan,
                              .decode = dlt_decode,
                              .encode = dlt_encode,
                              .wrap = NULL,
                              .code_text = dlt_code_text,
                              .mistakable = dlt_mistakable,
                              .tick = NULL,
                              .address = s_address,
                              .explain = dlt_explain};
