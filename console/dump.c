/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's core: notes for each vCPU, its RAM as it lies there, and for Linux where its kernel sees that. */
#include "console/dump.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/exit_code.h"
#include "console/stub.h"
#include "console/usage.h"
#include "console/where.h"

#define NAME_BYTES 64
#define PAGE_BYTES UINT64_C(4096)
#define SCAN_PAGES UINT64_C(64)
#define READ_BYTES 2048u
/* Requests on their way: the line is used both ways, and nobody waits for an answer. */
#define IN_FLIGHT 24u
#define MAX_VCPUS 16u
#define NOTES_BYTES 32768u
#define MAX_LOADS 3u
/* struct elf_prstatus of arm64's Linux. */
#define PRSTATUS_BYTES 392u
#define PRSTATUS_PID 32u
#define PRSTATUS_REGISTERS 112u
#define PRSTATUS_REGISTER_COUNT 34u

static const char usage[] =
    "usage: causeway dump [options] GUEST\n"
    "\n"
    "Write memory and registers of a guest whose description says debug=\"true\" as an ELF core, which gdb "
    "and crash\n"
    "read. The guest stands still meanwhile, and then goes on. Pages of zeros are holes in the file.\n"
    "\n"
    "options:\n"
    "  -o, --output FILE  [GUEST.vmcore]\n"
    "  -d, --dir DIR      folder of the system's sockets [the one system that runs]\n"
    "  -q, --quiet        no progress\n"
    "  -h, --help         show this help\n";

static const struct option long_options[] = {{"output", required_argument, NULL, 'o'},
                                             {"dir", required_argument, NULL, 'd'},
                                             {"quiet", no_argument, NULL, 'q'},
                                             {"help", no_argument, NULL, 'h'},
                                             {0}};

/* A dump under way. */
struct dump {
    const char *folder, *guest, *output;
    bool is_quiet;
    struct stub stub;
    int file;
    uint64_t ram, ram_bytes;
    uint64_t data; /* where the RAM is in the file */
    uint64_t *pages;
    uint64_t page_count; /* of those that hold something */
    size_t notes_bytes;
    uint8_t notes[NOTES_BYTES];
    char vmcoreinfo[PAGE_BYTES + 1];
};

static bool fail(const struct dump *dump, const char *what)
{
    fprintf(stderr, "causeway dump: %s: %s\n", dump->guest, what);
    return false;
}

static bool fail_file(const struct dump *dump)
{
    fprintf(stderr, "causeway dump: %s: %s\n", dump->output, strerror(errno));
    return false;
}

static bool lost(const struct dump *dump)
{
    return fail(dump, "no answer, or a damaged one: another debugger is at it, or the system has ended");
}

/* Notes. */

static void add_note(struct dump *dump, const char *name, uint32_t type, const void *bytes, size_t count)
{
    const Elf64_Nhdr head = {(Elf64_Word)strlen(name) + 1, (Elf64_Word)count, type};
    const size_t name_bytes = (head.n_namesz + 3u) & ~(size_t)3, padded = (count + 3u) & ~(size_t)3;

    if (dump->notes_bytes + sizeof(head) + name_bytes + padded > sizeof(dump->notes)) {
        return;
    }
    uint8_t *at = dump->notes + dump->notes_bytes;

    memcpy(at, &head, sizeof(head));
    memcpy(at + sizeof(head), name, head.n_namesz);
    memcpy(at + sizeof(head) + name_bytes, bytes, count);
    dump->notes_bytes += sizeof(head) + name_bytes + padded;
}

static bool take_byte(const char *hex, uint8_t *byte)
{
    char digits[3] = {hex[0], hex[0] == '\0' ? '\0' : hex[1], '\0'};
    char *end;

    *byte = (uint8_t)strtoul(digits, &end, 16);
    return end == digits + 2;
}

