/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A client in transaction mode: it has a server connection only while a transaction needs one.
 * Moves bytes between the streams and transaction_link.h, which decides.
 */
#ifndef DSQL_PROXY_CLIENT_TRANSACTION_H
#define DSQL_PROXY_CLIENT_TRANSACTION_H

#include "proxy/client.h"

/** Sends what is in out, and waits until the greeting is known; then PROXY_TRANSACTION. */
void proxy_transaction_begin(struct session_client *session, struct buf *out);

/** The handlers of PROXY_TRANSACTION. */
void proxy_transaction_data(struct session_client *session, struct text bytes);
void proxy_transaction_writable(struct session_client *session);
void proxy_transaction_timeout(struct session_client *session);

/**
 * A cancel request: if what is under way waits for its retry, it gets the answer that it had, a
 * conflict. False: it does not wait for one.
 */
bool proxy_transaction_cancel_retry(struct session_client *session);

/** The proxy stops: it ends when it has nothing under way. */
void proxy_transaction_end_when_idle(struct session_client *session);

#endif
