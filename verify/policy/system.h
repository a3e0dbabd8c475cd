/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What a description means, in terms of a policy: one file for each kind of element, plain and in the order
 * in which one reads it. Nothing here is taken from the composer.
 */
#pragma once

#include "verify/policy/policy.h"

#define SYSTEM_MAX_PORTS 32u
#define SYSTEM_MAX_SWITCHES 64u
#define SYSTEM_MAX_DISKS 4u
#define SYSTEM_MAX_SLOTS 64u

/** A port of a switch. */
struct system_port {
    const char *name, *mac;
    const xmlNode *node;
};

/** A switch, and its ports so far. */
struct system_switch {
    const char *name;
    xmlNode *node;
    struct system_port ports[SYSTEM_MAX_PORTS];
    size_t port_count;
    bool has_vlans;              /**< its ports are in VLANs */
    struct policy_region *stats; /**< its counters; NULL: nobody reads them */
};

/** A disk. */
struct system_disk {
    const char *name, *driver;
    xmlNode *node;
    uint64_t region_count;
};

/** A guest, and what of its machine has been given out. */
struct system_guest {
    xmlNode *node;
    const char *name, *vmm, *domain; /**< `domain`: of the virtual machine */
    uint64_t mmio_count, pci_count, msi_count, device_count, net_count, block_count;
    uint64_t last_intid;
    bool has_entropy, has_kick;
    bool clock_taken; /**< a passed-through device is where its clock would be */
    struct policy_region *ram;
};

/** A virtio device's place in its guest. */
struct system_place {
    bool is_pci;
    uint64_t gpa, bytes, virq, vectors;
};

/** A device of the board that a driver has. */
struct system_slot {
    const struct board_device *device; /**< NULL: virtio's */
    uint64_t transport;                /**< then its virtio-mmio transport */
};

/** A system. */
struct system {
    struct policy *policy;
    xmlNode *root;
    char *const *search_dirs; /**< for files that regions start with */
    size_t search_dir_count;
    const char *mux; /**< the serial multiplexer; NULL: none */
    uint64_t console_count;
    uint64_t terminal_count; /**< consoles that are no channels */
    const char *focus;       /**< the console that has the input at start */
    const char *entropy, *block_server, *timer, *supervisor;
    const char *console_vms[64],
        *block_vms[64]; /**< virtual machines that the services work for, each once */
    size_t console_vm_count, block_vm_count;
    uint64_t timer_clients, supervisor_children, block_clients;
    bool block_limits, has_clock;
    struct system_switch switches[SYSTEM_MAX_SWITCHES];
    size_t switch_count;
    struct system_disk disks[SYSTEM_MAX_DISKS];
    size_t disk_count;
    struct system_slot slots[SYSTEM_MAX_SLOTS]; /**< devices of the board that are given out */
    size_t slot_count;
};

/* system_charge.c */

/** A virtual machine pays for what `pd` does for it as `role`; *count: those that pay there already. */
void system_charge(struct system *system, const char *pd, const char *vm, const char *role, const char **vms,
                   size_t *count);
/** And `driver` works for all of them. */
void system_charge_driver(struct system *system, const char *driver, const char *const *vms, size_t count);

/* system.c */

/** All of a system into its policy. */
void system_expand(struct system *system);

/* microkit.c */

/** <memory_region>, <protection_domain> without its maps, <channel>. */
void microkit_expand(struct system *system);
/** <map> and <setvar> of the description's own PDs. */
void microkit_expand_maps(struct system *system);
/** A <map> of `domain`; `pd` is what <setvar>-like attributes are for, NULL: a virtual machine. */
void microkit_map(struct system *system, const xmlNode *map, const char *domain, const char *pd);

/* guest.c */

/** A <guest>. */
void guest_expand(struct system *system, xmlNode *node);

/* guest_device.c */

/** One more interrupt that the guest has: the last of them says how many there are. */
void guest_device_intid(struct system_guest *guest, uint64_t intid);
/** Place a virtio device, whose <element> may be NULL, in its guest. */
struct system_place guest_place(struct system_guest *guest, const xmlNode *element);
/** The line "config" of a device; `place` NULL: no virtio device. */
void guest_device(struct system *system, const struct system_guest *guest, const char *name, const char *kind,
                  const struct system_place *place, const char **fields, size_t field_count);
/** `bytes` of memory at `gpa` that the guest reads without its VMM, which writes them; only stores trap. */
void guest_registers(struct system *system, const struct system_guest *guest, const char *device,
                     uint64_t gpa, uint64_t bytes);
/**
 * How a device is reached: on MMIO by a page that the guest reads; kicks of its first `queues` notify `role`
 * of `pd`, or the VMM, on a channel for nothing else, if `pd` is NULL.
 */
void guest_wire(struct system *system, struct system_guest *guest, const char *device,
                const struct system_place *place, const char *pd, const char *role, uint64_t queues,
                uint64_t delay_us);

/* net.c */

/** A <switch>, without its ports. */
void net_switch(struct system *system, xmlNode *node);
/** A <net> of a guest. */
void net_expand(struct system *system, struct system_guest *guest, const xmlNode *node);
/** An <uplink>: the driver of a network card, and its port. */
void net_uplink(struct system *system, const xmlNode *node);
/** A <timer> for a protection domain. */
void net_timer(struct system *system, const xmlNode *node);
/** A <port> of a switch for a protection domain. */
void net_port(struct system *system, const xmlNode *node);
/** Once all ports are known: who may send to whom. */
void net_finish(struct system *system);

/* slot.c */

/**
 * A device of the board with the PD `driver`, whose registers and interrupt are its. The program of `defaults` is
 * virtio's; another device has another.
 */
void slot_driver(struct system *system, const xmlNode *node, const char *driver, enum board_class class,
                 const struct policy_pd_defaults *defaults);

/* disk.c */

/** A <disk>: its driver and, with the first, the server. */
void disk_expand(struct system *system, xmlNode *node);
/** A <block> of a guest. */
void disk_block(struct system *system, struct system_guest *guest, const xmlNode *node);
/** Once all blocks are known: the configurations of drivers and server. */
void disk_finish(struct system *system);

/* services.c */

/** <serial>. */
void services_serial(struct system *system, const xmlNode *node);
/** Connect a console of `pd`, the VMM of `vm` if that isn't NULL; false: it is left out. `flags`: beside
 * those that its attributes say. */
bool services_console(struct system *system, const xmlNode *node, const char *default_name, const char *pd,
                      const char *vm, struct policy_roles roles, uint64_t flags);
/** A channel `name` of `pd`, charged to `vm` if that isn't NULL; false: there is no multiplexer. */
bool services_channel(struct system *system, const char *name, const char *pd, const char *vm,
                      struct policy_roles roles, uint64_t ring, uint64_t flags);
/** <entropy>, which is there by default. */
void services_entropy(struct system *system);
/** `pd` asks the timer, under the role "timer". */
void services_timer(struct system *system, const char *pd);
/** A guest's VMM becomes a child of the supervisor. */
void services_supervise(struct system *system, const struct system_guest *guest);
/** <stats>. */
void services_stats(struct system *system, const xmlNode *node);
/** Once everything is connected: the configurations of timer, multiplexer and supervisor. */
void services_finish(struct system *system);

/* passthrough.c */

/** A <passthrough> of a guest. */
void passthrough_expand(struct system *system, struct system_guest *guest, const xmlNode *node);
/** Whether some guest's <passthrough> has registers at `phys`. */
bool passthrough_owns(struct system *system, uint64_t phys);
