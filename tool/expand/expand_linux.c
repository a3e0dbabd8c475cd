/* SPDX-License-Identifier: BSD-2-Clause */
/* <linux>: kernel, initramfs, command line and device tree of a guest. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/base/initrd_file.h"
#include "tool/base/ip.h"
#include "tool/base/mem.h"
#include "tool/expand/expand_guest.h"
#include "tool/model/guest_machine.h"

/* Linux: COMMAND_LINE_SIZE of arch/arm64, with the NUL. */
#define COMMAND_LINE_BYTES 2048u

static void add_bootarg(char *bootargs, const char *name, const char *value)
{
    size_t used = strlen(bootargs);

    if (value != NULL && used < COMMAND_LINE_BYTES) {
        (void)snprintf(&bootargs[used], COMMAND_LINE_BYTES + 1 - used, "%s%s%s", used == 0 ? "" : " ", name,
                       value);
    }
}

/* A list of the description as our initramfs takes it. */
static char *with_commas(const char *list)
{
    char *copy = mem_strdup(list);

    for (char *at = copy == NULL ? NULL : strchr(copy, ' '); at != NULL; at = strchr(at, ' ')) {
        *at = ',';
    }
    return copy;
}

static bool has_word(const char *text, const char *word)
{
    const char *at = text == NULL ? NULL : strstr(text, word);

    return at != NULL && (at == text || at[-1] == ' ' || has_word(at + 1, word));
}

/* Our initramfs starts within a second or two. Others, and what is on a disk, may take long, and their kernel says meanwhile
   what it does. */
static bool starts_at_once(const struct desc_linux *linux_desc)
{
    return !has_word(linux_desc->bootargs, "root=") &&
           (linux_desc->kernel == NULL || strchr(linux_desc->kernel, '/') == NULL) &&
           (linux_desc->initrd == NULL || strchr(linux_desc->initrd, '/') == NULL);
}

/* What our initramfs and any Linux make of the description. */
static void add_default_bootargs(const struct expand_guest *guest, const struct desc_linux *linux_desc,
                                 char *bootargs)
{
    const struct desc_guest *desc = guest->desc;

    if (guest->uart_gpa != 0) {
        char earlycon[32];

        (void)snprintf(earlycon, sizeof(earlycon), "pl011,0x%llx", (unsigned long long)guest->uart_gpa);
        add_bootarg(bootargs, "console=", guest->has_hvc ? "hvc0" : "ttyAMA0");
        add_bootarg(bootargs, "earlycon=", earlycon);
    }
    add_bootarg(bootargs, "", starts_at_once(linux_desc) ? "quiet" : NULL);
    add_bootarg(bootargs, "causeway.hostname=", desc->hostname == NULL ? desc->name : desc->hostname);
    for (size_t i = 0; i < guest->net_count; i++) {
        const struct desc_net *net = guest->nets[i]->fields;
        char *addresses = with_commas(net->ip);
        char name[40];

        (void)snprintf(name, sizeof(name), "causeway.ip%zu=", i);
        add_bootarg(bootargs, name, addresses);
        free(addresses);
    }
}

/* A router that none of the guest's networks reaches is a mistake that Linux would only report at run time.
 */
static void check_gateway(struct expand *expand, const struct expand_guest *guest, const struct node *node)
{
    const struct desc_net *desc = node->fields;
    struct ip gateway;
    struct ip own;
    bool reached = ip_parse(desc->gateway, false, &gateway) != NULL;
    bool is_own = false;

    for (size_t i = 0; i < guest->net_count; i++) {
        const struct desc_net *net = guest->nets[i]->fields;
        char *copy = mem_strdup(net->ip);
        char *rest = NULL;

        for (char *at = copy == NULL ? NULL : strtok_r(copy, " ", &rest); at != NULL;
             at = strtok_r(NULL, " ", &rest)) {
            bool is_address = ip_parse(at, true, &own) == NULL;

            reached = reached || (is_address && ip_in_network(&gateway, &own));
            is_own = is_own || (is_address && ip_same_host(&gateway, &own));
        }
        free(copy);
    }
    if (is_own) {
        diag_error(expand->diag, node_loc(node, "gateway"),
                   "<net>: gateway %s is guest \"%s\" itself; it takes a neighbour's address", desc->gateway,
                   guest->desc->name);
    }
    if (!reached) {
        diag_error(expand->diag, node_loc(node, "gateway"),
                   "<net>: gateway %s is on none of the networks of guest \"%s\"", desc->gateway,
                   guest->desc->name);
    }
}

