/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * ddl.c
 *	  Definitions that change under a transaction: OC001.
 *
 * A table in shared memory says which transaction changed a relation's
 * definition last (changes.c).  A transaction whose snapshot is older gets an
 * error when it touches the relation, or at COMMIT if it had touched it
 * before.
 *
 * So relation locks need not last for a transaction.  In a transaction block
 * they are let go when a statement is done, and COMMIT takes those on what
 * was written again before it looks for OC001: DDL does not wait for who is
 * idle in a transaction.  DDL that leaves rows and files alone does the same,
 * and takes its exclusive locks again at COMMIT, so that nobody waits for idle
 * DDL either; other DDL keeps its locks.
 *
 * Two DDLs at once: the second finds the first one's mark before it has
 * touched a catalog, and loses.  Where they meet unannounced, inside catalogs,
 * PostgreSQL's deadlock, lock timeout or "tuple concurrently updated" is
 * OC001 in other words.
 */
#include "base/settings.h"

#include "access/parallel.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "dialect/transaction_limits.h"
#include "executor/executor.h"
#include "hooks/utility.h"
#include "jobs/worker.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "occ/writes.h"
#include "schema/changes.h"
#include "schema/ddl.h"
#include "schema/locks.h"
#include "schema/statement.h"
#include "storage/lmgr.h"
#include "storage/proc.h"
#include "sys/conflicts.h"
#include "tcop/pquery.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* DDL that waits longer in a catalog has met other DDL. */
#define DDL_LOCK_TIMEOUT_MS 2000

#define OC001_TEXT "schema has been updated by another transaction (OC001)"

/* What the running transaction has touched. */
typedef struct Touched
{
	Oid		 relid;
	bool	 written;
	LOCKMODE changed; /* its definition, by us, under this lock; else none */
} Touched;

static Touched *touched = NULL; /* in TopMemoryContext */
static int		ntouched = 0;
static int		max_touched = 0;

static int	ddl_count = 0;
static bool dml_seen = false;
static bool keeps_locks = false;
static bool running_ddl = false;
static int	saved_lock_timeout = 0;
static int	active_queries = 0;

static ExecutorStart_hook_type prev_ExecutorStart = NULL;
static ExecutorRun_hook_type   prev_ExecutorRun = NULL;
static ExecutorEnd_hook_type   prev_ExecutorEnd = NULL;
static emit_log_hook_type	   prev_emit_log = NULL;

static bool
is_strict(void)
{
	return dsql_strict && MyBackendType == B_BACKEND;
}

/* ---- Raising ---- */

static void
report(Oid relid, TransactionId winner)
{
	OccConflict conflict = {0};

	conflict.at = GetCurrentTimestamp();
	conflict.database = MyDatabaseId;
	conflict.relation = relid;
	conflict.loser = GetTopTransactionIdIfAny();
	conflict.winner = winner;
	conflict.kind = OCC_CONFLICT_SCHEMA;
	conflicts_record(&conflict);
}

static void
raise_changed(Oid relid, TransactionId winner)
{
	char *name = OidIsValid(relid) ? get_rel_name(relid) : NULL;

	report(relid, winner);
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE), errmsg(OC001_TEXT),
			 name ? errdetail("The definition of \"%s\" changed.", name)
				  : errdetail("Another transaction changed the same thing."),
			 errhint("Run the transaction again.")));
}

void
ddl_report_changed(Oid relid)
{
	raise_changed(relid, InvalidTransactionId);
	pg_unreachable();
}

static bool
is_catalog_clash(const ErrorData *error)
{
	switch (error->sqlerrcode)
	{
		case ERRCODE_T_R_DEADLOCK_DETECTED:
		case ERRCODE_LOCK_NOT_AVAILABLE:
			return true;
		case ERRCODE_UNIQUE_VIOLATION:
			return error->schema_name &&
				   strcmp(error->schema_name, "pg_catalog") == 0;
		case ERRCODE_INTERNAL_ERROR:
			return error->message &&
				   (strncmp(error->message, "tuple concurrently", 18) == 0 ||
					strncmp(error->message, "cache lookup failed", 19) == 0 ||
					strncmp(error->message, "could not open relation", 23) ==
						0);
		default:
			return false;
	}
}

static void
rephrase(ErrorData *error)
{
	error->sqlerrcode = ERRCODE_T_R_SERIALIZATION_FAILURE;
	error->detail = psprintf("PostgreSQL said: %s", error->message);
	error->message = pstrdup(OC001_TEXT);
	error->hint = pstrdup("Run the transaction again.");
	error->cursorpos = 0;
}

