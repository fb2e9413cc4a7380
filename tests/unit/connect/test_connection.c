/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Connecting to servers that behave, and to servers that misbehave in each way. */
#include "base/clock.h"
#include "base/memory.h"
#include "connect/connection.h"
#include "fake_server.h"
#include "token/complete.h"
#include "unit.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define HOST "abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws"

static const struct fake_identity right = {.name = HOST};

enum { PASSWORD_SIZE = 4096 };

/* ---- A clock that advances only while the code sleeps ---- */

struct time {
    int64_t wall_s;
    int64_t ms;
    int64_t slept_ms;
    int sleeps;
};

static int64_t wall(void *arg)
{
    return ((struct time *)arg)->wall_s;
}

static int64_t monotonic(void *arg)
{
    return ((struct time *)arg)->ms;
}

static void sleep_in_no_time(void *arg, int64_t ms)
{
    struct time *time = arg;
    time->ms += ms;
    time->slept_ms += ms;
    time->sleeps++;
}

static uint64_t no_jitter(void *arg)
{
    (void)arg;
    return 0;
}

static const struct random_source test_random = {.next = no_jitter};

/* ---- Options for a server ---- */

static dsql_status count_fetches(void *arg, dsql_credentials *out, dsql_error *err)
{
    int *count = arg;
    (void)err;
    (*count)++;
    return dsql_credentials_set(out, "AKIDEXAMPLE", "secret", NULL, 0);
}

struct stage {
    struct fake_server *server;
    int fetches;
    dsql_credentials_provider *credentials;
    struct settings settings;
    struct time time;
    struct clock clock;
    dsql_error err;
};

static void set_up_as(struct stage *stage, const struct fake_identity *identity,
                      fake_serve_fn serve, void *arg)
{
    *stage = (struct stage){.time = {.wall_s = 1730937600, .ms = 1000}};
    stage->clock = (struct clock){.wall_s = wall,
                                  .monotonic_ms = monotonic,
                                  .sleep_ms = sleep_in_no_time,
                                  .arg = &stage->time};
    stage->server = fake_server_start(identity, serve, arg);
    stage->credentials = dsql_credentials_custom(count_fetches, NULL, &stage->fetches, NULL);
    const char *const keywords[] = {"hostaddr", NULL};
    const char *const values[] = {"127.0.0.1", NULL};
    dsql_status status =
        settings_open(DSQL_OPTIONS(.host = HOST, .port = fake_server_port(stage->server),
                                   .user = "app", .ca_file = fake_server_ca_file(stage->server),
                                   .credentials = stage->credentials, .pq_keywords = keywords,
                                   .pq_values = values),
                      &stage->settings, &stage->err);
    if (status != DSQL_OK) {
        fail_msg("%s", stage->err.message);
    }
}

static void set_up(struct stage *stage, fake_serve_fn serve, void *arg)
{
    set_up_as(stage, &right, serve, arg);
}

static void tear_down(struct stage *stage)
{
    settings_clear(&stage->settings);
    dsql_credentials_unref(stage->credentials);
    fake_server_stop(stage->server);
}

static PGconn *open_stage(struct stage *stage)
{
    const struct connect_world world = {
        .clock = &stage->clock, .random = &test_random, .resolver = resolver_system()};
    return connection_open(&stage->settings, &world, -1, &stage->err);
}

/* Connects; expects a failure whose message does not contain the token. */
static void expect_failure(struct stage *stage, dsql_status status, const char *words)
{
    PGconn *conn = open_stage(stage);
    assert_null(conn);
    if (strstr(stage->err.message, words) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", words, stage->err.message);
    }
    assert_int_equal(stage->err.status, status);
    assert_null(strstr(stage->err.message, "X-Amz-Signature"));
}

static PGconn *expect_success(struct stage *stage)
{
    PGconn *conn = open_stage(stage);
    if (conn == NULL) {
        fail_msg("%s", stage->err.message);
    }
    assert_int_equal(PQstatus(conn), CONNECTION_OK);
    return conn;
}

static bool greet(struct fake_client *client)
{
    char password[PASSWORD_SIZE];
    return fake_read_password(client, password, sizeof password);
}

/* ---- A server that behaves ---- */

