/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/sel4/pause_pages.h"

void pause_pages_add(struct pause_pages *pages, microkit_channel channel, struct vhost_pauses *pauses,
                     const struct vhost_status *status)
{
    if (pages->count < VMM_CONFIG_MAX_DEVICES) {
        pages->pages[pages->count++] =
            (struct pause_page){.channel = channel, .pauses = pauses, .status = status};
    }
}

void pause_pages_tell(struct pause_pages *pages)
{
    for (uint32_t i = 0; i < pages->count; i++) {
        const struct pause_page *page = &pages->pages[i];

        /* The reader says that it waits and looks at the count again: whichever is first, one sees the other.
         */
        (void)__atomic_add_fetch(&page->pauses->count, 1, __ATOMIC_SEQ_CST);
        if (__atomic_load_n(&page->status->wants_pause, __ATOMIC_SEQ_CST) != 0) {
            microkit_notify(page->channel);
        }
    }
}
