/* SPDX-License-Identifier: BSD-2-Clause */
/* What makes a port of a switch a managed one: limits, VLANs, checks of source addresses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/base/ip.h"
#include "tool/base/mem.h"
#include "tool/expand/expand.h"

#define VLAN_MAX 4094u
#define DEFAULT_SPEED_MBPS 10000u
#define KBIT_PER_MBIT 1000u

uint32_t expand_port_speed(uint64_t rate_kbps)
{
    if (rate_kbps == 0) {
        return DEFAULT_SPEED_MBPS;
    }
    return rate_kbps < KBIT_PER_MBIT ? 1 : (uint32_t)(rate_kbps / KBIT_PER_MBIT);
}

/* Is that one of the names of a list, which single spaces separate? */
static bool list_has(const char *list, const char *name)
{
    const size_t length = strlen(name);

    for (const char *at = list; at != NULL; at = strchr(at, ' ')) {
        at += *at == ' ' ? 1 : 0;
        if (strncmp(at, name, length) == 0 && (at[length] == ' ' || at[length] == '\0')) {
            return true;
        }
    }
    return false;
}

/* "10", "20-29" or "all". */
static bool parse_range(const char *text, struct vswitch_vlan_range *range)
{
    unsigned int first, last;
    char rest;

    if (strcmp(text, "all") == 0) {
        *range = (struct vswitch_vlan_range){1, VLAN_MAX};
        return true;
    }
    if (sscanf(text, "%4u-%4u%c", &first, &last, &rest) != 2) {
        if (sscanf(text, "%4u%c", &first, &rest) != 1) {
            return false;
        }
        last = first;
    }
    *range = (struct vswitch_vlan_range){(uint16_t)first, (uint16_t)last};
    return first >= 1 && first <= last && last <= VLAN_MAX;
}

static void set_trunk(struct expand *expand, const struct node *net, struct vswitch_port_config *port)
{
    const struct desc_net *desc = net->fields;
    char *copy = mem_strdup(desc->trunk);
    char *rest = NULL;

    for (char *at = strtok_r(copy, " ", &rest); at != NULL; at = strtok_r(NULL, " ", &rest)) {
        if (port->trunk_count == VSWITCH_CONFIG_MAX_TRUNK) {
            diag_error(expand->diag, node_loc(net, "trunk"),
                       "<%s>: trunk: more than %u VLANs or ranges of them", net->spec->name,
                       VSWITCH_CONFIG_MAX_TRUNK);
            break;
        }
        if (!parse_range(at, &port->trunk[port->trunk_count])) {
            diag_error(expand->diag, node_loc(net, "trunk"),
                       "<%s>: trunk: \"%s\" is no VLAN from 1 to %u, no range such as 20-29, and not all",
                       net->spec->name, at, VLAN_MAX);
            break;
        }
        port->trunk_count++;
    }
    free(copy);
}

/* One address of ip= among those that the port may have. False if there are too many of its kind. */
static bool add_address(struct vswitch_port_config *port, const struct ip *ip)
{
    const bool is_ipv6 = ip->bits == 8 * sizeof(port->guard_ipv6[0]);
    uint32_t *count = is_ipv6 ? &port->guard_ipv6_count : &port->guard_ipv4_count;

    if (*count == VSWITCH_CONFIG_MAX_GUARD) {
        return false;
    }
    memcpy(is_ipv6 ? port->guard_ipv6[*count] : port->guard_ipv4[*count], ip->bytes, ip->bits / 8);
    (*count)++;
    return true;
}

static void guard_addresses(struct expand *expand, const struct node *net, struct vswitch_port_config *port)
{
    const struct desc_net *desc = net->fields;
    char *copy, *rest = NULL;
    struct ip ip;

    port->flags |= VSWITCH_PORT_CHECK_IP;
    if (desc->ip == NULL) {
        diag_error(expand->diag, node_loc(net, "guard"),
                   "<%s>: guard=\"ip\" needs the addresses that the guest may have, in ip", net->spec->name);
        return;
    }
    copy = mem_strdup(desc->ip);
    for (char *at = strtok_r(copy, " ", &rest); at != NULL; at = strtok_r(NULL, " ", &rest)) {
        if (ip_parse(at, true, &ip) == NULL && !add_address(port, &ip)) {
            diag_error(expand->diag, node_loc(net, "ip"),
                       "<%s>: guard=\"ip\": at most %u IPv4 and %u IPv6 addresses", net->spec->name,
                       VSWITCH_CONFIG_MAX_GUARD, VSWITCH_CONFIG_MAX_GUARD);
            break;
        }
    }
    free(copy);
}

