/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/core/klog.h"

#include "kernel/core/mail.h"
#include "kernel/core/notification.h"
#include "lib/base/format.h"

/* The PD that shows the log, or NULL when there is none that could. */
static struct pd *reader(struct kernel *kernel)
{
    if (kernel->desc->klog_pd == SYSDESC_NO_PARENT || kernel->pds[kernel->desc->klog_pd].dead) {
        return NULL;
    }
    return &kernel->pds[kernel->desc->klog_pd];
}

/* On the core of the reader. */
static void append_here(struct kernel *kernel, const char *bytes, size_t count)
{
    struct sysdesc_klog *log = kernel->log;
    struct pd *pd = reader(kernel);

    size_t at = log->written % SYSDESC_KLOG_TEXT_BYTES;

    for (size_t i = 0; i < count; i++) {
        log->text[at] = bytes[i];
        at = at + 1 == SYSDESC_KLOG_TEXT_BYTES ? 0 : at + 1;
    }
    /* The reader looks after a notification, which orders text before count. */
    __atomic_store_n(&log->written, log->written + count, __ATOMIC_RELEASE);
    if (pd != NULL) {
        notification_send(pd, 1ull << kernel->desc->klog_channel);
    }
    if (pd != NULL && !kernel->log_to_uart) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] == '\n') {
            arch_putc(kernel, '\r');
        }
        arch_putc(kernel, bytes[i]);
    }
}

/* Which core has the log. */
static struct core *home(struct kernel *kernel)
{
    return kernel->desc->klog_pd == SYSDESC_NO_PARENT ? &kernel->cores[0]
                                                      : kernel->pds[kernel->desc->klog_pd].thread.core;
}

/* Into the ring of the calling core, for the log's to fetch. What finds no room is counted. */
static void append_far(struct core *core, const char *bytes, size_t count)
{
    struct core_log *log = &core->log;
    /* Acquire pairs with the release of klog_collect(): what it has taken may be overwritten. */
    const uint64_t room = CORE_LOG_BYTES - (log->written - __atomic_load_n(&log->taken, __ATOMIC_ACQUIRE));

    if (count > room) {
        __atomic_fetch_add(&log->lost, count, __ATOMIC_RELAXED);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        log->text[(log->written + i) % CORE_LOG_BYTES] = bytes[i];
    }
    __atomic_store_n(&log->written, log->written + count, __ATOMIC_RELEASE);
    mail_post(home(core->kernel), MAIL_LOG, core->id);
}

static void append(struct kernel *kernel, const char *bytes, size_t count)
{
    if (home(kernel)->id == arch_core_id()) {
        append_here(kernel, bytes, count);
    } else {
        append_far(&kernel->cores[arch_core_id()], bytes, count);
    }
}

void klog_collect(struct core *from)
{
    struct core_log *log = &from->log;
    const uint64_t written = __atomic_load_n(&log->written, __ATOMIC_ACQUIRE);
    const uint64_t lost = __atomic_exchange_n(&log->lost, 0, __ATOMIC_RELAXED);
    char text[PD_LINE_BYTES];

    while (log->taken != written) {
        size_t count = 0;

        for (; count < sizeof(text) && log->taken + count != written; count++) {
            text[count] = log->text[(log->taken + count) % CORE_LOG_BYTES];
        }
        append_here(from->kernel, text, count);
        __atomic_store_n(&log->taken, log->taken + count, __ATOMIC_RELEASE);
    }
    if (lost != 0) {
        klog_print(from->kernel, "kernel: core %u has lost %llu bytes of its log\n", from->id,
                   (unsigned long long)lost);
    }
}

void klog_print(struct kernel *kernel, const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    size_t length = format_vprint(text, sizeof text, format, args);
    va_end(args);
    append(kernel, text, length);
}

void klog_pd_flush(struct pd *pd)
{
    if (pd->line_bytes == 0) {
        return;
    }
    append(pd->thread.core->kernel, pd->line, pd->line_bytes);
    pd->line_bytes = 0;
}

void klog_pd_write(struct pd *pd, const char *bytes, uint32_t count)
{
    uint32_t length = pd->line_bytes;

    for (uint32_t i = 0; i < count; i++) {
        pd->line[length++] = bytes[i];
        if (bytes[i] == '\n' || length == PD_LINE_BYTES) {
            pd->line_bytes = length;
            klog_pd_flush(pd);
            length = 0;
        }
    }
    pd->line_bytes = length;
}
