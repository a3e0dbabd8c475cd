/* SPDX-License-Identifier: BSD-2-Clause */
/* <console>: a guest's terminal, and its <port>s. */
#include <stdlib.h>
#include <string.h>

#include "tool/base/mem.h"
#include "tool/expand/expand_guest.h"
#include "tool/model/guest_machine.h"

/* A UART on `link`. */
static void add_pl011(struct expand *expand, struct expand_guest *guest, const struct node *node,
                      const struct config_link *link)
{
    struct vmm_device_config *device = expand_guest_device(expand, guest, node);

    if (device == NULL) {
        return;
    }
    device->kind = VMM_DEVICE_PL011;
    device->link = *link;
    strncpy(device->name, "console", sizeof(device->name) - 1);
    device->gpa = GUEST_MACHINE_PL011_GPA;
    device->bytes = GUEST_MACHINE_PL011_BYTES;
    device->virq = GUEST_MACHINE_PL011_INTID;
    guest->config.device_count++;
    guest->fdt.pl011 = (struct fdt_device){.window = {device->gpa, device->bytes}, .intid = device->virq};
    guest->uart_gpa = device->gpa;
}

/* Whether the console has a <port> of that name before `node`; that is reported. */
static bool is_taken(struct expand *expand, const struct node *console, const struct node *node)
{
    const struct desc_port *desc = node->fields;

    for (size_t i = 0; console->children[i] != node; i++) {
        const struct desc_port *other = console->children[i]->fields;

        if (other->name != NULL && strcmp(other->name, desc->name) == 0) {
            diag_error(expand->diag, node_loc(node, "name"), "<port>: this guest has a port \"%s\" already",
                       desc->name);
            diag_note(expand->diag, node_loc(console->children[i], "name"), "this one");
            return true;
        }
    }
    return false;
}

static void add_port(struct expand *expand, struct expand_guest *guest, const struct node *console,
                     const struct node *node, struct vmm_console_config *config)
{
    const struct desc_port *desc = node->fields;
    struct vmm_console_port_config *port = &config->ports[config->port_count];

    if (node->broken || desc->name == NULL || config->port_count == VMM_CONFIG_MAX_CONSOLE_PORTS ||
        is_taken(expand, console, node)) {
        return;
    }
    char *label = mem_printf("%s_%s", guest->desc->name, desc->name);

    if (expand_serial_connect(expand, node, label, guest->vmm, &port->link)) {
        strncpy(port->name, desc->name, sizeof(port->name) - 1);
        expand->serial_config.clients[expand->serial_config.client_count - 1].flags |= SERIAL_MUX_CLIENT_PORT;
        config->port_count++;
    }
    free(label);
}

static void add_virtio(struct expand *expand, struct expand_guest *guest, const struct node *node,
                       const struct config_link *link)
{
    const struct desc_console *desc = node->fields;
    struct vmm_device_config *device = expand_guest_device(expand, guest, node);

    if (device == NULL) {
        return;
    }
    device->kind = VMM_DEVICE_CONSOLE;
    device->link = *link;
    device->u.console.cols = (uint16_t)desc->cols;
    device->u.console.rows = (uint16_t)desc->rows;
    strncpy(device->name, "hvc", sizeof(device->name) - 1);
    for (size_t i = 0; i < node->child_count; i++) {
        add_port(expand, guest, node, node->children[i], &device->u.console);
    }
    expand_guest_place_virtio(guest, &desc->transport, device);
    guest->has_hvc = true;
}

void expand_console(struct expand *expand, struct expand_guest *guest, const struct node *node)
{
    const struct desc_console *desc = node->fields;
    struct config_link link;

    if (!expand_serial_connect(expand, node, guest->desc->name, guest->vmm, &link)) {
        return;
    }
    if (desc->type == DESC_CONSOLE_VIRTIO) {
        /* First, so that the VMM finds its link when it comes to the UART's row. */
        add_virtio(expand, guest, node, &link);
    } else if (node->child_count > 0) {
        diag_error(expand->diag, node->children[0]->loc,
                   "<port>: a PL011 has no ports; write <console type=\"virtio\">");
    }
    add_pl011(expand, guest, node, &link);
}