struct seen {
    char password[PASSWORD_SIZE];
    char server_name[256];
    atomic_bool has_name;
    atomic_bool has_options;
    atomic_bool has_geqo;
};

static void serve_well(struct fake_client *client, int number, void *arg)
{
    struct seen *seen = arg;
    (void)number;
    if (!fake_read_password(client, seen->password, sizeof seen->password)) {
        return;
    }
    snprintf(seen->server_name, sizeof seen->server_name, "%s", fake_server_name(client));
    atomic_store(&seen->has_name, fake_startup_has(client, "user", "app"));
    atomic_store(&seen->has_options, fake_startup_has(client, "options", " "));
    fake_send_ready(client);
    fake_listen(client);
}

static void a_connect_sends_the_token_to_the_name_it_verified(void **state)
{
    (void)state;
    struct stage stage;
    struct seen seen = {.password = ""};
    set_up(&stage, serve_well, &seen);
    PGconn *conn = expect_success(&stage);
    assert_int_equal(PQsslInUse(conn), 1);
    PQfinish(conn);
    tear_down(&stage);
    assert_string_equal(seen.server_name, HOST);
    assert_memory_equal(seen.password, HOST "/?Action=DbConnect&", strlen(HOST) + 19);
    assert_true(atomic_load(&seen.has_name));
    assert_false(atomic_load(&seen.has_options));
}

/* ---- Failures and retries ---- */

struct refusals {
    const char *sqlstate;
    const char *message;
    const char *hint;
    int count; /* clients to refuse before one is accepted */
    char passwords[8][PASSWORD_SIZE];
};

static void serve_failures(struct fake_client *client, int number, void *arg)
{
    struct refusals *refusals = arg;
    char *password = refusals->passwords[number % 8];
    if (!fake_read_password(client, password, PASSWORD_SIZE)) {
        return;
    }
    if (number < refusals->count) {
        fake_send_error(client, refusals->sqlstate, refusals->message, refusals->hint);
    } else {
        fake_send_ready(client);
        fake_listen(client);
    }
}

#define DENIED "unable to accept connection, access denied"
#define EXPIRED                                                                                    \
    "Signature expired: 20241107T000000Z is now earlier than 20241107T001500Z (20241107T003000Z "  \
    "- 15 min.)"

static void an_expired_signature_is_retried_with_new_credentials(void **state)
{
    (void)state;
    struct stage stage;
    struct refusals refusals = {"08006", DENIED, EXPIRED, 1, {""}};
    set_up(&stage, serve_failures, &refusals);
    PQfinish(expect_success(&stage));
    assert_int_equal(stage.fetches, 2);
    assert_int_equal(stage.time.sleeps, 0);
    assert_int_equal(fake_server_count(stage.server), 2);
    tear_down(&stage);
}

static void a_signature_that_expires_twice_is_reported_with_the_clock(void **state)
{
    (void)state;
    struct stage stage;
    struct refusals refusals = {"08006", DENIED, EXPIRED, 100, {""}};
    set_up(&stage, serve_failures, &refusals);
    expect_failure(&stage, DSQL_ERR_CONNECT,
                   "the clock of this machine is 30 minutes behind that of AWS");
    assert_string_equal(stage.err.sqlstate, "08006");
    assert_int_equal(fake_server_count(stage.server), 2);
    tear_down(&stage);
}

static void a_transient_failure_is_retried(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"08006", "unable to accept connection, waking up cluster, please retry later"},
        {"53300", "Unable to accept connection, too many open connections."},
        {"53400", "Unable to accept connection, rate exceeded."},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct stage stage;
        struct refusals refusals = {cases[i][0], cases[i][1], NULL, 3, {""}};
        set_up(&stage, serve_failures, &refusals);
        PQfinish(expect_success(&stage));
        assert_int_equal(stage.time.sleeps, 3);
        assert_int_equal(stage.time.slept_ms, 50 + 100 + 200);
        assert_int_equal(stage.fetches, 1);
        tear_down(&stage);
    }
}

