/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/dump_statements.h"
#include "unit.h"
#include "wire/backend.h"
#include "wire/message.h"

#include <stdio.h>
#include <string.h>

static struct dump_statements statements;
static struct buf out;
static char note[DUMP_NOTE_SIZE];

static int begin(void **state)
{
    (void)state;
    statements = (struct dump_statements){.cursor = ""};
    buf_init(&out, 2 * DUMP_SQL_MAX);
    return 0;
}

static int end(void **state)
{
    (void)state;
    dump_statements_clear(&statements);
    buf_clear(&out);
    return 0;
}

static enum dump_action take(const char *sql)
{
    buf_clear(&out);
    return dump_statements_take(&statements, text_of(sql), &out, note);
}

static void assert_passes(const char *sql)
{
    if (take(sql) != DUMP_PASS) {
        fail_msg("not passed on: %s", sql);
    }
    assert_int_equal(out.len, 0);
}

/* With this tag, which is the last message. */
static void assert_answered(const char *sql, const char *tag, const char *wanted_note)
{
    struct frame message = {.type = 0};
    if (take(sql) != DUMP_ANSWER) {
        fail_msg("not answered: %s", sql);
    }
    for (struct text rest = buf_text(&out); !text_is_empty(rest);
         rest = text_slice(rest, message.size, rest.len)) {
        assert_int_equal(frame_next(rest, DUMP_ANSWER_MAX, &message), FRAME_COMPLETE);
    }
    assert_int_equal(message.type, BACKEND_COMMAND_COMPLETE);
    assert_string_equal(message.body.data, tag);
    assert_string_equal(note, wanted_note);
}

static void assert_replaced(const char *sql, const char *wanted)
{
    if (take(sql) != DUMP_REPLACE) {
        fail_msg("not replaced: %s", sql);
    }
    buf_add_char(&out, '\0');
    assert_string_equal(out.data, wanted);
}

/* ---- The beginning of a dump and of a restore ---------------------------- */

static void settings_that_make_no_difference_are_answered(void **state)
{
    (void)state;
    assert_answered("SET statement_timeout = 0", "SET", "SET statement_timeout");
    assert_answered("SET lock_timeout = 10000;\n", "SET", "SET lock_timeout");
    assert_answered("SET synchronize_seqscans TO off", "SET", "SET synchronize_seqscans");
    assert_answered("set row_security=off", "SET", "SET row_security");
    assert_answered("SET standard_conforming_strings = on;", "SET",
                    "SET standard_conforming_strings");
    assert_answered("SET standard_conforming_strings = 'on';", "SET",
                    "SET standard_conforming_strings");
    assert_answered("SET default_tablespace = '';", "SET", "SET default_tablespace");
    assert_answered("SET default_table_access_method = heap;", "SET",
                    "SET default_table_access_method");
    assert_answered("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY", "SET",
                    "SET TRANSACTION");
}

static void settings_that_matter_are_the_clusters(void **state)
{
    (void)state;
    assert_passes("SET DATESTYLE = ISO");
    assert_passes("SET client_encoding = 'LATIN1';");
    assert_passes("SET extra_float_digits TO 3");
    assert_passes("SET quote_all_identifiers = true");
    assert_passes("SET ROLE app");
    assert_passes("SET SESSION AUTHORIZATION 'app'");
    assert_passes("SET standard_conforming_strings = off");
    assert_passes("SET default_tablespace = fast");
    assert_passes("SET statement_timeout = 0; DROP TABLE items");
    assert_passes("SET statement_timeout = 0 /* 1 */");
    assert_passes("SET statement_timeout");
    assert_passes("SET statement_timeout = 0, 1");
    assert_passes("SET");
    assert_passes("SET TRANSACTION SNAPSHOT '00000003-0000001B-1'");
    assert_passes("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY, DEFERRABLE");
    assert_passes("SELECT pg_catalog.set_config('search_path', '', false);");
    assert_passes("SELECT set_config('search_path', '', false)");
    assert_passes("BEGIN");
    assert_passes("");
}

/* pg_dump expects rows, however many. */
static void unknown_parameter_has_no_row(void **state)
{
    (void)state;
    struct frame message;
    assert_answered("SELECT set_config(name, 'view, foreign-table', false) FROM pg_settings WHERE "
                    "name = 'restrict_nonsystem_relation_kind'",
                    "SELECT 0", "set_config restrict_nonsystem_relation_kind");
    assert_int_equal(frame_next(buf_text(&out), DUMP_ANSWER_MAX, &message), FRAME_COMPLETE);
    assert_int_equal(message.type, BACKEND_ROW_DESCRIPTION);
    assert_memory_equal(message.body.data, "\0\1set_config\0", 13);
    assert_int_equal(message.body.len, 2 + 11 + 18);
}

