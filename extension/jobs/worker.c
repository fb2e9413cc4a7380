/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * job_worker.c
 *	  The background worker that runs jobs, and what others say to it.
 *
 * One worker takes one job after the other from sys.job_list, oldest first.
 * A job that a crash interrupted is still "processing" there, and is taken up
 * again when the worker comes back.
 *
 * An index is built in three transactions, much as CREATE INDEX CONCURRENTLY
 * does it:
 *
 *   1. the user's: the index is in the catalog, neither ready nor valid;
 *   2. build: index what a snapshot sees; from its commit on the index is
 *      ready, that is, everybody maintains it, and a unique one is enforced;
 *   3. validate: put in what is missing; from its commit on it is valid.
 *
 * PostgreSQL waits for old transactions between these: one that inserted rows
 * before 2 has no entries for them, and one with a snapshot older than 3 may
 * see rows that never got one.  Nobody waits here, because neither of them
 * gets that far: the commits of 1, 2 and 3 change the table's schema, and a
 * transaction whose snapshot is older fails with OC001 when it touches the
 * table again or commits.  All that is waited for are statements under way.
 * For the same reason each commit is made under ShareLock: no writer may be
 * between having looked at the catalog and its write.
 */
#include "base/settings.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/pg_class.h"
#include "executor/spi.h"
#include "jobs/statements.h"
#include "jobs/table.h"
#include "jobs/worker.h"
#include "libpq/pqsignal.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "schema/ddl.h"
#include "storage/bufmgr.h"
#include "storage/condition_variable.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lmgr.h"
#include "storage/proc.h"
#include "storage/shmem.h"
#include "storage/spin.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#define JOBS_DATABASE "postgres"
#define POLL_MS		  10000L
#define WAIT_MS		  200L
#define PAUSE_MS	  50L

typedef struct JobShared
{
	slock_t			  mutex; /* of the next four */
	pid_t			  pid;	 /* 0: the worker does not run */
	Latch			 *latch;
	Oid				  index; /* what it works on */
	Oid				  table;
	ConditionVariable ended;
} JobShared;

static JobShared *shared = NULL;
static bool		  is_worker = false;
static int		  retention_s = 1800;

PGDLLEXPORT void dsql_jobs_main(Datum arg);

void
job_worker_init(void)
{
	BackgroundWorker worker = {0};

	DefineCustomIntVariable("dsql_local.job_retention",
							"How long sys.jobs shows a job that has ended.",
							NULL, &retention_s, 1800, 0, INT_MAX, PGC_SIGHUP,
							GUC_UNIT_S, NULL, NULL, NULL);

	strlcpy(worker.bgw_name, "dsql_local jobs", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "dsql_local jobs", BGW_MAXLEN);
	strlcpy(worker.bgw_library_name, "dsql_local", BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, "dsql_jobs_main", BGW_MAXLEN);
	worker.bgw_flags =
		BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = 1;
	RegisterBackgroundWorker(&worker);
}

Size
job_worker_shmem_size(void)
{
	return MAXALIGN(sizeof(JobShared));
}

void
job_worker_shmem_init(void)
{
	bool found;

	shared = ShmemInitStruct("dsql_local jobs", sizeof(JobShared), &found);
	if (found)
		return;
	memset(shared, 0, sizeof(JobShared));
	SpinLockInit(&shared->mutex);
	ConditionVariableInit(&shared->ended);
}

bool
jobs_is_worker(void)
{
	return is_worker;
}

/* ---- What sessions say to it ---- */

void
job_worker_wake(void)
{
	Latch *latch;

	SpinLockAcquire(&shared->mutex);
	latch = shared->latch;
	SpinLockRelease(&shared->mutex);
	if (latch != NULL)
		SetLatch(latch);
}

void
job_worker_yield(Oid relation)
{
	pid_t pid = 0;

	SpinLockAcquire(&shared->mutex);
	if (OidIsValid(relation) &&
		(shared->index == relation || shared->table == relation))
		pid = shared->pid;
	SpinLockRelease(&shared->mutex);
	/* If it has taken up something else by now, that is begun again. */
	if (pid != 0)
		kill(pid, SIGINT);
}

void
job_worker_wait_for_end(void)
{
	ConditionVariableTimedSleep(&shared->ended, WAIT_MS, PG_WAIT_EXTENSION);
	ConditionVariableCancelSleep();
	CHECK_FOR_INTERRUPTS();
}

static void
set_working_on(Oid index, Oid table)
{
	SpinLockAcquire(&shared->mutex);
	shared->index = index;
	shared->table = table;
	SpinLockRelease(&shared->mutex);
}

static void
say_goodbye(int code, Datum arg)
{
	SpinLockAcquire(&shared->mutex);
	shared->pid = 0;
	shared->latch = NULL;
	shared->index = InvalidOid;
	shared->table = InvalidOid;
	SpinLockRelease(&shared->mutex);
}

/* ---- Transactions of the worker ---- */

