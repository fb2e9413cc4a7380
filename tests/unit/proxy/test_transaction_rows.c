/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Answers that come in pieces. */
#include "link_world.h"
#include "unit.h"

#include <string.h>

#define ROWS                                                                                       \
    "T\0\0\0\6\0\0"                                                                                \
    "D\0\0\0\5a"                                                                                   \
    "D\0\0\0\6bb"                                                                                  \
    "D\0\0\0\4"                                                                                    \
    "D\0\0\0\7ccc"                                                                                 \
    "C\0\0\0\rSELECT 4\0"                                                                          \
    "Z\0\0\0\5I"

static const char rows[] = ROWS;

static void ask_for_rows(struct link_world *world, int retries)
{
    link_world_begin_with(world, retries, 1 << 20);
    model_query(&world->sent, "select 4");
    assert_int_equal(link_world_offer(world), TRANSACTION_NEEDS_SERVER);
    link_world_lend(world, 0);
    assert_int_equal(link_world_offer(world), TRANSACTION_MORE);
}

/* As the owner of the sockets does: what is not taken comes again, and memory is used again. */
static void give(struct link_world *world, struct text bytes, struct buf *rest, struct buf *got)
{
    struct buf input AUTO_BUF;
    size_t taken = 0;
    buf_init(&input, LINK_WORLD_MAX);
    buf_add_text(&input, buf_text(rest));
    buf_add_text(&input, bytes);
    world->event = transaction_server_data(world->client.server, buf_text(&input), &taken);
    buf_reset(rest);
    buf_add_text(got, outgoing_gather(&world->client.out));
    outgoing_clear(&world->client.out);
    buf_add_text(rest, text_slice(buf_text(&input), taken, input.len));
    memset(input.data, 'x', input.len);
}

static void check_cut(size_t first, size_t second, int retries)
{
    struct link_world world;
    struct buf rest AUTO_BUF;
    struct buf got AUTO_BUF;
    struct text all = text_of_bytes(rows, sizeof rows - 1);
    ask_for_rows(&world, retries);
    buf_init(&rest, LINK_WORLD_MAX);
    buf_init(&got, LINK_WORLD_MAX);
    give(&world, text_slice(all, 0, first), &rest, &got);
    give(&world, text_slice(all, first, second - first), &rest, &got);
    assert_int_equal(world.event, TRANSACTION_MORE);
    give(&world, text_slice(all, second, all.len), &rest, &got);
    assert_int_equal(world.event, TRANSACTION_FREE);
    assert_true(text_equal(buf_text(&got), all));
    assert_false(world.client.out.is_cut);
    link_world_end(&world);
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
    struct link_world world;
    size_t taken = 0;
    const size_t description = 7;
    ask_for_rows(&world, 0);
    struct transaction_server *server = world.client.server;
    struct text all = text_of_bytes(rows, sizeof rows - 1);
    (void)transaction_server_data(server, text_slice(all, 0, description + 3), &taken);
    assert_int_equal(taken, description + 3);
    assert_true(world.client.out.is_cut);
    (void)transaction_server_data(server, text_slice(all, description + 3, 3), &taken);
    assert_int_equal(taken, 3);
    assert_false(world.client.out.is_cut);
    link_world_end(&world);
}

/* The answer lies where it was received; so does one that was held for a retry meanwhile. */
static void an_answer_in_one_piece_is_not_copied(void **state)
{
    (void)state;
    for (int retries = 0; retries < 2; retries++) {
        struct link_world world;
        size_t taken = 0;
        ask_for_rows(&world, retries);
        enum transaction_event event = transaction_server_data(
            world.client.server, text_of_bytes(rows, sizeof rows - 1), &taken);
        assert_int_equal(event, TRANSACTION_FREE);
        assert_ptr_equal(world.client.out.borrowed.data, rows);
        assert_int_equal(world.client.out.borrowed.len, sizeof rows - 1);
        assert_int_equal(world.client.out.copied.len, 0);
        link_world_end(&world);
    }
}

static void a_row_with_an_invalid_length_is_refused(void **state)
{
    (void)state;
    struct link_world world;
    size_t taken = 0;
    ask_for_rows(&world, 0);
    struct transaction_server *server = world.client.server;
    assert_int_equal(transaction_server_data(server, text_of_bytes("D\0\0", 3), &taken),
                     TRANSACTION_MORE);
    assert_int_equal(transaction_server_data(server, text_of_bytes("\0\3", 2), &taken),
                     TRANSACTION_INVALID);
    link_world_end(&world);
}

/* Otherwise its second half could be held with the answer, and be dropped for a retry. */
static void a_request_waits_for_the_end_of_a_notice(void **state)
{
    (void)state;
    struct link_world world;
    size_t taken = 0;
    link_world_begin(&world);
    link_world_lend(&world, 0);
    struct transaction_server *server = world.client.server;
    assert_int_equal(transaction_server_data(server, text_of_bytes("N\0\0\0\6\0", 6), &taken),
                     TRANSACTION_MORE);
    model_query(&world.sent, "update 1");
    assert_int_equal(link_world_offer(&world), TRANSACTION_WAITS);
    assert_int_equal(transaction_server_data(server, text_of_bytes("\0", 1), &taken),
                     TRANSACTION_MORE);
    assert_int_equal(link_world_offer(&world), TRANSACTION_MORE);
    assert_true(world.client.hold.is_on);
    link_world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_may_be_cut_anywhere),
        cmocka_unit_test(the_position_of_the_client_is_known),
        cmocka_unit_test(an_answer_in_one_piece_is_not_copied),
        cmocka_unit_test(a_row_with_an_invalid_length_is_refused),
        cmocka_unit_test(a_request_waits_for_the_end_of_a_notice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
