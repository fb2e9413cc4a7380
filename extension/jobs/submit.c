/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * submit.c
 *	  Submitting a job, and waiting for one.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/index.h"
#include "fmgr.h"
#include "funcapi.h"
#include "jobs/signal.h"
#include "jobs/submit.h"
#include "schema/known.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

static bool has_submitted = false; /* in this transaction */

PG_FUNCTION_INFO_V1(dsql_wait_for_job);

void
jobs_submit(JobKind kind, Oid relation, const char *name,
			char job_id[JOB_ID_SIZE])
{
	Job job = {.kind = kind, .object = relation};

	job.name = pstrdup(name);
	jobs_id_make(&job.id);
	jobs_table_insert(&job);
	jobs_id_encode(&job.id, job_id);
	has_submitted = true;
}

void
jobs_submit_after_transaction(bool committed)
{
	if (has_submitted && committed)
		jobs_signal_wake();
	has_submitted = false;
}

/* ---- Waiting ---- */

/* A job that cannot end while this transaction waits for it. */
static void
refuse_to_wait(JobOutcome outcome)
{
	if (outcome == JOB_IS_OF_THIS_TRANSACTION)
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("cannot wait for a job of this transaction"),
				 errhint("The job starts when the transaction commits.")));
	if (outcome == JOB_IS_MISSING)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
						errmsg("job does not exist")));
}

/* One look leaves nothing behind, however many there are. */
static JobOutcome
look(const pg_uuid_t *id, Oid *object, MemoryContext scratch)
{
	MemoryContext old = MemoryContextSwitchTo(scratch);
	JobOutcome	  outcome = jobs_table_look(id, object);

	MemoryContextSwitchTo(old);
	MemoryContextReset(scratch);
	return outcome;
}

/* Whoever has waited for the job knows what it did to its table. */
static void
know_end_of_job(Oid object)
{
	Oid table = IndexGetRelation(object, true);

	schema_known_forget(OidIsValid(table) ? table : object);
}

/* True: the job has succeeded.  False: it has failed. */
static bool
wait_for(const pg_uuid_t *id)
{
	MemoryContext scratch = AllocSetContextCreate(
		CurrentMemoryContext, "dsql_local wait_for_job", ALLOCSET_SMALL_SIZES);
	JobOutcome outcome;
	Oid		   object = InvalidOid;

	jobs_signal_begin_waiting();
	while ((outcome = look(id, &object, scratch)) == JOB_IS_UNDER_WAY)
	{
		jobs_signal_want(id);
		jobs_signal_wait_for_end();
	}
	jobs_signal_end_waiting();
	MemoryContextDelete(scratch);
	refuse_to_wait(outcome);
	know_end_of_job(object);
	return outcome == JOB_HAS_SUCCEEDED;
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
		!jobs_id_decode(text_to_cstring(PG_GETARG_TEXT_PP(0)), &id))
		ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						errmsg("Unable to convert text to UUID")));
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "wait_for_job must return a row");
	values[0] = BoolGetDatum(wait_for(&id));
	return HeapTupleGetDatum(
		heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}
