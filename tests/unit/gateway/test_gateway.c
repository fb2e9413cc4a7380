/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway in a thread, a PostgreSQL to throw away behind it and libpq before it.
 * The certificate is made here.
 */
#include "base/clock.h"
#include "connect/signature_skew.h"
#include "gateway/gateway.h"
#include "postgres.h"
#include "token/token.h"
#include "token/verify.h"
#include "unit.h"
#include "wire/backend.h"
#include "wire/message.h"
#include "wire/startup.h"

#include <libpq-fe.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ENDPOINT "abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws"
#define ARN      "arn:aws:iam::123456789012:role/o'brien"

static struct {
    pthread_t thread;
    uv_loop_t loop;
    uv_async_t stop;
    struct gateway *gateway;
    char directory[64];
    char certificate[128];
    char key[128];
    char socket[256];
} fixture;

static bool find_identity(void *arg, struct text access_key_id, struct gateway_identity *out)
{
    (void)arg;
    bool is_temporary = text_equal_string(access_key_id, "ASIATEST");
    if (!is_temporary && !text_equal_string(access_key_id, "AKIDTEST")) {
        return false;
    }
    if (is_temporary && !secret_set_string(&out->session_token, "session")) {
        return false;
    }
    text_copy(text_of(ARN), out->arn, sizeof out->arn);
    out->may_connect = true;
    out->may_connect_admin = !is_temporary;
    return secret_set_string(&out->secret_access_key, "secret");
}

