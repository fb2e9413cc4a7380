/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The place of a program that acquires a connection, for the warnings of leak_warn_s. */
#ifndef DSQL_POOL_PLACE_H
#define DSQL_POOL_PLACE_H

enum { PLACE_SIZE = 64 };

/** A copy; NULL gives "".  A long place loses its beginning: a path ends with what matters. */
void place_copy(const char *place, char out[PLACE_SIZE]);

#endif
