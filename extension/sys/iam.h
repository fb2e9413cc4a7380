/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * iam.h
 *	  AWS IAM GRANT and AWS IAM REVOKE: which identities may be which role.
 */
#ifndef DSQL_IAM_H
#define DSQL_IAM_H

#include "nodes/plannodes.h"
#include "tcop/cmdtag.h"

/*
 * The gateway writes "SET IAM .gra. role TO 'arn'" over AWS IAM GRANT, and
 * .revo. for REVOKE.  True: it was that, and is done.
 */
extern bool iam_process_utility(PlannedStmt *pstmt, QueryCompletion *qc);

#endif /* DSQL_IAM_H */
