/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "tool/base/suggest.h"
#include "tool/cmd/cmd.h"

static const struct cmd_usage usage = {
    .name = "dts",
    .arguments = "SYSTEM GUEST",
    .argument_count = 2,
    .doc = "Show the device tree that a guest gets as source, or write it as a blob with --output.\n"
           "To show it, dtc (Debian: device-tree-compiler) is run.",
    .options = "Dpgbdo",
};

static const struct model_pd *find_vmm(const struct model *model, const char *guest)
{
    struct suggest suggest;
    char suggestion[SUGGEST_TEXT_BYTES];

    suggest_start(&suggest, guest);
    for (size_t i = 0; i < model->pd_count; i++) {
        const struct model_vm *vm = model->pds[i]->vm;

        if (vm != NULL && strcmp(vm->name, guest) == 0) {
            return model->pds[i];
        }
        if (vm != NULL) {
            suggest_offer(&suggest, vm->name);
        }
    }
    fprintf(stderr, "causeway dts: the system has no guest \"%s\"%s\n", guest,
            suggest_text(&suggest, suggestion));
    return NULL;
}

/* The VMM's only region with contents made by the tool. */
static const struct model_mr *find_dtb(const struct model_pd *vmm)
{
    for (size_t i = 0; i < vmm->map_count; i++) {
        if (vmm->maps[i].mr->prefill == MODEL_PREFILL_BLOB) {
            return vmm->maps[i].mr;
        }
    }
    fprintf(stderr, "causeway dts: \"%s\" has no device tree\n", vmm->vm->name);
    return NULL;
}

static int write_blob(const struct model_mr *dtb, FILE *out, bool is_pipe)
{
    bool fine = out != NULL && fwrite(dtb->prefill_data, 1, dtb->prefill_bytes, out) == dtb->prefill_bytes;

    if (out != NULL) {
        fine = (is_pipe ? pclose(out) : fclose(out)) == 0 && fine;
    }
    if (!fine) {
        fprintf(stderr,
                is_pipe ? "causeway dts: running dtc failed\n" : "causeway dts: writing the output failed\n");
    }
    return fine ? CMD_OK : CMD_FAILED;
}

static int show(const struct cmd_options *options, const struct model *model)
{
    const struct model_pd *vmm = find_vmm(model, options->arguments[1]);
    const struct model_mr *dtb = vmm == NULL ? NULL : find_dtb(vmm);

    if (dtb == NULL) {
        return CMD_FAILED;
    }
    if (options->output != NULL) {
        return write_blob(dtb, fopen(options->output, "wb"), false);
    }
    (void)fflush(stdout);
    return write_blob(dtb, popen("dtc -q -I dtb -O dts", "w"), true);
}

int cmd_dts(int argc, char **argv)
{
    return cmd_inspect(&usage, argc, argv, show);
}
