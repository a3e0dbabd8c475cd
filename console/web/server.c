/* SPDX-License-Identifier: BSD-2-Clause */
#include "console/web/server.h"

#include <errno.h>
#include <libwebsockets.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "console/exit_code.h"
#include "console/listing.h"
#include "console/loop.h"
#include "console/terminal.h"
#include "console/web/bundle.h"
#include "console/web/commander.h"
#include "console/web/guard.h"
#include "console/web/message.h"
#include "console/web/pages.h"
#include "console/web/plug.h"
#include "console/web/session.h"
#include "tool/base/mem.h"

#define TABS 8u
#define MAX_FDS 256
#define TICK_MS 250u
#define READ_BYTES 8192u
#define HOST_BYTES 64
#define PATH_BYTES 512
#define TOP_QUESTION "top\n"
#define TOP_EVERY_MS 1000u
/* An answer that has not come by then was lost on the line. */
#define TOP_LOST_MS 4000u
/* Tabs hear of the system's end. */
#define LINGER_MS 1500u

/* What a descriptor is for. */
enum handle_kind { HANDLE_CONSOLE = 0, HANDLE_TOP, HANDLE_COMMAND, HANDLE_SIGNALS };

/* A descriptor that libwebsockets waits for and closes. */
struct handle {
    enum handle_kind kind;
    uint32_t index;
    int fd; /* -1: none */
    struct lws *wsi;
};

struct tab {
    struct lws *wsi;
    uint32_t received;
    bool is_too_long; /* the message under way */
    uint8_t message[MESSAGE_BYTES];
    struct session session;
};

struct server {
    const struct server_options *options;
    struct store store;
    struct commander commander;
    struct plug plugs[STORE_CONSOLES];
    struct handle consoles[STORE_CONSOLES], top, command, signals;
    struct lws_context *context;
    struct lws_vhost *vhost;
    lws_sorted_usec_list_t tick;
    struct tab *tabs[TABS];
    uint32_t tab_count;
    char token[GUARD_TOKEN_BYTES];
    uint16_t port;
    int xterm;
    uint64_t ask_top_ms;
    uint64_t end_ms; /* 0: not yet */
    uint64_t lost;   /* consoles that others have taken, and nobody has been told yet */
    bool is_over;
};

_Static_assert(STORE_CONSOLES <= 64, "`lost` has a bit for each");

static uint64_t now_ms(void)
{
    return loop_clock_ms(CLOCK_MONOTONIC);
}

static uint64_t unix_ms(void)
{
    return loop_clock_ms(CLOCK_REALTIME);
}

static void wake_tabs(struct server *server)
{
    for (uint32_t i = 0; i < TABS; i++) {
        struct tab *tab = server->tabs[i];

        if (tab != NULL && session_is_due(&tab->session, &server->store)) {
            (void)lws_callback_on_writable(tab->wsi);
        }
    }
}

/* The hub's sockets. */

static bool adopt(struct server *server, struct handle *handle, int fd)
{
    lws_sock_file_fd_type descriptor = {.filefd = fd};
    const lws_adopt_desc_t adoption = {.vh = server->vhost,
                                       .type = LWS_ADOPT_RAW_FILE_DESC,
                                       .fd = descriptor,
                                       .vh_prot_name = "hub",
                                       .opaque = handle};

    handle->fd = fd;
    handle->wsi = lws_adopt_descriptor_vhost_via_info(&adoption);
    handle->fd = handle->wsi == NULL ? -1 : fd;
    return handle->wsi != NULL;
}

/* What was typed goes on to the hub, as far as that takes it, and tabs that wait for that hear of it. */
static void pass_input(struct server *server, uint32_t console)
{
    if (!plug_flush(&server->plugs[console])) {
        (void)lws_callback_on_writable(server->consoles[console].wsi);
        return;
    }
    for (uint32_t i = 0; i < TABS; i++) {
        struct session_console *shown =
            server->tabs[i] == NULL ? NULL : &server->tabs[i]->session.consoles[console];

        if (shown != NULL && shown->waits) {
            shown->waits = false;
            shown->done_due = true;
        }
    }
}