static void a_transient_failure_past_the_deadline_is_an_error(void **state)
{
    (void)state;
    struct stage stage;
    struct refusals refusals = {
        "53400", "Unable to accept connection, rate exceeded.", NULL, 100, {""}};
    set_up(&stage, serve_failures, &refusals);
    stage.settings.connect_timeout_ms = 1000;
    expect_failure(&stage, DSQL_ERR_CONNECT, "rate exceeded");
    assert_string_equal(stage.err.sqlstate, "53400");
    assert_true(stage.time.slept_ms < 1000);
    assert_int_equal(fake_server_count(stage.server), 5); /* 50, 100, 200, 400 and no more */
    tear_down(&stage);
}

static void the_deadline_of_the_caller_holds_too(void **state)
{
    (void)state;
    struct stage stage;
    struct refusals refusals = {"53300", "too many", NULL, 100, {""}};
    set_up(&stage, serve_failures, &refusals);
    atomic_ullong tokens = 0;
    const struct connect_world world = {.clock = &stage.clock,
                                        .random = &test_random,
                                        .resolver = resolver_system(),
                                        .tokens = &tokens};
    assert_null(connection_open(&stage.settings, &world, stage.time.ms + 200, &stage.err));
    assert_int_equal(fake_server_count(stage.server), 3); /* 50, 100, and no 200 */
    assert_int_equal(atomic_load(&tokens), 3);            /* each attempt has made one */
    tear_down(&stage);
}

/* As by a pool, whose callers share the waits.  A new token cannot wait for them. */
static void a_caller_that_retries_gets_the_failure_at_once(void **state)
{
    (void)state;
    struct stage stage;
    struct refusals refusals = {"53300", "too many", NULL, 100, {""}};
    set_up(&stage, serve_failures, &refusals);
    const struct connect_world world = {.clock = &stage.clock,
                                        .random = &test_random,
                                        .resolver = resolver_system(),
                                        .caller_retries = true};
    assert_null(connection_open(&stage.settings, &world, -1, &stage.err));
    assert_int_equal(stage.err.is_transient, 1);
    assert_int_equal(fake_server_count(stage.server), 1);
    assert_int_equal(stage.time.sleeps, 0);
    tear_down(&stage);
    struct refusals expired = {"08006", DENIED, EXPIRED, 1, {""}};
    set_up(&stage, serve_failures, &expired); /* and another clock, which world points to */
    PGconn *conn = connection_open(&stage.settings, &world, -1, &stage.err);
    assert_non_null(conn);
    PQfinish(conn);
    tear_down(&stage);
}

static void access_denied_is_never_retried(void **state)
{
    (void)state;
    static const char *const hints[] = {
        NULL, "Wrong user to action mapping. user: admin, action: DbConnect",
        "User: arn:aws:iam::1:user/x is not authorized to access this resource"};
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++) {
        struct stage stage;
        struct refusals refusals = {"08006", DENIED, hints[i], 100, {""}};
        set_up(&stage, serve_failures, &refusals);
        expect_failure(&stage, DSQL_ERR_CONNECT, DENIED);
        assert_int_equal(fake_server_count(stage.server), 1);
        assert_int_equal(stage.fetches, 1);
        tear_down(&stage);
    }
}

static void an_asynchronous_connect_is_one_attempt(void **state)
{
    (void)state;
    struct stage stage;
    struct refusals refusals = {"53400", "rate exceeded", NULL, 1, {""}};
    set_up(&stage, serve_failures, &refusals);
    const char *const keywords[] = {"hostaddr", NULL};
    const char *const values[] = {"127.0.0.1", NULL};
    PGconn *conn = dsql_connect_start(
        DSQL_OPTIONS(.host = HOST, .port = fake_server_port(stage.server), .user = "app",
                     .ca_file = fake_server_ca_file(stage.server), .credentials = stage.credentials,
                     .pq_keywords = keywords, .pq_values = values),
        &stage.err);
    assert_non_null(conn);
    PostgresPollingStatusType polled = PGRES_POLLING_WRITING;
    while (polled != PGRES_POLLING_OK && polled != PGRES_POLLING_FAILED) {
        polled = PQconnectPoll(conn);
    }
    assert_int_equal(polled, PGRES_POLLING_FAILED);
    assert_non_null(strstr(PQerrorMessage(conn), "rate exceeded"));
    PQfinish(conn);
    assert_int_equal(fake_server_count(stage.server), 1);
    tear_down(&stage);
}

/* ---- Servers that misbehave ---- */

