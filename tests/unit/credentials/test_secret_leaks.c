/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Each credential provider, configured with secrets, gets answers with secrets where they do not
 * belong.  No secret may be in an error, a log line or an explanation.
 */
#include "base/error.h"
#include "credentials/cache/provider.h"
#include "credentials/chain/chain.h"
#include "credentials/chain/search.h"
#include "credentials/source.h"
#include "login_world.h"
#include "secret_leaks.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct variable {
    const char *name;
    const char *value;
};

struct setup {
    struct variable variables[4];
    struct source_file files[3];
};

#define CONFIG   "/home/.aws/config"
#define KEYS     "/home/.aws/credentials"
#define SSO_FILE "/home/.aws/sso/cache/34c6fceca75e456f25e7e99531e2425c6c1de443.json"
#define LOGIN_FILE                                                                                 \
    "/home/.aws/login/cache/58ca16b507fc3c50bc9f2c06197c0edded6b43978c9d822f5135d893ceb67f1c.json"
#define SSO_CONFIG                                                                                 \
    "[default]\nsso_session=dev\nsso_account_id=1\nsso_role_name=r\n[sso-session dev]\n"           \
    "sso_region=eu-west-1\nsso_start_url=https://s\n"
#define LOGIN_CONFIG                                                                               \
    "[default]\nlogin_session=arn:aws:iam::012345678901:user/ana\nregion=us-east-1\n"
#define KEY                                                                                        \
    "-----BEGIN EC PRIVATE KEY-----\\nMHcCAQEEIGi3J04P1A2FI3N+1UWMXcrqcWgXI74WAxccivIGt3uvoAoGCC"  \
    "qGSM49\\nAwEHoUQDQgAEEMdba39BgQQ1GCp3/KKn614yiUQrflVI+LD+cM7kzam/hPiSphi/\\nZkYkzgq025dsfql"  \
    "w8XNJwtXDqab7Q35Pgg==\\n-----END EC PRIVATE KEY-----\\n"
#define LOGIN_CACHE(key)                                                                           \
    "{\"accessToken\":{\"accessKeyId\":\"A\",\"secretAccessKey\":\"hush-s\",\"sessionToken\":"     \
    "\"hush-t\",\"accountId\":\"1\",\"expiresAt\":\"2023-11-14T22:14:00Z\"},\"clientId\":"         \
    "\"hush-c\",\"refreshToken\":\"hush-r\",\"dpopKey\":\"" key "\"}"

