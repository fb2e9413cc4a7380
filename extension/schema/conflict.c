/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * conflict.c
 *	  OC001, the error for a definition that changed under a transaction.
 *
 * Most conflicts are found by asking changes.c, and raised here.  Some are
 * only found by PostgreSQL itself, in catalogs, in words of its own: those
 * errors are rephrased.
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "base/settings.h"
#include "miscadmin.h"
#include "schema/changes.h"
#include "schema/conflict.h"
#include "schema/known.h"
#include "schema/transaction.h"
#include "sys/conflicts.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

/* The service's text. */
#define OC001_TEXT "schema has been updated by another transaction (OC001)"

#define RETRY_HINT "Run the transaction again."

/* ---- Raising ---- */

static void
record(Oid relid, TransactionId winner)
{
	Conflict conflict = {0};

	conflict.at = GetCurrentTimestamp();
	conflict.database = MyDatabaseId;
	conflict.relation = relid;
	conflict.loser = GetTopTransactionIdIfAny();
	conflict.winner = winner;
	conflict.kind = CONFLICT_SCHEMA;
	conflicts_record(&conflict);
}

void
schema_conflict_raise(Oid relid, TransactionId winner)
{
	char *name = OidIsValid(relid) ? get_rel_name(relid) : NULL;

	record(relid, winner);
	schema_known_forget_all();
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE), errmsg(OC001_TEXT),
			 name ? errdetail("The definition of \"%s\" changed.", name)
				  : errdetail("Another transaction changed the same object."),
			 errhint(RETRY_HINT)));
	pg_unreachable();
}

/* ---- Rephrasing ---- */

/*
 * What PostgreSQL raises when two DDL statements meet in a catalog.  Its
 * internal errors have no code of their own, only a text.
 */
static bool
is_catalog_clash(const ErrorData *error)
{
	switch (error->sqlerrcode)
	{
		case ERRCODE_T_R_DEADLOCK_DETECTED:
		case ERRCODE_LOCK_NOT_AVAILABLE:
			return true;
		case ERRCODE_UNIQUE_VIOLATION:
			return error->schema_name &&
				   strcmp(error->schema_name, "pg_catalog") == 0;
		case ERRCODE_INTERNAL_ERROR:
			return error->message &&
				   (strncmp(error->message, "tuple concurrently", 18) == 0 ||
					strncmp(error->message, "cache lookup failed", 19) == 0 ||
					strncmp(error->message, "could not open relation", 23) ==
						0);
		default:
			return false;
	}
}

static bool
is_clash_of_ddl(const ErrorData *error)
{
	return schema_transaction.is_running_ddl && settings_is_strict() &&
		   is_catalog_clash(error);
}

static void
rephrase(ErrorData *error)
{
	error->sqlerrcode = ERRCODE_T_R_SERIALIZATION_FAILURE;
	error->detail = psprintf("PostgreSQL said: %s", error->message);
	error->message = pstrdup(OC001_TEXT);
	error->hint = pstrdup(RETRY_HINT);
	error->cursorpos = 0;
	schema_known_forget_all();
}

void
schema_conflict_rephrase_ddl_error(ErrorData *error)
{
	if (!is_clash_of_ddl(error))
		return;
	record(InvalidOid, InvalidTransactionId);
	rephrase(error);
}

/* A prepared statement's rows have got other columns. */
static bool
is_of_cached_plan(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_FEATURE_NOT_SUPPORTED &&
		   error->message && strncmp(error->message, "cached plan", 11) == 0;
}

/* Could a changed definition be the reason for this error? */
static bool
may_come_from_change(const ErrorData *error)
{
	return is_catalog_clash(error) || is_of_cached_plan(error) ||
		   (ERRCODE_TO_CATEGORY(error->sqlerrcode) ==
				ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION &&
			error->message &&
			strncmp(error->message, "syntax error", 12) != 0);
}

static bool
has_touched_a_change(void)
{
	TransactionId winner;

	for (int i = 0; i < schema_transaction.ntouched; i++)
		if (schema_changes_unseen(schema_transaction.touched[i].relid, &winner,
								  NULL))
			return true;
	return false;
}

/*
 * Is it one of PostgreSQL's internal errors about an object that a function
 * knows by its oid only, like nextval() of a sequence that was dropped?  It is
 * in no list of touched relations.  If nothing at all has changed, the oid was
 * never one, and another attempt would not help.
 */
static bool
is_of_dropped_object(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_INTERNAL_ERROR &&
		   is_catalog_clash(error) && schema_changes_any_unseen();
}

/*
 * A statement that does not fit a changed definition (a column is gone) fails
 * while it is analyzed, before we are asked whether it may touch the relation.
 * If anything that its transaction touched has changed, or what it fails for
 * has since the session used it last, that is the reason.  A deadlock can only
 * come from DDL, and may come before anything is touched: the parser locks one
 * relation after the other.  An error while DDL is running is one of its
 * COMMIT: schema_conflict_rephrase_ddl_error() has seen the others.
 *
 * This runs inside error handling: it must not raise, so it asks changes.c
 * only if the error did not come from there, with its lock held.
 */
void
schema_conflict_rephrase_sent_error(ErrorData *error)
{
	if (error->elevel != ERROR || !IsTransactionState() ||
		schema_changes_is_locked() || !may_come_from_change(error) ||
		(schema_transaction.ntouched == 0 && !settings_is_strict()))
		return;
	if (error->sqlerrcode == ERRCODE_T_R_DEADLOCK_DETECTED ||
		is_clash_of_ddl(error) || has_touched_a_change() ||
		is_of_dropped_object(error) || schema_known_explains(error))
		rephrase(error);
}
