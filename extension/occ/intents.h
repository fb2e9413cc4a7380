/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * intents.h
 *	  Published intents: what committed transactions did to rows that no page
 *	  shows.  They locked them, or replaced one version by another.
 *
 * Every function is called under the commit lock, unless it says otherwise.
 */
#ifndef DSQL_OCC_INTENTS_H
#define DSQL_OCC_INTENTS_H

#include "nodes/lockoptions.h"
#include "storage/itemptr.h"
#include "utils/snapshot.h"

typedef struct IntentKey
{
	Oid	   database;
	Oid	   relation;
	uint64 identity; /* of a row or a version: identity.h */
} IntentKey;

extern void occ_intents_init(void);
extern void occ_intents_shmem_request(void);
extern void occ_intents_shmem_init(void);

/*
 * Is there any intent at all?  Without the commit lock it is a hint: the first
 * one may be published at any moment.
 */
extern bool occ_intents_exist(void);

/*
 * Is there an intent of a transaction concurrent to the snapshot that
 * conflicts with the mode?
 */
extern bool occ_intents_conflict(const IntentKey *key, LockTupleMode mode,
								 Snapshot snapshot, TransactionId *winner);

/*
 * Was an intent evicted for lack of room whose transaction is concurrent to
 * the snapshot?  On which row it was is unknown.
 */
extern bool occ_intents_lost(Snapshot snapshot, TransactionId *winner);

extern void occ_intents_publish(const IntentKey *key, LockTupleMode mode,
								TransactionId topxid);

/*
 * topxid replaces a version by another, in an update that is compatible with
 * FOR KEY SHARE: remember the way from one to the other, and that those who
 * key-share-locked the old one and have not ended lock the new one too.
 */
extern void occ_intents_publish_replacement(const IntentKey *old,
											const IntentKey *new_version,
											ItemPointer		 new_tid,
											TransactionId	 topxid);

/* By which version did xid replace this one?  False: unknown. */
extern bool occ_intents_find_replacement(const IntentKey *old,
										 TransactionId	  xid,
										 ItemPointer	  new_tid);

#endif /* DSQL_OCC_INTENTS_H */
