/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * jobs.c
 *	  Work that a background worker does after COMMIT.
 *
 * A statement that submits a job returns a row, job_id.  CREATE INDEX returns
 * none in PostgreSQL, and a client that uses the extended protocol is told so
 * before the statement is run.  So such a statement is dressed, once parsed,
 * as a CALL of a procedure that returns job_id, and undressed before it is
 * run; its tag stays that of what was written.
 */
#include "base/settings.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_index.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "commands/tablecmds.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "funcapi.h"
#include "jobs/id.h"
#include "jobs/statements.h"
#include "jobs/syntax.h"
#include "jobs/table.h"
#include "jobs/worker.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "parser/analyze.h"
#include "parser/parse_utilcmd.h"
#include "storage/lmgr.h"
#include "sys/iam.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

/* The procedure whose result a statement in disguise has. */
#define DISGUISE "job_row"

static post_parse_analyze_hook_type prev_post_parse_analyze_hook = NULL;
static ProcessUtility_hook_type		prev_ProcessUtility_hook = NULL;

static bool has_submitted = false; /* in this transaction */

PG_FUNCTION_INFO_V1(dsql_job_row);
PG_FUNCTION_INFO_V1(dsql_wait_for_job);

/* ---- Dressing ---- */

static Oid
find_disguise(void)
{
	Oid		   schema = get_namespace_oid("sys", true);
	Oid		   types[1] = {TEXTOID};
	oidvector *arguments = buildoidvector(types, 1);

	if (!OidIsValid(schema))
		return InvalidOid;
	return GetSysCacheOid3(
		PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum(DISGUISE),
		PointerGetDatum(arguments), ObjectIdGetDatum(schema));
}

static Node *
dress(Node *statement, Oid disguise)
{
	CallStmt *call = makeNode(CallStmt);
	Const	 *nothing = makeNullConst(TEXTOID, -1, DEFAULT_COLLATION_OID);

	call->funccall = makeFuncCall(
		list_make2(makeString(pstrdup("sys")), makeString(pstrdup(DISGUISE))),
		list_make1(statement), COERCE_EXPLICIT_CALL, -1);
	call->funcexpr =
		makeFuncExpr(disguise, RECORDOID, list_make1(nothing), InvalidOid,
					 InvalidOid, COERCE_EXPLICIT_CALL);
	call->outargs = list_make1(copyObject(nothing));
	return (Node *) call;
}

static bool
submits_job(Node *statement, const char *source, int location, int len)
{
	return (IsA(statement, IndexStmt) || job_syntax_is_validate(statement)) &&
		   job_syntax_is_async(source, location, len);
}

static void
jobs_post_parse_analyze(ParseState *pstate, Query *query, JumbleState *jstate)
{
	Oid disguise;

	if (prev_post_parse_analyze_hook)
		prev_post_parse_analyze_hook(pstate, query, jstate);
	if (query->commandType != CMD_UTILITY || pstate->p_sourcetext == NULL ||
		!submits_job(query->utilityStmt, pstate->p_sourcetext,
					 query->stmt_location, query->stmt_len))
		return;
	disguise = find_disguise();
	if (OidIsValid(disguise))
		query->utilityStmt = dress(query->utilityStmt, disguise);
}

/* NULL: it wears none. */
static Node *
undress(Node *statement)
{
	CallStmt *call = (CallStmt *) statement;
	Node	 *inner;

	if (!IsA(statement, CallStmt) || list_length(call->funccall->args) != 1)
		return NULL;
	inner = linitial(call->funccall->args);
	return IsA(inner, IndexStmt) || IsA(inner, AlterTableStmt) ? inner : NULL;
}

/* The first of our hooks: what comes behind sees the statement as written. */
static void
jobs_utility_hook(PlannedStmt *pstmt, const char *query_string, bool read_only,
				  ProcessUtilityContext context, ParamListInfo params,
				  QueryEnvironment *environment, DestReceiver *dest,
				  QueryCompletion *qc)
{
	Node	   *inner = undress(pstmt->utilityStmt);
	PlannedStmt bare;

	if (inner != NULL)
	{
		bare = *pstmt;
		bare.utilityStmt = copyObject(inner);
		pstmt = &bare;
	}
	if (iam_process_utility(pstmt, qc))
		return;
	if (prev_ProcessUtility_hook)
		prev_ProcessUtility_hook(pstmt, query_string, read_only, context,
								 params, environment, dest, qc);
	else
		standard_ProcessUtility(pstmt, query_string, read_only, context,
								params, environment, dest, qc);
}

/* CALL sys.job_row() as a user may write it. */
Datum
dsql_job_row(PG_FUNCTION_ARGS)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					errmsg("sys.job_row is not meant to be called")));
}

/* ---- Submitting ---- */

void
jobs_submit(JobKind kind, Oid relation, const char *statement,
			char job_id[JOB_ID_SIZE])
{
	Job job = {.kind = kind, .object = relation};

	job.statement = pstrdup(statement);
	job_id_make(&job.id);
	job_table_insert(&job);
	job_id_encode(&job.id, job_id);
	has_submitted = true;
}

