# SPDX-License-Identifier: BSD-2-Clause
# Guests made of Debian packages: $(GUEST_DIR)/KERNEL/Image and $(GUEST_DIR)/INITRD/initrd.cpio.gz, which a system
# description calls <linux kernel="KERNEL" initrd="INITRD"/>.

GUEST_DIR ?= $(B)/guest
GUEST_FETCH := $(PYTHON) -B guest/fetch.py $(GUEST_DIR)/apt $(GUEST_DIR)/packages
# What takes long shows how far it is, on a terminal.
GUEST_PROGRESS := $(PYTHON) -B guest/progress.py

# A kernel: its Debian package. An initramfs: the kernel whose modules it has.
GUEST_KERNELS := debian debian-6.12
debian_PACKAGE := linux-image-cloud-arm64
debian-6.12_PACKAGE := linux-image-6.12-cloud-arm64
GUEST_INITRDS := demo demo-6.12 probe bench cyclictest storage gateway
demo_KERNEL := debian
demo_PROGRAMS := netsum
demo-6.12_KERNEL := debian-6.12
demo-6.12_PROGRAMS := netsum
# What a processor has, and how the machine takes it.
probe_KERNEL := debian
probe_PROGRAMS := netsum cpuprobe
# Benchmarks: iperf3 with the libraries it is linked with, and the scripts that run it.
bench_KERNEL := debian
bench_PROGRAMS := netsum
bench_FOLDERS := bench/rootfs
bench_PACKAGES := iperf3 libiperf0 libsctp1 libssl3 libc6
# How late a Debian guest's timers are: cyclictest, and iperf3 for what goes on beside it.
cyclictest_KERNEL := debian
cyclictest_FOLDERS := bench/rootfs
cyclictest_PACKAGES := rt-tests libnuma1 $(bench_PACKAGES)
# A router and firewall, and an ssh server.
gateway_KERNEL := debian
gateway_PROGRAMS := netsum
gateway_FOLDERS := guest/gateway
gateway_PACKAGES := nftables libnftables1 libgmp10 libjansson4 libmnl0 libnftnl11 libxtables12 libedit2 libbsd0 libmd0 libtinfo6 libc6 \
	dropbear-bin libcrypt1 libtomcrypt1 libtommath1 zlib1g
gateway_MODULES := nf_tables nf_conntrack nf_nat nft_ct nft_chain_nat nft_nat nft_masq
# Disks: ext4's tools.
storage_KERNEL := debian
storage_PACKAGES := e2fsprogs libblkid1 libc6 libcom-err2 libext2fs2 libss2 libuuid1

# Contents of partitions, ext4 file systems of so many MiB: root, which a guest boots from, and share, which guests
# may read and has fio, whose libraries are many and large.
GUEST_DISKS := root share
root_KERNEL := debian
root_PACKAGES := $(storage_PACKAGES)
root_MIB := 64
root_OPTIONS = --busybox $(GUEST_BUSYBOX:.stamp=)/bin/busybox --rootfs guest/rootfs \
	--kernel $(GUEST_DIR)/unpacked/$($(root_KERNEL)_PACKAGE) --modules $(GUEST_MODULES)
share_KERNEL := debian
share_OPTIONS := --read-only
share_MIB := 160
share_PACKAGES := fio libaio1 libc6 libgfapi0 libibverbs1 libnbd0 libnuma1 libpmem1 libpmemblk1 librados2 librbd1 librdmacm1 \
	zlib1g libgcc-s1 libacl1 libgfrpc0 libgfxdr0 libglusterfs0 libtirpc3 libnl-3-200 libnl-route-3-200 libgnutls30 \
	libxml2 libdaxctl1 libndctl6 libblkid1 libboost-iostreams1.74.0 libboost-thread1.74.0 libfmt9 libssl3 libstdc++6 \
	libudev1 libcryptsetup12 libuuid1 libgssapi-krb5-2 libgmp10 libhogweed6 libidn2-0 libnettle8 libp11-kit0 \
	libtasn1-6 libunistring2 libicu72 liblzma5 libkmod2 libbz2-1.0 libzstd1 libargon2-1 libdevmapper1.02.1 libjson-c5 \
	libcom-err2 libk5crypto3 libkrb5-3 libkrb5support0 libffi8 libselinux1 libkeyutils1 libpcre2-8-0

# Firmware, for <firmware image="NAME">: its Debian package and the file in it.
GUEST_FIRMWARES := edk2 u-boot
edk2_PACKAGE := qemu-efi-aarch64
edk2_FILE := usr/share/qemu-efi-aarch64/QEMU_EFI.fd
u-boot_PACKAGE := u-boot-qemu
u-boot_FILE := usr/lib/u-boot/qemu_arm64/u-boot.bin

# Drivers in the initramfs, beside what is built into the kernel. Loaded when their device is there.
GUEST_MODULES := virtio_mmio virtio_pci virtio_net virtio_console virtio_blk virtio_rng 8021q sbsa_gwdt

# The many packages of disks are fetched together.
GUEST_TOGETHER := $(filter-out $(bench_PACKAGES),$(sort $(share_PACKAGES) $(storage_PACKAGES) $(gateway_PACKAGES)))
$(GUEST_TOGETHER:%=$(GUEST_DIR)/packages/%.deb): | $(GUEST_DIR)/packages/together.stamp
$(GUEST_DIR)/packages/together.stamp:
	$(Q)$(GUEST_FETCH) $(GUEST_TOGETHER) && touch $@

