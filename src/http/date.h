/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The time of a server: the Date header of its response (RFC 9110, 5.6.7). */
#ifndef DSQL_HTTP_DATE_H
#define DSQL_HTTP_DATE_H

#include "base/text.h"

/**
 * "Tue, 24 Nov 2026 11:36:17 GMT".  The name of the day is redundant and ignored.
 * False for anything else, the obsolete forms too.
 */
bool http_date_parse(struct text text, int64_t *unix_s) __attribute__((warn_unused_result));

#endif