static bool read_console(struct server *server, struct handle *handle)
{
    uint8_t bytes[READ_BYTES];
    ssize_t got;

    while ((got = recv(handle->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
        store_output(&server->store, handle->index, bytes, (uint32_t)got, unix_ms());
    }
    return got < 0 && (errno == EAGAIN || errno == EINTR);
}

static bool read_top(struct server *server, struct handle *handle)
{
    const uint32_t number = server->store.top_number;
    char bytes[READ_BYTES];
    ssize_t got;

    while ((got = recv(handle->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
        store_counted(&server->store, bytes, (size_t)got);
    }
    if (server->store.top_number != number) {
        server->ask_top_ms = now_ms() + TOP_EVERY_MS;
    }
    return got < 0 && (errno == EAGAIN || errno == EINTR);
}

/* False: close it. */
static bool read_handle(struct server *server, struct handle *handle)
{
    switch (handle->kind) {
    case HANDLE_CONSOLE:
        return read_console(server, handle);
    case HANDLE_TOP:
        return read_top(server, handle);
    case HANDLE_COMMAND:
        return commander_read(&server->commander, now_ms(), unix_ms());
    default:
        server->is_over = true;
        lws_cancel_service(server->context);
        return false;
    }
}

/* It is gone, whoever has closed it. */
static void lose_handle(struct server *server, struct handle *handle)
{
    if (handle->kind == HANDLE_COMMAND && server->commander.fd >= 0) {
        (void)commander_read(&server->commander, now_ms(), unix_ms());
    }
    if (handle->kind == HANDLE_CONSOLE) {
        server->plugs[handle->index].fd = -1;
        pass_input(server, handle->index);
        server->lost |= UINT64_C(1) << handle->index;
    }
    handle->fd = -1;
    handle->wsi = NULL;
}

static int serve_hub(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
    struct server *server = lws_context_user(lws_get_context(wsi));
    struct handle *handle = lws_get_opaque_user_data(wsi);
    int status = 0;

    (void)user;
    (void)in;
    (void)length;
    if (handle == NULL) {
        return 0;
    }
    if (reason == LWS_CALLBACK_RAW_RX_FILE) {
        status = read_handle(server, handle) ? 0 : -1;
    } else if (reason == LWS_CALLBACK_RAW_WRITEABLE_FILE && handle->kind == HANDLE_CONSOLE) {
        pass_input(server, handle->index);
    } else if (reason == LWS_CALLBACK_RAW_CLOSE_FILE) {
        lose_handle(server, handle);
    } else {
        return 0;
    }
    wake_tabs(server);
    return status;
}

/* From time to time. */

static void ask_top(struct server *server)
{
    const uint64_t now = now_ms();

    if (!server->store.has_top || server->tab_count == 0 || now < server->ask_top_ms) {
        return;
    }
    server->ask_top_ms = now + TOP_LOST_MS;
    if (server->top.fd < 0) {
        const int fd = plug_connect(server->options->folder, "top", SOCK_STREAM);

        if (fd < 0 || !adopt(server, &server->top, fd)) {
            return;
        }
    }
    (void)!send(server->top.fd, TOP_QUESTION, sizeof(TOP_QUESTION) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void tell_lost(struct server *server)
{
    for (uint32_t i = 0; i < server->store.console_count; i++) {
        if ((server->lost >> i & 1) != 0) {
            store_event(&server->store, STORE_WARNING, unix_ms(),
                        "console %s is not shown any more: %u others show it", server->store.consoles[i].name,
                        TERMINAL_CLIENTS);
        }
    }
    server->lost = 0;
}

/* When all consoles are gone, the hub is. */
static void look_for_end(struct server *server)
{
    for (uint32_t i = 0; i < server->store.console_count; i++) {
        if (server->plugs[i].fd >= 0) {
            tell_lost(server);
            return;
        }
    }
    store_end(&server->store, unix_ms());
    server->end_ms = server->end_ms == 0 ? now_ms() + LINGER_MS : server->end_ms;
    server->is_over |= now_ms() >= server->end_ms;
}

static void tick(lws_sorted_usec_list_t *sul)
{
    struct server *server = lws_container_of(sul, struct server, tick);

    ask_top(server);
    if (commander_step(&server->commander, server->tab_count > 0, now_ms(), unix_ms()) &&
        !adopt(server, &server->command, server->commander.fd)) {
        server->commander.fd = -1;
    }
    look_for_end(server);
    wake_tabs(server);
    lws_sul_schedule(server->context, 0, sul, tick, TICK_MS * LWS_US_PER_MS);
}

/* Tabs. */

static void do_verb(struct server *server, const struct message *message)
{
    const char *verb = message_verbs[message->verb];

    if (message->index < server->store.guest_count && !server->store.is_read_only) {
        (void)commander_want(&server->commander, message->index, verb);
    }
}

static void do_console(struct server *server, struct tab *tab, const struct message *message)
{
    struct session_console *shown = &tab->session.consoles[message->index];
    struct plug *plug = &server->plugs[message->index];
    const bool may_type = !server->store.is_read_only && message->index + 1u < server->store.console_count;

    if (message->kind == MESSAGE_OPEN) {
        session_open(&tab->session, &server->store, message->index);
    } else if (message->kind == MESSAGE_CLOSE) {
        shown->is_open = false;
    } else if (message->kind == MESSAGE_DATA) {
        shown->waits = true;
        if (may_type && !plug_type(plug, message->bytes, message->count)) {
            store_event(&server->store, STORE_WARNING, unix_ms(), "%s takes no input: what was typed is lost",
                        server->store.consoles[message->index].name);
        }
        pass_input(server, message->index);
    } else if (may_type) {
        plug_resize(plug, message->cols, message->rows);
        pass_input(server, message->index);
    }
}

/* False: it is not our page that says such things. */
static bool take_message(struct server *server, struct tab *tab)
{
    struct message message;

    if (tab->is_too_long || !message_parse(&message, tab->message, tab->received)) {
        return false;
    }
    if (message.kind == MESSAGE_VERB) {
        do_verb(server, &message);
    } else if (message.index < server->store.console_count) {
        do_console(server, tab, &message);
    }
    return true;
}

static int receive(struct server *server, struct tab *tab, const uint8_t *bytes, size_t count)
{
    if (count > sizeof(tab->message) - tab->received) {
        tab->is_too_long = true;
    } else {
        memcpy(tab->message + tab->received, bytes, count);
        tab->received += (uint32_t)count;
    }
    if (!lws_is_final_fragment(tab->wsi)) {
        return 0;
    }
    if (!take_message(server, tab)) {
        lws_close_reason(tab->wsi, LWS_CLOSE_STATUS_PROTOCOL_ERR, NULL, 0);
        return -1;
    }
    tab->received = 0;
    wake_tabs(server);
    return 0;
}

static int send_next(struct server *server, struct tab *tab)
{
    static struct session_frame frame; /* large */
    int sent = 0;

    if (!session_next(&tab->session, &server->store, &frame)) {
        return 0;
    }
    uint8_t *buffer = mem_zalloc(LWS_PRE + frame.count);

    memcpy(buffer + LWS_PRE, frame.bytes, frame.count);
    sent =
        lws_write(tab->wsi, buffer + LWS_PRE, frame.count, frame.is_text ? LWS_WRITE_TEXT : LWS_WRITE_BINARY);
    free(buffer);
    session_frame_free(&frame);
    if (session_is_due(&tab->session, &server->store)) {
        (void)lws_callback_on_writable(tab->wsi);
    }
    return sent < 0 ? -1 : 0;
}

static int open_tab(struct server *server, struct tab *tab, struct lws *wsi)
{
    for (uint32_t i = 0; i < TABS; i++) {
        if (server->tabs[i] == NULL) {
            *tab = (struct tab){.wsi = wsi};
            session_init(&tab->session, &server->store);
            server->tabs[i] = tab;
            server->tab_count++;
            (void)lws_callback_on_writable(wsi);
            return 0;
        }
    }
    return -1;
}

static void close_tab(struct server *server, const struct tab *tab)
{
    for (uint32_t i = 0; i < TABS; i++) {
        if (server->tabs[i] == tab) {
            server->tabs[i] = NULL;
            server->tab_count--;
        }
    }
}

/* Who may connect. */

static bool may_ask(const struct server *server, struct lws *wsi)
{
    char host[HOST_BYTES] = "";

    return lws_hdr_copy(wsi, host, sizeof(host), WSI_TOKEN_HOST) > 0 && guard_host(host, server->port);
}

static bool may_connect(const struct server *server, struct lws *wsi)
{
    char host[HOST_BYTES] = "", origin[HOST_BYTES] = "", path[PATH_BYTES] = "";

    if (!may_ask(server, wsi) || lws_hdr_copy(wsi, host, sizeof(host), WSI_TOKEN_HOST) <= 0 ||
        lws_hdr_copy(wsi, path, sizeof(path), WSI_TOKEN_GET_URI) <= 0 ||
        lws_hdr_copy(wsi, origin, sizeof(origin), WSI_TOKEN_ORIGIN) < 0) {
        return false;
    }
    const char *rest = guard_path(server->token, path);

    return rest != NULL && strcmp(rest, "socket") == 0 && guard_origin(origin, host);
}

static int serve_tab(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
    struct server *server = lws_context_user(lws_get_context(wsi));
    struct tab *tab = user;

    switch (reason) {
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        return may_connect(server, wsi) ? 0 : -1;
    case LWS_CALLBACK_ESTABLISHED:
        return open_tab(server, tab, wsi);
    case LWS_CALLBACK_RECEIVE:
        return receive(server, tab, in, length);
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return send_next(server, tab);
    case LWS_CALLBACK_CLOSED:
        close_tab(server, tab);
        return 0;
    default:
        return 0;
    }
}

/* Files. */

static int refuse(struct lws *wsi, unsigned int status)
{
    if (lws_return_http_status(wsi, status, NULL) != 0) {
        return -1;
    }
    return lws_http_transaction_completed(wsi) ? -1 : 0;
}

static int answer(const struct server *server, struct lws *wsi, const char *path)
{
    const char *rest = guard_path(server->token, path);

    if (!may_ask(server, wsi) || rest == NULL) {
        return refuse(wsi, HTTP_STATUS_FORBIDDEN);
    }
    if (lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) == 0) {
        return refuse(wsi, HTTP_STATUS_METHOD_NOT_ALLOWED);
    }
    char file[PATH_BYTES];
    const char *type = pages_find(rest, server->options->pages, server->xterm, file, sizeof(file));

    if (type == NULL) {
        return refuse(wsi, HTTP_STATUS_NOT_FOUND);
    }
    const int status = lws_serve_http_file(wsi, file, type, pages_headers, (int)strlen(pages_headers));

    return status < 0 || (status > 0 && lws_http_transaction_completed(wsi)) ? -1 : 0;
}

/* A WebSocket. libwebsockets has an answer of our own for > 0. */
static int confirm(const struct server *server, struct lws *wsi)
{
    unsigned int status = may_connect(server, wsi) ? 0 : HTTP_STATUS_FORBIDDEN;

    status = status == 0 && server->tab_count == TABS ? HTTP_STATUS_SERVICE_UNAVAILABLE : status;
    if (status == 0) {
        return 0;
    }
    return refuse(wsi, status) == 0 ? 1 : -1;
}

static int serve_page(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
    const struct server *server = lws_context_user(lws_get_context(wsi));

    switch (reason) {
    case LWS_CALLBACK_HTTP:
        return answer(server, wsi, in);
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return confirm(server, wsi);
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        return -1; /* a WebSocket without the name of ours */
    default:
        return lws_callback_http_dummy(wsi, reason, user, in, length);
    }
}

/* Beginning and end. */

static const struct lws_protocols protocols[] = {
    {"page", serve_page, 0, 0, 0, NULL, 0},
    {"causeway", serve_tab, sizeof(struct tab), MESSAGE_BYTES, 0, NULL, 0},
    {"hub", serve_hub, 0, 0, 0, NULL, 0},
    {NULL, NULL, 0, 0, 0, NULL, 0},
};

static bool listen_on(struct server *server)
{
    struct lws_context_creation_info info = {.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
                                             .user = server,
                                             .gid = -1,
                                             .uid = -1,
                                             .fd_limit_per_thread = MAX_FDS};

    lws_set_log_level(LLL_ERR, NULL);
    server->context = lws_create_context(&info);
    if (server->context == NULL) {
        fputs("causeway web: libwebsockets does not start\n", stderr);
        return false;
    }
    info.port = server->options->port;
    info.iface = "127.0.0.1";
    info.protocols = protocols;
    info.options = LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND;
    server->vhost = lws_create_vhost(server->context, &info);
    if (server->vhost == NULL) {
        fprintf(stderr, "causeway web: port %u of 127.0.0.1: it cannot be used, or is in use\n",
                server->options->port);
        return false;
    }
    server->port = (uint16_t)lws_get_vhost_listen_port(server->vhost);
    lws_set_log_level(0, NULL); /* what strangers send is answered, not printed */
    return true;
}

static bool open_consoles(struct server *server)
{
    for (uint32_t i = 0; i < server->store.console_count; i++) {
        const char *name = server->store.consoles[i].name;

        server->consoles[i] = (struct handle){.kind = HANDLE_CONSOLE, .index = i, .fd = -1};
        if (!plug_open(&server->plugs[i], server->options->folder, name) ||
            !adopt(server, &server->consoles[i], server->plugs[i].fd)) {
            fprintf(stderr, "causeway web: %s/%s: %s\n", server->options->folder, name, strerror(errno));
            return false;
        }
    }
    return true;
}

static bool start(struct server *server)
{
    struct listing listing;

    if (!listing_read(server->options->folder, &listing)) {
        fprintf(stderr, "causeway web: %s: %s: it is no system's folder, or the system has not booted yet\n",
                server->options->folder, strerror(errno));
        return false;
    }
    store_init(&server->store, &listing, server->options->is_read_only);
    commander_init(&server->commander, &server->store, server->options->folder);
    server->xterm = bundle_open(BUNDLE_FOLDER);
    if (server->xterm < 0 || !guard_make_token(server->token) || !listen_on(server)) {
        return false;
    }
    server->top = (struct handle){.kind = HANDLE_TOP, .fd = -1};
    server->command = (struct handle){.kind = HANDLE_COMMAND, .fd = -1};
    server->signals = (struct handle){.kind = HANDLE_SIGNALS, .fd = -1};
    (void)signal(SIGPIPE, SIG_IGN);
    return adopt(server, &server->signals, loop_catch_signals(NULL, SFD_CLOEXEC | SFD_NONBLOCK)) &&
           open_consoles(server);
}

int server_run(const struct server_options *options)
{
    static struct server server; /* large */
    const bool has_started = (server.options = options, server.xterm = -1, start(&server));

    if (has_started) {
        printf("http://127.0.0.1:%u/%s/\n", server.port, server.token);
        fflush(stdout);
        lws_sul_schedule(server.context, 0, &server.tick, tick, 1);
        while (!server.is_over && lws_service(server.context, 0) >= 0) {
        }
    }
    if (server.context != NULL) {
        lws_context_destroy(server.context);
    }
    if (server.xterm >= 0) {
        close(server.xterm);
    }
    const bool has_ended = server.store.has_ended;

    store_free(&server.store);
    if (has_ended) {
        fputs("causeway web: the system has ended\n", stderr);
    }
    return has_started ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}
