/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The elements of a system description and the structs their attributes are parsed into.
 *
 * The tables behind the `lang_...` constants are the only place that knows an element's name, its
 * attributes, their defaults and what they mean: the parser, `causeway help` and the RELAX NG schema all come
 * from them. So what a field here means is said there. Sizes are bytes, times microseconds; strings are NULL
 * if absent.
 */
#pragma once

#include "tool/language/node.h"

/* Microkit's elements. lang_sdf.c */

/** `<program_image>` */
struct desc_program_image {
    char *path;
    char *path_for_symbols;
};

/** `<protection_domain>` */
struct desc_pd {
    char *name;
    uint64_t priority, budget, period;
    bool passive, fpu;
    char *smc;
    uint64_t stack_size, cpu;
    uint64_t id; /**< of a child */
    char *setvar_id;
};

/** `<map>` */
struct desc_map {
    char *mr;
    uint64_t vaddr;
    uint32_t perms;
    bool cached;
    char *setvar_vaddr, *setvar_size, *setvar_prefill_size;
};

/** `<irq>` */
struct desc_irq {
    uint64_t irq, id;
    uint32_t trigger; /**< 0: level, 1: edge */
    char *setvar_id;
};

/** `<setvar>` */
struct desc_setvar {
    char *symbol, *region_paddr;
};

/** `<virtual_machine>` */
struct desc_virtual_machine {
    char *name;
    uint64_t priority, budget, period;
};

/** `<vcpu>` */
struct desc_vcpu {
    uint64_t id, cpu;
    char *setvar_id;
};

/** `<memory_region>` */
struct desc_memory_region {
    char *name;
    uint64_t size, page_size, phys_addr;
    char *prefill_path;
};

/** `<end>` */
struct desc_end {
    char *pd;
    uint64_t id;
    bool pp, notify;
    char *setvar_id;
};

/** The element of that name; `child_pd` and `vm_map` are those inside a PD and a VM. */
extern const struct element_spec lang_program_image, lang_pd, lang_child_pd, lang_map, lang_vm_map, lang_irq,
    lang_setvar, lang_vm, lang_vcpu, lang_mr, lang_channel, lang_end, lang_ioport, lang_cspace, lang_domains,
    lang_io_address_space;

/* Causeway's own. lang.c, lang_guest.c */

/** What every generated PD lets one set. */
struct desc_pd_options {
    uint64_t priority, budget, period, stack_size, cpu;
    char *program;
};

/** `<system>` */
struct desc_system {
    char *name;
    char *board;
};

/** `<serial>` */
struct desc_serial {
    char *name, *driver_name;
    struct desc_pd_options mux, driver;
    char *input;
    uint64_t escape;
    uint64_t ring_bytes;
    bool klog, colours;
};

/** `<entropy>` */
struct desc_entropy {
    char *name;
    struct desc_pd_options options;
};

/** `<stats>` */
struct desc_stats {
    char *name;
    bool trace;
    uint64_t trace_bytes;
    struct desc_pd_options options;
};

/** `<watch>` in a VMM */
struct desc_watch {
    char *mr;
};

/** `<switch>` */
struct desc_switch {
    char *name;
    struct desc_pd_options options;
    uint32_t policy;   /**< 0: allow, 1: deny */
    uint32_t reserved; /**< enum vswitch_reserved */
    uint64_t mac_table;
    bool snooping;
};

/** `<allow>` and `<deny>`. */
struct desc_rule {
    char *from, *to;
    bool both;
};

/** `<partition>` */
struct desc_partition {
    char *name, *contents;
    uint64_t size; /**< 0: what is left */
};

/** `<disk>` */
struct desc_disk {
    char *name, *image;
    uint64_t size; /**< 0: unknown */
    uint64_t slot, timeout_ms;
    char *device; /**< NULL: the board's virtio devices, or its first */
    bool readonly;
    struct desc_pd_options driver;
};

/** `<block_server>` */
struct desc_block_server {
    char *name;
    struct desc_pd_options options;
};

/** Whether a guest's VMM has a supervisor. */
enum desc_supervised { DESC_SUPERVISED_AUTO = 0, DESC_SUPERVISED_TRUE = 1, DESC_SUPERVISED_FALSE = 2 };

