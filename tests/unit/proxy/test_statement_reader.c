/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/statement_names.h"
#include "proxy/statement_reader.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

static const char *const kind_names[] = {
    [STATEMENT_EMPTY] = "empty",           [STATEMENT_OTHER] = "other",
    [STATEMENT_UNDOABLE] = "undoable",     [STATEMENT_BEGIN] = "begin",
    [STATEMENT_COMMIT] = "commit",         [STATEMENT_ROLLBACK] = "rollback",
    [STATEMENT_SAVEPOINT] = "savepoint",   [STATEMENT_RELEASE] = "release",
    [STATEMENT_UNDO_TO] = "undo-to",       [STATEMENT_SET] = "set",
    [STATEMENT_SET_LOCAL] = "set-local",   [STATEMENT_RESET] = "reset",
    [STATEMENT_RESET_ALL] = "reset-all",   [STATEMENT_DISCARD_ALL] = "discard-all",
    [STATEMENT_DEALLOCATE] = "deallocate", [STATEMENT_DEALLOCATE_ALL] = "deallocate-all",
    [STATEMENT_PREPARE] = "prepare",       [STATEMENT_COPY] = "copy",
    [STATEMENT_KEEPS_SESSION] = "keeps",
};

static struct statement_summary read_in_steps(const char *sql, size_t step)
{
    const struct lexer_rules rules = {0};
    struct statement_reader reader;
    statement_reader_init(&reader, &rules);
    for (struct text rest = text_of(sql); !text_is_empty(rest);
         rest = text_slice(rest, step, rest.len)) {
        statement_reader_add(&reader, text_slice(rest, 0, step));
    }
    return statement_reader_end(&reader);
}

/* As one line: the number of statements, the kind of the first, and the effects. */
static void describe(const struct statement_summary *summary, char *out, size_t size)
{
    struct buf line AUTO_BUF;
    buf_init(&line, size - 1);
    buf_printf(&line, "%u %s", summary->count, kind_names[summary->kind]);
    for (const struct statement_effect *it = summary->effects; it != NULL; it = it->next) {
        buf_printf(&line, "%s %s", it->is_part ? " +" : ",", kind_names[it->kind]);
        if (it->name[0] != '\0') {
            buf_printf(&line, " %s", it->name);
        }
        if (it->value != NULL) {
            buf_printf(&line, "=%s", it->value);
        }
    }
    buf_add_string(&line, summary->has_names ? " names" : "");
    buf_add_string(&line, summary->is_unclear ? " unclear" : "");
    buf_add_string(&line, summary->leaves_state ? " state" : "");
    assert_true(buf_ok(&line));
    (void)snprintf(out, size, "%s", line.data);
}

static void expect(const char *sql, const char *wanted)
{
    const size_t steps[] = {1, 2, 7, 1000000};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        char line[1024];
        struct statement_summary summary = read_in_steps(sql, steps[i]);
        describe(&summary, line, sizeof line);
        assert_string_equal(line, wanted);
        statement_effects_free(summary.effects);
    }
}

static void queries_can_be_undone(void **state)
{
    (void)state;
    expect("SELECT 1", "1 undoable");
    expect("  /* a */ insert into t values (1);", "1 undoable");
    expect("(SELECT 1) UNION SELECT 2", "1 undoable");
    expect("WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a", "1 undoable");
    expect("CREATE INDEX ASYNC ON t (a)", "1 undoable");
    expect("SELECT ';' , $$;$$, \";\" -- ;\n", "1 undoable");
}

static void others_cannot(void **state)
{
    (void)state;
    expect("", "0 empty");
    expect(" ; ;-- nothing\n;", "0 empty");
    expect("CALL p()", "1 other");
    expect("DO $$ begin commit; end $$", "1 other");
    expect("VACUUM", "1 other");
    expect("EXPLAIN ANALYZE UPDATE t SET a = 1", "1 other");
    expect("COPY t FROM STDIN", "1 copy");
    expect("\"select\" 1", "1 other");
    expect("selects", "1 other");
    expect("SELECT 1; SELECT 2", "2 undoable");
    expect("SELECT 1; SELECT 2; SELECT 3", "3 undoable");
}

