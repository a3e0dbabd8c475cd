/* SPDX-License-Identifier: BSD-2-Clause */
#include "boards/board.h"

#include <string.h>

#include "boards/imx8mp_evk/board_imx8mp_evk.h"
#include "boards/qemu_virt_aarch64/board_qemu_virt_aarch64.h"
#include "boards/qemu_virt_gicv3_aarch64/board_qemu_virt_gicv3_aarch64.h"
#include "boards/rpi4b/board_rpi4b.h"
#include "boards/versal_virt/board_versal_virt.h"
#include "boards/zcu102/board_zcu102.h"

static const struct board *const boards[] = {
    &board_qemu_virt_aarch64, &board_qemu_virt_gicv3_aarch64,
    &board_imx8mp_evk,        &board_rpi4b,
    &board_versal_virt,       &board_zcu102,
};

static const struct board_driver drivers[] = {
    {"arasan,sdhci-8.9a", BOARD_DISK, "blk_sdhci.elf"},
    {"fsl,imx8mm-usdhc", BOARD_DISK, "blk_usdhc.elf"},
    {"cdns,zynqmp-gem", BOARD_CARD, "net_gem.elf"},
    {"cdns,versal-gem", BOARD_CARD, "net_gem.elf"},
};

const struct board_driver *board_driver_find(const char *compatible)
{
    for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++) {
        if (strcmp(drivers[i].compatible, compatible) == 0) {
            return &drivers[i];
        }
    }
    return NULL;
}

const struct board *board_at(size_t index)
{
    return index < sizeof boards / sizeof boards[0] ? boards[index] : NULL;
}

const struct board *board_find(const char *name)
{
    const struct board *board;

    for (size_t i = 0; (board = board_at(i)) != NULL; i++) {
        if (strcmp(board->name, name) == 0 || (board->alias != NULL && strcmp(board->alias, name) == 0)) {
            return board;
        }
    }
    return NULL;
}