/* x0..x30, sp, pc of 8 bytes, cpsr of 4: as the stub's first registers are. */
static bool add_registers(struct dump *dump, uint32_t thread)
{
    const char *hex = (const char *)dump->stub.packet;
    uint8_t status[PRSTATUS_BYTES] = {0};
    const size_t count = 8 * (PRSTATUS_REGISTER_COUNT - 1) + 4;

    for (size_t i = 0; i < count; i++) {
        if (!take_byte(hex + 2 * i, &status[PRSTATUS_REGISTERS + i])) {
            return lost(dump);
        }
    }
    memcpy(status + PRSTATUS_PID, &thread, sizeof(thread));
    add_note(dump, "CORE", NT_PRSTATUS, status, sizeof(status));
    return true;
}

static bool read_registers(struct dump *dump)
{
    char threads[STUB_PACKET_BYTES + 1];
    char packet[16];
    char *rest;

    if (!stub_ask(&dump->stub, "?") || !stub_ask(&dump->stub, "qfThreadInfo") ||
        dump->stub.packet[0] != 'm') {
        return lost(dump);
    }
    memcpy(threads, dump->stub.packet + 1, dump->stub.packet_bytes);
    for (char *word = strtok_r(threads, ",", &rest); word != NULL; word = strtok_r(NULL, ",", &rest)) {
        const uint32_t thread = (uint32_t)strtoul(word, NULL, 16);

        (void)snprintf(packet, sizeof(packet), "Hg%x", thread);
        if (thread == 0 || thread > MAX_VCPUS || !stub_ask(&dump->stub, packet) ||
            !stub_ask(&dump->stub, "g") || !add_registers(dump, thread)) {
            return lost(dump);
        }
    }
    return true;
}

/* Memory. */

static bool find_ram(struct dump *dump)
{
    if (!stub_ask(&dump->stub, "qCauseway.Ram") ||
        sscanf((const char *)dump->stub.packet, "%" SCNx64 ",%" SCNx64, &dump->ram, &dump->ram_bytes) != 2 ||
        dump->ram_bytes == 0 || dump->ram_bytes % PAGE_BYTES != 0 || dump->ram_bytes > UINT64_C(1) << 40) {
        return lost(dump);
    }
    dump->pages = calloc(dump->ram_bytes / PAGE_BYTES, sizeof(*dump->pages));
    return dump->pages != NULL || fail(dump, "no memory");
}

static uint64_t scan_count(const struct dump *dump, uint64_t page)
{
    const uint64_t left = dump->ram_bytes / PAGE_BYTES - page;

    return left < SCAN_PAGES ? left : SCAN_PAGES;
}

static bool ask_scan(struct dump *dump, uint64_t page)
{
    return stub_send(&dump->stub, "qCauseway.Scan:%" PRIx64 ",%" PRIx64, dump->ram + page * PAGE_BYTES,
                     scan_count(dump, page));
}

static bool take_scan(struct dump *dump, uint64_t page)
{
    char *end;

    if (!stub_receive(&dump->stub)) {
        return false;
    }
    const uint64_t found = strtoull((const char *)dump->stub.packet, &end, 16);

    for (uint64_t i = 0; i < scan_count(dump, page); i++) {
        if ((found >> i & 1) != 0) {
            dump->pages[dump->page_count++] = page + i;
        }
    }
    return *end == '\0' && end != (const char *)dump->stub.packet;
}

static bool ask_page(struct dump *dump, uint64_t half)
{
    return stub_send(&dump->stub, "qCauseway.Read:%" PRIx64 ",%x",
                     dump->ram + dump->pages[half / 2] * PAGE_BYTES + half % 2 * READ_BYTES, READ_BYTES);
}

/* Linux keeps what readers of its cores have to know in a page of its own, which begins like that. */
static void look_for_vmcoreinfo(struct dump *dump, uint64_t half)
{
    static const char begin[] = "OSRELEASE=";
    const char *data = (const char *)dump->stub.packet + 1;

    if (half % 2 == 0 && dump->vmcoreinfo[0] == '\0' && memcmp(data, begin, sizeof(begin) - 1) == 0) {
        memcpy(dump->vmcoreinfo, data, READ_BYTES);
    } else if (half % 2 == 1 && dump->vmcoreinfo[0] != '\0' && dump->vmcoreinfo[READ_BYTES - 1] != '\0' &&
               dump->vmcoreinfo[READ_BYTES] == '\0') {
        memcpy(dump->vmcoreinfo + READ_BYTES, data, READ_BYTES);
    }
}

