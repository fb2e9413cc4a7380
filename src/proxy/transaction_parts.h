/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* What the files of transaction_link.h share. */
#ifndef DSQL_PROXY_TRANSACTION_PARTS_H
#define DSQL_PROXY_TRANSACTION_PARTS_H

#include "proxy/transaction_link.h"

/** Whether the connection could be lent to another client now. */
bool transaction_is_free(const struct transaction_server *server);

/** Sends the request that is held, once more.  The connection is set up. */
enum transaction_event transaction_send_again(struct transaction_client *client);

#endif
