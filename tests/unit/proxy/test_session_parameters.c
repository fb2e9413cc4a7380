/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/session_parameters.h"
#include "proxy/statement_parser.h"
#include "unit.h"
#include "wire/message.h"

#include <string.h>

struct fixture {
    struct parameter_defaults defaults;
    struct session_parameters client;
    struct server_parameters first;
    struct server_parameters second;
};

static void log_in(struct fixture *fixture, struct server_parameters *server, const char *zone)
{
    server_parameters_init(server, &fixture->defaults);
    const char *const reported[][2] = {{"TimeZone", zone},
                                       {"client_encoding", "UTF8"},
                                       {"standard_conforming_strings", "on"},
                                       {"application_name", ""},
                                       {"server_version", "16.9"}};
    for (size_t i = 0; i < sizeof reported / sizeof reported[0]; i++) {
        assert_true(server_parameters_login(server, &fixture->defaults, text_of(reported[i][0]),
                                            text_of(reported[i][1])));
    }
}

static void begin(struct fixture *fixture)
{
    *fixture = (struct fixture){0};
    log_in(fixture, &fixture->first, "UTC");
    log_in(fixture, &fixture->second, "UTC");
    session_parameters_init(&fixture->client, &fixture->defaults);
}

static void end(struct fixture *fixture)
{
    session_parameters_clear(&fixture->client);
    server_parameters_clear(&fixture->first);
    server_parameters_clear(&fixture->second);
    parameter_list_clear(&fixture->defaults.reported);
}

/* The SQL that sets a connection up, one statement after another. */
static void expect_set_up(struct fixture *fixture, struct server_parameters *server,
                          const char *wanted)
{
    struct buf out AUTO_BUF;
    struct buf sql AUTO_BUF;
    struct frame message;
    buf_init(&out, 65536);
    buf_init(&sql, 65536);
    assert_int_equal(session_parameters_differ(&fixture->client, server), *wanted != '\0');
    size_t count = session_parameters_set_up(&fixture->client, server, &out);
    struct text rest = buf_text(&out);
    for (; frame_next(rest, FRAME_CLIENT_MAX, &message) == FRAME_COMPLETE; count--) {
        assert_int_equal(message.type, 'Q');
        buf_add_string(&sql, message.body.data);
        buf_add_string(&sql, "; ");
        rest = text_slice(rest, message.size, rest.len);
    }
    assert_int_equal(count, 0);
    assert_string_equal(sql.data == NULL ? "" : sql.data, wanted);
    assert_false(session_parameters_differ(&fixture->client, server));
}

/* A statement succeeds on the first connection. */
static void run(struct fixture *fixture, const char *sql)
{
    struct statement_effect *effects = NULL;
    assert_int_equal(statement_parse(text_of(sql), &effects), STATEMENT_PARSED);
    for (struct statement_effect *it = effects; it != NULL; it = it->next) {
        assert_true(session_parameters_apply(&fixture->client, &fixture->first, it));
    }
    statement_effects_free(effects);
}

static void ready(struct fixture *fixture, bool is_failed)
{
    assert_true(session_parameters_end_transaction(&fixture->client, &fixture->first, is_failed));
}

static bool report(struct fixture *fixture, struct server_parameters *server, const char *name,
                   const char *value)
{
    bool is_news = false;
    assert_true(session_parameters_report(&fixture->client, server, text_of(name), text_of(value),
                                          &is_news));
    return is_news;
}

static void a_fresh_session_needs_nothing(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    expect_set_up(&fixture, &fixture.first, "");
    end(&fixture);
}

static void a_setting_follows(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    run(&fixture, "SET statement_timeout TO '5s'");
    run(&fixture, "SET dsql.a = x, 'y'");
    ready(&fixture, false);
    expect_set_up(&fixture, &fixture.first, "");
    expect_set_up(&fixture, &fixture.second,
                  "SET \"statement_timeout\" TO '5s'; SET \"dsql\".\"a\" TO x, 'y'; ");
    run(&fixture, "RESET statement_timeout");
    ready(&fixture, false);
    expect_set_up(&fixture, &fixture.second, "RESET \"statement_timeout\"; ");
    run(&fixture, "DISCARD ALL");
    ready(&fixture, false);
    expect_set_up(&fixture, &fixture.first, "");
    expect_set_up(&fixture, &fixture.second, "RESET \"dsql\".\"a\"; ");
    end(&fixture);
}

