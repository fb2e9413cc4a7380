/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * signal.c
 *	  What sessions and the job worker tell each other.
 *
 * Locking: a spinlock guards four fields that say whether the worker runs and
 * on what.  It is held for their assignment only; latch and signal are sent
 * after it is released.  By then the worker may be gone or work on something
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

/* How long a session waits before it looks at the table again. */
#define WAIT_MS 200L

typedef struct JobShared
{
	slock_t mutex; /* guards the next four */
	pid_t	pid;   /* 0: the worker does not run */
	Latch  *latch;
	Oid		index; /* what it works on; InvalidOid: nothing */
	Oid		table;

	ConditionVariable ended; /* a job has ended */
} JobShared;

static JobShared *shared = NULL;

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

/* ---- For sessions ---- */

void
jobs_signal_wake(void)
{
	Latch *latch;

	SpinLockAcquire(&shared->mutex);
	latch = shared->latch;
	SpinLockRelease(&shared->mutex);
	if (latch != NULL)
		SetLatch(latch);
}

void
jobs_signal_yield(Oid relation)
{
	pid_t pid = 0;

	SpinLockAcquire(&shared->mutex);
	if (OidIsValid(relation) &&
		(shared->index == relation || shared->table == relation))
		pid = shared->pid;
	SpinLockRelease(&shared->mutex);
	if (pid != 0)
		kill(pid, SIGINT);
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

/* ---- For the worker ---- */

void
jobs_signal_set_work(Oid index, Oid table)
{
	SpinLockAcquire(&shared->mutex);
	shared->index = index;
	shared->table = table;
	SpinLockRelease(&shared->mutex);
}

static void
at_worker_exit(int code, Datum arg)
{
	SpinLockAcquire(&shared->mutex);
	shared->pid = 0;
	shared->latch = NULL;
	shared->index = InvalidOid;
	shared->table = InvalidOid;
	SpinLockRelease(&shared->mutex);
}

void
jobs_signal_worker_started(void)
{
	before_shmem_exit(at_worker_exit, 0);
	SpinLockAcquire(&shared->mutex);
	shared->pid = MyProcPid;
	shared->latch = MyLatch;
	SpinLockRelease(&shared->mutex);
}

void
jobs_signal_job_ended(void)
{
	ConditionVariableBroadcast(&shared->ended);
}
