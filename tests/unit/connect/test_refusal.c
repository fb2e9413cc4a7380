/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "connect/refusal.h"
#include "unit.h"

#include <string.h>

static dsql_error refuse(const char *message)
{
    dsql_error err = {.status = DSQL_OK};
    assert_int_equal(refusal_to_error("h", text_of(message), &err), DSQL_ERR_CONNECT);
    assert_int_equal(err.status, DSQL_ERR_CONNECT);
    return err;
}

static void an_expired_signature_blames_the_clock(void **state)
{
    (void)state;
    dsql_error err = refuse("connection to server at \"h\" (127.0.0.1), port 5432 failed: FATAL:  "
                            "08006: unable to accept connection, access denied\n"
                            "HINT:  Signature expired: 20260101T000000Z\nLOCATION:  x, y:1\n");
    assert_string_equal(err.sqlstate, "08006");
    assert_string_equal(err.message,
                        "could not connect to h: unable to accept connection, access denied: "
                        "Signature expired: 20260101T000000Z; is the clock of this machine right?");
}

static void a_wrong_user_says_which_action_belongs_to_whom(void **state)
{
    (void)state;
    dsql_error err = refuse("FATAL:  08006: unable to accept connection, access denied\n"
                            "HINT:  Wrong user to action mapping. user: admin, action: DbConnect");
    assert_non_null(strstr(err.message, "user admin needs a DbConnectAdmin token"));
    assert_null(strstr(err.message, "clock"));
}

static void too_many_connections_keep_their_sqlstate(void **state)
{
    (void)state;
    dsql_error err = refuse("x: FATAL:  53300: Unable to accept connection, too many open "
                            "connections.\n");
    assert_string_equal(err.sqlstate, "53300");
    assert_non_null(strstr(err.message, "close connections"));
}

static void a_network_error_has_no_sqlstate(void **state)
{
    (void)state;
    dsql_error err = refuse("connection to server at \"h\" (127.0.0.1), port 9 failed: Connection "
                            "refused\n\tIs the server running on that host?\n");
    assert_string_equal(err.sqlstate, "");
    assert_non_null(strstr(err.message, "Connection refused"));
    assert_null(strchr(err.message, '\n'));
}

static void an_endless_message_is_cut(void **state)
{
    (void)state;
    char message[5000];
    memset(message, 'A', sizeof message - 1);
    message[sizeof message - 1] = '\0';
    dsql_error err = refuse(message);
    assert_true(strlen(err.message) < DSQL_ERROR_MESSAGE_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_expired_signature_blames_the_clock),
        cmocka_unit_test(a_wrong_user_says_which_action_belongs_to_whom),
        cmocka_unit_test(too_many_connections_keep_their_sqlstate),
        cmocka_unit_test(a_network_error_has_no_sqlstate),
        cmocka_unit_test(an_endless_message_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
