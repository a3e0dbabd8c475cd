/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads configurations by the tables of config_tables.c. */
#include "verify/grants/config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/config/blk_config.h"
#include "lib/config/net_config.h"
#include "lib/config/vmm_config.h"

#define PAGE_BYTES 0x1000u
#define MAX_FIELDS 64u

/** The row at hand. */
struct row {
    struct view *view;
    uint32_t pd;
    const struct config_struct *config;
    const struct config_part *part;
    const uint8_t *data;  /**< of the configuration */
    const uint8_t *bytes; /**< of the row */
    const char *element;  /**< what it is called */
    const char *values[MAX_FIELDS];
    size_t value_count;
};

const struct config_struct *config_find(const struct elf64 *program, uint64_t *address)
{
    for (size_t i = 0; i < config_struct_count; i++) {
        struct elf64_object section = elf64_section(program, config_structs[i].section);
        if (section.bytes >= config_structs[i].bytes) {
            *address = section.address;
            return &config_structs[i];
        }
    }
    return NULL;
}

static uint64_t number_at(const uint8_t *at, size_t bytes)
{
    uint64_t value = 0;
    memcpy(&value, at, bytes < sizeof value ? bytes : sizeof value);
    return value;
}

static uint32_t row_count(const struct config_part *part, const uint8_t *data)
{
    uint64_t count = part->count_offset == 0 ? part->max : number_at(data + part->count_offset, 4);
    return count < part->max ? (uint32_t)count : part->max;
}

static const char *peer_name(struct view *view, uint32_t pd, const uint8_t *link)
{
    struct config_link at;
    const struct view_channel *channel;
    memcpy(&at, link, sizeof at);
    if (at.channel >= SYSDESC_MAX_CHANNELS || !view->pds[pd].channels[at.channel].is_valid) {
        return "nobody";
    }
    channel = &view->pds[pd].channels[at.channel];
    return grants_format(view->grants, "%s.%s", view->pds[channel->peer].name,
                         view_channel_role(view, channel->peer, channel->peer_id));
}

static const char *name_row(struct view *view, uint32_t pd, const struct config_part *part,
                            const uint8_t *data, uint32_t index)
{
    const uint8_t *bytes = data + part->offset + index * part->stride;
    switch (part->naming) {
    case CONFIG_BY_NAME:
        return grants_format(
            view->grants, "%s%s", part->element,
            grants_name(view->grants, (const char *)bytes + part->name_offset, CONFIG_NAME_BYTES));
    case CONFIG_BY_NUMBER:
        return grants_format(view->grants, "%s%u", part->element, index);
    case CONFIG_BY_PEER:
        return grants_format(view->grants, "%s%s", part->element,
                             peer_name(view, pd, bytes + part->name_offset));
    default:
        return part->element;
    }
}

/** "net0.status"; of the whole configuration, "timer"; without a name, that of the row. */
static const char *role_of(const struct row *row, const char *name)
{
    if (name[0] == '\0') {
        return row->element;
    }
    return row->part->naming == CONFIG_NOT_NAMED
               ? name
               : grants_format(row->view->grants, "%s.%s", row->element, name);
}

static void add_value(struct row *row, const char *text)
{
    if (row->value_count < MAX_FIELDS) {
        row->values[row->value_count++] = text;
    }
}

static void read_window(struct row *row, uint64_t address, const char *role)
{
    if (address % PAGE_BYTES != 0) {
        role = grants_format(row->view->grants, "%s+0x%" PRIx64, role, address % PAGE_BYTES);
    }
    if (address != 0) {
        view_add_window(row->view, row->pd, address / PAGE_BYTES * PAGE_BYTES, role);
    }
}

static void read_link(struct row *row, const struct config_field *field)
{
    struct config_link link;
    const char *role = role_of(row, field->name);
    memcpy(&link, row->bytes + field->offset, sizeof link);
    if (link.bytes != 0) {
        read_window(row, link.own, grants_format(row->view->grants, "%s.own", role));
        read_window(row, link.peer, grants_format(row->view->grants, "%s.peer", role));
        view_add_channel_role(row->view, row->pd, link.channel, role);
        add_value(row, grants_format(row->view->grants, "%s_bytes=0x%x",
                                     field->name[0] == '\0' ? "link" : field->name, link.bytes));
    }
}

/** A posted interrupt; the link's own channel is notified where there are none. */
static void read_post(struct row *row, const struct config_field *field, uint64_t id)
{
    for (size_t i = 0; i < row->part->field_count; i++) {
        const struct config_field *link = &row->part->fields[i];
        if (link->kind == CONFIG_LINK &&
            id == number_at(row->bytes + link->offset + offsetof(struct config_link, channel), 4)) {
            return;
        }
    }
    view_add_channel_role(row->view, row->pd, (uint32_t)id, role_of(row, field->name));
}

static const char *choice(struct view *view, const char *choices, uint64_t value)
{
    const char *at = choices;
    for (uint64_t i = 0; i < value && at != NULL; i++) {
        at = strchr(at, ' ');
        at = at == NULL ? NULL : at + 1;
    }
    return at == NULL ? grants_format(view->grants, "%" PRIu64, value)
                      : grants_format(view->grants, "%.*s", (int)strcspn(at, " "), at);
}

