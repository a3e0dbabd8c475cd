/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers, queues and headers of a virtio network card. */
#include "pd/net_driver/nic_virtio.h"

#include "lib/base/mem.h"

/* What may come unfinished if it fits into a buffer. */
#define LARGE_FEATURES                                                                                       \
    (VIRTIO_NET_F_GUEST_TSO4 | VIRTIO_NET_F_GUEST_TSO6 | VIRTIO_NET_F_GUEST_ECN | VIRTIO_NET_F_GUEST_USO4 |  \
     VIRTIO_NET_F_GUEST_USO6)
#define WANTED_FEATURES (VIRTIO_NET_OFFLOADS | VIRTIO_NET_F_STATUS | VIRTIO_F_EVENT_IDX | VIRTIO_F_VERSION_1)

/* Config space, section 5.1.4: a word with the link's state in its upper half. */
#define CONFIG_STATUS_WORD 4u
#define CONFIG_STATUS_SHIFT 16u
#define CONFIG_LINK_UP 1u

/* So that a buffer and a record's header make 2 KiB. */
#define SMALL_BUFFER_BYTES 2032u
#define HEADER_BYTES ((uint32_t)sizeof(struct virtio_net_hdr))

/* Memory shared with the card: two queues, and headers of frames to send. */
#define QUEUE_BYTES 0x4000u
#define HEADERS_OFFSET (2 * QUEUE_BYTES)
#define OWN_BYTES (HEADERS_OFFSET + 0x1000u)
_Static_assert(NIC_VIRTIO_FRAMES * sizeof(struct virtio_net_hdr) <= OWN_BYTES - HEADERS_OFFSET, "one each");

static bool has(const struct nic_virtio *card, uint64_t feature)
{
    return (card->features & feature) != 0;
}

static uint32_t modulo(uint32_t number)
{
    return number & (VIRTQ_DRIVER_MAX_SIZE - 1);
}

/* What the card may leave to us, as if it were a driver that sends. */
static uint64_t features_of_sender(uint64_t features)
{
    const uint64_t uso = VIRTIO_NET_F_GUEST_USO4 | VIRTIO_NET_F_GUEST_USO6;

    return ((features & VIRTIO_NET_F_GUEST_CSUM) != 0 ? VIRTIO_NET_F_CSUM : 0) |
           ((features & VIRTIO_NET_F_GUEST_TSO4) != 0 ? VIRTIO_NET_F_HOST_TSO4 : 0) |
           ((features & VIRTIO_NET_F_GUEST_TSO6) != 0 ? VIRTIO_NET_F_HOST_TSO6 : 0) |
           ((features & VIRTIO_NET_F_GUEST_ECN) != 0 ? VIRTIO_NET_F_HOST_ECN : 0) |
           ((features & uso) == uso ? VIRTIO_NET_F_HOST_USO : 0);
}

/* What we may leave to the card, as if it were a driver that receives. */
static uint64_t features_of_receiver(uint64_t features)
{
    return ((features & VIRTIO_NET_F_CSUM) != 0 ? VIRTIO_NET_F_GUEST_CSUM : 0) |
           ((features & VIRTIO_NET_F_HOST_TSO4) != 0 ? VIRTIO_NET_F_GUEST_TSO4 : 0) |
           ((features & VIRTIO_NET_F_HOST_TSO6) != 0 ? VIRTIO_NET_F_GUEST_TSO6 : 0) |
           ((features & VIRTIO_NET_F_HOST_ECN) != 0 ? VIRTIO_NET_F_GUEST_ECN : 0) |
           ((features & VIRTIO_NET_F_HOST_USO) != 0 ? VIRTIO_NET_F_GUEST_USO4 | VIRTIO_NET_F_GUEST_USO6 : 0);
}

static void read_link(struct nic_virtio *card)
{
    const uint32_t word =
        card->registers.read(card->registers.context, MMIO_TRANSPORT_CONFIG + CONFIG_STATUS_WORD);

    card->has_link = !has(card, VIRTIO_NET_F_STATUS) || (word >> CONFIG_STATUS_SHIFT & CONFIG_LINK_UP) != 0;
}

