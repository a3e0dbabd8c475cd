/* SPDX-License-Identifier: BSD-2-Clause */
/* <passthrough>: a device of the board for one guest alone. */
#include <ctype.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boards/board.h"
#include "tool/base/file.h"
#include "tool/base/mem.h"
#include "tool/base/suggest.h"
#include "tool/expand/expand_guest.h"
#include "tool/fdt/fdt_board.h"
#include "tool/fdt/fdt_passthrough.h"

/* The board's device tree, read once; NULL after an error, or if the description is only checked without one.
 */
static const void *board_tree(struct expand *expand, const struct node *node)
{
    struct loc loc = node_loc(node, "node");
    struct fdt_error error;
    uint8_t *data;
    size_t bytes;

    if (expand->board_dtb_read) {
        return expand->board_dtb.data;
    }
    expand->board_dtb_read = true;
    if (expand->options->board_dtb == NULL) {
        if (expand->options->needs_files) {
            diag_error(expand->diag, loc,
                       "<passthrough>: the board's device tree is needed; give it with --board-dtb FILE");
        } else {
            diag_warning(expand->diag, loc,
                         "<passthrough>: not checked without the board's device tree (--board-dtb FILE)");
        }
        return NULL;
    }
    if (file_read(expand->options->board_dtb, loc, expand->diag, &data, &bytes) != ERR_OK) {
        return NULL;
    }
    if (fdt_board_check(data, bytes, &error) != ERR_OK) {
        diag_error(expand->diag, loc, "%s: %s", expand->options->board_dtb, error.text);
        free(data);
        return NULL;
    }
    expand->board_dtb = (struct fdt_blob){data, bytes};
    return data;
}

/* The PD or VM that maps a region, or NULL: the description's own PDs get their maps last. */
static const char *owner_of(const struct model *model, const struct model_mr *mr)
{
    for (size_t i = 0; i < model->pd_count; i++) {
        const struct model_pd *pd = model->pds[i];

        for (size_t j = 0; j < pd->map_count; j++) {
            if (pd->maps[j].mr == mr) {
                return pd->name;
            }
        }
        for (size_t j = 0; pd->vm != NULL && j < pd->vm->map_count; j++) {
            if (pd->vm->maps[j].mr == mr) {
                return pd->vm->name;
            }
        }
    }
    return NULL;
}

static void report_taken(struct expand *expand, const struct expand_guest *guest, const struct node *node,
                         const struct model_mr *mr)
{
    const struct desc_passthrough *desc = node->fields;
    const char *owner = owner_of(expand->model, mr);
    struct loc loc = node_loc(node, "node");

    if (owner == NULL) {
        diag_error(expand->diag, loc, "device \"%s\" is in memory region \"%s\" too", desc->node, mr->name);
    } else if (strcmp(owner, guest->desc->name) == 0) {
        diag_error(expand->diag, loc, "device \"%s\" is passed through to \"%s\" twice", desc->node, owner);
    } else {
        diag_error(expand->diag, loc, "device \"%s\" has two owners, \"%s\" and \"%s\"", desc->node, owner,
                   guest->desc->name);
    }
    diag_note(expand->diag, mr->loc, "the other one is here");
}

/* Whether nobody else has these registers; reports who has. */
static bool is_free(struct expand *expand, const struct expand_guest *guest, const struct node *node,
                    const struct fdt_range *window)
{
    for (size_t i = 0; i < expand->model->mr_count; i++) {
        const struct model_mr *mr = expand->model->mrs[i];

        if (mr->has_phys_addr && window->gpa < mr->phys_addr + mr->size_bytes &&
            mr->phys_addr < window->gpa + window->bytes) {
            report_taken(expand, guest, node, mr);
            return false;
        }
    }
    return true;
}

/* A node's name with only what may be in the name of a file, as Microkit's are named after regions. */
static char *name_window(struct expand *expand, const char *node_name)
{
    char *stem = mem_strdup(node_name);
    char *name;

    for (char *c = stem; *c != '\0'; c++) {
        *c = isalnum((unsigned char)*c) || strchr("-._", *c) != NULL ? *c : '_';
    }
    name = expand_unique_mr_name(expand, stem);
    free(stem);
    return name;
}