/* What it was told, without the words around it. */
static void serve_an_echo(struct fake_client *client, int number, void *arg)
{
    char *signature = arg;
    char password[PASSWORD_SIZE];
    (void)number;
    if (fake_read_password(client, password, sizeof password)) {
        const char *found = strstr(password, "X-Amz-Signature=");
        snprintf(signature, PASSWORD_SIZE, "%s", found == NULL ? "" : strchr(found, '=') + 1);
        fake_send_error(client, "28P01", signature, signature);
    }
}

static void a_server_that_quotes_the_signature_is_not_quoted(void **state)
{
    (void)state;
    struct stage stage;
    char signature[PASSWORD_SIZE] = "";
    set_up(&stage, serve_an_echo, signature);
    expect_failure(&stage, DSQL_ERR_CONNECT, "not shown");
    tear_down(&stage);
    assert_int_equal(strlen(signature), 64);
    signature[16] = '\0';
    assert_null(strstr(stage.err.message, signature));
}

static void cut_at_accept(struct fake_client *client, int number, void *arg)
{
    (void)client;
    (void)number;
    (void)arg;
}

static void cut_after_ssl_request(struct fake_client *client, int number, void *arg)
{
    (void)number;
    (void)arg;
    fake_read_ssl_request(client);
}

static void cut_before_tls(struct fake_client *client, int number, void *arg)
{
    (void)number;
    (void)arg;
    if (fake_read_ssl_request(client)) {
        fake_send(client, "S", 1);
    }
}

static void cut_after_tls(struct fake_client *client, int number, void *arg)
{
    (void)number;
    (void)arg;
    fake_tls(client);
}

static void cut_after_startup(struct fake_client *client, int number, void *arg)
{
    (void)number;
    (void)arg;
    if (fake_tls(client)) {
        fake_read_startup(client);
    }
}

static void cut_after_password(struct fake_client *client, int number, void *arg)
{
    (void)number;
    (void)arg;
    greet(client);
}

static void cut_before_ready(struct fake_client *client, int number, void *arg)
{
    (void)number;
    (void)arg;
    if (greet(client)) {
        fake_send_authentication(client, 0);
    }
}

static void cut_in_a_message(struct fake_client *client, int number, void *arg)
{
    (void)number;
    (void)arg;
    if (greet(client)) {
        fake_send(client, "E\0\0\0\x40SFATAL", 11);
    }
}

