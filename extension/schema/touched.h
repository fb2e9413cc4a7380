/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * touched.h
 *	  The relations whose definition the running transaction relies on.
 */
#ifndef DSQL_SCHEMA_TOUCHED_H
#define DSQL_SCHEMA_TOUCHED_H

#include "nodes/plannodes.h"
#include "schema/transaction.h"

/*
 * The entry of a relation, made if it is new.  Valid until the next call.
 */
extern TouchedRelation *schema_touched_entry(Oid relid);

/*
 * The transaction reads the relation, or (written) writes or locks rows in it.
 * Raises OC001 if its definition is newer than the transaction's snapshot, or
 * was changed by another session since this one used it last.
 */
extern void schema_touched_note(Oid relid, bool written);
extern void schema_touched_note_plan(const PlannedStmt *plan);

/* The relations with written rows, each once.  Allocated with palloc. */
extern const Oid *schema_touched_written(int *count);

/*
 * Deferred triggers are about to run, for SET CONSTRAINTS or for COMMIT: lock
 * what was written, as far as that needs no waiting for DDL.
 */
extern void schema_touched_before_triggers(void);
extern void schema_touched_before_commit(void);

/*
 * At COMMIT: lock again what was written or changed, and raise OC001 if the
 * definition of anything touched has changed, or if the transaction has
 * created something and a concurrent one has too.
 *
 * make_way is called for a relation before a lock is taken that keeps others
 * out, so that background work on it stops instead of being waited for.
 */
extern void schema_touched_lock_and_check(void (*make_way)(Oid relid));

#endif /* DSQL_SCHEMA_TOUCHED_H */
