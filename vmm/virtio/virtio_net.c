/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/virtio/virtio_net.h"

#include "lib/base/mem.h"
#include "lib/net/rx_merge.h"
#include "vmm/platform.h"

static bool link_is_good(const struct virtio_net *net)
{
    return net->has_link && !ring_is_broken(&net->link);
}

static void complain_about_link(struct virtio_net *net, enum err err)
{
    log_warn_limited(&net->complaints, "%s: link to the switch is broken: %s", net->device.setup.name,
                     err_text(err));
}

/* Transmit: queue to link. */

/*
 * One chain to one record. ERR_SPACE: the link is full, try the same chain again later. Other errors: the
 * driver's fault. A frame that no network would carry is dropped, which is no fault.
 */
static enum err transmit(struct virtio_net *net, const struct virtq_chain *chain)
{
    struct virtio_net_hdr hdr;
    uint64_t meta;
    uint8_t *data;

    if (chain->writable_count != 0 || chain->readable_bytes < sizeof hdr) {
        return ERR_FORMAT;
    }
    const uint64_t length = chain->readable_bytes - sizeof hdr;
    if (length < VIRTIO_NET_FRAME_MIN || length > VIRTIO_NET_FRAME_MAX || !link_is_good(net)) {
        net->counters.tx_dropped++;
        return ERR_OK;
    }
    (void)virtq_chain_read(chain, 0, &hdr, sizeof hdr);
    if (virtio_net_hdr_to_meta(&hdr, net->device.features, (uint32_t)length, &meta) != ERR_OK) {
        net->counters.tx_dropped++;
        return ERR_OK;
    }
    const enum err err = ring_reserve(&net->link, (uint32_t)length, &data);
    if (err == ERR_SPACE) {
        return err;
    }
    if (err != ERR_OK) {
        net->counters.tx_dropped++;
        if (ring_is_broken(&net->link)) {
            complain_about_link(net, err);
        }
        return ERR_OK;
    }
    (void)virtq_chain_read(chain, sizeof hdr, data, length);
    ring_commit(&net->link, (uint32_t)length, meta);
    net->counters.tx_frames++;
    return ERR_OK;
}

/* Twice the record: with so much free it fits for certain, wherever the ring wraps. */
static uint32_t space_to_wait_for(const struct virtq_chain *chain)
{
    return 2 * ((uint32_t)chain->readable_bytes + RING_RECORD_HEADER_BYTES + RING_RECORD_ALIGN);
}

/* All chains that were seen, or as many as the link takes. Returns false if the link is full. */
static bool transmit_some(struct virtio_net *net, struct virtq *vq)
{
    enum err err;

    while ((err = virtq_pop(vq, net->scratch)) == ERR_OK) {
        err = transmit(net, net->scratch);
        if (err == ERR_SPACE) {
            virtq_unpop(vq, 1);
            if (!ring_request_space(&net->link, space_to_wait_for(net->scratch))) {
                return false;
            }
            continue; /* there is space by now */
        }
        if (err != ERR_OK) {
            break;
        }
        virtq_add_used(vq, net->scratch->head, 0);
        net->tx_unsignalled++;
    }
    if (err != ERR_EMPTY) {
        virtio_device_fail(&net->device, "transmit queue", err);
    }
    return true;
}

/* The driver frees what was sent in passing, whenever it sends or receives: only many are worth its while. */
static void publish_transmit(struct virtio_net *net)
{
    if (net->tx_unsignalled < VIRTIO_NET_TX_BATCH) {
        virtio_device_publish_deferred(&net->device, VIRTIO_NET_TX, net->tx_delay_us);
        return;
    }
    net->tx_unsignalled = 0;
    virtio_device_publish(&net->device, VIRTIO_NET_TX);
}

static void run_transmit(struct virtio_net *net)
{
    struct virtq *vq = &net->device.queues[VIRTIO_NET_TX];

    if (!virtio_device_is_running(&net->device) || !virtq_is_ready(vq)) {
        return;
    }
    /* What is left of the last look comes first: the link may still be full. */
    while (transmit_some(net, vq) && net->tx_kicked) {
        net->tx_kicked = false;
        (void)virtq_request_kick(vq);
    }
    publish_transmit(net);
    if (net->has_link && ring_should_signal_data(&net->link)) {
        platform_notify_last(net->channel);
    }
}

/* Receive: link to queue. */

/* struct rx_merge's copy(). */
static void copy_next(void *context, uint8_t *to, uint32_t bytes)
{
    const uint8_t **from = context;

    memcpy(to, *from, bytes);
    *from += bytes;
}

