/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * slots.c
 *	  What transactions must know of each other at COMMIT: a slot for each
 *	  backend, with the fate of its transaction.
 *
 * Validated: between the end of validation and its commit record a transaction
 * looks like any other that is in progress, but the next COMMIT must treat it
 * as committed.
 *
 * Doomed: of two transactions that insert the same key only the later one sees
 * the other's version.  If the later one commits first, it dooms the other,
 * which would not find the conflict itself.
 *
 * The owner of a slot enters before its first row is in any index, and leaves
 * when its transaction is over.  So whoever meets the row finds the slot
 * taken, or the transaction ended.
 *
 * A slot has room for max_dooms subtransactions that inserted contended keys.
 * A transaction that needs more is doomed as a whole: it then fails even if it
 * has rolled back to a savepoint everything that was contended.
 *
 * Locking:
 *
 * - "validated" is set by the owner and read by others under the commit lock,
 *	 so nobody becomes validated while a COMMIT looks.  The owner clears it
 *	 without the lock, after its transaction has left the proc array.  Hence
 *	 the order for readers: first the slot, then (after a read barrier)
 *	 TransactionIdIsInProgress() and TransactionIdDidCommit().
 * - The slot's spinlock guards the rest, because the owner enters and leaves
 *	 without the commit lock.  Whoever dooms holds both, the commit lock first.
 *	 The spinlock is held for assignments only.
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "base/compat.h"
#include "miscadmin.h"
#include "occ/slots.h"
#include "port/atomics.h"
#include "storage/ipc.h"
#include "storage/proc.h"
#include "storage/shmem.h"
#include "storage/spin.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"

#define MAX_DOOMS 8

typedef struct Slot
{
	TransactionId validated; /* invalid: it is not */

	slock_t		  mutex; /* guards the rest */
	TransactionId topxid;
	int			  ndooms;
	bool		  is_doomed_whole;
	Doom		  dooms[MAX_DOOMS];
} Slot;

static int	 max_dooms = MAX_DOOMS; /* dsql_local.max_dooms */
static Slot *slots = NULL;			/* MaxBackends, by backend number */

void
occ_slots_init(void)
{
	DefineCustomIntVariable(
		"dsql_local.max_dooms",
		"Contended subtransactions of one transaction that are distinguished.",
		"A transaction with more of them fails even if it rolls them back.",
		&max_dooms, MAX_DOOMS, 1, MAX_DOOMS, PGC_POSTMASTER, 0, NULL, NULL,
		NULL);
}

static Size
shmem_size(void)
{
	return mul_size(MaxBackends, sizeof(Slot));
}

void
occ_slots_shmem_request(void)
{
	RequestAddinShmemSpace(MAXALIGN(shmem_size()));
}

void
occ_slots_shmem_init(void)
{
	bool found;

	slots = ShmemInitStruct("dsql_local transactions", shmem_size(), &found);
	if (found)
		return;
	memset(slots, 0, shmem_size());
	for (int i = 0; i < MaxBackends; i++)
		SpinLockInit(&slots[i].mutex);
}

static Slot *
my_slot(void)
{
	return &slots[MyProcNumberCompat];
}

/* ---- Entering and leaving ---- */

void
occ_slots_enter(TransactionId topxid)
{
	Slot *slot = my_slot();

	SpinLockAcquire(&slot->mutex);
	slot->topxid = topxid;
	slot->ndooms = 0;
	slot->is_doomed_whole = false;
	SpinLockRelease(&slot->mutex);
}

/* Only the owner sets topxid, so it may read it without the spinlock. */
void
occ_slots_leave(void)
{
	Slot *slot = my_slot();

	*(volatile TransactionId *) &slot->validated = InvalidTransactionId;
	if (!TransactionIdIsValid(slot->topxid))
		return;
	SpinLockAcquire(&slot->mutex);
	slot->topxid = InvalidTransactionId;
	SpinLockRelease(&slot->mutex);
}

/* ---- Validated ---- */

void
occ_slots_set_validated(TransactionId topxid)
{
	my_slot()->validated = topxid;
}

static TransactionId
validated_in(int slot)
{
	return *(volatile TransactionId *) &slots[slot].validated;
}

bool
occ_slots_is_validated(TransactionId topxid)
{
	for (int i = 0; i < MaxBackends; i++)
		if (validated_in(i) == topxid)
			return true;
	pg_read_barrier();
	return false;
}

bool
occ_slots_have_concurrent(Snapshot snapshot, TransactionId newest,
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

/* ---- Doomed ---- */

static bool
is_doomed_already(const Slot *slot, TransactionId xid)
{
	for (int i = 0; i < slot->ndooms; i++)
		if (slot->dooms[i].xid == xid)
			return true;
	return false;
}

/* Under the slot's spinlock. */
static void
add_doom(Slot *slot, const Doom *doom)
{
	if (is_doomed_already(slot, doom->xid))
		return;
	if (slot->ndooms < max_dooms)
		slot->dooms[slot->ndooms++] = *doom;
	else
		slot->is_doomed_whole = true;
}

void
occ_slots_doom(TransactionId topxid, const Doom *doom)
{
	for (int i = 0; i < MaxBackends; i++)
	{
		Slot *slot = &slots[i];

		/* Without the spinlock: the transaction entered long ago. */
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
occ_slots_am_doomed(Doom *why)
{
	const Slot *slot = my_slot();

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
