/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Times as the commands print them: RFC 3339, in UTC. */
#ifndef DSQL_CLI_TIME_TEXT_H
#define DSQL_CLI_TIME_TEXT_H

#include <stdint.h>

enum { TIME_TEXT_SIZE = 32 };

/** "2024-08-27T00:00:00Z"; "" for 0, which means "never". */
void time_text(int64_t unix_s, char out[TIME_TEXT_SIZE]);

#endif
