/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/fdt/fdt_guest_check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tool/base/range.h"

#define PAGE_BYTES 0x1000u
#define VIRTIO_ALIGN_BYTES 0x200u
#define ADDRESS_LIMIT (1ull << 39) /* stage-2 tables of 39 bits: kernel/include/sysdesc.h */
#define MPIDR_AFFINITY 0xff00ffffffull
#define FIRST_SPI 32u
#define SPI_LIMIT 1020u
#define RNG_SEED_LIMIT_BYTES 4096u
#define BUS_BYTES 0x100000u

__attribute__((format(printf, 3, 4))) static enum err fail(struct fdt_error *error, enum err err,
                                                           const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    return err;
}

/** A window of the guest's address space and who has it, to find overlaps. */
struct named_window {
    char name[40];
    struct fdt_range range;
};

struct windows {
    struct named_window *items;
    size_t count;
    size_t limit;
};

static enum err add_window(struct windows *windows, const char *name, struct fdt_range range,
                           uint64_t align_bytes, struct fdt_error *error)
{
    if (range.bytes == 0) {
        return fail(error, ERR_RANGE, "%s has no size", name);
    }
    if (range.gpa % align_bytes != 0 || range.bytes % align_bytes != 0) {
        return fail(error, ERR_ALIGN,
                    "%s at 0x%" PRIx64 " (0x%" PRIx64 " bytes) is not a multiple of 0x%" PRIx64, name,
                    range.gpa, range.bytes, align_bytes);
    }
    if (range.gpa >= ADDRESS_LIMIT || range.bytes > ADDRESS_LIMIT - range.gpa) {
        return fail(error, ERR_RANGE, "%s at 0x%" PRIx64 " lies beyond the 39-bit address space", name,
                    range.gpa);
    }
    for (size_t i = 0; i < windows->count; i++) {
        const struct named_window *other = &windows->items[i];
        if (range_overlaps(range.gpa, range.bytes, other->range.gpa, other->range.bytes)) {
            return fail(error, ERR_RANGE, "%s at 0x%" PRIx64 " overlaps %s at 0x%" PRIx64, name, range.gpa,
                        other->name, other->range.gpa);
        }
    }
    if (windows->count == windows->limit) {
        return fail(error, ERR_SPACE, "more than %zu register windows", windows->limit);
    }
    snprintf(windows->items[windows->count].name, sizeof windows->items[0].name, "%s", name);
    windows->items[windows->count++].range = range;
    return ERR_OK;
}

static enum err check_cpus(const struct fdt_guest *guest, struct fdt_error *error)
{
    if (guest->cpu_count == 0 || guest->cpu_count > FDT_GUEST_MAX_CPUS) {
        return fail(error, ERR_RANGE, "%u CPUs, where 1 to %u are possible", guest->cpu_count,
                    FDT_GUEST_MAX_CPUS);
    }
    for (uint32_t i = 0; i < guest->cpu_count; i++) {
        if ((guest->mpidrs[i] & ~MPIDR_AFFINITY) != 0) {
            return fail(error, ERR_RANGE, "CPU %u: MPIDR 0x%" PRIx64 " has more than affinity fields", i,
                        guest->mpidrs[i]);
        }
        for (uint32_t j = 0; j < i; j++) {
            if (guest->mpidrs[i] == guest->mpidrs[j]) {
                return fail(error, ERR_RANGE, "CPUs %u and %u have the same MPIDR 0x%" PRIx64, j, i,
                            guest->mpidrs[i]);
            }
        }
    }
    return ERR_OK;
}

/** Mark an SPI as taken in the bitmap `taken` of SPI_LIMIT bits. */
static enum err take_spi(uint8_t *taken, const char *name, uint32_t intid, struct fdt_error *error)
{
    if (intid < FIRST_SPI || intid >= SPI_LIMIT) {
        return fail(error, ERR_RANGE, "%s: interrupt %u is no shared peripheral interrupt (32 to 1019)", name,
                    intid);
    }
    if ((taken[intid / 8] & 1u << intid % 8) != 0) {
        return fail(error, ERR_RANGE, "%s: interrupt %u is taken by another device", name, intid);
    }
    taken[intid / 8] |= (uint8_t)(1u << intid % 8);
    return ERR_OK;
}

