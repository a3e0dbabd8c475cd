/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * From a system description to the low-level model: one expand_<element>.c for each element of Causeway's
 * own, expand_sdf.c for Microkit's, and what they share in expand_parts.c.
 *
 * Order: the description's own PDs, channels and regions first, so that generated objects take the ids and
 * addresses that are left; then <serial>, <switch>, <guest>; then the maps of the description's PDs, which
 * may name generated regions.
 */
#pragma once

#include "boards/board.h"
#include "lib/config/blk_config.h"
#include "lib/config/serial_config.h"
#include "lib/config/supervisor_config.h"
#include "lib/config/timer_config.h"
#include "lib/config/vmm_config.h"
#include "lib/config/vswitch_config.h"
#include "tool/fdt/fdt_guest.h"
#include "tool/language/source.h"
#include "tool/language/spec/lang.h"
#include "tool/model/model.h"

struct expand_options {
    const char *system_path;        /**< of the description; relative paths in it start there */
    const char *guest_dir;          /**< where kernels and initramfs are found by name */
    const char *const *search_dirs; /**< where other files are looked for */
    size_t search_dir_count;
    const char *board;         /**< instead of the one that the description names; NULL: that one */
    const char *default_board; /**< where neither names one */
    const char *board_dtb;     /**< the board's device tree, for <passthrough>; NULL: none given */
    /** Whether files to prefill regions with have to exist. If not, missing ones count as empty. */
    bool needs_files;
    /** For the Microkit SDK instead of the bundled kernel: leave out what only the latter has. */
    bool microkit;
};

/** A switch being expanded: its ports come with the guests. */
struct expand_switch {
    const struct node *node;
    struct model_pd *pd;
    struct vswitch_config config;
    const struct node *ports[VSWITCH_CONFIG_MAX_PORTS]; /**< the <net> of each */
    struct model_mr *stats;                             /**< its counters' page; NULL: nobody reads them */
};

/** A disk being expanded: its regions come with the guests. */
struct expand_disk {
    const struct node *node;
    struct model_pd *driver;
    size_t model_index; /**< of model->disks */
    struct blk_driver_config config;
};

/** A device of the board that is given out. */
struct expand_slot {
    const struct node *node;
    const struct board_device *device; /**< NULL: virtio's */
    uint32_t slot;                     /**< then its transport */
};
#define EXPAND_MAX_SLOTS 64u

/** A <block> that has been connected. */
struct expand_block {
    char id[VMM_BLOCK_ID_BYTES]; /**< what its guest knows it by */
    const struct node *node;
    const char *guest;
};

/** The state of one expansion. */
struct expand {
    struct diag *diag;
    const struct source *source;
    const struct expand_options *options;
    const struct node *root;
    struct model *model;

    size_t own_pd_count;       /**< PDs of the description itself: the first ones of the model */
    const struct node *serial; /**< NULL: none */
    struct model_pd *serial_pd;
    struct serial_mux_config serial_config;
    const struct node *consoles[SERIAL_MUX_MAX_CLIENTS];

    struct fdt_blob board_dtb; /**< read when first needed: expand_passthrough.c */
    bool board_dtb_read;
    struct model_pd *entropy_pd;            /**< NULL: none */
    struct xml_element default_entropy_xml; /**< what stands for an <entropy> that isn't written */
    struct node *default_entropy;           /**< bound to it; owned */
    struct model_pd *timer_pd;              /**< NULL: none yet */
    struct model_pd *timer_guard_pd;        /**< NULL: none */
    bool realtime;                          /**< a guest has deadlines: see expand_realtime() */
    struct timer_config timer_config;
    bool clock_is_taken;            /**< the description gives the board's real-time clock to somebody */
    struct model_pd *supervisor_pd; /**< NULL: none yet */
    struct supervisor_config supervisor_config;

    struct model_pd *blk_server_pd; /**< NULL: none */
    struct blk_server_config blk_config;
    struct xml_element default_blk_server_xml; /**< as default_entropy_xml */
    struct node *default_blk_server;           /**< owned */
    struct expand_slot slots[EXPAND_MAX_SLOTS];
    size_t slot_count;
    struct expand_disk disks[BLK_SERVER_MAX_DISKS];
    size_t disk_count;
    struct expand_block blocks[BLK_SERVER_MAX_CLIENTS]; /**< in the order of blk_config.clients */

    struct expand_switch *switches;
    size_t switch_count;

