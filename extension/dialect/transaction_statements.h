/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * transaction_statements.h
 *	  Savepoints, two-phase commit and SET TRANSACTION, which are refused.
 */
#ifndef DSQL_DIALECT_TRANSACTION_STATEMENTS_H
#define DSQL_DIALECT_TRANSACTION_STATEMENTS_H

#include "nodes/nodes.h"

/* Before a utility statement that is not part of another. */
extern void dialect_transaction_statements_check(Node *statement);

#endif /* DSQL_DIALECT_TRANSACTION_STATEMENTS_H */
