/* SPDX-License-Identifier: BSD-2-Clause */
/* The elements for guests: <guest> and what it contains. */
#include "lib/config/vmm_config.h"
#include "tool/language/spec/lang_common.h"

#define MIN_MTU 68u
#define MAX_MTU 65535u

static const struct attr_spec linux_attrs[] = {
    {.name = "kernel",
     .type = ATTR_TEXT,
     .required = true,
     .offset = offsetof(struct desc_linux, kernel),
     .doc = "a kernel below the guest directory by its name, or the path of one as distributions ship it: an "
            "arm64 "
            "Image, also compressed (gzip, zstd, lz4, xz), an EFI zboot program (vmlinuz), a Debian package"},
    {.name = "initrd",
     .type = ATTR_TEXT,
     .offset = offsetof(struct desc_linux, initrd),
     .doc = "an initramfs below the guest directory by its name, or the path of one; default: none"},
    {.name = "bootargs",
     .type = ATTR_TEXT,
     .offset = offsetof(struct desc_linux, bootargs),
     .doc = "added to the end of the kernel's command line"},
    {.name = "default_bootargs",
     .type = ATTR_BOOL,
     .offset = offsetof(struct desc_linux, default_bootargs),
     .fallback = "true",
     .doc = "whether the command line starts with console, hostname and addresses"},
    {.name = "dtb",
     .type = ATTR_TEXT,
     .offset = offsetof(struct desc_linux, dtb),
     .doc = "a device tree blob of one's own, which has to describe this guest; default: a generated one"},
    {.name = "overlay",
     .type = ATTR_TEXT,
     .offset = offsetof(struct desc_linux, overlay),
     .doc = "device tree overlays (.dtbo) to apply in this order, separated by spaces; default: none"},
};

const struct element_spec lang_linux = {
    .name = "linux",
    .doc = "What the guest boots.",
    .attrs = linux_attrs,
    .attr_count = SPEC_COUNT(linux_attrs),
    .fields_bytes = sizeof(struct desc_linux),
};

static const struct attr_spec firmware_attrs[] = {
    {.name = "image",
     .type = ATTR_TEXT,
     .required = true,
     .offset = offsetof(struct desc_firmware, image),
     .doc =
         "firmware below the guest directory by its name (edk2, u-boot), or the path of a file: raw, or an "
         "ELF executable, which says itself where it goes"},
    {.name = "address",
     .type = ATTR_SIZE,
     .offset = offsetof(struct desc_firmware, address),
     .max = (1ull << 38) - 1,
     .doc = "guest-physical address where a raw image goes and is entered; beside the RAM it is a ROM. "
            "Default: 2M behind the start of RAM"},
    {.name = "device_tree",
     .type = ATTR_BOOL,
     .offset = offsetof(struct desc_firmware, device_tree),
     .fallback = "true",
     .doc = "whether the guest's device tree lies at the start of its RAM, and x0 points at it"},
    {.name = "flash",
     .type = ATTR_BOOL,
     .offset = offsetof(struct desc_firmware, flash),
     .fallback = "false",
     .doc = "whether the guest has 1M of CFI flash for variables at 0x4000000, which keep until the system "
            "ends"},
};

const struct element_spec lang_firmware = {
    .name = "firmware",
    .doc = "What the guest starts with instead of <linux>: a boot loader (EDK2, U-Boot), which finds an "
           "operating "
           "system on the guest's disk, a real-time operating system, or a program of one's own.",
    .attrs = firmware_attrs,
    .attr_count = SPEC_COUNT(firmware_attrs),
    .fields_bytes = sizeof(struct desc_firmware),
};

const char *const lang_transports[] = {"auto", "mmio", "pci", NULL};

static const char *const colours[] = {"auto", "none",    "red",  "green", "yellow",
                                      "blue", "magenta", "cyan", "white", NULL};

/* "drop" is index 1: SERIAL_MUX_CLIENT_DROP. */
static const char *const overflows[] = {"block", "drop", NULL};
/* In the order of enum desc_console_type. */
static const char *const console_types[] = {"pl011", "virtio", NULL};

