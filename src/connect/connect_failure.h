/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What a failed connect says, and what may be done about it.  libpq gives no fields for
 * it, only a text: asked for verbose, it carries the SQLSTATE and the HINT, in which
 * Aurora DSQL hides the reason.
 */
#ifndef DSQL_CONNECT_CONNECT_FAILURE_H
#define DSQL_CONNECT_CONNECT_FAILURE_H

#include "base/text.h"

#include <dsql.h>

enum connect_failure_kind {
    CONNECT_FAILURE_PERMANENT, /* the same connect would fail again */
    CONNECT_FAILURE_EXPIRED,  /* the signature, or its credentials: worth one try with fresh ones */
    CONNECT_FAILURE_TRANSIENT /* waking up, too many connections, or too many a second */
};

/** Texts point into the message. */
struct connect_failure {
    enum connect_failure_kind kind;
    char sqlstate[6];    /* "": the server did not speak */
    struct text primary; /* the server's message, or all that libpq says */
    struct text hint;    /* may be empty */
};

/** Reads PQerrorMessage() of a failed connect. */
struct connect_failure connect_failure_read(struct text message);

/** Who wanted to connect, for the words of the error. */
struct connect_failure_context {
    const char *host;
    const char *user;
    const char *token; /* that was sent, so as not to quote it; NULL: none */
    int token_seconds;
    int64_t now_s; /* wall time of the failure, to measure the clock by */
};

/** DSQL_ERR_CONNECT with the SQLSTATE, what was said, and the next step. */
dsql_status connect_failure_to_error(const struct connect_failure *failure,
                                     const struct connect_failure_context *context,
                                     dsql_error *err);

#endif
