# SPDX-License-Identifier: BSD-2-Clause
VMM_CORE_SRCS := vmm/core/crash.c vmm/core/image.c vmm/core/mmio.c vmm/core/psci.c vmm/core/vm.c \
	vmm/core/vm_devices.c
VMM_VGIC_SRCS := vmm/vgic/vgic.c
VMM_VIRTIO_SRCS := vmm/virtio/pl011.c vmm/virtio/virtio_device.c vmm/virtio/virtio_mmio.c \
	vmm/virtio/virtio_net.c
VMM_SRCS := $(VMM_CORE_SRCS) $(VMM_VGIC_SRCS) $(VMM_VIRTIO_SRCS) $(GUESTMEM_SRCS) $(VIRTQ_SRCS)
PDS += vmm
vmm_SRCS := vmm/core/main.c vmm/platform_bundled.c $(VMM_SRCS)
