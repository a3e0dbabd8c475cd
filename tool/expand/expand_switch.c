/* SPDX-License-Identifier: BSD-2-Clause */
/* <switch>: a virtual switch; <net>: one of its ports. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/config/vswitch_stats.h"
#include "lib/net/virtio_net_hdr.h"
#include "lib/ring/ring.h"
#include "tool/base/ip.h"
#include "tool/base/mem.h"
#include "tool/base/suggest.h"
#include "tool/expand/expand.h"

#define ETHERNET_HEADER_BYTES 14u

void expand_switch(struct expand *expand, const struct node *node)
{
    const struct desc_switch *desc = node->fields;
    struct expand_switch *added;

    if (desc->name == NULL) {
        return;
    }
    expand->switches = mem_grow(expand->switches, expand->switch_count, sizeof(expand->switches[0]));
    added = &expand->switches[expand->switch_count++];
    added->node = node;
    added->pd = expand_add_pd(expand, desc->name, node->loc, &desc->options);
    added->config.mac_table_entries = (uint32_t)desc->mac_table;
    added->config.reserved_groups = desc->reserved;
    added->config.snooping = desc->snooping ? 1 : 0;
    strncpy(added->config.name, desc->name, sizeof(added->config.name) - 1);
}

static struct expand_switch *find_switch(struct expand *expand, const struct node *net)
{
    const struct desc_net *desc = net->fields;
    const struct source_disabled *off;
    struct suggest suggest;
    char suggestion[SUGGEST_TEXT_BYTES];

    if (desc->switch_name == NULL) {
        return NULL;
    }
    suggest_start(&suggest, desc->switch_name);
    for (size_t i = 0; i < expand->switch_count; i++) {
        if (strcmp(expand->switches[i].config.name, desc->switch_name) == 0) {
            return &expand->switches[i];
        }
        suggest_offer(&suggest, expand->switches[i].config.name);
    }
    off = source_find_disabled(expand->source, "switch", desc->switch_name);
    if (off != NULL) {
        diag_warning(expand->diag, net->loc, "<%s>: left out, as switch \"%s\" is switched off",
                     net->spec->name, desc->switch_name);
        diag_note(expand->diag, off->loc, "the switch is here");
    } else {
        expand_report_unknown(expand, net, "switch", "switch", desc->switch_name,
                              suggest_text(&suggest, suggestion));
    }
    return NULL;
}

bool expand_switch_is_there(struct expand *expand, const struct node *net)
{
    return find_switch(expand, net) != NULL;
}

static struct vswitch_port_config *find_port(struct expand_switch *lan, const char *name)
{
    for (uint32_t i = 0; i < lan->config.port_count; i++) {
        if (strcmp(lan->config.ports[i].name, name) == 0) {
            return &lan->config.ports[i];
        }
    }
    return NULL;
}

/* A port is called as its guest; a guest's second port at the same switch, guest_2. */
static void name_port(struct expand *expand, struct expand_switch *lan, const struct node *net,
                      const char *guest, char *name)
{
    const struct desc_net *desc = net->fields;
    const struct vswitch_port_config *other;

    (void)snprintf(name, CONFIG_NAME_BYTES, "%s", desc->name == NULL ? guest : desc->name);
    for (unsigned int i = 2; desc->name == NULL && find_port(lan, name) != NULL; i++) {
        (void)snprintf(name, CONFIG_NAME_BYTES, "%.24s_%u", guest, i);
    }
    other = find_port(lan, name);
    if (other != NULL) {
        diag_error(expand->diag, node_loc(net, "name"), "<%s>: switch \"%s\" has a port \"%s\" already",
                   net->spec->name, lan->config.name, name);
        const struct node *taken_by = lan->ports[other - lan->config.ports];
        diag_note(expand->diag, taken_by->loc, "this <%s>", taken_by->spec->name);
    }
}

