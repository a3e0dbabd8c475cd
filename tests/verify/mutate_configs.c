/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Words of PDs' configurations. Whatever isn't listed here as promising nothing has to be seen when it
 * changes, so a field that the verifier doesn't know makes a mutant that it accepts.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
#include "tests/verify/mutate.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SEEN                                                                                                 \
    "policy-config policy-memory policy-channel policy-constant policy-device policy-allow policy-mirror "   \
    "policy-dma "                                                                                            \
    "policy-post "                                                                                           \
    "policy-klog policy-interrupt policy-doorbell policy-vcpu policy-parent"

/* Bytes of a struct. */
struct part {
    size_t offset, bytes;
};
#define PART(type, member)                                                                                   \
    {                                                                                                        \
        offsetof(type, member), sizeof(((type *)0)->member)                                                  \
    }

/* Padding behind a member. */
#define BETWEEN(type, member, next)                                                                          \
    {                                                                                                        \
        offsetof(type, member) + sizeof(((type *)0)->member),                                                \
            offsetof(type, next) - offsetof(type, member) - sizeof(((type *)0)->member)                      \
    }

/* Rows inside a configuration, of which so many as it says at `count` are used. */
struct rows {
    size_t offset, stride, max, count;
    const struct part *dead; /* that promise nothing */
    size_t dead_count;
};
#define ROWS(type, member, count, dead)                                                                      \
    {                                                                                                        \
        offsetof(type, member), sizeof(((type *)0)->member[0]), COUNT(((type *)0)->member),                  \
            offsetof(type, count), dead, COUNT(dead)                                                         \
    }

struct layout {
    uint32_t magic;
    size_t bytes;
    const struct part *dead;
    size_t dead_count;
    const struct rows *rows;
    size_t row_count;
};

static const struct part nothing[] = {{0, 0}};

static const struct part vmm_dead[] = {
    PART(struct vmm_config, kernel.bytes),
    PART(struct vmm_config, initrd.bytes),
    PART(struct vmm_config, dtb.bytes),
    PART(struct vmm_config, initrd_gpa),
    PART(struct vmm_config, dtb_gpa),
    BETWEEN(struct vmm_config, vcpu_child, gicd_gpa),
    PART(struct vmm_config, is_firmware),
    PART(struct vmm_config, rom_bytes),
    PART(struct vmm_config, load_gpa),
    PART(struct vmm_config, entry_gpa),
    BETWEEN(struct vmm_config, entropy_channel, gicc_gpa),
    BETWEEN(struct vmm_config, device_count, devices),
    BETWEEN(struct vmm_config, spi_count, pci),
};
static const struct part device_dead[] = {PART(struct vmm_device_config, reserved)};
static const struct rows vmm_rows[] = {
    ROWS(struct vmm_config, vcpu_child, vcpu_count, nothing),
    ROWS(struct vmm_config, devices, device_count, device_dead),
};
static const struct part port_dead[] = {BETWEEN(struct vswitch_port_config, mirror, status)};
static const struct part vswitch_dead[] = {PART(struct vswitch_config, reserved)};
static const struct rows vswitch_rows[] = {ROWS(struct vswitch_config, ports, port_count, port_dead)};
static const struct part mux_dead[] = {PART(struct serial_mux_config, reserved)};
static const struct part client_dead[] = {PART(struct serial_mux_client_config, colour)};
static const struct rows mux_rows[] = {ROWS(struct serial_mux_config, clients, client_count, client_dead)};
static const struct part driver_dead[] = {PART(struct blk_driver_config, reserved)};
static const struct rows driver_rows[] = {
    ROWS(struct blk_driver_config, region_bytes, region_count, nothing)};
static const struct part block_dead[] = {PART(struct blk_client_config, reserved),
                                         PART(struct blk_client_config, reserved2)};
static const struct rows server_rows[] = {
    ROWS(struct blk_server_config, disks, disk_count, nothing),
    ROWS(struct blk_server_config, clients, client_count, block_dead),
};
static const struct part entropy_dead[] = {PART(struct entropy_config, reserved)};
static const struct part timer_dead[] = {PART(struct timer_config, guard_channel),
                                         PART(struct timer_config, reserved)};
static const struct rows timer_rows[] = {ROWS(struct timer_config, clients, client_count, nothing)};
static const struct part stats_dead[] = {PART(struct stats_config, reserved)};
static const struct part watched_dead[] = {PART(struct stats_region_config, bytes)};
static const struct rows stats_rows[] = {
    ROWS(struct stats_config, regions, region_count, watched_dead),
    ROWS(struct stats_config, switches, switch_count, nothing),
};
static const struct part supervisor_dead[] = {PART(struct supervisor_config, reserved)};
static const struct part child_dead[] = {PART(struct supervisor_child_config, reserved)};
static const struct rows supervisor_rows[] = {
    ROWS(struct supervisor_config, children, child_count, child_dead)};

