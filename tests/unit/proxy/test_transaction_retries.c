/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* What is sent again after a conflict, and what never is. */
#include "link_world.h"
#include "unit.h"

#include <string.h>

/* The server reports a conflict, and the connection can be had again. */
static void expect_again(struct link_world *world)
{
    link_world_pass(world, 0);
    assert_int_equal(world->event, TRANSACTION_AGAIN);
    assert_int_equal(world->line.len, 0);
    int64_t delay_ms = transaction_delay_ms(&world->client);
    assert_true(delay_ms >= 5 && delay_ms <= 100);
    assert_true(transaction_take_back(world->client.server));
    assert_int_equal(link_world_offer(world), TRANSACTION_WAITS);
}

static void a_statement_runs_again_after_a_conflict(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    world.cluster.conflicts_due = 2;
    model_query(&world.sent, "update 5");
    expect_again(&world);
    link_world_lend(&world, 1);
    link_world_pump(&world);
    assert_int_equal(world.event, TRANSACTION_AGAIN);
    assert_true(transaction_take_back(world.client.server));
    link_world_lend(&world, 0);
    link_world_pump(&world);
    assert_int_equal(world.event, TRANSACTION_FREE);
    assert_string_equal(world.line.data, "CZ");
    assert_int_equal(world.cluster.sum, 5);
    assert_int_equal(world.pool.conflicts_data, 2);
    assert_int_equal(world.pool.retries_succeeded, 1);
    link_world_end(&world);
}

/* In session mode: what is left on the connection is still there. */
static void a_statement_runs_again_on_a_connection_that_is_kept(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    world.cluster.conflicts_due = 1;
    model_query(&world.sent, "update 5");
    link_world_pass(&world, 0);
    assert_int_equal(world.event, TRANSACTION_AGAIN);
    assert_int_equal(link_world_offer(&world), TRANSACTION_WAITS);
    assert_int_equal(transaction_send_again(&world.client), TRANSACTION_MORE);
    link_world_pump(&world);
    assert_int_equal(world.event, TRANSACTION_FREE);
    assert_string_equal(world.line.data, "CZ");
    assert_int_equal(world.cluster.sum, 5);
    link_world_end(&world);
}

/* Sends an update, and gives the answer of the server. */
static enum transaction_event answer_update(struct link_world *world, struct text answer)
{
    size_t taken = 0;
    model_query(&world->sent, "update 1");
    (void)link_world_offer(world);
    link_world_lend(world, 0);
    (void)link_world_offer(world);
    assert_true(world->client.hold.is_on);
    enum transaction_event event = transaction_server_data(world->client.server, answer, &taken);
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
    struct link_world world;
    link_world_begin(&world);
    const struct text answer = text_of_bytes(PLAIN_CONFLICT, sizeof PLAIN_CONFLICT - 1);
    assert_int_equal(answer_update(&world, answer), TRANSACTION_FREE);
    assert_int_equal(world.pool.retries_not_allowed, 0);
    link_world_end(&world);
}

/* It is for the session, not a part of the answer that is dropped. */
static void a_notification_is_not_held(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    const char answer[] = "A\0\0\0\xe"
                          "\0\0\0\1news\0\0"
                          "E\0\0\0\x25"
                          "SERROR\0C40001\0Mconflict (OC000)\0";
    assert_int_equal(answer_update(&world, text_of_bytes(answer, sizeof answer)), TRANSACTION_MORE);
    link_world_note_out(&world);
    assert_string_equal(world.line.data, "A");
    link_world_end(&world);
}

/* A parameter that has changed cannot be taken back. */
static void a_parameter_that_was_reported_ends_it(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    const char answer[] = "S\0\0\0\x14"
                          "TimeZone\0Mars/1\0"
                          "E\0\0\0\x25"
                          "SERROR\0C40001\0Mconflict (OC000)\0\0"
                          "Z\0\0\0\5I";
    assert_int_equal(answer_update(&world, text_of_bytes(answer, sizeof answer - 1)),
                     TRANSACTION_FREE);
    assert_int_equal(world.pool.retries_not_allowed, 1);
    link_world_end(&world);
}

/* A client that is idle would take it for the answer to its next statement. */
static void the_end_of_an_idle_connection_is_not_told(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    const char end_of_server[] = "E\0\0\0\x18"
                                 "SFATAL\0C57P01\0Mend\0\0";
    size_t taken = 0;
    link_world_lend(&world, 0);
    assert_int_equal(transaction_server_data(&world.servers[0],
                                             text_of_bytes(end_of_server, sizeof end_of_server - 1),
                                             &taken),
                     TRANSACTION_CLOSING);
    assert_int_equal(outgoing_len(&world.client.out), 0);
    assert_false(transaction_take_back(&world.servers[0]));
    link_world_end(&world);
}

static void it_gives_up_when_it_was_tried_often_enough(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin_with(&world, 1, 1 << 20);
    world.cluster.conflicts_due = 5;
    model_query(&world.sent, "update 5");
    expect_again(&world);
    link_world_lend(&world, 1);
    link_world_pump(&world);
    assert_int_equal(world.event, TRANSACTION_FREE);
    assert_string_equal(world.line.data, "CEZ");
    assert_int_equal(world.pool.retries_gave_up, 1);
    link_world_end(&world);
}