static void speak_http(struct fake_client *client, int number, void *arg)
{
    (void)number;
    (void)arg;
    fake_read_ssl_request(client);
    fake_send(client, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
}

static void a_server_that_closes_at_any_point_is_an_error_at_once(void **state)
{
    (void)state;
    static const fake_serve_fn servers[] = {
        cut_at_accept,    cut_after_ssl_request, cut_before_tls,
        cut_after_tls,    cut_after_startup,     cut_after_password,
        cut_before_ready, cut_in_a_message,      speak_http};
    for (size_t i = 0; i < sizeof servers / sizeof servers[0]; i++) {
        struct stage stage;
        set_up(&stage, servers[i], NULL);
        expect_failure(&stage, DSQL_ERR_CONNECT, "could not connect to " HOST);
        assert_string_equal(stage.err.sqlstate, "");
        assert_int_equal(fake_server_count(stage.server), 1);
        tear_down(&stage);
    }
}

static void say_nothing(struct fake_client *client, int number, void *arg)
{
    (void)number;
    (void)arg;
    fake_listen(client);
}

static void say_nothing_after_tls(struct fake_client *client, int number, void *arg)
{
    (void)number;
    (void)arg;
    if (fake_tls(client)) {
        fake_listen(client);
    }
}

static void a_server_that_does_not_answer_is_a_timeout(void **state)
{
    (void)state;
    static const fake_serve_fn servers[] = {say_nothing, say_nothing_after_tls};
    for (size_t i = 0; i < sizeof servers / sizeof servers[0]; i++) {
        struct stage stage;
        set_up(&stage, servers[i], NULL);
        stage.clock = *clock_system();
        stage.settings.connect_timeout_ms = 200;
        int64_t start = clock_monotonic_ms(&stage.clock);
        expect_failure(&stage, DSQL_ERR_TIMEOUT, "no answer in time");
        assert_true(clock_monotonic_ms(&stage.clock) - start < 5000);
        tear_down(&stage);
    }
}

static atomic_bool spoke_in_clear;

static void serve_without_tls(struct fake_client *client, int number, void *arg)
{
    char type;
    char body[PASSWORD_SIZE];
    (void)number;
    (void)arg;
    if (fake_read_ssl_request(client) && fake_send(client, "N", 1) &&
        (fake_read_startup(client) || fake_read_message(client, &type, body, sizeof body))) {
        atomic_store(&spoke_in_clear, true);
    }
}

static void a_server_without_tls_gets_no_token(void **state)
{
    (void)state;
    struct stage stage;
    set_up(&stage, serve_without_tls, NULL);
    bool asks_first = PQlibVersion() < 170000; /* later ones do not ask whether there is TLS */
    expect_failure(&stage, DSQL_ERR_CONNECT,
                   asks_first ? "the server is not Aurora DSQL" : "could not connect to " HOST);
    tear_down(&stage);
    assert_false(atomic_load(&spoke_in_clear));
}

static void a_certificate_of_another_name_is_rejected(void **state)
{
    (void)state;
    static const struct fake_identity wrong = {.name = "evil.example.com"};
    struct stage stage;
    struct seen seen = {.password = ""};
    set_up_as(&stage, &wrong, serve_well, &seen);
    expect_failure(&stage, DSQL_ERR_CONNECT, "does not match host name");
    assert_int_equal(fake_server_count(stage.server), 1);
    tear_down(&stage);
    assert_string_equal(seen.password, "");
}

static void a_self_signed_certificate_is_rejected(void **state)
{
    (void)state;
    static const struct fake_identity wrong = {.name = HOST, .is_self_signed = true};
    struct stage stage;
    struct seen seen = {.password = ""};
    set_up_as(&stage, &wrong, serve_well, &seen);
    expect_failure(&stage, DSQL_ERR_CONNECT, "ca_file or PGSSLROOTCERT");
    assert_int_equal(fake_server_count(stage.server), 1);
    tear_down(&stage);
    assert_string_equal(seen.password, "");
}

/* libpq only says "certificate verify failed", for whatever reason. */
static void a_certificate_of_another_time_blames_the_clock_first(void **state)
{
    (void)state;
    static const struct fake_identity wrong[] = {
        {.name = HOST, .from_s = 3600, .until_s = 7200},
        {.name = HOST, .from_s = -7200, .until_s = -3600},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct stage stage;
        struct seen seen = {.password = ""};
        set_up_as(&stage, &wrong[i], serve_well, &seen);
        expect_failure(&stage, DSQL_ERR_CONNECT, "; check the clock of this machine (");
        assert_false(stage.err.is_transient);
        tear_down(&stage);
        assert_string_equal(seen.password, "");
    }
}

/* OpenSSL cannot read it, and glibc leaves libpq's buffer for the reason as it was. */
static void a_file_that_cannot_be_read_has_a_reason(void **state)
{
    (void)state;
    struct stage stage;
    struct seen seen = {.password = ""};
    set_up(&stage, serve_well, &seen);
    const char *const keywords[] = {"hostaddr", NULL};
    const char *const values[] = {"127.0.0.1", NULL};
    settings_clear(&stage.settings);
    assert_int_equal(
        settings_open(DSQL_OPTIONS(.host = HOST, .port = fake_server_port(stage.server),
                                   .user = "app", .ca_file = "/tmp",
                                   .credentials = stage.credentials, .pq_keywords = keywords,
                                   .pq_values = values),
                      &stage.settings, &stage.err),
        DSQL_OK);
    expect_failure(&stage, DSQL_ERR_CONNECT,
                   "could not read root certificate file \"/tmp\": Is a directory; correct");
    assert_int_equal(stage.err.os_errno, EISDIR);
    tear_down(&stage);
}

static void a_process_without_descriptors_says_so(void **state)
{
    (void)state;
    struct stage stage;
    struct seen seen = {.password = ""};
    set_up(&stage, serve_well, &seen);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    PGconn *conn = open_stage(&stage);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_null(conn);
    assert_int_equal(stage.err.os_errno, EMFILE);
    assert_non_null(strstr(stage.err.message, "no file descriptors left"));
    tear_down(&stage);
}

static void serve_and_leave(struct fake_client *client, int number, void *arg)
{
    (void)number;
    (void)arg;
    (void)(fake_tls(client) && fake_read_startup(client)); /* and closes the connection */
}

static void a_server_that_goes_away_may_come_back(void **state)
{
    (void)state;
    struct stage stage;
    set_up(&stage, serve_and_leave, NULL);
    expect_failure(&stage, DSQL_ERR_CONNECT, "could not connect");
    assert_true(stage.err.is_transient);
    fake_server_stop(stage.server); /* nothing listens at its port any more */
    expect_failure(&stage, DSQL_ERR_CONNECT, "Connection refused");
    assert_true(stage.err.is_transient);
    settings_clear(&stage.settings);
    dsql_credentials_unref(stage.credentials);
}

static void serve_endless_words(struct fake_client *client, int number, void *arg)
{
    enum { LENGTH = 2000000 };
    (void)number;
    (void)arg;
    char *words = malloc(LENGTH + 1);
    assert_non_null(words);
    memset(words, 'w', LENGTH);
    words[LENGTH] = '\0';
    if (greet(client)) {
        fake_send_error(client, "08006", words, words);
    }
    free(words);
}

static void an_endless_message_fits_into_the_error(void **state)
{
    (void)state;
    struct stage stage;
    set_up(&stage, serve_endless_words, NULL);
    expect_failure(&stage, DSQL_ERR_CONNECT, "could not connect to " HOST);
    tear_down(&stage);
}

static void request_authentication(struct fake_client *client, int number, void *arg)
{
    char type;
    char answer[PASSWORD_SIZE];
    (void)number;
    if (fake_tls(client) && fake_read_startup(client) &&
        fake_send_authentication(client, *(const int *)arg)) {
        fake_read_message(client, &type, answer, sizeof answer);
    }
}

/* libpq 15 would log in by md5 as well, but the token does not leave in clear by it. */
static void another_authentication_never_succeeds(void **state)
{
    (void)state;
    static const int codes[] = {5, 7, 10, 99};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        struct stage stage;
        int code = codes[i];
        set_up(&stage, request_authentication, &code);
        bool has_require_auth = PQlibVersion() >= 160000 && code != 99;
        expect_failure(&stage, DSQL_ERR_CONNECT,
                       has_require_auth ? "the server is not Aurora DSQL"
                                        : "could not connect to " HOST);
        tear_down(&stage);
    }
}

