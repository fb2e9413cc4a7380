/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "session/server_login.h"
#include "unit.h"
#include "wire/backend.h"

enum { MAX = 131072 };

struct fixture {
    struct server_login login;
    struct buf sent;
};

static void setup(struct fixture *fixture)
{
    server_login_init(&fixture->login, "16.0");
    buf_init(&fixture->sent, MAX);
}

static void teardown(struct fixture *fixture)
{
    server_login_clear(&fixture->login);
    buf_clear(&fixture->sent);
}

static enum server_login_event next(struct fixture *fixture)
{
    struct frame message;
    server_login_add(&fixture->login, buf_text(&fixture->sent));
    buf_reset(&fixture->sent);
    return server_login_next(&fixture->login, &message);
}

static void greeting_is_kept_and_the_version_replaced(void **state)
{
    (void)state;
    struct fixture fixture;
    setup(&fixture);
    backend_write_authentication(&fixture.sent, AUTHENTICATION_OK);
    backend_write_parameter(&fixture.sent, text_of("server_version"), text_of("15.1"));
    backend_write_parameter(&fixture.sent, text_of("TimeZone"), text_of("UTC"));
    frame_write(&fixture.sent, 'K', text_of("pid_key_"));
    frame_write(&fixture.sent, BACKEND_READY, text_of("I"));
    buf_add_string(&fixture.sent, "rest");
    assert_int_equal(next(&fixture), SERVER_LOGIN_READY);

    struct buf expected AUTO_BUF;
    buf_init(&expected, MAX);
    backend_write_authentication(&expected, AUTHENTICATION_OK);
    backend_write_parameter(&expected, text_of("server_version"), text_of("16.0"));
    backend_write_parameter(&expected, text_of("TimeZone"), text_of("UTC"));
    frame_write(&expected, 'K', text_of("pid_key_"));
    assert_true(text_equal(buf_text(&fixture.login.greeting), buf_text(&expected)));
    assert_true(text_equal_string(server_login_rest(&fixture.login), "rest"));
    teardown(&fixture);
}

static void own_queries_leave_only_changed_parameters(void **state)
{
    (void)state;
    struct fixture fixture;
    setup(&fixture);
    backend_write_authentication(&fixture.sent, AUTHENTICATION_OK);
    frame_write(&fixture.sent, BACKEND_READY, text_of("I"));
    assert_int_equal(next(&fixture), SERVER_LOGIN_READY);
    server_login_begin_query(&fixture.login);
    size_t before = fixture.login.greeting.len;
    frame_write(&fixture.sent, 'T', text_of("row description"));
    frame_write(&fixture.sent, BACKEND_DATA_ROW, text_of("row"));
    assert_int_equal(next(&fixture), SERVER_LOGIN_DATA_ROW);
    frame_write(&fixture.sent, 'C', text_of("SELECT 1"));
    frame_write(&fixture.sent, BACKEND_READY, text_of("I"));
    assert_int_equal(next(&fixture), SERVER_LOGIN_READY);
    assert_int_equal(fixture.login.greeting.len, before);
    teardown(&fixture);
}

static void messages_may_come_in_pieces(void **state)
{
    (void)state;
    struct fixture fixture;
    setup(&fixture);
    backend_write_authentication(&fixture.sent, AUTHENTICATION_OK);
    buf_truncate(&fixture.sent, 6);
    assert_int_equal(next(&fixture), SERVER_LOGIN_NEEDS_MORE);
    buf_add(&fixture.sent, "\0\0\0", 3);
    assert_int_equal(next(&fixture), SERVER_LOGIN_NEEDS_MORE);
    assert_true(fixture.login.is_authenticated);
    teardown(&fixture);
}

static void errors_and_password_requests_are_reported(void **state)
{
    (void)state;
    struct fixture fixture;
    setup(&fixture);
    backend_write_authentication(&fixture.sent, AUTHENTICATION_CLEARTEXT);
    assert_int_equal(next(&fixture), SERVER_LOGIN_ASKS_PASSWORD);
    frame_write(&fixture.sent, BACKEND_ERROR, text_of("x"));
    assert_int_equal(next(&fixture), SERVER_LOGIN_ERROR);
    teardown(&fixture);
}

static void servers_that_break_the_protocol_are_invalid(void **state)
{
    (void)state;
    struct fixture fixture;
    setup(&fixture);
    frame_write(&fixture.sent, BACKEND_READY, text_of("I")); /* without AuthenticationOk */
    assert_int_equal(next(&fixture), SERVER_LOGIN_INVALID);
    teardown(&fixture);
    setup(&fixture);
    buf_add(&fixture.sent, "R\0\0\0\1", 5); /* a length below its own size */
    assert_int_equal(next(&fixture), SERVER_LOGIN_INVALID);
    teardown(&fixture);
}

static void greeting_is_bounded(void **state)
{
    (void)state;
    struct fixture fixture;
    setup(&fixture);
    static char big[30000];
    enum server_login_event event = SERVER_LOGIN_NEEDS_MORE;
    for (int i = 0; i < 3 && event == SERVER_LOGIN_NEEDS_MORE; i++) {
        frame_write(&fixture.sent, 'N', text_of_bytes(big, sizeof big));
        event = next(&fixture);
    }
    assert_int_equal(event, SERVER_LOGIN_INVALID);
    teardown(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(greeting_is_kept_and_the_version_replaced),
        cmocka_unit_test(own_queries_leave_only_changed_parameters),
        cmocka_unit_test(messages_may_come_in_pieces),
        cmocka_unit_test(errors_and_password_requests_are_reported),
        cmocka_unit_test(servers_that_break_the_protocol_are_invalid),
        cmocka_unit_test(greeting_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
