//  NATS JetStream beside fepd: its configuration, its stream, and a subscriber.
#include "bench/nats.h"
#include "bench/peer.h"
#include "fep/clock.h"
#include <sys/socket.h>
#include <unistd.h>

enum { READY_MS = 30000, ANSWER_MS = 1000, AGAIN_MS = 100, INPUT_SIZE = 4096, REQUEST_SIZE = 512 };

static const char s_hello[] = NATS_CONNECT "SUB r.0 1\r\n";
static const char s_stream[] = "{\"name\":\"reports\",\"subjects\":[\"t.*\"],\"storage\":\"file\","
                               "\"num_replicas\":1,\"retention\":\"limits\",\"discard\":\"old\"}";

//  Simulated terminals do not answer PING.
bool peer_nats_config (const peer_place_t *place, FILE *config)
{
    return fprintf (config,
                    "listen: \"127.0.0.1:%d\"\nping_interval: \"1h\"\n"
                    "jetstream {\n  store_dir: \"%s\"\n}\n",
                    place->port, place->directory) > 0;
}

//  The first message that comes; its payload is empty if none does in time.
static bytes_t s_message (int fd, uint8_t *memory, size_t size)
{
    int64_t end = clock_mono_ms () + ANSWER_MS;
    size_t have = 0;
    size_t at = 0;
    nats_input_t one = {.word = NATS_MORE};
    while (one.word != NATS_MSG && have < size && clock_mono_ms () < end) {
        ssize_t n = recv (fd, memory + have, size - have, 0);
        if (n == 0) {
            break;
        }
        have += n > 0 ? (size_t) n : 0;
        do {
            one = nats_input (bytes_of (memory + at, have - at));
            at += one.size;
        } while (one.word != NATS_MORE && one.word != NATS_MSG);
    }
    return one.payload;
}

//  Asks once for the stream; the answer goes into memory.
static bytes_t s_create (int port, uint8_t *memory, size_t size)
{
    uint8_t text[REQUEST_SIZE];
    writer_t out = writer_of (text, sizeof text);
    bytes_t answer = {0};
    int fd = peer_connect (port);
    writer_put (&out, s_hello, strlen (s_hello));
    nats_put_pub (&out, "$JS.API.STREAM.CREATE.reports", "r.0", bytes_text (s_stream));
    if (fd >= 0 && send (fd, out.data, out.size, MSG_NOSIGNAL) == (ssize_t) out.size) {
        answer = s_message (fd, memory, size);
    }
    close (fd);
    return answer;
}

//  Nobody answers before JetStream is up.
bool peer_nats_prepare (const peer_place_t *place)
{
    uint8_t memory[INPUT_SIZE];
    int64_t end = clock_mono_ms () + READY_MS;
    bytes_t answer;
    do {
        answer = s_create (place->port, memory, sizeof memory);
        if (answer.size > 0 && !nats_has_key (answer, "error")) {
            return true;
        }
        (void) usleep (AGAIN_MS * 1000);
    } while (clock_mono_ms () < end);
    fprintf (stderr, "fepbench: JetStream has no stream: %.*s\n", (int) answer.size,
             answer.size > 0 ? (const char *) answer.data : "");
    return false;
}

static size_t s_take (bytes_t input, writer_t *answer, atomic_ullong *messages)
{
    size_t at = 0;
    for (;;) {
        nats_input_t one = nats_input (bytes_of (input.data + at, input.size - at));
        if (one.word == NATS_MORE) {
            return at;
        }
        at += one.size;
        *messages += one.word == NATS_MSG;
        if (one.word == NATS_PING) {
            writer_put (answer, "PONG\r\n", 6);
        }
    }
}

//  What is published, beside the stream.
void peer_nats_subscribe (peer_feed_t *feed)
{
    peer_follow (feed, bytes_text (NATS_CONNECT "SUB t.* 1\r\n"), s_take);
}
