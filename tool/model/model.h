/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The low-level model of a system: Microkit's vocabulary and nothing higher.
 *
 * The front end (sysdesc_parse.c, expand_*.c) turns a system description into it: `<guest>`, `<switch>`,
 * `<serial>` become PDs with memory regions, channels and configuration blobs. The back ends (image_*.c for
 * the bundled kernel, sdf_emit.c for the Microkit SDK, report.c, graph.c) only read it. So both platforms
 * run the same system.
 *
 * Objects are heap-allocated, owned by the model and freed by model_free(); pointers between them are
 * plain references. Arrays are in order of declaration, which fixes the layout: same input, same bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tool/base/diag.h"

#define MODEL_PAGE_BYTES 0x1000ull
#define MODEL_LARGE_PAGE_BYTES 0x200000ull
#define MODEL_MAX_CHANNELS 62u
/** A PD's posted interrupts are notified by ids from here on (kernel/include/sysdesc.h). */
#define MODEL_POST_BASE 64u

/** Permissions of a mapping, or-ed together. */
enum model_perms { MODEL_READ = 1, MODEL_WRITE = 2, MODEL_EXECUTE = 4 };

/** What a memory region is for: shown in reports, and checked (a device region must be a board device). */
enum model_mr_kind {
    MODEL_MR_MEMORY, /**< plain RAM */
    MODEL_MR_GUEST_RAM,
    MODEL_MR_IMAGE,  /**< pristine guest kernel, initrd or device tree */
    MODEL_MR_LINK,   /**< half of a link */
    MODEL_MR_DEVICE, /**< device registers at phys_addr */
    MODEL_MR_KLOG,   /**< the kernel's log ring; the bundled image maps the kernel's section */
    MODEL_MR_TRACE   /**< the kernel's rings of events: RAM that EL2 writes */
};

/** Initial contents of a memory region. */
enum model_prefill { MODEL_PREFILL_NONE, MODEL_PREFILL_FILE, MODEL_PREFILL_BLOB };

struct model_mr {
    char *name;
    struct loc loc;
    enum model_mr_kind kind;
    uint64_t size_bytes;      /**< multiple of page_size_bytes */
    uint64_t page_size_bytes; /**< 4 KiB or 2 MiB */
    bool has_phys_addr;
    uint64_t phys_addr; /**< given, or assigned by the layout */
    enum model_prefill prefill;
    char *prefill_path;    /**< FILE */
    uint8_t *prefill_data; /**< BLOB, owned */
    uint64_t prefill_bytes;
};

struct model_map {
    struct model_mr *mr;
    struct loc loc;
    uint64_t vaddr;
    unsigned int perms; /**< enum model_perms */
    bool cached;
    char *setvar_vaddr; /**< symbol names, NULL: none */
    char *setvar_size;
    char *setvar_prefill_size;
};

/** A physical interrupt that a PD receives on `channel`. */
struct model_irq {
    struct loc loc;
    uint32_t intid;
    uint32_t channel;
    bool edge;
    char *setvar_id;
};

/** A symbol of the PD's ELF that gets a value: microkit's <setvar>, and what maps and channels ask for. */
struct model_setvar {
    struct loc loc;
    char *symbol;
    struct model_mr *region_paddr; /**< value = physical address of it, if not NULL */
    uint64_t value;                /**< else this */
};

/** A filled configuration struct for one section of the PD's ELF. */
struct model_config {
    char section[32];
    uint8_t *data;
    size_t bytes;
};

struct model_vcpu {
    struct loc loc;
    uint32_t id; /**< child id in the VMM's PD */
    uint32_t core;
    uint64_t vmpidr; /**< MPIDR_EL1 of the guest, affinity only */
    char *setvar_id;
};

/** A guest store that becomes a notification (KVM: ioeventfd); honoured by the bundled kernel only. */
struct model_doorbell {
    uint64_t gpa;
    uint32_t width_bytes; /**< 0: any */
    bool match_value;
    uint32_t value;
    bool ignore;
    bool idle;           /**< rung by the vCPU's pauses, not by a store */
    struct model_pd *pd; /**< target, and its channel */
    uint32_t channel;
    bool own_channel;  /**< no other PD has an end of that channel: it is for this VM's stores alone */
    uint32_t delay_us; /**< how long the target may be left asleep while the vCPU runs on; 0: not at all */
};

