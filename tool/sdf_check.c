/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/sdf_check.h"

#include <stdlib.h>
#include <string.h>

#include "tool/mem.h"
#include "tool/sdf_check_parts.h"

#define MAX_PDS 63u
#define MAX_PRIORITY 254u
#define DEFAULT_BUDGET_US 1000u
#define MIN_STACK_BYTES 0x1000ull
#define MAX_STACK_BYTES 0x1000000ull

/** List PDs in the order of the document. */
static void list_pds(struct sdf_check *check, const struct xml_element *element)
{
    for (size_t i = 0; i < element->child_count; i++) {
        const struct xml_element *child = element->children[i];

        if (sdf_check_is(child, "protection_domain")) {
            const char *name = sdf_check_text(child, "name");

            check->pds = mem_grow(check->pds, check->pd_count, sizeof check->pds[0]);
            check->pds[check->pd_count++] =
                (struct sdf_check_pd){.xml = child,
                                      .name = name == NULL ? "" : name,
                                      .priority = sdf_check_number(child, "priority", 0)};
            list_pds(check, child);
        }
    }
}

static struct sdf_check_pd *find_pd(const struct sdf_check *check, const char *name)
{
    for (size_t i = 0; i < check->pd_count; i++) {
        if (strcmp(check->pds[i].name, name) == 0) {
            return &check->pds[i];
        }
    }
    return NULL;
}

static void check_scheduling(struct sdf_check *check, const struct xml_element *element)
{
    uint64_t budget = sdf_check_number(element, "budget", DEFAULT_BUDGET_US);
    uint64_t period = sdf_check_number(element, "period", budget);

    if (budget > period) {
        diag_error(check->diag, element->loc, "budget %llu is larger than period %llu",
                   (unsigned long long)budget, (unsigned long long)period);
    }
    if (sdf_check_number(element, "priority", 0) > MAX_PRIORITY) {
        diag_error(check->diag, element->loc, "priority %llu is above %u",
                   (unsigned long long)sdf_check_number(element, "priority", 0), MAX_PRIORITY);
    }
}

/** A symbol may be set once only. */
static void check_symbols(struct sdf_check *check, const struct xml_element *pd)
{
    static const char *const names[] = {"symbol", "setvar_vaddr", "setvar_size", "setvar_prefill_size",
                                        "setvar_id"};
    const char **symbols = NULL;
    size_t count = 0;

    for (size_t i = 0; i < pd->child_count; i++) {
        for (size_t j = 0; j < sizeof names / sizeof names[0]; j++) {
            const char *symbol = sdf_check_text(pd->children[i], names[j]);

            for (size_t k = 0; symbol != NULL && k < count; k++) {
                if (strcmp(symbols[k], symbol) == 0) {
                    diag_error(check->diag, pd->children[i]->loc, "symbol \"%s\" is set already", symbol);
                    symbol = NULL;
                }
            }
            if (symbol != NULL) {
                symbols = mem_grow(symbols, count, sizeof symbols[0]);
                symbols[count++] = symbol;
            }
        }
    }
    free(symbols);
}

/** Ids of child PDs and vCPUs share one space. */
static void check_children(struct sdf_check *check, const struct xml_element *element, uint64_t *taken)
{
    for (size_t i = 0; i < element->child_count; i++) {
        const struct xml_element *child = element->children[i];

        if (sdf_check_is(child, "virtual_machine")) {
            check_scheduling(check, child);
            check_children(check, child, taken);
        } else if (sdf_check_is(child, "protection_domain") || sdf_check_is(child, "vcpu")) {
            uint64_t id = sdf_check_number(child, "id", 64);

            if (id < 64 && (*taken >> id & 1) != 0) {
                diag_error(check->diag, child->loc, "id %llu is taken by another child or vCPU",
                           (unsigned long long)id);
            }
            *taken |= id < 64 ? 1ull << id : 0;
        }
    }
}

static void check_pd(struct sdf_check *check, const struct sdf_check_pd *pd)
{
    uint64_t stack = sdf_check_number(pd->xml, "stack_size", MIN_STACK_BYTES);
    struct sdf_check_pd *first = find_pd(check, pd->name);
    uint64_t taken = 0;

    if (first != pd) {
        diag_error(check->diag, pd->xml->loc, "there are two protection domains \"%s\"", pd->name);
        diag_note(check->diag, first->xml->loc, "the first one");
    }
    if (strcmp(pd->name, "monitor") == 0) {
        diag_error(check->diag, pd->xml->loc, "the name \"monitor\" is Microkit's own");
    }
    if (stack < MIN_STACK_BYTES || stack > MAX_STACK_BYTES || stack % MIN_STACK_BYTES != 0) {
        diag_error(check->diag, pd->xml->loc, "stack_size 0x%llx is not whole pages from 4 KiB to 16 MiB",
                   (unsigned long long)stack);
    }
    check_scheduling(check, pd->xml);
    check_symbols(check, pd->xml);
    check_children(check, pd->xml, &taken);
}

static const struct xml_element *vm_of(const struct sdf_check_pd *pd)
{
    for (size_t i = 0; i < pd->xml->child_count; i++) {
        if (sdf_check_is(pd->xml->children[i], "virtual_machine")) {
            return pd->xml->children[i];
        }
    }
    return NULL;
}

