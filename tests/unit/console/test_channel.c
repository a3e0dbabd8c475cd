/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets for tools, and the place where running systems are found. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "console/channel.h"
#include "console/where.h"

#define FIRST 0xfffffffeu

static char folder[WHERE_BYTES];
static int lock;
static struct channel channel;
static uint8_t said[4096];
static uint32_t said_bytes;
static uint32_t room;

static uint32_t hear(void *context, const uint8_t *bytes, uint32_t count)
{
    assert_ptr_equal(context, &channel);
    count = count < room ? count : room;
    memcpy(&said[said_bytes], bytes, count);
    said_bytes += count;
    room -= count;
    return count;
}

static uint32_t serve(void)
{
    return channel_serve(&channel, hear, &channel);
}

static int start(bool is_shared)
{
    char runtime[] = "/tmp/cw.XXXXXX";

    if (mkdtemp(runtime) == NULL || setenv("XDG_RUNTIME_DIR", runtime, 1) != 0 ||
        unsetenv("CAUSEWAY_DIR") != 0) {
        return -1;
    }
    said_bytes = 0;
    room = sizeof(said);
    lock = where_make("test", folder);
    return lock >= 0 && channel_open(&channel, folder, "stats", is_shared, FIRST) ? 0 : -1;
}

static int start_single(void **state)
{
    (void)state;
    return start(false);
}

static int start_shared(void **state)
{
    (void)state;
    return start(true);
}

static int end(void **state)
{
    char path[WHERE_BYTES];

    (void)state;
    channel_close(&channel);
    close(lock);
    (void)snprintf(path, sizeof(path), "%s/causeway", getenv("XDG_RUNTIME_DIR"));
    return rmdir(folder) == 0 && rmdir(path) == 0 && rmdir(getenv("XDG_RUNTIME_DIR")) == 0 ? 0 : -1;
}

static int join(void)
{
    const int fd = where_connect(NULL, "stats");

    assert_true(fd >= 0);
    (void)serve();
    return fd;
}

static void expect(int fd, const char *text)
{
    char got[256];
    const ssize_t count = recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT);

    assert_true(count >= 0);
    got[count] = '\0';
    assert_string_equal(got, text);
}

static void test_numbers_of_connections_are_never_0(void **state)
{
    (void)state;
    assert_int_equal(channel_tool(&channel), 0);
    int fd = join();
    assert_true(channel.has_changed);
    assert_int_equal(channel_tool(&channel), UINT32_MAX);
    close(fd);
    (void)serve(); /* its input has ended */
    assert_int_equal(channel_tool(&channel), 0);
    fd = join();
    assert_int_equal(channel_tool(&channel), 1);
    close(fd);
}

static void test_a_second_tool_finds_the_end(void **state)
{
    (void)state;
    const int first = join();
    const int second = join();
    char byte;

    assert_int_equal(recv(second, &byte, 1, 0), 0);
    channel_put(&channel, (const uint8_t *)"one", 3);
    assert_int_equal(serve(), 3);
    expect(first, "one");
    close(first);
    close(second);
}

static void test_input_waits_for_room(void **state)
{
    (void)state;
    const int fd = join();

    room = 2;
    assert_int_equal(send(fd, "abcdef", 6, 0), 6);
    (void)serve();
    assert_int_equal(said_bytes, 2);
    room = 10;
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    (void)serve();
    assert_int_equal(said_bytes, 6);
    assert_memory_equal(said, "abcdef", 6);
    /* It has said all, and still listens. */
    channel_put(&channel, (const uint8_t *)"answer", 6);
    assert_int_equal(serve(), 6);
    expect(fd, "answer");
    close(fd);
    (void)serve();
    assert_int_equal(channel.count, 0);
}

static void test_tool_alone_loses_nothing(void **state)
{
    static uint8_t block[0x8000];
    static uint8_t got[sizeof(block)];
    (void)state;
    const int fd = join();
    uint64_t acknowledged = 0;
    uint64_t put = 0;
    uint64_t received = 0;

    for (int i = 0; i < 40; i++) {
        while (put - acknowledged <= sizeof(block) / 2) {
            memset(block, (int)(put / (sizeof(block) / 2)), sizeof(block) / 2);
            channel_put(&channel, block, sizeof(block) / 2);
            put += sizeof(block) / 2;
            acknowledged += serve();
        }
        assert_int_equal(channel.count, 1);
        const ssize_t count = recv(fd, got, sizeof(got), MSG_DONTWAIT);
        for (ssize_t k = 0; k < count; k++) {
            assert_int_equal(got[k], (uint8_t)((received + (uint64_t)k) / (sizeof(block) / 2)));
        }
        received += count > 0 ? (uint64_t)count : 0;
        acknowledged += serve();
    }
    assert_true(received > 0x80000);
    close(fd);
}