static const struct setup setups[] = {
    /* The environment. */
    {.variables = {{"AWS_ACCESS_KEY_ID", "AKID"}, {"AWS_SECRET_ACCESS_KEY", "hush"}}},
    {.variables = {{"AWS_ACCESS_KEY_ID", "AKID"}, {"AWS_SECRET_ACCESS_KEY", "hush hush"}}},
    {.variables = {{"AWS_ACCESS_KEY_ID", "hush hush"}, {"AWS_SECRET_ACCESS_KEY", "hush"}}},
    {.variables = {{"AWS_ACCESS_KEY_ID", "AKID"},
                   {"AWS_SECRET_ACCESS_KEY", "hush"},
                   {"AWS_SESSION_TOKEN", "hush\thush"}}},
    {.variables = {{"AWS_ACCESS_KEY_ID", "AKID"},
                   {"AWS_SECRET_ACCESS_KEY", "hush"},
                   {"AWS_CREDENTIAL_EXPIRATION", "hush"}}},
    {.variables = {{"AWS_SECRET_ACCESS_KEY", "hush"}}},
    /* The files. */
    {.files = {{KEYS, "[default]\naws_access_key_id=A\naws_secret_access_key hush\n"}}},
    {.files = {{KEYS, "[default]\naws_access_key_id=A\naws_secret_access_key=hush hush\n"}}},
    {.files = {{KEYS, "[default]\naws_secret_access_key=hush\n"}}},
    {.files = {{KEYS, "[default\naws_secret_access_key=hush\n"}}},
    {.files = {{KEYS, "aws_secret_access_key=hush\n"}}},
    {.files = {{KEYS, "[default]\n=hush\n"}}},
    {.files = {{KEYS, "[default]\n  hush\n"}}},
    /* Roles. */
    {.files = {{CONFIG, "[default]\nregion=us-east-1\nrole_arn=arn:aws:iam::1:role/r\n"
                        "source_profile=base\n"},
               {KEYS, "[base]\naws_access_key_id=A\naws_secret_access_key=hush\n"
                      "aws_session_token=hush-token\n"}}},
    {.files = {{CONFIG, "[default]\nrole_arn=arn:aws:iam::1:role/r\nsource_profile=default\n"
                        "external_id=hush\nregion=us-east-1\n"},
               {KEYS, "[default]\naws_access_key_id=A\naws_secret_access_key=hush\n"}}},
    {.variables = {{"AWS_WEB_IDENTITY_TOKEN_FILE", "/token"},
                   {"AWS_ROLE_ARN", "arn:aws:iam::1:role/r"},
                   {"AWS_REGION", "us-east-1"}},
     .files = {{"/token", "hush"}}},
    /* Programs. */
    {.files = {{CONFIG, "[default]\ncredential_process=/bin/false hush\n"}}},
    {.files = {{CONFIG, "[default]\ncredential_process=/bin/echo hush\n"}}},
    {.files = {{CONFIG, "[default]\ncredential_process=/nobody/there hush\n"}}},
    {.files = {{CONFIG, "[default]\ncredential_process=/bin/echo 'hush\n"}}},
    {.files = {{CONFIG, "[default]\ncredential_process=/bin/cat /hush-missing\n"}}},
    {.files = {{CONFIG, "[default]\ncredential_process=/bin/echo '{\"Version\":1,\"AccessKeyId\":"
                        "\"A\",\"SecretAccessKey\":\"hush hush\"}'\n"}}},
    {.files = {{CONFIG, "[default]\ncredential_process=/bin/echo '{\"Version\":1,\"AccessKeyId\":"
                        "\"A\",\"SecretAccessKey\":\"hush\",\"Expiration\":\"hush\"}'\n"}}},
    /* Logins. */
    {.files = {{CONFIG, SSO_CONFIG},
               {SSO_FILE, "{\"accessToken\":\"hush\",\"expiresAt\":"
                          "\"2023-11-15T00:00:00Z\"}"}}},
    {.files = {{CONFIG, SSO_CONFIG},
               {SSO_FILE, "{\"accessToken\":\"hush\",\"expiresAt\":\"2023-11-14T22:14:00Z\","
                          "\"clientId\":\"hush-c\",\"clientSecret\":\"hush-s\",\"refreshToken\":"
                          "\"hush-r\"}"}}},
    {.files = {{CONFIG, SSO_CONFIG},
               {SSO_FILE, "{\"accessToken\":\"hush\nhush\",\"expiresAt\":"
                          "\"2023-11-15T00:00:00Z\"}"}}},
    {.files = {{CONFIG, SSO_CONFIG}, {SSO_FILE, "hush"}}},
    {.files = {{CONFIG, LOGIN_CONFIG}, {LOGIN_FILE, LOGIN_CACHE(KEY)}}},
    {.files = {{CONFIG, LOGIN_CONFIG}, {LOGIN_FILE, LOGIN_CACHE("hush")}}},
    {.files = {{CONFIG, LOGIN_CONFIG}, {LOGIN_FILE, "{\"hush\":hush"}}},
    /* Agents. */
    {.variables = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/hush"}}},
    {.variables = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2"},
                   {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "hush"}}},
    {.variables = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2"},
                   {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "hush\r\nhush: hush"}}},
    {.variables = {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://localhost/v2"},
                   {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/token"}},
     .files = {{"/token", "hush\nhush"}}},
    {.variables = {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://hush:hush@127.0.0.1/"}}},
    {.variables = {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.com/hush"}}},
    {.variables = {{"AWS_ENDPOINT_URL", "https://user:hush@example.com/"},
                   {"AWS_REGION", "us-east-1"}},
     .files = {{CONFIG, SSO_CONFIG},
               {SSO_FILE, "{\"accessToken\":\"hush\",\"expiresAt\":"
                          "\"2023-11-15T00:00:00Z\"}"}}},
    {.variables = {{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://user:hush@169.254.169.254"}}},
    /* The instance metadata service: nothing is configured. */
    {.files = {{CONFIG, ""}}},
};

static const char *const answers[] = {
    "",
    "hush",
    "hush hush\r\nhush",
    "{\"hush\":\"hush\"",
    "{\"SecretAccessKey\":\"hush\"}",
    "{\"Version\":1,\"Code\":\"Success\",\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hush hush\","
    "\"Token\":\"hush\",\"Expiration\":\"2023-11-15T00:00:00Z\"}",
    "{\"Code\":\"Success\",\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hush\",\"Token\":\"hush\","
    "\"Expiration\":\"hush\"}",
    "{\"Code\":\"Success\",\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hush\",\"Token\":\"hush\","
    "\"Expiration\":\"2020-01-01T00:00:00Z\"}",
    "{\"error\":\"no such hush\",\"message\":\"hush\",\"error_description\":\"hush\"}",
    "{\"accessToken\":\"hush\",\"expiresIn\":28800,\"refreshToken\":\"hush\"}",
    "{\"roleCredentials\":{\"accessKeyId\":\"A\",\"secretAccessKey\":\"hush hush\","
    "\"sessionToken\":\"hush\",\"expiration\":1700003600000}}",
    "{\"accessToken\":{\"accessKeyId\":\"A\",\"secretAccessKey\":\"hush hush\",\"sessionToken\":"
    "\"hush\"},\"expiresIn\":900,\"refreshToken\":\"hush\"}",
    "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>A</AccessKeyId>"
    "<SecretAccessKey>hush hush</SecretAccessKey><SessionToken>hush</SessionToken>"
    "<Expiration>2023-11-15T00:00:00Z</Expiration></Credentials></AssumeRoleResult>"
    "</AssumeRoleResponse>",
    "<AssumeRoleResponse><AssumeRoleResult><Credentials><SecretAccessKey>hush",
};

static const int statuses[] = {200, 400, 401, 403, 404, 500};

static const char *answer_now;
static int status_now;
static int asked;

static dsql_status send_answer(void *arg, const struct http_request *request,
                               struct http_response *response, dsql_error *err)
{
    (void)arg;
    (void)err;
    (void)request;
    asked++;
    response->status = status_now;
    buf_add_string(&response->body, answer_now);
    return DSQL_OK;
}

static dsql_status resolve_to_loopback(void *arg, const char *host, struct http_addresses *out,
                                       dsql_error *err)
{
    (void)arg;
    (void)host;
    (void)err;
    out->count = 1;
    snprintf(out->address[0], sizeof out->address[0], "127.0.0.1");
    return DSQL_OK;
}

static int reports;

static void look(void *arg, const char *source, dsql_source_verdict verdict, const char *detail)
{
    (void)arg;
    (void)verdict;
    reports++;
    assert_no_secret(source);
    assert_no_secret(detail);
}

static void run(const struct setup *setup)
{
    static struct login_world world;
    const struct source_list list = source_list_default();
    struct dsql_credentials got = {0};
    dsql_error err = {0};
    login_world_init(&world, "", "default", NULL, 0);
    world.base.replay.http.send = send_answer;
    world.base.replay.http.resolve = resolve_to_loopback;
    world.is_full = true; /* a failed write is logged */
    for (size_t i = 0; i < 4 && setup->variables[i].name != NULL; i++) {
        setenv(setup->variables[i].name, setup->variables[i].value, 1);
    }
    for (size_t i = 0; i < 3 && setup->files[i].path != NULL; i++) {
        login_world_put(&world, setup->files[i].path, setup->files[i].content);
    }
    dsql_credentials_free(source_list_explain(&list, &world.base.context, look, NULL, &err));
    assert_no_secret(err.message);

    dsql_credentials_provider *provider = chain_new_default(&world.base.context, NULL);
    for (int i = 0; i < 3; i++) { /* now, after a failure, and much later */
        memset(&err, 0, sizeof err);
        (void)credentials_get(provider, &world.base.clock, &got, &err);
        assert_no_secret(err.message);
        credentials_clear(&got);
        provider_mark_rejected(provider);
        world.base.now_s += i * 3600;
    }
    dsql_credentials_unref(provider);
    login_world_clear(&world);
}

static void no_failure_reveals_a_secret(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof setups / sizeof setups[0]; i++) {
        asked = 0;
        for (size_t j = 0; j < sizeof answers / sizeof answers[0]; j++) {
            for (size_t k = 0; k < sizeof statuses / sizeof statuses[0]; k++) {
                answer_now = answers[j];
                status_now = statuses[k];
                run(&setups[i]);
            }
            if (asked == 0) {
                break; /* this provider sends no request */
            }
        }
    }
    assert_true(reports > 1000);
}

/* The check itself finds a secret. */
static void a_secret_in_a_text_is_found(void **state)
{
    (void)state;
    assert_true(contains_secret("the token hush-1 is bad"));
    assert_false(contains_secret("the token is bad"));
    assert_false(contains_secret(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_failure_reveals_a_secret),
        cmocka_unit_test(a_secret_in_a_text_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
