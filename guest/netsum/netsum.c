/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netsum: network transfers in which every byte is checked at the far end, for the benchmarks and the tests.
 * A Linux program of its own, as no tool of Debian's does this; static, without a C library.
 *
 *     netsum serve [PORT]                          answer clients, one after the other, forever
 *     netsum send|receive|both ADDRESS BYTES [PORT]    TCP: to the server, from it, both ways at once
 *     netsum udp ADDRESS COUNT BYTES [PORT]        that many datagrams to the server, of so many bytes
 *     netsum echo ADDRESS COUNT BYTES [PORT]       the same, one after the other, to a service that sends them back
 *     netsum clock                                 nanoseconds since the machine was switched on
 *
 * What a block or datagram has to be is a function of its number alone: so the receiver knows every byte. The
 * result is one line: `netsum: ok KIND good=N bad=0 of=N`, or `FAILED`.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest/netsum/linux.h"
#include "lib/base/format.h"
#include "lib/base/mem.h"

#define DEFAULT_PORT 7007u
#define BLOCK_BYTES 65536u
#define DATAGRAM_MAX_BYTES 65507u
#define WORD_BYTES sizeof(uint64_t)
#define ECHO_PORT 7u
#define QUIET_MICROSECONDS 300000
#define ECHO_SECONDS 5
#define NANOSECONDS 1000000000ull

/* First thing on a connection: what the client wants of the server. Same machine type at both ends. */
struct request {
    uint64_t kind;  /* enum kind */
    uint64_t count; /* blocks or datagrams */
    uint64_t bytes; /* of a datagram */
};
enum kind { SEND = 1, RECEIVE = 2, BOTH = 3, UDP = 4, ECHO = 5 };

/* What a receiver found. */
struct result {
    uint64_t good, bad;
};

static uint8_t block[BLOCK_BYTES] __attribute__((aligned(8)));
static uint8_t datagram[BLOCK_BYTES] __attribute__((aligned(8)));

int netsum_main(int count, char **arguments);

static void say(const char *text)
{
    (void)linux_call(LINUX_WRITE, 1, linux_pointer(text), strlen(text), 0, 0, 0);
}

static int fail(const char *what, int64_t error)
{
    char line[96];

    (void)format_print(line, sizeof line, "netsum: FAILED %s (error %d)\n", what, (int)-error);
    say(line);
    return 1;
}

/* Contents: the number, then what a linear congruential generator makes of it. */

static uint64_t step(uint64_t state)
{
    return state * 6364136223846793005ull + 1442695040888963407ull;
}

static void fill(uint8_t *data, uint64_t bytes, uint64_t number)
{
    uint64_t state = number;

    for (uint64_t at = 0; at < bytes; at += WORD_BYTES, state = step(state)) {
        memcpy(data + at, &state, bytes - at < WORD_BYTES ? bytes - at : WORD_BYTES);
    }
}

static bool is_right(const uint8_t *data, uint64_t bytes, uint64_t number)
{
    uint64_t state = number, wrong = 0, word;

    for (uint64_t at = 0; at < bytes; at += WORD_BYTES, state = step(state)) {
        const uint64_t left = bytes - at < WORD_BYTES ? bytes - at : WORD_BYTES;
        word = 0;
        memcpy(&word, data + at, left);
        wrong |= word ^ (left < WORD_BYTES ? state & ((1ull << (8 * left)) - 1) : state);
    }
    return wrong == 0;
}

/* Sockets. */

static int64_t open_socket(uint64_t type)
{
    return linux_call(LINUX_SOCKET, LINUX_AF_INET, type, 0, 0, 0, 0);
}

static struct linux_address address_of(const uint8_t ip[4], uint64_t port)
{
    struct linux_address address = {.family = LINUX_AF_INET, .port = {(uint8_t)(port >> 8), (uint8_t)port}};

    memcpy(address.ip, ip, sizeof address.ip);
    return address;
}

