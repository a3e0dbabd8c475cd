/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The signal protocol of lib/ring/ring.c in both directions: a producer that waits for a certain space, a consumer
 * that waits for data, and request numbers that are answered once. No wake-up is lost.
 *
 * Records take 1 to MAX_RECORD units of a ring of CAPACITY. Each access to shared memory is a step of its own, and a
 * side's own steps keep their order: that the fences see to it is ring.pml's subject. A lost wake-up is a state in
 * which both sides wait: an invalid end state.
 *
 * Defects that can be built in, each of which Spin finds; -DBROKEN is the first:
 *   NO_LOOK_SPACE, NO_LOOK_DATA   a side does not look again after it has asked for a signal
 *   SIGNAL_BEFORE_COMMIT          the request is read before the head is stored
 *   ANSWER_ONCE_FOR_ALL           requests have no number: one that was answered counts as answered forever
 *   ANSWER_BELOW_THRESHOLD        a request counts as answered although there is not enough space yet
 */
#ifdef BROKEN
#define NO_LOOK_SPACE
#endif

#define CAPACITY 3
#define MAX_RECORD 2
#define RECORDS 4
#define REQUESTS 8 /* request numbers wrap; 0 is none */

byte head, tail;                        /* counted without wrapping: RECORDS * MAX_RECORD < 256 */
byte want_data, want_space, space_at;   /* requests, as the other side reads them */
byte lengths[RECORDS];
bit to_producer, to_consumer;           /* pending notifications */

inline next_request(request) {
#ifdef ANSWER_ONCE_FOR_ALL
    request = 1
#else
    request = request % (REQUESTS - 1) + 1
#endif
}

inline signal_data() {
    seen = want_data;
    if
    :: seen != 0 && seen != answered -> answered = seen; to_consumer = 1
    :: else
    fi
}

active proctype producer() {
    byte sent, length, request, answered, seen, seen_tail;
    do
    :: sent == RECORDS -> break
    :: else ->
        select(length : 1 .. MAX_RECORD);
        do
        :: seen_tail = tail;
           if
           :: CAPACITY - (head - seen_tail) >= length -> break
           :: else
           fi;
           /* ring_request_space() */
           space_at = head + length - CAPACITY;
           next_request(request);
           want_space = request;
#ifndef NO_LOOK_SPACE
           seen_tail = tail;
           if
           :: CAPACITY - (head - seen_tail) >= length -> break
           :: else
           fi;
#endif
           atomic { to_producer == 1 -> to_producer = 0 }
        od;
        lengths[sent] = length;
        sent++;
#ifdef SIGNAL_BEFORE_COMMIT
        signal_data();
        head = head + length
#else
        head = head + length;
        signal_data()
#endif
    od
}

active proctype consumer() {
    byte received, request, answered, seen, at;
    do
    :: received == RECORDS -> break
    :: else ->
        do
        :: if
           :: head != tail -> break
           :: else
           fi;
           /* ring_request_data() */
           next_request(request);
           want_data = request;
#ifndef NO_LOOK_DATA
           if
           :: head != tail -> break
           :: else
           fi;
#endif
           atomic { to_consumer == 1 -> to_consumer = 0 }
        od;
        assert(head - tail <= CAPACITY);
        tail = tail + lengths[received];
        lengths[received] = 0;
        received++;
        /* ring_should_signal_space() */
        seen = want_space;
        if
        :: seen != 0 && seen != answered ->
            at = space_at;
            if
#ifdef ANSWER_BELOW_THRESHOLD
            :: true -> answered = seen; if :: tail >= at -> to_producer = 1 :: else fi
#else
            :: tail >= at -> answered = seen; to_producer = 1
            :: else
#endif
            fi
        :: else
        fi
    od
}
