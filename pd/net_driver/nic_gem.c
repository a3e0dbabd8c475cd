/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers, descriptors and checksums of a Cadence GEM. */
#include "pd/net_driver/nic_gem.h"

#include "lib/base/mem.h"
#include "lib/net/checksum.h"
#include "lib/net/offload.h"
#include "pd/net_driver/gem_phy.h"

/* Memory shared with the card. */
#define RX_OFFSET 0x0u
#define TX_OFFSET 0x800u
#define UNUSED_OFFSET 0x1000u /* for queues that nobody uses */
#define HEADS_OFFSET 0x2000u
#define OWN_BYTES 0x8000u
_Static_assert(NIC_GEM_FRAMES * sizeof(struct gem_descriptor) <= TX_OFFSET - RX_OFFSET, "a ring");
_Static_assert(NIC_GEM_PIECES * sizeof(struct gem_descriptor) <= UNUSED_OFFSET - TX_OFFSET, "a ring");
_Static_assert(NIC_GEM_FRAMES *NIC_GEM_HEAD_BYTES <= OWN_BYTES - HEADS_OFFSET, "one for each frame");

#define BUFFER_UNIT 64u
#define BUFFER_BYTES_MIN 1536u
#define BUFFER_BYTES_MAX 10240u
#define QUEUES_NEAR 8u /* whose registers lie one behind the other */

/* UG1087: the module's number in the revision register. */
#define REVISION_SHIFT 16u
#define REVISION_GEM_MIN 0x2u

/* How often the PHY is looked at: once in so many calls. */
#define CALLS_PER_LOOK 64u

/* IP in Ethernet, with a VLAN tag at most. */
#define ETHERTYPE_AT 12u
#define ETHERTYPE_IPV4 0x0800u
#define PROTOCOL_TCP 6u
#define PROTOCOL_UDP 17u
#define TCP_CHECKSUM_AT 16u
#define UDP_CHECKSUM_AT 6u

static uint32_t read(const struct nic_gem *card, uint32_t offset)
{
    return card->registers.read(card->registers.context, offset);
}

static void write(const struct nic_gem *card, uint32_t offset, uint32_t value)
{
    card->registers.write(card->registers.context, offset, value);
}

static uint32_t rx_modulo(uint32_t number)
{
    return number & (NIC_GEM_FRAMES - 1);
}

static uint32_t tx_modulo(uint32_t number)
{
    return number & (NIC_GEM_PIECES - 1);
}

static void quiesce(const struct nic_gem *card)
{
    write(card, GEM_CONTROL, 0);
    write(card, GEM_CONTROL, GEM_CONTROL_CLEAR_COUNTS);
    write(card, GEM_DISABLE, UINT32_MAX);
    write(card, GEM_TX_STATUS, UINT32_MAX);
    write(card, GEM_RX_STATUS, UINT32_MAX);
    write(card, GEM_INTERRUPTS, read(card, GEM_INTERRUPTS));
}

/* All descriptors are ours: the card waits. */
static void clear_rings(struct nic_gem *card)
{
    for (uint32_t i = 0; i < NIC_GEM_FRAMES; i++) {
        card->rx[i].word[0] = GEM_RX_USED | (i == NIC_GEM_FRAMES - 1 ? GEM_RX_WRAP : 0);
        card->rx[i].word[1] = 0;
    }
    for (uint32_t i = 0; i < NIC_GEM_PIECES; i++) {
        card->tx[i].word[0] = 0;
        card->tx[i].word[1] = GEM_TX_USED | (i == NIC_GEM_PIECES - 1 ? GEM_TX_WRAP : 0);
    }
}

/* Queues beside the first have nothing, and never get anything. */
static void silence_queues(const struct nic_gem *card, uint8_t *own, uint32_t own_paddr)
{
    volatile struct gem_descriptor *unused = (volatile struct gem_descriptor *)(void *)(own + UNUSED_OFFSET);
    const uint32_t queues = read(card, GEM_DESIGN_6) & 0xfffe;

    unused[0].word[0] = GEM_RX_USED | GEM_RX_WRAP;
    unused[0].word[1] = 0;
    unused[1].word[0] = 0;
    unused[1].word[1] = GEM_TX_USED | GEM_TX_WRAP;
    for (uint32_t i = 1; i < QUEUES_NEAR; i++) {
        if ((queues >> i & 1) != 0) {
            write(card, GEM_RX_QUEUE_1 + 4 * (i - 1), own_paddr + UNUSED_OFFSET);
            write(card, GEM_TX_QUEUE_1 + 4 * (i - 1),
                  own_paddr + UNUSED_OFFSET + (uint32_t)sizeof(struct gem_descriptor));
            write(card, GEM_DISABLE_1 + 4 * (i - 1), UINT32_MAX);
        }
    }
}

