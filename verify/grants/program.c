/* SPDX-License-Identifier: BSD-2-Clause */
/* Holds the programs of an image against those it was made from. */
#include "verify/grants/program.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verify/grants/config.h"

#define PAGE_BYTES FACTS_PAGE_BYTES
#define FILE_MAX_BYTES (256u << 20)
#define PATH_BYTES 4096u
#define MAX_PATCHES 256u

/** Bytes that may differ. */
struct patch {
    uint64_t address, bytes;
};

/** The PD whose memory is being compared. */
struct context {
    const struct view *view;
    const struct facts *facts;
    const struct walk *walk;
    struct findings *findings;
    uint32_t pd;
    struct patch patches[MAX_PATCHES];
    size_t patch_count;
};

uint8_t *program_read_file(const char *path, size_t *bytes, struct findings *findings)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    long size = -1;
    if (file != NULL && fseek(file, 0, SEEK_END) == 0) {
        size = ftell(file);
        rewind(file);
    }
    if (size > 0 && size <= (long)FILE_MAX_BYTES) {
        data = malloc((size_t)size);
    }
    if (data != NULL && fread(data, 1, (size_t)size, file) != (size_t)size) {
        free(data);
        data = NULL;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    if (data == NULL) {
        (void)!findings_malformed(findings, "%s cannot be read: %s", path,
                                  errno != 0 ? strerror(errno) : "it is empty or too large");
    }
    *bytes = data == NULL ? 0 : (size_t)size;
    return data;
}

/** Open the program `name`, looked for like the composer does: as it stands if absolute, else in the folders.
 */
static enum err open_program(const char *name, const struct program_places *places, uint8_t **file,
                             struct elf64 *elf, struct findings *findings)
{
    char path[PATH_BYTES];
    size_t bytes;
    for (size_t i = 0; i < places->dir_count || (i == 0 && name[0] == '/'); i++) {
        FILE *found;
        (void)snprintf(path, sizeof path, "%s%s%s", name[0] == '/' ? "" : places->dirs[i],
                       name[0] == '/' ? "" : "/", name);
        found = fopen(path, "rb");
        if (found == NULL) {
            continue;
        }
        (void)fclose(found);
        *file = program_read_file(path, &bytes, findings);
        return *file == NULL ? ERR_FORMAT : elf64_open(elf, *file, bytes, findings);
    }
    return findings_malformed(findings, "program %s is in none of the folders given by --pd-dir", name);
}