static void write_certificate(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509_set_pubkey(certificate, key);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1,
                               0);
    X509_set_issuer_name(certificate, name);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    FILE *file = fopen(fixture.certificate, "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_X509(file, certificate), 1);
    fclose(file);
    file = fopen(fixture.key, "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static void on_stopped(void *arg)
{
    (void)arg;
    gateway_free(fixture.gateway);
    uv_close((uv_handle_t *)&fixture.stop, NULL);
}

static void on_stop(uv_async_t *handle)
{
    (void)handle;
    gateway_stop(fixture.gateway, on_stopped, NULL);
}

static void *run_loop(void *arg)
{
    (void)arg;
    uv_run(&fixture.loop, UV_RUN_DEFAULT);
    return NULL;
}

static void find_socket(void)
{
    PGconn *conn = postgres_connect();
    snprintf(fixture.socket, sizeof fixture.socket, "%s/.s.PGSQL.%s", PQhost(conn), PQport(conn));
    PQfinish(conn);
}

static void make_database(void)
{
    postgres_run("CREATE ROLE admin LOGIN");
    postgres_run("CREATE ROLE app LOGIN");
    postgres_run("CREATE ROLE stranger LOGIN");
    postgres_run("CREATE ROLE dsql_owner LOGIN SUPERUSER");
    postgres_run("CREATE SCHEMA sys");
    postgres_run("GRANT USAGE ON SCHEMA sys TO PUBLIC");
    postgres_run("CREATE FUNCTION sys.iam_session_allowed(text) RETURNS boolean LANGUAGE sql AS "
                 "'SELECT session_user = ''app'' AND $1 LIKE ''%/o''''brien'''");
}

struct limits {
    int max_connections;
    int connection_burst;
    int session_s;
    int login_timeout_ms;
    long max_descriptors;
};

static int start_with(struct limits limits)
{
    snprintf(fixture.directory, sizeof fixture.directory, "/tmp/dsql-gateway-XXXXXX");
    assert_non_null(mkdtemp(fixture.directory));
    snprintf(fixture.certificate, sizeof fixture.certificate, "%s/crt", fixture.directory);
    snprintf(fixture.key, sizeof fixture.key, "%s/key", fixture.directory);
    write_certificate();
    const struct gateway_options options = {
        .certificate_file = fixture.certificate,
        .key_file = fixture.key,
        .endpoint = ENDPOINT,
        .region = "us-east-1",
        .server_socket = fixture.socket,
        .find_identity = find_identity,
        .max_connections = limits.max_connections,
        .connections_per_s = limits.connection_burst,
        .connection_burst = limits.connection_burst,
        .session_s = limits.session_s,
        .login_timeout_ms = limits.login_timeout_ms,
        .max_descriptors = limits.max_descriptors,
    };
    dsql_error err = {0};
    uv_loop_init(&fixture.loop);
    uv_async_init(&fixture.loop, &fixture.stop, on_stop);
    fixture.gateway = gateway_start(&fixture.loop, &options, &err);
    assert_string_equal(err.message, "");
    assert_non_null(fixture.gateway);
    return pthread_create(&fixture.thread, NULL, run_loop, NULL);
}

static int start(void **state)
{
    (void)state;
    make_database();
    find_socket();
    return start_with((struct limits){0});
}

static int start_tight(void **state)
{
    (void)state;
    return start_with((struct limits){.max_connections = 1, .session_s = 1});
}

static int start_slow(void **state)
{
    (void)state;
    return start_with((struct limits){.connection_burst = 1});
}

static int start_hasty(void **state)
{
    (void)state;
    return start_with((struct limits){.login_timeout_ms = 700});
}

/* Eight clients in each stage of a login, and twenty sessions. */
static int start_small(void **state)
{
    (void)state;
    return start_with((struct limits){.max_descriptors = 64 + 64 + 4});
}

static int start_without_server(void **state)
{
    (void)state;
    snprintf(fixture.socket, sizeof fixture.socket, "/nonexistent/.s.PGSQL.5432");
    return start_with((struct limits){0});
}

static int stop(void **state)
{
    (void)state;
    uv_async_send(&fixture.stop);
    pthread_join(fixture.thread, NULL);
    unlink(fixture.certificate);
    unlink(fixture.key);
    rmdir(fixture.directory);
    return uv_loop_close(&fixture.loop);
}

struct attempt {
    const char *user;
    const char *secret;
    const char *key;           /* NULL: the long-term one */
    const char *session_token; /* NULL: none */
    const char *extra;         /* further keywords */
    int64_t age_s;             /* how long ago the token was made */
    int action_plus_one;       /* 0: the right one */
};

/* The caller frees it with secret_free_string(). */
static char *make_token(struct attempt attempt)
{
    struct endpoint endpoint = {.host = ENDPOINT, .region = "us-east-1"};
    struct dsql_credentials credentials = {0};
    assert_true(secret_set_string(&credentials.access_key_id,
                                  attempt.key == NULL ? "AKIDTEST" : attempt.key));
    assert_true(secret_set_string(&credentials.session_token, attempt.session_token));
    assert_true(secret_set_string(&credentials.secret_access_key,
                                  attempt.secret == NULL ? "secret" : attempt.secret));
    const struct token_request request = {
        .endpoint = &endpoint,
        .action = attempt.action_plus_one == 0 ? token_action_for_user(attempt.user)
                                               : (enum token_action)(attempt.action_plus_one - 1),
        .seconds = 900,
        .now = clock_wall_s(clock_system()) - attempt.age_s,
    };
    char *token = NULL;
    dsql_error err = {0};
    assert_int_equal(token_make(&request, &credentials, &token, NULL, &err), DSQL_OK);
    credentials_clear(&credentials);
    return token;
}

static PGconn *try_login(struct attempt attempt)
{
    char *token = make_token(attempt);
    char conninfo[4096];
    snprintf(conninfo, sizeof conninfo,
             "host=" ENDPOINT " hostaddr=127.0.0.1 port=%d user=%s dbname=postgres "
             "sslmode=require password='%s' %s",
             gateway_port(fixture.gateway), attempt.user, token,
             attempt.extra == NULL ? "" : attempt.extra);
    PGconn *conn = PQconnectdb(conninfo);
    secret_free_string(token);
    return conn;
}

static void expect_fatal_error(struct attempt attempt, const char *part)
{
    PGconn *conn = try_login(attempt);
    assert_int_equal(PQstatus(conn), CONNECTION_BAD);
    if (strstr(PQerrorMessage(conn), part) == NULL) {
        print_error("wanted %s in: %s\n", part, PQerrorMessage(conn));
        fail();
    }
    PQfinish(conn);
}

static PGconn *login(const char *user)
{
    PGconn *conn = try_login((struct attempt){.user = user});
    if (PQstatus(conn) != CONNECTION_OK) {
        print_error("%s\n", PQerrorMessage(conn));
    }
    assert_int_equal(PQstatus(conn), CONNECTION_OK);
    return conn;
}

static void admin_comes_in(void **state)
{
    (void)state;
    PGconn *conn = login("admin");
    PGresult *result = PQexec(conn, "SELECT current_user");
    assert_string_equal(PQgetvalue(result, 0, 0), "admin");
    PQclear(result);
    assert_string_equal(PQparameterStatus(conn, "server_version"), "16.15");
    PQfinish(conn);
}

static void megabytes_pass_both_ways(void **state)
{
    (void)state;
    enum { SIZE = 9 * 1024 * 1024 };
    char *big = malloc(SIZE + 1);
    assert_non_null(big);
    memset(big, 'x', SIZE);
    big[SIZE] = '\0';
    const char *values[] = {big};
    PGconn *conn = login("admin");
    PGresult *result =
        PQexecParams(conn, "SELECT $1::text || $1::text", 1, NULL, values, NULL, NULL, 0);
    assert_int_equal(PQgetlength(result, 0, 0), 2 * SIZE);
    PQclear(result);
    PQfinish(conn);
    free(big);
}

static void message_over_10_mib_is_refused(void **state)
{
    (void)state;
    enum { SIZE = 10 * 1024 * 1024 };
    char *big = malloc(SIZE + 1);
    assert_non_null(big);
    memset(big, ' ', SIZE);
    big[SIZE] = '\0';
    PGconn *conn = login("admin");
    PGresult *result = PQexec(conn, big);
    assert_int_equal(PQresultStatus(result), PGRES_FATAL_ERROR);
    PQclear(result);
    assert_int_equal(PQstatus(conn), CONNECTION_BAD);
    PQfinish(conn);
    free(big);
}

static void mapped_role_comes_in_and_others_do_not(void **state)
{
    (void)state;
    PQfinish(login("app"));
    expect_fatal_error((struct attempt){.user = "stranger"}, "is not authorized to access this");
    expect_fatal_error((struct attempt){.user = "nobody"}, "is not authorized to access this");
    expect_fatal_error((struct attempt){.user = "dsql_owner"}, "access denied");
    expect_fatal_error((struct attempt){.user = "postgres"}, "is not authorized to access this");
}

static void wrong_tokens_are_refused_with_a_hint(void **state)
{
    (void)state;
    expect_fatal_error((struct attempt){.user = "admin", .secret = "other"},
                       "signature does not match");
    expect_fatal_error((struct attempt){.user = "admin", .age_s = 1000}, "Signature expired: ");
    expect_fatal_error((struct attempt){.user = "admin", .age_s = -1000}, "not yet current");
    expect_fatal_error((struct attempt){.user = "admin", .action_plus_one = TOKEN_CONNECT + 1},
                       "Wrong user to action mapping. user: admin, action: DbConnect");
    expect_fatal_error((struct attempt){.user = "app", .action_plus_one = TOKEN_CONNECT_ADMIN + 1},
                       "Wrong user to action mapping. user: app, action: DbConnectAdmin");
    expect_fatal_error((struct attempt){.user = "admin", .extra = "password=x"}, "Malformed token");
}

/* The hint has the gateway's time in it, whatever time the client thought it was. */
static void assert_skew_is_told(int64_t age_s)
{
    PGconn *conn = try_login((struct attempt){.user = "admin", .age_s = age_s});
    int64_t skew_s = INT64_MAX;
    int64_t now_s = clock_wall_s(clock_system());
    assert_int_equal(PQstatus(conn), CONNECTION_BAD);
    assert_true(signature_skew_measure(text_of(PQerrorMessage(conn)), now_s, &skew_s));
    assert_in_range(skew_s, 0, 10);
    PQfinish(conn);
}

static void refused_times_tell_the_skew(void **state)
{
    (void)state;
    assert_skew_is_told(1000);
    assert_skew_is_told(-1000);
    expect_fatal_error((struct attempt){.user = "admin", .age_s = 1000}, " - 15 min.)");
    expect_fatal_error((struct attempt){.user = "admin", .age_s = 1000}, " is now earlier than ");
    expect_fatal_error((struct attempt){.user = "admin", .age_s = -1000}, " + 5 min.)");
    expect_fatal_error((struct attempt){.user = "admin", .age_s = -1000}, " is still later than ");
}

static void session_tokens_must_be_those_of_the_key(void **state)
{
    (void)state;
    PGconn *conn =
        try_login((struct attempt){.user = "app", .key = "ASIATEST", .session_token = "session"});
    assert_int_equal(PQstatus(conn), CONNECTION_OK);
    PQfinish(conn);
    const char *part = "session token is missing or does not match";
    expect_fatal_error((struct attempt){.user = "app", .key = "ASIATEST"}, part);
    expect_fatal_error((struct attempt){.user = "app", .key = "ASIATEST", .session_token = "other"},
                       part);
    expect_fatal_error((struct attempt){.user = "app", .session_token = "session"}, part);
    expect_fatal_error((struct attempt){.user = "app", .key = "AKIDOTHER"}, "Unknown access key");
    expect_fatal_error(
        (struct attempt){.user = "admin", .key = "ASIATEST", .session_token = "session"},
        "is not authorized to perform: dsql:DbConnectAdmin");
}

static void lost_backend_ends_the_session_only(void **state)
{
    (void)state;
    PGconn *conn = login("admin");
    postgres_kill(PQbackendPID(conn));
    PGresult *result = PQexec(conn, "SELECT 1");
    assert_int_equal(PQstatus(conn), CONNECTION_BAD);
    PQclear(result);
    PQfinish(conn);
    PQfinish(login("admin"));
}

static void missing_server_is_said_so(void **state)
{
    (void)state;
    expect_fatal_error((struct attempt){.user = "admin"},
                       "unable to accept connection, server unavailable");
}

static void only_known_parameters_pass(void **state)
{
    (void)state;
    PGconn *conn = try_login((struct attempt){
        .user = "admin",
        .extra = "options='-c search_path=sys -c amzn-cluster-id=x --enable_seqscan=off'"});
    assert_int_equal(PQstatus(conn), CONNECTION_OK);
    PGresult *result = PQexec(conn, "SHOW search_path");
    assert_string_equal(PQgetvalue(result, 0, 0), "sys");
    PQclear(result);
    PQfinish(conn);
    expect_fatal_error((struct attempt){.user = "admin", .extra = "options='-c work_mem=1'"},
                       "setting configuration parameter \"work_mem\" not supported");
    expect_fatal_error((struct attempt){.user = "admin", .extra = "replication=database"},
                       "setting configuration parameter \"replication\" not supported");
    expect_fatal_error((struct attempt){.user = "admin", .extra = "dbname=other"},
                       "database \"other\" does not exist");
}

static void tls_and_a_name_are_required(void **state)
{
    (void)state;
    expect_fatal_error((struct attempt){.user = "admin", .extra = "sslmode=disable"},
                       "must use TLS");
    expect_fatal_error((struct attempt){.user = "admin", .extra = "sslsni=0"},
                       "sni was not received");
    expect_fatal_error((struct attempt){.user = "admin", .extra = "host=elsewhere.example"},
                       "No cluster has this name");
}

static void cancel_reaches_the_server(void **state)
{
    (void)state;
    PGconn *conn = login("admin");
    assert_int_equal(PQsendQuery(conn, "SELECT pg_sleep(30)"), 1);
    usleep(100000);
    PGcancel *cancel = PQgetCancel(conn);
    char message[256] = "";
    assert_int_equal(PQcancel(cancel, message, sizeof message), 1);
    PGresult *result = PQgetResult(conn);
    assert_string_equal(PQresultErrorField(result, PG_DIAG_SQLSTATE), "57014");
    PQclear(result);
    PQfreeCancel(cancel);
    PQfinish(conn);
}

static BIO *new_connection(SSL_CTX *context, const char *protocols, unsigned int len)
{
    char address[64];
    snprintf(address, sizeof address, "127.0.0.1:%d", gateway_port(fixture.gateway));
    BIO *bio = context == NULL ? BIO_new_connect(address) : BIO_new_ssl_connect(context);
    assert_non_null(bio);
    if (context != NULL) {
        SSL *ssl = NULL;
        BIO_get_ssl(bio, &ssl);
        BIO_set_conn_hostname(bio, address);
        static char name[] = "localhost"; /* OpenSSL's macro casts const away */
        SSL_set_tlsext_host_name(ssl, name);
        SSL_set_alpn_protos(ssl, (const unsigned char *)protocols, len);
    }
    return bio;
}

static BIO *connect_raw(SSL_CTX *context)
{
    BIO *bio = new_connection(context, "\012postgresql", 11);
    assert_true(BIO_do_connect(bio) > 0);
    return bio;
}

static void direct_tls_needs_alpn(void **state)
{
    (void)state;
    static const struct {
        const char *protocols;
        unsigned int len;
    } refused[] = {{"", 0}, {"\010http/1.1", 9}};
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        BIO *bio = new_connection(context, refused[i].protocols, refused[i].len);
        ERR_clear_error();
        assert_true(BIO_do_connect(bio) <= 0);
        assert_int_equal(ERR_GET_REASON(ERR_peek_error()),
                         SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL);
        BIO_free_all(bio);
    }
    ERR_clear_error();
    SSL_CTX_free(context);
}

static void direct_tls_and_newer_protocols_are_taken(void **state)
{
    (void)state;
    static const char hello[] = "\0\0\0\x2f\0\3\0\2user\0admin\0database\0postgres\0_pq_.x\0y\0";
    static const char answer[] = "v\0\0\0\x13\0\3\0\0\0\0\0\1_pq_.x\0R\0\0\0\x8\0\0\0\3";
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    BIO *bio = connect_raw(context);
    assert_int_equal(BIO_write(bio, hello, sizeof hello), sizeof hello);
    char got[sizeof answer - 1] = "";
    for (size_t len = 0; len < sizeof got;) {
        int more = BIO_read(bio, got + len, (int)(sizeof got - len));
        assert_true(more > 0);
        len += (size_t)more;
    }
    assert_memory_equal(got, answer, sizeof got);
    BIO_free_all(bio);
    SSL_CTX_free(context);
}

static void write_ahead(BIO *bio)
{
    char *token = make_token((struct attempt){.user = "admin"});
    struct buf password AUTO_BUF;
    struct buf bytes AUTO_BUF;
    buf_init(&password, TOKEN_MAX_SIZE + 1);
    buf_init(&bytes, 2 * TOKEN_MAX_SIZE);
    buf_add(&password, token, strlen(token) + 1);
    startup_begin(&bytes);
    startup_add(&bytes, text_of("user"), text_of("admin"));
    startup_add(&bytes, text_of("database"), text_of("postgres"));
    startup_end(&bytes);
    frame_write(&bytes, FRONTEND_PASSWORD, buf_text(&password));
    frame_write(&bytes, FRONTEND_QUERY, text_of_bytes("SELECT 'ahead'", sizeof "SELECT 'ahead'"));
    frame_write(&bytes, FRONTEND_TERMINATE, text_of(""));
    assert_true(buf_ok(&bytes));
    assert_int_equal(BIO_write(bio, bytes.data, (int)bytes.len), bytes.len);
    secret_free_string(token);
}

/* Startup message, password, query and the end in one write: each state leaves the rest to
   the next. */
static void client_that_does_not_wait_is_answered_in_order(void **state)
{
    (void)state;
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    BIO *bio = connect_raw(context);
    write_ahead(bio);
    char got[8192] = "";
    size_t len = 0;
    for (int more = 1; more > 0 && len<sizeof got - 1; len += more> 0 ? (size_t)more : 0) {
        more = BIO_read(bio, got + len, (int)(sizeof got - 1 - len));
    }
    static const char answer[] = "D\0\0\0\x0f\0\1\0\0\0\5aheadC\0\0\0\rSELECT 1\0Z\0\0\0\5I";
    assert_true(len >= sizeof answer - 1);
    assert_memory_equal(got + len - (sizeof answer - 1), answer, sizeof answer - 1);
    BIO_free_all(bio);
    SSL_CTX_free(context);
}

static void gss_is_declined_and_bytes_behind_ssl_request_are_not_taken(void **state)
{
    (void)state;
    BIO *bio = connect_raw(NULL);
    char byte = 0;
    assert_int_equal(BIO_write(bio, "\0\0\0\x8\x4\xd2\x16\x30", 8), 8);
    assert_int_equal(BIO_read(bio, &byte, 1), 1);
    assert_int_equal(byte, 'N');
    assert_int_equal(BIO_write(bio, "\0\0\0\x8\x4\xd2\x16\x2fstuffed", 15), 15);
    assert_true(BIO_read(bio, &byte, 1) <= 0);
    BIO_free_all(bio);
}

/* ---- Startup messages that are not valid ---- */

struct answer {
    char sqlstate[8]; /* "": closed without an error; "2": an error of protocol 2 */
    char message[128];
};

/* Reads up to the end.  Takes the connection. */
static struct answer read_answer(BIO *bio)
{
    struct answer answer = {.sqlstate = ""};
    char got[2048];
    size_t len = 0;
    int more = 1;
    while (more > 0 && len < sizeof got) {
        more = BIO_read(bio, got + len, (int)(sizeof got - len));
        len += more > 0 ? (size_t)more : 0;
    }
    struct frame frame;
    struct error_fields fields;
    if (frame_next(text_of_bytes(got, len), sizeof got, &frame) == FRAME_COMPLETE &&
        frame.type == BACKEND_ERROR && backend_parse_error(frame.body, &fields)) {
        text_copy(fields.sqlstate, answer.sqlstate, sizeof answer.sqlstate);
        text_copy(fields.message, answer.message, sizeof answer.message);
    } else if (text_starts_with(text_of_bytes(got, len), "EFATAL:  ")) {
        snprintf(answer.sqlstate, sizeof answer.sqlstate, "2");
        text_copy(text_slice(text_of_bytes(got, len), 1, len), answer.message,
                  sizeof answer.message);
    }
    BIO_free_all(bio);
    return answer;
}

static struct answer answer_of_postgresql(const char *bytes, size_t len)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    text_copy(text_of(fixture.socket), address.sun_path, sizeof address.sun_path);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(write(fd, bytes, len), len);
    shutdown(fd, SHUT_WR);
    return read_answer(BIO_new_socket(fd, BIO_CLOSE));
}