/** A physical interrupt that goes straight to a vCPU (bundled kernel only). */
struct model_direct_irq {
    struct loc loc;
    uint32_t intid;
    uint32_t virq;
    bool edge;
};

/** Guest-physical addresses that a VMM serves itself: a device that it emulates, with no memory there. */
struct model_emulated {
    char name[32];
    uint64_t gpa, bytes;
};

struct model_vm {
    char *name;
    struct loc loc;
    uint32_t priority;
    uint64_t budget_us, period_us;
    struct model_vcpu *vcpus;
    size_t vcpu_count;
    struct model_map *maps;
    size_t map_count;
    struct model_doorbell *doorbells;
    size_t doorbell_count;
    struct model_direct_irq *direct_irqs;
    size_t direct_irq_count;
    struct model_emulated *emulated;
    size_t emulated_count;
    bool sve;   /**< has the core's SVE; bundled kernel only */
    bool debug; /**< its VMM may read and write its registers, and take its debug exceptions; likewise */
    uint64_t sgir_gpa; /**< where the guest finds GICD_SGIR, which the bundled kernel then does; 0: nowhere */
    uint64_t gicc_gpa; /**< where the guest finds its GIC CPU interface; 0: none. Mapped to the GICV */
};

/** Notifying it interrupts the VM of another PD, without waking that (KVM: irqfd); bundled kernel only. */
struct model_post {
    struct loc loc;
    struct model_pd *vmm; /**< of the VM; its first vCPU gets the interrupt */
    uint32_t channel;     /**< of the PD that posts, to `vmm` */
    uint32_t virq;
    uint32_t delay_us; /**< how late the interrupt may be if nothing else interrupts the vCPU */
};

/** A VM that a PD works for and has pay for that; bundled kernel only. A VMM's own VM needs none. */
struct model_account {
    struct model_pd *vmm; /**< of the VM */
    uint32_t id;          /**< the PD's channel to `vmm` */
};

/** Calls of the firmware that a PD may have. */
#define MODEL_MAX_SMC_CALLS 8u

struct model_pd {
    char *name;
    struct loc loc;
    uint32_t priority;
    uint64_t budget_us, period_us;
    bool passive, fpu;
    uint32_t smc_calls[MODEL_MAX_SMC_CALLS]; /**< function ids of the firmware; as many as smc_count */
    uint32_t smc_count;
    uint64_t stack_bytes;
    uint32_t core;
    char *program_image;     /**< path as written; looked up along the search path */
    char *path_for_symbols;  /**< NULL: program_image */
    struct model_pd *parent; /**< NULL: none */
    uint32_t child_id;
    char *setvar_id; /**< in the parent's image */
    struct model_map *maps;
    size_t map_count;
    struct model_irq *irqs;
    size_t irq_count;
    struct model_setvar *setvars;
    size_t setvar_count;
    struct model_config *configs;
    size_t config_count;
    struct model_post *posts; /**< number i has id MODEL_POST_BASE + i */
    size_t post_count;
    struct model_account *accounts;
    size_t account_count;
    struct model_pd *behind; /**< a driver's: the service whose clients it works for; NULL: none */
    struct model_vm *vm;     /**< NULL: none */
    bool gets_seed;          /**< finds the firmware's rng-seed in its message words; one PD at most */
    bool observer;           /**< may read what each thread has counted */
    bool klog_reader;        /**< gets klog_channel notified when the kernel logs */
    uint32_t klog_channel;
    struct model_mr *trace; /**< it reads the kernel's rings of events; NULL: not it */
    uint32_t trace_channel; /**< and gets this notified when somebody dies */
    uint32_t trace_ring_bytes;
};

/** A PD's end of a channel, and what it may do to the other. */
struct model_channel_end {
    struct model_pd *pd;
    struct loc loc;
    uint32_t id;
    bool pp, notify;
    char *setvar_id;
};

/** Two PDs that may notify each other, or one call the other, as their ends say. */
struct model_channel {
    struct loc loc;
    struct model_channel_end ends[2];
};

/** A partition of a disk whose image must be created. */
struct model_partition {
    char *name;
    uint64_t first_byte, bytes;
    char *contents; /**< path of a file whose bytes it starts with, or NULL */
};

