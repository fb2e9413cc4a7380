/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * sequences.h
 *	  What CREATE and ALTER SEQUENCE, and identity columns, may not contain.
 */
#ifndef DSQL_DIALECT_SEQUENCES_H
#define DSQL_DIALECT_SEQUENCES_H

#include "nodes/parsenodes.h"

extern void dialect_sequences_check_create(Node *statement);
extern void dialect_sequences_check_alter(Node *statement);

/*
 * For an identity column, whose sequence has the same rules: the size of its
 * cache must be given, and be one or large.  what: as the error names it.
 */
extern void dialect_sequences_require_cache(const char *what, List *options);
extern void dialect_sequences_check_cache(const char *what, DefElem *cache);
extern void dialect_sequences_check_identity_type(Oid type);

#endif /* DSQL_DIALECT_SEQUENCES_H */
