/* SPDX-License-Identifier: BSD-2-Clause */
/* What counters are called. */
#include "pd/stats/names.h"

#include <stddef.h>

const char *const names_of_counters[PLATFORM_COUNTER_COUNT] = {
    [SYSCALL_COUNTER_EXITS] = "exits",
    [SYSCALL_COUNTER_EXIT_MMIO] = "exits_mmio",
    [SYSCALL_COUNTER_EXIT_DOORBELL] = "exits_doorbell",
    [SYSCALL_COUNTER_EXIT_WFI] = "exits_wfi",
    [SYSCALL_COUNTER_EXIT_CALL] = "exits_call",
    [SYSCALL_COUNTER_EXIT_SYSREG] = "exits_sysreg",
    [SYSCALL_COUNTER_EXIT_IRQ] = "exits_irq",
    [SYSCALL_COUNTER_EXIT_FP] = "exits_fp",
    [SYSCALL_COUNTER_EXIT_UNDEFINED] = "exits_undefined",
    [SYSCALL_COUNTER_SYSCALLS] = "syscalls",
    [SYSCALL_COUNTER_SWITCHES] = "switches",
    [SYSCALL_COUNTER_NOTIFICATIONS] = "notifications",
    [SYSCALL_COUNTER_POSTED] = "posted_interrupts",
    [SYSCALL_COUNTER_VIRQS] = "virtual_interrupts",
    [SYSCALL_COUNTER_IRQS] = "interrupts",
    [SYSCALL_COUNTER_MAINTENANCE] = "maintenance",
    [SYSCALL_COUNTER_SERRORS] = "serrors",
    [SYSCALL_COUNTER_IDLE_TICKS] = "idle_ticks",
    [SYSCALL_COUNTER_RUN_TICKS] = "run_ticks",
    [PLATFORM_COUNTER_KERNEL_ENTRIES] = "kernel_entries",
    [PLATFORM_COUNTER_USER_CYCLES] = "user_cycles",
};

const char *const names_of_switch_stats[VSWITCH_STAT_COUNT] = {
    [VSWITCH_STAT_RUNS] = "runs",
    [VSWITCH_STAT_BATCHES] = "batches",
    [VSWITCH_STAT_FRAMES] = "frames",
    [VSWITCH_STAT_COPIES] = "copies",
    [VSWITCH_STAT_COPIED_BYTES] = "copied_bytes",
    [VSWITCH_STAT_SOFT_OFFLOADS] = "soft_offloads",
    [VSWITCH_STAT_DROPPED] = "dropped",
    [VSWITCH_STAT_HELD] = "held",
    [VSWITCH_STAT_NOTIFIED] = "notified",
};

#define WORD(member) (offsetof(struct vswitch_counters, member) / sizeof(uint64_t))
#define DROPPED(cause) (WORD(dropped) + (cause))

const char *const names_of_port_counters[NAMES_OF_PORT_COUNTERS] = {
    [WORD(rx_frames)] = "rx_frames",
    [WORD(rx_bytes)] = "rx_bytes",
    [WORD(tx_frames)] = "tx_frames",
    [WORD(tx_bytes)] = "tx_bytes",
    [WORD(held)] = "held",
    [WORD(flooded)] = "flooded",
    [WORD(mirrored)] = "mirrored",
    [DROPPED(VSWITCH_DROP_LENGTH)] = "dropped_length",
    [DROPPED(VSWITCH_DROP_META)] = "dropped_offload",
    [DROPPED(VSWITCH_DROP_SOURCE)] = "dropped_source",
    [DROPPED(VSWITCH_DROP_RATE)] = "dropped_rate",
    [DROPPED(VSWITCH_DROP_RESERVED)] = "dropped_reserved",
    [DROPPED(VSWITCH_DROP_DENIED)] = "dropped_denied",
    [DROPPED(VSWITCH_DROP_LOCAL)] = "dropped_local",
    [DROPPED(VSWITCH_DROP_FULL)] = "dropped_full",
    [DROPPED(VSWITCH_DROP_TOO_LONG)] = "dropped_too_long",
    [DROPPED(VSWITCH_DROP_VLAN)] = "dropped_vlan",
    [DROPPED(VSWITCH_DROP_GUARD)] = "dropped_guard",
    [DROPPED(VSWITCH_DROP_STORM)] = "dropped_storm",
    [DROPPED(VSWITCH_DROP_NOBODY)] = "dropped_nobody",
};

_Static_assert(DROPPED(VSWITCH_DROP_NOBODY) + 1 == NAMES_OF_PORT_COUNTERS,
               "each of a port's counters has a name");
