# SPDX-License-Identifier: BSD-2-Clause
VMM_CORE_SRCS := vmm/core/crash.c vmm/core/supervisor_client.c vmm/device/flash.c vmm/core/guest_loader.c vmm/bus/mmio.c vmm/device/pl031.c vmm/core/psci.c vmm/core/vm.c \
	vmm/core/vm_control.c vmm/core/vm_devices.c vmm/core/vm_life.c vmm/device/watchdog.c lib/restart/restart.c
VMM_DEBUG_SRCS := vmm/debug/debug_control.c vmm/debug/debug_points.c vmm/debug/debug_registers.c vmm/debug/debugger.c vmm/debug/gdb.c \
	vmm/debug/hold.c vmm/debug/line_channel.c vmm/debug/rsp.c vmm/debug/walk.c
VMM_VGIC_SRCS := vmm/vgic/gicv2m.c vmm/vgic/vgic.c vmm/vgic/vgic_v2.c vmm/vgic/vgic_v3.c
VMM_PCI_SRCS := vmm/pci/msix.c vmm/pci/pci_config.c vmm/pci/pci_host.c
VMM_VIRTIO_SRCS := vmm/virtio/net_control.c vmm/device/pl011.c vmm/virtio/vhost_net.c vmm/virtio/virtio_blk.c vmm/virtio/virtio_blk_io.c \
	vmm/virtio/virtio_console.c vmm/virtio/virtio_device.c vmm/virtio/virtio_mmio.c vmm/virtio/virtio_net.c \
	vmm/virtio/virtio_pci.c $(VMM_PCI_SRCS) lib/blk/blk_check.c
VMM_RNG_SRCS := vmm/virtio/virtio_rng.c vmm/core/trng.c lib/fdt/fdt_view.c
VMM_SRCS := $(VMM_CORE_SRCS) $(VMM_DEBUG_SRCS) $(VMM_VGIC_SRCS) $(VMM_VIRTIO_SRCS) $(VMM_RNG_SRCS) $(GUESTMEM_SRCS) $(VIRTQ_SRCS)
PDS += vmm
vmm_LDFLAGS := vmm/pristine.ld
vmm_SRCS := vmm/core/main.c lib/timer_client/timer_client.c vmm/platform_bundled.c vmm/platform_cache.c vmm/platform_clock.c $(VMM_SRCS)
VMM_SEL4_SRCS := vmm/platform_sel4.c vmm/platform_sel4_idle.c vmm/platform_no_posts.c vmm/sel4/context.c \
	vmm/sel4/gic_scrub.c vmm/sel4/irq_ack_on_eoi.c vmm/sel4/lr_queue.c vmm/sel4/idle_pages.c lib/timer_client/timer_client.c vmm/sel4/vcpu.c \
	vmm/sel4/vcpu_regs.c
vmm_SEL4_SRCS := vmm/core/main.c vmm/sel4/restart.S vmm/sel4/libmicrokit_reinit.c vmm/platform_cache.c vmm/platform_clock.c $(VMM_SEL4_SRCS) $(VMM_SRCS)

# What host tests put in place of the platform below.
VMM_FAKE_SRCS := vmm/platform_fake.c microkit/host/microkit_host.c tests/mock/log_record.c $(LIB_BASE_HOST_SRCS)
VMM_VIRTIO_TEST_SRCS := $(VMM_VIRTIO_SRCS) $(VIRTIO_NET_HDR_SRCS) lib/net/rx_merge.c $(VMM_VGIC_SRCS) $(GUESTMEM_SRCS) $(VIRTQ_SRCS) lib/ring/ring.c \
	tests/mock/virtio_driver.c $(MOCK_DRIVER_SRCS) $(VMM_FAKE_SRCS)
VMM_CONSOLE_TEST_SRCS := $(VMM_VIRTIO_TEST_SRCS) tests/mock/console_machine.c
VMM_NET_TEST_SRCS := $(VMM_VIRTIO_TEST_SRCS) tests/mock/net_machine.c