/* Speed follows the link. */
static void configure(struct nic_gem *card)
{
    const uint32_t kept = GEM_CONFIG_BUS_WIDTH;

    card->config = (card->config & kept) | gem_phy_speed(card) | GEM_CONFIG_ALL | GEM_CONFIG_1536 |
                   GEM_CONFIG_NO_FCS | GEM_CONFIG_PHY_CLOCK |
                   (card->buffer_bytes > BUFFER_BYTES_MIN ? GEM_CONFIG_JUMBO : 0);
    write(card, GEM_CONFIG, card->config);
}

static void set_up(struct nic_gem *card, const struct nic_setup *setup)
{
    const uint32_t paddr = (uint32_t)setup->own_paddr;

    clear_rings(card);
    silence_queues(card, setup->own, paddr);
    card->config = read(card, GEM_CONFIG);
    write(card, GEM_CONFIG, card->config | GEM_CONFIG_PHY_CLOCK);
    write(card, GEM_CONTROL, GEM_CONTROL_PHY);
    gem_phy_find(card);
    configure(card);
    write(card, GEM_JUMBO, card->buffer_bytes);
    write(card, GEM_DMA,
          GEM_DMA_BURST_16 | GEM_DMA_RX_ALL | GEM_DMA_TX_ALL | GEM_DMA_CSUM |
              card->buffer_bytes / BUFFER_UNIT << GEM_DMA_RX_BYTES_SHIFT);
    write(card, GEM_RX_HIGH, 0);
    write(card, GEM_TX_HIGH, 0);
    write(card, GEM_RX_QUEUE, paddr + RX_OFFSET);
    write(card, GEM_TX_QUEUE, paddr + TX_OFFSET);
    write(card, GEM_CONTROL, GEM_CONTROL_PHY | GEM_CONTROL_RX | GEM_CONTROL_TX);
    write(card, GEM_ENABLE, GEM_INTERRUPT_BUS | GEM_INTERRUPT_TX_ERROR);
}

static enum err start(void *context, const struct nic_setup *setup, struct nic_traits *traits)
{
    struct nic_gem *card = context;
    uint8_t *own = setup->own;
    const uint32_t bytes = (setup->frame_bytes + BUFFER_UNIT - 1) / BUFFER_UNIT * BUFFER_UNIT;

    *card = (struct nic_gem){
        .registers = setup->registers,
        .rx = (volatile struct gem_descriptor *)(void *)(own + RX_OFFSET),
        .tx = (volatile struct gem_descriptor *)(void *)(own + TX_OFFSET),
        .heads = (uint8_t(*)[NIC_GEM_HEAD_BYTES])(void *)(own + HEADS_OFFSET),
        .heads_paddr = (uint32_t)setup->own_paddr + HEADS_OFFSET,
        .buffer_bytes = bytes < BUFFER_BYTES_MIN ? BUFFER_BYTES_MIN : bytes,
    };
    const uint32_t revision = read(card, GEM_REVISION) >> REVISION_SHIFT & 0xfff;
    if (revision < REVISION_GEM_MIN || revision == 0xfff || setup->own_paddr > UINT32_MAX - OWN_BYTES ||
        card->buffer_bytes > BUFFER_BYTES_MAX) {
        return ERR_UNSUPPORTED;
    }
    quiesce(card);
    set_up(card, setup);
    *traits = (struct nic_traits){
        .buffers = NIC_GEM_FRAMES,
        .frames = NIC_GEM_FRAMES - 1, /* pieces of one more would meet those of the oldest */
        .buffer_bytes = card->buffer_bytes,
        .offload = OFFLOAD_CSUM,
    };
    return ERR_OK;
}

static void stop(void *context)
{
    quiesce(context);
}

/* Frames that come. */