static struct answer answer_of_gateway(SSL_CTX *context, const char *bytes, size_t len)
{
    BIO *bio = connect_raw(context);
    assert_int_equal(BIO_write(bio, bytes, (int)len), len);
    return read_answer(bio);
}

/* A server may be newer than the gateway says that it is, and support a later protocol. */
static void assert_same_answer(struct answer one, struct answer other)
{
    const char *newest = strstr(one.message, ": server supports");
    size_t len = newest == NULL ? strlen(one.message) : (size_t)(newest - one.message);
    assert_string_equal(one.sqlstate, other.sqlstate);
    assert_int_equal(strncmp(one.message, other.message, len), 0);
}

static void invalid_startups_are_answered_as_by_postgresql(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        const char *sqlstate;
    } packets[] = {
        {"\0\0\0\x8\0\2\0\0", 8, "2"},
        {"\0\0\0\xc\0\1\0\0user", 12, "2"},
        {"\0\0\0\x8\0\4\0\0", 8, "0A000"},
        {"\0\0\0\x8\xff\xff\xff\xff", 8, "0A000"},
        {"\0\0\0\x8\x4\xd2\x16\x31", 8, "0A000"}, /* 1234.5681 */
        {"\0\0\0\xc\0\3\0\0user", 12, "08P01"},
        {"\0\0\0\x12\0\3\0\0user\0admin", 18, "08P01"},
        {"\0\0\0\xa\0\3\0\0\0x", 10, "08P01"},
        {"\0\0\0\x7\0\3\0", 7, ""}, /* an invalid length */
        {"\0\0\x27\x11\0\3\0\0", 8, ""},
        {"\xff\xff\xff\xff\0\3\0\0", 8, ""},
        {"\0\0\0\xc\x4\xd2\x16\x2e\0\0\0\1", 12, ""}, /* a CancelRequest without a key */
    };
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    for (size_t i = 0; i < sizeof packets / sizeof *packets; i++) {
        const char *bytes = packets[i].bytes;
        struct answer expected = answer_of_postgresql(bytes, packets[i].len);
        assert_string_equal(expected.sqlstate, packets[i].sqlstate);
        assert_same_answer(expected, answer_of_gateway(NULL, bytes, packets[i].len));
        assert_same_answer(expected, answer_of_gateway(context, bytes, packets[i].len));
    }
    SSL_CTX_free(context);
}

