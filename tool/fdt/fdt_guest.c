/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/fdt/fdt_guest.h"

#include <inttypes.h>
#include <libfdt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/fdt/fdt_guest_check.h"

#define FIRST_BYTES 0x2000u
#define LIMIT_BYTES 0x100000u
#define NODE_NAME_BYTES 64u
#define UART_CLOCK_HZ 24000000u

/* Cells of an interrupt specifier: interrupt-controller/arm,gic.yaml. */
enum { GIC_SPI = 0, GIC_PPI = 1 };
enum { IRQ_EDGE_RISING = 1, IRQ_LEVEL_HIGH = 4, IRQ_LEVEL_LOW = 8 };
enum { FIRST_PPI = 16, FIRST_SPI = 32 };

/**
 * A sequential writer. The first libfdt error sticks and later calls do nothing, so that the code that
 * describes the tree needs no error handling of its own.
 */
struct writer {
    void *fdt;
    int error;
};

static void keep(struct writer *w, int error)
{
    if (w->error == 0) {
        w->error = error;
    }
}

static void begin(struct writer *w, const char *name)
{
    if (w->error == 0) {
        keep(w, fdt_begin_node(w->fdt, name));
    }
}

static void begin_at(struct writer *w, const char *name, uint64_t address)
{
    char full[NODE_NAME_BYTES];
    snprintf(full, sizeof full, "%s@%" PRIx64, name, address);
    begin(w, full);
}

static void end(struct writer *w)
{
    if (w->error == 0) {
        keep(w, fdt_end_node(w->fdt));
    }
}

static void put(struct writer *w, const char *name, const void *value, size_t bytes)
{
    if (w->error == 0) {
        keep(w, fdt_property(w->fdt, name, value, (int)bytes));
    }
}

static void put_flag(struct writer *w, const char *name)
{
    put(w, name, NULL, 0);
}

static void put_string(struct writer *w, const char *name, const char *value)
{
    put(w, name, value, strlen(value) + 1);
}

static void put_cell(struct writer *w, const char *name, uint32_t value)
{
    if (w->error == 0) {
        keep(w, fdt_property_u32(w->fdt, name, value));
    }
}

static void put_u64(struct writer *w, const char *name, uint64_t value)
{
    if (w->error == 0) {
        keep(w, fdt_property_u64(w->fdt, name, value));
    }
}

#define CELLS_MAX 32
static void put_cells(struct writer *w, const char *name, const uint32_t *cells, size_t count)
{
    fdt32_t out[CELLS_MAX];
    for (size_t i = 0; i < count; i++) {
        out[i] = cpu_to_fdt32(cells[i]);
    }
    put(w, name, out, count * sizeof out[0]);
}

/** `reg` of two address and two size cells for each range. */
static void put_reg(struct writer *w, const struct fdt_range *ranges, size_t count)
{
    fdt64_t out[8];
    for (size_t i = 0; i < count; i++) {
        out[2 * i] = cpu_to_fdt64(ranges[i].gpa);
        out[2 * i + 1] = cpu_to_fdt64(ranges[i].bytes);
    }
    put(w, "reg", out, 2 * count * sizeof out[0]);
}

static void put_spi(struct writer *w, uint32_t intid, bool edge)
{
    const uint32_t cells[] = {GIC_SPI, intid - FIRST_SPI,
                              edge ? (uint32_t)IRQ_EDGE_RISING : (uint32_t)IRQ_LEVEL_HIGH};
    put_cells(w, "interrupts", cells, 3);
}

static void put_address_cells(struct writer *w)
{
    put_cell(w, "#address-cells", 2);
    put_cell(w, "#size-cells", 2);
}

