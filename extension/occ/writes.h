/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * occ_writes.h
 *	  What this transaction will have to defend at COMMIT.
 *
 * One log, in the order things happened.  Nothing in it touches shared memory
 * or a page: that is what COMMIT does (occ_commit.c).
 */
#ifndef OCC_WRITES_H
#define OCC_WRITES_H

#include "nodes/lockoptions.h"
#include "storage/itemptr.h"
#include "utils/relcache.h"
#include "utils/snapshot.h"

typedef enum OccEntryKind
{
	OCC_WRITE,	   /* a committed version that we replaced or
					* deleted; the page does not know yet */
	OCC_LOCK,	   /* a committed version that we locked */
	OCC_KEY,	   /* a version of a unique key that we inserted
					* too, by a concurrent transaction */
	OCC_SUCCESSOR, /* our own version of a row, and the committed
					* one that it goes back to */
} OccEntryKind;

typedef struct OccEntry
{
	Oid				relid;
	ItemPointerData tid;
	uint16			kind; /* OccEntryKind */
	uint8			mode; /* LockTupleMode; a WRITE's is NoKeyExclusive,
						   * or Exclusive if its key goes */
	bool			has_external; /* WRITE: has values in the toast table */
	ItemPointerData other;	   /* WRITE: the new version, invalid if deleted.
								* SUCCESSOR: the committed version */
	CommandId		 cid;	   /* WRITE: by which command */
	TransactionId	 xid;	   /* KEY: who inserted it */
	SubTransactionId subid;	   /* forgotten when this one is rolled back */
	int				 shadowed; /* entry of the same row and kind that this
								* one took the place of, or -1 */
} OccEntry;

/* How many WRITE entries there are: 0 is the fast path of every scan. */
extern int occ_nwrites;

extern void occ_writes_init(void);

/* What this transaction did.  mode: as in OccEntry. */
extern void occ_note_insert(void);
extern void occ_note_write(Relation rel, ItemPointer tid, LockTupleMode mode,
						   bool has_external, CommandId cid,
						   ItemPointer successor);
extern void occ_note_lock(Relation rel, ItemPointer tid, LockTupleMode mode);
extern void occ_note_key(Relation rel, ItemPointer tid, TransactionId xid);
extern void occ_note_successor(Relation rel, ItemPointer tid,
							   ItemPointer committed);

/* Valid until something is noted. */
extern const OccEntry *occ_find(Relation rel, ItemPointer tid,
								OccEntryKind kind);

/* The log, for COMMIT. */
extern const OccEntry *occ_entries(int *count);
extern bool			   occ_has_work(void);

/* Start again with nothing: at the end of a transaction. */
extern void occ_forget_all(void);
extern void occ_forget_subtransaction(SubTransactionId subid);

extern bool occ_hides_slowly(Relation rel, ItemPointer tid, Snapshot snapshot);

/*
 * Is this version, which heap shows to the snapshot, one that we have
 * replaced or deleted before the snapshot was taken?
 */
static inline bool
occ_hides(Relation rel, ItemPointer tid, Snapshot snapshot)
{
	return unlikely(occ_nwrites > 0) && occ_hides_slowly(rel, tid, snapshot);
}

#endif /* OCC_WRITES_H */
