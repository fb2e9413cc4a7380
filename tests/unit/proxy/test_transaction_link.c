/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* One client and two connections, step by step.  What happens at random is in fuzz_statements.c. */
#include "model_server.h"
#include "proxy/transaction_link.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX = 1 << 24 };

struct fixture {
    struct transaction_pool pool;
    struct transaction_client client;
    struct transaction_server servers[2];
    struct model_server models[2];
    struct model_world world;
    struct buf sent;
    struct buf line;              /* the types of the messages for the client */
    enum transaction_event event; /* the last one of the server */
};

static void begin_with(struct fixture *fixture, int retries, size_t max_bytes)
{
    const struct retry_limits limits = {
        .retries = retries, .base_ms = 10, .max_ms = 100, .random = random_system()};
    memset(fixture, 0, sizeof *fixture);
    transaction_pool_init(&fixture->pool, &limits, max_bytes, 7);
    fixture->pool.statements_per_server = 2;
    for (size_t i = 0; i < 2; i++) {
        transaction_server_init(&fixture->servers[i], &fixture->pool);
        model_server_init(&fixture->models[i], &fixture->world);
        assert_true(server_parameters_login(&fixture->servers[i].parameters,
                                            &fixture->pool.defaults, text_of("TimeZone"),
                                            text_of("UTC")));
    }
    transaction_client_init(&fixture->client, &fixture->pool);
    buf_init(&fixture->sent, MAX);
    buf_init(&fixture->line, MAX);
}

static void begin(struct fixture *fixture)
{
    begin_with(fixture, 3, 1 << 20);
}

static void end(struct fixture *fixture)
{
    if (fixture->client.server != NULL) {
        (void)transaction_take_back(fixture->client.server);
    }
    transaction_client_clear(&fixture->client);
    for (size_t i = 0; i < 2; i++) {
        transaction_server_clear(&fixture->servers[i]);
        model_server_clear(&fixture->models[i]);
    }
    assert_int_equal(fixture->pool.cache.count, 0);
    assert_int_equal(fixture->pool.cache.bytes, 0);
    transaction_pool_clear(&fixture->pool);
    buf_clear(&fixture->sent);
    buf_clear(&fixture->line);
}

static size_t index_of(const struct fixture *fixture)
{
    return fixture->client.server == &fixture->servers[0] ? 0 : 1;
}

static void note_out(struct fixture *fixture)
{
    struct text rest = outgoing_gather(&fixture->client.out);
    struct frame message;
    while (frame_next(rest, FRAME_SERVER_MAX, &message) == FRAME_COMPLETE) {
        buf_add_char(&fixture->line, message.type);
        rest = text_slice(rest, message.size, rest.len);
    }
    assert_int_equal(rest.len, 0);
    outgoing_drop(&fixture->client.out);
}

/* The server answers what it has got. */
static void pump(struct fixture *fixture)
{
    struct transaction_server *server = fixture->client.server;
    struct model_server *model = &fixture->models[index_of(fixture)];
    size_t taken = 0;
    model_server_take(model, buf_text(&server->out));
    buf_reset(&server->out);
    fixture->event = transaction_server_data(server, buf_text(&model->out), &taken);
    note_out(fixture);
    buf_drop(&model->out, taken);
}

static enum transaction_event offer(struct fixture *fixture)
{
    size_t taken = 0;
    enum transaction_event event =
        transaction_client_data(&fixture->client, buf_text(&fixture->sent), &taken);
    buf_drop(&fixture->sent, taken);
    return event;
}

static void lend(struct fixture *fixture, size_t server)
{
    assert_true(transaction_lend(&fixture->client, &fixture->servers[server], false));
    if (fixture->servers[server].set_up_left > 0) {
        pump(fixture);
    }
}

/* What was sent goes through this connection until it is free. */
static void pass(struct fixture *fixture, size_t server)
{
    buf_reset(&fixture->line);
    if (fixture->client.server == NULL) {
        assert_int_equal(offer(fixture), TRANSACTION_NEEDS_SERVER);
        lend(fixture, server);
    }
    fixture->event = TRANSACTION_MORE;
    for (int i = 0; i < 20 && fixture->event == TRANSACTION_MORE; i++) {
        (void)offer(fixture);
        pump(fixture);
    }
    if (fixture->event == TRANSACTION_FREE) {
        assert_true(transaction_take_back(fixture->client.server));
    }
}

static void expect(struct fixture *fixture, size_t server, const char *types)
{
    pass(fixture, server);
    assert_string_equal(fixture->line.data == NULL ? "" : fixture->line.data, types);
}

static void send_batch(struct fixture *fixture, const char *sql)
{
    model_parse(&fixture->sent, "", sql);
    model_bind(&fixture->sent, "", "");
    model_execute(&fixture->sent, "");
    model_message(&fixture->sent, 'S');
}

/* What was sent is more than can be unanswered at once.  Returns how often it had to wait. */
static int pass_far_ahead(struct fixture *fixture)
{
    int waits = 0;
    while (fixture->sent.len > 0) {
        enum transaction_event event = offer(fixture);
        assert_true(event == TRANSACTION_MORE || event == TRANSACTION_WAITS);
        waits += event == TRANSACTION_WAITS ? 1 : 0;
        assert_true(waits < 100);
        pump(fixture);
        assert_int_equal(fixture->event, TRANSACTION_MORE);
    }
    return waits;
}

/* ---- Lending ---- */

