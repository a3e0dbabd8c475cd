/* SPDX-License-Identifier: BSD-2-Clause */
/* The supervisor PD: Microkit's entry points around supervisor.c. */
#include <microkit.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "pd/supervisor/supervisor.h"

/* The tool overwrites this section in its copy of the ELF. Not static: the compiler must not know the value.
 */
PD_CONFIG(supervisor_config, supervisor_config, SUPERVISOR_CONFIG_SECTION) = {
    .header = {SUPERVISOR_CONFIG_MAGIC, SUPERVISOR_CONFIG_VERSION, 0, sizeof(struct supervisor_config), 0},
};

const struct log_sink log_sink = {microkit_name, microkit_dbg_puts};

static struct supervisor supervisor;
static bool usable;

void init(void)
{
    if (!config_is_valid(&supervisor_config.header, SUPERVISOR_CONFIG_MAGIC, SUPERVISOR_CONFIG_VERSION,
                         sizeof supervisor_config) ||
        supervisor_init(&supervisor, &supervisor_config) != ERR_OK) {
        log_error("no valid configuration: build the image with `causeway build`");
        return;
    }
    usable = true;
}

void notified(microkit_channel ch)
{
    (void)ch; /* nobody notifies it */
}

microkit_msginfo protected(microkit_channel ch, microkit_msginfo msginfo)
{
    if (!usable) {
        return microkit_msginfo_new(SUPERVISOR_INVALID, 0);
    }
    return supervisor_call(&supervisor, ch, msginfo);
}

seL4_Bool fault(microkit_child child, microkit_msginfo msginfo, microkit_msginfo *reply_msginfo)
{
    (void)reply_msginfo;
    if (usable) {
        supervisor_fault(&supervisor, child, msginfo, clock_milliseconds());
    }
    return seL4_False;
}
