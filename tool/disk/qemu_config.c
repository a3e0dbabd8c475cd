/* SPDX-License-Identifier: BSD-2-Clause */
/* QEMU's configuration file for a system's disks and network cards. */
#include "tool/disk/qemu_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/base/file.h"
#include "tool/base/mem.h"
#include "tool/disk/disk_image.h"
#include "tool/disk/disk_name.h"

/* An SD card is read-only for nobody: a disk that is gets a copy that ends with the machine. */
static void print_card(FILE *out, const struct model_disk *disk, size_t number, const char *path)
{
    fprintf(out, "\n[drive \"disk%zu\"]\n  if = \"sd\"\n  index = \"%u\"\n  format = \"raw\"\n", number,
            disk->slot);
    fprintf(out, "  file = \"%s\"\n%s", path, disk->readonly ? "  snapshot = \"on\"\n" : "");
}

static void print_disk(FILE *out, const struct model_disk *disk, size_t number, const char *path)
{
    fprintf(out, "\n[drive \"disk%zu\"]\n  if = \"none\"\n  format = \"raw\"\n  discard = \"unmap\"\n",
            number);
    fprintf(out, "  file = \"%s\"\n%s", path, disk->readonly ? "  readonly = \"on\"\n" : "");
    /* A full disk of the host is an error for who writes, and no reason for QEMU to stop the machine. */
    fprintf(out, "\n[device]\n  driver = \"virtio-blk-device\"\n  drive = \"disk%zu\"\n", number);
    fprintf(out, "  werror = \"report\"\n  rerror = \"report\"\n");
    fprintf(out, "  bus = \"virtio-mmio-bus.%u\"\n", disk->slot);
}

static enum err print_disks(FILE *out, const struct model *model, const char *output, struct diag *diag)
{
    enum err result = ERR_OK;

    for (size_t i = 0; i < model->disk_count; i++) {
        char *image = disk_image_path(&model->disks[i], output);
        char *absolute = realpath(image, NULL);
        const char *named = absolute == NULL ? image : absolute;

        if (disk_name_is_possible(named) && model->disks[i].device != NULL) {
            print_card(out, &model->disks[i], i, named);
        } else if (disk_name_is_possible(named)) {
            print_disk(out, &model->disks[i], i, named);
        } else {
            diag_error(
                diag, model->disks[i].loc,
                "<disk>: image %s cannot be named in QEMU's configuration file: it has no quotes and control "
                "characters in paths, and no paths of more than %u bytes",
                named, DISK_NAME_MAX_BYTES);
            result = ERR_IO;
        }
        free(absolute);
        free(image);
    }
    return result;
}

/* The network behind a card. */

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* What a text says behind NAME=, or NULL if it is for another card. */
static const char *backend_for(const char *text, const char *name)
{
    const size_t length = strcspn(text, "=:");

    if (text[length] != '=') {
        return text;
    }
    return strlen(name) == length && strncmp(text, name, length) == 0 ? text + length + 1 : NULL;
}

static const char *choose_backend(const struct model_uplink *uplink, const char *const *uplinks, size_t count)
{
    const char *chosen = "user";

    for (size_t i = 0; i < count; i++) {
        const char *backend = backend_for(uplinks[i], uplink->name);

        chosen = backend == NULL ? chosen : backend;
    }
    return chosen;
}

static bool is_word(const char *text)
{
    return text[0] != '\0' && strlen(text) <= 64 &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz"
                        "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == strlen(text);
}

/* The streams for QEMU's configuration file, and for what belongs on its command line. */
struct qemu_files {
    FILE *config, *arguments;
};

static void print_user(FILE *out, const struct model_uplink *uplink)
{
    fprintf(out, "  type = \"user\"\n  ipv6 = \"off\"\n  net = \"%s\"\n  host = \"%.*s\"\n", uplink->host_ip,
            (int)strcspn(uplink->host_ip, "/"), uplink->host_ip);
    if (uplink->forward_count != 0) {
        fprintf(out, "  hostfwd = \"%s\"\n", uplink->forwards[0]);
    }
}

/* Of several lines of a name QEMU's configuration file keeps the last: several forwarded ports go on its command line. */
static bool needs_arguments(const struct model_uplink *uplink, const char *backend)
{
    return strcmp(backend, "user") == 0 && uplink->forward_count > 1;
}

static void print_arguments(FILE *out, const struct model_uplink *uplink, size_t number)
{
    fprintf(out, "-netdev user,id=uplink%zu,ipv6=off,net=%s,host=%.*s", number, uplink->host_ip,
            (int)strcspn(uplink->host_ip, "/"), uplink->host_ip);
    for (size_t i = 0; i < uplink->forward_count; i++) {
        fprintf(out, ",hostfwd=%s", uplink->forwards[i]);
    }
    fprintf(out, "\n");
}

/* False if there is no such backend. */
static bool print_backend(FILE *out, const struct model_uplink *uplink, const char *backend)
{
    static const char tap[] = "tap:";
    static const char listen[] = "socket:listen:";
    static const char connect[] = "socket:connect:";

    if (strcmp(backend, "user") == 0) {
        print_user(out, uplink);
    } else if (starts_with(backend, tap) && is_word(backend + strlen(tap))) {
        fprintf(out, "  type = \"tap\"\n  ifname = \"%s\"\n  script = \"no\"\n  downscript = \"no\"\n",
                backend + strlen(tap));
    } else if (starts_with(backend, listen) && is_word(backend + strlen(listen))) {
        fprintf(out, "  type = \"socket\"\n  listen = \"127.0.0.1:%s\"\n", backend + strlen(listen));
    } else if (starts_with(backend, connect) && is_word(backend + strlen(connect))) {
        fprintf(out, "  type = \"socket\"\n  connect = \"127.0.0.1:%s\"\n", backend + strlen(connect));
    } else {
        return false;
    }
    return true;
}

