/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Prepared statements of a client whose connections change. */
#include "link_world.h"
#include "proxy/transaction_state.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

static void a_statement_is_prepared_where_it_is_needed(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    model_parse(&world.sent, "s", "select 1");
    model_describe(&world.sent, 'S', "s");
    model_message(&world.sent, 'S');
    link_world_expect(&world, 0, "1tTZ");
    for (size_t i = 0; i < 4; i++) {
        model_bind(&world.sent, "", "s");
        model_execute(&world.sent, "");
        model_message(&world.sent, 'S');
        link_world_expect(&world, i % 2, "2DCZ");
    }
    assert_int_equal(world.models[0].parses, 1);
    assert_int_equal(world.models[1].parses, 1);
    /* The same text under another name. */
    model_parse(&world.sent, "t", "select 1");
    model_message(&world.sent, 'S');
    link_world_expect(&world, 0, "1Z");
    assert_int_equal(world.models[0].parses, 1);
    assert_int_equal(world.pool.cache.count, 1);
    link_world_end(&world);
}

static void a_connection_keeps_few_statements(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    for (int i = 0; i < 10; i++) {
        char name[16];
        char sql[16];
        (void)snprintf(name, sizeof name, "s%d", i);
        (void)snprintf(sql, sizeof sql, "select %d", i);
        model_parse(&world.sent, name, sql);
    }
    model_message(&world.sent, 'S');
    link_world_expect(&world, 0, "1111111111Z");
    assert_int_equal(world.models[0].max_statements, 2);
    model_bind(&world.sent, "", "s0");
    model_execute(&world.sent, "");
    model_message(&world.sent, 'S');
    link_world_expect(&world, 0, "2DCZ");
    assert_int_equal(world.models[0].max_statements, 2);
    link_world_end(&world);
}

static void names_are_known_as_in_a_session(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    model_parse(&world.sent, "s", "select 1");
    model_parse(&world.sent, "s", "select 2");
    model_message(&world.sent, 'S');
    link_world_expect(&world, 0, "1EZ");
    model_close(&world.sent, 'S', "s");
    model_bind(&world.sent, "", "s");
    model_message(&world.sent, 'S');
    link_world_expect(&world, 0, "3EZ");
    /* A name like the proxy's own is somebody else's statement. */
    model_bind(&world.sent, "", "dsql_0000000000000007_1");
    model_message(&world.sent, 'S');
    link_world_expect(&world, 0, "EZ");
    link_world_end(&world);
}

static void there_is_a_maximum_of_statements(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin_with(&world, 3, 2 * sizeof(struct statement) + 30);
    model_parse(&world.sent, "a", "select 1");
    model_parse(&world.sent, "b", "select 2");
    model_parse(&world.sent, "c", "select 3");
    model_message(&world.sent, 'S');
    link_world_pass(&world, 0);
    assert_true(text_contains(buf_text(&world.line), "E"));
    link_world_end(&world);
}

static void deallocate_means_the_clients_name(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    model_parse(&world.sent, "s", "select 1");
    model_message(&world.sent, 'S');
    link_world_expect(&world, 0, "1Z");
    model_query(&world.sent, "DEALLOCATE PREPARE s;");
    assert_int_equal(link_world_offer(&world), TRANSACTION_MORE);
    assert_int_equal(world.sent.len, 0);
    buf_reset(&world.line);
    link_world_note_out(&world);
    assert_string_equal(world.line.data, "CZ");
    assert_null(client_statements_find(&world.client.statements, text_of("s")));
    link_world_end(&world);
}

