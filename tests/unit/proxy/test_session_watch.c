/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/session_watch.h"
#include "unit.h"

#include <string.h>

struct world {
    struct session_watch watch;
    struct frame_scan from_client;
    struct frame_scan from_server;
};

static void begin(struct world *world)
{
    session_watch_init(&world->watch);
    frame_scan_init(&world->from_client, FRAME_CLIENT_MAX);
    frame_scan_init(&world->from_server, FRAME_SERVER_MAX);
}

static void end(struct world *world)
{
    session_watch_clear(&world->watch);
}

/* In pieces of each size, as TCP may divide it; step 0: whole. */
static void pass(struct world *world, bool is_client, char type, struct text body, size_t step)
{
    struct buf message AUTO_BUF;
    buf_init(&message, 65536);
    frame_write(&message, type, body);
    struct text rest = buf_text(&message);
    while (!text_is_empty(rest)) {
        struct text piece = text_slice(rest, 0, step == 0 ? rest.len : step);
        assert_true(is_client ? session_watch_client(&world->watch, &world->from_client, piece)
                              : session_watch_server(&world->watch, &world->from_server, piece));
        rest = text_slice(rest, piece.len, rest.len);
    }
}

static void client(struct world *world, char type, const char *body)
{
    pass(world, true, type, text_of_bytes(body, strlen(body) + 1), 0);
}

static void server(struct world *world, char type, const char *body)
{
    pass(world, false, type, text_of_bytes(body, strlen(body) + 1), 0);
}

static void ready(struct world *world, const char *status)
{
    pass(world, false, 'Z', text_of(status), 0);
}

static void run(struct world *world, const char *sql, const char *tag)
{
    client(world, 'Q', sql);
    server(world, 'C', tag);
    ready(world, "I");
}

static bool pins(const char *sql, const char *tag)
{
    struct world world;
    begin(&world);
    run(&world, sql, tag);
    assert_true(session_watch_is_idle(&world.watch));
    end(&world);
    return world.watch.is_pinned;
}

static void session_is_idle_when_all_is_answered(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    assert_true(session_watch_is_idle(&world.watch));
    client(&world, 'Q', "SELECT 1");
    assert_false(session_watch_is_idle(&world.watch));
    client(&world, 'Q', "SELECT 2"); /* ahead of the answer */
    ready(&world, "I");
    assert_false(session_watch_is_idle(&world.watch));
    ready(&world, "I");
    assert_true(session_watch_is_idle(&world.watch));
    end(&world);
}

static void transaction_is_not_idle(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    client(&world, 'Q', "BEGIN");
    ready(&world, "T");
    assert_false(session_watch_is_idle(&world.watch));
    client(&world, 'Q', "nonsense");
    ready(&world, "E");
    assert_false(session_watch_is_idle(&world.watch));
    client(&world, 'Q', "ROLLBACK");
    ready(&world, "I");
    assert_true(session_watch_is_idle(&world.watch));
    end(&world);
}

static void batch_without_sync_is_not_idle(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    client(&world, 'P', "");
    assert_false(session_watch_is_idle(&world.watch));
    client(&world, 'S', "");
    assert_false(session_watch_is_idle(&world.watch));
    ready(&world, "I");
    assert_true(session_watch_is_idle(&world.watch));
    assert_false(world.watch.is_pinned);
    end(&world);
}

/* libpq sends Sync with Execute, which the server ignores during COPY, and again at the end. */
static void sync_during_copy_is_not_answered(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    client(&world, 'P', "");
    client(&world, 'E', "");
    client(&world, 'S', "");
    server(&world, 'G', "");
    client(&world, 'd', "1\n");
    client(&world, 'c', "");
    client(&world, 'S', "");
    assert_false(session_watch_is_idle(&world.watch));
    server(&world, 'C', "COPY 1");
    ready(&world, "I");
    assert_true(session_watch_is_idle(&world.watch));
    end(&world);
}

