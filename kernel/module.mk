# SPDX-License-Identifier: BSD-2-Clause
# The bundled kernel. kernel/core also runs on the host, over kernel/fake.
KERNEL_CORE_SRCS := $(addprefix kernel/core/,account.c boot.c budget.c charge.c child.c dispatch.c doorbell.c fault.c irq.c klog.c list.c notification.c observe.c posted_irq.c ppc.c ptimer.c route.c \
	seed.c sched.c sgi.c syndrome.c syscall.c trace.c vcpu.c vcpu_exit.c vcpu_virq.c virq.c)
KERNEL_SRCS += $(KERNEL_CORE_SRCS) $(addprefix kernel/aarch64/,start.S vectors.S fp.S  cpu.c debug.c vcpu_debug.c features.c interrupt.c $(BOARD_IRQCHIP).c list_registers.c main.c \
	panic.c sysreg_table.c timer.c trap.c trap_sysreg.c uart.c switch.c vcpu_regs.c) lib/base/format.c lib/base/mem.c lib/fdt/fdt_view.c

# From core to core.
KERNEL_CROSS_SRCS := $(addprefix kernel/core/,inbox.c mail.c remote.c request.c virq_parcel.c)
KERNEL_SRCS += $(KERNEL_CROSS_SRCS)
KERNEL_CORE_SRCS += $(KERNEL_CROSS_SRCS)

KERNEL_FAKE_SRCS := $(KERNEL_CORE_SRCS) kernel/fake/arch_fake.c tests/mock/mock_kernel.c lib/base/format.c lib/fdt/fdt_view.c
TESTS += test_kernel_account test_kernel_virq test_kernel_sched test_kernel_pd test_kernel_vcpu test_kernel_boot test_kernel_deferred test_kernel_siblings test_kernel_posted_irq
test_kernel_account_SRCS := $(KERNEL_FAKE_SRCS)
test_kernel_virq_SRCS := kernel/core/virq.c tests/mock/lr_guest.c
TESTS += test_virq_move test_kernel_route
test_virq_move_SRCS := kernel/core/virq.c tests/mock/lr_guest.c
test_kernel_route_SRCS := $(KERNEL_FAKE_SRCS)
test_kernel_sched_SRCS := $(KERNEL_FAKE_SRCS)
test_kernel_pd_SRCS := $(KERNEL_FAKE_SRCS)
test_kernel_vcpu_SRCS := $(KERNEL_FAKE_SRCS)
test_kernel_boot_SRCS := $(KERNEL_FAKE_SRCS)
test_kernel_deferred_SRCS := $(KERNEL_FAKE_SRCS)
test_kernel_siblings_SRCS := $(KERNEL_FAKE_SRCS)
test_kernel_posted_irq_SRCS := $(KERNEL_FAKE_SRCS)

TESTS += test_sgi
test_sgi_SRCS := $(KERNEL_FAKE_SRCS)

TESTS += test_seed
test_seed_SRCS := kernel/core/seed.c lib/fdt/fdt_view.c
test_seed_LIBS := -lfdt

TESTS += test_features
test_features_SRCS := kernel/aarch64/features.c kernel/aarch64/sysreg_table.c
TESTS += test_kernel_ptimer
test_kernel_ptimer_SRCS := $(KERNEL_FAKE_SRCS)
TESTS += test_kernel_cores
test_kernel_cores_SRCS := $(KERNEL_FAKE_SRCS)
TESTS += test_kernel_trace
test_kernel_trace_SRCS := $(KERNEL_FAKE_SRCS)
