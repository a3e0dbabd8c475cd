/* SPDX-License-Identifier: BSD-2-Clause */
/* A board's data from its device tree. What the tree does not say is left to the person who reads the result. */
#include "tool/fdt/fdt_new_board.h"

#include <inttypes.h>
#include <libfdt.h>
#include <string.h>

#include "boards/board.h"

#define PAGE_MASK UINT64_C(0xfff)
#define PPI_FIRST 16u
#define VIRTUAL_TIMER 2u
#define HYPERVISOR_TIMER 3u
#define FIRMWARE_BYTES UINT64_C(0x200000)

static const struct {
    const char *compatible;
    enum sysdesc_uart_kind kind;
} uarts[] = {
    {"arm,pl011", SYSDESC_UART_PL011},         {"cdns,uart-r1p8", SYSDESC_UART_CADENCE},
    {"cdns,uart-r1p12", SYSDESC_UART_CADENCE}, {"xlnx,xuartps", SYSDESC_UART_CADENCE},
    {"fsl,imx6q-uart", SYSDESC_UART_IMX},      {"fsl,imx21-uart", SYSDESC_UART_IMX},
};
static const char *const uart_kinds[] = {"SYSDESC_UART_PL011", "SYSDESC_UART_CADENCE", "SYSDESC_UART_IMX"};

/* The INTID of PPI entry `index` of `node`, 0: it has none. */
static uint32_t private_irq(const void *dtb, int node, unsigned int index)
{
    int bytes = 0;
    const fdt32_t *cells = fdt_getprop(dtb, node, "interrupts", &bytes);
    const unsigned int at = 3 * index;

    return cells == NULL || (unsigned int)bytes < 4 * (at + 3) || fdt32_to_cpu(cells[at]) != 1
               ? 0
               : PPI_FIRST + (fdt32_to_cpu(cells[at + 1]) & 0xf);
}

static enum err read_gic(const void *dtb, struct fdt_new_board *board, struct fdt_error *error)
{
    int node = fdt_next_node(dtb, -1, NULL);

    while (node >= 0 && !(fdt_board_is_gic(dtb, node) && fdt_board_is_enabled(dtb, node))) {
        node = fdt_next_node(dtb, node, NULL);
    }
    if (node < 0) {
        return fdt_error_set(error, ERR_RANGE, "it has no GICv2 or GICv3");
    }
    board->gic_kind =
        fdt_node_check_compatible(dtb, node, "arm,gic-v3") == 0 ? SYSDESC_GIC_V3 : SYSDESC_GIC_V2;
    const unsigned int count = board->gic_kind == SYSDESC_GIC_V3 ? 2 : 4;
    for (unsigned int i = 0; i < count; i++) {
        const enum err err = fdt_board_window(dtb, node, i, &board->gic[i], error);
        if (err == ERR_EMPTY) {
            return fdt_error_set(error, ERR_RANGE,
                                 "its GIC has %u register windows, of %u: guests need the virtual interface",
                                 i, count);
        }
        if (err != ERR_OK) {
            return err;
        }
    }
    board->maintenance_irq = private_irq(dtb, node, 0);
    return ERR_OK;
}

static void read_timer(const void *dtb, struct fdt_new_board *board)
{
    const int node = fdt_node_offset_by_compatible(dtb, -1, "arm,armv8-timer");
    int bytes = 0;
    const fdt32_t *hz = node < 0 ? NULL : fdt_getprop(dtb, node, "clock-frequency", &bytes);

    if (node >= 0) {
        board->vtimer_irq = private_irq(dtb, node, VIRTUAL_TIMER);
        board->hyptimer_irq = private_irq(dtb, node, HYPERVISOR_TIMER);
        board->timer_hz = hz != NULL && bytes == 4 ? fdt32_to_cpu(*hz) : 0;
    }
}

static uint64_t read_cells(const fdt32_t *cells, int count)
{
    uint64_t value = 0;

    for (int i = 0; i < count; i++) {
        value = value << 32 | fdt32_to_cpu(cells[i]);
    }
    return value;
}

static enum err read_cores(const void *dtb, struct fdt_new_board *board, struct fdt_error *error)
{
    const int cpus = fdt_path_offset(dtb, "/cpus");
    int node;

