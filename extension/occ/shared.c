/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * occ_shared.c
 *	  The one lock of COMMIT, and a slot for each backend.
 *
 * A slot belongs to the transaction that its backend runs.  Its owner enters
 * with the first row that it inserts and leaves when the transaction has
 * ended; a transaction that commits dooms others in their slots.  The owner
 * enters and leaves without the one lock, so a slot has a spinlock of its own;
 * whoever dooms holds both, in the order lock, spinlock.
 *
 * The owner enters before its row is in any index.  So whoever meets the row
 * there finds the slot taken, or the transaction ended.
 *
 * A slot has room for MAX_DOOMS subtransactions that inserted contended keys.
 * A transaction that needs more is doomed whole: it then fails even if it has
 * rolled back to a savepoint all that was contended.
 */
#include "base/settings.h"

#include "access/transam.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "occ/intents.h"
#include "occ/shared.h"
#include "port/atomics.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "storage/shmem.h"
#include "storage/spin.h"
#include "utils/snapmgr.h"

#define TRANCHE_NAME "dsql_local"

#define MAX_DOOMS 8

/* How often the horizon is computed anew, in validations. */
#define HORIZON_INTERVAL 32

typedef struct OccSlot
{
	/* Written under the lock, emptied without: read with a barrier. */
	TransactionId validated;

	slock_t		  mutex; /* of what follows */
	TransactionId topxid;
	int			  ndooms;
	bool		  is_doomed_whole;
	OccDoom		  dooms[MAX_DOOMS];
} OccSlot;

typedef struct OccShared
{
	LWLock			*lock;
	pg_atomic_uint32 horizon;
	pg_atomic_uint32 validations;
	OccSlot			 slots[FLEXIBLE_ARRAY_MEMBER]; /* by pgprocno */
} OccShared;

static OccShared *shared = NULL;

static Size
slots_size(void)
{
	return MAXALIGN(offsetof(OccShared, slots) +
					mul_size(MaxBackends, sizeof(OccSlot)));
}

Size
occ_shmem_size(void)
{
	return add_size(slots_size(), occ_intents_shmem_size());
}

void
occ_shmem_request(void)
{
	RequestAddinShmemSpace(occ_shmem_size());
	RequestNamedLWLockTranche(TRANCHE_NAME, 1);
}

void
occ_shmem_init(void)
{
	bool found;

	shared = ShmemInitStruct("dsql_local transactions", slots_size(), &found);
	if (!found)
	{
		memset(shared, 0, slots_size());
		shared->lock = &GetNamedLWLockTranche(TRANCHE_NAME)->lock;
		pg_atomic_init_u32(&shared->horizon, FirstNormalTransactionId);
		pg_atomic_init_u32(&shared->validations, 0);
		for (int i = 0; i < MaxBackends; i++)
			SpinLockInit(&shared->slots[i].mutex);
	}
	occ_intents_shmem_init();
}

void
occ_lock(void)
{
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
}

void
occ_lock_shared(void)
{
	LWLockAcquire(shared->lock, LW_SHARED);
}

void
occ_unlock(void)
{
	LWLockRelease(shared->lock);
}

static OccSlot *
my_slot(void)
{
	return &shared->slots[MyProcNumberCompat];
}

/* ---- Validated ---- */

void
occ_set_validated(TransactionId topxid)
{
	my_slot()->validated = topxid;
	pg_atomic_fetch_add_u32(&shared->validations, 1);
}

static TransactionId
validated_in(int slot)
{
	return *(volatile TransactionId *) &shared->slots[slot].validated;
}

bool
occ_is_validated(TransactionId topxid)
{
	for (int i = 0; i < MaxBackends; i++)
		if (validated_in(i) == topxid)
			return true;
	pg_read_barrier(); /* before looking whether it has ended */
	return false;
}

bool
occ_some_validated_is_concurrent(Snapshot snapshot, TransactionId newest,
								 TransactionId *which)
{
	for (int i = 0; i < MaxBackends; i++)
	{
		*which = validated_in(i);
		if (TransactionIdIsValid(*which) &&
			TransactionIdPrecedesOrEquals(*which, newest) &&
			XidInMVCCSnapshot(*which, snapshot))
			return true;
	}
	pg_read_barrier();
	return false;
}

TransactionId
occ_known_horizon(void)
{
	return pg_atomic_read_u32(&shared->horizon);
}

void
occ_advance_horizon(void)
{
	if (pg_atomic_read_u32(&shared->validations) % HORIZON_INTERVAL == 0)
		pg_atomic_write_u32(&shared->horizon,
							GetOldestNonRemovableTransactionId(NULL));
}

/* ---- Entering and leaving ---- */

void
occ_enter(TransactionId topxid)
{
	OccSlot *slot = my_slot();

	SpinLockAcquire(&slot->mutex);
	slot->topxid = topxid;
	slot->ndooms = 0;
	slot->is_doomed_whole = false;
	SpinLockRelease(&slot->mutex);
}

/*
 * Called when my transaction is no longer in progress for anybody: who finds
 * the slot empty and the transaction gone must look whether it committed.
 */
void
occ_leave(void)
{
	OccSlot *slot = my_slot();

	*(volatile TransactionId *) &slot->validated = InvalidTransactionId;
	if (!TransactionIdIsValid(slot->topxid)) /* only I set it */
		return;
	SpinLockAcquire(&slot->mutex);
	slot->topxid = InvalidTransactionId;
	SpinLockRelease(&slot->mutex);
}

/* ---- Doomed ---- */

static bool
is_doomed_already(const OccSlot *slot, TransactionId xid)
{
	for (int i = 0; i < slot->ndooms; i++)
		if (slot->dooms[i].xid == xid)
			return true;
	return false;
}

static void
add_doom(OccSlot *slot, const OccDoom *doom)
{
	if (is_doomed_already(slot, doom->xid))
		return;
	if (slot->ndooms < MAX_DOOMS)
		slot->dooms[slot->ndooms++] = *doom;
	else
		slot->is_doomed_whole = true;
}

void
occ_doom(TransactionId topxid, const OccDoom *doom)
{
	for (int i = 0; i < MaxBackends; i++)
	{
		OccSlot *slot = &shared->slots[i];

		/* Without the spinlock: whom we seek entered long ago. */
		if (*(volatile TransactionId *) &slot->topxid != topxid)
			continue;
		SpinLockAcquire(&slot->mutex);
		if (slot->topxid == topxid)
			add_doom(slot, doom);
		SpinLockRelease(&slot->mutex);
		return;
	}
}

bool
occ_am_doomed(OccDoom *why)
{
	const OccSlot *slot = my_slot();

	if (!TransactionIdIsValid(slot->topxid))
		return false;
	for (int i = 0; i < slot->ndooms; i++)
	{
		*why = slot->dooms[i];
		if (slot->is_doomed_whole ||
			TransactionIdIsCurrentTransactionId(why->xid))
			return true;
	}
	return false;
}
