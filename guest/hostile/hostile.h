/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The hostile guest: a bare-metal AArch64 program that boots as a virtual machine and attacks whatever it was
 * given, case by case.
 *
 * It takes commands on its console, one a line: `list`, `count`, `run N`, `all`. For each case it prints
 *     case N NAME: begin
 *     case N NAME: survived            (the device answers again after a reset)
 *     case N NAME: DEAD reason         (it does not)
 * Whether a neighbour suffered is for the harness to judge (tests/hostile).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* start.S */
extern volatile uint64_t exception_count;
extern volatile uint64_t exception_syndrome;

/* machine.c: what the device tree says about the machine. */

#define MACHINE_MAX_DEVICES 32u

/** The machine as the device tree describes it; read once at start. */
struct machine {
    uint64_t ram_base, ram_bytes;
    uint64_t gicd, gicc, uart;
    struct {
        uint64_t base, bytes;
        uint32_t intid;
    } virtio[MACHINE_MAX_DEVICES];
    uint32_t virtio_count;
};

/** Filled by machine_read(). */
extern struct machine machine;

/** Read the device tree at `blob`; false if it isn't one. */
bool machine_read(const void *blob);

/* console.c: polled PL011. */

/** Switch it on; before any other. */
void console_start(void);
/** Print `text`; a newline becomes CR LF. */
void console_put(const char *text);
/** Print `value` in decimal. */
void console_put_number(uint64_t value);
/** Print `value` in hexadecimal with 0x. */
void console_put_hex(uint64_t value);
/** Wait for a line, without its newline; longer ones are cut. */
void console_get_line(char *line, size_t capacity);

/* gic.c */

/** Called from the interrupt vector: acknowledge, count, and end unless gic_hold is set. */
void gic_take(void);
extern volatile uint64_t gic_interrupts;
extern volatile bool gic_hold;
/** Enable the distributor, the CPU interface and `intid`. */
void gic_enable(uint32_t intid);
/** End the interrupts that were held, newest first, and hold no more. */
void gic_release(void);
void gic_mask_cpu(void);
void gic_unmask_cpu(void);

/* access.c: loads and stores of a given width at any address. */

/** Load `width_bytes` (1, 2, 4, 8); 0 if the load ended in an exception. */
uint64_t access_read(uint64_t address, uint32_t width_bytes);
/** Store the low `width_bytes` (1, 2, 4, 8) of `value`. */
void access_write(uint64_t address, uint32_t width_bytes, uint64_t value);

/* virtio.c: a driver that can do it right, to see whether the device still lives. */

#define VIRTIO_QUEUE_COUNT 4u
#define VIRTIO_QUEUE_SIZE 16u

/** struct virtq_desc (virtio 1.2, 2.7.5). */
struct virtio_desc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags, next;
};
enum virtio_desc_flags { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4 };

/** One virtqueue's memory. */
struct virtio_queue {
    struct virtio_desc desc[VIRTIO_QUEUE_SIZE] __attribute__((aligned(16)));
    struct {
        uint16_t flags, idx, ring[VIRTIO_QUEUE_SIZE], used_event;
    } avail __attribute__((aligned(4)));
    struct {
        uint16_t flags, idx;
        struct {
            uint32_t id, len;
        } ring[VIRTIO_QUEUE_SIZE];
        uint16_t avail_event;
    } used __attribute__((aligned(4)));
};

struct virtio_device {
    uint64_t base;
    uint32_t intid;
    uint32_t id;                 /**< virtio device id */
    struct virtio_queue *queues; /**< VIRTIO_QUEUE_COUNT of them */
    uint8_t *buffers;            /**< VIRTIO_BUFFER_BYTES of RAM for it */
};
#define VIRTIO_BUFFER_BYTES 0x20000u

