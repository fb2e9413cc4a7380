/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A gateway in a process of its own, as the daemon, which reads the identities from their file.
 * After logins its memory is searched for what only this process should still have.  There is no
 * PostgreSQL: its absence is reported only after the token has been checked.
 */
#include "base/clock.h"
#include "base/secret.h"
#include "certificate.h"
#include "gateway/gateway.h"
#include "local/file.h"
#include "local/identity.h"
#include "local/wiped_memory.h"
#include "process_memory.h"
#include "sigv4/sigv4.h"
#include "token/token.h"
#include "unit.h"

#include <libpq-fe.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ENDPOINT      "abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws"
#define ACCESS_KEY_ID "ASIATEST"

enum { SECRET_SIZE = 40, SESSION_TOKEN_SIZE = 400, LOGINS = 3 };

static struct {
    char directory[64];
    char certificate[96];
    char key[96];
    char identities[96];
    pid_t daemon;
    int port;
} fixture;

static bool find_identity(void *arg, struct text access_key_id, struct gateway_identity *out)
{
    (void)arg;
    return identity_find(fixture.identities, access_key_id, out);
}

/* Returns only if the gateway could not start. */
static void serve(int report)
{
    uv_loop_t loop;
    dsql_error err = {0};
    const struct gateway_options options = {
        .certificate_file = fixture.certificate,
        .key_file = fixture.key,
        .endpoint = ENDPOINT,
        .region = "us-east-1",
        .server_socket = "/nonexistent/.s.PGSQL.5432",
        .find_identity = find_identity,
    };
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    uv_loop_init(&loop);
    struct gateway *gateway = gateway_start(&loop, &options, &err);
    int port = gateway == NULL ? 0 : gateway_port(gateway);
    if (write(report, &port, sizeof port) == sizeof port && port > 0) {
        uv_run(&loop, UV_RUN_DEFAULT);
    }
}

static int start(void **state)
{
    int ends[2];
    (void)state;
    snprintf(fixture.directory, sizeof fixture.directory, "/tmp/dsql-memory-XXXXXX");
    assert_non_null(mkdtemp(fixture.directory));
    snprintf(fixture.certificate, sizeof fixture.certificate, "%s/crt", fixture.directory);
    snprintf(fixture.key, sizeof fixture.key, "%s/key", fixture.directory);
    snprintf(fixture.identities, sizeof fixture.identities, "%s/identities", fixture.directory);
    struct certificate certificate = certificate_make("localhost", NULL, false, -60, 3600);
    certificate_write(&certificate, fixture.certificate, fixture.key);
    certificate_free(&certificate);
    assert_int_equal(pipe(ends), 0);
    fixture.daemon = fork();
    assert_true(fixture.daemon >= 0);
    if (fixture.daemon == 0) {
        close(ends[0]);
        serve(ends[1]);
        _exit(1);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &fixture.port, sizeof fixture.port), sizeof fixture.port);
    close(ends[0]);
    return fixture.port > 0 ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    kill(fixture.daemon, SIGKILL);
    waitpid(fixture.daemon, NULL, 0);
    return directory_remove(fixture.directory, NULL) == DSQL_OK ? 0 : -1;
}

/* Made after the fork, so that the other process knows them from the file and the token alone. */
struct keys {
    char secret[SECRET_SIZE + 1];
    char session_token[SESSION_TOKEN_SIZE + 1];
};

static void make_keys(struct keys *keys)
{
    char content[2048];
    process_memory_random_secret(keys->secret, SECRET_SIZE);
    process_memory_random_secret(keys->session_token, SESSION_TOKEN_SIZE);
    snprintf(content, sizeof content,
             "{\"identities\": [{\"access_key_id\": \"" ACCESS_KEY_ID
             "\", \"secret_access_key\": \"%s\", \"session_token\": \"%s\","
             " \"arn\": \"arn:aws:iam::000000000000:user/x\", \"may_connect_admin\": true}]}",
             keys->secret, keys->session_token);
    assert_int_equal(file_replace(fixture.identities, 0600, text_of(content), NULL), DSQL_OK);
}

