/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/core/alarm.h"

#include "kernel/core/list.h"
#include "kernel/core/notification.h"

#define ALARM offsetof(struct thread, alarm)

void alarm_set(struct pd *pd, uint64_t time, uint32_t channel)
{
    struct thread *thread = &pd->thread;

    list_remove(thread, ALARM);
    if (time == ARCH_NEVER)
        return;
    thread->alarm_time = time;
    pd->alarm_channel = channel;
    list_append(&thread->core->alarms, thread, ALARM);
}

void alarm_tick(struct core *core, uint64_t now)
{
    struct thread *next;

    for (struct thread *thread = core->alarms.head; thread != NULL; thread = next) {
        next = thread->alarm.next;
        if (now < thread->alarm_time)
            continue;
        list_remove(thread, ALARM);
        notification_send(kernel_pd(thread), 1ull << kernel_pd(thread)->alarm_channel);
    }
}
