/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * ddl.c
 *	  Definitions that change under a transaction: OC001.
 *
 * A table in shared memory says which transaction changed a relation's
 * definition last.  A transaction whose snapshot is older gets OC001 when it
 * touches the relation, or at COMMIT if it had touched it before.
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
#include "dsql_local.h"

#include "access/genam.h"
#include "access/parallel.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "conflicts.h"
#include "ddl.h"
#include "executor/executor.h"
#include "job_worker.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "occ_writes.h"
#include "port/atomics.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "storage/shmem.h"
#include "tcop/pquery.h"
#include "tcop/utility.h"
#include "txlimits.h"
#include "utility.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#define TRANCHE_NAME "dsql_local definitions"
#define MAX_CHANGES	 8192

/* DDL that waits longer in a catalog has met other DDL. */
#define DDL_LOCK_TIMEOUT_MS 2000

#define OC001_TEXT "schema has been updated by another transaction (OC001)"

/* A relation by oid; or a name by its hash, and by schema or class. */
typedef struct ChangeKey
{
	Oid database;
	Oid class; /* of a name, else invalid */
	uint32 object;
} ChangeKey;

typedef struct Change
{
	ChangeKey	  key;
	TransactionId committed;
	TransactionId latest; /* may be in progress, may have failed */
} Change;

typedef struct Changes
{
	LWLock			*lock;
	pg_atomic_uint32 newest;   /* xid of any change; none is newer */
	pg_atomic_uint32 overflow; /* who found the table full changed all */
} Changes;

/* What the running transaction has touched. */
typedef struct Touched
{
	Oid		 relid;
	bool	 written;
	LOCKMODE changed; /* its definition, by us, under this lock; else none */
} Touched;

static Changes *changes = NULL;
static HTAB	   *change_table = NULL;

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
static ExecutorEnd_hook_type   prev_ExecutorEnd = NULL;
static emit_log_hook_type	   prev_emit_log = NULL;

static bool
is_strict(void)
{
	return dsql_strict && MyBackendType == B_BACKEND;
}

/* ---- Shared memory ---- */

Size
ddl_shmem_size(void)
{
	return add_size(MAXALIGN(sizeof(Changes)),
					hash_estimate_size(MAX_CHANGES, sizeof(Change)));
}

void
ddl_shmem_request(void)
{
	RequestAddinShmemSpace(ddl_shmem_size());
	RequestNamedLWLockTranche(TRANCHE_NAME, 1);
}

void
ddl_shmem_init(void)
{
	HASHCTL control = {0};
	bool	found;

	changes = ShmemInitStruct("dsql_local changes", sizeof(Changes), &found);
	if (!found)
	{
		changes->lock = &GetNamedLWLockTranche(TRANCHE_NAME)->lock;
		pg_atomic_init_u32(&changes->newest, InvalidTransactionId);
		pg_atomic_init_u32(&changes->overflow, InvalidTransactionId);
	}
	control.keysize = sizeof(ChangeKey);
	control.entrysize = sizeof(Change);
	change_table =
		ShmemInitHash("dsql_local change table", MAX_CHANGES, MAX_CHANGES,
					  &control, HASH_ELEM | HASH_BLOBS);
}

static ChangeKey
relation_key(Oid relid)
{
	ChangeKey key = {MyDatabaseId, InvalidOid, relid};

	return key;
}

static ChangeKey
name_key(Oid class, const char *name)
{
	ChangeKey key = {MyDatabaseId, class, string_hash(name, strlen(name) + 1)};

	return key;
}

static void
raise_newest(pg_atomic_uint32 *newest, TransactionId xid)
{
	TransactionId known = pg_atomic_read_u32(newest);

	if (!TransactionIdIsValid(known) || TransactionIdFollows(xid, known))
		pg_atomic_write_u32(newest, xid);
}

/* Changes that every snapshot has seen, or that failed. */
static void
drop_old_changes(void)
{
	TransactionId	horizon = GetOldestNonRemovableTransactionId(NULL);
	HASH_SEQ_STATUS scan;
	Change		   *change;

	hash_seq_init(&scan, change_table);
	while ((change = hash_seq_search(&scan)) != NULL)
		if (TransactionIdPrecedes(change->latest, horizon))
			hash_search(change_table, &change->key, HASH_REMOVE, NULL);
}

