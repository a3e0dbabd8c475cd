/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What does harm others, where a description lets it: so that the harness is seen to notice
 * (tests/hostile/sabotage.py). None of it is in the catalogue.
 */
#include "guest/hostile/hostile.h"

/* Where tests/hostile/sabotage.system maps the canary for the guest. */
#define CANARY_ADDRESS 0x30000000ull

/* Nothing wrong: what a good verdict looks like. */
static void nothing(struct virtio_device *device, uint64_t parameter)
{
    (void)device;
    (void)parameter;
    check_that(machine.ram_bytes != 0, "there is no RAM");
}

/* An attack that does not get where it aims. */
static void miss(struct virtio_device *device, uint64_t parameter)
{
    (void)device;
    (void)parameter;
    check_that(check_exceptions() > 0, "nothing has happened");
}

static void look_at_nothing(struct virtio_device *device, uint64_t parameter)
{
    (void)device;
    (void)parameter;
}

/* Something else each time. */
static void write_canary(struct virtio_device *device, uint64_t step)
{
    const uint64_t value = access_read(CANARY_ADDRESS, 8) + step;

    (void)device;
    access_write(CANARY_ADDRESS, 8, value);
    check_that(access_read(CANARY_ADDRESS, 8) == value, "the canary is not mapped");
}

/* The end of this machine. */
static void power_off(struct virtio_device *device, uint64_t function)
{
    (void)device;
    __asm__ volatile("mov x0, %0\n\thvc #0" ::"r"(function) : "x0", "x1", "x2", "x3", "memory");
    check_that(false, "the machine is still on");
}

const struct attack attack_sabotage[] = {
    {"nothing", nothing, 0},
    {"miss", miss, 0},
    {"look-at-nothing", look_at_nothing, 0},
    {"canary", write_canary, 0x5a5a5a5a5a5a5a5aull},
    {"power-off", power_off, 0x84000008},
    {NULL, NULL, 0},
};