static void check_vm_names(struct sdf_check *check)
{
    for (size_t i = 0; i < check->pd_count; i++) {
        const struct xml_element *vm = vm_of(&check->pds[i]);
        const char *name = vm == NULL ? NULL : sdf_check_text(vm, "name");

        for (size_t j = 0; name != NULL && j < i; j++) {
            const struct xml_element *other = vm_of(&check->pds[j]);
            const char *other_name = other == NULL ? NULL : sdf_check_text(other, "name");

            if (other_name != NULL && strcmp(name, other_name) == 0) {
                diag_error(check->diag, vm->loc, "there are two virtual machines \"%s\"", name);
                diag_note(check->diag, other->loc, "the first one");
            }
        }
    }
}

static void take_channel(struct sdf_check *check, struct sdf_check_pd *pd, const struct xml_element *element)
{
    uint64_t id = sdf_check_number(element, "id", 64);

    if (id < 64 && (pd->taken_channels >> id & 1) != 0) {
        diag_error(check->diag, element->loc, "channel id %llu of \"%s\" is in use already",
                   (unsigned long long)id, pd->name);
    }
    pd->taken_channels |= id < 64 ? 1ull << id : 0;
}

/** Interrupts: one owner each, and channel ids of their own. */
static void check_irqs(struct sdf_check *check)
{
    const struct xml_element **irqs = NULL;
    size_t count = 0;

    for (size_t i = 0; i < check->pd_count; i++) {
        for (size_t j = 0; j < check->pds[i].xml->child_count; j++) {
            const struct xml_element *irq = check->pds[i].xml->children[j];

            if (!sdf_check_is(irq, "irq")) {
                continue;
            }
            take_channel(check, &check->pds[i], irq);
            for (size_t k = 0; k < count; k++) {
                if (sdf_check_number(irqs[k], "irq", 0) == sdf_check_number(irq, "irq", 0)) {
                    diag_error(check->diag, irq->loc, "interrupt %s has an owner already",
                               sdf_check_text(irq, "irq"));
                    diag_note(check->diag, irqs[k]->loc, "the first one");
                }
            }
            irqs = mem_grow(irqs, count, sizeof irqs[0]);
            irqs[count++] = irq;
        }
    }
    free(irqs);
}

static bool calls(const struct xml_element *end)
{
    const char *pp = sdf_check_text(end, "pp");

    return pp != NULL && strcmp(pp, "true") == 0;
}

static void check_channel(struct sdf_check *check, const struct xml_element *channel)
{
    const struct xml_element *ends[2] = {channel->children[0], channel->children[1]};
    struct sdf_check_pd *pds[2] = {NULL, NULL};

    for (size_t i = 0; i < 2; i++) {
        const char *name = sdf_check_text(ends[i], "pd");

        pds[i] = name == NULL ? NULL : find_pd(check, name);
        if (pds[i] != NULL) {
            take_channel(check, pds[i], ends[i]);
        } else {
            diag_error(check->diag, ends[i]->loc, "there is no protection domain \"%s\"",
                       name == NULL ? "" : name);
        }
    }
    if (calls(ends[0]) && calls(ends[1])) {
        diag_error(check->diag, channel->loc, "protected procedure calls cannot go both ways");
    }
    for (size_t i = 0; i < 2 && pds[0] != NULL && pds[1] != NULL; i++) {
        if (calls(ends[i]) && pds[i]->priority >= pds[1 - i]->priority) {
            diag_error(check->diag, ends[i]->loc,
                       "protected procedure calls go to strictly higher priorities, not from %llu to %llu",
                       (unsigned long long)pds[i]->priority, (unsigned long long)pds[1 - i]->priority);
        }
    }
}

static void check_channels(struct sdf_check *check)
{
    for (size_t i = 0; i < check->root->child_count; i++) {
        const struct xml_element *channel = check->root->children[i];

        if (sdf_check_is(channel, "channel") && channel->child_count == 2) {
            check_channel(check, channel);
        }
    }
}

enum err sdf_check_tree(const struct xml_element *root, struct sdf_version version, struct diag *diag)
{
    struct sdf_check check = {.diag = diag, .features = sdf_version_features(version), .root = root};
    int errors = diag_error_count(diag);

    sdf_check_grammar(&check);
    list_pds(&check, root);
    if (check.pd_count > MAX_PDS) {
        diag_error(diag, root->loc, "%zu protection domains; at most %u are possible", check.pd_count,
                   MAX_PDS);
    }
    for (size_t i = 0; i < check.pd_count; i++) {
        check_pd(&check, &check.pds[i]);
    }
    check_vm_names(&check);
    check_irqs(&check);
    check_channels(&check);
    sdf_check_memory(&check);
    free(check.pds);
    return diag_error_count(diag) == errors ? ERR_OK : ERR_FORMAT;
}

enum err sdf_check_file(const char *path, struct sdf_version version, struct diag *diag)
{
    struct xml_element *root = xml_read_file(diag, path);
    enum err err = ERR_FORMAT;

    if (root != NULL) {
        err = sdf_check_tree(root, version, diag);
        xml_free(root);
    }
    return err;
}
