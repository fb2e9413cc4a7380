/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * slots.h
 *	  What transactions must know of each other at COMMIT: a slot for each
 *	  backend, with the fate of its transaction.
 */
#ifndef DSQL_OCC_SLOTS_H
#define DSQL_OCC_SLOTS_H

#include "storage/itemptr.h"
#include "utils/snapshot.h"

/* Why a transaction that inserted a key cannot commit any more. */
typedef struct Doom
{
	TransactionId	xid; /* that inserted it, maybe a subtransaction's */
	TransactionId	winner;
	Oid				relation;
	ItemPointerData tid; /* the loser's version of the row */
} Doom;

extern void occ_slots_init(void);
extern void occ_slots_shmem_request(void);
extern void occ_slots_shmem_init(void);

/*
 * This backend's transaction is about to insert its first row: from here on
 * others may doom it.  Without the commit lock.
 */
extern void occ_slots_enter(TransactionId topxid);

/* This backend's transaction is over.  Without the commit lock. */
extern void occ_slots_leave(void);

/*
 * This backend's transaction is going to commit: only a crash, or a failure to
 * write its commit record, can stop it.  Under the commit lock.
 */
extern void occ_slots_set_validated(TransactionId topxid);

/*
 * Is the transaction validated and not over yet?  Under the commit lock.  If
 * not, the caller must ask next whether it is in progress or has committed.
 */
extern bool occ_slots_is_validated(TransactionId topxid);

/*
 * Is there a validated transaction that is not over, that the snapshot has as
 * running, and that is at most as new as newest?  Under the commit lock.
 */
extern bool occ_slots_have_concurrent(Snapshot snapshot, TransactionId newest,
									  TransactionId *which);

/*
 * The running transaction topxid, to which doom->xid belongs, must not commit,
 * unless it has rolled xid back.  Nothing happens if it has ended.  Under the
 * commit lock.
 */
extern void occ_slots_doom(TransactionId topxid, const Doom *doom);

/* Must this backend's transaction fail?  Under the commit lock. */
extern bool occ_slots_am_doomed(Doom *why);

#endif /* DSQL_OCC_SLOTS_H */
