/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/vswitch/vhost_port.h"

#include "lib/base/mem.h"
#include "lib/net/rx_merge.h"
#include "lib/virtio/spec.h"

/* A frame on its way into receive buffers. */
struct vhost_copy {
    const struct vswitch_frame *frame;
    struct vswitch_cursor cursor;
};

enum err vhost_port_init(struct vhost_port *port, uint64_t ram_gpa, void *ram, uint64_t ram_bytes,
                         struct vhost_scratch *scratch)
{
    *port = (struct vhost_port){.scratch = scratch, .filter = {.mode = RX_FILTER_PROMISC}};
    return guestmem_init(&port->mem, gpa_of(ram_gpa), ram, ram_bytes);
}

void vhost_port_set_window(struct vhost_port *port, uint32_t window, const struct rx_credit_source *source)
{
    port->window = window;
    port->credit = window;
    port->rx_credit = window != 0 ? source : NULL;
}

enum err vhost_port_set_features(struct vhost_port *port, uint64_t features)
{
    if (port->running) {
        return ERR_STATE;
    }
    port->features = features;
    port->sends = virtio_net_hdr_sends(features);
    port->takes = virtio_net_hdr_capabilities(features);
    port->mergeable = (features & VIRTIO_NET_F_MRG_RXBUF) != 0;
    return ERR_OK;
}

void vhost_port_set_offloads(struct vhost_port *port, uint64_t offloads)
{
    port->takes = virtio_net_hdr_capabilities(port->features & (offloads | ~VIRTIO_NET_GUEST_OFFLOADS));
}

static enum err enable_queue(struct vhost_port *port, unsigned int index)
{
    const struct virtq_features features = {.event_idx = (port->features & VIRTIO_F_EVENT_IDX) != 0,
                                            .indirect = (port->features & VIRTIO_F_INDIRECT_DESC) != 0};

    port->chains_tried = -1;
    return virtq_enable(&port->queues[index], &port->mem, &port->layouts[index], VIRTQ_MAX_SIZE, features);
}

enum err vhost_port_set_vring(struct vhost_port *port, uint64_t index, const struct virtq_layout *layout)
{
    if (index >= VIRTIO_NET_QUEUES) {
        return ERR_RANGE;
    }
    if (port->running && port->queues[index].ready) {
        return ERR_STATE;
    }
    port->layouts[index] = *layout;
    port->has_layout[index] = true;
    return port->running ? enable_queue(port, (unsigned int)index) : ERR_OK;
}

enum err vhost_port_reset_vring(struct vhost_port *port, uint64_t index)
{
    if (index >= VIRTIO_NET_QUEUES) {
        return ERR_RANGE;
    }
    if (!port->running) {
        return ERR_STATE;
    }
    virtq_disable(&port->queues[index]);
    port->has_layout[index] = false;
    if (index == VIRTIO_NET_TX) {
        port->in_hand = false;
        port->tx_unsignalled = 0;
        port->tx_irq_pending = false;
        port->restarted = true; /* a frame that was held is there no more */
    }
    return ERR_OK;
}

void vhost_port_set_separate_tx_irq(struct vhost_port *port, bool separate)
{
    port->separate_tx_irq = separate;
}

void vhost_port_set_filter(struct vhost_port *port, const struct rx_filter *filter)
{
    uint64_t vlans[RX_FILTER_VLAN_WORDS];

    memcpy(vlans, port->filter.vlans, sizeof vlans);
    port->filter = *filter;
    memcpy(port->filter.vlans, vlans, sizeof vlans);
}

void vhost_port_set_vlans(struct vhost_port *port, const uint64_t vlans[RX_FILTER_VLAN_WORDS])
{
    memcpy(port->filter.vlans, vlans, sizeof port->filter.vlans);
}

enum err vhost_port_start(struct vhost_port *port)
{
    if (port->running) {
        return ERR_STATE;
    }
    for (unsigned int i = 0; i < VIRTIO_NET_QUEUES; i++) {
        const enum err err = port->has_layout[i] ? enable_queue(port, i) : ERR_OK;
        if (err != ERR_OK) {
            vhost_port_stop(port);
            return err;
        }
    }
    port->credit = port->window;
    port->running = true;
    port->restarted = true;
    return ERR_OK;
}

