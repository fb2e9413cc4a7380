/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * occ_writes.c
 *	  The log of a transaction's writes, locks and keys, and how scans hide
 *	  what it says is gone.
 *
 * SubTransactionIds only grow, and a subtransaction that commits hands its
 * entries to its parent by doing nothing: so rolling one back is cutting off
 * the tail of the log.
 */
#include "base/settings.h"

#include "access/xact.h"
#include "common/hashfn.h"
#include "occ/shared.h"
#include "occ/writes.h"
#include "utils/memutils.h"
#include "utils/rel.h"

/* Compared as bytes: no padding allowed. */
typedef struct OccKey
{
	Oid				relid;
	ItemPointerData tid;
	uint16			kind;
} OccKey;

StaticAssertDecl(sizeof(OccKey) == 12, "OccKey has padding");

typedef struct OccPlace
{
	OccKey key;
	int	   index;  /* in the log */
	char   status; /* simplehash's */
} OccPlace;

#define SH_PREFIX		  occ_places
#define SH_ELEMENT_TYPE	  OccPlace
#define SH_KEY_TYPE		  OccKey
#define SH_KEY			  key
#define SH_HASH_KEY(t, k) hash_bytes((const unsigned char *) &(k), sizeof(k))
#define SH_EQUAL(t, a, b) (memcmp(&(a), &(b), sizeof(OccKey)) == 0)
#define SH_SCOPE		  static inline
#define SH_DEFINE
#define SH_DECLARE
#include "lib/simplehash.h"

int occ_nwrites = 0;

/* All of it lives in TopTransactionContext and is gone with it. */
static OccEntry		   *entries = NULL;
static int				nentries = 0;
static int				max_entries = 0;
static occ_places_hash *places = NULL;
static bool				inserted = false;

static OccKey
key_of(Oid relid, ItemPointer tid, OccEntryKind kind)
{
	OccKey key;

	key.relid = relid;
	key.tid = *tid;
	key.kind = (uint16) kind;
	return key;
}

static void
make_room(void)
{
	if (entries == NULL)
	{
		max_entries = 64;
		entries = MemoryContextAlloc(TopTransactionContext,
									 max_entries * sizeof(OccEntry));
		places = occ_places_create(TopTransactionContext, 64, NULL);
	}
	else if (nentries == max_entries)
	{
		max_entries *= 2;
		entries = repalloc_huge(entries, max_entries * sizeof(OccEntry));
	}
}

/* A new last entry, which is what its row and kind now lead to. */
static OccEntry *
append(Relation rel, ItemPointer tid, OccEntryKind kind)
{
	OccEntry *entry;
	OccPlace *place;
	bool	  found;

	make_room();
	place = occ_places_insert(places, key_of(RelationGetRelid(rel), tid, kind),
							  &found);
	entry = &entries[nentries];
	memset(entry, 0, sizeof(OccEntry));
	entry->relid = RelationGetRelid(rel);
	entry->tid = *tid;
	entry->kind = (uint16) kind;
	entry->subid = GetCurrentSubTransactionId();
	entry->shadowed = found ? place->index : -1;
	place->index = nentries++;
	if (kind == OCC_WRITE)
		occ_nwrites++;
	return entry;
}

static void
remove_last(void)
{
	OccEntry *entry = &entries[nentries - 1];
	OccKey key = key_of(entry->relid, &entry->tid, (OccEntryKind) entry->kind);

	if (entry->kind == OCC_WRITE)
		occ_nwrites--;
	if (entry->shadowed >= 0)
		occ_places_lookup(places, key)->index = entry->shadowed;
	else
		occ_places_delete(places, key);
	nentries--;
}

const OccEntry *
occ_find(Relation rel, ItemPointer tid, OccEntryKind kind)
{
	OccPlace *place;

	if (nentries == 0)
		return NULL;
	place =
		occ_places_lookup(places, key_of(RelationGetRelid(rel), tid, kind));
	return place ? &entries[place->index] : NULL;
}

void
occ_note_insert(void)
{
	if (!inserted)
		occ_enter(GetTopTransactionId());
	inserted = true;
}

void
occ_note_write(Relation rel, ItemPointer tid, LockTupleMode mode,
			   bool has_external, CommandId cid, ItemPointer successor)
{
	OccEntry *entry = append(rel, tid, OCC_WRITE);

	entry->mode = (uint8) mode;
	entry->has_external = has_external;
	entry->cid = cid;
	if (successor == NULL)
	{
		ItemPointerSetInvalid(&entry->other);
		return;
	}
	entry->other = *successor;
	occ_note_successor(rel, successor, tid);
}

void
occ_note_lock(Relation rel, ItemPointer tid, LockTupleMode mode)
{
	const OccEntry *known = occ_find(rel, tid, OCC_LOCK);

	if (known == NULL || known->mode < (uint8) mode)
		append(rel, tid, OCC_LOCK)->mode = (uint8) mode;
}

void
occ_note_key(Relation rel, ItemPointer tid, TransactionId xid)
{
	const OccEntry *known = occ_find(rel, tid, OCC_KEY);

	if (known == NULL || known->xid != xid)
		append(rel, tid, OCC_KEY)->xid = xid;
}

void
occ_note_successor(Relation rel, ItemPointer tid, ItemPointer committed)
{
	ItemPointerData origin = *committed; /* may point into the log */

	append(rel, tid, OCC_SUCCESSOR)->other = origin;
}

const OccEntry *
occ_entries(int *count)
{
	*count = nentries;
	return entries;
}

/* Must COMMIT be validated?  An insert may have been doomed by another's. */
bool
occ_has_work(void)
{
	return inserted || nentries > 0;
}

void
occ_forget_all(void)
{
	entries = NULL;
	nentries = max_entries = 0;
	places = NULL;
	inserted = false;
	occ_nwrites = 0;
}

void
occ_forget_subtransaction(SubTransactionId subid)
{
	while (nentries > 0 && entries[nentries - 1].subid >= subid)
		remove_last();
}

/*
 * A snapshot of a cursor or of an outer query must go on seeing what a later
 * command removed: heap compares cmax with curcid, and so do we.  AFTER
 * triggers read OLD with SnapshotAny, which sees all.  Estimates
 * (SNAPSHOT_NON_VACUUMABLE) may see what they like.
 */
bool
occ_hides_slowly(Relation rel, ItemPointer tid, Snapshot snapshot)
{
	const OccEntry *entry = occ_find(rel, tid, OCC_WRITE);

	if (entry == NULL)
		return false;
	switch (snapshot->snapshot_type)
	{
		case SNAPSHOT_MVCC:
			return entry->cid < snapshot->curcid;
		case SNAPSHOT_SELF:
		case SNAPSHOT_DIRTY:
			return true;
		default:
			return false;
	}
}

static void
at_subtransaction_event(SubXactEvent event, SubTransactionId mySubid,
						SubTransactionId parentSubid, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		occ_forget_subtransaction(mySubid);
}

void
occ_writes_init(void)
{
	RegisterSubXactCallback(at_subtransaction_event, NULL);
}