static void
begin(void)
{
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
}

static void
commit(void)
{
	if (ActiveSnapshotSet())
		PopActiveSnapshot();
	CommitTransactionCommand();
}

/* The table's definition changes with this commit, and no writer is at work.
 */
static void
commit_schema_change(Oid table)
{
	LockRelationOid(table, ShareLock);
	ddl_record_change(table);
	CacheInvalidateRelcacheByRelid(table);
	commit();
}

static void
finish(const Job *job, const char *status, const char *details)
{
	job_table_set(&job->id, status, details);
	ereport(LOG, (errmsg("job on \"%s\" %s%s%s", job->statement, status,
						 details == NULL ? "" : ": ",
						 details == NULL ? "" : details)));
}

/* ---- Building an index ---- */

/*
 * Locks the index's table as CREATE INDEX CONCURRENTLY does; InvalidOid: the
 * index is gone, maybe with its table.
 */
static Oid
lock_table_of(Oid index)
{
	Oid table = IndexGetRelation(index, true);

	if (!OidIsValid(table))
		return InvalidOid;
	set_working_on(index, table);
	LockRelationOid(table, ShareUpdateExclusiveLock);
	return IndexGetRelation(index, true) == table ? table : InvalidOid;
}

static void
read_state(Oid index, bool *is_ready, bool *is_valid, bool *is_empty)
{
	Relation relation = index_open(index, AccessShareLock);

	*is_ready = relation->rd_index->indisready;
	*is_valid = relation->rd_index->indisvalid;
	*is_empty = RelationGetNumberOfBlocks(relation) == 0;
	index_close(relation, AccessShareLock);
}

/* What an earlier attempt has left in the index must go. */
static void
empty_index(Oid index)
{
	Relation relation = index_open(index, AccessExclusiveLock);

	RelationSetNewFileCompat(relation, relation->rd_rel->relpersistence);
	index_close(relation, NoLock);
	CommandCounterIncrement();
}

static void
wait_for_statements(Oid table)
{
	LOCKTAG tag;

	SET_LOCKTAG_RELATION(tag, MyDatabaseId, table);
	WaitForLockers(tag, ShareLock, false);
}

static void
build_index(Oid table, Oid index)
{
	wait_for_statements(table);
	PopActiveSnapshot();
	PushActiveSnapshot(GetTransactionSnapshot());
	index_concurrently_build(table, index);
	commit_schema_change(table);
}

static void
validate_and_finish(const Job *job, Oid table)
{
	Snapshot snapshot;

	wait_for_statements(table);
	PopActiveSnapshot();
	snapshot = RegisterSnapshot(GetTransactionSnapshot());
	PushActiveSnapshot(snapshot);
	validate_index(table, job->object, snapshot);
	UnregisterSnapshot(snapshot);
	index_set_state_flags(job->object, INDEX_CREATE_SET_VALID);
	finish(job, JOB_COMPLETED, NULL);
	commit_schema_change(table);
}

static void
finish_missing(const Job *job)
{
	finish(job, JOB_COMPLETED,
		   psprintf("relation \"%s\" does not exist", job->statement));
	commit();
}

/* One step; true when there is another. */
static bool
step_index_build(const Job *job)
{
	Oid	 table;
	bool is_ready;
	bool is_valid;
	bool is_empty;

	begin();
	table = lock_table_of(job->object);
	if (!OidIsValid(table))
	{
		finish_missing(job);
		return false;
	}
	read_state(job->object, &is_ready, &is_valid, &is_empty);
	if (is_valid)
	{
		finish(job, JOB_COMPLETED, NULL);
		commit();
		return false;
	}
	if (is_ready)
	{
		validate_and_finish(job, table);
		return false;
	}
	if (is_empty)
		build_index(table, job->object);
	else
	{
		empty_index(job->object);
		commit();
	}
	return true;
}

/* ---- Validating a constraint ---- */

static Oid
owner_of(Oid relation)
{
	HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	Oid		  owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relation);
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

static void
validate_constraint(const Job *job, const char *table)
{
	Oid	  user;
	int	  context;
	int	  nest_level = NewGUCNestLevel();
	char *sql = psprintf("ALTER TABLE %s VALIDATE CONSTRAINT %s", table,
						 quote_identifier(job->statement));

	/* A check may call functions: they are the owner's, not ours. */
	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(owner_of(job->object),
						   context | SECURITY_RESTRICTED_OPERATION);
	if (SPI_connect() != SPI_OK_CONNECT || SPI_execute(sql, false, 0) < 0)
		elog(ERROR, "could not run \"%s\"", sql);
	SPI_finish();
	AtEOXact_GUC(false, nest_level);
	SetUserIdAndSecContext(user, context);
}