#define STREAM_ATTRS                                                                                         \
    {.name = "colour",                                                                                       \
     .type = ATTR_CHOICE,                                                                                    \
     .offset = offsetof(struct desc_console, colour),                                                        \
     .fallback = "auto",                                                                                     \
     .choices = colours,                                                                                     \
     .doc = "colour of its name in the output; auto gives each console another"},                            \
        {.name = "ring_bytes",                                                                               \
         .type = ATTR_SIZE,                                                                                  \
         .offset = offsetof(struct desc_console, ring_bytes),                                                \
         .fallback = "16K",                                                                                  \
         .min = SPEC_MIN_RING_BYTES,                                                                         \
         .max = SPEC_MAX_RING_BYTES,                                                                         \
         .power_of_two = true,                                                                               \
         .doc = "buffer in each direction between the guest's VMM and the multiplexer"},                     \
        {.name = "overflow",                                                                                 \
         .type = ATTR_CHOICE,                                                                                \
         .offset = offsetof(struct desc_console, overflow),                                                  \
         .fallback = "block",                                                                                \
         .choices = overflows,                                                                               \
         .doc =                                                                                              \
             "output that the terminal is too slow for: block makes the guest wait, drop drops the oldest "  \
             "and counts"},                                                                                  \
    {                                                                                                        \
        .name = "silent", .type = ATTR_BOOL, .offset = offsetof(struct desc_console, silent),                \
        .fallback = "false",                                                                                 \
        .doc = "whether output is shown at start only while the console has the input; Ctrl-\\ s switches"   \
    }

static const struct attr_spec port_attrs[] = {
    {.name = "name",
     .type = ATTR_NAME,
     .required = true,
     .offset = offsetof(struct desc_port, name),
     .max = SPEC_MAX_NAME,
     .doc = "what the guest calls it: /dev/virtio-ports/NAME"},
    {.name = "label",
     .type = ATTR_NAME,
     .offset = offsetof(struct desc_console, name),
     .max = SPEC_MAX_NAME,
     .doc = "what the multiplexer calls it; default: GUEST_NAME"},
    STREAM_ATTRS,
};

const struct element_spec lang_port = {
    .name = "port",
    .doc = "A stream of bytes beside the terminal, for programs: a port of the virtio console.",
    .attrs = port_attrs,
    .attr_count = SPEC_COUNT(port_attrs),
    .fields_bytes = sizeof(struct desc_port),
};

static const struct attr_spec console_attrs[] = {
    {.name = "type",
     .type = ATTR_CHOICE,
     .offset = offsetof(struct desc_console, type),
     .fallback = "pl011",
     .choices = console_types,
     .doc = "pl011: a UART, which every kernel and firmware knows; virtio: a virtio console, which is "
            "faster, with "
            "a UART that the guest's first messages leave by"},
    {.name = "cols",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_console, cols),
     .fallback = "0",
     .max = UINT16_MAX,
     .doc = "virtio: width of the terminal in characters, until the terminal itself tells; 0: not known"},
    {.name = "rows",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_console, rows),
     .fallback = "0",
     .max = UINT16_MAX,
     .doc = "virtio: its height"},
    SPEC_TRANSPORT(struct desc_console, transport),
    {.name = "name",
     .type = ATTR_NAME,
     .offset = offsetof(struct desc_console, name),
     .max = SPEC_MAX_NAME,
     .doc = "what the multiplexer calls it; default: the guest's name"},
    STREAM_ATTRS,
};

static const struct element_child console_children[] = {{&lang_port, 0, VMM_CONFIG_MAX_CONSOLE_PORTS}};

const struct element_spec lang_console = {
    .name = "console",
    .doc = "The guest's terminal, connected to the serial multiplexer.",
    .children = console_children,
    .child_count = SPEC_COUNT(console_children),
    .attrs = console_attrs,
    .attr_count = SPEC_COUNT(console_attrs),
    .fields_bytes = sizeof(struct desc_console),
};

/* In the order of enum vmm_datapath. */
static const char *const datapaths[] = {"ring", "vhost", NULL};

