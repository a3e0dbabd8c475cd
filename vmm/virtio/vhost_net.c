/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/virtio/vhost_net.h"

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/config/vhost_protocol.h"
#include "vmm/platform.h"

/* A call with up to five words; returns the reply's label. */
static uint64_t call(const struct vhost_net *net, enum vhost_call label, const uint64_t *words,
                     uint16_t count)
{
    for (uint16_t i = 0; i < count; i++) {
        microkit_mr_set((seL4_Uint8)i, words[i]);
    }
    return microkit_msginfo_get_label(microkit_ppcall(net->channel, microkit_msginfo_new(label, count)));
}

static void stop(struct vhost_net *net)
{
    if (net->started) {
        (void)call(net, VHOST_STOP, NULL, 0);
        net->started = false;
        net->device.posted = false;
    }
}

static bool hand_over_queue(const struct vhost_net *net, uint16_t index)
{
    const struct virtq_layout *layout = &net->device.layouts[index];
    const uint64_t words[] = {index, layout->size, layout->desc.value, layout->avail.value,
                              layout->used.value};

    return call(net, VHOST_SET_VRING, words, 5) == VHOST_OK;
}

/* Whether the switch has to tell the queues' interrupts from each other. */
static bool tell_separate_tx_irq(const struct vhost_net *net)
{
    const uint64_t word = net->separate_tx_irq;

    return call(net, VHOST_SET_APART, &word, 1) == VHOST_OK;
}

static uint64_t mac_word(const uint8_t mac[6])
{
    uint64_t word = 0;

    memcpy(&word, mac, 6);
    return word;
}

/* What the driver wants to receive is the switch's to know. */
static bool hand_over_filter(const struct vhost_net *net)
{
    const struct rx_filter *filter = &net->control.filter;
    const uint32_t count = filter->uni_count + filter->multi_count;
    uint64_t words[VHOST_RX_FILTER_WORDS + RX_FILTER_MAX_MACS] = {filter->mode, mac_word(filter->mac),
                                                                  filter->uni_count, filter->multi_count};

    for (uint32_t i = 0; i < count; i++) {
        words[VHOST_RX_FILTER_WORDS + i] = mac_word(filter->macs[i]);
    }
    return call(net, VHOST_SET_RX_FILTER, words, (uint16_t)(VHOST_RX_FILTER_WORDS + count)) == VHOST_OK &&
           call(net, VHOST_SET_VLANS, filter->vlans, RX_FILTER_VLAN_WORDS) == VHOST_OK;
}

/* What the driver said on the control queue is the switch's to know. */
static bool hand_over_controls(const struct vhost_net *net)
{
    return hand_over_filter(net) && call(net, VHOST_SET_OFFLOADS, &net->control.features, 1) == VHOST_OK;
}

static void start(void *context)
{
    struct vhost_net *net = context;
    bool good;

    /* Whatever follows, the switch may have seen part of it: STOP undoes that. */
    net->started = true;
    net->device.posted = true;
    net_control_start(&net->control);
    good = call(net, VHOST_SET_FEATURES, &net->device.features, 1) == VHOST_OK;
    good = good && (!net->separate_tx_irq || tell_separate_tx_irq(net));
    for (uint16_t i = 0; good && i < VIRTIO_NET_QUEUES; i++) {
        good = !net->device.queues[i].ready || hand_over_queue(net, i);
    }
    /* Without one the switch lets everything through. */
    good = good && ((net->control.filter.mode & RX_FILTER_PROMISC) != 0 || hand_over_filter(net));
    good = good && call(net, VHOST_START, NULL, 0) == VHOST_OK;
    if (!good) {
        stop(net);
        virtio_device_fail(&net->device, "the switch does not take the queues", ERR_STATE);
    }
}

static void reset(void *context)
{
    struct vhost_net *net = context;

    net_control_reset(&net->control);
    stop(net);
}

static void kick(void *context, uint16_t index)
{
    struct vhost_net *net = context;

    if (index == VIRTIO_NET_CONTROL) {
        if (net_control_run(&net->control) && net->started && !hand_over_controls(net)) {
            virtio_device_fail(&net->device, "the switch does not take the filter", ERR_STATE);
        }
    } else if (net->started) {
        microkit_notify(net->channel);
    }
}

