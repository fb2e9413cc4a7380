/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * transaction_limits.h
 *	  How much one transaction may write, and how long it may last.
 */
#ifndef DSQL_DIALECT_TRANSACTION_LIMITS_H
#define DSQL_DIALECT_TRANSACTION_LIMITS_H

#include "executor/tuptable.h"
#include "nodes/parsenodes.h"
#include "utils/elog.h"

extern void transaction_limits_init(void);

/*
 * A row is inserted, updated or deleted.  bytes: the size of its new version
 * and of its index entries.
 * Called for each row, also of sessions without limits.
 */
extern void transaction_limits_count_row(Size bytes);

/*
 * What the version's compressed values and those in a toast table have more
 * than is stored in the row, in bytes: they count as what they contain, as if
 * the statement had brought them along.
 */
extern Size transaction_limits_toasted_size(TupleTableSlot *slot);

/* The first of these calls begins the transaction's age: BEGIN has to make it.
 */
extern void transaction_limits_begin(void);

/* The running transaction will end by COMMIT, or else ROLLBACK, AND CHAIN. */
extern void transaction_limits_chain(bool by_commit);

/* Before each statement, and at COMMIT.  Begins the age as well. */
extern void transaction_limits_check_age(void);

/*
 * A transaction that expired while its session was idle has been ended.  The
 * next statement or COMMIT gets the error that it would have got otherwise: in
 * place of the one that the block has failed, or after the statement has ended
 * the block.  Is it a COMMIT that will get it?
 */
extern void transaction_limits_rephrase_sent_error(ErrorData *error);
extern bool transaction_limits_is_lost(const TransactionStmt *statement);
extern void
transaction_limits_after_block_end(const TransactionStmt *statement);

/* At COMMIT. */
extern void transaction_limits_check_size(void);

/* At the end of a transaction. */
extern void transaction_limits_reset(bool committed);

#endif /* DSQL_DIALECT_TRANSACTION_LIMITS_H */
