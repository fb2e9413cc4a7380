/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Settings completed from the files of a world of our own. */
#include "credentials/cache/provider.h"
#include "credentials/chain/search.h"
#include "replay.h"
#include "token/complete.h"
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ID   "abcdefghijklmnopqrst012345"
#define HOST ID ".dsql.us-east-1.on.aws"

static const char *config; /* of the only file there is */

static bool read_config(void *arg, const char *path, struct buf *content)
{
    (void)arg;
    if (config == NULL || strcmp(path, "/config") != 0) {
        errno = ENOENT;
        return false;
    }
    buf_add_string(content, config);
    return true;
}

static const struct file_system files = {.read = read_config};

static struct source_context world_of(const char *content)
{
    struct source_context world = source_context_system();
    world.files = &files;
    config = content;
    return world;
}

static int set_up(void **state)
{
    (void)state;
    static const char *const names[] = {"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        unsetenv(names[i]);
    }
    setenv("AWS_CONFIG_FILE", "/config", 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/credentials", 1);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    return 0;
}

static void expect(const dsql_options *options, const char *content, const char *host,
                   const char *region)
{
    struct settings settings;
    dsql_error err = {0};
    const struct source_context world = world_of(content);
    assert_int_equal(settings_resolve(options, &settings, NULL), DSQL_OK);
    if (settings_complete(&settings, &world, &err) != DSQL_OK) {
        fail_msg("%s", err.message);
    }
    assert_string_equal(settings.endpoint.host, host);
    assert_string_equal(settings.endpoint.region, region);
    settings_clear(&settings);
}

static void expect_failure(const dsql_options *options, const char *content, dsql_status status,
                           const char *words)
{
    struct settings settings;
    dsql_error err = {0};
    const struct source_context world = world_of(content);
    assert_int_equal(settings_resolve(options, &settings, NULL), DSQL_OK);
    assert_int_equal(settings_complete(&settings, &world, &err), status);
    assert_int_equal(err.status, status);
    if (strstr(err.message, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", err.message, words);
    }
    settings_clear(&settings);
}

static void region_of_the_profile_completes_a_cluster_id(void **state)
{
    (void)state;
    static const char both[] = "[default]\nregion = us-east-1\n[profile a]\nregion = eu-west-1\n";
    expect(DSQL_OPTIONS(.host = ID), both, HOST, "us-east-1");
    expect(DSQL_OPTIONS(.host = "db.example.com"), both, "db.example.com", "us-east-1");
    expect(DSQL_OPTIONS(.host = ID, .profile = "a"), both, ID ".dsql.eu-west-1.on.aws",
           "eu-west-1");
    setenv("AWS_PROFILE", "a", 1);
    expect(DSQL_OPTIONS(.host = ID), both, ID ".dsql.eu-west-1.on.aws", "eu-west-1");
    expect(DSQL_OPTIONS(.host = ID, .profile = "default"), both, HOST, "us-east-1");
}

static void profile_comes_after_options_host_and_environment(void **state)
{
    (void)state;
    static const char other[] = "[default]\nregion = sa-east-1\n";
    expect(DSQL_OPTIONS(.host = ID, .region = "us-east-1"), other, HOST, "us-east-1");
    expect(DSQL_OPTIONS(.host = HOST), other, HOST, "us-east-1");
    setenv("AWS_DEFAULT_REGION", "us-east-1", 1);
    expect(DSQL_OPTIONS(.host = ID), other, HOST, "us-east-1");
}

static void a_known_region_needs_no_file(void **state)
{
    (void)state;
    expect(DSQL_OPTIONS(.host = HOST), "this is no configuration", HOST, "us-east-1");
}

static void no_region_anywhere_says_where_one_could_be(void **state)
{
    (void)state;
    expect_failure(DSQL_OPTIONS(.host = ID), NULL, DSQL_ERR_TOKEN, "AWS_REGION");
    expect_failure(DSQL_OPTIONS(.host = ID, .profile = "b"), "[default]\nregion=us-east-1\n",
                   DSQL_ERR_TOKEN, "profile \"b\"");
    expect_failure(DSQL_OPTIONS(.host = ID), "[default]\nregion = \n", DSQL_ERR_TOKEN, ID);
}

static void region_of_the_instance_comes_last(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {
        {.method = "PUT",
         .url = "http://169.254.169.254/latest/api/token",
         .status = 200,
         .answer_headers = "x-aws-ec2-metadata-token-ttl-seconds: 21600",
         .answer = "session"},
        {.method = "GET",
         .url = "http://169.254.169.254/latest/meta-data/placement/region",
         .status = 200,
         .answer = "eu-west-1"},
    };
    struct replay replay;
    struct settings settings;
    struct source_context world = world_of("[default]\noutput = json\n");
    replay_init(&replay, exchanges, 2);
    world.http = &replay.http;
    unsetenv("AWS_EC2_METADATA_DISABLED");
    assert_int_equal(settings_resolve(DSQL_OPTIONS(.host = ID), &settings, NULL), DSQL_OK);
    assert_int_equal(settings_complete(&settings, &world, NULL), DSQL_OK);
    assert_true(replay_done(&replay));
    assert_string_equal(settings.endpoint.host, ID ".dsql.eu-west-1.on.aws");
    settings_clear(&settings);
    /* A profile's region is enough, and the network is left alone. */
    replay_init(&replay, NULL, 0);
    config = "[default]\nregion = us-east-1\n";
    assert_int_equal(settings_resolve(DSQL_OPTIONS(.host = ID), &settings, NULL), DSQL_OK);
    assert_int_equal(settings_complete(&settings, &world, NULL), DSQL_OK);
    assert_true(replay_done(&replay));
    settings_clear(&settings);
}

static void a_bad_region_or_file_is_refused(void **state)
{
    (void)state;
    expect_failure(DSQL_OPTIONS(.host = ID), "[default]\nregion = a.evil.com\n", DSQL_ERR_USAGE,
                   "the profile");
    expect_failure(DSQL_OPTIONS(.host = ID), "[default\n", DSQL_ERR_CREDENTIALS, "line 1");
}

static void settings_get_a_provider_and_keep_the_callers(void **state)
{
    (void)state;
    struct settings settings;
    const struct source_context world = world_of(NULL);
    assert_int_equal(settings_resolve(DSQL_OPTIONS(.host = HOST), &settings, NULL), DSQL_OK);
    assert_null(settings.credentials);
    assert_int_equal(settings_complete(&settings, &world, NULL), DSQL_OK);
    assert_non_null(settings.credentials);
    settings_clear(&settings);

    dsql_credentials_provider *keys = dsql_credentials_static("akid", "secret", NULL, NULL);
    assert_int_equal(
        settings_resolve(DSQL_OPTIONS(.host = HOST, .credentials = keys), &settings, NULL),
        DSQL_OK);
    assert_int_equal(settings_complete(&settings, &world, NULL), DSQL_OK);
    assert_ptr_equal(settings.credentials, keys);
    settings_clear(&settings);
    dsql_credentials_unref(keys);
}

/* What was wrong: a new chain, and so a new fetch, for each token of a pool. */
static void the_provider_of_settings_fetches_once(void **state)
{
    (void)state;
    struct settings settings;
    struct dsql_credentials got = {0};
    const struct source_context world =
        world_of("[default]\naws_access_key_id = akid\naws_secret_access_key = secret\n");
    unsetenv("AWS_ACCESS_KEY_ID");
    assert_int_equal(settings_resolve(DSQL_OPTIONS(.host = HOST), &settings, NULL), DSQL_OK);
    assert_int_equal(settings_complete(&settings, &world, NULL), DSQL_OK);
    assert_int_equal(credentials_get(settings.credentials, clock_system(), &got, NULL), DSQL_OK);
    credentials_clear(&got);
    config = "[default\n"; /* not read again */
    assert_int_equal(credentials_get(settings.credentials, clock_system(), &got, NULL), DSQL_OK);
    assert_string_equal(secret_string(&got.access_key_id), "akid");
    credentials_clear(&got);
    settings_clear(&settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(region_of_the_profile_completes_a_cluster_id, set_up),
        cmocka_unit_test_setup(profile_comes_after_options_host_and_environment, set_up),
        cmocka_unit_test_setup(a_known_region_needs_no_file, set_up),
        cmocka_unit_test_setup(no_region_anywhere_says_where_one_could_be, set_up),
        cmocka_unit_test_setup(region_of_the_instance_comes_last, set_up),
        cmocka_unit_test_setup(a_bad_region_or_file_is_refused, set_up),
        cmocka_unit_test_setup(settings_get_a_provider_and_keep_the_callers, set_up),
        cmocka_unit_test_setup(the_provider_of_settings_fetches_once, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