static void a_connection_is_free_between_transactions(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    model_query(&fixture.sent, "begin");
    expect(&fixture, 0, "CZ");
    assert_ptr_equal(fixture.client.server, &fixture.servers[0]);
    model_query(&fixture.sent, "update 3");
    expect(&fixture, 0, "CZ");
    assert_non_null(fixture.client.server);
    model_query(&fixture.sent, "commit");
    expect(&fixture, 0, "CZ");
    assert_null(fixture.client.server);
    assert_int_equal(fixture.world.sum, 3);
    end(&fixture);
}

static void some_messages_need_no_connection(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    model_message(&fixture.sent, 'S');
    model_message(&fixture.sent, 'H');
    model_message(&fixture.sent, 'd');
    model_message(&fixture.sent, 'c');
    assert_int_equal(offer(&fixture), TRANSACTION_MORE);
    note_out(&fixture);
    assert_string_equal(fixture.line.data, "Z");
    model_message(&fixture.sent, 'X');
    assert_int_equal(offer(&fixture), TRANSACTION_TERMINATE);
    end(&fixture);
}

static void nonsense_is_invalid(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    lend(&fixture, 0);
    buf_add(&fixture.sent, "Q\0\0\0\3", 5);
    assert_int_equal(offer(&fixture), TRANSACTION_INVALID);
    buf_reset(&fixture.sent);
    model_message(&fixture.sent, 'p');
    assert_int_equal(offer(&fixture), TRANSACTION_INVALID);
    end(&fixture);
}

static void a_server_that_answers_unasked_is_invalid(void **state)
{
    (void)state;
    struct fixture fixture;
    size_t taken = 0;
    begin(&fixture);
    assert_int_equal(transaction_idle_data(&fixture.servers[0],
                                           text_of_bytes("N\0\0\0\5\0S\0\0\0\7a\0", 13), &taken),
                     TRANSACTION_MORE);
    assert_int_equal(taken, 6); /* the parameter is not whole */
    assert_int_equal(
        transaction_idle_data(&fixture.servers[0], text_of_bytes("Z\0\0\0\5I", 6), &taken),
        TRANSACTION_INVALID);
    lend(&fixture, 0);
    assert_int_equal(
        transaction_server_data(&fixture.servers[0], text_of_bytes("Z\0\0\0\5I", 6), &taken),
        TRANSACTION_INVALID);
    end(&fixture);
}

static void what_stays_on_a_connection_keeps_it(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    model_query(&fixture.sent, "SET \"a\"\"b\" TO 1"); /* not understood */
    pass(&fixture, 0);
    assert_non_null(fixture.client.server);
    assert_false(transaction_take_back(fixture.client.server));
    end(&fixture);
}

static void a_connection_that_ends_early_is_not_lent_again(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    model_query(&fixture.sent, "begin");
    expect(&fixture, 0, "CZ");
    assert_false(transaction_take_back(fixture.client.server));
    assert_null(fixture.client.server);
    end(&fixture);
}

/* ---- Statements ---- */

static void a_statement_is_prepared_where_it_is_needed(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    model_parse(&fixture.sent, "s", "select 1");
    model_describe(&fixture.sent, 'S', "s");
    model_message(&fixture.sent, 'S');
    expect(&fixture, 0, "1tTZ");
    for (size_t i = 0; i < 4; i++) {
        model_bind(&fixture.sent, "", "s");
        model_execute(&fixture.sent, "");
        model_message(&fixture.sent, 'S');
        expect(&fixture, i % 2, "2DCZ");
    }
    assert_int_equal(fixture.models[0].parses, 1);
    assert_int_equal(fixture.models[1].parses, 1);
    /* The same text under another name. */
    model_parse(&fixture.sent, "t", "select 1");
    model_message(&fixture.sent, 'S');
    expect(&fixture, 0, "1Z");
    assert_int_equal(fixture.models[0].parses, 1);
    assert_int_equal(fixture.pool.cache.count, 1);
    end(&fixture);
}

static void a_connection_keeps_few_statements(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    for (int i = 0; i < 10; i++) {
        char name[16];
        char sql[16];
        (void)snprintf(name, sizeof name, "s%d", i);
        (void)snprintf(sql, sizeof sql, "select %d", i);
        model_parse(&fixture.sent, name, sql);
    }
    model_message(&fixture.sent, 'S');
    expect(&fixture, 0, "1111111111Z");
    assert_int_equal(fixture.models[0].max_statements, 2);
    model_bind(&fixture.sent, "", "s0");
    model_execute(&fixture.sent, "");
    model_message(&fixture.sent, 'S');
    expect(&fixture, 0, "2DCZ");
    assert_int_equal(fixture.models[0].max_statements, 2);
    end(&fixture);
}

static void names_are_known_as_in_a_session(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    model_parse(&fixture.sent, "s", "select 1");
    model_parse(&fixture.sent, "s", "select 2");
    model_message(&fixture.sent, 'S');
    expect(&fixture, 0, "1EZ");
    model_close(&fixture.sent, 'S', "s");
    model_bind(&fixture.sent, "", "s");
    model_message(&fixture.sent, 'S');
    expect(&fixture, 0, "3EZ");
    /* A name like the proxy's own is somebody else's statement. */
    model_bind(&fixture.sent, "", "dsql_0000000000000007_1");
    model_message(&fixture.sent, 'S');
    expect(&fixture, 0, "EZ");
    end(&fixture);
}