/* The same names give the same address, build after build (FNV-1a, 24 bits of it). */
static uint32_t hash_names(const char *system, const char *port, uint32_t attempt)
{
    uint32_t hash = 2166136261u + attempt;

    for (; *system != '\0'; system++) {
        hash = (hash ^ (uint8_t)*system) * 16777619u;
    }
    for (; *port != '\0'; port++) {
        hash = (hash ^ (uint8_t)*port) * 16777619u;
    }
    return (hash ^ (hash >> 24)) & 0xffffffu;
}

static bool mac_is_written(const struct node *node, const uint8_t mac[6])
{
    const bool is_port =
        node->spec == &lang_net || node->spec == &lang_uplink || node->spec == &lang_switch_port;
    const struct desc_net *desc = is_port ? node->fields : NULL;
    bool written = desc != NULL && desc->mac.given && memcmp(desc->mac.bytes, mac, 6) == 0;

    for (size_t i = 0; !written && i < node->child_count; i++) {
        written = mac_is_written(node->children[i], mac);
    }
    return written;
}

static bool mac_is_taken(const struct expand *expand, const uint8_t mac[6])
{
    bool taken = mac_is_written(expand->root, mac);

    for (size_t i = 0; i < expand->switch_count; i++) {
        const struct vswitch_config *config = &expand->switches[i].config;

        for (uint32_t port = 0; !taken && port < config->port_count; port++) {
            taken = memcmp(config->ports[port].mac, mac, 6) == 0;
        }
    }
    return taken;
}

static void make_mac(const struct expand *expand, const char *lan, const char *port, uint8_t mac[6])
{
    char *name = mem_printf("%s/%s", lan, port);
    uint32_t attempt = 0;

    do {
        uint32_t hash = hash_names(expand->model->name, name, attempt++);
        /* 52:54:00 is locally administered, and what QEMU gives its guests. */
        const uint8_t made[6] = {0x52,         0x54, 0x00, (uint8_t)(hash >> 16), (uint8_t)(hash >> 8),
                                 (uint8_t)hash};

        memcpy(mac, made, sizeof(made));
    } while (mac_is_taken(expand, mac));
    free(name);
}

static void check_mac(struct expand *expand, const struct expand_switch *lan, const struct node *net,
                      uint32_t port)
{
    const struct desc_net *desc = net->fields;
    const struct desc_net *other = lan->ports[port]->fields;

    if (desc->mac.given && other->mac.given && memcmp(desc->mac.bytes, other->mac.bytes, 6) == 0) {
        diag_error(expand->diag, node_loc(net, "mac"),
                   "<%s>: the MAC address is taken at switch \"%s\"; leave mac out to get a unique one",
                   net->spec->name, lan->config.name);
        diag_note(expand->diag, node_loc(lan->ports[port], "mac"), "by port \"%s\"",
                  lan->config.ports[port].name);
    }
}

/* Whether `ip` is in a list as ATTR_ADDRESSES has it. */
static bool list_has_host(const char *list, const struct ip *ip)
{
    char *copy = mem_strdup(list);
    char *rest = NULL;
    bool found = false;
    struct ip other;

    for (char *at = strtok_r(copy, " ", &rest); at != NULL && !found; at = strtok_r(NULL, " ", &rest)) {
        found = ip_parse(at, true, &other) == NULL && ip_same_host(ip, &other);
    }
    free(copy);
    return found;
}

static void check_ip(struct expand *expand, const struct expand_switch *lan, const struct node *net,
                     uint32_t port)
{
    const struct desc_net *desc = net->fields;
    const struct desc_net *other = lan->ports[port]->fields;
    char *copy = mem_strdup(desc->ip);
    char *rest = NULL;
    struct ip ip;

    for (char *at = copy == NULL ? NULL : strtok_r(copy, " ", &rest); at != NULL && other->ip != NULL;
         at = strtok_r(NULL, " ", &rest)) {
        if (ip_parse(at, true, &ip) == NULL && list_has_host(other->ip, &ip)) {
            diag_error(expand->diag, node_loc(net, "ip"), "<net>: address %s is taken at switch \"%s\"", at,
                       lan->config.name);
            diag_note(expand->diag, node_loc(lan->ports[port], "ip"), "by port \"%s\"",
                      lan->config.ports[port].name);
        }
    }
    free(copy);
}