void
ddl_rephrase_error(ErrorData *error)
{
	if (running_ddl && is_strict() && is_catalog_clash(error))
	{
		report(InvalidOid, InvalidTransactionId);
		rephrase(error);
	}
	if (running_ddl)
		LockTimeout = saved_lock_timeout;
	running_ddl = false;
}

/* Could a definition that changed be the reason? */
static bool
may_come_from_change(const ErrorData *error)
{
	return is_catalog_clash(error) ||
		   (ERRCODE_TO_CATEGORY(error->sqlerrcode) ==
				ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION &&
			error->message &&
			strncmp(error->message, "syntax error", 12) != 0);
}

/*
 * A statement that does not fit a definition any more (a column is gone)
 * fails before it can be found to have touched the relation again.  If what
 * its transaction touched has changed, that is why.  A deadlock can only come
 * from DDL.  An error while DDL is running is one of its COMMIT:
 * ddl_rephrase_error() has seen the others.
 */
static void
rephrase_for_client(ErrorData *error)
{
	TransactionId winner;
	bool		  being;
	bool		  found = false;

	if (error->elevel == ERROR && ntouched > 0 && IsTransactionState() &&
		!changes_is_locked() && may_come_from_change(error))
	{
		found = error->sqlerrcode == ERRCODE_T_R_DEADLOCK_DETECTED ||
				(running_ddl && is_strict() && is_catalog_clash(error));
		for (int i = 0; i < ntouched && !found; i++)
			found = changes_unseen(touched[i].relid, &winner, &being);
	}
	if (found)
		rephrase(error);
	if (prev_emit_log)
		prev_emit_log(error);
}

/* ---- What is touched ---- */

static Touched *
touch(Oid relid)
{
	for (int i = 0; i < ntouched; i++)
		if (touched[i].relid == relid)
			return &touched[i];

	if (ntouched == max_touched)
	{
		max_touched = Max(16, max_touched * 2);
		touched = touched == NULL
					  ? MemoryContextAlloc(TopMemoryContext,
										   max_touched * sizeof(Touched))
					  : repalloc(touched, max_touched * sizeof(Touched));
	}
	memset(&touched[ntouched], 0, sizeof(Touched));
	touched[ntouched].relid = relid;
	return &touched[ntouched++];
}

void
ddl_note_touched(Oid relid, bool written)
{
	TransactionId winner;
	bool		  being;

	if (relid < FirstNormalObjectId)
		return;
	if (changes_unseen(relid, &winner, &being))
		raise_changed(relid, winner);
	if (written)
		touch(relid)->written = true;
	else
		touch(relid);
}

static int
compare_touched(const void *a, const void *b)
{
	Oid x = ((const Touched *) a)->relid;
	Oid y = ((const Touched *) b)->relid;

	return (x > y) - (x < y);
}

const Oid *
ddl_written_relations(int *count)
{
	Oid *relations = palloc(Max(ntouched, 1) * sizeof(Oid));

	*count = 0;
	for (int i = 0; i < ntouched; i++)
		if (touched[i].written)
			relations[(*count)++] = touched[i].relid;
	return relations;
}

static void
start_running_ddl(void)
{
	running_ddl = true;
	saved_lock_timeout = LockTimeout;
	if (is_strict() && LockTimeout == 0)
		LockTimeout = DDL_LOCK_TIMEOUT_MS;
}

/* Waits for a statement that is running, not for DDL that is idle. */
static void
lock_again(const Touched *relation)
{
	TransactionId winner;
	bool		  being;

	if (relation->changed != NoLock)
	{
		if (!running_ddl)
			start_running_ddl(); /* again, until the transaction ends */
		job_worker_yield(relation->relid);
		LockRelationOid(relation->relid, relation->changed);
		return;
	}
	if (ConditionalLockRelationOid(relation->relid, RowExclusiveLock))
		return;
	if (changes_unseen(relation->relid, &winner, &being) || being)
		raise_changed(relation->relid, winner);
	LockRelationOid(relation->relid, RowExclusiveLock);
}

void
ddl_lock_and_check(void)
{
	TransactionId winner;
	bool		  being;

	if (ntouched == 0)
		return;
	qsort(touched, ntouched, sizeof(Touched), compare_touched);
	for (int i = 0; i < ntouched; i++)
	{
		if (touched[i].written || touched[i].changed != NoLock)
			lock_again(&touched[i]);
		if (changes_unseen(touched[i].relid, &winner, &being))
			raise_changed(touched[i].relid, winner);
	}
}

