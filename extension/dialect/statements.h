/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * statements.h
 *	  Utility statements that Aurora DSQL refuses.
 */
#ifndef DSQL_DIALECT_STATEMENTS_H
#define DSQL_DIALECT_STATEMENTS_H

#include "nodes/nodes.h"

/*
 * Before a utility statement that is not part of another.  Raises if the
 * dialect applies to this session and the service refuses the statement.
 */
extern void dialect_statements_check(Node *statement);

#endif /* DSQL_DIALECT_STATEMENTS_H */
