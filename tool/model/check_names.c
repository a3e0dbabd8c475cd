/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "kernel/include/sysdesc.h"
#include "tool/model/check.h"

static void report(struct diag *diag, const char *kind, const char *name, struct loc loc, struct loc other)
{
    diag_error(diag, loc, "%s \"%s\" exists already: names are unique", kind, name);
    diag_note(diag, other, "the other \"%s\" comes from here", name);
}

static void check_pd_names(const struct model *model, struct diag *diag)
{
    for (size_t i = 0; i < model->pd_count; i++) {
        const struct model_pd *pd = model->pds[i];
        const struct model_pd *first = model_find_pd(model, pd->name);

        if (first != pd && pd->name[0] != '\0') {
            report(diag, "protection domain", pd->name, pd->loc, first->loc);
        }
    }
}

static void check_mr_names(const struct model *model, struct diag *diag)
{
    for (size_t i = 0; i < model->mr_count; i++) {
        const struct model_mr *mr = model->mrs[i];
        const struct model_mr *first = model_find_mr(model, mr->name);

        if (first != mr) {
            report(diag, "memory region", mr->name, mr->loc, first->loc);
        }
    }
}

static void check_vm_names(const struct model *model, struct diag *diag)
{
    for (size_t i = 0; i < model->pd_count; i++) {
        const struct model_vm *vm = model->pds[i]->vm;

        for (size_t j = 0; vm != NULL && j < i; j++) {
            const struct model_vm *other = model->pds[j]->vm;

            if (other != NULL && strcmp(other->name, vm->name) == 0) {
                report(diag, "virtual machine", vm->name, vm->loc, other->loc);
                break;
            }
        }
    }
}

/* The descriptor keeps them, and Microkit has the same limit. */
static void check_length(const char *kind, const char *name, struct loc loc, struct diag *diag)
{
    if (strlen(name) >= SYSDESC_NAME_BYTES) {
        diag_error(diag, loc, "%s \"%s\": its name has more than %u characters", kind, name,
                   SYSDESC_NAME_BYTES - 1);
    }
}

static void check_lengths(const struct model *model, struct diag *diag)
{
    for (size_t i = 0; i < model->pd_count; i++) {
        const struct model_pd *pd = model->pds[i];

        check_length("protection domain", pd->name, pd->loc, diag);
        if (pd->vm != NULL) {
            check_length("virtual machine", pd->vm->name, pd->vm->loc, diag);
        }
    }
}

void check_names(const struct model *model, struct diag *diag)
{
    check_pd_names(model, diag);
    check_mr_names(model, diag);
    check_vm_names(model, diag);
    check_lengths(model, diag);
}
