/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * commit_lock.c
 *	  The one lock under which transactions are validated.
 *
 * It is an LWLock taken exclusively to validate.  The order in which COMMITs
 * get it is the order of their transactions: "first" in "first committer
 * wins".
 *
 * It guards the lists of slots.c and intents.c; what may be read without it
 * says so where it is declared.
 *
 * Lock order: every heavyweight lock that COMMIT needs is taken before it.
 * Under it come buffer locks, WAL insertion, ProcArrayLock and the locks of
 * pg_xact, as in any insert, and other LWLocks of ours never.  Under it, no
 * catalog is read, no toasted value is fetched, no deadlock check can start,
 * and an error would be an internal one: LWLocks are released at abort.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "occ/commit_lock.h"
#include "portability/instr_time.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"

#define TRANCHE_NAME "dsql_local"

static LWLock *commit_lock = NULL;

void
occ_commit_lock_shmem_request(void)
{
	RequestNamedLWLockTranche(TRANCHE_NAME, 1);
}

void
occ_commit_lock_shmem_init(void)
{
	commit_lock = &GetNamedLWLockTranche(TRANCHE_NAME)->lock;
}

/* For the benchmarks: for how long this backend has the lock exclusively. */
static bool		  is_timed = false;
static instr_time acquired;

void
occ_commit_lock_acquire(void)
{
	LWLockAcquire(commit_lock, LW_EXCLUSIVE);
	is_timed = message_level_is_interesting(DEBUG1);
	if (is_timed)
		INSTR_TIME_SET_CURRENT(acquired);
}

void
occ_commit_lock_acquire_shared(void)
{
	LWLockAcquire(commit_lock, LW_SHARED);
}

static void
report_time(void)
{
	instr_time held;

	INSTR_TIME_SET_CURRENT(held);
	INSTR_TIME_SUBTRACT(held, acquired);
	elog(DEBUG1, "commit lock held for %.0f us",
		 (double) INSTR_TIME_GET_MICROSEC(held));
}

void
occ_commit_lock_release(void)
{
	bool was_timed = is_timed;

	is_timed = false;
	LWLockRelease(commit_lock);
	if (was_timed)
		report_time();
}
