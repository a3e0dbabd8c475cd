/* SPDX-License-Identifier: BSD-2-Clause */
/* gdb's packets. An answer of "" says that a packet is not known, E and a number that it can't be done. */
#include "vmm/debug/gdb.h"

#include <stddef.h>

#include "lib/base/format.h"
#include "lib/base/mem.h"

#define ERROR_MALFORMED 1u
#define ERROR_MEMORY 14u /* EFAULT */
#define ERROR_SPACE 28u  /* ENOSPC */

static void put_error(struct debugger *debugger, uint8_t error)
{
    rsp_put(&debugger->reply, 'E');
    rsp_put_hex(&debugger->reply, error);
}

static void put_result(struct debugger *debugger, bool done)
{
    if (done) {
        rsp_put_text(&debugger->reply, "OK");
    } else {
        put_error(debugger, ERROR_MALFORMED);
    }
}

static bool is_thread(const struct debugger *debugger, uint32_t vcpu)
{
    return vcpu < debugger->config->vcpu_count && (vcpu == 0 || debugger->is_on[vcpu]);
}

/* Threads: a number from 1, or 0 and -1 for any and all: then *vcpu is the selected one. */
static bool take_thread(const struct debugger *debugger, const char **text, uint32_t *vcpu, bool *is_all)
{
    uint64_t number;

    *is_all = rsp_take_text(text, "-1");
    *vcpu = debugger->selected;
    if (*is_all) {
        return true;
    }
    if (!rsp_take_number(text, &number)) {
        return false;
    }
    *is_all = number == 0;
    if (number != 0) {
        *vcpu = (uint32_t)number - 1;
    }
    return number <= VMM_CONFIG_MAX_VCPUS && (number == 0 || is_thread(debugger, *vcpu));
}

/* Registers. */

static void read_all(struct debugger *debugger)
{
    if (!debug_registers_read(debugger->selected, &debugger->scratch)) {
        put_error(debugger, ERROR_MALFORMED);
        return;
    }
    for (uint32_t i = 0; i < DEBUG_REGISTER_COUNT; i++) {
        (void)debug_registers_put(&debugger->scratch, i, &debugger->reply);
    }
}

static void read_one(struct debugger *debugger, const char *text)
{
    uint64_t number;

    if (!rsp_take_number(&text, &number) || number >= DEBUG_REGISTER_COUNT ||
        !debug_registers_read(debugger->selected, &debugger->scratch)) {
        put_error(debugger, ERROR_MALFORMED);
        return;
    }
    (void)debug_registers_put(&debugger->scratch, (uint32_t)number, &debugger->reply);
}

static bool write_all(struct debugger *debugger, const char *text)
{
    bool done = true;

    for (uint32_t i = 0; i < DEBUG_REGISTER_COUNT && done; i++) {
        done = debug_registers_take(debugger->selected, i, &text);
    }
    return done && *text == '\0';
}

static bool write_one(struct debugger *debugger, const char *text)
{
    uint64_t number;

    return rsp_take_number(&text, &number) && rsp_take(&text, '=') && number < DEBUG_REGISTER_COUNT &&
           debug_registers_take(debugger->selected, (uint32_t)number, &text) && *text == '\0';
}

/* Memory. */

static bool take_range(const char **text, uint64_t *address, uint64_t *bytes)
{
    return rsp_take_number(text, address) && rsp_take(text, ',') && rsp_take_number(text, bytes);
}

/* As much as there is up to the first page that is not. */
static void read_memory(struct debugger *debugger, const char *text)
{
    uint64_t address, bytes, done = 0, part = 1;

    if (!take_range(&text, &address, &bytes)) {
        put_error(debugger, ERROR_MALFORMED);
        return;
    }
    bytes = bytes < sizeof(debugger->copy) ? bytes : sizeof(debugger->copy);
    while (done < bytes && part != 0) {
        part = debug_control_read(debugger, address + done, debugger->copy + done, bytes - done);
        done += part;
    }
    if (done == 0 && bytes != 0) {
        put_error(debugger, ERROR_MEMORY);
    }
    for (uint64_t i = 0; i < done; i++) {
        rsp_put_hex(&debugger->reply, debugger->copy[i]);
    }
}

static void write_memory(struct debugger *debugger, uint64_t address, const uint8_t *from, uint64_t bytes)
{
    uint64_t done = 0, part = 1;

    while (done < bytes && part != 0) {
        part = debug_control_write(debugger, address + done, from + done, bytes - done);
        done += part;
    }
    if (done < bytes) {
        put_error(debugger, ERROR_MEMORY);
    } else {
        rsp_put_text(&debugger->reply, "OK");
    }
}

