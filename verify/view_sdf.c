/* SPDX-License-Identifier: BSD-2-Clause */
/* From a Microkit system description to grants: what is read is what the SDK's own tool will read. */
#include "verify/view_sdf.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <libxml/parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/config/config.h"
#include "verify/grants/config.h"
#include "verify/rule_description.h"

#define PATH_BYTES 4096u
#define MAX_PDS 64u
#define MAX_DEPTH 16u

/** The description at hand. */
struct context {
    struct view view;
    struct grants grants;
    struct grants_policy policy;
    struct findings *findings;
    const char *dir;
    xmlNode *root;
    const xmlNode *pds[MAX_PDS]; /**< elements of view.pds */
    uint32_t parents[MAX_PDS];   /**< MAX_PDS: none */
    uint8_t *files[MAX_PDS];     /**< the emitted programs */
    struct elf64 programs[MAX_PDS];
    uint64_t ram_base, ram_bytes;
};

/** An attribute as text of the grants; NULL: it isn't there. */
static const char *attribute(struct context *context, const xmlNode *node, const char *name)
{
    xmlChar *value = xmlGetProp((xmlNode *)(uintptr_t)node, (const xmlChar *)name);
    const char *text = value == NULL
                           ? NULL
                           : grants_name(&context->grants, (const char *)value, strlen((const char *)value));
    xmlFree(value);
    return text;
}

static uint64_t number(struct context *context, const xmlNode *node, const char *name, uint64_t fallback)
{
    const char *text = attribute(context, node, name);
    if (text != NULL && !rule_description_is_number(text)) {
        findings_add(context->findings, RULE_DESCRIPTION, "description", FINDINGS_NO_ADDRESS, name,
                     "\"%.40s\" is no plain number", text);
    }
    return text == NULL ? fallback : strtoull(text, NULL, 0);
}

static bool is_set(struct context *context, const xmlNode *node, const char *name, const char *fallback)
{
    const char *text = attribute(context, node, name);
    return strcmp(text == NULL ? fallback : text, "true") == 0;
}

static const xmlNode *next_element(const xmlNode *node, const char *name)
{
    while (node != NULL && (node->type != XML_ELEMENT_NODE || strcmp((const char *)node->name, name) != 0)) {
        node = node->next;
    }
    return node;
}

#define FOR_EACH(child, parent, name)                                                                        \
    for (const xmlNode *(child) = next_element((parent)->children, name); (child) != NULL;                   \
         (child) = next_element((child)->next, name))

/** PDs are called as their programs' files; Microkit keeps some names for itself. */
static const char *pd_name(struct context *context, const xmlNode *node)
{
    const xmlNode *image = next_element(node->children, "program_image");
    const char *path = image == NULL ? NULL : attribute(context, image, "path");
    size_t length = path == NULL ? 0 : strlen(path);
    return length > 4 && strcmp(path + length - 4, ".elf") == 0
               ? grants_format(&context->grants, "%.*s", (int)(length - 4), path)
               : "nobody";
}

static void list_pds(struct context *context, const xmlNode *parent, uint32_t parent_index,
                     unsigned int depth)
{
    FOR_EACH(node, parent, "protection_domain")
    {
        uint32_t index = context->view.pd_count;
        if (index == MAX_PDS || depth == MAX_DEPTH) {
            findings_add(context->findings, RULE_LIMIT, "description", FINDINGS_NO_ADDRESS, "",
                         "it has more than %u protection domains", MAX_PDS);
            return;
        }
        context->view.pds[index].name = pd_name(context, node);
        context->pds[index] = node;
        context->parents[index] = parent_index;
        context->view.pd_count++;
        list_pds(context, node, index, depth + 1);
    }
}

static void add_variable(struct context *context, uint32_t pd, const xmlNode *node,
                         const char *attribute_name, uint64_t value)
{
    const char *symbol = attribute(context, node, attribute_name);
    if (symbol != NULL) {
        grants_add(&context->grants, "variable %s %s: 0x%" PRIx64, context->view.pds[pd].name, symbol, value);
    }
}

static uint32_t find_pd(struct context *context, const char *name)
{
    for (uint32_t i = 0; name != NULL && i < context->view.pd_count; i++) {
        const char *own = attribute(context, context->pds[i], "name");
        if (own != NULL && strcmp(own, name) == 0) {
            return i;
        }
    }
    return MAX_PDS;
}