/* Two ports of a switch cannot be the same station. */
static void check_addresses(struct expand *expand, const struct expand_switch *lan, const struct node *net)
{
    for (uint32_t i = 0; i < lan->config.port_count; i++) {
        check_mac(expand, lan, net, i);
        check_ip(expand, lan, net, i);
    }
}

static void fill_port(struct expand *expand, const struct node *net, struct vswitch_port_config *port)
{
    const struct desc_net *desc = net->fields;

    port->kind = desc->datapath == VMM_DATAPATH_VHOST ? VSWITCH_PORT_VHOST : VSWITCH_PORT_RING;
    port->flags =
        (desc->check_mac ? VSWITCH_PORT_CHECK_MAC : 0u) | (desc->static_mac ? VSWITCH_PORT_STATIC_MAC : 0u);
    port->mtu = (uint16_t)desc->mtu;
    port->rate_kbps = (uint32_t)desc->rate_kbps;
    expand_port_manage(expand, net, port);
    port->window = (uint32_t)desc->rx_window;
}

bool expand_switch_connect(struct expand *expand, const struct node *net, const char *guest,
                           struct model_pd *vmm, struct vmm_device_config *device)
{
    const struct desc_net *desc = net->fields;
    struct expand_switch *lan = find_switch(expand, net);
    struct vswitch_port_config port = {0};

    if (lan == NULL || net->broken) {
        return false;
    }
    if (lan->config.port_count == VSWITCH_CONFIG_MAX_PORTS) {
        diag_error(expand->diag, net->loc, "<%s>: switch \"%s\" has all its %u ports in use", net->spec->name,
                   lan->config.name, VSWITCH_CONFIG_MAX_PORTS);
        return false;
    }
    name_port(expand, lan, net, guest, port.name);
    check_addresses(expand, lan, net);
    if (desc->mac.given) {
        memcpy(port.mac, desc->mac.bytes, sizeof(port.mac));
    } else {
        make_mac(expand, lan->config.name, port.name, port.mac);
    }
    if (desc->datapath == VMM_DATAPATH_VHOST
            ? !expand_vhost_connect(expand, net, vmm, lan->pd, device, &port)
            : !expand_link(expand, net, vmm, lan->pd, desc->ring_bytes, &device->link, &port.link)) {
        return false;
    }
    if (vmm->vm != NULL) { /* others pay for the switch's work themselves: with its budget */
        model_add_account(lan->pd, vmm, port.link.channel);
    }
    fill_port(expand, net, &port);
    memcpy(device->u.net.mac, port.mac, sizeof(port.mac));
    lan->ports[lan->config.port_count] = net;
    lan->config.ports[lan->config.port_count++] = port;
    return true;
}

/* What a ring of that size can hold (ring_record_limit()). */
static uint64_t frame_limit(uint64_t ring_bytes)
{
    return ring_bytes / 2 - RING_RECORD_HEADER_BYTES;
}

void expand_switch_check_ring(struct expand *expand, const struct node *net, uint64_t features_off)
{
    const struct desc_net *desc = net->fields;
    uint64_t limit = frame_limit(desc->ring_bytes);
    uint64_t needed = desc->ring_bytes;

    if (desc->datapath != VMM_DATAPATH_RING || net->broken) {
        return;
    }
    while (frame_limit(needed) < desc->mtu + ETHERNET_HEADER_BYTES) {
        needed *= 2;
    }
    if (needed > desc->ring_bytes) {
        diag_error(
            expand->diag, node_loc(net, "ring_bytes"),
            "<%s>: ring_bytes=\"%lluK\" takes frames of up to %llu bytes, too few for mtu=\"%llu\": it "
            "needs %lluK",
            net->spec->name, (unsigned long long)desc->ring_bytes >> 10, (unsigned long long)limit,
            (unsigned long long)desc->mtu, (unsigned long long)needed >> 10);
    } else if (limit < VIRTIO_NET_FRAME_MAX && (features_off & VIRTIO_NET_OFFLOADS) != VIRTIO_NET_OFFLOADS) {
        diag_warning(expand->diag, node_loc(net, "ring_bytes"),
                     "<%s>: the ring drops what the guest does not segment itself, above %llu bytes; give it "
                     "256K, or add features_off=\"offloads\"",
                     net->spec->name, (unsigned long long)limit);
    }
}