static void write_hex(struct debugger *debugger, const char *text)
{
    uint64_t address, bytes;

    if (!take_range(&text, &address, &bytes) || !rsp_take(&text, ':') || bytes > sizeof(debugger->copy)) {
        put_error(debugger, ERROR_MALFORMED);
        return;
    }
    for (uint64_t i = 0; i < bytes; i++) {
        if (!rsp_take_hex(&text, &debugger->copy[i])) {
            put_error(debugger, ERROR_MALFORMED);
            return;
        }
    }
    write_memory(debugger, address, debugger->copy, bytes);
}

static void write_binary(struct debugger *debugger, const char *text)
{
    const char *end = (const char *)debugger->rsp.packet + debugger->rsp.packet_bytes;
    uint64_t address, bytes;

    if (!take_range(&text, &address, &bytes) || !rsp_take(&text, ':') || bytes > (uint64_t)(end - text)) {
        put_error(debugger, ERROR_MALFORMED);
        return;
    }
    write_memory(debugger, address, (const uint8_t *)text, bytes);
}

/* Breakpoints and watchpoints: `Zkind,address,bytes`, perhaps with conditions behind it, which we did not offer. */
static void change_point(struct debugger *debugger, const char *text, bool set)
{
    uint64_t kind, address, bytes;
    enum err err = ERR_OK;

    if (!rsp_take_number(&text, &kind) || !rsp_take(&text, ',') || !take_range(&text, &address, &bytes)) {
        put_error(debugger, ERROR_MALFORMED);
        return;
    }
    if (kind > DEBUG_POINT_ACCESS) {
        return;
    }
    if (set) {
        err = debug_points_set(&debugger->points, debugger->selected, (enum debug_point_kind)kind, address,
                               bytes);
    } else {
        debug_points_clear(&debugger->points, (enum debug_point_kind)kind, address, bytes);
    }
    if (err == ERR_OK) {
        rsp_put_text(&debugger->reply, "OK");
    } else {
        put_error(debugger, err == ERR_SPACE   ? ERROR_SPACE
                            : err == ERR_RANGE ? ERROR_MEMORY
                                               : ERROR_MALFORMED);
    }
}

/* Going on. */

/* `;action:thread` ...; the first that names a thread counts for it. Signals are ignored: a guest has none. */
static bool take_actions(const struct debugger *debugger, const char *text,
                         enum debug_action actions[VMM_CONFIG_MAX_VCPUS])
{
    bool has[VMM_CONFIG_MAX_VCPUS] = {false};

    while (rsp_take(&text, ';')) {
        const bool is_step = *text == 's' || *text == 'S';
        const bool has_signal = *text == 'C' || *text == 'S';
        uint32_t vcpu = 0;
        uint8_t signal;
        bool is_all = true;

        if (!(rsp_take(&text, 'c') || rsp_take(&text, 'C') || rsp_take(&text, 's') || rsp_take(&text, 'S')) ||
            (has_signal && !rsp_take_hex(&text, &signal)) ||
            (rsp_take(&text, ':') && !take_thread(debugger, &text, &vcpu, &is_all))) {
            return false;
        }
        for (uint32_t i = 0; i < VMM_CONFIG_MAX_VCPUS; i++) {
            if (!has[i] && (is_all || i == vcpu)) {
                has[i] = true;
                actions[i] = is_step ? DEBUG_STEP : DEBUG_GO;
            }
        }
    }
    return *text == '\0';
}

static void go(struct debugger *debugger, const char *text)
{
    enum debug_action actions[VMM_CONFIG_MAX_VCPUS] = {DEBUG_STAY};

    if (take_actions(debugger, text, actions)) {
        debug_control_go(debugger, actions);
    } else {
        put_error(debugger, ERROR_MALFORMED);
    }
}

/* Without vCont: one steps, or all go. */
static void go_simply(struct debugger *debugger, bool is_step)
{
    enum debug_action actions[VMM_CONFIG_MAX_VCPUS];

    for (uint32_t i = 0; i < VMM_CONFIG_MAX_VCPUS; i++) {
        actions[i] = !is_step ? DEBUG_GO : i == debugger->selected ? DEBUG_STEP : DEBUG_STAY;
    }
    debug_control_go(debugger, actions);
}

/* For `causeway dump`: the RAM as it lies there, whatever is mapped. */

#define SCAN_PAGES 64u
#define PAGE_BYTES 4096u

