# SPDX-License-Identifier: BSD-2-Clause
# The kernel's events on their way to the host: linked into the stats PD and into `causeway trace`.
LIB_TRACE_SRCS := lib/trace/trace_kind.c lib/trace/trace_wire.c
