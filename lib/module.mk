# SPDX-License-Identifier: BSD-2-Clause
# lib/base is linked into every PD.
LIB_SRCS += lib/base/err.c