static void copy_of_a_simple_query_is_answered_once(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    client(&world, 'Q', "COPY items FROM STDIN");
    server(&world, 'G', "");
    client(&world, 'd', "1\n");
    client(&world, 'c', "");
    assert_false(session_watch_is_idle(&world.watch));
    server(&world, 'C', "COPY 1");
    ready(&world, "I");
    assert_true(session_watch_is_idle(&world.watch));
    end(&world);
}

static void ordinary_statements_leave_nothing_behind(void **state)
{
    (void)state;
    assert_false(pins("SELECT * FROM items", "SELECT 3"));
    assert_false(pins("insert into items values (1)", "INSERT 0 1"));
    assert_false(pins("CREATE TABLE items (id int)", "CREATE TABLE"));
    assert_false(pins("BEGIN", "BEGIN"));
}

static void settings_and_names_pin_the_session(void **state)
{
    (void)state;
    assert_true(pins("SET search_path = app", "SET"));
    assert_true(pins("PREPARE s AS SELECT 1", "PREPARE"));
    assert_true(pins("DECLARE c CURSOR WITH HOLD FOR SELECT 1", "DECLARE CURSOR"));
    assert_true(pins("LISTEN news", "LISTEN"));
    assert_true(pins("SELECT Set_Config('search_path', 'app', false)", "SELECT 1"));
    assert_true(pins("SELECT pg_advisory_lock(1)", "SELECT 1"));
    assert_true(pins("CREATE TEMP TABLE t (id int)", "CREATE TABLE"));
    assert_true(pins("something new", "A TAG THAT IS LONGER THAN ANY THAT POSTGRESQL HAS TODAY"));
}

struct text_and_tag {
    const char *sql;
    const char *tag;
};

