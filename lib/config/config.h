/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Configuration of PDs: the common parts.
 *
 * Each configurable PD has one `struct <pd>_config` alone in an ELF section named after it (`.vmm_config`,
 * `.vswitch_config`, ...), that the tool overwrites in its copy of the ELF. In the source it is initialised
 * with magic, version and size only; the tool checks those three before it writes, the PD at start-up.
 * Shared by host and target: fixed-width fields, no pointers, little-endian. Virtual addresses are the
 * owning PD's. Unused entries are zero.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define CONFIG_NAME_BYTES 32u

/** First member of every configuration struct. */
struct config_header {
    uint32_t magic;
    uint16_t version;
    uint16_t flags; /**< CONFIG_FILLED once the tool has written it */
    uint32_t size_bytes;
    uint32_t reserved;
};
#define CONFIG_FILLED 1u

/** A PD's configuration, in the section in which the tool finds it; an initializer with its header follows. */
#define PD_CONFIG(type, name, config_section) __attribute__((section(config_section), used)) struct type name

/** Whether `header` is of the expected kind and has been filled by the tool. */
static inline bool config_is_valid(const struct config_header *header, uint32_t magic, uint16_t version,
                                   uint32_t size_bytes)
{
    return header->magic == magic && header->version == version && header->size_bytes == size_bytes &&
           (header->flags & CONFIG_FILLED) != 0;
}

/** One side of a link (lib/ring/ring.h). bytes == 0: there is none. */
struct config_link {
    uint64_t own;     /**< vaddr of the region this PD writes */
    uint64_t peer;    /**< vaddr of the region the peer writes */
    uint32_t bytes;   /**< of each region */
    uint32_t channel; /**< channel id to the peer */
};

/** A read-only blob in memory. bytes == 0: there is none. */
struct config_blob {
    uint64_t vaddr;
    uint64_t bytes;
};
