/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/sel4/gic_scrub.h"

#include "lib/base/mem.h"
#include "vmm/platform.h"
#include "vmm/sel4/vcpu_regs.h"

/* The device tree has this much room in RAM (vmm_config.h); its last page is free. */
#define DTB_ROOM_BYTES 0x200000ull
#define PAGE_BYTES 0x1000ull

/* x0: the GIC's CPU interface. Which interrupts are active may not be known, so all are ended; for those that
 * are not, the virtual interface does nothing but count (Arm IHI 0048B 5.3.1, EOICount). */
static const uint32_t code[] = {
    0x52801fe5, /*    mov  w5, #0xff       */
    0xb9000405, /*    str  w5, [x0, #4]       PMR: let all through */
    0x52800025, /*    mov  w5, #1          */
    0xb9000005, /*    str  w5, [x0]           CTLR: on; PSTATE keeps it from interrupting */
    0xb9400c06, /* 1: ldr  w6, [x0, #0xc]     IAR */
    0x120024c7, /*    and  w7, w6, #0x3ff  */
    0x710ff0ff, /*    cmp  w7, #1020       */
    0x54000062, /*    b.hs 2f              */
    0xb9001006, /*    str  w6, [x0, #0x10]    EOIR */
    0x17fffffb, /*    b    1b              */
    0x52800005, /* 2: mov  w5, #0          */
    0xb9001005, /* 3: str  w5, [x0, #0x10]    EOIR */
    0x110004a5, /*    add  w5, w5, #1      */
    0x710ff0bf, /*    cmp  w5, #1020       */
    0x54ffffa3, /*    b.lo 3b              */
    0xb900001f, /*    str  wzr, [x0]          CTLR: off */
    0xd4194bc3, /*    smc  #0xca5e         */
};

static uint64_t offset_in_ram(const struct vmm_config *config)
{
    return config->dtb_gpa - config->ram_gpa + DTB_ROOM_BYTES - PAGE_BYTES;
}

static bool has_room(const struct vmm_config *config)
{
    return config->gicc_gpa != 0 && config->dtb_gpa >= config->ram_gpa &&
           config->dtb.bytes <= DTB_ROOM_BYTES - PAGE_BYTES && config->ram_bytes >= PAGE_BYTES &&
           offset_in_ram(config) <= config->ram_bytes - PAGE_BYTES;
}

static uint8_t *scratch(const struct vmm_config *config)
{
    return (uint8_t *)(uintptr_t)(config->ram_vaddr + offset_in_ram(config));
}

bool gic_scrub_prepare(const struct vmm_config *config, const struct lr_queue *queue,
                       seL4_UserContext *context)
{
    if ((lr_queue_in_flight(queue) == 0 && !queue->lrs_unknown) || !has_room(config)) {
        return false;
    }
    memcpy(scratch(config), code, sizeof code);
    platform_cache_sync_code(scratch(config), sizeof code);
    *context = (seL4_UserContext){
        .pc = config->ram_gpa + offset_in_ram(config), .spsr = VCPU_REGS_BOOT_PSTATE, .x0 = config->gicc_gpa};
    return true;
}

void gic_scrub_finish(const struct vmm_config *config)
{
    memset(scratch(config), 0, sizeof code);
    platform_cache_sync_code(scratch(config), sizeof code);
}