/* Each leaves something on the session. */
static const struct text_and_tag pinning[] = {
    {"LISTEN news", "LISTEN"},
    {"LOAD 'plugin'", "LOAD"},
    {"DO $$ BEGIN PERFORM 1; END $$", "DO"},
    {"SET work_mem = '1MB'", "SET"},
    {"/* a */ set SESSION work_mem = '1MB'", "SET"},
    {"SELECT 1; SET a.b = 'c'", "SET"},
    {"SET \"TimeZone\" = 'UTC'", "SET"},
    {"SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "SET"},
    {"CREATE TEMP TABLE t (id int)", "CREATE TABLE"},
    {"create /* a */ temporary\nview v AS SELECT 1", "CREATE VIEW"},
    {"CREATE OR REPLACE TEMP VIEW v AS SELECT 1", "CREATE VIEW"},
    {"CREATE LOCAL TEMPORARY TABLE t AS SELECT 1", "SELECT 1"},
    {"SELECT 1 INTO TEMP t", "SELECT 1"},
    {"SELECT 1 INTO LOCAL TEMPORARY TABLE t", "SELECT 1"},
    {"CREATE TABLE pg_temp.t (id int)", "CREATE TABLE"},
    {"CREATE TABLE \"pg_temp\".t (id int)", "CREATE TABLE"},
    {"CREATE FUNCTION pg_temp_3.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "CREATE FUNCTION"},
    {"DECLARE c CURSOR WITH HOLD FOR SELECT 1", "DECLARE CURSOR"},
    {"declare \"for\" scroll cursor with -- a\n hold for select 1", "DECLARE CURSOR"},
    {"SELECT set_config('a.b', 'c', false)", "SELECT 1"},
    {"SELECT pg_catalog.SET_CONFIG  ('a.b', 'c', false)", "SELECT 1"},
    {"SELECT \"pg_catalog\".\"set_config\"('a.b', 'c', false)", "SELECT 1"},
    {"SELECT U&\"set\\005fconfig\"('a.b', 'c', false)", "SELECT 1"},
    {"SELECT setseed(0.5)", "SELECT 1"},
    {"SELECT pg_advisory_lock(1)", "SELECT 1"},
    {"SELECT pg_advisory_lock_shared(1)", "SELECT 1"},
    {"SELECT pg_try_advisory_lock/* a */(1)", "SELECT 1"},
    {"SELECT pg_try_advisory_lock_shared(1)", "SELECT 1"},
    {"INSERT INTO t VALUES (nextval('s'))", "INSERT 0 1"},
    {"SELECT setval('s', 1)", "SELECT 1"},
    {"SELECT dblink_connect('a', 'b')", "SELECT 1"},
    {"SELECT E'\\'', nextval('s')", "SELECT 1"},
    {"SELECT $a$ ' $a$, nextval('s')", "SELECT 1"},
    {"SELECT \"nextval\" /* a */ ('s')", "SELECT 1"},
    {"SET seed TO 0.5", "SET"},
    {"SELECT * FROM \"pg_temp_3\".t", "SELECT 1"},
};

/* Each looks like one of those, and leaves nothing. */
static const struct text_and_tag harmless[] = {
    {"UNLISTEN news", "UNLISTEN"},
    {"NOTIFY news", "NOTIFY"},
    {"SELECT pg_notify('news', '')", "SELECT 1"},
    {"RESET ALL", "RESET"},
    {"DISCARD ALL", "DISCARD ALL"},
    {"DEALLOCATE s", "DEALLOCATE"},
    {"SET LOCAL work_mem = '1MB'", "SET"},
    {"set /* a */ local work_mem = '1MB'", "SET"},
    {"SET TRANSACTION READ ONLY", "SET"},
    {"SET CONSTRAINTS ALL DEFERRED", "SET CONSTRAINTS"},
    {"UPDATE t SET a = 1", "UPDATE 1"},
    {"ALTER TABLE t SET SCHEMA s", "ALTER TABLE"},
    {"SELECT temperature FROM temperatures", "SELECT 1"},
    {"SELECT temp, temporary FROM readings", "SELECT 1"},
    {"SELECT temp_c FROM attempts WHERE template = 1", "SELECT 1"},
    {"INSERT INTO temp VALUES (1)", "INSERT 0 1"},
    {"WITH a AS (SELECT 1) INSERT INTO temp SELECT * FROM a", "INSERT 0 1"},
    {"MERGE INTO temp USING a ON true WHEN MATCHED THEN DELETE", "MERGE 1"},
    {"CREATE TABLE temp (id int)", "CREATE TABLE"},
    {"CREATE TABLE \"temp\" (id int)", "CREATE TABLE"},
    {"CREATE INDEX ON temp (id)", "CREATE INDEX"},
    {"GRANT TEMP ON DATABASE d TO r", "GRANT"},
    {"SELECT 'CREATE TEMP TABLE t; SELECT set_config(1)'", "SELECT 1"},
    {"SELECT $$ nextval('s') $$", "SELECT 1"},
    {"SELECT 1 -- CREATE TEMP TABLE t", "SELECT 1"},
    {"SELECT 1 /* pg_advisory_lock(1) */", "SELECT 1"},
    {"DECLARE c CURSOR FOR SELECT 1", "DECLARE CURSOR"},
    {"DECLARE c CURSOR WITHOUT HOLD FOR SELECT 1", "DECLARE CURSOR"},
    {"WITH hold AS (SELECT 1) SELECT * FROM hold", "SELECT 1"},
    {"FETCH 1 FROM c", "FETCH 1"},
    {"CLOSE c", "CLOSE CURSOR"},
    {"SELECT nextval FROM t", "SELECT 1"},
    {"SELECT my_set_config('a'), set_configuration('b')", "SELECT 1"},
    {"SELECT pg_advisory_xact_lock(1), pg_try_advisory_xact_lock(1)", "SELECT 1"},
    {"SELECT pg_advisory_unlock(1), pg_advisory_unlock_all()", "SELECT 1"},
    {"SELECT advisory FROM pg_locks", "SELECT 1"},
    {"SELECT u & \"set_config\" FROM t", "SELECT 1"},
    {"SELECT u& \"set_config\" FROM t", "SELECT 1"},
    {"SELECT currval('s'), lastval()", "SELECT 1"},
    {"SELECT nextval; (SELECT 1)", "SELECT 1"},
    {"SELECT \"NEXTVAL\"('s')", "SELECT 1"},
    {"SELECT nextval AS \"n\" (1)", "SELECT 1"},
    {"SELECT nextval + (1)", "SELECT 1"},
};

static void words_are_read_as_tokens(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pinning / sizeof pinning[0]; i++) {
        if (!pins(pinning[i].sql, pinning[i].tag)) {
            fail_msg("does not pin: %s", pinning[i].sql);
        }
    }
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++) {
        if (pins(harmless[i].sql, harmless[i].tag)) {
            fail_msg("pins: %s", harmless[i].sql);
        }
    }
}

