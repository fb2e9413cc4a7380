/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * age_watch.c
 *	  Transactions that expire while their session is idle.
 *
 * A session notices the age of its transaction at its next statement.  If that
 * never comes, the transaction would keep everything that others depend on:
 * the horizon of vacuum and of the intents, locks, pins of an open cursor.  So
 * a background process watches when transactions expire, and has idle sessions
 * end theirs.
 *
 * PostgreSQL has no way to have an idle session do something for an extension,
 * except to process invalidation messages: it does so when another process
 * tells it that it has fallen behind, and it calls the extension's callback
 * for each message.  The process sends a message about a relation that does
 * not exist, and then that signal.
 *
 * The callback may be called anywhere.  It acts only while PostgreSQL waits
 * for the client's next message, when nothing is on the stack that the end of
 * the transaction could surprise.
 *
 * A session that is busy when it is signalled is signalled again a second
 * later.
 *
 * Locking: a session writes its own slot and the process reads it; the time is
 * atomic, the rest never changes while a time is set.  A spinlock guards the
 * pointer to the latch of the process.
 */
#include "postgres.h"

/* libpq.h would want gssapi.h, which may not be installed. */
#undef ENABLE_GSS

#include "access/xact.h"
#include "base/compat.h"
#include "dialect/age_watch.h"
#include "libpq/libpq.h"
#include "libpq/pqsignal.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "port/atomics.h"
#include "portability/instr_time.h"
#include "postmaster/bgworker.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "storage/procsignal.h"
#include "storage/shmem.h"
#include "storage/sinval.h"
#include "storage/spin.h"
#include "tcop/tcopprot.h"
#include "utils/backend_status.h"
#include "utils/inval.h"

/* No relation has this oid. */
#define MESSAGE_RELATION ((Oid) 1)

/* How often it looks if nothing expires, and if something has: microseconds.
 */
#define LONGEST_SLEEP UINT64CONST(300000000)
#define REPEAT_AFTER  UINT64CONST(1000000)

#define NEVER PG_UINT64_MAX

typedef struct WatchSlot
{
	pg_atomic_uint64 expires_at; /* 0: no transaction */
	pid_t			 pid;
	int				 signal_id; /* for SendProcSignal() */
} WatchSlot;

typedef struct AgeWatch
{
	slock_t			 mutex; /* guards the next one */
	Latch			*latch; /* NULL: the process does not run */
	pg_atomic_uint64 next_look;
	WatchSlot		 slots[FLEXIBLE_ARRAY_MEMBER]; /* by backend number */
} AgeWatch;

static AgeWatch *shared = NULL;
static void (*expire_transaction)(void) = NULL;

PGDLLEXPORT void dsql_age_watch_main(Datum arg);

/* ---- Shared memory ---- */

static Size
shmem_size(void)
{
	return add_size(offsetof(AgeWatch, slots),
					mul_size(MaxBackends, sizeof(WatchSlot)));
}

void
age_watch_shmem_request(void)
{
	RequestAddinShmemSpace(MAXALIGN(shmem_size()));
}

void
age_watch_shmem_init(void)
{
	bool found;

	shared = ShmemInitStruct("dsql_local ages", shmem_size(), &found);
	if (found)
		return;
	memset(shared, 0, shmem_size());
	SpinLockInit(&shared->mutex);
	pg_atomic_init_u64(&shared->next_look, NEVER);
	for (int i = 0; i < MaxBackends; i++)
		pg_atomic_init_u64(&shared->slots[i].expires_at, 0);
}

/* ---- For sessions ---- */

static void
wake_process(void)
{
	Latch *latch;

	SpinLockAcquire(&shared->mutex);
	latch = shared->latch;
	SpinLockRelease(&shared->mutex);
	if (latch != NULL)
		SetLatch(latch);
}

/* The barrier: either the process sees the time, or we see when it looks. */
void
age_watch_set(uint64 expires_at)
{
	WatchSlot *slot = &shared->slots[MyProcNumberCompat];

	if (expires_at == pg_atomic_read_u64(&slot->expires_at))
		return;
	slot->pid = MyProcPid;
	slot->signal_id = MySignalIdCompat;
	pg_atomic_write_u64(&slot->expires_at, expires_at);
	if (expires_at == 0)
		return;
	pg_memory_barrier();
	if (expires_at < pg_atomic_read_u64(&shared->next_look))
		wake_process();
}

