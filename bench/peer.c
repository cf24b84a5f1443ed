//  MQTT 3.1.1 as far as a subscriber needs it.
#include "bench/peer.h"
#include "fep/bytes.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { INPUT_SIZE = 65536, ACKS_SIZE = 32768, ACK_SIZE = 4, TIMEOUT_MS = 50 };

bool peer_write_config (const char *directory, int port)
{
    char path[512];
    snprintf (path, sizeof path, "%s/mosquitto.conf", directory);
    FILE *file = fopen (path, "w");
    if (!file) {
        return false;
    }
    fprintf (file,
             "listener %d 127.0.0.1\nallow_anonymous true\npersistence true\n"
             "persistence_location %s/\nautosave_interval 10\nmax_queued_messages 0\n"
             "max_inflight_messages 0\nlog_type error\nset_tcp_nodelay true\nuser root\n",
             port, directory);
    return fclose (file) == 0;
}

static int s_connect (int port)
{
    static const uint8_t hello[] = "\x10\x0F\x00\x04MQTT\x04\x02\x02\x58\x00\x03sub"
                                   "\x82\x08\x00\x01\x00\x03t/#\x01";
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
    (void) send (fd, hello, sizeof hello - 1, MSG_NOSIGNAL);
    return fd;
}

//  Whole packets at the head; what each PUBLISH wants as its confirmation is appended. Returns the bytes taken.
static size_t s_take (const uint8_t *p, size_t size, writer_t *acks, atomic_ullong *messages)
{
    size_t at = 0;
    while (size - at >= 2 && size - at >= 2u + p[at + 1]) {
        const uint8_t *packet = p + at;
        size_t length = packet[1];
        if (packet[0] >> 4 == 3 && length >= 4) {
            size_t topic = (size_t) packet[2] << 8 | packet[3];
            const uint8_t *id = packet + 4 + topic;
            writer_u16be (acks, 0x4002);
            writer_put (acks, id, 2);
            (*messages)++;
        }
        at += 2 + length;
    }
    return at;
}

void peer_subscribe (int port, const atomic_bool *stop, atomic_ullong *messages,
                     atomic_ullong *cpu_ns)
{
    static uint8_t input[INPUT_SIZE];
    uint8_t memory[ACKS_SIZE];
    struct timespec cpu;
    size_t have = 0;
    int fd = s_connect (port);
    while (fd >= 0 && !*stop) {
        ssize_t n = recv (fd, input + have, ACKS_SIZE / ACK_SIZE, 0);
        if (n > 0) {
            writer_t acks = writer_of (memory, sizeof memory);
            have += (size_t) n;
            size_t taken = s_take (input, have, &acks, messages);
            memmove (input, input + taken, have - taken);
            have -= taken;
            (void) send (fd, acks.data, acks.size, MSG_NOSIGNAL);
        } else if (n == 0) {
            break;
        }
        (void) clock_gettime (CLOCK_THREAD_CPUTIME_ID, &cpu);
        *cpu_ns = (uint64_t) cpu.tv_sec * 1000000000 + (uint64_t) cpu.tv_nsec;
    }
    close (fd);
}
