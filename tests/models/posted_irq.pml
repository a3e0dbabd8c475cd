/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Posted interrupts (kernel/core/vcpu_virq.c, vcpu_virq_post(); kernel/core/vcpu.c, vcpu_wait()): none is lost, late
 * or not, however they come between the guest's looks at its queues and its going to sleep.
 *
 * A PD posts two interrupts of a vCPU of its own core: RX at once or late, TX late only. The kernel's calls are not
 * interrupted, so each is one step. There is one place for a late interrupt. The guest takes what is pending, or waits
 * for an interrupt. At the end, when nobody posts any more and the delays are over, it has taken every interrupt since
 * it was last posted.
 *
 * Defects that can be built in, each of which Spin finds; -DBROKEN is the first:
 *   OVERWRITE      a late interrupt takes the place of another one
 *   CANCEL_ANY     an interrupt at once cancels whatever waits to be late
 *   SLEEP_PENDING  a vCPU goes idle without a look at what is pending
 */
#ifdef BROKEN
#define OVERWRITE
#endif

#define POSTS 4
#define NONE 0
#define RX 1
#define TX 2

byte pending;      /* virtual interrupts that the guest has not taken */
byte late = NONE;  /* the one that waits for its delay */
bool idle;         /* the vCPU waits for an interrupt */
byte posted, taken;
byte posts_left = POSTS;

/* vcpu_post() */
inline post(intid)
{
#ifdef CANCEL_ANY
    late = NONE;
#else
    if
    :: late == intid -> late = NONE
    :: else -> skip
    fi;
#endif
    pending = pending | intid;
    idle = false
}

/* deferred_post() with a delay */
inline post_late(intid)
{
    if
    :: late == intid -> skip
    :: late == NONE -> late = intid
    :: else ->
#ifdef OVERWRITE
        late = intid
#else
        other = late;
        late = NONE;
        post(other);
        late = intid
#endif
    fi
}

active proctype pd()
{
    byte other;

    do
    :: posts_left > 0 ->
        if
        :: atomic { posts_left--; posted = posted | RX; taken = taken & ~RX; post(RX) }
        :: atomic { posts_left--; posted = posted | RX; taken = taken & ~RX; post_late(RX) }
        :: atomic { posts_left--; posted = posted | TX; taken = taken & ~TX; post_late(TX) }
        fi
    :: else -> break
    od
}

/* deferred_tick(): at any time, and for certain some time. */
active proctype timer()
{
    byte intid;

end:
    do
    :: atomic { late != NONE -> intid = late; late = NONE; post(intid) }
    od
}

active proctype guest()
{
end:
    do
    :: atomic { !idle && pending != 0 -> taken = taken | pending; pending = 0 }
    /* vcpu_wait() */
#ifdef SLEEP_PENDING
    :: atomic { !idle -> idle = true }
#else
    :: atomic { !idle && pending == 0 -> idle = true }
#endif
    od
}

active proctype nobody_posts_any_more()
{
    timeout -> assert((posted & ~taken) == 0 && late == NONE && idle)
}
