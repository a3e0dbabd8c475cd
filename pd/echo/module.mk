# SPDX-License-Identifier: BSD-2-Clause
# An echo server with lwIP, whose source package Debian has. It is fetched when a system or a test names the program.
LWIP := $(B)/lwip
LWIP_STAMP := $(B)/lwip.stamp
LWIP_SRCS := $(addprefix $(LWIP)/src/,$(addprefix core/,$(addsuffix .c,def inet_chksum init ip mem memp netif pbuf tcp tcp_in \
	tcp_out timeouts udp ipv4/etharp ipv4/icmp ipv4/ip4 ipv4/ip4_addr ipv4/ip4_frag)) netif/ethernet.c)
LWIP_CFLAGS := -isystem $(LWIP)/src/include -Ipd/echo
# lwIP's own files are not held to our warnings. PDs have no C library, but a few of its functions.
$(B)/target/$(LWIP)/% $(B)/target/pd/echo/%: TARGET_CFLAGS += $(LWIP_CFLAGS) -isystem pd/echo/libc
$(B)/target/$(LWIP)/%: TARGET_CFLAGS += -w
$(B)/san/$(LWIP)/% $(B)/san/pd/echo/%: HOST_CFLAGS += $(LWIP_CFLAGS)
$(B)/san/$(LWIP)/%: HOST_CFLAGS += -w

GUEST_LWIP := $(GUEST_DIR)/packages/lwip.source
$(GUEST_LWIP):
	$(Q)$(PYTHON) guest/fetch.py --source $(GUEST_DIR)/apt-source $(GUEST_DIR)/packages lwip
$(LWIP_STAMP): | $(GUEST_LWIP)
	$(call say,UNPACK,lwip)
	$(Q)rm -rf $(LWIP) && dpkg-source --no-check --no-copy -x $(GUEST_LWIP)/*.dsc $(LWIP) >$(LWIP).log 2>&1 || { cat $(LWIP).log; exit 1; }
	$(Q)touch $@
$(LWIP_SRCS): | $(LWIP_STAMP)
ECHO_SRCS := $(addprefix pd/echo/,echo.c tcp_echo.c echo_address.c)
LWIP_OBJS = $(call objs,$(1),$(ECHO_SRCS) $(LWIP_SRCS))
$(call LWIP_OBJS,$(B)/target) $(call LWIP_OBJS,$(B)/san): pd/echo/lwipopts.h pd/echo/arch/cc.h | $(LWIP_STAMP)

PDS += echo
ONDEMAND_PDS += echo
echo_SRCS := pd/echo/main.c $(ECHO_SRCS) lib/netclient/netclient.c lib/timer_client/timer_client.c \
	$(LWIP_SRCS)

TESTS += test_echo
test_echo_SRCS := $(ECHO_SRCS) $(LWIP_SRCS)
