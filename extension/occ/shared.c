/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * occ_shared.c
 *	  Validated transactions, doomed transactions, published intents.
 *
 * Intents are what a transaction locked (FOR UPDATE, FOR KEY SHARE, foreign
 * keys) and no page remembers.  One is of interest to transactions whose
 * snapshot has its publisher as running.  It goes when
 *
 * - no such snapshot can exist any more (the horizon has passed it), or
 * - a later intent on the same row in the same mode says all that it says:
 *	 if X ended before Y published, whoever is concurrent to X is concurrent
 *	 to Y.  Y must have committed, though: until then X is only covered.
 *
 * So a row has at most two intents a mode and committing backend, however hot
 * it is, and looking one up costs the same among ten as among 100,000.
 */
#include "base/settings.h"

#include <limits.h>

#include "access/transam.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "occ/shared.h"
#include "port/atomics.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "storage/shmem.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"

#define TRANCHE_NAME "dsql_local"

/* How many doomed there may be before those that have ended are dropped. */
#define DOOMED_TIDY 64

/* How many of the oldest intents a publisher looks at to drop. */
#define INTENTS_TIDY 4

/* How often the horizon is computed anew, in validations. */
#define HORIZON_INTERVAL 32

#define NO_INTENT (-1)

typedef struct OccIntent
{
	OccIntentKey  key;
	TransactionId xid;
	TransactionId covered_by; /* published after xid ended, same mode */
	int			  next;		  /* in its bucket; of the free ones */
	int			  prev;
	int			  newer; /* by age */
	int			  older;
	LockTupleMode mode;
} OccIntent;

typedef struct OccShared
{
	LWLock			*lock;
	pg_atomic_uint32 nintents;
	pg_atomic_uint32 horizon;
	pg_atomic_uint32 validations;
	TransactionId	 newest_evicted;
	int				 oldest_intent;
	int				 newest_intent;
	int				 free_intent;
	int				 ndoomed;
	TransactionId	 validated[FLEXIBLE_ARRAY_MEMBER]; /* by pgprocno */
} OccShared;

static int		  max_intents = 131072;
static int		  nbuckets;
static OccShared *shared = NULL;
static OccIntent *intents = NULL;
static int		 *buckets = NULL;
static OccDoom	 *doomed = NULL;
static int		  max_doomed;

/* ---- Setting up ---- */

static void
count_places(void)
{
	max_doomed = 16 * MaxBackends + 1024;
	nbuckets = 1024;
	while (nbuckets < max_intents)
		nbuckets *= 2;
}

static Size
header_size(void)
{
	return MAXALIGN(offsetof(OccShared, validated) +
					mul_size(MaxBackends, sizeof(TransactionId)));
}

Size
occ_shmem_size(void)
{
	Size size;

	count_places();
	size = header_size();
	size = add_size(size, MAXALIGN(mul_size(max_doomed, sizeof(OccDoom))));
	size = add_size(size, MAXALIGN(mul_size(max_intents, sizeof(OccIntent))));
	size = add_size(size, mul_size(nbuckets, sizeof(int)));
	return size;
}

void
occ_shmem_request(void)
{
	RequestAddinShmemSpace(occ_shmem_size());
	RequestNamedLWLockTranche(TRANCHE_NAME, 1);
}

static void
empty_everything(void)
{
	shared->lock = &GetNamedLWLockTranche(TRANCHE_NAME)->lock;
	pg_atomic_init_u32(&shared->nintents, 0);
	pg_atomic_init_u32(&shared->horizon, FirstNormalTransactionId);
	pg_atomic_init_u32(&shared->validations, 0);
	shared->newest_evicted = InvalidTransactionId;
	shared->oldest_intent = shared->newest_intent = NO_INTENT;
	shared->free_intent = 0;
	shared->ndoomed = 0;
	for (int i = 0; i < MaxBackends; i++)
		shared->validated[i] = InvalidTransactionId;
	for (int i = 0; i < nbuckets; i++)
		buckets[i] = NO_INTENT;
	for (int i = 0; i < max_intents; i++)
		intents[i].next = i + 1 < max_intents ? i + 1 : NO_INTENT;
}

