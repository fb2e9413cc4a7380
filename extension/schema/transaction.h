/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * transaction.h
 *	  The state that schema/ keeps for the running transaction.
 *
 * All of it is private to this backend and in one struct, so that one reset
 * ends it.  Only files of schema/ read it; the hooks call functions.
 */
#ifndef DSQL_SCHEMA_TRANSACTION_H
#define DSQL_SCHEMA_TRANSACTION_H

#include "storage/lockdefs.h"

/* A relation that the transaction relies on. */
typedef struct TouchedRelation
{
	Oid	 relid;
	bool written;	  /* rows written or locked; its lock is taken again
					   * at COMMIT */
	LOCKMODE changed; /* we changed its definition under this lock;
					   * NoLock: we did not */
} TouchedRelation;

typedef struct SchemaTransaction
{
	/* In TopMemoryContext, and kept for the next transaction. */
	TouchedRelation *touched;
	int				 ntouched;
	int				 max_touched;

	int		  nddl;			 /* DDL statements that have finished */
	CommandId first_command; /* of the DDL statement */
	bool	  has_created;	 /* something that did not exist */
	bool	  has_dml;		 /* rows were modified or locked by the client */

	/*
	 * Relation locks last to the end of the transaction: a statement's
	 * effect depends on them (LOCK, a rewritten table), or COMMIT has begun.
	 */
	bool keeps_locks;

	/*
	 * A DDL statement is running, or COMMIT is taking DDL's locks again.
	 * Meanwhile lock_timeout is ours and the user's value, in milliseconds,
	 * is saved here.
	 */
	bool is_running_ddl;
	int	 saved_lock_timeout;

	int nqueries; /* executors started and not yet ended */
} SchemaTransaction;

extern SchemaTransaction schema_transaction;

/*
 * Around a DDL statement: a lock that takes too long in a catalog means that
 * other DDL is in the way.  Leaving when none is running does nothing.
 */
extern void schema_transaction_enter_ddl(void);
extern void schema_transaction_leave_ddl(void);

/* Is DDL running?  Whatever it executes meanwhile is part of it. */
extern bool schema_transaction_is_running_ddl(void);

/* An executor has started, or has ended. */
extern void schema_transaction_query_started(void);
extern void schema_transaction_query_ended(void);

/* At the end of a transaction, committed or not.  Cannot fail. */
extern void schema_transaction_reset(void);

#endif /* DSQL_SCHEMA_TRANSACTION_H */
