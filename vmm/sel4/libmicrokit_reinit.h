/* SPDX-License-Identifier: BSD-2-Clause */
/** Where restart.S starts the VMM again. */
#pragma once

/** Set libmicrokit's variables again, which the fault may have spoilt and whose first values are lost. */
void libmicrokit_reinit(void);
