/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * writes.h
 *	  The log of what this transaction wrote and locked, for COMMIT to
 *	  validate.
 *
 * Nothing in it is on a page or in shared memory yet: COMMIT puts it there
 * (commit.c).
 */
#ifndef DSQL_OCC_WRITES_H
#define DSQL_OCC_WRITES_H

#include "nodes/lockoptions.h"
#include "storage/buf.h"
#include "storage/itemptr.h"
#include "utils/relcache.h"
#include "utils/snapshot.h"

typedef enum WriteEntryKind
{
	WRITE_REPLACED,	 /* a committed version that we replaced or deleted */
	WRITE_LOCKED,	 /* a committed version that we locked */
	WRITE_KEY,		 /* a version by a concurrent transaction with a unique
					  * key that we inserted too */
	WRITE_SUCCESSOR, /* our own version of a row, and the committed version
					  * that it replaces */
} WriteEntryKind;

typedef struct WriteEntry
{
	Oid				relid;
	ItemPointerData tid;
	uint16			kind;	 /* WriteEntryKind */
	uint8			mode;	 /* LockTupleMode; of a REPLACED entry it is
							  * NoKeyExclusive, or Exclusive if the version was
							  * deleted or its key changed */
	bool has_external;		 /* REPLACED: has toasted values */
	bool is_heap_only;		 /* REPLACED: the new version is in no index,
							  * and on the page of this one */
	ItemPointerData other;	 /* REPLACED: the new version, invalid if deleted.
							  * SUCCESSOR: the committed version */
	CommandId		 cid;	 /* REPLACED: by which command */
	Buffer			 buffer; /* REPLACED: where its page was then */
	TransactionId	 xid;	 /* KEY: the transaction that inserted it */
	SubTransactionId subid;	 /* the entry goes if this one is rolled back */
	int				 shadowed; /* entry of the same row and kind that this
								* one took the place of, or -1 */
} WriteEntry;

/* The number of REPLACED entries.  Zero is the fast path of every scan. */
extern int occ_writes_pending;

/* How a committed version was replaced, or deleted.  As in WriteEntry. */
typedef struct Replacement
{
	LockTupleMode mode;
	CommandId	  cid;
	Buffer		  buffer;
	bool		  has_external;
	bool		  is_heap_only;
	ItemPointer	  successor; /* NULL: deleted */
} Replacement;

/*
 * A version of this transaction is about to be in an index, where others find
 * its keys.
 */
extern void occ_writes_note_insert(void);

/* What this transaction did.  mode: as in WriteEntry. */
extern void occ_writes_note_write(Relation rel, ItemPointer tid,
								  const Replacement *how);
extern void occ_writes_note_lock(Relation rel, ItemPointer tid,
								 LockTupleMode mode);
extern void occ_writes_note_key(Relation rel, ItemPointer tid,
								TransactionId xid);
extern void occ_writes_note_successor(Relation rel, ItemPointer tid,
									  ItemPointer committed);

/* The newest entry, or NULL.  Valid until something is noted. */
extern const WriteEntry *occ_writes_find(Relation rel, ItemPointer tid,
										 WriteEntryKind kind);

/* The whole log, in the order of events. */
extern const WriteEntry *occ_writes_entries(int *count);

/*
 * Must COMMIT be validated?  A transaction that only inserted must be too:
 * another one with the same key may have doomed it.
 */
extern bool occ_writes_need_validation(void);

/* At the end of a transaction; when a subtransaction is rolled back. */
extern void occ_writes_reset(void);
extern void occ_writes_abort_subtransaction(SubTransactionId subid);

extern bool occ_writes_hide_slowly(Relation rel, ItemPointer tid,
								   Snapshot snapshot);

/*
 * Has this transaction replaced or deleted the version before the snapshot was
 * taken?  Heap still shows it, because its page does not say so yet.
 */
static inline bool
occ_writes_hide(Relation rel, ItemPointer tid, Snapshot snapshot)
{
	return unlikely(occ_writes_pending > 0) &&
		   occ_writes_hide_slowly(rel, tid, snapshot);
}

#endif /* DSQL_OCC_WRITES_H */