static void requests_for_encryption_are_made_once(void **state)
{
    (void)state;
    static const char gss[] = "\0\0\0\x8\x4\xd2\x16\x30";
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    struct answer answer = answer_of_gateway(context, "\0\0\0\x8\x4\xd2\x16\x2f", 8);
    assert_string_equal(answer.sqlstate, "0A000");
    BIO *bio = connect_raw(NULL);
    char byte = 0;
    assert_int_equal(BIO_write(bio, gss, 8), 8);
    assert_int_equal(BIO_read(bio, &byte, 1), 1);
    assert_int_equal(BIO_write(bio, gss, 8), 8);
    assert_string_equal(read_answer(bio).sqlstate, "0A000");
    SSL_CTX_free(context);
}

/* A key that no session has goes no further: PostgreSQL would start a process for it. */
static void cancel_request_with_a_wrong_key_is_closed(void **state)
{
    (void)state;
    struct answer answer = answer_of_gateway(NULL, "\0\0\0\x10\x4\xd2\x16\x2e\0\0\0\1abcd", 16);
    assert_string_equal(answer.sqlstate, "");
}

/* ---- Many connections ---- */

enum { MANY = 100 };

/* Opens many connections, which do what they are told, and logs in between and after them. */
static void login_passes(void (*begin)(BIO *bio), SSL_CTX *context)
{
    BIO *many[MANY];
    for (int i = 0; i < MANY; i++) {
        many[i] = connect_raw(context);
        begin(many[i]);
        if (i % 20 == 0) {
            PQfinish(login("admin"));
        }
    }
    PQfinish(login("admin"));
    char byte = 0;
    assert_true(BIO_read(many[0], &byte, 1) <= 0); /* it has made room */
    for (int i = 0; i < MANY; i++) {
        BIO_free_all(many[i]);
    }
}

