/* SPDX-License-Identifier: BSD-2-Clause */
/* `causeway help [ELEMENT]` and `causeway schema`: the language of system descriptions. */
#include <stdio.h>
#include <string.h>

#include "tool/base/suggest.h"
#include "tool/cmd/cmd.h"
#include "tool/language/spec/schema.h"

/* How deep elements are inside <system>: <guest>, <console>, <port>. */
#define ELEMENT_DEPTH 4u

static const struct cmd_usage schema_usage = {
    .name = "schema",
    .arguments = "",
    .doc = "Print the RELAX NG schema of system descriptions, for editors (systems/causeway.rng).",
    .options = "",
};

int cmd_schema(int argc, char **argv)
{
    struct cmd_options options;
    int status;

    if (!cmd_parse(&schema_usage, argc, argv, &options, &status)) {
        return status;
    }
    schema_print(&lang_system, stdout);
    cmd_free(&options);
    return CMD_OK;
}

static void print_usage(void)
{
    puts("usage: causeway help [ELEMENT | --markdown]\n\n"
         "Without ELEMENT, list the elements of system descriptions; with it, say what it is for,\n"
         "which attributes it takes and what their defaults are. With --markdown, print all that\n"
         "(docs/reference.md).");
}

static int list_elements(void)
{
    puts("elements of a system description:");
    schema_list(&lang_system, stdout);
    puts("  include            Stands for what is inside the <fragment> of the file PATH.\n\n"
         "Every element can be switched off with enabled=\"false\". Attributes may contain ${NAME} or\n"
         "${NAME:-default}, set with -D NAME=VALUE or in the environment; $$ is a dollar sign.");
    return CMD_OK;
}

static void offer(struct suggest *suggest, const struct element_spec *spec, unsigned int depth)
{
    suggest_offer(suggest, spec->name);
    for (size_t i = 0; i < spec->child_count && depth > 0; i++) { /* elements may contain their own kind */
        offer(suggest, spec->children[i].spec, depth - 1);
    }
}

static void report_unknown(const char *name)
{
    struct suggest suggest;
    char text[SUGGEST_TEXT_BYTES];

    suggest_start(&suggest, name);
    offer(&suggest, &lang_system, ELEMENT_DEPTH);
    fprintf(stderr, "causeway help: there is no element <%s>%s\n", name,
            suggest.best != NULL ? suggest_text(&suggest, text) : "; `causeway help` lists them");
}

int cmd_help(int argc, char **argv)
{
    if (argc == 1) {
        return list_elements();
    }
    if (argc == 2 && strcmp(argv[1], "--markdown") == 0) {
        schema_reference(&lang_system, stdout);
        return CMD_OK;
    }
    if (argc > 2 || argv[1][0] == '-') {
        print_usage();
        return argc == 2 && strcmp(argv[1], "--help") == 0 ? CMD_OK : CMD_USAGE;
    }
    if (!schema_help(&lang_system, argv[1], stdout)) {
        report_unknown(argv[1]);
        return CMD_FAILED;
    }
    return CMD_OK;
}