    char **missing; /**< paths of files that were reported as not there; owned */
    size_t missing_count;
};

/** Addresses inside PDs that generated mappings are given from; see DESIGN 5. */
#define EXPAND_SMALL_BASE 0x10000000ull
#define EXPAND_LARGE_BASE 0x100000000ull

/**
 * The model of the description whose root is `root`. Problems are reported; the model then is as complete as
 * it can be, for further checks, but must not be built. NULL if the board is unknown.
 */
struct model *expand_system(struct diag *diag, const struct source *source, const struct node *root,
                            const struct expand_options *options);

/* expand_sdf.c */

/** Memory regions, then PDs with what belongs to them but their maps, then channels. */
void expand_sdf(struct expand *expand);
/** Maps of the description's own PDs and VMs, and the values of their <setvar>s. */
void expand_sdf_maps(struct expand *expand);
/** Map what a <map> says into `pd` or, if that is NULL, `vm`. */
void expand_sdf_map(struct expand *expand, const struct node *node, struct model_pd *pd, struct model_vm *vm);

/* expand_serial.c */

/** The PDs of driver and multiplexer, and the link between them. */
void expand_serial(struct expand *expand, const struct node *node);
/** Connect a console of `vmm`; fills *link, the VMM's side. False if there is nothing to connect it to. */
bool expand_serial_connect(struct expand *expand, const struct node *console, const char *default_name,
                           struct model_pd *vmm, struct config_link *link);
/**
 * A channel `name` of `pd` for tools on the host (docs/serial.md), of which `node` is asked; `flags`: 0 or
 * SERIAL_MUX_CLIENT_SHARED. Fills *link, the PD's side. False if there is no multiplexer.
 */
bool expand_serial_channel(struct expand *expand, const struct node *node, const char *name,
                           struct model_pd *pd, uint32_t ring_bytes, uint32_t flags,
                           struct config_link *link);
/** Once all consoles are connected: write the multiplexer's configuration. */
void expand_serial_finish(struct expand *expand);

/* expand_switch.c */

/** The switch's PD; its ports come with the guests. */
void expand_switch(struct expand *expand, const struct node *node);
/**
 * Connect a <net> of `vmm`; fills *device's link and MAC address, the VMM's side. False if it is left out.
 */
bool expand_switch_connect(struct expand *expand, const struct node *net, const char *guest,
                           struct model_pd *vmm, struct vmm_device_config *device);
/** Whether a <net>'s ring, if it has one, takes the frames that it is to carry. */
void expand_switch_check_ring(struct expand *expand, const struct node *net, uint64_t features_off);

/** Limits, VLANs and checks of the <net>'s port, from its attributes. */
void expand_port_manage(struct expand *expand, const struct node *net, struct vswitch_port_config *port);

/** Whether two ports are in one group of isolate=, so that neither reaches the other. */
bool expand_port_is_isolated(const struct node *net, const struct node *other);

/** Warns of groups of isolate= that only one port is in. */
void expand_port_check_groups(struct expand *expand, const struct vswitch_config *config,
                              const struct node *const nets[]);

/** Whether the switch has VLANs; then each port has to be in one. `nets`: where the ports come from. */
void expand_port_check_vlans(struct expand *expand, struct vswitch_config *config,
                             const struct node *const nets[]);

/** What a driver is told of its card's speed, in Mb/s. */
uint32_t expand_port_speed(uint64_t rate_kbps);
/** Map the switch's counters into `reader`, read-only; where they are there. Before expand_switch_finish().
 */
uint64_t expand_switch_stats(struct expand *expand, struct expand_switch *lan, struct model_pd *reader);
/** Once all ports are connected: apply the rules and write the switches' configurations. */
void expand_switch_finish(struct expand *expand);

/** Whether the switch that a port's element names is there; if not, that is reported. */
bool expand_switch_is_there(struct expand *expand, const struct node *net);

/* expand_uplink.c */

/** A network card's driver, and its port at a switch. */
void expand_uplink(struct expand *expand, const struct node *node);

/* expand_pd_port.c */

/** A switch's port for a protection domain of the description. */
void expand_pd_port(struct expand *expand, const struct node *node);
/** A channel to the timer PD for one. */
void expand_pd_timer(struct expand *expand, const struct node *node);

/* expand_slot.c */

/**
 * The board's device of that class for an element with the attributes `slot` and `device`, NULL if it has none:
 * the one named, else the first virtio-mmio transport whose page is free or, on a board without, the first free
 * device. A page cannot be shared: it would be one driver's and another's. False if there is none: that was
 * reported.
 */
