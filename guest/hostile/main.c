/* SPDX-License-Identifier: BSD-2-Clause */
/* The hostile guest's command line and the run of a case. See hostile.h. */
#include "guest/hostile/hostile.h"

#include "lib/base/mem.h"

#include "guest/hostile/mmu.h"
#include "guest/hostile/registers.h"

void main_run(const void *fdt);

static const struct attack *const on_machine[] = {attack_gic, attack_calls, attack_uart, attack_machine,
                                                  attack_storms};
static const struct attack *const on_every_device[] = {attack_protocol, attack_queues, attack_chains};

/* The table that goes with a kind of device. */
static const struct attack *payload_of(uint32_t id)
{
    static const struct attack none[] = {{NULL, NULL, 0}};

    return id == DEVICE_NET       ? attack_net
           : id == DEVICE_BLOCK   ? attack_block
           : id == DEVICE_CONSOLE ? attack_console
           : id == DEVICE_ENTROPY ? attack_entropy
                                  : none;
}

/* One case: an attack and, unless it is on the machine, the device. */
struct attack_case {
    const struct attack *attack;
    struct virtio_device *device;
};

/* Count through one table, from `number` on; returns the number after it. */
static uint64_t find_in(const struct attack *table, struct virtio_device *device, uint64_t number,
                        uint64_t wanted, struct attack_case *found)
{
    for (const struct attack *a = table; a->name != NULL; a++, number++) {
        if (number == wanted) {
            *found = (struct attack_case){a, device};
        }
    }
    return number;
}

/* Count through the catalogue to case `wanted`; returns how many there are if it is past the end. */
static uint64_t find_case(uint64_t wanted, struct attack_case *found)
{
    uint64_t number = 0;

    for (uint32_t table = 0; table < sizeof on_machine / sizeof on_machine[0]; table++) {
        number = find_in(on_machine[table], NULL, number, wanted, found);
    }
    for (uint32_t d = 0; d < virtio_count; d++) {
        number = find_in(virtio_devices[d].pci.space != 0 ? attack_pci : attack_registers, &virtio_devices[d],
                         number, wanted, found);
        for (uint32_t table = 0; table < sizeof on_every_device / sizeof on_every_device[0]; table++) {
            number = find_in(on_every_device[table], &virtio_devices[d], number, wanted, found);
        }
        number = find_in(payload_of(virtio_devices[d].id), &virtio_devices[d], number, wanted, found);
    }
    return number;
}

static void put_case(uint64_t number, const struct attack_case *c)
{
    console_put("case ");
    console_put_number(number);
    console_put(" ");
    console_put(c->attack->name);
    if (c->device != NULL) {
        console_put(" device ");
        console_put_number(c->device->id);
        console_put(" at ");
        console_put_hex(c->device->base);
    }
}

/* Every device has to answer, not only the one attacked. */
static const char *check_all(uint32_t *failed)
{
    for (*failed = 0; *failed < virtio_count; (*failed)++) {
        const char *why = virtio_check_alive(&virtio_devices[*failed]);

        if (why != NULL) {
            return why;
        }
    }
    return NULL;
}

static void put_count(const char *before, uint64_t count, const char *what)
{
    console_put(before);
    console_put_number(count);
    console_put(what);
}

/* Say how the case ended; true if well. */
static bool put_verdict(uint64_t number, const struct attack_case *c, const char *missed, uint64_t checks)
{
    uint64_t exceptions = check_exceptions();
    uint32_t failed;
    const char *dead = check_all(&failed);

    console_put("\n"); /* whatever the attack and the check have left on the line */
    put_case(number, c);
    if (dead != NULL) {
        put_count(": DEAD device ", virtio_devices[failed].id, ": ");
        console_put(dead);
    } else if (missed != NULL) {
        console_put(": MISSED: ");
        console_put(missed);
    } else {
        put_count(": survived (", checks, " effects, ");
        put_count("", exceptions, " exceptions)");
    }
    console_put("\n");
    return dead == NULL && missed == NULL;
}

static bool run_attack(uint64_t number, const struct attack_case *c)
{
    const char *missed;
    uint64_t checks;

    put_case(number, c);
    console_put(": begin\n");
    check_begin();
    c->attack->run(c->device, c->attack->parameter);
    missed = check_result(&checks);
    console_start();
    return put_verdict(number, c, missed, checks);
}

static bool run_case(uint64_t number)
{
    struct attack_case c = {NULL, NULL};

    (void)find_case(number, &c);
    if (c.attack == NULL) {
        console_put("no such case\n");
        return false;
    }
    return run_attack(number, &c);
}

static uint64_t parse_number(const char *text)
{
    uint64_t value = 0;

    for (; *text >= '0' && *text <= '9'; text++) {
        value = value * 10 + (uint64_t)(*text - '0');
    }
    return value;
}

/* The number of the last case of that name, of the last but one for NAME/2 and so on; ~0: there is none. */
static uint64_t find_name(char *name)
{
    struct attack_case c = {NULL, NULL};
    const uint64_t total = find_case(~0ull, &c);
    uint64_t number = total, skip = 0;

    for (char *at = name; *at != '\0'; at++) {
        if (*at == '/') {
            *at = '\0';
            skip = parse_number(at + 1) - 1;
            break;
        }
    }
    while (number-- > 0) {
        (void)find_case(number, &c);
        if (strcmp(name, c.attack->name) == 0 && skip-- == 0) {
            return number;
        }
    }
    return ~0ull;
}