static void without_another_connection_the_client_gets_the_conflict(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    world.cluster.conflicts_due = 1;
    model_query(&world.sent, "update 5");
    expect_again(&world);
    transaction_give_up(&world.client);
    link_world_note_out(&world);
    assert_string_equal(world.line.data, "CEZ");
    model_query(&world.sent, "update 5");
    link_world_expect(&world, 0, "CZ");
    link_world_end(&world);
}

/* A conflict at Sync, after a Parse that has already named a statement. */
static void a_batch_runs_again_as_a_whole(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    model_parse(&world.sent, "s", "update 1");
    model_bind(&world.sent, "", "s");
    model_execute(&world.sent, "");
    model_message(&world.sent, 'S');
    assert_int_equal(link_world_offer(&world), TRANSACTION_NEEDS_SERVER);
    link_world_lend(&world, 0);
    assert_int_equal(link_world_offer(&world), TRANSACTION_MORE);
    struct transaction_server *server = world.client.server;
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
    assert_int_equal(outgoing_len(&world.client.out), 0);
    assert_true(transaction_take_back(server));
    link_world_lend(&world, 1);
    link_world_pump(&world);
    assert_string_equal(world.line.data, "12CZ");
    assert_int_equal(world.cluster.sum, 1);
    link_world_end(&world);
}

/* Types of messages for the client after a conflict; nothing may be repeated. */
static void expect_no_retry(struct link_world *world, const char *types)
{
    link_world_expect(world, 0, types);
    assert_true(world->event != TRANSACTION_AGAIN);
    assert_int_equal(world->pool.retries_not_allowed, 1);
}

static void a_block_is_never_replayed(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    model_query(&world.sent, "begin");
    link_world_expect(&world, 0, "CZ");
    model_query(&world.sent, "update 1");
    link_world_expect(&world, 0, "CZ");
    model_query(&world.sent, "commit");
    (void)link_world_offer(&world);
    const char conflict[] = "E\0\0\0\x25"
                            "SERROR\0C40001\0Mconflict (OC000)\0\0"
                            "Z\0\0\0\5I";
    size_t taken = 0;
    assert_int_equal(transaction_server_data(world.client.server,
                                             text_of_bytes(conflict, sizeof conflict - 1), &taken),
                     TRANSACTION_FREE);
    assert_int_equal(world.pool.retries_not_allowed, 1);
    link_world_end(&world);
}

static void several_statements_are_never_replayed(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    world.cluster.conflicts_due = 1;
    model_query(&world.sent, "call 5"); /* not known to leave no trace */
    assert_int_equal(link_world_offer(&world), TRANSACTION_NEEDS_SERVER);
    link_world_lend(&world, 0);
    (void)link_world_offer(&world);
    assert_false(world.client.hold.is_on);
    link_world_pump(&world);
    assert_int_equal(world.event, TRANSACTION_FREE);
    assert_true(transaction_take_back(world.client.server));
    model_query(&world.sent, "update 1;select 1");
    (void)link_world_offer(&world);
    link_world_lend(&world, 0);
    (void)link_world_offer(&world);
    assert_false(world.client.hold.is_on);
    link_world_end(&world);
}

static void a_row_that_was_delivered_ends_it(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    static char sql[RETRY_ANSWER_MAX + 64];
    memset(sql, 'x', sizeof sql - 1);
    model_query(&world.sent, "update 1");
    (void)link_world_offer(&world);
    link_world_lend(&world, 0);
    (void)link_world_offer(&world);
    assert_true(world.client.hold.is_on);
    struct buf answer AUTO_BUF;
    buf_init(&answer, LINK_WORLD_MAX);
    frame_write(&answer, 'D', text_of_bytes(sql, sizeof sql));
    frame_write(&answer, 'E',
                text_of_bytes("SERROR\0C40001\0Mconflict (OC000)\0\0",
                              sizeof "SERROR\0C40001\0Mconflict (OC000)\0\0" - 1));
    frame_write(&answer, 'Z', text_of("I"));
    size_t taken = 0;
    assert_int_equal(transaction_server_data(world.client.server, buf_text(&answer), &taken),
                     TRANSACTION_FREE);
    assert_int_equal(world.pool.retries_not_allowed, 1);
    link_world_note_out(&world);
    assert_string_equal(world.line.data, "DEZ");
    link_world_end(&world);
}

static void a_flush_ends_it(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    model_parse(&world.sent, "", "update 1");
    model_message(&world.sent, 'H');
    (void)link_world_offer(&world);
    link_world_lend(&world, 0);
    (void)link_world_offer(&world);
    link_world_pump(&world);
    assert_string_equal(world.line.data, "1"); /* the client waits for it */
    assert_false(world.client.hold.is_on);
    link_world_end(&world);
}

static void nothing_is_repeated_after_a_lost_connection(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    model_query(&world.sent, "update 1");
    (void)link_world_offer(&world);
    link_world_lend(&world, 0);
    (void)link_world_offer(&world);
    assert_true(world.client.hold.is_on);
    assert_false(transaction_take_back(world.client.server));
    assert_false(world.client.is_again);
    assert_false(world.client.hold.is_on);
    link_world_end(&world);
}

static void without_retries_nothing_is_held(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin_with(&world, 0, 1 << 20);
    world.cluster.conflicts_due = 1;
    model_query(&world.sent, "update 1");
    model_query(&world.sent, "select 1"); /* need not wait */
    expect_no_retry(&world, "CEZDCZ");
    link_world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
