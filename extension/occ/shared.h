/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * occ_shared.h
 *	  What transactions must know of each other at COMMIT: the one lock, and a
 *	  slot for each backend that says whether its transaction is going to
 *	  commit, and whether it cannot any more.
 */
#ifndef OCC_SHARED_H
#define OCC_SHARED_H

#include "storage/itemptr.h"
#include "utils/snapshot.h"

/* Why a transaction that inserted a key cannot commit any more. */
typedef struct OccDoom
{
	TransactionId	xid; /* that inserted it, maybe a subtransaction's */
	TransactionId	winner;
	Oid				relation;
	ItemPointerData tid; /* the loser's version of the row */
} OccDoom;

extern Size occ_shmem_size(void);
extern void occ_shmem_request(void);
extern void occ_shmem_init(void);

extern void occ_lock(void);
extern void occ_lock_shared(void); /* only to look */
extern void occ_unlock(void);

/* A validated transaction is going to commit: only a crash can stop it. */
extern void occ_set_validated(TransactionId topxid);
extern bool occ_is_validated(TransactionId topxid);

/*
 * Is a validated transaction that has not ended running in the snapshot, and
 * at most as new as newest?
 */
extern bool occ_some_validated_is_concurrent(Snapshot		snapshot,
											 TransactionId	newest,
											 TransactionId *which);

/*
 * My transaction is about to insert its first row: from here on others may
 * doom it.  Without the lock.
 */
extern void occ_enter(TransactionId topxid);

/* My transaction has ended.  Without the lock. */
extern void occ_leave(void);

/*
 * The transaction at work that doom->xid belongs to must not commit, unless it
 * has rolled xid back.  Nothing happens if it has ended.  Under the lock.
 */
extern void occ_doom(TransactionId topxid, const OccDoom *doom);

/* Must mine fail?  Under the lock. */
extern bool occ_am_doomed(OccDoom *why);

/*
 * No snapshot sees a transaction older than this as running, nor will any.
 * Without the lock; may lag behind.
 */
extern TransactionId occ_known_horizon(void);

/* Computes it anew, once in a while. */
extern void occ_advance_horizon(void);

#endif /* OCC_SHARED_H */