/* Whatever the SQL looks like, and whichever protocol it comes by. */
static void deallocate_is_understood_in_any_form(void **state)
{
    (void)state;
    static const char *const forms[] = {"deallocate \"S\"", "/* a */ DEALLOCATE -- b\n \"S\";",
                                        "DeAllocate\tPREPARE U&\"\\0053\""};
    for (size_t i = 0; i < 2 * sizeof forms / sizeof forms[0]; i++) {
        struct link_world world;
        link_world_begin(&world);
        model_parse(&world.sent, "S", "select 1");
        model_message(&world.sent, 'S');
        link_world_expect(&world, 0, "1Z");
        if (i % 2 == 0) {
            link_world_lend(&world, 1);
            model_query(&world.sent, forms[i / 2]);
            link_world_expect(&world, 1, "CZ");
        } else {
            link_world_send_batch(&world, forms[i / 2]);
            link_world_expect(&world, 1, "12CZ");
        }
        assert_null(world.client.server);
        assert_null(client_statements_find(&world.client.statements, text_of("S")));
        link_world_end(&world);
    }
}

/* In one batch, as psycopg sends it in its pipeline mode. */
static void a_name_can_be_used_again_after_deallocate(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    model_parse(&world.sent, "s", "select 1");
    model_message(&world.sent, 'S');
    link_world_expect(&world, 0, "1Z");
    model_parse(&world.sent, "", "deallocate s");
    model_bind(&world.sent, "", "");
    model_describe(&world.sent, 'P', "");
    model_execute(&world.sent, "");
    model_parse(&world.sent, "s", "select 2");
    model_bind(&world.sent, "", "s");
    model_execute(&world.sent, "");
    model_message(&world.sent, 'S');
    link_world_expect(&world, 1, "12nC12DCZ");
    /* A second one has nothing to close. */
    link_world_send_batch(&world, "deallocate s");
    link_world_expect(&world, 0, "12CZ");
    link_world_send_batch(&world, "deallocate s");
    link_world_expect(&world, 0, "12EZ");
    link_world_end(&world);
}

/* The name means what it means when the statement is run, not when it is prepared. */
static void a_deallocate_may_be_prepared(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    model_parse(&world.sent, "d", "deallocate s");
    model_message(&world.sent, 'S');
    link_world_expect(&world, 0, "1Z");
    for (size_t i = 0; i < 2; i++) {
        model_parse(&world.sent, "s", "select 1");
        model_bind(&world.sent, "", "d");
        model_execute(&world.sent, "");
        model_message(&world.sent, 'S');
        link_world_expect(&world, i, "12CZ");
    }
    model_bind(&world.sent, "", "d");
    model_execute(&world.sent, "");
    model_message(&world.sent, 'S');
    link_world_expect(&world, 0, "2EZ");
    link_world_end(&world);
}

/* Another client, and another name, may have the same statement on the server. */
static void deallocate_takes_nothing_from_others(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    model_parse(&world.sent, "a", "select 1");
    model_parse(&world.sent, "b", "select 1");
    model_message(&world.sent, 'S');
    link_world_expect(&world, 0, "11Z");
    model_query(&world.sent, "select 1;deallocate a;execute b");
    link_world_expect(&world, 0, "DCCDCZ");
    model_query(&world.sent, "execute a");
    link_world_expect(&world, 0, "EZ");
    model_query(&world.sent, "deallocate b;fail");
    link_world_expect(&world, 1, "CDEZ");
    model_query(&world.sent, "execute b");
    link_world_expect(&world, 1, "EZ");
    link_world_end(&world);
}

static void execute_finds_the_statement_on_any_connection(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    model_parse(&world.sent, "s", "select 1");
    model_message(&world.sent, 'S');
    link_world_expect(&world, 0, "1Z");
    model_query(&world.sent, "execute s");
    link_world_expect(&world, 1, "DCZ");
    link_world_send_batch(&world, "execute s");
    link_world_expect(&world, 0, "12DCZ");
    model_parse(&world.sent, "e", "execute s");
    model_bind(&world.sent, "", "e");
    model_execute(&world.sent, "");
    model_message(&world.sent, 'S');
    link_world_expect(&world, 1, "12DCZ");
    link_world_end(&world);
}