/** The name of row `index` of the part `element`. */
static const char *index_name(const struct row *row, const char *element, uint64_t index)
{
    for (size_t i = 0; i < row->config->part_count; i++) {
        const struct config_part *part = &row->config->parts[i];
        if (strcmp(part->element, element) == 0 && index < row_count(part, row->data)) {
            return name_row(row->view, row->pd, part, row->data, (uint32_t)index) + strlen(element);
        }
    }
    return "nobody";
}

static void read_allow(const struct row *row, uint64_t bits)
{
    for (uint32_t i = 0; i < 32; i++) {
        if ((bits >> i & 1) != 0) {
            grants_add(row->view->grants, "allow %s %s -> %s", row->view->pds[row->pd].name,
                       row->element + strlen(row->part->element), index_name(row, row->part->element, i));
        }
    }
}

static void read_mirror(const struct row *row, uint64_t bits)
{
    for (uint32_t i = 0; i < 32; i++) {
        if ((bits >> i & 1) != 0) {
            grants_add(row->view->grants, "mirror %s %s -> %s", row->view->pds[row->pd].name,
                       index_name(row, row->part->element, i), row->element + strlen(row->part->element));
        }
    }
}

static void read_value(struct row *row, const struct config_field *field, const uint8_t *at, uint64_t value)
{
    struct grants *grants = row->view->grants;
    if (field->kind == CONFIG_INDEX) {
        add_value(row, grants_format(grants, "%s=%s", field->name, index_name(row, field->choices, value)));
    } else if (field->kind == CONFIG_TEXT) {
        if (at[0] != '\0') {
            add_value(row, grants_format(grants, "%s=%s", field->name,
                                         grants_name(grants, (const char *)at, field->bytes)));
        }
    } else if (field->kind == CONFIG_MAC) {
        add_value(row, grants_format(grants, "%s=%02x:%02x:%02x:%02x:%02x:%02x", field->name, at[0], at[1],
                                     at[2], at[3], at[4], at[5]));
    } else if (value != 0) {
        add_value(
            row, field->kind == CONFIG_DECIMAL ? grants_format(grants, "%s=%" PRIu64, field->name, value)
                 : field->kind == CONFIG_HEX
                     ? grants_format(grants, "%s=0x%" PRIx64, field->name, value)
                     : grants_format(grants, "%s=%s", field->name, choice(row->view, field->choices, value)));
    }
}

