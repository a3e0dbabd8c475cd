/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ring's signal protocol (lib/ring/ring.h): no wake-up is lost.
 *
 * Stores are visible to the other side only when their store buffer is drained, at any later time, unless a full barrier
 * waits for it: what the memory model allows and what makes the barriers necessary. A lost wake-up is a consumer that
 * waits forever although there is data: an invalid end state. With -DBROKEN the barriers are gone, and Spin must find it.
 */
#define ITEMS 3

byte head, head_store;  /* the producer's, as the consumer sees it, and on its way */
bool head_buffered;
byte want, want_store;  /* the consumer's number of a request for a signal */
bool want_buffered;
bool bell;              /* the channel's notification: a bit, so that several are one */

#ifdef BROKEN
#define BARRIER(buffered) skip
#else
#define BARRIER(buffered) !buffered
#endif

active proctype store_buffers()
{
end:
    do
    :: atomic { head_buffered -> head = head_store; head_buffered = false }
    :: atomic { want_buffered -> want = want_store; want_buffered = false }
    od
}

active proctype producer()
{
    byte produced = 0, answered = 0, request;

    do
    :: produced < ITEMS ->
        produced++;
        atomic { head_store = produced; head_buffered = true }
        BARRIER(head_buffered);
        /* ring_should_signal_data(): each request is answered once. */
        request = want;
        if
        :: request != answered -> answered = request; bell = true
        :: else -> skip
        fi
    :: else -> break
    od
}

active proctype consumer()
{
    byte consumed = 0, request = 0;

    do
    :: consumed == ITEMS -> break
    :: consumed < ITEMS && head != consumed -> consumed++
    :: else ->
        /* ring_request_data(): ask, then look again. */
        request++;
        atomic { want_store = request; want_buffered = true }
        BARRIER(want_buffered);
        if
        :: head != consumed -> skip
        :: else -> atomic { bell -> bell = false }
        fi
    od
    assert(consumed == ITEMS)
}
