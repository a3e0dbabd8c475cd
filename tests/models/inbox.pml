/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtual interrupts from core to core (kernel/core/inbox.c, mail.c; kernel/core/vcpu.c, vcpu_wait()): none is lost, and
 * a vCPU in WFI is woken. Relaxed operations may become visible in any order; a release comes after what was before it.
 *
 * Two cores post to one vCPU of a third: a bit in a word, a bit in the summary, a bit in the core's mail, if that was empty a
 * bit that names this word of mail, and an SGI if none was named. The vCPU's core takes SGIs, names, mail, summary and words in
 * turn, and the vCPU goes to sleep in between. At the end everything that was posted is pending, and the vCPU is awake.
 *
 * Defects that can be built in, each of which Spin finds; -DBROKEN is the first:
 *   RELAXED_SUMMARY  the summary's bit may be seen before the word's
 *   RELAXED_MAIL     the mail's bit may be seen before the summary's
 *   EARLY_SGI        the SGI may come before the mail's bit is seen
 *   EARLY_NAME       the word of mail is named before it has the bit
 */
#ifdef BROKEN
#define RELAXED_SUMMARY
#endif

#define POSTERS 2

bool word[POSTERS], summary[POSTERS], mail, named, sgi;
bool pending[POSTERS], posted[POSTERS];
bool idle, over;
byte done;

inline set_word() { word[me] = true }
inline set_summary() { summary[me] = true }
inline set_mail() { atomic { was_empty = !mail; mail = true } }
inline name_mail() { atomic { was_first = !named; named = true } }
inline send_sgi()
{
    if
    :: was_empty ->
        name_mail();
        if
        :: was_first -> sgi = true
        :: else -> skip
        fi
    :: else -> skip
    fi
}

active [POSTERS] proctype poster()
{
    byte me = _pid;
    bool was_empty = true, was_first = true;

    posted[me] = true;
#ifdef RELAXED_SUMMARY
    if
    :: set_summary(); set_mail(); send_sgi(); set_word()
    :: set_word(); set_summary(); set_mail(); send_sgi()
    fi;
#else
#ifdef RELAXED_MAIL
    if
    :: set_mail(); send_sgi(); set_word(); set_summary()
    :: set_word(); set_summary(); set_mail(); send_sgi()
    fi;
#else
#ifdef EARLY_SGI
    set_word(); set_summary();
    named = true;
    sgi = true;
    set_mail();
#else
#ifdef EARLY_NAME
    set_word(); set_summary();
    name_mail();
    if
    :: was_first -> sgi = true
    :: else -> skip
    fi;
    set_mail();
#else
    set_word(); set_summary(); set_mail(); send_sgi();
#endif
#endif
#endif
#endif
    atomic { done++ }
}

inline collect(n)
{
    atomic { some = summary[n]; summary[n] = false };
    if
    :: some -> atomic { pending[n] = pending[n] || word[n]; word[n] = false }
    :: else -> skip
    fi
}

active proctype core()
{
    bool some;

    do
    :: atomic { sgi -> sgi = false };
        atomic { some = named; named = false };
        if
        :: some -> atomic { some = mail; mail = false }
        :: else -> skip
        fi;
        if
        :: some ->
            collect(0);
            collect(1);
            if
            :: pending[0] || pending[1] -> idle = false
            :: else -> skip
            fi
        :: else -> skip
        fi
    :: !idle && !pending[0] && !pending[1] -> idle = true /* WFI */
    :: done == POSTERS && !sgi ->
        assert(pending[0] && pending[1]);
        assert(!idle);
        break
    od
}
