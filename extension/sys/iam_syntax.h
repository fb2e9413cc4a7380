/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * iam_syntax.h
 *	  AWS IAM GRANT role TO 'arn' and AWS IAM REVOKE role FROM 'arn'.
 */
#ifndef DSQL_SYS_IAM_SYNTAX_H
#define DSQL_SYS_IAM_SYNTAX_H

#include "nodes/parsenodes.h"

/*
 * A statement was parsed: if it is one of the two, it becomes a node of its
 * own.  Raises a syntax error if it is written otherwise.  source: the query
 * string.
 */
extern void iam_syntax_read(Query *query, const char *source);

/* Such a node, and what it contains. */
extern bool		   iam_syntax_is(Node *statement);
extern bool		   iam_syntax_is_grant(Node *statement);
extern const char *iam_syntax_role(Node *statement);
extern const char *iam_syntax_arn(Node *statement);

#endif /* DSQL_SYS_IAM_SYNTAX_H */
