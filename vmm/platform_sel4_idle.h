/* SPDX-License-Identifier: BSD-2-Clause */
/** Between the files of the platform on seL4: a vCPU's pauses, for those that platform_share_idle_count()
 * named.
 */
#pragma once

/** Forget them all. */
void platform_sel4_idle_reset(void);

/** A vCPU has gone idle. */
void platform_sel4_idle_tell(void);
