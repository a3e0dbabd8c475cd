/* SPDX-License-Identifier: BSD-2-Clause */
/* Microkit's own elements: what they say is what they mean. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "verify/policy/system.h"

#define PAGE_BYTES UINT64_C(0x1000)

static const struct policy_pd_defaults defaults = {
    .priority = "0", .budget = "1000", .program = "", .stack = "8K", .period_budgets = 1};

/* The size of a file that a region starts with. */
static uint64_t file_bytes(const struct system *system, const xmlNode *node, const char *path)
{
    const char *url = (const char *)node->doc->URL;
    const char *slash = url == NULL ? NULL : strrchr(url, '/');
    struct stat status;

    if ((path[0] == '/' || slash == NULL) && stat(path, &status) == 0) {
        return (uint64_t)status.st_size;
    }
    if (slash != NULL && stat(description_format("%.*s/%s", (int)(slash - url), url, path), &status) == 0) {
        return (uint64_t)status.st_size;
    }
    for (size_t i = 0; i < system->search_dir_count; i++) {
        if (stat(description_format("%s/%s", system->search_dirs[i], path), &status) == 0) {
            return (uint64_t)status.st_size;
        }
    }
    if (stat(path, &status) == 0) {
        return (uint64_t)status.st_size;
    }
    description_fail(node, "prefill_path=\"%s\": there is no such file", path);
}

static void expand_region(struct system *system, const xmlNode *node)
{
    const struct board_range *ram = &system->policy->board->ram;
    uint64_t page = description_number(node, "page_size", "0x1000");
    uint64_t bytes = description_number(node, "size", "0");
    const char *prefill = description_text(node, "prefill_path", NULL);
    struct policy_region *region;

    if (bytes == 0 && prefill != NULL) {
        bytes = (file_bytes(system, node, prefill) + page - 1) / page * page;
    }
    region = policy_region(system->policy, description_text(node, "name", ""), bytes);
    region->phys = description_number(node, "phys_addr", "0");
    if (description_has(node, "phys_addr")) {
        region->is_fixed = region->phys >= ram->base && region->phys - ram->base < ram->bytes;
        region->is_device = !region->is_fixed;
    }
    region->prefill_bytes = prefill == NULL ? 0 : file_bytes(system, node, prefill);
}

static void set_variable(struct system *system, const char *pd, const char *symbol, uint64_t value)
{
    if (symbol != NULL) {
        policy_add(system->policy, "variable %s %s: 0x%" PRIx64, pd, symbol, value);
    }
}

static void expand_irq(struct system *system, const xmlNode *node, const char *pd)
{
    uint64_t id = description_number(node, "id", "");

    policy_add(system->policy, "interrupt %" PRIu64 ": %s id %" PRIu64 " %s",
               description_number(node, "irq", ""), pd, id, description_text(node, "trigger", "level"));
    set_variable(system, pd, description_text(node, "setvar_id", NULL), id);
}

static void expand_vm(struct system *system, const xmlNode *node, const xmlNode *pd)
{
    const char *owner = description_text(pd, "name", "");
    const char *name = description_text(node, "name", "");
    uint64_t index = 0;

    if (!system->policy->sel4) {
        policy_add(system->policy, "account %s vm:%s: own", owner, name);
    }
    for (xmlNode *vcpu = description_child(node, "vcpu"); vcpu != NULL;
         vcpu = description_next(vcpu, "vcpu"), index++) {
        uint64_t id = description_number(vcpu, "id", "");

        policy_add(system->policy, "vcpu vm:%s %" PRIu64 ": %s child %" PRIu64, name, index, owner, id);
        policy_schedule(system->policy, description_format("vm:%s %" PRIu64, name, index), node, "",
                        &defaults, description_text(vcpu, "cpu", description_text(pd, "cpu", "0")));
        set_variable(system, owner, description_text(vcpu, "setvar_id", NULL), id);
    }
}

/** Function ids of the SMC Calling Convention (DEN 0028), PSCI (DEN 0022) and the TRNG firmware (DEN 0098).
 */
static const struct {
    const char *name;
    uint64_t id;
} firmware_calls[] = {
    {"false", 0},
    {"psci_version", 0x84000000},
    {"psci_features", 0x8400000a},
    {"system_off", 0x84000008},
    {"system_reset", 0x84000009},
    {"trng_version", 0x84000050},
    {"trng_features", 0x84000051},
    {"trng_get_uuid", 0x84000052},
    {"trng_rnd", 0x84000053},
    {"trng_rnd64", 0xc4000053},
};

static uint64_t firmware_call(const xmlNode *node, const char *word)
{
    char *end;
    uint64_t id = strtoull(word, &end, 0);
    for (size_t i = 0; i < sizeof firmware_calls / sizeof firmware_calls[0]; i++) {
        if (strcmp(firmware_calls[i].name, word) == 0) {
            return firmware_calls[i].id;
        }
    }
    if (*end != '\0') {
        description_fail(node, "smc: no call \"%s\"", word);
    }
    return id;
}

static void add_firmware_calls(struct policy *policy, const xmlNode *node, const char *name)
{
    char *words = description_format("%s", description_text(node, "smc", "false"));
    uint64_t seen[8] = {0};
    size_t count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(words, " ,\t\n", &rest); word != NULL;
         word = strtok_r(NULL, " ,\t\n", &rest)) {
        uint64_t id = firmware_call(node, word);
        bool is_new = id != 0;
        for (size_t i = 0; i < count; i++) {
            is_new &= seen[i] != id;
        }
        if (is_new && count < 8) {
            seen[count++] = id;
            if (!policy->sel4) {
                policy_add(policy, "firmware-calls %s: 0x%" PRIx64, name, id);
            }
        }
    }
    if (policy->sel4 && count > 0) { /* Microkit doesn't tell calls apart */
        policy_add(policy, "firmware-calls %s: all", name);
    }
}