static void print_virtio_card(FILE *out, const struct model_uplink *uplink, size_t number, bool has_backend)
{
    fprintf(out, "\n[device]\n  driver = \"virtio-net-device\"\n");
    if (has_backend) {
        fprintf(out, "  netdev = \"uplink%zu\"\n", number);
    }
    fprintf(out, "  mac = \"%02x:%02x:%02x:%02x:%02x:%02x\"\n", uplink->mac[0], uplink->mac[1],
            uplink->mac[2], uplink->mac[3], uplink->mac[4], uplink->mac[5]);
    fprintf(out, "  bus = \"virtio-mmio-bus.%u\"\n", uplink->slot);
}

static enum err print_uplink(const struct qemu_files *files, const struct model_uplink *uplink, size_t number,
                             const char *backend, struct diag *diag)
{
    const bool has_backend = strcmp(backend, "none") != 0;
    const bool in_arguments = needs_arguments(uplink, backend);
    FILE *out = files->config;

    if (in_arguments) {
        print_arguments(files->arguments, uplink, number);
    } else if (has_backend) {
        fprintf(out, "\n[netdev \"uplink%zu\"]\n", number);
    }
    if (has_backend && !in_arguments && !print_backend(out, uplink, backend)) {
        diag_error(diag, uplink->loc,
                   "<uplink>: there is no network \"%s\" to join it to; there are user, tap:INTERFACE, "
                   "socket:listen:PORT, socket:connect:PORT and none",
                   backend);
        return ERR_FORMAT;
    }
    if (uplink->device == NULL) {
        print_virtio_card(out, uplink, number, has_backend);
    }
    return ERR_OK;
}

/* The board's own cards: QEMU gives them out in their order, so that those before one are named, too. */
static void print_board_cards(FILE *out, const struct model *model, const char *const *uplinks, size_t count)
{
    uint32_t end = 0;

    for (size_t i = 0; i < model->uplink_count; i++) {
        const struct model_uplink *uplink = &model->uplinks[i];

        end = uplink->device != NULL && uplink->slot >= end ? uplink->slot + 1 : end;
    }
    for (uint32_t unit = 0; unit < end; unit++) {
        fprintf(out, "\n[net]\n  type = \"nic\"\n");
        for (size_t i = 0; i < model->uplink_count; i++) {
            const struct model_uplink *uplink = &model->uplinks[i];

            if (uplink->device != NULL && uplink->slot == unit &&
                strcmp(choose_backend(uplink, uplinks, count), "none") != 0) {
                fprintf(out, "  netdev = \"uplink%zu\"\n", i);
            }
        }
    }
}

static enum err print_uplinks(const struct qemu_files *files, const struct model *model,
                              const char *const *uplinks, size_t uplink_count, struct diag *diag)
{
    enum err result = ERR_OK;

    for (size_t i = 0; i < model->uplink_count; i++) {
        const struct model_uplink *uplink = &model->uplinks[i];
        const enum err err =
            print_uplink(files, uplink, i, choose_backend(uplink, uplinks, uplink_count), diag);

        result = err == ERR_OK ? result : err;
    }
    print_board_cards(files->config, model, uplinks, uplink_count);
    for (size_t i = 0; i < uplink_count; i++) {
        bool is_used = false;

        for (size_t j = 0; j < model->uplink_count; j++) {
            is_used = is_used || backend_for(uplinks[i], model->uplinks[j].name) != NULL;
        }
        if (!is_used) {
            diag_warning(diag, (struct loc){0}, "--uplink %s: there is no such <uplink>", uplinks[i]);
        }
    }
    return result;
}

/* A file beside `output`. */
static enum err write_beside(const char *output, const char *suffix, const char *text, size_t bytes,
                             struct diag *diag)
{
    const size_t length = strlen(output);
    const bool is_elf = length > 4 && strcmp(output + length - 4, ".elf") == 0;
    char *path = mem_printf("%.*s%s", (int)(is_elf ? length - 4 : length), output, suffix);
    const enum err err = file_write(path, text, bytes, 0666, diag);

    free(path);
    return err;
}

static FILE *open_text(char **text, size_t *bytes)
{
    FILE *out = open_memstream(text, bytes);

    if (out == NULL) {
        abort();
    }
    return out;
}

enum err qemu_config_write(const struct model *model, const char *output, const char *const *uplinks,
                           size_t uplink_count, struct diag *diag)
{
    char *config = NULL, *arguments = NULL;
    size_t config_bytes, argument_bytes;
    const struct qemu_files files = {open_text(&config, &config_bytes),
                                     open_text(&arguments, &argument_bytes)};

    fprintf(files.config, "# qemu-config file: the devices of %s, for -readconfig\n", model->name);
    /* The drivers speak virtio 1 only, and not every command line asks for it. */
    fprintf(files.config,
            "\n[global]\n  driver = \"virtio-mmio\"\n  property = \"force-legacy\"\n  value = \"off\"\n");
    enum err err = print_disks(files.config, model, output, diag);
    const enum err uplink_err = print_uplinks(&files, model, uplinks, uplink_count, diag);
    err = err == ERR_OK ? uplink_err : err;
    fclose(files.config);
    fclose(files.arguments);
    if (err == ERR_OK) {
        err = write_beside(output, ".qemu", config, config_bytes, diag);
    }
    if (err == ERR_OK) {
        err = write_beside(output, ".qemu_arguments", arguments, argument_bytes, diag);
    }
    free(config);
    free(arguments);
    return err;
}
