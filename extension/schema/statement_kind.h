/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * statement_kind.h
 *	  What kind of statement it is, as far as locks and DDL rules ask.
 */
#ifndef DSQL_SCHEMA_STATEMENT_KIND_H
#define DSQL_SCHEMA_STATEMENT_KIND_H

#include "executor/execdesc.h"
#include "nodes/nodes.h"

/* As log_statement = 'ddl' has it. */
extern bool schema_statement_is_ddl(Node *statement);

/* Does it create an object, or replace it? */
extern bool schema_statement_creates(Node *statement);

/*
 * May it do nothing at all, because of IF [NOT] EXISTS?  Then it has changed
 * something if the command counter has advanced.
 */
extern bool schema_statement_may_do_nothing(Node *statement);

/* Does it move rows, or read them as plain heap does? */
extern bool schema_statement_rewrites(Node *statement);

/*
 * May others go on with the old definition until COMMIT?  They may not if the
 * statement relies on which rows there are, or moves them.  index_is_async:
 * CREATE INDEX is ASYNC, so it reads no rows before COMMIT.
 */
extern bool schema_statement_leaves_rows_alone(Node *statement,
											   bool	 index_is_async);

/* Does the query modify or lock rows?  False for EXPLAIN without ANALYZE. */
extern bool schema_statement_query_writes(const QueryDesc *query, int eflags);

#endif /* DSQL_SCHEMA_STATEMENT_KIND_H */
