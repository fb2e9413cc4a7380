/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * worker.c
 *	  The background workers that run jobs.
 *
 * Each worker takes one job after the other from sys.job_list, oldest first,
 * but no two work on one table at the same time.  A job that a crash
 * interrupted is still "processing" there, and is taken up again when a worker
 * comes back.
 *
 * The server starts the first worker, and that one the others when it sees a
 * job: while the server starts, three processes more would make whoever waits
 * for it wait longer.
 *
 * A job begins a moment after it was submitted, because its changes of the
 * catalog would make the next statements of the same script fail with OC001.
 * It begins at once if somebody waits for it with sys.wait_for_job().
 *
 * Each step of a job is a transaction.  A session whose DDL needs a relation
 * that is worked on sends SIGINT (signal.c): the step is cancelled and
 * repeated later.
 */
#include "postgres.h"

#include <limits.h>

#include "access/xact.h"
#include "catalog/index.h"
#include "jobs/constraint.h"
#include "jobs/index_build.h"
#include "jobs/signal.h"
#include "jobs/statistics.h"
#include "jobs/table.h"
#include "jobs/worker.h"
#include "jobs/worker_transaction.h"
#include "libpq/pqsignal.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"

/* The only database of a cluster. */
#define JOBS_DATABASE "postgres"

/* How often a worker looks for jobs when nobody wakes it. */
#define POLL_MS 10000

/* How long it waits before it repeats a step. */
#define PAUSE_MS 50L

/* How long the first worker waits before it connects when nobody wakes it. */
#define START_MS 1000L

static bool is_worker = false;
static int	retention_s = 1800; /* dsql_local.job_retention */
static int	delay_ms = 1500;	/* dsql_local.job_delay */
static int	next_due_ms; /* the next job that is not due yet, or POLL_MS */
static bool has_seen_job = false;

/* Of the first worker; NULL: not started by this process. */
static BackgroundWorkerHandle *others[JOBS_WORKERS];

PGDLLEXPORT void dsql_jobs_main(Datum arg);

static BackgroundWorker
worker_with(int number, int restart_s)
{
	BackgroundWorker worker = {.bgw_main_arg = Int32GetDatum(number),
							   .bgw_restart_time = restart_s};

	strlcpy(worker.bgw_name, "dsql_local jobs", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "dsql_local jobs", BGW_MAXLEN);
	strlcpy(worker.bgw_library_name, "dsql_local", BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, "dsql_jobs_main", BGW_MAXLEN);
	worker.bgw_flags =
		BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	return worker;
}

void
jobs_worker_init(void)
{
	BackgroundWorker first = worker_with(0, 1);

	DefineCustomIntVariable("dsql_local.job_retention",
							"How long sys.jobs shows a job that has ended.",
							NULL, &retention_s, 1800, 0, INT_MAX, PGC_SIGHUP,
							GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomIntVariable(
		"dsql_local.job_delay",
		"How long a job waits before it begins, unless somebody waits for it.",
		NULL, &delay_ms, 1500, 0, INT_MAX, PGC_SIGHUP, GUC_UNIT_MS, NULL, NULL,
		NULL);
	jobs_signal_init();
	RegisterBackgroundWorker(&first);
}

bool
jobs_worker_is_me(void)
{
	return is_worker;
}

/* ---- One job after the other ---- */

static bool
step(Job *job)
{
	switch (job->kind)
	{
		case JOB_INDEX_BUILD:
			return jobs_index_build_step(job);
		case JOB_VALIDATE_CONSTRAINT:
			return jobs_constraint_step(job);
		case JOB_ANALYZE:
			return jobs_statistics_step(job);
		case JOB_DROP:
			break;
		case JOB_UNKNOWN:
			ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
							errmsg("this type of job is not supported")));
	}
	jobs_worker_begin();
	jobs_worker_finish(job, JOB_COMPLETED, NULL);
	jobs_worker_commit();
	return false;
}

/* What sys.jobs shows, in the service's words where it has its own. */
static const char *
details_of(const Job *job, const ErrorData *error)
{
	if (job->kind == JOB_INDEX_BUILD &&
		error->sqlerrcode == ERRCODE_UNIQUE_VIOLATION)
		return "Found duplicate key while validating index for UCVs";
	if (job->kind == JOB_INDEX_BUILD &&
		error->sqlerrcode == ERRCODE_PROGRAM_LIMIT_EXCEEDED)
		return "key size too large";
	if (error->sqlerrcode == ERRCODE_CHECK_VIOLATION)
		return psprintf("check constraint \"%s\" is violated by some row",
						job->name);
	return error->message;
}

/* True: the step is repeated, because a session needed what we had locked. */
static bool
must_be_repeated(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_QUERY_CANCELED ||
		   error->sqlerrcode == ERRCODE_T_R_DEADLOCK_DETECTED ||
		   error->sqlerrcode == ERRCODE_T_R_SERIALIZATION_FAILURE;
}

/* Gives the session whose DDL interrupted us time to get its lock. */
static void
pause_for_others(void)
{
	(void) WaitLatch(MyLatch, WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, PAUSE_MS,
					 PG_WAIT_EXTENSION);
}

/* The step has failed: repeat it, or fail the job.  True: repeat. */
static bool
after_error(const Job *job, MemoryContext context)
{
	ErrorData *error;

	MemoryContextSwitchTo(context);
	error = CopyErrorData();
	FlushErrorState();
	AbortCurrentTransaction();
	MemoryContextSwitchTo(context);
	if (must_be_repeated(error))
	{
		FreeErrorData(error); /* there may be many before the job ends */
		pause_for_others();
		return true;
	}
	jobs_worker_begin();
	jobs_worker_finish(job, JOB_FAILED, details_of(job, error));
	jobs_worker_commit();
	return false;
}