/* Over and over, until something is typed: what the verdict is about then is how the others fare meanwhile.
 */
static void repeat_case(uint64_t number)
{
    struct attack_case c = {NULL, NULL};
    uint64_t times = 0, missed = 0, checks;

    (void)find_case(number, &c);
    if (c.attack == NULL) {
        console_put("no such case\n");
        return;
    }
    put_case(number, &c);
    console_put(": repeated\n");
    for (; !console_is_typed_on(); times++) {
        check_begin();
        c.attack->run(c.device, c.attack->parameter);
        missed += check_result(&checks) != NULL;
    }
    console_start();
    console_put("\n");
    put_case(number, &c);
    put_count(": ", times, " times, ");
    put_count("", missed, " MISSED\n");
}

/* By name, and not in the catalogue: see attack_sabotage.c. */
static void run_sabotage(const char *name)
{
    for (const struct attack *a = attack_sabotage; a->name != NULL; a++) {
        if (strcmp(a->name, name) == 0) {
            const struct attack_case c = {a, NULL};

            (void)run_attack(0, &c);
        }
    }
}

/* The cases of a table whose names begin like that; adds to `good`, returns how many there were. */
static uint64_t conform_to(const struct attack *table, const char *prefix, uint64_t *good)
{
    uint64_t checks, total = 0;

    for (const struct attack *a = table; a->name != NULL; a++) {
        if (strncmp(a->name, prefix, strlen(prefix)) != 0) {
            continue;
        }
        check_begin();
        a->run(NULL, a->parameter);
        const char *wrong = check_result(&checks);
        console_put("conform ");
        console_put(a->name);
        console_put(wrong == NULL ? ": ok\n" : ": WRONG: ");
        if (wrong != NULL) {
            console_put(wrong);
            console_put("\n");
        }
        total++;
        *good += wrong == NULL;
    }
    return total;
}

static void run_conform(const char *prefix)
{
    uint64_t good = 0, total = conform_to(conform_cpus, prefix, &good);

    total += conform_to(conform_gic, prefix, &good);
    put_count("conform: ", good, " of ");
    put_count("", total, "\n");
}

/* Every device in turn, by two CPUs. */
static void run_races(void)
{
    uint64_t number = 0, survived = 0;

    for (uint32_t d = 0; d < virtio_count; d++) {
        for (const struct attack *a = attack_race; a->name != NULL; a++) {
            const struct attack_case c = {a, &virtio_devices[d]};

            survived += run_attack(number++, &c);
        }
    }
    put_count("race: ", survived, " of ");
    put_count("", number, " survived\n");
}

static void run_all(void)
{
    struct attack_case unused = {NULL, NULL};
    uint64_t total = find_case(~0ull, &unused), survived = 0;

    for (uint64_t number = 0; number < total; number++) {
        survived += run_case(number);
    }
    console_put("all: ");
    console_put_number(survived);
    console_put(" of ");
    console_put_number(total);
    console_put(" survived\n");
}

/* How many there are, and which of them are on a console. */
static void count_cases(void)
{
    struct attack_case c = {NULL, NULL};
    uint64_t total = find_case(~0ull, &c), first = total, end = total;

    for (uint64_t number = 0; number < total; number++) {
        (void)find_case(number, &c);
        if (c.device != NULL && c.device->id == DEVICE_CONSOLE) {
            first = first == total ? number : first;
            end = number + 1;
        }
    }
    put_count("count ", total, " console ");
    put_count("", first, "-");
    put_count("", end, "\n");
}

static void list_cases(void)
{
    struct attack_case c = {NULL, NULL};
    uint64_t total = find_case(~0ull, &c);

    for (uint64_t number = 0; number < total; number++) {
        (void)find_case(number, &c);
        put_case(number, &c);
        console_put("\n");
    }
}

static void command(char *line)
{
    if (strcmp(line, "list") == 0) {
        list_cases();
    } else if (strcmp(line, "count") == 0) {
        count_cases();
    } else if (strcmp(line, "all") == 0) {
        run_all();
    } else if (strncmp(line, "sabotage ", 9) == 0) {
        run_sabotage(line + 9);
    } else if (strcmp(line, "race") == 0) {
        run_races();
    } else if (strncmp(line, "conform", 7) == 0) {
        run_conform(line[7] == ' ' ? line + 8 : "");
    } else if (strncmp(line, "registers ", 10) == 0) {
        registers_command(line + 10);
    } else if (strncmp(line, "run ", 4) == 0) {
        (void)run_case(parse_number(line + 4));
    } else if (strncmp(line, "repeat ", 7) == 0) {
        repeat_case(find_name(line + 7));
    } else if (line[0] != 0) {
        console_put("commands: list, count, run N, repeat NAME, registers keep|fill|check, all\n");
    }
}

/* What the command line asks for, without anybody at the console: so a run repeats to the instruction. */
static void run_argument(void)
{
    char name[64];

    if (!machine_argument("attack", name, sizeof(name))) {
        return;
    }
    if (strcmp(name, "all") == 0) {
        run_all();
    } else {
        repeat_case(find_name(name));
    }
}

void main_run(const void *fdt)
{
    char line[80];

    mmu_enable();
    if (!machine_read(fdt)) {
        return;
    }
    console_start();
    virtio_probe();
    console_put("hostile: up, ");
    console_put_number(virtio_count);
    console_put(" virtio devices\n");
    run_argument();
    for (;;) {
        console_put("hostile> ");
        console_get_line(line, sizeof line);
        console_put("\n");
        command(line);
    }
}
