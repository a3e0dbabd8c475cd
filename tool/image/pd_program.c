/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/image/pd_program.h"

#include <stdlib.h>
#include <string.h>

#include "lib/config/config.h"
#include "tool/base/file.h"
#include "tool/base/mem.h"

/** What a symbol is written for and where: one place to report trouble. */
struct patch {
    struct pd_program *program;
    const struct model_pd *pd;
    struct diag *diag;
};

static enum err find_and_load(struct elf_program *program, const char *name, const struct model_pd *pd,
                              const char *const *dirs, size_t dir_count, struct diag *diag)
{
    char *path = file_find(name, dirs, dir_count);
    enum err err = ERR_IO;

    if (path == NULL) {
        diag_error(diag, pd->loc, "protection domain \"%s\": there is no program image %s", pd->name, name);
        for (size_t i = 0; i < dir_count; i++) {
            diag_note(diag, pd->loc, "looked in %s", dirs[i]);
        }
        return err;
    }
    err = elf_program_load(program, path, pd->loc, diag);
    free(path);
    return err;
}

enum err pd_program_load(struct pd_program *program, const struct model_pd *pd, const char *const *dirs,
                         size_t dir_count, struct diag *diag)
{
    enum err err;

    *program = (struct pd_program){0};
    if (pd->program_image == NULL) {
        diag_error(diag, pd->loc, "protection domain \"%s\" has no program image", pd->name);
        return ERR_IO;
    }
    err = find_and_load(&program->program, pd->program_image, pd, dirs, dir_count, diag);
    if (err == ERR_OK && pd->path_for_symbols != NULL) {
        err = find_and_load(&program->symbols, pd->path_for_symbols, pd, dirs, dir_count, diag);
    }
    if (err != ERR_OK) {
        pd_program_free(program);
    }
    return err;
}

void pd_program_free(struct pd_program *program)
{
    elf_program_free(&program->program);
    elf_program_free(&program->symbols);
}

static enum err config_error(const struct patch *patch, const char *section, const char *what)
{
    diag_error(patch->diag, patch->pd->loc, "protection domain \"%s\": %s: section %s %s", patch->pd->name,
               patch->program->program.path, section, what);
    return ERR_FORMAT;
}

static enum err write_config(const struct patch *patch, const struct model_config *config)
{
    struct elf_program *program = &patch->program->program;
    struct elf_program_range range;
    struct config_header placeholder;
    struct config_header header;
    const uint8_t *present;
    enum err err;

    if (config->bytes < sizeof header) {
        return config_error(patch, config->section, "is to get contents without a header");
    }
    if (!elf_program_find_section(program, config->section, &range)) {
        return config_error(patch, config->section,
                            "does not exist, but the description has a configuration for it");
    }
    present = elf_program_peek(program, range.vaddr, range.bytes);
    if (present == NULL || range.bytes < config->bytes) {
        return config_error(patch, config->section, "is too small for the configuration it is to hold");
    }
    memcpy(&placeholder, present, sizeof placeholder);
    memcpy(&header, config->data, sizeof header);
    if (placeholder.magic != header.magic) {
        return config_error(patch, config->section, "holds another kind of configuration (magic differs)");
    }
    if (placeholder.version != header.version || placeholder.size_bytes != header.size_bytes ||
        header.size_bytes != config->bytes) {
        return config_error(patch, config->section,
                            "was built for another version of its structure: rebuild the program");
    }
    header.flags = (uint16_t)(header.flags | CONFIG_FILLED);
    err = elf_program_write(program, range.vaddr, config->data, config->bytes);
    return err == ERR_OK ? elf_program_write(program, range.vaddr, &header, sizeof header) : err;
}

enum err pd_program_configure(struct pd_program *program, const struct model_pd *pd, struct diag *diag)
{
    const struct patch patch = {.program = program, .pd = pd, .diag = diag};
    enum err err = ERR_OK;

    for (size_t i = 0; i < pd->config_count; i++) {
        enum err problem = write_config(&patch, &pd->configs[i]);

        err = problem != ERR_OK ? problem : err;
    }
    return err;
}

