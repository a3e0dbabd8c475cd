/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `causeway console` as a process, its sockets and all, with a system that is a multiplexer and three guests:
 * run as `test_hub system ... unix:PATH`, this program is that system. vm3 is a channel. Its guests say what they are told, and
 * their terminal's size.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "console/hub.h"
#include "console/listing.h"
#include "console/terminal.h"
#include "tests/mock/mux_fixture.h"

#define SYSTEM_STATUS 3
#define CHANNEL 2u /* vm3 is for tools */
#define WAIT_STEP_MS 10
#define WAIT_STEPS 6000 /* ends a hang */

static int connect_to(const char *path, int type)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type, 0);

    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* The system. */

/* A guest: says back what was typed, tells a new size, and ends the system at a NUL. */
static bool run_guest(struct mux_fixture *f, uint32_t client, uint32_t *size)
{
    uint8_t bytes[512];
    uint32_t room = ring_space(&f->clients[client]);
    uint32_t count = ring_read(&f->clients[client], bytes, room < sizeof bytes ? room : sizeof bytes);

    if (ring_peer_offer(&f->clients[client]) != *size) {
        char text[32];
        *size = ring_peer_offer(&f->clients[client]);
        (void)snprintf(text, sizeof text, "%ux%u\n", SERIAL_MUX_OFFER_COLS(*size),
                       SERIAL_MUX_OFFER_ROWS(*size));
        (void)mux_fixture_write(f, client, text);
    }
    (void)ring_write(&f->clients[client], bytes, count);
    if (count > 0 && memchr(bytes, 0, count) != NULL) {
        exit(SYSTEM_STATUS);
    }
    return count > 0;
}

static bool write_all(int line, const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t done = send(line, bytes, count, MSG_NOSIGNAL);
        if (done <= 0) {
            return false;
        }
        bytes += done;
        count -= (size_t)done;
    }
    return true;
}

static int run_system(const char *serial)
{
    struct mux_fixture *f = &mux_fixture;
    uint32_t sizes[MUX_FIXTURE_CLIENTS] = {0};
    uint8_t bytes[4096];
    int line = connect_to(serial + strlen("unix:"), SOCK_STREAM);
    bool more = false;

    f->channels = 1u << CHANNEL;
    mux_fixture_start(f, MUX_FIXTURE_CLIENTS);
    (void)mux_fixture_write(f, 0, "vm1 has booted\n");
    mux_fixture_log(f, "kernel: here\n");
    for (;;) {
        uint32_t room = ring_space(&f->driver);
        ssize_t got = recv(line, bytes, room < sizeof bytes ? room : sizeof bytes, more ? MSG_DONTWAIT : 0);
        if (got == 0) {
            return 0;
        }
        (void)ring_write(&f->driver, bytes, got > 0 ? (uint32_t)got : 0);
        more = false;
        mux_fixture_run(f);
        for (uint32_t i = 0; i < MUX_FIXTURE_CLIENTS; i++) {
            more |= run_guest(f, i, &sizes[i]);
        }
        mux_fixture_run(f);
        size_t count = f->terminal_bytes;
        if (!write_all(line, mux_fixture_shown(f), count)) {
            return 0;
        }
    }
}

/* The test. */

struct session {
    char folder[40];
    pid_t hub;
};

static void pause_step(void)
{
    const struct timespec step = {.tv_nsec = WAIT_STEP_MS * 1000000L};
    nanosleep(&step, NULL);
}

static int connect_as(const struct session *session, const char *name, int type)
{
    char path[64];
    int fd = -1;

    (void)snprintf(path, sizeof path, "%s/%s", session->folder, name);
    for (int i = 0; i < WAIT_STEPS && fd < 0; i++) {
        fd = connect_to(path, type);
        if (fd < 0) {
            pause_step();
        }
    }
    assert_true(fd >= 0);
    return fd;
}

static int connect_console(const struct session *session, const char *name)
{
    return connect_as(session, name, SOCK_SEQPACKET);
}

