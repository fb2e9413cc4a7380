/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of state, the lookup of a client's row, and its timer.  Without the handlers, so that
 * their files can use this one and there is no circle.
 */
#include "session/client.h"

#include <assert.h>

/* pgbouncer's change_client_state() and s2n's state_machine[] are the models: one function
   and one table, so that no state is reached by accident. */
void session_set_state(struct session_client *client, int state)
{
    bool may_follow = (session_rules(client)->may_follow & SESSION_BIT(state)) != 0;
    assert(may_follow);
    (void)may_follow;
    client->state = state;
}

const struct session_rules *session_rules(const struct session_client *client)
{
    return &client->shared->program->rules[client->state];
}

bool session_is_over(const struct session_client *client)
{
    return client->state == SESSION_ENDING || client->state == SESSION_CLOSED;
}

/* Every state but SESSION_CLOSED has on_timeout, and there the timer is stopped. */
static void on_timer(uv_timer_t *timer)
{
    struct session_client *client = timer->data;
    session_rules(client)->on_timeout(client);
}

/*
 * One timer is enough, since each of the three waits (login, session, end) replaces the one
 * before.
 */
void session_start_timer(struct session_client *client, int64_t ms)
{
    if (ms >= 0) {
        uv_timer_start(&client->timer, on_timer, (uint64_t)ms, 0);
    } else {
        uv_timer_stop(&client->timer);
    }
}
