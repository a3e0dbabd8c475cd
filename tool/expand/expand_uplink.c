/* SPDX-License-Identifier: BSD-2-Clause */
/* <uplink>: a network card of the board, and its driver as a port of a switch. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/config/net_config.h"
#include "tool/base/ip.h"
#include "tool/base/mem.h"
#include "tool/expand/expand.h"

/* The region that a PD has mapped there. */
static struct model_mr *region_at(const struct model_pd *pd, uint64_t vaddr)
{
    struct model_mr *mr = NULL;

    for (size_t i = 0; i < pd->map_count && mr == NULL; i++) {
        mr = pd->maps[i].vaddr == vaddr ? pd->maps[i].mr : NULL;
    }
    return mr;
}

static void add_paddr(struct model_pd *driver, const char *symbol, struct model_mr *mr)
{
    model_add_setvar(driver, symbol)->region_paddr = mr;
}

/* What the card accesses: queues, and frames where they lie in the link. */
static void add_memory(struct expand *expand, const struct node *node, struct model_pd *driver,
                       const char *name, struct net_driver_config *config)
{
    struct model_mr *own = expand_slot_region(expand, node, name, "queues", NET_DRIVER_OWN_BYTES);

    config->own_bytes = NET_DRIVER_OWN_BYTES;
    config->own = expand_free_vaddr(driver, EXPAND_SMALL_BASE, own->size_bytes, MODEL_PAGE_BYTES);
    (void)model_add_pd_map(driver, own, config->own, MODEL_READ | MODEL_WRITE);
    add_paddr(driver, NET_DRIVER_OWN_PADDR_SYMBOL, own);
    add_paddr(driver, NET_DRIVER_RX_PADDR_SYMBOL, region_at(driver, config->link.own));
    add_paddr(driver, NET_DRIVER_TX_PADDR_SYMBOL, region_at(driver, config->link.peer));
}

static bool is_port(const char *text)
{
    const size_t length = strlen(text);

    return length > 0 && length <= 5 && strspn(text, "0123456789") == length &&
           strtoul(text, NULL, 10) <= 65535 && strtoul(text, NULL, 10) > 0;
}

/* tcp:2222-10.0.2.15:22 in pieces, which it is cut into: NULL, or what QEMU calls it. */
static char *forward_of(char *text)
{
    char *protocol = text;
    char *port = strchr(text, ':');
    char *address = strchr(text, '-');
    char *guest_port = strrchr(text, ':');
    struct ip ip;

    if (port == NULL || address == NULL || guest_port < address || port > address) {
        return NULL;
    }
    *port++ = *address++ = *guest_port++ = '\0';
    const bool good = (strcmp(protocol, "tcp") == 0 || strcmp(protocol, "udp") == 0) && is_port(port) &&
                      is_port(guest_port) && ip_parse(address, false, &ip) == NULL && ip.bits == 32;
    return good ? mem_printf("%s:127.0.0.1:%s-%s:%s", protocol, port, address, guest_port) : NULL;
}

static void add_forwards(struct expand *expand, const struct node *node, struct model_uplink *uplink)
{
    const struct desc_uplink *desc = node->fields;
    char *copy = desc->hostfwd == NULL ? NULL : mem_strdup(desc->hostfwd);
    char *rest = NULL;

    for (char *at = copy == NULL ? NULL : strtok_r(copy, " ", &rest); at != NULL;
         at = strtok_r(NULL, " ", &rest)) {
        char *written = mem_strdup(at);
        char *forward = forward_of(at);

        if (forward == NULL) {
            diag_error(
                expand->diag, node_loc(node, "hostfwd"),
                "<uplink>: \"%s\" is no forwarded port: tcp:2222-10.0.2.15:22, or udp:..., leads from port "
                "2222 of the host to port 22 of a guest",
                written);
        } else {
            model_add_forward(uplink, forward);
        }
        free(written);
    }
    free(copy);
}

static void check_host_ip(struct expand *expand, const struct node *node)
{
    const struct desc_uplink *desc = node->fields;
    struct ip ip;

    if (!node->broken && (ip_parse(desc->host_ip, true, &ip) != NULL || ip.bits != 32)) {
        diag_error(expand->diag, node_loc(node, "host_ip"),
                   "<uplink>: host_ip=\"%s\" is not one IPv4 address with the length of its network's "
                   "prefix, such as "
                   "10.0.2.2/24",
                   desc->host_ip);
    }
}

static void add_model_uplink(struct expand *expand, const struct node *node, const struct expand_slot *slot,
                             const uint8_t mac[6])
{
    const struct desc_uplink *desc = node->fields;
    struct model_uplink *uplink = model_add_uplink(expand->model, desc->port.name, node->loc);

    uplink->slot = slot->device != NULL ? slot->device->qemu_unit : slot->slot;
    uplink->device = slot->device;
    memcpy(uplink->mac, mac, sizeof(uplink->mac));
    uplink->host_ip = mem_strdup(desc->host_ip);
    check_host_ip(expand, node);
    add_forwards(expand, node, uplink);
}

void expand_uplink(struct expand *expand, const struct node *node)
{
    const struct desc_uplink *desc = node->fields;
    struct net_driver_config config = {.timeout_ms = (uint32_t)desc->timeout_ms,
                                       .interrupt_gap_us = (uint32_t)desc->interrupt_gap_us,
                                       .mtu = (uint32_t)desc->port.mtu};
    struct vmm_device_config device = {0};
    struct expand_slot slot;

    if (node->broken || !expand_switch_is_there(expand, node) ||
        !expand_slot_find(expand, node, BOARD_CARD, desc->device, desc->slot, &slot)) {
        return;
    }
    struct model_pd *driver = expand_slot_driver(expand, &slot, desc->port.name, &desc->driver,
                                                 "net_virtio.elf", &config.registers, &config.irq_channel);
    expand_switch_check_ring(expand, node, 0);
    if (driver == NULL || !expand_switch_connect(expand, node, desc->port.name, driver, &device) ||
        !expand_timer_connect(expand, node->loc, driver, &config.timer_channel)) {
        return;
    }
    config.link = device.link;
    add_memory(expand, node, driver, desc->port.name, &config);
    add_model_uplink(expand, node, &slot, device.u.net.mac);
    expand_config_header(&config.header, NET_DRIVER_CONFIG_MAGIC, NET_DRIVER_CONFIG_VERSION, sizeof(config));
    (void)model_add_config(driver, NET_DRIVER_CONFIG_SECTION, &config, sizeof(config));
}
