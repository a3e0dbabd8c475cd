/* SPDX-License-Identifier: BSD-2-Clause */
/* A port at the beginning of a wake-up: its peer may have restarted, and its share is counted afresh. */
#include "pd/vswitch/wake.h"

#include "pd/vswitch/snoop.h"

void wake_forget(struct vswitch *vswitch, uint32_t index)
{
    mac_table_forget(&vswitch->macs, index);
    if (vswitch->snoop != NULL) {
        snoop_forget(vswitch->snoop, index);
    }
}

/* What the port may do in this wake-up. One that has had its share of an earlier one waits until it is time,
 * unless its peer, which has run then, notifies us. */
static void grant_share(struct vswitch *vswitch, uint32_t index)
{
    struct vswitch_port *port = &vswitch->ports[index];
    const bool waits = port->more && !port->kicked && vswitch->now < vswitch->resume_at;

    port->work = 0;
    if (waits || !state_is_up(vswitch, index)) {
        vswitch->stuck |= state_bit(index);
    } else {
        vswitch->stuck &= ~state_bit(index);
        port->share = port->ops->burst(port->context);
    }
}

void wake_sync(struct vswitch *vswitch, uint32_t index)
{
    struct vswitch_port *port = &vswitch->ports[index];
    const uint32_t bit = state_bit(index);

    if ((vswitch->synced & bit) != 0) {
        return;
    }
    vswitch->synced |= bit;
    if (port->ops != NULL && port->ops->sync(port->context)) {
        wake_forget(vswitch, index);
        vswitch->up |= bit;
        vswitch->busy |= bit;
        vswitch->touched |= bit;
        port->held = false;
        port->kicked = true;
        grant_share(vswitch, index);
    }
}

void wake_start(struct vswitch *vswitch, uint32_t index)
{
    wake_sync(vswitch, index);
    grant_share(vswitch, index);
}
