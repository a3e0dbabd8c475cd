/* SPDX-License-Identifier: BSD-2-Clause */
/* The whole front end on any bytes: read, expand, check, print the messages and the picture. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tool/frontend.h"
#include "tool/graph.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct expand_options options = {
        .system_path = "fuzz.system",
        .guest_dir = "/nonexistent",
        .default_board = "qemu_virt_aarch64",
    };
    struct vars vars = {0};
    struct diag *diag = diag_new();
    FILE *out = fopen("/dev/null", "w");
    struct model *model;

    (void)vars_define(&vars, "SET=12");
    model = frontend_load_text(diag, &vars, &options, (const char *)data, size);
    if (model != NULL && diag_error_count(diag) == 0) {
        graph_print(model, out);
    }
    diag_print(diag, out);
    (void)fclose(out);
    model_free(model);
    diag_free(diag);
    vars_free(&vars);
    return 0;
}
