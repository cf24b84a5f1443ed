//  The parts of the codec that stand in files of their own.
#ifndef CODECS_IEC104_PARTS_H
#define CODECS_IEC104_PARTS_H

#include "codecs/iec104/apci.h"

//  Sizes of fields as the station's profile says.
iec_sizes_t iec_sizes (const profile_t *profile);

//  The station's own common address: the setting, or its address if that is such a number, else 1.
uint16_t iec_own_ca (const codec_io_t *io);

//  The messages of an ASDU, and what it means for the request in flight. frame: as received; error: what reading
//  the ASDU gave.
void iec_report (iec_state_t *state, const iec_asdu_t *asdu, fep_err_t error, bytes_t frame,
                 codec_io_t *io);

//  The encode and explain of the codec contract.
fep_err_t iec_encode (void *state, request_t *request, codec_io_t *io);
fep_err_t iec_explain (bytes_t frame, bool up, const codec_options_t *options, json_t *out);

//  A command's element for a value, without select bit. RANGE if it cannot be.
fep_err_t iec_command (const profile_object_t *object, const value_t *value, writer_t *out);

#endif