static void begin_nothing(BIO *bio)
{
    (void)bio;
}

static void begin_slowly(BIO *bio)
{
    assert_int_equal(BIO_write(bio, "\0", 1), 1);
}

static void begin_cancel(BIO *bio)
{
    (void)BIO_write(bio, "\0\0\0\x10\x4\xd2\x16\x2e\0\0\0\1abcd", 16);
}

static void silent_connections_make_room(void **state)
{
    (void)state;
    login_passes(begin_nothing, NULL);
}

static void slow_connections_make_room(void **state)
{
    (void)state;
    login_passes(begin_slowly, NULL);
}

static void connections_that_only_do_tls_make_room(void **state)
{
    (void)state;
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    login_passes(begin_nothing, context);
    SSL_CTX_free(context);
}

static void cancel_requests_do_not_take_room(void **state)
{
    (void)state;
    login_passes(begin_cancel, NULL);
}

static void sessions_are_limited_by_descriptors(void **state)
{
    (void)state;
    PGconn *sessions[MANY];
    int count = 0;
    bool is_in = true;
    while (is_in && count < MANY) {
        sessions[count] = try_login((struct attempt){.user = "admin"});
        is_in = PQstatus(sessions[count]) == CONNECTION_OK;
        count++;
    }
    assert_in_range(count, 10, 40);
    assert_non_null(strstr(PQerrorMessage(sessions[count - 1]), "too many open connections"));
    while (count > 0) {
        PQfinish(sessions[--count]);
    }
}