static int start(void **state)
{
    static struct session session;
    char self[] = "/proc/self/exe";
    char role[] = "system";
    char *const command[] = {self, role, NULL};
    const struct hub_options options = {
        .folder = session.folder, .command = command, .title = "test", .escape = 0x1c};

    (void)snprintf(session.folder, sizeof session.folder, "/tmp/test_hub.%d", (int)getpid());
    (void)fflush(NULL);
    session.hub = fork();
    if (session.hub == 0) {
        (void)!freopen("/dev/null", "w", stdout);
        _exit(hub_run(&options));
    }
    *state = &session;
    return 0;
}

/* The hub ends, and leaves no folder. */
static void expect_end(const struct session *session, int code)
{
    struct stat info;
    int status;

    assert_int_equal(waitpid(session->hub, &status, 0), session->hub);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), code);
    assert_int_not_equal(stat(session->folder, &info), 0);
}

static void send_data(int console, const void *bytes, size_t count)
{
    uint8_t packet[TERMINAL_PACKET_BYTES] = {TERMINAL_DATA};

    memcpy(packet + 1, bytes, count);
    assert_int_equal(send(console, packet, 1 + count, 0), 1 + count);
}

static void expect_output(int console, const char *text)
{
    char got[4096] = "";
    size_t count = 0;

    while (strstr(got, text) == NULL) {
        ssize_t more = recv(console, got + count, sizeof got - 1 - count, 0);
        assert_true(more > 0);
        count += (size_t)more;
        got[count] = '\0';
    }
}

static void test_consoles_are_apart_and_the_systems_end_is_ours(void **state)
{
    const struct session *session = *state;
    int vm1 = connect_console(session, "vm1");
    int vm2 = connect_console(session, "vm2");
    int log = connect_console(session, "log");

    expect_output(vm1, "vm1 has booted");
    expect_output(log, "kernel: here");
    send_data(vm2, "for vm2", 7);
    expect_output(vm2, "for vm2");
    send_data(vm1, "for vm1", 7);
    expect_output(vm1, "for vm1");
    const uint8_t size[] = {TERMINAL_SIZE, 132, 0, 43, 0};
    assert_int_equal(send(vm2, size, sizeof size, 0), sizeof size);
    expect_output(vm2, "132x43");
    send_data(vm1, "\0", 1);
    expect_end(session, SYSTEM_STATUS);
    close(vm1);
    close(vm2);
    close(log);
}

static void test_several_share_a_console(void **state)
{
    const struct session *session = *state;
    int clients[TERMINAL_CLIENTS + 1];
    char got[256];

    for (size_t i = 0; i < TERMINAL_CLIENTS; i++) {
        clients[i] = connect_console(session, "vm1");
        if (i == 0) {
            expect_output(clients[0], "booted");
        }
    }
    int last = clients[TERMINAL_CLIENTS - 1];
    /* A packet of no kind that there is, and one that is too long, do no harm. */
    assert_int_equal(send(last, "?what", 5, 0), 5);
    assert_int_equal(send(last, "S", 1, 0), 1);
    send_data(last, "from one to all", 15);
    for (size_t i = 0; i < TERMINAL_CLIENTS; i++) {
        expect_output(clients[i], "from one to all");
    }
    /* Who comes when there is no place left takes that of the first. */
    clients[TERMINAL_CLIENTS] = connect_console(session, "vm1");
    while (recv(clients[0], got, sizeof got, 0) > 0) {
    }
    send_data(clients[TERMINAL_CLIENTS], "alive", 5);
    expect_output(clients[TERMINAL_CLIENTS], "alive");
    expect_output(last, "alive");
    for (size_t i = 0; i <= TERMINAL_CLIENTS; i++) {
        close(clients[i]);
    }
    int log = connect_console(session, "log");
    send_data(log, "x\003", 2); /* Ctrl-C there ends everything */
    expect_end(session, 0);
    close(log);
}