static int64_t bind_socket(int64_t fd, uint64_t port)
{
    const uint32_t one = 1;
    const struct linux_address any = address_of((const uint8_t[4]){0, 0, 0, 0}, port);

    (void)linux_call(LINUX_SETSOCKOPT, (uint64_t)fd, LINUX_SOL_SOCKET, LINUX_SO_REUSEADDR,
                     linux_pointer(&one), sizeof one, 0);
    return linux_call(LINUX_BIND, (uint64_t)fd, linux_pointer(&any), sizeof any, 0, 0, 0);
}

static bool write_all(int64_t fd, const void *data, uint64_t bytes)
{
    const uint8_t *at = data;

    while (bytes > 0) {
        const int64_t count = linux_call(LINUX_WRITE, (uint64_t)fd, linux_pointer(at), bytes, 0, 0, 0);
        if (count <= 0) {
            return false;
        }
        at += count;
        bytes -= (uint64_t)count;
    }
    return true;
}

static bool read_all(int64_t fd, void *data, uint64_t bytes)
{
    uint8_t *at = data;

    while (bytes > 0) {
        const int64_t count = linux_call(LINUX_READ, (uint64_t)fd, linux_pointer(at), bytes, 0, 0, 0);
        if (count <= 0) {
            return false;
        }
        at += count;
        bytes -= (uint64_t)count;
    }
    return true;
}

static void close_socket(int64_t fd)
{
    (void)linux_call(LINUX_CLOSE, (uint64_t)fd, 0, 0, 0, 0, 0);
}

/* Both ends of a transfer. */

static bool send_blocks(int64_t fd, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        fill(block, sizeof block, i);
        if (!write_all(fd, block, sizeof block)) {
            return false;
        }
    }
    return true;
}

static struct result receive_blocks(int64_t fd, uint64_t count)
{
    struct result result = {0};

    for (uint64_t i = 0; i < count && read_all(fd, block, sizeof block); i++) {
        result.good += is_right(block, sizeof block, i);
        result.bad += !is_right(block, sizeof block, i);
    }
    return result;
}

/* Sends and receives at once: a child of ours sends. */
static struct result exchange(int64_t fd, uint64_t count)
{
    struct result result;
    const int64_t child = linux_call(LINUX_CLONE, LINUX_SIGCHLD, 0, 0, 0, 0, 0);

    if (child == 0) {
        (void)linux_call(LINUX_EXIT_GROUP, send_blocks(fd, count) ? 0 : 1, 0, 0, 0, 0, 0);
    }
    result = receive_blocks(fd, count);
    (void)linux_call(LINUX_WAIT4, (uint64_t)child, 0, 0, 0, 0, 0);
    return result;
}

/* Datagrams on `port` until none has come for a while. One that comes twice counts twice: it must not. */
static struct result receive_datagrams(int64_t control, const struct request *request, uint64_t port)
{
    const struct linux_time quiet = {.microseconds = QUIET_MICROSECONDS};
    const int64_t fd = open_socket(LINUX_SOCK_DGRAM);
    const uint64_t ready = 1;
    struct result result = {0};
    int64_t bytes;

    if (fd < 0 || bind_socket(fd, port) < 0 || !write_all(control, &ready, sizeof ready)) {
        return result;
    }
    (void)linux_call(LINUX_SETSOCKOPT, (uint64_t)fd, LINUX_SOL_SOCKET, LINUX_SO_RCVTIMEO,
                     linux_pointer(&quiet), sizeof quiet, 0);
    while ((bytes = linux_call(LINUX_RECVFROM, (uint64_t)fd, linux_pointer(datagram), sizeof datagram, 0, 0,
                               0)) > 0) {
        uint64_t number = 0;
        memcpy(&number, datagram, sizeof number);
        const bool good = (uint64_t)bytes == request->bytes && number < request->count &&
                          is_right(datagram, (uint64_t)bytes, number);
        result.good += good;
        result.bad += !good;
    }
    close_socket(fd);
    return result;
}

