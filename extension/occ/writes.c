/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * writes.c
 *	  The log of what a transaction wrote and locked, and how scans hide what
 *	  it has replaced or deleted.
 *
 * The log is private memory in TopTransactionContext.  It is an array in the
 * order of events, and, once it is longer than a few entries, a hash table
 * from (relation, place, kind) to the newest entry of that row and kind.
 *
 * SubTransactionIds only grow, and a subtransaction that commits passes its
 * entries to its parent just by leaving them there.  So rolling one back is
 * cutting off the end of the log; "shadowed" restores what an entry replaced
 * in the hash table.
 */
#include "postgres.h"

#include "access/xact.h"
#include "common/hashfn.h"
#include "occ/slots.h"
#include "occ/writes.h"
#include "utils/memutils.h"
#include "utils/rel.h"

/* Compared as bytes, so it must have no padding. */
typedef struct WriteKey
{
	Oid				relid;
	ItemPointerData tid;
	uint16			kind;
} WriteKey;

StaticAssertDecl(sizeof(WriteKey) == 12, "WriteKey has padding");

typedef struct WritePlace
{
	WriteKey key;
	int		 index;	 /* of the newest entry, in the log */
	char	 status; /* for simplehash.h */
} WritePlace;

/* Looking through as many entries takes less time than hashing a key. */
#define FEW_ENTRIES 8

#define SH_PREFIX		  write_places
#define SH_ELEMENT_TYPE	  WritePlace
#define SH_KEY_TYPE		  WriteKey
#define SH_KEY			  key
#define SH_HASH_KEY(t, k) hash_bytes((const unsigned char *) &(k), sizeof(k))
#define SH_EQUAL(t, a, b) (memcmp(&(a), &(b), sizeof(WriteKey)) == 0)
#define SH_SCOPE		  static inline
#define SH_DEFINE
#define SH_DECLARE
#include "lib/simplehash.h"

int occ_writes_pending = 0;

/* All of this is gone with TopTransactionContext. */
static WriteEntry		 *entries = NULL;
static int				  nentries = 0;
static int				  max_entries = 0;
static write_places_hash *places = NULL;
static bool				  inserted = false;

static WriteKey
key_of(Oid relid, ItemPointer tid, WriteEntryKind kind)
{
	WriteKey key;

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
		max_entries = 2 * FEW_ENTRIES;
		entries = MemoryContextAlloc(TopTransactionContext,
									 max_entries * sizeof(WriteEntry));
	}
	else if (nentries == max_entries)
	{
		max_entries *= 2;
		entries = repalloc_huge(entries, max_entries * sizeof(WriteEntry));
	}
}

static WriteKey
key_of_entry(const WriteEntry *entry)
{
	return key_of(entry->relid, (ItemPointer) &entry->tid,
				  (WriteEntryKind) entry->kind);
}

/* ---- The newest entry of a row and kind ---- */

static int
search_few(Oid relid, ItemPointer tid, WriteEntryKind kind)
{
	for (int i = nentries - 1; i >= 0; i--)
		if (entries[i].kind == kind && entries[i].relid == relid &&
			ItemPointerEquals(&entries[i].tid, tid))
			return i;
	return -1;
}

/* Its index, or -1. */
static int
find_newest(Oid relid, ItemPointer tid, WriteEntryKind kind)
{
	WritePlace *place;

	if (places == NULL)
		return search_few(relid, tid, kind);
	place = write_places_lookup(places, key_of(relid, tid, kind));
	return place ? place->index : -1;
}

static void
set_newest(int index)
{
	bool found;

	write_places_insert(places, key_of_entry(&entries[index]), &found)->index =
		index;
}

static void
begin_hashing(void)
{
	places = write_places_create(TopTransactionContext, 4 * FEW_ENTRIES, NULL);
	for (int i = 0; i < nentries; i++)
		set_newest(i);
}

/* ---- Noting ---- */

