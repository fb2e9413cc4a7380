/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * iam.h
 *	  AWS IAM GRANT and AWS IAM REVOKE: which IAM identities map to a role.
 */
#ifndef DSQL_SYS_IAM_H
#define DSQL_SYS_IAM_H

#include "nodes/plannodes.h"
#include "tcop/cmdtag.h"

/*
 * The gateway rewrites AWS IAM GRANT to "SET IAM .gra. role TO 'arn'", and
 * REVOKE likewise with .revo. (the text keeps its length).  Returns true if
 * the statement is one of these; it has then been executed, and *qc is set.
 */
extern bool iam_process_utility(PlannedStmt *pstmt, const char *query_string,
								QueryCompletion *qc);

#endif /* DSQL_SYS_IAM_H */