static bool is_wanted(const struct virtio_net *net, const uint8_t *data, uint32_t length)
{
    uint8_t header[RX_FILTER_HEADER_BYTES] = {0};

    memcpy(header, data, length < sizeof header ? length : sizeof header);
    return rx_filter_accepts(&net->control.filter, header);
}

/* One record. ERR_EMPTY: the driver has no buffers now. */
static enum err receive_record(struct virtio_net *net, struct virtq *vq, const struct ring_record *record,
                               const uint8_t *data)
{
    struct virtio_net_hdr hdr;
    const uint8_t *next = data;
    struct rx_merge merge = {.vq = vq,
                             .chain = net->scratch,
                             .copy = copy_next,
                             .context = &next,
                             .mergeable = virtio_device_has(&net->device, VIRTIO_NET_F_MRG_RXBUF)};

    /* A record whose offloads this driver hasn't negotiated was meant for the one before it. */
    if (record->length_bytes < VIRTIO_NET_FRAME_MIN || record->length_bytes > VIRTIO_NET_FRAME_MAX ||
        virtio_net_hdr_from_meta(record->meta, net->control.features, record->length_bytes, &hdr) != ERR_OK) {
        net->counters.rx_dropped++;
        return ERR_OK;
    }
    if (!is_wanted(net, data, record->length_bytes)) {
        net->counters.rx_filtered++;
        return ERR_OK;
    }
    enum err err = rx_merge_put(&merge, &hdr, record->length_bytes);
    if (err == ERR_EMPTY && virtq_request_kick(vq)) {
        /* Buffers have come just now; if they still don't suffice, the next kick will tell. */
        next = data;
        err = rx_merge_put(&merge, &hdr, record->length_bytes);
    }
    if (err == ERR_OK) {
        net->counters.rx_frames++;
    } else if (err == ERR_SPACE) {
        net->counters.rx_dropped++;
        err = ERR_OK;
    }
    return err;
}

/* May the guest get a frame, as far as its time goes? */
static bool has_credit(struct virtio_net *net)
{
    if (net->window != 0 && net->credit == 0 && platform_take_vcpu_idle(net->channel)) {
        net->credit = net->window;
    }
    return net->window == 0 || net->credit != 0;
}

/* The same; if not, we are notified when that changes. */
static bool wait_for_credit(struct virtio_net *net)
{
    if (has_credit(net)) {
        return true;
    }
    platform_arm_vcpu_idle(net->channel);
    return has_credit(net); /* it may have paused just before */
}

/* All records that were seen, or as many as there are buffers and time for. Returns true if none is left. */
static bool receive_some(struct virtio_net *net, struct virtq *vq)
{
    struct ring_record record;
    const uint8_t *data;
    enum err err;

    while ((err = ring_peek(&net->link, &record, &data)) == ERR_OK) {
        if (!wait_for_credit(net)) {
            return false;
        }
        err = receive_record(net, vq, &record, data);
        if (err == ERR_EMPTY) {
            return false;
        }
        if (err != ERR_OK) {
            virtio_device_fail(&net->device, "receive queue", err);
            return false;
        }
        ring_release(&net->link);
        net->credit -= net->window != 0 ? 1 : 0;
    }
    if (err != ERR_EMPTY) {
        complain_about_link(net, err);
    }
    return err == ERR_EMPTY;
}

static void run_receive(struct virtio_net *net)
{
    struct virtq *vq = &net->device.queues[VIRTIO_NET_RX];

    if (!virtio_device_is_running(&net->device) || !virtq_is_ready(vq) || !net->has_link) {
        return;
    }
    /* Kicks are wanted only while a record waits for a buffer. */
    virtq_disable_kicks(vq);
    (void)virtq_look(vq);
    while (receive_some(net, vq) && net->link_signalled) {
        net->link_signalled = false;
        (void)ring_look(&net->link);
    }
    virtio_device_publish(&net->device, VIRTIO_NET_RX);
    if (ring_should_signal_space(&net->link)) {
        platform_notify_last(net->channel);
    }
}

/* What arrived while no driver was there is nobody's; without this, it would be old news. */
static void discard_records(struct virtio_net *net)
{
    struct ring_record record;
    const uint8_t *data;

    (void)ring_look(&net->link);
    while (ring_peek(&net->link, &record, &data) == ERR_OK) {
        ring_release(&net->link);
        net->counters.rx_dropped++;
    }
    if (ring_should_signal_space(&net->link)) {
        microkit_notify(net->channel);
    }
}

