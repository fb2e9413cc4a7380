/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Which keywords a connection string may have, and which of libpq's would weaken
 * what libdsql promises: verified TLS, and a token as the password.
 */
#ifndef DSQL_CONFIG_KEYWORDS_H
#define DSQL_CONFIG_KEYWORDS_H

#include "config/pairs.h"

#include <dsql.h>

/** How often a transaction is tried again: one less than max_attempts. */
#define KEYWORD_OCC_MAX_RETRIES "occ_max_retries"

/** One spelling for those that have several: token_duration_secs, ... */
struct text keyword_canonical(struct text keyword);

/** Read by settings_resolve() itself, and therefore not passed to libpq unchanged. */
bool keyword_is_resolved(const char *keyword);

/** DSQL_ERR_USAGE for a keyword that is refused, or known neither to us nor to this libpq. */
dsql_status keywords_check(const struct pair_list *list, dsql_error *err);

#endif
