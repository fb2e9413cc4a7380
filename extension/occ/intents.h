/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * occ_intents.h
 *	  What committed transactions did to rows and no page tells: which rows
 * they locked, and by which version they replaced another.
 *
 * All of it is read and changed under the lock of occ_shared.h, except where
 * it says so.
 */
#ifndef OCC_INTENTS_H
#define OCC_INTENTS_H

#include "nodes/lockoptions.h"
#include "storage/itemptr.h"
#include "utils/snapshot.h"

typedef struct OccIntentKey
{
	Oid	   database;
	Oid	   relation;
	uint64 identity; /* of a row or a version: occ_identity.h */
} OccIntentKey;

extern void occ_intents_init(void);
extern Size occ_intents_shmem_size(void);
extern void occ_intents_shmem_init(void);

/* Is there any intent at all?  Without the lock: a hint. */
extern bool occ_intents_exist(void);

/*
 * Is there an intent of a transaction concurrent to the snapshot that mode
 * cannot go with?
 */
extern bool occ_intent_conflicts(const OccIntentKey *key, LockTupleMode mode,
								 Snapshot snapshot, TransactionId *winner);

/*
 * Has an intent been evicted for lack of room whose transaction is concurrent
 * to the snapshot?  Nobody knows any more on which row that was.
 */
extern bool occ_intents_lost(Snapshot snapshot, TransactionId *winner);

extern void occ_publish_intent(const OccIntentKey *key, LockTupleMode mode,
							   TransactionId topxid);

/*
 * topxid replaces a version by another in an update that goes with FOR KEY
 * SHARE: remember the way from the one to the other, and that the new one is
 * key-share-locked too by those who locked the old one and have not ended.
 */
extern void occ_publish_replacement(const OccIntentKey *old,
									const OccIntentKey *new_version,
									ItemPointer new_tid, TransactionId topxid);

/* By which version did xid replace this one? */
extern bool occ_find_replacement(const OccIntentKey *old, TransactionId xid,
								 ItemPointer new_tid);

/* Can mode a go with mode b?  As heap_lock_tuple() has it. */
extern bool occ_modes_conflict(LockTupleMode a, LockTupleMode b);

#endif /* OCC_INTENTS_H */
