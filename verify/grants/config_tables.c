/* SPDX-License-Identifier: BSD-2-Clause */
/* Every field of every configuration, and what it is. */
#include "lib/config/blk_config.h"
#include "lib/config/entropy_config.h"
#include "lib/config/net_config.h"
#include "lib/config/netclient_config.h"
#include "lib/config/serial_config.h"
#include "lib/config/stats_config.h"
#include "lib/config/supervisor_config.h"
#include "lib/config/timer_config.h"
#include "lib/config/vmm_config.h"
#include "lib/config/vswitch_config.h"
#include "verify/grants/config.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BYTES(type, member) sizeof(((type *)0)->member)
/* A field `member` of `type` that is called `name`, and how it is read. */
#define F(type, name, member, ...)                                                                           \
    {                                                                                                        \
        name, offsetof(type, member), BYTES(type, member), __VA_ARGS__                                       \
    }
#define OTHER(type, member) F(type, "", member, CONFIG_OTHER, NULL, 0, 0)
/* Rows `member` of `type`, counted by `count`. */
#define ROWS(type, member, count)                                                                            \
    .offset = offsetof(type, member), .stride = BYTES(type, member[0]), .max = COUNT(((type *)0)->member),   \
    .count_offset = offsetof(type, count)
#define WHOLE(name, list)                                                                                    \
    {                                                                                                        \
        .element = (name), .naming = CONFIG_NOT_NAMED, .max = 1, .fields = (list),                           \
        .field_count = COUNT(list)                                                                           \
    }
#define FIELDS(list) .fields = (list), .field_count = COUNT(list)
#define EXITS "stop restart halt"

/* clang-format off: one field a line is a table, which is what this is. */

static const struct config_field vmm_fields[] = {
    F(struct vmm_config, "name", name, CONFIG_TEXT, NULL, 0, 0),
    F(struct vmm_config, "ram_gpa", ram_gpa, CONFIG_HEX, NULL, 0, 0),
    F(struct vmm_config, "ram", ram_vaddr, CONFIG_WINDOW, NULL, 0, 0),
    F(struct vmm_config, "ram_bytes", ram_bytes, CONFIG_HEX, NULL, 0, 0),
    F(struct vmm_config, "kernel", kernel.vaddr, CONFIG_WINDOW, NULL, 0, 0),
    F(struct vmm_config, "initrd", initrd.vaddr, CONFIG_WINDOW, NULL, 0, 0),
    F(struct vmm_config, "dtb", dtb.vaddr, CONFIG_WINDOW, NULL, 0, 0),
    OTHER(struct vmm_config, kernel.bytes),
    OTHER(struct vmm_config, initrd.bytes),
    OTHER(struct vmm_config, dtb.bytes),
    OTHER(struct vmm_config, initrd_gpa),
    OTHER(struct vmm_config, dtb_gpa),
    F(struct vmm_config, "vcpu_count", vcpu_count, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct vmm_config, "gicd_gpa", gicd_gpa, CONFIG_HEX, NULL, 0, 0),
    F(struct vmm_config, "gicd_bytes", gicd_bytes, CONFIG_HEX, NULL, 0, 0),
    F(struct vmm_config, "spi_count", spi_count, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct vmm_config, "pci_ecam_gpa", pci.ecam_gpa, CONFIG_HEX, NULL, 0, 0),
    F(struct vmm_config, "pci_ecam_bytes", pci.ecam_bytes, CONFIG_HEX, NULL, 0, 0),
    F(struct vmm_config, "pci_window_gpa", pci.window_gpa, CONFIG_HEX, NULL, 0, 0),
    F(struct vmm_config, "pci_window_bytes", pci.window_bytes, CONFIG_HEX, NULL, 0, 0),
    F(struct vmm_config, "pci_msi_gpa", pci.msi_gpa, CONFIG_HEX, NULL, 0, 0),
    F(struct vmm_config, "pci_msi_bytes", pci.msi_bytes, CONFIG_HEX, NULL, 0, 0),
    F(struct vmm_config, "pci_msi_first", pci.msi_first, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct vmm_config, "pci_msi_count", pci.msi_count, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct vmm_config, "on_off", on_off, CONFIG_CHOICE, EXITS, 0, 0),
    F(struct vmm_config, "on_reset", on_reset, CONFIG_CHOICE, EXITS, 0, 0),
    F(struct vmm_config, "on_crash", on_crash, CONFIG_CHOICE, EXITS, 0, 0),
    F(struct vmm_config, "has_supervisor", has_supervisor, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct vmm_config, "supervisor", supervisor_channel, CONFIG_CHANNEL, NULL, 0,
      offsetof(struct vmm_config, has_supervisor)),
    F(struct vmm_config, "restart_limit", restart.limit, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct vmm_config, "restart_window_ms", restart.window_ms, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct vmm_config, "restart_backoff_ms", restart.backoff_ms, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct vmm_config, "restart_backoff_max_ms", restart.backoff_max_ms, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct vmm_config, "has_entropy", has_entropy, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct vmm_config, "entropy", entropy_channel, CONFIG_CHANNEL, NULL, 0,
      offsetof(struct vmm_config, has_entropy)),
    F(struct vmm_config, "gicc_gpa", gicc_gpa, CONFIG_HEX, NULL, 0, 0),
    F(struct vmm_config, "gicr_gpa", gicr_gpa, CONFIG_HEX, NULL, 0, 0),
    F(struct vmm_config, "gicr_bytes", gicr_bytes, CONFIG_HEX, NULL, 0, 0),
    F(struct vmm_config, "timer", timer_channel, CONFIG_CHANNEL, NULL, 0, 0),
    F(struct vmm_config, "kick", kick_channel, CONFIG_CHANNEL, NULL, 0,
      0), /* VMM_CONFIG_NO_CHANNEL is none */
    OTHER(struct vmm_config, is_firmware),
    OTHER(struct vmm_config, rom_bytes),
    OTHER(struct vmm_config, load_gpa),
    OTHER(struct vmm_config, entry_gpa),
    F(struct vmm_config, "debug", debug, CONFIG_LINK, NULL, 0, 0),
    F(struct vmm_config, "control", control, CONFIG_LINK, NULL, 0, 0),
    F(struct vmm_config, "device_count", device_count, CONFIG_DECIMAL, NULL, 0, 0),
};