/* jobs_signal_yield() may interrupt here, and only here. */
static bool
try_step(Job *job, MemoryContext context)
{
	volatile bool is_more = false;

	PG_TRY();
	{
		QueryCancelPending = false; /* meant for an earlier step */
		RESUME_CANCEL_INTERRUPTS();
		is_more = step(job);
		HOLD_CANCEL_INTERRUPTS();
	}
	PG_CATCH();
	{
		HOLD_CANCEL_INTERRUPTS(); /* the error has reset the count */
		is_more = after_error(job, context);
	}
	PG_END_TRY();
	return is_more;
}

/* Another worker may have done it between the look at the table and now. */
static bool
begin_job(const Job *job)
{
	bool is_to_do;

	jobs_worker_begin();
	is_to_do = jobs_table_begin(&job->id);
	jobs_worker_commit();
	return is_to_do;
}

static void
run_job(Job *job, MemoryContext context)
{
	bool is_more = begin_job(job);

	while (is_more)
	{
		is_more = try_step(job, context);
		MemoryContextSwitchTo(context);
		CHECK_FOR_INTERRUPTS();
	}
	jobs_signal_release();
}

static bool
claim_if_due(const Job *job, int due_ms)
{
	Oid table = job->object;

	has_seen_job = true;
	if (due_ms > 0 && !jobs_signal_is_wanted(&job->id))
	{
		next_due_ms = Min(next_due_ms, due_ms);
		return false;
	}
	if (job->kind == JOB_INDEX_BUILD)
		table = IndexGetRelation(job->object, true);
	return jobs_signal_claim(&job->id, table);
}

/* The next job, allocated in the context.  Old ones are forgotten as well. */
static bool
find_job(Job *job, MemoryContext context)
{
	bool found = false;

	next_due_ms = POLL_MS;
	has_seen_job = false;
	jobs_worker_begin();
	if (jobs_table_exists())
	{
		jobs_table_forget_older_than(retention_s);
		MemoryContextSwitchTo(context);
		found = jobs_table_next(job, delay_ms, claim_if_due);
	}
	jobs_worker_commit();
	MemoryContextSwitchTo(context);
	return found;
}

/* Not by this process alone: an earlier first worker may have started it. */
static bool
is_started(int number)
{
	pid_t pid;

	return jobs_signal_worker_runs(number) ||
		   (others[number] != NULL &&
			GetBackgroundWorkerPid(others[number], &pid) != BGWH_STOPPED);
}

/*
 * Starts those that have ended, too.  If the server has no place for another
 * process (max_worker_processes), the next look at the jobs tries again.  None
 * is started again by the postmaster: after a crash it would be there twice.
 */
static void
start_others(void)
{
	for (int i = 1; i < JOBS_WORKERS; i++)
	{
		BackgroundWorker worker = worker_with(i, BGW_NEVER_RESTART);
		MemoryContext	 earlier;

		if (is_started(i))
			continue;
		if (others[i] != NULL)
			pfree(others[i]);
		others[i] = NULL;
		earlier = MemoryContextSwitchTo(TopMemoryContext);
		(void) RegisterDynamicBackgroundWorker(&worker, &others[i]);
		MemoryContextSwitchTo(earlier);
	}
}

static bool
find_job_of(int number, Job *job, MemoryContext context)
{
	bool found = find_job(job, context);

	if (number == 0 && has_seen_job)
		start_others();
	return found;
}

static void
run_all_jobs(int number, MemoryContext context)
{
	Job job;

	MemoryContextReset(context);
	while (find_job_of(number, &job, context))
	{
		run_job(&job, context);
		MemoryContextReset(context);
	}
}

/* ---- The process ---- */

/*
 * The first process that connects after a start reads the catalogs and leaves
 * what it has found in a file (relcache.c: pg_internal.init).  If the worker
 * did the same at once, whoever waits for the server to start would wait for
 * it too.
 */
static void
leave_start_to_sessions(void)
{
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
					 START_MS, PG_WAIT_EXTENSION);
	CHECK_FOR_INTERRUPTS();
}

/* Its number first, so that a session that submits a job can wake it. */
static void
start_up(int number)
{
	is_worker = true;
	HOLD_CANCEL_INTERRUPTS();
	pqsignal(SIGTERM, die);
	pqsignal(SIGINT, StatementCancelHandler);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	BackgroundWorkerUnblockSignals();
	if (!jobs_signal_worker_started(number))
		proc_exit(1); /* after 0 the first would never be started again */
	if (number == 0)
		leave_start_to_sessions();
	BackgroundWorkerInitializeConnection(JOBS_DATABASE, NULL, 0);
	SetConfigOption("dsql_local.strict", "off", PGC_SUSET, PGC_S_SESSION);
	SetConfigOption("default_transaction_isolation", "read committed",
					PGC_USERSET, PGC_S_SESSION);
}

void
dsql_jobs_main(Datum arg)
{
	MemoryContext context;
	int			  number = DatumGetInt32(arg);

	start_up(number);
	context = AllocSetContextCreate(TopMemoryContext, "dsql_local job",
									ALLOCSET_DEFAULT_SIZES);
	for (;;)
	{
		MemoryContextSwitchTo(context);
		run_all_jobs(number, context);
		(void) WaitLatch(MyLatch,
						 WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 next_due_ms, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
		}
	}
}