/* At the guest-physical address that is its physical one: what else refers to it need not be translated. */
static void map_window(struct expand *expand, struct expand_guest *guest, const struct node *node,
                       const struct fdt_range *window)
{
    const struct desc_passthrough *desc = node->fields;
    const char *slash = strrchr(desc->node, '/');
    char *name = name_window(expand, slash == NULL ? desc->node : slash + 1);
    struct model_mr *mr = model_add_mr(expand->model, name, node->loc);
    struct model_map *map;

    mr->kind = MODEL_MR_DEVICE;
    mr->size_bytes = window->bytes;
    mr->page_size_bytes = MODEL_PAGE_BYTES;
    mr->has_phys_addr = true;
    mr->phys_addr = window->gpa;
    map = model_add_vm_map(guest->vm, mr, window->gpa, MODEL_READ | MODEL_WRITE);
    map->loc = node->loc;
    map->cached = false;
    guest->passed_windows =
        mem_grow(guest->passed_windows, guest->fdt.passed_window_count, sizeof(guest->passed_windows[0]));
    guest->passed_windows[guest->fdt.passed_window_count++] = *window;
    free(name);
}

static void route_through_kernel(struct expand_guest *guest, const struct node *node,
                                 const struct fdt_board_irq *irq)
{
    struct model_vm *vm = guest->vm;

    vm->direct_irqs = mem_grow(vm->direct_irqs, vm->direct_irq_count, sizeof(vm->direct_irqs[0]));
    vm->direct_irqs[vm->direct_irq_count++] = (struct model_direct_irq){
        .loc = node->loc, .intid = irq->intid, .virq = irq->intid, .edge = irq->edge};
}

static void route_through_vmm(struct expand *expand, struct expand_guest *guest, const struct node *node,
                              const struct fdt_board_irq *irq)
{
    const struct desc_passthrough *desc = node->fields;
    struct vmm_device_config *device = &guest->config.devices[guest->config.device_count];
    struct model_irq *row;
    uint32_t channel;

    if (guest->config.device_count == VMM_CONFIG_MAX_DEVICES) {
        diag_error(expand->diag, node->loc, "<passthrough>: a guest has at most %u devices",
                   VMM_CONFIG_MAX_DEVICES);
        return;
    }
    if (!irq->edge && !expand->options->microkit) {
        diag_error(
            expand->diag, node_loc(node, "route"),
            "<passthrough>: \"%s\": its interrupt %u is level-sensitive; only the kernel can deliver it "
            "here: route=\"kernel\"",
            desc->node, irq->intid);
        return;
    }
    if (!expand_channel_id(expand, guest->vmm, node->loc, &channel)) {
        return;
    }
    row = model_add_irq(guest->vmm, irq->intid, channel);
    row->loc = node->loc;
    row->edge = irq->edge;
    device->kind = VMM_DEVICE_PASSTHROUGH;
    (void)snprintf(device->name, sizeof(device->name), "irq%u", irq->intid);
    device->virq = irq->intid;
    device->virq_edge = irq->edge;
    device->channel = channel;
    guest->config.device_count++;
}

static void route_irq(struct expand *expand, struct expand_guest *guest, const struct node *node,
                      const struct fdt_board_irq *irq)
{
    const struct desc_passthrough *desc = node->fields;
    bool by_kernel =
        desc->route == DESC_ROUTE_KERNEL || (desc->route == DESC_ROUTE_AUTO && !expand->options->microkit);

    if (by_kernel) {
        route_through_kernel(guest, node, irq);
    } else {
        route_through_vmm(expand, guest, node, irq);
    }
    guest->passed_intids =
        mem_grow(guest->passed_intids, guest->fdt.passed_intid_count, sizeof(guest->passed_intids[0]));
    guest->passed_intids[guest->fdt.passed_intid_count++] = irq->intid;
}

static void add_node(struct expand_guest *guest, const struct node *node)
{
    const struct desc_passthrough *desc = node->fields;
    size_t count = guest->passed_node_count++;

    guest->passed_nodes = mem_grow(guest->passed_nodes, count, sizeof(guest->passed_nodes[0]));
    guest->passed_descriptions =
        mem_grow(guest->passed_descriptions, count, sizeof(guest->passed_descriptions[0]));
    guest->passed_nodes[count] = (struct fdt_passed){desc->node, (uint32_t)desc->clock_hz};
    guest->passed_descriptions[count] = node;
}

/* "pl031" and "/soc/pl031" for "/pl031@9010000". */
static bool is_short_for(const char *written, const char *path)
{
    const char *last = strrchr(written, '/');
    const char *name = strrchr(path, '/');
    size_t length;

    last = last == NULL ? written : last + 1;
    length = strlen(last);
    return name != NULL && length > 0 && strncmp(name + 1, last, length) == 0 && name[1 + length] == '@';
}

