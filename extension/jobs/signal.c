/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * signal.c
 *	  What sessions and job workers tell each other.
 *
 * Locking: a spinlock guards what the workers run and what sessions wait for.
 * It is held for looks and assignments only; latches and signals are sent
 * after it is released.  By then a worker may be gone or work on something
 * else.  Neither does harm: a latch belongs to a process slot, not to a
 * process, and work that was interrupted for nothing begins again.
 */
#include "postgres.h"

#include <signal.h>

#include "jobs/signal.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/condition_variable.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "storage/shmem.h"
#include "storage/spin.h"
#include "utils/guc.h"

/* How long a session waits before it looks at the table again. */
#define WAIT_MS 200L

/*
 * Jobs that somebody waits for.  One that is forgotten begins when its delay
 * is over.
 */
#define MAX_WANTED 64

typedef struct JobWorker
{
	pid_t	  pid; /* 0: it does not run */
	Latch	 *latch;
	bool	  has_job;
	pg_uuid_t job;
	Oid		  index; /* what it works on; InvalidOid: nothing */
	Oid		  table;
} JobWorker;

typedef struct JobShared
{
	slock_t	  mutex; /* guards the next three */
	JobWorker workers[JOBS_WORKERS];
	pg_uuid_t wanted[MAX_WANTED]; /* a ring */
	uint32	  nwanted;			  /* ever */

	ConditionVariable ended; /* a job has ended */
} JobShared;

static int		  max_wanted = MAX_WANTED; /* dsql_local.max_wanted_jobs */
static JobShared *shared = NULL;
static JobWorker *mine = NULL; /* of a worker */

void
jobs_signal_init(void)
{
	DefineCustomIntVariable(
		"dsql_local.max_wanted_jobs",
		"Jobs that begin at once because a session waits for them.",
		"One more begins when its delay is over.", &max_wanted, MAX_WANTED, 1,
		MAX_WANTED, PGC_POSTMASTER, 0, NULL, NULL, NULL);
}

void
jobs_signal_shmem_request(void)
{
	RequestAddinShmemSpace(MAXALIGN(sizeof(JobShared)));
}

void
jobs_signal_shmem_init(void)
{
	bool found;

	shared = ShmemInitStruct("dsql_local jobs", sizeof(JobShared), &found);
	if (found)
		return;
	memset(shared, 0, sizeof(JobShared));
	SpinLockInit(&shared->mutex);
	ConditionVariableInit(&shared->ended);
}

static bool
is_same(const pg_uuid_t *a, const pg_uuid_t *b)
{
	return memcmp(a->data, b->data, UUID_LEN) == 0;
}

/* ---- For sessions ---- */

void
jobs_signal_wake(void)
{
	Latch *latches[JOBS_WORKERS];

	SpinLockAcquire(&shared->mutex);
	for (int i = 0; i < JOBS_WORKERS; i++)
		latches[i] = shared->workers[i].latch;
	SpinLockRelease(&shared->mutex);
	for (int i = 0; i < JOBS_WORKERS; i++)
		if (latches[i] != NULL)
			SetLatch(latches[i]);
}

/* Under the spinlock. */
static bool
find_wanted(const pg_uuid_t *job)
{
	for (uint32 i = 0; i < Min(shared->nwanted, (uint32) max_wanted); i++)
		if (is_same(&shared->wanted[i], job))
			return true;
	return false;
}

void
jobs_signal_want(const pg_uuid_t *job)
{
	bool is_known;

	SpinLockAcquire(&shared->mutex);
	is_known = find_wanted(job);
	if (!is_known)
		shared->wanted[shared->nwanted++ % (uint32) max_wanted] = *job;
	SpinLockRelease(&shared->mutex);
	if (!is_known)
		jobs_signal_wake();
}

void
jobs_signal_yield(Oid relation)
{
	pid_t pids[JOBS_WORKERS] = {0};

	if (!OidIsValid(relation))
		return;
	SpinLockAcquire(&shared->mutex);
	for (int i = 0; i < JOBS_WORKERS; i++)
	{
		const JobWorker *worker = &shared->workers[i];

		if (worker != mine &&
			(worker->index == relation || worker->table == relation))
			pids[i] = worker->pid;
	}
	SpinLockRelease(&shared->mutex);
	for (int i = 0; i < JOBS_WORKERS; i++)
		if (pids[i] != 0)
			kill(pids[i], SIGINT);
}

/*
 * PostgreSQL's rule for condition variables: prepare once, before the
 * condition is looked at, and cancel after the loop.  A sleep that was not
 * prepared only prepares and returns at once.  An error's abort cancels as
 * well.
 */
void
jobs_signal_begin_waiting(void)
{
	ConditionVariablePrepareToSleep(&shared->ended);
}

void
jobs_signal_wait_for_end(void)
{
	ConditionVariableTimedSleep(&shared->ended, WAIT_MS, PG_WAIT_EXTENSION);
	CHECK_FOR_INTERRUPTS();
}

void
jobs_signal_end_waiting(void)
{
	ConditionVariableCancelSleep();
}

/* ---- For workers ---- */

static void
at_worker_exit(int code, Datum arg)
{
	SpinLockAcquire(&shared->mutex);
	memset(mine, 0, sizeof(JobWorker));
	SpinLockRelease(&shared->mutex);
}

bool
jobs_signal_worker_started(int number)
{
	JobWorker *worker = &shared->workers[number];
	bool	   is_free;

	SpinLockAcquire(&shared->mutex);
	is_free = worker->pid == 0;
	if (is_free)
	{
		worker->pid = MyProcPid;
		worker->latch = MyLatch;
	}
	SpinLockRelease(&shared->mutex);
	if (!is_free)
		return false;
	mine = worker;
	before_shmem_exit(at_worker_exit, 0);
	return true;
}

bool
jobs_signal_worker_runs(int number)
{
	bool result;

	SpinLockAcquire(&shared->mutex);
	result = shared->workers[number].pid != 0;
	SpinLockRelease(&shared->mutex);
	return result;
}

bool
jobs_signal_is_wanted(const pg_uuid_t *job)
{
	bool result;

	SpinLockAcquire(&shared->mutex);
	result = find_wanted(job);
	SpinLockRelease(&shared->mutex);
	return result;
}

/* Under the spinlock. */
static bool
is_taken(const pg_uuid_t *job, Oid table)
{
	for (int i = 0; i < JOBS_WORKERS; i++)
	{
		const JobWorker *worker = &shared->workers[i];

		if (worker->has_job && (is_same(&worker->job, job) ||
								(OidIsValid(table) && worker->table == table)))
			return true;
	}
	return false;
}

bool
jobs_signal_claim(const pg_uuid_t *job, Oid table)
{
	bool is_free;

	SpinLockAcquire(&shared->mutex);
	is_free = !is_taken(job, table);
	if (is_free)
	{
		mine->has_job = true;
		mine->job = *job;
		mine->table = table;
	}
	SpinLockRelease(&shared->mutex);
	return is_free;
}

void
jobs_signal_set_work(Oid index, Oid table)
{
	SpinLockAcquire(&shared->mutex);
	mine->index = index;
	mine->table = table;
	SpinLockRelease(&shared->mutex);
}

/* Others may wait for the table. */
void
jobs_signal_release(void)
{
	SpinLockAcquire(&shared->mutex);
	mine->has_job = false;
	mine->index = mine->table = InvalidOid;
	SpinLockRelease(&shared->mutex);
	ConditionVariableBroadcast(&shared->ended);
	jobs_signal_wake();
}