static void start(void *context)
{
    struct virtio_net *net = context;

    net->device.posted = net->posts;
    net->tx_unsignalled = 0;
    net->tx_kicked = true; /* chains may have been there before the driver was */
    net->credit = net->window;
    net_control_start(&net->control);
    if (net->has_link) {
        (void)ring_sync(&net->link);
        ring_offer(&net->link, virtio_net_hdr_capabilities(net->control.features));
        discard_records(net);
    }
    run_receive(net);
    run_transmit(net);
}

static void reset(void *context)
{
    struct virtio_net *net = context;

    net_control_reset(&net->control);
    if (net->has_link) {
        ring_cancel_data(&net->link);
        ring_offer(&net->link, 0);
    }
}

static void kick(void *context, uint16_t index)
{
    struct virtio_net *net = context;

    if (index == VIRTIO_NET_TX) {
        net->tx_kicked = true;
        run_transmit(net);
    } else if (index == VIRTIO_NET_CONTROL) {
        if (net_control_run(&net->control) && net->has_link) {
            ring_offer(&net->link, virtio_net_hdr_capabilities(net->control.features));
        }
    } else {
        run_receive(net);
    }
}

static void queue_reset(void *context, uint16_t index)
{
    struct virtio_net *net = context;

    if (index == VIRTIO_NET_TX) {
        net->tx_unsignalled = 0;
    }
}

static bool accepts(void *context, uint64_t features)
{
    (void)context;
    return virtio_net_hdr_features_agree(features);
}

static const struct virtio_device_ops net_ops = {.start = start,
                                                 .reset = reset,
                                                 .kick = kick,
                                                 .queue_reset = queue_reset,
                                                 .queue_enabled =
                                                     kick, /* there may be something in it already */
                                                 .accepts = accepts};

uint64_t virtio_net_features(const struct vmm_net_config *config)
{
    uint64_t features = VIRTIO_NET_F_MAC | VIRTIO_NET_F_STATUS | VIRTIO_NET_F_MRG_RXBUF |
                        VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_RING_RESET |
                        VIRTIO_NET_OFFLOADS | VIRTIO_NET_F_CTRL_VQ | VIRTIO_NET_CONTROLS;

    features |= config->mtu != 0 ? VIRTIO_NET_F_MTU : 0;
    features |= config->speed_mbps != 0 ? VIRTIO_NET_F_SPEED_DUPLEX : 0;
    return virtio_net_hdr_strip(features & ~config->features_off);
}

/* A link too small for a large packet carries none. */
static uint64_t link_features(const struct virtio_net *net, uint64_t features)
{
    const uint64_t large = VIRTIO_NET_OFFLOADS & ~(VIRTIO_NET_F_CSUM | VIRTIO_NET_F_GUEST_CSUM);

    return net->has_link && ring_record_limit(&net->link) < VIRTIO_NET_FRAME_MAX ? features & ~large
                                                                                 : features;
}

uint16_t virtio_net_queue_count(uint64_t features)
{
    return (features & VIRTIO_NET_F_CTRL_VQ) != 0 ? VIRTIO_NET_CONTROL + 1 : VIRTIO_NET_QUEUES;
}

enum err virtio_net_init(struct virtio_net *net, const struct vmm_device_config *config,
                         const struct guestmem *mem, struct virtq_chain *scratch)
{
    *net = (struct virtio_net){.channel = config->link.channel,
                               .has_link = config->link.bytes != 0,
                               .posts = config->registers != 0,
                               .tx_delay_us = config->u.net.tx_delay_us,
                               .window = config->u.net.window,
                               .scratch = scratch};
    if (net->has_link) {
        const enum err err = ring_init(&net->link, (void *)(uintptr_t)config->link.own,
                                       (const void *)(uintptr_t)config->link.peer, config->link.bytes);
        if (err != ERR_OK) {
            return err;
        }
    }
    net_control_init(&net->control, &config->u.net, &net->device, scratch, net->has_link);
    const uint64_t features = link_features(net, virtio_net_features(&config->u.net));
    const struct virtio_device_setup setup = {
        .name = config->name,
        .id = VIRTIO_ID_NET,
        .ops = &net_ops,
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

void virtio_net_kicked(struct virtio_net *net)
{
    net->tx_kicked = true;
    run_receive(net);
    run_transmit(net);
}

void virtio_net_notified(struct virtio_net *net)
{
    if (!net->has_link) {
        return;
    }
    if (ring_sync(&net->link)) {
        /* The switch is a new one, and knows of no address. */
        net_control_announce(&net->control);
    }
    net->link_signalled = true;
    run_receive(net);
    run_transmit(net);
}
