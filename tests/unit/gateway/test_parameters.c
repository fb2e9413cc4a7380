/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "gateway/parameters.h"
#include "unit.h"

#include <string.h>

struct fixture {
    struct startup startup;
    struct buf out;
    struct fatal_error error;
};

static bool translate(struct fixture *fixture, const char *name, const char *value)
{
    *fixture = (struct fixture){.startup.parameter_count = 3};
    buf_init(&fixture->out, STARTUP_MAX_SIZE);
    fixture->startup.parameters[0] = (struct startup_parameter){text_of("user"), text_of("app")};
    fixture->startup.parameters[1] =
        (struct startup_parameter){text_of("database"), text_of("postgres")};
    fixture->startup.parameters[2] = (struct startup_parameter){text_of(name), text_of(value)};
    return parameters_translate(&fixture->startup, &fixture->out, &fixture->error);
}

static void expect_passed(const char *name, const char *value, const char *name_out,
                          const char *value_out)
{
    struct fixture fixture;
    struct startup read;
    assert_true(translate(&fixture, name, value));
    assert_int_equal(startup_parse(buf_text(&fixture.out), &read), STARTUP_COMPLETE);
    assert_true(text_equal_string(startup_value(&read, name_out), value_out));
    assert_true(text_is_empty(startup_value(&read, "options")));
    buf_clear(&fixture.out);
}

static void expect_fatal_error(const char *name, const char *value, const char *part)
{
    struct fixture fixture;
    assert_false(translate(&fixture, name, value));
    assert_non_null(strstr(fixture.error.message, part));
    buf_clear(&fixture.out);
}

static void parameters_on_the_list_pass(void **state)
{
    (void)state;
    expect_passed("application_name", "x y", "application_name", "x y");
    expect_passed("TimeZone", "UTC", "TimeZone", "UTC");
    expect_passed("options", "-c search_path=a", "search_path", "a");
    expect_passed("options", "  -csearch_path=a\\ b  ", "search_path", "a b");
    expect_passed("options", "--search_path=a=b", "search_path", "a=b");
    expect_passed("options", "-c amzn-cluster-id=x", "amzn-cluster-id", "");
    expect_passed("disable_sync_create_index", "on", "disable_sync_create_index", "");
}

static void other_parameters_are_refused_by_name(void **state)
{
    (void)state;
    expect_fatal_error("default_transaction_read_only", "on",
                       "setting configuration parameter \"default_transaction_read_only\" not");
    expect_fatal_error("replication", "true", "\"replication\" not supported");
    expect_fatal_error("options", "-c search_path=a -c role=dsql_owner", "\"role\" not supported");
    expect_fatal_error("options", "-cse\\ssion_authorization=x", "\"session_authorization\" not");
    expect_fatal_error("options", "-d 5", "\"-d\" not supported");
    expect_fatal_error("options", "-c search_path", "requires a value");
    expect_fatal_error("options", "-c", "requires a value");
    expect_fatal_error("database", "other", "database \"other\" does not exist");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_on_the_list_pass),
        cmocka_unit_test(other_parameters_are_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
