/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/timer_client/timer_client.h"

#include "lib/config/timer_config.h"

void timer_client_init(struct timer_client *alarm, microkit_channel channel)
{
    *alarm = (struct timer_client){.channel = channel, .set = TIMER_CLIENT_NEVER};
}

void timer_client_set(struct timer_client *alarm, uint64_t deadline)
{
    /* One that rings too early does no harm; another call would cost as much as what it saves. */
    if (deadline == TIMER_CLIENT_NEVER || alarm->set <= deadline) {
        return;
    }
    microkit_mr_set(0, deadline);
    (void)microkit_ppcall(alarm->channel, microkit_msginfo_new(TIMER_SET, 1));
    alarm->set = deadline;
}

void timer_client_heard(struct timer_client *alarm)
{
    alarm->set = TIMER_CLIENT_NEVER;
}
