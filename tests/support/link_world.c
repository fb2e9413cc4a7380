/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "link_world.h"

#include "unit.h"

#include <string.h>

void link_world_begin_with(struct link_world *world, int retries, size_t max_bytes)
{
    const struct retry_limits limits = {
        .retries = retries, .base_ms = 10, .max_ms = 100, .random = random_system()};
    memset(world, 0, sizeof *world);
    transaction_pool_init(&world->pool, &limits, max_bytes, 7);
    world->pool.statements_per_server = 2;
    for (size_t i = 0; i < 2; i++) {
        transaction_server_init(&world->servers[i], &world->pool);
        model_server_init(&world->models[i], &world->cluster);
        assert_true(server_parameters_login(&world->servers[i].parameters, &world->pool.defaults,
                                            text_of("TimeZone"), text_of("UTC")));
    }
    transaction_client_init(&world->client, &world->pool);
    buf_init(&world->sent, LINK_WORLD_MAX);
    buf_init(&world->line, LINK_WORLD_MAX);
}

void link_world_begin(struct link_world *world)
{
    link_world_begin_with(world, 3, 1 << 20);
}

void link_world_end(struct link_world *world)
{
    if (world->client.server != NULL) {
        (void)transaction_take_back(world->client.server);
    }
    transaction_client_clear(&world->client);
    for (size_t i = 0; i < 2; i++) {
        transaction_server_clear(&world->servers[i]);
        model_server_clear(&world->models[i]);
    }
    assert_int_equal(world->pool.cache.count, 0);
    assert_int_equal(world->pool.cache.bytes, 0);
    transaction_pool_clear(&world->pool);
    buf_clear(&world->sent);
    buf_clear(&world->line);
}

static size_t index_of(const struct link_world *world)
{
    return world->client.server == &world->servers[0] ? 0 : 1;
}

void link_world_note_out(struct link_world *world)
{
    struct text rest = outgoing_gather(&world->client.out);
    struct frame message;
    while (frame_next(rest, FRAME_SERVER_MAX, &message) == FRAME_COMPLETE) {
        buf_add_char(&world->line, message.type);
        rest = text_slice(rest, message.size, rest.len);
    }
    assert_int_equal(rest.len, 0);
    outgoing_drop(&world->client.out);
}

void link_world_pump(struct link_world *world)
{
    struct transaction_server *server = world->client.server;
    struct model_server *model = &world->models[index_of(world)];
    size_t taken = 0;
    model_server_take(model, buf_text(&server->out));
    buf_reset(&server->out);
    world->event = transaction_server_data(server, buf_text(&model->out), &taken);
    link_world_note_out(world);
    buf_drop(&model->out, taken);
}

enum transaction_event link_world_offer(struct link_world *world)
{
    size_t taken = 0;
    enum transaction_event event =
        transaction_client_data(&world->client, buf_text(&world->sent), &taken);
    buf_drop(&world->sent, taken);
    return event;
}

void link_world_lend(struct link_world *world, size_t server)
{
    assert_true(transaction_lend(&world->client, &world->servers[server], false));
    if (world->servers[server].set_up_left > 0) {
        link_world_pump(world);
    }
}

void link_world_pass(struct link_world *world, size_t server)
{
    buf_reset(&world->line);
    if (world->client.server == NULL) {
        assert_int_equal(link_world_offer(world), TRANSACTION_NEEDS_SERVER);
        link_world_lend(world, server);
    }
    world->event = TRANSACTION_MORE;
    for (int i = 0; i < 20 && world->event == TRANSACTION_MORE; i++) {
        (void)link_world_offer(world);
        link_world_pump(world);
    }
    if (world->event == TRANSACTION_FREE) {
        assert_true(transaction_take_back(world->client.server));
    }
}

void link_world_expect(struct link_world *world, size_t server, const char *types)
{
    link_world_pass(world, server);
    assert_string_equal(world->line.data == NULL ? "" : world->line.data, types);
}

void link_world_send_batch(struct link_world *world, const char *sql)
{
    model_parse(&world->sent, "", sql);
    model_bind(&world->sent, "", "");
    model_execute(&world->sent, "");
    model_message(&world->sent, 'S');
}