/** A partition that a <block> asks for. */
struct model_need {
    struct loc loc;
    uint32_t number; /**< 0: by name */
    char *partition; /**< as written */
};

struct board;        /* boards/board.h */
struct board_device; /* likewise */

/** A disk of the machine that QEMU provides. */
struct model_disk {
    char *name;
    struct loc loc;
    char *image;           /**< path as written */
    uint64_t size_bytes;   /**< of an image that is created; 0: it has to exist */
    uint64_t needed_bytes; /**< as long the image has to be at least, if size_bytes is 0 */
    bool readonly;
    const struct board_device *device; /**< NULL: a virtio device */
    uint32_t slot;                     /**< its transport, or QEMU's number of the device */
    struct model_partition *partitions;
    size_t partition_count;
    struct model_need *needs;
    size_t need_count;
};

/** A network card of the machine that QEMU provides. */
struct model_uplink {
    char *name; /**< of the switch's port */
    struct loc loc;
    const struct board_device *device; /**< NULL: a virtio device */
    uint32_t slot;                     /**< its transport, or QEMU's number of the device */
    uint8_t mac[6];
    char *host_ip;   /**< of QEMU's user network, and its prefix */
    char **forwards; /**< to guests, as QEMU has them */
    size_t forward_count;
};

struct model {
    char *name; /**< of the system */
    const struct board *board;
    struct model_pd **pds;
    size_t pd_count;
    struct model_mr **mrs;
    size_t mr_count;
    struct model_channel *channels;
    size_t channel_count;
    struct model_disk *disks;
    size_t disk_count;
    struct model_uplink *uplinks;
    size_t uplink_count;
};

/** An empty model; model_free() frees it with all that was added to it. */
struct model *model_new(void);
void model_free(struct model *model);

/* Append; the returned object is zeroed except for its arguments (maps are cached, places those of the
   parent, MRs of 4 KiB pages until the caller says otherwise) and owned by the model. PDs and MRs never move;
   the others may, on the next append to the same array. */
struct model_pd *model_add_pd(struct model *model, const char *name, struct loc loc);
struct model_mr *model_add_mr(struct model *model, const char *name, struct loc loc);
struct model_channel *model_add_channel(struct model *model, struct loc loc);
struct model_map *model_add_pd_map(struct model_pd *pd, struct model_mr *mr, uint64_t vaddr,
                                   unsigned int perms);
struct model_map *model_add_vm_map(struct model_vm *vm, struct model_mr *mr, uint64_t vaddr,
                                   unsigned int perms);
struct model_irq *model_add_irq(struct model_pd *pd, uint32_t intid, uint32_t channel);
struct model_post *model_add_post(struct model_pd *pd, struct model_pd *vmm, uint32_t channel);
void model_add_account(struct model_pd *pd, struct model_pd *vmm, uint32_t id);
struct model_setvar *model_add_setvar(struct model_pd *pd, const char *symbol);
/** The VMM emulates a device there. */
void model_add_emulated(struct model_vm *vm, const char *name, uint64_t gpa, uint64_t bytes);
/** Copies `data`. */
struct model_config *model_add_config(struct model_pd *pd, const char *section, const void *data,
                                      size_t bytes);
struct model_vm *model_add_vm(struct model_pd *pd, const char *name, struct loc loc);
struct model_vcpu *model_add_vcpu(struct model_vm *vm, uint32_t id);
struct model_doorbell *model_add_doorbell(struct model_vm *vm);
struct model_disk *model_add_disk(struct model *model, const char *name, struct loc loc);
struct model_uplink *model_add_uplink(struct model *model, const char *name, struct loc loc);
/** Takes `forward` over. */
void model_add_forward(struct model_uplink *uplink, char *forward);
struct model_partition *model_add_partition(struct model_disk *disk, const char *name);
struct model_need *model_add_need(struct model_disk *disk, const char *partition, struct loc loc);

/** The PD or region of that name, or NULL. */
struct model_pd *model_find_pd(const struct model *model, const char *name);
struct model_mr *model_find_mr(const struct model *model, const char *name);

/** The lowest channel id free in `pd` (channels, irqs, klog, doorbells), or MODEL_MAX_CHANNELS if none is. */
uint32_t model_free_channel_id(const struct model *model, const struct model_pd *pd);

/** How many cores the system needs: 0 to the highest that anything is placed on. */
uint32_t model_core_count(const struct model *model);