#define LAYOUT(MAGIC, type, dead, rows)                                                                      \
    {                                                                                                        \
        MAGIC, sizeof(type), dead, COUNT(dead), rows, COUNT(rows)                                            \
    }
static const struct rows no_rows[] = {{0, 1, 0, 0, nothing, 0}};
static const struct layout layouts[] = {
    LAYOUT(VMM_CONFIG_MAGIC, struct vmm_config, vmm_dead, vmm_rows),
    LAYOUT(VSWITCH_CONFIG_MAGIC, struct vswitch_config, vswitch_dead, vswitch_rows),
    LAYOUT(SERIAL_MUX_CONFIG_MAGIC, struct serial_mux_config, mux_dead, mux_rows),
    LAYOUT(UART_CONFIG_MAGIC, struct uart_config, nothing, no_rows),
    LAYOUT(BLK_DRIVER_CONFIG_MAGIC, struct blk_driver_config, driver_dead, driver_rows),
    LAYOUT(NETCLIENT_CONFIG_MAGIC, struct netclient_config, nothing, no_rows),
    LAYOUT(NET_DRIVER_CONFIG_MAGIC, struct net_driver_config, nothing, no_rows),
    LAYOUT(BLK_SERVER_CONFIG_MAGIC, struct blk_server_config, nothing, server_rows),
    LAYOUT(ENTROPY_CONFIG_MAGIC, struct entropy_config, entropy_dead, no_rows),
    LAYOUT(TIMER_CONFIG_MAGIC, struct timer_config, timer_dead, timer_rows),
    LAYOUT(STATS_CONFIG_MAGIC, struct stats_config, stats_dead, stats_rows),
    LAYOUT(SUPERVISOR_CONFIG_MAGIC, struct supervisor_config, supervisor_dead, supervisor_rows),
};

/* Where a PD has a filled configuration: found by its header, not by the program's sections. */
static uint8_t *find_config(struct mutate *mutate, uint32_t pd, const struct layout **layout)
{
    for (size_t i = 0; i < mutate->walk.map_count; i++) {
        const struct walk_map *map = &mutate->walk.maps[i];

        for (uint64_t at = 0; map->domain == facts_domain_of_pd(pd) && at < map->bytes && at < 0x100000;
             at += 8) {
            struct config_header header;
            const uint8_t *bytes = elf64_bytes(&mutate->elf, map->phys + at, sizeof header);

            if (bytes == NULL || facts_region_from(&mutate->facts, map->phys + at) == NULL) {
                continue;
            }
            memcpy(&header, bytes, sizeof header);
            for (size_t j = 0; j < COUNT(layouts); j++) {
                if (header.magic == layouts[j].magic && header.size_bytes == layouts[j].bytes &&
                    (header.flags & CONFIG_FILLED) != 0) {
                    *layout = &layouts[j];
                    return mutate_at(mutate, map->phys + at);
                }
            }
        }
    }
    return NULL;
}

uint8_t *mutate_find_config(struct mutate *mutate, uint32_t pd)
{
    const struct layout *layout;

    return find_config(mutate, pd, &layout);
}

static bool is_in(const struct part *parts, size_t count, size_t offset)
{
    for (size_t i = 0; i < count; i++) {
        if (offset >= parts[i].offset && offset - parts[i].offset < parts[i].bytes) {
            return true;
        }
    }
    return false;
}

