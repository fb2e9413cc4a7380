/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The proxy, the gateway of a local cluster behind it and a PostgreSQL to throw away behind that;
 * libpq before them.  Proxy and gateway run in one thread.
 */
#include "base/clock.h"
#include "certificate.h"
#include "gateway/gateway.h"
#include "postgres.h"
#include "proxy/proxy.h"
#include "session/scram_verifier.h"
#include "unit.h"

#include <libpq-fe.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENDPOINT "abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws"
#define ARN      "arn:aws:iam::123456789012:role/tester"
#define PASSWORD "correct horse"

static struct {
    pthread_t thread;
    uv_loop_t loop;
    uv_async_t stop;
    uv_async_t drain;
    struct gateway *gateway;
    struct proxy *proxy;
    struct scram_verifier verifier;
    struct scram_verifier mock;
    char directory[64];
    char certificate[128];
    char key[128];
    char ca[128];
    char socket[256];
    int port;
    atomic_int warnings;
    char notice[1024]; /* what came while nothing was asked: libpq makes a notice of it */
} fixture;

/* ---- What both are asked for -------------------------------------------- */

static bool find_identity(void *arg, struct text access_key_id, struct gateway_identity *out)
{
    (void)arg;
    if (!text_equal_string(access_key_id, "AKIDTEST")) {
        return false;
    }
    text_copy(text_of(ARN), out->arn, sizeof out->arn);
    out->may_connect = true;
    out->may_connect_admin = true;
    return secret_set_string(&out->secret_access_key, "secret");
}

static bool find_verifier(void *arg, struct text user, struct scram_verifier *out)
{
    (void)arg;
    bool is_known = !text_equal_string(user, "nobody");
    *out = is_known ? fixture.verifier : fixture.mock;
    return is_known;
}

static void count_warnings(void *arg, dsql_log_level level, const char *message)
{
    (void)arg;
    if (level <= DSQL_LOG_WARN) {
        atomic_fetch_add(&fixture.warnings, 1);
    }
    if (getenv("DSQL_TEST_LOG") != NULL) {
        fprintf(stderr, "log: %s\n", message);
    }
}

/* ---- Starting and stopping ---------------------------------------------- */

static void write_certificates(void)
{
    struct certificate ca = certificate_make("test CA", NULL, true, -60, 3600);
    struct certificate server = certificate_make(ENDPOINT, &ca, false, -60, 3600);
    snprintf(fixture.directory, sizeof fixture.directory, "/tmp/dsql-proxy-XXXXXX");
    assert_non_null(mkdtemp(fixture.directory));
    snprintf(fixture.certificate, sizeof fixture.certificate, "%s/crt", fixture.directory);
    snprintf(fixture.key, sizeof fixture.key, "%s/key", fixture.directory);
    snprintf(fixture.ca, sizeof fixture.ca, "%s/ca", fixture.directory);
    certificate_write(&server, fixture.certificate, fixture.key);
    certificate_write(&ca, fixture.ca, NULL);
    certificate_free(&server);
    certificate_free(&ca);
}

static void find_socket(void)
{
    PGconn *conn = postgres_connect();
    snprintf(fixture.socket, sizeof fixture.socket, "%s/.s.PGSQL.%s", PQhost(conn), PQport(conn));
    PQfinish(conn);
}

static void on_gateway_stopped(void *arg)
{
    (void)arg;
    gateway_free(fixture.gateway);
    uv_close((uv_handle_t *)&fixture.stop, NULL);
    uv_close((uv_handle_t *)&fixture.drain, NULL);
}

static void on_proxy_stopped(void *arg)
{
    (void)arg;
    proxy_free(fixture.proxy);
    gateway_stop(fixture.gateway, on_gateway_stopped, NULL);
}

static void on_stop(uv_async_t *handle)
{
    (void)handle;
    proxy_stop(fixture.proxy, 0, on_proxy_stopped, NULL);
}