static const struct config_field vcpu_fields[] = {{"", 0, 4, CONFIG_CHILD, NULL, 0, 0}};

static const struct config_field device_fields[] = {
    F(struct vmm_device_config, "kind", kind, CONFIG_CHOICE,
      "none pl011 net console block entropy passthrough watchdog rtc flash", 0, 0),
    F(struct vmm_device_config, "transport", transport, CONFIG_CHOICE, "none mmio pci", 0, 0),
    OTHER(struct vmm_device_config, name),
    F(struct vmm_device_config, "gpa", gpa, CONFIG_HEX, NULL, 0, 0),
    F(struct vmm_device_config, "bytes", bytes, CONFIG_HEX, NULL, 0, 0),
    F(struct vmm_device_config, "registers", registers, CONFIG_WINDOW, NULL, 0, 0),
    F(struct vmm_device_config, "vectors", vectors, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct vmm_device_config, "virq", virq, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct vmm_device_config, "virq_edge", virq_edge, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct vmm_device_config, "queue_size", queue_size, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct vmm_device_config, "", channel, CONFIG_CHANNEL, NULL, VMM_DEVICE_PASSTHROUGH, 0),
    F(struct vmm_device_config, "", link, CONFIG_LINK, NULL, 0, 0),
    F(struct vmm_device_config, "", link.channel, CONFIG_CHANNEL, NULL, VMM_DEVICE_NET, 0),
    F(struct vmm_device_config, "mac", u.net.mac, CONFIG_MAC, NULL, VMM_DEVICE_NET, 0),
    F(struct vmm_device_config, "mtu", u.net.mtu, CONFIG_DECIMAL, NULL, VMM_DEVICE_NET, 0),
    F(struct vmm_device_config, "datapath", u.net.datapath, CONFIG_CHOICE, "ring vhost", VMM_DEVICE_NET, 0),
    F(struct vmm_device_config, "", u.net.features_off, CONFIG_OTHER, NULL, VMM_DEVICE_NET, 0),
    F(struct vmm_device_config, "status", u.net.status, CONFIG_WINDOW, NULL, VMM_DEVICE_NET, 0),
    F(struct vmm_device_config, "idle_count", u.net.idle_count, CONFIG_WINDOW, NULL, VMM_DEVICE_NET, 0),
    F(struct vmm_device_config, "tx_delay_us", u.net.tx_delay_us, CONFIG_DECIMAL, NULL, VMM_DEVICE_NET, 0),
    F(struct vmm_device_config, "window", u.net.window, CONFIG_DECIMAL, NULL, VMM_DEVICE_NET, 0),
    F(struct vmm_device_config, "mac_is_fixed", u.net.mac_is_fixed, CONFIG_DECIMAL, NULL, VMM_DEVICE_NET, 0),
    F(struct vmm_device_config, "speed_mbps", u.net.speed_mbps, CONFIG_DECIMAL, NULL, VMM_DEVICE_NET, 0),
    F(struct vmm_device_config, "region", u.block.region, CONFIG_WINDOW, NULL, VMM_DEVICE_BLOCK, 0),
    F(struct vmm_device_config, "region_bytes", u.block.region_bytes, CONFIG_HEX, NULL, VMM_DEVICE_BLOCK, 0),
    F(struct vmm_device_config, "datapath", u.block.datapath, CONFIG_CHOICE, "copy shared", VMM_DEVICE_BLOCK,
      0),
    F(struct vmm_device_config, "", u.block.id, CONFIG_OTHER, NULL, VMM_DEVICE_BLOCK, 0),
    F(struct vmm_device_config, "", u.console.cols, CONFIG_OTHER, NULL, VMM_DEVICE_CONSOLE, 0),
    F(struct vmm_device_config, "", u.console.rows, CONFIG_OTHER, NULL, VMM_DEVICE_CONSOLE, 0),
    F(struct vmm_device_config, "port_count", u.console.port_count, CONFIG_DECIMAL, NULL, VMM_DEVICE_CONSOLE,
      0),
    F(struct vmm_device_config, "limit_ms", u.watchdog.limit_ms, CONFIG_DECIMAL, NULL, VMM_DEVICE_WATCHDOG,
      0),
    F(struct vmm_device_config, "boot_ms", u.watchdog.boot_ms, CONFIG_DECIMAL, NULL, VMM_DEVICE_WATCHDOG, 0),
};

