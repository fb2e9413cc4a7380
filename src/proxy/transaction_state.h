/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Whether a server connection that is lent may be taken back now. */
#ifndef DSQL_PROXY_TRANSACTION_STATE_H
#define DSQL_PROXY_TRANSACTION_STATE_H

#include "proxy/transaction_link.h"

/** Whether nothing is under way: no transaction, no answer, no part of a message. */
bool transaction_is_idle(const struct transaction_server *server);
/** Whether the client has left something on it that cannot be moved. */
bool transaction_is_pinned(const struct transaction_server *server);
/** Whether it is idle and not pinned. */
bool transaction_is_free(const struct transaction_server *server);

#endif
