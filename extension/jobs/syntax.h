/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * syntax.h
 *	  What statements that submit jobs contain, and what they may not contain.
 */
#ifndef DSQL_JOBS_SYNTAX_H
#define DSQL_JOBS_SYNTAX_H

#include "nodes/parsenodes.h"

/*
 * Does the text have ASYNC after CREATE [UNIQUE] INDEX or ALTER TABLE? source,
 * location, len: as in PlannedStmt, in bytes.
 */
extern bool jobs_syntax_is_async(const char *source, int location, int len);

/* Is it ALTER TABLE ... VALIDATE CONSTRAINT and nothing else? */
extern bool jobs_syntax_is_validate(Node *statement);

/* Raise an error for what Aurora DSQL's CREATE INDEX does not support. */
extern void jobs_syntax_check_index(const IndexStmt *index, const char *source,
									int location, int len);

/* The same for what depends on the table, which the caller has locked. */
extern void jobs_syntax_check_keys(const IndexStmt *index, Oid table);

#endif /* DSQL_JOBS_SYNTAX_H */
