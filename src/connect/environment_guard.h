/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * libpq reads a PG* variable for each keyword that it is not given.  A PGSSLKEY, PGOPTIONS or
 * PGTARGETSESSIONATTRS that was set for another server would weaken or break the connection.  The
 * guard is a neutral value for each such keyword that the caller has not given.  No value is
 * empty, because libpq ignores empty ones.
 */
#ifndef DSQL_CONNECT_ENVIRONMENT_GUARD_H
#define DSQL_CONNECT_ENVIRONMENT_GUARD_H

#include "config/settings.h"

enum { ENVIRONMENT_GUARD_MAX = 24 };

struct environment_guard_pair {
    const char *keyword;
    const char *value;
};

struct environment_guard {
    struct environment_guard_pair pairs[ENVIRONMENT_GUARD_MAX];
    size_t count;
    char *crl_file; /* owned; one of the values points to it */
};

/** For that version of libpq; to be cleared afterwards.  False: out of memory. */
bool environment_guard_init(const struct settings *settings, int libpq_version,
                            struct environment_guard *out);
void environment_guard_clear(struct environment_guard *guard);

/**
 * DSQL_ERR_USAGE for variables that no keyword can neutralize: PGSERVICE, whose file may contain
 * any keyword, and a PGSSLCRL that would override the caller's sslcrldir.
 */
dsql_status environment_guard_check(const struct settings *settings, dsql_error *err);

#endif
