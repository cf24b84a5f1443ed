//  The parts of the codec that stand in files of their own.
#ifndef CODECS_GDW1376_PARTS_H
#define CODECS_GDW1376_PARTS_H

#include "codecs/gdw1376/state.h"
#include "codecs/gdw1376/units.h"

//  The events of one Fn of AFN 0E; a gdw_visit_t.
bool gdw_visit_events (gdw_turn_t *self, uint16_t pn, uint16_t fn, reader_t *in);

//  The encode and explain of the codec contract.
fep_err_t gdw_encode (void *state, request_t *request, codec_io_t *io);
fep_err_t gdw_explain (bytes_t frame, bool up, const codec_options_t *options, json_t *out);

#endif
