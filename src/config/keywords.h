/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Which keywords a connection string may have, and which of libpq's would weaken
 * what libdsql promises: verified TLS, and a token as the password.
 */
#ifndef DSQL_CONFIG_KEYWORDS_H
#define DSQL_CONFIG_KEYWORDS_H

#include "config/pairs.h"

#include <dsql.h>

/** The number of retries of a transaction: one less than max_attempts. */
#define KEYWORD_OCC_MAX_RETRIES "occ_max_retries"

/** The common spelling of a keyword that has several, such as token_duration_secs. */
struct text keyword_canonical(struct text keyword);

/**
 * True if settings_resolve() or connect/ decides the value, so that it is not passed on to libpq
 * from the list.
 */
bool keyword_is_resolved(const char *keyword);

/** DSQL_ERR_USAGE for a keyword that is refused, or that neither libdsql nor this libpq knows. */
dsql_status keywords_check(const struct pair_list *list, dsql_error *err);

#endif