static void another_client_gets_its_own(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    run(&fixture, "SET a TO 1");
    ready(&fixture, false);
    session_parameters_clear(&fixture.client);
    session_parameters_init(&fixture.client, &fixture.defaults);
    assert_true(
        session_parameters_start(&fixture.client, text_of("application_name"), text_of("it's\\")));
    expect_set_up(&fixture, &fixture.first,
                  "RESET \"a\"; SELECT pg_catalog.set_config('application_name', E'it''s\\\\', "
                  "false); ");
    end(&fixture);
}

static void what_is_rolled_back_does_not_follow(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    run(&fixture, "SET a TO 1");
    ready(&fixture, false);
    run(&fixture, "BEGIN");
    run(&fixture, "SET a TO 2");
    run(&fixture, "SET b TO 2");
    run(&fixture, "ROLLBACK");
    ready(&fixture, false);
    run(&fixture, "SET c TO 3"); /* SET c; SELECT 1/0 in one Query */
    ready(&fixture, true);
    expect_set_up(&fixture, &fixture.first, "");
    expect_set_up(&fixture, &fixture.second, "SET \"a\" TO 1; ");
    end(&fixture);
}

static void savepoints_are_followed(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    run(&fixture, "SET a TO 1");
    run(&fixture, "SAVEPOINT s");
    run(&fixture, "SET a TO 2");
    run(&fixture, "SAVEPOINT t");
    run(&fixture, "SET a TO 3");
    run(&fixture, "RELEASE t");
    run(&fixture, "ROLLBACK TO s");
    run(&fixture, "SET b TO 4");
    run(&fixture, "ROLLBACK TO nowhere");
    run(&fixture, "COMMIT");
    ready(&fixture, false);
    expect_set_up(&fixture, &fixture.second, "SET \"a\" TO 1; SET \"b\" TO 4; ");
    end(&fixture);
}

static void local_settings_do_not_follow(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    run(&fixture, "SET LOCAL a TO 1");
    ready(&fixture, false);
    expect_set_up(&fixture, &fixture.second, "");
    end(&fixture);
}

/* Their statements do not matter: the server reports what became of them. */
static void reported_parameters_are_taken_from_reports(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    run(&fixture, "SET TIME ZONE 'europe/berlin'");
    assert_true(report(&fixture, &fixture.first, "TimeZone", "Europe/Berlin"));
    ready(&fixture, false);
    expect_set_up(&fixture, &fixture.first, "");
    expect_set_up(&fixture, &fixture.second,
                  "SELECT pg_catalog.set_config('timezone', 'Europe/Berlin', false); ");
    assert_false(report(&fixture, &fixture.second, "TimeZone", "Europe/Berlin"));
    assert_true(report(&fixture, &fixture.second, "TimeZone", "UTC"));
    expect_set_up(&fixture, &fixture.second, "");
    expect_set_up(&fixture, &fixture.first,
                  "SELECT pg_catalog.set_config('timezone', 'UTC', false); ");
    /* Nobody can set this one. */
    assert_true(report(&fixture, &fixture.first, "server_version", "16.10"));
    assert_false(report(&fixture, &fixture.first, "server_version", "16.10"));
    expect_set_up(&fixture, &fixture.second, "");
    end(&fixture);
}

static void a_server_that_began_otherwise_is_adapted(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    server_parameters_clear(&fixture.second);
    log_in(&fixture, &fixture.second, "Mars");
    expect_set_up(&fixture, &fixture.second,
                  "SELECT pg_catalog.set_config('timezone', 'UTC', false); ");
    end(&fixture);
}