static bool find_symbol(const struct patch *patch, const char *name, struct elf_program_range *range)
{
    const struct elf_program *symbols = &patch->program->symbols;

    return elf_program_find_symbol(symbols->elf != NULL ? symbols : &patch->program->program, name, range);
}

/** Set a variable that the description names. Microkit always writes 8 bytes, so nothing else may be there.
 */
static enum err set_variable(const struct patch *patch, struct loc loc, const char *name, uint64_t value)
{
    struct elf_program_range range;

    if (name == NULL) {
        return ERR_OK;
    }
    if (!find_symbol(patch, name, &range)) {
        diag_error(patch->diag, loc, "protection domain \"%s\": %s has no symbol \"%s\" to set",
                   patch->pd->name, patch->program->program.path, name);
        return ERR_FORMAT;
    }
    if (range.bytes != sizeof value && range.bytes != 0) {
        diag_error(
            patch->diag, loc,
            "protection domain \"%s\": symbol \"%s\" of %s has %llu bytes; a variable that is set must "
            "have 8 (uintptr_t or uint64_t)",
            patch->pd->name, name, patch->program->program.path, (unsigned long long)range.bytes);
        return ERR_FORMAT;
    }
    if (elf_program_write(&patch->program->program, range.vaddr, &value, sizeof value) != ERR_OK) {
        diag_error(patch->diag, loc,
                   "protection domain \"%s\": symbol \"%s\" lies outside the segments of %s", patch->pd->name,
                   name, patch->program->program.path);
        return ERR_FORMAT;
    }
    return ERR_OK;
}

static bool set_setvars(const struct patch *patch, bool with_paddr)
{
    unsigned int failures = 0;

    for (size_t i = 0; i < patch->pd->setvar_count; i++) {
        const struct model_setvar *setvar = &patch->pd->setvars[i];
        uint64_t value = setvar->region_paddr != NULL ? setvar->region_paddr->phys_addr : setvar->value;

        if (with_paddr || setvar->region_paddr == NULL) {
            failures += set_variable(patch, setvar->loc, setvar->symbol, value) != ERR_OK;
        }
    }
    return failures == 0;
}

/** Addresses and sizes of all maps, or of those of prefilled regions only. */
static bool set_maps(const struct patch *patch, bool prefilled_only)
{
    unsigned int failures = 0;

    for (size_t i = 0; i < patch->pd->map_count; i++) {
        const struct model_map *map = &patch->pd->maps[i];

        if (prefilled_only && map->mr->prefill == MODEL_PREFILL_NONE) {
            continue;
        }
        failures += set_variable(patch, map->loc, map->setvar_vaddr, map->vaddr) != ERR_OK;
        failures += set_variable(patch, map->loc, map->setvar_size, map->mr->size_bytes) != ERR_OK;
    }
    return failures == 0;
}

static bool set_prefill_sizes(const struct patch *patch)
{
    unsigned int failures = 0;

    for (size_t i = 0; i < patch->pd->map_count; i++) {
        const struct model_map *map = &patch->pd->maps[i];

        failures += set_variable(patch, map->loc, map->setvar_prefill_size, map->mr->prefill_bytes) != ERR_OK;
    }
    return failures == 0;
}

static bool set_vcpu_ids(const struct patch *patch)
{
    const struct model_vm *vm = patch->pd->vm;
    unsigned int failures = 0;

    for (size_t i = 0; vm != NULL && i < vm->vcpu_count; i++) {
        failures += set_variable(patch, vm->vcpus[i].loc, vm->vcpus[i].setvar_id, vm->vcpus[i].id) != ERR_OK;
    }
    return failures == 0;
}

