/* SPDX-License-Identifier: BSD-2-Clause */
/** The few Linux system calls that netsum makes, without a C library (arm64 ABI: number in x8, svc 0). */
#pragma once

#include <stdint.h>

/** Numbers, as in Linux' asm-generic/unistd.h. */
enum linux_call {
    LINUX_CLOSE = 57,
    LINUX_READ = 63,
    LINUX_WRITE = 64,
    LINUX_EXIT_GROUP = 94,
    LINUX_SOCKET = 198,
    LINUX_BIND = 200,
    LINUX_LISTEN = 201,
    LINUX_ACCEPT = 202,
    LINUX_CONNECT = 203,
    LINUX_SENDTO = 206,
    LINUX_RECVFROM = 207,
    LINUX_SETSOCKOPT = 208,
    LINUX_CLONE = 220,
    LINUX_WAIT4 = 260
};

#define LINUX_AF_INET 2
#define LINUX_SOCK_STREAM 1
#define LINUX_SOCK_DGRAM 2
#define LINUX_SOL_SOCKET 1
#define LINUX_SO_REUSEADDR 2
#define LINUX_SO_RCVTIMEO 20
#define LINUX_SIGCHLD 17

/** struct sockaddr_in. */
struct linux_address {
    uint16_t family;
    uint8_t port[2]; /**< big-endian */
    uint8_t ip[4];
    uint8_t zero[8];
};

/** struct __kernel_sock_timeval. */
struct linux_time {
    int64_t seconds, microseconds;
};

/** One system call; negative results are -errno. */
static inline int64_t linux_call(enum linux_call number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                                 uint64_t e, uint64_t f)
{
    register uint64_t x8 __asm__("x8") = number;
    register uint64_t x0 __asm__("x0") = a;
    register uint64_t x1 __asm__("x1") = b;
    register uint64_t x2 __asm__("x2") = c;
    register uint64_t x3 __asm__("x3") = d;
    register uint64_t x4 __asm__("x4") = e;
    register uint64_t x5 __asm__("x5") = f;

    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5), "r"(x8) : "memory");
    return (int64_t)x0;
}

/** The address of an object, as an argument of a call. */
static inline uint64_t linux_pointer(const void *object)
{
    return (uint64_t)(uintptr_t)object;
}
