/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <libfdt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/fdt/fdt_board.h"
#include "tool/fdt/fdt_custom.h"

#define PATH_BYTES 128u
#define MEMORY_MAX 32u
#define AFFINITY 0xff00ffffffull
enum { VIRTUAL_TIMER_PPI = 11, VIRTUAL_TIMER_ENTRY = 2 };

struct checker {
    const void *dtb;
    const struct fdt_guest *guest;
    const struct fdt_reporter *reporter;
    unsigned int count;
};

__attribute__((format(printf, 2, 3))) static void disagree(struct checker *checker, const char *format, ...)
{
    struct fdt_error error;
    va_list args;
    va_start(args, format);
    vsnprintf(error.text, sizeof error.text, format, args);
    va_end(args);
    checker->reporter->report(checker->reporter->context, error.text);
    checker->count++;
}

static bool has_type(const struct checker *checker, int node, const char *type)
{
    const char *found = fdt_board_string(checker->dtb, node, "device_type");
    return found != NULL && strcmp(found, type) == 0;
}

static int compare_ranges(const void *a, const void *b)
{
    const struct fdt_range *one = a;
    const struct fdt_range *other = b;
    return one->gpa < other->gpa ? -1 : one->gpa > other->gpa;
}

/** All memory nodes together have to be the guest's RAM. */
static void check_memory(struct checker *checker)
{
    const struct fdt_range *ram = &checker->guest->ram;
    struct fdt_range ranges[MEMORY_MAX];
    struct fdt_error error = {{0}};
    uint64_t end;
    size_t count = 0;
    for (int node = 0; node >= 0; node = fdt_next_node(checker->dtb, node, NULL)) {
        for (unsigned int i = 0; has_type(checker, node, "memory") && count < MEMORY_MAX &&
                                 fdt_board_window(checker->dtb, node, i, &ranges[count], &error) == ERR_OK;
             i++) {
            count++;
        }
    }
    if (count == 0) {
        disagree(checker, "it has no memory node; the guest has 0x%" PRIx64 " bytes at 0x%" PRIx64,
                 ram->bytes, ram->gpa);
        return;
    }
    qsort(ranges, count, sizeof ranges[0], compare_ranges);
    end = ranges[0].gpa;
    for (size_t i = 0; i < count && ranges[i].gpa == end; i++) {
        end += ranges[i].bytes;
    }
    if (ranges[0].gpa != ram->gpa || end != ram->gpa + ram->bytes || ranges[count - 1].gpa >= end) {
        disagree(checker,
                 "its memory starts at 0x%" PRIx64 " with 0x%" PRIx64 " bytes; the guest has 0x%" PRIx64
                 " bytes at 0x%" PRIx64,
                 ranges[0].gpa, ranges[0].bytes, ram->bytes, ram->gpa);
    }
}

/** A CPU node's affinity: `reg` of one or two cells. */
static bool read_affinity(const void *dtb, int node, uint64_t *affinity)
{
    int bytes = 0;
    const fdt32_t *cells = fdt_getprop(dtb, node, "reg", &bytes);
    if (cells == NULL || (bytes != 4 && bytes != 8)) {
        return false;
    }
    *affinity =
        bytes == 4 ? fdt32_to_cpu(cells[0]) : (uint64_t)fdt32_to_cpu(cells[0]) << 32 | fdt32_to_cpu(cells[1]);
    return true;
}

static void check_cpu(struct checker *checker, int node, bool *seen)
{
    const struct fdt_guest *guest = checker->guest;
    const char *method = fdt_board_string(checker->dtb, node, "enable-method");
    uint64_t affinity = 0;
    uint32_t i = 0;
    char path[PATH_BYTES];
    fdt_board_path(checker->dtb, node, path, sizeof path);
    if (!read_affinity(checker->dtb, node, &affinity)) {
        disagree(checker, "%s has no reg that can be read", path);
        return;
    }
    while (i < guest->cpu_count && (guest->mpidrs[i] & AFFINITY) != affinity) {
        i++;
    }
    if (i == guest->cpu_count) {
        disagree(checker, "it has CPU 0x%" PRIx64 " (%s), which the guest does not have", affinity, path);
        return;
    }
    seen[i] = true;
    if (guest->cpu_count > 1 && (method == NULL || strcmp(method, "psci") != 0)) {
        disagree(checker, "%s has to have enable-method \"psci\"", path);
    }
}

