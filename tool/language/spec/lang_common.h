/* SPDX-License-Identifier: BSD-2-Clause */
/** What the tables of Causeway's own elements have in common. */
#pragma once

#include <stdint.h>

#include "lib/config/vmm_config.h"
#include "tool/language/spec/lang.h"
#include "tool/model/model.h"

#define SPEC_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SPEC_MAX_PRIORITY 254u
/** Names that end up in configuration structs and in the names of links between two of them. */
#define SPEC_MAX_NAME 24u
#define SPEC_MIN_RING_BYTES 0x1000u
#define SPEC_MAX_RING_BYTES 0x4000000u
#define SPEC_SECTOR_BYTES 512u
#define SPEC_PARTITION_ALIGN 0x100000u

/** In the order of enum vmm_transport. Defined in lang_guest.c. */
extern const char *const lang_transports[];

/** Rows for the struct desc_transport `member` of struct `parent`. */
#define SPEC_TRANSPORT(parent, member)                                                                       \
    {.name = "transport",                                                                                    \
     .type = ATTR_CHOICE,                                                                                    \
     .offset = offsetof(parent, member.kind),                                                                \
     .fallback = "auto",                                                                                     \
     .choices = lang_transports,                                                                             \
     .doc =                                                                                                  \
         "how the guest finds a virtio device: mmio: by a device tree node of its own; pci: behind a PCI "   \
         "host bridge; auto: as the guest's transport says"},                                                \
    {                                                                                                        \
        .name = "vectors", .type = ATTR_NUMBER, .offset = offsetof(parent, member.vectors), .fallback = "2", \
        .max = VMM_CONFIG_MAX_VECTORS,                                                                       \
        .doc =                                                                                               \
            "pci: MSI-X vectors. 2: one for changes of the configuration, one for all queues; up to one "    \
            "more than there are queues: one for each. 0: none, so that a driver has to poll, which Linux "  \
            "does not"                                                                                       \
    }

/** Rows for priority, budget and period as any scheduled thing has them. */
#define SPEC_SCHEDULING(parent, member, prefix, default_priority)                                            \
    {.name = prefix "priority",                                                                              \
     .type = ATTR_NUMBER,                                                                                    \
     .offset = offsetof(parent, member priority),                                                            \
     .fallback = default_priority,                                                                           \
     .max = SPEC_MAX_PRIORITY,                                                                               \
     .doc = "priority; the higher runs first"},                                                              \
        {.name = prefix "budget",                                                                            \
         .type = ATTR_NUMBER,                                                                                \
         .offset = offsetof(parent, member budget),                                                          \
         .fallback = "1000",                                                                                 \
         .min = 1,                                                                                           \
         .max = UINT32_MAX,                                                                                  \
         .doc = "microseconds it may run in each period"},                                                   \
    {                                                                                                        \
        .name = prefix "period", .type = ATTR_NUMBER, .offset = offsetof(parent, member period), .min = 1,   \
        .max = UINT32_MAX, .doc = "microseconds; default: the budget, unless the element says otherwise"     \
    }

/** Rows for the struct desc_pd_options `member` of struct `parent`, their names starting with `prefix`. */
#define SPEC_PD_OPTIONS(parent, member, prefix, default_priority, default_program)                           \
    SPEC_PD_PLACE(parent, member, prefix, default_priority),                                                 \
    {                                                                                                        \
        .name = prefix "program", .type = ATTR_TEXT, .offset = offsetof(parent, member.program),             \
        .fallback = default_program, .doc = "ELF file, looked up along the search path"                      \
    }

/** The same for drivers, whose program follows from their device. */
#define SPEC_DRIVER_OPTIONS(parent, member, prefix, default_priority, programs)                              \
    SPEC_PD_PLACE(parent, member, prefix, default_priority),                                                 \
    {                                                                                                        \
        .name = prefix "program", .type = ATTR_TEXT, .offset = offsetof(parent, member.program),             \
        .doc = "ELF file, looked up along the search path; default: by its device, " programs                \
    }

/** Rows for all of a struct desc_pd_options but the program. */
#define SPEC_PD_PLACE(parent, member, prefix, default_priority)                                              \
    SPEC_SCHEDULING(parent, member., prefix, default_priority),                                              \
        {.name = prefix "stack_size",                                                                        \
         .type = ATTR_SIZE,                                                                                  \
         .offset = offsetof(parent, member.stack_size),                                                      \
         .fallback = "64K",                                                                                  \
         .min = 0x1000,                                                                                      \
         .max = 0x1000000,                                                                                   \
         .multiple = MODEL_PAGE_BYTES,                                                                       \
         .doc = "bytes of stack"},                                                                           \
    {                                                                                                        \
        .name = prefix "cpu", .type = ATTR_NUMBER, .offset = offsetof(parent, member.cpu), .fallback = "0",  \
        .max = 255, .doc = "core it runs on"                                                                 \
    }