static const struct config_part vmm_parts[] = {
    WHOLE("guest", vmm_fields),
    {.element = "vcpu.",
     .naming = CONFIG_BY_NUMBER,
     ROWS(struct vmm_config, vcpu_child, vcpu_count),
     FIELDS(vcpu_fields)},
    {.element = "",
     .naming = CONFIG_BY_NAME,
     .name_offset = offsetof(struct vmm_device_config, name),
     ROWS(struct vmm_config, devices, device_count),
     FIELDS(device_fields)},
};

static const struct config_field vswitch_fields[] = {
    F(struct vswitch_config, "name", name, CONFIG_TEXT, NULL, 0, 0),
    F(struct vswitch_config, "port_count", port_count, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct vswitch_config, "mac_table_entries", mac_table_entries, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct vswitch_config, "timer", timer_channel, CONFIG_CHANNEL, NULL, 0,
      offsetof(struct vswitch_config, has_timer)),
    F(struct vswitch_config, "has_timer", has_timer, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct vswitch_config, "has_vlans", has_vlans, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct vswitch_config, "reserved", reserved_groups, CONFIG_CHOICE, "stp drop forward", 0, 0),
    F(struct vswitch_config, "snooping", snooping, CONFIG_DECIMAL, NULL, 0, 0),
    OTHER(struct vswitch_config, reserved),
    F(struct vswitch_config, "stats", stats, CONFIG_WINDOW, NULL, 0, 0),
};