static Change *
enter_change(const ChangeKey *key)
{
	Change *change = hash_search(change_table, key, HASH_FIND, NULL);

	if (change != NULL)
		return change;
	if (hash_get_num_entries(change_table) >= MAX_CHANGES)
		drop_old_changes();
	if (hash_get_num_entries(change_table) >= MAX_CHANGES)
		return NULL;
	change = hash_search(change_table, key, HASH_ENTER, NULL);
	change->committed = change->latest = InvalidTransactionId;
	return change;
}

/* False: another transaction is changing it. */
static bool
record_change(const ChangeKey *key)
{
	TransactionId xid = GetTopTransactionId();
	Change		 *change;
	bool		  ours = true;

	LWLockAcquire(changes->lock, LW_EXCLUSIVE);
	raise_newest(&changes->newest, xid);
	change = enter_change(key);
	if (change == NULL)
		raise_newest(&changes->overflow, xid);
	else if (change->latest != xid)
	{
		if (TransactionIdIsValid(change->latest))
		{
			ours = !TransactionIdIsInProgress(change->latest);
			if (ours && TransactionIdDidCommit(change->latest))
				change->committed = change->latest;
		}
		if (ours)
			change->latest = xid;
	}
	LWLockRelease(changes->lock);
	return ours;
}

static bool
is_unseen(TransactionId xid, Snapshot snapshot)
{
	return TransactionIdIsValid(xid) &&
		   !TransactionIdIsCurrentTransactionId(xid) &&
		   XidInMVCCSnapshot(xid, snapshot) && TransactionIdDidCommit(xid);
}