static enum err check_pci(const struct fdt_pci *pci, struct windows *windows, uint8_t *taken,
                          struct fdt_error *error)
{
    enum err err;
    if (pci->ecam.bytes % BUS_BYTES != 0 || (pci->ecam.bytes & (pci->ecam.bytes - 1)) != 0 ||
        pci->ecam.bytes > 256 * (uint64_t)BUS_BYTES) {
        return fail(error, ERR_RANGE,
                    "PCI configuration space is 0x%" PRIx64 " bytes, not 1 MiB for each of 1 to 256 buses",
                    pci->ecam.bytes);
    }
    if (pci->window.gpa >> 32 != 0 || (pci->window.gpa + pci->window.bytes - 1) >> 32 != 0) {
        return fail(error, ERR_RANGE, "the 32-bit PCI window at 0x%" PRIx64 " reaches beyond 4 GiB",
                    pci->window.gpa);
    }
    err = add_window(windows, "PCI configuration space", pci->ecam, BUS_BYTES, error);
    if (err == ERR_OK) {
        err = add_window(windows, "PCI window", pci->window, PAGE_BYTES, error);
    }
    if (err == ERR_OK && pci->window64.bytes != 0) {
        err = add_window(windows, "64-bit PCI window", pci->window64, PAGE_BYTES, error);
    }
    if (err == ERR_OK) {
        err = add_window(windows, "MSI frame", pci->msi_frame, PAGE_BYTES, error);
    }
    if (err == ERR_OK && (pci->msi_spi_count == 0 || pci->msi_spi_count > SPI_LIMIT)) {
        return fail(error, ERR_RANGE, "MSI frame: %u interrupts", pci->msi_spi_count);
    }
    for (uint32_t i = 0; err == ERR_OK && i < pci->msi_spi_count; i++) {
        err = take_spi(taken, "MSI frame", pci->msi_spi_first + i, error);
    }
    return err;
}

static enum err check_passed(const struct fdt_guest *guest, struct windows *windows, uint8_t *taken,
                             struct fdt_error *error)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < guest->passed_window_count && err == ERR_OK; i++) {
        err = add_window(windows, "passed-through device", guest->passed_windows[i], PAGE_BYTES, error);
    }
    for (size_t i = 0; i < guest->passed_intid_count && err == ERR_OK; i++) {
        err = take_spi(taken, "passed-through device", guest->passed_intids[i], error);
    }
    return err;
}

static enum err check_devices(const struct fdt_guest *guest, struct windows *windows, struct fdt_error *error)
{
    uint8_t taken[SPI_LIMIT / 8 + 1] = {0};
    enum err err = add_window(windows, "GIC distributor", guest->gicd, PAGE_BYTES, error);
    if (err == ERR_OK) {
        err = guest->gicr.bytes != 0
                  ? add_window(windows, "GIC redistributors", guest->gicr, PAGE_BYTES, error)
                  : add_window(windows, "GIC CPU interface", guest->gicc, PAGE_BYTES, error);
    }
    if (err == ERR_OK && guest->pl011.window.bytes != 0) {
        err = add_window(windows, "PL011", guest->pl011.window, PAGE_BYTES, error);
        if (err == ERR_OK) {
            err = take_spi(taken, "PL011", guest->pl011.intid, error);
        }
    }
    if (err == ERR_OK && guest->rom.bytes != 0) {
        err = add_window(windows, "the firmware's ROM", guest->rom, PAGE_BYTES, error);
    }
    if (err == ERR_OK && guest->flash.bytes != 0) {
        err = add_window(windows, "flash", guest->flash, PAGE_BYTES, error);
    }
    if (err == ERR_OK && guest->rtc.window.bytes != 0) {
        err = add_window(windows, "PL031", guest->rtc.window, PAGE_BYTES, error);
        if (err == ERR_OK) {
            err = take_spi(taken, "PL031", guest->rtc.intid, error);
        }
    }
    if (err == ERR_OK && guest->watchdog.window.bytes != 0) {
        err = add_window(windows, "watchdog", guest->watchdog.window, 2 * PAGE_BYTES, error);
        if (err == ERR_OK) {
            err = take_spi(taken, "watchdog", guest->watchdog.intid, error);
        }
    }
    for (size_t i = 0; err == ERR_OK && i < guest->virtio_count; i++) {
        char name[40];
        snprintf(name, sizeof name, "virtio device %zu", i);
        err = add_window(windows, name, guest->virtio[i].window, VIRTIO_ALIGN_BYTES, error);
        if (err == ERR_OK) {
            err = take_spi(taken, name, guest->virtio[i].intid, error);
        }
    }
    if (err == ERR_OK && guest->pci.ecam.bytes != 0) {
        err = check_pci(&guest->pci, windows, taken, error);
    }
    return err == ERR_OK ? check_passed(guest, windows, taken, error) : err;
}