static const struct attr_spec net_attrs[] = {
    {.name = "switch",
     .type = ATTR_NAME,
     .required = true,
     .offset = offsetof(struct desc_net, switch_name),
     .doc = "switch it is connected to"},
    {.name = "name",
     .type = ATTR_NAME,
     .offset = offsetof(struct desc_net, name),
     .max = SPEC_MAX_NAME,
     .doc = "name of the port at the switch; default: the guest's name"},
    {.name = "mac",
     .type = ATTR_MAC,
     .offset = offsetof(struct desc_net, mac),
     .doc = "hardware address; default: a unique one made from the names of system and guest"},
    {.name = "ip",
     .type = ATTR_ADDRESSES,
     .offset = offsetof(struct desc_net, ip),
     .doc = "addresses the guest gives itself, such as 192.168.1.2/24 fd00::2/64; default: none"},
    {.name = "gateway",
     .type = ATTR_HOST,
     .offset = offsetof(struct desc_net, gateway),
     .doc = "address of its default route, on one of its networks; default: none"},
    {.name = "mtu",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_net, mtu),
     .fallback = "1500",
     .min = MIN_MTU,
     .max = MAX_MTU,
     .doc = "largest packet in bytes"},
    {.name = "queue_size",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_net, queue_size),
     .fallback = "256",
     .min = 2,
     .max = 1024,
     .power_of_two = true,
     .doc = "descriptors of each virtqueue; by default fewer where receive buffers would take more than a "
            "sixteenth of the guest's RAM, as without mrg_rxbuf"},
    {.name = "ring_bytes",
     .type = ATTR_SIZE,
     .offset = offsetof(struct desc_net, ring_bytes),
     .fallback = "1M",
     .min = SPEC_MIN_RING_BYTES,
     .max = SPEC_MAX_RING_BYTES,
     .power_of_two = true,
     .doc = "buffer in each direction between the guest's VMM and the switch"},
    {.name = "datapath",
     .type = ATTR_CHOICE,
     .offset = offsetof(struct desc_net, datapath),
     .choices = datapaths,
     .fallback = "vhost",
     .doc = "vhost: the switch works on the guest's virtqueues, and has the guest's RAM mapped; ring: the "
            "guest's VMM copies frames to and from a shared ring"},
    {.name = "tx_delay_us",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_net, tx_delay_us),
     .fallback = "200",
     .max = UINT16_MAX,
     .doc = "longest time in us that an interrupt for sent frames alone may wait; 0: never waits"},
    {.name = "kick_delay_us",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_net, kick_delay_us),
     .fallback = "0",
     .max = UINT16_MAX,
     .doc = "vhost: longest time in us that the guest goes on before the switch sees what it sent, unless it "
            "has nothing else to do; 0: at once"},
    {.name = "features_off",
     .type = ATTR_NAMES,
     .offset = offsetof(struct desc_net, features_off),
     .doc = "virtio features not to offer: csum, guest_csum, guest_tso4, guest_tso6, guest_ecn, host_tso4, "
            "host_tso6, host_ecn, guest_uso4, guest_uso6, host_uso, mrg_rxbuf, mtu, status, "
            "ctrl_vq, ctrl_rx, ctrl_rx_extra, ctrl_vlan, ctrl_mac_addr, guest_announce, indirect_desc, "
            "event_idx, ring_reset; offloads stands for the first eleven"},
    {.name = "rx_window",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_net, rx_window),
     .fallback = "32",
     .max = UINT16_MAX,
     .doc = "frames that the guest gets before it has had time for them, that is until its vCPU goes "
            "idle or "
            "has used up a slice; its sender waits meanwhile. 0: no limit"},
    {.name = "check_mac",
     .type = ATTR_BOOL,
     .offset = offsetof(struct desc_net, check_mac),
     .fallback = "false",
     .doc =
         "whether frames with another source address than mac are dropped, and the guest cannot change it"},
    {.name = "static_mac",
     .type = ATTR_BOOL,
     .offset = offsetof(struct desc_net, static_mac),
     .fallback = "false",
     .doc = "whether mac belongs to this port and is never learned at another"},
    {.name = "rate_kbps",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_net, rate_kbps),
     .fallback = "0",
     .max = UINT32_MAX,
     .doc = "limit for what the guest sends in kbit/s: what is above it waits in the guest's queue; 0: none"},
    {.name = "rx_rate_kbps",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_net, rx_rate_kbps),
     .fallback = "0",
     .max = UINT32_MAX,
     .doc =
         "limit for what the guest gets in kbit/s: it then counts as full, so what is above it waits in its "
         "sender's queue for a while, and is dropped after that; 0: none"},
    {.name = "burst",
     .type = ATTR_SIZE,
     .offset = offsetof(struct desc_net, burst_bytes),
     .fallback = "0",
     .max = UINT32_MAX,
     .doc = "bytes that go at once after a pause, under rate_kbps and rx_rate_kbps; 0: what the rate gives "
            "in 4 ms"},
    {.name = "storm_pps",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_net, storm_pps),
     .fallback = "0",
     .max = 1000000,
     .doc = "limit for frames that the guest sends to all (broadcast, multicast, unknown addresses), a "
            "second; 0: none"},
    {.name = "vlan",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_net, vlan),
     .fallback = "0",
     .max = 4094,
     .doc =
         "VLAN of the guest's frames without a tag; 0: none. At a switch where a port has VLANs, each has"},
    {.name = "trunk",
     .type = ATTR_NAMES,
     .offset = offsetof(struct desc_net, trunk),
     .doc =
         "VLANs that the guest sees with their tags, such as 10 20-29, up to eight of these; all: every one"},
    {.name = "guard",
     .type = ATTR_NAMES,
     .offset = offsetof(struct desc_net, guard),
     .doc =
         "what is checked of the guest's frames, others are dropped: mac, as check_mac; ip, that IP, ARP and "
         "neighbour discovery have addresses of ip, up to four of each kind (and mac)"},
    {.name = "mirror",
     .type = ATTR_NAMES,
     .offset = offsetof(struct desc_net, mirror),
     .doc = "ports whose frames the guest gets copies of, whatever the rules say: what they send, and what "
            "is sent to them; * for all"},
    {.name = "isolate",
     .type = ATTR_NAMES,
     .offset = offsetof(struct desc_net, isolate),
     .doc = "groups that the port is in: ports of a group do not reach each other, whatever the rules say"},
    SPEC_TRANSPORT(struct desc_net, transport),
};