/* Has the definition changed since our snapshot?  *being: it is about to. */
static bool
has_changed(Oid relid, TransactionId *winner, bool *being)
{
	Snapshot	  snapshot = GetTransactionSnapshot();
	TransactionId newest = pg_atomic_read_u32(&changes->newest);
	TransactionId overflow = pg_atomic_read_u32(&changes->overflow);
	ChangeKey	  key = relation_key(relid);
	Change		 *found;
	Change		  change;

	*being = false;
	if (!TransactionIdIsValid(newest) ||
		TransactionIdPrecedes(newest, snapshot->xmin))
		return false;

	LWLockAcquire(changes->lock, LW_SHARED);
	found = hash_search(change_table, &key, HASH_FIND, NULL);
	if (found)
		change = *found;
	LWLockRelease(changes->lock);

	*winner = overflow;
	if (!found)
		return is_unseen(overflow, snapshot);
	*winner = change.latest;
	*being = !TransactionIdIsCurrentTransactionId(change.latest) &&
			 TransactionIdIsInProgress(change.latest);
	return is_unseen(change.latest, snapshot) ||
		   is_unseen(change.committed, snapshot) ||
		   is_unseen(overflow, snapshot);
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
				  : errdetail("The definition of a relation changed."),
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
 * from DDL.
 */
static void
rephrase_for_client(ErrorData *error)
{
	TransactionId winner;
	bool		  being;
	bool		  found = false;

	if (error->elevel == ERROR && ntouched > 0 && IsTransactionState() &&
		!LWLockHeldByMe(changes->lock) && may_come_from_change(error))
	{
		found = error->sqlerrcode == ERRCODE_T_R_DEADLOCK_DETECTED;
		for (int i = 0; i < ntouched && !found; i++)
			found = has_changed(touched[i].relid, &winner, &being);
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
	if (has_changed(relid, &winner, &being))
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

/* Waits for a statement that is running, not for DDL that is idle. */
static void
lock_again(const Touched *relation)
{
	TransactionId winner;
	bool		  being;

	if (relation->changed)
	{
		job_worker_yield(relation->relid);
		LockRelationOid(relation->relid, AccessExclusiveLock);
		return;
	}
	if (ConditionalLockRelationOid(relation->relid, RowExclusiveLock))
		return;
	if (has_changed(relation->relid, &winner, &being) || being)
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
		if (has_changed(touched[i].relid, &winner, &being))
			raise_changed(touched[i].relid, winner);
	}
}

/*
 * Deferred triggers open the relations of their events without a lock, as one
 * should be held; and what they lock themselves must last.  What has changed
 * is not an error yet: one that COMMIT itself raises would leave the
 * transaction open.
 */
void
ddl_before_commit(void)
{
	TransactionId winner;
	bool		  being;

	keeps_locks = true;
	qsort(touched, ntouched, sizeof(Touched), compare_touched);
	for (int i = 0; i < ntouched; i++)
	{
		if (!touched[i].written ||
			ConditionalLockRelationOid(touched[i].relid, RowExclusiveLock))
			continue;
		if (!has_changed(touched[i].relid, &winner, &being) && !being)
			LockRelationOid(touched[i].relid, RowExclusiveLock);
	}
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

#define STRONG_LOCKS                                                          \
	(LOCKBIT_ON(ShareUpdateExclusiveLock) | LOCKBIT_ON(ShareLock) |           \
	 LOCKBIT_ON(ShareRowExclusiveLock) | LOCKBIT_ON(ExclusiveLock) |          \
	 LOCKBIT_ON(AccessExclusiveLock))

typedef struct HeldLock
{
	LOCKTAG	 tag;
	Oid		 relid;
	LOCKMASK modes;
} HeldLock;

/* All locks that this backend has on relations of users.  Slow: for DDL. */
static HeldLock *
held_relation_locks(int *count)
{
	LockData *all = GetLockStatusData();
	HeldLock *held = palloc(Max(all->nelements, 1) * sizeof(HeldLock));

	*count = 0;
	for (int i = 0; i < all->nelements; i++)
	{
		const LockInstanceData *lock = &all->locks[i];

		if (lock->pid != MyProcPid || lock->holdMask == 0 ||
			lock->locktag.locktag_type != LOCKTAG_RELATION ||
			lock->locktag.locktag_field1 != MyDatabaseId ||
			lock->locktag.locktag_field2 < FirstNormalObjectId)
			continue;
		held[*count].tag = lock->locktag;
		held[*count].relid = lock->locktag.locktag_field2;
		held[(*count)++].modes = lock->holdMask;
	}
	return held;
}

/* From whichever resource owner has it, as often as it was taken. */
static void
release_lock(const LOCKTAG *tag, LOCKMODE mode)
{
	ResourceOwner current = CurrentResourceOwner;
	bool		  released = true;

	while (released && LockHeldByMeCompat(tag, mode))
	{
		released = false;
		for (ResourceOwner owner = current; owner != NULL && !released;
			 owner = ResourceOwnerGetParent(owner))
		{
			CurrentResourceOwner = owner;
			released = LockRelease(tag, mode, false);
		}
	}
	CurrentResourceOwner = current;
}

/*
 * DDL lets go of its locks on relations and of no others: those on schemas,
 * types and the like keep them from being dropped until it commits.
 * LockRelease() warns when it is not the owner asked that has a lock.
 */
static void
release_locks_of_ddl(void)
{
	int		  saved_client = client_min_messages;
	int		  saved_log = log_min_messages;
	int		  n;
	HeldLock *locks = held_relation_locks(&n);

	client_min_messages = log_min_messages = ERROR;
	for (int i = 0; i < n; i++)
		for (LOCKMODE mode = AccessShareLock; mode <= AccessExclusiveLock;
			 mode++)
			if (locks[i].modes & LOCKBIT_ON(mode))
				release_lock(&locks[i].tag, mode);
	client_min_messages = saved_client;
	log_min_messages = saved_log;
}

/*
 * The fast way, for queries: all locks of the current resource owner (the
 * portal's) and of its parents up to the transaction's, who took them while
 * parsing and planning.  The lock that a transaction has on its own xid goes
 * too: only catalogs make others wait for it, and those only DDL has changed.
 */
static void
release_locks_of_query(void)
{
	ResourceOwner current = CurrentResourceOwner;

	for (ResourceOwner owner = current; owner != NULL;
		 owner = ResourceOwnerGetParent(owner))
	{
		CurrentResourceOwner = owner;
		LockReleaseCurrentOwner(NULL, 0);
	}
	CurrentResourceOwner = current;
}

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
		release_locks_of_ddl();
	else
		release_locks_of_query();
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

	if (active_queries == 0)
		limits_check_age();
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

static bool
is_ddl(Node *statement)
{
	return GetCommandLogLevel(statement) == LOGSTMT_DDL;
}

/* Moves rows, or reads them with heap's eyes. */
static bool
rewrites(Node *statement)
{
	return is_ddl(statement) || IsA(statement, TruncateStmt) ||
		   IsA(statement, ClusterStmt) || IsA(statement, ReindexStmt) ||
		   IsA(statement, RefreshMatViewStmt);
}

static List *
add_relation(List *relids, RangeVar *name)
{
	Oid relid = InvalidOid;

	if (name != NULL)
		relid = RangeVarGetRelid(name, NoLock, true);
	return OidIsValid(relid) ? list_append_unique_oid(relids, relid) : relids;
}

static List *
add_referenced(List *relids, List *constraints)
{
	ListCell *cell;

	foreach (cell, constraints)
		if (IsA(lfirst(cell), Constraint))
			relids =
				add_relation(relids, ((Constraint *) lfirst(cell))->pktable);
	return relids;
}

static List *
relations_of_create(CreateStmt *statement)
{
	List	 *relids = add_referenced(NIL, statement->tableElts);
	ListCell *cell;

	foreach (cell, statement->tableElts)
		if (IsA(lfirst(cell), ColumnDef))
			relids = add_referenced(relids,
									((ColumnDef *) lfirst(cell))->constraints);
	return relids;
}

static List *
relations_of_alter(AlterTableStmt *statement)
{
	List	 *relids = add_relation(NIL, statement->relation);
	ListCell *cell;

	foreach (cell, statement->cmds)
	{
		AlterTableCmd *command = lfirst_node(AlterTableCmd, cell);

		if (command->def && IsA(command->def, Constraint))
			relids = add_referenced(relids, list_make1(command->def));
	}
	return relids;
}

static List *
relations_of_drop(DropStmt *statement)
{
	List	 *relids = NIL;
	ListCell *cell;

	switch (statement->removeType)
	{
		case OBJECT_TABLE:
		case OBJECT_INDEX:
		case OBJECT_VIEW:
		case OBJECT_SEQUENCE:
		case OBJECT_MATVIEW:
		case OBJECT_FOREIGN_TABLE:
			foreach (cell, statement->objects)
				relids = add_relation(
					relids, makeRangeVarFromNameList(lfirst_node(List, cell)));
			break;
		default:
			break;
	}
	return relids;
}

static List *
relations_of_schema(List *relids, const char *name)
{
	Oid			schema = get_namespace_oid(name, true);
	Relation	pg_class = table_open(RelationRelationId, AccessShareLock);
	SysScanDesc scan =
		systable_beginscan(pg_class, InvalidOid, false, NULL, 0, NULL);
	HeapTuple tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_class form = (Form_pg_class) GETSTRUCT(tuple);

		if (form->relnamespace == schema && form->relkind != RELKIND_INDEX)
			relids = list_append_unique_oid(relids, form->oid);
	}
	systable_endscan(scan);
	table_close(pg_class, AccessShareLock);
	return relids;
}

static List *
relations_of_grant(GrantStmt *statement)
{
	List	 *relids = NIL;
	ListCell *cell;

	if (statement->objtype != OBJECT_TABLE &&
		statement->objtype != OBJECT_SEQUENCE)
		return NIL;
	foreach (cell, statement->objects)
	{
		if (statement->targtype == ACL_TARGET_OBJECT)
			relids = add_relation(relids, lfirst_node(RangeVar, cell));
		else if (statement->targtype == ACL_TARGET_ALL_IN_SCHEMA)
			relids = relations_of_schema(relids, strVal(lfirst(cell)));
	}
	return relids;
}

/* Whose definition will it change?  As far as the statement tells. */
static List *
relations_of(Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_CreateStmt:
			return relations_of_create((CreateStmt *) statement);
		case T_AlterTableStmt:
			return relations_of_alter((AlterTableStmt *) statement);
		case T_DropStmt:
			return relations_of_drop((DropStmt *) statement);
		case T_GrantStmt:
			return relations_of_grant((GrantStmt *) statement);
		case T_IndexStmt:
			return add_relation(NIL, ((IndexStmt *) statement)->relation);
		case T_RenameStmt:
			return add_relation(NIL, ((RenameStmt *) statement)->relation);
		case T_AlterObjectSchemaStmt:
			return add_relation(
				NIL, ((AlterObjectSchemaStmt *) statement)->relation);
		case T_ViewStmt:
			return add_relation(NIL, ((ViewStmt *) statement)->view);
		case T_AlterSeqStmt:
			return add_relation(NIL, ((AlterSeqStmt *) statement)->sequence);
		case T_CreateTrigStmt:
			return add_relation(NIL, ((CreateTrigStmt *) statement)->relation);
		case T_RuleStmt:
			return add_relation(NIL, ((RuleStmt *) statement)->relation);
		default:
			return NIL;
	}
}

/*
 * Two that create or change the same thing which is no relation, or a relation
 * that is not there yet, would wait for each other in a catalog.  So names are
 * announced too.
 */
static void
announce_name(Oid class, const char *name)
{
	ChangeKey key = name_key(class, name);

	if (!record_change(&key))
		raise_changed(InvalidOid, InvalidTransactionId);
}

static void
announce_new_relation(RangeVar *name)
{
	Oid schema = InvalidOid;

	if (name->relpersistence == RELPERSISTENCE_TEMP)
		return;
	if (name->schemaname)
		schema = get_namespace_oid(name->schemaname, true);
	else if (fetch_search_path_array(&schema, 1) == 0)
		return;
	if (OidIsValid(schema))
		announce_name(schema, name->relname);
}

static void
announce_dropped(DropStmt *statement)
{
	ListCell *cell;

	foreach (cell, statement->objects)
	{
		Node *object = lfirst(cell);

		if (IsA(object, String))
			announce_name(NamespaceRelationId, strVal(object));
		else if (IsA(object, ObjectWithArgs))
			announce_name(ProcedureRelationId,
						  strVal(llast(((ObjectWithArgs *) object)->objname)));
		else if (IsA(object, TypeName))
			announce_name(TypeRelationId,
						  strVal(llast(((TypeName *) object)->names)));
	}
}

static void
announce_granted(GrantStmt *statement)
{
	ListCell *cell;

	foreach (cell, statement->objects)
	{
		Node *object = lfirst(cell);

		if (statement->objtype == OBJECT_SCHEMA)
			announce_name(NamespaceRelationId, strVal(object));
		else if (IsA(object, ObjectWithArgs))
			announce_name(ProcedureRelationId,
						  strVal(llast(((ObjectWithArgs *) object)->objname)));
	}
}

static void
announce_roles(List *roles)
{
	ListCell *cell;

	foreach (cell, roles)
	{
		Node *role = lfirst(cell);

		if (IsA(role, RoleSpec) && ((RoleSpec *) role)->rolename)
			announce_name(AuthIdRelationId, ((RoleSpec *) role)->rolename);
		else if (IsA(role, AccessPriv) && ((AccessPriv *) role)->priv_name)
			announce_name(AuthIdRelationId, ((AccessPriv *) role)->priv_name);
	}
}

static void
announce_names(Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_CreateStmt:
			announce_new_relation(((CreateStmt *) statement)->relation);
			break;
		case T_ViewStmt:
			announce_new_relation(((ViewStmt *) statement)->view);
			break;
		case T_CreateSeqStmt:
			announce_new_relation(((CreateSeqStmt *) statement)->sequence);
			break;
		case T_CreateSchemaStmt:
			if (((CreateSchemaStmt *) statement)->schemaname)
				announce_name(NamespaceRelationId,
							  ((CreateSchemaStmt *) statement)->schemaname);
			break;
		case T_CreateFunctionStmt:
			announce_name(
				ProcedureRelationId,
				strVal(llast(((CreateFunctionStmt *) statement)->funcname)));
			break;
		case T_CreateDomainStmt:
			announce_name(
				TypeRelationId,
				strVal(llast(((CreateDomainStmt *) statement)->domainname)));
			break;
		case T_CreateRoleStmt:
			announce_name(AuthIdRelationId,
						  ((CreateRoleStmt *) statement)->role);
			break;
		case T_AlterRoleStmt:
			announce_roles(list_make1(((AlterRoleStmt *) statement)->role));
			break;
		case T_DropRoleStmt:
			announce_roles(((DropRoleStmt *) statement)->roles);
			break;
		case T_GrantRoleStmt:
			announce_roles(((GrantRoleStmt *) statement)->granted_roles);
			break;
		case T_GrantStmt:
			announce_granted((GrantStmt *) statement);
			break;
		case T_DropStmt:
			announce_dropped((DropStmt *) statement);
			break;
		default:
			break;
	}
}