/** Ids of interrupts, channels and child PDs. */
static bool set_ids(const struct patch *patch, const struct model *model)
{
    const struct model_pd *pd = patch->pd;
    unsigned int failures = 0;

    for (size_t i = 0; i < pd->irq_count; i++) {
        failures +=
            set_variable(patch, pd->irqs[i].loc, pd->irqs[i].setvar_id, pd->irqs[i].channel) != ERR_OK;
    }
    for (size_t i = 0; i < 2 * model->channel_count; i++) {
        const struct model_channel_end *end = &model->channels[i / 2].ends[i % 2];

        if (end->pd == pd) {
            failures += set_variable(patch, end->loc, end->setvar_id, end->id) != ERR_OK;
        }
    }
    for (size_t i = 0; i < model->pd_count; i++) {
        const struct model_pd *child = model->pds[i];

        if (child->parent == pd) {
            failures += set_variable(patch, child->loc, child->setvar_id, child->child_id) != ERR_OK;
        }
    }
    return failures == 0;
}

/** Write one of libmicrokit's variables, if the program has it with that size. */
static enum err set_library(const struct patch *patch, const char *name, const void *value, uint64_t bytes)
{
    struct elf_program_range range;

    if (!find_symbol(patch, name, &range)) {
        return ERR_OK;
    }
    if (range.bytes != bytes ||
        elf_program_write(&patch->program->program, range.vaddr, value, bytes) != ERR_OK) {
        diag_error(patch->diag, patch->pd->loc,
                   "protection domain \"%s\": %s of %s is not libmicrokit's: it should have %llu bytes in a "
                   "segment",
                   patch->pd->name, name, patch->program->program.path, (unsigned long long)bytes);
        return ERR_FORMAT;
    }
    return ERR_OK;
}

static enum err set_microkit(const struct patch *patch, const struct model *model)
{
    char name[64] = {0};
    uint8_t passive = patch->pd->passive ? 1 : 0;
    uint64_t irqs = 0;
    uint64_t notifications = 0;
    uint64_t pps = 0;
    unsigned int failures = 0;

    strncpy(name, patch->pd->name, sizeof name - 1);
    for (size_t i = 0; i < patch->pd->irq_count; i++) {
        irqs |= 1ull << (patch->pd->irqs[i].channel % 64);
    }
    for (size_t i = 0; i < 2 * model->channel_count; i++) {
        const struct model_channel_end *end = &model->channels[i / 2].ends[i % 2];

        if (end->pd == patch->pd) {
            notifications |= end->notify ? 1ull << (end->id % 64) : 0;
            pps |= end->pp ? 1ull << (end->id % 64) : 0;
        }
    }
    failures += set_library(patch, "microkit_name", name, sizeof name) != ERR_OK;
    failures += set_library(patch, "microkit_passive", &passive, sizeof passive) != ERR_OK;
    failures += set_library(patch, "microkit_irqs", &irqs, sizeof irqs) != ERR_OK;
    failures += set_library(patch, "microkit_notifications", &notifications, sizeof notifications) != ERR_OK;
    failures += set_library(patch, "microkit_pps", &pps, sizeof pps) != ERR_OK;
    return failures == 0 ? ERR_OK : ERR_FORMAT;
}

enum err pd_program_set_values(struct pd_program *program, const struct model *model,
                               const struct model_pd *pd, const struct pd_program_sdk *sdk, struct diag *diag)
{
    const struct patch patch = {.program = program, .pd = pd, .diag = diag};
    bool setvars = set_setvars(&patch, false);
    bool vcpus = set_vcpu_ids(&patch);
    bool prefills = sdk->prefill || (set_prefill_sizes(&patch) && set_maps(&patch, true));
    bool ids = sdk->setvar_id || set_ids(&patch, model);

    return setvars && vcpus && prefills && ids ? ERR_OK : ERR_FORMAT;
}

enum err pd_program_set_symbols(struct pd_program *program, const struct model *model,
                                const struct model_pd *pd, struct diag *diag)
{
    const struct patch patch = {.program = program, .pd = pd, .diag = diag};
    bool library = set_microkit(&patch, model) == ERR_OK;
    bool setvars = set_setvars(&patch, true);
    bool maps = set_maps(&patch, false) && set_prefill_sizes(&patch);
    bool ids = set_ids(&patch, model) && set_vcpu_ids(&patch);

    return library && setvars && maps && ids ? ERR_OK : ERR_FORMAT;
}
