/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * locks.c
 *	  Releasing relation locks before the transaction ends.
 *
 * PostgreSQL keeps a relation lock until the transaction ends, so that an idle
 * transaction blocks DDL, and idle DDL blocks everybody.  In Aurora DSQL
 * neither happens.  So in a transaction block the locks go when a statement is
 * done; COMMIT takes those again that it needs (touched.c), and finds by
 * comparing definitions what the locks would have prevented.
 *
 * PostgreSQL has no function for that.  What we rely on: LockRelease() needs
 * CurrentResourceOwner to be the owner that took the lock, and
 * LockReleaseCurrentOwner() releases everything of that owner.
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "base/compat.h"
#include "base/settings.h"
#include "miscadmin.h"
#include "schema/locks.h"
#include "schema/transaction.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "tcop/pquery.h"
#include "utils/guc.h"
#include "utils/resowner.h"

HeldLock *
schema_locks_held(int *count)
{
	LockData *all = GetLockStatusData();
	HeldLock *held = palloc(Max(all->nelements, 1) * sizeof(HeldLock));

	*count = 0;
	for (int i = 0; i < all->nelements; i++)
	{
		const LockInstanceData *lock = &all->locks[i];

		if (lock->pid != MyProcPid || lock->holdMask == 0 ||
			lock->locktag.locktag_type != LOCKTAG_RELATION ||
			lock->locktag.locktag_field1 != MyDatabaseId ||
			lock->locktag.locktag_field2 < FirstNormalObjectId)
			continue;
		held[*count].tag = lock->locktag;
		held[*count].relid = lock->locktag.locktag_field2;
		held[(*count)++].modes = lock->holdMask;
	}
	return held;
}

/*
 * Release the lock from whichever resource owner holds it, as often as it was
 * taken.
 */
static void
release_lock(const LOCKTAG *tag, LOCKMODE mode)
{
	ResourceOwner current = CurrentResourceOwner;
	bool		  released = true;

	while (released && LockHeldByMeCompat(tag, mode))
	{
		released = false;
		for (ResourceOwner owner = current; owner != NULL && !released;
			 owner = ResourceOwnerGetParent(owner))
		{
			CurrentResourceOwner = owner;
			released = LockRelease(tag, mode, false);
		}
	}
	CurrentResourceOwner = current;
}

/*
 * After DDL: its locks on relations and no others.  Those on schemas, types
 * and the like keep these objects from being dropped until it commits.
 *
 * LockRelease() warns when it asks an owner that does not hold the lock; those
 * warnings are suppressed.
 */
static void
release_after_ddl(void)
{
	int		  saved_client = client_min_messages;
	int		  saved_log = log_min_messages;
	int		  n;
	HeldLock *locks = schema_locks_held(&n);

	client_min_messages = log_min_messages = ERROR;
	for (int i = 0; i < n; i++)
		for (LOCKMODE mode = AccessShareLock; mode <= AccessExclusiveLock;
			 mode++)
			if (locks[i].modes & LOCKBIT_ON(mode))
				release_lock(&locks[i].tag, mode);
	client_min_messages = saved_client;
	log_min_messages = saved_log;
}

/*
 * After a query: all locks of the current resource owner, which is the
 * portal's, and of its parents up to the transaction's, which took theirs
 * during parsing and planning.  This is much faster than looking for them.
 *
 * It also releases the lock that a transaction holds on its own xid.  That one
 * is taken again: REINDEX waits for it, and the deadlock detector needs it.
 */
static void
release_after_query(void)
{
	ResourceOwner current = CurrentResourceOwner;
	TransactionId xid = GetTopTransactionIdIfAny();

	for (ResourceOwner owner = current; owner != NULL;
		 owner = ResourceOwnerGetParent(owner))
	{
		CurrentResourceOwner = owner;
		LockReleaseCurrentOwner(NULL, 0);
	}
	CurrentResourceOwner = TopTransactionResourceOwner;
	if (TransactionIdIsValid(xid))
		XactLockTableInsert(xid);
	CurrentResourceOwner = current;
}

LOCKMODE
schema_locks_strongest(LOCKMASK modes)
{
	LOCKMODE mode = AccessExclusiveLock;

	while (!(modes & LOCKBIT_ON(mode)))
		mode--;
	return mode;
}

/*
 * Some locks must stay: while a cursor is open, between the queries that a
 * rule made of one statement, inside a utility statement or a subtransaction,
 * and outside of a transaction block, where the transaction ends anyway.
 */
static bool
may_release(bool inside_utility)
{
	bool is_one_of_many = ActivePortal && list_length(ActivePortal->stmts) > 1;

	return settings_is_strict() && !schema_transaction.keeps_locks &&
		   schema_transaction.nqueries == 0 && !inside_utility &&
		   IsTransactionBlock() && !IsSubTransaction() && !is_one_of_many;
}

void
schema_locks_release_after_statement(bool inside_utility)
{
	if (!may_release(inside_utility))
		return;
	if (schema_transaction.nddl > 0)
		release_after_ddl();
	else
		release_after_query();
}