static void add_buffer(void *context, const struct nic_memory *buffer)
{
    struct nic_gem *card = context;
    const uint32_t at = rx_modulo(card->rx_added);

    card->rx[at].word[1] = 0;
    /* Links lie below 4 GiB and at multiples of 16 bytes: start() and the tool see to that. */
    __atomic_thread_fence(__ATOMIC_RELEASE);
    card->rx[at].word[0] = (uint32_t)buffer->paddr | (at == NIC_GEM_FRAMES - 1 ? GEM_RX_WRAP : 0);
    card->rx_added++;
    card->has_buffers = true;
}

static bool has_frame(const struct nic_gem *card)
{
    return card->rx_taken != card->rx_added &&
           (card->rx[rx_modulo(card->rx_taken)].word[0] & GEM_RX_USED) != 0;
}

static enum err take_frame(void *context, struct nic_frame *frame)
{
    struct nic_gem *card = context;

    if (!has_frame(card)) {
        return ERR_EMPTY;
    }
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    const uint32_t status = card->rx[rx_modulo(card->rx_taken)].word[1];
    const uint32_t bytes = status & GEM_RX_LENGTH;
    const bool is_whole = (status & (GEM_RX_FIRST | GEM_RX_LAST)) == (GEM_RX_FIRST | GEM_RX_LAST);
    card->rx_taken++;
    *frame = (struct nic_frame){.bytes = is_whole && bytes <= card->buffer_bytes ? bytes : 0};
    return ERR_OK;
}

/* Frames to send. */

static uint32_t number_at(const uint8_t *frame, uint32_t at)
{
    return (uint32_t)frame[at] << 8 | frame[at + 1];
}

/* Whether the card itself computes what is left open: TCP or UDP in an unfragmented IPv4 packet. */
static bool card_computes(const uint8_t *frame, uint32_t bytes, const struct frame_meta *meta)
{
    const uint32_t ip = ETHERTYPE_AT + 2;

    if (bytes < ip + 20 || number_at(frame, ETHERTYPE_AT) != ETHERTYPE_IPV4 || frame[ip] >> 4 != 4 ||
        meta->csum_start != ip + (frame[ip] & 0xf) * 4u || (number_at(frame, ip + 6) & 0x3fff) != 0) {
        return false;
    }
    return (frame[ip + 9] == PROTOCOL_TCP && meta->csum_offset == TCP_CHECKSUM_AT) ||
           (frame[ip + 9] == PROTOCOL_UDP && meta->csum_offset == UDP_CHECKSUM_AT);
}

static void add_piece(struct nic_gem *card, uint32_t number, uint64_t paddr, uint32_t word)
{
    const uint32_t at = tx_modulo(number);

    card->tx[at].word[0] = (uint32_t)paddr;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    card->tx[at].word[1] = word | (at == NIC_GEM_PIECES - 1 ? GEM_TX_WRAP : 0);
}

/*
 * The part up to the checksum, with it, in our own memory. Returns its bytes. Where the card computes it, it has to
 * be zero: otherwise short UDP packets get a wrong one.
 */
static uint32_t make_head(struct nic_gem *card, const struct nic_memory *frame, const struct frame_meta *meta)
{
    uint8_t *head = card->heads[rx_modulo(card->frames_added)];
    const uint32_t at = meta->csum_start + (uint32_t)meta->csum_offset;
    const uint32_t bytes = at + 2;

    memcpy(head, frame->at, bytes);
    if (card_computes(head, bytes, meta)) {
        head[at] = head[at + 1] = 0;
        return bytes;
    }
    /* The sender may change the frame meanwhile: then the checksum is wrong, as on any wire. */
    checksum_store(checksum_add(0, frame->at + meta->csum_start, frame->bytes - meta->csum_start), head + at);
    if (head[at] == 0 && head[at + 1] == 0) { /* which says in UDP that there is none; TCP takes both */
        head[at] = head[at + 1] = 0xff;
    }
    return bytes;
}

static enum err send(void *context, const struct nic_memory *frame, uint64_t untrusted_meta)
{
    struct nic_gem *card = context;
    struct frame_meta meta;
    uint32_t head_bytes = 0;