static char *make_token(const struct keys *keys, int64_t now)
{
    struct endpoint endpoint = {.host = ENDPOINT, .region = "us-east-1"};
    struct dsql_credentials credentials = {0};
    const struct token_request request = {
        .endpoint = &endpoint, .action = TOKEN_CONNECT_ADMIN, .seconds = 900, .now = now};
    char *token = NULL;
    assert_true(secret_set_string(&credentials.access_key_id, ACCESS_KEY_ID) &&
                secret_set_string(&credentials.secret_access_key, keys->secret) &&
                secret_set_string(&credentials.session_token, keys->session_token));
    assert_int_equal(token_make(&request, &credentials, &token, NULL, NULL), DSQL_OK);
    credentials_clear(&credentials);
    return token;
}

/* "server unavailable" means that the token was valid. */
static void login(const char *token, const char *expected)
{
    char conninfo[4096];
    snprintf(conninfo, sizeof conninfo,
             "host=" ENDPOINT " hostaddr=127.0.0.1 port=%d user=admin dbname=postgres "
             "sslmode=require password='%s'",
             fixture.port, token);
    PGconn *conn = PQconnectdb(conninfo);
    if (strstr(PQerrorMessage(conn), expected) == NULL) {
        fail_msg("%s", PQerrorMessage(conn));
    }
    PQfinish(conn);
}

static void hex_to_bytes(const char *hex, unsigned char *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        out[i] = (unsigned char)strtoul(digits, NULL, 16);
    }
}

static size_t find(const char *name, const void *bytes, size_t len)
{
    return process_memory_find(fixture.daemon, name, bytes, len);
}

/* As bytes and in hex. */
static size_t find_both(const char *name, const unsigned char *bytes, size_t len)
{
    char hex[2 * SIGV4_KEY_SIZE + 1];
    text_hex(bytes, len, hex);
    return find(name, bytes, len) + find(name, hex, 2 * len);
}

static void no_secret_is_left_after_logins(void **state)
{
    (void)state;
    struct keys keys;
    unsigned char key[SIGV4_KEY_SIZE];
    unsigned char signature[SIGV4_KEY_SIZE];
    int64_t now = clock_wall_s(clock_system());
    make_keys(&keys);
    char *token = make_token(&keys, now);
    for (int i = 0; i < LOGINS; i++) {
        login(token, "server unavailable");
        login("x", "Malformed token");
    }
    struct secret secret = {keys.secret, SECRET_SIZE};
    struct sigv4_scope scope = {.region = "us-east-1", .service = "dsql"};
    char when[CLOCK_BASIC_SIZE];
    clock_format_basic(now, when);
    memcpy(scope.time, when, sizeof scope.time);
    struct sha256 hash AUTO_SHA256 = {0};
    assert_true(sha256_init(&hash) && sigv4_signing_key(&hash, &secret, &scope, key));
    hex_to_bytes(strstr(token, "X-Amz-Signature=") + strlen("X-Amz-Signature="), signature,
                 sizeof signature);

    size_t found = find("secret access key", keys.secret, SECRET_SIZE) +
                   find("session token", keys.session_token, SESSION_TOKEN_SIZE) +
                   find_both("signing key", key, sizeof key) +
                   find_both("signature", signature, sizeof signature);
    assert_int_equal(found, 0);
    secret_free_string(token);
}

/* The search itself works: what everybody may know is found. */
static void search_finds_what_is_there(void **state)
{
    (void)state;
    assert_true(find("path of the identities", fixture.identities, strlen(fixture.identities)) > 0);
}

int main(void)
{
    wiped_memory_use();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_secret_is_left_after_logins),
        cmocka_unit_test(search_finds_what_is_there),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
