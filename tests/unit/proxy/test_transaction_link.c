/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Which connection a client has, and for how long; the parameters of both.  What happens at random
 * is in fuzz_statements.c.
 */
#include "link_world.h"
#include "unit.h"

/* What was sent is more than can be unanswered at once.  Returns how often it had to wait. */
static int pass_far_ahead(struct link_world *world)
{
    int waits = 0;
    while (world->sent.len > 0) {
        enum transaction_event event = link_world_offer(world);
        assert_true(event == TRANSACTION_MORE || event == TRANSACTION_WAITS);
        waits += event == TRANSACTION_WAITS ? 1 : 0;
        assert_true(waits < 100);
        link_world_pump(world);
        assert_int_equal(world->event, TRANSACTION_MORE);
    }
    return waits;
}

static void a_connection_is_free_between_transactions(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    model_query(&world.sent, "begin");
    link_world_expect(&world, 0, "CZ");
    assert_ptr_equal(world.client.server, &world.servers[0]);
    model_query(&world.sent, "update 3");
    link_world_expect(&world, 0, "CZ");
    assert_non_null(world.client.server);
    model_query(&world.sent, "commit");
    link_world_expect(&world, 0, "CZ");
    assert_null(world.client.server);
    assert_int_equal(world.cluster.sum, 3);
    link_world_end(&world);
}

static void some_messages_need_no_connection(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    model_message(&world.sent, 'S');
    model_message(&world.sent, 'H');
    model_message(&world.sent, 'd');
    model_message(&world.sent, 'c');
    assert_int_equal(link_world_offer(&world), TRANSACTION_MORE);
    link_world_note_out(&world);
    assert_string_equal(world.line.data, "Z");
    model_message(&world.sent, 'X');
    assert_int_equal(link_world_offer(&world), TRANSACTION_TERMINATE);
    link_world_end(&world);
}

static void nonsense_is_invalid(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    link_world_lend(&world, 0);
    buf_add(&world.sent, "Q\0\0\0\3", 5);
    assert_int_equal(link_world_offer(&world), TRANSACTION_INVALID);
    buf_reset(&world.sent);
    model_message(&world.sent, 'p');
    assert_int_equal(link_world_offer(&world), TRANSACTION_INVALID);
    link_world_end(&world);
}

static void a_server_that_answers_unasked_is_invalid(void **state)
{
    (void)state;
    struct link_world world;
    size_t taken = 0;
    link_world_begin(&world);
    assert_int_equal(transaction_idle_data(&world.servers[0],
                                           text_of_bytes("N\0\0\0\5\0S\0\0\0\7a\0", 13), &taken),
                     TRANSACTION_MORE);
    assert_int_equal(taken, 6); /* the parameter is not whole */
    assert_int_equal(
        transaction_idle_data(&world.servers[0], text_of_bytes("Z\0\0\0\5I", 6), &taken),
        TRANSACTION_INVALID);
    link_world_lend(&world, 0);
    assert_int_equal(
        transaction_server_data(&world.servers[0], text_of_bytes("Z\0\0\0\5I", 6), &taken),
        TRANSACTION_INVALID);
    link_world_end(&world);
}

static void what_stays_on_a_connection_keeps_it(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    model_query(&world.sent, "SET \"a\"\"b\" TO 1"); /* not understood */
    link_world_pass(&world, 0);
    assert_non_null(world.client.server);
    assert_false(transaction_take_back(world.client.server));
    link_world_end(&world);
}

static void a_connection_that_ends_early_is_not_lent_again(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    model_query(&world.sent, "begin");
    link_world_expect(&world, 0, "CZ");
    assert_false(transaction_take_back(world.client.server));
    assert_null(world.client.server);
    link_world_end(&world);
}

/* The server has refused what came before, and does not answer the rest. */
static void a_connection_is_free_when_the_rest_of_a_copy_has_come(void **state)
{
    (void)state;
    static const char refused[] = "E\0\0\0\x0c"
                                  "C22P02\0\0"
                                  "Z\0\0\0\5I";
    struct link_world world;
    size_t taken = 0;
    link_world_begin(&world);
    model_query(&world.sent, "copy in");
    link_world_expect(&world, 0, "G");
    buf_add(&world.sent, "d\0\0\0\x08xx", 7);
    assert_int_equal(link_world_offer(&world), TRANSACTION_MORE);
    const struct text answer = text_of_bytes(refused, sizeof refused - 1);
    assert_int_equal(transaction_server_data(&world.servers[0], answer, &taken), TRANSACTION_MORE);
    assert_int_equal(taken, answer.len);
    outgoing_drop(&world.client.out);
    buf_add(&world.sent, "yy", 2);
    assert_int_equal(link_world_offer(&world), TRANSACTION_FREE);
    assert_true(transaction_take_back(&world.servers[0]));
    link_world_end(&world);
}

