/* SPDX-License-Identifier: BSD-2-Clause */
/* <serial>: the UART's driver and the multiplexer; <console>: one of the multiplexer's clients. */
#include <string.h>

#include "boards/board.h"
#include "kernel/include/sysdesc.h"
#include "tool/base/suggest.h"
#include "tool/expand/expand.h"

/* Index: struct desc_console.colour. 0: none. The first, "auto", takes one of automatic_colours. */
static const uint32_t colours[] = {0, 0, 31, 32, 33, 34, 35, 36, 37};
static const uint32_t automatic_colours[] = {32, 33, 36, 35, 34, 92, 93, 96, 95, 94};

static void add_driver(struct expand *expand, const struct node *node, struct model_pd *mux)
{
    const struct desc_serial *desc = node->fields;
    const struct board *board = expand->model->board;
    struct model_pd *pd = expand_add_pd(expand, desc->driver_name, node->loc, &desc->driver);
    struct model_mr *registers = model_add_mr(expand->model, board->uart.name, node->loc);
    struct uart_config config = {0};

    registers->kind = MODEL_MR_DEVICE;
    registers->size_bytes = board->uart.bytes;
    registers->has_phys_addr = true;
    registers->phys_addr = board->uart.base;
    config.registers = expand_free_vaddr(pd, EXPAND_SMALL_BASE, registers->size_bytes, MODEL_PAGE_BYTES);
    model_add_pd_map(pd, registers, config.registers, MODEL_READ | MODEL_WRITE)->cached = false;
    if (!expand_channel_id(expand, pd, node->loc, &config.irq_channel)) {
        return;
    }
    config.kind = board->uart_kind;
    (void)model_add_irq(pd, board->uart_irq, config.irq_channel);
    if (!expand_link(expand, node, pd, mux, desc->ring_bytes, &config.link, &expand->serial_config.driver)) {
        return;
    }
    pd->behind = mux;
    expand_config_header(&config.header, UART_CONFIG_MAGIC, UART_CONFIG_VERSION, sizeof(config));
    (void)model_add_config(pd, UART_CONFIG_SECTION, &config, sizeof(config));
}

static void add_klog(struct expand *expand, const struct node *node, struct model_pd *mux)
{
    struct model_mr *klog;

    if (!expand_channel_id(expand, mux, node->loc, &mux->klog_channel)) {
        return;
    }
    klog = model_add_mr(expand->model, "klog", node->loc);
    klog->kind = MODEL_MR_KLOG;
    klog->size_bytes = SYSDESC_KLOG_BYTES;
    mux->klog_reader = true;
    expand->serial_config.klog_channel = mux->klog_channel;
    expand->serial_config.klog =
        expand_free_vaddr(mux, EXPAND_SMALL_BASE, klog->size_bytes, MODEL_PAGE_BYTES);
    (void)model_add_pd_map(mux, klog, expand->serial_config.klog, MODEL_READ);
}

void expand_serial(struct expand *expand, const struct node *node)
{
    const struct desc_serial *desc = node->fields;

    expand->serial = expand->serial == NULL ? node : expand->serial;
    if (node->broken || desc->name == NULL || desc->driver_name == NULL) {
        return;
    }
    expand->serial_pd = expand_add_pd(expand, desc->name, node->loc, &desc->mux);
    expand->serial_config.escape = (uint32_t)desc->escape;
    expand->serial_config.flags = desc->colours ? 0 : SERIAL_MUX_NO_COLOURS;
    add_driver(expand, node, expand->serial_pd);
    if (desc->klog && !expand->options->microkit) {
        add_klog(expand, node, expand->serial_pd);
    }
}

/* The index of a new client, or false. */
static bool may_connect(struct expand *expand, const struct node *console)
{
    const struct source_disabled *off = source_find_disabled(expand->source, "serial", NULL);

    if (expand->serial == NULL && off != NULL) {
        diag_warning(expand->diag, console->loc, "<%s>: %sleft out, as <serial> is switched off",
                     console->spec->name, console->spec == &lang_guest ? "debug and control are " : "");
        diag_note(expand->diag, off->loc, "<serial> is here");
        return false;
    }
    if (expand->serial == NULL) {
        diag_error(expand->diag, console->loc,
                   "<%s>: there is no multiplexer to connect it to; add <serial/> to the system",
                   console->spec->name);
        return false;
    }
    if (expand->serial_config.client_count == SERIAL_MUX_MAX_CLIENTS) {
        diag_error(expand->diag, console->loc, "<%s>: the multiplexer takes at most %u consoles",
                   console->spec->name, SERIAL_MUX_MAX_CLIENTS);
        return false;
    }
    return expand->serial_pd != NULL && !console->broken;
}