static void a_refused_tcp_connection_is_an_error(void **state)
{
    (void)state;
    struct stage stage;
    set_up(&stage, cut_at_accept, NULL);
    snprintf(stage.settings.port, sizeof stage.settings.port, "1");
    expect_failure(&stage, DSQL_ERR_CONNECT, "refused");
    assert_int_equal(stage.time.sleeps, 0);
    tear_down(&stage);
}

/* ---- The environment ---- */

/* Variable, hostile value, keyword; the keyword must not have the value afterwards. */
static const char *const hostile[][3] = {
    {"PGSSLMODE", "disable", "sslmode"},
    {"PGREQUIRESSL", "0", NULL},
    {"PGSSLCOMPRESSION", "1", "sslcompression"},
    {"PGSSLCERT", "/etc/hostname", "sslcert"},
    {"PGSSLKEY", "/etc/hostname", "sslkey"},
    {"PGSSLCERTMODE", "require", "sslcertmode"},
    {"PGSSLCRL", "/etc/hostname", "sslcrl"},
    {"PGSSLCRLDIR", "/etc", "sslcrldir"},
    {"PGSSLSNI", "0", "sslsni"},
    {"PGREQUIREPEER", "nobody", NULL}, /* about Unix sockets, which we never use */
    {"PGSSLMINPROTOCOLVERSION", "TLSv1", "ssl_min_protocol_version"},
    {"PGSSLMAXPROTOCOLVERSION", "TLSv1", "ssl_max_protocol_version"},
    {"PGGSSENCMODE", "require", "gssencmode"},
    {"PGKRBSRVNAME", "evil", "krbsrvname"},
    {"PGGSSLIB", "gssapi", NULL},
    {"PGGSSDELEGATION", "1", "gssdelegation"},
    {"PGCHANNELBINDING", "require", "channel_binding"},
    {"PGREQUIREAUTH", "none", "require_auth"},
    {"PGTARGETSESSIONATTRS", "standby", "target_session_attrs"},
    {"PGLOADBALANCEHOSTS", "nonsense", "load_balance_hosts"},
    {"PGSSLNEGOTIATION", "nonsense", "sslnegotiation"},
    {"PGMINPROTOCOLVERSION", "latest", "min_protocol_version"},
    {"PGMAXPROTOCOLVERSION", "latest", "max_protocol_version"},
    {"PGOPTIONS", "-c default_transaction_read_only=on", "options"},
    {"PGPASSWORD", "hostile", "password"},
    {"PGPASSFILE", "/etc/hostname", NULL}, /* not read: there is a password */
    {"PGDATABASE", "hostile", "dbname"},
    {"PGCONNECT_TIMEOUT", "1000000", "connect_timeout"},
    {"PGSERVICEFILE", "/nonexistent", NULL}, /* not read without PGSERVICE */
    {"PGSYSCONFDIR", "/nonexistent", NULL},
    {"PGUSER", "hostile", "user"}, /* an option comes before it */
    {"PGHOST", "hostile.example.com", "host"},
    {"PGPORT", "1", "port"},
    {"PGSSLROOTCERT", "/etc/hostname", "sslrootcert"},
};