static void transactions_are_seen(void **state)
{
    (void)state;
    expect("BEGIN", "1 begin, begin");
    expect("start transaction read only", "1 begin, begin");
    expect("COMMIT AND CHAIN", "1 commit, commit");
    expect("END;", "1 commit, commit");
    expect("ROLLBACK", "1 rollback, rollback");
    expect("ABORT WORK", "1 rollback, rollback");
    expect("rollback transaction to savepoint \"A b\"", "1 undo-to, undo-to A b");
    expect("ROLLBACK TO A", "1 undo-to, undo-to a");
    expect("SAVEPOINT a; RELEASE SAVEPOINT a", "2 savepoint, savepoint a, release a");
    expect("PREPARE TRANSACTION 'x'", "1 commit, commit names");
    expect("ROLLBACK PREPARED 'x'", "1 other");
    expect("COMMIT PREPARED 'x'", "1 other");
    struct statement_summary summary = read_in_steps("SELECT 1; COMMIT", 100);
    assert_true(summary.has_transaction_control);
    statement_effects_free(summary.effects);
}

static void settings_are_seen(void **state)
{
    (void)state;
    expect("SET search_path = a, \"B\"", "1 set, set search_path=a, \"B\"");
    expect("SET SESSION Statement_Timeout TO '5s';", "1 set, set statement_timeout='5s'");
    expect("SET dsql.x TO on", "1 set, set dsql.x=on");
    expect("SET \"TimeZone\" TO 'UTC'", "1 set, set timezone='UTC'");
    expect("set time zone 'Europe/Berlin'", "1 set, set timezone='Europe/Berlin'");
    expect("SET TIME ZONE LOCAL", "1 reset, reset timezone");
    expect("SET NAMES 'LATIN1'", "1 set, set client_encoding='LATIN1'");
    expect("SET NAMES", "1 reset, reset client_encoding");
    expect("SET SCHEMA 's'", "1 set, set search_path='s'");
    expect("SET ROLE app", "1 set, set role=app");
    expect("SET role = 'app'", "1 set, set role='app'");
    expect("SET SESSION AUTHORIZATION DEFAULT", "1 reset, reset session_authorization");
    expect("SET a TO DEFAULT", "1 reset, reset a");
    expect("SET XML OPTION DOCUMENT", "1 set, set xmloption=DOCUMENT");
    expect("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
           "1 set, set default_transaction_isolation='repeatable read' + set "
           "default_transaction_read_only=on");
    expect("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE, NOT DEFERRABLE",
           "1 set, set default_transaction_read_only=off + set default_transaction_deferrable=off");
    expect("SET a TO 1; SET a TO 2", "2 set, set a=1, set a=2");
}

static void local_settings_are_seen_as_such(void **state)
{
    (void)state;
    expect("SET LOCAL a = 1", "1 set-local, set-local");
    expect("SET TRANSACTION READ ONLY", "1 set-local, set-local");
    expect("SET CONSTRAINTS ALL DEFERRED", "1 set-local, set-local");
}

static void resets_are_seen(void **state)
{
    (void)state;
    expect("RESET a.b", "1 reset, reset a.b");
    expect("RESET ALL", "1 reset-all, reset-all");
    expect("RESET TIME ZONE", "1 reset, reset timezone");
    expect("RESET SESSION AUTHORIZATION", "1 reset, reset session_authorization");
    expect("DISCARD ALL", "1 discard-all, discard-all");
    expect("DISCARD PLANS", "1 other");
    expect("DEALLOCATE s", "1 deallocate, deallocate s names");
    expect("deallocate prepare \"S\"", "1 deallocate, deallocate S names");
    expect("DEALLOCATE PREPARE ALL", "1 deallocate-all, deallocate-all names");
    expect("DEALLOCATE prepare", "1 deallocate, deallocate prepare names");
    expect("Deallocate /* a */ -- b\n Sch\xc3\x96n", "1 deallocate, deallocate sch\xc3\x96n names");
    expect("DEALLOCATE \"a\"\"b\"", "1 deallocate, deallocate a\"b names");
    expect("DEALLOCATE U&\"d\\0061t\\+000061\"", "1 deallocate, deallocate data names state");
    expect("DEALLOCATE a23456789_123456789_123456789_123456789_123456789_123456789_\xc3\xa4",
           "1 deallocate, deallocate "
           "a23456789_123456789_123456789_123456789_123456789_123456789_\xc3\xa4 names");
    expect("DEALLOCATE a23456789_123456789_123456789_123456789_123456789_123456789_12\xc3\xa4",
           "1 deallocate, deallocate "
           "a23456789_123456789_123456789_123456789_123456789_123456789_12 names");
    expect("DEALLOCATE a; DEALLOCATE b", "2 deallocate, deallocate a, deallocate b names");
}