void vhost_port_stop(struct vhost_port *port)
{
    for (unsigned int i = 0; i < VIRTIO_NET_QUEUES; i++) {
        virtq_disable(&port->queues[i]);
        port->has_layout[i] = false;
    }
    port->running = false;
    port->filter = (struct rx_filter){.mode = RX_FILTER_PROMISC};
    port->in_hand = false;
    port->separate_tx_irq = false;
    port->tx_irq_pending = false;
    port->tx_unsignalled = 0;
    port->features = 0;
    port->sends = 0;
    port->takes = 0;
    port->mergeable = false;
    port->fault = ERR_OK;
    port->fault_is_news = false;
}

enum err vhost_port_status(const struct vhost_port *port)
{
    return port->fault;
}

bool vhost_port_take_fault(struct vhost_port *port)
{
    const bool news = port->fault_is_news;

    port->fault_is_news = false;
    return news;
}

bool vhost_port_take_tx_irq(struct vhost_port *port)
{
    const bool pending = port->tx_irq_pending;

    port->tx_irq_pending = false;
    return pending;
}

/* The driver broke the rules: nothing moves any more until the VMM stops the port. */
static enum err fail(struct vhost_port *port, enum err err)
{
    port->fault = err;
    port->fault_is_news = true;
    return err;
}

/* The chain's bytes behind the header, as the switch wants them. */
static uint32_t strip_header(struct vhost_scratch *scratch)
{
    const struct virtq_chain *chain = &scratch->transmit;
    uint32_t skip = sizeof(struct virtio_net_hdr), count = 0;

    for (unsigned int i = 0; i < chain->readable_count; i++) {
        const struct virtq_segment *segment = &chain->segments[i];
        if (segment->bytes <= skip) {
            skip -= segment->bytes;
            continue;
        }
        scratch->segments[count++] =
            (struct vswitch_segment){.data = segment->host + skip, .bytes = segment->bytes - skip};
        skip = 0;
    }
    return count;
}

static void read_header(const struct virtq_chain *chain, struct virtio_net_hdr *hdr)
{
    if (chain->segments[0].bytes >= sizeof *hdr) {
        mem_copy_once(hdr, chain->segments[0].host, sizeof *hdr);
    } else {
        (void)virtq_chain_read(chain, 0, hdr, sizeof *hdr);
    }
}

static enum err peek(void *context, struct vswitch_frame *frame)
{
    struct vhost_port *port = context;
    struct vhost_scratch *scratch = port->scratch;
    struct virtq *vq = &port->queues[VIRTIO_NET_TX];
    struct virtio_net_hdr hdr;

    if (!port->running || !vq->ready) {
        return ERR_EMPTY;
    }
    if (port->in_hand) {
        /* It had to wait, and the scratch has served others since: take it again. */
        virtq_unpop(vq, 1);
        port->in_hand = false;
    }
    enum err err = virtq_pop(vq, &scratch->transmit);
    if (err == ERR_EMPTY) {
        return err;
    }
    if (err == ERR_OK &&
        (scratch->transmit.writable_count != 0 || scratch->transmit.readable_bytes < sizeof hdr)) {
        err = ERR_FORMAT;
    }
    if (err != ERR_OK) {
        return fail(port, err);
    }
    port->in_hand = true;
    read_header(&scratch->transmit, &hdr);
    const uint64_t length = scratch->transmit.readable_bytes - sizeof hdr;
    frame->segments = scratch->segments;
    frame->segment_count = strip_header(scratch);
    frame->length_bytes = length <= UINT32_MAX ? (uint32_t)length : UINT32_MAX;
    if (virtio_net_hdr_to_fields(&hdr, port->sends, frame->length_bytes, &frame->fields, &frame->needed) !=
        ERR_OK) {
        frame->needed = VSWITCH_NEEDS_UNKNOWN; /* the switch drops it and counts it as what it is */
    }
    return ERR_OK;
}

static void release(void *context)
{
    struct vhost_port *port = context;

    port->in_hand = false;
    virtq_add_used(&port->queues[VIRTIO_NET_TX], port->scratch->transmit.head, 0);
    port->tx_unsignalled++;
}

/* struct rx_merge's copy(). */
static void copy_next(void *context, uint8_t *to, uint32_t bytes)
{
    struct vhost_copy *copy = context;

    frame_copy_next(copy->frame, &copy->cursor, to, bytes);
}

/* May the guest get a frame, as far as its time goes? */
static bool has_credit(struct vhost_port *port)
{
    if (port->rx_credit != NULL && port->credit == 0 && port->rx_credit->take(port->rx_credit->context)) {
        port->credit = port->window;
    }
    return port->rx_credit == NULL || port->credit != 0;
}

