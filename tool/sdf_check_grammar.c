/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "tool/sdf_check_parts.h"

/** What an attribute's value has to look like. */
enum form {
    FORM_TEXT,   /**< not empty */
    FORM_NUMBER, /**< decimal or hexadecimal */
    FORM_ID,     /**< decimal, below the limit of ids */
    FORM_BOOL,
    FORM_PERMS,
    FORM_TRIGGER
};

/** In which SDKs it is known. */
enum since { ALWAYS, SINCE_CPU, SINCE_SETVAR_ID, SINCE_PREFILL, SINCE_FPU };

struct attribute_rule {
    const char *element;
    const char *name;
    enum form form;
    enum since since;
    bool required;
};

/** "child" stands for a protection_domain inside another. */
static const struct attribute_rule attribute_rules[] = {
    {"protection_domain", "name", FORM_TEXT, ALWAYS, true},
    {"protection_domain", "priority", FORM_NUMBER, ALWAYS, false},
    {"protection_domain", "budget", FORM_NUMBER, ALWAYS, false},
    {"protection_domain", "period", FORM_NUMBER, ALWAYS, false},
    {"protection_domain", "passive", FORM_BOOL, ALWAYS, false},
    {"protection_domain", "stack_size", FORM_NUMBER, ALWAYS, false},
    {"protection_domain", "smc", FORM_BOOL, ALWAYS, false},
    {"protection_domain", "cpu", FORM_NUMBER, SINCE_CPU, false},
    {"protection_domain", "fpu", FORM_BOOL, SINCE_FPU, false},
    {"child", "id", FORM_ID, ALWAYS, true},
    {"child", "setvar_id", FORM_TEXT, SINCE_SETVAR_ID, false},
    {"program_image", "path", FORM_TEXT, ALWAYS, true},
    {"program_image", "path_for_symbols", FORM_TEXT, SINCE_PREFILL, false},
    {"map", "mr", FORM_TEXT, ALWAYS, true},
    {"map", "vaddr", FORM_NUMBER, ALWAYS, true},
    {"map", "perms", FORM_PERMS, ALWAYS, false},
    {"map", "cached", FORM_BOOL, ALWAYS, false},
    {"map", "setvar_vaddr", FORM_TEXT, ALWAYS, false},
    {"map", "setvar_size", FORM_TEXT, ALWAYS, false},
    {"map", "setvar_prefill_size", FORM_TEXT, SINCE_PREFILL, false},
    {"irq", "irq", FORM_NUMBER, ALWAYS, true},
    {"irq", "id", FORM_ID, ALWAYS, true},
    {"irq", "trigger", FORM_TRIGGER, ALWAYS, false},
    {"irq", "setvar_id", FORM_TEXT, SINCE_SETVAR_ID, false},
    {"setvar", "symbol", FORM_TEXT, ALWAYS, true},
    {"setvar", "region_paddr", FORM_TEXT, ALWAYS, true},
    {"virtual_machine", "name", FORM_TEXT, ALWAYS, true},
    {"virtual_machine", "priority", FORM_NUMBER, ALWAYS, false},
    {"virtual_machine", "budget", FORM_NUMBER, ALWAYS, false},
    {"virtual_machine", "period", FORM_NUMBER, ALWAYS, false},
    {"vcpu", "id", FORM_ID, ALWAYS, true},
    {"vcpu", "cpu", FORM_NUMBER, SINCE_CPU, false},
    {"vcpu", "setvar_id", FORM_TEXT, SINCE_SETVAR_ID, false},
    {"memory_region", "name", FORM_TEXT, ALWAYS, true},
    {"memory_region", "size", FORM_NUMBER, ALWAYS, false},
    {"memory_region", "page_size", FORM_NUMBER, ALWAYS, false},
    {"memory_region", "phys_addr", FORM_NUMBER, ALWAYS, false},
    {"memory_region", "prefill_path", FORM_TEXT, SINCE_PREFILL, false},
    {"end", "pd", FORM_TEXT, ALWAYS, true},
    {"end", "id", FORM_ID, ALWAYS, true},
    {"end", "pp", FORM_BOOL, ALWAYS, false},
    {"end", "notify", FORM_BOOL, ALWAYS, false},
    {"end", "setvar_id", FORM_TEXT, SINCE_SETVAR_ID, false},
};

