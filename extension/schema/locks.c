/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * statement_locks.c
 *	  Letting go of locks that PostgreSQL keeps to the end of a transaction.
 */
#include "base/settings.h"

#include "access/transam.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "schema/locks.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "utils/guc.h"
#include "utils/resowner.h"

HeldLock *
statement_locks_held(int *count)
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

/* From whichever resource owner has it, as often as it was taken. */
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
 * DDL lets go of its locks on relations and of no others: those on schemas,
 * types and the like keep them from being dropped until it commits.
 * LockRelease() warns when it is not the owner asked that has a lock.
 */
void
statement_locks_release_ddl(void)
{
	int		  saved_client = client_min_messages;
	int		  saved_log = log_min_messages;
	int		  n;
	HeldLock *locks = statement_locks_held(&n);

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
 * The fast way, for queries: all locks of the current resource owner (the
 * portal's) and of its parents up to the transaction's, who took them while
 * parsing and planning.  The lock that a transaction has on its own xid is
 * taken again: REINDEX waits for it, and the deadlock detector must know.
 */
void
statement_locks_release_query(void)
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
statement_locks_strongest(LOCKMASK modes)
{
	LOCKMODE mode = AccessExclusiveLock;

	while (!(modes & LOCKBIT_ON(mode)))
		mode--;
	return mode;
}
