/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/image/prefill.h"

#include <stdlib.h>

#include "tool/base/file.h"

static enum err read_prefill(struct model_mr *mr, const char *const *dirs, size_t dir_count,
                             struct diag *diag)
{
    char *path = file_find(mr->prefill_path, dirs, dir_count);
    size_t bytes = 0;
    enum err err;

    if (path == NULL) {
        diag_error(diag, mr->loc, "memory region \"%s\": there is no file %s", mr->name, mr->prefill_path);
        return ERR_IO;
    }
    err = file_read(path, mr->loc, diag, &mr->prefill_data, &bytes);
    if (err == ERR_OK) {
        mr->prefill_bytes = bytes;
    } else {
        mr->prefill_data = NULL;
    }
    free(path);
    return err;
}

enum err prefill_load(struct model *model, const char *const *dirs, size_t dir_count, struct diag *diag)
{
    enum err err = ERR_OK;

    for (size_t i = 0; i < model->mr_count; i++) {
        struct model_mr *mr = model->mrs[i];

        if (mr->prefill == MODEL_PREFILL_FILE && mr->prefill_data == NULL) {
            enum err problem = read_prefill(mr, dirs, dir_count, diag);

            if (problem != ERR_OK) {
                err = problem;
                continue;
            }
        }
        if (mr->prefill != MODEL_PREFILL_NONE && mr->prefill_bytes > mr->size_bytes) {
            diag_error(diag, mr->loc, "memory region \"%s\" has 0x%llx bytes, too few for 0x%llx bytes of %s",
                       mr->name, (unsigned long long)mr->size_bytes, (unsigned long long)mr->prefill_bytes,
                       mr->prefill_path != NULL ? mr->prefill_path : "contents");
            err = ERR_RANGE;
        }
    }
    return err;
}