/* What of a device nobody reads: what its kind doesn't have. */
static bool is_dead_device(const uint8_t *row, size_t offset)
{
    static const struct part net[] = {PART(struct vmm_device_config, u.net.features_off),
                                      BETWEEN(struct vmm_device_config, u.net.datapath, u.net.features_off),
                                      {offsetof(struct vmm_device_config, u.net.reserved), 8}};
    static const struct part block[] = {PART(struct vmm_device_config, u.block.id)};
    static const struct part console[] = {PART(struct vmm_device_config, u.console.cols),
                                          PART(struct vmm_device_config, u.console.rows)};
    struct vmm_device_config device;
    size_t start = offsetof(struct vmm_device_config, u);
    size_t used = 0;
    bool has_link;

    memcpy(&device, row, sizeof device);
    has_link = device.link.bytes != 0;
    if (offset >= offsetof(struct vmm_device_config, link) && offset < start) {
        size_t in_link = offset - offsetof(struct vmm_device_config, link);

        return !has_link && in_link != offsetof(struct config_link, bytes) &&
               !(device.kind == VMM_DEVICE_NET && in_link == offsetof(struct config_link, channel));
    }
    if (offset == offsetof(struct vmm_device_config, channel)) {
        return device.kind != VMM_DEVICE_PASSTHROUGH;
    }
    if (device.kind == VMM_DEVICE_NET) {
        used = is_in(net, COUNT(net), offset) ? 0 : sizeof device.u.net;
    } else if (device.kind == VMM_DEVICE_BLOCK) {
        used = is_in(block, COUNT(block), offset) ? 0 : sizeof device.u.block;
    } else if (device.kind == VMM_DEVICE_CONSOLE) {
        used = is_in(console, COUNT(console), offset)
                   ? 0
                   : offsetof(struct vmm_console_config, ports) +
                         device.u.console.port_count * sizeof(struct vmm_console_port_config);
    } else if (device.kind == VMM_DEVICE_WATCHDOG) {
        used = sizeof device.u.watchdog;
    }
    return offset >= start + used;
}

/* What of a link that isn't there nobody reads: all but the word that says so. */
static bool is_dead_link(const struct config_link *link, size_t link_offset, size_t offset)
{
    return link->bytes == 0 && offset >= link_offset && offset < link_offset + sizeof *link &&
           offset != link_offset + offsetof(struct config_link, bytes);
}

/* Channels that are not there because the word before them says so, and links of vhost ports. */
static bool is_dead_word(const struct layout *layout, const uint8_t *config, const struct rows *rows,
                         const uint8_t *row, size_t offset)
{
    struct vswitch_port_config port;

    if (rows == NULL) {
        if (layout->magic == VMM_CONFIG_MAGIC) {
            const struct vmm_config *vmm = (const void *)config;

            return (offset == offsetof(struct vmm_config, supervisor_channel) && vmm->has_supervisor == 0) ||
                   (offset == offsetof(struct vmm_config, entropy_channel) && vmm->has_entropy == 0) ||
                   (offset == offsetof(struct vmm_config, kick_channel) &&
                    vmm->kick_channel == VMM_CONFIG_NO_CHANNEL) ||
                   is_dead_link(&vmm->debug, offsetof(struct vmm_config, debug), offset) ||
                   is_dead_link(&vmm->control, offsetof(struct vmm_config, control), offset);
        }
        if (layout->magic == SERIAL_MUX_CONFIG_MAGIC) {
            return offset == offsetof(struct serial_mux_config, klog_channel) &&
                   ((const struct serial_mux_config *)(const void *)config)->klog == 0;
        }
        if (layout->magic == BLK_SERVER_CONFIG_MAGIC) {
            return offset == offsetof(struct blk_server_config, timer_channel) &&
                   ((const struct blk_server_config *)(const void *)config)->has_limits == 0;
        }
        if (layout->magic == BLK_DRIVER_CONFIG_MAGIC) {
            return offset == offsetof(struct blk_driver_config, timer_channel) &&
                   ((const struct blk_driver_config *)(const void *)config)->timeout_ms == 0;
        }
        return false;
    }
    if (layout->magic == VMM_CONFIG_MAGIC && rows->stride == sizeof(struct vmm_device_config)) {
        return is_dead_device(row, offset);
    }
    if (layout->magic == VSWITCH_CONFIG_MAGIC) {
        size_t in_link = offset - offsetof(struct vswitch_port_config, link);

        memcpy(&port, row, sizeof port);
        if (port.kind == VSWITCH_PORT_VHOST) {
            return in_link < offsetof(struct config_link, bytes);
        }
        return offset == offsetof(struct vswitch_port_config, interrupt) ||
               offset == offsetof(struct vswitch_port_config, deferred_interrupt);
    }
    return false;
}

/* Whether the word is text behind the first character of a name, where it may be padding. */
static bool is_text(const uint8_t *at)
{
    return (at[0] >= ' ' && at[0] < 127 && (at[1] == 0 || (at[1] >= ' ' && at[1] < 127))) && at[3] == 0;
}

struct walker {
    struct mutate *mutate;
    const struct layout *layout;
    uint8_t *config;
    const char *pd;
};

static void mutate_word(const struct walker *walker, const struct rows *rows, uint8_t *row, size_t offset,
                        const struct part *dead, size_t dead_count, uint64_t number)
{
    bool promises =
        !is_in(dead, dead_count, offset) && !is_dead_word(walker->layout, walker->config, rows, row, offset);
    char what[64];

    if (mutate_skips(walker->mutate)) {
        return;
    }
    snprintf(what, sizeof what, "config %08x, row %llu, byte", walker->layout->magic,
             (unsigned long long)number);
    mutate_poke(walker->mutate, row + offset, 1, 1, promises ? SEEN : NULL, what, walker->pd, offset);
    if (promises && !is_text(row + offset)) {
        mutate_poke(walker->mutate, row + offset, 4, 0x1040, SEEN " malformed", what, walker->pd, offset);
    }
}