static void answer(int64_t fd, uint64_t port)
{
    struct request request;
    struct result result = {0};

    if (!read_all(fd, &request, sizeof request)) {
        return;
    }
    switch (request.kind) {
    case SEND:
        result = receive_blocks(fd, request.count);
        break;
    case RECEIVE:
        result.good = send_blocks(fd, request.count) ? request.count : 0;
        break;
    case BOTH:
        result = exchange(fd, request.count);
        break;
    case UDP:
        result = receive_datagrams(fd, &request, port);
        break;
    default:
        return;
    }
    (void)write_all(fd, &result, sizeof result);
}

static int serve(uint64_t port)
{
    const int64_t listener = open_socket(LINUX_SOCK_STREAM);
    int64_t error = listener;

    if (error >= 0) {
        error = bind_socket(listener, port);
    }
    if (error >= 0) {
        error = linux_call(LINUX_LISTEN, (uint64_t)listener, 8, 0, 0, 0, 0);
    }
    while (error >= 0) {
        error = linux_call(LINUX_ACCEPT, (uint64_t)listener, 0, 0, 0, 0, 0);
        if (error >= 0) {
            answer(error, port);
            close_socket(error);
        }
    }
    return fail("serve", error);
}

/* The client. */

static bool send_datagrams(const struct request *request, const struct linux_address *to)
{
    const int64_t fd = open_socket(LINUX_SOCK_DGRAM);
    int64_t error = fd;

    for (uint64_t i = 0; i < request->count && error >= 0; i++) {
        fill(datagram, request->bytes, i);
        error = linux_call(LINUX_SENDTO, (uint64_t)fd, linux_pointer(datagram), request->bytes, 0,
                           linux_pointer(to), sizeof *to);
    }
    close_socket(fd);
    return error >= 0;
}

static int report(const char *kind, const struct request *request, struct result here, struct result there)
{
    const uint64_t blocks = request->count * (request->kind == BOTH ? 2 : 1);
    const uint64_t good = here.good + there.good, bad = here.bad + there.bad;
    /* Of datagrams some may get lost on the way, but none may be damaged. */
    const bool ok = bad == 0 && (good == blocks || (request->kind >= UDP && good != 0));
    char line[128];

    (void)format_print(line, sizeof line, "netsum: %s %s good=%llu bad=%llu of=%llu\n", ok ? "ok" : "FAILED",
                       kind, (unsigned long long)good, (unsigned long long)bad, (unsigned long long)blocks);
    say(line);
    return ok ? 0 : 1;
}

static int ask(const char *kind, const struct request *request, const struct linux_address *to)
{
    const int64_t fd = open_socket(LINUX_SOCK_STREAM);
    int64_t error = linux_call(LINUX_CONNECT, (uint64_t)fd, linux_pointer(to), sizeof *to, 0, 0, 0);
    struct result here = {0}, there = {0};
    uint64_t ready;
    bool ok = true;

    if (error < 0 || !write_all(fd, request, sizeof *request)) {
        return fail("connect", error);
    }
    if (request->kind == UDP) {
        ok = read_all(fd, &ready, sizeof ready) && send_datagrams(request, to);
    } else if (request->kind == SEND) {
        ok = send_blocks(fd, request->count);
    } else {
        here = request->kind == BOTH ? exchange(fd, request->count) : receive_blocks(fd, request->count);
    }
    if (!ok || !read_all(fd, &there, sizeof there)) {
        return fail("transfer", 0);
    }
    if (request->kind == RECEIVE) {
        there.good = 0; /* what the sender says of itself is no proof */
    }
    close_socket(fd);
    return report(kind, request, here, there);
}

