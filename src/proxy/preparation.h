/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a server connection have the statements that what follows is about.  Each appends to out
 * what the server must get for that, and false means: no memory, or too many messages have no
 * answer.
 */
#ifndef DSQL_PROXY_PREPARATION_H
#define DSQL_PROXY_PREPARATION_H

#include "base/buf.h"
#include "proxy/statement_changes.h"

/** Whether it depends on an answer under way if the server has it. */
bool preparation_must_wait(const struct statements *statements, const struct statement *statement);

/** The entry of a statement that is prepared on the server; NULL: it is not. */
struct server_statement *preparation_find(const struct statements *statements,
                                          const struct statement *statement);

/**
 * Sends Parse under the name of the proxy, and closes the statement that was used longest ago if
 * there are too many.  client_slot: the client has sent it, for what it has there; NULL: it is
 * inserted.
 */
bool preparation_send(struct statements *statements, struct statement *statement,
                      struct statement_slot *client_slot, struct statement *client_statement,
                      struct buf *out);

/** Sends Parse if the server does not have it. */
bool preparation_ensure(struct statements *statements, struct statement *statement,
                        struct buf *out);

/**
 * The unnamed statement, which may be that of another client.  NULL: this client has none; then it
 * is closed, so that the server reports that there is none.
 */
bool preparation_ensure_unnamed(struct statements *statements, struct statement *statement,
                                struct buf *out);

#endif