/* Names end somewhere, and nobody reads behind that: of each only the first word. */
static bool is_name_tail(const struct layout *layout, const struct rows *rows, size_t offset)
{
    static const size_t named_at_0[] = {
        sizeof(struct serial_mux_client_config), sizeof(struct blk_disk_config),
        sizeof(struct blk_client_config),        sizeof(struct supervisor_child_config),
        sizeof(struct stats_region_config),      sizeof(struct stats_switch_config)};
    size_t name = SIZE_MAX;

    if (rows == NULL && layout->magic == VMM_CONFIG_MAGIC) {
        name = offsetof(struct vmm_config, name);
    } else if (rows == NULL && layout->magic == NETCLIENT_CONFIG_MAGIC) {
        return offset > offsetof(struct netclient_config, ip) &&
               offset < offsetof(struct netclient_config, ip) + sizeof(((struct netclient_config *)0)->ip);
    } else if (rows == NULL && layout->magic == VSWITCH_CONFIG_MAGIC) {
        name = offsetof(struct vswitch_config, name);
    } else if (rows != NULL && layout->magic == VMM_CONFIG_MAGIC && rows->stride > 4) {
        name = offsetof(struct vmm_device_config, name);
        if (offset >= offsetof(struct vmm_device_config, u.console.ports)) {
            size_t in_port = (offset - offsetof(struct vmm_device_config, u.console.ports)) %
                             sizeof(struct vmm_console_port_config);
            return in_port > 0 && in_port < CONFIG_NAME_BYTES;
        }
    } else if (rows != NULL && layout->magic == VSWITCH_CONFIG_MAGIC) {
        name = offsetof(struct vswitch_port_config, name);
    }
    for (size_t i = 0; rows != NULL && i < COUNT(named_at_0); i++) {
        name = rows->stride == named_at_0[i] ? 0 : name;
    }
    if (rows != NULL && rows->stride == sizeof(struct blk_client_config) &&
        offset > offsetof(struct blk_client_config, partition_name) &&
        offset < offsetof(struct blk_client_config, first_sector)) {
        return true;
    }
    return name != SIZE_MAX && offset > name && offset < name + CONFIG_NAME_BYTES;
}

static void mutate_rows_of(const struct walker *walker, const struct rows *rows)
{
    uint32_t count;

    memcpy(&count, walker->config + rows->count, sizeof count);
    for (uint32_t i = 0; i < count && i < rows->max; i++) {
        uint8_t *row = walker->config + rows->offset + i * rows->stride;

        for (size_t offset = 0; offset < rows->stride; offset += 4) {
            if (!is_name_tail(walker->layout, rows, offset)) {
                mutate_word(walker, rows, row, offset, rows->dead, rows->dead_count, i);
            }
        }
    }
}

static bool is_in_rows(const struct layout *layout, size_t offset)
{
    for (size_t i = 0; i < layout->row_count; i++) {
        const struct rows *rows = &layout->rows[i];

        if (rows->max > 0 && offset >= rows->offset && offset < rows->offset + rows->max * rows->stride) {
            return true;
        }
    }
    return false;
}

static void mutate_config(struct mutate *mutate, uint32_t pd)
{
    struct walker walker = {.mutate = mutate, .pd = mutate->facts.pds[pd].name};

    walker.config = find_config(mutate, pd, &walker.layout);
    if (walker.config == NULL) {
        return;
    }
    for (size_t offset = 0; offset < 12; offset += 4) {
        mutate_poke(mutate, walker.config + offset, 4, 1 << 16 | 1, SEEN, "configuration's header", walker.pd,
                    offset);
    }
    for (size_t offset = sizeof(struct config_header); offset < walker.layout->bytes; offset += 4) {
        if (!is_in_rows(walker.layout, offset) && !is_name_tail(walker.layout, NULL, offset)) {
            mutate_word(&walker, NULL, walker.config, offset, walker.layout->dead, walker.layout->dead_count,
                        0);
        }
    }
    for (size_t i = 0; i < walker.layout->row_count; i++) {
        mutate_rows_of(&walker, &walker.layout->rows[i]);
    }
}

void mutate_configs(struct mutate *mutate)
{
    for (uint32_t i = 0; i < mutate->facts.sys.pd_count; i++) {
        mutate_config(mutate, i);
    }
}