/* A range of VLANs, its last one above its first; and the addresses of a guard, their first bytes lowest. */
#define TRUNK(i) F(struct vswitch_port_config, "trunk" #i, trunk[i], CONFIG_HEX, NULL, 0, 0)
#define GUARD(i)                                                                                             \
    F(struct vswitch_port_config, "ipv4_" #i, guard_ipv4[i], CONFIG_HEX, NULL, 0, 0),                        \
        {"ipv6_" #i, offsetof(struct vswitch_port_config, guard_ipv6[i]), 8, CONFIG_HEX, NULL, 0, 0},        \
    {                                                                                                        \
        "ipv6_" #i "_host", offsetof(struct vswitch_port_config, guard_ipv6[i]) + 8, 8, CONFIG_HEX, NULL, 0, \
            0                                                                                                \
    }

static const struct config_field port_fields[] = {
    F(struct vswitch_port_config, "kind", kind, CONFIG_CHOICE, "none ring vhost", 0, 0),
    F(struct vswitch_port_config, "flags", flags, CONFIG_DECIMAL, NULL, 0, 0),
    OTHER(struct vswitch_port_config, name),
    F(struct vswitch_port_config, "mac", mac, CONFIG_MAC, NULL, 0, 0),
    F(struct vswitch_port_config, "mtu", mtu, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct vswitch_port_config, "", allow, CONFIG_ALLOW, NULL, 0, 0),
    F(struct vswitch_port_config, "rate_kbps", rate_kbps, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct vswitch_port_config, "rx_rate_kbps", rx_rate_kbps, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct vswitch_port_config, "burst", burst_bytes, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct vswitch_port_config, "storm_pps", storm_pps, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct vswitch_port_config, "vlan", vlan, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct vswitch_port_config, "trunk_count", trunk_count, CONFIG_DECIMAL, NULL, 0, 0),
    TRUNK(0),
    TRUNK(1),
    TRUNK(2),
    TRUNK(3),
    TRUNK(4),
    TRUNK(5),
    TRUNK(6),
    TRUNK(7),
    F(struct vswitch_port_config, "ipv4_count", guard_ipv4_count, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct vswitch_port_config, "ipv6_count", guard_ipv6_count, CONFIG_DECIMAL, NULL, 0, 0),
    GUARD(0),
    GUARD(1),
    GUARD(2),
    GUARD(3),
    F(struct vswitch_port_config, "", link, CONFIG_LINK, NULL, 0, 0),
    F(struct vswitch_port_config, "", link.channel, CONFIG_CHANNEL, NULL, 0, 0),
    F(struct vswitch_port_config, "interrupt", interrupt, CONFIG_POST, NULL, VSWITCH_PORT_VHOST, 0),
    F(struct vswitch_port_config, "deferred_interrupt", deferred_interrupt, CONFIG_POST, NULL,
      VSWITCH_PORT_VHOST, 0),
    F(struct vswitch_port_config, "deferred_us", deferred_us, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct vswitch_port_config, "window", window, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct vswitch_port_config, "", mirror, CONFIG_MIRROR, NULL, 0, 0),
    F(struct vswitch_port_config, "status", status, CONFIG_WINDOW, NULL, 0, 0),
    F(struct vswitch_port_config, "idle_count", idle_count, CONFIG_WINDOW, NULL, 0, 0),
    F(struct vswitch_port_config, "ram_gpa", ram_gpa, CONFIG_HEX, NULL, 0, 0),
    F(struct vswitch_port_config, "ram", ram_vaddr, CONFIG_WINDOW, NULL, 0, 0),
    F(struct vswitch_port_config, "ram_bytes", ram_bytes, CONFIG_HEX, NULL, 0, 0),
};

static const struct config_part vswitch_parts[] = {
    WHOLE("switch", vswitch_fields),
    {.element = "port.",
     .naming = CONFIG_BY_NAME,
     .name_offset = offsetof(struct vswitch_port_config, name),
     ROWS(struct vswitch_config, ports, port_count),
     FIELDS(port_fields)},
};

static const struct config_field mux_fields[] = {
    F(struct serial_mux_config, "driver", driver, CONFIG_LINK, NULL, 0, 0),
    F(struct serial_mux_config, "klog", klog, CONFIG_WINDOW, NULL, 0, 0),
    F(struct serial_mux_config, "klog", klog_channel, CONFIG_CHANNEL, NULL, 0,
      offsetof(struct serial_mux_config, klog)),
    F(struct serial_mux_config, "escape", escape, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct serial_mux_config, "focus", focus, CONFIG_INDEX, "client.", 0, 0),
    F(struct serial_mux_config, "client_count", client_count, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct serial_mux_config, "flags", flags, CONFIG_DECIMAL, NULL, 0, 0),
    OTHER(struct serial_mux_config, reserved),
};

static const struct config_field mux_client_fields[] = {
    OTHER(struct serial_mux_client_config, name),
    OTHER(struct serial_mux_client_config, colour),
    F(struct serial_mux_client_config, "flags", flags, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct serial_mux_client_config, "", link, CONFIG_LINK, NULL, 0, 0),
};

static const struct config_part mux_parts[] = {
    WHOLE("mux", mux_fields),
    {.element = "client.",
     .naming = CONFIG_BY_NAME,
     .name_offset = offsetof(struct serial_mux_client_config, name),
     ROWS(struct serial_mux_config, clients, client_count),
     FIELDS(mux_client_fields)},
};

static const struct config_field uart_fields[] = {
    F(struct uart_config, "registers", registers, CONFIG_WINDOW, NULL, 0, 0),
    F(struct uart_config, "irq", irq_channel, CONFIG_CHANNEL, NULL, 0, 0),
    F(struct uart_config, "kind", kind, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct uart_config, "link", link, CONFIG_LINK, NULL, 0, 0),
};
static const struct config_part uart_parts[] = {WHOLE("uart", uart_fields)};

static const struct config_field driver_fields[] = {
    F(struct blk_driver_config, "registers", registers, CONFIG_WINDOW, NULL, 0, 0),
    F(struct blk_driver_config, "own", own, CONFIG_WINDOW, NULL, 0, 0),
    F(struct blk_driver_config, "own_bytes", own_bytes, CONFIG_HEX, NULL, 0, 0),
    F(struct blk_driver_config, "irq", irq_channel, CONFIG_CHANNEL, NULL, 0, 0),
    F(struct blk_driver_config, "link", link, CONFIG_LINK, NULL, 0, 0),
    F(struct blk_driver_config, "timeout_ms", timeout_ms, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct blk_driver_config, "timer", timer_channel, CONFIG_CHANNEL, NULL, 0,
      offsetof(struct blk_driver_config, timeout_ms)),
    OTHER(struct blk_driver_config, reserved),
    F(struct blk_driver_config, "region_count", region_count, CONFIG_DECIMAL, NULL, 0, 0),
    OTHER(struct blk_driver_config, region_bytes), /* config_read_dma() */
};
static const struct config_part driver_parts[] = {WHOLE("driver", driver_fields)};

static const struct config_field card_fields[] = {
    F(struct net_driver_config, "registers", registers, CONFIG_WINDOW, NULL, 0, 0),
    F(struct net_driver_config, "own", own, CONFIG_WINDOW, NULL, 0, 0),
    F(struct net_driver_config, "own_bytes", own_bytes, CONFIG_HEX, NULL, 0, 0),
    F(struct net_driver_config, "irq", irq_channel, CONFIG_CHANNEL, NULL, 0, 0),
    F(struct net_driver_config, "link", link, CONFIG_LINK, NULL, 0, 0),
    F(struct net_driver_config, "timeout_ms", timeout_ms, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct net_driver_config, "timer", timer_channel, CONFIG_CHANNEL, NULL, 0, 0),
    F(struct net_driver_config, "interrupt_gap_us", interrupt_gap_us, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct net_driver_config, "mtu", mtu, CONFIG_DECIMAL, NULL, 0, 0),
};
static const struct config_part card_parts[] = {WHOLE("card", card_fields)};

static const struct config_field net_fields[] = {
    F(struct netclient_config, "net", link, CONFIG_LINK, NULL, 0, 0),
    F(struct netclient_config, "has_timer", has_timer, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct netclient_config, "timer", timer_channel, CONFIG_CHANNEL, NULL, 0,
      offsetof(struct netclient_config, has_timer)),
    F(struct netclient_config, "mac", mac, CONFIG_MAC, NULL, 0, 0),
    F(struct netclient_config, "mtu", mtu, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct netclient_config, "ip", ip, CONFIG_TEXT, NULL, 0, 0),
};
static const struct config_part net_parts[] = {WHOLE("net", net_fields)};

static const struct config_field server_fields[] = {
    F(struct blk_server_config, "disk_count", disk_count, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct blk_server_config, "client_count", client_count, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct blk_server_config, "has_limits", has_limits, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct blk_server_config, "timer", timer_channel, CONFIG_CHANNEL, NULL, 0,
      offsetof(struct blk_server_config, has_limits)),
};

static const struct config_field disk_fields[] = {
    OTHER(struct blk_disk_config, name),
    F(struct blk_disk_config, "", link, CONFIG_LINK, NULL, 0, 0),
    F(struct blk_disk_config, "scratch", scratch, CONFIG_WINDOW, NULL, 0, 0),
};

static const struct config_field client_fields[] = {
    F(struct blk_client_config, "name", name, CONFIG_TEXT, NULL, 0, 0),
    F(struct blk_client_config, "", link, CONFIG_LINK, NULL, 0, 0),
    F(struct blk_client_config, "disk", disk, CONFIG_INDEX, "disk.", 0, 0),
    OTHER(struct blk_client_config, region), /* config_read_dma() */
    F(struct blk_client_config, "region_bytes", region_bytes, CONFIG_HEX, NULL, 0, 0),
    F(struct blk_client_config, "extent", extent, CONFIG_CHOICE, "disk number name range", 0, 0),
    F(struct blk_client_config, "read_only", read_only, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct blk_client_config, "partition_number", partition_number, CONFIG_DECIMAL, NULL, 0, 0),
    OTHER(struct blk_client_config, reserved),
    F(struct blk_client_config, "partition_name", partition_name, CONFIG_TEXT, NULL, 0, 0),
    F(struct blk_client_config, "first_sector", first_sector, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct blk_client_config, "sector_count", sector_count, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct blk_client_config, "iops", iops, CONFIG_DECIMAL, NULL, 0, 0),
    OTHER(struct blk_client_config, reserved2),
    F(struct blk_client_config, "bandwidth", bandwidth, CONFIG_DECIMAL, NULL, 0, 0),
};

static const struct config_part server_parts[] = {
    WHOLE("server", server_fields),
    {.element = "disk.",
     .naming = CONFIG_BY_NAME,
     .name_offset = offsetof(struct blk_disk_config, name),
     ROWS(struct blk_server_config, disks, disk_count),
     FIELDS(disk_fields)},
    {.element = "client.",
     .naming = CONFIG_BY_PEER,
     .name_offset = offsetof(struct blk_client_config, link),
     ROWS(struct blk_server_config, clients, client_count),
     FIELDS(client_fields)},
};

static const struct config_field entropy_fields[] = {
    F(struct entropy_config, "has_boot_seed", has_boot_seed, CONFIG_DECIMAL, NULL, 0, 0),
    OTHER(struct entropy_config, reserved),
    F(struct entropy_config, "fdt", fdt.vaddr, CONFIG_WINDOW, NULL, 0, 0),
    F(struct entropy_config, "fdt_bytes", fdt.bytes, CONFIG_HEX, NULL, 0, 0),
};
static const struct config_part entropy_parts[] = {WHOLE("entropy", entropy_fields)};

static const struct config_field timer_fields[] = {
    F(struct timer_config, "irq", irq_channel, CONFIG_CHANNEL, NULL, 0, 0),
    F(struct timer_config, "client_count", client_count, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct timer_config, "guard", guard_channel, CONFIG_CHANNEL, NULL, 0, 0),
    F(struct timer_config, "rtc", rtc, CONFIG_WINDOW, NULL, 0, 0),
    F(struct timer_config, "rtc_offset", rtc_offset, CONFIG_HEX, NULL, 0, 0),
    OTHER(struct timer_config, reserved),
};
static const struct config_field timer_client_fields[] = {{"", 0, 4, CONFIG_CHANNEL, NULL, 0, 0}};
static const struct config_part timer_parts[] = {
    WHOLE("timer", timer_fields),
    {.element = "client",
     .naming = CONFIG_NOT_NAMED,
     ROWS(struct timer_config, clients, client_count),
     FIELDS(timer_client_fields)},
};

static const struct config_field stats_fields[] = {
    F(struct stats_config, "console", console, CONFIG_LINK, NULL, 0, 0),
    F(struct stats_config, "top", top, CONFIG_LINK, NULL, 0, 0),
    F(struct stats_config, "trace", trace, CONFIG_WINDOW, NULL, 0, 0),
    F(struct stats_config, "trace", trace_channel, CONFIG_CHANNEL, NULL, 0,
      offsetof(struct stats_config, trace_ring_bytes)),
    F(struct stats_config, "trace_ring_bytes", trace_ring_bytes, CONFIG_HEX, NULL, 0, 0),
    F(struct stats_config, "trace_cores", trace_cores, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct stats_config, "tracer", tracer, CONFIG_LINK, NULL, 0, 0),
    F(struct stats_config, "region_count", region_count, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct stats_config, "switch_count", switch_count, CONFIG_DECIMAL, NULL, 0, 0),
    OTHER(struct stats_config, reserved),
};
static const struct config_field stats_region_fields[] = {
    OTHER(struct stats_region_config, name),
    F(struct stats_region_config, "", vaddr, CONFIG_WINDOW, NULL, 0, 0),
    OTHER(struct stats_region_config, bytes),
};
static const struct config_field stats_switch_fields[] = {
    OTHER(struct stats_switch_config, name),
    F(struct stats_switch_config, "", stats, CONFIG_WINDOW, NULL, 0, 0),
};
static const struct config_part stats_parts[] = {
    WHOLE("stats", stats_fields),
    {.element = "region.",
     .naming = CONFIG_BY_NAME,
     .name_offset = offsetof(struct stats_region_config, name),
     ROWS(struct stats_config, regions, region_count),
     FIELDS(stats_region_fields)},
    {.element = "switch.",
     .naming = CONFIG_BY_NAME,
     .name_offset = offsetof(struct stats_switch_config, name),
     ROWS(struct stats_config, switches, switch_count),
     FIELDS(stats_switch_fields)},
};

static const struct config_field supervisor_fields[] = {
    F(struct supervisor_config, "child_count", child_count, CONFIG_DECIMAL, NULL, 0, 0),
    OTHER(struct supervisor_config, reserved),
};
static const struct config_field supervisor_child_fields[] = {
    OTHER(struct supervisor_child_config, name),
    F(struct supervisor_child_config, "", child, CONFIG_CHILD, NULL, 0, 0),
    F(struct supervisor_child_config, "", channel, CONFIG_CHANNEL, NULL, 0, 0),
    F(struct supervisor_child_config, "on_crash", on_crash, CONFIG_CHOICE, EXITS, 0, 0),
    OTHER(struct supervisor_child_config, reserved),
    F(struct supervisor_child_config, "restart_limit", restart.limit, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct supervisor_child_config, "restart_window_ms", restart.window_ms, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct supervisor_child_config, "restart_backoff_ms", restart.backoff_ms, CONFIG_DECIMAL, NULL, 0, 0),
    F(struct supervisor_child_config, "restart_backoff_max_ms", restart.backoff_max_ms, CONFIG_DECIMAL, NULL,
      0, 0),
};
static const struct config_part supervisor_parts[] = {
    WHOLE("supervisor", supervisor_fields),
    {.element = "child.",
     .naming = CONFIG_BY_NAME,
     .name_offset = offsetof(struct supervisor_child_config, name),
     ROWS(struct supervisor_config, children, child_count),
     FIELDS(supervisor_child_fields)},
};

#define STRUCT(NAME, type, other, parts)                                                                     \
    {                                                                                                        \
        NAME##_SECTION, NAME##_MAGIC, NAME##_VERSION, sizeof(type), other, parts, COUNT(parts)               \
    }

const struct config_struct config_structs[] = {
    STRUCT(VMM_CONFIG, struct vmm_config, NULL, vmm_parts),
    STRUCT(VSWITCH_CONFIG, struct vswitch_config, NULL, vswitch_parts),
    STRUCT(SERIAL_MUX_CONFIG, struct serial_mux_config, NULL, mux_parts),
    STRUCT(UART_CONFIG, struct uart_config, NULL, uart_parts),
    STRUCT(BLK_DRIVER_CONFIG, struct blk_driver_config, NULL, driver_parts),
    STRUCT(NETCLIENT_CONFIG, struct netclient_config, NULL, net_parts),
    STRUCT(NET_DRIVER_CONFIG, struct net_driver_config, NULL, card_parts),
    STRUCT(BLK_SERVER_CONFIG, struct blk_server_config, NULL, server_parts),
    STRUCT(ENTROPY_CONFIG, struct entropy_config, "client", entropy_parts),
    STRUCT(TIMER_CONFIG, struct timer_config, NULL, timer_parts),
    STRUCT(STATS_CONFIG, struct stats_config, NULL, stats_parts),
    STRUCT(SUPERVISOR_CONFIG, struct supervisor_config, NULL, supervisor_parts),
};
const size_t config_struct_count = COUNT(config_structs);