static void
on_transaction_end(XactEvent event, void *arg)
{
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT)
		return;
	if (has_submitted && event == XACT_EVENT_COMMIT)
		job_worker_wake();
	has_submitted = false;
}

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

/* In the catalog, but neither maintained nor used until the worker says so. */
static void
hide_index(Oid index, Oid table)
{
	Relation  catalog = table_open(IndexRelationId, RowExclusiveLock);
	HeapTuple tuple = SearchSysCacheCopy1(INDEXRELID, ObjectIdGetDatum(index));
	Form_pg_index form;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for index %u", index);
	form = (Form_pg_index) GETSTRUCT(tuple);
	form->indisready = false;
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

	job_syntax_check_keys(index, table);
	index = transformIndexStmt(table, index, query_string);
	created = DEFINE_INDEX_UNBUILT_COMPAT(table, index).objectId;
	if (!OidIsValid(created))
		return; /* IF NOT EXISTS: there is one, as a notice says */
	hide_index(created, table);
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

/* ---- Statements ---- */

static void
set_tag(QueryCompletion *qc, CommandTag tag)
{
	if (qc != NULL)
		SetQueryCompletion(qc, tag, 0);
}

/* The worker lets go of a relation whose definition is to change. */
static void
yield_relation(const RangeVar *name)
{
	if (name != NULL)
		job_worker_yield(RangeVarGetRelid(name, NoLock, true));
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
	if (dsql_strict)
		job_syntax_check_index(index, query_string, pstmt->stmt_location,
							   pstmt->stmt_len);
	else if (!job_syntax_is_async(query_string, pstmt->stmt_location,
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
	bool is_async = job_syntax_is_async(query_string, pstmt->stmt_location,
										pstmt->stmt_len);
	bool is_validate = job_syntax_is_validate(pstmt->utilityStmt);

	yield_relation(((AlterTableStmt *) pstmt->utilityStmt)->relation);
	if (is_async && is_validate)
	{
		validate_constraint((AlterTableStmt *) pstmt->utilityStmt, dest);
		set_tag(qc, CMDTAG_ALTER_TABLE);
		return true;
	}
	if (is_async)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("unsupported ALTER TABLE ASYNC statement")));
	if (is_validate && dsql_strict)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("unsupported ALTER TABLE VALIDATE CONSTRAINT "
							   "statement")));
	return false;
}

bool
jobs_process_utility(PlannedStmt *pstmt, const char *query_string,
					 DestReceiver *dest, QueryCompletion *qc)
{
	if (jobs_is_worker())
		return false;
	switch (nodeTag(pstmt->utilityStmt))
	{
		case T_IndexStmt:
			return process_index(pstmt, query_string, dest, qc);
		case T_AlterTableStmt:
			return process_alter(pstmt, query_string, dest, qc);
		case T_DropStmt:
			yield_dropped((DropStmt *) pstmt->utilityStmt);
			return false;
		case T_RenameStmt:
			yield_relation(((RenameStmt *) pstmt->utilityStmt)->relation);
			return false;
		case T_AlterObjectSchemaStmt:
			yield_relation(
				((AlterObjectSchemaStmt *) pstmt->utilityStmt)->relation);
			return false;
		default:
			return false;
	}
}

/* ---- Waiting ---- */

/* False: it has failed. */
static bool
wait_for(const pg_uuid_t *id)
{
	for (;;)
	{
		switch (job_table_look(id))
		{
			case JOB_HAS_SUCCEEDED:
				return true;
			case JOB_HAS_FAILED:
				return false;
			case JOB_IS_UNDER_WAY:
				job_worker_wait_for_end();
				break;
			case JOB_IS_OF_THIS_TRANSACTION:
				ereport(ERROR,
						(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
						 errmsg("cannot wait for a job of this transaction"),
						 errhint("It begins when the transaction commits.")));
			case JOB_IS_MISSING:
				ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
								errmsg("job does not exist")));
		}
	}
}

/* PROCEDURE wait_for_job(job_id text, INOUT succeeded boolean DEFAULT NULL) */
Datum
dsql_wait_for_job(PG_FUNCTION_ARGS)
{
	pg_uuid_t id;
	TupleDesc desc;
	Datum	  values[1];
	bool	  nulls[1] = {false};

	if (PG_ARGISNULL(0) ||
		!job_id_decode(text_to_cstring(PG_GETARG_TEXT_PP(0)), &id))
		ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						errmsg("Unable to convert text to UUID")));
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "wait_for_job must return a row");
	values[0] = BoolGetDatum(wait_for(&id));
	return HeapTupleGetDatum(
		heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

/* ---- Entry ---- */

void
jobs_init(void)
{
	job_worker_init();
	RegisterXactCallback(on_transaction_end, NULL);
	prev_post_parse_analyze_hook = post_parse_analyze_hook;
	post_parse_analyze_hook = jobs_post_parse_analyze;
	prev_ProcessUtility_hook = ProcessUtility_hook;
	ProcessUtility_hook = jobs_utility_hook;
}

Size
jobs_shmem_size(void)
{
	return job_worker_shmem_size();
}

void
jobs_shmem_init(void)
{
	job_worker_shmem_init();
}
