/* SPDX-License-Identifier: BSD-2-Clause */
/* Attacks on virtio-mmio's registers: every offset, width and value, by instructions of every kind. */
#include "guest/hostile/hostile.h"

#include "lib/base/mem.h"

#include "guest/hostile/mmu.h"

#define WINDOW_BYTES 0x200u

/* parameter: width | (value index << 8) | (end of range << 16). */
static const uint64_t values[] = {0, ~0ull, 0x8000000080000000ull, 0x5555555555555555ull};

#define CONFIG_LONGEST_BYTES 64u
#define VIRTIO_MAGIC 0x74726976ull

/* Registers are 32 bits wide (4.2.2.2); other widths, and offsets past the configuration, give nothing. */
static void read_all(struct virtio_device *device, uint64_t width)
{
    struct identity before = check_identify(device);
    uint64_t past_end = 0, narrow = 0;

    for (uint32_t offset = 0; offset < 0x1000; offset += (uint32_t)width) {
        uint64_t value = access_read(device->base + offset, (uint32_t)width);

        past_end |= offset >= REG_CONFIG + CONFIG_LONGEST_BYTES ? value : 0;
        narrow |= width != 4 && offset < 4 ? value & ~((VIRTIO_MAGIC | 2ull << 32) >> 8 * offset) : 0;
    }
    check_that(past_end == 0, "there is something past the configuration");
    check_that(narrow == 0, "a narrow load of the magic value gave something else");
    check_that(check_exceptions() == 0, "an aligned load ended in an exception");
    check_identity(device, &before);
}

/* Through a mapping as normal memory, where the processor itself lets unaligned accesses through. */
static void read_unaligned(struct virtio_device *device, uint64_t width)
{
    struct identity before = check_identify(device);
    uint64_t past_end = 0;

    for (uint32_t offset = 1; offset < 0x1000 - 8; offset += (uint32_t)width) {
        uint64_t value = access_read(mmu_normal(device->base + offset), (uint32_t)width);

        past_end |= offset >= REG_CONFIG + CONFIG_LONGEST_BYTES ? value : 0;
    }
    check_that(past_end == 0, "there is something past the configuration");
    check_identity(device, &before);
}

static void write_all(struct virtio_device *device, uint64_t parameter)
{
    struct identity before = check_identify(device);
    uint32_t width = (uint32_t)(parameter & 0xff);
    uint64_t value = values[parameter >> 8 & 3];

    check_that(virtio_start(device), "the device does not start");
    for (uint32_t offset = 0; offset < WINDOW_BYTES; offset += width) {
        access_write(device->base + offset, width, value);
    }
    check_that(check_exceptions() == 0, "an aligned store ended in an exception");
    check_identity(device, &before);
}

static void write_unaligned(struct virtio_device *device, uint64_t width)
{
    struct identity before = check_identify(device);

    check_that(virtio_start(device), "the device does not start");
    for (uint32_t offset = 1; offset < WINDOW_BYTES; offset += (uint32_t)width) {
        access_write(mmu_normal(device->base + offset), (uint32_t)width, 0x0101010101010101ull * offset);
    }
    check_works(device);
    check_identity(device, &before);
}

static void interrupt_ack(struct virtio_device *device, uint64_t value)
{
    check_that(virtio_start(device), "the device does not start");
    for (int i = 0; i < 100; i++) {
        virtio_write(device, REG_INTERRUPT_ACK, (uint32_t)value);
    }
    check_works(device);
}

