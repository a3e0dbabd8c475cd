/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/core/klog.h"

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

static void append(struct kernel *kernel, const char *bytes, size_t count)
{
    struct sysdesc_klog *log = kernel->log;
    struct pd *pd = reader(kernel);

    size_t at = log->written % SYSDESC_KLOG_TEXT_BYTES;

    for (size_t i = 0; i < count; i++) {
        log->text[at] = bytes[i];
        at = at + 1 == SYSDESC_KLOG_TEXT_BYTES ? 0 : at + 1;
    }
    /* The reader is on this core or looks after a notification, which orders text before count. */
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