/** chosen.yaml. */
static void write_chosen(struct writer *w, const struct fdt_guest *guest)
{
    begin(w, "chosen");
    if (guest->bootargs != NULL) {
        put_string(w, "bootargs", guest->bootargs);
    }
    if (guest->initrd.bytes != 0) {
        put_u64(w, "linux,initrd-start", guest->initrd.gpa);
        put_u64(w, "linux,initrd-end", guest->initrd.gpa + guest->initrd.bytes);
    }
    if (guest->stdout_path != NULL) {
        put_string(w, "stdout-path", guest->stdout_path);
    } else if (guest->pl011.window.bytes != 0) {
        char path[NODE_NAME_BYTES];
        snprintf(path, sizeof path, "/serial@%" PRIx64, guest->pl011.window.gpa);
        put_string(w, "stdout-path", path);
    }
    if (guest->rng_seed != NULL) {
        put(w, "rng-seed", guest->rng_seed, guest->rng_seed_bytes);
    }
    if (guest->has_kaslr_seed) {
        put_u64(w, "kaslr-seed", guest->kaslr_seed);
    }
    put_cell(w, "phandle", FDT_GUEST_PHANDLE_CHOSEN);
    end(w);
}

static void write_memory(struct writer *w, const struct fdt_guest *guest)
{
    begin_at(w, "memory", guest->ram.gpa);
    put_string(w, "device_type", "memory");
    put_reg(w, &guest->ram, 1);
    put_cell(w, "phandle", FDT_GUEST_PHANDLE_MEMORY);
    end(w);
    if (guest->reserved_count == 0) {
        return;
    }
    begin(w, "reserved-memory");
    put_address_cells(w);
    put_flag(w, "ranges");
    for (size_t i = 0; i < guest->reserved_count; i++) {
        begin_at(w, guest->reserved[i].name, guest->reserved[i].range.gpa);
        put_reg(w, &guest->reserved[i].range, 1);
        if (guest->reserved[i].no_map) {
            put_flag(w, "no-map");
        }
        end(w);
    }
    end(w);
}

/** arm/cpus.yaml: `reg` is the affinity; one cell is enough while Aff3 is 0 everywhere. */
static void write_cpus(struct writer *w, const struct fdt_guest *guest)
{
    uint32_t cells = 1;
    for (uint32_t i = 0; i < guest->cpu_count; i++) {
        if (guest->mpidrs[i] >> 32 != 0) {
            cells = 2;
        }
    }
    begin(w, "cpus");
    put_cell(w, "#address-cells", cells);
    put_cell(w, "#size-cells", 0);
    for (uint32_t i = 0; i < guest->cpu_count; i++) {
        begin_at(w, "cpu", guest->mpidrs[i]);
        put_string(w, "device_type", "cpu");
        put_string(w, "compatible", guest->cpu_compatible != NULL ? guest->cpu_compatible : "arm,armv8");
        if (cells == 2) {
            put_u64(w, "reg", guest->mpidrs[i]);
        } else {
            put_cell(w, "reg", (uint32_t)guest->mpidrs[i]);
        }
        put_string(w, "enable-method", "psci");
        end(w);
    }
    end(w);
}

static void write_psci(struct writer *w, const struct fdt_guest *guest)
{
    static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2";
    begin(w, "psci");
    put(w, "compatible", compatible, sizeof compatible);
    put_string(w, "method", guest->psci_by_smc ? "smc" : "hvc");
    put_cell(w, "phandle", FDT_GUEST_PHANDLE_PSCI);
    end(w);
}

/** The GICv2m frame of PCI's MSIs: interrupt-controller/arm,gic.yaml, "v2m". */
static void write_msi_frame(struct writer *w, const struct fdt_pci *pci)
{
    begin_at(w, "v2m", pci->msi_frame.gpa);
    put_string(w, "compatible", "arm,gic-v2m-frame");
    put_flag(w, "msi-controller");
    put_reg(w, &pci->msi_frame, 1);
    put_cell(w, "arm,msi-base-spi", pci->msi_spi_first);
    put_cell(w, "arm,msi-num-spis", pci->msi_spi_count);
    put_cell(w, "phandle", FDT_GUEST_PHANDLE_V2M);
    end(w);
}

static void write_gic(struct writer *w, const struct fdt_guest *guest)
{
    static const char compatible[] = "arm,cortex-a15-gic\0arm,gic-400";
    const bool is_v3 = guest->gicr.bytes != 0;
    const struct fdt_range windows[] = {guest->gicd, is_v3 ? guest->gicr : guest->gicc};
    begin_at(w, "interrupt-controller", guest->gicd.gpa);
    if (is_v3) {
        put_string(w, "compatible", "arm,gic-v3");
        put_cell(w, "#redistributor-regions", 1);
    } else {
        put(w, "compatible", compatible, strlen(compatible) + 1);
    }
    put_cell(w, "#interrupt-cells", 3);
    put_flag(w, "interrupt-controller");
    put_reg(w, windows, 2);
    put_address_cells(w);
    put_flag(w, "ranges");
    put_cell(w, "phandle", FDT_GUEST_PHANDLE_GIC);
    if (guest->pci.ecam.bytes != 0) {
        write_msi_frame(w, &guest->pci);
    }
    end(w);
}

