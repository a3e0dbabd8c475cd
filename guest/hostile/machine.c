/* SPDX-License-Identifier: BSD-2-Clause */
#include "guest/hostile/hostile.h"

#include "lib/base/mem.h"

struct machine machine;

uint64_t machine_ticks(void)
{
    uint64_t count;

    __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(count)::"memory");
    return count;
}

uint64_t machine_frequency(void)
{
    uint64_t frequency;

    __asm__ volatile("mrs %0, cntfrq_el0" : "=r"(frequency));
    return frequency;
}

/* The tree comes from our own VMM, so this reader trusts its structure and only looks for what it needs. */

static uint32_t be32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | (uint32_t)at[3];
}

static uint64_t be64(const uint8_t *at)
{
    return (uint64_t)be32(at) << 32 | be32(at + 4);
}

/* What was collected of the node being read. */
struct node {
    char kind; /* 'v'irtio, 'g'ic, 'u'art, 'm'emory, 'p'ci, 'i' frame of MSIs, 't'imer, 0 */
    const uint8_t *reg;
    uint32_t reg_bytes;
    const uint8_t *ranges; /* of a PCI host bridge */
    uint32_t ranges_bytes;
    uint32_t intid;
    uint32_t spi_first, spi_count;
    uint32_t interrupt_count;
};

static bool list_has(const uint8_t *list, uint32_t bytes, const char *text)
{
    size_t length = strlen(text) + 1;

    for (uint32_t at = 0; at + length <= bytes; at++) {
        if ((at == 0 || list[at - 1] == 0) && memcmp(list + at, text, length) == 0) {
            return true;
        }
    }
    return false;
}

static void node_property(struct node *node, const char *name, const uint8_t *value, uint32_t bytes)
{
    if (strcmp(name, "bootargs") == 0) {
        machine.bootargs = (const char *)value; /* of /chosen, with its NUL */
    } else if (strcmp(name, "reg") == 0) {
        node->reg = value;
        node->reg_bytes = bytes;
    } else if (strcmp(name, "ranges") == 0) {
        node->ranges = value;
        node->ranges_bytes = bytes;
    } else if (strcmp(name, "interrupts") == 0 && bytes >= 12) {
        node->interrupt_count = bytes / 12;
        node->intid = be32(value + 4) + (be32(value) == 0 ? 32u : 16u);
    } else if (strcmp(name, "device_type") == 0 && list_has(value, bytes, "memory")) {
        node->kind = 'm';
    } else if (strcmp(name, "compatible") == 0) {
        if (list_has(value, bytes, "virtio,mmio")) {
            node->kind = 'v';
        } else if (list_has(value, bytes, "arm,cortex-a15-gic") || list_has(value, bytes, "arm,gic-400")) {
            node->kind = 'g';
        } else if (list_has(value, bytes, "arm,gic-v3")) {
            node->kind = 'G';
        } else if (list_has(value, bytes, "arm,pl011")) {
            node->kind = 'u';
        } else if (list_has(value, bytes, "pci-host-ecam-generic")) {
            node->kind = 'p';
        } else if (list_has(value, bytes, "arm,gic-v2m-frame")) {
            node->kind = 'i';
        } else if (list_has(value, bytes, "arm,armv8-timer")) {
            node->kind = 't';
        }
    } else if (strcmp(name, "arm,msi-base-spi") == 0) {
        node->spi_first = be32(value);
    } else if (strcmp(name, "arm,msi-num-spis") == 0) {
        node->spi_count = be32(value);
    }
}

static void node_done(const struct node *node)
{
    if (node->kind == 't') {
        machine.has_physical_timer = node->interrupt_count > 1;
    }
    if (node->kind == 0 || node->reg_bytes < 16) {
        return;
    }
    if (node->kind == 'm') {
        machine.ram_base = be64(node->reg);
        machine.ram_bytes = be64(node->reg + 8);
    } else if (node->kind == 'g' && node->reg_bytes >= 32) {
        machine.gicd = be64(node->reg);
        machine.gicc = be64(node->reg + 16);
    } else if (node->kind == 'G' && node->reg_bytes >= 32) {
        machine.gicd = be64(node->reg);
        machine.gicr = be64(node->reg + 16);
    } else if (node->kind == 'u') {
        machine.uart = be64(node->reg);
        machine.uart_intid = node->intid;
    } else if (node->kind == 'p') {
        machine.ecam = be64(node->reg);
        machine.ecam_bytes = be64(node->reg + 8);
        /* An address of three cells on the bus, one of two as the CPU sees it, a size of two. */
        if (node->ranges_bytes >= 28) {
            machine.bars = be64(node->ranges + 12);
            machine.bars_bytes = be64(node->ranges + 20);
        }
    } else if (node->kind == 'i') {
        machine.msi_frame = be64(node->reg);
        machine.msi_spi_first = node->spi_first;
        machine.msi_spi_count = node->spi_count;
    } else if (node->kind == 'v' && machine.virtio_count < MACHINE_MAX_DEVICES) {
        machine.virtio[machine.virtio_count].base = be64(node->reg);
        machine.virtio[machine.virtio_count].bytes = be64(node->reg + 8);
        machine.virtio[machine.virtio_count].intid = node->intid;
        machine.virtio_count++;
    }
}

bool machine_read(const void *blob)
{
    const uint8_t *fdt = blob;
    const uint8_t *at = fdt + be32(fdt + 8), *strings = fdt + be32(fdt + 12);
    struct node node = {0};

    if (be32(fdt) != 0xd00dfeedu) {
        return false;
    }
    for (;;) {
        uint32_t token = be32(at);

        at += 4;
        if (token == 1) {
            node_done(&node);
            memset(&node, 0, sizeof node);
            at += (strlen((const char *)at) + 4) & ~3ul;
        } else if (token == 2) {
            node_done(&node);
            memset(&node, 0, sizeof node);
        } else if (token == 3) {
            node_property(&node, (const char *)strings + be32(at + 4), at + 8, be32(at));
            at += 8 + ((be32(at) + 3) & ~3u);
        } else if (token == 9) {
            return machine.uart != 0;
        }
    }
}

bool machine_argument(const char *name, char *value, size_t capacity)
{
    const size_t length = strlen(name);
    const char *at = machine.bootargs != NULL ? machine.bootargs : "";
    bool found = false;

    while (*at != '\0') {
        if (strncmp(at, name, length) == 0 && at[length] == '=') {
            size_t count = 0;

            for (at += length + 1; *at != '\0' && *at != ' ' && count + 1 < capacity; at++) {
                value[count++] = *at;
            }
            value[count] = '\0';
            found = true;
        }
        for (; *at != '\0' && *at != ' '; at++) {
        }
        at += *at == ' ';
    }
    return found;
}
