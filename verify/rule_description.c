/* SPDX-License-Identifier: BSD-2-Clause */
/* What a description for seL4 may say. */
#include "verify/rule_description.h"

#include <stdio.h>
#include <string.h>

#define MAX_DEPTH 32u

/** Elements and attributes that are compared, or give nobody anything. The SDK's tool may know more. */
static const struct {
    const char *element, *attributes;
} known[] = {
    {"system", " "},
    {"memory_region", " name size page_size phys_addr prefill_path "},
    {"protection_domain", " name id priority budget period stack_size passive smc cpu fpu setvar_id "},
    {"program_image", " path "},
    {"map", " mr vaddr perms cached setvar_vaddr setvar_size setvar_prefill_size "},
    {"irq", " irq id trigger setvar_id "},
    {"setvar", " symbol region_paddr "},
    {"virtual_machine", " name priority budget period "},
    {"vcpu", " id cpu setvar_id "},
    {"channel", " "},
    {"end", " pd id pp notify setvar_id "},
};

static void add_unknown(struct findings *findings, const char *what, const char *name)
{
    findings_add(findings, RULE_DESCRIPTION, "description", FINDINGS_NO_ADDRESS, what,
                 "\"%.40s\" has no meaning here, or not so often", name);
}

/** How many children called `name` an element has. */
static unsigned int count_children(const xmlNode *node, const char *name)
{
    unsigned int count = 0;
    for (const xmlNode *child = node->children; child != NULL; child = child->next) {
        count += child->type == XML_ELEMENT_NODE && strcmp((const char *)child->name, name) == 0;
    }
    return count;
}

/** What is not known here has no line of a policy, and may mean something to the SDK's tool. */
static void check_known(struct findings *findings, const xmlNode *node, unsigned int depth)
{
    const char *attributes = NULL;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        attributes =
            strcmp(known[i].element, (const char *)node->name) == 0 ? known[i].attributes : attributes;
    }
    if (attributes == NULL || node->ns != NULL || depth > MAX_DEPTH) {
        add_unknown(findings, "element", (const char *)node->name);
        return;
    }
    for (const xmlAttr *at = node->properties; at != NULL; at = at->next) {
        char word[64];
        (void)snprintf(word, sizeof(word), " %s ", (const char *)at->name);
        if (at->ns != NULL || strstr(attributes, word) == NULL) {
            add_unknown(findings, "attribute", (const char *)at->name);
        }
    }
    if ((strcmp((const char *)node->name, "channel") == 0 && count_children(node, "end") != 2) ||
        (strcmp((const char *)node->name, "protection_domain") == 0 &&
         count_children(node, "program_image") != 1)) {
        add_unknown(findings, "element", (const char *)node->name);
    }
    for (const xmlNode *child = node->children; child != NULL; child = child->next) {
        if (child->type == XML_ELEMENT_NODE) {
            check_known(findings, child, depth + 1);
        }
    }
}

void rule_description_run(const xmlNode *root, struct findings *findings)
{
    check_known(findings, root, 0);
}

bool rule_description_is_number(const char *text)
{
    const bool is_hex = strncmp(text, "0x", 2) == 0;
    const char *digits = is_hex ? text + 2 : text;
    const size_t length = strspn(digits, is_hex ? "0123456789abcdefABCDEF" : "0123456789");
    return length > 0 && length <= 16 && digits[length] == '\0' && (is_hex || length == 1 || text[0] != '0');
}
