/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The hostile guest: a bare-metal AArch64 program that boots as a virtual machine and attacks whatever it was
 * given, case by case.
 *
 * With `attack=NAME` on its command line it repeats that case from the start, with `attack=all` it runs each
 * one once. Otherwise, and after that, it takes commands on its console, one a line: `list`, `count`, `run
 * N`, `repeat NAME`, `all`, `sabotage NAME`, `conform PREFIX`, `race`; NAME/2 is the case of the last device but one
 * that has it. For each case it prints case N NAME: begin case N NAME: survived (...) (the attack was met as
 * it should be, and the devices answer after a reset) case N NAME: MISSED effect (the attack did not do what
 * it is there for: the case proves nothing) case N NAME: DEAD reason         (a device does not answer any
 * more) Whether a neighbour suffered is for the harness to judge (tests/hostile).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* start.S */
extern volatile uint64_t exception_count;
extern volatile uint64_t exception_syndrome;

/* machine.c: what the device tree says about the machine. */

#define MACHINE_MAX_DEVICES 32u

/** The machine as the device tree describes it; read once at start. */
struct machine {
    uint64_t ram_base, ram_bytes;
    uint64_t gicd, gicc, uart;
    uint64_t gicr; /* of a GICv3, which has no gicc; else 0 */
    uint32_t uart_intid;
    bool has_physical_timer;   /* or the virtual one alone */
    uint64_t ecam, ecam_bytes; /* of a PCI host bridge, if there is one */
    uint64_t bars, bars_bytes; /* where its functions' BARs may be */
    uint64_t msi_frame;        /* GICv2m */
    uint32_t msi_spi_first, msi_spi_count;
    struct {
        uint64_t base, bytes;
        uint32_t intid;
    } virtio[MACHINE_MAX_DEVICES];
    uint32_t virtio_count;
    const char *bootargs; /* the command line, or NULL */
};

/** Filled by machine_read(). */
extern struct machine machine;

/** The value of word `name=` of the command line, the last one, cut to `capacity` with its NUL. False: there
 * is none. */
bool machine_argument(const char *name, char *value, size_t capacity);

/** Read the device tree at `blob`; false if it isn't one. */
bool machine_read(const void *blob);

/** The virtual counter, and its ticks in a second. */
uint64_t machine_ticks(void);
uint64_t machine_frequency(void);

/* console.c: polled PL011. */

/** Switch it on; before any other. */
void console_start(void);
/** Has anything been typed into the PL011? Takes it. */
bool console_is_typed_on(void);
/** Print `text`; a newline becomes CR LF. */
void console_put(const char *text);
/** Print `value` in decimal. */
void console_put_number(uint64_t value);
/** Print `value` in hexadecimal with 0x. */
void console_put_hex(uint64_t value);
/** Wait for a line, without its newline; longer ones are cut. */
void console_get_line(char *line, size_t capacity);

/* gic.c */

/**
 * Called from the interrupt vector: acknowledge, count, and end unless gic_hold is set. Returns bits that the
 * vector sets in the saved state: I to go on with interrupts masked.
 */
uint64_t gic_take(void);
extern volatile uint64_t gic_interrupts;
extern volatile bool gic_hold;
/** After so many more interrupts the CPU masks them; 0: no limit. */
extern volatile uint64_t gic_limit;
/** Enable the distributor, the CPU interface and `intid`. */
void gic_enable(uint32_t intid);
/** Let the CPU have interrupts of any priority. */
void gic_open_cpu(void);
/** Is it a GICv3? */
bool gic_is_v3(void);
/** Address of the word with the bit of `intid` in a row of the distributor's; a GICv3's private interrupts have
 * theirs in the redistributor. */
uint64_t gic_word(uint32_t row, uint32_t intid);
/** The same for a byte each. */
uint64_t gic_byte(uint32_t row, uint32_t intid);
/** What the CPU interface gives: INTID, and of a GICv2's SGI the sender. */
uint32_t gic_acknowledge(void);
/** End of that. */
void gic_end(uint32_t iar);
/** Send SGIs as GICD_SGIR has it. */
void gic_send(uint64_t value);
/** Send `sgi` to this CPU. */
void gic_send_self(uint32_t sgi);
/** Route SPI `intid` to the CPUs in `cpus`, one of 1 and 2. */
void gic_route(uint32_t intid, uint32_t cpus);
/** Is `intid` pending at the distributor? */
bool gic_is_pending(uint32_t intid);
/** Disable, unpend and deactivate every interrupt. */
void gic_quiet(void);
/** End the interrupts that were held, newest first, and hold no more. */
void gic_release(void);
void gic_mask_cpu(void);
void gic_unmask_cpu(void);