static void lock_of_a_dump_is_answered(void **state)
{
    (void)state;
    assert_answered("LOCK TABLE public.a, public.\"b;c\" IN ACCESS SHARE MODE", "LOCK TABLE",
                    "LOCK TABLE");
    assert_answered("LOCK TABLE public.a IN ACCESS SHARE MODE NOWAIT", "LOCK TABLE", "LOCK TABLE");
    assert_passes("LOCK TABLE public.a");
    assert_passes("LOCK TABLE public.a IN ACCESS EXCLUSIVE MODE");
}

/* ---- PREPARE ------------------------------------------------------------- */

static void prepared_statement_runs_with_its_arguments(void **state)
{
    (void)state;
    assert_answered("PREPARE dumpFunc(pg_catalog.oid) AS\nSELECT '$1', E'\\'$1', \"$1\", $$ $1 $$, "
                    "a$1, $1 FROM pg_proc WHERE oid=$1",
                    "PREPARE", "PREPARE dumpFunc");
    assert_replaced("EXECUTE dumpfunc('16384')",
                    "SELECT '$1', E'\\'$1', \"$1\", $$ $1 $$, a$1, ('16384'::pg_catalog.oid) "
                    "FROM pg_proc WHERE oid=('16384'::pg_catalog.oid)");
    assert_string_equal(note, "EXECUTE dumpfunc");
}

static void arguments_are_counted_and_typed(void **state)
{
    (void)state;
    assert_answered("PREPARE p(name[], int) AS SELECT $2, $1", "PREPARE", "PREPARE p");
    assert_replaced("EXECUTE p('{\"a,b\",c''d}'::pg_catalog.name[], 7);",
                    "SELECT (7::int), ('{\"a,b\",c''d}'::pg_catalog.name[]::name[])");
    assert_passes("EXECUTE p('a')");
    assert_answered("PREPARE q AS SELECT $1, $2", "PREPARE", "PREPARE q");
    assert_replaced("EXECUTE q(1, 'x')", "SELECT (1), ('x')");
    assert_passes("EXECUTE q(1)");
    assert_answered("PREPARE r AS SELECT 1", "PREPARE", "PREPARE r");
    assert_replaced("EXECUTE r", "SELECT 1");
    assert_replaced("EXECUTE r()", "SELECT 1");
    assert_passes("PREPARE s(int AS SELECT 1");
    assert_passes("PREPARE t");
    assert_passes("PREPARE u AS");
}

/* Computed once for each place, and perhaps for each row, it would not be the same. */
static void argument_must_be_a_constant(void **state)
{
    (void)state;
    assert_answered("PREPARE p(int) AS SELECT $1", "PREPARE", "PREPARE p");
    assert_passes("EXECUTE p(nextval('s'))");
    assert_passes("EXECUTE p(1 + 1)");
    assert_passes("EXECUTE p('a\\'b')");
    assert_passes("EXECUTE p('a'::int) FOR UPDATE");
    assert_passes("EXECUTE p(E'a')");
    assert_passes("EXECUTE unknown(1)");
    assert_passes("EXECUTE p(1,2,3,4,5,6,7,8,9)");
}

/* The queries of pg_dump 17. */
static void what_belongs_to_the_cluster_is_not_dumped(void **state)
{
    (void)state;
    assert_replaced(
        "SELECT n.tableoid, n.oid, n.nspname, n.nspowner, n.nspacl, acldefault('n', "
        "n.nspowner) AS acldefault FROM pg_namespace n",
        "SELECT n.tableoid, n.oid, CASE n.nspname WHEN 'sys' THEN 'pg_sys' ELSE "
        "n.nspname END AS nspname, n.nspowner, n.nspacl, acldefault('n', n.nspowner) AS "
        "acldefault FROM pg_namespace n");
    assert_string_equal(note, "the query of the schemas");
    assert_replaced("SELECT tableoid, oid, amname, amtype, amhandler::pg_catalog.regproc AS "
                    "amhandler FROM pg_am",
                    "SELECT tableoid, oid, amname, amtype, amhandler::pg_catalog.regproc AS "
                    "amhandler FROM pg_am WHERE oid < 16384");
    assert_replaced("SELECT c.tableoid, c.oid, c.relname, c.relkind, am.amname, x FROM pg_class c",
                    "SELECT c.tableoid, c.oid, c.relname, c.relkind, NULL AS amname, x FROM "
                    "pg_class c");
    assert_replaced("SELECT t.tableoid, t.oid, i.indrelid, t.relname AS indexname, "
                    "pg_catalog.pg_get_indexdef(i.indexrelid) AS indexdef, i.indkey FROM x",
                    "SELECT t.tableoid, t.oid, i.indrelid, t.relname AS indexname, "
                    "pg_catalog.regexp_replace(pg_catalog.pg_get_indexdef(i.indexrelid), "
                    "' USING btree_index ', ' USING btree ') AS indexdef, i.indkey FROM x");
    assert_passes("SELECT c.tableoid, c.oid, c.relname, c.relkind FROM pg_class c");
    assert_passes("SELECT oid FROM pg_namespace n");
}

