/* SPDX-License-Identifier: BSD-2-Clause */
/* A whole system: the board's lines, then element after element. */
#include "verify/policy/system.h"

#include <inttypes.h>
#include <string.h>

static void add_board(struct policy *policy)
{
    const struct board *board = policy->board;
    const struct board_range *devices[] = {&board->gicd, &board->gicc, &board->gich, &board->gicr,
                                           &board->uart};

    policy_add(policy, "board ram: 0x%" PRIx64 " 0x%" PRIx64, board->ram.base, board->ram.bytes);
    if (policy->sel4) {
        return;
    }
    policy_add(policy, "board firmware: 0x%" PRIx64 " 0x%" PRIx64, board->ram.base, board->firmware_bytes);
    policy_add(policy, "board gic: v%u", board->gic_kind == SYSDESC_GIC_V3 ? 3 : 2);
    policy_add(policy, "board gicd: 0x%" PRIx64, board->gicd.base);
    if (board->gic_kind == SYSDESC_GIC_V3) {
        policy_add(policy, "board gicr: 0x%" PRIx64 " 0x%" PRIx64, board->gicr.base, board->gicr.bytes);
    } else {
        policy_add(policy, "board gicc: 0x%" PRIx64, board->gicc.base);
        policy_add(policy, "board gich: 0x%" PRIx64, board->gich.base);
    }
    policy_add(policy, "board uart: 0x%" PRIx64 " interrupt %u kind %u", board->uart.base, board->uart_irq,
               (unsigned int)board->uart_kind);
    policy_add(policy, "board timer: %u", board->timer_hz);
    policy_add(policy, "board interrupts: virtual-timer %u hypervisor-timer %u maintenance %u",
               board->vtimer_irq, board->hyptimer_irq, board->maintenance_irq);
    for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++) {
        if (devices[i]->bytes != 0) {
            policy_add(policy, "kernel-device 0x%" PRIx64 ": 0x%" PRIx64, devices[i]->base,
                       devices[i]->bytes);
        }
    }
}

void system_expand(struct system *system)
{
    struct policy *policy = system->policy;
    xmlNode *root = system->root;

    for (xmlNode *node = description_child(root, "guest"); node != NULL;
         node = description_next(node, "guest")) {
        policy->has_realtime |= description_is(node, "realtime", "false");
    }
    add_board(policy);
    microkit_expand(system);
    for (xmlNode *node = description_child(root, "serial"); node != NULL; node = NULL) {
        services_serial(system, node);
    }
    for (xmlNode *node = description_child(root, "switch"); node != NULL;
         node = description_next(node, "switch")) {
        net_switch(system, node);
    }
    for (xmlNode *node = description_child(root, "disk"); node != NULL;
         node = description_next(node, "disk")) {
        disk_expand(system, node);
    }
    for (xmlNode *node = description_child(root, "uplink"); node != NULL;
         node = description_next(node, "uplink")) {
        net_uplink(system, node);
    }
    for (xmlNode *node = description_child(root, "port"); node != NULL;
         node = description_next(node, "port")) {
        net_port(system, node);
    }
    for (xmlNode *node = description_child(root, "timer"); node != NULL;
         node = description_next(node, "timer")) {
        net_timer(system, node);
    }
    services_entropy(system);
    for (xmlNode *node = description_child(root, "guest"); node != NULL;
         node = description_next(node, "guest")) {
        guest_expand(system, node);
    }
    xmlNode *stats = description_child(root, "stats");
    stats = stats != NULL ? stats : description_child(root, "monitor"); /* what it was called */
    if (stats != NULL) {
        services_stats(system, stats);
    }
    net_finish(system);
    disk_finish(system);
    services_finish(system);
    microkit_expand_maps(system);
    policy_add(policy, "system %s: %s", policy->system, policy->sel4 ? "sel4" : "bundled");
    if (!policy->sel4) {
        policy_add(policy, "cores: %" PRIu64, policy->cores);
        for (uint64_t i = 0; i < policy->cores && i < SYSDESC_MAX_CORES; i++) {
            policy_add(policy, "board core %" PRIu64 ": 0x%" PRIx64, i, policy->board->core_mpidrs[i]);
        }
    }
}
