/* SPDX-License-Identifier: BSD-2-Clause */
/* <reserved_memory>: parts of a guest's RAM that its kernel leaves alone. */
#include <string.h>

#include "tool/base/mem.h"
#include "tool/base/range.h"
#include "tool/expand/expand_guest.h"
#include "tool/model/guest_machine.h"

/* What the Devicetree Specification (2.2.1) allows in a node's name, and how long it may be. */
#define NODE_NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789,._+-"
#define NODE_NAME_LENGTH 31u

static bool is_inside(const struct fdt_range *inner, const struct fdt_range *outer)
{
    return inner->gpa >= outer->gpa && inner->bytes <= outer->bytes &&
           inner->gpa - outer->gpa <= outer->bytes - inner->bytes;
}

static bool overlap(const struct fdt_range *a, const struct fdt_range *b)
{
    return range_overlaps(a->gpa, a->bytes, b->gpa, b->bytes);
}

static struct fdt_range range_of(const struct node *node)
{
    const struct desc_reserved_memory *desc = node->fields;

    return (struct fdt_range){desc->gpa, desc->size};
}

static bool check_name(struct expand *expand, const struct node *node)
{
    const struct desc_reserved_memory *desc = node->fields;
    size_t length = strlen(desc->name);

    if (length <= NODE_NAME_LENGTH && strspn(desc->name, NODE_NAME_CHARACTERS) == length) {
        return true;
    }
    diag_error(
        expand->diag, node_loc(node, "name"),
        "<reserved_memory>: name=\"%s\" cannot be that of a device tree node: up to %u letters, digits, "
        "and , . _ + -",
        desc->name, NODE_NAME_LENGTH);
    return false;
}

static bool check_place(struct expand *expand, const struct expand_guest *guest, const struct node *node)
{
    struct fdt_range range = range_of(node);

    if (is_inside(&range, &guest->fdt.ram)) {
        return true;
    }
    diag_error(
        expand->diag, node_loc(node, "gpa"),
        "<reserved_memory>: 0x%llx (0x%llx bytes) is not inside the guest's RAM, which is 0x%llx to 0x%llx",
        (unsigned long long)range.gpa, (unsigned long long)range.bytes,
        (unsigned long long)guest->fdt.ram.gpa,
        (unsigned long long)(guest->fdt.ram.gpa + guest->fdt.ram.bytes - 1));
    return false;
}

/* Against those before it. */
static bool check_others(struct expand *expand, const struct expand_guest *guest, const struct node *node)
{
    struct fdt_range range = range_of(node);

    for (size_t i = 0; i < guest->fdt.reserved_count; i++) {
        if (overlap(&range, &guest->reserved[i].range)) {
            diag_error(expand->diag, node_loc(node, "gpa"), "<reserved_memory>: it overlaps \"%s\"",
                       guest->reserved[i].name);
            diag_note(expand->diag, node_loc(guest->reserved_nodes[i], "gpa"), "which is here");
            return false;
        }
    }
    return true;
}

void expand_reserved_memory(struct expand *expand, struct expand_guest *guest, const struct node *node)
{
    const struct desc_reserved_memory *desc = node->fields;
    size_t count = guest->fdt.reserved_count;

    if (node->broken || guest->fdt.ram.bytes == 0 || !check_name(expand, node) ||
        !check_place(expand, guest, node) || !check_others(expand, guest, node)) {
        return;
    }
    guest->reserved = mem_grow(guest->reserved, count, sizeof(guest->reserved[0]));
    guest->reserved_nodes = mem_grow(guest->reserved_nodes, count, sizeof(guest->reserved_nodes[0]));
    guest->reserved[count] =
        (struct fdt_reserved){.name = desc->name, .range = range_of(node), .no_map = desc->no_map};
    guest->reserved_nodes[count] = node;
    guest->fdt.reserved_count++;
}

/* Something that is loaded into the guest's RAM. */
struct loaded {
    const char *name;
    struct fdt_range range;
};

static void check_loaded(struct expand *expand, const struct expand_guest *guest, const struct loaded *loaded)
{
    for (size_t i = 0; i < guest->fdt.reserved_count; i++) {
        if (overlap(&guest->reserved[i].range, &loaded->range)) {
            diag_error(expand->diag, node_loc(guest->reserved_nodes[i], "gpa"),
                       "<reserved_memory>: the guest's %s is loaded at 0x%llx to 0x%llx", loaded->name,
                       (unsigned long long)loaded->range.gpa,
                       (unsigned long long)(loaded->range.gpa + loaded->range.bytes - 1));
        }
    }
}

void expand_reserved_check_images(struct expand *expand, const struct expand_guest *guest,
                                  uint64_t kernel_bytes)
{
    const struct vmm_config *config = &guest->config;

    check_loaded(expand, guest, &(struct loaded){"kernel", {config->ram_gpa, kernel_bytes}});
    check_loaded(expand, guest, &(struct loaded){"initramfs", {config->initrd_gpa, config->initrd.bytes}});
    check_loaded(expand, guest, &(struct loaded){"device tree", {config->dtb_gpa, GUEST_MACHINE_DTB_BYTES}});
}

void expand_reserved_check_firmware(struct expand *expand, const struct expand_guest *guest, uint64_t gpa,
                                    uint64_t bytes)
{
    check_loaded(expand, guest, &(struct loaded){"firmware", {gpa, bytes}});
    check_loaded(expand, guest,
                 &(struct loaded){"device tree",
                                  {guest->config.ram_gpa, guest->has_dtb ? GUEST_MACHINE_DTB_BYTES : 0}});
}