static bool is_inside(const struct fdt_range *inner, const struct fdt_range *outer)
{
    return inner->gpa >= outer->gpa && inner->bytes <= outer->bytes &&
           inner->gpa - outer->gpa <= outer->bytes - inner->bytes;
}

/** A node name of the Devicetree Specification, 2.2.1, without unit address. */
static bool is_node_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789,._+-";
    size_t length = name == NULL ? 0 : strlen(name);
    return length > 0 && length <= 31 && strspn(name, allowed) == length;
}

static enum err check_memory(const struct fdt_guest *guest, struct fdt_error *error)
{
    if (guest->initrd.bytes != 0 && !is_inside(&guest->initrd, &guest->ram)) {
        return fail(error, ERR_RANGE, "the initrd at 0x%" PRIx64 " (0x%" PRIx64 " bytes) is not inside RAM",
                    guest->initrd.gpa, guest->initrd.bytes);
    }
    for (size_t i = 0; i < guest->reserved_count; i++) {
        const struct fdt_reserved *reserved = &guest->reserved[i];
        if (!is_node_name(reserved->name)) {
            return fail(error, ERR_RANGE, "reserved memory at 0x%" PRIx64 " has no valid node name",
                        reserved->range.gpa);
        }
        if (reserved->range.bytes == 0 || !is_inside(&reserved->range, &guest->ram)) {
            return fail(error, ERR_RANGE, "reserved memory \"%s\" at 0x%" PRIx64 " is not inside RAM",
                        reserved->name, reserved->range.gpa);
        }
        for (size_t j = 0; j < i; j++) {
            const struct fdt_range *other = &guest->reserved[j].range;
            if (reserved->range.gpa < other->gpa + other->bytes &&
                other->gpa < reserved->range.gpa + reserved->range.bytes) {
                return fail(error, ERR_RANGE, "reserved memory \"%s\" overlaps \"%s\"", reserved->name,
                            guest->reserved[j].name);
            }
        }
    }
    if (guest->rng_seed != NULL &&
        (guest->rng_seed_bytes == 0 || guest->rng_seed_bytes > RNG_SEED_LIMIT_BYTES)) {
        return fail(error, ERR_RANGE, "the rng-seed has %zu bytes, where 1 to %u are possible",
                    guest->rng_seed_bytes, RNG_SEED_LIMIT_BYTES);
    }
    return ERR_OK;
}

enum err fdt_guest_check(const struct fdt_guest *guest, struct fdt_error *error)
{
    struct named_window items[128];
    struct windows windows = {.items = items, .count = 0, .limit = sizeof items / sizeof items[0]};
    enum err err = check_cpus(guest, error);
    if (err == ERR_OK) {
        err = add_window(&windows, "RAM", guest->ram, PAGE_BYTES, error);
    }
    if (err == ERR_OK) {
        err = check_devices(guest, &windows, error);
    }
    return err == ERR_OK ? check_memory(guest, error) : err;
}