static void there_is_a_maximum_of_statements(void **state)
{
    (void)state;
    struct fixture fixture;
    begin_with(&fixture, 3, 2 * sizeof(struct statement) + 30);
    model_parse(&fixture.sent, "a", "select 1");
    model_parse(&fixture.sent, "b", "select 2");
    model_parse(&fixture.sent, "c", "select 3");
    model_message(&fixture.sent, 'S');
    pass(&fixture, 0);
    assert_true(text_contains(buf_text(&fixture.line), "E"));
    end(&fixture);
}

static void deallocate_means_the_clients_name(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    model_parse(&fixture.sent, "s", "select 1");
    model_message(&fixture.sent, 'S');
    expect(&fixture, 0, "1Z");
    model_query(&fixture.sent, "DEALLOCATE PREPARE s;");
    assert_int_equal(offer(&fixture), TRANSACTION_MORE);
    assert_int_equal(fixture.sent.len, 0);
    buf_reset(&fixture.line);
    note_out(&fixture);
    assert_string_equal(fixture.line.data, "CZ");
    assert_null(client_statements_find(&fixture.client.statements, text_of("s")));
    end(&fixture);
}

/* Whatever the SQL looks like, and whichever protocol it comes by. */
static void deallocate_is_understood_in_any_form(void **state)
{
    (void)state;
    static const char *const forms[] = {"deallocate \"S\"", "/* a */ DEALLOCATE -- b\n \"S\";",
                                        "DeAllocate\tPREPARE U&\"\\0053\""};
    for (size_t i = 0; i < 2 * sizeof forms / sizeof forms[0]; i++) {
        struct fixture fixture;
        begin(&fixture);
        model_parse(&fixture.sent, "S", "select 1");
        model_message(&fixture.sent, 'S');
        expect(&fixture, 0, "1Z");
        if (i % 2 == 0) {
            lend(&fixture, 1);
            model_query(&fixture.sent, forms[i / 2]);
            expect(&fixture, 1, "CZ");
        } else {
            send_batch(&fixture, forms[i / 2]);
            expect(&fixture, 1, "12CZ");
        }
        assert_null(fixture.client.server);
        assert_null(client_statements_find(&fixture.client.statements, text_of("S")));
        end(&fixture);
    }
}

/* In one batch, as psycopg sends it in its pipeline mode. */
static void a_name_can_be_used_again_after_deallocate(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    model_parse(&fixture.sent, "s", "select 1");
    model_message(&fixture.sent, 'S');
    expect(&fixture, 0, "1Z");
    model_parse(&fixture.sent, "", "deallocate s");
    model_bind(&fixture.sent, "", "");
    model_describe(&fixture.sent, 'P', "");
    model_execute(&fixture.sent, "");
    model_parse(&fixture.sent, "s", "select 2");
    model_bind(&fixture.sent, "", "s");
    model_execute(&fixture.sent, "");
    model_message(&fixture.sent, 'S');
    expect(&fixture, 1, "12nC12DCZ");
    /* A second one has nothing to close. */
    send_batch(&fixture, "deallocate s");
    expect(&fixture, 0, "12CZ");
    send_batch(&fixture, "deallocate s");
    expect(&fixture, 0, "12EZ");
    end(&fixture);
}

/* The name means what it means when the statement is run, not when it is prepared. */
static void a_deallocate_may_be_prepared(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    model_parse(&fixture.sent, "d", "deallocate s");
    model_message(&fixture.sent, 'S');
    expect(&fixture, 0, "1Z");
    for (size_t i = 0; i < 2; i++) {
        model_parse(&fixture.sent, "s", "select 1");
        model_bind(&fixture.sent, "", "d");
        model_execute(&fixture.sent, "");
        model_message(&fixture.sent, 'S');
        expect(&fixture, i, "12CZ");
    }
    model_bind(&fixture.sent, "", "d");
    model_execute(&fixture.sent, "");
    model_message(&fixture.sent, 'S');
    expect(&fixture, 0, "2EZ");
    end(&fixture);
}

/* Another client, and another name, may have the same statement on the server. */
static void deallocate_takes_nothing_from_others(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    model_parse(&fixture.sent, "a", "select 1");
    model_parse(&fixture.sent, "b", "select 1");
    model_message(&fixture.sent, 'S');
    expect(&fixture, 0, "11Z");
    model_query(&fixture.sent, "select 1;deallocate a;execute b");
    expect(&fixture, 0, "DCCDCZ");
    model_query(&fixture.sent, "execute a");
    expect(&fixture, 0, "EZ");
    model_query(&fixture.sent, "deallocate b;fail");
    expect(&fixture, 1, "CDEZ");
    model_query(&fixture.sent, "execute b");
    expect(&fixture, 1, "EZ");
    end(&fixture);
}

static void execute_finds_the_statement_on_any_connection(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    model_parse(&fixture.sent, "s", "select 1");
    model_message(&fixture.sent, 'S');
    expect(&fixture, 0, "1Z");
    model_query(&fixture.sent, "execute s");
    expect(&fixture, 1, "DCZ");
    send_batch(&fixture, "execute s");
    expect(&fixture, 0, "12DCZ");
    model_parse(&fixture.sent, "e", "execute s");
    model_bind(&fixture.sent, "", "e");
    model_execute(&fixture.sent, "");
    model_message(&fixture.sent, 'S');
    expect(&fixture, 1, "12DCZ");
    end(&fixture);
}

