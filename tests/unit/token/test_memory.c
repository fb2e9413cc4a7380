/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that uses the library and has freed everything: nothing of the credentials, of the
 * token and of what is between them is left in its memory.  Credentials from a file, which is
 * parsed, and from its own functions.
 */
#include "base/clock.h"
#include "base/secret.h"
#include "process_memory.h"
#include "sigv4/sigv4.h"
#include "unit.h"

#include <dsql.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ENDPOINT "abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws"

enum { SECRET_SIZE = 40, SESSION_TOKEN_SIZE = 400, KINDS = 2 };

struct keys {
    char secret[SECRET_SIZE + 1];
    char session_token[SESSION_TOKEN_SIZE + 1];
};

static struct {
    char file[64];
    pid_t child;
    int to_child;
    int from_child;
} fixture;

/* ---- The process that is searched ---- */

static void use(dsql_credentials_provider *provider)
{
    dsql_error err = {0};
    const dsql_options *options = DSQL_OPTIONS(.host = ENDPOINT, .credentials = provider);
    dsql_credentials *credentials = dsql_credentials_fetch(provider, &err);
    char *token = dsql_token(options, NULL, &err);
    dsql_params *params = dsql_params_new(options, &err);
    if (credentials == NULL || token == NULL || params == NULL) {
        fprintf(stderr, "%s\n", err.message);
        _exit(1);
    }
    dsql_credentials_free(credentials);
    dsql_token_free(token);
    dsql_params_free(params);
    dsql_credentials_unref(provider);
}

/* Returns only if the test has ended. */
static void run_child(int from_test, int to_test)
{
    struct keys keys;
    dsql_error err = {0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setenv("AWS_SHARED_CREDENTIALS_FILE", fixture.file, 1);
    setenv("AWS_CONFIG_FILE", "/nonexistent", 1);
    unsetenv("AWS_ACCESS_KEY_ID");
    unsetenv("AWS_SECRET_ACCESS_KEY");
    unsetenv("AWS_PROFILE");
    if (read(from_test, &keys, sizeof keys) != sizeof keys) {
        _exit(1);
    }
    use(dsql_credentials_static("ASIASTATIC", keys.secret, keys.session_token, &err));
    secret_wipe(&keys, sizeof keys);
    use(dsql_credentials_default("default", &err));
    if (write(to_test, "x", 1) == 1) {
        pause();
    }
}

/* ---- The test ---- */

static int start(void **state)
{
    int down[2] = {-1, -1};
    int up[2] = {-1, -1};
    (void)state;
    snprintf(fixture.file, sizeof fixture.file, "/tmp/dsql-credentials-XXXXXX");
    int file = mkstemp(fixture.file);
    assert_true(file >= 0);
    close(file);
    assert_true(pipe(down) == 0 && pipe(up) == 0);
    fixture.child = fork();
    assert_true(fixture.child >= 0);
    if (fixture.child == 0) {
        run_child(down[0], up[1]);
        _exit(1);
    }
    close(down[0]);
    close(up[1]);
    fixture.to_child = down[1];
    fixture.from_child = up[0];
    return 0;
}

static int stop(void **state)
{
    (void)state;
    kill(fixture.child, SIGKILL);
    waitpid(fixture.child, NULL, 0);
    close(fixture.to_child);
    close(fixture.from_child);
    return unlink(fixture.file);
}

static void make_keys(struct keys keys[KINDS])
{
    for (int i = 0; i < KINDS; i++) {
        process_memory_random_secret(keys[i].secret, SECRET_SIZE);
        process_memory_random_secret(keys[i].session_token, SESSION_TOKEN_SIZE);
    }
    FILE *file = fopen(fixture.file, "we");
    assert_non_null(file);
    fprintf(file,
            "[default]\naws_access_key_id = ASIAFILE\naws_secret_access_key = %s\n"
            "aws_session_token = %s\n",
            keys[1].secret, keys[1].session_token);
    fclose(file);
}

static size_t find(const char *name, const void *bytes, size_t len)
{
    return process_memory_find(fixture.child, name, bytes, len);
}

/* What was derived from a secret for the day.  Around midnight it may be that of another day. */
static size_t find_signing_key(const char *secret_access_key, int64_t now)
{
    unsigned char key[SIGV4_KEY_SIZE];
    char when[CLOCK_BASIC_SIZE];
    struct sigv4_scope scope = {.region = "us-east-1", .service = "dsql"};
    struct secret secret = {0};
    assert_true(secret_set_string(&secret, secret_access_key));
    clock_format_basic(now, when);
    memcpy(scope.time, when, sizeof scope.time);
    struct sha256 hash AUTO_SHA256 = {0};
    assert_true(sha256_init(&hash) && sigv4_signing_key(&hash, &secret, &scope, key));
    secret_clear(&secret);
    return find("signing key", key, sizeof key);
}

static void no_secret_is_left(void **state)
{
    (void)state;
    struct keys keys[KINDS];
    char byte = 0;
    make_keys(keys);
    assert_int_equal(write(fixture.to_child, &keys[0], sizeof keys[0]), sizeof keys[0]);
    assert_int_equal(read(fixture.from_child, &byte, 1), 1);
    size_t found = find("signature of a token", "&X-Amz-Signature=", 17);
    for (int i = 0; i < KINDS; i++) {
        found += find("secret access key", keys[i].secret, SECRET_SIZE) +
                 find("session token", keys[i].session_token, SESSION_TOKEN_SIZE) +
                 find_signing_key(keys[i].secret, clock_wall_s(clock_system()));
    }
    assert_int_equal(found, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_secret_is_left),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
