/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * conflict.c
 *	  OC000, the error of a transaction that lost at COMMIT.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/table.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "occ/conflict.h"
#include "occ/identity.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* The service's text. */
#define OC000_TEXT "change conflicts with another transaction (OC000)"

#define RETRY_HINT "Run the transaction again."

/* What the record shows of the row: its key, if there still is a version. */
static void
describe_row(const RowConflict *found, Relation rel, Conflict *conflict)
{
	HeapTupleData tuple;
	Buffer		  buffer;

	tuple.t_self = found->tid;
	if (!heap_fetch(rel, SnapshotAny, &tuple, &buffer, false))
		return;
	occ_identity_describe(rel, &tuple, found->kind == CONFLICT_KEY,
						  conflict->key, sizeof(conflict->key));
	ReleaseBuffer(buffer);
}

static void
describe(const RowConflict *found, Relation rel, Conflict *conflict)
{
	conflict->at = GetCurrentTimestamp();
	conflict->database = MyDatabaseId;
	conflict->relation = found->relid;
	conflict->loser = GetTopTransactionIdIfAny();
	conflict->winner = found->winner;
	conflict->kind = found->kind;
	conflict->key[0] = '\0';
	if (rel != NULL)
		describe_row(found, rel, conflict);
}

static const char *
what_happened(ConflictKind kind)
{
	switch (kind)
	{
		case CONFLICT_WRITE:
			return "changed the row first";
		case CONFLICT_LOCK:
			return "changed or locked the row first";
		case CONFLICT_KEY:
			return "inserted a row with the same key first";
		default:
			return "may have locked the row first";
	}
}

void
occ_conflict_raise(const RowConflict *found)
{
	Conflict conflict;
	Relation rel = NULL;

	if (OidIsValid(found->relid))
		rel = try_table_open(found->relid, AccessShareLock);
	describe(found, rel, &conflict);
	conflicts_record(&conflict);
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE), errmsg(OC000_TEXT),
			 rel == NULL
				 ? 0
				 : errdetail("%s in \"%s\": transaction %u %s.",
							 conflict.key[0] ? conflict.key : "A row",
							 RelationGetRelationName(rel), conflict.winner,
							 what_happened(conflict.kind)),
			 errhint(RETRY_HINT), rel == NULL ? 0 : errtable(rel)));
	pg_unreachable();
}

void
occ_conflict_raise_injected(void)
{
	Conflict conflict = {0};

	conflict.at = GetCurrentTimestamp();
	conflict.database = MyDatabaseId;
	conflict.loser = GetTopTransactionIdIfAny();
	conflict.kind = CONFLICT_INJECTED;
	conflicts_record(&conflict);
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE), errmsg(OC000_TEXT),
			 errdetail("The conflict was injected."), errhint(RETRY_HINT)));
	pg_unreachable();
}