void
occ_shmem_init(void)
{
	bool  found;
	char *at;

	count_places();
	at = ShmemInitStruct("dsql_local transactions", occ_shmem_size(), &found);
	shared = (OccShared *) at;
	at += header_size();
	doomed = (OccDoom *) at;
	at += MAXALIGN(max_doomed * sizeof(OccDoom));
	intents = (OccIntent *) at;
	at += MAXALIGN(max_intents * sizeof(OccIntent));
	buckets = (int *) at;
	if (!found)
		empty_everything();
}

void
occ_shared_init(void)
{
	DefineCustomIntVariable(
		"dsql_local.max_intents",
		"Row locks of committed transactions that are remembered.",
		"When there are more, transactions fail that might not have to.",
		&max_intents, 131072, 1024, INT_MAX / 4, PGC_POSTMASTER, 0, NULL, NULL,
		NULL);
}

void
occ_lock(void)
{
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
}

void
occ_unlock(void)
{
	LWLockRelease(shared->lock);
}

/* ---- Validated ---- */

void
occ_set_validated(TransactionId topxid)
{
	shared->validated[MyProcNumberCompat] = topxid;
	pg_atomic_fetch_add_u32(&shared->validations, 1);
}

/*
 * Called when my transaction is no longer in progress for anybody: who finds
 * the place empty and the transaction gone must look whether it committed.
 */
void
occ_clear_validated(void)
{
	*(volatile TransactionId *) &shared->validated[MyProcNumberCompat] =
		InvalidTransactionId;
}

bool
occ_is_validated(TransactionId topxid)
{
	for (int i = 0; i < MaxBackends; i++)
		if (((volatile TransactionId *) shared->validated)[i] == topxid)
			return true;
	pg_read_barrier(); /* before looking whether it has ended */
	return false;
}

/* ---- Doomed ---- */

static void
drop_ended_doomed(void)
{
	int kept = 0;

	for (int i = 0; i < shared->ndoomed; i++)
		if (TransactionIdIsInProgress(doomed[i].xid))
			doomed[kept++] = doomed[i];
	shared->ndoomed = kept;
}

bool
occ_doom(const OccDoom *doom)
{
	if (shared->ndoomed >= DOOMED_TIDY)
		drop_ended_doomed();
	if (shared->ndoomed == max_doomed)
		return false;
	doomed[shared->ndoomed++] = *doom;
	return true;
}

bool
occ_is_doomed(TransactionId xid, OccDoom *doom)
{
	for (int i = 0; i < shared->ndoomed; i++)
	{
		if (doomed[i].xid == xid)
		{
			*doom = doomed[i];
			return true;
		}
	}
	return false;
}

/* ---- Intents ---- */

bool
occ_modes_conflict(LockTupleMode a, LockTupleMode b)
{
	LockTupleMode weak = Min(a, b);
	LockTupleMode strong = Max(a, b);

	switch (weak)
	{
		case LockTupleKeyShare:
			return strong == LockTupleExclusive;
		case LockTupleShare:
			return strong >= LockTupleNoKeyExclusive;
		default:
			return true;
	}
}

bool
occ_intents_exist(void)
{
	return pg_atomic_read_u32(&shared->nintents) > 0 ||
		   TransactionIdIsValid(shared->newest_evicted);
}

TransactionId
occ_horizon(void)
{
	if (pg_atomic_read_u32(&shared->validations) % HORIZON_INTERVAL == 0)
		pg_atomic_write_u32(&shared->horizon,
							GetOldestNonRemovableTransactionId(NULL));
	return pg_atomic_read_u32(&shared->horizon);
}

static int *
bucket_of(const OccIntentKey *key)
{
	uint32 hash =
		hash_bytes((const unsigned char *) key, sizeof(OccIntentKey));

	return &buckets[hash & (uint32) (nbuckets - 1)];
}

static bool
same_key(const OccIntentKey *a, const OccIntentKey *b)
{
	return a->identity == b->identity && a->relation == b->relation &&
		   a->database == b->database;
}