/* A Close that is skipped after an error leaves the name to the DEALLOCATE that follows. */
static void what_a_name_means_is_waited_for(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    model_parse(&world.sent, "s", "select 1");
    model_message(&world.sent, 'S');
    link_world_expect(&world, 0, "1Z");
    model_bind(&world.sent, "", "none");
    model_close(&world.sent, 'S', "s");
    model_message(&world.sent, 'S');
    model_query(&world.sent, "deallocate s");
    link_world_expect(&world, 0, "EZ");
    buf_reset(&world.line);
    assert_int_equal(link_world_offer(&world), TRANSACTION_MORE);
    link_world_note_out(&world);
    assert_string_equal(world.line.data, "CZ");
    assert_null(client_statements_find(&world.client.statements, text_of("s")));
    link_world_end(&world);
}

/* A text that is prepared already is another statement once the settings have changed. */
static void settings_under_way_are_waited_for(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    model_parse(&world.sent, "a", "select 1");
    model_message(&world.sent, 'S');
    link_world_expect(&world, 0, "1Z");
    model_query(&world.sent, "set timezone to Mars");
    model_parse(&world.sent, "b", "select 1");
    model_message(&world.sent, 'S');
    link_world_expect(&world, 0, "CSZ");
    link_world_expect(&world, 0, "1Z");
    assert_int_equal(world.models[0].parses, 2);
    link_world_end(&world);
}

/* The same if it is the end of the transaction that changes them. */
static void settings_that_a_rollback_undoes_are_waited_for(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    model_query(&world.sent, "begin");
    link_world_expect(&world, 0, "CZ");
    model_query(&world.sent, "set timezone to Mars");
    link_world_expect(&world, 0, "CSZ");
    model_parse(&world.sent, "a", "select 1");
    model_message(&world.sent, 'S');
    link_world_expect(&world, 0, "1Z");
    model_query(&world.sent, "rollback");
    model_parse(&world.sent, "b", "select 1");
    model_message(&world.sent, 'S');
    link_world_expect(&world, 0, "CSZ");
    link_world_expect(&world, 0, "1Z");
    assert_int_equal(world.models[0].parses, 2);
    link_world_end(&world);
}

/* In one batch the server reports them too late, with ReadyForQuery. */
static void settings_of_a_batch_are_not_known(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    model_parse(&world.sent, "a", "select 1");
    model_message(&world.sent, 'S');
    link_world_expect(&world, 0, "1Z");
    model_parse(&world.sent, "", "set timezone to Mars");
    model_bind(&world.sent, "", "");
    model_execute(&world.sent, "");
    model_parse(&world.sent, "b", "select 1");
    model_message(&world.sent, 'S');
    link_world_expect(&world, 0, "12C1SZ");
    assert_int_equal(world.models[0].parses, 2);
    link_world_end(&world);
}

/* PREPARE stays on its connection, and its names are not the proxy's. */
static void names_of_sql_and_of_the_protocol_are_the_same(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    model_query(&world.sent, "prepare q as select 1");
    link_world_expect(&world, 0, "CZ");
    assert_true(transaction_is_pinned(world.client.server));
    model_parse(&world.sent, "q", "select 2");
    model_message(&world.sent, 'S');
    link_world_expect(&world, 0, "EZ");
    model_parse(&world.sent, "p", "select 2");
    model_bind(&world.sent, "", "q");
    model_execute(&world.sent, "");
    model_bind(&world.sent, "", "p");
    model_execute(&world.sent, "");
    model_message(&world.sent, 'S');
    link_world_expect(&world, 0, "12DC2DCZ");
    model_query(&world.sent, "prepare p as select 3");
    link_world_expect(&world, 0, "EZ");
    model_close(&world.sent, 'S', "q");
    model_message(&world.sent, 'S');
    link_world_expect(&world, 0, "3Z");
    model_query(&world.sent, "execute q");
    link_world_expect(&world, 0, "EZ");
    model_query(&world.sent, "discard all");
    link_world_pass(&world, 0);
    assert_null(world.client.server);
    link_world_end(&world);
}

