/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints the last events of who has died. */
#include "pd/stats/recorder.h"

#include "kernel/include/syscall.h"
#include "lib/base/format.h"
#include "lib/base/mem.h"
#include "lib/trace/trace_kind.h"
#include "lib/trace/trace_record.h"

#define NAME_BYTES (SYSDESC_NAME_BYTES + 8u)

/* Read thread `number`, as records number them. *index: among its machine's, of a vCPU. */
static bool read_thread(struct recorder *recorder, uint32_t number, struct platform_thread *thread,
                        uint32_t *index)
{
    uint32_t first = 0;

    *index = 0;
    if (number < SYSDESC_TRACE_VCPU_BASE) {
        return recorder->ops->thread(recorder->context, number, thread) && !thread->is_vcpu;
    }
    const uint32_t pds = recorder->pd_count;
    const uint32_t vcpu = number - SYSDESC_TRACE_VCPU_BASE;
    if (!recorder->ops->thread(recorder->context, pds + vcpu, thread)) {
        return false;
    }
    struct platform_thread other;
    while (first < vcpu && recorder->ops->thread(recorder->context, pds + first, &other) &&
           other.parent != thread->parent) {
        first++;
    }
    *index = vcpu - first;
    return true;
}

static void name_of(struct recorder *recorder, uint32_t number, char text[NAME_BYTES])
{
    struct platform_thread thread;
    uint32_t index;

    if (number == SYSDESC_TRACE_NOBODY) {
        (void)format_print(text, NAME_BYTES, "nobody");
    } else if (!read_thread(recorder, number, &thread, &index)) {
        (void)format_print(text, NAME_BYTES, "thread %u", number);
    } else if (thread.is_vcpu) {
        (void)format_print(text, NAME_BYTES, "%s.%u", thread.name, index);
    } else {
        (void)format_print(text, NAME_BYTES, "%s", thread.name);
    }
}

/* Whose events they are: the dead one's, and those of the vCPUs whose VMM it is. */
static void find_subjects(struct recorder *recorder, uint32_t dead)
{
    struct platform_thread thread;
    uint32_t vcpu = SYSDESC_TRACE_VCPU_BASE;

    memset(recorder->is_subject, 0, sizeof(recorder->is_subject));
    recorder->is_subject[dead] = true;
    recorder->pd_count = 0;
    for (uint32_t i = 0; i < RECORDER_THREADS && recorder->ops->thread(recorder->context, i, &thread); i++) {
        recorder->pd_count += thread.is_vcpu ? 0 : 1;
        if (thread.is_vcpu && vcpu < RECORDER_THREADS) {
            recorder->is_subject[vcpu++] = thread.parent == dead;
        }
    }
}

static bool concerns(const struct recorder *recorder, const struct sysdesc_trace_record *record)
{
    const enum trace_detail detail = trace_kind_of(trace_record_kind(record))->detail;
    const bool names_one = detail == TRACE_DETAIL_THREAD || detail == TRACE_DETAIL_CHANNEL;

    return recorder->is_subject[trace_record_thread(record)] ||
           (names_one && recorder->is_subject[trace_record_detail(record) & 0xff]);
}

/* Among the latest, in order of time. False: it is older than all of them, and there are enough. */
static bool keep(struct recorder *recorder, uint32_t core, const struct sysdesc_trace_record *record)
{
    struct recorder_event *events = recorder->events;
    uint32_t at = recorder->event_count;

    while (at > 0 && events[at - 1].record.ticks >= record->ticks) {
        at--;
    }
    if (recorder->event_count == RECORDER_EVENTS) {
        if (at == 0) {
            return false;
        }
        memmove(&events[0], &events[1], (at - 1) * sizeof(events[0]));
        at--;
    } else {
        memmove(&events[at + 1], &events[at], (recorder->event_count - at) * sizeof(events[0]));
        recorder->event_count++;
    }
    events[at] = (struct recorder_event){*record, core};
    return true;
}

/* Backwards from record `end` of a core. */
static void collect(struct recorder *recorder, uint32_t core, uint64_t end, uint64_t until)
{
    struct sysdesc_trace_record record;

    for (uint32_t i = 0; i < RECORDER_DEPTH && end > 0; i++) {
        end--;
        if (!trace_ring_read(recorder->rings, core, end, &record)) {
            return;
        }
        if (record.ticks <= until && concerns(recorder, &record) && !keep(recorder, core, &record)) {
            return;
        }
    }
}

