/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "session/negotiation.h"
#include "unit.h"
#include "wire/message.h"

static const char ssl_request[] = "\0\0\0\x08\x04\xd2\x16\x2f";
static const char gssenc_request[] = "\0\0\0\x08\x04\xd2\x16\x30";
static const char cancel_request[] = "\0\0\0\x10\x04\xd2\x16\x2e\0\0\0\1abcd";

static enum negotiation_event next(const char *bytes, size_t len, bool is_encrypted)
{
    struct startup startup;
    return negotiation_next(text_of_bytes(bytes, len), is_encrypted, &startup);
}

static void requests_for_encryption_come_first_and_once(void **state)
{
    (void)state;
    assert_int_equal(next(ssl_request, 8, false), NEGOTIATION_SSL_REQUEST);
    assert_int_equal(next(gssenc_request, 8, false), NEGOTIATION_GSSENC_REQUEST);
    assert_int_equal(next(ssl_request, 7, false), NEGOTIATION_NEEDS_MORE);
    assert_int_equal(next(ssl_request, 8, true), NEGOTIATION_UNSUPPORTED_VERSION);
    assert_int_equal(next(gssenc_request, 8, true), NEGOTIATION_UNSUPPORTED_VERSION);
}

/* CVE-2021-23214 */
static void bytes_after_a_request_are_invalid(void **state)
{
    (void)state;
    static const char stuffed[] = "\0\0\0\x08\x04\xd2\x16\x2fx";
    assert_int_equal(next(stuffed, 9, false), NEGOTIATION_INVALID);
}

static void client_hello_is_direct_tls_only_before_encryption(void **state)
{
    (void)state;
    assert_int_equal(next("\x16\x03\x01", 3, false), NEGOTIATION_DIRECT_TLS);
    assert_int_equal(next("\x16\x03\x01\x02\x00", 5, true), NEGOTIATION_INVALID);
}

static void cancel_requests_are_read_in_both_phases(void **state)
{
    (void)state;
    assert_int_equal(next(cancel_request, 16, false), NEGOTIATION_CANCEL_REQUEST);
    assert_int_equal(next(cancel_request, 16, true), NEGOTIATION_CANCEL_REQUEST);
}

static void startup_message_is_read_with_its_parameters(void **state)
{
    (void)state;
    struct startup startup;
    struct buf packet AUTO_BUF;
    buf_init(&packet, STARTUP_MAX_SIZE);
    startup_begin(&packet);
    startup_add(&packet, text_of("user"), text_of("admin"));
    startup_end(&packet);
    buf_add_string(&packet, "p..."); /* the password, sent ahead */
    assert_int_equal(negotiation_next(buf_text(&packet), true, &startup),
                     NEGOTIATION_STARTUP_MESSAGE);
    assert_int_equal(startup.size, packet.len - 4);
    assert_true(text_equal_string(startup_value(&startup, "user"), "admin"));
}

static void assert_version_answer(uint16_t minor, const char *parameter, size_t expected_len)
{
    struct startup startup = {.major = 3, .minor = minor, .parameter_count = 1};
    startup.parameters[0] = (struct startup_parameter){text_of(parameter), text_of("x")};
    struct buf out AUTO_BUF;
    buf_init(&out, STARTUP_MAX_SIZE);
    negotiation_write_version(&startup, &out);
    assert_int_equal(out.len, expected_len);
    if (expected_len > 0) { /* 3.0, whole: libpq 18 rejects a bare 0 as older than 3.0 */
        static const char version[] = {0, 3, 0, 0};
        assert_memory_equal(out.data + FRAME_HEADER_SIZE, version, sizeof version);
    }
}

static void newer_protocols_and_unknown_options_are_answered(void **state)
{
    (void)state;
    enum { EMPTY_ANSWER = FRAME_HEADER_SIZE + 8 };
    assert_version_answer(0, "user", 0);
    assert_version_answer(2, "user", EMPTY_ANSWER);
    assert_version_answer(0, "_pq_.x", EMPTY_ANSWER + sizeof "_pq_.x");
}

static void assert_error(const char *packet, size_t len, const char *sqlstate, const char *message)
{
    struct startup startup;
    struct negotiation_error error;
    enum negotiation_event event = negotiation_next(text_of_bytes(packet, len), true, &startup);
    assert_true(event == NEGOTIATION_UNSUPPORTED_VERSION || event == NEGOTIATION_INVALID_LAYOUT);
    negotiation_error(event, &startup, &error);
    assert_string_equal(error.sqlstate, sqlstate);
    assert_string_equal(error.message, message);
}

static void errors_are_those_of_postgresql(void **state)
{
    (void)state;
    static const char layout[] = "invalid startup packet layout: expected terminator as last byte";
    assert_error("\0\0\0\x8\0\2\0\0", 8, "0A000",
                 "unsupported frontend protocol 2.0: server supports 3.0 to 3.0");
    assert_error("\0\0\0\x8\0\4\0\1", 8, "0A000",
                 "unsupported frontend protocol 4.1: server supports 3.0 to 3.0");
    assert_error(ssl_request, 8, "0A000",
                 "unsupported frontend protocol 1234.5679: server supports 3.0 to 3.0");
    assert_error("\0\0\0\xc\0\3\0\0user", 12, "08P01", layout);
    assert_error("\0\0\0\xf\0\3\0\0user\0x\0", 15, "08P01", layout);
    assert_error("\0\0\0\xa\0\3\0\0\0x", 10, "08P01", layout);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_are_those_of_postgresql),
        cmocka_unit_test(requests_for_encryption_come_first_and_once),
        cmocka_unit_test(bytes_after_a_request_are_invalid),
        cmocka_unit_test(client_hello_is_direct_tls_only_before_encryption),
        cmocka_unit_test(cancel_requests_are_read_in_both_phases),
        cmocka_unit_test(startup_message_is_read_with_its_parameters),
        cmocka_unit_test(newer_protocols_and_unknown_options_are_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