static void on_drain(uv_async_t *handle)
{
    (void)handle;
    proxy_stop(fixture.proxy, 60000, on_proxy_stopped, NULL);
}

static void *run_loop(void *arg)
{
    (void)arg;
    uv_run(&fixture.loop, UV_RUN_DEFAULT);
    return NULL;
}

static void make_database(void)
{
    postgres_run("DROP SCHEMA IF EXISTS sys CASCADE");
    postgres_run("CREATE SCHEMA sys");
    postgres_run("GRANT USAGE ON SCHEMA sys TO PUBLIC");
    postgres_run("CREATE FUNCTION sys.iam_session_allowed(text) RETURNS boolean LANGUAGE sql AS "
                 "'SELECT session_user = ''app'''");
}

static int make_roles(void **state)
{
    (void)state;
    postgres_run("CREATE ROLE admin LOGIN");
    postgres_run("CREATE ROLE app LOGIN");
    make_database();
    find_socket();
    struct text salt = text_of("0123456789abcdef");
    assert_true(scram_verifier_make(&fixture.verifier, text_of(PASSWORD), salt, SCRAM_ITERATIONS));
    assert_true(scram_verifier_mock(&fixture.mock, text_of("secret"), text_of("nobody")));
    return 0;
}

static void start_gateway(void)
{
    const struct gateway_options options = {
        .certificate_file = fixture.certificate,
        .key_file = fixture.key,
        .endpoint = ENDPOINT,
        .region = "us-east-1",
        .server_socket = fixture.socket,
        .find_identity = find_identity,
        .logger = {count_warnings, NULL},
    };
    dsql_error err = {0};
    fixture.gateway = gateway_start(&fixture.loop, &options, &err);
    assert_string_equal(err.message, "");
    assert_non_null(fixture.gateway);
}

static int start_with(struct proxy_options options, struct proxy_cluster_options cluster)
{
    write_certificates();
    uv_loop_init(&fixture.loop);
    uv_async_init(&fixture.loop, &fixture.stop, on_stop);
    uv_async_init(&fixture.loop, &fixture.drain, on_drain);
    start_gateway();
    atomic_store(&fixture.warnings, 0);
    cluster.host = ENDPOINT;
    cluster.hostaddr = "127.0.0.1";
    cluster.server_port = gateway_port(fixture.gateway);
    cluster.port = -1;
    cluster.ca_file = cluster.ca_file == NULL ? fixture.ca : cluster.ca_file;
    options.clusters = &cluster;
    options.cluster_count = 1;
    options.socket_directory = fixture.directory;
    options.listen_address = "127.0.0.1";
    options.find_verifier = find_verifier;
    options.logger = (struct logger){count_warnings, NULL};
    dsql_error err = {0};
    static struct proxy_cluster_options kept; /* the proxy keeps a pointer to it */
    kept = cluster;
    options.clusters = &kept;
    fixture.proxy = proxy_start(&fixture.loop, &options, &err);
    assert_string_equal(err.message, "");
    assert_non_null(fixture.proxy);
    fixture.port = proxy_port(fixture.proxy, 0);
    return pthread_create(&fixture.thread, NULL, run_loop, NULL);
}

static int start(void **state)
{
    (void)state;
    return start_with((struct proxy_options){0}, (struct proxy_cluster_options){0});
}

static int start_short_lived(void **state)
{
    (void)state;
    return start_with((struct proxy_options){.lifetime_s = 1, .lifetime_grace_s = 1},
                      (struct proxy_cluster_options){0});
}

static int start_distrustful(void **state)
{
    (void)state;
    return start_with(
        (struct proxy_options){0},
        (struct proxy_cluster_options){.ca_file = "/etc/ssl/certs/ca-certificates.crt"});
}

static int join(void **state)
{
    (void)state;
    pthread_join(fixture.thread, NULL);
    unlink(fixture.certificate);
    unlink(fixture.key);
    unlink(fixture.ca);
    assert_int_equal(rmdir(fixture.directory), 0); /* the socket is gone too */
    return uv_loop_close(&fixture.loop);
}

