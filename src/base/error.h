/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Filling in a dsql_error, once, at the place that knows most.  Whatever is put
 * into a message becomes one line: control characters turn into spaces, and a
 * text that is too long ends at a whole UTF-8 character.
 */
#ifndef DSQL_BASE_ERROR_H
#define DSQL_BASE_ERROR_H

#include <dsql.h>

/** Sets status and message (err may be NULL) and returns status, for return fail(...). */
dsql_status fail(dsql_error *err, dsql_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** The same for a failed system call: keeps errno and adds its text. */
dsql_status fail_errno(dsql_error *err, dsql_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Out of memory, in words that are the same everywhere. */
dsql_status fail_nomem(dsql_error *err);

/**
 * The same error in other words, with another status: what the server said of it stays.  The old
 * message may be one of the arguments.
 */
dsql_status fail_again(dsql_error *err, dsql_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Fills one of the arrays of a dsql_error, as one line that ends at a whole character. */
void error_set_text(char *place, size_t size, const char *words);

/** Sets the SQLSTATE of an error just made with fail(); anything not 5 long clears it. */
void error_set_sqlstate(dsql_error *err, const char *sqlstate);

#endif