/* A value is used again in another text, so a comment must not stay in it. */
static void comments_are_left_out(void **state)
{
    (void)state;
    expect("SET a TO -- b\n 1 -- c", "1 set, set a=1");
    expect("SET/**/a/* ; */=/*b*/'--'", "1 set, set a='--'");
    expect("SET a = '/*' -- '", "1 set, set a='/*'");
    expect("SET a = E'\\'--' /* /* */ */ , b", "1 set, set a=E'\\'--'   , b");
    expect("--\nSET--\na--\nTO--\n1", "1 set, set a=1");
}

static void functions_that_leave_state_are_seen(void **state)
{
    (void)state;
    expect("SELECT pg_advisory_lock(1)", "1 undoable state");
    expect("SELECT 1; SELECT nextval('s')", "2 undoable state");
    expect("SET a TO b; SELECT U&\"set\\005fconfig\"('a', 'b', false)", "2 set, set a=b state");
    expect("SET seed TO 0.5", "1 set-local, set-local seed=0.5 state");
    expect("SELECT u & \"set_config\"", "1 undoable");
    expect("SELECT nextval, 'pg_temp', $$ setval('s', 1) $$", "1 undoable");
}

static void what_stays_on_a_connection_is_seen(void **state)
{
    (void)state;
    expect("PREPARE a AS SELECT 1", "1 prepare, prepare a names");
    expect("SELECT 1 INTO TEMP a", "1 keeps, keeps");
    expect("SELECT b INTO LOCAL TEMPORARY TABLE a FROM c", "1 keeps, keeps");
    expect("LISTEN a", "1 keeps, keeps");
    expect("LOAD 'a'", "1 keeps, keeps");
    expect("DECLARE a CURSOR WITH HOLD FOR SELECT 1", "1 keeps, keeps");
    expect("DECLARE a CURSOR FOR SELECT 1 /* WITH HOLD */", "1 other");
    expect("CREATE TEMP TABLE a (b int)", "1 keeps, keeps");
    expect("CREATE LOCAL TEMPORARY TABLE a (b int)", "1 keeps, keeps");
    expect("CREATE OR REPLACE TEMP VIEW a AS SELECT 1", "1 keeps, keeps");
    expect("CREATE TABLE temp (b int)", "1 undoable");
    expect("CREATE TABLE \"temp\" (temp int)", "1 undoable");
    expect("INSERT INTO temp VALUES (1)", "1 undoable");
    expect("MERGE INTO temp USING a ON true WHEN MATCHED THEN DELETE", "1 undoable");
    expect("SELECT temp FROM temperatures", "1 undoable");
    expect("CREATE TABLE a (b int, temp int)", "1 undoable");
}

/* As psql splits: in parentheses and in SQL bodies of functions nothing ends. */
static void some_semicolons_do_not_end_a_statement(void **state)
{
    (void)state;
    expect("CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)", "1 undoable");
    expect(
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; "
        "END",
        "1 undoable");
    expect("CREATE OR REPLACE PROCEDURE f() BEGIN ATOMIC SELECT 1; END; SET a = 1",
           "2 undoable, set a=1");
    expect("BEGIN; SELECT 1; END", "3 begin, begin, commit");
    expect("SELECT 1); SELECT 2", "2 undoable");
}

static void limits_make_it_unclear(void **state)
{
    (void)state;
    static char sql[20000];
    size_t len = (size_t)snprintf(sql, sizeof sql, "SET a = '");
    memset(sql + len, 'x', STATEMENT_READER_HELD_MAX);
    sql[len + STATEMENT_READER_HELD_MAX] = '\'';
    struct statement_summary summary = read_in_steps(sql, 1000);
    assert_true(summary.is_unclear);
    statement_effects_free(summary.effects);
    len = 0;
    for (int i = 0; i <= STATEMENT_READER_EFFECTS_MAX; i++) {
        len += (size_t)snprintf(sql + len, sizeof sql - len, "SET a = 1;");
    }
    summary = read_in_steps(sql, 1000);
    assert_true(summary.is_unclear);
    statement_effects_free(summary.effects);
    expect("SET \"a\"\"b\" = 1", "1 set, set a=\"b\" = 1 unclear");
    expect("DEALLOCATE U&\"a\" UESCAPE '!'", "1 other names unclear state");
}

static void an_open_literal_is_no_statement_of_its_own(void **state)
{
    (void)state;
    expect("SELECT '; SET a = 1", "1 undoable");
    expect("SET a = '; SET b = 1", "1 set, set a='; SET b = 1");
    expect("SELECT 1 /* ; SET a = 1", "1 undoable");
}

