/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/dropped_names.h"
#include "proxy/startup_parameters.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

static char dropped[256];

static void note_dropped(void *arg, struct text name)
{
    (void)arg;
    size_t used = strlen(dropped);
    snprintf(dropped + used, sizeof dropped - used, "%.*s;", (int)name.len, name.data);
}

static const struct startup_rules lenient = {.application_name = "p", .on_dropped = note_dropped};

/* Pairs of names and values, up to NULL. */
static struct startup message_of(const char *const *pairs)
{
    struct startup startup = {.kind = STARTUP_SESSION};
    for (; *pairs != NULL; pairs += 2) {
        startup.parameters[startup.parameter_count] =
            (struct startup_parameter){text_of(pairs[0]), text_of(pairs[1])};
        startup.parameter_count++;
    }
    return startup;
}

/* Valid until the next call; the texts of the message that was written. */
static struct startup translate(const char *const *pairs, const struct startup_rules *rules)
{
    static struct buf out;
    struct fatal_error error;
    struct startup written;
    struct startup startup = message_of(pairs);
    buf_clear(&out);
    buf_init(&out, STARTUP_MAX_SIZE);
    dropped[0] = '\0';
    assert_true(startup_parameters_write(&startup, rules, &out, &error));
    assert_int_equal(startup_parse(buf_text(&out), &written), STARTUP_COMPLETE);
    return written;
}

static void assert_value(const struct startup *startup, const char *name, const char *value)
{
    struct text got = startup_value(startup, name);
    assert_int_equal(got.len, strlen(value));
    assert_memory_equal(got.data, value, got.len);
}

static void accepted_parameters_pass_and_others_are_dropped(void **state)
{
    (void)state;
    const char *const pairs[] = {
        "user",      "app", "database",          "postgres", "search_path", "x",
        "DateStyle", "ISO", "statement_timeout", "5s",       NULL};
    struct startup written = translate(pairs, &lenient);
    assert_value(&written, "user", "app");
    assert_value(&written, "database", "postgres");
    assert_value(&written, "search_path", "x");
    assert_value(&written, "DateStyle", "ISO");
    assert_value(&written, "statement_timeout", "");
    assert_string_equal(dropped, "statement_timeout;");
}

static void options_are_taken_apart(void **state)
{
    (void)state;
    const char *const pairs[] = {"user", "app", "options",
                                 "-c search_path=a\\ b --lock_timeout=1 -e -c timezone=UTC", NULL};
    struct startup written = translate(pairs, &lenient);
    assert_value(&written, "options", "");
    assert_value(&written, "search_path", "a b");
    assert_value(&written, "timezone", "UTC");
    assert_string_equal(dropped, "lock_timeout;-e;");
}

static void strict_passes_everything(void **state)
{
    (void)state;
    struct startup_rules strict = lenient;
    strict.is_strict = true;
    const char *const pairs[] = {"user",   "app", "statement_timeout", "5s", "options",
                                 "-c a=b", NULL};
    struct startup written = translate(pairs, &strict);
    assert_value(&written, "statement_timeout", "5s");
    assert_value(&written, "options", "-c a=b");
    assert_string_equal(dropped, "");
}

static void options_fix_user_and_database(void **state)
{
    (void)state;
    struct startup_rules fixed = lenient;
    fixed.user = "reader";
    fixed.dbname = "postgres";
    const char *const pairs[] = {"user", "anyone", "database", "other", NULL};
    struct startup written = translate(pairs, &fixed);
    assert_value(&written, "user", "reader");
    assert_value(&written, "database", "postgres");
}

static void database_is_that_of_the_user_if_there_is_none(void **state)
{
    (void)state;
    const char *const pairs[] = {"user", "app", NULL};
    struct startup written = translate(pairs, &lenient);
    assert_value(&written, "database", "app");
}

static void application_name_gets_a_prefix(void **state)
{
    (void)state;
    const char *const without[] = {"user", "app", NULL};
    struct startup written = translate(without, &lenient);
    assert_value(&written, "application_name", "p");
    const char *const with[] = {"user", "app", "application_name", "psql", NULL};
    written = translate(with, &lenient);
    assert_value(&written, "application_name", "p:psql");
    const char *const in_options[] = {"user", "app", "options", "-c application_name=x", NULL};
    written = translate(in_options, &lenient);
    assert_value(&written, "application_name", "p:x");
}

/* 63 bytes, and no half of a character at the end. */
static void application_name_is_cut_at_a_character(void **state)
{
    (void)state;
    char name[128] = "";
    for (int i = 0; i < 40; i++) {
        strcat(name, "\xc3\xa4");
    }
    const char *const pairs[] = {"user", "app", "application_name", name, NULL};
    struct startup written = translate(pairs, &lenient);
    struct text got = startup_value(&written, "application_name");
    assert_int_equal(got.len, 62);
}

static void message_without_a_user_is_refused(void **state)
{
    (void)state;
    struct fatal_error error;
    struct buf out AUTO_BUF;
    const char *const pairs[] = {"database", "postgres", NULL};
    struct startup startup = message_of(pairs);
    buf_init(&out, STARTUP_MAX_SIZE);
    assert_false(startup_parameters_write(&startup, &lenient, &out, &error));
    assert_string_equal(error.sqlstate, "28000");
}

static void name_is_new_once(void **state)
{
    (void)state;
    struct dropped_names names = {0};
    assert_true(dropped_names_add(&names, text_of("a")));
    assert_false(dropped_names_add(&names, text_of("A")));
    for (int i = 1; i < DROPPED_NAMES_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%d", i);
        assert_true(dropped_names_add(&names, text_of(name)));
    }
    assert_false(dropped_names_add(&names, text_of("too many")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepted_parameters_pass_and_others_are_dropped),
        cmocka_unit_test(options_are_taken_apart),
        cmocka_unit_test(strict_passes_everything),
        cmocka_unit_test(options_fix_user_and_database),
        cmocka_unit_test(database_is_that_of_the_user_if_there_is_none),
        cmocka_unit_test(application_name_gets_a_prefix),
        cmocka_unit_test(application_name_is_cut_at_a_character),
        cmocka_unit_test(message_without_a_user_is_refused),
        cmocka_unit_test(name_is_new_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
