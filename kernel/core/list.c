/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/core/list.h"

void list_add(struct thread_list *list, struct thread *thread, size_t offset)
{
    struct thread_link *link = list_link(thread, offset);

    link->list = list;
    link->next = NULL;
    link->prev = list->tail;
    if (list->tail != NULL) {
        list_link(list->tail, offset)->next = thread;
    } else {
        list->head = thread;
    }
    list->tail = thread;
}

void list_append(struct thread_list *list, struct thread *thread, size_t offset)
{
    list_add(list, thread, offset);
    thread->core->need_resched = true;
}

void list_prepend(struct thread_list *list, struct thread *thread, size_t offset)
{
    struct thread_link *link = list_link(thread, offset);

    link->list = list;
    link->prev = NULL;
    link->next = list->head;
    if (list->head != NULL) {
        list_link(list->head, offset)->prev = thread;
    } else {
        list->tail = thread;
    }
    list->head = thread;
    thread->core->need_resched = true;
}

void list_insert_after(struct thread *place, struct thread *thread, size_t offset)
{
    struct thread_link *before = list_link(place, offset), *link = list_link(thread, offset);

    if (before->next == NULL) {
        list_append(before->list, thread, offset);
        return;
    }
    *link = (struct thread_link){.list = before->list, .prev = place, .next = before->next};
    list_link(before->next, offset)->prev = thread;
    before->next = thread;
    thread->core->need_resched = true;
}

void list_take(struct thread *thread, size_t offset)
{
    struct thread_link *link = list_link(thread, offset);
    struct thread_list *list = link->list;

    if (link->prev != NULL) {
        list_link(link->prev, offset)->next = link->next;
    } else {
        list->head = link->next;
    }
    if (link->next != NULL) {
        list_link(link->next, offset)->prev = link->prev;
    } else {
        list->tail = link->prev;
    }
    *link = (struct thread_link){0};
}

void list_remove(struct thread *thread, size_t offset)
{
    if (!list_contains(thread, offset)) {
        return;
    }
    list_take(thread, offset);
    thread->core->need_resched = true;
}