TESTS += test_flash
test_flash_SRCS := vmm/device/flash.c
TESTS += test_pl031
test_pl031_SRCS := vmm/device/pl031.c $(VMM_VGIC_SRCS) $(VMM_FAKE_SRCS)
TESTS += test_watchdog
test_watchdog_SRCS := vmm/device/watchdog.c $(VMM_VGIC_SRCS) $(VMM_FAKE_SRCS)
TESTS += test_mmio test_psci test_vgic test_vgic_v3 test_virtio_mmio test_virtio_net test_virtio_console test_virtio_rng test_pl011 test_vm
test_mmio_SRCS := vmm/bus/mmio.c
test_psci_SRCS := vmm/core/psci.c $(VMM_FAKE_SRCS)
test_vgic_SRCS := $(VMM_VGIC_SRCS) $(VMM_FAKE_SRCS)
test_vgic_v3_SRCS := $(VMM_VGIC_SRCS) $(VMM_FAKE_SRCS)
test_virtio_mmio_SRCS := $(VMM_VIRTIO_TEST_SRCS)
test_virtio_net_SRCS := $(VMM_NET_TEST_SRCS)
TESTS += test_vhost_net test_net_control test_virtio_net_deferred test_virtio_net_bound test_ring_reset
test_virtio_net_deferred_SRCS := $(VMM_NET_TEST_SRCS)
test_virtio_net_bound_SRCS := $(VMM_NET_TEST_SRCS)
test_net_control_SRCS := $(VMM_NET_TEST_SRCS)
test_ring_reset_SRCS := $(VMM_NET_TEST_SRCS) tests/mock/pci_machine.c
test_vhost_net_SRCS := $(VMM_VIRTIO_TEST_SRCS)
test_virtio_console_SRCS := $(VMM_CONSOLE_TEST_SRCS)
test_virtio_rng_SRCS := $(VMM_RNG_SRCS) $(VMM_VIRTIO_TEST_SRCS) $(REFILL_SRCS)
test_virtio_rng_LIBS := $(REFILL_LIBS)
TESTS += test_bounded_console
test_bounded_console_SRCS := $(VMM_CONSOLE_TEST_SRCS) $(REFILL_SRCS)
test_bounded_console_LIBS := $(REFILL_LIBS)
test_pl011_SRCS := $(VMM_VIRTIO_TEST_SRCS)
VM_MACHINE_SRCS := $(VMM_CORE_SRCS) $(VMM_DEBUG_SRCS) $(VMM_RNG_SRCS) $(VMM_VIRTIO_TEST_SRCS) tests/mock/vm_machine.c
TESTS += test_vm_machine test_vm_pci
test_vm_pci_SRCS := $(VM_MACHINE_SRCS)
test_vm_pci_LIBS := -lfdt
test_vm_machine_SRCS := $(VM_MACHINE_SRCS)
test_vm_machine_LIBS := -lfdt
test_vm_SRCS := $(VMM_CORE_SRCS) $(VMM_DEBUG_SRCS) $(VMM_RNG_SRCS) $(VMM_VIRTIO_TEST_SRCS) tests/mock/vm_fixture.c
TESTS += test_vm_life test_vm_control
test_vm_control_SRCS = $(test_vm_SRCS)
test_vm_life_SRCS := $(test_vm_SRCS)

VMM_PCI_TEST_SRCS := $(VMM_VIRTIO_TEST_SRCS) tests/mock/pci_machine.c
TESTS += test_pci_config test_msix test_virtio_pci
test_pci_config_SRCS := vmm/pci/pci_config.c
test_msix_SRCS := vmm/pci/msix.c $(VMM_VGIC_SRCS) $(VMM_FAKE_SRCS)
test_virtio_pci_SRCS := $(VMM_PCI_TEST_SRCS)

DEBUG_TEST_SRCS := $(VMM_DEBUG_SRCS) $(GUESTMEM_SRCS) lib/ring/ring.c tests/mock/debug_machine.c $(VMM_FAKE_SRCS)
TESTS += test_walk test_debugger
test_walk_SRCS := vmm/debug/walk.c $(GUESTMEM_SRCS) $(VMM_FAKE_SRCS)
test_debugger_SRCS := $(DEBUG_TEST_SRCS)
FUZZERS += fuzz_debugger
fuzz_debugger_RUNS := 1000
fuzz_debugger_SRCS := $(DEBUG_TEST_SRCS)

FUZZERS += fuzz_flash
fuzz_flash_SRCS := vmm/device/flash.c
FUZZERS += fuzz_pl031
fuzz_pl031_SRCS := vmm/device/pl031.c $(VMM_VGIC_SRCS) $(VMM_FAKE_SRCS)
FUZZERS += fuzz_watchdog
fuzz_watchdog_SRCS := vmm/device/watchdog.c $(VMM_VGIC_SRCS) $(VMM_FAKE_SRCS)
FUZZERS += fuzz_vgic fuzz_pl011 fuzz_virtio_mmio fuzz_virtio_pci fuzz_virtio_net fuzz_virtio_console fuzz_virtio_rng fuzz_vm
fuzz_virtio_rng_SRCS := $(VMM_RNG_SRCS) $(VMM_VIRTIO_TEST_SRCS)
fuzz_vm_SRCS := $(VM_MACHINE_SRCS)
fuzz_vm_RUNS := 2000
fuzz_virtio_console_RUNS := 4000
fuzz_vgic_SRCS := $(VMM_VGIC_SRCS) $(VMM_FAKE_SRCS)
fuzz_pl011_SRCS := $(VMM_VIRTIO_TEST_SRCS)
fuzz_virtio_mmio_SRCS := $(VMM_VIRTIO_TEST_SRCS) tests/mock/fuzz_device.c
fuzz_virtio_pci_SRCS := $(VMM_PCI_TEST_SRCS) tests/mock/fuzz_device.c
fuzz_virtio_console_SRCS := $(VMM_CONSOLE_TEST_SRCS)
fuzz_virtio_net_SRCS := $(VMM_NET_TEST_SRCS)

# The platform on seL4. Its tests see tests/libsel4, which records libsel4's calls, in front of our own API.
TESTS += test_lr_queue test_platform_sel4 test_platform_sel4_idle
test_lr_queue_SRCS := vmm/sel4/lr_queue.c
SEL4_TEST_SRCS := $(VMM_SEL4_SRCS) tests/mock/libsel4_record.c tests/mock/sel4_machine.c
test_platform_sel4_SRCS := $(SEL4_TEST_SRCS) microkit/host/microkit_host.c tests/mock/log_record.c \
	$(LIB_BASE_HOST_SRCS)
test_platform_sel4_idle_SRCS := $(test_platform_sel4_SRCS)
$(call objs,$(B)/san,tests/unit/vmm/test_platform_sel4.c tests/unit/vmm/test_platform_sel4_idle.c $(SEL4_TEST_SRCS)): \
	HOST_INCLUDES := -Itests/libsel4 -Imicrokit/host -Imicrokit/include -Ikernel/include
