/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* From profiles to what has to be done, without doing it. */
#include "credentials/sources/profile_chain.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

#define ROLE_A "role_arn = arn:A\n"
#define ROLE_B "role_arn = arn:B\n"
#define KEYS   "aws_access_key_id = AKID\naws_secret_access_key = hunter2\n"

static enum source_result resolve(const char *config, struct profile_chain *chain,
                                  struct profile_set **set, dsql_error *err)
{
    dsql_error failure = {0};
    *set = profile_set_parse(text_of(config), text_of(""), &failure);
    if (*set == NULL) {
        fail_msg("%s", failure.message);
    }
    const struct profile profile = {.set = *set, .name = "A"};
    return profile_chain_resolve(&profile, chain, err);
}

/* roles: their ARNs in the order in which they are asked for, each with a blank behind it. */
static void expect(const char *config, enum profile_base_kind kind, const char *base,
                   const char *roles)
{
    struct profile_chain chain;
    struct profile_set *set;
    dsql_error err = {0};
    char got[200] = "";
    size_t len = 0;
    if (resolve(config, &chain, &set, &err) != SOURCE_GOT) {
        fail_msg("%s", err.message);
    }
    for (size_t i = chain.role_count; i > 0; i--) {
        len +=
            (size_t)snprintf(got + len, sizeof got - len, "%s ", chain.roles[i - 1].role.role_arn);
    }
    assert_string_equal(got, roles);
    assert_int_equal(chain.kind, kind);
    assert_string_equal(chain.base.name, base);
    profile_set_free(set);
}