static void read_end(struct context *context, const xmlNode *node, const xmlNode *other)
{
    uint32_t pd = find_pd(context, attribute(context, node, "pd"));
    uint32_t peer = find_pd(context, attribute(context, other, "pd"));
    uint64_t id = number(context, node, "id", SYSDESC_MAX_CHANNELS);
    uint64_t peer_id = number(context, other, "id", SYSDESC_MAX_CHANNELS);
    if (pd == MAX_PDS || peer == MAX_PDS || id >= SYSDESC_MAX_CHANNELS || peer_id >= SYSDESC_MAX_CHANNELS ||
        context->view.pds[pd].channels[id].is_used) {
        findings_add(context->findings, RULE_CHANNEL, "description", FINDINGS_NO_ADDRESS, "channel",
                     "an end of it cannot be: id %" PRIu64, id);
        return;
    }
    context->view.pds[pd].channels[id] =
        (struct view_channel){.is_valid = true,
                              .is_used = true,
                              .notify = is_set(context, node, "notify", "true"),
                              .call = is_set(context, node, "pp", "false"),
                              .peer = peer,
                              .peer_id = (uint32_t)peer_id};
    add_variable(context, pd, node, "setvar_id", id);
}

static void read_channels(struct context *context)
{
    FOR_EACH(node, context->root, "channel")
    {
        const xmlNode *a = next_element(node->children, "end");
        const xmlNode *b = a == NULL ? NULL : next_element(a->next, "end");
        if (b != NULL) {
            read_end(context, a, b);
            read_end(context, b, a);
        }
    }
    for (uint32_t i = 0; i < context->view.pd_count; i++) {
        FOR_EACH(irq, context->pds[i], "irq")
        {
            uint64_t id = number(context, irq, "id", SYSDESC_MAX_CHANNELS);
            if (id < SYSDESC_MAX_CHANNELS) {
                context->view.pds[i].channels[id].is_used = true;
            }
            add_variable(context, i, irq, "setvar_id", id);
        }
    }
}

static bool read_programs(struct context *context, const struct program_places *places)
{
    for (uint32_t i = 0; i < context->view.pd_count; i++) {
        const char *path =
            grants_format(&context->grants, "%s/%s.elf", context->dir, context->view.pds[i].name);
        size_t bytes;
        context->files[i] = program_read_file(path, &bytes, context->findings);
        if (context->files[i] == NULL ||
            elf64_open(&context->programs[i], context->files[i], bytes, context->findings) != ERR_OK) {
            return false;
        }
        context->view.pds[i].patched = &context->programs[i];
    }
    return program_load(&context->view, &context->policy, places, context->findings) == ERR_OK;
}

static void read_configs(struct context *context)
{
    struct view *view = &context->view;
    for (uint32_t i = 0; i < view->pd_count; i++) {
        struct view_pd *pd = &view->pds[i];
        struct config_header header;
        uint64_t address = 0;
        const struct config_struct *config =
            pd->program.elf.file == NULL ? NULL : config_find(&pd->program.elf, &address);
        uint8_t *data = config == NULL ? NULL : grants_room(&context->grants, config->bytes);
        if (config == NULL || !elf64_copy(pd->patched, address, data, config->bytes)) {
            continue;
        }
        memcpy(&header, data, sizeof header);
        if (config_is_valid(&header, config->magic, config->version, config->bytes)) {
            pd->config = config;
            pd->config_data = data;
        }
    }
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < view->pd_count; i++) {
            if (view->pds[i].config != NULL) {
                config_read(view, i, view->pds[i].config, view->pds[i].config_data, pass == 1);
            }
        }
    }
    config_read_dma(view);
}

static struct view_region *add_region(struct context *context, const char *name, uint64_t bytes)
{
    struct view *view = &context->view;
    view->regions = findings_grow(view->regions, view->region_count, sizeof *view->regions);
    view->regions[view->region_count] = (struct view_region){.name = name, .bytes = bytes};
    return &view->regions[view->region_count++];
}

static void read_regions(struct context *context)
{
    FOR_EACH(node, context->root, "memory_region")
    {
        struct view_region *region =
            add_region(context, attribute(context, node, "name"), number(context, node, "size", 0));
        region->phys = number(context, node, "phys_addr", 0);
        if (attribute(context, node, "phys_addr") != NULL) {
            region->is_fixed =
                region->phys >= context->ram_base && region->phys - context->ram_base < context->ram_bytes;
            region->is_device = !region->is_fixed;
        }
    }
}

