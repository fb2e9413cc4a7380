/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "connect/connect_failure.h"
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PREFIX "connection to server at \"h\" (127.0.0.1), port 5432 failed: "
#define DENIED PREFIX "FATAL:  08006: unable to accept connection, access denied\n"

static enum connect_failure_kind kind_of(const char *message)
{
    return connect_failure_read(text_of(message)).kind;
}

static dsql_error error_at(const char *message, const char *user, int64_t now_s)
{
    dsql_error err = {.status = DSQL_OK};
    struct connect_failure failure = connect_failure_read(text_of(message));
    const struct connect_failure_context context = {
        .host = "h", .user = user, .token_seconds = 900, .now_s = now_s};
    assert_int_equal(connect_failure_to_error(&failure, &context, &err), DSQL_ERR_CONNECT);
    assert_int_equal(err.status, DSQL_ERR_CONNECT);
    assert_null(strchr(err.message, '\n'));
    return err;
}

static dsql_error error_of(const char *message)
{
    return error_at(message, "app", 0);
}

#define EXPIRED                                                                                    \
    DENIED "HINT:  Signature expired: 20241107T000000Z is now earlier than 20241107T001500Z "      \
           "(20241107T003000Z - 15 min.)\nLOCATION:  x, y:1\n"

static int64_t at(const char *time)
{
    int64_t seconds = 0;
    assert_true(clock_parse_basic(text_of(time), &seconds));
    return seconds;
}

static void an_expired_signature_reports_the_skew_of_the_clock(void **state)
{
    (void)state;
    assert_int_equal(kind_of(EXPIRED), CONNECT_FAILURE_EXPIRED);
    dsql_error err = error_at(EXPIRED, "admin", at("20241107T000000Z"));
    assert_string_equal(err.sqlstate, "08006");
    assert_string_equal(
        err.message,
        "could not connect to h: unable to accept connection, access denied: Signature expired: "
        "20241107T000000Z is now earlier than 20241107T001500Z (20241107T003000Z - 15 min.); the "
        "clock of this machine is 30 minutes behind that of AWS: synchronize it (NTP)");
}

