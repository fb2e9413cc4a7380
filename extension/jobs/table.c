/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * table.c
 *	  The table sys.job_list, which keeps the jobs over a restart.
 *
 * It is a plain heap table.  Sessions write it as catalogs are written,
 * because the row belongs to the statement that submits the job and must not
 * count as DML.  The worker is a superuser and uses SQL.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "jobs/table.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* Columns of sys.job_list, as the SQL of the extension creates it. */
enum
{
	COLUMN_ID = 1,
	COLUMN_JOB_TYPE,
	COLUMN_OBJECT_ID,
	COLUMN_NAME, /* called "statement" there */
	COLUMN_STATUS,
	COLUMN_DETAILS,
	COLUMN_START_TIME,
	COLUMN_UPDATE_TIME,
	COLUMN_COUNT = COLUMN_UPDATE_TIME
};

/* As sys.jobs shows the kinds. */
static const char *const kind_names[] = {
	[JOB_INDEX_BUILD] = "INDEX_BUILD",
	[JOB_VALIDATE_CONSTRAINT] = "VALIDATE_CONSTRAINT",
	[JOB_DROP] = "DROP",
	[JOB_ANALYZE] = "ANALYZE",
};

static Oid
find_table(void)
{
	Oid schema = get_namespace_oid("sys", true);

	return OidIsValid(schema) ? get_relname_relid("job_list", schema)
							  : InvalidOid;
}

bool
jobs_table_exists(void)
{
	return OidIsValid(find_table());
}

static Relation
open_table(LOCKMODE mode)
{
	Oid table = find_table();

	if (!OidIsValid(table))
		ereport(
			ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("the SQL of dsql_local was not run in this database")));
	return table_open(table, mode);
}

void
jobs_table_insert(const Job *job)
{
	Relation  table = open_table(RowExclusiveLock);
	Datum	  values[COLUMN_COUNT] = {0};
	bool	  nulls[COLUMN_COUNT] = {0};
	HeapTuple tuple;

	values[COLUMN_ID - 1] = UUIDPGetDatum(&job->id);
	values[COLUMN_JOB_TYPE - 1] = CStringGetTextDatum(kind_names[job->kind]);
	values[COLUMN_OBJECT_ID - 1] = ObjectIdGetDatum(job->object);
	values[COLUMN_NAME - 1] = CStringGetTextDatum(job->name);
	values[COLUMN_STATUS - 1] = CStringGetTextDatum(JOB_SUBMITTED);
	nulls[COLUMN_DETAILS - 1] = true;
	values[COLUMN_START_TIME - 1] = TimestampTzGetDatum(GetCurrentTimestamp());
	nulls[COLUMN_UPDATE_TIME - 1] = true;
	tuple = heap_form_tuple(RelationGetDescr(table), values, nulls);
	CatalogTupleInsert(table, tuple);
	heap_freetuple(tuple);
	table_close(table, NoLock);
}

static JobOutcome
outcome_of(Relation table, HeapTuple tuple)
{
	bool  is_null;
	Datum status =
		heap_getattr(tuple, COLUMN_STATUS, RelationGetDescr(table), &is_null);
	char *name = TextDatumGetCString(status);

	if (TransactionIdIsCurrentTransactionId(
			HeapTupleHeaderGetXmin(tuple->t_data)))
		return JOB_IS_OF_THIS_TRANSACTION;
	if (strcmp(name, JOB_COMPLETED) == 0)
		return JOB_HAS_SUCCEEDED;
	return strcmp(name, JOB_FAILED) == 0 ? JOB_HAS_FAILED : JOB_IS_UNDER_WAY;
}

JobOutcome
jobs_table_look(const pg_uuid_t *id, Oid *object)
{
	Relation	table = open_table(AccessShareLock);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	JobOutcome	outcome = JOB_IS_MISSING;
	bool		is_null;

	ScanKeyInit(&key, COLUMN_ID, BTEqualStrategyNumber, F_UUID_EQ,
				UUIDPGetDatum(id));
	scan = systable_beginscan(table, InvalidOid, false, snapshot, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		outcome = outcome_of(table, tuple);
		*object = DatumGetObjectId(heap_getattr(
			tuple, COLUMN_OBJECT_ID, RelationGetDescr(table), &is_null));
	}
	systable_endscan(scan);
	UnregisterSnapshot(snapshot);
	table_close(table, AccessShareLock);
	return outcome;
}

