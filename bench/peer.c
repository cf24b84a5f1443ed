//  The servers that fepbench push loads: the table, and what several of them share.
#include "bench/peer.h"
#include "bench/child.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

enum { INPUT_SIZE = 65536, CHUNK_SIZE = 8192, TIMEOUT_MS = 50 };

static void s_floor_words (const peer_t *self, const peer_place_t *place,
                           char words[PEER_WORDS_MAX][PEER_PATH_SIZE])
{
    (void) self;
    snprintf (words[0], PEER_PATH_SIZE, "--port");
    snprintf (words[1], PEER_PATH_SIZE, "%d", place->port);
    snprintf (words[2], PEER_PATH_SIZE, "--feed-port");
    snprintf (words[3], PEER_PATH_SIZE, "%d", place->port + 1);
    snprintf (words[4], PEER_PATH_SIZE, "--store");
    snprintf (words[5], PEER_PATH_SIZE, "%s/store", place->directory);
}

static void s_config_words (const peer_t *self, const peer_place_t *place,
                            char words[PEER_WORDS_MAX][PEER_PATH_SIZE])
{
    snprintf (words[0], PEER_PATH_SIZE, "-c");
    snprintf (words[1], PEER_PATH_SIZE, "%s/%s", place->directory, self->config);
}

const peer_t peers[SERVER_COUNT] = {
    [SERVER_FLOOR] = {.name = "floor",
                      .protocol = &terminal_gdw1376,
                      .words = s_floor_words,
                      .subscribe = peer_fepd_subscribe},
    [SERVER_FEPD] = {.name = "fepd",
                     .protocol = &terminal_gdw1376,
                     .config = "fepd.yaml",
                     .write_config = peer_fepd_config,
                     .words = s_config_words,
                     .subscribe = peer_fepd_subscribe},
    [SERVER_MOSQUITTO] = {.name = "mosquitto",
                          .protocol = &terminal_mqtt,
                          .config = "mosquitto.conf",
                          .write_config = peer_mosquitto_config,
                          .words = s_config_words,
                          .subscribe = peer_mosquitto_subscribe},
    //  2.9 ends with 1 after SIGTERM.
    [SERVER_NATS] = {.name = "nats",
                     .protocol = &terminal_nats,
                     .config = "nats.conf",
                     .end_status = 1,
                     .write_config = peer_nats_config,
                     .prepare = peer_nats_prepare,
                     .words = s_config_words,
                     .subscribe = peer_nats_subscribe},
};

bool peer_configure (const peer_t *self, const peer_place_t *place)
{
    char path[PEER_PATH_SIZE];
    if (!self->config) {
        return true;
    }
    snprintf (path, sizeof path, "%s/%s", place->directory, self->config);
    FILE *file = fopen (path, "w");
    if (!file) {
        return false;
    }
    bool ok = self->write_config (place, file);
    return fclose (file) == 0 && ok;
}

pid_t peer_start (const peer_t *self, const char *program, const peer_place_t *place,
                  const char *log, int cpu)
{
    char words[PEER_WORDS_MAX][PEER_PATH_SIZE] = {0};
    char *argv[PEER_WORDS_MAX + 2] = {(char *) (uintptr_t) program};
    self->words (self, place, words);
    for (size_t i = 0; i < PEER_WORDS_MAX && words[i][0]; i++) {
        argv[i + 1] = words[i];
    }
    return child_start (argv, log, cpu);
}

int peer_connect (int port)
{
    struct timeval timeout = {.tv_usec = TIMEOUT_MS * 1000};
    struct sockaddr_in peer = {.sin_family = AF_INET,
                               .sin_port = htons ((uint16_t) port),
                               .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;
    if (fd < 0 || connect (fd, (struct sockaddr *) &peer, sizeof peer) != 0) {
        close (fd);
        return -1;
    }
    (void) setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    (void) setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    return fd;
}

void peer_follow (peer_feed_t *feed, bytes_t hello, peer_take_t *take)
{
    static uint8_t input[INPUT_SIZE];
    uint8_t memory[INPUT_SIZE];
    size_t have = 0;
    int fd = peer_connect (feed->port);
    (void) send (fd, hello.data, hello.size, MSG_NOSIGNAL);
    while (fd >= 0 && !feed->stop) {
        ssize_t n = recv (fd, input + have, CHUNK_SIZE, 0);
        if (n > 0) {
            writer_t answer = writer_of (memory, sizeof memory);
            have += (size_t) n;
            size_t taken = take (bytes_of (input, have), &answer, &feed->messages);
            memmove (input, input + taken, have - taken);
            have -= taken;
            (void) send (fd, answer.data, answer.size, MSG_NOSIGNAL);
        }
        if (n == 0 || have > INPUT_SIZE - CHUNK_SIZE) {
            break;
        }
    }
    close (fd);
}
