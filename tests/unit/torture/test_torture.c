/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Each allocation made to fail in turn, alone and with all after it: DSQL_ERR_NOMEM, no
 * crash, and under the address sanitizer no leak.
 */
#include "config/profile_file.h"
#include "config/settings.h"
#include "credentials/chain/chain.h"
#include "credentials/source.h"
#include "credentials/sources/container.h"
#include "credentials/sources/login.h"
#include "credentials/sources/sso.h"
#include "login_world.h"
#include "postgres.h"
#include "source_world.h"
#include "torture.h"
#include "unit.h"
#include "world.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST "abcdefghijklmnopqrst012345.dsql.us-east-1.on.aws"

/* ---- Options, profiles, tokens ---- */

static const char *const keywords[] = {"target_session_attrs", "options", NULL};
static const char *const values[] = {"any", "-c search_path=public", NULL};

static dsql_status resolve_settings(dsql_error *err)
{
    struct settings settings = {0};
    dsql_credentials_provider *keys = dsql_credentials_static("akid", "secret", "token", err);
    if (keys == NULL) {
        return err->status;
    }
    const dsql_options *options =
        DSQL_OPTIONS(.conninfo = "dsql://app%40x@" HOST "/postgres?region=us-east-1&profile=dev"
                                 "&application_name=a%20b&connect_timeout=3&keepalives=1",
                     .credentials = keys, .ca_file = "/ca.pem", .pq_keywords = keywords,
                     .pq_values = values);
    dsql_status status = settings_resolve(options, &settings, err);
    if (status == DSQL_OK) {
        settings_clear(&settings);
    }
    dsql_credentials_unref(keys);
    return status;
}

static dsql_status parse_pairs(dsql_error *err)
{
    struct settings settings = {0};
    const dsql_options *options =
        DSQL_OPTIONS(.conninfo = "host=" HOST
                                 " user='a b' sslcompression=0 profile = dev keepalives_idle=5");
    dsql_status status = settings_resolve(options, &settings, err);
    if (status == DSQL_OK) {
        settings_clear(&settings);
    }
    return status;
}

static dsql_status parse_profiles(dsql_error *err)
{
    struct profile_set *set = profile_set_parse(
        text_of("[default]\nregion = us-east-1\n[profile dev]\nrole_arn = r\nsource_profile = b\n"
                "s3 =\n  a = b\n  c = d\n[sso-session s]\nsso_region = eu-west-1\n[services x]\n"
                "sts =\n  endpoint_url = https://x\n"),
        text_of("[default]\naws_access_key_id = a\naws_secret_access_key = b\n[b]\n"
                "aws_access_key_id = c\naws_access_key_id = d\n"),
        err);
    dsql_status status = set == NULL ? err->status : DSQL_OK;
    profile_set_free(set);
    return status;
}

static dsql_status make_token(dsql_error *err)
{
    dsql_credentials_provider *keys =
        dsql_credentials_static("akid", "secret", "a/long+token", err);
    if (keys == NULL) {
        return err->status;
    }
    char *token = dsql_token(DSQL_OPTIONS(.host = HOST, .credentials = keys), NULL, err);
    dsql_status status = token == NULL ? err->status : DSQL_OK;
    dsql_token_free(token);
    dsql_credentials_unref(keys);
    return status;
}

static dsql_status make_params(dsql_error *err)
{
    dsql_credentials_provider *keys = dsql_credentials_static("akid", "secret", NULL, err);
    if (keys == NULL) {
        return err->status;
    }
    dsql_params *params =
        dsql_params_new(DSQL_OPTIONS(.host = HOST, .credentials = keys, .ca_file = "/ca.pem",
                                     .pq_keywords = keywords, .pq_values = values),
                        err);
    dsql_status status = params == NULL ? err->status : DSQL_OK;
    dsql_params_free(params);
    dsql_credentials_unref(keys);
    return status;
}

static void options_profiles_and_tokens(void **state)
{
    (void)state;
    torture("settings", resolve_settings, DSQL_OK);
    torture("settings from pairs", parse_pairs, DSQL_OK);
    torture("profiles", parse_profiles, DSQL_OK);
    torture("token", make_token, DSQL_ERR_TOKEN);
    torture("params", make_params, DSQL_ERR_TOKEN);
}

/* ---- Credentials ---- */

static struct source_world sources;

