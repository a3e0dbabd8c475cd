/* SPDX-License-Identifier: BSD-2-Clause */
/** A disk's data: which bytes of the region a request uses, and copying to and from them. Part of virtio_blk.
 */
#pragma once

#include "vmm/virtio/virtio_blk.h"

/** Take over the region that `config` describes. Errors: ERR_RANGE. */
ERR_CHECKED enum err virtio_blk_io_init(struct virtio_blk *blk, const struct vmm_device_config *config);

/**
 * Find a place for data of the chain's part that `op` moves, from its byte `offset` on: for `bytes` bytes
 * (not 0) or as many whole blocks of the disk as a request takes. Returns how many in *taken; copies what is
 * to be written. Errors: ERR_SPACE (no pages are free now), ERR_RANGE (the chain is shorter, or a block is in
 * more pieces than a request has).
 */
ERR_CHECKED enum err virtio_blk_io_prepare(struct virtio_blk *blk, struct virtio_blk_request *request,
                                           const struct virtq_chain *chain, uint64_t offset, uint64_t bytes,
                                           uint32_t *taken);

/** The request is over; copies what was read, if `copy`, and frees its place. */
void virtio_blk_io_finish(struct virtio_blk *blk, struct virtio_blk_request *request, bool copy);