static void the_skew_is_reported_in_seconds_minutes_or_hours(void **state)
{
    (void)state;
    static const struct {
        const char *now;
        const char *words;
    } cases[] = {
        {"20241107T002851Z", "is 69 seconds behind that"},
        {"20241107T003200Z", "is 2 minutes ahead of that"},
        {"20241108T003000Z", "is 24 hours ahead of that"},
        {"20241107T003010Z", "the clock is correct, so token_seconds (900 s) is too short"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        dsql_error err = error_at(EXPIRED, "admin", at(cases[i].now));
        assert_non_null(strstr(err.message, cases[i].words));
    }
}

static void without_times_the_clock_should_be_checked(void **state)
{
    (void)state;
    dsql_error err = error_of(DENIED "HINT:  Signature expired: 20260101T000000Z\n");
    assert_non_null(strstr(err.message, "; check the clock of this machine (NTP)"));
}

static void an_expired_session_needs_new_credentials(void **state)
{
    (void)state;
    const char *message = DENIED "HINT:  The security token included in the request is expired\n";
    assert_int_equal(kind_of(message), CONNECT_FAILURE_EXPIRED);
    assert_non_null(strstr(error_of(message).message, "renew the AWS credentials"));
    assert_int_equal(
        kind_of(DENIED "HINT:  The security token included in the request is invalid\n"),
        CONNECT_FAILURE_PERMANENT);
}

static void a_wrong_action_is_explained(void **state)
{
    (void)state;
    const char *message =
        DENIED "HINT:  Wrong user to action mapping. user: admin, action: DbConnect";
    assert_int_equal(kind_of(message), CONNECT_FAILURE_PERMANENT);
    dsql_error err = error_of(message);
    assert_non_null(strstr(err.message, "user admin needs a DbConnectAdmin token"));
    assert_null(strstr(err.message, "clock"));
}

static void access_denied_is_permanent_and_names_the_permission(void **state)
{
    (void)state;
    const char *message = DENIED "HINT:  User: arn:aws:iam::1:user/x is not authorized\n";
    assert_int_equal(kind_of(message), CONNECT_FAILURE_PERMANENT);
    assert_int_equal(kind_of(DENIED), CONNECT_FAILURE_PERMANENT);
    assert_non_null(strstr(error_at(message, "admin", 0).message, "dsql:DbConnectAdmin"));
    dsql_error err = error_at(message, "app", 0);
    assert_non_null(strstr(err.message, "dsql:DbConnect on"));
    assert_non_null(strstr(err.message, "AWS IAM GRANT"));
    assert_non_null(strstr(err.message, "arn:aws:iam::1:user/x"));
}

static void wrong_keys_and_a_wrong_region_are_not_a_missing_permission(void **state)
{
    (void)state;
    static const struct {
        const char *message;
        const char *advice;
    } cases[] = {
        {DENIED "HINT:  The signature does not match. Check the secret access key\n",
         "; check the access"},
        {DENIED "HINT:  Unknown access key: AKIA1\n", "; check the access key"},
        {DENIED "HINT:  The security token included in the request is invalid\n",
         "; check the access key"},
        {DENIED "HINT:  The token is for another region: eu-west-1\n", "; leave region out"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        dsql_error err = error_at(cases[i].message, "admin", 0);
        assert_int_equal(kind_of(cases[i].message), CONNECT_FAILURE_PERMANENT);
        assert_non_null(strstr(err.message, cases[i].advice));
        assert_null(strstr(err.message, "IAM allows"));
    }
}

static void transient_failures_are_recognized(void **state)
{
    (void)state;
    static const char *const messages[] = {
        "x: FATAL:  53300: Unable to accept connection, too many open connections.\n",
        "x: FATAL:  53400: Unable to accept connection, rate exceeded.\n",
        "x: FATAL:  08006: unable to accept connection, waking up cluster, please retry later\n",
        "x: FATAL:  57P03: the database system is not yet accepting connections\n",
        "x: FATAL:  57P01: terminating connection due to administrator command\n",
    };
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        assert_int_equal(kind_of(messages[i]), CONNECT_FAILURE_TRANSIENT);
        assert_int_equal(error_of(messages[i]).is_transient, 1);
    }
}

static void only_a_message_of_the_server_can_cause_a_retry(void **state)
{
    (void)state;
    assert_int_equal(kind_of("could not translate host name \"waking up cluster\""),
                     CONNECT_FAILURE_PERMANENT);
    assert_int_equal(kind_of("connection refused\nHINT:  Signature expired: x\n"),
                     CONNECT_FAILURE_PERMANENT);
}

static void server_that_may_come_back_is_told_from_one_that_is_wrong(void **state)
{
    (void)state;
    static const char *const passing[] = {
        PREFIX "Connection refused\n\tIs the server running on that host?\n",
        PREFIX "server closed the connection unexpectedly\n\tThis probably means\n",
        PREFIX "SSL SYSCALL error: Connection reset by peer\n",
        PREFIX "SSL SYSCALL error: EOF detected\n",
        PREFIX "SSL error: unexpected eof while reading\n",
        "could not translate host name \"h\" to address: Temporary failure in name resolution\n",
    };
    static const char *const lasting[] = {
        PREFIX "SSL error: certificate verify failed\n",
        PREFIX "Connection refused\n" PREFIX "SSL error: certificate verify failed\n",
        PREFIX "FATAL:  28P01: password rejected: Connection refused\n",
        PREFIX "FATAL:  08006: unable to accept connection, access denied\n",
        "could not translate host name \"h\" to address: Name or service not known\n",
    };
    for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++) {
        assert_int_equal(kind_of(passing[i]), CONNECT_FAILURE_UNREACHABLE);
        assert_int_equal(error_of(passing[i]).is_transient, 1);
    }
    for (size_t i = 0; i < sizeof lasting / sizeof lasting[0]; i++) {
        assert_int_equal(kind_of(lasting[i]), CONNECT_FAILURE_PERMANENT);
        assert_int_equal(error_of(lasting[i]).is_transient, 0);
    }
}

static void too_many_connections_keep_their_sqlstate(void **state)
{
    (void)state;
    dsql_error err = error_of("x: FATAL:  53300: Unable to accept connection, too many open "
                              "connections.\n");
    assert_string_equal(err.sqlstate, "53300");
    assert_non_null(strstr(err.message, "close connections"));
}

static void the_message_of_the_server_counts_among_several_addresses(void **state)
{
    (void)state;
    struct connect_failure failure = connect_failure_read(text_of(
        "connection to server at \"h\" (::1), port 5432 failed: Connection refused\n"
        "\tIs the server running on that host and accepting TCP/IP connections?\n" EXPIRED));
    assert_string_equal(failure.sqlstate, "08006");
    assert_int_equal(failure.kind, CONNECT_FAILURE_EXPIRED);
}

