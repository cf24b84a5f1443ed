//  mosquitto beside fepd: its configuration, and MQTT 3.1.1 as far as a subscriber needs it.
#include "bench/peer.h"

//  One listener, everybody may, persistence on.
bool peer_mosquitto_config (const peer_place_t *place, FILE *config)
{
    return fprintf (config,
                    "listener %d 127.0.0.1\nallow_anonymous true\npersistence true\n"
                    "persistence_location %s/\nautosave_interval 10\nmax_queued_messages 0\n"
                    "max_inflight_messages 0\nlog_type error\nset_tcp_nodelay true\nuser root\n",
                    place->port, place->directory) > 0;
}

//  Confirms each PUBLISH.
static size_t s_take (bytes_t input, writer_t *answer, atomic_ullong *messages)
{
    size_t at = 0;
    while (input.size - at >= 2 && input.size - at >= 2u + input.data[at + 1]) {
        const uint8_t *packet = input.data + at;
        size_t length = packet[1];
        if (packet[0] >> 4 == 3 && length >= 4) {
            size_t topic = (size_t) packet[2] << 8 | packet[3];
            const uint8_t *id = packet + 4 + topic;
            writer_u16be (answer, 0x4002);
            writer_put (answer, id, 2);
            (*messages)++;
        }
        at += 2 + length;
    }
    return at;
}

//  CONNECT, and SUBSCRIBE to all topics with QoS 1.
void peer_mosquitto_subscribe (peer_feed_t *feed)
{
    static const uint8_t hello[] = "\x10\x0F\x00\x04MQTT\x04\x02\x02\x58\x00\x03sub"
                                   "\x82\x08\x00\x01\x00\x03t/#\x01";
    peer_follow (feed, bytes_of (hello, sizeof hello - 1), s_take);
}
