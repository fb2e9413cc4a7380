/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * function.h
 *	  What CREATE FUNCTION may not contain.
 */
#ifndef DSQL_DIALECT_FUNCTION_H
#define DSQL_DIALECT_FUNCTION_H

#include "nodes/parsenodes.h"

extern void dialect_function_check_create(Node *statement);

#endif /* DSQL_DIALECT_FUNCTION_H */
