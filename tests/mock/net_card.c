/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers and queues of a virtio network card. */
#include "tests/mock/net_card.h"

#include <stdlib.h>
#include <string.h>

#include "lib/virtio/spec.h"

static uint64_t *field_of(struct net_card *card, uint32_t offset)
{
    struct virtq_layout *layout = &card->layouts[card->selected];

    switch (offset & ~4u) {
    case 0x80:
        return &layout->desc.value;
    case 0x90:
        return &layout->avail.value;
    case 0xa0:
        return &layout->used.value;
    default:
        return NULL;
    }
}

uint32_t net_card_read(void *context, uint32_t offset)
{
    const struct net_card *card = context;

    switch (offset) {
    case 0x000:
        return card->is_absent ? 0 : 0x74726976;
    case 0x004:
        return 2;
    case 0x008:
        return 1;
    case 0x010:
        return (uint32_t)(card->offered >> 32 * card->features_sel);
    case 0x034:
        return card->size;
    case 0x044:
        return card->queues[card->selected].ready;
    case 0x060:
        return card->interrupts;
    case 0x070:
        return card->status;
    case 0x104:
        return card->has_link ? 0x10000 : 0;
    default:
        return 0;
    }
}

static void enable(struct net_card *card)
{
    const struct virtq_features features = {.event_idx = (card->accepted & VIRTIO_F_EVENT_IDX) != 0};
    struct virtq *queue = &card->queues[card->selected];

    if (virtq_enable(queue, &card->mem, &card->layouts[card->selected], 256, features) != ERR_OK) {
        abort();
    }
    (void)virtq_request_kick(queue);
}

static void reset(struct net_card *card)
{
    virtq_disable(&card->queues[0]);
    virtq_disable(&card->queues[1]);
    card->accepted = 0;
    card->interrupts = 0;
    card->resets++;
}

void net_card_write(void *context, uint32_t offset, uint32_t value)
{
    struct net_card *card = context;
    uint64_t *field = field_of(card, offset);

    if (field != NULL) {
        const unsigned int shift = (offset & 4u) * 8;

        *field = (*field & ~(0xffffffffull << shift)) | (uint64_t)value << shift;
    }
    switch (offset) {
    case 0x014:
    case 0x024:
        card->features_sel = value & 1;
        break;
    case 0x020:
        card->accepted |= (uint64_t)value << 32 * card->features_sel;
        break;
    case 0x030:
        card->selected = value & 1;
        break;
    case 0x038:
        card->layouts[card->selected].size = (uint16_t)value;
        break;
    case 0x044:
        enable(card);
        break;
    case 0x064:
        card->interrupts &= ~value;
        break;
    case 0x070:
        card->status = card->refuses ? value & ~8u : value;
        if (value == 0) {
            reset(card);
        }
        break;
    default:
        break;
    }
}

static void push(struct net_card *card, struct virtq *queue, uint32_t written)
{
    virtq_push(queue, card->chain.head, written);
    if (virtq_should_interrupt(queue)) {
        card->interrupts |= 1;
    }
}

bool net_card_receive(struct net_card *card, const struct virtio_net_hdr *hdr, const void *frame,
                      uint32_t bytes)
{
    struct virtq *queue = &card->queues[0];

    (void)virtq_request_kick(queue);
    if (!virtq_is_ready(queue) || virtq_pop(queue, &card->chain) != ERR_OK) {
        return false;
    }
    const bool fits = card->chain.writable_bytes >= sizeof *hdr + bytes;
    if (fits) {
        (void)virtq_chain_write(&card->chain, 0, hdr, sizeof *hdr);
        (void)virtq_chain_write(&card->chain, sizeof *hdr, frame, bytes);
    }
    push(card, queue, fits ? (uint32_t)sizeof *hdr + bytes : 0);
    return fits;
}

static void keep(struct net_card *card)
{
    struct net_card_frame *kept = &card->sent[card->sent_count % NET_CARD_KEPT];
    const uint64_t bytes = card->chain.readable_bytes - sizeof kept->hdr;

    kept->bytes = (uint32_t)bytes;
    (void)virtq_chain_read(&card->chain, 0, &kept->hdr, sizeof kept->hdr);
    (void)virtq_chain_read(&card->chain, sizeof kept->hdr, kept->data,
                           bytes < sizeof kept->data ? bytes : sizeof kept->data);
    card->sent_count++;
}

void net_card_run(struct net_card *card)
{
    struct virtq *queue = &card->queues[1];
    uint16_t heads[256];
    uint32_t count = 0;

    if (card->holds || !virtq_is_ready(queue)) {
        return;
    }
    (void)virtq_request_kick(queue);
    while (virtq_pop(queue, &card->chain) == ERR_OK) {
        keep(card);
        heads[count++] = card->chain.head;
    }
    for (uint32_t i = 0; i < count; i++) {
        card->chain.head = heads[card->sends_backwards ? count - 1 - i : i];
        push(card, queue, 0);
    }
}

void net_card_set_link(struct net_card *card, bool has_link)
{
    card->has_link = has_link;
    card->interrupts |= 2;
}
