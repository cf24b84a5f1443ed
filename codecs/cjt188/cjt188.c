//  CJ/T 188-2004 and 188-2018, meters of water, gas, heat and electricity; master side. Low byte first; no offset.
//
//      FE.. 68 T AAAAAAA C L D.. S 16
//
//  F  up to 16 bytes FE   T  type: 1x water, 2x heat, 3x gas, 4x electricity   A  address, BCD, A0 first; AA fits any
//  C  function, 80 from the meter, 40 abnormal, 20 more follows   L  bytes of D   S  sum of 68 to D
//
//      D  request I I N [data]     answer I I N [data]     abnormal N ST ST
//
//  I  identifier (1F 90 or 90 1F: meters differ, answers are read in either order)   N  SER, given back
//
//  C   request         I                D of the answer
//  01  read            901F 81xx Dxxx   maps/cjt188.map, by identifier, type and length
//  03  read address    810A             nothing; the address is in A
//  04  write           A010..A019       nothing, or ST
//  09  key version     8106             1 byte
//  15  write address   A018             nothing
//  16  set register    A016             nothing, or ST
//
//  Values are quantities of four BCD bytes and a unit; joules and watt hours do not convert exactly, so they are points
//  of their own. Nothing asked and no points in the profile: 901F. READ_FROZEN knows months only: what was settled at
//  the end of each of the last 12 (2018: 256), D120 or D200 being the last; the meter's settlement day must be the
//  first, for no answer says when. OPERATE: valve open, valve close. WRITE: what maps/cjt188.map has under write;
//  meter.address as a number. CLOCK: A015, also to everybody (99999999999999), who does not answer. PASS: C, then D
//  with identifier and SER.
//
//  A meter that reports on a connection of its own (nothing asked) is read alike; the report's time is the meter's
//  clock. What answers a request is stamped by us: such clocks are often wrong or not there. Nothing is answered to a
//  report: the standard has none.
//
//  Habits are settings of the profile (profile_setting.def): T, order of identifier, SER and address, bits of ST.
//  Answers to writes that bring more than ST, and identifiers and lengths not in the map, are kept raw.
//
//  Not supported: more-follows answers, 911F, encryption and keys of 2018, makers' identifiers (but by PASS).
#include "codecs/cjt188/parts.h"

static scan_t s_skip (size_t size, fep_err_t reason)
{
    return (scan_t){SCAN_SKIP, size, reason};
}

static const scan_t s_more = {.what = SCAN_MORE};

//  What stands at the head, whoever's it is.
static scan_t s_scan_any (bytes_t window)
{
    size_t size;
    cjt_frame_t frame;
    fep_err_t error = cjt_length (window, &size);
    if (error) {
        return s_skip (1, error);
    }
    if (size == 0 || window.size < size) {
        return s_more;
    }
    error = cjt_read (bytes_of (window.data, size), &frame);
    return error ? s_skip (1, error) : (scan_t){SCAN_FRAME, size, FEP_OK};
}

//  Can what has come so far become the answer?
static bool s_may_answer (const cjt_frame_t *request, bytes_t window)
{
    size_t n = 0;
    while (n < window.size && window.data[n] == CJT_WAKE) {
        n++;
    }
    if (window.size <= n + CJT_CONTROL_AT) {
        return true;
    }
    const uint8_t *p = window.data + n;
    bool renames = (request->control & CJT_FUNCTION) == CJT_WRITE_ADDRESS;
    return (p[CJT_CONTROL_AT] & CJT_UP) &&
           (p[CJT_CONTROL_AT] & CJT_FUNCTION) == (request->control & CJT_FUNCTION) &&
           (renames || cjt_same_meter (request->address, p + CJT_ADDRESS_AT));
}

