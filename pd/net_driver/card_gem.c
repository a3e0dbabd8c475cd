/* SPDX-License-Identifier: BSD-2-Clause */
/* The program net_gem drives a Cadence GEM. */
#include "pd/net_driver/nic_gem.h"

static struct nic_gem card;

const struct nic nic_of_board = {.ops = &nic_gem_ops, .card = &card};