/* cpus.c: the machine's other CPUs, numbered by their affinity. */

#define CPUS_MAX 8u
/** What PSCI says of a CPU (Arm DEN 0022, 5.1.4 and 5.2.2). */
enum cpus_status {
    CPUS_ON = 0,
    CPUS_OFF = 1,
    CPUS_STARTED = 0,
    CPUS_INVALID = -2,
    CPUS_ALREADY_ON = -4,
    CPUS_BAD_ADDRESS = -9
};
/** Which one runs this. */
uint32_t cpus_this(void);
/** How many the machine has, up to CPUS_MAX. */
uint32_t cpus_count(void);
/** Whether `cpu` is on: AFFINITY_INFO's answer. */
int64_t cpus_state(uint32_t cpu);
/** Have `cpu` do `work`, with interrupts masked, and go off: CPU_ON's answer. */
int64_t cpus_start(uint32_t cpu, void (*work)(uint32_t cpu));
/** CPU_ON with any entry address. */
int64_t cpus_start_at(uint32_t cpu, uint64_t entry);
/** Let others run where CPUs share one: for every turn of a loop that waits. */
static inline void cpus_relax(void)
{
    __asm__ volatile("yield" ::: "memory");
}
/** Wait until `cpu` is off; false: it does not end. */
bool cpus_wait_off(uint32_t cpu);

/* access.c: loads and stores of a given width at any address. */

/** Load `width_bytes` (1, 2, 4, 8); 0 if the load ended in an exception. */
uint64_t access_read(uint64_t address, uint32_t width_bytes);
/** Store the low `width_bytes` (1, 2, 4, 8) of `value`. */
void access_write(uint64_t address, uint32_t width_bytes, uint64_t value);

/* check.c: what a case sees of its own effect, which proves that it got where it aims. */

/** Begin a case: nothing noted, no exceptions. */
void check_begin(void);
/** Note an effect; the first that does not hold is the case's failure, as `what` says. */
void check_that(bool holds, const char *what);
/** The failure or NULL, and how many effects were noted. To have noted none is a failure. */
const char *check_result(uint64_t *count);
/** Exceptions since the case began. */
uint64_t check_exceptions(void);
/** At least so many exceptions. */
void check_aborted(uint64_t at_least);

/* virtio.c: a driver that can do it right, to see whether the device still lives. */

#define VIRTIO_QUEUE_COUNT 8u
/** Memory of a queue; one that cannot have so many entries is used with fewer. */
#define VIRTIO_QUEUE_SIZE 16u

/** struct virtq_desc (virtio 1.2, 2.7.5). */
struct virtio_desc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags, next;
};
enum virtio_desc_flags { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4 };

/** One virtqueue's memory. */
struct virtio_queue {
    struct virtio_desc desc[VIRTIO_QUEUE_SIZE] __attribute__((aligned(16)));
    struct {
        uint16_t flags, idx, ring[VIRTIO_QUEUE_SIZE], used_event;
    } avail __attribute__((aligned(4)));
    struct {
        uint16_t flags, idx;
        struct {
            uint32_t id, len;
        } ring[VIRTIO_QUEUE_SIZE];
        uint16_t avail_event;
    } used __attribute__((aligned(4)));
};

struct virtio_device {
    uint64_t base; /**< register window, or BAR 0 */
    uint32_t intid;
    uint32_t id;                 /**< virtio device id */
    uint16_t queue_size;         /**< of its queues, as we use them: up to VIRTIO_QUEUE_SIZE */
    struct virtio_queue *queues; /**< VIRTIO_QUEUE_COUNT of them */
    uint8_t *buffers;            /**< VIRTIO_BUFFER_BYTES of RAM for it */
    struct {
        uint64_t space;                          /**< configuration space; 0: the device is no PCI function */
        uint64_t common, notify, isr, config;    /**< structures in the BAR */
        uint64_t msix_at, msix_table, access_at; /**< capabilities, and where the former's table is */
        uint32_t notify_bytes, vectors;
    } pci;
};
#define VIRTIO_BUFFER_BYTES 0x20000u