static int stop(void **state)
{
    uv_async_send(&fixture.stop);
    return join(state);
}

/* ---- Clients ------------------------------------------------------------- */

static PGconn *try_socket(const char *user, const char *extra)
{
    char conninfo[1024];
    snprintf(conninfo, sizeof conninfo, "host=%s port=%d user=%s dbname=postgres %s",
             fixture.directory, fixture.port, user, extra);
    return PQconnectdb(conninfo);
}

static PGconn *try_tcp(const char *user, const char *password)
{
    char conninfo[1024];
    snprintf(conninfo, sizeof conninfo,
             "host=127.0.0.1 port=%d user=%s dbname=postgres password='%s'", fixture.port, user,
             password);
    return PQconnectdb(conninfo);
}

static PGconn *expect_login(PGconn *conn)
{
    if (PQstatus(conn) != CONNECTION_OK) {
        print_error("%s\n", PQerrorMessage(conn));
    }
    assert_int_equal(PQstatus(conn), CONNECTION_OK);
    return conn;
}

static void expect_failure(PGconn *conn, const char *part)
{
    assert_int_equal(PQstatus(conn), CONNECTION_BAD);
    if (strstr(PQerrorMessage(conn), part) == NULL) {
        print_error("wanted %s in: %s\n", part, PQerrorMessage(conn));
        fail();
    }
    PQfinish(conn);
}

static void keep_notice(void *arg, const char *message)
{
    (void)arg;
    snprintf(fixture.notice, sizeof fixture.notice, "%s", message);
}

static PGconn *login(void)
{
    PGconn *conn = expect_login(try_socket("admin", ""));
    fixture.notice[0] = '\0';
    PQsetNoticeProcessor(conn, keep_notice, NULL);
    return conn;
}

/* Whether the session ended with this error, which came while nothing or something was asked. */
static void expect_last_words(PGconn *conn, const char *part)
{
    assert_int_equal(PQstatus(conn), CONNECTION_BAD);
    if (strstr(fixture.notice, part) == NULL && strstr(PQerrorMessage(conn), part) == NULL) {
        print_error("wanted %s in: %s and %s\n", part, fixture.notice, PQerrorMessage(conn));
        fail();
    }
}

/* Static: valid until the next call. */
static const char *ask(PGconn *conn, const char *sql)
{
    static char answer[256];
    PGresult *result = PQexec(conn, sql);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        print_error("%s\n", PQerrorMessage(conn));
    }
    assert_int_equal(PQresultStatus(result), PGRES_TUPLES_OK);
    snprintf(answer, sizeof answer, "%s", PQgetvalue(result, 0, 0));
    PQclear(result);
    return answer;
}

static void expect_state(PGconn *conn, const char *sql, const char *sqlstate)
{
    PGresult *result = PQexec(conn, sql);
    const char *got = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    assert_string_equal(got == NULL ? "" : got, sqlstate == NULL ? "" : sqlstate);
    PQclear(result);
}

/* ---- Coming in ----------------------------------------------------------- */

static void user_of_the_socket_needs_no_password(void **state)
{
    (void)state;
    PGconn *conn = login();
    assert_string_equal(ask(conn, "SELECT current_user"), "admin");
    assert_string_equal(PQparameterStatus(conn, "server_version"), "16.15");
    PQfinish(conn);
}

static void role_is_that_of_the_client(void **state)
{
    (void)state;
    PGconn *conn = expect_login(try_socket("app", ""));
    assert_string_equal(ask(conn, "SELECT current_user"), "app");
    PQfinish(conn);
}

static void tcp_client_proves_its_password(void **state)
{
    (void)state;
    PGconn *conn = expect_login(try_tcp("admin", PASSWORD));
    assert_string_equal(ask(conn, "SELECT current_user"), "admin");
    PQfinish(conn);
    expect_failure(try_tcp("admin", "wrong"), "password authentication failed for user \"admin\"");
    expect_failure(try_tcp("nobody", PASSWORD),
                   "password authentication failed for user \"nobody\"");
}