static enum err negotiate(struct nic_virtio *card, bool large_frames)
{
    const uint64_t wanted = large_frames ? WANTED_FEATURES : WANTED_FEATURES & ~LARGE_FEATURES;

    enum err err = mmio_transport_reset(&card->registers, VIRTIO_ID_NET);
    if (err == ERR_OK) {
        err = mmio_transport_negotiate(&card->registers, wanted, &card->features);
    }
    /* A card that offers what it may not is none that we know. */
    return err == ERR_OK && !virtio_net_hdr_features_agree(card->features) ? ERR_STATE : err;
}

static enum err add_queues(struct nic_virtio *card, const struct nic_setup *setup)
{
    uint8_t *own = setup->own;
    const bool event_idx = has(card, VIRTIO_F_EVENT_IDX);

    memset(own, 0, OWN_BYTES);
    enum err err = mmio_transport_add_queue(&card->registers, VIRTIO_NET_RX, own, setup->own_paddr, event_idx,
                                            &card->rx);
    if (err == ERR_OK) {
        err = mmio_transport_add_queue(&card->registers, VIRTIO_NET_TX, own + QUEUE_BYTES,
                                       setup->own_paddr + QUEUE_BYTES, event_idx, &card->tx);
    }
    card->headers = (struct virtio_net_hdr *)(void *)(own + HEADERS_OFFSET);
    card->headers_paddr = setup->own_paddr + HEADERS_OFFSET;
    return err;
}

static enum err start(void *context, const struct nic_setup *setup, struct nic_traits *traits)
{
    struct nic_virtio *card = context;

    *card = (struct nic_virtio){.registers = setup->registers};
    enum err err = negotiate(card, setup->large_frames);
    if (err == ERR_UNSUPPORTED) {
        return err;
    }
    if (err == ERR_OK) {
        err = add_queues(card, setup);
    }
    if (err != ERR_OK) {
        mmio_transport_give_up(&card->registers);
        return err;
    }
    const bool large = (card->features & LARGE_FEATURES) != 0;
    const uint32_t small = setup->frame_bytes > SMALL_BUFFER_BYTES ? setup->frame_bytes : SMALL_BUFFER_BYTES;
    *traits = (struct nic_traits){
        .buffers = card->rx.size,
        .frames = card->tx.size / 2u,
        .buffer_bytes = large ? VIRTIO_NET_FRAME_MAX : small,
        .prefix_bytes = HEADER_BYTES,
        .offload = virtio_net_hdr_capabilities(features_of_receiver(card->features)),
    };
    read_link(card);
    mmio_transport_go(&card->registers);
    return ERR_OK;
}

static void stop(void *context)
{
    const struct nic_virtio *card = context;

    mmio_transport_stop(&card->registers);
}

static void note_added(struct nic_virtio_order *order, uint16_t head)
{
    order->place[head] = order->added;
    order->is_used[modulo(order->added)] = false;
    order->added++;
}

/* Take what the card has used, in any order, until the oldest is among it; *number is that one's. */
static enum err take_oldest(struct virtq_driver *queue, struct nic_virtio_order *order, uint32_t *number)
{
    uint16_t head;
    uint32_t bytes;

    *number = modulo(order->taken);
    while (order->taken == order->added || !order->is_used[*number]) {
        const enum err err = virtq_driver_take(queue, &head, &bytes);

        if (err != ERR_OK) {
            return err;
        }
        order->is_used[modulo(order->place[head])] = true;
        order->bytes[modulo(order->place[head])] = bytes;
    }
    order->taken++;
    return ERR_OK;
}

static void add_buffer(void *context, const struct nic_memory *buffer)
{
    struct nic_virtio *card = context;
    const struct virtq_driver_buffer piece = {
        .paddr = buffer->paddr, .bytes = buffer->bytes, .writable = true};
    uint16_t head;

    if (virtq_driver_add(&card->rx, &piece, 1, &head) == ERR_OK) {
        card->buffers[modulo(card->rx_order.added)] = *buffer;
        note_added(&card->rx_order, head);
    }
}