static dsql_status fetch_from(const struct replay_exchange *exchanges, size_t count,
                              dsql_error *err)
{
    replay_init(&sources.replay, exchanges, count);
    dsql_credentials_provider *provider = chain_new_default(&sources.context, err);
    if (provider == NULL) {
        return err->status;
    }
    dsql_credentials *got = dsql_credentials_fetch(provider, err);
    dsql_status status = got == NULL ? err->status : DSQL_OK;
    /* A source that could not be read is no source that is not there: the next one would win. */
    assert_null(strstr(err->message, "no AWS credentials found"));
    dsql_credentials_free(got);
    dsql_credentials_unref(provider);
    return status;
}

static dsql_status fetch_environment(dsql_error *err)
{
    return fetch_from(NULL, 0, err);
}

static void from_the_environment(void **state)
{
    (void)state;
    source_world_init(&sources, NULL, 0);
    setenv("AWS_ACCESS_KEY_ID", "akid", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    setenv("AWS_SESSION_TOKEN", "token", 1);
    torture("environment", fetch_environment, DSQL_OK);
}

static const struct source_file files[] = {
    {"/home/.aws/config", "[profile dev]\nregion = us-east-1\n"},
    {"/home/.aws/credentials", "[dev]\naws_access_key_id=a\naws_secret_access_key=b\n"},
    {"/token", "web-identity-token"},
};

static void from_a_profile(void **state)
{
    (void)state;
    source_world_init(&sources, NULL, 0);
    sources.files = files;
    sources.file_count = sizeof files / sizeof files[0];
    setenv("AWS_PROFILE", "dev", 1);
    torture("profile", fetch_environment, DSQL_ERR_CREDENTIALS);
}

#define STS_ANSWER(action)                                                                         \
    "<" action "Response><" action "Result><Credentials><AccessKeyId>A</AccessKeyId>"              \
    "<SecretAccessKey>hush</SecretAccessKey><SessionToken>hush</SessionToken>"                     \
    "<Expiration>2050-08-27T00:00:00Z</Expiration></Credentials></" action "Result></" action      \
    "Response>"

static const struct replay_exchange sts_exchanges[] = {
    {.method = "POST",
     .url = "https://sts.us-east-1.amazonaws.com/",
     .status = 200,
     .answer = STS_ANSWER("AssumeRoleWithWebIdentity")},
    {.method = "POST",
     .url = "https://sts.us-east-1.amazonaws.com/",
     .status = 200,
     .answer = STS_ANSWER("AssumeRole")},
};

static const struct source_file role_files[] = {
    {"/home/.aws/config", "[default]\nrole_arn=arn:a\nsource_profile=b\nregion=us-east-1\n"
                          "ca_bundle=/ca\n[profile b]\nrole_arn=arn:b\n"
                          "web_identity_token_file=/token\n"},
    {"/token", "web-identity-token"},
};

static dsql_status fetch_roles(dsql_error *err)
{
    return fetch_from(sts_exchanges, 2, err);
}

static void from_roles(void **state)
{
    (void)state;
    source_world_init(&sources, NULL, 0);
    sources.files = role_files;
    sources.file_count = sizeof role_files / sizeof role_files[0];
    torture("roles", fetch_roles, DSQL_ERR_CREDENTIALS);
}

static const struct source_file process_files[] = {
    {"/home/.aws/config", "[default]\ncredential_process=echo "
                          "'{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\"}'\n"},
};

static void from_a_process(void **state)
{
    (void)state;
    source_world_init(&sources, NULL, 0);
    sources.files = process_files;
    sources.file_count = 1;
    torture("process", fetch_environment, DSQL_ERR_CREDENTIALS);
}

static dsql_status fetch_container(dsql_error *err)
{
    static const struct replay_exchange good[] = {{
        .method = "GET",
        .url = "http://169.254.170.2/v2/credentials/x",
        .status = 200,
        .answer = "{\"AccessKeyId\":\"ASIAGOOD\",\"SecretAccessKey\":\"goodsecret\","
                  "\"Token\":\"goodtoken\",\"Expiration\":\"2050-08-27T00:00:00Z\"}",
    }};
    replay_init(&sources.replay, good, 1);
    struct dsql_credentials got = {0};
    enum source_result result = container_fetch(&sources.context, &got, err);
    credentials_clear(&got);
    return result == SOURCE_GOT ? DSQL_OK : err->status;
}

static void from_a_container(void **state)
{
    (void)state;
    source_world_init(&sources, NULL, 0);
    setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/x", 1);
    torture("container", fetch_container, DSQL_ERR_CREDENTIALS);
}

/* ---- Logins ---- */

static struct login_world logins;

#define SSO_CONFIG                                                                                 \
    "[profile work]\nsso_session=dev\nsso_account_id=1\nsso_role_name=r\n[sso-session dev]\n"      \
    "sso_region=eu-west-1\nsso_start_url=https://s\n"
#define SSO_FILE "/home/.aws/sso/cache/34c6fceca75e456f25e7e99531e2425c6c1de443.json"
#define SSO_CACHE                                                                                  \
    "{\"accessToken\":\"hush\",\"expiresAt\":\"2023-11-14T22:13:00Z\",\"clientId\":\"c\","         \
    "\"clientSecret\":\"hush\",\"refreshToken\":\"hush\"}"

static const struct replay_exchange sso_exchanges[] = {
    {.method = "POST",
     .url = "https://oidc.eu-west-1.amazonaws.com/token",
     .status = 200,
     .answer = "{\"accessToken\":\"hush-new\",\"expiresIn\":28800}"},
    {.method = "GET",
     .url = "https://portal.sso.eu-west-1.amazonaws.com/federation/credentials?role_name=r&"
            "account_id=1",
     .status = 200,
     .answer = "{\"roleCredentials\":{\"accessKeyId\":\"A\",\"secretAccessKey\":\"hush\","
               "\"sessionToken\":\"hush\",\"expiration\":1700003600000}}"},
};

#define LOGIN_CONFIG                                                                               \
    "[profile work]\nlogin_session=arn:aws:iam::012345678901:user/ana\nregion=us-east-1\n"
#define LOGIN_FILE                                                                                 \
    "/home/.aws/login/cache/58ca16b507fc3c50bc9f2c06197c0edded6b43978c9d822f5135d893ceb67f1c.json"
#define LOGIN_KEY                                                                                  \
    "-----BEGIN EC PRIVATE KEY-----\\nMHcCAQEEIGi3J04P1A2FI3N+1UWMXcrqcWgXI74WAxccivIGt3uvoAoGCC"  \
    "qGSM49\\nAwEHoUQDQgAEEMdba39BgQQ1GCp3/KKn614yiUQrflVI+LD+cM7kzam/hPiSphi/\\nZkYkzgq025dsfql"  \
    "w8XNJwtXDqab7Q35Pgg==\\n-----END EC PRIVATE KEY-----\\n"
#define LOGIN_CACHE                                                                                \
    "{\"accessToken\":{\"accessKeyId\":\"A\",\"secretAccessKey\":\"hush\",\"sessionToken\":"       \
    "\"hush\",\"accountId\":\"1\",\"expiresAt\":\"2023-11-14T22:13:00Z\"},\"clientId\":\"c\","     \
    "\"refreshToken\":\"hush\",\"dpopKey\":\"" LOGIN_KEY "\"}"

static const struct replay_exchange login_exchange = {
    .method = "POST",
    .url = "https://us-east-1.signin.aws.amazon.com/v1/token",
    .status = 200,
    .answer = "{\"accessToken\":{\"accessKeyId\":\"A\",\"secretAccessKey\":\"hush\","
              "\"sessionToken\":\"hush\"},\"expiresIn\":900,\"refreshToken\":\"hush\"}"};

static dsql_status outcome(enum source_result result, struct dsql_credentials *got,
                           const dsql_error *err)
{
    credentials_clear(got);
    assert_int_not_equal(result, SOURCE_NOT_CONFIGURED);
    return result == SOURCE_GOT ? DSQL_OK : err->status;
}

/* Each run finds the old cache, and a service that has been asked nothing yet. */
static dsql_status fetch_sso(dsql_error *err)
{
    struct dsql_credentials got = {0};
    logins.base.replay.next = 0;
    logins.memory.has_renewed_login = false;
    login_world_put(&logins, SSO_FILE, SSO_CACHE);
    return outcome(sso_fetch(&logins.base.context, &logins.profile, &got, err), &got, err);
}

static dsql_status fetch_login(dsql_error *err)
{
    struct dsql_credentials got = {0};
    logins.base.replay.next = 0;
    login_world_put(&logins, LOGIN_FILE, LOGIN_CACHE);
    return outcome(login_fetch(&logins.base.context, &logins.profile, &got, err), &got, err);
}

static void from_a_login(void **state)
{
    (void)state;
    login_world_init(&logins, SSO_CONFIG, "work", sso_exchanges, 2);
    torture("sso", fetch_sso, DSQL_ERR_CREDENTIALS);
    login_world_clear(&logins);
    login_world_init(&logins, LOGIN_CONFIG, "work", &login_exchange, 1);
    torture("login", fetch_login, DSQL_ERR_CREDENTIALS);
    login_world_clear(&logins);
}

static dsql_status fetch_by_token(dsql_error *err)
{
    static const struct replay_exchange good[] = {{
        .method = "POST",
        .url = "https://sts.us-east-1.amazonaws.com/",
        .status = 200,
        .answer =
            "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/"
            "\"><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId>"
            "<SecretAccessKey>role-secret</SecretAccessKey><SessionToken>token</SessionToken>"
            "<Expiration>2050-08-27T01:00:00Z</Expiration></Credentials>"
            "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>",
    }};
    return fetch_from(good, 1, err);
}

static void from_a_web_identity(void **state)
{
    (void)state;
    source_world_init(&sources, NULL, 0);
    sources.files = files;
    sources.file_count = sizeof files / sizeof files[0];
    setenv("AWS_REGION", "us-east-1", 1);
    setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/app", 1);
    setenv("AWS_ROLE_SESSION_NAME", "session", 1);
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/token", 1);
    torture("web identity", fetch_by_token, DSQL_ERR_CREDENTIALS);
}

static dsql_status provide(void *arg, dsql_credentials *out, dsql_error *err)
{
    (void)arg;
    dsql_status status = dsql_credentials_set(out, "akid", "secret", "token", 0);
    if (status != DSQL_OK) {
        err->status = status;
        snprintf(err->message, sizeof err->message, "could not set them");
    }
    return status;
}

static dsql_status fetch_custom(dsql_error *err)
{
    dsql_credentials_provider *provider = dsql_credentials_custom(provide, NULL, NULL, err);
    if (provider == NULL) {
        return err->status;
    }
    dsql_credentials *got = dsql_credentials_fetch(provider, err);
    dsql_status status = got == NULL ? err->status : DSQL_OK;
    dsql_credentials_free(got);
    dsql_credentials_unref(provider);
    return status;
}

static void from_a_callback(void **state)
{
    (void)state;
    source_world_init(&sources, NULL, 0);
    torture("custom", fetch_custom, DSQL_OK);
}

/* ---- Pool and transactions, each on a pool of its own ---- */

static dsql_pool *pool_or_null(dsql_error *err)
{
    return world_try_pool(postgres_conninfo(), 3, err);
}

static dsql_status open_and_lend(dsql_error *err)
{
    dsql_pool *pool = pool_or_null(err);
    if (pool == NULL) {
        return err->status;
    }
    PGconn *one = dsql_pool_acquire(pool, err);
    PGconn *two = one == NULL ? NULL : dsql_pool_acquire(pool, err);
    dsql_status status = two == NULL ? err->status : DSQL_OK;
    dsql_pool_release(pool, one);
    dsql_pool_release(pool, two);
    world_close(pool);
    return status;
}

static PGconn *acquire_as_a_loop(dsql_pool *pool, dsql_error *err)
{
    PGconn *conn = NULL;
    dsql_acquire *acquire = dsql_pool_acquire_start(pool, DSQL_HERE, err);
    while (acquire != NULL && dsql_acquire_poll(acquire, &conn, err) == PGRES_POLLING_READING) {
        struct pollfd fd = {.fd = dsql_acquire_socket(acquire), .events = POLLIN};
        poll(&fd, 1, -1);
    }
    dsql_acquire_free(acquire);
    return conn;
}

/* The first connection is idle, and a thread opens the second one. */
static dsql_status open_and_loop(dsql_error *err)
{
    dsql_pool *pool = pool_or_null(err);
    if (pool == NULL) {
        return err->status;
    }
    PGconn *one = acquire_as_a_loop(pool, err);
    PGconn *two = one == NULL ? NULL : acquire_as_a_loop(pool, err);
    dsql_status status = two == NULL ? err->status : DSQL_OK;
    dsql_pool_release(pool, one);
    dsql_pool_release(pool, two);
    world_close(pool);
    return status;
}

static dsql_status add_one(PGconn *conn, void *arg, dsql_error *err)
{
    (void)arg;
    return dsql_check_clear(conn, PQexec(conn, ADD_ONE "; " AT_COMMIT("40001", 1)), err);
}

static void allow_one_conflict(void)
{
    postgres_run("TRUNCATE at_commit; ALTER SEQUENCE commits RESTART");
}

static dsql_status transact(dsql_error *err)
{
    dsql_pool *pool = pool_or_null(err);
    if (pool == NULL) {
        return err->status;
    }
    allow_one_conflict();
    dsql_status status = dsql_transaction(pool, add_one, NULL, err);
    world_close(pool);
    return status;
}

static dsql_status transact_in_a_loop(dsql_error *err)
{
    dsql_pool *pool = pool_or_null(err);
    if (pool == NULL) {
        return err->status;
    }
    allow_one_conflict();
    PGconn *conn;
    DSQL_TRANSACTION(pool, conn, err) {
        if (add_one(conn, NULL, err) != DSQL_OK) {
            continue;
        }
    }
    world_close(pool);
    return err->status;
}

static dsql_status transact_on_a_connection(dsql_error *err)
{
    PGconn *conn = postgres_connect();
    allow_one_conflict();
    dsql_status status =
        dsql_conn_transaction(conn, DSQL_OPTIONS(.retry_base_ms = 1), add_one, NULL, err);
    PQfinish(conn);
    return status;
}

static dsql_status execute(dsql_error *err)
{
    dsql_pool *pool = pool_or_null(err);
    if (pool == NULL) {
        return err->status;
    }
    const char *params[] = {"1"};
    PGresult *result = dsql_exec(pool, "SELECT $1::int", 1, params, err);
    dsql_status status = result == NULL ? err->status : DSQL_OK;
    PQclear(result);
    world_close(pool);
    return status;
}

static dsql_status wait_for_a_job(dsql_error *err)
{
    dsql_pool *pool = pool_or_null(err);
    if (pool == NULL) {
        return err->status;
    }
    dsql_status status = dsql_job_wait(pool, "abcdefghijklmnopqrstuvw234", 0, err);
    world_close(pool);
    return status;
}

static dsql_status add_rows(dsql_batch *batch, dsql_error *err)
{
    char name[5000];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    for (int i = 1; i <= 20; i++) {
        char number[12];
        snprintf(number, sizeof number, "%d", i);
        const char *row[] = {number, i % 2 == 0 ? name : NULL};
        uint64_t before = dsql_batch_committed(batch) + dsql_batch_pending(batch);
        dsql_status status = dsql_batch_add(batch, row, err);
        uint64_t after = dsql_batch_committed(batch) + dsql_batch_pending(batch);
        assert_int_equal(after - before, status == DSQL_OK ? 1 : 0);
        if (status == DSQL_ERR_NOMEM) { /* nothing of the row has stayed behind */
            status = dsql_batch_add(batch, row, err);
        }
        if (status != DSQL_OK) {
            return status;
        }
    }
    dsql_status status = dsql_batch_flush(batch, err);
    return status == DSQL_ERR_NOMEM ? dsql_batch_flush(batch, err) : status;
}

static dsql_status send_batches(dsql_error *err)
{
    dsql_pool *pool = pool_or_null(err);
    if (pool == NULL) {
        return err->status;
    }
    postgres_run("TRUNCATE items");
    dsql_batch *batch = dsql_batch_new(pool, "INSERT INTO items VALUES ($1::int, $2)", 2,
                                       DSQL_BATCH_OPTIONS(.max_rows = 7), err);
    dsql_status status = batch == NULL ? err->status : add_rows(batch, err);
    assert_int_equal(postgres_number("SELECT count(*) FROM items"), dsql_batch_committed(batch));
    if (status == DSQL_OK) {
        assert_int_equal(postgres_number("SELECT sum(length(name)) FROM items"), 10 * 4999);
    }
    dsql_batch_free(batch);
    world_close(pool);
    return status;
}

static void pool_and_transactions(void **state)
{
    (void)state;
    world_reset();
    postgres_run("INSERT INTO sys.jobs VALUES ('abcdefghijklmnopqrstuvw234', 'completed')");
    torture("pool", open_and_lend, DSQL_OK);
    torture("event loop", open_and_loop, DSQL_OK);
    torture("transaction", transact, DSQL_OK);
    torture("name each other", transact_in_a_loop, DSQL_OK);
    torture("transaction on a connection", transact_on_a_connection, DSQL_OK);
    torture("statement", execute, DSQL_OK);
    torture("job", wait_for_a_job, DSQL_OK);
    torture("batch", send_batches, DSQL_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_profiles_and_tokens),
        cmocka_unit_test(from_the_environment),
        cmocka_unit_test(from_a_profile),
        cmocka_unit_test(from_roles),
        cmocka_unit_test(from_a_process),
        cmocka_unit_test(from_a_container),
        cmocka_unit_test(from_a_login),
        cmocka_unit_test(from_a_web_identity),
        cmocka_unit_test(from_a_callback),
        cmocka_unit_test(pool_and_transactions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
