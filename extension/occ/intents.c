/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * intents.c
 *	  Published intents: what committed transactions did to rows that no page
 *	  shows.
 *
 * A row lock (FOR UPDATE, FOR KEY SHARE, a foreign key's check) leaves no
 * trace on any page.  When its transaction commits, it is published here
 * instead.  An intent matters to transactions whose snapshot has its publisher
 * as running.  It is dropped when
 *
 * - no such snapshot can exist any more (the horizon has passed it), or
 * - a later intent on the same row in the same mode makes it redundant: if X
 *	 ended before Y published, whoever is concurrent to X is concurrent to Y.
 *	 Y must have committed, though; until then X is only marked as covered.
 *
 * So a row has at most two intents for each mode and committing backend,
 * however often it is locked, and a look-up takes as long among ten intents as
 * among 100,000.
 *
 * Rows without a primary key are known by the place of their newest version.
 * A key share outlives an update that leaves the keys of the row alone, so the
 * table also holds replacements: by which version a transaction replaced
 * another.  Whoever has locked an old version finds the newest one by them.
 *
 * If there is no room, the oldest intent is evicted.  A transaction may have
 * conflicted with it only if its snapshot has the publisher as running: such a
 * transaction fails (occ_intents_lost()); its retry, whose snapshot has the
 * publisher as ended, does not.  A transaction that cannot find a replacement
 * any more fails as well.
 *
 * Each intent is in two lists, linked by numbers instead of pointers: its hash
 * bucket, and all intents by age.  Those that were dropped are in a third one.
 * The table takes several MB, and a server that starts gets it filled with
 * zeros.  So zero means none, and what was never used is not written to: else
 * each start would wait for all of that memory.
 *
 * Locking: the commit lock guards everything.  Only occ_intents_exist() reads
 * two numbers without it, as a hint.
 */
#include "postgres.h"

#include <limits.h>

#include "access/transam.h"
#include "common/hashfn.h"
#include "occ/horizon.h"
#include "occ/intents.h"
#include "occ/slots.h"
#include "port/atomics.h"
#include "storage/ipc.h"
#include "storage/procarray.h"
#include "storage/shmem.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"

/* How many of the oldest intents each publication tries to drop. */
#define INTENTS_TIDY 4

/* In place of a lock mode: this version was replaced by another. */
#define REPLACED (LockTupleExclusive + 1)

#define NO_INTENT 0 /* the first one is number 1 */

typedef struct Intent
{
	IntentKey		key;
	TransactionId	xid;
	TransactionId	covered_by; /* published after xid ended, same mode */
	int				next;		/* in its bucket, or of those dropped */
	int				prev;
	int				newer; /* by age */
	int				older;
	uint16			mode;	 /* LockTupleMode, or REPLACED */
	ItemPointerData new_tid; /* REPLACED: by this version */
} Intent;

typedef struct Intents
{
	pg_atomic_uint32 count;
	TransactionId	 newest_evicted; /* invalid: none that matters */
	int				 oldest;
	int				 newest;
	int				 first_dropped;
	int				 nused; /* intents[1] to intents[nused], now or before */
} Intents;

static int		max_intents = 131072; /* dsql_local.max_intents */
static int		nbuckets;			  /* a power of two, not less */
static Intents *shared = NULL;
static Intent  *intents = NULL;
static int	   *buckets = NULL;

/* ---- Setting up ---- */

void
occ_intents_init(void)
{
	DefineCustomIntVariable(
		"dsql_local.max_intents",
		"Row locks of committed transactions that are remembered.",
		"With more of them, transactions may fail without a conflict.",
		&max_intents, 131072, 1, INT_MAX / 4, PGC_POSTMASTER, 0, NULL, NULL,
		NULL);
}

static void
count_buckets(void)
{
	nbuckets = 1024;
	while (nbuckets < max_intents)
		nbuckets *= 2;
}

static Size
shmem_size(void)
{
	Size size = MAXALIGN(sizeof(Intents));

	size = add_size(size, MAXALIGN(mul_size(max_intents + 1, sizeof(Intent))));
	return add_size(size, mul_size(nbuckets, sizeof(int)));
}

void
occ_intents_shmem_request(void)
{
	count_buckets();
	RequestAddinShmemSpace(MAXALIGN(shmem_size()));
}

static void
empty_everything(void)
{
	pg_atomic_init_u32(&shared->count, 0);
	shared->newest_evicted = InvalidTransactionId;
	shared->oldest = shared->newest = NO_INTENT;
	shared->first_dropped = NO_INTENT;
	shared->nused = 0;
}

void
occ_intents_shmem_init(void)
{
	bool  found;
	char *at;

	count_buckets();
	at = ShmemInitStruct("dsql_local intents", shmem_size(), &found);
	shared = (Intents *) at;
	at += MAXALIGN(sizeof(Intents));
	intents = (Intent *) at;
	at += MAXALIGN((max_intents + 1) * sizeof(Intent));
	buckets = (int *) at;
	if (!found)
		empty_everything();
}

/* ---- The table ---- */

static int *
bucket_of(const IntentKey *key)
{
	uint32 hash = hash_bytes((const unsigned char *) key, sizeof(IntentKey));

	return &buckets[hash & (uint32) (nbuckets - 1)];
}

static bool
same_key(const IntentKey *a, const IntentKey *b)
{
	return a->identity == b->identity && a->relation == b->relation &&
		   a->database == b->database;
}

static const Intent *
find_intent(const IntentKey *key, uint16 mode, TransactionId xid)
{
	for (int i = *bucket_of(key); i != NO_INTENT; i = intents[i].next)
		if (intents[i].mode == mode && intents[i].xid == xid &&
			same_key(&intents[i].key, key))
			return &intents[i];
	return NULL;
}

static void
drop_intent(int i)
{
	Intent *intent = &intents[i];

	if (intent->prev == NO_INTENT)
		*bucket_of(&intent->key) = intent->next;
	else
		intents[intent->prev].next = intent->next;
	if (intent->next != NO_INTENT)
		intents[intent->next].prev = intent->prev;

	if (intent->older == NO_INTENT)
		shared->oldest = intent->newer;
	else
		intents[intent->older].newer = intent->newer;
	if (intent->newer == NO_INTENT)
		shared->newest = intent->older;
	else
		intents[intent->newer].older = intent->older;

	intent->next = shared->first_dropped;
	shared->first_dropped = i;
	pg_atomic_fetch_sub_u32(&shared->count, 1);
}

/* There is no room: drop one, and remember that it may be missed. */
static void
evict_oldest(void)
{
	TransactionId xid = intents[shared->oldest].xid;

	if (!TransactionIdIsValid(shared->newest_evicted) ||
		TransactionIdFollows(xid, shared->newest_evicted))
		shared->newest_evicted = xid;
	drop_intent(shared->oldest);
}

/* Drop what every snapshot has seen, a few at a time. */
static void
drop_old(void)
{
	TransactionId horizon = occ_horizon_known();

	for (int i = 0;
		 i < INTENTS_TIDY && shared->oldest != NO_INTENT &&
		 TransactionIdPrecedes(intents[shared->oldest].xid, horizon);
		 i++)
		drop_intent(shared->oldest);
	if (TransactionIdIsValid(shared->newest_evicted) &&
		TransactionIdPrecedes(shared->newest_evicted, horizon))
		shared->newest_evicted = InvalidTransactionId;
}

/* NO_INTENT: there is no room. */
static int
take_free(void)
{
	int i = shared->first_dropped;

	if (i != NO_INTENT)
		shared->first_dropped = intents[i].next;
	else if (shared->nused < max_intents)
		i = ++shared->nused;
	return i;
}

/* Adds the newest intent.  Evicts the oldest one if there is no room. */
static Intent *
add_intent(const IntentKey *key, uint16 mode, TransactionId xid)
{
	int	   *bucket = bucket_of(key);
	Intent *intent;
	int		i;

	drop_old();
	i = take_free();
	if (i == NO_INTENT)
	{
		evict_oldest();
		i = take_free();
	}
	intent = &intents[i];
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
	intent->older = shared->newest;
	if (shared->newest != NO_INTENT)
		intents[shared->newest].newer = i;
	else
		shared->oldest = i;
	shared->newest = i;
	pg_atomic_fetch_add_u32(&shared->count, 1);
	return intent;
}

/* ---- Publishing ---- */

/* Does the new intent, or an earlier one, make this one redundant? */
static bool
is_superseded(Intent *intent, TransactionId newcomer)
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
occ_intents_publish(const IntentKey *key, LockTupleMode mode,
					TransactionId topxid)
{
	int next;

	for (int i = *bucket_of(key); i != NO_INTENT; i = next)
	{
		next = intents[i].next;
		if (intents[i].mode == mode && same_key(&intents[i].key, key) &&
			is_superseded(&intents[i], topxid))
			drop_intent(i);
	}
	add_intent(key, (uint16) mode, topxid);
}

/*
 * The new version is key-share-locked too, by those who locked the old one.  A
 * transaction that sees the new version and has such a publisher as running
 * took its snapshot after the replacing transaction had ended and before the
 * publisher had.  So only publishers that have not ended matter.
 */
static void
share_key_locks(const IntentKey *old, const IntentKey *new_version)
{
	int i = *bucket_of(old);

	while (i != NO_INTENT)
	{
		const Intent *intent = &intents[i];

		if (intent->mode != LockTupleKeyShare ||
			!same_key(&intent->key, old) ||
			!TransactionIdIsInProgress(intent->xid) ||
			find_intent(new_version, LockTupleKeyShare, intent->xid) != NULL)
			i = intent->next;
		else
		{
			occ_intents_publish(new_version, LockTupleKeyShare, intent->xid);
			i = *bucket_of(old); /* intent i may have been evicted */
		}
	}
}

void
occ_intents_publish_replacement(const IntentKey *old,
								const IntentKey *new_version,
								ItemPointer new_tid, TransactionId topxid)
{
	share_key_locks(old, new_version);
	add_intent(old, REPLACED, topxid)->new_tid = *new_tid;
}

/* ---- Finding ---- */

bool
occ_intents_exist(void)
{
	return pg_atomic_read_u32(&shared->count) > 0 ||
		   TransactionIdIsValid(shared->newest_evicted);
}

bool
occ_intents_find_replacement(const IntentKey *old, TransactionId xid,
							 ItemPointer new_tid)
{
	const Intent *intent = find_intent(old, REPLACED, xid);

	if (intent != NULL)
		*new_tid = intent->new_tid;
	return intent != NULL;
}

/* As heap_lock_tuple() has it. */
static bool
modes_conflict(LockTupleMode a, LockTupleMode b)
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
occ_intents_conflict(const IntentKey *key, LockTupleMode mode,
					 Snapshot snapshot, TransactionId *winner)
{
	for (int i = *bucket_of(key); i != NO_INTENT; i = intents[i].next)
	{
		const Intent *intent = &intents[i];

		if (intent->mode != REPLACED && same_key(&intent->key, key) &&
			modes_conflict((LockTupleMode) intent->mode, mode) &&
			XidInMVCCSnapshot(intent->xid, snapshot) &&
			!TransactionIdDidAbort(intent->xid))
		{
			*winner = intent->xid;
			return true;
		}
	}
	return false;
}

/*
 * Evicted publishers are at most as new as the newest of them.  A transaction
 * that the snapshot has as running and that is neither validated nor committed
 * has published nothing, however long it has been running.
 */
bool
occ_intents_lost(Snapshot snapshot, TransactionId *winner)
{
	TransactionId newest = shared->newest_evicted;

	if (!TransactionIdIsValid(newest))
		return false;
	*winner = newest;
	if (TransactionIdFollowsOrEquals(newest, snapshot->xmax))
		return true;
	if (occ_slots_have_concurrent(snapshot, newest, winner))
		return true;
	for (uint32 i = 0; i < snapshot->xcnt; i++)
	{
		*winner = snapshot->xip[i];
		if (TransactionIdPrecedesOrEquals(*winner, newest) &&
			TransactionIdDidCommit(*winner))
			return true;
	}
	return false;
}