bool expand_slot_find(struct expand *expand, const struct node *node, enum board_class class,
                      const char *device, uint64_t wanted, struct expand_slot *slot);
/**
 * A driver's PD for the device, with the registers and the interrupt; its program is `virtio_program` or that of
 * the device, unless the description names one. NULL after an error was reported.
 */
struct model_pd *expand_slot_driver(struct expand *expand, const struct expand_slot *slot, const char *stem,
                                    const struct desc_pd_options *options, const char *virtio_program,
                                    uint64_t *registers, uint32_t *irq_channel);
/** A memory region called after a device and what it is for. */
struct model_mr *expand_slot_region(struct expand *expand, const struct node *node, const char *stem,
                                    const char *what, uint64_t bytes);

/* expand_disk.c */

/** The PD of a disk's driver and, with the first disk, that of the block server. */
void expand_disk(struct expand *expand, const struct node *node);
/** Once all blocks are connected: write the configurations of server and drivers. */
void expand_disk_finish(struct expand *expand);

/* expand_block.c */

/**
 * Connect a <block> of `vmm`, the VMM of `guest`; fills *device's link and data path. False if it is left
 * out.
 */
bool expand_block_connect(struct expand *expand, const struct node *block, const char *guest,
                          struct model_pd *vmm, struct vmm_device_config *device);

/* expand_stats.c */

/** The stats PD, its console and the regions it watches; guests and switches exist already. */
void expand_stats(struct expand *expand, const struct node *node);

/* expand_entropy.c */

struct expand_guest; /* expand_guest.h */

/** Priorities for guests with realtime="true", before anything is made of the description. */
void expand_realtime(struct expand *expand);
/** The same for an element that the description does not have. */
void expand_realtime_lower(const struct expand *expand, struct node *node);
/** Warn of what such a guest has to wait for, once all is there. */
void expand_realtime_check(const struct expand *expand);

/** The entropy PD, if there are guests to serve. */
void expand_entropy(struct expand *expand);
/** Let a guest's VMM ask the entropy PD, and give the guest a property for its seed. */
void expand_entropy_connect(struct expand *expand, struct expand_guest *guest);

/* expand_vhost.c */

/**
 * Connect a <net> with the vhost data path: the channels of `vmm` and `lan`, and the guest's RAM in the
 * switch. Fills *device and *port. False after an error was reported.
 */
bool expand_vhost_connect(struct expand *expand, const struct node *net, struct model_pd *vmm,
                          struct model_pd *lan, struct vmm_device_config *device,
                          struct vswitch_port_config *port);
/**
 * `bytes` of memory of the VMM's at the device's address, where the guest only reads them; its stores trap.
 * The VMM keeps there what the guest is to see.
 */
void expand_register_window(struct expand *expand, const struct node *node, struct model_pd *vmm,
                            struct vmm_device_config *device, uint64_t bytes);
/**
 * A device that its own VMM serves, with a link behind it: kicks of its first `queue_count` queues are
 * doorbells to the channel for kicks of *config, and on MMIO only stores to its registers trap. Once *device
 * has its registers.
 */
void expand_link_wire(struct expand *expand, const struct node *node, struct model_pd *vmm,
                      struct vmm_config *config, struct vmm_device_config *device, uint32_t queue_count);
/** A <net> with the ring data path: doorbells to its own VMM, once *device has its registers. */
void expand_ring_wire(struct expand *expand, const struct node *net, struct model_pd *vmm,
                      struct vmm_config *config, struct vmm_device_config *device);
/** Once *device has its registers and interrupt: doorbell and posted interrupts. */
void expand_vhost_wire(struct expand *expand, const struct node *net, struct model_pd *vmm,
                       struct vmm_device_config *device);

/* expand_features.c */

/**
 * How many descriptors each queue of a <net> has: what it says, or as many as leave a guest with `ram_bytes`
 * (0: not known) enough of it. Too many is reported.
 */
uint32_t expand_net_queue_size(struct expand *expand, const struct node *net, uint64_t features_off,
                               uint64_t ram_bytes);
/** The feature bits that a list of names stands for; unknown ones are reported. */
uint64_t expand_net_features(struct expand *expand, const struct node *node, const char *attribute,
                             const char *list);

/* expand_guest.c */

