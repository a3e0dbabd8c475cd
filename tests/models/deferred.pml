/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Notifications and late doorbells (kernel/core/notification.c, deferred.c): none is lost.
 *
 * A PD on core 0 is notified by a vCPU of its own core, whose doorbell may be late, and by another core. What core 0 does
 * in the kernel is one step after another except for the other core, which may set a bit between any two. At the end,
 * when nobody rings any more, the PD has seen every bit. With -DBROKEN the PD's core is not kicked.
 */
#define RINGS 3
#define LOCAL 1
#define REMOTE 2

byte bits;              /* the notification word; fetch-or and exchange are single steps */
bool waiting;           /* the PD's state; only core 0 looks at it */
bool late;              /* in core 0's list of late PDs */
bool kick;              /* an SGI is pending at core 0 */
byte local_left = RINGS, remote_left = RINGS;
byte seen;              /* bits since they were last rung */

/* notification_deliver() */
inline deliver()
{
    if
    :: waiting ->
        atomic { taken = bits; bits = 0 }
        if
        :: taken != 0 -> seen = seen | taken; waiting = false
        :: else -> skip
        fi
    :: else -> skip
    fi
}

active proctype core_0()
{
    byte taken;

end:
    do
    /* The PD runs, and waits for the next event. */
    :: !waiting -> waiting = true; deliver()
    /* deferred_ring(): in a burst, or not. */
    :: local_left > 0 ->
        local_left--;
        atomic { seen = seen & ~LOCAL; bits = bits | LOCAL }
        if
        :: deliver()
        :: waiting && !late -> late = true
        :: !waiting || late -> skip
        fi
    /* The vCPU stops, or the delay is over: deferred_flush(), deferred_tick(). */
    :: late -> late = false; deliver()
    :: kick -> kick = false; deliver()
    od
}

active proctype core_1()
{
    do
    :: remote_left > 0 ->
        remote_left--;
        atomic { seen = seen & ~REMOTE; bits = bits | REMOTE }
#ifndef BROKEN
        kick = true
#endif
    :: else -> break
    od
}

active proctype nobody_rings_any_more()
{
    timeout -> assert(bits == 0 && seen == (LOCAL | REMOTE))
}