static void expand_pd(struct system *system, const xmlNode *node, const char *parent)
{
    struct policy *policy = system->policy;
    const char *name = description_text(node, "name", "");
    const xmlNode *image = description_child(node, "program_image");
    const char *symbols = description_text(image, "path_for_symbols", NULL);
    struct policy_pd_defaults own = defaults;

    own.program = symbols == NULL
                      ? description_text(image, "path", "")
                      : description_format("%s symbols %s", description_text(image, "path", ""), symbols);
    policy_pd(policy, name, node, "", &own);
    add_firmware_calls(policy, node, name);
    if (parent != NULL) {
        policy_add(policy, "parent %s: %s child %s", name, parent, description_text(node, "id", ""));
        set_variable(system, parent, description_text(node, "setvar_id", NULL),
                     description_number(node, "id", ""));
    }
    for (xmlNode *child = description_child(node, NULL); child != NULL;
         child = description_next(child, NULL)) {
        if (description_is_a(child, "irq")) {
            expand_irq(system, child, name);
        } else if (description_is_a(child, "virtual_machine")) {
            expand_vm(system, child, node);
        } else if (description_is_a(child, "protection_domain")) {
            expand_pd(system, child, name);
        }
    }
}

/* Whether a <protection_domain> of that name is below `node`. */
static bool has_pd(const xmlNode *node, const char *name)
{
    for (xmlNode *pd = description_child(node, "protection_domain"); pd != NULL;
         pd = description_next(pd, "protection_domain")) {
        if (strcmp(description_text(pd, "name", ""), name) == 0 || has_pd(pd, name)) {
            return true;
        }
    }
    return false;
}

static struct policy_end read_end(const xmlNode *node)
{
    const char *id = description_format("id %" PRIu64, description_number(node, "id", ""));

    return (struct policy_end){.pd = description_text(node, "pd", ""),
                               .roles = policy_role(id),
                               .notify = description_is(node, "notify", "true"),
                               .call = description_is(node, "pp", "false")};
}

/* One with a PD that is switched off is left out. */
static void expand_channel(struct system *system, const xmlNode *node)
{
    const xmlNode *a = description_child(node, "end");
    const xmlNode *b = a == NULL ? NULL : description_next(a, "end");

    if (b == NULL || !has_pd(system->root, description_text(a, "pd", "")) ||
        !has_pd(system->root, description_text(b, "pd", ""))) {
        return;
    }
    policy_connect(system->policy, read_end(a), read_end(b));
    for (const xmlNode *end = a; end != NULL; end = end == a ? b : NULL) {
        set_variable(system, description_text(end, "pd", ""), description_text(end, "setvar_id", NULL),
                     description_number(end, "id", ""));
    }
}

void microkit_expand(struct system *system)
{
    for (xmlNode *node = description_child(system->root, NULL); node != NULL;
         node = description_next(node, NULL)) {
        if (description_is_a(node, "memory_region")) {
            expand_region(system, node);
        } else if (description_is_a(node, "protection_domain")) {
            expand_pd(system, node, NULL);
        } else if (description_is_a(node, "channel")) {
            expand_channel(system, node);
        }
    }
}

void microkit_map(struct system *system, const xmlNode *map, const char *domain, const char *pd)
{
    struct policy_region *region = policy_find_region(system->policy, description_text(map, "mr", ""));
    const char *perms = description_text(map, "perms", "rw");
    uint64_t address = description_number(map, "vaddr", "");

    if (region == NULL) { /* switched off, or the composer says what is wrong */
        return;
    }
    policy_hold(region, domain, policy_role(description_format("at 0x%" PRIx64, address)),
                (strchr(perms, 'r') != NULL ? POLICY_READ : 0u) |
                    (strchr(perms, 'w') != NULL ? POLICY_WRITE : 0u) |
                    (strchr(perms, 'x') != NULL ? POLICY_EXECUTE : 0u) |
                    (description_is(map, "cached", "true") ? 0u : POLICY_UNCACHED));
    if (pd != NULL) {
        set_variable(system, pd, description_text(map, "setvar_vaddr", NULL), address);
        set_variable(system, pd, description_text(map, "setvar_size", NULL), region->bytes);
        set_variable(system, pd, description_text(map, "setvar_prefill_size", NULL), region->prefill_bytes);
    }
}

static void expand_maps(struct system *system, const xmlNode *pd)
{
    const char *name = description_text(pd, "name", "");
    const xmlNode *vm = description_child(pd, "virtual_machine");

    for (xmlNode *node = description_child(pd, "map"); node != NULL; node = description_next(node, "map")) {
        microkit_map(system, node, name, name);
    }
    for (xmlNode *node = description_child(pd, "setvar"); node != NULL;
         node = description_next(node, "setvar")) {
        struct policy_region *region =
            policy_find_region(system->policy, description_text(node, "region_paddr", ""));

        if (region != NULL) {
            policy_reveal(
                system->policy,
                description_format("variable %s %s: address of ", name, description_text(node, "symbol", "")),
                region);
        }
    }
    for (xmlNode *node = description_child(vm, "map"); node != NULL; node = description_next(node, "map")) {
        microkit_map(system, node, description_format("vm:%s", description_text(vm, "name", "")), NULL);
    }
    for (xmlNode *node = description_child(pd, "protection_domain"); node != NULL;
         node = description_next(node, "protection_domain")) {
        expand_maps(system, node);
    }
}

void microkit_expand_maps(struct system *system)
{
    for (xmlNode *pd = description_child(system->root, "protection_domain"); pd != NULL;
         pd = description_next(pd, "protection_domain")) {
        expand_maps(system, pd);
    }
}
