/* SPDX-License-Identifier: BSD-2-Clause */
#include "verify/findings.h"

#include <inttypes.h>
#include <stdarg.h>
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
    [RULE_KLOG] = "klog",
    [RULE_INTENT] = "intent",
};

const char *findings_rule_name(enum findings_rule rule)
{
    return (unsigned int)rule < RULE_COUNT ? rule_names[rule] : "unknown";
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
        va_start(args, format);
        vsnprintf(findings->malformed, sizeof findings->malformed, format, args);
        va_end(args);
    }
    return ERR_FORMAT;
}

void findings_print(const struct findings *findings, const char *image, FILE *out)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct findings_item *item = &findings->items[i];
        fprintf(out, "%s: %s: 0x%" PRIx64 ": %s: %s [%s]\n", image, item->domain, item->address, item->region,
                item->text, findings_rule_name(item->rule));
    }
    if (findings->dropped != 0) {
        fprintf(out, "%s: and %zu more violations\n", image, findings->dropped);
    }
}

void findings_free(struct findings *findings)
{
    free(findings->items);
    memset(findings, 0, sizeof *findings);
}