static void format_detail(struct recorder *recorder, const struct sysdesc_trace_record *record, char *text,
                          size_t bytes)
{
    const struct trace_kind *kind = trace_kind_of(trace_record_kind(record));
    const uint64_t detail = trace_record_detail(record);
    char name[NAME_BYTES];

    text[0] = '\0';
    switch (kind->detail) {
    case TRACE_DETAIL_NONE:
        break;
    case TRACE_DETAIL_ADDRESS:
        (void)format_print(text, bytes, "0x%llx %s", (unsigned long long)(detail & ~SYSDESC_TRACE_STORE),
                           (detail & SYSDESC_TRACE_STORE) != 0 ? "store" : "load");
        break;
    case TRACE_DETAIL_HEX:
        (void)format_print(text, bytes, "%s 0x%llx", kind->detail_name, (unsigned long long)detail);
        break;
    case TRACE_DETAIL_NUMBER:
        (void)format_print(text, bytes, "%s %llu", kind->detail_name, (unsigned long long)detail);
        break;
    case TRACE_DETAIL_THREAD:
    case TRACE_DETAIL_CHANNEL:
        name_of(recorder, detail & 0xff, name);
        (void)format_print(text, bytes, "%s %s", kind->detail_name, name);
        break;
    }
}

static void print_event(struct recorder *recorder, const struct recorder_event *event, uint64_t death)
{
    const uint64_t before = death - event->record.ticks;
    const uint32_t hz = recorder->ops->hz == 0 ? 1 : recorder->ops->hz;
    const uint64_t tenths = before / hz * 10000000 + before % hz * 10000000 / hz; /* of a microsecond */
    char line[RECORDER_LINE_BYTES];
    char name[NAME_BYTES];
    char detail[NAME_BYTES + 16];

    name_of(recorder, trace_record_thread(&event->record), name);
    format_detail(recorder, &event->record, detail, sizeof(detail));
    (void)format_print(line, sizeof(line) - 1, "recorder: -%7llu.%llu us  core %u  %-16s %-14s %s",
                       (unsigned long long)(tenths / 10), (unsigned long long)(tenths % 10), event->core,
                       name, trace_kind_of(trace_record_kind(&event->record))->name, detail);
    const size_t length = strlen(line);
    line[length] = '\n';
    line[length + 1] = '\0';
    recorder->ops->print(recorder->context, line);
}

static void print_death(struct recorder *recorder, const struct sysdesc_trace_record *record)
{
    const uint32_t dead = trace_record_thread(record);
    char line[RECORDER_LINE_BYTES];
    char name[NAME_BYTES];

    find_subjects(recorder, dead);
    recorder->event_count = 0;
    for (uint32_t i = 0; i < recorder->rings->cores; i++) {
        collect(recorder, i, trace_ring_written(recorder->rings, i), record->ticks);
    }
    name_of(recorder, dead, name);
    (void)format_print(line, sizeof(line), "recorder: %s%s: the last %u events up to then\n", name,
                       trace_record_kind(record) == SYSDESC_TRACE_MARK ? " says that its machine has died"
                                                                       : " has faulted",
                       recorder->event_count);
    recorder->ops->print(recorder->context, line);
    for (uint32_t i = 0; i < recorder->event_count; i++) {
        print_event(recorder, &recorder->events[i], record->ticks);
    }
}

static bool is_death(const struct sysdesc_trace_record *record)
{
    const uint32_t kind = trace_record_kind(record);

    return kind == SYSDESC_TRACE_FAULT || kind == SYSDESC_TRACE_DIED ||
           (kind == SYSDESC_TRACE_MARK && (trace_record_detail(record) & SYSCALL_TRACE_DEATH) != 0);
}

/* The deaths of one core since the last look; more than RECORDER_DEATHS are counted only. */
static void look_at(struct recorder *recorder, uint32_t core, uint32_t *deaths)
{
    const uint64_t end = trace_ring_written(recorder->rings, core);
    const uint64_t oldest = trace_ring_oldest(recorder->rings, core);
    uint64_t at = recorder->seen[core] < oldest ? oldest : recorder->seen[core];
    struct sysdesc_trace_record record;

    for (; at < end; at++) {
        if (trace_ring_read(recorder->rings, core, at, &record) && is_death(&record)) {
            if (*deaths < RECORDER_DEATHS) {
                print_death(recorder, &record);
            }
            ++*deaths;
        }
    }
    recorder->seen[core] = end;
}

void recorder_init(struct recorder *recorder, const struct trace_rings *rings, const struct recorder_ops *ops,
                   void *context)
{
    *recorder = (struct recorder){.rings = rings, .ops = ops, .context = context};
    for (uint32_t i = 0; i < rings->cores; i++) {
        recorder->seen[i] = trace_ring_written(rings, i);
    }
}

void recorder_look(struct recorder *recorder)
{
    uint32_t deaths = 0;
    char line[RECORDER_LINE_BYTES];

    for (uint32_t i = 0; i < recorder->rings->cores; i++) {
        look_at(recorder, i, &deaths);
    }
    if (deaths > RECORDER_DEATHS) {
        (void)format_print(line, sizeof(line), "recorder: %u more have died meanwhile\n",
                           deaths - RECORDER_DEATHS);
        recorder->ops->print(recorder->context, line);
    }
}