static void many_new_keys_end_a_connection(void **state)
{
    (void)state;
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    BIO *bio = connect_raw(context);
    SSL *ssl = NULL;
    BIO_get_ssl(bio, &ssl);
    for (int i = 0; i < 200 && SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED) == 1; i++) {
        (void)SSL_do_handshake(ssl);
    }
    char byte = 0;
    assert_true(BIO_read(bio, &byte, 1) <= 0);
    BIO_free_all(bio);
    SSL_CTX_free(context);
}

static void second_connection_is_one_too_many_and_the_first_ends_in_time(void **state)
{
    (void)state;
    PGconn *conn = login("admin");
    expect_fatal_error((struct attempt){.user = "admin"},
                       "Unable to accept connection, too many open connections.");
    PGresult *result = PQexec(conn, "SELECT pg_sleep(20)");
    assert_int_equal(PQstatus(conn), CONNECTION_BAD);
    assert_non_null(strstr(PQerrorMessage(conn), "maximum connection duration"));
    PQclear(result);
    PQfinish(conn);
}

static void connections_in_a_hurry_are_refused(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) { /* these do not count */
        expect_fatal_error((struct attempt){.user = "admin", .age_s = 1000}, "Signature expired: ");
    }
    PQfinish(login("admin"));
    expect_fatal_error((struct attempt){.user = "admin"},
                       "Unable to accept connection, rate exceeded.");
}