/** The VMM's PD with its VM, and all that belongs to the guest. */
void expand_guest(struct expand *expand, const struct node *node);

/* expand_passthrough.c */

struct board_range; /* boards/board.h */

/** Whether a <passthrough> of some guest has registers in `range`. Nothing is reported. */
bool expand_passthrough_takes(struct expand *expand, const struct board_range *range);

/* expand_timer.c */

/** A channel of `client` to the timer PD, which comes with the first. False: that was reported. */
bool expand_timer_connect(struct expand *expand, struct loc loc, struct model_pd *client, uint32_t *channel);
/** Once all clients are connected: write the timer's configuration. */
void expand_timer_finish(struct expand *expand);

/* expand_supervisor.c */

/** If the guest's description asks for it, make its VMM a child of the supervisor, which comes with the
 * first. */
void expand_supervisor_connect(struct expand *expand, struct expand_guest *guest);
/** Once all children are connected: write the supervisor's configuration. */
void expand_supervisor_finish(struct expand *expand);

/* expand_image.c */

/**
 * The path of a file that an attribute names, malloc'd, and its size: "NAME" stands for
 * <guest_dir>/NAME/<file>, anything with a slash for a path. NULL if there is no such file, or nothing in it:
 * that was reported.
 */
char *expand_image_find(struct expand *expand, const struct node *node, const char *attribute,
                        const char *value, const char *file, uint64_t *bytes);
/**
 * A read-only region with the contents of a file, which is found as expand_image_find() does. Regions are
 * shared by all who name the same file. NULL if there is no such file.
 */
struct model_mr *expand_image_file(struct expand *expand, const struct node *node, const char *attribute,
                                   const char *value, const char *file);
/** A read-only region with a copy of `bytes` bytes of `data`. */
struct model_mr *expand_image_blob(struct expand *expand, const char *name, struct loc loc, const void *data,
                                   size_t bytes);
/** Map an image read-only into `pd`. */
struct config_blob expand_image_map(struct model_pd *pd, struct model_mr *mr);
/**
 * Likewise with the arm64 Image in the file of a kernel, whatever it is packed in (tool/base/kernel_file.h).
 * *ram_bytes: bytes of RAM from its start that it needs, bss included. NULL after an error was reported.
 */
struct model_mr *expand_image_kernel(struct expand *expand, const struct node *node, const char *attribute,
                                     const char *value, const char *file, uint64_t *ram_bytes);

/* expand_parts.c */

/** A PD with the options every generated PD has. */
struct model_pd *expand_add_pd(struct expand *expand, const char *name, struct loc loc,
                               const struct desc_pd_options *options);
/** A scheduling period: as given, or the budget. */
uint64_t expand_period(uint64_t period, uint64_t budget);
/** The lowest address from `base` up where `bytes` fit into `pd` with an unmapped page on either side. */
uint64_t expand_free_vaddr(const struct model_pd *pd, uint64_t base, uint64_t bytes, uint64_t align);
/** A free channel id of `pd`; reports at `loc` and returns false if there is none. */
bool expand_channel_id(struct expand *expand, const struct model_pd *pd, struct loc loc, uint32_t *id);
/**
 * A link (lib/ring/ring.h) of two PDs: two regions with `ring_bytes` of data each, and a channel.
 * Fills both sides. False after an error was reported.
 */
bool expand_link(struct expand *expand, const struct node *node, struct model_pd *a, struct model_pd *b,
                 uint64_t ring_bytes, struct config_link *a_side, struct config_link *b_side);
/** A name no region has yet: `stem`, or `stem`_2, ... malloc'd. */
char *expand_unique_mr_name(const struct expand *expand, const char *stem);
/** Fill a configuration's header. */
void expand_config_header(struct config_header *header, uint32_t magic, uint16_t version, size_t bytes);
/**
 * The path of an input file, malloc'd: as it stands if absolute, else relative to the description, else along
 * the search path. NULL if there is none; nothing is reported.
 */
char *expand_find_file(const struct expand *expand, const char *path);
/**
 * Whether region `name` is switched off, or comes with a guest that is; if so, `node`, which names it, is
 * left out with a warning.
 */
bool expand_mr_is_off(struct expand *expand, const struct node *node, const char *name);
/** Report that `attribute` of `node` names no `kind`; `suggestion` ends the sentence. */
void expand_report_unknown(struct expand *expand, const struct node *node, const char *attribute,
                           const char *kind, const char *name, const char *suggestion);