static void check_cpus(struct checker *checker)
{
    bool seen[FDT_GUEST_MAX_CPUS] = {false};
    for (int node = 0; node >= 0; node = fdt_next_node(checker->dtb, node, NULL)) {
        if (has_type(checker, node, "cpu") && fdt_board_is_enabled(checker->dtb, node)) {
            check_cpu(checker, node, seen);
        }
    }
    for (uint32_t i = 0; i < checker->guest->cpu_count; i++) {
        if (!seen[i]) {
            disagree(checker, "it lacks CPU 0x%" PRIx64 " of the guest", checker->guest->mpidrs[i]);
        }
    }
}

static int find_compatible(const struct checker *checker, const char *first, const char *second)
{
    int node = fdt_node_offset_by_compatible(checker->dtb, -1, first);
    return node >= 0 ? node : fdt_node_offset_by_compatible(checker->dtb, -1, second);
}

static void check_psci(struct checker *checker)
{
    int node = find_compatible(checker, "arm,psci-1.0", "arm,psci-0.2");
    const char *method = node < 0 ? NULL : fdt_board_string(checker->dtb, node, "method");
    if (method == NULL || (strcmp(method, "hvc") != 0 && strcmp(method, "smc") != 0)) {
        disagree(checker,
                 "it has no PSCI node (\"arm,psci-0.2\" or \"arm,psci-1.0\") with method \"hvc\" or \"smc\"");
    }
}

static void check_timer(struct checker *checker)
{
    int bytes = 0;
    int node = find_compatible(checker, "arm,armv8-timer", "arm,armv8-timer");
    const fdt32_t *cells = node < 0 ? NULL : fdt_getprop(checker->dtb, node, "interrupts", &bytes);
    const int at = 3 * VIRTUAL_TIMER_ENTRY + 1;
    if (cells == NULL || bytes < 4 * (at + 2) || fdt32_to_cpu(cells[at]) != VIRTUAL_TIMER_PPI) {
        disagree(checker, "it has no \"arm,armv8-timer\" whose third interrupt is PPI %d, the virtual timer",
                 VIRTUAL_TIMER_PPI);
    }
}

static void check_gic(struct checker *checker)
{
    const struct fdt_guest *guest = checker->guest;
    const bool is_v3 = guest->gicr.bytes != 0;
    int node = is_v3 ? find_compatible(checker, "arm,gic-v3", "arm,gic-v3")
                     : find_compatible(checker, "arm,cortex-a15-gic", "arm,gic-400");
    const struct fdt_range *expected[] = {&guest->gicd, is_v3 ? &guest->gicr : &guest->gicc};
    const char *const names[] = {"distributor", is_v3 ? "redistributor" : "CPU interface"};
    if (node < 0) {
        disagree(checker, "%s",
                 is_v3 ? "it has no \"arm,gic-v3\"; the guest has a GICv3"
                       : "it has no \"arm,cortex-a15-gic\" or \"arm,gic-400\"; the guest has a GICv2");
        return;
    }
    for (unsigned int i = 0; i < 2; i++) {
        struct fdt_range window;
        struct fdt_error error = {{0}};
        if (fdt_board_window(checker->dtb, node, i, &window, &error) != ERR_OK ||
            window.gpa != expected[i]->gpa) {
            disagree(checker, "its GIC %s is not at 0x%" PRIx64 ", where the guest has it", names[i],
                     expected[i]->gpa);
        }
    }
}

/** The enabled node compatible with `compatible` whose first window starts at `gpa`, or negative. */
static int find_device(const struct checker *checker, const char *compatible, uint64_t gpa)
{
    int node = fdt_node_offset_by_compatible(checker->dtb, -1, compatible);
    while (node >= 0) {
        struct fdt_range window;
        struct fdt_error error;
        if (fdt_board_is_enabled(checker->dtb, node) &&
            fdt_board_window(checker->dtb, node, 0, &window, &error) == ERR_OK && window.gpa == gpa) {
            return node;
        }
        node = fdt_node_offset_by_compatible(checker->dtb, node, compatible);
    }
    return node;
}