    const enum err err = frame_meta_unpack(untrusted_meta, frame->bytes, &meta);
    if (err != ERR_OK) {
        return err;
    }
    if (meta.gso_type != FRAME_META_GSO_NONE) {
        return ERR_DENIED;
    }
    if (frame->bytes > card->buffer_bytes) {
        return ERR_RANGE;
    }
    if ((meta.flags & FRAME_META_NEEDS_CSUM) != 0) {
        if (meta.csum_start + meta.csum_offset + 2u > NIC_GEM_HEAD_BYTES) {
            return ERR_UNSUPPORTED;
        }
        head_bytes = make_head(card, frame, &meta);
    }
    const uint32_t number = rx_modulo(card->frames_added);
    const bool has_rest = frame->bytes > head_bytes;
    /* The first piece last: the card begins with it. */
    if (head_bytes != 0 && has_rest) {
        add_piece(card, card->tx_added + 1, frame->paddr + head_bytes,
                  (frame->bytes - head_bytes) | GEM_TX_LAST);
    }
    if (head_bytes != 0) {
        add_piece(card, card->tx_added, card->heads_paddr + number * NIC_GEM_HEAD_BYTES,
                  head_bytes | (has_rest ? 0 : GEM_TX_LAST));
    } else {
        add_piece(card, card->tx_added, frame->paddr, frame->bytes | GEM_TX_LAST);
    }
    card->pieces[number] = head_bytes != 0 && has_rest ? 2 : 1;
    card->tx_added += card->pieces[number];
    card->frames_added++;
    card->has_sent = true;
    return ERR_OK;
}

/* The card marks the first piece of a frame. */
static enum err take_sent(void *context)
{
    struct nic_gem *card = context;
    const uint32_t pieces = card->pieces[rx_modulo(card->frames_taken)];
    const uint32_t at = tx_modulo(card->tx_taken);

    if (card->frames_taken == card->frames_added || (card->tx[at].word[1] & GEM_TX_USED) == 0) {
        return ERR_EMPTY;
    }
    if ((card->tx[at].word[1] & GEM_TX_ERRORS) != 0) { /* and the card has stopped */
        return ERR_IO;
    }
    for (uint32_t i = 0; i < pieces; i++) { /* the rest of it is ours as well */
        const uint32_t piece = tx_modulo(card->tx_taken + i);

        card->tx[piece].word[1] = GEM_TX_USED | (piece == NIC_GEM_PIECES - 1 ? GEM_TX_WRAP : 0);
    }
    card->tx_taken += pieces;
    card->frames_taken++;
    return ERR_OK;
}

static void kick(void *context)
{
    struct nic_gem *card = context;
    const uint32_t control = GEM_CONTROL_PHY | GEM_CONTROL_RX | GEM_CONTROL_TX;

    /* Writing it also makes a card that found no buffer look again. */
    if (card->has_sent || card->has_buffers) {
        write(card, GEM_CONTROL, control | (card->has_sent ? GEM_CONTROL_START : 0));
    }
    card->has_sent = false;
    card->has_buffers = false;
}

static bool await_frame(void *context)
{
    struct nic_gem *card = context;

    write(card, GEM_ENABLE, GEM_INTERRUPT_RX);
    return has_frame(card);
}

/* It cannot be told which frame's end to interrupt for: the next one's. */
static bool await_sent(void *context, uint32_t in_flight)
{
    struct nic_gem *card = context;

    (void)in_flight;
    write(card, GEM_ENABLE, GEM_INTERRUPT_TX);
    return card->frames_taken != card->frames_added &&
           (card->tx[tx_modulo(card->tx_taken)].word[1] & GEM_TX_USED) != 0;
}

static enum err interrupts(void *context)
{
    struct nic_gem *card = context;
    const uint32_t causes = read(card, GEM_INTERRUPTS);

    if (causes != 0) {
        write(card, GEM_INTERRUPTS, causes);
    }
    if ((causes & (GEM_INTERRUPT_BUS | GEM_INTERRUPT_TX_ERROR)) != 0) {
        return ERR_IO;
    }
    /* Not again until somebody asks. */
    const uint32_t once = causes & (GEM_INTERRUPT_RX | GEM_INTERRUPT_TX);
    if (once != 0) {
        write(card, GEM_DISABLE, once);
    }
    if (++card->calls % CALLS_PER_LOOK == 0 && gem_phy_poll(card) && card->has_link) {
        configure(card);
    }
    return ERR_OK;
}

static bool has_link(const void *context)
{
    const struct nic_gem *card = context;

    return card->has_link;
}

const struct nic_ops nic_gem_ops = {
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
