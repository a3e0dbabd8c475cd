/* SPDX-License-Identifier: BSD-2-Clause */
/* The hostile guest's command line and the run of a case. See hostile.h. */
#include "guest/hostile/hostile.h"

#include "lib/base/mem.h"

#include "guest/hostile/mmu.h"

void main_run(const void *fdt);

static struct virtio_queue queues[MACHINE_MAX_DEVICES][VIRTIO_QUEUE_COUNT];
static uint8_t buffers[MACHINE_MAX_DEVICES][VIRTIO_BUFFER_BYTES] __attribute__((aligned(4096)));
static struct virtio_device devices[MACHINE_MAX_DEVICES];

static const struct attack *const on_every_device[] = {attack_registers, attack_queues, attack_chains};

/* The tables that go with a kind of device. */
static const struct attack *payload_of(uint32_t id)
{
    static const struct attack none[] = {{NULL, NULL, 0}};

    return id == 1   ? attack_payload_net
           : id == 2 ? attack_payload_block
           : id == 3 ? attack_payload_console
                     : none;
}

/* One case: an attack and, unless it is on the machine, the device. */
struct attack_case {
    const struct attack *attack;
    struct virtio_device *device;
};

/* Count through the catalogue to case `wanted`; returns how many there are if it is past the end. */
static uint64_t find_case(uint64_t wanted, struct attack_case *found)
{
    uint64_t number = 0;

    for (const struct attack *a = attack_machine; a->name != NULL; a++, number++) {
        if (number == wanted) {
            *found = (struct attack_case){a, NULL};
        }
    }
    for (uint32_t d = 0; d < machine.virtio_count; d++) {
        for (uint32_t table = 0; table <= 3; table++) {
            const struct attack *a = table < 3 ? on_every_device[table] : payload_of(devices[d].id);

            for (; devices[d].id != 0 && a->name != NULL; a++, number++) {
                if (number == wanted) {
                    *found = (struct attack_case){a, &devices[d]};
                }
            }
        }
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
    for (uint32_t d = 0; d < machine.virtio_count; d++) {
        const char *why = devices[d].id != 0 ? virtio_check_alive(&devices[d]) : NULL;

        if (why != NULL) {
            *failed = d;
            return why;
        }
    }
    return NULL;
}

static bool run_case(uint64_t number)
{
    struct attack_case c = {NULL, NULL};
    uint64_t exceptions = exception_count;
    uint32_t failed = 0;
    const char *why;

    (void)find_case(number, &c);
    if (c.attack == NULL) {
        console_put("no such case\n");
        return false;
    }
    put_case(number, &c);
    console_put(": begin\n");
    c.attack->run(c.device, c.attack->parameter);
    why = check_all(&failed);
    put_case(number, &c);
    if (why == NULL) {
        console_put(": survived (");
        console_put_number(exception_count - exceptions);
        console_put(" exceptions)\n");
        return true;
    }
    console_put(": DEAD: device ");
    console_put_number(devices[failed].id);
    console_put(" ");
    console_put(why);
    console_put("\n");
    return false;
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

static uint64_t parse_number(const char *text)
{
    uint64_t value = 0;

    for (; *text >= '0' && *text <= '9'; text++) {
        value = value * 10 + (uint64_t)(*text - '0');
    }
    return value;
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

static void command(const char *line)
{
    struct attack_case unused = {NULL, NULL};

    if (strcmp(line, "list") == 0) {
        list_cases();
    } else if (strcmp(line, "count") == 0) {
        console_put("count ");
        console_put_number(find_case(~0ull, &unused));
        console_put("\n");
    } else if (strcmp(line, "all") == 0) {
        run_all();
    } else if (strncmp(line, "run ", 4) == 0) {
        (void)run_case(parse_number(line + 4));
    } else if (line[0] != 0) {
        console_put("commands: list, count, run N, all\n");
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
    console_put("hostile: up, ");
    console_put_number(machine.virtio_count);
    console_put(" virtio-mmio windows\n");
    for (uint32_t d = 0; d < machine.virtio_count; d++) {
        devices[d] =
            (struct virtio_device){machine.virtio[d].base, machine.virtio[d].intid, 0, queues[d], buffers[d]};
        devices[d].id = virtio_read(&devices[d], REG_DEVICE_ID);
    }
    for (;;) {
        console_put("hostile> ");
        console_get_line(line, sizeof line);
        console_put("\n");
        command(line);
    }
}