static uint64
now_in_microseconds(void)
{
	instr_time now;

	INSTR_TIME_SET_CURRENT(now);
	return INSTR_TIME_GET_MICROSEC(now);
}

static bool
has_expired(WatchSlot *slot, uint64 now)
{
	uint64 expires_at = pg_atomic_read_u64(&slot->expires_at);

	return expires_at != 0 && expires_at <= now;
}

/*
 * Is PostgreSQL waiting for the next message of a client that is idle in a
 * transaction block?  It reads messages in COPY too, but does not process
 * invalidation messages then.
 */
static bool
is_idle_in_block(void)
{
	return MyBEEntry != NULL && pq_is_reading_msg() && IsTransactionBlock() &&
		   (MyBEEntry->st_state == STATE_IDLEINTRANSACTION ||
			MyBEEntry->st_state == STATE_IDLEINTRANSACTION_ABORTED);
}

static void
at_relcache_invalidation(Datum arg, Oid relid)
{
	if ((relid == MESSAGE_RELATION || !OidIsValid(relid)) &&
		is_idle_in_block() &&
		has_expired(&shared->slots[MyProcNumberCompat], now_in_microseconds()))
		expire_transaction();
}

/* ---- The process ---- */

static void
register_process(void)
{
	BackgroundWorker worker = {0};

	strlcpy(worker.bgw_name, "dsql_local ages", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "dsql_local ages", BGW_MAXLEN);
	strlcpy(worker.bgw_library_name, "dsql_local", BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, "dsql_age_watch_main", BGW_MAXLEN);
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = 1;
	RegisterBackgroundWorker(&worker);
}

void
age_watch_init(void (*expire)(void))
{
	expire_transaction = expire;
	/* In the postmaster: every backend inherits the registration. */
	CacheRegisterRelcacheCallback(at_relcache_invalidation, (Datum) 0);
	register_process();
}

/* One message is enough for all who are signalled after it. */
static void
send_message(void)
{
	SharedInvalidationMessage message;

	memset(&message, 0, sizeof(message));
	message.rc.id = SHAREDINVALRELCACHE_ID;
	message.rc.dbId = InvalidOid; /* any */
	message.rc.relId = MESSAGE_RELATION;
	SendSharedInvalidMessages(&message, 1);
}

/* Signals those that have expired.  Returns when to look again. */
static uint64
look(uint64 now)
{
	uint64 next = now + LONGEST_SLEEP;
	bool   is_sent = false;

	for (int i = 0; i < MaxBackends; i++)
	{
		WatchSlot *slot = &shared->slots[i];
		uint64	   expires_at = pg_atomic_read_u64(&slot->expires_at);

		if (expires_at > now)
			next = Min(next, expires_at);
		if (!has_expired(slot, now))
			continue;
		if (!is_sent)
			send_message();
		is_sent = true;
		SendProcSignal(slot->pid, PROCSIG_CATCHUP_INTERRUPT, slot->signal_id);
		next = Min(next, now + REPEAT_AFTER);
	}
	return next;
}

static void
at_exit(int code, Datum arg)
{
	SpinLockAcquire(&shared->mutex);
	shared->latch = NULL;
	SpinLockRelease(&shared->mutex);
}

static void
start_up(void)
{
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	before_shmem_exit(at_exit, 0);
	SpinLockAcquire(&shared->mutex);
	shared->latch = MyLatch;
	SpinLockRelease(&shared->mutex);
}

void
dsql_age_watch_main(Datum arg)
{
	start_up();
	for (;;)
	{
		uint64 now;
		uint64 next;

		/* Until the look is complete, whoever sets a time wakes us. */
		pg_atomic_write_u64(&shared->next_look, NEVER);
		pg_memory_barrier();
		now = now_in_microseconds();
		next = look(now);
		pg_atomic_write_u64(&shared->next_look, next);
		(void) WaitLatch(MyLatch,
						 WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 (long) ((next - now) / 1000 + 1), PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
}