static bool take_page(struct dump *dump, uint64_t half)
{
    if (!stub_receive(&dump->stub) || dump->stub.packet_bytes != READ_BYTES + 1 ||
        dump->stub.packet[0] != 'b') {
        return false;
    }
    look_for_vmcoreinfo(dump, half);
    const off_t at = (off_t)(dump->data + dump->pages[half / 2] * PAGE_BYTES + half % 2 * READ_BYTES);

    if (pwrite(dump->file, dump->stub.packet + 1, READ_BYTES, at) != READ_BYTES) {
        return fail_file(dump);
    }
    if (!dump->is_quiet && half % 512 == 0) {
        fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " KiB", half * 2, dump->page_count * 4);
    }
    return true;
}

/* Have `count` things asked for and taken, `step` apart, some of them on their way at a time. */
static bool stream(struct dump *dump, uint64_t count, uint64_t step, bool (*ask)(struct dump *, uint64_t),
                   bool (*take)(struct dump *, uint64_t))
{
    uint64_t asked = 0;

    for (uint64_t taken = 0; taken < count; taken += step) {
        while (asked < count && asked - taken < IN_FLIGHT * step) {
            if (!ask(dump, asked)) {
                return lost(dump);
            }
            asked += step;
        }
        if (!take(dump, taken)) {
            return lost(dump);
        }
    }
    return true;
}

/* The file's head. */

/* A number of vmcoreinfo, however it is written. */
static bool find_number(const struct dump *dump, const char *name, uint64_t *value)
{
    char key[NAME_BYTES];

    (void)snprintf(key, sizeof(key), "\nNUMBER(%s)=", name);
    const char *at = strstr(dump->vmcoreinfo, key);

    if (at == NULL) {
        return false;
    }
    *value = strtoull(at + strlen(key), NULL, 0);
    return true;
}

static Elf64_Phdr load_at(const struct dump *dump, uint64_t vaddr)
{
    return (Elf64_Phdr){.p_type = PT_LOAD,
                        .p_flags = PF_R | PF_W | PF_X,
                        .p_offset = dump->data,
                        .p_vaddr = vaddr,
                        .p_paddr = dump->ram,
                        .p_filesz = dump->ram_bytes,
                        .p_memsz = dump->ram_bytes,
                        .p_align = PAGE_BYTES};
}

/* The RAM at its physical addresses, and where an arm64 Linux has its image and its linear map. */
static Elf64_Half make_loads(const struct dump *dump, Elf64_Phdr loads[MAX_LOADS])
{
    uint64_t image_offset, va_bits, phys_offset;
    Elf64_Half count = 0;

    loads[count++] = load_at(dump, dump->ram);
    if (find_number(dump, "kimage_voffset", &image_offset)) {
        loads[count++] = load_at(dump, dump->ram + image_offset);
    }
    if (find_number(dump, "VA_BITS", &va_bits) && find_number(dump, "PHYS_OFFSET", &phys_offset) &&
        va_bits < 64) {
        loads[count++] = load_at(dump, (~UINT64_C(0) << va_bits) + dump->ram - phys_offset);
    }
    return count;
}

static bool write_head(struct dump *dump)
{
    Elf64_Phdr heads[1 + MAX_LOADS] = {{.p_type = PT_NOTE, .p_align = 4}};
    const Elf64_Half count = (Elf64_Half)(1 + make_loads(dump, heads + 1));
    const Elf64_Ehdr elf = {
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_CORE,
        .e_machine = EM_AARCH64,
        .e_version = EV_CURRENT,
        .e_phoff = sizeof(elf),
        .e_ehsize = sizeof(elf),
        .e_phentsize = sizeof(heads[0]),
        .e_phnum = count};

    heads[0].p_offset = sizeof(elf) + sizeof(heads);
    heads[0].p_filesz = dump->notes_bytes;
    if (pwrite(dump->file, &elf, sizeof(elf), 0) != sizeof(elf) ||
        pwrite(dump->file, heads, sizeof(heads), sizeof(elf)) != sizeof(heads) ||
        pwrite(dump->file, dump->notes, dump->notes_bytes, (off_t)heads[0].p_offset) !=
            (ssize_t)dump->notes_bytes ||
        ftruncate(dump->file, (off_t)(dump->data + dump->ram_bytes)) != 0) {
        return fail_file(dump);
    }
    return true;
}