static void read_field(struct row *row, const struct config_field *field)
{
    const uint8_t *at = row->bytes + field->offset;
    uint64_t value = number_at(at, field->bytes);
    switch (field->kind) {
    case CONFIG_CHANNEL:
        if (field->valid == 0 || number_at(row->bytes + field->valid, 4) != 0) {
            view_add_channel_role(row->view, row->pd, (uint32_t)value, role_of(row, field->name));
        }
        break;
    case CONFIG_POST:
        read_post(row, field, value);
        break;
    case CONFIG_CHILD:
        if (value < SYSDESC_MAX_CHANNELS) {
            const char **roles = &row->view->pds[row->pd].child_roles[value];
            *roles = grants_join(row->view->grants, *roles, role_of(row, field->name));
        }
        break;
    case CONFIG_WINDOW:
        read_window(row, value, role_of(row, field->name));
        break;
    case CONFIG_LINK:
        read_link(row, field);
        break;
    case CONFIG_ALLOW:
        read_allow(row, value);
        break;
    case CONFIG_MIRROR:
        read_mirror(row, value);
        break;
    case CONFIG_OTHER:
        break;
    default:
        read_value(row, field, at, value);
        break;
    }
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_config_line(struct row *row)
{
    const char *text =
        grants_format(row->view->grants, "config %s %s:", row->view->pds[row->pd].name, row->element);
    qsort(row->values, row->value_count, sizeof *row->values, compare_texts);
    for (size_t i = 0; i < row->value_count; i++) {
        text = grants_format(row->view->grants, "%s %s", text, row->values[i]);
    }
    grants_add(row->view->grants, "%s", text);
}

/** The ports of a virtio console, which are rows inside a row. */
static void read_console_ports(struct row *row)
{
    static const struct config_field fields[] = {{"", offsetof(struct vmm_console_port_config, link),
                                                  sizeof(struct config_link), CONFIG_LINK, NULL, 0, 0}};
    static const struct config_part part = {
        .element = "hvc.", .naming = CONFIG_BY_NAME, .fields = fields, .field_count = 1};
    uint64_t count = number_at(row->bytes + offsetof(struct vmm_device_config, u.console.port_count), 4);
    for (uint32_t i = 0; i < count && i < VMM_CONFIG_MAX_CONSOLE_PORTS; i++) {
        const uint8_t *port = row->bytes + offsetof(struct vmm_device_config, u.console.ports) +
                              i * sizeof(struct vmm_console_port_config);
        struct row inner = {row->view,
                            row->pd,
                            row->config,
                            &part,
                            row->data,
                            port,
                            name_row(row->view, row->pd, &part, port, 0),
                            {NULL},
                            0};
        read_link(&inner, &fields[0]);
        add_config_line(&inner);
    }
}

static void read_row(struct row *row)
{
    uint64_t first_word = number_at(row->bytes, 4);
    for (size_t i = 0; i < row->part->field_count; i++) {
        if (row->part->fields[i].when == 0 || row->part->fields[i].when == first_word) {
            read_field(row, &row->part->fields[i]);
        }
    }
    if (row->part->field_count > 1) { /* lists of ids have no values */
        add_config_line(row);
    }
    if (strcmp(row->config->section, VMM_CONFIG_SECTION) == 0 && row->part->naming == CONFIG_BY_NAME &&
        first_word == VMM_DEVICE_CONSOLE) {
        read_console_ports(row);
    }
}

void config_read(struct view *view, uint32_t pd, const struct config_struct *config, const uint8_t *data,
                 bool second_pass)
{
    for (size_t i = 0; i < config->part_count; i++) {
        const struct config_part *part = &config->parts[i];
        uint32_t count = row_count(part, data);
        for (uint32_t j = 0; j < count && second_pass == (part->naming == CONFIG_BY_PEER); j++) {
            struct row row = {view,
                              pd,
                              config,
                              part,
                              data,
                              data + part->offset + j * part->stride,
                              name_row(view, pd, part, data, j),
                              {NULL},
                              0};
            read_row(&row);
        }
    }
}

/** The PD of a disk's driver, or the count of PDs. */
static uint32_t driver_of(const struct view *view, uint32_t server, const struct blk_disk_config *disk)
{
    uint32_t id = disk->link.channel;
    if (id >= SYSDESC_MAX_CHANNELS || !view->pds[server].channels[id].is_valid) {
        return view->pd_count;
    }
    id = view->pds[server].channels[id].peer;
    return view->pds[id].config != NULL && view->pds[id].config->magic == BLK_DRIVER_CONFIG_MAGIC
               ? id
               : view->pd_count;
}

/** Region `number` of a driver's disk, which requests of `client` name. */
static void add_region(struct view *view, uint32_t driver, uint32_t number, const char *client)
{
    struct blk_driver_config config;
    if (driver >= view->pd_count || number >= BLK_DRIVER_MAX_REGIONS) {
        grants_add(view->grants, "dma nobody %s: region %u", client, number);
        return;
    }
    memcpy(&config, view->pds[driver].config_data, sizeof config);
    view_add_dma(view, driver, grants_format(view->grants, BLK_DRIVER_REGION_PADDR_SYMBOL "%u", number),
                 grants_format(view->grants, "dma %s %s: 0x%" PRIx64 " ", view->pds[driver].name, client,
                               config.region_bytes[number]));
}

/** What a network card accesses: its driver's memory, and both directions of the link. */
static void add_card(struct view *view, uint32_t driver)
{
    static const struct {
        const char *symbol, *name;
    } regions[] = {{NET_DRIVER_OWN_PADDR_SYMBOL, "own"},
                   {NET_DRIVER_RX_PADDR_SYMBOL, "rx"},
                   {NET_DRIVER_TX_PADDR_SYMBOL, "tx"}};

    for (size_t i = 0; i < sizeof regions / sizeof regions[0]; i++) {
        view_add_dma(view, driver, regions[i].symbol,
                     grants_format(view->grants, "dma %s %s: ", view->pds[driver].name, regions[i].name));
    }
}

void config_read_dma(struct view *view)
{
    struct blk_server_config config;
    for (uint32_t i = 0; i < view->pd_count; i++) {
        const struct view_pd *pd = &view->pds[i];
        if (pd->config != NULL && pd->config->magic == BLK_DRIVER_CONFIG_MAGIC) {
            view_add_dma(view, i, BLK_DRIVER_OWN_PADDR_SYMBOL,
                         grants_format(view->grants, "dma %s own: ", pd->name));
        }
        if (pd->config != NULL && pd->config->magic == NET_DRIVER_CONFIG_MAGIC) {
            add_card(view, i);
        }
        if (pd->config == NULL || pd->config->magic != BLK_SERVER_CONFIG_MAGIC) {
            continue;
        }
        memcpy(&config, pd->config_data, sizeof config);
        for (uint32_t j = 0; j < config.disk_count && j < BLK_SERVER_MAX_DISKS; j++) {
            add_region(view, driver_of(view, i, &config.disks[j]), 0, "scratch");
        }
        for (uint32_t j = 0; j < config.client_count && j < BLK_SERVER_MAX_CLIENTS; j++) {
            const struct blk_client_config *client = &config.clients[j];
            uint32_t driver = client->disk < config.disk_count && client->disk < BLK_SERVER_MAX_DISKS
                                  ? driver_of(view, i, &config.disks[client->disk])
                                  : view->pd_count;
            add_region(
                view, driver, client->region,
                grants_format(view->grants, "client.%s", peer_name(view, i, (const uint8_t *)&client->link)));
        }
    }
}