static void report_unknown(struct expand *expand, const struct node *node, const void *board)
{
    const struct desc_passthrough *desc = node->fields;
    struct suggest suggest;
    char suggestion[SUGGEST_TEXT_BYTES];
    char path[256];
    char best[256];

    suggest_start(&suggest, desc->node);
    for (int offset = fdt_next_node(board, 0, NULL); offset >= 0;
         offset = fdt_next_node(board, offset, NULL)) {
        if (fdt_get_path(board, offset, path, sizeof(path)) == 0) {
            suggest_offer(&suggest, path);
        }
        if (is_short_for(desc->node, path)) {
            suggest.best = path;
            suggest.distance = 0;
        }
        if (suggest.best == path) { /* which the next one overwrites */
            memcpy(best, path, sizeof(best));
            suggest.best = best;
        }
    }
    diag_error(expand->diag, node_loc(node, "node"),
               "<passthrough>: the board's device tree has no node \"%s\"%s", desc->node,
               suggest_text(&suggest, suggestion));
}

/* A UART of the guest's own is its console, if it has no other. */
static void use_as_console(struct expand_guest *guest, const void *board, const char *path,
                           const struct fdt_board_device *device)
{
    int offset = fdt_path_offset(board, path);

    if (guest->uart_gpa == 0 && device->window_count > 0 &&
        fdt_node_check_compatible(board, offset, "arm,pl011") == 0) {
        guest->uart_gpa = device->windows[0].gpa;
        (void)snprintf(guest->stdout_path, sizeof(guest->stdout_path), "/%s",
                       fdt_get_name(board, offset, NULL));
    }
}

/* Whether the device leaves memory alone, as far as anybody knows; reports it otherwise. */
static bool is_without_dma(struct expand *expand, const struct node *node, enum fdt_dma dma)
{
    const struct desc_passthrough *desc = node->fields;

    if (dma == FDT_DMA_MASTER) {
        diag_error(
            expand->diag, node_loc(node, "node"),
            "<passthrough>: \"%s\" reads and writes memory by itself (DMA), and the board has no IOMMU "
            "that could confine it to its guest",
            desc->node);
        return false;
    }
    if (dma == FDT_DMA_UNKNOWN && desc->dma == DESC_DMA_AUTO) {
        diag_error(
            expand->diag, node_loc(node, "node"),
            "<passthrough>: \"%s\": it is not known here whether it reads and writes memory by itself (DMA), "
            "from which nothing could keep it; if its manual says that it does not: dma=\"none\"",
            desc->node);
        return false;
    }
    return true;
}

void expand_passthrough(struct expand *expand, struct expand_guest *guest, const struct node *node)
{
    const struct desc_passthrough *desc = node->fields;
    const void *board = node->broken ? NULL : board_tree(expand, node);
    struct fdt_board_device device;
    struct fdt_error error;

    if (board == NULL) {
        return;
    }
    if (fdt_path_offset(board, desc->node) < 0) {
        report_unknown(expand, node, board);
        return;
    }
    if (fdt_board_find(board, desc->node, &device, &error) != ERR_OK) {
        diag_error(expand->diag, node_loc(node, "node"), "<passthrough>: \"%s\": %s", desc->node, error.text);
        return;
    }
    if (!is_without_dma(expand, node, device.dma)) {
        return;
    }
    for (size_t i = 0; i < device.window_count; i++) {
        if (!is_free(expand, guest, node, &device.windows[i])) {
            return;
        }
    }
    for (size_t i = 0; i < device.window_count; i++) {
        map_window(expand, guest, node, &device.windows[i]);
    }
    for (size_t i = 0; i < device.irq_count; i++) {
        route_irq(expand, guest, node, &device.irqs[i]);
    }
    use_as_console(guest, board, desc->node, &device);
    add_node(guest, node);
}

static bool takes(const struct node *node, const void *board, const struct board_range *range)
{
    const struct desc_passthrough *desc = node->fields;
    struct fdt_board_device device;
    struct fdt_error error;

    if (node->broken || fdt_board_find(board, desc->node, &device, &error) != ERR_OK) {
        return false;
    }
    for (size_t i = 0; i < device.window_count; i++) {
        if (device.windows[i].gpa < range->base + range->bytes &&
            range->base < device.windows[i].gpa + device.windows[i].bytes) {
            return true;
        }
    }
    return false;
}

bool expand_passthrough_takes(struct expand *expand, const struct board_range *range)
{
    for (size_t i = 0; i < expand->root->child_count; i++) {
        const struct node *guest = expand->root->children[i];

        for (size_t j = 0; guest->spec == &lang_guest && j < guest->child_count; j++) {
            const struct node *node = guest->children[j];

            if (node->spec == &lang_passthrough && board_tree(expand, node) != NULL &&
                takes(node, expand->board_dtb.data, range)) {
                return true;
            }
        }
    }
    return false;
}

void expand_passthrough_free(struct expand_guest *guest)
{
    free(guest->passed_windows);
    free(guest->passed_intids);
    free(guest->passed_nodes);
    free(guest->passed_descriptions);
}
