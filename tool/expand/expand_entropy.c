/* SPDX-License-Identifier: BSD-2-Clause */
/* <entropy>: the PD that gives guests their randomness. There is one wherever there is a guest, unless it is
   switched off. */
#include "boards/board.h"
#include "lib/config/entropy_config.h"
#include "tool/expand/expand_guest.h"

/* It works for whoever asks, before every guest, and nobody else pays for that. */
#define ENTROPY_PERIOD_BUDGETS 10u

#define RNG_SEED_BYTES 64u

static const struct node *find_guest(const struct node *root)
{
    return node_first(root, &lang_guest);
}

/* On seL4 the kernel hands nothing over; the device tree still lies where the firmware left it. */
static struct config_blob map_firmware_fdt(struct expand *expand, const struct node *node)
{
    const struct board_range *fdt = &expand->model->board->sel4_fdt;
    struct config_blob blob = {0};

    if (fdt->bytes != 0) {
        struct model_mr *mr = model_add_mr(expand->model, fdt->name, node->loc);

        mr->size_bytes = fdt->bytes;
        mr->page_size_bytes = MODEL_LARGE_PAGE_BYTES;
        mr->has_phys_addr = true;
        mr->phys_addr = fdt->base;
        blob.bytes = fdt->bytes;
        blob.vaddr =
            expand_free_vaddr(expand->entropy_pd, EXPAND_LARGE_BASE, fdt->bytes, MODEL_LARGE_PAGE_BYTES);
        (void)model_add_pd_map(expand->entropy_pd, mr, blob.vaddr, MODEL_READ);
    }
    return blob;
}

void expand_entropy(struct expand *expand)
{
    const struct node *node = node_first(expand->root, &lang_entropy);
    struct entropy_config config = {.has_boot_seed = !expand->options->microkit};
    const struct desc_entropy *desc;

    if (node == NULL &&
        (find_guest(expand->root) == NULL || source_find_disabled(expand->source, "entropy", NULL) != NULL)) {
        return;
    }
    if (node == NULL) {
        /* As if <entropy/> stood there. */
        expand->default_entropy_xml = (struct xml_element){.name = "entropy", .loc = expand->root->loc};
        expand->default_entropy = node_bind(expand->diag, &lang_entropy, &expand->default_entropy_xml);
        node = expand->default_entropy;
    }
    desc = node->fields;
    if (node->broken || desc->name == NULL) {
        return;
    }
    expand->entropy_pd = expand_add_pd(expand, desc->name, node->loc, &desc->options);
    if (desc->options.period == 0) {
        expand->entropy_pd->period_us = ENTROPY_PERIOD_BUDGETS * expand->entropy_pd->budget_us;
    }
    expand->entropy_pd->gets_seed = !expand->options->microkit;
    if (expand->options->microkit) {
        config.fdt = map_firmware_fdt(expand, node);
    }
    expand_config_header(&config.header, ENTROPY_CONFIG_MAGIC, ENTROPY_CONFIG_VERSION, sizeof(config));
    (void)model_add_config(expand->entropy_pd, ENTROPY_CONFIG_SECTION, &config, sizeof(config));
}

void expand_entropy_connect(struct expand *expand, struct expand_guest *guest)
{
    static const uint8_t placeholder[RNG_SEED_BYTES];
    struct model_channel *channel;
    uint32_t vmm_id;
    uint32_t entropy_id;

    if (expand->entropy_pd == NULL || !expand_channel_id(expand, guest->vmm, guest->node->loc, &vmm_id) ||
        !expand_channel_id(expand, expand->entropy_pd, guest->node->loc, &entropy_id)) {
        return;
    }
    channel = model_add_channel(expand->model, guest->node->loc);
    channel->ends[0] =
        (struct model_channel_end){.pd = guest->vmm, .loc = guest->node->loc, .id = vmm_id, .pp = true};
    channel->ends[1] =
        (struct model_channel_end){.pd = expand->entropy_pd, .loc = guest->node->loc, .id = entropy_id};
    guest->config.has_entropy = 1;
    guest->config.entropy_channel = vmm_id;
    /* The VMM fills it at each start; an image must not hold a seed. */
    guest->fdt.rng_seed = placeholder;
    guest->fdt.rng_seed_bytes = sizeof(placeholder);
    guest->fdt.has_kaslr_seed = true;
}