const struct element_spec lang_net = {
    .name = "net",
    .doc = "A virtio network card, connected to a switch.",
    .attrs = net_attrs,
    .attr_count = SPEC_COUNT(net_attrs),
    .fields_bytes = sizeof(struct desc_net),
};

static const struct attr_spec reserved_memory_attrs[] = {
    {.name = "name",
     .type = ATTR_NAME,
     .required = true,
     .offset = offsetof(struct desc_reserved_memory, name),
     .doc = "name of the device tree node"},
    {.name = "gpa",
     .type = ATTR_SIZE,
     .required = true,
     .offset = offsetof(struct desc_reserved_memory, gpa),
     .multiple = MODEL_PAGE_BYTES,
     .doc = "guest-physical address, inside the guest's RAM"},
    {.name = "size",
     .type = ATTR_SIZE,
     .required = true,
     .offset = offsetof(struct desc_reserved_memory, size),
     .min = MODEL_PAGE_BYTES,
     .multiple = MODEL_PAGE_BYTES,
     .doc = "bytes"},
    {.name = "no_map",
     .type = ATTR_BOOL,
     .offset = offsetof(struct desc_reserved_memory, no_map),
     .fallback = "false",
     .doc = "whether Linux keeps it out of its linear map"},
};

const struct element_spec lang_reserved_memory = {
    .name = "reserved_memory",
    .doc = "A part of its RAM that the guest's kernel leaves alone.",
    .attrs = reserved_memory_attrs,
    .attr_count = SPEC_COUNT(reserved_memory_attrs),
    .fields_bytes = sizeof(struct desc_reserved_memory),
};

/* In the order of enum desc_route. */
static const char *const routes[] = {"auto", "kernel", "vmm", NULL};

/* In the order of enum desc_dma. */
static const char *const dma_choices[] = {"auto", "none", NULL};

