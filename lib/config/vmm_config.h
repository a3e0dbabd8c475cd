/* SPDX-License-Identifier: BSD-2-Clause */
/** Configuration of a VMM PD: one virtual machine. See config.h for the rules. */
#pragma once

#include "lib/config/config.h"
#include "lib/restart/restart.h"

#define VMM_CONFIG_MAGIC 0x4d4d5643u /* "CVMM" */
#define VMM_CONFIG_VERSION 6u
#define VMM_CONFIG_SECTION ".vmm_config"
#define VMM_CONFIG_MAX_DEVICES 32u
#define VMM_CONFIG_MAX_VCPUS 8u
#define VMM_CONFIG_MAX_QUEUES 8u
#define VMM_CONFIG_NO_CHANNEL 0xffffffffu
/** MSI-X vectors of a PCI device: one a queue and one for changes of its configuration. */
#define VMM_CONFIG_MAX_VECTORS (VMM_CONFIG_MAX_QUEUES + 1u)
/** The BAR of a PCI device, its page for notifications and what each queue has there. */
#define VMM_CONFIG_PCI_BAR_BYTES 0x4000u
#define VMM_CONFIG_PCI_NOTIFY_OFFSET 0x1000u
#define VMM_CONFIG_PCI_NOTIFY_BYTES 4u

enum vmm_device_kind {
    VMM_DEVICE_NONE = 0,
    VMM_DEVICE_PL011 = 1,    /**< emulated UART; `link` is its byte stream to the serial multiplexer; that of
                                  an earlier CONSOLE: it sends only */
    VMM_DEVICE_NET = 2,      /**< virtio-net */
    VMM_DEVICE_CONSOLE = 3,  /**< virtio-console */
    VMM_DEVICE_BLOCK = 4,    /**< virtio-blk */
    VMM_DEVICE_ENTROPY = 5,  /**< virtio-rng */
    VMM_DEVICE_WATCHDOG = 7, /**< SBSA Generic Watchdog; control frame, refresh frame behind it */
    VMM_DEVICE_FLASH = 9,    /**< CFI flash; `registers`: its contents, `bytes` of them */
    VMM_DEVICE_RTC = 8,      /**< PL031, with the time of day of the timer PD */
    VMM_DEVICE_PASSTHROUGH = 6 /**< a physical interrupt of a passed-through device: `channel` -> `virq` */
};

/** How the guest finds a virtio device. */
enum vmm_transport { VMM_TRANSPORT_NONE = 0, VMM_TRANSPORT_MMIO = 1, VMM_TRANSPORT_PCI = 2 };
/** Who works on a NIC's virtqueues: the VMM, over rings to the switch, or the switch itself. */
enum vmm_datapath { VMM_DATAPATH_RING = 0, VMM_DATAPATH_VHOST = 1 };

/** How a disk's data gets to the guest: through a region of the VMM's, or straight into the guest's RAM. */
enum vmm_block_datapath { VMM_BLOCK_COPY = 0, VMM_BLOCK_SHARED = 1 };

/** What the guest's exit (PSCI SYSTEM_OFF and SYSTEM_RESET, crash) leads to. */
enum vmm_exit_action { VMM_EXIT_STOP = 0, VMM_EXIT_RESTART = 1, VMM_EXIT_HALT = 2 };

struct vmm_net_config {
    uint8_t mac[6];
    uint16_t mtu;          /**< 0: not offered */
    uint32_t datapath;     /**< enum vmm_datapath */
    uint64_t features_off; /**< feature bits not to offer although supported */
    uint64_t status;       /**< VHOST: vaddr of the switch's struct vhost_status, read-only */
    uint64_t
        idle_count; /**< VHOST: vaddr of a struct vhost_pauses, read by the switch; 0: the kernel tells it */
    uint32_t tx_delay_us;  /**< RING: how late an interrupt for sent frames alone may be; 0: at once */
    uint32_t window;       /**< RING: frames to the guest between two pauses of its vCPU; 0: no limit */
    uint32_t mac_is_fixed; /**< 1: the driver may not change its address, as the switch checks it */
    uint32_t speed_mbps;   /**< what the driver is told: its limit, or that of a fast card; 0: not offered */
    uint32_t reserved;
};

#define VMM_BLOCK_ID_BYTES 20u

struct vmm_block_config {
    uint64_t region;             /**< COPY: vaddr of memory that the disk's device may access */
    uint64_t region_bytes;       /**< COPY: of it */
    uint32_t datapath;           /**< enum vmm_block_datapath */
    char id[VMM_BLOCK_ID_BYTES]; /**< what GET_ID gives; the guest's disks differ in it */
};

/** Ports of a virtio-console beside its first, which is the guest's terminal. */
#define VMM_CONFIG_MAX_CONSOLE_PORTS 2u

struct vmm_console_port_config {
    char name[CONFIG_NAME_BYTES]; /**< as the guest sees it */
    struct config_link link;      /**< byte stream to the serial multiplexer */
};

/** virtio-console. The device's own link is that of the terminal. */
struct vmm_console_config {
    uint16_t cols, rows; /**< of the terminal until the multiplexer says otherwise; 0: not known */
    uint32_t port_count; /**< of the others */
    struct vmm_console_port_config ports[VMM_CONFIG_MAX_CONSOLE_PORTS];
};