//  While an answer is awaited nothing else counts; a whole frame of somebody else, or the echo of ours, goes at once.
static scan_t s_scan_answer (const scan_context_t *context, bytes_t window)
{
    cjt_frame_t request, frame;
    scan_t scan = s_scan_any (window);
    if (cjt_read (context->request, &request) != FEP_OK) {
        return scan.what == SCAN_MORE ? scan : s_skip (1, FEP_NOT_MINE);
    }
    if (scan.what == SCAN_MORE) {
        return s_may_answer (&request, window) ? scan : s_skip (1, FEP_NOT_MINE);
    }
    if (scan.what != SCAN_FRAME) {
        return scan;
    }
    bool answers = cjt_read (bytes_of (window.data, scan.size), &frame) == FEP_OK &&
                   cjt_answers (&request, &frame);
    return answers ? scan : s_skip (scan.size, FEP_NOT_MINE);
}

static scan_t s_scan_head (const scan_context_t *context, bytes_t window)
{
    return context->up && context->request.size ? s_scan_answer (context, window)
                                                : s_scan_any (window);
}

//  Once a packet has ended, a frame that is whole behind what only begins like one is it.
static scan_t s_scan (const scan_context_t *context, bytes_t window)
{
    if (window.size == 0) {
        return s_more;
    }
    scan_t scan = s_scan_head (context, window);
    for (size_t i = 1; scan.what == SCAN_MORE && context->quiet && i < window.size; i++) {
        bytes_t rest = {window.data + i, window.size - i};
        if (rest.data[0] == CJT_START && s_scan_head (context, rest).what == SCAN_FRAME) {
            return s_skip (1, FEP_NOT_MINE);
        }
    }
    return scan;
}

//  ---- The rest of the contract ----

//  Abnormal answers need not name what was asked, so function, SER and meter decide.
static bool s_mistakable (bytes_t before, bytes_t next)
{
    cjt_frame_t a, b;
    if (cjt_read_beginning (before, &a) != FEP_OK || cjt_read_beginning (next, &b) != FEP_OK ||
        bytes_equal (before, next) || (a.control ^ b.control) & CJT_FUNCTION) {
        return false;
    }
    if (!cjt_same_meter (a.address, b.address) && !cjt_same_meter (b.address, a.address)) {
        return false;
    }
    return a.data.size < CJT_DATA_HEAD || b.data.size < CJT_DATA_HEAD ||
           cjt_asked_ser (a.data) == cjt_asked_ser (b.data);
}

static fep_err_t s_address (bytes_t frame, bool up, const codec_options_t *options,
                            char text[ADDRESS_MAX + 1])
{
    cjt_frame_t self;
    (void) up;
    (void) options;
    fep_err_t error = cjt_read (frame, &self);
    if (!error) {
        cjt_address_text (self.address, false, text);
    }
    return error;
}

//  The control code of an abnormal answer is all the standard says of the reason.
static const char *s_code_text (uint8_t code)
{
    static const char *const names[CJT_FUNCTION + 1] = {[CJT_READ] = "read data refused",
                                                        [CJT_READ_ADDRESS] = "read address refused",
                                                        [CJT_WRITE] = "write data refused",
                                                        [CJT_READ_KEY] = "read key version refused",
                                                        [CJT_WRITE_ADDRESS] =
                                                            "write address refused",
                                                        [CJT_WRITE_MOTOR] = "set register refused"};
    bool abnormal = (code & (CJT_UP | CJT_ABNORMAL)) == (CJT_UP | CJT_ABNORMAL);
    return abnormal ? names[code & CJT_FUNCTION] : NULL;
}

const codec_t codec_cjt188 = {.name = "cjt188",
                              .is_meter = true,
                              .is_checked = true,
                              .frame_max = CJT_FRAME_MAX,
                              .state_size = sizeof (cjt_state_t),
                              .scan = s_scan,
                              .decode = cjt_decode,
                              .encode = cjt_encode,
                              .wrap = NULL,
                              .code_text = s_code_text,
                              .mistakable = s_mistakable,
                              .tick = NULL,
                              .address = s_address,
                              .explain = cjt_explain};
