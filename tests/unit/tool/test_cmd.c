/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line: what each subcommand takes, and what it exits with. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tool/cmd/cmd.h"

#define MAX_ARGUMENTS 16

typedef int command(int argc, char **argv);

static char output_path[] = "/tmp/causeway-cmd-XXXXXX";
static char output[1 << 16];

/* Run a command with the space-separated words of `line`; what it printed is in `output`. */
static int run(command *function, const char *line)
{
    char words[1024];
    char *argv[MAX_ARGUMENTS] = {0};
    int argc = 0;
    int saved[2];
    int file = open(output_path, O_RDWR | O_TRUNC);
    int status;
    ssize_t bytes;

    snprintf(words, sizeof(words), "%s", line);
    for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " ")) {
        argv[argc++] = word;
    }
    fflush(NULL);
    for (int i = 0; i < 2; i++) {
        saved[i] = dup(i + 1);
        dup2(file, i + 1);
    }
    status = function(argc, argv);
    fflush(NULL);
    for (int i = 0; i < 2; i++) {
        dup2(saved[i], i + 1);
        close(saved[i]);
    }
    bytes = pread(file, output, sizeof(output) - 1, 0);
    output[bytes < 0 ? 0 : bytes] = '\0';
    close(file);
    return status;
}

static void assert_says(const char *text)
{
    if (strstr(output, text) == NULL) {
        fail_msg("expected \"%s\" in \"%s\"", text, output);
    }
}

static void test_help_names_every_option_it_takes(void **state)
{
    (void)state;
    assert_int_equal(run(cmd_check, "check --help"), CMD_OK);
    assert_says("usage: causeway check [options] SYSTEM");
    assert_says("-D, --define NAME=VALUE");
    assert_null(strstr(output, "--kernel"));
    assert_int_equal(run(cmd_graph, "graph -h"), CMD_OK);
    assert_says("-o, --output FILE");
    assert_int_equal(run(cmd_help, "help --help"), CMD_OK);
}

static void test_wrong_usage(void **state)
{
    (void)state;
    assert_int_equal(run(cmd_check, "check"), CMD_USAGE);
    assert_says("it needs: SYSTEM");
    assert_int_equal(run(cmd_check, "check a b"), CMD_USAGE);
    assert_says("one argument too many: b");
    assert_int_equal(run(cmd_check, "check --kernel x a"), CMD_USAGE);
    assert_says("unknown option --kernel");
    assert_int_equal(run(cmd_check, "check -D"), CMD_USAGE);
    assert_says("value missing for -D");
    assert_int_equal(run(cmd_check, "check -D 1=2 a"), CMD_USAGE);
    assert_says("-D takes NAME=VALUE, not 1=2");
    assert_int_equal(run(cmd_help, "help a b"), CMD_USAGE);
    assert_int_equal(run(cmd_help, "help --colour"), CMD_USAGE);
}

static void test_check(void **state)
{
    (void)state;
    assert_int_equal(run(cmd_check, "check -g /nonexistent systems/virtio_demo.system"), CMD_OK);
    assert_says("systems/virtio_demo.system: fine: ");
    assert_int_equal(run(cmd_check, "check tests/tool/switch_unknown.system"), CMD_FAILED);
    assert_says("6:10: error: <net>: switch \"lam\" is not declared; did you mean \"lan\"?\n"
                "     6 |     <net switch=\"lam\"/>\n"
                "       |          ^\n");
    assert_says("1 error\n");
    assert_int_equal(run(cmd_check, "check -D SET=7 tests/tool/fine_variables_and_includes.system"),
                     CMD_FAILED);
    assert_says("protection domain \"p12\" is not declared");
    assert_int_equal(run(cmd_check, "check /nonexistent.system"), CMD_FAILED);
    assert_says("cannot open");
    assert_int_equal(run(cmd_check, "check -g /nonexistent -D ROM=1 systems/virtio_demo.system"), CMD_OK);
    assert_says("warning: -D ROM: there is no ${ROM} in systems/virtio_demo.system");
    assert_int_equal(run(cmd_check, "check tests/tool/mr_twice.system"), CMD_FAILED);
    assert_says("<program_image>: path=\"a.elf\": there is no such file yet");
    assert_int_equal(run(cmd_help, "help gues"), CMD_FAILED);
    assert_says("no element <gues>; did you mean \"guest\"?");
}

static void test_dts(void **state)
{
    (void)state;
    assert_int_equal(run(cmd_dts, "dts -g /nonexistent systems/virtio_demo.system vm2"), CMD_OK);
    assert_says("bootargs = \"console=ttyAMA0");
    assert_says("causeway.hostname=vm2");
    assert_int_equal(run(cmd_dts, "dts -g /nonexistent systems/virtio_demo.system wm2"), CMD_FAILED);
    assert_says("no guest \"wm2\"; did you mean \"vm2\"?");
}

/* The graph of systems/NAME.system, as dot reads it, in `text` of `bytes` zeros. */
static void draw(const char *name, char *text, size_t bytes)
{
    char path[] = "/tmp/causeway-graph-XXXXXX.dot";
    char line[256];
    int file = mkstemps(path, 4);

    snprintf(line, sizeof(line), "graph -g /nonexistent -o %s systems/%s.system", path, name);
    /* It takes stdout for its output, so it runs in a process of its own. */
    if (fork() == 0) {
        _exit(run(cmd_graph, line));
    }
    wait(NULL);
    assert_true(read(file, text, bytes - 1) > 0);
    unlink(path);
    close(file);
}

static void test_graph(void **state)
{
    (void)state;
    char text[8192] = "";
    char storage[16384] = "", cores[16384] = "";

    draw("virtio_demo", text, sizeof(text));
    assert_non_null(strstr(text, "digraph system {"));
    assert_non_null(strstr(text, "label=\"serial_mux\" + \"\\npriority 230\""));
    assert_non_null(strstr(text, "\"vm1\" + \"\\n1 vCPU, priority 100\" + \"\\n128 MiB RAM\""));
    assert_non_null(strstr(text, "label=\"link, 40 KiB\""));
    assert_non_null(strstr(text, "dir=forward, style=dotted, label=\"RAM\\ninterrupts\""));
    assert_null(strstr(text, "core"));
    draw("multicore", cores, sizeof(cores));
    assert_non_null(strstr(cores, "label=\"lan\" + \"\\npriority 210, core 1\""));
    assert_non_null(strstr(cores, "\"big\" + \"\\n4 vCPUs, priority 100, cores 2 3 2 3\""));
    draw("storage", storage, sizeof(storage));
    assert_non_null(strstr(storage, "[shape=cylinder, "));
    assert_non_null(strstr(storage, "\"storage.img\" + \"\\n512 MiB\""));
}

static void test_the_language_explains_itself(void **state)
{
    (void)state;
    assert_int_equal(run(cmd_help, "help"), CMD_OK);
    assert_says("  guest ");
    assert_int_equal(run(cmd_help, "help switch"), CMD_OK);
    assert_says("mac_table: number from 1 to 4096");
    assert_int_equal(run(cmd_help, "help swich"), CMD_FAILED);
    assert_int_equal(run(cmd_schema, "schema"), CMD_OK);
    assert_says("<grammar ");
}

static int set_up(void **state)
{
    (void)state;
    int file = mkstemp(output_path);

    close(file);
    return file < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(output_path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_help_names_every_option_it_takes),
        cmocka_unit_test(test_wrong_usage),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_dts),
        cmocka_unit_test(test_graph),
        cmocka_unit_test(test_the_language_explains_itself),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