/**
 * timer/arm,arch_timer.yaml: the physical and the virtual timer of EL1. Who reads the list without names
 * expects a secure world's timer before the two, so it is there, as Xen has it; a guest has no secure world
 * to use it from. A guest with its virtual timer alone says so by name.
 */
static void write_timer(struct writer *w, const struct fdt_guest *guest)
{
    static const uint32_t intids[] = {29, 30, 27};
    const size_t first = guest->no_physical_timer ? 2 : 0;
    /* With a GICv2 a PPI's flags name the CPUs that have it. */
    const uint32_t cpus = guest->gicr.bytes != 0 ? 0 : ((1u << guest->cpu_count) - 1) << 8;
    const uint32_t flags = cpus | IRQ_LEVEL_LOW;
    uint32_t cells[9];
    for (size_t i = 0; i < 3; i++) {
        cells[3 * i] = GIC_PPI;
        cells[3 * i + 1] = intids[i] - FIRST_PPI;
        cells[3 * i + 2] = flags;
    }
    begin(w, "timer");
    put_string(w, "compatible", "arm,armv8-timer");
    put_cells(w, "interrupts", cells + 3 * first, 9 - 3 * first);
    if (guest->no_physical_timer) {
        put_string(w, "interrupt-names", "virt");
    }
    put_flag(w, "always-on");
    put_cell(w, "phandle", FDT_GUEST_PHANDLE_TIMER);
    end(w);
}

/** The fixed clock that PrimeCells need. */
static void write_clock(struct writer *w, const struct fdt_guest *guest)
{
    if (guest->pl011.window.bytes == 0 && guest->rtc.window.bytes == 0) {
        return;
    }
    begin(w, "clock-24000000");
    put_string(w, "compatible", "fixed-clock");
    put_cell(w, "#clock-cells", 0);
    put_cell(w, "clock-frequency", UART_CLOCK_HZ);
    /* Linux registers clocks by name: not one that a clock of the board, passed through, could have. */
    put_string(w, "clock-output-names", "guest-uartclk");
    put_cell(w, "phandle", FDT_GUEST_PHANDLE_CLOCK);
    end(w);
}

/** serial/pl011.yaml. */
static void write_pl011(struct writer *w, const struct fdt_device *uart)
{
    static const char compatible[] = "arm,pl011\0arm,primecell";
    static const char clock_names[] = "uartclk\0apb_pclk";
    static const uint32_t clocks[] = {FDT_GUEST_PHANDLE_CLOCK, FDT_GUEST_PHANDLE_CLOCK};
    if (uart->window.bytes == 0) {
        return;
    }
    begin_at(w, "serial", uart->window.gpa);
    put(w, "compatible", compatible, sizeof compatible);
    put_reg(w, &uart->window, 1);
    put_spi(w, uart->intid, uart->edge);
    put_cells(w, "clocks", clocks, 2);
    put(w, "clock-names", clock_names, sizeof clock_names);
    put_cell(w, "phandle", FDT_GUEST_PHANDLE_UART);
    end(w);
}

/** rtc/arm,pl031.yaml. */
static void write_rtc(struct writer *w, const struct fdt_device *rtc)
{
    static const char compatible[] = "arm,pl031\0arm,primecell";
    static const uint32_t clocks[] = {FDT_GUEST_PHANDLE_CLOCK};
    if (rtc->window.bytes == 0) {
        return;
    }
    begin_at(w, "rtc", rtc->window.gpa);
    put(w, "compatible", compatible, sizeof compatible);
    put_reg(w, &rtc->window, 1);
    put_spi(w, rtc->intid, rtc->edge);
    put_cells(w, "clocks", clocks, 1);
    put_string(w, "clock-names", "apb_pclk");
    put_cell(w, "phandle", FDT_GUEST_PHANDLE_RTC);
    end(w);
}

