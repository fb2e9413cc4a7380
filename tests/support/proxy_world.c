/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy_world.h"

#include "base/clock.h"
#include "certificate.h"
#include "postgres.h"
#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENDPOINT "abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws"
#define ARN      "arn:aws:iam::123456789012:role/tester"

struct proxy_world proxy_world;

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
    *out = is_known ? proxy_world.verifier : proxy_world.mock;
    return is_known;
}

static void count_warnings(void *arg, dsql_log_level level, const char *message)
{
    (void)arg;
    if (level <= DSQL_LOG_WARN) {
        atomic_fetch_add(&proxy_world.warnings, 1);
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
    snprintf(proxy_world.directory, sizeof proxy_world.directory, "/tmp/dsql-proxy-XXXXXX");
    assert_non_null(mkdtemp(proxy_world.directory));
    snprintf(proxy_world.certificate, sizeof proxy_world.certificate, "%s/crt",
             proxy_world.directory);
    snprintf(proxy_world.key, sizeof proxy_world.key, "%s/key", proxy_world.directory);
    snprintf(proxy_world.ca, sizeof proxy_world.ca, "%s/ca", proxy_world.directory);
    certificate_write(&server, proxy_world.certificate, proxy_world.key);
    certificate_write(&ca, proxy_world.ca, NULL);
    certificate_free(&server);
    certificate_free(&ca);
}

static void find_socket(void)
{
    PGconn *conn = postgres_connect();
    snprintf(proxy_world.socket, sizeof proxy_world.socket, "%s/.s.PGSQL.%s", PQhost(conn),
             PQport(conn));
    PQfinish(conn);
}

static void on_gateway_stopped(void *arg)
{
    (void)arg;
    gateway_free(proxy_world.gateway);
    uv_close((uv_handle_t *)&proxy_world.stop, NULL);
    uv_close((uv_handle_t *)&proxy_world.drain, NULL);
}

static void on_proxy_stopped(void *arg)
{
    (void)arg;
    proxy_free(proxy_world.proxy);
    gateway_stop(proxy_world.gateway, on_gateway_stopped, NULL);
}

static void on_stop(uv_async_t *handle)
{
    (void)handle;
    proxy_stop(proxy_world.proxy, 0, on_proxy_stopped, NULL);
}

static void on_drain(uv_async_t *handle)
{
    (void)handle;
    proxy_stop(proxy_world.proxy, 60000, on_proxy_stopped, NULL);
}

static void *run_loop(void *arg)
{
    (void)arg;
    uv_run(&proxy_world.loop, UV_RUN_DEFAULT);
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

int proxy_world_make_roles(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    setenv("AWS_ACCESS_KEY_ID", "AKIDTEST", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    unsetenv("AWS_SESSION_TOKEN");
    postgres_run("CREATE ROLE admin LOGIN");
    postgres_run("CREATE ROLE app LOGIN");
    make_database();
    find_socket();
    struct text salt = text_of("0123456789abcdef");
    assert_true(
        scram_verifier_make(&proxy_world.verifier, text_of(PASSWORD), salt, SCRAM_ITERATIONS));
    assert_true(scram_verifier_mock(&proxy_world.mock, text_of("secret"), text_of("nobody")));
    return 0;
}

static void start_gateway(void)
{
    const struct gateway_options options = {
        .certificate_file = proxy_world.certificate,
        .key_file = proxy_world.key,
        .endpoint = ENDPOINT,
        .region = "us-east-1",
        .server_socket = proxy_world.socket,
        .find_identity = find_identity,
        .logger = {count_warnings, NULL},
    };
    dsql_error err = {0};
    proxy_world.gateway = gateway_start(&proxy_world.loop, &options, &err);
    assert_string_equal(err.message, "");
    assert_non_null(proxy_world.gateway);
}

int proxy_world_start_with(struct proxy_options options, struct proxy_cluster_options cluster)
{
    write_certificates();
    uv_loop_init(&proxy_world.loop);
    uv_async_init(&proxy_world.loop, &proxy_world.stop, on_stop);
    uv_async_init(&proxy_world.loop, &proxy_world.drain, on_drain);
    start_gateway();
    atomic_store(&proxy_world.warnings, 0);
    cluster.host = ENDPOINT;
    cluster.hostaddr = "127.0.0.1";
    cluster.server_port = gateway_port(proxy_world.gateway);
    cluster.port = -1;
    cluster.ca_file = cluster.ca_file == NULL ? proxy_world.ca : cluster.ca_file;
    options.clusters = &cluster;
    options.cluster_count = 1;
    options.socket_directory = proxy_world.directory;
    options.listen_address = "127.0.0.1";
    options.find_verifier = find_verifier;
    options.logger = (struct logger){count_warnings, NULL};
    dsql_error err = {0};
    static struct proxy_cluster_options kept; /* the proxy keeps a pointer to it */
    kept = cluster;
    options.clusters = &kept;
    proxy_world.proxy = proxy_start(&proxy_world.loop, &options, &err);
    assert_string_equal(err.message, "");
    assert_non_null(proxy_world.proxy);
    proxy_world.port = proxy_port(proxy_world.proxy, 0);
    return pthread_create(&proxy_world.thread, NULL, run_loop, NULL);
}

int proxy_world_start(void **state)
{
    (void)state;
    return proxy_world_start_with((struct proxy_options){0}, (struct proxy_cluster_options){0});
}

int proxy_world_start_short_lived(void **state)
{
    (void)state;
    return proxy_world_start_with((struct proxy_options){.lifetime_s = 1, .lifetime_grace_s = 1},
                                  (struct proxy_cluster_options){0});
}

int proxy_world_start_distrustful(void **state)
{
    (void)state;
    return proxy_world_start_with(
        (struct proxy_options){0},
        (struct proxy_cluster_options){.ca_file = "/etc/ssl/certs/ca-certificates.crt"});
}

int proxy_world_join(void **state)
{
    (void)state;
    pthread_join(proxy_world.thread, NULL);
    unlink(proxy_world.certificate);
    unlink(proxy_world.key);
    unlink(proxy_world.ca);
    assert_int_equal(rmdir(proxy_world.directory), 0); /* the socket is gone too */
    return uv_loop_close(&proxy_world.loop);
}

int proxy_world_stop(void **state)
{
    uv_async_send(&proxy_world.stop);
    return proxy_world_join(state);
}

/* ---- Clients ------------------------------------------------------------- */

PGconn *proxy_world_try_socket(const char *user, const char *extra)
{
    char conninfo[1024];
    snprintf(conninfo, sizeof conninfo, "host=%s port=%d user=%s dbname=postgres %s",
             proxy_world.directory, proxy_world.port, user, extra);
    return PQconnectdb(conninfo);
}

PGconn *proxy_world_try_tcp(const char *user, const char *password)
{
    char conninfo[1024];
    snprintf(conninfo, sizeof conninfo,
             "host=127.0.0.1 port=%d user=%s dbname=postgres password='%s'", proxy_world.port, user,
             password);
    return PQconnectdb(conninfo);
}

PGconn *proxy_world_expect_login(PGconn *conn)
{
    if (PQstatus(conn) != CONNECTION_OK) {
        print_error("%s\n", PQerrorMessage(conn));
    }
    assert_int_equal(PQstatus(conn), CONNECTION_OK);
    return conn;
}

void proxy_world_expect_failure(PGconn *conn, const char *part)
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
    snprintf(proxy_world.notice, sizeof proxy_world.notice, "%s", message);
}

PGconn *proxy_world_login(void)
{
    PGconn *conn = proxy_world_expect_login(proxy_world_try_socket("admin", ""));
    proxy_world.notice[0] = '\0';
    PQsetNoticeProcessor(conn, keep_notice, NULL);
    return conn;
}

/* Whether the session ended with this error, which came while nothing or something was asked. */
void proxy_world_expect_last_words(PGconn *conn, const char *part)
{
    assert_int_equal(PQstatus(conn), CONNECTION_BAD);
    if (strstr(proxy_world.notice, part) == NULL && strstr(PQerrorMessage(conn), part) == NULL) {
        print_error("wanted %s in: %s and %s\n", part, proxy_world.notice, PQerrorMessage(conn));
        fail();
    }
}

/* Static: valid until the next call. */
const char *proxy_world_ask(PGconn *conn, const char *sql)
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

void proxy_world_expect_state(PGconn *conn, const char *sql, const char *sqlstate)
{
    PGresult *result = PQexec(conn, sql);
    const char *got = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    assert_string_equal(got == NULL ? "" : got, sqlstate == NULL ? "" : sqlstate);
    PQclear(result);
}
