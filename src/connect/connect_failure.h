/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a connect failed and what can be done about it.  libpq has no error fields for a failed
 * connect, only a text.  With PQERRORS_VERBOSE the text contains the SQLSTATE and the HINT, and
 * Aurora DSQL gives its reason in the HINT.
 */
#ifndef DSQL_CONNECT_CONNECT_FAILURE_H
#define DSQL_CONNECT_CONNECT_FAILURE_H

#include "base/text.h"

#include <dsql.h>

enum connect_failure_kind {
    CONNECT_FAILURE_PERMANENT, /* the same connect would fail again */
    CONNECT_FAILURE_EXPIRED,   /* the signature or its credentials: worth one retry with new ones */
    CONNECT_FAILURE_TRANSIENT, /* waking up, or too many connections, in all or per second */
    CONNECT_FAILURE_UNREACHABLE /* refused, reset or closed early: perhaps the server restarts */
};

/** The texts point into the message. */
struct connect_failure {
    enum connect_failure_kind kind;
    char sqlstate[6];    /* "": the message is not the server's */
    struct text primary; /* the server's primary message, or all that libpq says */
    struct text hint;    /* may be empty */
    struct text file;    /* the name of the file that libpq could not read; usually empty */
};

/** Parses PQerrorMessage() of a failed connect. */
struct connect_failure connect_failure_read(struct text message);

/**
 * What was attempted, for the text of the error.  Everything belongs to the caller and is only
 * read.
 */
struct connect_failure_context {
    const char *host;
    const char *user;
    const char *token; /* the one that was sent, so that it is never quoted; NULL: none */
    int token_seconds;
    int64_t now_s; /* Unix time of the failure, to measure the clock's error */
    /**
     * Why failure.file cannot be opened, or EMFILE or ENFILE if no descriptor is left at all; 0
     * otherwise.
     */
    int os_errno;
};

/** Fills in err: DSQL_ERR_CONNECT, what the server said, and the next step. */
dsql_status connect_failure_to_error(const struct connect_failure *failure,
                                     const struct connect_failure_context *context,
                                     dsql_error *err);

#endif