/* Whether a port has that name except for a guest or a <net> that is left out. */
static bool is_switched_off(const struct expand *expand, const char *name)
{
    const struct source *source = expand->source;
    bool off = source_find_disabled(source, "guest", name) != NULL;

    for (size_t i = 0; i < source->disabled_count && !off; i++) {
        const struct source_disabled *net = &source->disabled[i];
        const char *port = net->name != NULL ? net->name : net->parent; /* as name_port() has it */

        off = strcmp(net->element, "net") == 0 && port != NULL && strcmp(port, name) == 0;
    }
    return off;
}

/* Bits of the ports that a rule's attribute names; reports an unknown one. */
static uint32_t ports_named(struct expand *expand, struct expand_switch *lan, const struct node *rule,
                            const char *attribute, const char *name)
{
    const struct vswitch_port_config *port = find_port(lan, name);
    struct suggest suggest;
    char suggestion[SUGGEST_TEXT_BYTES];

    if (strcmp(name, "*") == 0) {
        return UINT32_MAX;
    }
    if (port != NULL) {
        return 1u << (port - lan->config.ports);
    }
    if (is_switched_off(expand, name)) {
        return 0;
    }
    suggest_start(&suggest, name);
    for (uint32_t i = 0; i < lan->config.port_count; i++) {
        suggest_offer(&suggest, lan->config.ports[i].name);
    }
    diag_error(expand->diag, node_loc(rule, attribute), "<%s>: switch \"%s\" has no port \"%s\"%s",
               rule->spec->name, lan->config.name, name, suggest_text(&suggest, suggestion));
    return 0;
}

static void set_allowed(struct vswitch_config *config, uint32_t from, uint32_t to, bool allowed)
{
    for (uint32_t i = 0; i < config->port_count; i++) {
        if ((from >> i & 1u) != 0) {
            config->ports[i].allow = allowed ? config->ports[i].allow | to : config->ports[i].allow & ~to;
        }
    }
}

static void apply_rule(struct expand *expand, struct expand_switch *lan, const struct node *rule)
{
    const struct desc_rule *desc = rule->fields;
    bool allowed = rule->spec == &lang_allow;

    if (rule->broken || desc->from == NULL || desc->to == NULL) {
        return;
    }

    uint32_t from = ports_named(expand, lan, rule, "from", desc->from);
    uint32_t to = ports_named(expand, lan, rule, "to", desc->to);

    set_allowed(&lan->config, from, to, allowed);
    if (desc->both) {
        set_allowed(&lan->config, to, from, allowed);
    }
}

/* The ports that a port gets copies of. */
static uint32_t watched_by(struct expand *expand, struct expand_switch *lan, const struct node *net)
{
    const struct desc_net *desc = net->fields;
    char *copy = desc->mirror == NULL ? NULL : mem_strdup(desc->mirror);
    char *rest = NULL;
    uint32_t watched = 0;

    for (char *at = copy == NULL ? NULL : strtok_r(copy, " ", &rest); at != NULL;
         at = strtok_r(NULL, " ", &rest)) {
        watched |= ports_named(expand, lan, net, "mirror", at);
    }
    free(copy);
    return watched;
}