static struct view_region *find_region(struct context *context, const char *name)
{
    for (size_t i = 0; name != NULL && i < context->view.region_count; i++) {
        if (context->view.regions[i].name != NULL && strcmp(context->view.regions[i].name, name) == 0) {
            return &context->view.regions[i];
        }
    }
    return NULL;
}

/** How many bytes of a region's file there are. */
static uint64_t prefill_bytes(struct context *context, const char *region)
{
    FOR_EACH(node, context->root, "memory_region")
    {
        const char *name = attribute(context, node, "name");
        const char *path = attribute(context, node, "prefill_path");
        struct stat status;
        if (name != NULL && region != NULL && strcmp(name, region) == 0 && path != NULL &&
            stat(grants_format(&context->grants, "%s/%s", context->dir, path), &status) == 0) {
            return (uint64_t)status.st_size;
        }
    }
    return 0;
}

static void add_holder(struct context *context, struct view_region *region, const char *domain, uint32_t pd,
                       uint64_t address, const char *perms, const char *type)
{
    region->holders = findings_grow(region->holders, region->holder_count, sizeof *region->holders);
    region->holders[region->holder_count++] =
        (struct view_holder){.domain = domain,
                             .pd = pd,
                             .address = address,
                             .perms = grants_format(&context->grants, "%s%s", perms, type),
                             .writes = strchr(perms, 'w') != NULL};
}

/** `pd`: VIEW_VM for a virtual machine. */
static void read_maps(struct context *context, const xmlNode *parent, const char *domain, uint32_t pd)
{
    FOR_EACH(node, parent, "map")
    {
        const char *name = attribute(context, node, "mr");
        struct view_region *region = find_region(context, name);
        const char *perms = attribute(context, node, "perms");
        uint64_t address = number(context, node, "vaddr", 0);
        bool cached = is_set(context, node, "cached", "true");
        if (region == NULL) {
            findings_add(context->findings, RULE_UNDECLARED_MAPPING, domain, address, "map",
                         "names a region that is not there");
            continue;
        }
        add_holder(context, region, domain, pd, address, perms == NULL ? "rw" : perms,
                   cached              ? ""
                   : region->is_device ? " device"
                                       : " uncached");
        if (pd != VIEW_VM) {
            add_variable(context, pd, node, "setvar_vaddr", address);
            add_variable(context, pd, node, "setvar_size", region->bytes);
            add_variable(context, pd, node, "setvar_prefill_size", prefill_bytes(context, name));
        }
    }
}

/** Contents that travel in a PD's program, where the SDK has no other way: a copy for each. */
static void read_carried(struct context *context, uint32_t pd)
{
    const struct view_pd *owner = &context->view.pds[pd];
    for (size_t i = 0; i < owner->patched->segment_count; i++) {
        const struct elf64_segment *segment = &owner->patched->segments[i];
        if (owner->program.elf.file != NULL &&
            elf64_segment_at(&owner->program.elf, segment->phys, 1) == NULL) {
            struct view_region *region = add_region(context, NULL, segment->bytes);
            region->is_carried = true;
            add_holder(context, region, owner->name, pd, segment->phys,
                       (segment->flags & ELF64_EXECUTE) != 0
                           ? ((segment->flags & ELF64_WRITE) != 0 ? "rwx" : "rx")
                       : (segment->flags & ELF64_WRITE) != 0 ? "rw"
                                                             : "r",
                       "");
        }
    }
}

static void read_setvars(struct context *context, uint32_t pd)
{
    const char *name = context->view.pds[pd].name;
    FOR_EACH(node, context->pds[pd], "setvar")
    {
        const char *symbol = attribute(context, node, "symbol");
        struct view_region *region = find_region(context, attribute(context, node, "region_paddr"));
        bool found = false;
        for (size_t i = 0; symbol != NULL && i < context->view.dma_count; i++) {
            struct view_dma *dma = &context->view.dmas[i];
            if (dma->pd == pd && strcmp(dma->symbol, symbol) == 0) {
                dma->region = region;
                found = true;
            }
        }
        if (!found && symbol != NULL) {
            view_add_dma(&context->view, pd, symbol,
                         grants_format(&context->grants, "variable %s %s: address of ", name, symbol));
            context->view.dmas[context->view.dma_count - 1].region = region;
        }
    }
}