    fdt_for_each_subnode(node, dtb, cpus)
    {
        const char *type = fdt_board_string(dtb, node, "device_type");
        int bytes = 0;
        const fdt32_t *reg = fdt_getprop(dtb, node, "reg", &bytes);
        if (type != NULL && strcmp(type, "cpu") == 0 && reg != NULL && (bytes == 4 || bytes == 8) &&
            board->core_count < FDT_NEW_BOARD_CORES) {
            const char *method = fdt_board_string(dtb, node, "enable-method");
            board->has_psci =
                (board->core_count == 0 || board->has_psci) && method != NULL && strcmp(method, "psci") == 0;
            board->mpidrs[board->core_count++] = read_cells(reg, bytes / 4);
        }
    }
    return board->core_count > 0 ? ERR_OK : fdt_error_set(error, ERR_RANGE, "it has no cores in /cpus");
}

/* A board loader may fill it in later: then it is there with no size. */
static enum err read_memory(const void *dtb, struct fdt_new_board *board, struct fdt_error *error)
{
    int node;

    fdt_for_each_subnode(node, dtb, 0)
    {
        const char *type = fdt_board_string(dtb, node, "device_type");
        struct fdt_range range;
        for (unsigned int i = 0; type != NULL && strcmp(type, "memory") == 0 &&
                                 fdt_board_window(dtb, node, i, &range, error) == ERR_OK;
             i++) {
            board->ram = board->ram_ranges == 0 ? range : board->ram;
            board->ram_ranges++;
        }
    }
    return board->ram_ranges > 0 ? ERR_OK : fdt_error_set(error, ERR_RANGE, "it has no memory");
}

/* The console that /chosen names, or -1. */
static int chosen_console(const void *dtb)
{
    const int chosen = fdt_path_offset(dtb, "/chosen");
    const char *path = chosen < 0 ? NULL : fdt_board_string(dtb, chosen, "stdout-path");

    return path == NULL ? -1 : fdt_path_offset_namelen(dtb, path, (int)strcspn(path, ":"));
}

static enum sysdesc_uart_kind uart_kind(const void *dtb, int node)
{
    for (size_t i = 0; i < sizeof(uarts) / sizeof(uarts[0]); i++) {
        if (fdt_node_check_compatible(dtb, node, uarts[i].compatible) == 0) {
            return uarts[i].kind;
        }
    }
    return SYSDESC_UART_KINDS;
}

static enum err read_uart(const void *dtb, struct fdt_new_board *board, struct fdt_error *error)
{
    struct fdt_board_device found = {.irq_count = 0};
    int node = chosen_console(dtb);

    for (int next = fdt_next_node(dtb, -1, NULL); node < 0 && next >= 0;
         next = fdt_next_node(dtb, next, NULL)) {
        if (fdt_board_is_enabled(dtb, next) && uart_kind(dtb, next) != SYSDESC_UART_KINDS) {
            node = next;
        }
    }
    if (node < 0) {
        return fdt_error_set(error, ERR_RANGE,
                             "/chosen names no console, and no UART of a known kind is enabled");
    }
    const char *compatible = fdt_getprop(dtb, node, "compatible", NULL);
    snprintf(board->uart_compatible, sizeof(board->uart_compatible), "%s",
             compatible != NULL ? compatible : "nothing");
    board->uart_kind = uart_kind(dtb, node);
    enum err err = fdt_board_window(dtb, node, 0, &board->uart, error);
    if (err == ERR_EMPTY) {
        return fdt_error_set(error, ERR_FORMAT, "its console has no registers");
    }
    if (err == ERR_OK) {
        err = fdt_board_irqs(dtb, node, &found, error);
    }
    board->uart_irq = found.irq_count > 0 ? found.irqs[0].intid : 0;
    return err;
}

