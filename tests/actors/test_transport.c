//  Plain TCP on loopback: listening, accepting, reading, writing, ends. Ports are the kernel's choice.
#include "tests/test.h"
#include "actors/transport.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_MS 10000

static void s_wait (int fd, short events)
{
    struct pollfd ready = {.fd = fd, .events = events};
    assert_int_equal (poll (&ready, 1, WAIT_MS), 1);
}

static uint16_t s_port (int listener)
{
    struct sockaddr_in6 address;
    socklen_t size = sizeof address;
    assert_int_equal (getsockname (listener, (struct sockaddr *) &address, &size), 0);
    //  The port stands at the same place in both families.
    return ntohs (address.sin6_port);
}

static int s_listen (const char *text)
{
    int listener = -1;
    CHECK_OK (transport_listen (text, 0, &listener));
    return listener;
}

static int s_dial (uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons (port)};
    address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
    int fd = socket (AF_INET, SOCK_STREAM, 0);
    assert_true (fd >= 0);
    assert_int_equal (connect (fd, (struct sockaddr *) &address, sizeof address), 0);
    return fd;
}

typedef struct {
    int listener;  //  Ours
    int near;      //  Accepted, ours
    int far;       //  The terminal's
    peer_t peer;   //  Who it is to us
} pair_t;

static pair_t s_pair (void)
{
    pair_t pair = {.listener = s_listen ("127.0.0.1")};
    pair.far = s_dial (s_port (pair.listener));
    s_wait (pair.listener, POLLIN);
    CHECK_OK (transport_accept (pair.listener, &pair.near, &pair.peer));
    return pair;
}

static void s_close_pair (pair_t *pair)
{
    transport_close (pair->near);
    transport_close (pair->listener);
    if (pair->far >= 0) {
        close (pair->far);
    }
}

static void test_listen_faults (void **state)
{
    (void) state;
    int fd = -1;
    CHECK_ERR (transport_listen ("localhost", 0, &fd), FEP_RANGE);
    CHECK_ERR (transport_listen ("", 0, &fd), FEP_RANGE);
    CHECK_ERR (transport_listen ("256.0.0.1", 0, &fd), FEP_RANGE);
    //  An address that is not ours.
    CHECK_ERR (transport_listen ("192.0.2.1", 0, &fd), FEP_SYSTEM);
    assert_int_equal (errno, EADDRNOTAVAIL);
    assert_int_equal (fd, -1);
}

