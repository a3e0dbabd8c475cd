/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/sel4/idle_pages.h"

void idle_pages_add(struct idle_pages *pages, microkit_channel channel, struct vhost_idle_count *idle_count,
                    const struct vhost_status *status)
{
    if (pages->count < VMM_CONFIG_MAX_DEVICES) {
        pages->pages[pages->count++] =
            (struct idle_page){.channel = channel, .idle_count = idle_count, .status = status};
    }
}

void idle_pages_tell(struct idle_pages *pages)
{
    for (uint32_t i = 0; i < pages->count; i++) {
        const struct idle_page *page = &pages->pages[i];

        /* The reader says that it waits and looks at the count again: whichever is first, one sees the other.
         */
        (void)__atomic_add_fetch(&page->idle_count->count, 1, __ATOMIC_SEQ_CST);
        if (__atomic_load_n(&page->status->wants_idle, __ATOMIC_SEQ_CST) != 0) {
            microkit_notify(page->channel);
        }
    }
}
