/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Whatever a signer keeps, its tokens are those that token_make() makes without keeping anything.
 */
#include "base/clock.h"
#include "base/secret.h"
#include "token/signer.h"
#include "unit.h"

#include <stdlib.h>

#define HOST "abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws"

enum { MIDNIGHT = 1724716800, SECONDS_PER_DAY = 86400 }; /* 20240827T000000Z */

struct world {
    struct token_signer *signer;
    struct endpoint endpoint;
    struct token_request request;
    struct dsql_credentials credentials;
    uint64_t version;
};

static int set_up(void **state)
{
    static struct world world;
    world = (struct world){.version = 1};
    world.signer = token_signer_new();
    assert_non_null(world.signer);
    assert_true(text_copy(text_of(HOST), world.endpoint.host, sizeof world.endpoint.host));
    assert_true(
        text_copy(text_of("us-east-1"), world.endpoint.region, sizeof world.endpoint.region));
    world.request = (struct token_request){
        .endpoint = &world.endpoint, .action = TOKEN_CONNECT, .seconds = 900, .now = MIDNIGHT};
    assert_int_equal(dsql_credentials_set(&world.credentials, "AKID", "secret", "session", 0),
                     DSQL_OK);
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    token_signer_free(world->signer);
    credentials_clear(&world->credentials);
    return 0;
}

static char *sign(struct world *world)
{
    char *token = NULL;
    assert_int_equal(token_signer_sign(world->signer, &world->request, &world->credentials,
                                       world->version, &token, NULL, NULL),
                     DSQL_OK);
    return token;
}

static void expect_right_token(struct world *world)
{
    char *made = NULL;
    char *signed_token = sign(world);
    assert_int_equal(token_make(&world->request, &world->credentials, &made, NULL, NULL), DSQL_OK);
    assert_string_equal(signed_token, made);
    secret_free_string(signed_token);
    secret_free_string(made);
}

static void tokens_of_all_times_of_a_day_are_right(void **state)
{
    struct world *world = *state;
    const int seconds[] = {0, 0, 1, 59, 60, 3599, 3600, 45296, 86399, 45296, 0};
    for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++) {
        world->request.now = MIDNIGHT + seconds[i];
        expect_right_token(world);
    }
}

static void next_day_has_another_key(void **state)
{
    struct world *world = *state;
    world->request.now = MIDNIGHT - 1;
    expect_right_token(world);
    world->request.now = MIDNIGHT;
    expect_right_token(world);
    world->request.now = MIDNIGHT - 1; /* a clock that was put back */
    expect_right_token(world);
}

static void new_credentials_sign_at_once(void **state)
{
    struct world *world = *state;
    expect_right_token(world);
    assert_int_equal(dsql_credentials_set(&world->credentials, "AKIE", "other", NULL, 0), DSQL_OK);
    world->version++;
    expect_right_token(world);
}

static void lifetime_shrinks_with_the_credentials(void **state)
{
    struct world *world = *state;
    world->credentials.expires_at = MIDNIGHT + 1000;
    for (int i = 90; i < 110; i++) {
        world->request.now = MIDNIGHT + i;
        expect_right_token(world);
    }
    world->request.now = world->credentials.expires_at;
    char *token = NULL;
    assert_int_equal(token_signer_sign(world->signer, &world->request, &world->credentials,
                                       world->version, &token, NULL, NULL),
                     DSQL_ERR_CREDENTIALS);
    assert_null(token);
}

static void more_clusters_than_are_kept_are_all_right(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 40; i++) {
        world->request.action = i % 2 == 0 ? TOKEN_CONNECT : TOKEN_CONNECT_ADMIN;
        world->request.seconds = 900 + i % 3;
        world->endpoint.host[0] = (char)('a' + i % 7);
        expect_right_token(world);
    }
}

static void region_is_part_of_what_is_compared(void **state)
{
    struct world *world = *state;
    expect_right_token(world);
    assert_true(
        text_copy(text_of("eu-west-1"), world->endpoint.region, sizeof world->endpoint.region));
    expect_right_token(world);
}

/* ---- Options ---- */

static const struct token_request *ask(struct world *world, const dsql_options *options)
{
    return known_options_request(token_signer_known_options(world->signer), options);
}

static void learn(struct world *world, const dsql_options *options)
{
    known_options_set(token_signer_known_options(world->signer), options, &world->request);
}

static void same_options_are_known_wherever_their_strings_are(void **state)
{
    struct world *world = *state;
    char host[] = HOST;
    char user[] = "app";
    learn(world, DSQL_OPTIONS(.host = HOST, .user = "app"));
    const struct token_request *known = ask(world, DSQL_OPTIONS(.host = host, .user = user));
    assert_non_null(known);
    assert_string_equal(known->endpoint->host, HOST);
    assert_int_equal(known->action, TOKEN_CONNECT);
}