struct vmm_watchdog_config {
    uint32_t limit_ms; /**< a guest that has not refreshed it for that long ends as on_crash says */
    uint32_t boot_ms;  /**< likewise, from its start to the first time */
};

/** One device of the guest. */
struct vmm_device_config {
    uint32_t kind;      /**< enum vmm_device_kind */
    uint32_t transport; /**< enum vmm_transport (virtio devices) */
    char name[CONFIG_NAME_BYTES];
    uint64_t gpa;       /**< register window; PCI transport: of the BAR after a reset */
    uint64_t bytes;     /**< of the window */
    uint64_t registers; /**< MMIO transport: vaddr of a page that the guest sees read-only at gpa; 0: none */
    uint32_t vectors;   /**< PCI transport: MSI-X vectors; 0: the driver has to poll */
    uint32_t reserved;
    uint32_t virq;           /**< INTID; PCI transport: not used, as MSIs are of the guest's choice */
    uint32_t virq_edge;      /**< 1: edge, 0: level */
    uint32_t queue_size;     /**< of each virtqueue: a power of two, 2..1024 */
    uint32_t channel;        /**< PASSTHROUGH: the interrupt's channel id */
    struct config_link link; /**< to switch, multiplexer or block server */
    union {
        struct vmm_net_config net;
        struct vmm_block_config block;
        struct vmm_console_config console;
        struct vmm_watchdog_config watchdog;
        uint64_t reserved[16];
    } u;
};

/** The PCI host bridge with the frame for its MSIs. ecam_bytes == 0: there is none. */
struct vmm_pci_config {
    uint64_t ecam_gpa; /**< configuration space: 1 MiB, one bus */
    uint64_t ecam_bytes;
    uint64_t window_gpa; /**< for BARs; below 4 GiB */
    uint64_t window_bytes;
    uint64_t msi_gpa; /**< GICv2m frame */
    uint64_t msi_bytes;
    uint32_t msi_first; /**< INTID of its first SPI */
    uint32_t msi_count;
};

struct vmm_config {
    struct config_header header;
    char name[CONFIG_NAME_BYTES]; /**< of the guest */

    uint64_t ram_gpa;
    uint64_t ram_vaddr; /**< where the VMM has the RAM mapped, read-write */
    uint64_t ram_bytes;

    struct config_blob kernel; /**< arm64 Image, read-only pristine copy; loaded at each (re)start */
    struct config_blob initrd;
    struct config_blob dtb;
    uint64_t initrd_gpa; /**< where the device tree says the initrd is; page-aligned, inside RAM */
    uint64_t dtb_gpa;    /**< where the device tree goes; 8-byte aligned, 2 MiB room, inside RAM */

    uint32_t vcpu_count;
    uint32_t vcpu_child[VMM_CONFIG_MAX_VCPUS]; /**< child ids */

    uint64_t gicd_gpa; /**< emulated distributor, 64 KiB window of which 4 KiB are registers */
    uint64_t gicd_bytes;
    uint32_t spi_count; /**< SPIs offered; a multiple of 32 */
    struct vmm_pci_config pci;

    uint32_t on_off;               /**< enum vmm_exit_action: PSCI SYSTEM_OFF */
    uint32_t on_reset;             /**< PSCI SYSTEM_RESET */
    uint32_t on_crash;             /**< VMM cannot continue the guest */
    uint32_t has_supervisor;       /**< 1: supervisor_channel leads to the supervisor PD */
    uint32_t supervisor_channel;   /**< for protected procedure calls (supervisor_config.h) */
    struct restart_policy restart; /**< of the guest; when its budget is used up, it stays off */

    uint32_t has_entropy;     /**< 1: entropy_channel leads to the entropy PD */
    uint32_t entropy_channel; /**< for protected procedure calls (entropy_config.h) */
    uint64_t gicc_gpa;        /**< the guest's GIC CPU interface; 0: it has a GICv3 */
    uint64_t gicr_gpa;        /**< GICv3: emulated redistributors, VGIC_REDIST_BYTES a vCPU */
    uint64_t gicr_bytes;      /**< of all of them; 0: it has a GICv2 */
    uint32_t timer_channel;   /**< to the timer PD (timer_config.h) */
    /** Doorbells of NET with RING and of BLOCK notify it, and nothing else does, so that a kick is told from
       a peer's answer; VMM_CONFIG_NO_CHANNEL: kicks are exits. */
    uint32_t kick_channel;
    uint32_t is_firmware; /**< 1: `kernel` is no Linux kernel, but goes to load_gpa as it is */
    uint32_t rom_bytes;   /**< of a ROM at load_gpa, which ignores stores; 0: there is none */
    uint64_t load_gpa;
    uint64_t entry_gpa; /**< first instruction; with no `kernel`, in a ROM */

    struct config_link debug;   /**< gdb's channel; bytes 0: this guest can't be debugged */
    struct config_link control; /**< of who starts and stops the guest; bytes 0: nobody does */

    uint32_t device_count;
    uint32_t reserved;
    struct vmm_device_config devices[VMM_CONFIG_MAX_DEVICES];
};
