/* SPDX-License-Identifier: BSD-2-Clause */
#include "microkit/host/microkit_host.h"

#include <string.h>

char microkit_name[MICROKIT_PD_NAME_LENGTH] = "test";
seL4_Word microkit_irqs = ~0ull >> 2;
seL4_Word microkit_notifications = ~0ull >> 2;
seL4_Word microkit_pps = ~0ull >> 2;

/* The recorder stands in for the platform, so its state is global as the platform's is. */
static struct {
    struct microkit_host_call calls[MICROKIT_HOST_MAX_CALLS];
    size_t call_count;
    char text[MICROKIT_HOST_TEXT_BYTES];
    size_t text_bytes;
    seL4_Word words[seL4_MsgMaxLength];
    microkit_host_ppc_fn ppc;
    void *ppc_context;
    seL4_Word vcpu_register;
} host;

void microkit_host_reset(void)
{
    memset(&host, 0, sizeof host);
    memset(microkit_name, 0, sizeof microkit_name);
    memcpy(microkit_name, "test", 4);
    microkit_irqs = microkit_notifications = microkit_pps = ~0ull >> 2;
}

void microkit_host_forget(void)
{
    host.call_count = 0;
    host.text_bytes = 0;
    host.text[0] = '\0';
}

size_t microkit_host_call_count(void)
{
    return host.call_count;
}

const struct microkit_host_call *microkit_host_call_at(size_t index)
{
    if (index >= host.call_count || index >= MICROKIT_HOST_MAX_CALLS) {
        return NULL;
    }
    return &host.calls[index];
}

size_t microkit_host_count(enum microkit_host_kind kind, unsigned int id)
{
    size_t count = 0;

    for (size_t i = 0; i < host.call_count && i < MICROKIT_HOST_MAX_CALLS; i++) {
        count += host.calls[i].kind == kind && host.calls[i].id == id;
    }
    return count;
}

void microkit_host_set_ppc(microkit_host_ppc_fn fn, void *context)
{
    host.ppc = fn;
    host.ppc_context = context;
}

void microkit_host_set_vcpu_register(seL4_Word value)
{
    host.vcpu_register = value;
}

const char *microkit_host_text(void)
{
    return host.text;
}

static void record(enum microkit_host_kind kind, unsigned int id, seL4_Word value)
{
    if (host.call_count < MICROKIT_HOST_MAX_CALLS) {
        host.calls[host.call_count] = (struct microkit_host_call){kind, id, value};
    }
    host.call_count++;
}

/* The same check and message as the bundled provider's. */
static void record_channel(enum microkit_host_kind kind, const char *call, seL4_Word granted,
                           microkit_channel ch, seL4_Word value)
{
    if (ch <= MICROKIT_MAX_CHANNEL_ID && (granted >> ch & 1) != 0) {
        record(kind, ch, value);
        return;
    }
    microkit_dbg_puts(microkit_name);
    microkit_dbg_puts(" ");
    microkit_dbg_puts(call);
    microkit_dbg_puts(": invalid channel given '");
    microkit_dbg_put32(ch);
    microkit_dbg_puts("'\n");
}

void microkit_notify(microkit_channel ch)
{
    record_channel(MICROKIT_HOST_NOTIFY, "microkit_notify", microkit_notifications, ch, 0);
}

void microkit_deferred_notify(microkit_channel ch)
{
    record_channel(MICROKIT_HOST_DEFERRED_NOTIFY, "microkit_deferred_notify", microkit_notifications, ch, 0);
}

void microkit_irq_ack(microkit_channel ch)
{
    record_channel(MICROKIT_HOST_IRQ_ACK, "microkit_irq_ack", microkit_irqs, ch, 0);
}

void microkit_deferred_irq_ack(microkit_channel ch)
{
    record_channel(MICROKIT_HOST_DEFERRED_IRQ_ACK, "microkit_deferred_irq_ack", microkit_irqs, ch, 0);
}

microkit_msginfo microkit_ppcall(microkit_channel ch, microkit_msginfo msginfo)
{
    size_t before = host.call_count;

    record_channel(MICROKIT_HOST_PPCALL, "microkit_ppcall", microkit_pps, ch, msginfo.words[0]);
    if (host.call_count == before || host.ppc == NULL) {
        return microkit_msginfo_new(0, 0);
    }
    return host.ppc(host.ppc_context, ch, msginfo);
}

void microkit_mr_set(seL4_Uint8 mr, seL4_Word value)
{
    if (mr < seL4_MsgMaxLength) {
        host.words[mr] = value;
    }
}

seL4_Word microkit_mr_get(seL4_Uint8 mr)
{
    return mr < seL4_MsgMaxLength ? host.words[mr] : 0;
}

void microkit_pd_restart(microkit_child pd, seL4_Word entry_point)
{
    record(MICROKIT_HOST_PD_RESTART, pd, entry_point);
}

void microkit_pd_stop(microkit_child pd)
{
    record(MICROKIT_HOST_PD_STOP, pd, 0);
}

void microkit_pd_resume(microkit_child pd)
{
    record(MICROKIT_HOST_PD_RESUME, pd, 0);
}

void microkit_vcpu_restart(microkit_child vcpu, seL4_Word entry_point)
{
    record(MICROKIT_HOST_VCPU_RESTART, vcpu, entry_point);
}

void microkit_vcpu_stop(microkit_child vcpu)
{
    record(MICROKIT_HOST_VCPU_STOP, vcpu, 0);
}

void microkit_vcpu_arm_inject_irq(microkit_child vcpu, seL4_Uint16 irq, seL4_Uint8 priority, seL4_Uint8 group,
                                  seL4_Uint8 index)
{
    (void)priority;
    (void)group;
    (void)index;
    record(MICROKIT_HOST_VCPU_INJECT, vcpu, irq);
}

void microkit_vcpu_arm_ack_vppi(microkit_child vcpu, seL4_Word irq)
{
    (void)vcpu;
    (void)irq;
}

seL4_Word microkit_vcpu_arm_read_reg(microkit_child vcpu, seL4_Word reg)
{
    record(MICROKIT_HOST_VCPU_READ, vcpu, reg);
    return host.vcpu_register;
}

void microkit_arm_smc_call(seL4_ARM_SMCContext *args, seL4_ARM_SMCContext *response)
{
    record(MICROKIT_HOST_SMC, 0, args->x0);
    memset(response, 0, sizeof *response);
}

void microkit_dbg_putc(int c)
{
    if (host.text_bytes + 1 < sizeof host.text) {
        host.text[host.text_bytes++] = (char)c;
        host.text[host.text_bytes] = '\0';
    }
}

void microkit_dbg_puts(const char *s)
{
    while (*s != '\0') {
        microkit_dbg_putc(*s++);
    }
}

void microkit_dbg_put8(seL4_Uint8 x)
{
    microkit_dbg_put32(x);
}

void microkit_dbg_put32(seL4_Uint32 x)
{
    char digits[10];
    size_t count = 0;

    do {
        digits[count++] = (char)('0' + x % 10);
        x /= 10;
    } while (x != 0);
    while (count > 0) {
        microkit_dbg_putc(digits[--count]);
    }
}
