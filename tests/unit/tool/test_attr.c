/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tool/base/size_text.h"
#include "tool/language/attr.h"
#include "tool/model/model.h"

static char error[ATTR_ERROR_BYTES];

static uint64_t number(enum attr_type type, const char *text)
{
    const struct attr_spec spec = {.name = "n", .type = type};
    uint64_t value = 0;

    if (!attr_parse(&spec, text, &value, error)) {
        fail_msg("\"%s\" %s", text, error);
    }
    return value;
}

static void assert_wrong(const struct attr_spec *spec, const char *text, const char *message)
{
    uint64_t field[4] = {0};

    assert_false(attr_parse(spec, text, field, error));
    if (strstr(error, message) == NULL) {
        fail_msg("\"%s\": expected \"%s\" in \"%s\"", text, message, error);
    }
}

static void test_numbers(void **state)
{
    (void)state;
    const struct attr_spec spec = {.name = "n", .type = ATTR_NUMBER, .min = 1, .max = 254};
    const struct attr_spec power = {.name = "n", .type = ATTR_NUMBER, .power_of_two = true};

    assert_int_equal(number(ATTR_NUMBER, "0"), 0);
    assert_int_equal(number(ATTR_NUMBER, "254"), 254);
    assert_int_equal(number(ATTR_NUMBER, "0xfF"), 255);
    assert_int_equal(number(ATTR_NUMBER, "0x1_0000"), 0x10000);
    assert_int_equal(number(ATTR_NUMBER, "18446744073709551615"), UINT64_MAX);
    assert_wrong(&spec, "", "not a number");
    assert_wrong(&spec, "-1", "not a number");
    assert_wrong(&spec, "0x", "not a number");
    assert_wrong(&spec, "12a", "not a number");
    assert_wrong(&spec, "1_", "not a number");
    assert_wrong(&spec, " 1", "not a number");
    assert_wrong(&spec, "1K", "not a number");
    assert_wrong(&spec, "18446744073709551616", "too large a number");
    assert_wrong(&spec, "0", "out of range: it takes a number from 1 to 254");
    assert_wrong(&spec, "255", "out of range");
    assert_wrong(&power, "3", "power of two");
}

static void test_sizes(void **state)
{
    (void)state;
    const struct attr_spec spec = {.name = "s", .type = ATTR_SIZE, .multiple = 0x1000};

    assert_int_equal(number(ATTR_SIZE, "4K"), 4096);
    assert_int_equal(number(ATTR_SIZE, "128M"), 128u << 20);
    assert_int_equal(number(ATTR_SIZE, "2GiB"), 2ull << 30);
    assert_int_equal(number(ATTR_SIZE, "0x1_000k"), 0x1000 * 1024);
    assert_wrong(&spec, "4KB", "not a size, such as");
    assert_wrong(&spec, "17179869184G", "not a size");
    assert_wrong(&spec, "4 K", "not a size");
    assert_wrong(&spec, "100", "not a multiple of 4K");
}

static void test_perms_and_booleans(void **state)
{
    (void)state;
    const struct attr_spec perms = {.name = "p", .type = ATTR_PERMS};
    const struct attr_spec truth = {.name = "b", .type = ATTR_BOOL};
    uint32_t value;
    bool flag;

    assert_true(attr_parse(&perms, "rwx", &value, error));
    assert_int_equal(value, MODEL_READ | MODEL_WRITE | MODEL_EXECUTE);
    assert_true(attr_parse(&perms, "xr", &value, error));
    assert_int_equal(value, MODEL_READ | MODEL_EXECUTE);
    assert_wrong(&perms, "w", "write-only");
    assert_wrong(&perms, "", "empty");
    assert_wrong(&perms, "rr", "each once");
    assert_wrong(&perms, "rz", "combination of r, w and x");
    assert_true(attr_parse(&truth, "true", &flag, error) && flag);
    assert_true(attr_parse(&truth, "false", &flag, error) && !flag);
    assert_wrong(&truth, "yes", "neither true nor false");
}

static void test_choices_suggest(void **state)
{
    (void)state;
    static const char *const choices[] = {"stop", "restart", NULL};
    const struct attr_spec spec = {.name = "c", .type = ATTR_CHOICE, .choices = choices};
    uint32_t value;

    assert_true(attr_parse(&spec, "restart", &value, error));
    assert_int_equal(value, 1);
    assert_wrong(&spec, "restrat", "is not one of stop, restart; did you mean \"restart\"?");
    assert_wrong(&spec, "xyz", "is not one of stop, restart");
}

