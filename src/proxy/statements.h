/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Prepared statements in transaction mode.  A client prepares a statement once and runs it on
 * whichever server connection it is lent; so the client's names are its own, and the servers know
 * each statement by a name of the proxy.  Parse, Bind, Describe and Close are rewritten, and a
 * Parse is inserted where a connection does not have the statement yet.
 *
 * What differs from a direct connection:
 *   - a Parse of what the connection has already is answered here, without a look at the catalog,
 * so that an error appears with Bind instead;
 *   - a statement that moves to another connection is parsed again there, with the tables and
 *     the settings of that moment.
 *
 * Source: PostgreSQL manual, "Message Flow", "Extended Query".  No sockets and no time: a message
 * in, messages out.
 */
#ifndef DSQL_PROXY_STATEMENTS_H
#define DSQL_PROXY_STATEMENTS_H

#include "base/buf.h"
#include "proxy/statement_translation.h"
#include "proxy/statements_result.h"

/** Each takes the body of a message and appends what the server gets instead. */
enum statements_result statements_parse(struct statements *statements, struct text body,
                                        struct buf *out);
enum statements_result statements_describe(struct statements *statements, struct text body,
                                           struct buf *out);
enum statements_result statements_close(struct statements *statements, struct text body,
                                        struct buf *out);
enum statements_result statements_execute(struct statements *statements, struct text body,
                                          struct buf *out);
enum statements_result statements_sync(struct statements *statements, struct buf *out);

/**
 * Bind may be long, so only its beginning is needed: at least up to the end of the second string,
 * the name of the statement.  body_size is that of the whole body; what follows the beginning is to
 * be sent unchanged.  *bound: the statement if it is known, without a reference, else NULL.
 */
enum statements_result statements_bind(struct statements *statements, struct text beginning,
                                       size_t body_size, struct buf *out, struct statement **bound);

/** Whether this much of the body of a Bind is enough for statements_bind(). */
bool statements_bind_is_enough(struct text beginning);

/**
 * A Parse whose text is too long to be kept.  A named one is refused: *is_refused is set, and its
 * body must be dropped.  For an unnamed one its header was appended; the body follows unchanged,
 * and the caller sets the summary of *opaque (which is not a reference) at its end.
 */
enum statements_result statements_parse_long(struct statements *statements, struct text name,
                                             size_t body_size, struct buf *out, bool *is_refused,
                                             struct statement **opaque);

/**
 * A Query is about to be sent that names these statements of the client.  Appends what makes the
 * server know them.
 */
enum statements_result statements_name(struct statements *statements,
                                       const struct text_translation *translation, struct buf *out);

/** A Query was sent, whose SQL is this.  Takes the effects over. */
enum statements_result statements_query(struct statements *statements,
                                        struct statement_summary *summary);
/** A FunctionCall was sent. */
enum statements_result statements_function_call(struct statements *statements);

/** The client has closed it by DEALLOCATE, which is answered here: this is a part of the answer. */
enum statements_result statements_deallocate(struct statements *statements, const char *name,
                                             struct text answer);

#endif