static void add_schedule(struct context *context, const char *who, const xmlNode *node, uint64_t core,
                         const char *more)
{
    uint64_t budget = number(context, node, "budget", 1000);
    grants_add(&context->grants,
               "schedule %s: core=%" PRIu64 " priority=%" PRIu64 " budget=%" PRIu64 " period=%" PRIu64 "%s",
               who, core, number(context, node, "priority", 0), budget,
               number(context, node, "period", budget), more);
}

static void add_vm(struct context *context, uint32_t pd, const xmlNode *node)
{
    const char *name = attribute(context, node, "name");
    const char *domain = grants_format(&context->grants, "vm:%s", name == NULL ? "nobody" : name);
    uint64_t core = number(context, context->pds[pd], "cpu", 0);
    unsigned int index = 0;
    FOR_EACH(vcpu, node, "vcpu")
    {
        uint32_t id = (uint32_t)number(context, vcpu, "id", SYSDESC_MAX_CHANNELS);
        grants_add(&context->grants, "vcpu %s %u: %s %s", domain, index, context->view.pds[pd].name,
                   view_child_role(&context->view, pd, id));
        add_schedule(context, grants_format(&context->grants, "%s %u", domain, index), node,
                     number(context, vcpu, "cpu", core), "");
        add_variable(context, pd, vcpu, "setvar_id", id);
        index++;
    }
    read_maps(context, node, domain, VIEW_VM);
}

static void add_pd(struct context *context, uint32_t pd)
{
    const xmlNode *node = context->pds[pd];
    const char *name = context->view.pds[pd].name;
    uint32_t parent = context->parents[pd];
    uint32_t id = (uint32_t)number(context, node, "id", SYSDESC_MAX_CHANNELS);
    add_schedule(context, name, node, number(context, node, "cpu", 0),
                 is_set(context, node, "passive", "false") ? " passive" : "");
    grants_add(&context->grants, "stack %s: 0x%" PRIx64, name, number(context, node, "stack_size", 0x2000));
    if (is_set(context, node, "smc", "false")) {
        grants_add(&context->grants, "firmware-calls %s: all", name);
    }
    if (parent != MAX_PDS) {
        grants_add(&context->grants, "parent %s: %s %s", name, context->view.pds[parent].name,
                   view_child_role(&context->view, parent, id));
        add_variable(context, parent, node, "setvar_id", id);
    }
    FOR_EACH(irq, node, "irq")
    {
        const char *trigger = attribute(context, irq, "trigger");
        grants_add(&context->grants, "interrupt %" PRIu64 ": %s %s %s", number(context, irq, "irq", 0), name,
                   view_channel_role(&context->view, pd, (uint32_t)number(context, irq, "id", 0)),
                   trigger == NULL ? "level" : trigger);
    }
    read_maps(context, node, name, pd);
    read_carried(context, pd);
    FOR_EACH(vm, node, "virtual_machine")
    {
        add_vm(context, pd, vm);
    }
}

static bool has_line(const struct grants *grants, const char *prefix)
{
    for (size_t i = 0; i < grants->line_count; i++) {
        if (strncmp(grants->lines[i], prefix, strlen(prefix)) == 0) {
            return true;
        }
    }
    return false;
}

/** Variables that the SDK doesn't set are in the programs already. */
static void add_patched_variables(struct context *context)
{
    for (uint32_t i = 0; i < context->view.pd_count; i++) {
        const char *prefix = grants_format(&context->grants, "variable %s ", context->view.pds[i].name);
        size_t index = 0;
        const char *line;
        while ((line = grants_policy_next(&context->policy, prefix, &index)) != NULL) {
            const char *key = grants_format(&context->grants, "%.*s", (int)strcspn(line, ":") + 2, line);
            uint64_t address;
            uint64_t value;
            const char *symbol = grants_format(&context->grants, "%.*s",
                                               (int)(strlen(key) - strlen(prefix)) - 2, key + strlen(prefix));
            if (strstr(line, ": address of ") == NULL && !has_line(&context->grants, key) &&
                program_variable(&context->view, i, symbol, &address) &&
                elf64_copy(context->view.pds[i].patched, address, &value, sizeof value)) {
                grants_add(&context->grants, "%s0x%" PRIx64, key, value);
            }
        }
    }
}

