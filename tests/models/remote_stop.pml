/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VMM stops and starts a vCPU of another core (kernel/core/request.c, remote.c), which may fault at any time: no fault of
 * before is taken for one of the new life, and no message has two owners.
 *
 * Core A has the VMM, core B the vCPU. B's messages to A are mail of two kinds, MESSAGE and DONE, each named after it is there.
 * A takes the names, and then word by word what they name; all words if DONE is one of them. A stops the vCPU, forgets what it has of it, starts it, and serves its next fault.
 *
 * Defects that can be built in, each of which Spin finds; -DBROKEN is the first:
 *   DONE_LAST    what is done is taken after the faults were looked at, not before
 *   NAMED_ONLY   words that were not named are not looked at, although DONE was
 *   ONE_STEP     stop and start are one step
 *   NO_FORGET    A does not forget the fault that it has
 *   FORGET_TWICE A forgets what it has once more as the start is done: the new life's first fault
 */
#ifdef BROKEN
#define DONE_LAST
#endif

#define OFF 0
#define RUNNING 1
#define FAULTED 2
#define NOTHING 0
#define STOP 1
#define START 2

byte vcpu = RUNNING;
byte life = 0;        /* counts starts */
byte request = NOTHING;
bool message, is_done, reply;
bool message_named, done_named;
byte message_life;    /* of the message, which is one slot */
bool queued;          /* A has it */
byte vmm_life = 0;    /* what the VMM has asked for */
bool served;

/* The guest, and core B. */
active proctype core_b()
{
    do
    :: atomic { vcpu == RUNNING && life < 2 && !served ->
            assert(!queued || message_life == life); /* the slot is ours */
            vcpu = FAULTED;
            message_life = life;
            message = true
        }
    :: atomic { request == STOP ->
            request = NOTHING;
            vcpu = OFF;
#ifdef ONE_STEP
            life++;
            vcpu = RUNNING;
#endif
            is_done = true
        }
    :: atomic { request == START -> request = NOTHING; life++; vcpu = RUNNING; is_done = true }
    :: atomic { reply -> reply = false;
            if
            :: vcpu == FAULTED -> vcpu = RUNNING
            :: else -> skip
            fi
        }
    :: served && !reply && request == NOTHING -> break
    od
}

/* Words are named after they are not empty any more, sooner or later, as whoever has made one so may be a third core;
 * and that of what is done for another thread at any time. */
active proctype namer()
{
    do
    :: message -> message_named = true
    :: done_named = true
    :: served -> break
    od
}

inline take_done()
{
    if
    :: named_done -> atomic { finished = is_done; is_done = false }
    :: else -> finished = false
    fi
}

/* remote_look(): what has come since the last time. */
inline look()
{
    atomic {
        named_message = message_named; named_done = done_named;
        message_named = false; done_named = false
    };
#ifndef NAMED_ONLY
    named_message = named_message || named_done;
#endif
#ifndef DONE_LAST
    take_done();
#endif
    if
    :: named_message -> atomic { came = message; message = false }
    :: else -> came = false
    fi;
    if
    :: came -> queued = true
    :: else -> skip
    fi;
#ifdef DONE_LAST
    take_done();
#endif
}

inline forget()
{
#ifndef NO_FORGET
    assert(!queued || message_life == 0); /* a fault of the new life is to be served */
    queued = false
#else
    skip
#endif
}

active proctype core_a()
{
    bool finished = false, came = false, named_message = false, named_done = false;

    request = STOP;
    do
    :: look();
        if
        :: finished -> break
        :: else -> skip
        fi
    od;
    forget();
#ifndef ONE_STEP
    assert(!message);
    finished = false;
    request = START;
    do
    :: look();
        if
        :: finished -> break
        :: else -> skip
        fi
    od;
#ifdef FORGET_TWICE
    forget();
#endif
#endif
    vmm_life = 1;
    do
    :: queued -> break
    :: else -> look()
    od;
    assert(message_life == vmm_life);
    queued = false;
    reply = true;
    served = true
}