static void names_of_statements_are_noticed(void **state)
{
    (void)state;
    expect("EXECUTE a", "1 other names");
    expect("EXPLAIN EXECUTE a", "1 other names");
    expect("EXPLAIN SELECT 1", "1 other");
    expect("CREATE TABLE a AS EXECUTE b", "1 undoable names");
    expect("SELECT execute, prepare FROM deallocate", "1 undoable");
}

struct place {
    const char *sql;
    const char *names; /* the use, the identifier in the text, and what it means */
};

static const struct place places[] = {
    {"DEALLOCATE a", "d(a a)"},
    {"/* a */ DeAllocate -- b\nPREPARE\t\"A b\" ;", "d(\"A b\" A b)"},
    {"DEALLOCATE prepare", "d(prepare prepare)"},
    {"DEALLOCATE prepare prepare", "d(prepare prepare)"},
    {"DEALLOCATE ALL", ""},
    {"DEALLOCATE PREPARE ALL", ""},
    {"DEALLOCATE \"all\"", "d(\"all\" all)"},
    {"DEALLOCATE U&\"d\\0061t\"", "d(U&\"d\\0061t\" dat)"},
    {"execute A (1, 'b')", "e(A a)"},
    {"EXPLAIN EXECUTE a", "e(a a)"},
    {"EXPLAIN ANALYZE VERBOSE EXECUTE a(1)", "e(a a)"},
    {"explain (analyze, format json) execute a", "e(a a)"},
    {"EXPLAIN SELECT execute FROM a", ""},
    {"CREATE TEMP TABLE a AS EXECUTE b(1) WITH NO DATA", "e(b b)"},
    {"CREATE TABLE a (as_of int) AS EXECUTE b", "e(b b)"},
    {"CREATE TRIGGER a BEFORE INSERT ON b EXECUTE FUNCTION c()", ""},
    {"GRANT EXECUTE ON FUNCTION a TO b", ""},
    {"PREPARE a (int) AS SELECT 1", "p(a a)"},
    {"PREPARE TRANSACTION 'a'", ""},
    {"SELECT 'EXECUTE a'; EXECUTE b; DEALLOCATE c", "e(b b)d(c c)"},
    {"SELECT $$;EXECUTE a$$", ""},
    {"EXECUTE", ""},
    {"EXECUTE 'a'", ""},
    {"DEALLOCATE \"\"", ""},
    {"", ""},
};

static void names_of_statements_are_found(void **state)
{
    (void)state;
    const struct lexer_rules rules = {.encoding = LEXER_ASCII_SAFE};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct statement_name names[STATEMENT_NAMES_MAX];
        struct buf line AUTO_BUF;
        buf_init(&line, 1024);
        buf_add_string(&line, "");
        size_t count = statement_names_find(text_of(places[i].sql), &rules, names);
        for (size_t j = 0; j < count; j++) {
            buf_printf(&line, "%c(%.*s %s)", "dep"[names[j].use],
                       (int)(names[j].end - names[j].start), places[i].sql + names[j].start,
                       names[j].name);
        }
        assert_string_equal(line.len == 0 ? "" : line.data, places[i].names);
    }
}

static void tags_belong_to_kinds(void **state)
{
    (void)state;
    assert_true(statement_kind_has_tag(STATEMENT_SET, text_of("SET")));
    assert_false(statement_kind_has_tag(STATEMENT_SET, text_of("SELECT 1")));
    assert_true(statement_kind_has_tag(STATEMENT_COMMIT, text_of("ROLLBACK")));
    assert_true(statement_kind_has_tag(STATEMENT_KEEPS_SESSION, text_of("CREATE TABLE")));
    assert_false(statement_kind_has_tag(STATEMENT_OTHER, text_of("SET")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_that_leave_state_are_seen),
        cmocka_unit_test(queries_can_be_undone),
        cmocka_unit_test(others_cannot),
        cmocka_unit_test(transactions_are_seen),
        cmocka_unit_test(settings_are_seen),
        cmocka_unit_test(local_settings_are_seen_as_such),
        cmocka_unit_test(resets_are_seen),
        cmocka_unit_test(comments_are_left_out),
        cmocka_unit_test(what_stays_on_a_connection_is_seen),
        cmocka_unit_test(some_semicolons_do_not_end_a_statement),
        cmocka_unit_test(limits_make_it_unclear),
        cmocka_unit_test(an_open_literal_is_no_statement_of_its_own),
        cmocka_unit_test(names_of_statements_are_noticed),
        cmocka_unit_test(names_of_statements_are_found),
        cmocka_unit_test(tags_belong_to_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