# Each unpacked package has a stamp beside it, as its files carry the times of their own build.
$(GUEST_DIR)/packages/%.deb:
	$(Q)$(GUEST_FETCH) $*

$(GUEST_DIR)/unpacked/%.stamp: $(GUEST_DIR)/packages/%.deb
	$(call say,UNPACK,$*)
	$(Q)rm -rf $(basename $@) && mkdir -p $(basename $@)
	$(Q)$(GUEST_PROGRESS) --of $$(($$(dpkg-deb -f $< Installed-Size) / 1024)) "unpacking $*" $(basename $@) dpkg-deb -x $< $(basename $@)
	$(Q)touch $@

define guest_kernel_rules
$(GUEST_DIR)/$(1)/Image: $(GUEST_DIR)/unpacked/$($(1)_PACKAGE).stamp guest/make_image.py
	$$(call say,IMAGE,$(1))
	$$(Q)$$(GUEST_PROGRESS) "unpacking $(1)" $$@ $$(PYTHON) -B guest/make_image.py $$(basename $$<)/boot/vmlinuz-* $$@
.PHONY: guest-$(1)
guest-$(1): $(GUEST_DIR)/$(1)/Image
endef
$(foreach k,$(GUEST_KERNELS),$(eval $(call guest_kernel_rules,$(k))))

define guest_firmware_rules
$(GUEST_DIR)/$(1)/firmware.bin: $(GUEST_DIR)/unpacked/$($(1)_PACKAGE).stamp
	$$(call say,FIRMWARE,$(1))
	$$(Q)mkdir -p $$(@D) && cp $$(basename $$<)/$($(1)_FILE) $$@
.PHONY: guest-$(1)
guest-$(1): $(GUEST_DIR)/$(1)/firmware.bin
endef
$(foreach f,$(GUEST_FIRMWARES),$(eval $(call guest_firmware_rules,$(f))))

GUEST_BUSYBOX := $(GUEST_DIR)/unpacked/busybox-static.stamp
GUEST_ROOTFS := $(shell find guest/rootfs -type f 2>/dev/null | sort)
# A program of our own for guests: $(B)/guest/PROGRAM/root is copied.
guest_programs = $(foreach p,$($(1)_PROGRAMS),$(B)/guest/$(p)/root)

define guest_initrd_rules
$(GUEST_DIR)/$(1)/initrd.cpio.gz: $(GUEST_BUSYBOX) $(GUEST_DIR)/unpacked/$($($(1)_KERNEL)_PACKAGE).stamp \
		$(foreach p,$($(1)_PACKAGES),$(GUEST_DIR)/unpacked/$(p).stamp) guest/make_initrd.py guest/module.mk $(GUEST_ROOTFS) \
		$(foreach p,$($(1)_PROGRAMS),$(B)/guest/$(p)/root/bin/$(p)) $(foreach f,$($(1)_FOLDERS),$(shell find $(f) -type f))
	$$(call say,INITRD,$(1))
	$$(Q)$$(GUEST_PROGRESS) "packing $(1)" $$@ $$(PYTHON) -B guest/make_initrd.py -o $$@ --busybox $(GUEST_BUSYBOX:.stamp=)/bin/busybox --rootfs guest/rootfs \
		--kernel $(GUEST_DIR)/unpacked/$($($(1)_KERNEL)_PACKAGE) --modules $(GUEST_MODULES) $($(1)_MODULES) \
		$(foreach p,$($(1)_PACKAGES),--add $(GUEST_DIR)/unpacked/$(p)) $(patsubst %,--add %,$(call guest_programs,$(1)) $($(1)_FOLDERS)) \
		--skip /usr/share/ --skip /gconv/
.PHONY: guest-$(1)
guest-$(1): $(GUEST_DIR)/$(1)/initrd.cpio.gz
endef
$(foreach i,$(GUEST_INITRDS),$(eval $(call guest_initrd_rules,$(i))))

define guest_disk_rules
$(GUEST_DIR)/$(1)/ext4.img: $(GUEST_BUSYBOX) $(GUEST_DIR)/unpacked/$($($(1)_KERNEL)_PACKAGE).stamp \
		$(foreach p,$($(1)_PACKAGES),$(GUEST_DIR)/unpacked/$(p).stamp) guest/make_disk.py guest/make_initrd.py \
		guest/module.mk $(GUEST_ROOTFS)
	$$(call say,DISK,$(1))
	$$(Q)$$(GUEST_PROGRESS) --of $($(1)_MIB) "making the file system $(1)" $$(basename $$@).new $$(PYTHON) -B guest/make_disk.py -o $$@ --size $($(1)_MIB) $$($(1)_OPTIONS) \
		$(foreach p,$($(1)_PACKAGES),--add $(GUEST_DIR)/unpacked/$(p)) --skip /usr/share/ --skip /gconv/
.PHONY: guest-$(1)
guest-$(1): $(GUEST_DIR)/$(1)/ext4.img
endef
$(foreach d,$(GUEST_DISKS),$(eval $(call guest_disk_rules,$(d))))

.SECONDARY:
.PHONY: guest
guest: guest-debian guest-demo
