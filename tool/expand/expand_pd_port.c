/* SPDX-License-Identifier: BSD-2-Clause */
/* <port>: a switch's port for a protection domain of the description; <timer>: its channel to the timer PD.
 */
#include <string.h>

#include "lib/config/netclient_config.h"
#include "tool/base/suggest.h"
#include "tool/expand/expand.h"

/* The protection domain that the attribute names, which must be one of the description's own. */
static struct model_pd *find_pd(struct expand *expand, const struct node *node, const char *name)
{
    struct model *model = expand->model;
    struct suggest suggest;
    char suggestion[SUGGEST_TEXT_BYTES];

    suggest_start(&suggest, name);
    for (size_t i = 0; i < expand->own_pd_count; i++) {
        if (strcmp(model->pds[i]->name, name) == 0) {
            return model->pds[i];
        }
        suggest_offer(&suggest, model->pds[i]->name);
    }
    const struct source_disabled *off = source_find_disabled(expand->source, "protection_domain", name);
    if (off != NULL) {
        diag_warning(expand->diag, node->loc, "<%s>: left out, as protection domain \"%s\" is switched off",
                     node->spec->name, name);
        diag_note(expand->diag, off->loc, "it is here");
    } else {
        expand_report_unknown(expand, node, "pd", "protection domain", name,
                              suggest_text(&suggest, suggestion));
    }
    return NULL;
}

/* A program has one configuration for whatever it gets: this one, empty at first. */
static struct netclient_config *config_of(struct model_pd *pd)
{
    for (size_t i = 0; i < pd->config_count; i++) {
        if (strcmp(pd->configs[i].section, NETCLIENT_CONFIG_SECTION) == 0) {
            return (struct netclient_config *)pd->configs[i].data;
        }
    }
    struct netclient_config config = {0};
    expand_config_header(&config.header, NETCLIENT_CONFIG_MAGIC, NETCLIENT_CONFIG_VERSION, sizeof(config));
    return (struct netclient_config *)model_add_config(pd, NETCLIENT_CONFIG_SECTION, &config, sizeof(config))
        ->data;
}

static bool is_first(struct expand *expand, const struct node *node, const struct model_pd *pd, bool has_one)
{
    if (has_one) {
        diag_error(expand->diag, node_loc(node, "pd"), "<%s>: protection domain \"%s\" has one already",
                   node->spec->name, pd->name);
    }
    return !has_one;
}

void expand_pd_port(struct expand *expand, const struct node *node)
{
    const struct desc_switch_port *desc = node->fields;
    struct vmm_device_config device = {0};
    struct model_pd *pd =
        node->broken || !expand_switch_is_there(expand, node) ? NULL : find_pd(expand, node, desc->pd);
    struct netclient_config *config = pd == NULL ? NULL : config_of(pd);

    if (pd == NULL || !is_first(expand, node, pd, config->link.bytes != 0)) {
        return;
    }
    if (desc->port.ip != NULL && strlen(desc->port.ip) >= sizeof(config->ip)) {
        diag_error(expand->diag, node_loc(node, "ip"),
                   "<port>: addresses take up to %zu characters here, not %zu", sizeof(config->ip) - 1,
                   strlen(desc->port.ip));
        return;
    }
    expand_switch_check_ring(expand, node, UINT64_MAX);
    if (!expand_switch_connect(expand, node, desc->pd, pd, &device)) {
        return;
    }
    config->mtu = (uint16_t)desc->port.mtu;
    config->link = device.link;
    memcpy(config->mac, device.u.net.mac, sizeof(config->mac));
    strncpy(config->ip, desc->port.ip == NULL ? "" : desc->port.ip, sizeof(config->ip) - 1);
}

void expand_pd_timer(struct expand *expand, const struct node *node)
{
    const struct desc_timer *desc = node->fields;
    struct model_pd *pd = node->broken ? NULL : find_pd(expand, node, desc->pd);
    struct netclient_config *config = pd == NULL ? NULL : config_of(pd);
    uint32_t channel;

    if (pd != NULL && is_first(expand, node, pd, config->has_timer != 0) &&
        expand_timer_connect(expand, node->loc, pd, &channel)) {
        config->has_timer = 1;
        config->timer_channel = channel;
    }
}