enum err program_load(struct view *view, const struct grants_policy *policy,
                      const struct program_places *places, struct findings *findings)
{
    for (uint32_t i = 0; i < view->pd_count; i++) {
        struct view_program *program = &view->pds[i].program;
        const char *key = grants_format(view->grants, "program %s", view->pds[i].name);
        const char *said = grants_policy_value(policy, key);
        const char *symbols = said == NULL ? NULL : strstr(said, " symbols ");
        enum err err;
        if (said == NULL) {
            continue; /* a violation, when it comes to comparing */
        }
        grants_add(view->grants, "%s: %s", key, said);
        err = open_program(grants_format(view->grants, "%.*s",
                                         (int)(symbols == NULL ? strlen(said) : (size_t)(symbols - said)),
                                         said),
                           places, &program->file, &program->elf, findings);
        if (err == ERR_OK && symbols != NULL) {
            err = open_program(symbols + strlen(" symbols "), places, &program->symbols_file,
                               &program->symbols, findings);
        }
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}

static struct elf64_object find_symbol(const struct view_program *program, const char *name)
{
    return elf64_symbol(program->symbols.file != NULL ? &program->symbols : &program->elf, name);
}

bool program_variable(const struct view *view, uint32_t pd, const char *symbol, uint64_t *address)
{
    struct elf64_object object = {0, 0, NULL};
    if (view->pds[pd].program.elf.file != NULL) {
        object = find_symbol(&view->pds[pd].program, symbol);
    }
    *address = object.address;
    return object.address != 0 && (object.bytes == 8 || object.bytes == 0);
}

bool program_copy(const struct facts *facts, const struct walk *walk, uint32_t pd, uint64_t address,
                  void *out, uint64_t bytes)
{
    uint8_t *to = out;
    while (bytes > 0) {
        const struct walk_map *map = walk_find(walk, facts_domain_of_pd(pd), address);
        uint64_t part = PAGE_BYTES - address % PAGE_BYTES;
        part = part < bytes ? part : bytes;
        if (map == NULL || !elf64_copy(facts->elf, map->phys + (address - map->address), to, part)) {
            return false;
        }
        address += part;
        to += part;
        bytes -= part;
    }
    return true;
}

static void add_patch(struct context *context, uint64_t address, uint64_t bytes)
{
    if (bytes > 0 && context->patch_count < MAX_PATCHES) {
        context->patches[context->patch_count++] = (struct patch){address, bytes};
    }
}

static bool may_differ(const struct context *context, uint64_t address)
{
    for (size_t i = 0; i < context->patch_count; i++) {
        if (address >= context->patches[i].address &&
            address - context->patches[i].address < context->patches[i].bytes) {
            return true;
        }
    }
    return false;
}

/** libmicrokit's variable `name` has to be `value`, if the program has it. */
static void check_library(struct context *context, const char *name, const void *value, uint64_t bytes)
{
    struct elf64_object object = find_symbol(&context->view->pds[context->pd].program, name);
    uint8_t found[64];
    if (object.bytes == 0) {
        return;
    }
    add_patch(context, object.address, bytes);
    if (object.bytes != bytes ||
        !program_copy(context->facts, context->walk, context->pd, object.address, found, bytes) ||
        memcmp(found, value, bytes) != 0) {
        findings_add(context->findings, RULE_LIBRARY, context->view->pds[context->pd].name, object.address,
                     name, "is not what the descriptor says of this protection domain");
    }
}

static void check_libmicrokit(struct context *context)
{
    const struct sysdesc_pd *row = &context->facts->pds[context->pd];
    char name[SYSDESC_NAME_BYTES];
    uint8_t passive = (row->flags & SYSDESC_PD_PASSIVE) != 0;
    uint64_t irqs = 0;
    uint64_t notifications = 0;
    uint64_t pps = 0;
    memcpy(name, row->name, sizeof name);
    for (uint32_t id = 0; id < SYSDESC_MAX_CHANNELS; id++) {
        unsigned int kind = row->channels[id].kind;
        irqs |= (kind & SYSDESC_CHANNEL_IRQ) != 0 ? 1ull << id : 0;
        notifications |= (kind & SYSDESC_CHANNEL_NOTIFY) != 0 ? 1ull << id : 0;
        pps |= (kind & SYSDESC_CHANNEL_PPC) != 0 ? 1ull << id : 0;
    }
    check_library(context, "microkit_name", name, sizeof name);
    check_library(context, "microkit_passive", &passive, sizeof passive);
    check_library(context, "microkit_irqs", &irqs, sizeof irqs);
    check_library(context, "microkit_notifications", &notifications, sizeof notifications);
    check_library(context, "microkit_pps", &pps, sizeof pps);
}

/** What may be written into the program: its configuration, and the variables that are compared by
 * themselves. */
static void list_patches(struct context *context, const struct grants_policy *policy)
{
    const struct view_pd *pd = &context->view->pds[context->pd];
    char prefix[SYSDESC_NAME_BYTES + 16];
    size_t index = 0;
    const char *line;
    uint64_t address;
    const struct config_struct *config = config_find(&pd->program.elf, &address);
    if (config != NULL) {
        add_patch(context, address, config->bytes);
    }
    for (size_t i = 0; i < context->view->dma_count; i++) {
        const struct view_dma *dma = &context->view->dmas[i];
        if (dma->pd == context->pd && program_variable(context->view, dma->pd, dma->symbol, &address)) {
            add_patch(context, address, 8);
        }
    }
    (void)snprintf(prefix, sizeof prefix, "variable %s ", pd->name);
    while ((line = grants_policy_next(policy, prefix, &index)) != NULL) {
        char symbol[256];
        (void)snprintf(symbol, sizeof symbol, "%.*s", (int)strcspn(line + strlen(prefix), ":"),
                       line + strlen(prefix));
        if (program_variable(context->view, context->pd, symbol, &address)) {
            add_patch(context, address, 8);
        }
    }
}

/** A segment's flags as permissions of a mapping. */
static uint32_t perms_of(uint32_t flags)
{
    return INTENT_READ | ((flags & ELF64_WRITE) != 0 ? INTENT_WRITE : 0u) |
           ((flags & ELF64_EXECUTE) != 0 ? INTENT_EXECUTE : 0u);
}

/** Whether a page is as it was built, except where it may differ; the first byte that isn't is reported. */
static bool compare_page(struct context *context, uint64_t address, const uint8_t *built,
                         const uint8_t *found)
{
    const struct view_pd *pd = &context->view->pds[context->pd];
    if (memcmp(built, found, PAGE_BYTES) == 0) {
        return true;
    }
    for (uint32_t i = 0; i < PAGE_BYTES; i++) {
        if (built[i] != found[i] && !may_differ(context, address + i)) {
            findings_add(context->findings, RULE_PROGRAM_IMAGE, pd->name, address + i, "own memory",
                         "is 0x%02x, in its program 0x%02x", found[i], built[i]);
            return false;
        }
    }
    return true;
}

/** One page of a program. False if it differs, of which one report a segment is enough. */
static bool check_page(struct context *context, const struct elf64_segment *segment, uint64_t address)
{
    const struct walk_map *first = walk_find(context->walk, facts_domain_of_pd(context->pd), segment->phys);
    const struct view_pd *pd = &context->view->pds[context->pd];
    const struct walk_map *map = walk_find(context->walk, facts_domain_of_pd(context->pd), address);
    uint8_t built[PAGE_BYTES];
    uint8_t found[PAGE_BYTES];
    if (map == NULL || first == NULL || map->perms != perms_of(segment->flags) || map->device ||
        map->uncached || map->phys + (address - map->address) != first->phys + (address - first->address)) {
        findings_add(context->findings, RULE_PROGRAM_IMAGE, pd->name, address, "own memory",
                     "is not mapped as its program's segment is");
        return false;
    }
    if (!elf64_copy(&pd->program.elf, address, built, PAGE_BYTES) ||
        !elf64_copy(context->facts->elf, map->phys + (address - map->address), found, PAGE_BYTES)) {
        findings_add(context->findings, RULE_PROGRAM_IMAGE, pd->name, address, "own memory",
                     "is not in the image although its program has it");
        return false;
    }
    return compare_page(context, address, built, found);
}

/** Whether a mapping of a PD is its program's, its stack or its IPC buffer; regions are compared elsewhere.
 */
static void check_own_map(struct context *context, const struct walk_map *map)
{
    const struct view_pd *pd = &context->view->pds[context->pd];
    for (uint64_t at = 0; at < map->bytes;) {
        const struct intent_region *region = facts_region_from(context->facts, map->phys + at);
        const struct elf64_segment *segment =
            elf64_segment_at(&pd->program.elf, map->address + at, PAGE_BYTES);
        if (region != NULL && region->phys <= map->phys + at) {
            at = region->phys + region->size_bytes - map->phys;
        } else if (segment != NULL) {
            at = segment->phys + segment->bytes - map->address;
        } else if (map->address + map->bytes == SYSDESC_PD_STACK_TOP ||
                   map->address + at == SYSDESC_PD_IPC_BUFFER) {
            return;
        } else {
            findings_add(context->findings, RULE_PROGRAM_IMAGE, pd->name, map->address + at, "memory",
                         "is mapped (physical 0x%" PRIx64 "), but neither its program's nor a region",
                         map->phys + at);
            return;
        }
    }
}

void program_check(const struct view *view, const struct facts *facts, const struct walk *walk,
                   const struct grants_policy *policy, struct findings *findings)
{
    for (uint32_t i = 0; i < view->pd_count; i++) {
        const struct elf64 *elf = &view->pds[i].program.elf;
        struct context context = {.view = view, .facts = facts, .walk = walk, .findings = findings, .pd = i};
        if (elf->file == NULL) {
            continue;
        }
        list_patches(&context, policy);
        check_libmicrokit(&context);
        if (facts->pds[i].entry != elf->entry) {
            findings_add(findings, RULE_PROGRAM_IMAGE, view->pds[i].name, facts->pds[i].entry, "entry",
                         "its program starts at 0x%" PRIx64, elf->entry);
        }
        for (size_t j = 0; j < elf->segment_count; j++) {
            bool fine = true;
            for (uint64_t at = 0; fine && at < elf->segments[j].bytes; at += PAGE_BYTES) {
                fine = check_page(&context, &elf->segments[j], elf->segments[j].phys + at);
            }
        }
        for (size_t j = 0; j < walk->map_count; j++) {
            if (walk->maps[j].domain == facts_domain_of_pd(i)) {
                check_own_map(&context, &walk->maps[j]);
            }
        }
    }
}

void program_check_emitted(const struct view *view, const struct grants_policy *policy,
                           struct findings *findings)
{
    for (uint32_t i = 0; i < view->pd_count; i++) {
        const struct elf64 *elf = &view->pds[i].program.elf;
        const struct elf64 *patched = view->pds[i].patched;
        struct context context = {.view = view, .findings = findings, .pd = i};
        if (elf->file == NULL) {
            continue;
        }
        list_patches(&context, policy);
        if (patched->entry != elf->entry) {
            findings_add(findings, RULE_PROGRAM_IMAGE, view->pds[i].name, patched->entry, "entry",
                         "its program starts at 0x%" PRIx64, elf->entry);
        }
        for (size_t j = 0; j < patched->segment_count; j++) {
            const struct elf64_segment *own = &patched->segments[j];
            if (own->virt != own->data_phys) {
                findings_add(findings, RULE_LOAD_ADDRESS, view->pds[i].name, own->data_phys, "segment",
                             "is linked at 0x%" PRIx64 ", where the SDK's tool puts it", own->virt);
            }
        }
        for (size_t j = 0; j < elf->segment_count; j++) {
            const struct elf64_segment *own =
                elf64_segment_at(patched, elf->segments[j].phys, elf->segments[j].bytes);
            bool fine = own != NULL && own->flags == elf->segments[j].flags;
            if (!fine) {
                findings_add(findings, RULE_PROGRAM_IMAGE, view->pds[i].name, elf->segments[j].phys,
                             "segment", "is another in its program");
            }
            for (uint64_t at = 0; fine && at < elf->segments[j].bytes; at += PAGE_BYTES) {
                uint8_t built[PAGE_BYTES];
                uint8_t found[PAGE_BYTES];
                fine = elf64_copy(elf, elf->segments[j].phys + at, built, PAGE_BYTES) &&
                       elf64_copy(patched, elf->segments[j].phys + at, found, PAGE_BYTES) &&
                       compare_page(&context, elf->segments[j].phys + at, built, found);
            }
        }
    }
}

/** One segment of the kernel: there, mapped for EL2 as it is linked, and the same bytes. */
static void check_kernel_segment(const struct elf64_segment *segment, uint64_t pointer,
                                 const struct facts *facts, const struct walk *walk,
                                 struct findings *findings)
{
    const struct elf64_segment *own = elf64_segment_at(facts->elf, segment->phys, segment->bytes);
    uint32_t perms = perms_of(segment->flags);
    if (own == NULL || own->flags != segment->flags || own->phys != segment->phys ||
        own->bytes != segment->bytes) {
        findings_add(findings, RULE_KERNEL_IMAGE, "kernel", segment->phys, "segment",
                     "the image has another segment there, or none");
        return;
    }
    for (uint64_t at = 0; at < segment->bytes; at += PAGE_BYTES) {
        const struct walk_map *map = walk_find(walk, FACTS_KERNEL, segment->phys + at);
        if (map == NULL || map->perms != perms || map->device) {
            findings_add(findings, RULE_KERNEL_IMAGE, "kernel", segment->phys + at, "segment",
                         "the kernel's own table does not map it as the kernel is linked");
            return;
        }
    }
    for (uint64_t at = 0; at < segment->mem_bytes; at++) {
        uint8_t built = at < segment->file_bytes ? segment->data[at] : 0;
        uint64_t own_at = segment->data_phys + at - own->data_phys;
        uint8_t found =
            segment->data_phys + at >= own->data_phys && own_at < own->file_bytes ? own->data[own_at] : 0;
        if (built != found && segment->data_phys + at - pointer >= 8) {
            findings_add(findings, RULE_KERNEL_IMAGE, "kernel", segment->data_phys + at, "segment",
                         "is 0x%02x, in the kernel 0x%02x", found, built);
            return;
        }
    }
}

static void check_kernel_object(const struct elf64 *kernel, const char *section, const char *symbol,
                                uint64_t address, struct findings *findings)
{
    struct elf64_object object = elf64_section(kernel, section);
    if (object.address == 0) {
        object = elf64_symbol(kernel, symbol);
    }
    if (object.address != address) {
        findings_add(findings, RULE_KERNEL_IMAGE, "kernel", address, section,
                     "is at 0x%" PRIx64 " in the kernel", object.address);
    }
}

/** EL2 maps the kernel's segments, and for reading the tables; nothing else of the image. */
static void check_kernel_map(const struct elf64 *kernel, const struct facts *facts,
                             const struct walk_map *map, struct findings *findings)
{
    for (uint64_t at = 0; at < map->bytes && !map->device;) {
        const struct elf64_segment *segment = elf64_segment_from(kernel, map->phys + at);
        if (segment != NULL && segment->phys <= map->phys + at) {
            at = segment->phys + segment->bytes - map->phys;
            continue;
        }
        if (map->phys + at >= facts->trace.phys && map->phys + at < facts->trace.phys + facts->trace.bytes) {
            at = facts->trace.phys + facts->trace.bytes - map->phys; /* RULE_TRACE */
            continue;
        }
        const struct elf64_segment *own = elf64_segment_from(facts->elf, map->phys + at);
        if ((map->perms & (INTENT_WRITE | INTENT_EXECUTE)) != 0 || own == NULL ||
            own->phys > map->phys + at) {
            findings_add(findings, RULE_KERNEL_IMAGE, "kernel", map->address + at, "memory",
                         "is mapped for more than reading, but no segment of the kernel");
            return;
        }
        uint64_t end = own->phys + own->bytes;
        at = (segment != NULL && segment->phys < end ? segment->phys : end) - map->phys;
    }
}

void program_check_kernel(const struct elf64 *kernel, const struct facts *facts, const struct walk *walk,
                          struct findings *findings)
{
    struct elf64_object pointer = elf64_section(kernel, ".sysdesc_address");
    if (facts->elf->entry != kernel->entry) {
        findings_add(findings, RULE_KERNEL_IMAGE, "kernel", facts->elf->entry, "entry",
                     "the kernel starts at 0x%" PRIx64, kernel->entry);
    }
    if (pointer.bytes != 8) {
        findings_add(findings, RULE_KERNEL_IMAGE, "kernel", pointer.address, ".sysdesc_address",
                     "the kernel has no place for the address of a descriptor");
        return;
    }
    check_kernel_object(kernel, ".sysdesc_address", "sysdesc_address",
                        elf64_section(facts->elf, ".sysdesc_address").address, findings);
    check_kernel_object(kernel, ".ipc_buffers", "ipc_buffers", facts->ipc_buffers.phys, findings);
    check_kernel_object(kernel, ".klog", "klog", facts->klog.phys, findings);
    for (size_t i = 0; i < kernel->segment_count; i++) {
        check_kernel_segment(&kernel->segments[i], pointer.address, facts, walk, findings);
    }
    for (size_t i = 0; i < walk->map_count && walk->maps[i].domain == FACTS_KERNEL; i++) {
        check_kernel_map(kernel, facts, &walk->maps[i], findings);
    }
}