/* A Close that is skipped after an error leaves the name to the DEALLOCATE that follows. */
static void what_a_name_means_is_waited_for(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    model_parse(&fixture.sent, "s", "select 1");
    model_message(&fixture.sent, 'S');
    expect(&fixture, 0, "1Z");
    model_bind(&fixture.sent, "", "none");
    model_close(&fixture.sent, 'S', "s");
    model_message(&fixture.sent, 'S');
    model_query(&fixture.sent, "deallocate s");
    expect(&fixture, 0, "EZ");
    buf_reset(&fixture.line);
    assert_int_equal(offer(&fixture), TRANSACTION_MORE);
    note_out(&fixture);
    assert_string_equal(fixture.line.data, "CZ");
    assert_null(client_statements_find(&fixture.client.statements, text_of("s")));
    end(&fixture);
}

/* PREPARE stays on its connection, and its names are not the proxy's. */
static void names_of_sql_and_of_the_protocol_are_the_same(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    model_query(&fixture.sent, "prepare q as select 1");
    expect(&fixture, 0, "CZ");
    assert_true(transaction_is_pinned(fixture.client.server));
    model_parse(&fixture.sent, "q", "select 2");
    model_message(&fixture.sent, 'S');
    expect(&fixture, 0, "EZ");
    model_parse(&fixture.sent, "p", "select 2");
    model_bind(&fixture.sent, "", "q");
    model_execute(&fixture.sent, "");
    model_bind(&fixture.sent, "", "p");
    model_execute(&fixture.sent, "");
    model_message(&fixture.sent, 'S');
    expect(&fixture, 0, "12DC2DCZ");
    model_query(&fixture.sent, "prepare p as select 3");
    expect(&fixture, 0, "EZ");
    model_close(&fixture.sent, 'S', "q");
    model_message(&fixture.sent, 'S');
    expect(&fixture, 0, "3Z");
    model_query(&fixture.sent, "execute q");
    expect(&fixture, 0, "EZ");
    model_query(&fixture.sent, "discard all");
    pass(&fixture, 0);
    assert_null(fixture.client.server);
    end(&fixture);
}

/* PostgreSQL: 63 bytes of a name count. */
static void long_names_are_cut(void **state)
{
    (void)state;
    struct fixture fixture;
    char name[101];
    memset(name, 'n', 100);
    name[100] = '\0';
    begin(&fixture);
    model_parse(&fixture.sent, name, "select 1");
    model_message(&fixture.sent, 'S');
    expect(&fixture, 0, "1Z");
    name[63] = '\0';
    model_bind(&fixture.sent, "", name);
    model_execute(&fixture.sent, "");
    model_message(&fixture.sent, 'S');
    expect(&fixture, 1, "2DCZ");
    end(&fixture);
}

/* A long text is passed on, but only as the unnamed statement, and not to another connection. */
static void a_long_parse_is_not_kept(void **state)
{
    (void)state;
    struct fixture fixture;
    static char sql[STATEMENT_TEXT_MAX + 100];
    begin(&fixture);
    memset(sql, ' ', sizeof sql - 1);
    memcpy(sql, "select 1", 8);
    model_parse(&fixture.sent, "named", sql);
    model_message(&fixture.sent, 'S');
    expect(&fixture, 0, "EZ");
    model_query(&fixture.sent, "begin");
    expect(&fixture, 0, "CZ");
    model_parse(&fixture.sent, "", sql);
    model_message(&fixture.sent, 'S');
    expect(&fixture, 0, "1Z");
    assert_int_equal(fixture.pool.cache.count, 0);
    model_bind(&fixture.sent, "", "");
    model_message(&fixture.sent, 'S');
    expect(&fixture, 0, "2Z");
    model_query(&fixture.sent, "commit");
    expect(&fixture, 0, "CZ");
    end(&fixture);
}

/* ---- Parameters ---- */

static void parameters_follow_the_client(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    model_query(&fixture.sent, "set work_mem to 9MB");
    expect(&fixture, 0, "CZ");
    send_batch(&fixture, "set timezone to Mars");
    expect(&fixture, 0, "12CSZ");
    model_query(&fixture.sent, "show work_mem");
    expect(&fixture, 1, "DCZ");
    assert_string_equal(fixture.models[1].now.work_mem, "9MB");
    assert_string_equal(fixture.models[1].now.timezone, "Mars");
    end(&fixture);
}

static void an_unchecked_connection_must_answer_first(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    model_query(&fixture.sent, "select 1");
    assert_true(transaction_lend(&fixture.client, &fixture.servers[0], true));
    assert_int_equal(fixture.servers[0].set_up_left, 1);
    assert_int_equal(offer(&fixture), TRANSACTION_WAITS);
    pump(&fixture);
    assert_int_equal(fixture.servers[0].set_up_left, 0);
    expect(&fixture, 0, "DCZ");
    end(&fixture);
}

static void a_set_up_that_fails_ends_the_session(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    assert_true(
        session_parameters_start(&fixture.client.parameters, text_of("work_mem"), text_of("x")));
    assert_true(transaction_lend(&fixture.client, &fixture.servers[0], false));
    const char answer[] = "E\0\0\0\5\0Z\0\0\0\5I";
    size_t taken = 0;
    assert_int_equal(transaction_server_data(&fixture.servers[0],
                                             text_of_bytes(answer, sizeof answer - 1), &taken),
                     TRANSACTION_SET_UP_FAILED);
    assert_int_equal(outgoing_gather(&fixture.client.out).data[0], 'E');
    assert_false(transaction_take_back(&fixture.servers[0]));
    end(&fixture);
}

/* ---- Retries ---- */