/** watchdog/arm,sbsa-gwdt.yaml; "timeout-sec" is of watchdog/watchdog.yaml. */
static void write_watchdog(struct writer *w, const struct fdt_guest *guest)
{
    const struct fdt_device *watchdog = &guest->watchdog;
    const uint64_t frame_bytes = watchdog->window.bytes / 2;
    const struct fdt_range frames[] = {{watchdog->window.gpa, frame_bytes},
                                       {watchdog->window.gpa + frame_bytes, frame_bytes}};
    if (watchdog->window.bytes == 0) {
        return;
    }
    begin_at(w, "watchdog", watchdog->window.gpa);
    put_string(w, "compatible", "arm,sbsa-gwdt");
    put_reg(w, frames, 2);
    put_spi(w, watchdog->intid, watchdog->edge);
    put_cell(w, "timeout-sec", guest->watchdog_seconds);
    put_cell(w, "phandle", FDT_GUEST_PHANDLE_WATCHDOG);
    end(w);
}

/** mtd/mtd-physmap.yaml. */
static void write_flash(struct writer *w, const struct fdt_range *flash)
{
    if (flash->bytes == 0) {
        return;
    }
    begin_at(w, "flash", flash->gpa);
    put_string(w, "compatible", "cfi-flash");
    put_reg(w, flash, 1);
    put_cell(w, "bank-width", 4);
    put_cell(w, "phandle", FDT_GUEST_PHANDLE_FLASH);
    end(w);
}

static void write_virtio(struct writer *w, const struct fdt_device *device, size_t index)
{
    begin_at(w, "virtio", device->window.gpa);
    put_string(w, "compatible", "virtio,mmio");
    put_reg(w, &device->window, 1);
    put_spi(w, device->intid, device->edge);
    put_cell(w, "phandle", FDT_GUEST_PHANDLE_VIRTIO + (uint32_t)index);
    if (device->dma_coherent) {
        put_flag(w, "dma-coherent");
    }
    end(w);
}

/** One entry of a PCI `ranges`: phys.hi, 64-bit PCI address, 64-bit CPU address, 64-bit size. */
static size_t pci_window(uint32_t *cells, uint32_t space, const struct fdt_range *window)
{
    const uint32_t high = (uint32_t)(window->gpa >> 32);
    const uint32_t low = (uint32_t)window->gpa;
    const uint32_t entry[] = {
        space, high, low, high, low, (uint32_t)(window->bytes >> 32), (uint32_t)window->bytes};
    memcpy(cells, entry, sizeof entry);
    return 7;
}

/** pci/host-generic-pci.yaml. */
static void write_pci(struct writer *w, const struct fdt_pci *pci)
{
    enum { SPACE_MEM32 = 0x02000000, SPACE_MEM64 = 0x03000000 };
    uint32_t ranges[14];
    const uint32_t buses[] = {0, (uint32_t)(pci->ecam.bytes >> 20) - 1};
    const uint32_t msi_map[] = {0, FDT_GUEST_PHANDLE_V2M, 0, 0x10000};
    size_t count;
    if (pci->ecam.bytes == 0) {
        return;
    }
    count = pci_window(ranges, SPACE_MEM32, &pci->window);
    if (pci->window64.bytes != 0) {
        count += pci_window(ranges + count, SPACE_MEM64, &pci->window64);
    }
    begin_at(w, "pcie", pci->ecam.gpa);
    put_string(w, "compatible", "pci-host-ecam-generic");
    put_string(w, "device_type", "pci");
    put_cell(w, "#address-cells", 3);
    put_cell(w, "#size-cells", 2);
    put_reg(w, &pci->ecam, 1);
    put_cells(w, "bus-range", buses, 2);
    put_cell(w, "linux,pci-domain", 0);
    put_cells(w, "ranges", ranges, count);
    put_cells(w, "msi-map", msi_map, 4);
    put_cell(w, "phandle", FDT_GUEST_PHANDLE_PCI);
    put_flag(w, "dma-coherent");
    end(w);
}

static void put_symbol(struct writer *w, const char *label, const char *node, uint64_t address)
{
    char path[NODE_NAME_BYTES];
    snprintf(path, sizeof path, "/%s@%" PRIx64, node, address);
    put_string(w, label, path);
}

