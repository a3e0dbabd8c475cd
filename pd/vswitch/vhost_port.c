/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/vswitch/vhost_port.h"

#include <stddef.h>

#include "lib/base/mem.h"

#define FEATURE_INDIRECT_DESC (1ull << 28)
#define FEATURE_EVENT_IDX (1ull << 29)
/* No frame has this meta word, so the switch drops it and counts it as what it is. */
#define META_INVALID UINT64_MAX

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
    return ERR_OK;
}

static enum err enable_queue(struct vhost_port *port, unsigned int index)
{
    const struct virtq_features features = {.event_idx = (port->features & FEATURE_EVENT_IDX) != 0,
                                            .indirect = (port->features & FEATURE_INDIRECT_DESC) != 0};

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

static bool has(const struct vhost_port *port, uint64_t features)
{
    return (port->features & features) == features;
}

static uint64_t meta_of(const struct vhost_port *port, const struct virtio_net_hdr *hdr, uint32_t frame_bytes)
{
    uint64_t meta;

    return virtio_net_hdr_to_meta(hdr, port->features, frame_bytes, &meta) == ERR_OK ? meta : META_INVALID;
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
    (void)virtq_chain_read(&scratch->transmit, 0, &hdr, sizeof hdr);
    const uint64_t length = scratch->transmit.readable_bytes - sizeof hdr;
    frame->segments = scratch->segments;
    frame->segment_count = strip_header(scratch);
    frame->length_bytes = length <= UINT32_MAX ? (uint32_t)length : UINT32_MAX;
    frame->meta = meta_of(port, &hdr, frame->length_bytes);
    return ERR_OK;
}

static void release(void *context)
{
    struct vhost_port *port = context;

    port->in_hand = false;
    virtq_add_used(&port->queues[VIRTIO_NET_TX], port->scratch->transmit.head, 0);
    port->tx_unsignalled++;
}

/* What of the header goes into the segment, as byte `done` and on of header and frame. */
static uint32_t fill_header(const struct virtq_segment *segment, const struct virtio_net_hdr *hdr,
                            uint32_t done)
{
    const uint32_t left = (uint32_t)sizeof *hdr - done;
    const uint32_t count = left < segment->bytes ? left : segment->bytes;

    memcpy(segment->host, (const uint8_t *)hdr + done, count);
    return count;
}

/* Fill the chain in hand from byte `done` of header and frame on. Returns how many bytes went in. */
static uint32_t fill(const struct virtq_chain *chain, const struct vswitch_frame *frame,
                     const struct virtio_net_hdr *hdr, struct vswitch_cursor *cursor, uint32_t done)
{
    uint32_t written = 0;

    for (unsigned int i = 0; i < chain->writable_count && cursor->offset < frame->length_bytes; i++) {
        const struct virtq_segment *segment = &chain->segments[i];
        const uint32_t at = done + written < sizeof *hdr ? fill_header(segment, hdr, done + written) : 0;
        const uint32_t room = segment->bytes - at;
        const uint32_t left = frame->length_bytes - cursor->offset;
        const uint32_t count = left < room ? left : room;

        frame_copy_next(frame, cursor, segment->host + at, count);
        written += at + count;
    }
    return written;
}

/* Take back the chains that a frame did not get into after all. */
static enum err give_back(struct vhost_port *port, uint16_t popped, uint16_t added, enum err err)
{
    struct virtq *vq = &port->queues[VIRTIO_NET_RX];

    virtq_cancel_used(vq, added);
    virtq_unpop(vq, popped);
    port->chains_tried = virtq_left(vq);
    return err;
}

/* May the guest get a frame, as far as its time goes? */
static bool has_credit(struct vhost_port *port)
{
    if (port->rx_credit != NULL && port->credit == 0 && port->rx_credit->take(port->rx_credit->context)) {
        port->credit = port->window;
    }
    return port->rx_credit == NULL || port->credit != 0;
}

static enum err send(void *context, const struct vswitch_frame *frame)
{
    struct vhost_port *port = context;
    struct virtq_chain *chain = &port->scratch->receive;
    struct virtq *vq = &port->queues[VIRTIO_NET_RX];
    struct virtio_net_hdr hdr;
    const uint32_t total = (uint32_t)sizeof hdr + frame->length_bytes;
    struct vswitch_cursor cursor = {0};
    uint8_t *num_buffers = NULL;
    uint32_t done = 0, pieces = 0;
    uint16_t count = 0;

    if (!port->running || !vq->ready) {
        return ERR_RANGE; /* nobody there: as a cable that is not plugged in */
    }
    if (virtio_net_hdr_from_fields(&frame->fields, port->features, &hdr) != ERR_OK) {
        return ERR_RANGE; /* the switch asks capabilities() first, so this is a frame it should have finished
                           */
    }
    if (!has_credit(port)) {
        port->chains_tried = -1;
        return ERR_SPACE;
    }
    while (done < total) {
        const enum err err = virtq_pop(vq, chain);
        if (err == ERR_EMPTY) {
            return give_back(port, count, count, virtq_is_half(vq, count) ? ERR_RANGE : ERR_SPACE);
        }
        *frame->work += (uint64_t)chain->writable_count * VSWITCH_SEGMENT_WORK;
        pieces += chain->writable_count;
        if (err == ERR_OK && pieces > vq->size) { /* no queue has so many of its own */
            return give_back(port, (uint16_t)(count + 1), count, ERR_RANGE);
        }
        if (err != ERR_OK || chain->readable_count != 0 || chain->writable_bytes < sizeof hdr) {
            return fail(port, err != ERR_OK ? err : ERR_FORMAT);
        }
        if (!has(port, VIRTIO_NET_F_MRG_RXBUF) && chain->writable_bytes < total) {
            return give_back(port, 1, 0, ERR_RANGE);
        }
        if (count == 0) {
            /* The first segment holds the whole header with every driver known; if not, there is one buffer.
             */
            num_buffers = chain->segments[0].bytes >= sizeof hdr
                              ? chain->segments[0].host + offsetof(struct virtio_net_hdr, num_buffers)
                              : NULL;
        }
        const uint32_t written = fill(chain, frame, &hdr, &cursor, done);
        virtq_add_used(vq, chain->head, written);
        done += written;
        count++;
    }
    if (count > 1 && num_buffers == NULL) {
        return fail(port, ERR_FORMAT);
    }
    if (count > 1) {
        num_buffers[0] = (uint8_t)count;
        num_buffers[1] = (uint8_t)(count >> 8);
    }
    port->credit -= port->rx_credit != NULL ? 1 : 0;
    return ERR_OK;
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

    return virtio_net_hdr_capabilities(port->features);
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