/* The server reports a conflict, and the connection can be had again. */
static void expect_again(struct fixture *fixture)
{
    pass(fixture, 0);
    assert_int_equal(fixture->event, TRANSACTION_AGAIN);
    assert_int_equal(fixture->line.len, 0);
    int64_t delay_ms = transaction_delay_ms(&fixture->client);
    assert_true(delay_ms >= 5 && delay_ms <= 100);
    assert_true(transaction_take_back(fixture->client.server));
    assert_int_equal(offer(fixture), TRANSACTION_WAITS);
}

static void a_statement_runs_again_after_a_conflict(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    fixture.world.conflicts_due = 2;
    model_query(&fixture.sent, "update 5");
    expect_again(&fixture);
    lend(&fixture, 1);
    pump(&fixture);
    assert_int_equal(fixture.event, TRANSACTION_AGAIN);
    assert_true(transaction_take_back(fixture.client.server));
    lend(&fixture, 0);
    pump(&fixture);
    assert_int_equal(fixture.event, TRANSACTION_FREE);
    assert_string_equal(fixture.line.data, "CZ");
    assert_int_equal(fixture.world.sum, 5);
    assert_int_equal(fixture.pool.conflicts_data, 2);
    assert_int_equal(fixture.pool.retries_succeeded, 1);
    end(&fixture);
}

/* In session mode: what is left on the connection is still there. */
static void a_statement_runs_again_on_a_connection_that_is_kept(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    fixture.world.conflicts_due = 1;
    model_query(&fixture.sent, "update 5");
    pass(&fixture, 0);
    assert_int_equal(fixture.event, TRANSACTION_AGAIN);
    assert_int_equal(offer(&fixture), TRANSACTION_WAITS);
    assert_int_equal(transaction_send_again(&fixture.client), TRANSACTION_MORE);
    pump(&fixture);
    assert_int_equal(fixture.event, TRANSACTION_FREE);
    assert_string_equal(fixture.line.data, "CZ");
    assert_int_equal(fixture.world.sum, 5);
    end(&fixture);
}

/* Sends an update, and gives the answer of the server. */
static enum transaction_event answer_update(struct fixture *fixture, struct text answer)
{
    size_t taken = 0;
    model_query(&fixture->sent, "update 1");
    (void)offer(fixture);
    lend(fixture, 0);
    (void)offer(fixture);
    assert_true(fixture->client.hold.is_on);
    enum transaction_event event = transaction_server_data(fixture->client.server, answer, &taken);
    assert_int_equal(taken, answer.len);
    return event;
}

#define PLAIN_CONFLICT                                                                             \
    "E\0\0\0\x1d"                                                                                  \
    "SERROR\0C40001\0Mconflict\0\0"                                                                \
    "Z\0\0\0\5I"

/* 40001 of another server: it is not known to have undone the transaction as a whole. */
static void only_conflicts_of_aurora_dsql_are_retried(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    const struct text answer = text_of_bytes(PLAIN_CONFLICT, sizeof PLAIN_CONFLICT - 1);
    assert_int_equal(answer_update(&fixture, answer), TRANSACTION_FREE);
    assert_int_equal(fixture.pool.retries_not_allowed, 0);
    end(&fixture);
}

/* It is for the session, not a part of the answer that is dropped. */
static void a_notification_is_not_held(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    const char answer[] = "A\0\0\0\xe"
                          "\0\0\0\1news\0\0"
                          "E\0\0\0\x25"
                          "SERROR\0C40001\0Mconflict (OC000)\0";
    assert_int_equal(answer_update(&fixture, text_of_bytes(answer, sizeof answer)),
                     TRANSACTION_MORE);
    note_out(&fixture);
    assert_string_equal(fixture.line.data, "A");
    end(&fixture);
}

/* A parameter that has changed cannot be taken back. */
static void a_parameter_that_was_reported_ends_it(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    const char answer[] = "S\0\0\0\x14"
                          "TimeZone\0Mars/1\0"
                          "E\0\0\0\x25"
                          "SERROR\0C40001\0Mconflict (OC000)\0\0"
                          "Z\0\0\0\5I";
    assert_int_equal(answer_update(&fixture, text_of_bytes(answer, sizeof answer - 1)),
                     TRANSACTION_FREE);
    assert_int_equal(fixture.pool.retries_not_allowed, 1);
    end(&fixture);
}

/* A client that is idle would take it for the answer to its next statement. */
static void the_end_of_an_idle_connection_is_not_told(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    const char end_of_server[] = "E\0\0\0\x18"
                                 "SFATAL\0C57P01\0Mend\0\0";
    size_t taken = 0;
    lend(&fixture, 0);
    assert_int_equal(transaction_server_data(&fixture.servers[0],
                                             text_of_bytes(end_of_server, sizeof end_of_server - 1),
                                             &taken),
                     TRANSACTION_CLOSING);
    assert_int_equal(outgoing_len(&fixture.client.out), 0);
    assert_false(transaction_take_back(&fixture.servers[0]));
    end(&fixture);
}

static void it_gives_up_when_it_was_tried_often_enough(void **state)
{
    (void)state;
    struct fixture fixture;
    begin_with(&fixture, 1, 1 << 20);
    fixture.world.conflicts_due = 5;
    model_query(&fixture.sent, "update 5");
    expect_again(&fixture);
    lend(&fixture, 1);
    pump(&fixture);
    assert_int_equal(fixture.event, TRANSACTION_FREE);
    assert_string_equal(fixture.line.data, "CEZ");
    assert_int_equal(fixture.pool.retries_gave_up, 1);
    end(&fixture);
}