/* A window that is not looked at any more: the others go on, and it finds the last of it. */
static void test_a_slow_client_holds_up_nobody(void **state)
{
    const struct session *session = *state;
    static char text[1024];
    int slow = connect_console(session, "vm2");
    int quick = connect_console(session, "vm2");

    memset(text, 'a', sizeof text);
    send_data(slow, "first", 5);
    expect_output(quick, "first");
    for (size_t done = 0; done < 10 * TERMINAL_BUFFER_BYTES; done += sizeof text) {
        text[0] = (char)('b' + done / sizeof text % 20);
        send_data(quick, text, sizeof text);
        for (size_t got = 0; got < sizeof text;) {
            char back[sizeof text];
            const ssize_t count = recv(quick, back, sizeof back, 0);

            assert_true(count > 0);
            got += (size_t)count;
        }
    }
    send_data(quick, "the last", 8);
    expect_output(quick, "the last");
    /* What is in its socket, and then what is kept. */
    char got[4096 + 8] = "";
    size_t bytes = 0, kept = 0;
    while (strstr(got, "the last") == NULL) {
        const ssize_t count = recv(slow, got + kept, 4096, 0);

        assert_true(count > 0);
        bytes += (size_t)count;
        got[kept + (size_t)count] = '\0';
        if (strstr(got, "the last") == NULL) { /* its beginning may be at the end */
            const size_t all = kept + (size_t)count;

            kept = all < 7 ? all : 7;
            memmove(got, got + all - kept, kept);
            got[kept] = '\0';
        }
    }
    assert_true(bytes < 6 * TERMINAL_BUFFER_BYTES);
    kill(session->hub, SIGTERM);
    expect_end(session, 0);
    close(slow);
    close(quick);
}

static void test_the_folder_says_what_there_is(void **state)
{
    const struct session *session = *state;
    struct listing listing;

    close(connect_console(session, "vm1"));
    for (int i = 0; i < WAIT_STEPS && !listing_read(session->folder, &listing); i++) {
        pause_step();
    }
    assert_int_equal(listing.count, MUX_FIXTURE_CLIENTS);
    assert_string_equal(listing.entries[0].name, "vm1");
    assert_int_equal(listing.entries[0].kind, LISTING_CONSOLE);
    assert_int_equal(listing.entries[CHANNEL].kind, LISTING_CHANNEL);
    kill(session->hub, SIGTERM);
    expect_end(session, 0);
    assert_false(listing_read(session->folder, &listing));
}

static void test_64_kb_there_and_back(void **state)
{
    const struct session *session = *state;
    static uint8_t sent[0x10000];
    static uint8_t got[0x10000 + 64];
    size_t done = 0;
    size_t back = 0;
    int vm2 = connect_console(session, "vm2");

    for (size_t i = 0; i < sizeof sent; i++) {
        sent[i] = (uint8_t)(i * 31 % 255 + 1);
    }
    while (back < sizeof sent) {
        uint8_t packet[TERMINAL_PACKET_BYTES] = {TERMINAL_DATA};
        size_t part = sizeof sent - done < 1024 ? sizeof sent - done : 1024;
        memcpy(packet + 1, sent + done, part);
        if (part > 0 && send(vm2, packet, 1 + part, MSG_DONTWAIT) > 0) {
            done += part;
        }
        ssize_t more = recv(vm2, got + back, sizeof got - back, done < sizeof sent ? MSG_DONTWAIT : 0);
        back += more > 0 ? (size_t)more : 0;
        assert_true(done < sizeof sent || more > 0);
    }
    assert_memory_equal(got, sent, sizeof sent);
    kill(session->hub, SIGTERM);
    expect_end(session, 0);
    close(vm2);
}