/* Each datagram has to come back before the next goes; one that does not within ECHO_SECONDS is lost. */
static int ask_echo(const struct request *request, const struct linux_address *to)
{
    const struct linux_time patience = {.seconds = ECHO_SECONDS};
    const int64_t fd = open_socket(LINUX_SOCK_DGRAM);
    struct result result = {0};

    if (linux_call(LINUX_CONNECT, (uint64_t)fd, linux_pointer(to), sizeof *to, 0, 0, 0) < 0) {
        return fail("connect", fd);
    }
    (void)linux_call(LINUX_SETSOCKOPT, (uint64_t)fd, LINUX_SOL_SOCKET, LINUX_SO_RCVTIMEO,
                     linux_pointer(&patience), sizeof patience, 0);
    for (uint64_t i = 0; i < request->count; i++) {
        fill(datagram, request->bytes, i);
        if (!write_all(fd, datagram, request->bytes)) {
            return fail("send", 0);
        }
        const int64_t bytes =
            linux_call(LINUX_READ, (uint64_t)fd, linux_pointer(datagram), sizeof datagram, 0, 0, 0);
        const bool good = bytes == (int64_t)request->bytes && is_right(datagram, request->bytes, i);

        result.good += good;
        result.bad += bytes > 0 && !good;
    }
    close_socket(fd);
    return report("echo", request, result, (struct result){0});
}

static uint64_t number_of(const char *text)
{
    uint64_t number = 0;

    for (; *text >= '0' && *text <= '9'; text++) {
        number = number * 10 + (uint64_t)(*text - '0');
    }
    return number;
}

static void parse_ip(const char *text, uint8_t ip[4])
{
    for (unsigned int i = 0; i < 4; i++) {
        ip[i] = (uint8_t)number_of(text);
        while (*text != '\0' && *text != '.') {
            text++;
        }
        text += *text == '.';
    }
}

static int show_clock(void)
{
    uint64_t ticks, hz;
    char line[32];

    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    __asm__ volatile("mrs %0, cntfrq_el0" : "=r"(hz));
    (void)format_print(line, sizeof line, "%llu\n",
                       (unsigned long long)(ticks / hz * NANOSECONDS + ticks % hz * NANOSECONDS / hz));
    say(line);
    return 0;
}

static int run_client(int count, char **arguments)
{
    static const struct {
        const char *name;
        enum kind kind;
    } kinds[] = {{"send", SEND}, {"receive", RECEIVE}, {"both", BOTH}, {"udp", UDP}, {"echo", ECHO}};
    struct request request = {0};
    uint8_t ip[4];

    for (unsigned int i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        request.kind = strcmp(arguments[1], kinds[i].name) == 0 ? kinds[i].kind : request.kind;
    }
    const int port_at = request.kind >= UDP ? 5 : 4;
    if (request.kind == 0 || count < port_at) {
        return fail("usage", 0);
    }
    const uint64_t port = count > port_at        ? number_of(arguments[port_at])
                          : request.kind == ECHO ? ECHO_PORT
                                                 : DEFAULT_PORT;
    request.count = number_of(arguments[3]) / (request.kind >= UDP ? 1 : BLOCK_BYTES);
    if (request.kind >= UDP) {
        request.bytes = number_of(arguments[4]);
        if (request.bytes < WORD_BYTES || request.bytes > DATAGRAM_MAX_BYTES) {
            return fail("a datagram has 8 to 65507 bytes", 0);
        }
    }
    parse_ip(arguments[2], ip);
    const struct linux_address to = address_of(ip, port);
    return request.kind == ECHO ? ask_echo(&request, &to) : ask(arguments[1], &request, &to);
}

int netsum_main(int count, char **arguments)
{
    if (count >= 2 && strcmp(arguments[1], "clock") == 0) {
        return show_clock();
    }
    if (count >= 2 && strcmp(arguments[1], "serve") == 0) {
        return serve(count > 2 ? number_of(arguments[2]) : DEFAULT_PORT);
    }
    return count >= 2 ? run_client(count, arguments) : fail("usage", 0);
}
