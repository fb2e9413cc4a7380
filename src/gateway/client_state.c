/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of state, the lookup of a client's row, and its timer.  Without the handlers, so that
 * their files can use this one and there is no circle.
 */
#include "gateway/client_state.h"

#include <assert.h>

/* pgbouncer's change_client_state() and s2n's state_machine[] are the models: one function
   and one table, so that no state is reached by accident. */
void client_set_state(struct client *client, enum client_state state)
{
    bool may_follow = (client_rules(client)->may_follow & CLIENT_BIT(state)) != 0;
    assert(may_follow);
    (void)may_follow;
    client->state = state;
}

const struct client_state_rules *client_rules(const struct client *client)
{
    return &client->rules[client->state];
}

/* By the order of the enum: ENDING and CLOSED are the last. */
bool client_is_over(const struct client *client)
{
    return client->state >= CLIENT_ENDING;
}

/* The options belong to the gateway, which outlives its clients. */
const struct gateway_options *client_options(const struct client *client)
{
    return client->shared->options;
}

/* Every state but CLIENT_CLOSED has on_timeout, and there the timer is stopped. */
static void on_timer(uv_timer_t *timer)
{
    struct client *client = timer->data;
    client_rules(client)->on_timeout(client);
}

/*
 * One timer is enough, since each of the three waits (login, session, end) replaces the one
 * before.
 */
void client_start_timer(struct client *client, int64_t ms)
{
    if (ms >= 0) {
        uv_timer_start(&client->timer, on_timer, (uint64_t)ms, 0);
    } else {
        uv_timer_stop(&client->timer);
    }
}
