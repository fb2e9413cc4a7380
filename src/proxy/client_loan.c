/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/client_loan.h"

#include "base/memory.h"
#include "proxy/client_greeting.h"
#include "proxy/transaction_state.h"

enum { SECOND_MS = 1000 };

/* In session mode nobody else gets it: not all that a session leaves on it can be seen. */
static void part(struct proxy_transaction *own)
{
    struct pooled *pooled = own->pooled;
    bool is_usable = transaction_take_back(&pooled->transaction) && pooled->in.len == 0;
    own->pooled = NULL;
    if (is_usable && own->keeps_connection) {
        pool_retire(pooled);
    } else {
        pool_return(pooled, is_usable);
    }
}

void client_loan_give_back(struct proxy_client *client)
{
    struct proxy_transaction *own = client->transaction;
    struct pooled *pooled = own->pooled;
    if (pooled == NULL) {
        return;
    }
    client->server = NULL;
    if (pooled->server != NULL) {
        stream_resume(server_stream(pooled->server));
    }
    if (!own->is_paused) {
        stream_resume(client->session.stream); /* it may wait for the connection to take more */
    }
    part(own);
}

void client_loan_release(struct proxy_client *client)
{
    struct proxy_transaction *own = client->transaction;
    if (own == NULL) {
        return;
    }
    client->transaction = NULL;
    pool_withdraw(own->pool, &own->request);
    if (own->pooled != NULL) {
        client->server = NULL;
        part(own);
    }
    transaction_client_clear(&own->link);
    buf_clear(&own->in);
    mem_free(own);
}

struct session_lifetime client_loan_lifetime(struct session_client *session)
{
    const struct proxy_client *client = proxy_client_of(session);
    const struct pooled *pooled = client->transaction->pooled;
    const struct transaction_server *server = &pooled->transaction;
    int64_t now_ms = clock_monotonic_ms(session->shared->clock);
    bool is_pinned = client->transaction->link.leaves_state || transaction_is_pinned(server);
    return (struct session_lifetime){
        .over_age_ms = now_ms - pooled->accounting.expires_ms,
        .grace_ms = (int64_t)proxy_client_options(session)->lifetime_grace_s * SECOND_MS,
        .may_move = !is_pinned && transaction_is_idle(server) && pooled->in.len == 0 &&
                    !client->transaction->is_backing_off,
        .is_pinned = is_pinned};
}

void client_loan_watch(struct session_client *session)
{
    if (proxy_transaction_of(session)->keeps_connection) {
        const struct session_lifetime lifetime = client_loan_lifetime(session);
        session_start_timer(session, session_lifetime_wake_ms(&lifetime));
    } else {
        session_start_timer(session, -1);
    }
}

void client_loan_leave(struct session_client *session)
{
    struct proxy_client *client = proxy_client_of(session);
    client->cluster->counters.rollovers++;
    session_start_timer(session, -1);
    client_loan_give_back(client);
}

/* Beside a connection it may wait for as long as it takes, but not without one. */
void client_loan_ask(struct session_client *session)
{
    struct proxy_transaction *own = proxy_transaction_of(session);
    const struct pool_waiter *waiter = &own->request.waiter;
    int64_t now_ms = clock_monotonic_ms(session->shared->clock);
    if (waiter->is_waiting && (own->pooled != NULL || waiter->deadline_ms != INT64_MAX)) {
        return;
    }
    pool_withdraw(own->pool, &own->request);
    own->waiting_since_ms = now_ms;
    pool_request(own->pool, &own->request,
                 own->pooled != NULL ? INT64_MAX : now_ms + proxy_client_options(session)->wait_ms);
}

struct pooled *client_loan_hold(const struct proxy_client *client)
{
    struct pooled *pooled = client->transaction == NULL ? NULL : client->transaction->pooled;
    if (pooled != NULL) {
        pooled_hold(pooled);
    }
    return pooled;
}