static void expect_result(const char *config, enum source_result result, const char *words)
{
    struct profile_chain chain;
    struct profile_set *set;
    dsql_error err = {0};
    assert_int_equal(resolve(config, &chain, &set, &err), result);
    assert_int_equal(err.status, DSQL_ERR_CREDENTIALS);
    if (strstr(err.message, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", err.message, words);
    }
    assert_null(strstr(err.message, "hunter2"));
    profile_set_free(set);
}

static void a_role_is_asked_for_with_the_credentials_of_its_source(void **state)
{
    (void)state;
    expect("[profile A]\n" KEYS, PROFILE_BASE_KEYS, "A", "");
    expect("[profile A]\n" ROLE_A "source_profile = B\n[profile B]\n" KEYS, PROFILE_BASE_KEYS, "B",
           "arn:A ");
    expect("[profile A]\n" ROLE_A "source_profile = Foo Bar\n[profile 'Foo Bar']\n" KEYS,
           PROFILE_BASE_KEYS, "Foo Bar", "arn:A ");
    expect("[profile A]\n" ROLE_A "source_profile = it's me\n[profile 'it'\"'\"'s me']\n" KEYS,
           PROFILE_BASE_KEYS, "it's me", "arn:A ");
    /* Its own keys do not count then. */
    expect("[profile A]\n" ROLE_A KEYS "source_profile = B\n[profile B]\n" KEYS, PROFILE_BASE_KEYS,
           "B", "arn:A ");
    expect("[profile A]\n" ROLE_A "source_profile = B\n[profile B]\n" ROLE_B
           "source_profile = C\n[profile C]\n" KEYS,
           PROFILE_BASE_KEYS, "C", "arn:B arn:A ");
}

/* Never as if it were absent. */
static void a_source_that_is_not_understood_is_named_with_its_line(void **state)
{
    (void)state;
    expect_result("[profile A]\n" ROLE_A "source_profile = B c\n[profile B c]\n" KEYS,
                  SOURCE_FAILED, "line 4: the header of the section is not understood");
}

static void a_profile_that_names_itself_means_its_own_credentials(void **state)
{
    (void)state;
    expect("[profile A]\n" ROLE_A KEYS "source_profile = A\n", PROFILE_BASE_KEYS, "A", "arn:A ");
    expect("[profile A]\n" ROLE_A "source_profile = B\n[profile B]\n" ROLE_B
           "source_profile = B\ncredential_process = x\n",
           PROFILE_BASE_PROCESS, "B", "arn:B arn:A ");
    expect_result("[profile A]\n" ROLE_A "source_profile = A\n", SOURCE_FAILED,
                  "\"A\" has no keys");
}

static void keys_of_a_source_end_the_chain(void **state)
{
    (void)state;
    expect("[profile A]\n" ROLE_A "source_profile = B\n[profile B]\n" ROLE_B KEYS
           "source_profile = C\n[profile C]\n" KEYS,
           PROFILE_BASE_KEYS, "B", "arn:A ");
    expect("[profile A]\n" ROLE_A "source_profile = B\n[profile B]\ncredential_process = x\n" KEYS,
           PROFILE_BASE_KEYS, "B", "arn:A ");
}

static void loops_are_found(void **state)
{
    (void)state;
    expect_result("[profile A]\n" ROLE_A "source_profile = B\n[profile B]\n" ROLE_B
                  "source_profile = A\n",
                  SOURCE_FAILED, "name each other");
    expect_result("[profile A]\n" KEYS ROLE_A "source_profile = B\n[profile B]\n" ROLE_B
                  "source_profile = A\n",
                  SOURCE_FAILED, "name each other");
    expect_result("[profile A]\n" ROLE_A "source_profile = B\n[profile B]\n" ROLE_B
                  "source_profile = C\n[profile C]\nrole_arn = arn:C\nsource_profile = B\n",
                  SOURCE_FAILED, "\"C\" and \"B\" name each other");
}

static void a_chain_has_a_longest_length(void **state)
{
    (void)state;
    struct buf config AUTO_BUF;
    buf_init(&config, 10000);
    buf_add_string(&config, "[profile A]\n" ROLE_A "source_profile = p1\n");
    for (int i = 1; i < PROFILE_CHAIN_MAX; i++) {
        buf_printf(&config, "[profile p%d]\nrole_arn = arn:%d\nsource_profile = p%d\n", i, i,
                   i + 1);
    }
    size_t longest = config.len;
    buf_printf(&config, "[profile p%d]\n" KEYS, PROFILE_CHAIN_MAX);
    expect_result(config.data, SOURCE_FAILED, "more than 16 profiles");
    config.data[longest] = '\0';
    struct buf shorter AUTO_BUF;
    buf_init(&shorter, 10000);
    buf_add_string(&shorter, config.data);
    buf_printf(&shorter, "[profile p%d]\n" KEYS, PROFILE_CHAIN_MAX - 1);
    struct profile_chain chain;
    struct profile_set *set;
    assert_int_equal(resolve(shorter.data, &chain, &set, NULL), SOURCE_GOT);
    assert_int_equal(chain.role_count, PROFILE_CHAIN_MAX - 1);
    profile_set_free(set);
}

static void a_role_needs_exactly_one_source(void **state)
{
    (void)state;
    expect_result("[profile A]\n" ROLE_A, SOURCE_FAILED, "needs source_profile or");
    expect_result("[profile A]\n" KEYS ROLE_A, SOURCE_FAILED, "needs source_profile or");
    expect_result("[profile A]\n" ROLE_A "source_profile = B\ncredential_source = Environment\n"
                  "[profile B]\n" KEYS,
                  SOURCE_FAILED, "both source_profile and credential_source");
    expect_result("[profile A]\n" ROLE_A "source_profile = B\n", SOURCE_FAILED,
                  "no profile \"B\", which profile \"A\" names");
    expect_result("[profile A]\n" ROLE_A "source_profile = B\n[profile B]\nregion = x\n",
                  SOURCE_FAILED, "\"B\" has no keys");
}

static void credential_source_is_one_of_three(void **state)
{
    (void)state;
    expect("[profile A]\n" ROLE_A "credential_source = Environment\n", PROFILE_BASE_ENVIRONMENT,
           "A", "arn:A ");
    expect("[profile A]\n" ROLE_A "credential_source = Ec2InstanceMetadata\n",
           PROFILE_BASE_INSTANCE, "A", "arn:A ");
    expect("[profile A]\n" ROLE_A "credential_source = EcsContainer\n", PROFILE_BASE_CONTAINER, "A",
           "arn:A ");
    expect_result("[profile A]\n" ROLE_A "credential_source = ecscontainer\n", SOURCE_FAILED,
                  "must be Environment");
}

static void own_credentials_have_an_order(void **state)
{
    (void)state;
    expect("[profile A]\ncredential_process = x\nlogin_session = l\nsso_session = s\n"
           "web_identity_token_file = /t\n" ROLE_A KEYS,
           PROFILE_BASE_WEB_IDENTITY, "A", "");
    expect("[profile A]\ncredential_process = x\nlogin_session = l\nsso_session = s\n" KEYS,
           PROFILE_BASE_SSO, "A", "");
    expect("[profile A]\nsso_start_url = s\n" KEYS, PROFILE_BASE_SSO, "A", "");
    expect("[profile A]\ncredential_process = x\nlogin_session = l\n" KEYS, PROFILE_BASE_LOGIN, "A",
           "");
    expect("[profile A]\ncredential_process = x\n" KEYS, PROFILE_BASE_PROCESS, "A", "");
    /* Without role_arn it means nothing. */
    expect("[profile A]\ncredential_process = x\nsource_profile = B\n", PROFILE_BASE_PROCESS, "A",
           "");
}

static void a_token_begins_a_chain_and_needs_a_role(void **state)
{
    (void)state;
    struct profile_chain chain;
    struct profile_set *set;
    expect("[profile A]\n" ROLE_A "source_profile = B\n[profile B]\n" ROLE_B
           "web_identity_token_file = /t\n",
           PROFILE_BASE_WEB_IDENTITY, "B", "arn:A ");
    expect_result("[profile A]\nweb_identity_token_file = /t\n", SOURCE_FAILED,
                  "role_arn is missing");
    assert_int_equal(resolve("[profile A]\n" ROLE_A "web_identity_token_file = /t\n"
                             "role_session_name = me\nduration_seconds = 900\n",
                             &chain, &set, NULL),
                     SOURCE_GOT);
    assert_string_equal(chain.web_identity.role_arn, "arn:A");
    assert_string_equal(chain.web_identity.session_name, "me");
    assert_int_equal(chain.web_identity.duration_s, 900);
    profile_set_free(set);
}

static void half_a_pair_is_an_error_and_nothing_is_none(void **state)
{
    (void)state;
    expect_result("[profile A]\naws_access_key_id = AKID\n", SOURCE_FAILED,
                  "has no aws_secret_access_key");
    expect_result("[profile A]\naws_secret_access_key = hunter2\n", SOURCE_FAILED,
                  "has no aws_access_key_id");
    expect_result("[profile A]\n" ROLE_A "source_profile = B\n[profile B]\n"
                  "aws_secret_access_key = hunter2\n",
                  SOURCE_FAILED, "profile \"B\" has no aws_access_key_id");
    expect_result("[profile A]\nregion = x\n", SOURCE_NOT_CONFIGURED, "\"A\" has no keys");
}

static void what_goes_with_a_role_is_read_and_checked(void **state)
{
    (void)state;
    struct profile_chain chain;
    struct profile_set *set;
    assert_int_equal(resolve("[profile A]\n" ROLE_A "credential_source = Environment\n"
                             "role_session_name = me\nexternal_id = e\nduration_seconds = 43200\n",
                             &chain, &set, NULL),
                     SOURCE_GOT);
    assert_string_equal(chain.roles[0].role.session_name, "me");
    assert_string_equal(chain.roles[0].role.external_id, "e");
    assert_int_equal(chain.roles[0].role.duration_s, 43200);
    profile_set_free(set);
    static const char *const bad[] = {"899", "43201", "-1", "1h", "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char config[200];
        snprintf(config, sizeof config,
                 "[profile A]\n" ROLE_A "credential_source = Environment\nduration_seconds = %s\n",
                 bad[i]);
        expect_result(config, SOURCE_FAILED, "duration_seconds must be a number from 900 to 43200");
    }
    expect_result("[profile A]\n" ROLE_A "credential_source = Environment\nmfa_serial = m\n",
                  SOURCE_FAILED, "mfa_serial");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_role_is_asked_for_with_the_credentials_of_its_source),
        cmocka_unit_test(a_source_that_is_not_understood_is_named_with_its_line),
        cmocka_unit_test(a_profile_that_names_itself_means_its_own_credentials),
        cmocka_unit_test(keys_of_a_source_end_the_chain),
        cmocka_unit_test(loops_are_found),
        cmocka_unit_test(a_chain_has_a_longest_length),
        cmocka_unit_test(a_role_needs_exactly_one_source),
        cmocka_unit_test(credential_source_is_one_of_three),
        cmocka_unit_test(own_credentials_have_an_order),
        cmocka_unit_test(a_token_begins_a_chain_and_needs_a_role),
        cmocka_unit_test(half_a_pair_is_an_error_and_nothing_is_none),
        cmocka_unit_test(what_goes_with_a_role_is_read_and_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
