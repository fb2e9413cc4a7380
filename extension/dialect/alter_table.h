/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * alter_table.h
 *	  What ALTER TABLE may not contain.
 */
#ifndef DSQL_DIALECT_ALTER_TABLE_H
#define DSQL_DIALECT_ALTER_TABLE_H

#include "nodes/nodes.h"

extern void dialect_alter_table_check(Node *statement);

#endif /* DSQL_DIALECT_ALTER_TABLE_H */
