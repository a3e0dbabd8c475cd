/* SPDX-License-Identifier: BSD-2-Clause */
/** Where restart.S starts the VMM anew. */
#pragma once

/** Set libmicrokit's variables again, which the fault may have spoilt and whose first values are lost. */
void mend_libmicrokit(void);
