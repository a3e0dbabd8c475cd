/* SPDX-License-Identifier: BSD-2-Clause */
/* Attacks on the transport's registers: every offset, width and value; status and features out of order. */
#include "guest/hostile/hostile.h"

#define WINDOW_BYTES 0x200u

/* parameter: width | (value index << 8) | (end of range << 16). */
static const uint64_t values[] = {0, ~0ull, 0x8000000080000000ull, 0x5555555555555555ull};

static void read_all(struct virtio_device *device, uint64_t width)
{
    for (uint32_t offset = 0; offset < 0x1000; offset += (uint32_t)width) {
        (void)access_read(device->base + offset, (uint32_t)width);
    }
}

static void read_unaligned(struct virtio_device *device, uint64_t width)
{
    for (uint32_t offset = 1; offset < WINDOW_BYTES; offset += (uint32_t)width) {
        (void)access_read(device->base + offset, (uint32_t)width);
    }
}

static void write_all(struct virtio_device *device, uint64_t parameter)
{
    uint32_t width = (uint32_t)(parameter & 0xff);
    uint64_t value = values[parameter >> 8 & 3];

    (void)virtio_start(device);
    for (uint32_t offset = 0; offset < WINDOW_BYTES; offset += width) {
        access_write(device->base + offset, width, value);
    }
}

static void write_unaligned(struct virtio_device *device, uint64_t width)
{
    (void)virtio_start(device);
    for (uint32_t offset = 1; offset < WINDOW_BYTES; offset += (uint32_t)width) {
        access_write(device->base + offset, (uint32_t)width, 0x0101010101010101ull * offset);
    }
}

static void config_end(struct virtio_device *device, uint64_t width)
{
    (void)virtio_start(device);
    for (uint32_t offset = REG_CONFIG; offset < 0x1000; offset += (uint32_t)width) {
        access_write(device->base + offset, (uint32_t)width, ~0ull);
        (void)access_read(device->base + offset, (uint32_t)width);
    }
}

static void status_value(struct virtio_device *device, uint64_t status)
{
    (void)virtio_reset(device);
    virtio_write(device, REG_STATUS, (uint32_t)status);
    virtio_write(device, REG_QUEUE_NOTIFY, 0);
    virtio_write(device, REG_QUEUE_NOTIFY, 1);
}

/* Bits may only be added (virtio 1.2, 2.1.1); this takes them away again while the queues run. */
static void status_clear_bits(struct virtio_device *device, uint64_t status)
{
    (void)virtio_start(device);
    virtio_write(device, REG_STATUS, (uint32_t)status);
    virtio_submit(device, virtio_out_queue(device), 0);
}

static void ok_before_queues(struct virtio_device *device, uint64_t parameter)
{
    (void)parameter;
    (void)virtio_reset(device);
    (void)virtio_negotiate(device, 0);
    virtio_driver_ok(device);
    for (uint32_t queue = 0; queue < 8; queue++) {
        virtio_write(device, REG_QUEUE_NOTIFY, queue);
    }
}

static void features(struct virtio_device *device, uint64_t features)
{
    (void)virtio_reset(device);
    virtio_write(device, REG_STATUS, STATUS_ACK | STATUS_DRIVER);
    virtio_write(device, REG_DRIVER_FEATURES_SEL, 0);
    virtio_write(device, REG_DRIVER_FEATURES, (uint32_t)features);
    virtio_write(device, REG_DRIVER_FEATURES_SEL, 1);
    virtio_write(device, REG_DRIVER_FEATURES, (uint32_t)(features >> 32));
    virtio_write(device, REG_STATUS, STATUS_ACK | STATUS_DRIVER | STATUS_FEATURES_OK);
    (void)virtio_queue_enable(device, 0);
    virtio_driver_ok(device);
    virtio_write(device, REG_QUEUE_NOTIFY, 0);
}

static void features_after_ok(struct virtio_device *device, uint64_t features)
{
    (void)virtio_start(device);
    virtio_write(device, REG_DRIVER_FEATURES_SEL, 0);
    virtio_write(device, REG_DRIVER_FEATURES, (uint32_t)features);
    virtio_submit(device, virtio_out_queue(device), 0);
}

static void features_select(struct virtio_device *device, uint64_t select)
{
    (void)virtio_reset(device);
    virtio_write(device, REG_DEVICE_FEATURES_SEL, (uint32_t)select);
    (void)virtio_read(device, REG_DEVICE_FEATURES);
    virtio_write(device, REG_STATUS, STATUS_ACK | STATUS_DRIVER);
    virtio_write(device, REG_DRIVER_FEATURES_SEL, (uint32_t)select);
    virtio_write(device, REG_DRIVER_FEATURES, ~0u);
    virtio_write(device, REG_STATUS, STATUS_ACK | STATUS_DRIVER | STATUS_FEATURES_OK);
}