static void test_macs(void **state)
{
    (void)state;
    const struct attr_spec spec = {.name = "m", .type = ATTR_MAC};
    struct attr_mac mac = {0};

    assert_true(attr_parse(&spec, "52:54:00:aB:cd:01", &mac, error));
    assert_true(mac.given);
    assert_memory_equal(mac.bytes, "\x52\x54\x00\xab\xcd\x01", 6);
    assert_wrong(&spec, "52:54:00:ab:cd", "six bytes");
    assert_wrong(&spec, "52-54-00-ab-cd-01", "six bytes");
    assert_wrong(&spec, "52:54:00:ab:cd:0g", "six bytes");
    assert_wrong(&spec, "52:54:00:ab:cd:01:", "six bytes");
    assert_wrong(&spec, "01:00:00:00:00:01", "multicast");
    assert_wrong(&spec, "00:00:00:00:00:00", "all zeros");
}

static void test_names(void **state)
{
    (void)state;
    const struct attr_spec spec = {.name = "n", .type = ATTR_NAME};
    const struct attr_spec shorter = {.name = "n", .type = ATTR_NAME, .max = 4};
    const struct attr_spec symbol = {.name = "s", .type = ATTR_SYMBOL};
    char *name = NULL;

    assert_true(attr_parse(&spec, "vm-1.x_2", &name, error));
    attr_free(&spec, &name);
    assert_null(name);
    assert_wrong(&spec, "", "empty");
    assert_wrong(&spec, "a b", "not a name");
    assert_wrong(&spec, "a/b", "not a name");
    assert_wrong(&spec, "a\nb", "not a name");
    assert_wrong(&shorter, "abcde", "longer than the 4 characters");
    assert_wrong(&symbol, "1a", "symbol");
    assert_wrong(&symbol, "", "symbol");
}

static void test_addresses(void **state)
{
    (void)state;
    const struct attr_spec list = {.name = "ip", .type = ATTR_ADDRESSES};
    const struct attr_spec host = {.name = "gateway", .type = ATTR_HOST};
    char *text = NULL;

    assert_true(attr_parse(&list, " 192.168.1.2/24,  fd00::2/64 ", &text, error));
    assert_string_equal(text, "192.168.1.2/24 fd00::2/64");
    attr_free(&list, &text);
    assert_true(attr_parse(&list, "10.0.0.0/31", &text, error)); /* RFC 3021 */
    attr_free(&list, &text);
    assert_wrong(&list, "192.168.1.2", "lacks its prefix length, such as /24");
    assert_wrong(&list, "fd00::2", "such as /64");
    assert_wrong(&list, "192.168.1.2/33", "not an IP address");
    assert_wrong(&list, "192.168.1.2/", "not an IP address");
    assert_wrong(&list, "192.168.1/24", "not an IP address");
    assert_wrong(&list, "192.168.1.0/24", "address of a network");
    assert_wrong(&list, "192.168.1.255/24", "broadcast");
    assert_wrong(&list, "224.0.0.1/24", "multicast");
    assert_wrong(&list, "0.0.0.0/0", "not the address of a host");
    assert_wrong(&list, "192.168.1.2/24 x", "is wrong: \"x\"");
    assert_wrong(&list, " ", "empty");
    assert_true(attr_parse(&host, "192.168.1.1", &text, error));
    attr_free(&host, &text);
    assert_wrong(&host, "192.168.1.1/24", "not an IP address, such as");
}

static void test_descriptions(void **state)
{
    (void)state;
    const struct attr_spec spec = {.name = "n", .type = ATTR_NUMBER, .min = 2, .max = 5};
    const struct attr_spec open = {.name = "n", .type = ATTR_SIZE, .min = 7};

    attr_describe(&spec, error);
    assert_string_equal(error, "number from 2 to 5");
    attr_describe(&open, error);
    assert_string_equal(error, "size of at least 7");
    assert_string_equal(size_text(0x201000, error), "2052K");
    assert_string_equal(size_text(3ull << 30, error), "3G");
    assert_string_equal(size_text(0, error), "0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_perms_and_booleans),
        cmocka_unit_test(test_choices_suggest),
        cmocka_unit_test(test_macs),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_descriptions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
