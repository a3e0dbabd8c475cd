/* SPDX-License-Identifier: BSD-2-Clause */
/* Attacks with calls of firmware: SMC Calling Convention (DEN 0028), PSCI (DEN 0022), TRNG (DEN 0098). */
#include "guest/hostile/hostile.h"

enum call_result { NOT_SUPPORTED = -1, INVALID_PARAMETERS = -2, ALREADY_ON = -4 };
#define SMCCC_VERSION 0x80000000
#define SMCCC_ARCH_FEATURES 0x80000001
#define PSCI_VERSION 0x84000000
#define PSCI_SUSPEND 0x84000001
#define PSCI_FEATURES 0x8400000a
#define PSCI_RESET2 0x84000012
#define TRNG_VERSION 0x84000050
#define TRNG_RND32 0x84000053
#define TRNG_RND64 0xc4000053

static uint64_t call(bool smc, uint64_t function, uint64_t a, uint64_t b, uint64_t c)
{
    register uint64_t x0 __asm__("x0") = function;
    register uint64_t x1 __asm__("x1") = a;
    register uint64_t x2 __asm__("x2") = b;
    register uint64_t x3 __asm__("x3") = c;

    if (smc) {
        __asm__ volatile("smc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
    } else {
        __asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
    }
    return x0;
}

/* SYSTEM_OFF, SYSTEM_RESET and their like would end the run, not attack it. */
static bool ends_the_machine(uint64_t function)
{
    uint64_t number = function & 0xff;

    return (function & 0x3f000000) == 0x04000000 &&
           (number == 1 || number == 2 || number == 8 || number == 9 || number == 12 || number == 14 ||
            number == 18);
}

/* The firmware answers as before. */
static void check_firmware(void)
{
    check_that(call(false, PSCI_VERSION, 0, 0, 0) == 0x10001, "PSCI is not there any more");
    check_that((int32_t)call(false, 0x8400ffff, 0, 0, 0) == NOT_SUPPORTED, "an unknown function is known");
}

/* Each function of each owner; those that no specification has are not supported. */
static void calls_all(struct virtio_device *device, uint64_t smc)
{
    static const uint64_t bases[] = {0x84000000, 0xc4000000, 0x00000000, 0x80000000, 0x86000000,
                                     0xc6000000, 0xbf000000, 0x04000000, 0xff000000};
    uint32_t wrong = 0;

    (void)device;
    for (uint32_t base = 0; base < sizeof bases / sizeof bases[0]; base++) {
        for (uint64_t number = 0; number < 0x60; number++) {
            uint64_t function = bases[base] + number;

            if (!ends_the_machine(function)) {
                int32_t result = (int32_t)call(smc != 0, function, ~0ull, ~0ull, ~0ull);

                wrong += (base >= 4 || number >= 0x54) && result != NOT_SUPPORTED;
            }
        }
    }
    check_that(wrong == 0, "a function that is not there gave an answer");
    check_firmware();
}

/* parameter: target. None of them names a vCPU that could be started. */
static void cpu_on(struct virtio_device *device, uint64_t target)
{
    int32_t wanted = target == 0 ? ALREADY_ON : INVALID_PARAMETERS;

    (void)device;
    for (int smc = 0; smc < 2; smc++) {
        check_that((int32_t)call(smc != 0, 0xc4000003, target, machine.ram_base, 0) == wanted &&
                       (int32_t)call(smc != 0, 0xc4000003, target, 0, ~0ull) == wanted &&
                       (int32_t)call(smc != 0, 0xc4000003, target, ~0ull, 0) == wanted,
                   "CPU_ON has another answer");
        check_that((int32_t)call(smc != 0, 0xc4000004, target, 99, 0) == INVALID_PARAMETERS,
                   "AFFINITY_INFO of an affinity level that is not there");
        (void)call(smc != 0, 0xc4000005, target, 0, 0);
    }
    check_firmware();
}

/* parameter: power state. There is none but standby. */
static void suspend(struct virtio_device *device, uint64_t state)
{
    (void)device;
    check_that((int32_t)call(false, PSCI_SUSPEND, state, ~0ull, ~0ull) == INVALID_PARAMETERS &&
                   (int32_t)call(false, PSCI_SUSPEND | 0x40000000, state, ~0ull, ~0ull) == INVALID_PARAMETERS,
               "a state that is not there is entered");
    check_firmware();
}

/* SYSTEM_RESET2 with types that are not there must come back. */
static void reset2(struct virtio_device *device, uint64_t type)
{
    (void)device;
    check_that((int32_t)call(false, PSCI_RESET2, type, 0, 0) < 0, "a reset that is not there");
    check_firmware();
}

static void features_all(struct virtio_device *device, uint64_t function)
{
    uint32_t wrong = 0;

    (void)device;
    for (uint64_t bit = 0; bit < 32; bit++) {
        wrong += (int32_t)call(false, function, ~(1ull << bit), 0, 0) != NOT_SUPPORTED;
    }
    check_that(wrong == 0, "a function that is not there is said to be");
    check_firmware();
}

/* More bits than there are registers for, or none (DEN 0098, 2.5). */
static void random_bits(struct virtio_device *device, uint64_t bits)
{
    (void)device;
    check_that((int32_t)call(false, TRNG_RND64, bits, 0, 0) == INVALID_PARAMETERS,
               "RND64 gives that many bits");
    check_that((int32_t)call(false, TRNG_RND32, bits, 0, 0) == INVALID_PARAMETERS,
               "RND32 gives that many bits");
    check_that((int32_t)call(false, TRNG_VERSION, 0, 0, 0) == 0x10000, "TRNG is not there any more");
}

/* The well that everybody draws from does not run dry for the neighbours. */
static void random_storm(struct virtio_device *device, uint64_t count)
{
    uint64_t failed = 0;

    (void)device;
    for (uint64_t i = 0; i < count; i++) {
        failed += call((i & 1) != 0, TRNG_RND64, 1 + i % 192, 0, 0) != 0;
    }
    check_that(failed == 0, "there is no randomness");
}

/* Calls with an immediate that is not 0 (SMCCC 2.6: none of them is a call). */
static void immediates(struct virtio_device *device, uint64_t parameter)
{
    (void)device;
    (void)parameter;
    __asm__ volatile("mov x0, #0x84000000\n\thvc #1\n\thvc #0xffff\n\thvc #0xea1\n\tsmc #1\n\tsmc #0xffff" ::
                         : "x0", "x1", "x2", "x3", "memory");
    check_firmware();
}

static void call_storm(struct virtio_device *device, uint64_t count)
{
    (void)device;
    for (uint64_t i = 0; i < count; i++) {
        (void)call((i & 1) != 0, PSCI_VERSION, i, i, i);
    }
    check_firmware();
}

const struct attack attack_calls[] = {
    {"hvc-every-function", calls_all, 0},
    {"smc-every-function", calls_all, 1},
    {"call-immediates", immediates, 0},
    {"call-storm", call_storm, 5000},
    {"cpu-on-self", cpu_on, 0},
    {"cpu-on-1", cpu_on, 1},
    {"cpu-on-256", cpu_on, 0x100},
    {"cpu-on-nonsense", cpu_on, ~0ull},
    {"suspend-power-down", suspend, 1u << 16},
    {"suspend-all-ones", suspend, ~0ull},
    {"reset2-type-1", reset2, 1},
    {"reset2-vendor", reset2, 0x80000001},
    {"psci-features-nonsense", features_all, PSCI_FEATURES},
    {"arch-features-nonsense", features_all, SMCCC_ARCH_FEATURES},
    {"trng-features-nonsense", features_all, TRNG_VERSION + 1},
    {"trng-bits-0", random_bits, 0},
    {"trng-bits-193", random_bits, 193},
    {"trng-bits-all-ones", random_bits, ~0ull},
    {"trng-storm", random_storm, 2000},
    {NULL, NULL, 0},
};