/* Accesses whose syndrome is not valid (no ISV): pairs, exclusives, vectors, cache maintenance. */
static void odd_instructions(struct virtio_device *device, uint64_t kind)
{
    uint64_t at = device->base + REG_QUEUE_SEL;

    check_that(virtio_start(device), "the device does not start");
    if (kind == 0) {
        __asm__ volatile("ldp x9, x10, [%0]" ::"r"(at) : "x9", "x10", "memory");
        __asm__ volatile("stp x9, x10, [%0]" ::"r"(at) : "x9", "x10", "memory");
    } else if (kind == 1) {
        __asm__ volatile("ldxr x9, [%0]\n\tstxr w10, x9, [%0]" ::"r"(at) : "x9", "x10", "memory");
    } else if (kind == 2) {
        __asm__ volatile("dc civac, %0\n\tdc zva, %0\n\tic ivau, %0" ::"r"(at) : "memory");
    } else if (kind == 3) {
        __asm__ volatile("ldr x9, [%0], #8\n\tstr x9, [%0], #8" : "+r"(at)::"x9", "memory");
    } else {
        __asm__ volatile(".arch_extension fp\n\t.arch_extension simd\n\tldr q0, [%0]\n\tstr q0, [%0]\n\t"
                         "ld1 {v0.16b, v1.16b}, [%0]" ::"r"(at)
                         : "memory");
    }
    check_aborted(1);
    check_works(device);
}

/* Valid ones that are rare: sign extension, and the zero register. SHM length: there is none, so all ones. */
static void sign_extend(struct virtio_device *device, uint64_t parameter)
{
    uint64_t word;

    (void)parameter;
    check_that(virtio_start(device), "the device does not start");
    __asm__ volatile("ldrsw %0, [%1]" : "=r"(word) : "r"(device->base + REG_SHM_LEN_LOW) : "memory");
    check_that(word == ~0ull, "a load is not sign-extended");
    __asm__ volatile("ldrsb x9, [%0]\n\tldrsh x9, [%0]\n\tldrsb w9, [%0]" ::"r"(device->base)
                     : "x9", "memory");
    check_works(device);
}

static void zero_register(struct virtio_device *device, uint64_t parameter)
{
    (void)parameter;
    check_that(virtio_start(device), "the device does not start");
    virtio_write(device, REG_QUEUE_SEL, 0xffff);
    __asm__ volatile(
        "str wzr, [%0]\n\tstr xzr, [%0]\n\tldr xzr, [%0]\n\tldr wzr, [%0]" ::"r"(device->base + REG_QUEUE_SEL)
        : "memory");
    check_that(virtio_read(device, REG_QUEUE_READY) == 1, "the zero register did not select queue 0");
    check_works(device);
}

const struct attack attack_registers[] = {
    {"registers-read-8", read_all, 1},
    {"registers-read-16", read_all, 2},
    {"registers-read-32", read_all, 4},
    {"registers-read-64", read_all, 8},
    {"registers-read-unaligned-16", read_unaligned, 2},
    {"registers-read-unaligned-32", read_unaligned, 4},
    {"registers-read-unaligned-64", read_unaligned, 8},
    {"registers-write-8-zero", write_all, 1},
    {"registers-write-16-zero", write_all, 2},
    {"registers-write-32-zero", write_all, 4},
    {"registers-write-64-zero", write_all, 8},
    {"registers-write-8-ones", write_all, 0x101},
    {"registers-write-16-ones", write_all, 0x102},
    {"registers-write-32-ones", write_all, 0x104},
    {"registers-write-64-ones", write_all, 0x108},
    {"registers-write-32-top-bits", write_all, 0x204},
    {"registers-write-32-pattern", write_all, 0x304},
    {"registers-write-unaligned-16", write_unaligned, 2},
    {"registers-write-unaligned-32", write_unaligned, 4},
    {"registers-write-unaligned-64", write_unaligned, 8},
    {"interrupt-ack-all", interrupt_ack, ~0ull},
    {"interrupt-ack-zero", interrupt_ack, 0},
    {"instruction-pair", odd_instructions, 0},
    {"instruction-exclusive", odd_instructions, 1},
    {"instruction-cache", odd_instructions, 2},
    {"instruction-writeback", odd_instructions, 3},
    {"instruction-vector", odd_instructions, 4},
    {"instruction-sign-extend", sign_extend, 0},
    {"instruction-zero-register", zero_register, 0},
    {NULL, NULL, 0},
};
