/* SPDX-License-Identifier: BSD-2-Clause */
/** The PHY of a GEM (IEEE 802.3, clause 22): whether there is a link, and how fast it is. Part of nic_gem. */
#pragma once

#include "pd/net_driver/nic_gem.h"

/** Find it, and read the state of the link. Without one the link counts as up, and as fast as the firmware set it. */
void gem_phy_find(struct nic_gem *card);

/** Take what was asked for, and ask again: does not wait. True if the link has changed. */
bool gem_phy_poll(struct nic_gem *card);

/** GEM_CONFIG_... of the link as it is: speed and duplex. */
uint32_t gem_phy_speed(struct nic_gem *card);
