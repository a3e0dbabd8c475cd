/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A vhost port's window of frames and the words in which the kernel tells of pauses (pd/vswitch/vhost_port.c,
 * has_credit() and request_space(); kernel/core/vcpu.c, vcpu_went_idle()): a switch that waits for a guest's next pause is
 * told of it.
 *
 * The switch has sent all that the window allows and wants to send more. The vCPU pauses whenever it likes, on this core
 * or another: each access to a word is a step of its own. A switch that sleeps although the guest has paused since it
 * last asked, with no notification on its way, is an invalid end state once the guest pauses no more.
 *
 * Defects that can be built in, each of which Spin finds; -DBROKEN is the first:
 *   NO_LOOK        the switch does not look again after it has armed
 *   ARM_SEEN_FIRST the kernel looks whether anybody has armed before it says that there was a pause
 */
#ifdef BROKEN
#define NO_LOOK
#endif

#define FRAMES 3
#define WINDOW 1

bool paused, armed; /* one bit of each word: fetch-or and fetch-and are single steps */
bool notified;      /* the notification word's bit */
bool work;          /* the guest has frames that it has not seen */

active proctype vcpu()
{
    bool was_armed;

    /* It works off what it got, and pauses; it does not pause again before it has got more. */
end:
    do
    :: atomic { work -> work = false }
#ifdef ARM_SEEN_FIRST
        atomic { was_armed = armed; armed = false }
        paused = true;
#else
        paused = true;
        atomic { was_armed = armed; armed = false }
#endif
        if
        :: was_armed -> notified = true
        :: else -> skip
        fi
    od
}

inline take_credit()
{
    atomic { had = paused; paused = false }
    if
    :: had -> credit = WINDOW
    :: else -> skip
    fi
}

active proctype switch_pd()
{
    byte sent, credit = WINDOW;
    bool had;

    do
    :: sent == FRAMES -> break
    :: sent < FRAMES && credit > 0 -> credit--; sent++; work = true
    :: sent < FRAMES && credit == 0 ->
        take_credit();
        if
        :: credit > 0 -> skip
        :: else ->
            /* request_space(): arm, and look again: it may have paused just before. */
            armed = true;
#ifndef NO_LOOK
            take_credit();
#endif
            if
            :: credit > 0 -> skip
            :: else -> atomic { notified -> notified = false }
            fi
        fi
    od
}