static void set_guard(struct expand *expand, const struct node *net, struct vswitch_port_config *port)
{
    const struct desc_net *desc = net->fields;
    char *copy = mem_strdup(desc->guard);
    char *rest = NULL;

    port->flags |= VSWITCH_PORT_CHECK_MAC;
    for (char *at = strtok_r(copy, " ", &rest); at != NULL; at = strtok_r(NULL, " ", &rest)) {
        if (strcmp(at, "ip") == 0) {
            guard_addresses(expand, net, port);
        } else if (strcmp(at, "mac") != 0) {
            diag_error(expand->diag, node_loc(net, "guard"), "<%s>: guard: \"%s\" is neither mac nor ip",
                       net->spec->name, at);
        }
    }
    free(copy);
}

void expand_port_manage(struct expand *expand, const struct node *net, struct vswitch_port_config *port)
{
    const struct desc_net *desc = net->fields;

    port->rx_rate_kbps = (uint32_t)desc->rx_rate_kbps;
    port->burst_bytes = (uint32_t)desc->burst_bytes;
    port->storm_pps = (uint32_t)desc->storm_pps;
    port->vlan = (uint16_t)desc->vlan;
    if (desc->burst_bytes != 0 && desc->rate_kbps == 0 && desc->rx_rate_kbps == 0) {
        diag_warning(expand->diag, node_loc(net, "burst"), "<%s>: burst without rate_kbps or rx_rate_kbps",
                     net->spec->name);
    }
    if (desc->trunk != NULL) {
        set_trunk(expand, net, port);
    }
    if (desc->guard != NULL) {
        set_guard(expand, net, port);
    }
}

bool expand_port_is_isolated(const struct node *net, const struct node *other)
{
    const struct desc_net *desc = net->fields, *other_desc = other->fields;
    char *copy = desc->isolate == NULL || other_desc->isolate == NULL ? NULL : mem_strdup(desc->isolate);
    char *rest = NULL;
    bool found = false;

    for (char *at = copy == NULL ? NULL : strtok_r(copy, " ", &rest); at != NULL && !found;
         at = strtok_r(NULL, " ", &rest)) {
        found = list_has(other_desc->isolate, at);
    }
    free(copy);
    return found;
}

/* How many ports are in that group. */
static uint32_t group_size(const struct vswitch_config *config, const struct node *const nets[],
                           const char *group)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < config->port_count; i++) {
        const struct desc_net *desc = nets[i]->fields;

        count += list_has(desc->isolate, group) ? 1 : 0;
    }
    return count;
}

void expand_port_check_groups(struct expand *expand, const struct vswitch_config *config,
                              const struct node *const nets[])
{
    for (uint32_t i = 0; i < config->port_count; i++) {
        const struct desc_net *desc = nets[i]->fields;
        char *copy = desc->isolate == NULL ? NULL : mem_strdup(desc->isolate);
        char *rest = NULL;

        for (char *at = copy == NULL ? NULL : strtok_r(copy, " ", &rest); at != NULL;
             at = strtok_r(NULL, " ", &rest)) {
            if (group_size(config, nets, at) == 1) {
                diag_warning(expand->diag, node_loc(nets[i], "isolate"),
                             "<%s>: isolate: no other port of switch \"%s\" is in group \"%s\"",
                             nets[i]->spec->name, config->name, at);
            }
        }
        free(copy);
    }
}

static bool is_in_vlan(const struct vswitch_port_config *port)
{
    return port->vlan != 0 || port->trunk_count != 0;
}

void expand_port_check_vlans(struct expand *expand, struct vswitch_config *config,
                             const struct node *const nets[])
{
    for (uint32_t i = 0; i < config->port_count; i++) {
        config->has_vlans = is_in_vlan(&config->ports[i]) ? 1 : config->has_vlans;
    }
    for (uint32_t i = 0; i < config->port_count && config->has_vlans != 0; i++) {
        if (!is_in_vlan(&config->ports[i])) {
            diag_error(expand->diag, nets[i]->loc,
                       "<%s>: switch \"%s\" has VLANs, so each of its ports needs vlan or trunk",
                       nets[i]->spec->name, config->name);
        }
    }
}