/* PostgreSQL: 63 bytes of a name count. */
static void long_names_are_cut(void **state)
{
    (void)state;
    struct link_world world;
    char name[101];
    memset(name, 'n', 100);
    name[100] = '\0';
    link_world_begin(&world);
    model_parse(&world.sent, name, "select 1");
    model_message(&world.sent, 'S');
    link_world_expect(&world, 0, "1Z");
    name[63] = '\0';
    model_bind(&world.sent, "", name);
    model_execute(&world.sent, "");
    model_message(&world.sent, 'S');
    link_world_expect(&world, 1, "2DCZ");
    link_world_end(&world);
}

/* A long text is passed on, but only as the unnamed statement, and not to another connection. */
static void a_long_parse_is_not_kept(void **state)
{
    (void)state;
    struct link_world world;
    static char sql[STATEMENT_TEXT_MAX + 100];
    link_world_begin(&world);
    memset(sql, ' ', sizeof sql - 1);
    memcpy(sql, "select 1", 8);
    model_parse(&world.sent, "named", sql);
    model_message(&world.sent, 'S');
    link_world_expect(&world, 0, "EZ");
    model_query(&world.sent, "begin");
    link_world_expect(&world, 0, "CZ");
    model_parse(&world.sent, "", sql);
    model_message(&world.sent, 'S');
    link_world_expect(&world, 0, "1Z");
    assert_int_equal(world.pool.cache.count, 0);
    model_bind(&world.sent, "", "");
    model_message(&world.sent, 'S');
    link_world_expect(&world, 0, "2Z");
    model_query(&world.sent, "commit");
    link_world_expect(&world, 0, "CZ");
    link_world_end(&world);
}

/* The portal of the batch before is gone, although nothing has said so yet. */
static void a_portal_of_deallocate_ends_with_its_transaction(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    model_parse(&world.sent, "b", "select 1");
    model_parse(&world.sent, "d", "deallocate b");
    model_message(&world.sent, 'S');
    link_world_expect(&world, 0, "11Z");
    model_bind(&world.sent, "", "d");
    model_message(&world.sent, 'S');
    model_execute(&world.sent, "");
    model_message(&world.sent, 'S');
    assert_int_equal(link_world_offer(&world), TRANSACTION_NEEDS_SERVER);
    link_world_lend(&world, 0);
    assert_int_equal(link_world_offer(&world), TRANSACTION_WAITS);
    link_world_expect(&world, 0, "2Z");
    link_world_expect(&world, 0, "EZ");
    link_world_send_batch(&world, "execute b");
    link_world_expect(&world, 0, "12DCZ");
    link_world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_statement_is_prepared_where_it_is_needed),
        cmocka_unit_test(a_connection_keeps_few_statements),
        cmocka_unit_test(names_are_known_as_in_a_session),
        cmocka_unit_test(there_is_a_maximum_of_statements),
        cmocka_unit_test(deallocate_means_the_clients_name),
        cmocka_unit_test(deallocate_is_understood_in_any_form),
        cmocka_unit_test(a_name_can_be_used_again_after_deallocate),
        cmocka_unit_test(a_deallocate_may_be_prepared),
        cmocka_unit_test(deallocate_takes_nothing_from_others),
        cmocka_unit_test(execute_finds_the_statement_on_any_connection),
        cmocka_unit_test(what_a_name_means_is_waited_for),
        cmocka_unit_test(settings_under_way_are_waited_for),
        cmocka_unit_test(settings_that_a_rollback_undoes_are_waited_for),
        cmocka_unit_test(settings_of_a_batch_are_not_known),
        cmocka_unit_test(names_of_sql_and_of_the_protocol_are_the_same),
        cmocka_unit_test(long_names_are_cut),
        cmocka_unit_test(a_long_parse_is_not_kept),
        cmocka_unit_test(a_portal_of_deallocate_ends_with_its_transaction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