static void without_another_connection_the_client_gets_the_conflict(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    fixture.world.conflicts_due = 1;
    model_query(&fixture.sent, "update 5");
    expect_again(&fixture);
    transaction_give_up(&fixture.client);
    note_out(&fixture);
    assert_string_equal(fixture.line.data, "CEZ");
    model_query(&fixture.sent, "update 5");
    expect(&fixture, 0, "CZ");
    end(&fixture);
}

/* A conflict at Sync, after a Parse that has already named a statement. */
static void a_batch_runs_again_as_a_whole(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    model_parse(&fixture.sent, "s", "update 1");
    model_bind(&fixture.sent, "", "s");
    model_execute(&fixture.sent, "");
    model_message(&fixture.sent, 'S');
    assert_int_equal(offer(&fixture), TRANSACTION_NEEDS_SERVER);
    lend(&fixture, 0);
    assert_int_equal(offer(&fixture), TRANSACTION_MORE);
    struct transaction_server *server = fixture.client.server;
    const char conflict[] = "1\0\0\0\4"
                            "2\0\0\0\4"
                            "C\0\0\0\rUPDATE 1\0"
                            "E\0\0\0\x25"
                            "SERROR\0C40001\0Mconflict (OC000)\0\0"
                            "Z\0\0\0\5I";
    size_t taken = 0;
    buf_reset(&server->out);
    assert_int_equal(
        transaction_server_data(server, text_of_bytes(conflict, sizeof conflict - 1), &taken),
        TRANSACTION_AGAIN);
    assert_int_equal(taken, sizeof conflict - 1);
    assert_int_equal(outgoing_len(&fixture.client.out), 0);
    assert_true(transaction_take_back(server));
    lend(&fixture, 1);
    pump(&fixture);
    assert_string_equal(fixture.line.data, "12CZ");
    assert_int_equal(fixture.world.sum, 1);
    end(&fixture);
}

/* Types of messages for the client after a conflict; nothing may be repeated. */
static void expect_no_retry(struct fixture *fixture, const char *types)
{
    expect(fixture, 0, types);
    assert_true(fixture->event != TRANSACTION_AGAIN);
    assert_int_equal(fixture->pool.retries_not_allowed, 1);
}

static void a_block_is_never_replayed(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    model_query(&fixture.sent, "begin");
    expect(&fixture, 0, "CZ");
    model_query(&fixture.sent, "update 1");
    expect(&fixture, 0, "CZ");
    model_query(&fixture.sent, "commit");
    (void)offer(&fixture);
    const char conflict[] = "E\0\0\0\x25"
                            "SERROR\0C40001\0Mconflict (OC000)\0\0"
                            "Z\0\0\0\5I";
    size_t taken = 0;
    assert_int_equal(transaction_server_data(fixture.client.server,
                                             text_of_bytes(conflict, sizeof conflict - 1), &taken),
                     TRANSACTION_FREE);
    assert_int_equal(fixture.pool.retries_not_allowed, 1);
    end(&fixture);
}

static void several_statements_are_never_replayed(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    fixture.world.conflicts_due = 1;
    model_query(&fixture.sent, "call 5"); /* not known to leave no trace */
    assert_int_equal(offer(&fixture), TRANSACTION_NEEDS_SERVER);
    lend(&fixture, 0);
    (void)offer(&fixture);
    assert_false(fixture.client.hold.is_on);
    pump(&fixture);
    assert_int_equal(fixture.event, TRANSACTION_FREE);
    assert_true(transaction_take_back(fixture.client.server));
    model_query(&fixture.sent, "update 1;select 1");
    (void)offer(&fixture);
    lend(&fixture, 0);
    (void)offer(&fixture);
    assert_false(fixture.client.hold.is_on);
    end(&fixture);
}

static void a_row_that_was_delivered_ends_it(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    static char sql[RETRY_ANSWER_MAX + 64];
    memset(sql, 'x', sizeof sql - 1);
    model_query(&fixture.sent, "update 1");
    (void)offer(&fixture);
    lend(&fixture, 0);
    (void)offer(&fixture);
    assert_true(fixture.client.hold.is_on);
    struct buf answer AUTO_BUF;
    buf_init(&answer, MAX);
    frame_write(&answer, 'D', text_of_bytes(sql, sizeof sql));
    frame_write(&answer, 'E',
                text_of_bytes("SERROR\0C40001\0Mconflict (OC000)\0\0",
                              sizeof "SERROR\0C40001\0Mconflict (OC000)\0\0" - 1));
    frame_write(&answer, 'Z', text_of("I"));
    size_t taken = 0;
    assert_int_equal(transaction_server_data(fixture.client.server, buf_text(&answer), &taken),
                     TRANSACTION_FREE);
    assert_int_equal(fixture.pool.retries_not_allowed, 1);
    note_out(&fixture);
    assert_string_equal(fixture.line.data, "DEZ");
    end(&fixture);
}

static void a_flush_ends_it(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    model_parse(&fixture.sent, "", "update 1");
    model_message(&fixture.sent, 'H');
    (void)offer(&fixture);
    lend(&fixture, 0);
    (void)offer(&fixture);
    pump(&fixture);
    assert_string_equal(fixture.line.data, "1"); /* the client waits for it */
    assert_false(fixture.client.hold.is_on);
    end(&fixture);
}

static void nothing_is_repeated_after_a_lost_connection(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    model_query(&fixture.sent, "update 1");
    (void)offer(&fixture);
    lend(&fixture, 0);
    (void)offer(&fixture);
    assert_true(fixture.client.hold.is_on);
    assert_false(transaction_take_back(fixture.client.server));
    assert_false(fixture.client.is_again);
    assert_false(fixture.client.hold.is_on);
    end(&fixture);
}