/** Register offsets of virtio-mmio version 2 (virtio 1.2, section 4.2.2). */
enum virtio_register {
    REG_MAGIC = 0x000,
    REG_VERSION = 0x004,
    REG_DEVICE_ID = 0x008,
    REG_DEVICE_FEATURES = 0x010,
    REG_DEVICE_FEATURES_SEL = 0x014,
    REG_DRIVER_FEATURES = 0x020,
    REG_DRIVER_FEATURES_SEL = 0x024,
    REG_QUEUE_SEL = 0x030,
    REG_QUEUE_NUM_MAX = 0x034,
    REG_QUEUE_NUM = 0x038,
    REG_QUEUE_READY = 0x044,
    REG_QUEUE_NOTIFY = 0x050,
    REG_INTERRUPT_STATUS = 0x060,
    REG_INTERRUPT_ACK = 0x064,
    REG_STATUS = 0x070,
    REG_QUEUE_DESC_LOW = 0x080,
    REG_QUEUE_DRIVER_LOW = 0x090,
    REG_QUEUE_DEVICE_LOW = 0x0a0,
    REG_SHM_LEN_LOW = 0x0b0,
    REG_CONFIG_GENERATION = 0x0fc,
    REG_CONFIG = 0x100
};
/** Device status bits (virtio 1.2, 2.1). */
enum virtio_status {
    STATUS_ACK = 1,
    STATUS_DRIVER = 2,
    STATUS_DRIVER_OK = 4,
    STATUS_FEATURES_OK = 8,
    STATUS_NEEDS_RESET = 64,
    STATUS_FAILED = 128
};

/** Device ids (virtio 1.2, 5). */
enum virtio_id { DEVICE_NET = 1, DEVICE_BLOCK = 2, DEVICE_CONSOLE = 3, DEVICE_ENTROPY = 4 };

/** Feature bits that attacks use (virtio 1.2, 5 and 6). */
#define FEATURE_CONSOLE_MULTIPORT (1ull << 1)
#define FEATURE_BLOCK_FLUSH (1ull << 9)
#define FEATURE_BLOCK_CONFIG_WCE (1ull << 11)
#define FEATURE_BLOCK_DISCARD (1ull << 13)
#define FEATURE_BLOCK_WRITE_ZEROES (1ull << 14)
#define FEATURE_NET_MRG_RXBUF (1ull << 15)
#define FEATURE_INDIRECT_DESC (1ull << 28)
#define FEATURE_EVENT_IDX (1ull << 29)

/** The devices that the machine has, `virtio_count` of them; virtio_probe() finds them. */
extern struct virtio_device virtio_devices[MACHINE_MAX_DEVICES];
extern uint32_t virtio_count;
void virtio_probe(void);

/** Where its configuration space is in memory. */
uint64_t virtio_config(const struct virtio_device *device);
/** Does it ask for an interrupt, or has it sent one that nobody has taken? */
bool virtio_interrupts(const struct virtio_device *device);

/** Read the 32-bit register at `offset` (enum virtio_register). */
uint32_t virtio_read(const struct virtio_device *device, uint32_t offset);
/** Write the 32-bit register at `offset`. */
void virtio_write(const struct virtio_device *device, uint32_t offset, uint32_t value);

/** Reset; false if the device does not come back to status 0. */
bool virtio_reset(struct virtio_device *device);
/** Acknowledge and negotiate `features` of what is offered (VERSION_1 always); false if refused. */
bool virtio_negotiate(struct virtio_device *device, uint64_t features);
/** Clear queue `index`'s memory, hand it to the device and enable it. False: there is no such queue. */
bool virtio_queue_enable(struct virtio_device *device, uint32_t index);
/** Hand queue `index` over at any addresses and size, right or wrong. */
void virtio_queue_place(struct virtio_device *device, uint32_t index, uint32_t size, uint64_t desc,
                        uint64_t avail, uint64_t used);