/* The new entry takes the place of older ones of its row and kind. */
static WriteEntry *
append(Relation rel, ItemPointer tid, WriteEntryKind kind)
{
	WriteEntry *entry;

	make_room();
	entry = &entries[nentries];
	memset(entry, 0, sizeof(WriteEntry));
	entry->relid = RelationGetRelid(rel);
	entry->tid = *tid;
	entry->kind = (uint16) kind;
	entry->subid = GetCurrentSubTransactionId();
	entry->shadowed = find_newest(entry->relid, &entry->tid, kind);
	nentries++;
	if (places != NULL)
		set_newest(nentries - 1);
	else if (nentries > FEW_ENTRIES)
		begin_hashing();
	if (kind == WRITE_REPLACED)
		occ_writes_pending++;
	return entry;
}

static void
remove_last(void)
{
	WriteEntry *entry = &entries[nentries - 1];

	if (entry->kind == WRITE_REPLACED)
		occ_writes_pending--;
	if (places != NULL && entry->shadowed >= 0)
		set_newest(entry->shadowed);
	else if (places != NULL)
		write_places_delete(places, key_of_entry(entry));
	nentries--;
}

const WriteEntry *
occ_writes_find(Relation rel, ItemPointer tid, WriteEntryKind kind)
{
	int index;

	if (nentries == 0)
		return NULL;
	index = find_newest(RelationGetRelid(rel), tid, kind);
	return index >= 0 ? &entries[index] : NULL;
}

void
occ_writes_note_insert(void)
{
	if (!inserted)
		occ_slots_enter(GetTopTransactionId());
	inserted = true;
}

void
occ_writes_note_write(Relation rel, ItemPointer tid, const Replacement *how)
{
	ItemPointer committed = tid;
	WriteEntry *entry = append(rel, committed, WRITE_REPLACED);

	entry->mode = (uint8) how->mode;
	entry->has_external = how->has_external;
	entry->is_heap_only = how->is_heap_only;
	entry->cid = how->cid;
	entry->buffer = how->buffer;
	if (how->successor == NULL)
	{
		ItemPointerSetInvalid(&entry->other);
		return;
	}
	entry->other = *how->successor;
	occ_writes_note_successor(rel, how->successor, committed);
}

void
occ_writes_note_lock(Relation rel, ItemPointer tid, LockTupleMode mode)
{
	const WriteEntry *known = occ_writes_find(rel, tid, WRITE_LOCKED);

	if (known == NULL || known->mode < (uint8) mode)
		append(rel, tid, WRITE_LOCKED)->mode = (uint8) mode;
}

void
occ_writes_note_key(Relation rel, ItemPointer tid, TransactionId xid)
{
	const WriteEntry *known = occ_writes_find(rel, tid, WRITE_KEY);

	if (known == NULL || known->xid != xid)
		append(rel, tid, WRITE_KEY)->xid = xid;
}

void
occ_writes_note_successor(Relation rel, ItemPointer tid, ItemPointer committed)
{
	ItemPointerData origin = *committed; /* may point into the log */

	append(rel, tid, WRITE_SUCCESSOR)->other = origin;
}

const WriteEntry *
occ_writes_entries(int *count)
{
	*count = nentries;
	return entries;
}

bool
occ_writes_need_validation(void)
{
	return inserted || nentries > 0;
}

void
occ_writes_reset(void)
{
	entries = NULL;
	nentries = max_entries = 0;
	places = NULL;
	inserted = false;
	occ_writes_pending = 0;
}

void
occ_writes_abort_subtransaction(SubTransactionId subid)
{
	while (nentries > 0 && entries[nentries - 1].subid >= subid)
		remove_last();
}

/*
 * The snapshot of a cursor or of an outer query must go on seeing what a later
 * command removed: heap compares cmax with curcid, and so do we.  AFTER
 * triggers read OLD with SnapshotAny, which sees everything.  For planner
 * estimates (SNAPSHOT_NON_VACUUMABLE) it does not matter.
 */
bool
occ_writes_hide_slowly(Relation rel, ItemPointer tid, Snapshot snapshot)
{
	const WriteEntry *entry = occ_writes_find(rel, tid, WRITE_REPLACED);

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
