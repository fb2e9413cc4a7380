/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* What a server says the time is: the Date of an answer (RFC 9110, 5.6.7). */
#ifndef DSQL_HTTP_DATE_H
#define DSQL_HTTP_DATE_H

#include "base/text.h"

/**
 * "Tue, 24 Nov 2026 11:36:17 GMT".  The name of the day says nothing and is not looked at.
 * False for anything else, the obsolete forms too.
 */
bool http_date_parse(struct text text, int64_t *unix_s) __attribute__((warn_unused_result));

#endif
