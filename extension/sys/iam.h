/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * iam.h
 *	  Which IAM identities map to a role: AWS IAM GRANT and AWS IAM REVOKE.
 */
#ifndef DSQL_SYS_IAM_H
#define DSQL_SYS_IAM_H

#include "nodes/plannodes.h"
#include "tcop/cmdtag.h"

/*
 * Executes the statement if it is one of the two, and sets *qc.  False: it is
 * another one.
 */
extern bool iam_execute(PlannedStmt *pstmt, QueryCompletion *qc);

#endif /* DSQL_SYS_IAM_H */