/*
 * Deferred triggers open the relations of their events without a lock, as one
 * should be held.  What has changed is not an error yet: COMMIT will find out.
 */
void
ddl_before_triggers(void)
{
	TransactionId winner;
	bool		  being;

	qsort(touched, ntouched, sizeof(Touched), compare_touched);
	for (int i = 0; i < ntouched; i++)
	{
		if (!touched[i].written ||
			ConditionalLockRelationOid(touched[i].relid, RowExclusiveLock))
			continue;
		if (!changes_unseen(touched[i].relid, &winner, &being) && !being)
			LockRelationOid(touched[i].relid, RowExclusiveLock);
	}
}

/* What they lock at COMMIT must last. */
void
ddl_before_commit(void)
{
	keeps_locks = true;
	ddl_before_triggers();
}

void
ddl_reset(void)
{
	ntouched = 0;
	ddl_count = 0;
	dml_seen = false;
	keeps_locks = false;
	active_queries = 0;
	if (running_ddl)
		LockTimeout = saved_lock_timeout;
	running_ddl = false;
}

/* ---- Locks of a statement ---- */

/*
 * In a transaction block, when a statement is done.  Not while a cursor is
 * open that may count on its locks, nor inside a utility statement, nor
 * between the queries that a rule made of one.
 */
static void
release_statement_locks(void)
{
	if (!is_strict() || keeps_locks || active_queries > 0 ||
		utility_depth > 0 || !IsTransactionBlock() || IsSubTransaction() ||
		(ActivePortal && list_length(ActivePortal->stmts) > 1))
		return;
	if (ddl_count > 0)
		statement_locks_release_ddl();
	else
		statement_locks_release_query();
}

/* ---- Queries ---- */

static void
mixing_is_refused(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("ddl and dml are not supported in the same transaction")));
}

static void
note_dml(void)
{
	if (running_ddl)
		return; /* its own doing */
	if (ddl_count > 0 && is_strict())
		mixing_is_refused();
	dml_seen = true;
}

static void
start_executor(QueryDesc *query, int eflags)
{
	PlannedStmt *plan = query->plannedstmt;
	ListCell	*cell;

	limits_check_age(); /* of the client's statement */
	if (!(eflags & EXEC_FLAG_EXPLAIN_ONLY) &&
		(query->operation != CMD_SELECT || plan->hasModifyingCTE ||
		 plan->rowMarks != NIL))
		note_dml();
	foreach (cell, plan->rtable)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, cell);

		if (OidIsValid(rte->relid) && !IsParallelWorker())
			ddl_note_touched(rte->relid, rte->rellockmode > AccessShareLock);
	}

	if (prev_ExecutorStart)
		prev_ExecutorStart(query, eflags);
	else
		standard_ExecutorStart(query, eflags);
	active_queries++;
}

/* True: it is a SELECT of the extended protocol, and has given all its rows.
 */
static bool
is_read_to_its_end(Portal portal)
{
	return PortalIsValid(portal) && portal->status == PORTAL_READY &&
		   portal->strategy == PORTAL_ONE_SELECT && portal->atEnd;
}

/*
 * A client that uses the extended protocol leaves its SELECT open until it
 * binds the next: with locks and, of a LIMIT, with pinned pages.  So it is
 * closed when its message has been dealt with.
 */
static void
close_select(void *arg)
{
	Portal portal;

	if (!IsTransactionBlock() || IsAbortedTransactionBlockState())
		return;
	portal = GetPortalByName("");
	if (is_read_to_its_end(portal))
		PortalDrop(portal, false);
}

static void
close_select_after_message(void)
{
	MemoryContextCallback *callback =
		MemoryContextAllocZero(MessageContext, sizeof(MemoryContextCallback));

	callback->func = close_select;
	MemoryContextRegisterResetCallback(MessageContext, callback);
}

static void
run_executor(QueryDesc *query, ScanDirection direction, uint64 count,
			 bool execute_once)
{
	if (is_strict() && IsTransactionBlock() && ActivePortal &&
		ActivePortal->queryDesc == query && ActivePortal->name[0] == '\0')
		close_select_after_message();

	if (prev_ExecutorRun)
		prev_ExecutorRun(query, direction, count, execute_once);
	else
		standard_ExecutorRun(query, direction, count, execute_once);
}

