/* SPDX-License-Identifier: BSD-2-Clause */
/** What `causeway-console` ends with: as the tool's other subcommands do. */
#pragma once

enum exit_code {
    EXIT_CODE_OK = 0,
    EXIT_CODE_FAILED = 1, /**< what went wrong was said */
    EXIT_CODE_USAGE = 2   /**< the command line is wrong */
};