static void add_virtio(struct fdt_new_board *board, const struct fdt_range *slot, uint32_t intid)
{
    const uint64_t end = board->virtio.gpa + board->virtio.bytes, slot_end = slot->gpa + slot->bytes;

    if (board->virtio.bytes == 0) {
        board->virtio = *slot;
        board->virtio_slot_bytes = slot->bytes;
        board->virtio_irq = intid;
        return;
    }
    board->virtio_irq = slot->gpa < board->virtio.gpa ? intid : board->virtio_irq;
    board->virtio.gpa = slot->gpa < board->virtio.gpa ? slot->gpa : board->virtio.gpa;
    board->virtio.bytes = (slot_end > end ? slot_end : end) - board->virtio.gpa;
}

static bool is_name_taken(const struct fdt_new_board *board, const char *name)
{
    for (size_t i = 0; i < board->device_count; i++) {
        if (strcmp(board->devices[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* Whole pages, under the node's name, with a number if there are several of that name. */
static bool add_device(struct fdt_new_board *board, const char *node_name, struct fdt_range range)
{
    struct fdt_new_device *device = &board->devices[board->device_count];
    char name[FDT_NEW_BOARD_NAME_BYTES];
    const int length = (int)strcspn(node_name, "@");

    if (board->device_count == FDT_NEW_BOARD_DEVICES) {
        return false;
    }
    snprintf(name, sizeof(name), "%.*s", length < 24 ? length : 24, node_name);
    for (unsigned int i = 1; is_name_taken(board, name); i++) {
        snprintf(name, sizeof(name), "%.*s%u", length < 24 ? length : 24, node_name, i);
    }
    const uint64_t end = (range.gpa + range.bytes + PAGE_MASK) & ~PAGE_MASK;
    memcpy(device->name, name, sizeof(name));
    device->range.gpa = range.gpa & ~PAGE_MASK;
    device->range.bytes = end - device->range.gpa;
    board->device_count++;
    return true;
}

/* The driver for a node by the most special of its names that has one, or NULL. */
static const struct board_driver *find_driver(const void *dtb, int node)
{
    const struct board_driver *driver = NULL;
    const char *compatible;
    int length;

    for (int i = 0;
         driver == NULL && (compatible = fdt_stringlist_get(dtb, node, "compatible", i, &length)) != NULL;
         i++) {
        driver = board_driver_find(compatible);
    }
    return driver;
}

static void add_drivable(struct fdt_new_board *board, const struct board_driver *driver, uint32_t intid)
{
    uint32_t unit = 0;

    if (board->drivable_count == FDT_NEW_BOARD_DRIVABLE) {
        return;
    }
    for (size_t i = 0; i < board->drivable_count; i++) {
        unit += strcmp(board->drivable[i].compatible, driver->compatible) == 0;
    }
    board->drivable[board->drivable_count].compatible = driver->compatible;
    board->drivable[board->drivable_count].device = board->device_count - 1;
    board->drivable[board->drivable_count].irq = intid;
    board->drivable[board->drivable_count++].unit = unit;
}

/* Devices with an interrupt at the GIC: what a driver or a guest may be given. */
static void read_devices(const void *dtb, struct fdt_new_board *board)
{
    for (int node = fdt_next_node(dtb, -1, NULL); node >= 0; node = fdt_next_node(dtb, node, NULL)) {
        struct fdt_board_device found = {.irq_count = 0};
        struct fdt_range range;
        struct fdt_error error;
        const struct board_driver *driver;

        if (!fdt_board_is_enabled(dtb, node) || fdt_board_is_gic(dtb, node) ||
            fdt_getprop(dtb, node, "interrupts", NULL) == NULL ||
            fdt_board_window(dtb, node, 0, &range, &error) != ERR_OK || range.bytes == 0 ||
            fdt_board_irqs(dtb, node, &found, &error) != ERR_OK || found.irq_count == 0) {
            continue;
        }
        if (fdt_node_check_compatible(dtb, node, "virtio,mmio") == 0) {
            add_virtio(board, &range, found.irqs[0].intid);
        } else if (add_device(board, fdt_get_name(dtb, node, NULL), range)) {
            driver = find_driver(dtb, node);
            if (driver != NULL) {
                add_drivable(board, driver, found.irqs[0].intid);
            }
        }
    }
}

enum err fdt_new_board_read(const void *dtb, struct fdt_new_board *board, struct fdt_error *error)
{
    *board = (struct fdt_new_board){.core_count = 0};
    enum err err = read_gic(dtb, board, error);
    if (err == ERR_OK) {
        err = read_cores(dtb, board, error);
    }
    if (err == ERR_OK) {
        err = read_memory(dtb, board, error);
    }
    if (err == ERR_OK) {
        err = read_uart(dtb, board, error);
    }
    if (err == ERR_OK) {
        read_timer(dtb, board);
        read_devices(dtb, board);
    }
    return err;
}

static void print_range(FILE *out, const char *member, const char *name, const struct fdt_range *range)
{
    fprintf(out, "    .%s = {\"%s\", 0x%08" PRIx64 ", 0x%" PRIx64 "},\n", member, name, range->gpa,
            range->bytes);
}

static void print_irq(FILE *out, const char *member, uint32_t intid)
{
    fprintf(out, "    .%s = %u,%s\n", member, intid,
            intid == 0 ? " /* CHECK: the device tree doesn't say */" : "");
}

static void print_gic(const struct fdt_new_board *board, FILE *out)
{
    static const char *const v2[] = {"gicd", "gicc", "gich", "gicv"};
    static const char *const v3[] = {"gicd", "gicr"};
    const bool is_v3 = board->gic_kind == SYSDESC_GIC_V3;

    if (is_v3) {
        fputs("    .gic_kind = SYSDESC_GIC_V3,\n", out);
    }
    for (size_t i = 0; i < (is_v3 ? 2u : 4u); i++) {
        print_range(out, is_v3 ? v3[i] : v2[i], is_v3 ? v3[i] : v2[i], &board->gic[i]);
    }
}

static void print_devices(const struct fdt_new_board *board, FILE *out)
{
    fputs("static const struct board_range devices[] = {\n", out);
    for (size_t i = 0; i < board->device_count; i++) {
        const struct fdt_new_device *device = &board->devices[i];
        fprintf(out, "    {\"%s\", 0x%08" PRIx64 ", 0x%" PRIx64 "},\n", device->name, device->range.gpa,
                device->range.bytes);
    }
    if (board->virtio.bytes != 0) {
        fprintf(out, "    {\"virtio-mmio\", 0x%08" PRIx64 ", 0x%" PRIx64 "},\n",
                board->virtio.gpa & ~PAGE_MASK, (board->virtio.bytes + PAGE_MASK) & ~PAGE_MASK);
    }
    fputs("};\n\n", out);
}

static void print_drivable(const struct fdt_new_board *board, FILE *out)
{
    if (board->drivable_count == 0) {
        return;
    }
    fputs("/* CHECK: the one that is taken first goes first; and what QEMU's numbers for them are. */\n"
          "static const struct board_device drivable[] = {\n",
          out);
    for (size_t i = 0; i < board->drivable_count; i++) {
        const struct fdt_new_device *device = &board->devices[board->drivable[i].device];
        fprintf(out, "    {\"%s\", {\"%s\", 0x%08" PRIx64 ", 0x1000}, %u, %u},\n",
                board->drivable[i].compatible, device->name, device->range.gpa, board->drivable[i].irq,
                board->drivable[i].unit);
    }
    fputs("};\n\n", out);
}

/* Cores that are started otherwise than by PSCI stay where they are. */
static void print_cores(const struct fdt_new_board *board, FILE *out)
{
    const size_t known = board->core_count < SYSDESC_MAX_CORES ? board->core_count : SYSDESC_MAX_CORES;
    const size_t used = board->has_psci ? known : 1;

    fprintf(out, "    .core_count = %zu,\n", used);
    if (used != board->core_count) {
        fprintf(out, "    /* CHECK: there are %zu cores%s; the first has to be the one that boots. */\n",
                board->core_count, board->has_psci ? "" : ", and they are not started by PSCI");
    }
    fputs("    .core_mpidrs = {", out);
    for (size_t i = 0; i < used; i++) {
        fprintf(out, "%s0x%" PRIx64, i == 0 ? "" : ", ", board->mpidrs[i]);
    }
    fputs("},\n", out);
}

void fdt_new_board_print_c(const struct fdt_new_board *board, const char *name, FILE *out)
{
    fprintf(out,
            "/* SPDX-License-Identifier: BSD-2-Clause */\n"
            "/* Written by `causeway board-new` from a device tree: docs/boards/porting.md says what to "
            "check. */\n"
            "#include \"boards/%s/board_%s.h\"\n\n",
            name, name);
    print_devices(board, out);
    print_drivable(board, out);
    fprintf(out, "const struct board board_%s = {\n    .name = \"%s\",\n", name, name);
    print_range(out, "ram", "ram", &board->ram);
    if (board->ram_ranges > 1 || board->ram.bytes == 0) {
        fprintf(out, "    /* CHECK: the device tree has %zu ranges of RAM; one is used. */\n",
                board->ram_ranges);
    }
    fprintf(out, "    .firmware_bytes = 0x%" PRIx64 ",\n", FIRMWARE_BYTES);
    print_cores(board, out);
    print_gic(board, out);
    print_range(out, "uart", "uart", &board->uart);
    if (board->uart_kind < SYSDESC_UART_KINDS) {
        fprintf(out, "    .uart_kind = %s,\n", uart_kinds[board->uart_kind]);
    } else {
        fprintf(out, "    /* CHECK: there is no driver for \"%s\". */\n", board->uart_compatible);
    }
    print_irq(out, "uart_irq", board->uart_irq);
    print_irq(out, "maintenance_irq", board->maintenance_irq);
    print_irq(out, "hyptimer_irq", board->hyptimer_irq);
    print_irq(out, "vtimer_irq", board->vtimer_irq);
    if (board->timer_hz != 0) {
        fprintf(out, "    .timer_hz = %u,\n", board->timer_hz);
    }
    fputs("    .spi_count = 256, /* CHECK: GICD_TYPER says how many there are */\n", out);
    if (board->virtio.bytes != 0) {
        fprintf(out,
                "    .virtio = {.range = {\"virtio-mmio\", 0x%08" PRIx64 ", 0x%" PRIx64
                "}, .slot_bytes = 0x%" PRIx64 ", .irq = %u},\n",
                board->virtio.gpa, board->virtio.bytes, board->virtio_slot_bytes, board->virtio_irq);
    }
    if (board->drivable_count > 0) {
        fputs("    .drivable = drivable,\n    .drivable_count = sizeof(drivable) / sizeof(drivable[0]),\n",
              out);
    }
    fputs("    .devices = devices,\n    .device_count = sizeof(devices) / sizeof(devices[0]),\n};\n", out);
}

void fdt_new_board_print_h(const char *name, const char *model, FILE *out)
{
    fprintf(out,
            "/* SPDX-License-Identifier: BSD-2-Clause */\n/** %s. */\n#pragma once\n\n#include "
            "\"boards/board.h\"\n\n"
            "/** Agrees with QEMU_ARGS in board.mk. */\nextern const struct board board_%s;\n",
            model, name);
}

void fdt_new_board_print_mk(const struct fdt_new_board *board, const char *name, FILE *out)
{
    fprintf(
        out,
        "# SPDX-License-Identifier: BSD-2-Clause\n"
        "# QEMU's command line for this board. RAM and machine agree with board_%s.c.\n"
        "QEMU ?= qemu-system-aarch64\nQEMU_CPU ?= cortex-a53\nQEMU_RAM ?= 2G\n"
        "# CHECK: QEMU's name of the machine, if it has it.\n"
        "QEMU_MACHINE := %s\nQEMU_ARGS = -m $(QEMU_RAM) -display none -nodefaults\n"
        "# The kernel's interrupt controller: kernel/aarch64/irqchip_*.c.\nBOARD_IRQCHIP := irqchip_gicv%d\n"
        "# Where the kernel is linked: behind the device tree that firmware leaves at the start of RAM, and "
        "how far\n"
        "# behind it that is.\nKERNEL_BASE := 0x%08" PRIx64 "\nKERNEL_OFFSET := 0x%" PRIx64 "\n",
        name, name, board->gic_kind == SYSDESC_GIC_V3 ? 3 : 2, board->ram.gpa + FIRMWARE_BYTES,
        FIRMWARE_BYTES);
}
