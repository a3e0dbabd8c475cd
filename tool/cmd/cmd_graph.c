/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "tool/cmd/cmd.h"
#include "tool/show/graph.h"

static const struct cmd_usage usage = {
    .name = "graph",
    .arguments = "SYSTEM",
    .argument_count = 1,
    .doc = "Draw a system as SVG: protection domains, virtual machines, devices, and what joins them. dot "
           "(Debian:\n"
           "graphviz) is run for it. An --output whose name ends in .dot gets the graph as dot reads it.",
    .options = "Dpgbdo",
};

static bool wants_dot(const char *output)
{
    size_t length = output == NULL ? 0 : strlen(output);

    return length > 4 && strcmp(&output[length - 4], ".dot") == 0;
}

static int fail(const char *what)
{
    fprintf(stderr, "causeway graph: %s\n", what);
    return CMD_FAILED;
}

static int draw(const struct cmd_options *options, const struct model *model)
{
    FILE *dot;

    if (options->output != NULL && freopen(options->output, "wb", stdout) == NULL) {
        return fail("the output cannot be written");
    }
    if (wants_dot(options->output)) {
        graph_print(model, stdout);
        return fflush(stdout) == 0 ? CMD_OK : fail("writing the output failed");
    }
    (void)fflush(stdout);
    dot = popen("dot -Tsvg", "w"); /* its output goes to our stdout */
    if (dot == NULL) {
        return fail("dot cannot be run");
    }
    graph_print(model, dot);
    return pclose(dot) == 0 ? CMD_OK : fail("running dot failed (Debian: apt install graphviz)");
}

int cmd_graph(int argc, char **argv)
{
    return cmd_inspect(&usage, argc, argv, draw);
}
