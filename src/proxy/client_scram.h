/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* PROXY_SCRAM: the client proves its password by SCRAM-SHA-256. */
#ifndef DSQL_PROXY_CLIENT_SCRAM_H
#define DSQL_PROXY_CLIENT_SCRAM_H

#include "proxy/client.h"

/** Offers the mechanisms, after what is in out. */
void proxy_scram_begin(struct session_client *session, struct text user, struct buf *out);
void proxy_scram_data(struct session_client *session, struct text bytes);
/** Wipes what the exchange needs. */
void proxy_scram_clear(struct proxy_client *client);

#endif
