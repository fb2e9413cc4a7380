/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The connection of a pool that a client has: asked for, given back, and in session mode left for
 * another one before it becomes too old.  What is asked for comes by the events of the request.
 */
#ifndef DSQL_PROXY_CLIENT_LOAN_H
#define DSQL_PROXY_CLIENT_LOAN_H

#include "proxy/client.h"
#include "proxy/session_lifetime.h"

/** Asks the pool for a connection, also beside the present one.  Perhaps it is lent at once. */
void client_loan_ask(struct session_client *session);
/** Does nothing if the client has none. */
void client_loan_give_back(struct proxy_client *client);

/** The session is over: its connection goes back, or ends, and the memory is freed.  Does nothing
    without struct proxy_transaction. */
void client_loan_release(struct proxy_client *client);

/** How old the connection is, and whether the session can change to another one now. */
struct session_lifetime client_loan_lifetime(struct session_client *session);
/** Starts the session's timer for the lifetime of the connection. */
void client_loan_watch(struct session_client *session);
/** Gives the connection back because of its age. */
void client_loan_leave(struct session_client *session);

/** The connection that the client has at this moment is meant by a cancel request; NULL: none.  To
    be released with pooled_unhold(). */
struct pooled *client_loan_hold(const struct proxy_client *client);

#endif