static void test_slow_one_of_several_is_let_go(void **state)
{
    static uint8_t block[0x4000];
    static uint8_t got[sizeof(block)];
    (void)state;
    const int quick = join();
    const int slow = join();
    uint32_t owed = 0;
    uint64_t received = 0;

    assert_int_equal(channel.count, 2);
    for (int i = 0; i < 100; i++) {
        channel_put(&channel, block, sizeof(block));
        owed += (uint32_t)sizeof(block) - serve();
        assert_int_equal(owed, 0);
        for (ssize_t count; (count = recv(quick, got, sizeof(got), MSG_DONTWAIT)) > 0;) {
            received += (uint64_t)count;
            (void)serve();
        }
    }
    assert_int_equal(received, 100 * sizeof(block));
    assert_int_equal(channel.count, 1);
    close(quick);
    close(slow);
}

static void test_no_more_than_the_limit_join(void **state)
{
    int fds[CHANNEL_TOOLS + 1];
    char byte;

    (void)state;
    for (size_t i = 0; i < CHANNEL_TOOLS + 1; i++) {
        fds[i] = join();
    }
    assert_int_equal(channel.count, CHANNEL_TOOLS);
    assert_int_equal(recv(fds[CHANNEL_TOOLS], &byte, 1, 0), 0);
    for (size_t i = 0; i < CHANNEL_TOOLS + 1; i++) {
        close(fds[i]);
    }
    (void)serve();
    assert_int_equal(channel_tool(&channel), 0);
}

static void test_systems_are_found(void **state)
{
    char found[WHERE_BYTES];
    char other[WHERE_BYTES];
    (void)state;

    assert_true(where_find(NULL, found));
    assert_string_equal(found, folder);
    const int second = where_make("test", other);
    assert_true(second >= 0);
    assert_string_not_equal(other, folder);
    assert_false(where_find(NULL, found)); /* which one? */
    assert_true(where_find(other, found));
    assert_string_equal(found, other);
    assert_int_equal(setenv("CAUSEWAY_DIR", folder, 1), 0);
    assert_true(where_find(NULL, found));
    assert_string_equal(found, folder);
    assert_int_equal(unsetenv("CAUSEWAY_DIR"), 0);
    close(second); /* its hub is killed: it counts no more, and its folder is taken again */
    assert_true(where_find(NULL, found));
    assert_string_equal(found, folder);
    const int third = where_make("test", found);
    assert_string_equal(found, other);
    close(third);
    assert_int_equal(rmdir(other), 0);
    assert_int_equal(where_connect(NULL, "nothing"), -1);
    assert_int_equal(
        where_connect("/tmp/a name that is much too long for the folder of a hub, as it has to be short",
                      "x"),
        -1);
}

static void test_folder_of_another_is_not_trusted(void **state)
{
    char base[WHERE_BYTES];
    char found[WHERE_BYTES];
    (void)state;

    (void)snprintf(base, sizeof(base), "%s/causeway", getenv("XDG_RUNTIME_DIR"));
    assert_int_equal(chmod(base, 0777), 0);
    assert_false(where_find(NULL, found));
    assert_int_equal(where_make("test", found), -1);
    assert_int_equal(chmod(base, 0700), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_numbers_of_connections_are_never_0, start_single, end),
        cmocka_unit_test_setup_teardown(test_a_second_tool_finds_the_end, start_single, end),
        cmocka_unit_test_setup_teardown(test_input_waits_for_room, start_single, end),
        cmocka_unit_test_setup_teardown(test_tool_alone_loses_nothing, start_single, end),
        cmocka_unit_test_setup_teardown(test_slow_one_of_several_is_let_go, start_shared, end),
        cmocka_unit_test_setup_teardown(test_no_more_than_the_limit_join, start_shared, end),
        cmocka_unit_test_setup_teardown(test_systems_are_found, start_single, end),
        cmocka_unit_test_setup_teardown(test_folder_of_another_is_not_trusted, start_single, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