static void check_device(struct checker *checker, const char *compatible, const struct fdt_device *device)
{
    struct fdt_board_device found = {.irq_count = 0};
    struct fdt_error error = {{0}};
    int node = find_device(checker, compatible, device->window.gpa);
    if (node < 0 && device->optional) {
        return;
    }
    if (node < 0) {
        disagree(checker, "it lacks the guest's \"%s\" at 0x%" PRIx64, compatible, device->window.gpa);
        return;
    }
    if (fdt_board_irqs(checker->dtb, node, &found, &error) != ERR_OK || found.irq_count != 1 ||
        found.irqs[0].intid != device->intid || found.irqs[0].edge != device->edge) {
        disagree(checker, "its \"%s\" at 0x%" PRIx64 " has to have one interrupt, SPI %u, %s", compatible,
                 device->window.gpa, device->intid - 32, device->edge ? "edge-triggered" : "level-sensitive");
    }
}

/** The PCI host bridge and the frame for MSIs, where there are devices behind it. */
static void check_pci(struct checker *checker)
{
    const struct fdt_pci *pci = &checker->guest->pci;
    if (find_device(checker, "pci-host-ecam-generic", pci->ecam.gpa) < 0) {
        disagree(checker, "it lacks the guest's \"pci-host-ecam-generic\" at 0x%" PRIx64, pci->ecam.gpa);
    }
    if (find_device(checker, "arm,gic-v2m-frame", pci->msi_frame.gpa) < 0) {
        disagree(checker, "it lacks the guest's \"arm,gic-v2m-frame\" at 0x%" PRIx64, pci->msi_frame.gpa);
    }
}

static bool is_inside(const struct fdt_range *inner, const struct fdt_range *outer)
{
    return outer->bytes != 0 && inner->gpa >= outer->gpa &&
           inner->gpa - outer->gpa < outer->bytes; /* its length is the driver's business */
}

/** Whether registers at `window` are something the guest has. */
static bool is_known(const struct fdt_guest *guest, const struct fdt_range *window)
{
    bool known = is_inside(window, &guest->ram) || is_inside(window, &guest->gicd) ||
                 is_inside(window, &guest->gicc) || is_inside(window, &guest->pl011.window) ||
                 is_inside(window, &guest->rtc.window) || is_inside(window, &guest->watchdog.window) ||
                 is_inside(window, &guest->gicr) || is_inside(window, &guest->pci.ecam) ||
                 is_inside(window, &guest->pci.msi_frame);
    for (size_t i = 0; i < guest->virtio_count; i++) {
        known |= is_inside(window, &guest->virtio[i].window);
    }
    for (size_t i = 0; i < guest->passed_window_count; i++) {
        known |= is_inside(window, &guest->passed_windows[i]);
    }
    return known;
}

/** An enabled node with registers where the guest has nothing would make its driver fault. */
static void check_strangers(struct checker *checker)
{
    for (int node = fdt_next_node(checker->dtb, 0, NULL); node >= 0;
         node = fdt_next_node(checker->dtb, node, NULL)) {
        struct fdt_range window;
        struct fdt_error error;
        char path[PATH_BYTES];
        if (has_type(checker, node, "memory") || has_type(checker, node, "cpu") ||
            fdt_board_is_gic(checker->dtb, node) || !fdt_board_is_enabled(checker->dtb, node)) {
            continue;
        }
        for (unsigned int i = 0; fdt_board_window(checker->dtb, node, i, &window, &error) == ERR_OK; i++) {
            if (window.bytes != 0 && !is_known(checker->guest, &window)) {
                disagree(checker, "%s has registers at 0x%" PRIx64 ", where the guest has no device",
                         fdt_board_path(checker->dtb, node, path, sizeof path), window.gpa);
            }
        }
    }
}

unsigned int fdt_custom_check(const void *dtb, const struct fdt_guest *guest,
                              const struct fdt_reporter *reporter)
{
    struct checker checker = {dtb, guest, reporter, 0};
    check_memory(&checker);
    check_cpus(&checker);
    check_psci(&checker);
    check_timer(&checker);
    check_gic(&checker);
    if (guest->pl011.window.bytes != 0) {
        check_device(&checker, "arm,pl011", &guest->pl011);
    }
    if (guest->rtc.window.bytes != 0) {
        check_device(&checker, "arm,pl031", &guest->rtc);
    }
    for (size_t i = 0; i < guest->virtio_count; i++) {
        check_device(&checker, "virtio,mmio", &guest->virtio[i]);
    }
    if (guest->pci.ecam.bytes != 0) {
        check_pci(&checker);
    }
    check_strangers(&checker);
    return checker.count;
}