static void
drop_intent(int i)
{
	OccIntent *intent = &intents[i];

	if (intent->prev == NO_INTENT)
		*bucket_of(&intent->key) = intent->next;
	else
		intents[intent->prev].next = intent->next;
	if (intent->next != NO_INTENT)
		intents[intent->next].prev = intent->prev;

	if (intent->older == NO_INTENT)
		shared->oldest_intent = intent->newer;
	else
		intents[intent->older].newer = intent->newer;
	if (intent->newer == NO_INTENT)
		shared->newest_intent = intent->older;
	else
		intents[intent->newer].older = intent->older;

	intent->next = shared->free_intent;
	shared->free_intent = i;
	pg_atomic_fetch_sub_u32(&shared->nintents, 1);
}

static void
add_intent(const OccIntentKey *key, LockTupleMode mode, TransactionId xid)
{
	int		   i = shared->free_intent;
	OccIntent *intent = &intents[i];
	int		  *bucket = bucket_of(key);

	shared->free_intent = intent->next;
	intent->key = *key;
	intent->xid = xid;
	intent->covered_by = InvalidTransactionId;
	intent->mode = mode;

	intent->prev = NO_INTENT;
	intent->next = *bucket;
	if (*bucket != NO_INTENT)
		intents[*bucket].prev = i;
	*bucket = i;

	intent->newer = NO_INTENT;
	intent->older = shared->newest_intent;
	if (shared->newest_intent != NO_INTENT)
		intents[shared->newest_intent].newer = i;
	else
		shared->oldest_intent = i;
	shared->newest_intent = i;
	pg_atomic_fetch_add_u32(&shared->nintents, 1);
}

/* There is no room: forget one, and that one was forgotten. */
static void
evict_oldest(void)
{
	TransactionId xid = intents[shared->oldest_intent].xid;

	if (!TransactionIdIsValid(shared->newest_evicted) ||
		TransactionIdFollows(xid, shared->newest_evicted))
		shared->newest_evicted = xid;
	drop_intent(shared->oldest_intent);
}

static void
drop_old(void)
{
	TransactionId horizon = pg_atomic_read_u32(&shared->horizon);

	for (int i = 0;
		 i < INTENTS_TIDY && shared->oldest_intent != NO_INTENT &&
		 TransactionIdPrecedes(intents[shared->oldest_intent].xid, horizon);
		 i++)
		drop_intent(shared->oldest_intent);
	if (TransactionIdIsValid(shared->newest_evicted) &&
		TransactionIdPrecedes(shared->newest_evicted, horizon))
		shared->newest_evicted = InvalidTransactionId;
}

/* Does the new intent, or one before it, say all that this one says? */
static bool
is_superseded(OccIntent *intent, TransactionId newcomer)
{
	if (TransactionIdIsValid(intent->covered_by))
	{
		if (TransactionIdIsInProgress(intent->covered_by))
			return false;
		if (TransactionIdDidCommit(intent->covered_by))
			return true;
		intent->covered_by = InvalidTransactionId;
	}
	if (!TransactionIdIsInProgress(intent->xid))
		intent->covered_by = newcomer;
	return false;
}

void
occ_publish_intent(const OccIntentKey *key, LockTupleMode mode,
				   TransactionId topxid)
{
	int next;

	drop_old();
	for (int i = *bucket_of(key); i != NO_INTENT; i = next)
	{
		next = intents[i].next;
		if (intents[i].mode == mode && same_key(&intents[i].key, key) &&
			is_superseded(&intents[i], topxid))
			drop_intent(i);
	}
	if (shared->free_intent == NO_INTENT)
		evict_oldest();
	add_intent(key, mode, topxid);
}

bool
occ_intent_conflicts(const OccIntentKey *key, LockTupleMode mode,
					 Snapshot snapshot, TransactionId *winner, bool *forgotten)
{
	*forgotten = false;
	for (int i = *bucket_of(key); i != NO_INTENT; i = intents[i].next)
	{
		const OccIntent *intent = &intents[i];

		if (same_key(&intent->key, key) &&
			occ_modes_conflict(intent->mode, mode) &&
			XidInMVCCSnapshot(intent->xid, snapshot) &&
			!TransactionIdDidAbort(intent->xid))
		{
			*winner = intent->xid;
			return true;
		}
	}

	/* What was evicted may have been on this row, by anyone up to this xid. */
	if (TransactionIdIsValid(shared->newest_evicted) &&
		!TransactionIdPrecedes(shared->newest_evicted, snapshot->xmin))
	{
		*winner = shared->newest_evicted;
		*forgotten = true;
		return true;
	}
	return false;
}