/** Labels, so that an overlay can say `&uart0`: dtc's own format. */
static void write_symbols(struct writer *w, const struct fdt_guest *guest)
{
    begin(w, "__symbols__");
    put_string(w, "chosen", "/chosen");
    put_string(w, "psci", "/psci");
    put_string(w, "timer", "/timer");
    put_symbol(w, "memory", "memory", guest->ram.gpa);
    put_symbol(w, "gic", "interrupt-controller", guest->gicd.gpa);
    if (guest->pl011.window.bytes != 0 || guest->rtc.window.bytes != 0) {
        put_string(w, "clk24mhz", "/clock-24000000");
    }
    if (guest->rtc.window.bytes != 0) {
        put_symbol(w, "rtc", "rtc", guest->rtc.window.gpa);
    }
    if (guest->pl011.window.bytes != 0) {
        put_symbol(w, "uart0", "serial", guest->pl011.window.gpa);
    }
    if (guest->flash.bytes != 0) {
        put_symbol(w, "flash", "flash", guest->flash.gpa);
    }
    if (guest->watchdog.window.bytes != 0) {
        put_symbol(w, "watchdog", "watchdog", guest->watchdog.window.gpa);
    }
    for (size_t i = 0; i < guest->virtio_count; i++) {
        char label[NODE_NAME_BYTES];
        snprintf(label, sizeof label, "virtio%zu", i);
        put_symbol(w, label, "virtio", guest->virtio[i].window.gpa);
    }
    if (guest->pci.ecam.bytes != 0) {
        put_symbol(w, "pcie", "pcie", guest->pci.ecam.gpa);
    }
    end(w);
}

static int write_tree(void *fdt, size_t bytes, const struct fdt_guest *guest)
{
    struct writer w = {.fdt = fdt, .error = fdt_create(fdt, (int)bytes)};
    keep(&w, w.error != 0 ? 0 : fdt_finish_reservemap(fdt));
    begin(&w, "");
    put_string(&w, "model", guest->model != NULL ? guest->model : "Causeway virtual machine");
    put_string(&w, "compatible", "linux,dummy-virt");
    put_address_cells(&w);
    put_cell(&w, "interrupt-parent", FDT_GUEST_PHANDLE_GIC);
    write_chosen(&w, guest);
    write_memory(&w, guest);
    write_cpus(&w, guest);
    write_psci(&w, guest);
    write_gic(&w, guest);
    write_timer(&w, guest);
    write_clock(&w, guest);
    write_pl011(&w, &guest->pl011);
    write_rtc(&w, &guest->rtc);
    write_watchdog(&w, guest);
    write_flash(&w, &guest->flash);
    for (size_t i = 0; i < guest->virtio_count; i++) {
        write_virtio(&w, &guest->virtio[i], i);
    }
    write_pci(&w, &guest->pci);
    write_symbols(&w, guest);
    end(&w);
    return w.error != 0 ? w.error : fdt_finish(fdt);
}

enum err fdt_guest_build(const struct fdt_guest *guest, struct fdt_blob *blob, struct fdt_error *error)
{
    enum err err = fdt_guest_check(guest, error);
    if (err != ERR_OK) {
        return err;
    }
    for (size_t bytes = FIRST_BYTES; bytes <= LIMIT_BYTES; bytes *= 2) {
        void *fdt = calloc(1, bytes);
        int result;
        if (fdt == NULL) {
            break;
        }
        result = write_tree(fdt, bytes, guest);
        if (result == 0) {
            blob->data = fdt;
            blob->bytes = fdt_totalsize(fdt);
            return ERR_OK;
        }
        free(fdt);
        if (result != -FDT_ERR_NOSPACE) {
            snprintf(error->text, sizeof error->text, "cannot build the device tree: %s",
                     fdt_strerror(result));
            return ERR_FORMAT;
        }
    }
    snprintf(error->text, sizeof error->text, "the device tree is larger than %u bytes", LIMIT_BYTES);
    return ERR_SPACE;
}

void fdt_blob_free(struct fdt_blob *blob)
{
    free(blob->data);
    blob->data = NULL;
    blob->bytes = 0;
}