static void describe_ram(struct debugger *debugger)
{
    rsp_put_number(&debugger->reply, debugger->mem->base);
    rsp_put(&debugger->reply, ',');
    rsp_put_number(&debugger->reply, debugger->mem->bytes);
}

static bool is_zero(const uint8_t *page)
{
    uint64_t word, any = 0;

    for (uint32_t i = 0; i < PAGE_BYTES && any == 0; i += sizeof(word)) {
        memcpy(&word, page + i, sizeof(word));
        any |= word;
    }
    return any == 0;
}

/* Which of up to SCAN_PAGES pages hold something: a number, bit n is page n. */
static void scan_ram(struct debugger *debugger, const char *text)
{
    uint64_t gpa, pages, found = 0;
    uint8_t *host;

    if (!take_range(&text, &gpa, &pages) || pages > SCAN_PAGES ||
        guestmem_translate(debugger->mem, gpa_of(gpa), pages * PAGE_BYTES, &host) != ERR_OK) {
        put_error(debugger, ERROR_MEMORY);
        return;
    }
    for (uint64_t i = 0; i < pages; i++) {
        found |= (uint64_t)!is_zero(host + i * PAGE_BYTES) << i;
    }
    rsp_put_number(&debugger->reply, found);
}

/* As bytes, escaped where they have to be. */
static void send_ram(struct debugger *debugger, const char *text)
{
    uint64_t gpa, bytes;
    uint8_t *host;

    if (!take_range(&text, &gpa, &bytes) || bytes > sizeof(debugger->copy) ||
        guestmem_translate(debugger->mem, gpa_of(gpa), bytes, &host) != ERR_OK) {
        put_error(debugger, ERROR_MEMORY);
        return;
    }
    memcpy(debugger->copy, host, bytes);
    debug_points_hide(&debugger->points, gpa, debugger->copy, bytes);
    rsp_put(&debugger->reply, 'b');
    for (uint64_t i = 0; i < bytes; i++) {
        rsp_put(&debugger->reply, debugger->copy[i]);
    }
}

/* Queries. */

static void list_threads(struct debugger *debugger)
{
    rsp_put(&debugger->reply, 'm');
    for (uint32_t i = 0; i < debugger->config->vcpu_count; i++) {
        if (is_thread(debugger, i)) {
            rsp_put_text(&debugger->reply, i == 0 ? "" : ",");
            rsp_put_number(&debugger->reply, i + 1);
        }
    }
}

static void describe_thread(struct debugger *debugger, const char *text)
{
    char name[64];
    uint32_t vcpu;
    bool is_all;

    if (!take_thread(debugger, &text, &vcpu, &is_all)) {
        put_error(debugger, ERROR_MALFORMED);
        return;
    }
    const size_t length = format_print(name, sizeof(name), "%s vCPU %u%s", debugger->config->name, vcpu,
                                       debugger->is_on[vcpu] ? "" : ", off");
    for (size_t i = 0; i < length; i++) {
        rsp_put_hex(&debugger->reply, (uint8_t)name[i]);
    }
}

/* `offset,bytes` of the registers' description. */
static void send_description(struct debugger *debugger, const char *text)
{
    uint64_t offset, bytes;

    if (!take_range(&text, &offset, &bytes) || offset > debugger->description_bytes) {
        put_error(debugger, ERROR_MALFORMED);
        return;
    }
    const uint64_t left = debugger->description_bytes - offset;

    bytes = bytes < RSP_PACKET_BYTES / 2 ? bytes : RSP_PACKET_BYTES / 2;
    bytes = bytes < left ? bytes : left;
    rsp_put(&debugger->reply, bytes < left ? 'm' : 'l');
    for (uint64_t i = 0; i < bytes; i++) {
        rsp_put(&debugger->reply, (uint8_t)debugger->description[offset + i]);
    }
}

