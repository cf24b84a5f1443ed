//  fepd and floor under load: fepd's configuration and archive, and the subscriber at the feed of either.
#include "bench/peer.h"
#include <inttypes.h>
#include <zmq.h>

enum { SPARE = 16, POLL_MS = 50 };

static bool s_archive (const peer_place_t *place)
{
    char path[PEER_PATH_SIZE];
    snprintf (path, sizeof path, "%s/archive.csv", place->directory);
    FILE *file = fopen (path, "w");
    if (!file) {
        return false;
    }
    fprintf (file, "terminal,name,area,heartbeat_s,measuring_point,meter\n");
    for (uint32_t i = 0; i < place->terminals; i++) {
        fprintf (file, "%09" PRIu32 ",terminal %" PRIu32 ",0,900,1,\n",
                 terminal_address (place->first_address, i), i);
    }
    return fclose (file) == 0;
}

bool peer_fepd_config (const peer_place_t *place, FILE *config)
{
    uint32_t sessions = place->terminals + SPARE;
    fprintf (config,
             "connector:\n  sessions: %" PRIu32 "\n  fresh_sessions: %" PRIu32
             "\n  fresh_per_address: %" PRIu32 "\nstore:\n  path: \"%s/store\"\n"
             //  A flood runs ahead of the clock.
             "validator:\n  future_ms: 315360000000\n"
             "feed:\n  port: %d\ndoor:\n  port: %d\narchive:\n  csv: \"%s/archive.csv\"\n"
             "listeners:\n  - name: field\n    address: 127.0.0.1\n    port: %d"
             "\n    codec: gdw1376\n    sessions: %" PRIu32 "\n",
             sessions, sessions, sessions, place->directory, place->port + 1, place->port + 2,
             place->directory, place->port, sessions);
    return s_archive (place);
}

void peer_fepd_subscribe (peer_feed_t *feed)
{
    char endpoint[64];
    char buffer[16];
    int queue = 0;
    int timeout = POLL_MS;
    void *context = zmq_ctx_new ();
    void *socket = zmq_socket (context, ZMQ_SUB);
    (void) zmq_setsockopt (socket, ZMQ_RCVHWM, &queue, sizeof queue);
    (void) zmq_setsockopt (socket, ZMQ_RCVTIMEO, &timeout, sizeof timeout);
    (void) zmq_setsockopt (socket, ZMQ_SUBSCRIBE, "reading/", 8);
    snprintf (endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", feed->port + 1);
    (void) zmq_connect (socket, endpoint);
    while (!feed->stop) {
        int more = 0;
        size_t size = sizeof more;
        if (zmq_recv (socket, buffer, sizeof buffer, 0) >= 0) {
            (void) zmq_getsockopt (socket, ZMQ_RCVMORE, &more, &size);
            feed->messages += more == 0;
        }
    }
    (void) zmq_close (socket);
    (void) zmq_ctx_term (context);
}
