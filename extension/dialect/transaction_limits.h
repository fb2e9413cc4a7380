/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * transaction_limits.h
 *	  How much one transaction may write, and how long it may last.
 */
#ifndef DSQL_DIALECT_TRANSACTION_LIMITS_H
#define DSQL_DIALECT_TRANSACTION_LIMITS_H

extern void transaction_limits_init(void);

/*
 * A row is inserted, updated or deleted.  bytes: the size of its new version.
 * Called for each row, also of sessions without limits.
 */
extern void transaction_limits_count_row(Size bytes);

/* Before each statement, and at COMMIT. */
extern void transaction_limits_check_age(void);

/* At COMMIT. */
extern void transaction_limits_check_size(void);

/* At the end of a transaction. */
extern void transaction_limits_reset(void);

#endif /* DSQL_DIALECT_TRANSACTION_LIMITS_H */
