/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Notifications from core to core (kernel/core/notification.c, mail.c): a PD that sleeps is woken, although nobody
 * disturbs one that runs. Stores wait in a buffer, and become visible at any later time: only what is sequentially
 * consistent waits for what was stored before it.
 *
 * Two cores notify one PD of a third. Each sets its bit, reads whether the PD listens, and posts mail if it does. The
 * PD takes its word; finding none, it says that it listens, takes the word again, and sleeps. At the end no bit is
 * left in its word.
 *
 * Defects that can be built in, each of which Spin finds; -DBROKEN is the first:
 *   PLAIN_LISTENING  the PD's store may still be in the buffer when it looks at its word
 *   LOOK_ONCE        it does not look again after it has said so
 *   PLAIN_BITS       a sender's bit may still be in the buffer when it reads whether the PD listens
 *   SGI_IF_ALONE     an SGI is sent only if nobody else has notified
 */
#ifdef BROKEN
#define PLAIN_LISTENING
#endif

#define SENDERS 2
#define ROUNDS 2

byte word;                /* the notification word, as other cores see it */
bool listening;
bool listening_buffered;  /* the PD's store is in its buffer */
bool listening_value;
bool bits_buffered[SENDERS];
bool mail, sgi;
bool asleep;
byte done;

/* Buffers drain by themselves. */
active proctype drain()
{
    do
    :: atomic { listening_buffered -> listening = listening_value; listening_buffered = false }
    :: atomic { bits_buffered[0] -> word = word | 1; bits_buffered[0] = false }
    :: atomic { bits_buffered[1] -> word = word | 2; bits_buffered[1] = false }
    :: done == SENDERS && asleep && !sgi && !listening_buffered && !bits_buffered[0] && !bits_buffered[1] -> break
    od
}

active [SENDERS] proctype sender()
{
    byte me = _pid - 1;
    byte round = 0;
    bool hears, first;

    do
    :: round < ROUNDS ->
#ifdef PLAIN_BITS
        bits_buffered[me] = true;
#else
        atomic { first = (word == 0); word = word | (1 << me) }
#endif
        hears = listening;
        if
        :: hears ->
            atomic {
#ifdef SGI_IF_ALONE
                sgi = sgi || (!mail && first);
#else
                sgi = sgi || !mail;
#endif
                mail = true
            }
        :: else -> skip
        fi;
        round++
    :: else -> break
    od;
    atomic { done++ }
}

inline take()
{
    atomic { bits = word; word = 0 }
}

inline listen()
{
#ifdef PLAIN_LISTENING
    atomic { listening_buffered = true; listening_value = true }
#else
    /* The store is visible before the word is looked at. */
    atomic { listening_buffered = false; listening = true }
#endif
}

active proctype pd()
{
    byte bits;

again:
    take();
    if
    :: bits != 0 -> goto again
    :: else -> skip
    fi;
    listen();
#ifndef LOOK_ONCE
    take();
    if
    :: bits != 0 -> goto woken
    :: else -> skip
    fi;
#endif
    asleep = true;
sleep:
    do
    :: atomic { sgi -> sgi = false };
        atomic { bits = mail; mail = false };
        if
        :: bits != 0 ->
            take();
            if
            :: bits != 0 -> asleep = false; goto woken
            :: else -> skip
            fi
        :: else -> skip
        fi
    :: done == SENDERS && !sgi && !bits_buffered[0] && !bits_buffered[1] && !listening_buffered ->
        assert(word == 0);
        break
    od;
    goto end;
woken:
    /* Relaxed: it comes at some time. */
    atomic { listening_buffered = true; listening_value = false };
    goto again;
end:
    skip
}
