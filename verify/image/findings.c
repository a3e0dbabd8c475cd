/* SPDX-License-Identifier: BSD-2-Clause */
/* The violations that were found, and how they are told. */
#include "verify/image/findings.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const char *const rule_names[RULE_COUNT] = {
    [RULE_TABLE_AREA] = "table-area",
    [RULE_TABLE_SHARED] = "table-shared",
    [RULE_TABLE_EXPOSED] = "table-exposed",
    [RULE_DESCRIPTOR] = "descriptor",
    [RULE_KERNEL_EXPOSED] = "kernel-exposed",
    [RULE_UNDECLARED_SHARING] = "undeclared-sharing",
    [RULE_UNDECLARED_MAPPING] = "undeclared-mapping",
    [RULE_EXCESS_PERMISSION] = "excess-permission",
    [RULE_VM_MEMORY] = "vm-memory",
    [RULE_DEVICE_OWNER] = "device-owner",
    [RULE_KERNEL_DEVICE] = "kernel-device",
    [RULE_DEVICE_UNDECLARED] = "device-undeclared",
    [RULE_DEVICE_ATTRIBUTE] = "device-attribute",
    [RULE_WX_PD] = "wx-pd",
    [RULE_WX_EL2] = "wx-el2",
    [RULE_PD_TEXT] = "pd-text",
    [RULE_PD_SEGMENT] = "pd-segment",
    [RULE_PD_LAYOUT] = "pd-layout",
    [RULE_IPC_BUFFER] = "ipc-buffer",
    [RULE_EL2_IDENTITY] = "el2-identity",
    [RULE_EL2_MEMORY] = "el2-memory",
    [RULE_FIRMWARE] = "firmware",
    [RULE_ENTRY] = "entry",
    [RULE_CHANNEL] = "channel",
    [RULE_PPC_PRIORITY] = "ppc-priority",
    [RULE_IRQ_OWNER] = "irq-owner",
    [RULE_CHILD] = "child",
    [RULE_VMID] = "vmid",
    [RULE_LIMIT] = "limit",
    [RULE_DOORBELL] = "doorbell",
    [RULE_POST] = "post",
    [RULE_ACCOUNT] = "account",
    [RULE_KLOG] = "klog",
    [RULE_TRACE] = "trace",
    [RULE_INTENT] = "intent",
    [RULE_LOAD_ADDRESS] = "load-address",
    [RULE_KERNEL_IMAGE] = "kernel-image",
    [RULE_PROGRAM_IMAGE] = "program-image",
    [RULE_LIBRARY] = "library",
    [RULE_DESCRIPTION] = "description",
};

/** Kinds of lines of a policy, and the rules about them. */
static const char *const policy_rules[RULE_COUNT - RULE_POLICY] = {
    "policy-account",        "policy-allow",  "policy-board",     "policy-channel", "policy-config",
    "policy-constant",       "policy-cores",  "policy-device",    "policy-dma",     "policy-doorbell",
    "policy-firmware-calls", "policy-fpu",    "policy-interrupt", "policy-klog",    "policy-memory",
    "policy-parent",         "policy-place",  "policy-post",      "policy-program", "policy-schedule",
    "policy-seed",           "policy-stack",  "policy-system",    "policy-vcpu",    "policy-variable",
    "policy-kernel-device",  "policy-mirror", "policy-observer",  "policy-trace",
};

const char *findings_rule_name(enum findings_rule rule)
{
    return rule < RULE_POLICY  ? rule_names[rule]
           : rule < RULE_COUNT ? policy_rules[rule - RULE_POLICY]
                               : "unknown";
}

enum findings_rule findings_policy_rule(const char *kind)
{
    for (unsigned int i = 0; i < RULE_COUNT - RULE_POLICY; i++) {
        if (strcmp(policy_rules[i] + strlen("policy-"), kind) == 0) {
            return (enum findings_rule)(RULE_POLICY + i);
        }
    }
    return RULE_COUNT;
}

void *findings_grow(void *items, size_t count, size_t item_bytes)
{
    void *grown;
    if (count != 0 && (count & (count - 1)) != 0) {
        return items; /* only at a power of two the room is used up */
    }
    grown = reallocarray(items, count == 0 ? 1 : 2 * count, item_bytes);
    if (grown == NULL) {
        fputs("causeway verify: out of memory\n", stderr);
        abort();
    }
    return grown;
}

/** Names come from the image, which may be hostile: keep control characters off the terminal. */
static void copy_printable(char *out, size_t out_bytes, const char *text)
{
    size_t i = 0;
    for (; i + 1 < out_bytes && text[i] != '\0'; i++) {
        out[i] = text[i] >= ' ' && text[i] < 127 ? text[i] : '?';
    }
    out[i] = '\0';
}

void findings_add(struct findings *findings, enum findings_rule rule, const char *domain, uint64_t address,
                  const char *region, const char *format, ...)
{
    struct findings_item *item;
    char text[FINDINGS_TEXT_BYTES];
    va_list args;
    if (findings->count == FINDINGS_MAX) {
        findings->dropped++;
        return;
    }
    findings->items = findings_grow(findings->items, findings->count, sizeof *findings->items);
    item = &findings->items[findings->count++];
    item->rule = rule;
    item->address = address;
    item->fault = findings->fault;
    copy_printable(item->domain, sizeof item->domain, domain);
    copy_printable(item->region, sizeof item->region, region);
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    copy_printable(item->text, sizeof item->text, text);
}