static void apply_mirrors(struct expand *expand, struct expand_switch *lan, uint32_t all)
{
    for (uint32_t i = 0; i < lan->config.port_count; i++) {
        const uint32_t watched = watched_by(expand, lan, lan->ports[i]);

        if (watched == (1u << i)) {
            diag_error(expand->diag, node_loc(lan->ports[i], "mirror"),
                       "<%s>: mirror names the port itself, \"%s\", and no other", lan->ports[i]->spec->name,
                       lan->config.ports[i].name);
        }
        lan->config.ports[i].mirror = watched & all & ~(1u << i);
    }
}

/* Ports of a group, which are apart whatever the rules say. */
static uint32_t isolated_from(const struct expand_switch *lan, uint32_t index)
{
    uint32_t apart = 0;

    for (uint32_t i = 0; i < lan->config.port_count; i++) {
        apart |= expand_port_is_isolated(lan->ports[index], lan->ports[i]) ? 1u << i : 0;
    }
    return apart;
}

static void apply_policy(struct expand *expand, struct expand_switch *lan)
{
    const struct desc_switch *desc = lan->node->fields;
    struct vswitch_config *config = &lan->config;
    uint32_t all = config->port_count == 32 ? UINT32_MAX : (1u << config->port_count) - 1;

    set_allowed(config, UINT32_MAX, UINT32_MAX, desc->policy == 0);
    for (size_t i = 0; i < lan->node->child_count; i++) {
        apply_rule(expand, lan, lan->node->children[i]);
    }
    for (uint32_t i = 0; i < config->port_count; i++) {
        config->ports[i].allow &= all & ~(1u << i); /* never back to where it came from */
        config->ports[i].allow &= ~isolated_from(lan, i);
    }
    apply_mirrors(expand, lan, all);
}

/* The timer for what a switch does late, and for what it waits for in vain. */
static void connect_timer(struct expand *expand, struct expand_switch *lan)
{
    struct vswitch_config *config = &lan->config;

    if (config->port_count != 0) {
        config->has_timer = expand_timer_connect(expand, lan->ports[0]->loc, lan->pd, &config->timer_channel);
    }
}

uint64_t expand_switch_stats(struct expand *expand, struct expand_switch *lan, struct model_pd *reader)
{
    const char *name = lan->config.name;
    uint64_t vaddr;

    if (lan->stats == NULL) {
        char *stem = mem_printf("%s_stats", name);
        char *unique = expand_unique_mr_name(expand, stem);

        lan->stats = model_add_mr(expand->model, unique, lan->node->loc);
        lan->stats->size_bytes = VSWITCH_STATS_BYTES;
        lan->stats->page_size_bytes = MODEL_PAGE_BYTES;
        lan->config.stats =
            expand_free_vaddr(lan->pd, EXPAND_SMALL_BASE, VSWITCH_STATS_BYTES, MODEL_PAGE_BYTES);
        (void)model_add_pd_map(lan->pd, lan->stats, lan->config.stats, MODEL_READ | MODEL_WRITE);
        free(unique);
        free(stem);
    }
    vaddr = expand_free_vaddr(reader, EXPAND_SMALL_BASE, VSWITCH_STATS_BYTES, MODEL_PAGE_BYTES);
    (void)model_add_pd_map(reader, lan->stats, vaddr, MODEL_READ);
    return vaddr;
}

void expand_switch_finish(struct expand *expand)
{
    for (size_t i = 0; i < expand->switch_count; i++) {
        struct vswitch_config *config = &expand->switches[i].config;

        apply_policy(expand, &expand->switches[i]);
        expand_port_check_vlans(expand, config, expand->switches[i].ports);
        expand_port_check_groups(expand, config, expand->switches[i].ports);
        connect_timer(expand, &expand->switches[i]);
        expand_config_header(&config->header, VSWITCH_CONFIG_MAGIC, VSWITCH_CONFIG_VERSION, sizeof(*config));
        (void)model_add_config(expand->switches[i].pd, VSWITCH_CONFIG_SECTION, config, sizeof(*config));
    }
}