static void other_options_are_not_known(void **state)
{
    struct world *world = *state;
    assert_null(ask(world, DSQL_OPTIONS(.host = HOST, .user = "app")));
    learn(world, DSQL_OPTIONS(.host = HOST, .user = "app"));
    assert_null(ask(world, DSQL_OPTIONS(.host = HOST, .user = "admin")));
    assert_null(ask(world, DSQL_OPTIONS(.host = HOST)));
    assert_null(ask(world, DSQL_OPTIONS(.host = "x" HOST, .user = "app")));
    assert_null(ask(world, DSQL_OPTIONS(.host = HOST, .user = "app", .region = "eu-west-1")));
    assert_null(ask(world, DSQL_OPTIONS(.host = HOST, .user = "app", .token_seconds = 60)));
    assert_null(ask(world, DSQL_OPTIONS(.host = HOST, .user = "app", .pool_max = -5)));
    assert_null(ask(world, DSQL_OPTIONS(.host = HOST, .user = "app", .conninfo = "user=app")));
}

static void options_that_the_environment_completes_are_not_kept(void **state)
{
    struct world *world = *state;
    learn(world, DSQL_OPTIONS(.conninfo = "host=" HOST));
    assert_null(ask(world, DSQL_OPTIONS(.conninfo = "host=" HOST)));
    learn(world, DSQL_OPTIONS(.user = "app")); /* PGHOST */
    assert_null(ask(world, DSQL_OPTIONS(.user = "app")));
    assert_true(text_copy(text_of("cluster.example"), world->endpoint.host,
                          sizeof world->endpoint.host)); /* AWS_REGION */
    learn(world, DSQL_OPTIONS(.host = "cluster.example"));
    assert_null(ask(world, DSQL_OPTIONS(.host = "cluster.example")));
    learn(world, DSQL_OPTIONS(.host = "cluster.example", .region = "us-east-1"));
    assert_non_null(ask(world, DSQL_OPTIONS(.host = "cluster.example", .region = "us-east-1")));
}

static void user_of_the_environment_is_compared_each_time(void **state)
{
    struct world *world = *state;
    setenv("PGUSER", "app", 1);
    learn(world, DSQL_OPTIONS(.host = HOST));
    assert_non_null(ask(world, DSQL_OPTIONS(.host = HOST)));
    setenv("PGUSER", "admin", 1);
    assert_null(ask(world, DSQL_OPTIONS(.host = HOST)));
    unsetenv("PGUSER");
    assert_null(ask(world, DSQL_OPTIONS(.host = HOST)));
}

/* Through the public function: the second call finds what the first one has left. */
static void public_function_follows_a_change_of_user(void **state)
{
    (void)state;
    dsql_credentials_provider *provider = dsql_credentials_static("AKID", "secret", NULL, NULL);
    const char *const users[] = {"app", "app", "admin", "app"};
    assert_non_null(provider);
    for (size_t i = 0; i < sizeof users / sizeof users[0]; i++) {
        int64_t expires_at = 0;
        char *token =
            dsql_token(DSQL_OPTIONS(.host = HOST, .user = users[i], .credentials = provider),
                       &expires_at, NULL);
        assert_non_null(token);
        assert_int_equal(text_contains(text_of(token), "Action=DbConnectAdmin&"),
                         text_equal_string(text_of(users[i]), "admin"));
        assert_in_range(expires_at - clock_wall_s(clock_system()), 890, 900);
        dsql_token_free(token);
    }
    assert_null(dsql_token(
        DSQL_OPTIONS(.host = HOST, .user = "app", .credentials = provider, .pool_max = -5), NULL,
        NULL));
    dsql_credentials_unref(provider);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tokens_of_all_times_of_a_day_are_right, set_up, tear_down),
        cmocka_unit_test_setup_teardown(next_day_has_another_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(new_credentials_sign_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lifetime_shrinks_with_the_credentials, set_up, tear_down),
        cmocka_unit_test_setup_teardown(more_clusters_than_are_kept_are_all_right, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(region_is_part_of_what_is_compared, set_up, tear_down),
        cmocka_unit_test_setup_teardown(same_options_are_known_wherever_their_strings_are, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(other_options_are_not_known, set_up, tear_down),
        cmocka_unit_test_setup_teardown(options_that_the_environment_completes_are_not_kept, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(user_of_the_environment_is_compared_each_time, set_up,
                                        tear_down),
        cmocka_unit_test(public_function_follows_a_change_of_user),
    };
    unsetenv("PGUSER");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