static void reset_storm(struct virtio_device *device, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        (void)virtio_start(device);
        virtio_write(device, REG_QUEUE_NOTIFY, 0);
        virtio_write(device, REG_STATUS, 0);
    }
}

static void interrupt_ack(struct virtio_device *device, uint64_t value)
{
    (void)virtio_start(device);
    for (int i = 0; i < 100; i++) {
        virtio_write(device, REG_INTERRUPT_ACK, (uint32_t)value);
    }
}

/* Accesses whose syndrome is not valid (no ISV): pairs, exclusives, vectors, cache maintenance. */
static void odd_instructions(struct virtio_device *device, uint64_t kind)
{
    uint64_t at = device->base + REG_QUEUE_SEL;

    if (kind == 0) {
        __asm__ volatile("ldp x9, x10, [%0]" ::"r"(at) : "x9", "x10", "memory");
        __asm__ volatile("stp x9, x10, [%0]" ::"r"(at) : "x9", "x10", "memory");
    } else if (kind == 1) {
        __asm__ volatile("ldxr x9, [%0]\n\tstxr w10, x9, [%0]" ::"r"(at) : "x9", "x10", "memory");
    } else if (kind == 2) {
        __asm__ volatile("dc civac, %0\n\tdc zva, %0\n\tic ivau, %0" ::"r"(at) : "memory");
    } else if (kind == 3) {
        __asm__ volatile("ldr x9, [%0], #8\n\tstr x9, [%0], #8" : "+r"(at)::"x9", "memory");
    } else if (kind == 4) {
        __asm__ volatile("ldrsb x9, [%0]\n\tldrsh x9, [%0]\n\tldrsw x9, [%0]\n\tldrsb w9, [%0]" ::"r"(at)
                         : "x9", "memory");
    } else if (kind == 5) {
        __asm__ volatile("str wzr, [%0]\n\tstr xzr, [%0]\n\tldr xzr, [%0]" ::"r"(at) : "memory");
    } else {
        __asm__ volatile(".arch_extension fp\n\t.arch_extension simd\n\tldr q0, [%0]\n\tstr q0, [%0]\n\t"
                         "ld1 {v0.16b, v1.16b}, [%0]" ::"r"(at)
                         : "memory");
    }
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
    {"config-past-end-8", config_end, 1},
    {"config-past-end-16", config_end, 2},
    {"config-past-end-32", config_end, 4},
    {"config-past-end-64", config_end, 8},
    {"status-driver-ok-first", status_value, STATUS_DRIVER_OK},
    {"status-features-ok-first", status_value, STATUS_FEATURES_OK},
    {"status-all-bits", status_value, 0xff},
    {"status-unknown-bits", status_value, 0xffffff00},
    {"status-failed", status_value, STATUS_FAILED},
    {"status-needs-reset", status_value, STATUS_NEEDS_RESET},
    {"status-clear-driver-ok", status_clear_bits, STATUS_ACK | STATUS_DRIVER | STATUS_FEATURES_OK},
    {"status-clear-features-ok", status_clear_bits, STATUS_ACK | STATUS_DRIVER | STATUS_DRIVER_OK},
    {"status-clear-all-but-ack", status_clear_bits, STATUS_ACK},
    {"driver-ok-before-queues", ok_before_queues, 0},
    {"features-all", features, ~0ull},
    {"features-none", features, 0},
    {"features-without-version-1", features, 0xffffffff},
    {"features-not-offered", features, 1ull << 32 | 1ull << 40},
    {"features-access-platform", features, 1ull << 32 | 1ull << 33},
    {"features-ring-packed", features, 1ull << 32 | 1ull << 34},
    {"features-after-features-ok", features_after_ok, ~0ull},
    {"features-select-2", features_select, 2},
    {"features-select-huge", features_select, 0xffffffff},
    {"reset-storm", reset_storm, 500},
    {"interrupt-ack-all", interrupt_ack, ~0ull},
    {"interrupt-ack-zero", interrupt_ack, 0},
    {"instruction-pair", odd_instructions, 0},
    {"instruction-exclusive", odd_instructions, 1},
    {"instruction-cache", odd_instructions, 2},
    {"instruction-writeback", odd_instructions, 3},
    {"instruction-sign-extend", odd_instructions, 4},
    {"instruction-zero-register", odd_instructions, 5},
    {"instruction-vector", odd_instructions, 6},
    {NULL, NULL, 0},
};
