/* SPDX-License-Identifier: BSD-2-Clause */
/* The supervisor PD: parent of the VMMs whose guests' descriptions ask for one. */
#include <string.h>

#include "lib/config/supervisor_config.h"
#include "tool/expand/expand_guest.h"

#define SUPERVISOR_NAME "supervisor"
/* Above the VMMs, whose calls it serves; it has work only when one of them has died. */
static const struct desc_pd_options supervisor_options = {
    .priority = 253, .budget = 1000, .stack_size = 0x1000, .program = "supervisor.elf"};

static bool is_asked_for(const struct desc_guest *desc)
{
    return desc->supervised == DESC_SUPERVISED_TRUE ||
           (desc->supervised == DESC_SUPERVISED_AUTO && desc->on_crash == VMM_EXIT_RESTART);
}

/* The channel that the VMM greets through. False after an error was reported. */
static bool add_channel(struct expand *expand, struct expand_guest *guest, uint32_t *id)
{
    struct loc loc = guest->node->loc;
    struct model_channel *channel;

    if (!expand_channel_id(expand, guest->vmm, loc, &guest->config.supervisor_channel) ||
        !expand_channel_id(expand, expand->supervisor_pd, loc, id)) {
        return false;
    }
    channel = model_add_channel(expand->model, loc);
    channel->ends[0] = (struct model_channel_end){
        .pd = guest->vmm, .loc = loc, .id = guest->config.supervisor_channel, .pp = true};
    channel->ends[1] = (struct model_channel_end){.pd = expand->supervisor_pd, .loc = loc, .id = *id};
    guest->config.has_supervisor = 1;
    return true;
}

void expand_supervisor_connect(struct expand *expand, struct expand_guest *guest)
{
    struct supervisor_config *config = &expand->supervisor_config;
    struct supervisor_child_config *child = &config->children[config->child_count];

    if (!is_asked_for(guest->desc)) {
        return;
    }
    if (expand->supervisor_pd == NULL) {
        expand->supervisor_pd = expand_add_pd(expand, SUPERVISOR_NAME, guest->node->loc, &supervisor_options);
    }
    if (!add_channel(expand, guest, &child->channel)) {
        return;
    }
    child->child = config->child_count++;
    child->on_crash = guest->config.on_crash;
    child->restart = guest->config.restart;
    strncpy(child->name, guest->desc->name, sizeof(child->name) - 1);
    guest->vmm->parent = expand->supervisor_pd;
    guest->vmm->child_id = child->child;
}

void expand_supervisor_finish(struct expand *expand)
{
    if (expand->supervisor_pd != NULL) {
        expand_config_header(&expand->supervisor_config.header, SUPERVISOR_CONFIG_MAGIC,
                             SUPERVISOR_CONFIG_VERSION, sizeof(expand->supervisor_config));
        (void)model_add_config(expand->supervisor_pd, SUPERVISOR_CONFIG_SECTION, &expand->supervisor_config,
                               sizeof(expand->supervisor_config));
    }
}
