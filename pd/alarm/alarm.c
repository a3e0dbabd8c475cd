/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/alarm/alarm.h"

#include "lib/config/timer_config.h"

void alarm_init(struct alarm *alarm, microkit_channel channel)
{
    *alarm = (struct alarm){.channel = channel, .set = ALARM_NEVER};
}

void alarm_set(struct alarm *alarm, uint64_t deadline)
{
    /* One that rings too early does no harm; another call would cost as much as what it saves. */
    if (deadline == ALARM_NEVER || alarm->set <= deadline) {
        return;
    }
    microkit_mr_set(0, deadline);
    (void)microkit_ppcall(alarm->channel, microkit_msginfo_new(TIMER_SET, 1));
    alarm->set = deadline;
}

void alarm_heard(struct alarm *alarm)
{
    alarm->set = ALARM_NEVER;
}
