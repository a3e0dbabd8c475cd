# SPDX-License-Identifier: BSD-2-Clause
# `causeway-web`: the page, a program of its own, so that nothing else needs libwebsockets. The page's files are beside it.
HOST_PROGRAMS += causeway-web
CONSOLE_WEB_LOGIC := console/web/message.c console/web/guard.c console/web/session.c console/web/store.c console/history.c console/json.c \
	console/top_sample.c console/top_show.c tool/base/mem.c
CONSOLE_WEB_LINKS := console/web/commander.c console/web/plug.c
causeway-web_SRCS = console/web/main.c console/web/server.c console/web/bundle.c console/web/pages.c $(CONSOLE_WEB_LOGIC) $(CONSOLE_WEB_LINKS) \
	console/listing.c console/loop.c console/usage.c console/where.c pd/serial_mux/mux_filter.c
causeway-web_LIBS := -lwebsockets
WEB_PAGES := $(patsubst console/web/page/%,$(B)/web/%,$(wildcard console/web/page/*))
$(WEB_PAGES): $(B)/web/%: console/web/page/%
	@mkdir -p $(@D)
	$(Q)cp $< $@
tool: $(WEB_PAGES)

TESTS += test_web_tabs
test_web_tabs_SRCS := $(CONSOLE_WEB_LOGIC) $(CONSOLE_WEB_LINKS) pd/serial_mux/mux_filter.c
FUZZERS += fuzz_web
fuzz_web_SRCS := $(CONSOLE_WEB_LOGIC) pd/serial_mux/mux_filter.c
