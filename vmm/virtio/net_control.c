/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/virtio/net_control.h"

#include "lib/base/mem.h"
#include "lib/net/virtio_net_hdr.h"

_Static_assert(sizeof(struct virtio_net_config) == 20, "virtio 1.2, 5.1.4, and padding");

#define MAC_BYTES 6u
#define MAC_MULTICAST 1u

/* Classes and commands, 5.1.6.5. */
enum control_class { CLASS_RX = 0, CLASS_MAC = 1, CLASS_VLAN = 2, CLASS_ANNOUNCE = 3, CLASS_OFFLOADS = 5 };
enum mac_command { MAC_TABLE_SET = 0, MAC_ADDR_SET = 1 };
enum vlan_command { VLAN_ADD = 0, VLAN_DEL = 1 };
enum announce_command { ANNOUNCE_ACK = 0 };
enum offloads_command { OFFLOADS_SET = 0 };
enum control_ack { ACK_OK = 0, ACK_ERR = 1 };

struct control_header {
    uint8_t class, command;
};

/* Commands of CLASS_RX by number: the mode that each switches, and the feature it needs. */
static const struct {
    uint32_t mode;
    uint64_t feature;
} rx_commands[] = {
    {RX_FILTER_PROMISC, VIRTIO_NET_F_CTRL_RX},      {RX_FILTER_ALLMULTI, VIRTIO_NET_F_CTRL_RX},
    {RX_FILTER_ALLUNI, VIRTIO_NET_F_CTRL_RX_EXTRA}, {RX_FILTER_NOMULTI, VIRTIO_NET_F_CTRL_RX_EXTRA},
    {RX_FILTER_NOUNI, VIRTIO_NET_F_CTRL_RX_EXTRA},  {RX_FILTER_NOBCAST, VIRTIO_NET_F_CTRL_RX_EXTRA},
};

void net_control_init(struct net_control *control, const struct vmm_net_config *config,
                      struct virtio_device *device, struct virtq_chain *scratch, bool link_up)
{
    *control = (struct net_control){.device = device,
                                    .config = {.status = link_up ? VIRTIO_NET_S_LINK_UP : 0,
                                               .max_virtqueue_pairs = 1,
                                               .mtu = config->mtu,
                                               .speed = config->speed_mbps,
                                               .duplex = VIRTIO_NET_FULL_DUPLEX},
                                    .mac_is_fixed = config->mac_is_fixed != 0,
                                    .scratch = scratch};
    memcpy(control->first_mac, config->mac, MAC_BYTES);
    net_control_reset(control);
}

void net_control_reset(struct net_control *control)
{
    memcpy(control->config.mac, control->first_mac, MAC_BYTES);
    control->config.status &= (uint16_t)~VIRTIO_NET_S_ANNOUNCE;
    rx_filter_open(&control->filter, control->first_mac);
}

static bool has(const struct net_control *control, uint64_t features)
{
    return virtio_device_has(control->device, features);
}

void net_control_start(struct net_control *control)
{
    control->features = control->device->features;
    if (has(control, VIRTIO_NET_F_CTRL_VLAN)) {
        control->filter.mode |= RX_FILTER_VLANS;
    }
    if (control->announce_due) {
        net_control_announce(control);
    }
}

void net_control_announce(struct net_control *control)
{
    control->announce_due = !virtio_device_is_running(control->device);
    if (control->announce_due || !has(control, VIRTIO_NET_F_GUEST_ANNOUNCE | VIRTIO_NET_F_STATUS)) {
        return;
    }
    control->config.status |= VIRTIO_NET_S_ANNOUNCE;
    virtio_device_config_changed(control->device);
}

/* The command's data, from byte `offset` behind its header on. False if there is not as much. */
static bool take(const struct net_control *control, uint64_t offset, void *to, uint64_t bytes)
{
    return virtq_chain_read(control->scratch, sizeof(struct control_header) + offset, to, bytes) == bytes;
}

static bool run_rx(struct net_control *control, uint8_t command)
{
    uint8_t on;

    if (command >= sizeof rx_commands / sizeof rx_commands[0] ||
        !has(control, rx_commands[command].feature) || !take(control, 0, &on, sizeof on)) {
        return false;
    }
    control->filter.mode &= ~rx_commands[command].mode;
    control->filter.mode |= on != 0 ? rx_commands[command].mode : 0;
    return true;
}

/*
 * One list of addresses at *offset, which moves behind it, into macs[first ...]. Those that find no room
 * leave
 * `*overflow` set. False if the command ends within it.
 */
static bool take_list(struct rx_filter *filter, const struct net_control *control, uint64_t *offset,
                      uint32_t first, uint32_t *count, bool *overflow)
{
    uint32_t untrusted_entries;

    if (!take(control, *offset, &untrusted_entries, sizeof untrusted_entries)) {
        return false;
    }
    *offset += sizeof untrusted_entries;
    const uint64_t bytes = (uint64_t)untrusted_entries * MAC_BYTES;
    if (bytes > control->scratch->readable_bytes) {
        return false;
    }
    *overflow = untrusted_entries > RX_FILTER_MAX_MACS - first;
    *count = *overflow ? 0 : untrusted_entries;
    if (!take(control, *offset, filter->macs[first], (uint64_t)*count * MAC_BYTES)) {
        return false;
    }
    *offset += bytes;
    return true;
}