/* Header and frame into the receive queue. */
static enum err put(struct vhost_port *port, const struct vswitch_frame *frame)
{
    struct vhost_copy copy = {.frame = frame};
    struct rx_merge merge = {.vq = &port->queues[VIRTIO_NET_RX],
                             .chain = &port->scratch->receive,
                             .copy = copy_next,
                             .context = &copy,
                             .mergeable = port->mergeable};
    struct virtio_net_hdr hdr;

    virtio_net_hdr_fill(&frame->fields, port->takes, &hdr);
    const enum err err = rx_merge_put(&merge, &hdr, frame->length_bytes);
    *frame->work += (uint64_t)merge.pieces * VSWITCH_SEGMENT_WORK;
    return err;
}

static enum err send(void *context, const struct vswitch_frame *frame)
{
    struct vhost_port *port = context;
    struct virtq *vq = &port->queues[VIRTIO_NET_RX];

    if (!port->running || !vq->ready) {
        return ERR_RANGE; /* nobody there: as a cable that is not plugged in */
    }
    if ((frame->needed & ~port->takes) != 0) {
        return ERR_RANGE; /* the switch asks capabilities() first: it should have finished this frame */
    }
    if (!has_credit(port)) {
        port->chains_tried = -1;
        return ERR_SPACE;
    }
    const enum err err = put(port, frame);
    switch (err) {
    case ERR_OK:
        port->credit -= port->rx_credit != NULL ? 1 : 0;
        return ERR_OK;
    case ERR_EMPTY:
    case ERR_SPACE: /* rx_merge's: it never fits */
        port->chains_tried = virtq_left(vq);
        return err == ERR_EMPTY ? ERR_SPACE : ERR_RANGE;
    default:
        return fail(port, err);
    }
}

static void look(void *context)
{
    struct vhost_port *port = context;

    (void)virtq_request_kick(&port->queues[VIRTIO_NET_TX]);
}

static uint32_t burst(const void *context)
{
    const struct vhost_port *port = context;
    const uint32_t size = port->queues[VIRTIO_NET_TX].size;

    return size != 0 ? size : 1; /* not there: it takes one look to see that */
}

static bool request_space(void *context, uint32_t length_bytes)
{
    struct vhost_port *port = context;

    struct virtq *vq = &port->queues[VIRTIO_NET_RX];

    if (!port->running) {
        return false;
    }
    if (!has_credit(port)) {
        port->rx_credit->arm(port->rx_credit->context);
    }
    if (!has_credit(port)) { /* unless it paused just before: then buffers are the next question */
        return false;
    }
    (void)length_bytes; /* a kick tells of any new buffer; whether they suffice shows when they are tried */
    (void)virtq_request_kick(vq);
    return (int32_t)virtq_left(vq) > port->chains_tried || vq->overrun;
}

static bool should_notify(void *context)
{
    struct vhost_port *port = context;

    for (unsigned int i = 0; i < VIRTIO_NET_QUEUES; i++) {
        virtq_publish(&port->queues[i]);
    }
    const bool receive = virtq_should_interrupt(&port->queues[VIRTIO_NET_RX]);
    const bool transmit = virtq_should_interrupt(&port->queues[VIRTIO_NET_TX]);
    if (port->separate_tx_irq) {
        port->tx_irq_pending |= transmit;
        return receive;
    }
    if (receive || (transmit && port->tx_unsignalled >= VHOST_PORT_TX_BATCH)) {
        port->tx_unsignalled = 0;
        port->tx_irq_pending = false;
        return true;
    }
    port->tx_irq_pending |= transmit;
    return false;
}

static bool sync(void *context)
{
    struct vhost_port *port = context;
    const bool restarted = port->restarted;

    (void)virtq_look(&port->queues[VIRTIO_NET_RX]);
    port->restarted = false;
    return restarted;
}

static uint32_t capabilities(void *context)
{
    const struct vhost_port *port = context;

    return port->takes;
}

static bool wants(void *context, const struct vswitch_frame *frame)
{
    const struct vhost_port *port = context;

    return rx_filter_accepts(&port->filter, frame->header);
}

const struct vswitch_port_ops vhost_port_ops = {
    .peek = peek,
    .release = release,
    .send = send,
    .look = look,
    .burst = burst,
    .request_space = request_space,
    .should_notify = should_notify,
    .sync = sync,
    .capabilities = capabilities,
    .wants = wants,
};
