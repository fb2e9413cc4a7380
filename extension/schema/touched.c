/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * touched.c
 *	  The relations whose definition the running transaction relies on.
 *
 * Relation locks end with each statement (locks.c).  What a transaction relies
 * on between its statements is in this list, and COMMIT takes the locks again
 * before it compares the definitions.
 *
 * Lock order: relations are locked in the order of their oids, everywhere in
 * this file, so two COMMITs cannot wait for each other.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/transam.h"
#include "commands/trigger.h"
#include "nodes/parsenodes.h"
#include "schema/changes.h"
#include "schema/conflict.h"
#include "schema/known.h"
#include "schema/touched.h"
#include "storage/lmgr.h"
#include "utils/memutils.h"

#define TOUCHED_MIN 16

static void
make_room(void)
{
	Size size;

	if (schema_transaction.ntouched < schema_transaction.max_touched)
		return;
	schema_transaction.max_touched =
		Max(TOUCHED_MIN, schema_transaction.max_touched * 2);
	size = schema_transaction.max_touched * sizeof(TouchedRelation);
	schema_transaction.touched =
		schema_transaction.touched == NULL
			? MemoryContextAlloc(TopMemoryContext, size)
			: repalloc(schema_transaction.touched, size);
}

static TouchedRelation *
find_entry(Oid relid)
{
	for (int i = 0; i < schema_transaction.ntouched; i++)
		if (schema_transaction.touched[i].relid == relid)
			return &schema_transaction.touched[i];
	return NULL;
}

TouchedRelation *
schema_touched_entry(Oid relid)
{
	TouchedRelation *entry = find_entry(relid);

	if (entry != NULL)
		return entry;
	make_room();
	entry = &schema_transaction.touched[schema_transaction.ntouched++];
	memset(entry, 0, sizeof(TouchedRelation));
	entry->relid = relid;
	return entry;
}

/* Catalogs are left out: they change all the time and are read as of now. */
void
schema_touched_note(Oid relid, bool written)
{
	TransactionId	 winner;
	TouchedRelation *entry;

	if (relid < FirstNormalObjectId)
		return;
	if (schema_changes_unseen(relid, &winner, NULL))
		schema_conflict_raise(relid, winner);
	if (find_entry(relid) == NULL && schema_known_is_stale(relid, &winner))
		schema_conflict_raise(relid, winner);
	entry = schema_touched_entry(relid);
	if (written)
		entry->written = true;
}

/* A parallel worker's leader has noted the plan already. */
void
schema_touched_note_plan(const PlannedStmt *plan)
{
	ListCell *cell;

	if (IsParallelWorker())
		return;
	foreach (cell, plan->rtable)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, cell);

		if (OidIsValid(rte->relid))
			schema_touched_note(rte->relid,
								rte->rellockmode > AccessShareLock);
	}
}

const Oid *
schema_touched_written(int *count)
{
	Oid *relations = palloc(Max(schema_transaction.ntouched, 1) * sizeof(Oid));

	*count = 0;
	for (int i = 0; i < schema_transaction.ntouched; i++)
		if (schema_transaction.touched[i].written)
			relations[(*count)++] = schema_transaction.touched[i].relid;
	return relations;
}

static int
compare_relids(const void *a, const void *b)
{
	Oid x = ((const TouchedRelation *) a)->relid;
	Oid y = ((const TouchedRelation *) b)->relid;

	return (x > y) - (x < y);
}

static void
sort_by_relid(void)
{
	if (schema_transaction.ntouched > 1)
		qsort(schema_transaction.touched, schema_transaction.ntouched,
			  sizeof(TouchedRelation), compare_relids);
}

/* Of any relation: an event of one may open others, its partitions. */
static bool
triggers_are_pending(void)
{
	for (int i = 0; i < schema_transaction.ntouched; i++)
		if (AfterTriggerPendingOnRel(schema_transaction.touched[i].relid))
			return true;
	return false;
}

/*
 * Deferred triggers open the relations of their events without a lock, because
 * PostgreSQL expects the statement's lock to be held still.  A changed
 * definition is not an error yet: COMMIT will find it.
 */
void
schema_touched_before_triggers(void)
{
	TransactionId winner;
	bool		  in_progress;

	if (!triggers_are_pending())
		return;
	sort_by_relid();
	for (int i = 0; i < schema_transaction.ntouched; i++)
	{
		TouchedRelation *relation = &schema_transaction.touched[i];

		if (!relation->written ||
			ConditionalLockRelationOid(relation->relid, RowExclusiveLock))
			continue;
		if (!schema_changes_unseen(relation->relid, &winner, &in_progress) &&
			!in_progress)
			LockRelationOid(relation->relid, RowExclusiveLock);
	}
}

/* Locks that the triggers take at COMMIT must last until it is done. */
void
schema_touched_before_commit(void)
{
	schema_transaction.keeps_locks = true;
	schema_touched_before_triggers();
}

/* From here on the transaction counts as running DDL until it ends. */
static void
lock_changed(const TouchedRelation *relation, void (*make_way)(Oid relid))
{
	if (!schema_transaction.is_running_ddl)
		schema_transaction_enter_ddl();
	make_way(relation->relid);
	LockRelationOid(relation->relid, relation->changed);
}

/* Waits for a statement that is running, but not for DDL that is idle. */
static void
lock_written(const TouchedRelation *relation)
{
	TransactionId winner;
	bool		  in_progress;

	if (ConditionalLockRelationOid(relation->relid, RowExclusiveLock))
		return;
	if (schema_changes_unseen(relation->relid, &winner, &in_progress) ||
		in_progress)
		schema_conflict_raise(relation->relid, winner);
	LockRelationOid(relation->relid, RowExclusiveLock);
}

void
schema_touched_lock_and_check(void (*make_way)(Oid relid))
{
	TransactionId winner;

	sort_by_relid();
	for (int i = 0; i < schema_transaction.ntouched; i++)
	{
		const TouchedRelation *relation = &schema_transaction.touched[i];

		if (relation->changed != NoLock)
			lock_changed(relation, make_way);
		else if (relation->written)
			lock_written(relation);
		if (schema_changes_unseen(relation->relid, &winner, NULL))
			schema_conflict_raise(relation->relid, winner);
	}
	if (schema_transaction.has_created &&
		!schema_changes_claim_creation(&winner))
		schema_conflict_raise(InvalidOid, winner);
}