/* Ours to change, or OC001. */
static void
announce_change(Oid relid)
{
	TransactionId winner;
	bool		  being;
	ChangeKey	  key = relation_key(relid);

	if (relid < FirstNormalObjectId)
		return;
	if (FirstSnapshotSet && has_changed(relid, &winner, &being))
		raise_changed(relid, winner);
	if (!record_change(&key))
		raise_changed(relid, InvalidTransactionId);
	touch(relid);
}

void
ddl_record_change(Oid relid)
{
	ChangeKey key = relation_key(relid);

	if (!record_change(&key))
		raise_changed(relid, InvalidTransactionId);
}

static void
announce(Node *statement)
{
	ListCell *cell;

	if (!is_strict())
		return;
	foreach (cell, relations_of(statement))
		announce_change(lfirst_oid(cell));
	announce_names(statement);
}

static void
refuse_a_second(Node *statement)
{
	if (occ_nwrites > 0 && rewrites(statement))
		mixing_is_refused(); /* even for maintenance: it would lose rows */
	if (!is_strict() || !is_ddl(statement))
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
	if (!is_ddl(statement))
		return;

	running_ddl = true;
	saved_lock_timeout = LockTimeout;
	if (is_strict() && LockTimeout == 0)
		LockTimeout = DDL_LOCK_TIMEOUT_MS;
	announce(statement);
}

