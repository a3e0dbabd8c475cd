/* SPDX-License-Identifier: BSD-2-Clause */
/** Calls of the firmware (SMC) that a description gives a protection domain, by name or number. */
#pragma once

#include "kernel/include/smccc.h"
#include "tool/base/diag.h"
#include "tool/model/model.h"

/**
 * Give `pd` the calls that `text` lists, separated by single spaces (ATTR_NAMES): names, or numbers of fast
 * calls of a vendor's (0x82..., 0xc3...). Reports what is no call, or none that anybody may have, at `loc`.
 */
void firmware_calls_parse(struct diag *diag, struct loc loc, const char *text, struct model_pd *pd);

/** Give `pd` one call, if it has not got it; there must be room, as in a PD of ours. */
void firmware_calls_add(struct model_pd *pd, uint32_t function);
