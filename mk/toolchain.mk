# SPDX-License-Identifier: BSD-2-Clause
# Compilers and flags. CC: host compiler (gcc or clang); TARGET_CC: the AArch64 cross compiler.

ifneq ($(filter undefined default,$(origin CC)),)
CC := gcc
endif
FUZZ_CC ?= clang
CROSS_COMPILE ?= aarch64-linux-gnu-
TARGET_CC := $(CROSS_COMPILE)gcc
TARGET_OBJDUMP := $(CROSS_COMPILE)objdump
TARGET_AR := $(CROSS_COMPILE)ar
PYTHON := /usr/bin/python3
PKG_CONFIG ?= pkg-config

# ${V:+} style verbosity: V=1 shows commands.
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-8s %s\n' $(1) $(2))

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wpedantic -Werror
COMMON_CFLAGS := -std=c11 $(WARNINGS) -I. -MMD -MP -ffile-prefix-map=$(CURDIR)=.

HOST_CFLAGS := $(COMMON_CFLAGS) -D_GNU_SOURCE -O1 -g -I$(B)/include
HOST_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer

# The compiler's own headers are all that the target has: not the host's, not those of a Linux cross libc.
TARGET_HEADERS := $(shell $(TARGET_CC) -print-file-name=include 2>/dev/null)

# The target has no C library, but the functions of lib/base/mem.h are ISO C's (-fbuiltin), so that small copies are a few
# loads and stores. Kernel and PDs keep off FP/SIMD so that the lazy FP switch is never their doing.
TARGET_CFLAGS := $(COMMON_CFLAGS) -O2 -g -ffreestanding -fbuiltin -nostdinc -isystem $(TARGET_HEADERS) \
	-fno-pic -fno-pie -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fno-common -ffunction-sections -fdata-sections \
	-mgeneral-regs-only -mno-outline-atomics -mcpu=cortex-a53 -Ikernel/include
# The kernel runs before the MMU is on as well: then an access that is not aligned is a fault. It is optimised as a whole: its
# files are small and call each other for little, and a fifth of its instructions were for calls.
KERNEL_CFLAGS := -mstrict-align -flto=auto
TARGET_LDFLAGS := -nostdlib -static -no-pie -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,max-page-size=4096 \
	-Wl,-z,noexecstack -Wl,--no-warn-rwx-segments

# $(call objs,folder,sources): object files of sources below a folder.
objs = $(patsubst %.c,$(1)/%.o,$(filter %.c,$(2))) $(patsubst %.S,$(1)/%.o,$(filter %.S,$(2)))