static void a_network_error_has_no_sqlstate(void **state)
{
    (void)state;
    dsql_error err =
        error_of("connection to server at \"h\" (127.0.0.1), port 9 failed: Connection "
                 "refused\n\tIs the server running on that host?\n");
    assert_string_equal(err.sqlstate, "");
    assert_non_null(strstr(err.message, "Connection refused"));
}

static void each_known_failure_has_a_next_step(void **state)
{
    (void)state;
    static const char *const troubles[][2] = {
        {PREFIX "SSL error: certificate verify failed\n", "ca_file"},
        {PREFIX "root certificate file \"/x\" does not exist\nEither provide the file or change "
                "sslmode to disable server certificate verification.\n",
         "does not exist; correct the file in ca_file"},
        {PREFIX "Connection refused\n\tIs the server running on that host and accepting TCP/IP "
                "connections?\n",
         "Connection refused; check the port"},
        {PREFIX "server certificate for \"a\" does not match host name \"b\"\n", "PGHOSTADDR"},
        {PREFIX "server does not support SSL, but SSL was required\n", "not Aurora DSQL"},
        {"could not translate host name \"h\" to address: Name or service not known\n", "exist"},
        {PREFIX "FATAL:  0A000: setting configuration parameter \"geqo\" not supported\n",
         "PGGEQO"},
        {PREFIX "FATAL:  08006: unable to accept connection, sni was not received\n", "sslsni"},
    };
    for (size_t i = 0; i < sizeof troubles / sizeof troubles[0]; i++) {
        assert_non_null(strstr(error_of(troubles[i][0]).message, troubles[i][1]));
    }
}

static void the_clock_is_blamed_before_the_file_of_the_ca(void **state)
{
    (void)state;
    dsql_error err =
        error_at(PREFIX "SSL error: certificate verify failed\n", "app", at("20241107T003012Z"));
    assert_non_null(strstr(err.message, "; check the clock of this machine (2024-11-07 00:30 UTC), "
                                        "then set ca_file or PGSSLROOTCERT"));
    err = error_of(PREFIX "SSL error: certificate verify failed: certificate has expired\n");
    assert_non_null(strstr(err.message, "check the clock"));
    assert_null(strstr(err.message, "ca_file"));
}

static dsql_error error_with_errno(const char *message, int os_errno, const char *file)
{
    dsql_error err = {.status = DSQL_OK};
    struct connect_failure failure = connect_failure_read(text_of(message));
    const struct connect_failure_context context = {
        .host = "h", .user = "app", .os_errno = os_errno};
    assert_true(text_equal_string(failure.file, file));
    connect_failure_to_error(&failure, &context, &err);
    assert_int_equal(err.os_errno, os_errno);
    return err;
}

/* libpq prints a buffer that nobody has filled: whatever was in memory there before. */
static void uninitialised_bytes_of_libpq_are_not_shown(void **state)
{
    (void)state;
    static const char message[] =
        PREFIX "could not read root certificate file \"/x: y.pem\": rubbish\x01\xa5\n";
    dsql_error err = error_with_errno(message, EMFILE, "/x: y.pem");
    assert_non_null(strstr(err.message, "root certificate file \"/x: y.pem\": Too many open "
                                        "files; this process has no file descriptors left"));
    assert_null(strstr(err.message, "rubbish"));
    err = error_with_errno(message, 0, "/x: y.pem");
    assert_non_null(strstr(err.message, "\"/x: y.pem\"; correct the file"));
    assert_null(strstr(err.message, "rubbish"));
    err = error_with_errno(PREFIX "could not read root certificate file \"/x\": no start line\n", 0,
                           "/x");
    assert_non_null(strstr(err.message, "\"/x\": no start line; correct the file"));
}

static void no_descriptor_is_blamed_first(void **state)
{
    (void)state;
    dsql_error err = error_with_errno(
        "could not translate host name \"h\" to address: Name or service not known\n", EMFILE, "");
    assert_non_null(strstr(err.message, "no file descriptors left"));
    assert_null(strstr(err.message, "cluster exists"));
}

static void no_message_suggests_to_turn_verification_off(void **state)
{
    (void)state;
    dsql_error err =
        error_of(PREFIX "root certificate file \"/x\" does not exist\nEither provide the "
                        "file, use the system's trusted roots with sslrootcert=system, "
                        "or change sslmode to disable server certificate verification.\n");
    assert_null(strstr(err.message, "change sslmode"));
    assert_null(strstr(err.message, "disable"));
}

