/* SPDX-License-Identifier: BSD-2-Clause */
/* <passthrough>: the registers and interrupts that the board's device tree gives a node. */
#include <inttypes.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verify/policy/system.h"

#define PAGE_BYTES UINT64_C(0x1000)
#define MAX_WINDOWS 32u
#define RTC_GPA UINT64_C(0x9010000)
#define RTC_INTID UINT64_C(34)
#define MAX_TREE_BYTES 0x1000000u

/* A device: whole pages of registers, apart from each other. */
struct device {
    uint64_t starts[MAX_WINDOWS], ends[MAX_WINDOWS];
    size_t window_count;
};

static void *read_board_tree(const struct policy *policy, const xmlNode *node)
{
    FILE *file = fopen(policy->board_dtb == NULL ? "" : policy->board_dtb, "rb");
    void *tree = malloc(MAX_TREE_BYTES);
    size_t bytes = 0;

    if (file != NULL && tree != NULL) {
        bytes = fread(tree, 1, MAX_TREE_BYTES, file);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    if (bytes == 0 || fdt_check_full(tree, bytes) != 0) {
        description_fail(node, "the board's device tree is needed: --board-dtb FILE");
    }
    return tree;
}

static uint64_t cells_at(const fdt32_t *cells, int count)
{
    uint64_t value = 0;

    for (int i = 0; i < count; i++) {
        value = value << 32 | fdt32_to_cpu(cells[i]);
    }
    return value;
}

/* An address below `bus` as the processor has it. */
static uint64_t translate(const void *tree, int bus, uint64_t address)
{
    while (bus > 0) {
        int parent = fdt_parent_offset(tree, bus);
        int child_cells = fdt_address_cells(tree, bus);
        int parent_cells = fdt_address_cells(tree, parent);
        int size_cells = fdt_size_cells(tree, bus);
        int bytes = 0;
        const fdt32_t *ranges = fdt_getprop(tree, bus, "ranges", &bytes);

        for (int i = 0; ranges != NULL && i < bytes / 4; i += child_cells + parent_cells + size_cells) {
            uint64_t start = cells_at(ranges + i, child_cells);
            uint64_t size = cells_at(ranges + i + child_cells + parent_cells, size_cells);

            if (address >= start && address - start < size) {
                address = cells_at(ranges + i + child_cells, parent_cells) + (address - start);
                break;
            }
        }
        bus = parent;
    }
    return address;
}

/* Joined with those it touches. */
static void add_window(struct device *device, uint64_t start, uint64_t end)
{
    for (size_t i = 0; i < device->window_count;) {
        if (start <= device->ends[i] && device->starts[i] <= end) {
            start = device->starts[i] < start ? device->starts[i] : start;
            end = device->ends[i] > end ? device->ends[i] : end;
            device->window_count--;
            device->starts[i] = device->starts[device->window_count];
            device->ends[i] = device->ends[device->window_count];
            i = 0;
        } else {
            i++;
        }
    }
    if (device->window_count < MAX_WINDOWS) {
        device->starts[device->window_count] = start;
        device->ends[device->window_count++] = end;
    }
}

static void add_windows(const void *tree, int node, struct device *device)
{
    int bus = fdt_parent_offset(tree, node);
    int address_cells = fdt_address_cells(tree, bus);
    int size_cells = fdt_size_cells(tree, bus);
    int bytes = 0;
    const fdt32_t *reg = fdt_getprop(tree, node, "reg", &bytes);

    for (int i = 0; reg != NULL && i < bytes / 4; i += address_cells + size_cells) {
        uint64_t start = translate(tree, bus, cells_at(reg + i, address_cells));
        uint64_t size = cells_at(reg + i + address_cells, size_cells);

        if (size > 0) {
            add_window(device, start / PAGE_BYTES * PAGE_BYTES,
                       (start + size + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES);
        }
    }
}

/* The kernel gives it to the guest's first vCPU, or the VMM gets it and passes it on. */
static void add_irq(struct system *system, struct system_guest *guest, const xmlNode *node,
                    const fdt32_t *cells)
{
    const char *route = description_text(node, "route", "auto");
    bool by_kernel = strcmp(route, "kernel") == 0 || (strcmp(route, "auto") == 0 && !system->policy->sel4);
    uint64_t intid = 32 + fdt32_to_cpu(cells[1]);
    bool is_edge = (fdt32_to_cpu(cells[2]) & 3) != 0;
    const char *role = description_format("irq%" PRIu64, intid);

    guest->clock_taken = guest->clock_taken || intid == RTC_INTID;
    guest->last_intid = intid > guest->last_intid ? intid : guest->last_intid;
    if (by_kernel) {
        policy_add(system->policy, "interrupt %" PRIu64 ": %s 0 as %" PRIu64 " %s", intid, guest->domain,
                   intid, is_edge ? "edge" : "level");
        return;
    }
    policy_add(system->policy, "interrupt %" PRIu64 ": %s %s %s", intid, guest->vmm, role,
               is_edge ? "edge" : "level");
    guest_device(system, guest, role, "passthrough", NULL,
                 (const char *[]){policy_number("virq", intid), policy_number("virq_edge", is_edge)}, 2);
    guest->device_count++;
}

/* The controller that a node's interrupts go to. */
static int interrupt_parent(const void *tree, int node)
{
    for (int at = node; at >= 0; at = fdt_parent_offset(tree, at)) {
        const fdt32_t *parent = fdt_getprop(tree, at, "interrupt-parent", NULL);

        if (parent != NULL) {
            return fdt_node_offset_by_phandle(tree, fdt32_to_cpu(*parent));
        }
    }
    return -1;
}

static bool is_gic(const void *tree, int node)
{
    return node >= 0 && (fdt_node_check_compatible(tree, node, "arm,cortex-a15-gic") == 0 ||
                         fdt_node_check_compatible(tree, node, "arm,gic-400") == 0 ||
                         fdt_node_check_compatible(tree, node, "arm,cortex-a9-gic") == 0 ||
                         fdt_node_check_compatible(tree, node, "arm,gic-v3") == 0);
}

/* Interrupts that go to the GIC; those to other controllers are between the devices. */
static void add_irqs(struct system *system, struct system_guest *guest, const xmlNode *element,
                     const void *tree, int node)
{
    int bytes = 0;
    const fdt32_t *cells = fdt_getprop(tree, node, "interrupts", &bytes);

    for (int i = 0; cells != NULL && is_gic(tree, interrupt_parent(tree, node)) && i + 3 <= bytes / 4;
         i += 3) {
        add_irq(system, guest, element, cells + i);
    }
    cells = fdt_getprop(tree, node, "interrupts-extended", &bytes);
    for (int i = 0; cells != NULL && i < bytes / 4;) {
        int parent = fdt_node_offset_by_phandle(tree, fdt32_to_cpu(cells[i]));
        const fdt32_t *count = parent < 0 ? NULL : fdt_getprop(tree, parent, "#interrupt-cells", NULL);

        if (count != NULL && is_gic(tree, parent)) {
            add_irq(system, guest, element, cells + i + 1);
        }
        i += 1 + (count == NULL ? 0 : (int)(fdt32_to_cpu(*count) & 0xff));
    }
}

/* A node and what is below it: what is on a bus (one with "ranges") has registers. */
static void add_tree(struct system *system, struct system_guest *guest, const xmlNode *element,
                     const void *tree, int node, bool on_bus, struct device *device)
{
    bool is_bus = on_bus && fdt_getprop(tree, node, "ranges", NULL) != NULL;
    int child;

    if (on_bus) {
        add_windows(tree, node, device);
    }
    add_irqs(system, guest, element, tree, node);
    fdt_for_each_subnode(child, tree, node)
    {
        add_tree(system, guest, element, tree, child, is_bus, device);
    }
}

void passthrough_expand(struct system *system, struct system_guest *guest, const xmlNode *node)
{
    const char *path = description_text(node, "node", "");
    void *tree = read_board_tree(system->policy, node);
    int offset = fdt_path_offset(tree, path);
    struct device device = {.window_count = 0};

    if (offset < 0) {
        description_fail(node, "the board's device tree has no node \"%s\"", path);
    }
    add_tree(system, guest, node, tree, offset, true, &device);
    for (size_t i = 0; i < device.window_count; i++) {
        guest->clock_taken = guest->clock_taken || (device.starts[i] <= RTC_GPA && RTC_GPA < device.ends[i]);
        policy_hold(policy_device(system->policy, device.starts[i], device.ends[i] - device.starts[i]),
                    guest->domain, policy_role(description_format("at 0x%" PRIx64, device.starts[i])),
                    POLICY_READ | POLICY_WRITE);
    }
    free(tree);
}

/* The registers of a node and of what is below it. */
static void add_all_windows(const void *tree, int node, struct device *device)
{
    int child;

    add_windows(tree, node, device);
    if (fdt_getprop(tree, node, "ranges", NULL) == NULL) {
        return;
    }
    fdt_for_each_subnode(child, tree, node)
    {
        add_all_windows(tree, child, device);
    }
}

static bool owns(struct system *system, const xmlNode *node, uint64_t phys)
{
    void *tree = read_board_tree(system->policy, node);
    int offset = fdt_path_offset(tree, description_text(node, "node", ""));
    struct device device = {.window_count = 0};
    bool found = false;

    if (offset >= 0) {
        add_all_windows(tree, offset, &device);
    }
    for (size_t i = 0; i < device.window_count; i++) {
        found = found || (device.starts[i] <= phys && phys < device.ends[i]);
    }
    free(tree);
    return found;
}

bool passthrough_owns(struct system *system, uint64_t phys)
{
    for (xmlNode *guest = description_child(system->root, "guest"); guest != NULL;
         guest = description_next(guest, "guest")) {
        for (xmlNode *node = description_child(guest, "passthrough"); node != NULL;
             node = description_next(node, "passthrough")) {
            if (owns(system, node, phys)) {
                return true;
            }
        }
    }
    return false;
}