/** `<guest>` */
struct desc_guest {
    char *name;
    uint64_t ram, ram_base, vcpus;
    char *cpus;
    uint64_t priority, budget, period;
    struct desc_pd_options vmm;
    char *hostname;
    uint32_t on_off, on_reset, on_crash; /**< enum vmm_exit_action */
    uint64_t restart_limit, restart_window_ms, restart_backoff_ms, restart_backoff_max_ms;
    uint32_t supervised; /**< enum desc_supervised */
    uint64_t watchdog_ms, watchdog_boot_ms;
    bool rng;
    bool rtc;
    bool sve;
    bool debug;
    bool control;
    bool realtime;
    uint32_t transport; /**< enum vmm_transport; NONE: the default */
};

/** How a virtio device reaches its guest. */
struct desc_transport {
    uint32_t kind; /**< enum vmm_transport; NONE: as the guest's other devices */
    uint64_t vectors;
};

/** `<linux>` */
struct desc_linux {
    char *kernel, *initrd, *bootargs;
    bool default_bootargs;
    char *dtb, *overlay;
};

/** `<firmware>` */
struct desc_firmware {
    char *image;
    uint64_t address; /**< only if it was written */
    bool device_tree, flash;
};

/** `<passthrough>` */
struct desc_passthrough {
    char *node;
    uint32_t route; /**< enum desc_route */
    uint64_t clock_hz;
    uint32_t dma; /**< enum desc_dma */
};

/** Whether a passed-through device reads and writes memory by itself: what is known here, or the user's word. */
enum desc_dma { DESC_DMA_AUTO, DESC_DMA_NONE };

/** How the interrupts of a passed-through device reach the guest. */
enum desc_route { DESC_ROUTE_AUTO, DESC_ROUTE_KERNEL, DESC_ROUTE_MONITOR };

/** `<console>` */
struct desc_console {
    char *name;
    uint32_t colour;
    uint64_t ring_bytes;
    uint32_t overflow;
    bool silent;
    uint32_t type; /**< enum desc_console_type */
    uint64_t cols, rows;
    struct desc_transport transport;
};

/** What a guest's terminal is. */
enum desc_console_type { DESC_CONSOLE_PL011, DESC_CONSOLE_VIRTIO };

/** `<port>` of a console */
struct desc_port {
    struct desc_console stream; /**< first: a port is connected as a console is */
    char *name;
};

/** `<net>` */
struct desc_net {
    char *switch_name, *name;
    struct attr_mac mac;
    char *ip, *gateway, *features_off;
    uint64_t mtu, queue_size, ring_bytes, rate_kbps;
    uint64_t rx_rate_kbps, burst_bytes, storm_pps, vlan;
    char *trunk, *guard, *mirror, *isolate;
    uint32_t datapath; /**< enum vmm_datapath */
    uint64_t tx_delay_us, kick_delay_us, rx_window;
    bool check_mac, static_mac;
    struct desc_transport transport;
};

/** `<port>` of a switch, for a protection domain. */
struct desc_switch_port {
    struct desc_net port; /**< first: it is connected as a <net> with the ring data path is */
    char *pd;
};

/** `<timer>` */
struct desc_timer {
    char *pd;
};

/** `<uplink>` */
struct desc_uplink {
    struct desc_net port; /**< first: it is connected as a <net> with the ring data path is */
    uint64_t slot, timeout_ms, interrupt_gap_us;
    char *host_ip, *hostfwd, *device;
    struct desc_pd_options driver;
};

/** `<block>` */
struct desc_block {
    char *disk, *partition;
    uint64_t offset, size;
    bool readonly;
    uint32_t datapath; /**< enum vmm_block_datapath */
    uint64_t queue_size, buffer_bytes, ring_bytes;
    struct desc_transport transport;
    uint64_t iops, bandwidth; /**< 0: no limit */
};

/** `<reserved_memory>` */
struct desc_reserved_memory {
    char *name;
    uint64_t gpa, size;
    bool no_map;
};

/** The element of that name; a description's root is `system`. */
extern const struct element_spec lang_system, lang_serial, lang_entropy, lang_stats, lang_watch, lang_switch,
    lang_allow, lang_deny, lang_guest, lang_linux, lang_firmware, lang_console, lang_port, lang_net,
    lang_reserved_memory, lang_passthrough, lang_disk, lang_partition, lang_block_server, lang_block,
    lang_uplink, lang_switch_port, lang_timer;