static const struct attr_spec passthrough_attrs[] = {
    {.name = "node",
     .type = ATTR_TEXT,
     .required = true,
     .offset = offsetof(struct desc_passthrough, node),
     .doc = "full path of the device's node in the board's device tree, or an alias"},
    {.name = "route",
     .type = ATTR_CHOICE,
     .offset = offsetof(struct desc_passthrough, route),
     .fallback = "auto",
     .choices = routes,
     .former_choice = "monitor",
     .choice_now = "vmm",
     .doc = "who delivers its interrupts: the bundled kernel directly, or the guest's VMM; auto: the "
            "kernel if it is the bundled one"},
    {.name = "clock_hz",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_passthrough, clock_hz),
     .fallback = "0",
     .max = UINT32_MAX,
     .doc = "rate of those of its clocks that others drive, in Hz: fixed clocks for the guest; these, power "
            "domains, resets and pins stay as firmware has set them. 0: such a device is an error"},
    {.name = "dma",
     .type = ATTR_CHOICE,
     .offset = offsetof(struct desc_passthrough, dma),
     .fallback = "auto",
     .choices = dma_choices,
     .doc = "none: its manual says that it does not read and write memory by itself; auto: it must be one of "
            "those that are known not to"},
};

const struct element_spec lang_passthrough = {
    .name = "passthrough",
    .doc = "A device of the board that belongs to this guest alone: registers, interrupts, device tree node.",
    .attrs = passthrough_attrs,
    .attr_count = SPEC_COUNT(passthrough_attrs),
    .fields_bytes = sizeof(struct desc_passthrough),
};

/* In the order of enum vmm_exit_action. */
static const char *const exit_actions[] = {"stop", "restart", "halt", NULL};

/* In the order of enum desc_supervised. */
static const char *const supervised[] = {"auto", "true", "false", NULL};

