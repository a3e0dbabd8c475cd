/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists of threads: a call on a thread whose neighbours are any. The list may be of any length: what lies
 * beyond the neighbours is not touched, and an end of the list is one of them or nobody.
 *
 * @contract A list stays linked both ways, with head and tail at its ends; a thread is in it exactly from its
 * append or prepend to its remove, and who runs is chosen again.
 * @bound none
 *
 * @run prove_append
 * @defect prove_append: linked behind the old tail
 * kernel/core/list.c
 * -     link->next = NULL;
 * -     link->prev = list->tail;
 * +     link->next = NULL;
 *
 * @run prove_prepend
 * @defect prove_prepend: it is the head
 * kernel/core/list.c
 * -     list->head = thread;
 * -     thread->core->need_resched = true;
 * - }
 * -
 * - void list_insert_after
 * +     thread->core->need_resched = true;
 * + }
 * +
 * + void list_insert_after
 *
 * @run prove_insert_after
 * @defect prove_insert_after: linked on both sides
 * kernel/core/list.c
 * -     list_link(before->next, offset)->prev = thread;
 *
 * @run prove_remove
 * @defect prove_remove: its neighbours are linked
 * kernel/core/list.c
 * -     if (link->next != NULL) {
 * -         list_link(link->next, offset)->prev = link->prev;
 * -     } else {
 * -         list->tail = link->prev;
 * +     if (link->next == NULL) {
 * +         list->tail = link->prev;
 */
#include "proofs/cbmc.h"

#include "kernel/core/list.c"

#define READY offsetof(struct thread, ready)

static struct core core;
static struct thread_list list;
static struct thread thread, before, after, beyond,
    far; /* in the list: .. beyond before thread after far .. */

/* A list of any length, seen from its tail: `before`, and perhaps `beyond` in front of it. */
static void make_tail(void)
{
    thread.core = &core;
    core.need_resched = nondet_bool();
    if (nondet_bool()) {
        list = (struct thread_list){NULL, NULL};
        return;
    }
    before.ready.list = &list;
    before.ready.prev = nondet_bool() ? NULL : &beyond;
    list.tail = &before;
    list.head = before.ready.prev == NULL ? &before : &beyond;
}

/* The same, seen from its head: `after`, and perhaps `far` behind it. */
static void make_head(void)
{
    thread.core = &core;
    core.need_resched = nondet_bool();
    if (nondet_bool()) {
        list = (struct thread_list){NULL, NULL};
        return;
    }
    after.ready.list = &list;
    after.ready.next = nondet_bool() ? NULL : &far;
    list.head = &after;
    list.tail = after.ready.next == NULL ? &after : &far;
}

void prove_append(void)
{
    make_tail();
    const struct thread_list old = list;
    const struct thread_link old_before = before.ready;

    list_append(&list, &thread, READY);
    PROVE(list_contains(&thread, READY) && thread.ready.list == &list, "it is in the list");
    PROVE(list.tail == &thread && thread.ready.next == NULL, "it is the tail");
    PROVE(thread.ready.prev == old.tail && (old.tail == NULL || before.ready.next == &thread),
          "linked behind the old tail");
    PROVE(list.head == (old.head == NULL ? &thread : old.head), "the head stays");
    PROVE(before.ready.prev == old_before.prev && before.ready.list == old_before.list,
          "no other link changes");
    PROVE(core.need_resched, "who runs is chosen again");
}

void prove_prepend(void)
{
    make_head();
    const struct thread_list old = list;
    const struct thread_link old_after = after.ready;

    list_prepend(&list, &thread, READY);
    PROVE(list_contains(&thread, READY) && thread.ready.list == &list, "it is in the list");
    PROVE(list.head == &thread && thread.ready.prev == NULL, "it is the head");
    PROVE(thread.ready.next == old.head && (old.head == NULL || after.ready.prev == &thread),
          "linked in front of the old head");
    PROVE(list.tail == (old.tail == NULL ? &thread : old.tail), "the tail stays");
    PROVE(after.ready.next == old_after.next && after.ready.list == old_after.list, "no other link changes");
    PROVE(core.need_resched, "who runs is chosen again");
}

void prove_insert_after(void)
{
    make_tail();
    before.ready.next = NULL;
    if (nondet_bool()) { /* somebody behind it */
        before.ready.next = &after;
        after.ready.prev = &before;
        list.tail = nondet_bool() ? &after : &far;
    }
    ASSUME(list.head != NULL);
    const struct thread_list old = list;
    struct thread *const next = before.ready.next;

    list_insert_after(&before, &thread, READY);
    PROVE(thread.ready.list == &list && thread.ready.prev == &before && before.ready.next == &thread &&
              thread.ready.next == next && (next == NULL || after.ready.prev == &thread),
          "linked on both sides");
    PROVE(list.head == old.head && list.tail == (next == NULL ? &thread : old.tail),
          "head and tail are right");
    PROVE(core.need_resched, "who runs is chosen again");
}

void prove_remove(void)
{
    const bool is_in = nondet_bool(), has_before = nondet_bool(), has_after = nondet_bool();

    thread.core = &core;
    list.head = !is_in ? NULL : has_before ? &beyond : &thread; /* any, if there is somebody in front */
    list.tail = !is_in ? NULL : has_after ? &far : &thread;
    if (is_in) {
        thread.ready = (struct thread_link){
            .list = &list, .prev = has_before ? &before : NULL, .next = has_after ? &after : NULL};
        before.ready.next = has_before ? &thread : NULL;
        after.ready.prev = has_after ? &thread : NULL;
    }
    const struct thread_list old = list;

    list_remove(&thread, READY);
    PROVE(!list_contains(&thread, READY) && thread.ready.prev == NULL && thread.ready.next == NULL,
          "it is in no list");
    if (!is_in) {
        PROVE(list.head == NULL && list.tail == NULL, "nothing happens to one that is in none");
        return;
    }
    PROVE((!has_before || before.ready.next == (has_after ? &after : NULL)) &&
              (!has_after || after.ready.prev == (has_before ? &before : NULL)),
          "its neighbours are linked");
    PROVE(list.head == (has_before ? old.head : has_after ? &after : NULL), "the head is right");
    PROVE(list.tail == (has_after ? old.tail : has_before ? &before : NULL), "the tail is right");
    PROVE(core.need_resched, "who runs is chosen again");
}
