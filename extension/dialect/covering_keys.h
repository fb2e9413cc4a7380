/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * covering_keys.h
 *	  The index of a primary key, which includes all other columns.
 */
#ifndef DSQL_DIALECT_COVERING_KEYS_H
#define DSQL_DIALECT_COVERING_KEYS_H

#include "nodes/parsenodes.h"

/*
 * Is it a table of users?  Those of PostgreSQL's catalogs and of schema sys
 * are heaps.
 */
extern bool covering_keys_apply_to(Oid table);

/*
 * Before the query is planned: what it reads of pg_index becomes what the
 * service has there.
 */
extern void covering_keys_show(Query *query);

#endif /* DSQL_DIALECT_COVERING_KEYS_H */
