/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * libpq takes from the environment whatever it is not told in so many words: a PGSSLKEY,
 * PGOPTIONS or PGTARGETSESSIONATTRS meant for another server would weaken or break every
 * connection.  These are the words, a neutral value for each keyword, unless the caller
 * named it himself.  Empty values do not count for libpq, so none of them is empty.
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
    char *crl_file; /* behind one of the values */
};

/** For the libpq of that version.  Then environment_guard_clear() it.  False: out of memory. */
bool environment_guard_init(const struct settings *settings, int libpq_version,
                            struct environment_guard *out);
void environment_guard_clear(struct environment_guard *guard);

/**
 * DSQL_ERR_USAGE for what no keyword can make harmless: PGSERVICE, whose file may hold any
 * keyword at all, and a PGSSLCRL that would undo the sslcrldir of the caller.
 */
dsql_status environment_guard_check(const struct settings *settings, dsql_error *err);

#endif
