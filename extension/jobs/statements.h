/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * statements.h
 *	  CREATE INDEX ASYNC, ALTER TABLE ASYNC, and statements that the worker
 *	  must make way for.
 */
#ifndef DSQL_JOBS_STATEMENTS_H
#define DSQL_JOBS_STATEMENTS_H

#include "nodes/plannodes.h"
#include "tcop/cmdtag.h"
#include "tcop/dest.h"

/*
 * Called for every top-level utility statement, after it has passed all checks
 * and before PostgreSQL executes it.  Returns true if it submitted a job; then
 * it has been executed, its rows are sent, and *qc is set.
 */
extern bool jobs_statements_process(PlannedStmt	 *pstmt,
									const char	 *query_string,
									DestReceiver *dest, QueryCompletion *qc);

#endif /* DSQL_JOBS_STATEMENTS_H */