void virtio_driver_ok(struct virtio_device *device);
/** Reset, negotiate `features`, enable the first `queues` queues, DRIVER_OK. */
bool virtio_start_with(struct virtio_device *device, uint64_t features, uint32_t queues);
/** The same with no feature, and as many queues as its plain use needs: 2 of net and console, else 1. */
bool virtio_start(struct virtio_device *device);
/** How many queues it has. */
uint32_t virtio_queue_total(struct virtio_device *device);
/** Largest size of queue `index`, 0 if there is no such queue. */
uint32_t virtio_queue_max(struct virtio_device *device, uint32_t index);
/** Put descriptor `head` into queue `index`'s avail ring and notify. */
void virtio_submit(struct virtio_device *device, uint32_t index, uint16_t head);
/** Another network card of ours at the same switch, or NULL. */
struct virtio_device *virtio_other_card(const struct virtio_device *device);
/** Make something arrive for the device's receive queue, if it is a network card: a frame from the other
 * card. */
void virtio_provoke(struct virtio_device *device);
/** Do one harmless request on a device that runs, behind what its queue has had; false if it isn't answered.
 */
bool virtio_request(struct virtio_device *device);
/** Wait a bounded time until queue `index` has `count` used entries. */
bool virtio_wait_used(struct virtio_device *device, uint32_t index, uint16_t count);
/** The device-specific queue that takes device-readable buffers (net, console: 1; block: 0). */
uint32_t virtio_out_queue(const struct virtio_device *device);

/* check.c again, with a device. */

/** DEVICE_NEEDS_RESET comes within a bounded time. */
void check_broken(struct virtio_device *device);
/** The device stands by what its status says: it runs, or wants a reset. For attacks that the rules leave
 * open. */
void check_running_or_broken(struct virtio_device *device);
/** DRIVER_OK stands, and no reset is wanted. */
void check_running(struct virtio_device *device);
/** The device runs, and answers a good request without a reset before it. */
void check_works(struct virtio_device *device);
/** The device has used a buffer of queue `index` since it was enabled, or wants a reset. */
void check_noticed(struct virtio_device *device, uint32_t index);
/** The used index at `used` stays, without another kick, and is no more than `limit`. Takes 100 ms. */
void check_at_rest(const volatile uint16_t *used, uint16_t limit);

/** What no access may change: identity, offered features, the largest queue, the first words of the
 * configuration. */
struct identity {
    uint32_t words[8];
};
/** Reset the device, and take it. */
struct identity check_identify(struct virtio_device *device);
/** It is what it was. Resets the device. */
void check_identity(struct virtio_device *device, const struct identity *before);

/** The whole check: start it, do one harmless request, see it used. NULL if well, else what failed. */
const char *virtio_check_alive(struct virtio_device *device);

/* The catalogue. */

/** One attack. `device` is NULL for attacks on the machine. Returns when done; needs no clean-up. */
struct attack {
    const char *name;
    void (*run)(struct virtio_device *device, uint64_t parameter);
    uint64_t parameter;
};

/** Tables of attacks, each ended by an entry without a name. */
extern const struct attack attack_registers[]; /* on every device behind virtio-mmio */
extern const struct attack attack_pci[];       /* on every device behind virtio-pci */
extern const struct attack attack_protocol[];  /* on every virtio device */
extern const struct attack attack_queues[];
extern const struct attack attack_chains[];
extern const struct attack attack_net[];   /* virtio-net only */
extern const struct attack attack_block[]; /* virtio-blk only */
extern const struct attack attack_console[];
extern const struct attack attack_entropy[];
extern const struct attack attack_sabotage[]; /* not in the catalogue */
extern const struct attack conform_gic[];     /* no attacks: what a good guest may expect of timer and GIC */
extern const struct attack conform_cpus[];    /* the same of several CPUs: PSCI, SGIs, timers, clocks */
extern const struct attack attack_race[];     /* on every virtio device, by two CPUs; not in the catalogue */
extern const struct attack attack_gic[];      /* once a run: distributor and CPU interface */
extern const struct attack attack_calls[];    /* PSCI, SMCCC, TRNG */
extern const struct attack attack_uart[];     /* PL011 */
extern const struct attack attack_machine[];  /* memory, page tables, system registers */
extern const struct attack attack_storms[];   /* time, the timer's interrupts */

/* attack_storms.c, listed with their kinds of device. */

/** `rounds` times a queue full of 64 KiB frames, with one kick, from a network card to the guest's other one.
 */
void attack_storm_net(struct virtio_device *device, uint64_t rounds);
/** `rounds` times as many reads of 512 KiB as the queue holds, with one kick. */
void attack_storm_block(struct virtio_device *device, uint64_t rounds);