/* A quote in the name of a statement does not hide its text, and its types are not SQL. */
static void only_the_text_of_a_parse_is_read(void **state)
{
    (void)state;
    struct world world;
    const char parse[] = "it's\0SELECT nextval('s')\0\0\0";
    const char types[] = "\0SELECT $1\0\0\1set ";
    begin(&world);
    pass(&world, true, 'P', text_of_bytes(parse, sizeof parse - 1), 3);
    assert_true(world.watch.is_pinned);
    end(&world);
    begin(&world);
    pass(&world, true, 'P', text_of_bytes(types, sizeof types - 1), 3);
    assert_false(world.watch.is_pinned);
    end(&world);
}

static void named_statement_pins_and_unnamed_does_not(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    pass(&world, true, 'P', text_of_bytes("\0SELECT 1\0\0\0", 12), 0);
    assert_false(world.watch.is_pinned);
    pass(&world, true, 'P', text_of_bytes("s\0SELECT 1\0\0\0", 13), 0);
    assert_true(world.watch.is_pinned);
    end(&world);
}

/* Wherever the bytes are divided, the same is found. */
static void division_of_the_bytes_does_not_matter(void **state)
{
    (void)state;
    for (size_t step = 1; step < 24; step++) {
        struct world world;
        begin(&world);
        const char sql[] = "SELECT 1, set_config('a', 'b', false)";
        pass(&world, true, 'Q', text_of_bytes(sql, sizeof sql), step);
        assert_true(world.watch.is_pinned);
        end(&world);
        begin(&world);
        const char other[] = "SELECT 1, set_konfig('a', 'b', false)";
        pass(&world, true, 'Q', text_of_bytes(other, sizeof other), step);
        pass(&world, false, 'C', text_of_bytes("SELECT 1", 9), step);
        assert_false(world.watch.is_pinned);
        pass(&world, false, 'C', text_of_bytes("LISTEN", 7), step);
        assert_true(world.watch.is_pinned);
        end(&world);
    }
}

/* The end of one message and the beginning of the next are not one word. */
static void words_do_not_cross_messages(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    pass(&world, true, 'Q', text_of("SELECT set_con"), 0);
    pass(&world, true, 'Q', text_of("fig"), 0);
    assert_false(world.watch.is_pinned);
    end(&world);
}

static void broken_framing_is_reported(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    struct text bytes = text_of_bytes("Q\0\0\0\0", 5);
    assert_false(session_watch_client(&world.watch, &world.from_client, bytes));
    assert_false(session_watch_server(&world.watch, &world.from_server, bytes));
    end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(session_is_idle_when_all_is_answered),
        cmocka_unit_test(transaction_is_not_idle),
        cmocka_unit_test(batch_without_sync_is_not_idle),
        cmocka_unit_test(sync_during_copy_is_not_answered),
        cmocka_unit_test(copy_of_a_simple_query_is_answered_once),
        cmocka_unit_test(ordinary_statements_leave_nothing_behind),
        cmocka_unit_test(settings_and_names_pin_the_session),
        cmocka_unit_test(words_are_read_as_tokens),
        cmocka_unit_test(only_the_text_of_a_parse_is_read),
        cmocka_unit_test(named_statement_pins_and_unnamed_does_not),
        cmocka_unit_test(division_of_the_bytes_does_not_matter),
        cmocka_unit_test(words_do_not_cross_messages),
        cmocka_unit_test(broken_framing_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
