/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * known.c
 *	  What this session knows of definitions.
 *
 * In Aurora DSQL a session caches definitions.  If another session changes one
 * that it has used, its next transaction that uses the relation fails with
 * OC001, even if it began after the change, and the retry succeeds. PostgreSQL
 * itself is never stale; so we remember which change each session has seen.
 *
 * An entry has the change that was the last one when the session used the
 * relation, and the session's own last change.  If changes.c has another one
 * now, the session is stale.  Raising OC001 forgets everything, as the service
 * reads its catalog anew: a retry meets only what has changed since.
 *
 * A relation that was dropped and made again has another oid.  An entry
 * therefore has the name as well.
 *
 * This only makes a session fail: that transactions are isolated from DDL does
 * not depend on it.  So at capacity entries may be lost.  A session that uses
 * more than max_known relations forgets all and begins again, and changes.c
 * drops old changes when it is full: then a session hears nothing of a change.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "access/xact.h"
#include "base/compat.h"
#include "base/settings.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "schema/changes.h"
#include "schema/known.h"
#include "storage/lock.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/syscache.h"

#define MAX_KNOWN 1024

typedef struct KnownRelation
{
	Oid			  relid;
	Oid			  schema;
	NameData	  name;
	TransactionId change; /* the last one when it was used; may be invalid */
	TransactionId own;	  /* by this session; may be invalid or undone */
	uint64		  looked_at; /* schema_changes_count() at the last look that
							  * found nothing new */
} KnownRelation;

static bool	 stale_sessions = true; /* dsql_local.stale_sessions */
static int	 max_known = MAX_KNOWN; /* dsql_local.max_known_relations */
static HTAB *known = NULL;			/* NULL: none */

static void
assign_stale_sessions(bool value, void *extra)
{
	if (!value)
		schema_known_forget_all();
}

void
schema_known_init(void)
{
	DefineCustomBoolVariable(
		"dsql_local.stale_sessions",
		"Fail once, with OC001, when a relation that this session has used "
		"was changed by another.",
		NULL, &stale_sessions, true, PGC_SUSET, 0, NULL, assign_stale_sessions,
		NULL);
	DefineCustomIntVariable(
		"dsql_local.max_known_relations",
		"Relations whose definitions a session knows.",
		"A session that uses more of them forgets them, and is not stale.",
		&max_known, MAX_KNOWN, 1, MAX_KNOWN, PGC_POSTMASTER, 0, NULL, NULL,
		NULL);
}

/* ---- Entries ---- */

static bool
is_on(void)
{
	return stale_sessions && settings_is_strict();
}

static KnownRelation *
find(Oid relid)
{
	return known == NULL ? NULL : hash_search(known, &relid, HASH_FIND, NULL);
}

void
schema_known_forget_all(void)
{
	if (known != NULL)
		hash_destroy(known);
	known = NULL;
}

void
schema_known_forget(Oid relid)
{
	if (known != NULL)
		hash_search(known, &relid, HASH_REMOVE, NULL);
}

static void
make_room(void)
{
	HASHCTL control = {.keysize = sizeof(Oid),
					   .entrysize = sizeof(KnownRelation)};

	if (known != NULL && hash_get_num_entries(known) >= max_known)
		schema_known_forget_all();
	if (known == NULL)
		known = hash_create("dsql_local known relations", 32, &control,
							HASH_ELEM | HASH_BLOBS);
}

/*
 * The count is read before the change, and is not kept while somebody's change
 * is in progress, because its end does not count.
 */
static bool
has_changed(KnownRelation *entry, TransactionId *winner)
{
	uint64		  count = schema_changes_count();
	bool		  in_progress;
	TransactionId last;

	if (entry->looked_at == count)
		return false;
	last = schema_changes_last(entry->relid, &in_progress);
	if (TransactionIdIsValid(last) && last != entry->change &&
		last != entry->own)
	{
		*winner = last;
		return true;
	}
	if (!in_progress)
		entry->looked_at = count;
	return false;
}

/* ---- A relation is used ---- */

/* Did the session use another relation of that name, which others changed? */
static bool
name_was_reused(Oid schema, const NameData *name, TransactionId *winner)
{
	HASH_SEQ_STATUS scan;
	KnownRelation  *entry;
	bool			result = false;

	if (known == NULL)
		return false;
	hash_seq_init(&scan, known);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		if (entry->schema != schema ||
			strcmp(NameStr(entry->name), NameStr(*name)) != 0)
			continue;
		if (has_changed(entry, winner))
			result = true;
		else
			schema_known_forget(entry->relid); /* our own change */
	}
	return result;
}

static void
learn(Oid relid, Oid schema, const NameData *name)
{
	KnownRelation *entry;
	bool		   in_progress;

	make_room();
	entry = hash_search(known, &relid, HASH_ENTER, NULL);
	entry->schema = schema;
	entry->name = *name;
	entry->change = schema_changes_last(relid, &in_progress);
	entry->own = InvalidTransactionId;
	entry->looked_at = 0;
}

/* learns: the relation is used. */
static bool
look_at_new(Oid relid, bool learns, TransactionId *winner)
{
	HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	NameData  name;
	Oid		  schema;
	bool	  result;

	if (!HeapTupleIsValid(tuple))
		return false;
	name = ((Form_pg_class) GETSTRUCT(tuple))->relname;
	schema = ((Form_pg_class) GETSTRUCT(tuple))->relnamespace;
	ReleaseSysCache(tuple);
	result = name_was_reused(schema, &name, winner);
	if (!result && learns)
		learn(relid, schema, &name);
	return result;
}

static bool
look_at(Oid relid, bool learns, TransactionId *winner)
{
	KnownRelation *entry;

	if (!is_on())
		return false;
	entry = find(relid);
	return entry != NULL ? has_changed(entry, winner)
						 : look_at_new(relid, learns, winner);
}

bool
schema_known_is_stale(Oid relid, TransactionId *winner)
{
	return look_at(relid, true, winner);
}

bool
schema_known_was_stale(Oid relid, TransactionId *winner)
{
	return look_at(relid, false, winner);
}

void
schema_known_note_own_change(Oid relid)
{
	KnownRelation *entry = find(relid);

	if (entry != NULL)
		entry->own = GetTopTransactionIdIfAny();
}

/* ---- Errors of the parser ---- */

static bool
is_locked(Oid relid)
{
	LOCKTAG tag;

	SET_LOCKTAG_RELATION(tag, MyDatabaseId, relid);
	return LockHeldByMeCompat(&tag, AccessShareLock) ||
		   LockHeldByMeCompat(&tag, RowShareLock) ||
		   LockHeldByMeCompat(&tag, RowExclusiveLock);
}

/* The statement has opened the relation, or did not find its name. */
static bool
is_concerned(const KnownRelation *entry, const ErrorData *error)
{
	if (is_locked(entry->relid))
		return true;
	return error->sqlerrcode == ERRCODE_UNDEFINED_TABLE && error->message &&
		   strstr(error->message, NameStr(entry->name)) != NULL;
}

bool
schema_known_explains(const ErrorData *error)
{
	HASH_SEQ_STATUS scan;
	KnownRelation  *entry;
	TransactionId	winner;
	bool			result = false;

	if (known == NULL || !is_on())
		return false;
	hash_seq_init(&scan, known);
	while ((entry = hash_seq_search(&scan)) != NULL)
		if (is_concerned(entry, error) && has_changed(entry, &winner))
			result = true;
	return result;
}
