# SPDX-License-Identifier: BSD-2-Clause
# `make install [PREFIX=FOLDER] [DESTDIR=FOLDER]` and `make deb`.
#
# Everything that the tool looks for lies beside it, in PREFIX/lib/causeway; PREFIX/bin/causeway leads there. A folder that
# `causeway new` has made includes causeway.mk from there.

PREFIX ?= /usr/local
# Boards whose kernel and device tree are installed: those whose device tree QEMU makes by itself.
INSTALL_BOARDS ?= $(filter-out $(notdir $(patsubst %/,%,$(dir $(shell grep -l BOARD_DTB_FILE boards/*/board.mk)))),$(notdir \
	$(patsubst %/,%,$(dir $(wildcard boards/*/board.mk)))))
# Kernels and initramfs that are installed.
INSTALL_GUESTS ?= debian demo
INSTALL_PDS := $(filter-out $(TEST_PDS) $(ONDEMAND_PDS),$(PDS))

# What a PD outside the tree links: libmicrokit as a whole, and of libcauseway what it uses.
LIBMICROKIT := $(B)/lib/libmicrokit.a
LIBCAUSEWAY := $(B)/lib/libcauseway.a
LIBCAUSEWAY_SRCS := $(filter-out $(LIB_SRCS) lib/account/account_page_none.c lib/base/clock_sel4.c,$(wildcard lib/*/*.c))
LIBCAUSEWAY_OBJS := $(call objs,$(B)/target,$(LIBCAUSEWAY_SRCS))
$(LIBMICROKIT): $(MICROKIT_OBJS)
$(LIBCAUSEWAY): $(LIBCAUSEWAY_OBJS)
$(LIBMICROKIT) $(LIBCAUSEWAY):
	$(call say,AR,$@)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && $(TARGET_AR) Drcs $@ $^
-include $(LIBCAUSEWAY_OBJS:.o=.d)

# One make for each board, as each has its own kernel and device tree.
.PHONY: install-parts
install-parts: tool pds $(LIBMICROKIT) $(LIBCAUSEWAY) guest $(patsubst %,guest-%,$(filter-out debian,$(INSTALL_GUESTS)))
	$(Q)+for board in $(INSTALL_BOARDS); do \
		$(MAKE) --no-print-directory BOARD=$$board kernel $(B)/$$board.dtb || exit; done

.PHONY: install deb
install: install-parts
	$(call say,INSTALL,$(DESTDIR)$(PREFIX))
	$(Q)$(PYTHON) -B scripts/install.py --build $(B) --prefix $(PREFIX) --destdir "$(DESTDIR)" --boards $(INSTALL_BOARDS) \
		--guests $(INSTALL_GUESTS) --pds $(INSTALL_PDS) --guest-dir $(GUEST_DIR)

deb: install-parts
	$(call say,DEB,$(B))
	$(Q)$(PYTHON) -B scripts/make_deb.py --build $(B) --boards $(INSTALL_BOARDS) --guests $(INSTALL_GUESTS) --pds $(INSTALL_PDS) \
		--guest-dir $(GUEST_DIR)