static LOCKMODE
strongest(LOCKMASK modes)
{
	LOCKMODE mode = AccessExclusiveLock;

	while (!(modes & LOCKBIT_ON(mode)))
		mode--;
	return mode;
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
	HeldLock *locks = held_relation_locks(&n);

	for (int i = 0; i < n; i++)
	{
		ChangeKey key = relation_key(locks[i].relid);

		touch(locks[i].relid)->written = true;
		if (!(locks[i].modes & STRONG_LOCKS))
			continue;
		if (!record_change(&key))
			raise_changed(locks[i].relid, InvalidTransactionId);
		touch(locks[i].relid)->changed = strongest(locks[i].modes);
	}
}

static bool
alter_leaves_rows_alone(AlterTableStmt *statement)
{
	ListCell *cell;

	foreach (cell, statement->cmds)
	{
		AlterTableCmd *command = lfirst_node(AlterTableCmd, cell);

		switch (command->subtype)
		{
			case AT_AddColumn:
				if (((ColumnDef *) command->def)->constraints != NIL ||
					((ColumnDef *) command->def)->raw_default != NULL)
					return false;
				break;
			case AT_AddConstraint:
				if (!((Constraint *) command->def)->skip_validation)
					return false;
				break;
			case AT_ColumnDefault:
			case AT_DropNotNull:
			case AT_DropColumn:
			case AT_DropConstraint:
			case AT_SetStorage:
			case AT_ChangeOwner:
			case AT_SetOptions:
			case AT_ResetOptions:
			case AT_SetStatistics:
				break;
			default:
				return false;
		}
	}
	return true;
}