static void each_address_is_reported_and_advice_of_libpq_is_not(void **state)
{
    (void)state;
    dsql_error err =
        error_of("connection to server at \"h\" (::1), port 5432 failed: Connection "
                 "refused\n\tIs the server running on that host?\n"
                 "connection to server at \"h\" (127.0.0.1), port 5432 failed: No route "
                 "to host\n");
    assert_string_equal(err.message,
                        "could not connect to h: connection to server at \"h\" (::1), port 5432 "
                        "failed: Connection refused; connection to server at \"h\" (127.0.0.1), "
                        "port 5432 failed: No route to host; check the port, and that a server "
                        "listens there");
}

static void a_server_that_repeats_the_token_is_not_quoted(void **state)
{
    (void)state;
    dsql_error err =
        error_of("x: FATAL:  28P01: bad password h/?Action=DbConnect&X-Amz-Signature=ab\n"
                 "HINT:  X-Amz-Security-Token=cd\n");
    assert_null(strstr(err.message, "X-Amz"));
    assert_null(strstr(err.message, "Action"));
    assert_non_null(strstr(err.message, "not shown"));
    assert_string_equal(err.sqlstate, "28P01");
}

static void expect_hidden(const char *message, bool is_hidden)
{
    dsql_error err = {.status = DSQL_OK};
    struct connect_failure failure = connect_failure_read(text_of(message));
    const struct connect_failure_context context = {
        .host = "h.on.aws",
        .user = "app",
        .token = "h.on.aws/?Action=DbConnect&X-Amz-Date=20241107T001500Z&X-Amz-Expires=900&"
                 "X-Amz-Security-Token=hush-hush-session&X-Amz-SignedHeaders=host&"
                 "X-Amz-Signature=0123456789abcdef0123456789abcdef"};
    connect_failure_to_error(&failure, &context, &err);
    assert_int_equal(strstr(err.message, "not shown") != NULL, is_hidden);
    assert_null(strstr(err.message, "hush-session"));
    assert_null(strstr(err.message, "abcdef012345"));
}

static void a_piece_of_the_token_is_not_quoted_either(void **state)
{
    (void)state;
    expect_hidden("x: FATAL:  28P01: who are you, hush-hush-session?\n", true);
    expect_hidden("x: FATAL:  28P01: no\nHINT:  23456789abcdef0123456789 is wrong\n", true);
    expect_hidden("x: FATAL:  28P01: signed 20241107T001500Z for h.on.aws\nHINT:  why?\n", false);
}

static void an_endless_message_is_cut_and_the_next_step_stays(void **state)
{
    (void)state;
    char filler[2000];
    memset(filler, 'A', sizeof filler - 1);
    filler[sizeof filler - 1] = '\0';
    assert_true(strlen(error_of(filler).message) < DSQL_ERROR_MESSAGE_SIZE);
    char message[5000];
    snprintf(message, sizeof message, "x: FATAL:  08006: access denied %s\nHINT:  %s\n", filler,
             filler);
    assert_non_null(
        strstr(error_of(message).message, "AWS IAM GRANT maps their role to this user"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_expired_signature_reports_the_skew_of_the_clock),
        cmocka_unit_test(the_skew_is_reported_in_seconds_minutes_or_hours),
        cmocka_unit_test(without_times_the_clock_should_be_checked),
        cmocka_unit_test(an_expired_session_needs_new_credentials),
        cmocka_unit_test(a_wrong_action_is_explained),
        cmocka_unit_test(access_denied_is_permanent_and_names_the_permission),
        cmocka_unit_test(wrong_keys_and_a_wrong_region_are_not_a_missing_permission),
        cmocka_unit_test(transient_failures_are_recognized),
        cmocka_unit_test(server_that_may_come_back_is_told_from_one_that_is_wrong),
        cmocka_unit_test(only_a_message_of_the_server_can_cause_a_retry),
        cmocka_unit_test(too_many_connections_keep_their_sqlstate),
        cmocka_unit_test(the_message_of_the_server_counts_among_several_addresses),
        cmocka_unit_test(a_network_error_has_no_sqlstate),
        cmocka_unit_test(each_known_failure_has_a_next_step),
        cmocka_unit_test(the_clock_is_blamed_before_the_file_of_the_ca),
        cmocka_unit_test(uninitialised_bytes_of_libpq_are_not_shown),
        cmocka_unit_test(no_descriptor_is_blamed_first),
        cmocka_unit_test(no_message_suggests_to_turn_verification_off),
        cmocka_unit_test(each_address_is_reported_and_advice_of_libpq_is_not),
        cmocka_unit_test(a_server_that_repeats_the_token_is_not_quoted),
        cmocka_unit_test(a_piece_of_the_token_is_not_quoted_either),
        cmocka_unit_test(an_endless_message_is_cut_and_the_next_step_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