/* A running device that loses a queue stands still as a whole, until the driver resets it. */
static void queue_disabled(void *context, uint16_t index)
{
    if (index != VIRTIO_NET_CONTROL) {
        stop(context);
    }
}

/* One queue alone: the switch lets go of it, and takes it up again once the driver has set it up again. */
static void queue_reset(void *context, uint16_t index)
{
    struct vhost_net *net = context;
    const uint64_t word = index;

    if (index != VIRTIO_NET_CONTROL && net->started && call(net, VHOST_RESET_VRING, &word, 1) != VHOST_OK) {
        virtio_device_fail(&net->device, "the switch does not let go of a queue", ERR_STATE);
    }
}

static void queue_enabled(void *context, uint16_t index)
{
    struct vhost_net *net = context;

    if (index != VIRTIO_NET_CONTROL && net->started && !hand_over_queue(net, index)) {
        virtio_device_fail(&net->device, "the switch does not take a queue", ERR_STATE);
    }
}

static bool accepts(void *context, uint64_t features)
{
    (void)context;
    return virtio_net_hdr_features_agree(features);
}

/* The switch posts two interrupts: for the receive queue or both, at once, and for the transmit queue, late.
 */
static void queue_routed(void *context, uint16_t index, uint32_t vcpu, uint32_t intid)
{
    struct vhost_net *net = context;

    if (index >= VIRTIO_NET_QUEUES) {
        return;
    }
    platform_post_route(net->channel, index, vcpu, intid);
    net->intids[index] = intid;
    net->separate_tx_irq = net->intids[VIRTIO_NET_RX] != net->intids[VIRTIO_NET_TX];
    if (net->started) {
        (void)tell_separate_tx_irq(net);
    }
}

static const struct virtio_device_ops vhost_net_ops = {.start = start,
                                                       .reset = reset,
                                                       .kick = kick,
                                                       .accepts = accepts,
                                                       .queue_disabled = queue_disabled,
                                                       .queue_reset = queue_reset,
                                                       .queue_enabled = queue_enabled,
                                                       .queue_routed = queue_routed};

enum err vhost_net_init(struct vhost_net *net, const struct vmm_device_config *config,
                        const struct guestmem *mem, struct virtq_chain *scratch)
{
    const uint64_t features = virtio_net_features(&config->u.net);

    *net = (struct vhost_net){.channel = config->link.channel,
                              .status = (const struct vhost_status *)config->u.net.status,
                              /* By a VMM that was here before us, perhaps: the first reset ends that. */
                              .started = true};
    net_control_init(&net->control, &config->u.net, &net->device, scratch, true);
    if (config->u.net.idle_count != 0) {
        platform_share_idle_count(net->channel, (struct vhost_idle_count *)config->u.net.idle_count,
                                  net->status);
    }
    const struct virtio_device_setup setup = {
        .name = config->name,
        .id = VIRTIO_ID_NET,
        .ops = &vhost_net_ops,
        .context = net,
        .mem = mem,
        .features = features,
        .config = &net->control.config,
        .config_bytes = sizeof net->control.config,
        .queue_count = virtio_net_queue_count(features),
        .queue_size = config->queue_size <= VIRTQ_MAX_SIZE ? (uint16_t)config->queue_size : 0,
    };
    return virtio_device_init(&net->device, &setup);
}

/* The switch says that there are interrupts to raise, but not for which queues. Queues that share an
   interrupt get one: the driver looks at both, and a second one, of an edge, would find nothing. */
static void interrupt(struct vhost_net *net)
{
    bool raised = false;

    for (uint16_t i = 0; i < VIRTIO_NET_QUEUES; i++) {
        virtq_follow_used(&net->device.queues[i]);
        if (virtq_should_interrupt(&net->device.queues[i]) && (net->separate_tx_irq || !raised)) {
            net->device.transport_ops->queue_interrupt(net->device.transport, i);
            raised = true;
        }
    }
}

void vhost_net_notified(struct vhost_net *net)
{
    const uint32_t fault = __atomic_load_n(&net->status->fault, __ATOMIC_ACQUIRE);

    if (net->started && fault != ERR_OK) {
        /* The switch stopped at something that the driver did. */
        virtio_device_fail(&net->device, "queue served by the switch", (enum err)fault);
    } else if (virtio_device_is_running(&net->device)) {
        interrupt(net);
    }
}