static void add_gateway(struct expand *expand, const struct expand_guest *guest, char *bootargs)
{
    const struct node *first = NULL;

    for (size_t i = 0; i < guest->net_count; i++) {
        const struct desc_net *net = guest->nets[i]->fields;

        if (net->gateway == NULL) {
            continue;
        }
        if (first != NULL) {
            diag_error(expand->diag, node_loc(guest->nets[i], "gateway"),
                       "<net>: a guest has one default route");
            diag_note(expand->diag, node_loc(first, "gateway"), "guest \"%s\" has this one already",
                      guest->desc->name);
            continue;
        }
        first = guest->nets[i];
        check_gateway(expand, guest, first);
        add_bootarg(bootargs, "causeway.gateway=", net->gateway);
    }
}

static void make_bootargs(struct expand *expand, const struct expand_guest *guest, const struct node *node,
                          char *bootargs)
{
    const struct desc_linux *desc = node->fields;

    bootargs[0] = '\0';
    if (desc->default_bootargs) {
        add_default_bootargs(guest, desc, bootargs);
        add_gateway(expand, guest, bootargs);
    }
    add_bootarg(bootargs, "", desc->bootargs);
    if (strlen(bootargs) >= COMMAND_LINE_BYTES) {
        diag_error(expand->diag, node_loc(node, "bootargs"),
                   "<linux>: the command line is longer than the %u characters that Linux takes",
                   COMMAND_LINE_BYTES - 1);
    }
}

/* Several guests may boot the same: it is looked at once. */
static struct model_mr *add_initrd(struct expand *expand, const struct node *node, const char *value)
{
    const size_t regions = expand->model->mr_count;
    struct model_mr *mr = value == NULL || node->broken
                              ? NULL
                              : expand_image_file(expand, node, "initrd", value, "initrd.cpio.gz");

    if (mr != NULL && expand->model->mr_count > regions &&
        initrd_file_check(mr->prefill_path, node_loc(node, "initrd"), expand->diag) != ERR_OK) {
        return NULL;
    }
    return mr;
}

/* Device tree at the end of RAM, initramfs below it, the kernel at the start. */
static void place_images(struct expand *expand, struct expand_guest *guest, uint64_t kernel_bytes)
{
    struct vmm_config *config = &guest->config;
    uint64_t initrd_bytes = (config->initrd.bytes + MODEL_PAGE_BYTES - 1) & ~(MODEL_PAGE_BYTES - 1);
    uint64_t tail_bytes = GUEST_MACHINE_DTB_BYTES + initrd_bytes;

    if (config->ram_bytes == 0) {
        return;
    }
    if (tail_bytes > config->ram_bytes || kernel_bytes > config->ram_bytes - tail_bytes) {
        diag_error(
            expand->diag, node_loc(guest->node, "ram"),
            "<guest>: ram is too small for what is loaded into it: kernel %llu KiB, initramfs %llu KiB, "
            "device tree %llu KiB",
            (unsigned long long)(kernel_bytes >> 10), (unsigned long long)(initrd_bytes >> 10),
            GUEST_MACHINE_DTB_BYTES >> 10);
        return;
    }
    config->dtb_gpa = config->ram_gpa + config->ram_bytes - GUEST_MACHINE_DTB_BYTES;
    if (config->initrd.bytes > 0) {
        config->initrd_gpa = config->dtb_gpa - initrd_bytes;
        guest->fdt.initrd = (struct fdt_range){config->initrd_gpa, config->initrd.bytes};
    }
    expand_reserved_check_images(expand, guest, kernel_bytes);
}

void expand_dtb_add(struct expand *expand, struct expand_guest *guest, const struct node *node)
{
    struct fdt_blob blob;

    if (guest->config.dtb_gpa == 0) {
        return;
    }
    if (!expand_dtb(expand, guest, node, &blob)) {
        return;
    }

    char *name = mem_printf("%s_dtb", guest->desc->name);
    struct model_mr *mr = expand_image_blob(expand, name, node->loc, blob.data, blob.bytes);

    guest->config.dtb = expand_image_map(guest->vmm, mr);
    fdt_blob_free(&blob);
    free(name);
}

void expand_linux(struct expand *expand, struct expand_guest *guest)
{
    const struct node *node = node_first(guest->node, &lang_linux);
    char bootargs[COMMAND_LINE_BYTES + 1];

    if (node == NULL) {
        return;
    }

    const struct desc_linux *desc = node->fields;
    uint64_t kernel_bytes = 0;
    struct model_mr *kernel =
        desc->kernel == NULL || node->broken
            ? NULL
            : expand_image_kernel(expand, node, "kernel", desc->kernel, "Image", &kernel_bytes);
    struct model_mr *initrd = add_initrd(expand, node, desc->initrd);

    guest->config.kernel = expand_image_map(guest->vmm, kernel);
    guest->config.initrd = expand_image_map(guest->vmm, initrd);
    place_images(expand, guest, kernel_bytes);
    make_bootargs(expand, guest, node, bootargs);
    guest->fdt.bootargs = bootargs;
    expand_dtb_add(expand, guest, node);
    guest->fdt.bootargs = NULL;
}