static void refused_role_is_told_in_the_words_of_the_server(void **state)
{
    (void)state;
    expect_failure(try_socket("stranger", ""), "is not authorized to access this resource");
}

static void application_name_has_a_prefix(void **state)
{
    (void)state;
    PGconn *conn = expect_login(try_socket("admin", "application_name=tester"));
    assert_string_equal(ask(conn, "SHOW application_name"), "dsql-proxy:tester");
    PQfinish(conn);
}

static void parameter_that_the_service_refuses_is_dropped(void **state)
{
    (void)state;
    PGconn *conn = expect_login(
        try_socket("admin", "options='-c statement_timeout=5s -c search_path=pg_catalog'"));
    assert_string_equal(ask(conn, "SHOW search_path"), "pg_catalog");
    assert_int_equal(atomic_load(&fixture.warnings), 1);
    PQfinish(conn);
    PQfinish(expect_login(try_socket("admin", "options='-c statement_timeout=6s'")));
    assert_int_equal(atomic_load(&fixture.warnings), 1); /* said once */
}

static void server_with_another_ca_is_not_trusted(void **state)
{
    (void)state;
    expect_failure(try_socket("admin", ""), "the certificate of the server is not valid");
}

/* ---- A session ------------------------------------------------------------ */

static void megabytes_pass_both_ways(void **state)
{
    (void)state;
    enum { SIZE = 8 * 1024 * 1024 };
    char *big = malloc(SIZE + 1);
    assert_non_null(big);
    memset(big, 'x', SIZE);
    big[SIZE] = '\0';
    const char *values[] = {big};
    PGconn *conn = login();
    PGresult *result =
        PQexecParams(conn, "SELECT $1::text || $1::text", 1, NULL, values, NULL, NULL, 0);
    assert_int_equal(PQgetlength(result, 0, 0), 2 * SIZE);
    PQclear(result);
    PQfinish(conn);
    free(big);
}

/* A cancel request that comes before its query has no effect, so it is sent when this runs. */
static void expect_cancel(PGconn *conn)
{
    char error[256] = "";
    assert_int_equal(PQsendQuery(conn, "SELECT pg_sleep(60)"), 1);
    while (postgres_number("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND "
                           "query = 'SELECT pg_sleep(60)'") == 0) {
        usleep(1000);
    }
    PGcancel *cancel = PQgetCancel(conn);
    assert_int_equal(PQcancel(cancel, error, sizeof error), 1);
    PQfreeCancel(cancel);
    PGresult *result = PQgetResult(conn);
    assert_int_equal(PQresultStatus(result), PGRES_FATAL_ERROR);
    assert_string_equal(PQresultErrorField(result, PG_DIAG_SQLSTATE), "57014");
    PQclear(result);
}

static void cancel_reaches_its_session_only(void **state)
{
    (void)state;
    PGconn *other = login();
    PGconn *conn = login();
    assert_int_equal(PQsendQuery(other, "SELECT pg_sleep(0.5)"), 1);
    expect_cancel(conn);
    PQfinish(conn);
    PGresult *result = PQgetResult(other);
    assert_int_equal(PQresultStatus(result), PGRES_TUPLES_OK);
    PQclear(result);
    PQfinish(other);
}

static void killed_server_ends_the_session_with_an_error(void **state)
{
    (void)state;
    PGconn *conn = login();
    postgres_kill(atoi(ask(conn, "SELECT pg_backend_pid()")));
    PQclear(PQexec(conn, "SELECT 1"));
    expect_last_words(conn, "terminating connection due to administrator command");
    PQfinish(conn);
    PQfinish(login());
}

/* ---- The end of a lifetime ------------------------------------------------ */

