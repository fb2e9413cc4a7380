/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshots.c
 *	  Which snapshots are open, and what none of them sees.
 *
 * PostgreSQL knows of each backend the oldest transaction that its snapshots
 * may have as running (xmin).  So it knows which versions are too old for all
 * of them, but not which are too new: while one snapshot stays open, every
 * version that was replaced later might be the one that it sees.
 *
 * So each backend publishes the end of its snapshot, too (xmax): transactions
 * from there on it has as running.  A version is invisible to a snapshot if it
 * was replaced before the snapshot's xmin, or made from its xmax on.
 *
 * Why a list of snapshots can be read without a lock, and kept: let R be the
 * xmin of a snapshot of ours that was taken before the list was read.  All
 * transactions before R had ended then.  A snapshot that is taken later has
 * them as ended, too, so it does not see what they replaced.  A backend that
 * took its snapshot while one of them was running had stored its xmin before
 * that transaction ended (both happen under ProcArrayLock), so the list has
 * it.  And a snapshot that is closed later only makes the list too careful.
 *
 * A backend publishes if its transaction has one snapshot for all its queries,
 * which is the rule here (REPEATABLE READ).  Of any other backend only the
 * xmin counts.  What is published goes when the transaction is over, before
 * another snapshot can be taken.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/transam.h"
#include "access/xact.h"
#include "base/compat.h"
#include "miscadmin.h"
#include "occ/snapshots.h"
#include "port/atomics.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "storage/shmem.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

/* The list is read again if so many transactions have ended meanwhile. */
#define SNAPSHOTS_INTERVAL 8

/* Written by one backend, read by all.  Each field is atomic by itself. */
typedef struct Published
{
	LocalTransactionId lxid; /* of which transaction; invalid: of none */
	TransactionId	   xmax;
} Published;

/* xmax is invalid if it is not known. */
typedef struct OpenSnapshot
{
	TransactionId xmin;
	TransactionId xmax;
} OpenSnapshot;

static Published *published = NULL; /* MaxBackends, by backend number */

/* The list of this backend. */
static OpenSnapshot *snapshots = NULL;
static int			 nsnapshots = 0;
static TransactionId all_ended_before = InvalidTransactionId; /* R */

static Size
shmem_size(void)
{
	return mul_size(MaxBackends, sizeof(Published));
}

void
occ_snapshots_shmem_request(void)
{
	RequestAddinShmemSpace(MAXALIGN(shmem_size()));
}

void
occ_snapshots_shmem_init(void)
{
	bool found;

	published = ShmemInitStruct("dsql_local snapshots", shmem_size(), &found);
	if (!found)
		memset(published, 0, shmem_size());
}

/* ---- Publishing ---- */

void
occ_snapshots_publish(void)
{
	volatile Published *mine = &published[MyProcNumberCompat];
	LocalTransactionId	lxid = PROC_LXID_COMPAT(MyProc);

	if (mine->lxid == lxid || !FirstSnapshotSet ||
		!IsolationUsesXactSnapshot() || IsParallelWorker())
		return;
	mine->xmax = GetTransactionSnapshot()->xmax;
	pg_write_barrier();
	mine->lxid = lxid;
}

void
occ_snapshots_leave(void)
{
	((volatile Published *) published)[MyProcNumberCompat].lxid =
		InvalidLocalTransactionId;
}

/* ---- The list ---- */

/* Backends whose snapshots do not read tables of this database. */
static bool
is_elsewhere(const volatile PGPROC *proc)
{
	uint8 flags = proc->statusFlags;

	if ((flags & PROC_AFFECTS_ALL_HORIZONS) != 0)
		return false;
	return (flags & (PROC_IN_VACUUM | PROC_IN_LOGICAL_DECODING)) != 0 ||
		   (OidIsValid(proc->databaseId) && proc->databaseId != MyDatabaseId);
}

static void
add_snapshot(TransactionId xmin, TransactionId xmax)
{
	snapshots[nsnapshots].xmin = xmin;
	snapshots[nsnapshots].xmax = xmax;
	nsnapshots++;
}

/*
 * The xmin first: if it belongs to a snapshot that was open when we began,
 * nothing older is published any more.
 */
static void
add_snapshot_of(int number)
{
	volatile PGPROC	   *proc = &ProcGlobal->allProcs[number];
	volatile Published *its = &published[number];
	TransactionId		xmin = proc->xmin;
	TransactionId		xmax = InvalidTransactionId;

	if (!TransactionIdIsValid(xmin) || is_elsewhere(proc))
		return;
	pg_read_barrier();
	if (number < MaxBackends && its->lxid != InvalidLocalTransactionId &&
		its->lxid == PROC_LXID_COMPAT(proc))
	{
		pg_read_barrier();
		xmax = its->xmax;
	}
	add_snapshot(xmin, xmax);
}

static void
list_snapshots(Snapshot mine)
{
	int			  nprocs = (int) ProcGlobal->allProcCount;
	TransactionId slot_xmin;
	TransactionId catalog_xmin;

	if (snapshots == NULL)
		snapshots = MemoryContextAlloc(TopMemoryContext,
									   (nprocs + 1) * sizeof(OpenSnapshot));
	nsnapshots = 0;
	all_ended_before = mine->xmin;
	pg_memory_barrier();
	ProcArrayGetReplicationSlotXmin(&slot_xmin, &catalog_xmin);
	if (TransactionIdIsValid(slot_xmin))
		add_snapshot(slot_xmin, InvalidTransactionId);
	for (int i = 0; i < nprocs; i++)
		add_snapshot_of(i);
}

/* ---- Asking ---- */

static bool
has_ended(TransactionId xid)
{
	return TransactionIdIsValid(all_ended_before) &&
		   TransactionIdPrecedes(xid, all_ended_before);
}

static bool
misses(const OpenSnapshot *snapshot, TransactionId maker,
	   TransactionId replacer)
{
	return TransactionIdPrecedes(replacer, snapshot->xmin) ||
		   (TransactionIdIsValid(snapshot->xmax) &&
			TransactionIdFollowsOrEquals(maker, snapshot->xmax));
}

bool
occ_snapshots_miss(TransactionId maker, TransactionId replacer, Snapshot mine)
{
	if (!has_ended(replacer))
	{
		if ((int32) (mine->xmin - replacer) < SNAPSHOTS_INTERVAL)
			return false;
		list_snapshots(mine);
	}
	for (int i = 0; i < nsnapshots; i++)
		if (!misses(&snapshots[i], maker, replacer))
			return false;
	return true;
}
