/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * isolation.h
 *	  Every transaction is REPEATABLE READ.
 */
#ifndef DSQL_DIALECT_ISOLATION_H
#define DSQL_DIALECT_ISOLATION_H

extern void dialect_isolation_init(void);

#endif /* DSQL_DIALECT_ISOLATION_H */
