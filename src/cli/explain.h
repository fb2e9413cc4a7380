/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#ifndef DSQL_CLI_EXPLAIN_H
#define DSQL_CLI_EXPLAIN_H

/** All codes, separated by spaces, for completion. */
extern const char explain_codes[];

#endif
