/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Connection strings: PostgreSQL manual, "Connection Strings", and RFC 3986.
 *   postgres://USER@HOST:PORT/DBNAME?KEYWORD=VALUE&...   (also postgresql://, dsql://)
 *   keyword = value  keyword = 'quoted \' value'
 *   HOST
 * This takes strings apart; what keywords may be there is for keywords.h.
 */
#ifndef DSQL_CONFIG_CONNINFO_H
#define DSQL_CONFIG_CONNINFO_H

#include "config/pairs.h"

#include <dsql.h>

enum {
    CONNINFO_MAX_LENGTH = 65536,
    CONNINFO_MAX_PAIRS = 256 /* libpq knows about fifty; a list is searched from its start */
};

/**
 * Sets pairs in *out; the last of equal keywords counts.  The caller clears *out, also after a
 * failure.  Messages never contain a value, because it may be a password.
 */
dsql_status conninfo_parse(struct text conninfo, struct pair_list *out, dsql_error *err);

#endif