static const struct attr_spec guest_attrs[] = {
    {.name = "name",
     .type = ATTR_NAME,
     .required = true,
     .offset = offsetof(struct desc_guest, name),
     .max = SPEC_MAX_NAME,
     .doc = "unique name"},
    {.name = "ram",
     .type = ATTR_SIZE,
     .required = true,
     .offset = offsetof(struct desc_guest, ram),
     .min = 0x1000000,
     .max = 0x1000000000,
     .multiple = MODEL_LARGE_PAGE_BYTES,
     .doc = "bytes of memory, a multiple of 2M"},
    {.name = "ram_base",
     .type = ATTR_SIZE,
     .offset = offsetof(struct desc_guest, ram_base),
     .fallback = "0x40000000",
     .max = 0x4000000000,
     .multiple = MODEL_LARGE_PAGE_BYTES,
     .doc = "guest-physical address of the memory"},
    {.name = "vcpus",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_guest, vcpus),
     .fallback = "1",
     .min = 1,
     .max = VMM_CONFIG_MAX_VCPUS,
     .doc = "virtual CPUs"},
    {.name = "cpus",
     .type = ATTR_TEXT,
     .offset = offsetof(struct desc_guest, cpus),
     .doc = "core of each vCPU, or one for all, such as \"0 1\"; default: that of its VMM (vmm_cpu)"},
    {.name = "hostname",
     .type = ATTR_NAME,
     .offset = offsetof(struct desc_guest, hostname),
     .doc = "host name; default: the guest's name"},
    SPEC_SCHEDULING(struct desc_guest, , "", "100"),
    {.name = "on_off",
     .type = ATTR_CHOICE,
     .offset = offsetof(struct desc_guest, on_off),
     .fallback = "stop",
     .choices = exit_actions,
     .doc = "what happens when the guest powers off"},
    {.name = "on_reset",
     .type = ATTR_CHOICE,
     .offset = offsetof(struct desc_guest, on_reset),
     .fallback = "restart",
     .choices = exit_actions,
     .doc = "what happens when the guest reboots"},
    {.name = "on_crash",
     .type = ATTR_CHOICE,
     .offset = offsetof(struct desc_guest, on_crash),
     .fallback = "stop",
     .choices = exit_actions,
     .doc = "what happens when the VMM cannot continue the guest, or, if supervised, faults itself"},
    {.name = "restart_limit",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_guest, restart_limit),
     .fallback = "0",
     .max = UINT32_MAX,
     .doc = "restarts within restart_window_ms after which the guest stays off; 0: no limit"},
    {.name = "restart_window_ms",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_guest, restart_window_ms),
     .fallback = "60000",
     .min = 1,
     .max = UINT32_MAX,
     .doc = "time in ms over which restarts are counted, beginning with the first"},
    {.name = "restart_backoff_ms",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_guest, restart_backoff_ms),
     .fallback = "100",
     .max = UINT32_MAX,
     .doc =
         "wait in ms before the second restart; it doubles with each further one, until the guest has lived "
         "for restart_window_ms. The first is at once; 0: so are all"},
    {.name = "restart_backoff_max_ms",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_guest, restart_backoff_max_ms),
     .fallback = "10000",
     .max = UINT32_MAX,
     .doc = "longest such wait"},
    {.name = "supervised",
     .type = ATTR_CHOICE,
     .offset = offsetof(struct desc_guest, supervised),
     .fallback = "auto",
     .choices = supervised,
     .doc = "whether a supervisor starts the guest's VMM again if that itself faults; on_crash then says "
            "what "
            "becomes of the guest. auto: if on_crash is restart"},
    {.name = "watchdog_ms",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_guest, watchdog_ms),
     .fallback = "0",
     .max = 60000,
     .doc =
         "time in ms after which a guest that shows its watchdog no sign of life has crashed; 1000 at least, "
         "whole seconds for Linux. 0: it has no watchdog"},
    {.name = "watchdog_boot_ms",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_guest, watchdog_boot_ms),
     .fallback = "120000",
     .min = 1000,
     .max = UINT32_MAX,
     .doc = "likewise, from its start to the first sign: time to boot, and to load the watchdog's driver"},
    {.name = "rng",
     .type = ATTR_BOOL,
     .offset = offsetof(struct desc_guest, rng),
     .fallback = "true",
     .doc = "whether the guest has a virtio-rng device, if there is an <entropy>; a device tree of one's own "
            "may leave its node out"},
    {.name = "rtc",
     .type = ATTR_BOOL,
     .offset = offsetof(struct desc_guest, rtc),
     .fallback = "true",
     .doc =
         "whether the guest has a clock (PL031) with the time of day, if the board has one that nobody else "
         "owns; a device tree of one's own may leave its node out"},
    {.name = "realtime",
     .type = ATTR_BOOL,
     .offset = offsetof(struct desc_guest, realtime),
     .fallback = "false",
     .doc = "whether the guest has deadlines: its priority is then 190 by default, and those of switches, "
            "disks, the UART, "
            "<stats> and the other guests' VMMs are 80 lower than they are otherwise, so that it waits for "
            "none of them"},
    {.name = "debug",
     .type = ATTR_BOOL,
     .offset = offsetof(struct desc_guest, debug),
     .fallback = "false",
     .doc = "whether `causeway gdb` and `causeway dump` may look into the guest and change it, over a "
            "channel of the "
            "serial line: all its memory and registers; bundled kernel only"},
    {.name = "control",
     .type = ATTR_BOOL,
     .offset = offsetof(struct desc_guest, control),
     .fallback = "false",
     .doc = "whether `causeway start`, `stop`, `reset`, `pause`, `resume` and `break` may be used on the "
            "guest, over a "
            "channel of the serial line; bundled kernel only"},
    {.name = "sve",
     .type = ATTR_BOOL,
     .offset = offsetof(struct desc_guest, sve),
     .fallback = "false",
     .doc = "whether the guest has the core's scalable vectors, up to 512 bits, if the core has any; bundled "
            "kernel "
            "only"},
    {.name = "transport",
     .type = ATTR_CHOICE,
     .offset = offsetof(struct desc_guest, transport),
     .fallback = "auto",
     .choices = lang_transports,
     .doc = "how the guest finds its virtio devices, where they don't say it themselves: mmio or pci; auto: "
            "mmio"},
    SPEC_PD_OPTIONS(struct desc_guest, vmm, "vmm_", "200", "vmm.elf"),
};

static const struct element_child guest_children[] = {
    {&lang_linux, 0, 1}, {&lang_firmware, 0, 1}, {&lang_console, 0, 1},         {&lang_net, 0, 0},
    {&lang_block, 0, 0}, {&lang_vm_map, 0, 0},   {&lang_reserved_memory, 0, 0}, {&lang_passthrough, 0, 0},
};

const struct element_spec lang_guest = {
    .name = "guest",
    .doc = "A guest: a virtual machine and the protection domain of its VMM, NAME_vmm.",
    .attrs = guest_attrs,
    .attr_count = SPEC_COUNT(guest_attrs),
    .fields_bytes = sizeof(struct desc_guest),
    .children = guest_children,
    .child_count = SPEC_COUNT(guest_children),
};
