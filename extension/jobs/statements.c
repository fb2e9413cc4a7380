/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * statements.c
 *	  CREATE INDEX ASYNC, ALTER TABLE ASYNC, and statements that the worker
 *	  must make way for.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "base/compat.h"
#include "base/settings.h"
#include "catalog/index.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_index.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "commands/tablecmds.h"
#include "dialect/refuse.h"
#include "executor/executor.h"
#include "jobs/signal.h"
#include "jobs/statements.h"
#include "jobs/submit.h"
#include "jobs/syntax.h"
#include "jobs/unique_index.h"
#include "jobs/worker.h"
#include "occ/index_am.h"
#include "parser/parse_utilcmd.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

/* The result: one row, one column. */
static void
send_job_id(const char *job_id, DestReceiver *dest)
{
	TupleDesc		desc = CreateTemplateTupleDesc(1);
	TupOutputState *output;
	const char	   *values[1] = {job_id};

	TupleDescInitEntry(desc, 1, "job_id", TEXTOID, -1, 0);
	output = begin_tup_output_tupdesc(dest, desc, &TTSOpsVirtual);
	do_text_output_oneline(output, values[0]);
	end_tup_output(output);
}

/* ---- CREATE INDEX ASYNC ---- */

/*
 * The index is in the catalog, but not used until a worker has built it.
 * is_ready: it is maintained meanwhile.
 */
static void
hide_index(Oid index, Oid table, bool is_ready)
{
	Relation  catalog = table_open(IndexRelationId, RowExclusiveLock);
	HeapTuple tuple = SearchSysCacheCopy1(INDEXRELID, ObjectIdGetDatum(index));
	Form_pg_index form;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for index %u", index);
	form = (Form_pg_index) GETSTRUCT(tuple);
	form->indisready = is_ready;
	form->indisvalid = false;
	CatalogTupleUpdate(catalog, &tuple->t_self, tuple);
	heap_freetuple(tuple);
	table_close(catalog, RowExclusiveLock);
	CacheInvalidateRelcacheByRelid(table);
	CommandCounterIncrement();
}

static char *
qualified_name(Oid relation)
{
	return quote_qualified_identifier(
		get_namespace_name(get_rel_namespace(relation)),
		get_rel_name(relation));
}

static void
create_index(IndexStmt *index, const char *query_string, DestReceiver *dest)
{
	char job_id[JOB_ID_SIZE];
	Oid	 created;
	Oid	 table =
		RangeVarGetRelidExtended(index->relation, ShareUpdateExclusiveLock, 0,
								 RangeVarCallbackOwnsRelation, NULL);

	jobs_syntax_check_keys(index, table);
	if (occ_index_am_is_needed((Node *) index))
		occ_index_am_set((Node *) index);
	index = transformIndexStmt(table, index, query_string);
	created = DEFINE_INDEX_UNBUILT_COMPAT(table, index).objectId;
	if (!OidIsValid(created))
		return; /* IF NOT EXISTS: there is one, as a notice says */
	if (index->unique)
		jobs_unique_index_start(table, created);
	hide_index(created, table, index->unique);
	jobs_submit(JOB_INDEX_BUILD, created, qualified_name(created), job_id);
	send_job_id(job_id, dest);
}

/* ---- ALTER TABLE ASYNC ... VALIDATE CONSTRAINT ---- */

static void
validate_constraint(AlterTableStmt *alter, DestReceiver *dest)
{
	char		job_id[JOB_ID_SIZE];
	const char *name = linitial_node(AlterTableCmd, alter->cmds)->name;
	Oid			table =
		RangeVarGetRelidExtended(alter->relation, AccessShareLock,
								 alter->missing_ok ? RVR_MISSING_OK : 0,
								 RangeVarCallbackOwnsRelation, NULL);

	if (!OidIsValid(table))
		return;
	if (!OidIsValid(get_relation_constraint_oid(table, name, true)))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
						errmsg("constraint \"%s\" of relation \"%s\" does "
							   "not exist",
							   name, alter->relation->relname)));
	jobs_submit(JOB_VALIDATE_CONSTRAINT, table, name, job_id);
	send_job_id(job_id, dest);
}

static void
set_tag(QueryCompletion *qc, CommandTag tag)
{
	if (qc != NULL)
		SetQueryCompletion(qc, tag, 0);
}

/* ---- Statements that change what the worker may be building ---- */

/* Nothing is locked here: it does no harm if the name changes owner. */
static void
yield_relation(const RangeVar *name)
{
	if (name != NULL)
		jobs_signal_yield(RangeVarGetRelid(name, NoLock, true));
}

static void
yield_dropped(const DropStmt *drop)
{
	ListCell *cell;

	if (drop->removeType != OBJECT_INDEX && drop->removeType != OBJECT_TABLE)
		return;
	foreach (cell, drop->objects)
		yield_relation(makeRangeVarFromNameList(lfirst_node(List, cell)));
}

static bool
process_index(PlannedStmt *pstmt, const char *query_string, DestReceiver *dest,
			  QueryCompletion *qc)
{
	IndexStmt *index = copyObject((IndexStmt *) pstmt->utilityStmt);

	yield_relation(index->relation);
	if (settings_strict)
		jobs_syntax_check_index(index, query_string, pstmt->stmt_location,
								pstmt->stmt_len);
	else if (!jobs_syntax_is_async(query_string, pstmt->stmt_location,
								   pstmt->stmt_len))
		return false;
	create_index(index, query_string, dest);
	set_tag(qc, CMDTAG_CREATE_INDEX);
	return true;
}

static bool
process_alter(PlannedStmt *pstmt, const char *query_string, DestReceiver *dest,
			  QueryCompletion *qc)
{
	bool is_async = jobs_syntax_is_async(query_string, pstmt->stmt_location,
										 pstmt->stmt_len);
	bool is_validate = jobs_syntax_is_validate(pstmt->utilityStmt);

	yield_relation(((AlterTableStmt *) pstmt->utilityStmt)->relation);
	if (is_async && is_validate)
	{
		validate_constraint((AlterTableStmt *) pstmt->utilityStmt, dest);
		set_tag(qc, CMDTAG_ALTER_TABLE);
		return true;
	}
	if (is_async)
		dialect_refuse("unsupported ALTER TABLE ASYNC statement");
	if (is_validate && settings_strict)
		dialect_refuse("unsupported ALTER TABLE VALIDATE CONSTRAINT "
					   "statement");
	return false;
}

static void
yield_to(Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_DropStmt:
			yield_dropped((DropStmt *) statement);
			break;
		case T_RenameStmt:
			yield_relation(((RenameStmt *) statement)->relation);
			break;
		case T_AlterObjectSchemaStmt:
			yield_relation(((AlterObjectSchemaStmt *) statement)->relation);
			break;
		default:
			break;
	}
}

bool
jobs_statements_process(PlannedStmt *pstmt, const char *query_string,
						DestReceiver *dest, QueryCompletion *qc)
{
	if (jobs_worker_is_me())
		return false;
	switch (nodeTag(pstmt->utilityStmt))
	{
		case T_IndexStmt:
			return process_index(pstmt, query_string, dest, qc);
		case T_AlterTableStmt:
			return process_alter(pstmt, query_string, dest, qc);
		default:
			yield_to(pstmt->utilityStmt);
			return false;
	}
}