static void statements_have_names_of_their_own(void **state)
{
    (void)state;
    char sql[64];
    assert_answered("PREPARE p AS SELECT 1", "PREPARE", "PREPARE p");
    assert_passes("PREPARE P AS SELECT 2");
    assert_answered("DEALLOCATE p", "DEALLOCATE", "DEALLOCATE p");
    assert_passes("EXECUTE p");
    assert_passes("DEALLOCATE p");
    for (int i = 0; i < DUMP_PREPARED_MAX; i++) {
        snprintf(sql, sizeof sql, "PREPARE p%d AS SELECT %d", i, i);
        assert_int_equal(take(sql), DUMP_ANSWER);
    }
    assert_passes("PREPARE one_more AS SELECT 1");
    assert_answered("DEALLOCATE PREPARE p0", "DEALLOCATE", "DEALLOCATE p0");
    assert_replaced("EXECUTE p31", "SELECT 31");
    assert_passes("DEALLOCATE ALL"); /* the server has it */
    assert_passes("EXECUTE p31");
}

/* ---- Cursors ------------------------------------------------------------- */

static void cursor_returns_all_rows_and_then_none(void **state)
{
    (void)state;
    assert_passes("FETCH 100 FROM c");
    assert_answered("DECLARE c CURSOR FOR SELECT * FROM ONLY public.t", "DECLARE CURSOR",
                    "DECLARE c");
    assert_passes("DECLARE d CURSOR FOR SELECT 1");
    assert_passes("FETCH 100 FROM d");
    assert_replaced("FETCH 100 FROM c", "SELECT * FROM ONLY public.t");
    assert_replaced("FETCH 100 FROM c",
                    "SELECT * FROM (SELECT * FROM ONLY public.t) AS fetched LIMIT 0");
    assert_answered("CLOSE c", "CLOSE CURSOR", "CLOSE c");
    assert_passes("CLOSE c");
    assert_passes("FETCH 100 FROM c");
    assert_passes("DECLARE c SCROLL CURSOR FOR SELECT 1");
    assert_answered("DECLARE c CURSOR FOR SELECT 2", "DECLARE CURSOR", "DECLARE c");
    assert_replaced("FETCH 100 FROM c", "SELECT 2");
}

static void programs_are_known_by_their_names(void **state)
{
    (void)state;
    assert_true(dump_is_program(text_of("pg_dump")));
    assert_true(dump_is_program(text_of("pg_restore")));
    assert_false(dump_is_program(text_of("pg_dumpall")));
    assert_false(dump_is_program(text_of("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(settings_that_make_no_difference_are_answered, begin, end),
        cmocka_unit_test_setup_teardown(settings_that_matter_are_the_clusters, begin, end),
        cmocka_unit_test_setup_teardown(unknown_parameter_has_no_row, begin, end),
        cmocka_unit_test_setup_teardown(lock_of_a_dump_is_answered, begin, end),
        cmocka_unit_test_setup_teardown(prepared_statement_runs_with_its_arguments, begin, end),
        cmocka_unit_test_setup_teardown(arguments_are_counted_and_typed, begin, end),
        cmocka_unit_test_setup_teardown(argument_must_be_a_constant, begin, end),
        cmocka_unit_test_setup_teardown(what_belongs_to_the_cluster_is_not_dumped, begin, end),
        cmocka_unit_test_setup_teardown(statements_have_names_of_their_own, begin, end),
        cmocka_unit_test_setup_teardown(cursor_returns_all_rows_and_then_none, begin, end),
        cmocka_unit_test(programs_are_known_by_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
