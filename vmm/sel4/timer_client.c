/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/sel4/timer_client.h"

#include "lib/config/timer_config.h"

void timer_client_arm(struct timer_client *client, uint64_t deadline)
{
    if (deadline == TIMER_CLIENT_NEVER ||
        (client->armed != TIMER_CLIENT_NEVER && client->armed <= deadline)) {
        return; /* it fires early enough; what is due then is looked up then */
    }
    microkit_mr_set(0, deadline);
    (void)microkit_ppcall(client->channel, microkit_msginfo_new(TIMER_SET, 1));
    client->armed = deadline;
}

void timer_client_set_alarm(struct timer_client *client, uint64_t alarm)
{
    client->alarm = alarm;
    timer_client_arm(client, alarm);
}

void timer_client_fired(struct timer_client *client, uint64_t now)
{
    client->armed = TIMER_CLIENT_NEVER;
    if (client->alarm <= now) {
        client->alarm = TIMER_CLIENT_NEVER;
    }
    timer_client_arm(client, client->alarm);
}