static bool
step_validate(const Job *job)
{
	char *name = NULL;

	begin();
	set_working_on(InvalidOid, job->object);
	LockRelationOid(job->object, ShareUpdateExclusiveLock);
	if (get_rel_name(job->object) != NULL)
		name = quote_qualified_identifier(
			get_namespace_name(get_rel_namespace(job->object)),
			get_rel_name(job->object));
	if (name == NULL)
	{
		finish(job, JOB_COMPLETED, "Skipped job for nonexistent table.");
		commit();
		return false;
	}
	validate_constraint(job, name);
	finish(job, JOB_COMPLETED, NULL);
	commit_schema_change(job->object);
	return false;
}

/* ---- One job after the other ---- */

static bool
step(const Job *job)
{
	switch (job->kind)
	{
		case JOB_INDEX_BUILD:
			return step_index_build(job);
		case JOB_VALIDATE_CONSTRAINT:
			return step_validate(job);
		case JOB_DROP:
		case JOB_ANALYZE:
			break;
	}
	begin();
	finish(job, JOB_COMPLETED, NULL);
	commit();
	return false;
}

static const char *
details_of(const Job *job, const ErrorData *error)
{
	if (job->kind == JOB_INDEX_BUILD &&
		error->sqlerrcode == ERRCODE_UNIQUE_VIOLATION)
		return "Found duplicate key while validating index for UCVs";
	if (error->sqlerrcode == ERRCODE_CHECK_VIOLATION)
		return psprintf("check constraint \"%s\" is violated by some row",
						job->statement);
	return error->message;
}

/* True: begin again, somebody needed what we had locked. */
static bool
is_to_be_repeated(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_QUERY_CANCELED ||
		   error->sqlerrcode == ERRCODE_T_R_DEADLOCK_DETECTED ||
		   error->sqlerrcode == ERRCODE_T_R_SERIALIZATION_FAILURE;
}

/* For those whose DDL is under way. */
static void
pause_for_others(void)
{
	(void) WaitLatch(MyLatch, WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, PAUSE_MS,
					 PG_WAIT_EXTENSION);
}

/* The transaction has failed; the job fails with it, or is begun again. */
static bool
after_error(const Job *job, MemoryContext context)
{
	ErrorData *error;

	MemoryContextSwitchTo(context);
	error = CopyErrorData();
	FlushErrorState();
	AbortCurrentTransaction();
	MemoryContextSwitchTo(context);
	if (is_to_be_repeated(error))
	{
		pause_for_others();
		return true;
	}
	begin();
	finish(job, JOB_FAILED, details_of(job, error));
	commit();
	return false;
}

/* Here, and only here, may job_worker_yield() interrupt. */
static bool
try_step(const Job *job, MemoryContext context)
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
		HOLD_CANCEL_INTERRUPTS(); /* an error has let go of it */
		is_more = after_error(job, context);
	}
	PG_END_TRY();
	return is_more;
}

static void
run_job(const Job *job, MemoryContext context)
{
	begin();
	job_table_set(&job->id, JOB_PROCESSING, NULL);
	commit();
	while (try_step(job, context))
	{
		MemoryContextSwitchTo(context);
		CHECK_FOR_INTERRUPTS();
	}
	set_working_on(InvalidOid, InvalidOid);
	ConditionVariableBroadcast(&shared->ended);
}

/* The next job, in the context; old ones are forgotten on the way. */
static bool
find_job(Job *job, MemoryContext context)
{
	bool found = false;

	begin();
	if (job_table_exists())
	{
		job_table_forget_older_than(retention_s);
		MemoryContextSwitchTo(context);
		found = job_table_next(job);
	}
	commit();
	MemoryContextSwitchTo(context);
	return found;
}

static void
run_all_jobs(MemoryContext context)
{
	Job job;

	MemoryContextReset(context);
	while (find_job(&job, context))
	{
		run_job(&job, context);
		MemoryContextReset(context);
	}
}

static void
start_up(void)
{
	is_worker = true;
	HOLD_CANCEL_INTERRUPTS();
	pqsignal(SIGTERM, die);
	pqsignal(SIGINT, StatementCancelHandler);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	BackgroundWorkerUnblockSignals();
	before_shmem_exit(say_goodbye, 0);
	BackgroundWorkerInitializeConnection(JOBS_DATABASE, NULL, 0);
	SetConfigOption("dsql_local.strict", "off", PGC_SUSET, PGC_S_SESSION);
	SetConfigOption("default_transaction_isolation", "read committed",
					PGC_USERSET, PGC_S_SESSION);
	SpinLockAcquire(&shared->mutex);
	shared->pid = MyProcPid;
	shared->latch = MyLatch;
	SpinLockRelease(&shared->mutex);
}

void
dsql_jobs_main(Datum arg)
{
	MemoryContext context;

	start_up();
	context = AllocSetContextCreate(TopMemoryContext, "dsql_local job",
									ALLOCSET_DEFAULT_SIZES);
	for (;;)
	{
		MemoryContextSwitchTo(context);
		run_all_jobs(context);
		(void) WaitLatch(MyLatch,
						 WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 POLL_MS, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
		}
	}
}
