/* SPDX-License-Identifier: BSD-2-Clause */
/** Lists of threads: a thread is in a list through one of its links, named by its offset. */
#pragma once

#include "kernel/core/kernel.h"

/** The link of `thread` at `offset` (offsetof(struct thread, ready) and the like). */
static inline struct thread_link *list_link(struct thread *thread, size_t offset)
{
    return (struct thread_link *)(void *)((char *)thread + offset);
}

/** Whether `thread` is in a list through the link at `offset`. */
static inline bool list_contains(struct thread *thread, size_t offset)
{
    return list_link(thread, offset)->list != NULL;
}

/** The same as list_append(), for a list that says nothing about who is to run: `thread` may be another
 * core's. */
void list_add(struct thread_list *list, struct thread *thread, size_t offset);
/** Take `thread` out of such a list, which it is in. */
void list_take(struct thread *thread, size_t offset);

/** Append `thread`, which must not be in a list through this link. */
void list_append(struct thread_list *list, struct thread *thread, size_t offset);

/** Put `thread`, which must not be in a list through this link, at the head. */
void list_prepend(struct thread_list *list, struct thread *thread, size_t offset);

/** Put `thread`, which must not be in a list through this link, behind `place`, which is in one. */
void list_insert_after(struct thread *place, struct thread *thread, size_t offset);

/** Take `thread` out of the list it is in through this link, if any. */
void list_remove(struct thread *thread, size_t offset);