static void query(struct debugger *debugger, const char *text)
{
    struct rsp_reply *reply = &debugger->reply;

    if (rsp_take_text(&text, "Supported")) {
        rsp_put_text(reply, "PacketSize=");
        rsp_put_number(reply, RSP_PACKET_BYTES);
        rsp_put_text(reply, ";qXfer:features:read+;vContSupported+;swbreak+;hwbreak+");
    } else if (rsp_take_text(&text, "Xfer:features:read:target.xml:")) {
        send_description(debugger, text);
    } else if (rsp_take_text(&text, "fThreadInfo")) {
        list_threads(debugger);
    } else if (rsp_take_text(&text, "sThreadInfo")) {
        rsp_put(reply, 'l');
    } else if (rsp_take_text(&text, "ThreadExtraInfo,")) {
        describe_thread(debugger, text);
    } else if (rsp_take_text(&text, "Attached")) {
        rsp_put(reply, '1');
    } else if (rsp_take_text(&text, "Causeway.Ram")) {
        describe_ram(debugger);
    } else if (rsp_take_text(&text, "Causeway.Scan:")) {
        scan_ram(debugger, text);
    } else if (rsp_take_text(&text, "Causeway.Read:")) {
        send_ram(debugger, text);
    } else if (strcmp(text, "C") == 0) {
        rsp_put_text(reply, "QC");
        rsp_put_number(reply, debugger->selected + 1);
    }
}

static void put_stop(struct debugger *debugger)
{
    const struct debug_stop *stop = &debugger->stop;
    struct rsp_reply *reply = &debugger->reply;

    rsp_put(reply, 'T');
    rsp_put_hex(reply, stop->signal);
    rsp_put_text(reply, "thread:");
    rsp_put_number(reply, stop->vcpu + 1);
    rsp_put(reply, ';');
    if (stop->reason != NULL) {
        rsp_put_text(reply, stop->reason);
        rsp_put(reply, ':');
        if (stop->has_address) {
            rsp_put_number(reply, stop->address);
        }
        rsp_put(reply, ';');
    }
}

/* `Hg` and `Hc`: the second counts for `c` and `s` alone, which gdb does not use. */
static void select_thread(struct debugger *debugger, const char *text)
{
    const bool is_general = *text == 'g';
    uint32_t vcpu;
    bool is_all;

    if (!rsp_take(&text, 'g') && !rsp_take(&text, 'c')) {
        put_error(debugger, ERROR_MALFORMED);
        return;
    }
    const bool is_known = take_thread(debugger, &text, &vcpu, &is_all);

    if (is_known && is_general) {
        debugger->selected = vcpu;
    }
    put_result(debugger, is_known);
}

static void answer_multi_letter(struct debugger *debugger, const char *text)
{
    if (rsp_take_text(&text, "Cont?")) {
        rsp_put_text(&debugger->reply, "vCont;c;C;s;S");
    } else if (rsp_take_text(&text, "Cont")) {
        go(debugger, text);
    }
}

static void answer(struct debugger *debugger, char letter, const char *text)
{
    uint32_t vcpu;
    bool is_all;

    switch (letter) {
    case '?':
        put_stop(debugger);
        break;
    case 'g':
        read_all(debugger);
        break;
    case 'G':
        put_result(debugger, write_all(debugger, text));
        break;
    case 'p':
        read_one(debugger, text);
        break;
    case 'P':
        put_result(debugger, write_one(debugger, text));
        break;
    case 'm':
        read_memory(debugger, text);
        break;
    case 'M':
        write_hex(debugger, text);
        break;
    case 'X':
        write_binary(debugger, text);
        break;
    case 'Z':
    case 'z':
        change_point(debugger, text, letter == 'Z');
        break;
    case 'H':
        select_thread(debugger, text);
        break;
    case 'T':
        put_result(debugger, take_thread(debugger, &text, &vcpu, &is_all));
        break;
    case 'q':
        query(debugger, text);
        break;
    case 'v':
        answer_multi_letter(debugger, text);
        break;
    case 'c':
    case 's':
        go_simply(debugger, letter == 's');
        break;
    case 'D':
    case 'k':
        put_result(debugger, true);
        break;
    default:
        break;
    }
}

void gdb_report_stop(struct debugger *debugger)
{
    rsp_begin(&debugger->reply);
    put_stop(debugger);
    rsp_end(&debugger->reply);
}

/* Drop the packet that was begun: it gets its answer when the guest stops. */
static void take_back(struct debugger *debugger)
{
    debugger->reply.used = debugger->reply.packet_first;
}

void gdb_handle(struct debugger *debugger)
{
    const char letter = (char)debugger->rsp.packet[0];

    /* While it waits for a stop, gdb asks for nothing; who does gets one. */
    if (debugger->is_running) {
        debug_control_stop(debugger);
    }
    rsp_begin(&debugger->reply);
    answer(debugger, letter, letter == '\0' ? "" : (const char *)debugger->rsp.packet + 1);
    if (debugger->is_running) {
        take_back(debugger);
        return;
    }
    rsp_end(&debugger->reply);
    if (letter == 'D' || letter == 'k') {
        debug_control_detach(debugger);
    }
}