static bool run(struct dump *dump)
{
    dump->data = (sizeof(Elf64_Ehdr) + (1 + MAX_LOADS) * sizeof(Elf64_Phdr) + NOTES_BYTES + PAGE_BYTES - 1) /
                 PAGE_BYTES * PAGE_BYTES;
    if (!read_registers(dump) || !find_ram(dump) ||
        !stream(dump, dump->ram_bytes / PAGE_BYTES, SCAN_PAGES, ask_scan, take_scan) ||
        !stream(dump, 2 * dump->page_count, 1, ask_page, take_page)) {
        return false;
    }
    if (!stub_ask(&dump->stub, "D")) { /* the guest goes on */
        return lost(dump);
    }
    if (dump->vmcoreinfo[0] != '\0') {
        add_note(dump, "VMCOREINFO", 0, dump->vmcoreinfo, strlen(dump->vmcoreinfo));
    }
    if (!write_head(dump)) {
        return false;
    }
    if (!dump->is_quiet) {
        fprintf(stderr, "\r%s: %" PRIu64 " MiB of RAM, %" PRIu64 " KiB of it not 0%s\n", dump->output,
                dump->ram_bytes >> 20, dump->page_count * 4,
                dump->vmcoreinfo[0] != '\0' ? ", Linux's vmcoreinfo" : "");
    }
    return true;
}

static int complain(const char *what, const char *detail)
{
    usage_error("dump", what, detail);
    return EXIT_CODE_USAGE;
}

/* True to go on; else *status is what to exit with. */
static bool parse(int argc, char **argv, struct dump *dump, int *status)
{
    int letter;

    optind = 0;
    opterr = 0;
    while ((letter = getopt_long(argc, argv, "+:o:d:qh", long_options, NULL)) != -1) {
        if (letter == 'o') {
            dump->output = optarg;
        } else if (letter == 'd') {
            dump->folder = optarg;
        } else if (letter == 'q') {
            dump->is_quiet = true;
        } else if (letter == 'h') {
            fputs(usage, stdout);
            *status = EXIT_CODE_OK;
            return false;
        } else {
            *status = complain(letter == ':' ? "value missing for " : "unknown option ", argv[optind - 1]);
            return false;
        }
    }
    if (optind + 1 != argc) {
        *status = complain("it needs the name of one guest", "");
        return false;
    }
    dump->guest = argv[optind];
    return true;
}

int dump_main(int argc, char **argv)
{
    static struct dump dump; /* large */
    char channel[NAME_BYTES], output[NAME_BYTES];
    int status;

    if (!parse(argc, argv, &dump, &status)) {
        return status;
    }
    if (snprintf(channel, sizeof(channel), "%s.gdb", dump.guest) >= (int)sizeof(channel)) {
        return complain("no guest has so long a name: ", dump.guest);
    }
    (void)snprintf(output, sizeof(output), "%.50s.vmcore", dump.guest);
    dump.output = dump.output == NULL ? output : dump.output;
    dump.stub.fd = where_connect(dump.folder, channel);
    if (dump.stub.fd < 0) {
        return EXIT_CODE_FAILED;
    }
    dump.file = open(dump.output, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    status = dump.file < 0 ? fail_file(&dump) : run(&dump);
    if (dump.file >= 0) {
        close(dump.file);
    }
    if (!status && dump.file >= 0) {
        (void)unlink(dump.output); /* half a core is none */
    }
    free(dump.pages);
    close(dump.stub.fd);
    return status ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}
