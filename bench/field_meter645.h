//  The electricity meters of DL/T 645-2007 on one line, as the line sees them: behind a gateway, or behind a
//  concentrator that forwards.
//
//    68 AAAAAA 68 C L DD.. K 16      A: address, digits, low byte first    C: control    L: bytes of data
//                                    D: data, each byte + 33H              K: sum from the first 68 on
//
//  They answer 11H and 12H (energies with 4 tariffs, voltages, currents, powers, power factors, frequency, daily
//  freezes 050600nn..050602nn, date, time, address, relay word), 13H when alone, 14H date and time, 16H, and 1CH trip
//  and close; the password is level 02, 000000. What they do not have is refused with the error byte 02, a wrong
//  password with 04. Broadcasts and other addresses get no answer. Every fourth meter sends its block of energies in
//  two frames (B1H, then 92H).
#ifndef BENCH_FIELD_METER645_H
#define BENCH_FIELD_METER645_H

#include "bench/field_wire.h"

#define METER645_FRAME_MAX 212
#define METER645_TARIFFS 4

//  Plain data.
typedef struct {
    uint32_t number;  //  Of their device, from 1
    uint32_t family;  //  Two digits: which kind of device; makes addresses and values differ
    uint32_t meters;  //  On the line, measuring points 1..meters
    uint32_t open;    //  Bit mp - 1: its supply switch is open
} meter645_line_t;

void meter645_address (const meter645_line_t *line, uint32_t mp, char text[FIELD_ADDRESS_MAX + 1]);

//  Its address as a number, and back: the measuring point with that address; 0: none.
uint64_t meter645_number (const meter645_line_t *line, uint32_t mp);
uint32_t meter645_find (const meter645_line_t *line, uint64_t address);

//  A frame at the head of a window; FE before it are noise.
field_scan_t meter645_scan (bytes_t window);

//  The answer to a whole frame, appended to out, and what it says. False: silence, or no room.
bool meter645_answer (meter645_line_t *line, bytes_t frame, int64_t wall_ms, writer_t *out,
                      field_words_t *words);

//  A quantity of a meter. phase 0: the total or the only one.
int64_t meter645_model (const meter645_line_t *line, uint32_t mp, unsigned phase,
                        field_quantity_t quantity, int64_t wall_ms);

//  Energies in 0.01 kWh: total, then tariffs, of which it is the sum. All rise.
void meter645_energies (const meter645_line_t *line, uint32_t mp, field_quantity_t quantity,
                        int64_t wall_ms, int64_t energies[1 + METER645_TARIFFS]);

#endif