/* RESET leads back to the startup message, not to the server's default. */
static void reset_leads_to_the_startup_message(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    assert_true(session_parameters_start(&fixture.client, text_of("search_path"), text_of("app")));
    assert_true(session_parameters_start(&fixture.client, text_of("timezone"), text_of("Mars")));
    expect_set_up(&fixture, &fixture.first,
                  "SELECT pg_catalog.set_config('search_path', 'app', false); SELECT "
                  "pg_catalog.set_config('timezone', 'Mars', false); ");
    run(&fixture, "SET search_path TO other");
    ready(&fixture, false);
    run(&fixture, "RESET search_path");
    ready(&fixture, false);
    run(&fixture, "RESET ALL");
    (void)report(&fixture, &fixture.first, "TimeZone", "UTC");
    ready(&fixture, false);
    expect_set_up(&fixture, &fixture.first,
                  "SELECT pg_catalog.set_config('timezone', 'Mars', false); SELECT "
                  "pg_catalog.set_config('search_path', 'app', false); ");
    run(&fixture, "SET timezone TO 'UTC'");
    (void)report(&fixture, &fixture.first, "TimeZone", "UTC");
    ready(&fixture, false);
    expect_set_up(&fixture, &fixture.second,
                  "SELECT pg_catalog.set_config('search_path', 'app', false); ");
    end(&fixture);
}

/* They decide how the SQL of the others is read. */
static void encoding_comes_first(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    run(&fixture, "SET a TO 'b'");
    ready(&fixture, false);
    (void)report(&fixture, &fixture.first, "client_encoding", "SJIS");
    (void)report(&fixture, &fixture.first, "standard_conforming_strings", "off");
    struct lexer_rules rules = session_parameters_rules(&fixture.client);
    assert_int_equal(rules.encoding, LEXER_SHIFT_JIS);
    assert_true(rules.has_backslashes);
    expect_set_up(
        &fixture, &fixture.second,
        "SELECT pg_catalog.set_config('client_encoding', 'SJIS', false); SELECT "
        "pg_catalog.set_config('standard_conforming_strings', 'off', false); SET \"a\" TO "
        "'b'; ");
    end(&fixture);
}

static void the_name_of_the_program_does_not_change_statements(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    (void)report(&fixture, &fixture.first, "application_name", "psql");
    assert_true(fixture.client.state.list.fingerprint != 0);
    assert_true(fixture.client.state.list.statement_fingerprint == 0);
    run(&fixture, "SET search_path TO a");
    assert_true(fixture.client.state.list.statement_fingerprint != 0);
    end(&fixture);
}

/*
 * These values have the same FNV-1a of name and value, found in a minute.  If a client could find
 * such values for the fingerprint, its search_path would stay on a connection for others.
 */
static void a_fingerprint_cannot_be_chosen(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    run(&fixture, "SET a TO 'oiJCfBiQZBP'");
    ready(&fixture, false);
    expect_set_up(&fixture, &fixture.second, "SET \"a\" TO 'oiJCfBiQZBP'; ");
    run(&fixture, "SET a TO 'fGjzPHZ0WAD'");
    ready(&fixture, false);
    expect_set_up(&fixture, &fixture.second, "SET \"a\" TO 'fGjzPHZ0WAD'; ");
    end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fresh_session_needs_nothing),
        cmocka_unit_test(a_setting_follows),
        cmocka_unit_test(another_client_gets_its_own),
        cmocka_unit_test(what_is_rolled_back_does_not_follow),
        cmocka_unit_test(savepoints_are_followed),
        cmocka_unit_test(local_settings_do_not_follow),
        cmocka_unit_test(reported_parameters_are_taken_from_reports),
        cmocka_unit_test(a_server_that_began_otherwise_is_adapted),
        cmocka_unit_test(reset_leads_to_the_startup_message),
        cmocka_unit_test(encoding_comes_first),
        cmocka_unit_test(the_name_of_the_program_does_not_change_statements),
        cmocka_unit_test(a_fingerprint_cannot_be_chosen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
