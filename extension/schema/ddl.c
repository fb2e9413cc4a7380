/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * ddl.c
 *	  The rules for DDL: what a utility statement does to a transaction.
 *
 * Like Aurora DSQL, a transaction has one DDL statement or any number of DML
 * statements, but not both.
 *
 * Two DDL statements on one object: each announces what it will change in
 * changes.c before it touches a catalog, so the second one finds the first
 * one's entry and fails with OC001 at once.  Where they meet unannounced,
 * inside catalogs, PostgreSQL's error is rephrased as OC001 (conflict.c).
 *
 * DDL that leaves rows and files alone does not keep its locks while its
 * transaction is idle.  It takes them again at COMMIT (touched.c).
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "base/settings.h"
#include "catalog/namespace.h"
#include "dialect/refuse.h"
#include "dialect/session.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "schema/changes.h"
#include "schema/conflict.h"
#include "schema/ddl.h"
#include "schema/known.h"
#include "schema/locks.h"
#include "schema/statement_kind.h"
#include "schema/statement_targets.h"
#include "schema/touched.h"
#include "schema/transaction.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"

/* ---- One DDL statement, and no DML with it ---- */

static void
refuse_mixing(void)
{
	dialect_refuse("ddl and dml are not supported in the same transaction");
}

static void
refuse_second(void)
{
	dialect_refuse("multiple ddl statements not supported in a transaction");
}

/*
 * The DDL statement itself writes rows only of schema sys, as their owner.
 * Any others are written by a function of a user that it calls.
 */
static bool
is_function_of_ddl(void)
{
	return settings_is_strict() && dialect_applies() && !superuser();
}

void
schema_ddl_note_dml(void)
{
	if (schema_transaction.is_running_ddl)
	{
		if (is_function_of_ddl())
			refuse_mixing();
		return;
	}
	if (schema_transaction.nddl > 0 && settings_is_strict())
		refuse_mixing();
	schema_transaction.has_dml = true;
}

/*
 * A statement that rewrites a table is refused after pending writes even
 * without strict mode: it would copy rows that this transaction has replaced
 * or deleted, because their pages do not say so yet.
 */
static void
check_rules(Node *statement, bool has_pending_writes)
{
	if (has_pending_writes && schema_statement_rewrites(statement))
		refuse_mixing();
	if (!settings_is_strict() || !schema_statement_is_ddl(statement))
		return;
	if (schema_transaction.has_dml)
		refuse_mixing();
	if (schema_transaction.nddl > 0)
		refuse_second();
}

void
schema_ddl_check_inside(Node *statement)
{
	if (schema_statement_is_ddl(statement))
		refuse_second();
	if (IsA(statement, CopyStmt) && ((CopyStmt *) statement)->is_from)
		refuse_mixing();
}

/* ---- Announcing ---- */

/*
 * Two statements that create or change the same object would wait for each
 * other in a catalog.  A relation is known by its oid; anything else, and a
 * relation that does not exist yet, by its name.
 */
static void
announce_name(Oid class, const char *name)
{
	if (!schema_changes_record_name(class, name))
		schema_conflict_raise(InvalidOid, InvalidTransactionId);
}

static void
announce_relation(Oid relid)
{
	TransactionId winner;

	if (relid < FirstNormalObjectId)
		return;
	if (FirstSnapshotSet && schema_changes_unseen(relid, &winner, NULL))
		schema_conflict_raise(relid, winner);
	if (schema_known_was_stale(relid, &winner))
		schema_conflict_raise(relid, winner);
	schema_ddl_record_change(relid);
	schema_touched_entry(relid);
}

static void
announce(Node *statement)
{
	ListCell *cell;

	if (!settings_is_strict() || schema_statement_finds_it_existing(statement))
		return;
	foreach (cell, schema_statement_relations(statement))
		announce_relation(lfirst_oid(cell));
	schema_statement_each_name(statement, announce_name);
}

void
schema_ddl_record_change(Oid relid)
{
	if (!schema_changes_record(relid))
		schema_conflict_raise(relid, InvalidTransactionId);
	schema_known_note_own_change(relid);
}

/* ---- Around a statement ---- */

/* COPY is a utility statement, but it reads or writes rows. */
static void
note_copy(const CopyStmt *copy)
{
	Oid relid;

	if (copy->relation == NULL)
		return;
	relid = RangeVarGetRelid(copy->relation, NoLock, true);
	if (copy->is_from)
		schema_ddl_note_dml();
	if (OidIsValid(relid))
	{
		GetTransactionSnapshot(); /* COPY has not taken one yet */
		schema_touched_note(relid, copy->is_from);
	}
}

void
schema_ddl_before_statement(Node *statement, bool has_pending_writes)
{
	check_rules(statement, has_pending_writes);
	if (IsA(statement, CopyStmt))
		note_copy((CopyStmt *) statement);
	if (!schema_statement_is_ddl(statement))
		return;
	schema_transaction_enter_ddl();
	schema_transaction.first_command = GetCurrentCommandId(false);
	announce(statement);
}

/*
 * Every relation that DDL has locked against others is one whose definition it
 * has changed.  That includes those that the statement does not name: CASCADE,
 * and the other table of a foreign key.  A relation with a weaker lock, like
 * the tables of a view, has to exist still when we commit.
 */
static void
record_locked_relations(void)
{
	int		  n;
	HeldLock *locks = schema_locks_held(&n);

	for (int i = 0; i < n; i++)
	{
		schema_touched_entry(locks[i].relid)->written = true;
		if (!(locks[i].modes & SCHEMA_LOCKS_STRONG))
			continue;
		schema_ddl_record_change(locks[i].relid);
		schema_touched_entry(locks[i].relid)->changed =
			schema_locks_strongest(locks[i].modes);
	}
}

/* IF NOT EXISTS, and it did; or IF EXISTS, and it did not. */
static bool
has_done_nothing(Node *statement)
{
	return schema_statement_may_do_nothing(statement) &&
		   GetCurrentCommandId(false) == schema_transaction.first_command;
}

/* What was announced has not come true.  It was this statement's: strict mode
 * allows one. */
static void
after_nothing(void)
{
	if (settings_is_strict())
		schema_changes_retract();
}

static void
after_change(Node *statement)
{
	record_locked_relations();
	if (settings_is_strict() && schema_statement_creates(statement))
		schema_transaction.has_created = true;
}

void
schema_ddl_after_statement(Node *statement, bool inside_utility)
{
	if (schema_statement_is_ddl(statement))
	{
		schema_transaction.nddl++;
		schema_transaction_leave_ddl();
		if (has_done_nothing(statement))
			after_nothing();
		else
			after_change(statement);
		if (!schema_statement_leaves_rows_alone(statement,
												settings_is_strict()))
			schema_transaction.keeps_locks = true;
	}
	else if (IsA(statement, LockStmt) || schema_statement_rewrites(statement))
		schema_transaction.keeps_locks = true;
	schema_locks_release_after_statement(inside_utility);
}

void
schema_ddl_after_error(ErrorData *error)
{
	schema_conflict_rephrase_ddl_error(error);
	schema_transaction_leave_ddl();
}

void
schema_ddl_init(void)
{
	/*
	 * Lock waits are only ever for DDL or autovacuum, so it pays to look for
	 * deadlocks early.
	 */
	SetConfigOption("deadlock_timeout", "100ms", PGC_POSTMASTER,
					PGC_S_DYNAMIC_DEFAULT);
}