static void
end_executor(QueryDesc *query)
{
	if (prev_ExecutorEnd)
		prev_ExecutorEnd(query);
	else
		standard_ExecutorEnd(query);
	if (active_queries > 0)
		active_queries--;
	release_statement_locks();
}

/* ---- Utility statements ---- */

/*
 * Two that create or change the same thing which is no relation, or a relation
 * that is not there yet, would wait for each other in a catalog.  So names are
 * announced too.
 */
static void
announce_name(Oid class, const char *name)
{
	if (!changes_record_name(class, name))
		raise_changed(InvalidOid, InvalidTransactionId);
}

/* Ours to change, or OC001. */
static void
announce_change(Oid relid)
{
	TransactionId winner;
	bool		  being;

	if (relid < FirstNormalObjectId)
		return;
	if (FirstSnapshotSet && changes_unseen(relid, &winner, &being))
		raise_changed(relid, winner);
	if (!changes_record(relid))
		raise_changed(relid, InvalidTransactionId);
	touch(relid);
}

void
ddl_record_change(Oid relid)
{
	if (!changes_record(relid))
		raise_changed(relid, InvalidTransactionId);
}

static void
announce(Node *statement)
{
	ListCell *cell;

	if (!is_strict())
		return;
	foreach (cell, statement_relations(statement))
		announce_change(lfirst_oid(cell));
	statement_each_name(statement, announce_name);
}

static void
refuse_a_second(Node *statement)
{
	if (occ_nwrites > 0 && statement_rewrites(statement))
		mixing_is_refused(); /* even for maintenance: it would lose rows */
	if (!is_strict() || !statement_is_ddl(statement))
		return;
	if (dml_seen)
		mixing_is_refused();
	if (ddl_count > 0)
		ereport(
			ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg(
				 "multiple ddl statements not supported in a transaction")));
}

void
ddl_before_statement(Node *statement)
{
	refuse_a_second(statement);
	if (IsA(statement, CopyStmt) && ((CopyStmt *) statement)->relation)
	{
		CopyStmt *copy = (CopyStmt *) statement;
		Oid		  relid = RangeVarGetRelid(copy->relation, NoLock, true);

		if (copy->is_from)
			note_dml();
		if (OidIsValid(relid))
		{
			GetTransactionSnapshot(); /* or there is none to compare with */
			ddl_note_touched(relid, copy->is_from);
		}
	}
	if (!statement_is_ddl(statement))
		return;

	start_running_ddl();
	announce(statement);
}

/*
 * Every relation that we have locked against others is one whose definition
 * we have changed: those that a statement does not name (CASCADE, foreign
 * keys) too.  What we have locked otherwise, the tables of a view, has to be
 * there still when we commit.
 */
static void
record_locked_relations(void)
{
	int		  n;
	HeldLock *locks = statement_locks_held(&n);

	for (int i = 0; i < n; i++)
	{

		touch(locks[i].relid)->written = true;
		if (!(locks[i].modes & STRONG_LOCKS))
			continue;
		if (!changes_record(locks[i].relid))
			raise_changed(locks[i].relid, InvalidTransactionId);
		touch(locks[i].relid)->changed =
			statement_locks_strongest(locks[i].modes);
	}
}

bool
ddl_is_running(void)
{
	return running_ddl;
}

void
ddl_after_statement(Node *statement)
{
	if (statement_is_ddl(statement))
	{
		ddl_count++;
		LockTimeout = saved_lock_timeout;
		running_ddl = false;
		record_locked_relations();
		if (!statement_leaves_rows_alone(statement, is_strict()))
			keeps_locks = true;
	}
	else if (IsA(statement, LockStmt) || statement_rewrites(statement))
		keeps_locks = true;
	release_statement_locks();
}

void
ddl_init(void)
{
	prev_ExecutorStart = ExecutorStart_hook;
	ExecutorStart_hook = start_executor;
	prev_ExecutorRun = ExecutorRun_hook;
	ExecutorRun_hook = run_executor;
	prev_ExecutorEnd = ExecutorEnd_hook;
	ExecutorEnd_hook = end_executor;
	prev_emit_log = emit_log_hook;
	emit_log_hook = rephrase_for_client;

	/* Who waits, waits for DDL or autovacuum: no need to hope for a second. */
	SetConfigOption("deadlock_timeout", "100ms", PGC_POSTMASTER,
					PGC_S_DYNAMIC_DEFAULT);
}
