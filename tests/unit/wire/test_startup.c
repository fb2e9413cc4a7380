/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"
#include "wire/startup.h"

static struct text packet(struct buf *out)
{
    startup_begin(out);
    startup_add(out, text_of("user"), text_of("admin"));
    startup_add(out, text_of("database"), text_of("postgres"));
    startup_end(out);
    assert_true(buf_ok(out));
    return buf_text(out);
}

static void startup_reads_what_it_wrote(void **state)
{
    (void)state;
    struct buf bytes AUTO_BUF;
    buf_init(&bytes, STARTUP_MAX_SIZE);
    struct startup startup;
    assert_int_equal(startup_parse(packet(&bytes), &startup), STARTUP_COMPLETE);
    assert_int_equal(startup.kind, STARTUP_SESSION);
    assert_int_equal(startup.parameter_count, 2);
    assert_int_equal(startup.size, bytes.len);
    assert_true(text_equal_string(startup_value(&startup, "user"), "admin"));
    assert_true(text_is_empty(startup_value(&startup, "options")));
}

static void startup_waits_for_every_byte(void **state)
{
    (void)state;
    struct buf bytes AUTO_BUF;
    buf_init(&bytes, STARTUP_MAX_SIZE);
    struct text whole = packet(&bytes);
    struct startup startup;
    for (size_t len = 0; len < whole.len; len++) {
        assert_int_equal(startup_parse(text_slice(whole, 0, len), &startup), STARTUP_NEEDS_MORE);
    }
}

static void startup_refuses_nonsense_lengths_at_once(void **state)
{
    (void)state;
    struct startup startup;
    assert_int_equal(startup_parse(text_of_bytes("\0\0\0\7", 4), &startup), STARTUP_MALFORMED);
    assert_int_equal(startup_parse(text_of_bytes("\0\0\x27\x11", 4), &startup), STARTUP_MALFORMED);
    assert_int_equal(startup_parse(text_of("GET / HTTP/1.1"), &startup), STARTUP_MALFORMED);
}

static void startup_refuses_a_parameter_without_end(void **state)
{
    (void)state;
    struct startup startup;
    assert_int_equal(startup_parse(text_of_bytes("\0\0\0\x0c\0\3\0\0user", 12), &startup),
                     STARTUP_INVALID_LAYOUT);
    assert_int_equal(startup_parse(text_of_bytes("\0\0\0\x0a\0\3\0\0\0x", 10), &startup),
                     STARTUP_INVALID_LAYOUT);
}

static void startup_refuses_too_many_parameters(void **state)
{
    (void)state;
    struct buf bytes AUTO_BUF;
    buf_init(&bytes, STARTUP_MAX_SIZE);
    startup_begin(&bytes);
    for (int i = 0; i <= STARTUP_MAX_PARAMETERS; i++) {
        startup_add(&bytes, text_of("a"), text_of("b"));
    }
    startup_end(&bytes);
    struct startup startup;
    assert_int_equal(startup_parse(buf_text(&bytes), &startup), STARTUP_INVALID_LAYOUT);
}

static void startup_knows_what_is_no_protocol_3(void **state)
{
    (void)state;
    struct startup startup;
    assert_int_equal(startup_parse(text_of_bytes("\0\0\0\x09\0\2\0\0\0", 9), &startup),
                     STARTUP_UNSUPPORTED_VERSION);
    assert_int_equal(startup.major, 2);
    assert_int_equal(startup.size, 9);
    assert_int_equal(startup_parse(text_of_bytes("\0\0\0\x8\x4\xd2\0\1", 8), &startup),
                     STARTUP_UNSUPPORTED_VERSION);
    assert_int_equal(startup.size, 8);
}

static void startup_knows_the_requests(void **state)
{
    (void)state;
    struct buf bytes AUTO_BUF;
    buf_init(&bytes, 100);
    startup_write_ssl_request(&bytes);
    struct startup startup;
    assert_int_equal(startup_parse(buf_text(&bytes), &startup), STARTUP_COMPLETE);
    assert_int_equal(startup.kind, STARTUP_SSL_REQUEST);
    assert_int_equal(startup_parse(text_of_bytes("\0\0\0\x8\x4\xd2\x16\x30", 8), &startup),
                     STARTUP_COMPLETE);
    assert_int_equal(startup.kind, STARTUP_GSSENC_REQUEST);
    struct text cancel = text_of_bytes("\0\0\0\x10\x4\xd2\x16\x2e\0\0\0\1\0\0\0\2", 16);
    assert_int_equal(startup_parse(cancel, &startup), STARTUP_COMPLETE);
    assert_int_equal(startup.kind, STARTUP_CANCEL_REQUEST);
    assert_int_equal(startup_parse(text_of_bytes("\0\0\0\x8\x4\xd2\x16\x2e", 8), &startup),
                     STARTUP_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(startup_reads_what_it_wrote),
        cmocka_unit_test(startup_waits_for_every_byte),
        cmocka_unit_test(startup_refuses_nonsense_lengths_at_once),
        cmocka_unit_test(startup_refuses_a_parameter_without_end),
        cmocka_unit_test(startup_refuses_too_many_parameters),
        cmocka_unit_test(startup_knows_what_is_no_protocol_3),
        cmocka_unit_test(startup_knows_the_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
