/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The beginning of a client that is lent connections of a pool, from its StartupMessage to the
 * greeting, and what such a client has.
 */
#ifndef DSQL_PROXY_CLIENT_GREETING_H
#define DSQL_PROXY_CLIENT_GREETING_H

#include "proxy/client.h"
#include "proxy/pool.h"

struct proxy_transaction {
    struct transaction_client link;
    struct pool *pool;
    struct pool_request request;
    struct pooled *pooled; /* what is lent to it; NULL: nothing */
    struct buf in;         /* what the client has sent and was not taken yet */
    int64_t waiting_since_ms;
    bool keeps_connection; /* session mode */
    bool is_backing_off;   /* after a conflict */
    bool is_held_up; /* what the client has sent waits for a connection or for an answer ... */
    bool is_paused;  /* ... and is so much that the client is not read */
    bool is_pumping;
};

/** NULL before it is made, and after the end. */
struct proxy_transaction *proxy_transaction_of(struct session_client *session);

/** Makes client->transaction.  False: no memory. */
bool proxy_greeting_prepare(struct proxy_client *client) __attribute__((warn_unused_result));

/** Whether the client must not be greeted before it has a connection that is set up for it. */
bool proxy_greeting_needs_server(const struct proxy_transaction *own);

/** The client is logged in, and hears of it.  False: the session ends. */
bool proxy_greeting_send(struct session_client *session) __attribute__((warn_unused_result));

#endif