/** Register offsets of virtio-mmio version 2 (virtio 1.2, section 4.2.2). */
enum virtio_register {
    REG_MAGIC = 0x000,
    REG_VERSION = 0x004,
    REG_DEVICE_ID = 0x008,
    REG_DEVICE_FEATURES = 0x010,
    REG_DEVICE_FEATURES_SEL = 0x014,
    REG_DRIVER_FEATURES = 0x020,
    REG_DRIVER_FEATURES_SEL = 0x024,
    REG_QUEUE_SEL = 0x030,
    REG_QUEUE_NUM_MAX = 0x034,
    REG_QUEUE_NUM = 0x038,
    REG_QUEUE_READY = 0x044,
    REG_QUEUE_NOTIFY = 0x050,
    REG_INTERRUPT_STATUS = 0x060,
    REG_INTERRUPT_ACK = 0x064,
    REG_STATUS = 0x070,
    REG_QUEUE_DESC_LOW = 0x080,
    REG_QUEUE_DRIVER_LOW = 0x090,
    REG_QUEUE_DEVICE_LOW = 0x0a0,
    REG_CONFIG_GENERATION = 0x0fc,
    REG_CONFIG = 0x100
};
/** Device status bits (virtio 1.2, 2.1). */
enum virtio_status {
    STATUS_ACK = 1,
    STATUS_DRIVER = 2,
    STATUS_DRIVER_OK = 4,
    STATUS_FEATURES_OK = 8,
    STATUS_NEEDS_RESET = 64,
    STATUS_FAILED = 128
};

/** Read the 32-bit register at `offset` (enum virtio_register). */
uint32_t virtio_read(const struct virtio_device *device, uint32_t offset);
/** Write the 32-bit register at `offset`. */
void virtio_write(const struct virtio_device *device, uint32_t offset, uint32_t value);

/** Reset; false if the device does not come back to status 0. */
bool virtio_reset(struct virtio_device *device);
/** Acknowledge and negotiate `features` of what is offered (VERSION_1 always); false if refused. */
bool virtio_negotiate(struct virtio_device *device, uint64_t features);
/** Clear queue `index`'s memory, hand it to the device and enable it. False: there is no such queue. */
bool virtio_queue_enable(struct virtio_device *device, uint32_t index);
/** Hand queue `index` over at any addresses and size, right or wrong. */
void virtio_queue_place(struct virtio_device *device, uint32_t index, uint32_t size, uint64_t desc,
                        uint64_t avail, uint64_t used);
void virtio_driver_ok(struct virtio_device *device);
/** Reset, negotiate, enable the first two queues (one if it has only one), DRIVER_OK. */
bool virtio_start(struct virtio_device *device);
/** Put descriptor `head` into queue `index`'s avail ring and notify. */
void virtio_submit(struct virtio_device *device, uint32_t index, uint16_t head);
/** Wait a bounded time until queue `index` has `count` used entries. */
bool virtio_wait_used(struct virtio_device *device, uint32_t index, uint16_t count);
/** The device-specific queue that takes device-readable buffers (net, console: 1; block: 0). */
uint32_t virtio_out_queue(const struct virtio_device *device);

/** The whole check: start it, do one harmless request, see it used. NULL if well, else what failed. */
const char *virtio_check_alive(struct virtio_device *device);

/* The catalogue. */

/** One attack. `device` is NULL for attacks on the machine. Returns when done; needs no clean-up. */
struct attack {
    const char *name;
    void (*run)(struct virtio_device *device, uint64_t parameter);
    uint64_t parameter;
};

/** Tables of attacks, each ended by an entry without a name. */
extern const struct attack attack_registers[]; /* on every virtio device */
extern const struct attack attack_queues[];
extern const struct attack attack_chains[];
extern const struct attack attack_payload_net[];   /* virtio-net only */
extern const struct attack attack_payload_block[]; /* virtio-blk only */
extern const struct attack attack_payload_console[];
extern const struct attack attack_machine[]; /* GIC, PSCI, memory, system registers: once a run */
