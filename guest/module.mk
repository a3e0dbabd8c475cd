# SPDX-License-Identifier: BSD-2-Clause
# Guests made of Debian packages: $(GUEST_DIR)/KERNEL/Image and $(GUEST_DIR)/INITRD/initrd.cpio.gz, which a system
# description calls <linux kernel="KERNEL" initrd="INITRD"/>.

GUEST_DIR ?= $(B)/guest
GUEST_FETCH := $(PYTHON) guest/fetch.py $(GUEST_DIR)/apt $(GUEST_DIR)/packages

# A kernel: its Debian package. An initramfs: the kernel whose modules it has.
GUEST_KERNELS := debian debian-6.12
debian_PACKAGE := linux-image-cloud-arm64
debian-6.12_PACKAGE := linux-image-6.12-cloud-arm64
GUEST_INITRDS := demo demo-6.12 bench
demo_KERNEL := debian
demo-6.12_KERNEL := debian-6.12
# Benchmarks: iperf3 with the libraries it is linked with.
bench_KERNEL := debian
bench_PACKAGES := iperf3 libiperf0 libsctp1 libssl3 libc6

# Drivers in the initramfs, beside what is built into the kernel. Loaded when their device is there.
GUEST_MODULES := virtio_mmio virtio_pci virtio_net virtio_console virtio_blk virtio_rng

# Each unpacked package has a stamp beside it, as its files carry the times of their own build.
$(GUEST_DIR)/packages/%.deb:
	$(Q)$(GUEST_FETCH) $*

$(GUEST_DIR)/unpacked/%.stamp: $(GUEST_DIR)/packages/%.deb
	$(call say,UNPACK,$*)
	$(Q)rm -rf $(basename $@) && mkdir -p $(basename $@) && dpkg-deb -x $< $(basename $@) && touch $@

define guest_kernel_rules
$(GUEST_DIR)/$(1)/Image: $(GUEST_DIR)/unpacked/$($(1)_PACKAGE).stamp guest/make_image.py
	$$(call say,IMAGE,$(1))
	$$(Q)$$(PYTHON) guest/make_image.py $$(basename $$<)/boot/vmlinuz-* $$@
.PHONY: guest-$(1)
guest-$(1): $(GUEST_DIR)/$(1)/Image
endef
$(foreach k,$(GUEST_KERNELS),$(eval $(call guest_kernel_rules,$(k))))

GUEST_BUSYBOX := $(GUEST_DIR)/unpacked/busybox-static.stamp
GUEST_ROOTFS := $(shell find guest/rootfs -type f 2>/dev/null | sort)

define guest_initrd_rules
$(GUEST_DIR)/$(1)/initrd.cpio.gz: $(GUEST_BUSYBOX) $(GUEST_DIR)/unpacked/$($($(1)_KERNEL)_PACKAGE).stamp \
		$(foreach p,$($(1)_PACKAGES),$(GUEST_DIR)/unpacked/$(p).stamp) guest/make_initrd.py guest/module.mk $(GUEST_ROOTFS)
	$$(call say,INITRD,$(1))
	$$(Q)$$(PYTHON) guest/make_initrd.py -o $$@ --busybox $(GUEST_BUSYBOX:.stamp=)/bin/busybox --rootfs guest/rootfs \
		--kernel $(GUEST_DIR)/unpacked/$($($(1)_KERNEL)_PACKAGE) --modules $(GUEST_MODULES) \
		$(foreach p,$($(1)_PACKAGES),--add $(GUEST_DIR)/unpacked/$(p)) --skip /usr/share/ --skip /gconv/
.PHONY: guest-$(1)
guest-$(1): $(GUEST_DIR)/$(1)/initrd.cpio.gz
endef
$(foreach i,$(GUEST_INITRDS),$(eval $(call guest_initrd_rules,$(i))))

.SECONDARY:
.PHONY: guest
guest: guest-debian guest-demo