enum err findings_malformed(struct findings *findings, const char *format, ...)
{
    va_list args;
    if (findings->malformed[0] == '\0') {
        char text[FINDINGS_TEXT_BYTES];
        va_start(args, format);
        vsnprintf(text, sizeof text, format, args);
        va_end(args);
        copy_printable(findings->malformed, sizeof findings->malformed, text);
    }
    return ERR_FORMAT;
}

void findings_group(struct findings *findings, uint32_t fault)
{
    findings->fault = fault;
}

uint32_t findings_only_fault(const struct findings *findings)
{
    for (size_t i = 1; i < findings->count; i++) {
        if (findings->items[i].fault != findings->items[0].fault) {
            return 0;
        }
    }
    return findings->count == 0 ? 0 : findings->items[0].fault;
}

/** Whether items `a` and `b` are of one cause. */
static bool is_same_fault(const struct findings_item *a, const struct findings_item *b)
{
    return a == b || (a->fault != 0 && a->fault == b->fault);
}

/** Print the text at `offset` of item `number`, unless an item of the same fault in front of it has the same.
 */
static void print_once(const struct findings *findings, size_t number, size_t offset, FILE *out)
{
    const char *text = (const char *)&findings->items[number] + offset;
    for (size_t i = 0; i < number; i++) {
        if (is_same_fault(&findings->items[i], &findings->items[number]) &&
            strcmp((const char *)&findings->items[i] + offset, text) == 0) {
            return;
        }
    }
    if (text[0] != '\0') {
        fprintf(out, ", %s", text);
    }
}

/** The rules that item `first` and those of the same cause break, each once. Returns how many those are. */
static size_t print_rules(const struct findings *findings, size_t first, FILE *out)
{
    bool named[RULE_COUNT] = {false};
    size_t count = 0;
    for (size_t i = first; i < findings->count; i++) {
        const struct findings_item *item = &findings->items[i];
        if (!is_same_fault(&findings->items[first], item)) {
            continue;
        }
        if (!named[item->rule]) {
            fprintf(out, "%s%s", count == 0 ? " [" : ", ", findings_rule_name(item->rule));
        }
        named[item->rule] = true;
        count++;
    }
    fputc(']', out);
    return count;
}

/** Who and what else is concerned by the fault of item `first`. */
static void print_parties(const struct findings *findings, size_t first, size_t count, FILE *out)
{
    fprintf(out, " (%zu violations by this one mapping", count);
    for (size_t i = first + 1; i < findings->count; i++) {
        if (is_same_fault(&findings->items[first], &findings->items[i])) {
            print_once(findings, i, offsetof(struct findings_item, domain), out);
            print_once(findings, i, offsetof(struct findings_item, region), out);
        }
    }
    fputc(')', out);
}

void findings_print(const struct findings *findings, const char *image, FILE *out)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct findings_item *item = &findings->items[i];
        size_t before = 0;
        size_t count;
        while (!is_same_fault(&findings->items[before], item)) {
            before++;
        }
        if (before < i) {
            continue;
        }
        fprintf(out, "%s: %s: ", image, item->domain);
        if (item->address != FINDINGS_NO_ADDRESS) {
            fprintf(out, "0x%" PRIx64 ": ", item->address);
        }
        fprintf(out, "%s%s%s", item->region, item->region[0] == '\0' ? "" : ": ", item->text);
        count = print_rules(findings, i, out);
        if (count > 1) {
            print_parties(findings, i, count, out);
        }
        fputc('\n', out);
    }
    if (findings->dropped != 0) {
        fprintf(out, "%s: and %zu more violations\n", image, findings->dropped);
    }
}

void findings_print_string(const char *text, FILE *out)
{
    fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            fprintf(out, "\\%c", *text);
        } else {
            fputc(*text >= ' ' && *text < 127 ? *text : '?', out);
        }
    }
    fputc('"', out);
}

void findings_print_json(const struct findings *findings, FILE *out)
{
    fputc('[', out);
    for (size_t i = 0; i < findings->count; i++) {
        const struct findings_item *item = &findings->items[i];
        fprintf(out, "%s\n  {\"rule\": \"%s\", \"domain\": ", i == 0 ? "" : ",",
                findings_rule_name(item->rule));
        findings_print_string(item->domain, out);
        if (item->address != FINDINGS_NO_ADDRESS) {
            fprintf(out, ", \"address\": \"0x%" PRIx64 "\"", item->address);
        }
        if (item->fault != 0) {
            fprintf(out, ", \"fault\": %u", item->fault);
        }
        fputs(", \"region\": ", out);
        findings_print_string(item->region, out);
        fputs(", \"text\": ", out);
        findings_print_string(item->text, out);
        fputc('}', out);
    }
    fputs("]", out);
}

void findings_free(struct findings *findings)
{
    free(findings->items);
    memset(findings, 0, sizeof *findings);
}