static void test_accept (void **state)
{
    (void) state;
    int listener = s_listen ("127.0.0.1"), fd = -1, on = 0;
    peer_t peer;
    socklen_t size = sizeof on;
    CHECK_ERR (transport_accept (listener, &fd, &peer), FEP_NOT_FOUND);
    transport_close (listener);
    pair_t pair = s_pair ();
    struct sockaddr_in address;
    socklen_t address_size = sizeof address;
    assert_int_equal (getsockname (pair.far, (struct sockaddr *) &address, &address_size), 0);
    char text[64];
    snprintf (text, sizeof text, "127.0.0.1:%u", ntohs (address.sin_port));
    assert_string_equal (pair.peer.text, text);
    static const uint8_t mapped[16] = {[10] = 0xFF, [11] = 0xFF, [12] = 127, [15] = 1};
    assert_memory_equal (pair.peer.ip, mapped, 16);
    assert_int_equal (getsockopt (pair.near, IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
    assert_true (on);
    s_close_pair (&pair);
}

//  Two connectors share a port: both listen.
static void test_port_is_shared (void **state)
{
    (void) state;
    int first = s_listen ("127.0.0.1"), second = -1;
    CHECK_OK (transport_listen ("127.0.0.1", s_port (first), &second));
    assert_int_equal (s_port (first), s_port (second));
    transport_close (first);
    transport_close (second);
}

static void test_ipv6 (void **state)
{
    (void) state;
    int listener = -1, fd;
    if (transport_listen ("::1", 0, &listener) != FEP_OK) {
        //  A machine without IPv6.
        skip ();
    }
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons (s_port (listener))};
    address.sin6_addr = in6addr_loopback;
    int far = socket (AF_INET6, SOCK_STREAM, 0);
    assert_int_equal (connect (far, (struct sockaddr *) &address, sizeof address), 0);
    peer_t peer;
    s_wait (listener, POLLIN);
    CHECK_OK (transport_accept (listener, &fd, &peer));
    assert_memory_equal (peer.text, "[::1]:", 6);
    assert_int_equal (peer.ip[15], 1);
    transport_close (fd);
    transport_close (listener);
    close (far);
}

static void test_read_and_write (void **state)
{
    (void) state;
    pair_t pair = s_pair ();
    char data[16];
    size_t done = 99;
    CHECK_OK (transport_read (pair.near, data, sizeof data, &done));
    assert_int_equal (done, 0);
    assert_int_equal (send (pair.far, "hello", 5, 0), 5);
    s_wait (pair.near, POLLIN);
    CHECK_OK (transport_read (pair.near, data, 3, &done));
    assert_int_equal (done, 3);
    CHECK_OK (transport_read (pair.near, data + 3, sizeof data - 3, &done));
    assert_int_equal (done, 2);
    assert_memory_equal (data, "hello", 5);
    CHECK_OK (transport_write (pair.near, bytes_text ("welcome"), &done));
    assert_int_equal (done, 7);
    assert_int_equal (recv (pair.far, data, 7, MSG_WAITALL), 7);
    assert_memory_equal (data, "welcome", 7);
    s_close_pair (&pair);
}

//  A peer that does not read: the write never waits, and goes on when there is room.
static void test_write_when_full (void **state)
{
    (void) state;
    enum { SIZE = 1 << 20 };
    pair_t pair = s_pair ();
    uint8_t *data = calloc (1, SIZE);
    size_t done, sent = 0, got = 0;
    assert_non_null (data);
    do {
        CHECK_OK (transport_write (pair.near, bytes_of (data, SIZE), &done));
        sent += done;
    } while (done);
    assert_true (sent > 0);
    while (got < sent) {
        ssize_t n = recv (pair.far, data, SIZE, 0);
        assert_true (n > 0);
        got += (size_t) n;
    }
    s_wait (pair.near, POLLOUT);
    CHECK_OK (transport_write (pair.near, bytes_of (data, 1), &done));
    assert_int_equal (done, 1);
    free (data);
    s_close_pair (&pair);
}

static void test_orderly_end (void **state)
{
    (void) state;
    pair_t pair = s_pair ();
    char data[8];
    size_t done;
    assert_int_equal (send (pair.far, "bye", 3, 0), 3);
    close (pair.far);
    pair.far = -1;
    s_wait (pair.near, POLLIN);
    CHECK_OK (transport_read (pair.near, data, sizeof data, &done));
    assert_int_equal (done, 3);
    s_wait (pair.near, POLLIN);
    CHECK_ERR (transport_read (pair.near, data, sizeof data, &done), FEP_CLOSED);
    assert_int_equal (done, 0);
    s_close_pair (&pair);
}

//  A reset is no orderly end, and writing to it raises no signal.
static void test_broken (void **state)
{
    (void) state;
    pair_t pair = s_pair ();
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    char data[8];
    size_t done;
    assert_int_equal (setsockopt (pair.far, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
    close (pair.far);
    pair.far = -1;
    s_wait (pair.near, POLLIN);
    CHECK_ERR (transport_read (pair.near, data, sizeof data, &done), FEP_IO);
    CHECK_ERR (transport_write (pair.near, bytes_text ("x"), &done), FEP_IO);
    assert_int_equal (done, 0);
    s_close_pair (&pair);
}

static void test_loopback (void **state)
{
    (void) state;
    assert_true (transport_is_loopback ("127.0.0.1"));
    assert_true (transport_is_loopback ("127.255.0.9"));
    assert_true (transport_is_loopback ("::1"));
    assert_false (transport_is_loopback ("0.0.0.0"));
    assert_false (transport_is_loopback ("128.0.0.1"));
    assert_false (transport_is_loopback ("::"));
    assert_false (transport_is_loopback ("localhost"));
    assert_false (transport_is_loopback ("127.0.0.1 "));
    assert_false (transport_is_loopback (""));
}

//  A datagram longer than there is room for is not cut: it is gone, and the next one is whole.
static void test_long_datagram (void **state)
{
    (void) state;
    int listener = -1, near = -1;
    uint8_t data[8];
    size_t got = 9;
    peer_t peer;
    CHECK_OK (transport_listen_udp ("127.0.0.1", 0, &listener));
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons (s_port (listener))};
    to.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
    int far = socket (AF_INET, SOCK_DGRAM, 0);
    assert_int_equal (connect (far, (struct sockaddr *) &to, sizeof to), 0);
    for (int turn = 0; turn < 2; turn++) {
        assert_int_equal (send (far, "123456789", 9, 0), 9);
        assert_int_equal (send (far, "12345678", 8, 0), 8);
        assert_int_equal (send (far, "", 0, 0), 0);
        for (int i = 0; i < 3; i++) {
            int fd = turn ? near : listener;
            s_wait (fd, POLLIN);
            fep_err_t error = turn ? transport_read_udp (fd, data, sizeof data, &got)
                                   : transport_take_udp (fd, data, sizeof data, &got, &peer);
            CHECK_ERR (error, i == 0 ? FEP_LIMIT : FEP_OK);
            assert_int_equal (got, i == 1 ? 8 : 0);
        }
        if (!turn) {
            CHECK_OK (transport_connect_udp (listener, &peer, &near));
        }
    }
    CHECK_OK (transport_read_udp (near, data, sizeof data, &got));
    assert_int_equal (got, 0);
    transport_close (near);
    transport_close (listener);
    close (far);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_listen_faults),  cmocka_unit_test (test_accept),
        cmocka_unit_test (test_port_is_shared), cmocka_unit_test (test_ipv6),
        cmocka_unit_test (test_read_and_write), cmocka_unit_test (test_write_when_full),
        cmocka_unit_test (test_orderly_end),    cmocka_unit_test (test_broken),
        cmocka_unit_test (test_loopback),       cmocka_unit_test (test_long_datagram),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
