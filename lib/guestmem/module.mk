# SPDX-License-Identifier: BSD-2-Clause
GUESTMEM_SRCS := lib/guestmem/guestmem.c
