/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/mock/load_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tool/expand/frontend.h"

struct model *load_model_for(const char *text, bool microkit)
{
    struct diag *diag = diag_new();
    struct vars vars = {0};
    struct expand_options options = {
        .system_path = "some/where/demo.system",
        .guest_dir = "/nonexistent",
        .default_board = "qemu_virt_aarch64",
        .microkit = microkit,
    };
    struct model *model = frontend_load_text(diag, &vars, &options, text, strlen(text));

    if (model == NULL || diag_error_count(diag) > 0) {
        diag_print(diag, stderr);
        fail();
    }
    diag_free(diag);
    return model;
}

const void *load_model_config(const struct model *model, const char *pd_name, const char *section,
                              size_t bytes)
{
    const struct model_pd *pd = model_find_pd(model, pd_name);

    assert_non_null(pd);
    for (size_t i = 0; i < pd->config_count; i++) {
        if (strcmp(pd->configs[i].section, section) == 0) {
            assert_int_equal(pd->configs[i].bytes, bytes);
            return pd->configs[i].data;
        }
    }
    fail_msg("%s has no %s", pd_name, section);
    return NULL;
}