/* PostgreSQL's limit may be below the gateway's. */
static void postgresql_has_no_room(void **state)
{
    (void)state;
    postgres_run("ALTER ROLE app CONNECTION LIMIT 0");
    expect_fatal_error((struct attempt){.user = "app"},
                       "Unable to accept connection, too many open connections.");
    postgres_run("ALTER ROLE app CONNECTION LIMIT -1");
}

static void silent_connection_is_closed(void **state)
{
    (void)state;
    BIO *bio = connect_raw(NULL);
    char byte = 0;
    assert_true(BIO_read(bio, &byte, 1) <= 0);
    BIO_free_all(bio);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    bio = connect_raw(context);
    assert_true(BIO_read(bio, &byte, 1) <= 0);
    BIO_free_all(bio);
    SSL_CTX_free(context);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN); /* as the daemon does */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(admin_comes_in),
        cmocka_unit_test(megabytes_pass_both_ways),
        cmocka_unit_test(message_over_10_mib_is_refused),
        cmocka_unit_test(mapped_role_comes_in_and_others_do_not),
        cmocka_unit_test(postgresql_has_no_room),
        cmocka_unit_test(wrong_tokens_are_refused_with_a_hint),
        cmocka_unit_test(refused_times_tell_the_skew),
        cmocka_unit_test(session_tokens_must_be_those_of_the_key),
        cmocka_unit_test(lost_backend_ends_the_session_only),
        cmocka_unit_test(only_known_parameters_pass),
        cmocka_unit_test(tls_and_a_name_are_required),
        cmocka_unit_test(cancel_reaches_the_server),
        cmocka_unit_test(direct_tls_and_newer_protocols_are_taken),
        cmocka_unit_test(direct_tls_needs_alpn),
        cmocka_unit_test(client_that_does_not_wait_is_answered_in_order),
        cmocka_unit_test(gss_is_declined_and_bytes_behind_ssl_request_are_not_taken),
        cmocka_unit_test(invalid_startups_are_answered_as_by_postgresql),
        cmocka_unit_test(requests_for_encryption_are_made_once),
        cmocka_unit_test(cancel_request_with_a_wrong_key_is_closed),
        cmocka_unit_test(many_new_keys_end_a_connection),
    };
    const struct CMUnitTest small[] = {
        cmocka_unit_test(silent_connections_make_room),
        cmocka_unit_test(slow_connections_make_room),
        cmocka_unit_test(connections_that_only_do_tls_make_room),
        cmocka_unit_test(cancel_requests_do_not_take_room),
        cmocka_unit_test(sessions_are_limited_by_descriptors),
    };
    const struct CMUnitTest tight[] = {
        cmocka_unit_test(second_connection_is_one_too_many_and_the_first_ends_in_time),
    };
    const struct CMUnitTest slow[] = {
        cmocka_unit_test(connections_in_a_hurry_are_refused),
    };
    const struct CMUnitTest hasty[] = {
        cmocka_unit_test(silent_connection_is_closed),
    };
    const struct CMUnitTest alone[] = {
        cmocka_unit_test(missing_server_is_said_so),
    };
    return cmocka_run_group_tests(tests, start, stop) +
           cmocka_run_group_tests(small, start_small, stop) +
           cmocka_run_group_tests(tight, start_tight, stop) +
           cmocka_run_group_tests(slow, start_slow, stop) +
           cmocka_run_group_tests(hasty, start_hasty, stop) +
           cmocka_run_group_tests(alone, start_without_server, stop);
}
