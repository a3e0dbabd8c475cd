/* SPDX-License-Identifier: BSD-2-Clause */
/* <firmware>: what a guest runs first that is no Linux kernel: in its RAM, or as a ROM beside it. */
#include <stdlib.h>
#include <string.h>

#include "tool/base/firmware_file.h"
#include "tool/base/mem.h"
#include "tool/expand/expand_guest.h"
#include "tool/fdt/fdt_guest_check.h"
#include "tool/model/guest_machine.h"

#define FIRMWARE_FILE "firmware.bin"

static bool is_in_ram(const struct vmm_config *config, uint64_t gpa)
{
    return gpa >= config->ram_gpa && gpa - config->ram_gpa < config->ram_bytes;
}

/* Where it goes and is entered. False after an error was reported. */
static bool place(struct expand *expand, struct expand_guest *guest, const struct node *node,
                  struct firmware_file *file)
{
    const struct desc_firmware *desc = node->fields;
    struct vmm_config *config = &guest->config;

    if (file->is_elf && node_has(node, "address")) {
        diag_error(expand->diag, node_loc(node, "address"),
                   "<firmware>: address: an ELF file says itself where it goes: 0x%llx",
                   (unsigned long long)file->base);
        return false;
    }
    if (!file->is_elf) {
        file->base = node_has(node, "address") ? desc->address : config->ram_gpa + GUEST_MACHINE_DTB_BYTES;
        file->entry = file->base;
    }
    if (file->entry % 4 != 0 || file->entry < file->base || file->entry - file->base >= file->bytes) {
        diag_error(expand->diag, node_loc(node, "image"),
                   "<firmware>: its entry point 0x%llx is no instruction of it (0x%llx to 0x%llx)",
                   (unsigned long long)file->entry, (unsigned long long)file->base,
                   (unsigned long long)(file->base + file->bytes - 1));
        return false;
    }
    config->load_gpa = file->base;
    config->entry_gpa = file->entry;
    return true;
}

/* Loaded by the VMM at each start: apart from the device tree, and within RAM. */
static void put_into_ram(struct expand *expand, struct expand_guest *guest, const struct node *node,
                         const struct firmware_file *file, struct model_mr *mr)
{
    struct vmm_config *config = &guest->config;
    const uint64_t dtb_end = config->ram_gpa + (guest->has_dtb ? GUEST_MACHINE_DTB_BYTES : 0);

    if (file->mem_bytes > config->ram_bytes - (file->base - config->ram_gpa)) {
        diag_error(expand->diag, node_loc(node, "image"),
                   "<firmware>: 0x%llx bytes at 0x%llx reach beyond the guest's RAM, which ends at 0x%llx",
                   (unsigned long long)file->mem_bytes, (unsigned long long)file->base,
                   (unsigned long long)(config->ram_gpa + config->ram_bytes));
        return;
    }
    if (file->base < dtb_end) {
        diag_error(expand->diag, node_loc(node, "image"),
                   "<firmware>: at 0x%llx it lies where the device tree goes (0x%llx to 0x%llx); "
                   "device_tree=\"false\" leaves that out",
                   (unsigned long long)file->base, (unsigned long long)config->ram_gpa,
                   (unsigned long long)(dtb_end - 1));
        if (file->is_elf) {
            diag_note(
                expand->diag, node_loc(node, "image"),
                "linkers put an ELF file's own headers in front of the program, which `-Wl,-n` leaves out");
        }
        return;
    }
    config->kernel = expand_image_map(guest->vmm, mr);
    config->kernel.bytes = file->bytes;
    expand_reserved_check_firmware(expand, guest, file->base, file->mem_bytes);
}

/* Memory that nobody writes, beside RAM: the guest runs it where it lies. */
static void put_into_rom(struct expand *expand, struct expand_guest *guest, const struct node *node,
                         const struct firmware_file *file, struct model_mr *mr)
{
    struct model_map *map;

    if (file->is_elf) {
        diag_error(expand->diag, node_loc(node, "image"),
                   "<firmware>: an ELF file for 0x%llx, which is not in the guest's RAM (0x%llx to 0x%llx); "
                   "link it for "
                   "that",
                   (unsigned long long)file->base, (unsigned long long)guest->config.ram_gpa,
                   (unsigned long long)(guest->config.ram_gpa + guest->config.ram_bytes - 1));
        return;
    }
    if (file->base % MODEL_PAGE_BYTES != 0) {
        diag_error(expand->diag, node_loc(node, "address"),
                   "<firmware>: 0x%llx is not in the guest's RAM, and for a ROM not a multiple of 4 KiB",
                   (unsigned long long)file->base);
        return;
    }
    map = model_add_vm_map(guest->vm, mr, file->base, MODEL_READ | MODEL_EXECUTE);
    map->loc = node->loc;
    guest->config.rom_bytes = (uint32_t)mr->size_bytes;
    guest->fdt.rom = (struct fdt_range){file->base, mr->size_bytes};
}