static void without_retries_nothing_is_held(void **state)
{
    (void)state;
    struct fixture fixture;
    begin_with(&fixture, 0, 1 << 20);
    fixture.world.conflicts_due = 1;
    model_query(&fixture.sent, "update 1");
    model_query(&fixture.sent, "select 1"); /* need not wait */
    expect_no_retry(&fixture, "CEZDCZ");
    end(&fixture);
}

/* ---- Rows ---- */

#define ROWS                                                                                       \
    "T\0\0\0\6\0\0"                                                                                \
    "D\0\0\0\5a"                                                                                   \
    "D\0\0\0\6bb"                                                                                  \
    "D\0\0\0\4"                                                                                    \
    "D\0\0\0\7ccc"                                                                                 \
    "C\0\0\0\rSELECT 4\0"                                                                          \
    "Z\0\0\0\5I"

static const char rows[] = ROWS;

static void ask_for_rows(struct fixture *fixture, int retries)
{
    begin_with(fixture, retries, 1 << 20);
    model_query(&fixture->sent, "select 4");
    assert_int_equal(offer(fixture), TRANSACTION_NEEDS_SERVER);
    lend(fixture, 0);
    assert_int_equal(offer(fixture), TRANSACTION_MORE);
}

/* As the owner of the sockets does: what is not taken comes again, and memory is used again. */
static void give(struct fixture *fixture, struct text bytes, struct buf *rest, struct buf *got)
{
    struct buf input AUTO_BUF;
    size_t taken = 0;
    buf_init(&input, MAX);
    buf_add_text(&input, buf_text(rest));
    buf_add_text(&input, bytes);
    fixture->event = transaction_server_data(fixture->client.server, buf_text(&input), &taken);
    buf_reset(rest);
    buf_add_text(got, outgoing_gather(&fixture->client.out));
    outgoing_clear(&fixture->client.out);
    buf_add_text(rest, text_slice(buf_text(&input), taken, input.len));
    memset(input.data, 'x', input.len);
}

static void check_cut(size_t first, size_t second, int retries)
{
    struct fixture fixture;
    struct buf rest AUTO_BUF;
    struct buf got AUTO_BUF;
    struct text all = text_of_bytes(rows, sizeof rows - 1);
    ask_for_rows(&fixture, retries);
    buf_init(&rest, MAX);
    buf_init(&got, MAX);
    give(&fixture, text_slice(all, 0, first), &rest, &got);
    give(&fixture, text_slice(all, first, second - first), &rest, &got);
    assert_int_equal(fixture.event, TRANSACTION_MORE);
    give(&fixture, text_slice(all, second, all.len), &rest, &got);
    assert_int_equal(fixture.event, TRANSACTION_FREE);
    assert_true(text_equal(buf_text(&got), all));
    assert_false(fixture.client.out.is_cut);
    end(&fixture);
}

static void rows_may_be_cut_anywhere(void **state)
{
    (void)state;
    for (size_t first = 1; first < sizeof rows - 2; first++) {
        for (size_t second = first; second < sizeof rows - 1; second += 3) {
            check_cut(first, second, 0);
            check_cut(first, second, 3);
        }
    }
}

/* Where the session may be told of an error. */
static void the_position_of_the_client_is_known(void **state)
{
    (void)state;
    struct fixture fixture;
    size_t taken = 0;
    const size_t description = 7;
    ask_for_rows(&fixture, 0);
    struct transaction_server *server = fixture.client.server;
    struct text all = text_of_bytes(rows, sizeof rows - 1);
    (void)transaction_server_data(server, text_slice(all, 0, description + 3), &taken);
    assert_int_equal(taken, description + 3);
    assert_true(fixture.client.out.is_cut);
    (void)transaction_server_data(server, text_slice(all, description + 3, 3), &taken);
    assert_int_equal(taken, 3);
    assert_false(fixture.client.out.is_cut);
    end(&fixture);
}

/* The answer lies where it was received; so does one that was held for a retry meanwhile. */
static void an_answer_in_one_piece_is_not_copied(void **state)
{
    (void)state;
    for (int retries = 0; retries < 2; retries++) {
        struct fixture fixture;
        size_t taken = 0;
        ask_for_rows(&fixture, retries);
        enum transaction_event event = transaction_server_data(
            fixture.client.server, text_of_bytes(rows, sizeof rows - 1), &taken);
        assert_int_equal(event, TRANSACTION_FREE);
        assert_ptr_equal(fixture.client.out.borrowed.data, rows);
        assert_int_equal(fixture.client.out.borrowed.len, sizeof rows - 1);
        assert_int_equal(fixture.client.out.copied.len, 0);
        end(&fixture);
    }
}

static void a_row_with_an_invalid_length_is_refused(void **state)
{
    (void)state;
    struct fixture fixture;
    size_t taken = 0;
    ask_for_rows(&fixture, 0);
    struct transaction_server *server = fixture.client.server;
    assert_int_equal(transaction_server_data(server, text_of_bytes("D\0\0", 3), &taken),
                     TRANSACTION_MORE);
    assert_int_equal(transaction_server_data(server, text_of_bytes("\0\3", 2), &taken),
                     TRANSACTION_INVALID);
    end(&fixture);
}