/* The far end says its connection's number; what it says behind that was typed. */
static void test_channel_has_one_tool_at_a_time(void **state)
{
    const struct session *session = *state;
    int tool = connect_as(session, "vm3", SOCK_STREAM);
    char got[64];

    expect_output(tool, "x");
    int other = connect_as(session, "vm3", SOCK_STREAM);
    assert_int_equal(recv(other, got, sizeof got, 0), 0);
    close(other);
    assert_int_equal(send(tool, "for the first\xff", 14, 0), 14);
    expect_output(tool, "for the first\xff");
    close(tool);
    /* The hub sees that in its time; until then it is taken. */
    ssize_t count = 0;
    for (int i = 0; i < WAIT_STEPS && count <= 0; i++) {
        tool = connect_as(session, "vm3", SOCK_STREAM);
        count = recv(tool, got, sizeof got - 1, 0);
        if (count <= 0) {
            close(tool);
            pause_step();
        }
    }
    got[count] = '\0';
    assert_null(strstr(got, "first"));
    assert_int_equal(send(tool, "half", 4, 0), 4);
    assert_int_equal(shutdown(tool, SHUT_WR), 0);
    expect_output(tool, "half");
    close(tool);
    int vm1 = connect_console(session, "vm1");
    send_data(vm1, "\0", 1);
    expect_end(session, SYSTEM_STATUS);
    close(vm1);
}

/* All consoles on one terminal: ours, of which `*master` is the other end. */
static void start_view(struct session *session, int *master)
{
    char self[] = "/proc/self/exe";
    char role[] = "system";
    char *const command[] = {self, role, NULL};
    const struct hub_options options = {
        .folder = session->folder, .command = command, .title = "test", .escape = 0x1c, .with_view = true};

    *master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(*master >= 0 && grantpt(*master) == 0 && unlockpt(*master) == 0);
    (void)snprintf(session->folder, sizeof session->folder, "/tmp/test_hub.%d", (int)getpid());
    (void)fflush(NULL);
    session->hub = fork();
    if (session->hub == 0) {
        const int slave = open(ptsname(*master), O_RDWR);
        if (slave < 0 || dup2(slave, STDIN_FILENO) < 0 || dup2(slave, STDOUT_FILENO) < 0) {
            _exit(99);
        }
        close(*master);
        _exit(hub_run(&options));
    }
}

/* Whether all that has come so far has the text, or comes to have it. */
static void expect_on_terminal(int master, const char *text)
{
    static char got[0x8000];
    static size_t count;

    while (strstr(got, text) == NULL) {
        const ssize_t more = read(master, got + count, sizeof got - 1 - count);
        assert_true(more > 0);
        count += (size_t)more;
        got[count] = '\0';
    }
}

static void type_on_terminal(int master, const char *text)
{
    assert_int_equal(write(master, text, strlen(text)), strlen(text));
}

static void test_all_consoles_on_one_terminal(void **state)
{
    struct session session = {0};
    int master;

    (void)state;
    start_view(&session, &master);
    expect_on_terminal(master, "vm1 has booted");
    const int vm2 = connect_console(&session, "vm2"); /* beside it */
    type_on_terminal(master, "to vm1");
    expect_on_terminal(master, "to vm1"); /* an unfinished line is shown of the console with the input only */
    type_on_terminal(master, "\x1c");
    type_on_terminal(master, "2");
    expect_on_terminal(master, "input goes to vm2");
    type_on_terminal(master, "to vm2\x01");
    type_on_terminal(master, "a");
    expect_output(vm2, "to vm2\x01");
    type_on_terminal(master, "\x01x"); /* Ctrl-a x */
    expect_end(&session, 0);
    close(vm2);
    close(master);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_consoles_are_apart_and_the_systems_end_is_ours, start),
        cmocka_unit_test_setup(test_several_share_a_console, start),
        cmocka_unit_test_setup(test_a_slow_client_holds_up_nobody, start),
        cmocka_unit_test_setup(test_the_folder_says_what_there_is, start),
        cmocka_unit_test_setup(test_64_kb_there_and_back, start),
        cmocka_unit_test_setup(test_channel_has_one_tool_at_a_time, start),
        cmocka_unit_test(test_all_consoles_on_one_terminal),
    };
    return argc > 1 ? run_system(argv[argc - 1]) : cmocka_run_group_tests(tests, NULL, NULL);
}