/* A raw file is shared by all guests that name it, as kernels are; an ELF file is taken apart. */
static struct model_mr *make_region(struct expand *expand, const struct expand_guest *guest,
                                    const struct node *node, const struct firmware_file *file)
{
    const struct desc_firmware *desc = node->fields;

    if (!file->is_elf) {
        return expand_image_file(expand, node, "image", desc->image, FIRMWARE_FILE);
    }

    char *stem = mem_printf("%s_firmware", guest->desc->name);
    char *name = expand_unique_mr_name(expand, stem);
    struct model_mr *mr = expand_image_blob(expand, name, node->loc, file->data, file->bytes);

    free(name);
    free(stem);
    return mr;
}

static void add_image(struct expand *expand, struct expand_guest *guest, const struct node *node)
{
    const struct desc_firmware *desc = node->fields;
    struct firmware_file file;
    uint64_t bytes;
    char *path = expand_image_find(expand, node, "image", desc->image, FIRMWARE_FILE, &bytes);

    if (path == NULL) {
        return;
    }
    if (firmware_file_read(path, guest->config.ram_bytes, node_loc(node, "image"), expand->diag, &file) ==
            ERR_OK &&
        place(expand, guest, node, &file)) {
        struct model_mr *mr = make_region(expand, guest, node, &file);

        if (mr == NULL) {
            /* reported */
        } else if (is_in_ram(&guest->config, file.base)) {
            put_into_ram(expand, guest, node, &file, mr);
        } else {
            put_into_rom(expand, guest, node, &file, mr);
        }
    }
    firmware_file_free(&file);
    free(path);
}

/* What a device tree would have said: that RAM and devices are apart. The ROM is a map, and checked as such.
 */
static void check_ram(struct expand *expand, const struct expand_guest *guest)
{
    struct fdt_guest fdt = guest->fdt;
    struct fdt_error error;

    fdt.rom.bytes = 0;
    if (fdt_guest_check(&fdt, &error) != ERR_OK) {
        diag_error(expand->diag, guest->node->loc, "<guest>: %s", error.text);
    }
}

void expand_firmware(struct expand *expand, struct expand_guest *guest)
{
    const struct node *node = node_first(guest->node, &lang_firmware);

    if (node == NULL || node->broken || guest->config.ram_bytes == 0) {
        return;
    }

    const struct desc_firmware *desc = node->fields;

    if (guest->config.ram_bytes < 2 * GUEST_MACHINE_DTB_BYTES) {
        diag_error(expand->diag, node_loc(guest->node, "ram"),
                   "<guest>: ram: with <firmware> it is 4M at least");
        return;
    }
    guest->config.is_firmware = 1;
    guest->has_dtb = desc->device_tree;
    add_image(expand, guest, node);
    if (guest->has_dtb) {
        guest->config.dtb_gpa = guest->config.ram_gpa;
        expand_dtb_add(expand, guest, node);
    } else {
        check_ram(expand, guest);
    }
}

void expand_firmware_flash(struct expand *expand, struct expand_guest *guest)
{
    const struct node *node = node_first(guest->node, &lang_firmware);
    const struct desc_firmware *desc = node == NULL ? NULL : node->fields;
    struct vmm_device_config *device;

    if (node == NULL || node->broken || !desc->flash) {
        return;
    }
    device = expand_guest_device(expand, guest, node);
    if (device == NULL) {
        return;
    }
    device->kind = VMM_DEVICE_FLASH;
    strncpy(device->name, "flash", sizeof(device->name) - 1);
    device->gpa = GUEST_MACHINE_FLASH_GPA;
    device->bytes = GUEST_MACHINE_FLASH_BYTES;
    expand_register_window(expand, node, guest->vmm, device, GUEST_MACHINE_FLASH_BYTES);
    guest->fdt.flash = (struct fdt_range){device->gpa, device->bytes};
    guest->config.device_count++;
}
