/* SPDX-License-Identifier: BSD-2-Clause */
/* The PHY of a GEM, over its MDIO register. */
#include "pd/net_driver/gem_phy.h"

#define PHYS 32u
/* A message takes 64 clocks of 2.5 MHz: some hundred reads of a register. */
#define READS_MAX 5000u

#define REGISTER_STATUS 1u
#define REGISTER_ID 2u
#define REGISTER_PARTNER 5u
#define REGISTER_PARTNER_1000 10u
#define STATUS_LINK (1u << 2)
#define PARTNER_100_FULL (1u << 8)
#define PARTNER_100_HALF (1u << 7)
#define PARTNER_10_FULL (1u << 6)
#define PARTNER_1000_FULL (1u << 11)
#define SPEED (GEM_CONFIG_100 | GEM_CONFIG_DUPLEX | GEM_CONFIG_1000)

static bool is_idle(const struct nic_gem *card)
{
    return (card->registers.read(card->registers.context, GEM_STATUS) & GEM_STATUS_PHY_IDLE) != 0;
}

static bool await_idle(const struct nic_gem *card)
{
    for (uint32_t i = 0; i < READS_MAX; i++) {
        if (is_idle(card)) {
            return true;
        }
    }
    return false;
}

static void ask(const struct nic_gem *card, uint32_t phy, uint32_t number)
{
    card->registers.write(card->registers.context, GEM_PHY,
                          GEM_PHY_READ | phy << GEM_PHY_ADDRESS_SHIFT | number << GEM_PHY_REGISTER_SHIFT);
}

static uint32_t answer(const struct nic_gem *card)
{
    return card->registers.read(card->registers.context, GEM_PHY) & 0xffff;
}

/* What a PHY's register has; all ones if nobody answers. */
static uint32_t read_phy(const struct nic_gem *card, uint32_t phy, uint32_t number)
{
    if (!await_idle(card)) {
        return 0xffff;
    }
    ask(card, phy, number);
    return await_idle(card) ? answer(card) : 0xffff;
}

void gem_phy_find(struct nic_gem *card)
{
    uint32_t id = 0;

    for (card->phy = 0; card->phy < PHYS; card->phy++) {
        id = read_phy(card, card->phy, REGISTER_ID);
        if (id != 0 && id != 0xffff) {
            break;
        }
    }
    card->has_link = card->phy == PHYS;
    if (card->phy < PHYS) {
        (void)read_phy(card, card->phy, REGISTER_STATUS); /* the first has what was lost meanwhile */
        card->has_link = (read_phy(card, card->phy, REGISTER_STATUS) & STATUS_LINK) != 0;
        if (await_idle(card)) {
            ask(card, card->phy, REGISTER_STATUS);
        }
    }
}

bool gem_phy_poll(struct nic_gem *card)
{
    if (card->phy == PHYS || !is_idle(card)) {
        return false;
    }
    const bool has_link = (answer(card) & STATUS_LINK) != 0;
    const bool changed = has_link != card->has_link;
    card->has_link = has_link;
    ask(card, card->phy, REGISTER_STATUS);
    return changed;
}

uint32_t gem_phy_speed(struct nic_gem *card)
{
    if (card->phy == PHYS || !card->has_link) {
        return card->config & SPEED;
    }
    const uint32_t fast = read_phy(card, card->phy, REGISTER_PARTNER_1000);
    const uint32_t slow = read_phy(card, card->phy, REGISTER_PARTNER);
    uint32_t speed = 0;
    if ((fast & PARTNER_1000_FULL) != 0) {
        speed = GEM_CONFIG_1000 | GEM_CONFIG_DUPLEX;
    } else if ((slow & PARTNER_100_FULL) != 0) {
        speed = GEM_CONFIG_100 | GEM_CONFIG_DUPLEX;
    } else if ((slow & PARTNER_100_HALF) != 0) {
        speed = GEM_CONFIG_100;
    } else if ((slow & PARTNER_10_FULL) != 0) {
        speed = GEM_CONFIG_DUPLEX;
    }
    if (await_idle(card)) {
        ask(card, card->phy, REGISTER_STATUS);
    }
    return speed;
}
