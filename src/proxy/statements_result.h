/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of a message about prepared statements: sent, put off, or refused.  out is where the
 * bytes for the server go.
 */
#ifndef DSQL_PROXY_STATEMENTS_RESULT_H
#define DSQL_PROXY_STATEMENTS_RESULT_H

#include "base/buf.h"
#include "proxy/statement_changes.h"

enum statements_result {
    STATEMENTS_SENT,  /* out has what the server must get */
    STATEMENTS_WAIT,  /* nothing was done: try again when more answers have come.  out may have a
                         Flush, so that they come. */
    STATEMENTS_FAILED /* no memory, or too many messages without an answer: end the session */
};

/** Expects an answer that passes and changes nothing.  False: too many messages have none. */
bool statements_expect(struct statements *statements, enum answer_kind kind);

/** is_fine: what was to be sent could be noted.  Also looks whether out has it all. */
enum statements_result statements_result_of(bool is_fine, const struct buf *out);

/** To be tried again.  The server may keep its answers until it has more to send, or a Flush. */
enum statements_result statements_wait(const struct statements *statements, struct buf *out);

/**
 * A message whose strings do not end where they should: the server will say so.  It is sent as it
 * is, since nothing can be prepared by it.
 */
enum statements_result statements_send_invalid(struct statements *statements, enum answer_kind kind,
                                               char type, struct text body, struct buf *out);

/**
 * An error of the proxy has to be one for the server, too: it must end the transaction, and skip up
 * to Sync.  So the server is asked for a statement that never exists, and its error is replaced.
 */
enum statements_result statements_refuse(struct statements *statements, const char *sqlstate,
                                         const char *message, const char *hint, struct buf *out);

#endif
