/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers, descriptors and PHY of a Cadence GEM. */
#include "tests/mock/gem.h"

#include <stdlib.h>
#include <string.h>

#include "pd/net_driver/gem_registers.h"

static void *at(const struct gem_mock *card, uint64_t paddr, uint64_t bytes)
{
    if (paddr < card->memory_paddr || paddr - card->memory_paddr + bytes > card->memory_bytes) {
        abort(); /* the driver's fault */
    }
    return card->memory + (paddr - card->memory_paddr);
}

static struct gem_descriptor *descriptor(const struct gem_mock *card, uint32_t paddr)
{
    return at(card, paddr, sizeof(struct gem_descriptor));
}

static uint32_t phy_register(const struct gem_mock *card, uint32_t number)
{
    switch (number) {
    case 1:
        return card->has_link ? 0x796d : 0x7969;
    case 2:
        return 0x2000;
    case 5:
        return 0xcde1;
    case 10:
        return card->is_slow ? 0 : 0x7c00;
    default:
        return 0;
    }
}

uint32_t gem_mock_read(void *context, uint32_t offset)
{
    const struct gem_mock *card = context;
    const uint32_t message = card->registers[GEM_PHY / 4];

    if (card->is_absent) {
        return 0;
    }
    switch (offset) {
    case GEM_REVISION:
        return 0x40070106;
    case GEM_DESIGN_6:
        return 2;
    case GEM_STATUS:
        return card->phy_never_idle ? 0 : GEM_STATUS_PHY_IDLE;
    case GEM_PHY:
        return card->has_no_phy || (message >> GEM_PHY_ADDRESS_SHIFT & 31) != GEM_MOCK_PHY
                   ? 0xffff
                   : phy_register(card, message >> GEM_PHY_REGISTER_SHIFT & 31);
    default:
        return card->registers[offset / 4];
    }
}

void gem_mock_write(void *context, uint32_t offset, uint32_t value)
{
    struct gem_mock *card = context;

    switch (offset) {
    case GEM_INTERRUPTS:
        card->registers[offset / 4] &= ~value;
        break;
    case GEM_ENABLE:
        card->enabled |= value;
        break;
    case GEM_DISABLE:
        card->enabled &= ~value;
        break;
    case GEM_RX_QUEUE:
        card->rx_at = value;
        card->registers[offset / 4] = value;
        break;
    case GEM_TX_QUEUE:
        card->tx_at = value;
        card->registers[offset / 4] = value;
        break;
    default:
        card->registers[offset / 4] = value;
        break;
    }
}

bool gem_mock_receive(struct gem_mock *card, const void *frame, uint32_t bytes, uint32_t pieces)
{
    if ((card->registers[GEM_CONTROL / 4] & GEM_CONTROL_RX) == 0) {
        return false;
    }
    for (uint32_t i = 0; i < pieces; i++) {
        struct gem_descriptor *rx = descriptor(card, card->rx_at);
        const uint32_t room = (card->registers[GEM_DMA / 4] >> GEM_DMA_RX_BYTES_SHIFT & 0xff) * 64;

        if ((rx->word[0] & GEM_RX_USED) != 0 || bytes > room) {
            return false;
        }
        memcpy(at(card, rx->word[0] & ~3u, bytes), frame, bytes);
        rx->word[1] = bytes | (i == 0 ? GEM_RX_FIRST : 0) | (i == pieces - 1 ? GEM_RX_LAST : 0);
        card->rx_at = (rx->word[0] & GEM_RX_WRAP) != 0 ? card->registers[GEM_RX_QUEUE / 4]
                                                       : card->rx_at + (uint32_t)sizeof *rx;
        rx->word[0] |= GEM_RX_USED;
    }
    card->registers[GEM_INTERRUPTS / 4] |= GEM_INTERRUPT_RX;
    return true;
}

/* One frame, from its first piece to its last. */
static void send_frame(struct gem_mock *card)
{
    struct gem_mock_frame *kept = &card->sent[card->sent_count++ % GEM_MOCK_KEPT];
    struct gem_descriptor *first = descriptor(card, card->tx_at);
    uint32_t word = 0;

    memset(kept, 0, sizeof *kept);
    while ((word & GEM_TX_LAST) == 0) {
        const struct gem_descriptor *tx = descriptor(card, card->tx_at);
        const uint32_t bytes = tx->word[1] & GEM_TX_LENGTH;

        word = tx->word[1];
        if ((word & GEM_TX_USED) != 0 || kept->bytes + bytes > GEM_MOCK_KEPT_BYTES) {
            abort(); /* the driver's fault */
        }
        memcpy(kept->data + kept->bytes, at(card, tx->word[0], bytes), bytes);
        kept->bytes += bytes;
        kept->pieces++;
        card->tx_at = (word & GEM_TX_WRAP) != 0 ? card->registers[GEM_TX_QUEUE / 4]
                                                : card->tx_at + (uint32_t)sizeof *tx;
    }
    first->word[1] |= GEM_TX_USED | card->send_error;
    card->send_error = 0;
    card->registers[GEM_INTERRUPTS / 4] |= GEM_INTERRUPT_TX;
}

void gem_mock_run(struct gem_mock *card)
{
    const uint32_t control = card->registers[GEM_CONTROL / 4];

    if (card->holds || (control & GEM_CONTROL_TX) == 0 || (control & GEM_CONTROL_START) == 0) {
        return;
    }
    while ((descriptor(card, card->tx_at)->word[1] & GEM_TX_USED) == 0) {
        send_frame(card);
    }
}

bool gem_mock_interrupts(const struct gem_mock *card)
{
    return (card->registers[GEM_INTERRUPTS / 4] & card->enabled) != 0;
}
