# SPDX-License-Identifier: BSD-2-Clause
# QEMU of Debian's backports, for boards that the host's own does not have: fetched like the guests, unpacked into the build
# folder, and used from there. The host's stays as it is.

ifeq ($(BOARD_QEMU),backports)
QEMU_FETCHED := $(GUEST_DIR)/qemu
QEMU_PACKAGES := qemu-system-arm qemu-system-common qemu-system-data
QEMU := $(QEMU_FETCHED)/root/usr/bin/qemu-system-aarch64
$(QEMU): guest/fetch.py
	$(Q)$(PYTHON) guest/fetch.py --suite $$(. /etc/os-release; echo $$VERSION_CODENAME)-backports --architecture host \
		$(QEMU_FETCHED)/apt $(QEMU_FETCHED)/packages $(QEMU_PACKAGES)
	$(call say,UNPACK,QEMU)
	$(Q)rm -rf $(QEMU_FETCHED)/root && mkdir -p $(QEMU_FETCHED)/root
	$(Q)for p in $(QEMU_PACKAGES); do dpkg-deb -x $(QEMU_FETCHED)/packages/$$p.deb $(QEMU_FETCHED)/root || exit 1; done
	$(Q)missing=$$(ldd $@ | sed -n 's/^[[:space:]]*\([^ ]*\) => not found/\1/p'); [ -z "$$missing" ] || \
		{ echo "setup: QEMU of the backports needs libraries that are not installed: $$missing" >&2; rm -f $@; exit 1; }
	$(Q)touch $@
image-bundled setup: $(QEMU)
endif
