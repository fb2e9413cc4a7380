/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* How far this machine's clock is off.  Tokens are signed with the time. */
#ifndef DSQL_CLI_CLOCK_SKEW_H
#define DSQL_CLI_CLOCK_SKEW_H

#include <dsql.h>

/** Seconds that this clock is ahead of the Date header of AWS STS (RFC 9110, 6.6.1). */
dsql_status clock_skew_measure(int64_t *ahead_s, dsql_error *err);

#endif