/* ---- For workers ---- */

/* Leaves SPI connected, for the caller to read the result. */

static void
run_sql(const char *sql, int nargs, Oid *types, Datum *values,
		const char *nulls)
{
	if (SPI_connect() != SPI_OK_CONNECT ||
		SPI_execute_with_args(sql, nargs, types, values, nulls, false, 0) < 0)
		elog(ERROR, "could not run \"%s\"", sql);
}

/* An error here would end the worker, again and again: the job fails instead.
 */
static JobKind
kind_of(const char *name)
{
	for (int i = 0; i < lengthof(kind_names); i++)
	{
		if (strcmp(kind_names[i], name) == 0)
			return i;
	}
	return JOB_UNKNOWN;
}

static void
read_job(Job *job, uint64 row, MemoryContext context)
{
	HeapTuple	  tuple = SPI_tuptable->vals[row];
	TupleDesc	  desc = SPI_tuptable->tupdesc;
	MemoryContext old = MemoryContextSwitchTo(context);
	bool		  is_null;

	job->is_complete = false;
	job->id = *DatumGetUUIDP(SPI_getbinval(tuple, desc, 1, &is_null));
	job->kind = kind_of(SPI_getvalue(tuple, desc, 2));
	job->object = DatumGetObjectId(SPI_getbinval(tuple, desc, 3, &is_null));
	job->name = pstrdup(SPI_getvalue(tuple, desc, 4));
	MemoryContextSwitchTo(old);
}

static int
due_ms_of(uint64 row)
{
	bool is_null;

	return DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[row],
									   SPI_tuptable->tupdesc, 5, &is_null));
}

/* A job of the future is due: the wall clock was set back. */
bool
jobs_table_next(Job *job, int delay_ms, JobFilter may_run)
{
	MemoryContext context = CurrentMemoryContext;
	Oid			  types[1] = {INT4OID};
	Datum		  values[1] = {Int32GetDatum(delay_ms)};
	bool		  found = false;

	run_sql("SELECT id, job_type, object_id, statement,"
			"   CASE WHEN age >= 0 AND age < $1 THEN $1 - age::int ELSE 0 END"
			" FROM (SELECT *, pg_catalog.floor(1000 *"
			"     extract(epoch FROM pg_catalog.clock_timestamp() -"
			"             start_time)) AS age FROM sys.job_list) AS j"
			" WHERE status IN ('submitted', 'processing')"
			" ORDER BY start_time",
			1, types, values, NULL);
	for (uint64 row = 0; row < SPI_processed && !found; row++)
	{
		read_job(job, row, context);
		found = may_run(job, due_ms_of(row));
	}
	SPI_finish();
	return found;
}

bool
jobs_table_begin(const pg_uuid_t *id)
{
	Oid	  types[1] = {UUIDOID};
	Datum values[1] = {UUIDPGetDatum(id)};
	bool  result;

	run_sql("UPDATE sys.job_list SET status = 'processing',"
			" update_time = pg_catalog.clock_timestamp()"
			" WHERE id = $1 AND status IN ('submitted', 'processing')",
			1, types, values, NULL);
	result = SPI_processed == 1;
	SPI_finish();
	return result;
}

void
jobs_table_set(const pg_uuid_t *id, const char *status, const char *details)
{
	Oid	  types[3] = {UUIDOID, TEXTOID, TEXTOID};
	Datum values[3] = {UUIDPGetDatum(id), CStringGetTextDatum(status), 0};

	if (details != NULL)
		values[2] = CStringGetTextDatum(details);
	run_sql("UPDATE sys.job_list SET status = $2, details = $3,"
			" update_time = pg_catalog.clock_timestamp() WHERE id = $1",
			3, types, values, details == NULL ? "  n" : "   ");
	SPI_finish();
}

void
jobs_table_forget_older_than(int seconds)
{
	Oid	  types[1] = {FLOAT8OID};
	Datum values[1] = {Float8GetDatum(seconds)};

	run_sql("DELETE FROM sys.job_list WHERE status IN ('completed', 'failed')"
			" AND update_time < pg_catalog.clock_timestamp() -"
			"   pg_catalog.make_interval(secs => $1)",
			1, types, values, NULL);
	SPI_finish();
}