static const char *value_of(const PQconninfoOption *options, const char *keyword)
{
    for (size_t i = 0; options[i].keyword != NULL; i++) {
        if (strcmp(options[i].keyword, keyword) == 0) {
            return options[i].val == NULL ? "" : options[i].val;
        }
    }
    return ""; /* not known to this libpq */
}

static void set_hostile(size_t number, bool is_set)
{
    if (is_set) {
        setenv(hostile[number][0], hostile[number][1], 1);
    } else {
        unsetenv(hostile[number][0]);
    }
}

static void expect_no_effect(PGconn *conn, size_t number)
{
    PQconninfoOption *options = PQconninfo(conn);
    assert_non_null(options);
    if (hostile[number][2] != NULL) {
        assert_string_not_equal(value_of(options, hostile[number][2]), hostile[number][1]);
    }
    assert_string_equal(value_of(options, "sslmode"), "verify-full");
    assert_string_equal(value_of(options, "gssencmode"), "disable");
    PQconninfoFree(options);
}

static void a_hostile_environment_changes_nothing(void **state)
{
    (void)state;
    struct stage stage;
    struct seen seen = {.password = ""};
    set_up(&stage, serve_well, &seen);
    size_t count = sizeof hostile / sizeof hostile[0];
    for (size_t i = 0; i < count; i++) {
        set_hostile(i, true);
        PGconn *conn = expect_success(&stage);
        expect_no_effect(conn, i);
        PQfinish(conn);
        set_hostile(i, false);
    }
    for (size_t i = 0; i < count; i++) {
        set_hostile(i, true);
    }
    PGconn *conn = expect_success(&stage);
    for (size_t i = 0; i < count; i++) {
        expect_no_effect(conn, i);
    }
    PQfinish(conn);
    for (size_t i = 0; i < count; i++) {
        set_hostile(i, false);
    }
    tear_down(&stage);
    assert_true(atomic_load(&seen.has_options)); /* a blank, in place of what PGOPTIONS held */
    assert_memory_equal(seen.password, HOST "/?Action", strlen(HOST) + 8);
}

static void pgservice_is_an_error(void **state)
{
    (void)state;
    struct stage stage;
    struct seen seen = {.password = ""};
    set_up(&stage, serve_well, &seen);
    setenv("PGSERVICE", "evil", 1);
    expect_failure(&stage, DSQL_ERR_USAGE, "PGSERVICE is set");
    setenv("PGSERVICE", "", 1); /* to libpq a service without a name */
    expect_failure(&stage, DSQL_ERR_USAGE, "PGSERVICE is set");
    unsetenv("PGSERVICE");
    assert_int_equal(fake_server_count(stage.server), 0);
    tear_down(&stage);
}

/* ---- PrivateLink ---- */

