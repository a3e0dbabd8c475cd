/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What our plugins use of QEMU's TCG plugin interface (version 1). Debian's QEMU loads plugins but does not package
 * their header, so it is declared here. What it calls is QEMU's own.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/** QEMU finds it. */
#define API __attribute__((visibility("default")))

/** What QEMU calls a loaded plugin by. */
typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;

/** Have `cb` called for each block of instructions that QEMU translates; it is there during that call only. */
extern void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id,
                                                  void (*cb)(plugin_id, struct qemu_plugin_tb *));
/** Have `cb` called with a CPU's number whenever one runs the block; flags 0: it reads no registers. */
extern void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, void (*cb)(unsigned int, void *),
                                                 int flags, void *userdata);
/** The same of one instruction. */
extern void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
                                                   void (*cb)(unsigned int, void *), int flags,
                                                   void *userdata);
/** Have `cb` called when QEMU ends in an orderly way. */
extern void qemu_plugin_register_atexit_cb(plugin_id id, void (*cb)(plugin_id, void *), void *userdata);
/** Instructions of a block. */
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
/** The virtual address of a block's first instruction. */
extern uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
/** One of a block's instructions, counted from 0. */
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
/** The bytes of an instruction. */
extern const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
/** Where they are in QEMU's own memory. */
extern void *qemu_plugin_insn_haddr(const struct qemu_plugin_insn *insn);

/** The interface's version that a plugin was written for: 1. Each plugin defines it. */
extern API int qemu_plugin_version;
/** What QEMU calls first, with the arguments behind the plugin's name; 0: it may stay. Each plugin defines it. */
API int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv);
