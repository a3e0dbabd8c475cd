/* SPDX-License-Identifier: BSD-2-Clause */
/** Handles its children's faults: skips what one of them may not do, restarts the other once. */
#include <microkit.h>

#define CHILD_UNDEFINED 3u
#define CHILD_NULL 5u
#define CHILD_ENTRY 0x200000u

static unsigned int restarts;

static void say(const char *what, microkit_child child, seL4_Word number)
{
    microkit_dbg_puts("parent: child ");
    microkit_dbg_put32(child);
    microkit_dbg_puts(what);
    microkit_dbg_put32((seL4_Uint32)number);
    microkit_dbg_puts("\n");
}

void init(void)
{
    microkit_dbg_puts("parent: ready\n");
}

void notified(microkit_channel ch)
{
    (void)ch;
}

static seL4_Bool skip_instruction(microkit_msginfo *reply)
{
    microkit_mr_set(seL4_UserException_FaultIP, microkit_mr_get(seL4_UserException_FaultIP) + 4);
    *reply = microkit_msginfo_new(0, 1);
    return seL4_True;
}

seL4_Bool fault(microkit_child child, microkit_msginfo msginfo, microkit_msginfo *reply_msginfo)
{
    seL4_Word label = microkit_msginfo_get_label(msginfo);

    if (child == CHILD_UNDEFINED && label == seL4_Fault_UserException) {
        say(" did something undefined, class ", child, microkit_mr_get(seL4_UserException_Number));
        return skip_instruction(reply_msginfo);
    }
    if (child == CHILD_NULL && label == seL4_Fault_VMFault) {
        say(" touched address ", child, microkit_mr_get(seL4_VMFault_Addr));
        if (restarts++ == 0) {
            microkit_pd_restart(child, CHILD_ENTRY);
        } else {
            microkit_pd_stop(child);
        }
        return seL4_False;
    }
    say(" had an unexpected fault ", child, label);
    return seL4_False;
}