/* 5.1.6.5.2. A list that is too long stands for "all of the kind", as the filter may let more through. */
static bool set_table(struct net_control *control)
{
    struct rx_filter filter = control->filter;
    bool all_uni, all_multi;
    uint64_t offset = 0;

    if (!has(control, VIRTIO_NET_F_CTRL_RX) ||
        !take_list(&filter, control, &offset, 0, &filter.uni_count, &all_uni) ||
        !take_list(&filter, control, &offset, filter.uni_count, &filter.multi_count, &all_multi)) {
        return false;
    }
    filter.mode &= ~(uint32_t)(RX_FILTER_TABLE_UNI | RX_FILTER_TABLE_MULTI);
    filter.mode |= (all_uni ? RX_FILTER_TABLE_UNI : 0u) | (all_multi ? RX_FILTER_TABLE_MULTI : 0u);
    control->filter = filter;
    return true;
}

static bool set_mac(struct net_control *control)
{
    uint8_t mac[MAC_BYTES];

    if (control->mac_is_fixed || !has(control, VIRTIO_NET_F_CTRL_MAC_ADDR) ||
        !take(control, 0, mac, sizeof mac) || (mac[0] & MAC_MULTICAST) != 0) {
        return false;
    }
    memcpy(control->config.mac, mac, sizeof mac);
    control->device->config_generation++;
    memcpy(control->filter.mac, mac, sizeof mac);
    return true;
}

static bool run_vlan(struct net_control *control, uint8_t command)
{
    uint16_t id;

    return command <= VLAN_DEL && has(control, VIRTIO_NET_F_CTRL_VLAN) && take(control, 0, &id, sizeof id) &&
           rx_filter_set_vlan(&control->filter, id, command == VLAN_ADD);
}

/* 5.1.6.5.6: of what was negotiated the driver takes those offloads only. Linux switches them off for XDP. */
static bool set_offloads(struct net_control *control)
{
    const uint64_t negotiated = control->device->features;
    uint64_t offloads;

    if (!has(control, VIRTIO_NET_F_CTRL_GUEST_OFFLOADS) || !take(control, 0, &offloads, sizeof offloads) ||
        (offloads & ~(negotiated & VIRTIO_NET_GUEST_OFFLOADS)) != 0) {
        return false;
    }
    control->features = virtio_net_hdr_strip((negotiated & ~VIRTIO_NET_GUEST_OFFLOADS) | offloads);
    return true;
}

static bool run_announce(struct net_control *control, uint8_t command)
{
    if (command != ANNOUNCE_ACK || !has(control, VIRTIO_NET_F_GUEST_ANNOUNCE)) {
        return false;
    }
    control->config.status &= (uint16_t)~VIRTIO_NET_S_ANNOUNCE;
    control->device->config_generation++;
    return true;
}

static bool run_command(struct net_control *control, const struct control_header *header)
{
    switch (header->class) {
    case CLASS_RX:
        return run_rx(control, header->command);
    case CLASS_MAC:
        return header->command == MAC_TABLE_SET  ? set_table(control)
               : header->command == MAC_ADDR_SET ? set_mac(control)
                                                 : false;
    case CLASS_VLAN:
        return run_vlan(control, header->command);
    case CLASS_ANNOUNCE:
        return run_announce(control, header->command);
    case CLASS_OFFLOADS:
        return header->command == OFFLOADS_SET && set_offloads(control);
    default:
        return false;
    }
}

/* A chain is a command if it has a header to read and an answer to write. */
static enum err run_chain(struct net_control *control, struct virtq *vq)
{
    struct control_header header;
    const struct virtq_chain *chain = control->scratch;

    if (chain->readable_bytes < sizeof header || chain->writable_bytes < 1) {
        return ERR_FORMAT;
    }
    (void)virtq_chain_read(chain, 0, &header, sizeof header);
    const uint8_t ack = run_command(control, &header) ? ACK_OK : ACK_ERR;
    (void)virtq_chain_write(chain, 0, &ack, sizeof ack);
    virtq_add_used(vq, chain->head, sizeof ack);
    return ERR_OK;
}

bool net_control_run(struct net_control *control)
{
    struct virtio_device *device = control->device;
    struct virtq *vq = &device->queues[VIRTIO_NET_CONTROL];
    uint32_t count = 0;
    enum err err;

    if (!virtio_device_is_running(device) || !virtq_is_ready(vq)) {
        return false;
    }
    /* Commands that appear while we work, by an answer that lies on the queue, say, wait for a kick of their
     * own. */
    (void)virtq_request_kick(vq);
    while ((err = virtq_pop(vq, control->scratch)) == ERR_OK) {
        err = run_chain(control, vq);
        if (err != ERR_OK) {
            break;
        }
        count++;
    }
    if (err != ERR_EMPTY) {
        virtio_device_fail(device, "control queue", err);
    }
    virtio_device_publish(device, VIRTIO_NET_CONTROL);
    return count != 0;
}
