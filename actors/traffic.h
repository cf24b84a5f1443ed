//  What went over a line, and how much of it today: totals only grow, so a day is a total less what it was when
//  the day began.
#ifndef ACTORS_TRAFFIC_H
#define ACTORS_TRAFFIC_H

#include "fep/bytes.h"

typedef struct {
    uint64_t rx_bytes;  //  From the terminal
    uint64_t tx_bytes;  //  To it
    uint64_t frames;    //  Good ones
    uint64_t items;     //  Decoded
} traffic_t;

//  The local day of an instant, counted from 1970.
int64_t traffic_day (int64_t wall_ms, int offset_min);

void traffic_add (traffic_t *self, const traffic_t *other);
traffic_t traffic_less (const traffic_t *self, const traffic_t *before);

//  Appends a pair of key and map; reads it back, zeros if there is none.
void traffic_pair (writer_t *out, const char *key, const traffic_t *traffic);
traffic_t traffic_find (bytes_t map, const char *key);

#endif
