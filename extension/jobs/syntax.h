/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * job_syntax.h
 *	  Statements that submit jobs: what they say, and what they may not say.
 */
#ifndef DSQL_JOB_SYNTAX_H
#define DSQL_JOB_SYNTAX_H

#include "nodes/parsenodes.h"

/*
 * Did the text say ASYNC behind CREATE [UNIQUE] INDEX or ALTER TABLE?  The
 * gateway has written the comment / *A* / (without blanks) over it.
 */
extern bool job_syntax_is_async(const char *source, int location, int len);

/* Is it ALTER TABLE ... VALIDATE CONSTRAINT and nothing else? */
extern bool job_syntax_is_validate(Node *statement);

/* Raise an error for what Aurora DSQL's CREATE INDEX has not. */
extern void job_syntax_check_index(const IndexStmt *index, const char *source,
								   int location, int len);

/* The same for what depends on the table, which is locked. */
extern void job_syntax_check_keys(const IndexStmt *index, Oid table);

#endif /* DSQL_JOB_SYNTAX_H */
