/* SPDX-License-Identifier: BSD-2-Clause */
/* The program net_virtio drives a virtio network card. */
#include "pd/net_driver/nic_virtio.h"

static struct nic_virtio card;

const struct nic nic_of_board = {.ops = &nic_virtio_ops, .card = &card};