/** How many of a child an element has; max 0: any number. */
struct child_rule {
    const char *element;
    const char *child;
    unsigned int min, max;
};

static const struct child_rule child_rules[] = {
    {"system", "protection_domain", 1, 0},
    {"system", "memory_region", 0, 0},
    {"system", "channel", 0, 0},
    {"protection_domain", "program_image", 1, 1},
    {"protection_domain", "map", 0, 0},
    {"protection_domain", "irq", 0, 0},
    {"protection_domain", "setvar", 0, 0},
    {"protection_domain", "protection_domain", 0, 0},
    {"protection_domain", "virtual_machine", 0, 1},
    {"virtual_machine", "vcpu", 1, 0},
    {"virtual_machine", "map", 0, 0},
    {"channel", "end", 2, 2},
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

bool sdf_check_is(const struct xml_element *element, const char *name)
{
    return strcmp(element->name, name) == 0;
}

const char *sdf_check_text(const struct xml_element *element, const char *name)
{
    const struct xml_attribute *attribute = xml_find(element, name);

    return attribute == NULL ? NULL : attribute->value;
}

bool sdf_check_parse(const char *text, uint64_t *value)
{
    bool hex = strncmp(text, "0x", 2) == 0;
    uint64_t base = hex ? 16 : 10;
    bool any = false;

    *value = 0;
    for (text += hex ? 2 : 0; *text != '\0'; text++) {
        static const char digits[] = "0123456789abcdef";
        char lower = *text >= 'A' && *text <= 'F' ? (char)(*text - 'A' + 'a') : *text;
        const char *digit = strchr(digits, lower);

        if (*text == '_') {
            continue;
        }
        if (digit == NULL || (uint64_t)(digit - digits) >= base ||
            *value > (UINT64_MAX - (uint64_t)(digit - digits)) / base) {
            return false;
        }
        *value = *value * base + (uint64_t)(digit - digits);
        any = true;
    }
    return any;
}

uint64_t sdf_check_number(const struct xml_element *element, const char *name, uint64_t fallback)
{
    const char *text = sdf_check_text(element, name);
    uint64_t value;

    return text != NULL && sdf_check_parse(text, &value) ? value : fallback;
}

static bool is_bool(const char *value)
{
    return strcmp(value, "true") == 0 || strcmp(value, "false") == 0;
}

static bool is_known(const struct sdf_check *check, enum since since)
{
    switch (since) {
    case SINCE_CPU:
        return check->features.cpu;
    case SINCE_SETVAR_ID:
        return check->features.setvar_id;
    case SINCE_PREFILL:
        return check->features.prefill;
    case SINCE_FPU:
        return check->features.fpu;
    case ALWAYS:
    default:
        return true;
    }
}

/** Ids are read as plain decimals. */
static bool is_id(const struct sdf_check *check, const char *value)
{
    uint64_t id;

    return value[strspn(value, "0123456789")] == '\0' && sdf_check_parse(value, &id) &&
           id < check->features.id_limit;
}

static void check_value(struct sdf_check *check, const struct attribute_rule *rule,
                        const struct xml_attribute *attribute)
{
    const char *value = attribute->value;
    const char *expected = NULL;
    uint64_t number;

    switch (rule->form) {
    case FORM_NUMBER:
        expected = sdf_check_parse(value, &number) ? NULL : "a decimal or 0x hexadecimal number";
        break;
    case FORM_ID:
        expected = is_id(check, value) ? NULL : "a decimal number from 0 to 61";
        break;
    case FORM_BOOL:
        expected = is_bool(value) ? NULL : "\"true\" or \"false\"";
        break;
    case FORM_PERMS:
        expected = value[strspn(value, "rwx")] == '\0' && strchr(value, 'r') != NULL
                       ? NULL
                       : "a combination of \"r\", \"w\" and \"x\" with \"r\"";
        break;
    case FORM_TRIGGER:
        expected = strcmp(value, "level") == 0 || strcmp(value, "edge") == 0 ? NULL : "\"level\" or \"edge\"";
        break;
    case FORM_TEXT:
    default:
        expected = value[0] != '\0' ? NULL : "a name";
        break;
    }
    if (expected != NULL) {
        diag_error(check->diag, attribute->loc, "<%s %s=\"%s\">: not %s", rule->element, rule->name, value,
                   expected);
    }
}

static const struct attribute_rule *find_rule(const char *element, const char *name)
{
    for (size_t i = 0; i < COUNT(attribute_rules); i++) {
        if (strcmp(attribute_rules[i].element, element) == 0 && strcmp(attribute_rules[i].name, name) == 0) {
            return &attribute_rules[i];
        }
    }
    return NULL;
}

static bool is_child_pd(const struct xml_element *element, const struct xml_element *parent)
{
    return sdf_check_is(element, "protection_domain") && sdf_check_is(parent, "protection_domain");
}

/** setvar_* of a map make no sense where there is no program. */
static bool is_setvar_in_vm(const struct xml_element *parent, const char *name)
{
    return sdf_check_is(parent, "virtual_machine") && strncmp(name, "setvar_", 7) == 0;
}

static void check_attributes(struct sdf_check *check, const struct xml_element *element,
                             const struct xml_element *parent)
{
    bool child = is_child_pd(element, parent);

    for (size_t i = 0; i < element->attribute_count; i++) {
        const struct xml_attribute *attribute = &element->attributes[i];
        const struct attribute_rule *rule = find_rule(element->name, attribute->name);

        rule = rule == NULL && child ? find_rule("child", attribute->name) : rule;
        if (rule == NULL || (sdf_check_is(element, "map") && is_setvar_in_vm(parent, attribute->name))) {
            diag_error(check->diag, attribute->loc, "<%s> has no attribute \"%s\" here", element->name,
                       attribute->name);
        } else if (!is_known(check, rule->since)) {
            diag_error(check->diag, attribute->loc, "<%s>: attribute \"%s\" is not known to this SDK yet",
                       element->name, attribute->name);
        } else {
            check_value(check, rule, attribute);
        }
    }
    for (size_t i = 0; i < COUNT(attribute_rules); i++) {
        const struct attribute_rule *rule = &attribute_rules[i];

        if (rule->required &&
            (sdf_check_is(element, rule->element) || (child && strcmp(rule->element, "child") == 0)) &&
            xml_find(element, rule->name) == NULL) {
            diag_error(check->diag, element->loc, "<%s> needs the attribute \"%s\"", element->name,
                       rule->name);
        }
    }
}

static bool may_contain(const struct xml_element *element, const struct xml_element *child)
{
    for (size_t i = 0; i < COUNT(child_rules); i++) {
        if (sdf_check_is(element, child_rules[i].element) && sdf_check_is(child, child_rules[i].child)) {
            return true;
        }
    }
    return false;
}

static void count_children(struct sdf_check *check, const struct xml_element *element)
{
    for (size_t i = 0; i < COUNT(child_rules); i++) {
        const struct child_rule *rule = &child_rules[i];
        size_t count = 0;

        if (!sdf_check_is(element, rule->element)) {
            continue;
        }
        for (size_t j = 0; j < element->child_count; j++) {
            count += sdf_check_is(element->children[j], rule->child) ? 1 : 0;
        }
        if (count < rule->min) {
            diag_error(check->diag, element->loc, "<%s> has %zu <%s>, but needs %u", element->name, count,
                       rule->child, rule->min);
        } else if (rule->max != 0 && count > rule->max) {
            diag_error(check->diag, element->loc, "<%s> has %zu <%s>, but may have only %u", element->name,
                       count, rule->child, rule->max);
        }
    }
}

/** Recursion is as deep as the XML, which xml.h bounds. */
static void check_element(struct sdf_check *check, const struct xml_element *element)
{
    count_children(check, element);
    for (size_t i = 0; i < element->child_count; i++) {
        const struct xml_element *child = element->children[i];

        if (may_contain(element, child)) {
            check_attributes(check, child, element);
            check_element(check, child);
        } else {
            diag_error(check->diag, child->loc, "<%s> has no place in <%s>", child->name, element->name);
        }
    }
}

void sdf_check_grammar(struct sdf_check *check)
{
    if (sdf_check_is(check->root, "system")) {
        check_element(check, check->root);
    } else {
        diag_error(check->diag, check->root->loc, "<%s> is no system description: it begins with <system>",
                   check->root->name);
    }
}
