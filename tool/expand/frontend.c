/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/expand/frontend.h"

#include <string.h>

#include "tool/model/check.h"

/* Takes `source` over. */
static struct model *load(struct diag *diag, const struct expand_options *options, struct source *source)
{
    struct model *model = NULL;
    struct node *root;

    if (source->root == NULL) {
        return NULL;
    }
    if (strcmp(source->root->name, lang_system.name) != 0) {
        diag_error(diag, source->root->loc, "<%s>: a system description starts with <system>",
                   source->root->name);
    } else {
        root = node_bind(diag, &lang_system, source->root);
        model = expand_system(diag, source, root, options);
        node_free(root);
    }
    source_free(source);
    if (model != NULL) {
        check_model(model, diag);
    }
    return model;
}

struct model *frontend_load(struct diag *diag, const struct vars *vars, const struct expand_options *options)
{
    struct source source;

    source_read_file(&source, diag, vars, options->system_path);
    return load(diag, options, &source);
}

struct model *frontend_load_text(struct diag *diag, const struct vars *vars,
                                 const struct expand_options *options, const char *text, size_t bytes)
{
    struct source source;

    source_read_text(&source, diag, vars, options->system_path, text, bytes);
    return load(diag, options, &source);
}
