/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A client that is pg_dump or pg_restore: some of its statements are answered here, before the
 * relay sees them (dump_statements.h).  Such a client has a server connection of its own in both
 * pool modes: its transaction lasts as long as it does.
 */
#ifndef DSQL_PROXY_CLIENT_DUMP_H
#define DSQL_PROXY_CLIENT_DUMP_H

#include "proxy/client.h"

/** To be called before the session begins.  False: no memory. */
bool proxy_dump_begin(struct proxy_client *client) __attribute__((warn_unused_result));

/** Bytes of a client in SESSION_RELAY; those of any other client go to the relay as they are. */
void proxy_dump_data(struct session_client *session, struct text bytes);

/** Does nothing for any other client. */
void proxy_dump_clear(struct proxy_client *client);

#endif