/*
 * May others go on with the old definition until COMMIT?  Not if we rely on
 * what rows there are, or move them.
 */
static bool
leaves_rows_alone(Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_AlterTableStmt:
			return alter_leaves_rows_alone((AlterTableStmt *) statement);
		case T_IndexStmt:
			return is_strict(); /* ASYNC: built after COMMIT, by a worker */
		case T_CreateStmt:
		case T_DropStmt:
		case T_GrantStmt:
		case T_RenameStmt:
		case T_CommentStmt:
		case T_ViewStmt:
		case T_CreateSeqStmt:
		case T_AlterSeqStmt:
		case T_AlterObjectSchemaStmt:
		case T_CreateSchemaStmt:
		case T_CreateFunctionStmt:
		case T_CreateDomainStmt:
		case T_CreateRoleStmt:
			return true;
		default:
			return false;
	}
}

void
ddl_after_statement(Node *statement)
{
	if (is_ddl(statement))
	{
		ddl_count++;
		LockTimeout = saved_lock_timeout;
		running_ddl = false;
		record_locked_relations();
		if (!leaves_rows_alone(statement))
			keeps_locks = true;
	}
	else if (IsA(statement, LockStmt))
		keeps_locks = true;
	release_statement_locks();
}

void
ddl_init(void)
{
	prev_ExecutorStart = ExecutorStart_hook;
	ExecutorStart_hook = start_executor;
	prev_ExecutorEnd = ExecutorEnd_hook;
	ExecutorEnd_hook = end_executor;
	prev_emit_log = emit_log_hook;
	emit_log_hook = rephrase_for_client;

	/* Who waits, waits for DDL or autovacuum: no need to hope for a second. */
	SetConfigOption("deadlock_timeout", "100ms", PGC_POSTMASTER,
					PGC_S_DYNAMIC_DEFAULT);
}
