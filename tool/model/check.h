/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Checks of a whole model: everything that can be wrong about a system although each element for itself is
 * fine. All of them run, so that one run shows all mistakes. A region of size 0 is one about whose size an
 * error was reported before; nothing is concluded from it.
 */
#pragma once

#include "tool/model/model.h"

/** Run all checks. */
void check_model(const struct model *model, struct diag *diag);

/* check_names.c */

/** Every PD, VM and region has a name of its own. */
void check_names(const struct model *model, struct diag *diag);

/* check_ids.c */

/** Channel ids, child ids and interrupts are each used once, and channels join two different PDs. */
void check_ids(const struct model *model, struct diag *diag);

/* check_symbols.c */

/** Every symbol of a program is set once. */
void check_symbols(const struct model *model, struct diag *diag);

/* check_sched.c */

/** Priorities, budgets, cores, and that protected procedures are called upwards only. */
void check_sched(const struct model *model, struct diag *diag);

/* check_regions.c */

/** Sizes, page sizes and physical addresses of regions; devices have one owner. */
void check_regions(const struct model *model, struct diag *diag);

/* check_wiring.c */

/** Doorbells and posted interrupts follow channels and fit the kernel's rows; what only one PD can have, one has. */
void check_wiring(const struct model *model, struct diag *diag);

/* check_maps.c */

/** Mappings are aligned, inside the address space and apart from each other. */
void check_maps(const struct model *model, struct diag *diag);
