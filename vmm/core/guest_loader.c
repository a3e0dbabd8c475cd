/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/core/guest_loader.h"

#include <stdbool.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "vmm/platform.h"

#define IMAGE_MAGIC 0x644d5241u /* "ARM\x64" */
#define IMAGE_FLAG_BIG_ENDIAN 1ull
#define IMAGE_ALIGN 0x200000ull
/* Kernels before 3.17 leave image_size 0 and mean this offset. */
#define IMAGE_OLD_TEXT_OFFSET 0x80000ull
#define PAGE_BYTES 0x1000ull
#define DTB_ALIGN 8u
#define DTB_MAX_BYTES 0x200000ull

/* The first 64 bytes of an arm64 kernel image. */
struct image_header {
    uint32_t code[2];
    uint64_t text_offset; /* from a 2 MiB boundary */
    uint64_t image_size;  /* with its BSS: what has to be free */
    uint64_t flags;
    uint64_t reserved[3];
    uint32_t magic;
    uint32_t reserved2;
};
_Static_assert(sizeof(struct image_header) == 64, "Linux, booting.rst");

/* A part of the guest's RAM that something is loaded into. */
struct placement {
    const char *what;
    const void *from;
    uint64_t gpa;
    uint64_t bytes;    /* to copy */
    uint64_t reserved; /* to keep free of others, at least `bytes` */
};

static enum err refuse(enum err err, const char *what, const char *why)
{
    log_error("%s: %s", what, why);
    return err;
}

static const void *blob_data(const struct config_blob *blob)
{
    return (const void *)(uintptr_t)blob->vaddr;
}

static enum err place_kernel(const struct vmm_config *config, struct placement *kernel)
{
    struct image_header header;

    if (config->kernel.bytes < sizeof header) {
        return refuse(ERR_FORMAT, "kernel", "too short for an arm64 Image");
    }
    memcpy(&header, blob_data(&config->kernel), sizeof header);
    if (header.magic != IMAGE_MAGIC) {
        return refuse(ERR_FORMAT, "kernel", "not an arm64 Image (compressed?)");
    }
    if ((header.flags & IMAGE_FLAG_BIG_ENDIAN) != 0) {
        return refuse(ERR_FORMAT, "kernel", "big-endian");
    }
    if (header.image_size == 0) {
        header.text_offset = IMAGE_OLD_TEXT_OFFSET;
        header.image_size = config->kernel.bytes;
    }
    if (header.text_offset > config->ram_bytes || (header.text_offset & 3) != 0) {
        return refuse(ERR_RANGE, "kernel", "text_offset out of range");
    }
    const uint64_t base = (config->ram_gpa + IMAGE_ALIGN - 1) & ~(IMAGE_ALIGN - 1);
    *kernel = (struct placement){
        .what = "kernel",
        .from = blob_data(&config->kernel),
        .gpa = base + header.text_offset,
        .bytes = config->kernel.bytes,
        .reserved = header.image_size > config->kernel.bytes ? header.image_size : config->kernel.bytes,
    };
    return ERR_OK;
}

/* No kernel of Linux: it goes as it is to where the description says, unless it is in a ROM. */
static void place_firmware(const struct vmm_config *config, const struct guestmem *mem,
                           struct placement *firmware)
{
    *firmware = (struct placement){
        .what = "firmware",
        .from = blob_data(&config->kernel),
        .gpa = config->kernel.bytes != 0 ? config->load_gpa : mem->base,
        .bytes = config->kernel.bytes,
        .reserved = config->kernel.bytes,
    };
}

static enum err check_fits(const struct guestmem *mem, const struct placement *part)
{
    uint8_t *host;

    if (guestmem_translate(mem, gpa_of(part->gpa), part->reserved, &host) != ERR_OK) {
        return refuse(ERR_RANGE, part->what, "does not fit into the guest's RAM");
    }
    return ERR_OK;
}

static bool overlap(const struct placement *a, const struct placement *b)
{
    return a->reserved != 0 && b->reserved != 0 && a->gpa < b->gpa + b->reserved &&
           b->gpa < a->gpa + a->reserved;
}

static enum err check_parts(const struct guestmem *mem, const struct placement *parts, unsigned int count)
{
    for (unsigned int i = 0; i < count; i++) {
        const enum err err = check_fits(mem, &parts[i]);
        if (err != ERR_OK) {
            return err;
        }
        for (unsigned int j = 0; j < i; j++) {
            if (overlap(&parts[i], &parts[j])) {
                log_error("%s: overlaps the %s", parts[i].what, parts[j].what);
                return ERR_SPACE;
            }
        }
    }
    return ERR_OK;
}

enum err guest_loader_load(const struct vmm_config *config, const struct guestmem *mem,
                           struct guest_loader_entry *entry)
{
    struct placement parts[] = {
        {.what = "kernel"},
        {"initrd", blob_data(&config->initrd), config->initrd_gpa, config->initrd.bytes,
         config->initrd.bytes},
        {"device tree", blob_data(&config->dtb), config->dtb_gpa, config->dtb.bytes, config->dtb.bytes},
    };
    const unsigned int count = sizeof parts / sizeof parts[0];

    enum err err = ERR_OK;
    if (config->is_firmware != 0) {
        place_firmware(config, mem, &parts[0]);
    } else {
        err = place_kernel(config, &parts[0]);
    }
    if (err != ERR_OK) {
        return err;
    }
    if (config->initrd.bytes == 0) {
        parts[1].gpa = mem->base;
    } else if (config->initrd_gpa % PAGE_BYTES != 0) {
        return refuse(ERR_ALIGN, "initrd", "not on a page boundary");
    }
    if (config->is_firmware != 0 && config->dtb.bytes == 0) {
        parts[2].gpa = mem->base;
    } else if (config->dtb_gpa % DTB_ALIGN != 0) {
        return refuse(ERR_ALIGN, "device tree", "not on an 8-byte boundary");
    }
    if (config->dtb.bytes > DTB_MAX_BYTES) {
        return refuse(ERR_RANGE, "device tree", "longer than 2 MiB");
    }
    err = check_parts(mem, parts, count);
    if (err != ERR_OK) {
        return err;
    }
    platform_zero(mem->host, mem->bytes);
    for (unsigned int i = 0; i < count; i++) {
        if (parts[i].bytes == 0) {
            continue;
        }
        err = guestmem_write(mem, gpa_of(parts[i].gpa), parts[i].from, parts[i].bytes);
        if (err != ERR_OK) {
            return err;
        }
    }
    /* The guest starts with its caches off; all of RAM, since a dirty zero evicted later would overwrite what
       the guest has stored past the caches. */
    platform_cache_sync_code(mem->host, mem->bytes);
    *entry = (struct guest_loader_entry){.pc = config->is_firmware != 0 ? config->entry_gpa : parts[0].gpa,
                                         .x0 = config->dtb.bytes != 0 ? config->dtb_gpa : 0};
    return ERR_OK;
}