#define VPCE    "vpce-1.dsql-fnh4.us-east-1.vpce.amazonaws.com"
#define BEHIND  "abcdefghijklmnopqrstuvwxyz.dsql-fnh4.us-east-1.on.aws"
#define CLUSTER "-c amzn-cluster-id=abcdefghijklmnopqrstuvwxyz"

static dsql_status look_up(void *arg, const char *name, struct addresses *out, dsql_error *err)
{
    (void)arg;
    (void)err;
    assert_string_equal(name, VPCE);
    out->count = 2; /* nobody listens at the first */
    snprintf(out->items[0], ADDRESS_SIZE, "::1");
    snprintf(out->items[1], ADDRESS_SIZE, "127.0.0.1");
    return DSQL_OK;
}

static void an_interface_endpoint_is_verified_by_the_name_of_the_cluster(void **state)
{
    (void)state;
    static const struct fake_identity behind = {.name = BEHIND};
    static const struct resolver resolver = {.lookup = look_up};
    struct stage stage;
    struct seen seen = {.password = ""};
    set_up_as(&stage, &behind, serve_well, &seen);
    struct settings settings;
    const char *const keywords[] = {"options", NULL};
    const char *const values[] = {CLUSTER, NULL};
    assert_int_equal(
        settings_open(DSQL_OPTIONS(.host = VPCE, .port = fake_server_port(stage.server),
                                   .user = "app", .ca_file = fake_server_ca_file(stage.server),
                                   .credentials = stage.credentials, .pq_keywords = keywords,
                                   .pq_values = values),
                      &settings, &stage.err),
        DSQL_OK);
    const struct connect_world world = {
        .clock = &stage.clock, .random = &test_random, .resolver = &resolver};
    PGconn *conn = connection_open(&settings, &world, -1, &stage.err);
    if (conn == NULL) {
        fail_msg("%s", stage.err.message);
    }
    assert_string_equal(PQhost(conn), BEHIND);
    assert_string_equal(PQhostaddr(conn), "127.0.0.1");
    PQfinish(conn);
    settings_clear(&settings);
    tear_down(&stage);
    assert_string_equal(seen.server_name, BEHIND);
    assert_memory_equal(seen.password, BEHIND "/?Action=DbConnect&", strlen(BEHIND) + 19);
}

int main(void)
{
    setenv("HOME", "/nonexistent", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connect_sends_the_token_to_the_name_it_verified),
        cmocka_unit_test(an_expired_signature_is_retried_with_new_credentials),
        cmocka_unit_test(a_signature_that_expires_twice_is_reported_with_the_clock),
        cmocka_unit_test(a_transient_failure_is_retried),
        cmocka_unit_test(a_transient_failure_past_the_deadline_is_an_error),
        cmocka_unit_test(a_caller_that_retries_gets_the_failure_at_once),
        cmocka_unit_test(the_deadline_of_the_caller_holds_too),
        cmocka_unit_test(access_denied_is_never_retried),
        cmocka_unit_test(a_server_that_quotes_the_signature_is_not_quoted),
        cmocka_unit_test(an_asynchronous_connect_is_one_attempt),
        cmocka_unit_test(a_server_that_closes_at_any_point_is_an_error_at_once),
        cmocka_unit_test(a_server_that_does_not_answer_is_a_timeout),
        cmocka_unit_test(a_server_without_tls_gets_no_token),
        cmocka_unit_test(a_certificate_of_another_name_is_rejected),
        cmocka_unit_test(a_self_signed_certificate_is_rejected),
        cmocka_unit_test(a_certificate_of_another_time_blames_the_clock_first),
        cmocka_unit_test(a_file_that_cannot_be_read_has_a_reason),
        cmocka_unit_test(a_process_without_descriptors_says_so),
        cmocka_unit_test(a_server_that_goes_away_may_come_back),
        cmocka_unit_test(an_endless_message_fits_into_the_error),
        cmocka_unit_test(another_authentication_never_succeeds),
        cmocka_unit_test(a_refused_tcp_connection_is_an_error),
        cmocka_unit_test(a_hostile_environment_changes_nothing),
        cmocka_unit_test(pgservice_is_an_error),
        cmocka_unit_test(an_interface_endpoint_is_verified_by_the_name_of_the_cluster),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