static void a_client_that_is_far_ahead_waits(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    model_query(&world.sent, "begin");
    link_world_pass(&world, 0);
    buf_reset(&world.line);
    for (int i = 0; i < 2 * ANSWERS_MAX; i++) {
        model_message(&world.sent, 'S');
    }
    assert_true(pass_far_ahead(&world) > 0);
    assert_int_equal(world.line.len, 2 * ANSWERS_MAX);
    link_world_end(&world);
}

/* Answers that the server keeps up to Sync are asked for. */
static void a_batch_without_an_end_waits_for_its_answers(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    model_parse(&world.sent, "", "select 1");
    for (int i = 0; i < ANSWERS_MAX; i++) {
        model_bind(&world.sent, "", "");
    }
    assert_int_equal(link_world_offer(&world), TRANSACTION_NEEDS_SERVER);
    link_world_lend(&world, 0);
    assert_int_equal(link_world_offer(&world), TRANSACTION_WAITS);
    const struct buf *out = &world.servers[0].out;
    assert_int_equal(out->data[out->len - FRAME_HEADER_SIZE], 'H');
    link_world_pump(&world);
    (void)pass_far_ahead(&world);
    assert_int_equal(world.line.len, 1 + ANSWERS_MAX);
    link_world_end(&world);
}

/* ---- Parameters ---- */

static void parameters_follow_the_client(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    model_query(&world.sent, "set work_mem to 9MB");
    link_world_expect(&world, 0, "CZ");
    link_world_send_batch(&world, "set timezone to Mars");
    link_world_expect(&world, 0, "12CSZ");
    model_query(&world.sent, "show work_mem");
    link_world_expect(&world, 1, "DCZ");
    assert_string_equal(world.models[1].now.work_mem, "9MB");
    assert_string_equal(world.models[1].now.timezone, "Mars");
    link_world_end(&world);
}

static void an_unchecked_connection_must_answer_first(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    model_query(&world.sent, "select 1");
    assert_true(transaction_lend(&world.client, &world.servers[0], true));
    assert_int_equal(world.servers[0].set_up_left, 1);
    assert_int_equal(link_world_offer(&world), TRANSACTION_WAITS);
    link_world_pump(&world);
    assert_int_equal(world.servers[0].set_up_left, 0);
    link_world_expect(&world, 0, "DCZ");
    link_world_end(&world);
}

static void a_set_up_that_fails_ends_the_session(void **state)
{
    (void)state;
    struct link_world world;
    link_world_begin(&world);
    assert_true(
        session_parameters_start(&world.client.parameters, text_of("work_mem"), text_of("x")));
    assert_true(transaction_lend(&world.client, &world.servers[0], false));
    const char answer[] = "E\0\0\0\5\0Z\0\0\0\5I";
    size_t taken = 0;
    assert_int_equal(transaction_server_data(&world.servers[0],
                                             text_of_bytes(answer, sizeof answer - 1), &taken),
                     TRANSACTION_SET_UP_FAILED);
    assert_int_equal(outgoing_gather(&world.client.out).data[0], 'E');
    assert_false(transaction_take_back(&world.servers[0]));
    link_world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_is_free_between_transactions),
        cmocka_unit_test(some_messages_need_no_connection),
        cmocka_unit_test(nonsense_is_invalid),
        cmocka_unit_test(a_server_that_answers_unasked_is_invalid),
        cmocka_unit_test(what_stays_on_a_connection_keeps_it),
        cmocka_unit_test(a_connection_that_ends_early_is_not_lent_again),
        cmocka_unit_test(a_connection_is_free_when_the_rest_of_a_copy_has_come),
        cmocka_unit_test(a_client_that_is_far_ahead_waits),
        cmocka_unit_test(a_batch_without_an_end_waits_for_its_answers),
        cmocka_unit_test(parameters_follow_the_client),
        cmocka_unit_test(an_unchecked_connection_must_answer_first),
        cmocka_unit_test(a_set_up_that_fails_ends_the_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