static void add_places(struct context *context)
{
    for (size_t i = 0; i < context->view.region_count; i++) {
        const struct view_region *region = &context->view.regions[i];
        if (region->is_fixed) {
            grants_add(&context->grants, "place %s: 0x%" PRIx64, view_designate(&context->view, region),
                       region->phys);
        }
    }
}

/** The one .system file in the folder; NULL after the reason was reported. */
static xmlDoc *read_description(struct context *context, const char **name)
{
    DIR *folder = opendir(context->dir);
    const struct dirent *entry;
    const char *path = NULL;
    xmlDoc *doc = NULL;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        size_t length = strlen(entry->d_name);
        if (length > 7 && strcmp(entry->d_name + length - 7, ".system") == 0) {
            path = grants_format(&context->grants, "%s/%s", context->dir, entry->d_name);
            *name = grants_format(&context->grants, "%.*s", (int)(length - 7), entry->d_name);
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    if (path != NULL) {
        doc = xmlReadFile(path, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    }
    if (doc == NULL) {
        (void)!findings_malformed(context->findings, "there is no .system file in %s that is XML",
                                  context->dir);
    }
    return doc;
}

/** Read everything and compare. False: something cannot be read. */
static bool compare(struct context *context, const char *name, const struct program_places *places)
{
    const char *ram = grants_policy_value(&context->policy, "board ram");
    if (ram != NULL) { /* no description says where RAM is */
        char *end;
        context->ram_base = strtoull(ram, &end, 0);
        context->ram_bytes = strtoull(end, NULL, 0);
        grants_add(&context->grants, "board ram: %s", ram);
    }
    rule_description_run(context->root, context->findings);
    list_pds(context, context->root, MAX_PDS, 0);
    read_channels(context);
    if (!read_programs(context, places)) {
        return false;
    }
    read_configs(context);
    read_regions(context);
    grants_add(&context->grants, "system %s: sel4", name);
    for (uint32_t i = 0; i < context->view.pd_count; i++) {
        add_pd(context, i);
    }
    /* Only now, as they keep regions' places and programs bring regions of their own. */
    for (uint32_t i = 0; i < context->view.pd_count; i++) {
        read_setvars(context, i);
    }
    add_patched_variables(context);
    add_places(context);
    view_add_grants(&context->view);
    program_check_emitted(&context->view, &context->policy, context->findings);
    grants_compare(&context->grants, &context->policy, context->findings);
    return true;
}

static void summarise(const struct context *context, const char *name, struct verify_summary *summary)
{
    (void)snprintf(summary->name, sizeof summary->name, "%s", name);
    summary->pd_count = context->view.pd_count;
    summary->line_count = context->policy.line_count;
    summary->has_policy = true;
    for (uint32_t i = 0; i < context->view.pd_count; i++) {
        summary->program_count += context->view.pds[i].program.elf.file != NULL;
        summary->config_count += context->view.pds[i].config != NULL;
    }
}

enum verify_verdict view_sdf_verify(const char *dir, const struct verify_reference *reference,
                                    struct findings *findings, struct verify_summary *summary)
{
    struct context context = {.findings = findings, .dir = dir};
    const char *name = "";
    xmlDoc *doc;
    bool is_read = false;
    context.view.grants = &context.grants;
    context.view.pds = calloc(MAX_PDS, sizeof *context.view.pds);
    if (context.view.pds == NULL) {
        abort();
    }
    doc = read_description(&context, &name);
    context.root = doc == NULL ? NULL : xmlDocGetRootElement(doc);
    if (context.root != NULL && grants_read_policy(&context.policy, (const char *)reference->policy,
                                                   reference->policy_bytes, findings) == ERR_OK) {
        is_read = compare(&context, name, &reference->places);
        summarise(&context, name, summary);
    }
    for (uint32_t i = 0; i < MAX_PDS; i++) {
        elf64_close(&context.programs[i]);
        free(context.files[i]);
    }
    view_free(&context.view);
    grants_free(&context.grants);
    grants_free_policy(&context.policy);
    xmlFreeDoc(doc);
    return !is_read ? VERIFY_MALFORMED : findings->count == 0 ? VERIFY_PROVED : VERIFY_VIOLATED;
}
