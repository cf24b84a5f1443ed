//  Four sums.
#include "actors/traffic.h"
#include "fep/wire.h"

#define DAY_MS 86400000

int64_t traffic_day (int64_t wall_ms, int offset_min)
{
    int64_t local_ms = wall_ms + (int64_t) offset_min * 60000;
    return local_ms >= 0 ? local_ms / DAY_MS : (local_ms - DAY_MS + 1) / DAY_MS;
}

void traffic_add (traffic_t *self, const traffic_t *other)
{
    self->rx_bytes += other->rx_bytes;
    self->tx_bytes += other->tx_bytes;
    self->frames += other->frames;
    self->items += other->items;
}

traffic_t traffic_less (const traffic_t *self, const traffic_t *before)
{
    return (traffic_t){.rx_bytes = self->rx_bytes - before->rx_bytes,
                       .tx_bytes = self->tx_bytes - before->tx_bytes,
                       .frames = self->frames - before->frames,
                       .items = self->items - before->items};
}

void traffic_pair (writer_t *out, const char *key, const traffic_t *traffic)
{
    wire_put_text (out, key);
    wire_put_map (out, 4);
    wire_pair_uint (out, "rx_bytes", traffic->rx_bytes);
    wire_pair_uint (out, "tx_bytes", traffic->tx_bytes);
    wire_pair_uint (out, "frames", traffic->frames);
    wire_pair_uint (out, "items", traffic->items);
}

traffic_t traffic_find (bytes_t map, const char *key)
{
    reader_t in;
    traffic_t traffic = {0};
    if (wire_find (map, key, &in)) {
        bytes_t body = bytes_of (in.data + in.pos, reader_left (&in));
        traffic.rx_bytes = (uint64_t) wire_find_int (body, "rx_bytes", 0);
        traffic.tx_bytes = (uint64_t) wire_find_int (body, "tx_bytes", 0);
        traffic.frames = (uint64_t) wire_find_int (body, "frames", 0);
        traffic.items = (uint64_t) wire_find_int (body, "items", 0);
    }
    return traffic;
}
