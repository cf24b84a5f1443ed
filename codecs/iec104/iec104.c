//  IEC 60870-5-104:2006 with ASDUs of IEC 60870-5-101:2003, controlling station. Low octet first.
//
//      68 L ssss rrrr T V cc CC [ooo e.. t..]..     I: numbered, with an ASDU
//      68 04 0100 rrrr                              S: acknowledges
//      68 04 u0 00 00 00                            U: starts, stops, tests
//
//  L  octets behind it, 4..253          s  N(S) x 2           r  N(R) x 2
//  u  STARTDT act 07 con 0B, STOPDT act 13 con 23, TESTFR act 43 con 83
//  T  type identification               V  SQ bit 7, number of objects
//  c  cause: 6 bits, P/N 40, test 80; originator (1 or 2 octets)      C  common address (1, 2)
//  o  information object address (1..3), of each object or, with SQ, of the first
//  e  information element               t  CP56Time2a or CP24Time2a, if the type has one
//
//  N(R) is what is on disk, in S and in I frames: the station forgets nothing we could lose. Addresses mean nothing
//  without the object lines of the station's profile (fep/profile.h); objects that are not there are kept raw, one
//  event an ASDU. What is there becomes a READING whatever its cause, states with a time tag too. Without time tag
//  time_ms is 0. CY of counters shows as overflow, CA as substituted; the transient bit of steps, the changes of packed
//  points, sequence numbers of counters and the milliseconds of protection events stand in the raw frame. ASDUs with
//  the test bit are kept raw. End of initialisation is an event.
//
//  Requests. READ without points: those of the profile, else station interrogation, and general counter interrogation
//  where the profile has counters, of every common address of the profile; points by read command, or by the
//  interrogation of their group or counter group. CLOCK: C_CS. OPERATE, SELECT of OPERATION_POINT: a command object of
//  the profile; single: bit or 0, 1; double: 1 off, 2 on; step: 1 lower, 2 higher; set-points in the point's unit,
//  rounded to the wire's step only where they are normalised. An object with select=1 is selected first unless it is
//  selected already. OPERATION_RESET: C_RP 1; OPERATION_FREEZE: counters are frozen, all groups. PASS: one ASDU of the
//  control direction. A refusal's code is its cause of transmission.
//
//  A station does not say who it is: that is known from the connection. Without it (fepdecode) numbers and phases are
//  not judged and the common address stands for the name. Not started yet, or too much unacknowledged: BUSY.
//
//  Not supported, kept raw: file transfer (120..127), private types. Not supported: parameters (110..113, but by PASS),
//  deactivation (but by PASS), being the controlled station, secure authentication (IEC 62351-5).
#include "codecs/iec104/parts.h"

static fep_err_t s_decode (void *self, bytes_t frame, codec_io_t *io)
{
    iec_state_t *state = self;
    iec_apci_t apci;
    iec_asdu_t asdu;
    bool fresh;
    io->mark = 0;
    io->answer = ANSWER_NONE;
    io->answer_code = 0;
    io->bye = false;
    io->raw_units = 0;
    fep_err_t error = iec_apci_read (frame, &apci);
    if (error) {
        return error;
    }
    const iec_state_t before = *state;
    error = iec_link_take (state, &apci, io, &fresh);
    if (error || !fresh) {
        return error;
    }
    iec_sizes_t sizes = iec_sizes (io->profile);
    error = iec_asdu_read (apci.asdu, &sizes, &asdu);
    iec_report (state, &asdu, error, frame, io);
    if (io->batch->failed) {
        *state = before;
        return FEP_LIMIT;
    }
    return FEP_OK;
}

static void s_durable (void *state, uint32_t mark, codec_io_t *io)
{
    iec_link_durable (state, mark, io);
}

static int64_t s_tick (void *state, codec_io_t *io)
{
    return iec_link_tick (state, io);
}

static fep_err_t s_address (bytes_t frame, bool up, const codec_options_t *options,
                            char text[ADDRESS_MAX + 1])
{
    iec_apci_t apci;
    iec_asdu_t asdu;
    const iec_sizes_t sizes = iec_sizes (NULL);
    (void) up;
    (void) options;
    fep_err_t error = iec_apci_read (frame, &apci);
    if (error || apci.format != FORMAT_I) {
        return error ? error : FEP_NOT_FOUND;
    }
    if (iec_asdu_read (apci.asdu, &sizes, &asdu) == FEP_TRUNCATED && !asdu.type) {
        return FEP_TRUNCATED;
    }
    char *p = text;
    for (unsigned unit = 10000; unit; unit /= 10) {
        if (asdu.ca >= unit || unit == 1) {
            *p++ = (char) ('0' + asdu.ca / unit % 10);
        }
    }
    *p = 0;
    return FEP_OK;
}

const codec_t codec_iec104 = {.name = "iec104",
                              .frame_max = IEC_FRAME_MAX,
                              .state_size = sizeof (iec_state_t),
                              .scan = iec_scan,
                              .decode = s_decode,
                              .encode = iec_encode,
                              .code_text = iec_cause_text,
                              .durable = s_durable,
                              .tick = s_tick,
                              .address = s_address,
                              .explain = iec_explain};
