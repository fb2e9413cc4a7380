/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * occ_shared.h
 *	  What transactions must know of each other at COMMIT, in shared memory.
 *
 * All of it is read and changed under one lock, except where it says so.
 */
#ifndef OCC_SHARED_H
#define OCC_SHARED_H

#include "nodes/lockoptions.h"
#include "storage/itemptr.h"
#include "utils/snapshot.h"

typedef struct OccIntentKey
{
	Oid	   database;
	Oid	   relation;
	uint64 identity; /* occ_identity() */
} OccIntentKey;

/* Why a transaction that inserted a key cannot commit any more. */
typedef struct OccDoom
{
	TransactionId	xid; /* of the victim, maybe a subtransaction's */
	TransactionId	winner;
	Oid				relation;
	ItemPointerData tid; /* the victim's version of the row */
} OccDoom;

extern void occ_shared_init(void);
extern Size occ_shmem_size(void);
extern void occ_shmem_request(void);
extern void occ_shmem_init(void);

extern void occ_lock(void);
extern void occ_unlock(void);

/* A validated transaction is going to commit: only a crash can stop it. */
extern void occ_set_validated(TransactionId topxid);
extern bool occ_is_validated(TransactionId topxid);
extern void occ_clear_validated(void); /* mine; without the lock */

/* False: the table of the doomed is full. */
extern bool occ_doom(const OccDoom *doom);
extern bool occ_is_doomed(TransactionId xid, OccDoom *doom);

/* Is there any intent at all?  Without the lock: a hint. */
extern bool occ_intents_exist(void);

/*
 * Is there an intent of a transaction concurrent to the snapshot that mode
 * cannot go with?  *forgotten: it had to be evicted, so nobody knows.
 */
extern bool occ_intent_conflicts(const OccIntentKey *key, LockTupleMode mode,
								 Snapshot snapshot, TransactionId *winner,
								 bool *forgotten);
extern void occ_publish_intent(const OccIntentKey *key, LockTupleMode mode,
							   TransactionId topxid);

/*
 * No snapshot sees a transaction older than this as running, nor will any.
 * Without the lock; may lag behind.
 */
extern TransactionId occ_horizon(void);

/* Can mode a go with mode b?  As heap_lock_tuple() has it. */
extern bool occ_modes_conflict(LockTupleMode a, LockTupleMode b);

#endif /* OCC_SHARED_H */