static void idle_session_moves_unseen(void **state)
{
    (void)state;
    PGconn *conn = login();
    int first = atoi(ask(conn, "SELECT pg_backend_pid()"));
    int moves = 0;
    int64_t until_ms = clock_monotonic_ms(clock_system()) + 30000;
    while (moves < 2 && clock_monotonic_ms(clock_system()) < until_ms) {
        int now = atoi(ask(conn, "SELECT pg_backend_pid()"));
        moves += now == first ? 0 : 1;
        first = now;
        usleep(10000);
    }
    assert_int_equal(moves, 2);
    expect_cancel(conn); /* with the key that the client got first */
    PQfinish(conn);
}

static void wait_for_end(PGconn *conn)
{
    int64_t until_ms = clock_monotonic_ms(clock_system()) + 30000;
    while (PQstatus(conn) == CONNECTION_OK && clock_monotonic_ms(clock_system()) < until_ms) {
        PQconsumeInput(conn);
        PQclear(PQexec(conn, "SELECT 1"));
        usleep(20000);
    }
    assert_int_equal(PQstatus(conn), CONNECTION_BAD);
}

static void session_with_settings_hears_57p01(void **state)
{
    (void)state;
    PGconn *conn = login();
    expect_state(conn, "SET search_path = pg_catalog", NULL);
    wait_for_end(conn);
    expect_last_words(conn, "maximum connection duration");
    PQfinish(conn);
}

static void transaction_is_not_cut(void **state)
{
    (void)state;
    PGconn *conn = login();
    expect_state(conn, "BEGIN", NULL);
    expect_state(conn, "SELECT pg_sleep(2.5)", NULL);
    expect_state(conn, "COMMIT", NULL);
    wait_for_end(conn);
    PQfinish(conn);
}

/* ---- Stopping ------------------------------------------------------------- */

static void drain_waits_for_a_transaction(void **state)
{
    (void)state;
    PGconn *idle = login();
    PGconn *busy = login();
    expect_state(busy, "BEGIN", NULL);
    uv_async_send(&fixture.drain);
    wait_for_end(idle);
    expect_last_words(idle, "administrator command");
    expect_state(busy, "SELECT 1", NULL);
    expect_state(busy, "COMMIT", NULL);
    wait_for_end(busy);
    PQfinish(idle);
    PQfinish(busy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(user_of_the_socket_needs_no_password, start, stop),
        cmocka_unit_test_setup_teardown(role_is_that_of_the_client, start, stop),
        cmocka_unit_test_setup_teardown(tcp_client_proves_its_password, start, stop),
        cmocka_unit_test_setup_teardown(refused_role_is_told_in_the_words_of_the_server, start,
                                        stop),
        cmocka_unit_test_setup_teardown(application_name_has_a_prefix, start, stop),
        cmocka_unit_test_setup_teardown(parameter_that_the_service_refuses_is_dropped, start, stop),
        cmocka_unit_test_setup_teardown(server_with_another_ca_is_not_trusted, start_distrustful,
                                        stop),
        cmocka_unit_test_setup_teardown(megabytes_pass_both_ways, start, stop),
        cmocka_unit_test_setup_teardown(cancel_reaches_its_session_only, start, stop),
        cmocka_unit_test_setup_teardown(killed_server_ends_the_session_with_an_error, start, stop),
        cmocka_unit_test_setup_teardown(idle_session_moves_unseen, start_short_lived, stop),
        cmocka_unit_test_setup_teardown(session_with_settings_hears_57p01, start_short_lived, stop),
        cmocka_unit_test_setup_teardown(transaction_is_not_cut, start_short_lived, stop),
        cmocka_unit_test_setup_teardown(drain_waits_for_a_transaction, start, join),
    };
    signal(SIGPIPE, SIG_IGN);
    setenv("AWS_ACCESS_KEY_ID", "AKIDTEST", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    unsetenv("AWS_SESSION_TOKEN");
    return cmocka_run_group_tests(tests, make_roles, NULL);
}