/* Otherwise its second half could be held with the answer, and be dropped for a retry. */
static void a_request_waits_for_the_end_of_a_notice(void **state)
{
    (void)state;
    struct fixture fixture;
    size_t taken = 0;
    begin(&fixture);
    lend(&fixture, 0);
    struct transaction_server *server = fixture.client.server;
    assert_int_equal(transaction_server_data(server, text_of_bytes("N\0\0\0\6\0", 6), &taken),
                     TRANSACTION_MORE);
    model_query(&fixture.sent, "update 1");
    assert_int_equal(offer(&fixture), TRANSACTION_WAITS);
    assert_int_equal(transaction_server_data(server, text_of_bytes("\0", 1), &taken),
                     TRANSACTION_MORE);
    assert_int_equal(offer(&fixture), TRANSACTION_MORE);
    assert_true(fixture.client.hold.is_on);
    end(&fixture);
}

static void a_client_that_is_far_ahead_waits(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    model_query(&fixture.sent, "begin");
    pass(&fixture, 0);
    buf_reset(&fixture.line);
    for (int i = 0; i < 2 * ANSWERS_MAX; i++) {
        model_message(&fixture.sent, 'S');
    }
    assert_true(pass_far_ahead(&fixture) > 0);
    assert_int_equal(fixture.line.len, 2 * ANSWERS_MAX);
    end(&fixture);
}

/* The portal of the batch before is gone, although nothing has said so yet. */
static void a_portal_of_deallocate_ends_with_its_transaction(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    model_parse(&fixture.sent, "b", "select 1");
    model_parse(&fixture.sent, "d", "deallocate b");
    model_message(&fixture.sent, 'S');
    expect(&fixture, 0, "11Z");
    model_bind(&fixture.sent, "", "d");
    model_message(&fixture.sent, 'S');
    model_execute(&fixture.sent, "");
    model_message(&fixture.sent, 'S');
    assert_int_equal(offer(&fixture), TRANSACTION_NEEDS_SERVER);
    lend(&fixture, 0);
    assert_int_equal(offer(&fixture), TRANSACTION_WAITS);
    expect(&fixture, 0, "2Z");
    expect(&fixture, 0, "EZ");
    send_batch(&fixture, "execute b");
    expect(&fixture, 0, "12DCZ");
    end(&fixture);
}

/* Answers that the server keeps up to Sync are asked for. */
static void a_batch_without_an_end_waits_for_its_answers(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    model_parse(&fixture.sent, "", "select 1");
    for (int i = 0; i < ANSWERS_MAX; i++) {
        model_bind(&fixture.sent, "", "");
    }
    assert_int_equal(offer(&fixture), TRANSACTION_NEEDS_SERVER);
    lend(&fixture, 0);
    assert_int_equal(offer(&fixture), TRANSACTION_WAITS);
    const struct buf *out = &fixture.servers[0].out;
    assert_int_equal(out->data[out->len - FRAME_HEADER_SIZE], 'H');
    pump(&fixture);
    (void)pass_far_ahead(&fixture);
    assert_int_equal(fixture.line.len, 1 + ANSWERS_MAX);
    end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_that_is_far_ahead_waits),
        cmocka_unit_test(a_batch_without_an_end_waits_for_its_answers),
        cmocka_unit_test(a_portal_of_deallocate_ends_with_its_transaction),
        cmocka_unit_test(a_connection_is_free_between_transactions),
        cmocka_unit_test(some_messages_need_no_connection),
        cmocka_unit_test(nonsense_is_invalid),
        cmocka_unit_test(a_server_that_answers_unasked_is_invalid),
        cmocka_unit_test(what_stays_on_a_connection_keeps_it),
        cmocka_unit_test(a_connection_that_ends_early_is_not_lent_again),
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
        cmocka_unit_test(names_of_sql_and_of_the_protocol_are_the_same),
        cmocka_unit_test(long_names_are_cut),
        cmocka_unit_test(a_long_parse_is_not_kept),
        cmocka_unit_test(parameters_follow_the_client),
        cmocka_unit_test(an_unchecked_connection_must_answer_first),
        cmocka_unit_test(a_set_up_that_fails_ends_the_session),
        cmocka_unit_test(a_statement_runs_again_after_a_conflict),
        cmocka_unit_test(a_statement_runs_again_on_a_connection_that_is_kept),
        cmocka_unit_test(only_conflicts_of_aurora_dsql_are_retried),
        cmocka_unit_test(a_notification_is_not_held),
        cmocka_unit_test(a_parameter_that_was_reported_ends_it),
        cmocka_unit_test(the_end_of_an_idle_connection_is_not_told),
        cmocka_unit_test(it_gives_up_when_it_was_tried_often_enough),
        cmocka_unit_test(without_another_connection_the_client_gets_the_conflict),
        cmocka_unit_test(a_batch_runs_again_as_a_whole),
        cmocka_unit_test(a_block_is_never_replayed),
        cmocka_unit_test(several_statements_are_never_replayed),
        cmocka_unit_test(a_row_that_was_delivered_ends_it),
        cmocka_unit_test(a_flush_ends_it),
        cmocka_unit_test(nothing_is_repeated_after_a_lost_connection),
        cmocka_unit_test(without_retries_nothing_is_held),
        cmocka_unit_test(rows_may_be_cut_anywhere),
        cmocka_unit_test(the_position_of_the_client_is_known),
        cmocka_unit_test(an_answer_in_one_piece_is_not_copied),
        cmocka_unit_test(a_row_with_an_invalid_length_is_refused),
        cmocka_unit_test(a_request_waits_for_the_end_of_a_notice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