static uint32_t colour_of(const struct desc_console *desc, uint32_t index)
{
    size_t count = sizeof(automatic_colours) / sizeof(automatic_colours[0]);

    return desc->colour == 0 ? automatic_colours[index % count] : colours[desc->colour];
}

static void check_unique_name(struct expand *expand, const struct node *console, const char *name)
{
    const struct serial_mux_config *config = &expand->serial_config;

    for (uint32_t i = 0; i < config->client_count; i++) {
        if (strcmp(config->clients[i].name, name) == 0) {
            diag_error(expand->diag, node_loc(console, "name"), "<console>: name \"%s\" is taken", name);
            diag_note(expand->diag, expand->consoles[i]->loc, "by this <console>");
        }
    }
}

bool expand_serial_connect(struct expand *expand, const struct node *console, const char *default_name,
                           struct model_pd *vmm, struct config_link *link)
{
    const struct desc_console *desc = console->fields;
    struct serial_mux_config *config = &expand->serial_config;
    const char *name = desc->name == NULL ? default_name : desc->name;

    if (!may_connect(expand, console)) {
        return false;
    }
    check_unique_name(expand, console, name);

    struct serial_mux_client_config *client = &config->clients[config->client_count];

    if (!expand_link(expand, console, vmm, expand->serial_pd, desc->ring_bytes, link, &client->link)) {
        return false;
    }
    if (vmm->vm != NULL) { /* the VMM has a console, too */
        model_add_account(expand->serial_pd, vmm, client->link.channel);
    }
    strncpy(client->name, name, sizeof(client->name) - 1);
    client->colour = colour_of(desc, config->client_count);
    client->flags =
        (desc->overflow != 0 ? SERIAL_MUX_CLIENT_DROP : 0) | (desc->silent ? SERIAL_MUX_CLIENT_SILENT : 0);
    expand->consoles[config->client_count++] = console;
    return true;
}

bool expand_serial_channel(struct expand *expand, const struct node *node, const char *name,
                           struct model_pd *pd, uint32_t ring_bytes, uint32_t flags, struct config_link *link)
{
    struct serial_mux_config *config = &expand->serial_config;

    if (!may_connect(expand, node)) {
        return false;
    }
    check_unique_name(expand, node, name);

    struct serial_mux_client_config *client = &config->clients[config->client_count];

    if (!expand_link(expand, node, pd, expand->serial_pd, ring_bytes, link, &client->link)) {
        return false;
    }
    if (pd->vm != NULL) {
        model_add_account(expand->serial_pd, pd, client->link.channel);
    }
    strncpy(client->name, name, sizeof(client->name) - 1);
    client->flags = SERIAL_MUX_CLIENT_CHANNEL | flags;
    expand->consoles[config->client_count++] = node;
    return true;
}

static void set_focus(struct expand *expand, const char *input)
{
    struct serial_mux_config *config = &expand->serial_config;
    struct suggest suggest;
    char suggestion[SUGGEST_TEXT_BYTES];

    suggest_start(&suggest, input);
    for (uint32_t i = 0; i < config->client_count; i++) {
        if ((config->clients[i].flags & SERIAL_MUX_CLIENT_CHANNEL) != 0) {
            continue;
        }
        if (strcmp(config->clients[i].name, input) == 0) {
            config->focus = i;
            return;
        }
        suggest_offer(&suggest, config->clients[i].name);
    }
    expand_report_unknown(expand, expand->serial, "input", "console", input,
                          suggest_text(&suggest, suggestion));
}

/* The first that can have the input, if there is one. */
static void focus_first(struct serial_mux_config *config)
{
    for (uint32_t i = config->client_count; i > 0; i--) {
        if ((config->clients[i - 1].flags & SERIAL_MUX_CLIENT_CHANNEL) == 0) {
            config->focus = i - 1;
        }
    }
}

void expand_serial_finish(struct expand *expand)
{
    struct serial_mux_config *config = &expand->serial_config;

    if (expand->serial_pd == NULL) {
        return;
    }

    const struct desc_serial *desc = expand->serial->fields;

    if (desc->input != NULL) {
        set_focus(expand, desc->input);
    } else {
        focus_first(config);
    }
    expand_config_header(&config->header, SERIAL_MUX_CONFIG_MAGIC, SERIAL_MUX_CONFIG_VERSION,
                         sizeof(*config));
    (void)model_add_config(expand->serial_pd, SERIAL_MUX_CONFIG_SECTION, config, sizeof(*config));
}
