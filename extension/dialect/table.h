/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * table.h
 *	  What CREATE TABLE may not contain.
 */
#ifndef DSQL_DIALECT_TABLE_H
#define DSQL_DIALECT_TABLE_H

#include "nodes/nodes.h"

extern void dialect_table_check_create(Node *statement);

#endif /* DSQL_DIALECT_TABLE_H */
