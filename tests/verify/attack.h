/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Attacks: what somebody would change who knows how the image is checked. Each changes several places so that
 * they agree, and would give somebody something.
 */
#pragma once

#include "tests/verify/mutate.h"

/** The rows of the image, to be written. */
struct attack_rows {
    struct mutate *mutate;
    struct sysdesc *sys;
    struct sysdesc_pd *pds;
    struct sysdesc_vcpu *vcpus;
    struct sysdesc_irq *irqs;
    struct sysdesc_doorbell *doorbells;
    struct sysdesc_post *posts;
    struct sysdesc_account *accounts;
};

/** One of them. `rules` as for mutate_judge(). */
struct attack {
    const char *what, *rules;
    bool (*run)(struct attack_rows *rows); /**< false: the system has not what it needs */
};

/** Two places change what they have. */
#define ATTACK_SWAP(a, b)                                                                                    \
    do {                                                                                                     \
        const __typeof__(a) swapped = (a);                                                                   \
        (a) = (b);                                                                                           \
        (b) = swapped;                                                                                       \
    } while (0)

/** The second vCPU of a virtual machine, or NULL. */
static inline struct sysdesc_vcpu *attack_sibling(const struct attack_rows *rows)
{
    for (uint32_t i = 1; i < rows->sys->vcpu_count; i++) {
        if (rows->vcpus[i].stage2_root == rows->vcpus[i - 1].stage2_root) {
            return &rows->vcpus[i];
        }
    }
    return NULL;
}

/** The first vCPU of another virtual machine than the first one, or NULL. */
static inline struct sysdesc_vcpu *attack_other_vm(const struct attack_rows *rows)
{
    for (uint32_t i = 1; i < rows->sys->vcpu_count; i++) {
        if (rows->vcpus[i].stage2_root != rows->vcpus[0].stage2_root) {
            return &rows->vcpus[i];
        }
    }
    return NULL;
}

/** On the descriptor's rows. */
extern const struct attack attack_on_rows[];
extern const size_t attack_on_rows_count;

/** On tables, programs, configurations and the file. */
extern const struct attack attack_on_memory[];
extern const size_t attack_on_memory_count;