static enum err take_frame(void *context, struct nic_frame *frame)
{
    struct nic_virtio *card = context;
    struct virtio_net_hdr untrusted_hdr;
    uint32_t number;
    const enum err err = take_oldest(&card->rx, &card->rx_order, &number);

    if (err != ERR_OK) {
        return err;
    }
    const struct nic_memory *buffer = &card->buffers[number];
    const uint32_t bytes = card->rx_order.bytes[number];
    *frame = (struct nic_frame){0};
    if (bytes < HEADER_BYTES + VIRTIO_NET_FRAME_MIN || bytes > buffer->bytes) {
        return ERR_OK;
    }
    mem_copy_once(&untrusted_hdr, buffer->at, sizeof(untrusted_hdr));
    if (virtio_net_hdr_to_meta(&untrusted_hdr, features_of_sender(card->features), bytes - HEADER_BYTES,
                               &frame->meta) == ERR_OK) {
        frame->bytes = bytes - HEADER_BYTES;
    }
    return ERR_OK;
}

static enum err send(void *context, const struct nic_memory *frame, uint64_t untrusted_meta)
{
    struct nic_virtio *card = context;
    const uint32_t number = modulo(card->tx_order.added) & (NIC_VIRTIO_FRAMES - 1);
    const struct virtq_driver_buffer pieces[2] = {
        {.paddr = card->headers_paddr + number * HEADER_BYTES, .bytes = HEADER_BYTES},
        {.paddr = frame->paddr, .bytes = frame->bytes},
    };
    struct virtio_net_hdr hdr;
    uint16_t head;

    enum err err =
        virtio_net_hdr_from_meta(untrusted_meta, features_of_receiver(card->features), frame->bytes, &hdr);
    if (err != ERR_OK) {
        return err;
    }
    hdr.flags &= FRAME_META_NEEDS_CSUM;
    hdr.num_buffers = 0; /* section 5.1.6.2: only what is received has it */
    card->headers[number] = hdr;
    err = virtq_driver_add(&card->tx, pieces, 2, &head);
    if (err == ERR_OK) {
        note_added(&card->tx_order, head);
    }
    return err;
}

static enum err take_sent(void *context)
{
    struct nic_virtio *card = context;
    uint32_t number;

    return take_oldest(&card->tx, &card->tx_order, &number);
}

static void kick(void *context)
{
    struct nic_virtio *card = context;

    if (virtq_driver_publish(&card->rx)) {
        mmio_transport_kick(&card->registers, VIRTIO_NET_RX);
    }
    if (virtq_driver_publish(&card->tx)) {
        mmio_transport_kick(&card->registers, VIRTIO_NET_TX);
    }
}

static bool await_frame(void *context)
{
    struct nic_virtio *card = context;

    return virtq_driver_request_interrupt(&card->rx);
}

static bool await_sent(void *context, uint32_t in_flight)
{
    struct nic_virtio *card = context;

    return virtq_driver_request_interrupt_after(&card->tx, (uint16_t)(in_flight - in_flight / 4));
}

static enum err interrupts(void *context)
{
    struct nic_virtio *card = context;

    if ((mmio_transport_interrupts(&card->registers) & MMIO_TRANSPORT_INTERRUPT_CONFIG) != 0) {
        if (mmio_transport_needs_reset(&card->registers)) {
            return ERR_IO;
        }
        read_link(card);
    }
    return ERR_OK;
}

static bool has_link(const void *context)
{
    const struct nic_virtio *card = context;

    return card->has_link;
}

const struct nic_ops nic_virtio_ops = {
    .own_bytes = OWN_BYTES,
    .start = start,
    .stop = stop,
    .add_buffer = add_buffer,
    .take_frame = take_frame,
    .send = send,
    .take_sent = take_sent,
    .kick = kick,
    .await_frame = await_frame,
    .await_sent = await_sent,
    .interrupts = interrupts,
    .has_link = has_link,
};
