/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * transaction_limits.c
 *	  3,000 rows, 10 MiB, 300 seconds: the limits of Aurora DSQL's
 *	  transactions.
 *
 * Rows are counted as they are modified, including those of foreign key
 * actions, and the statement that crosses the limit fails.  COMMIT checks the
 * size; COMMIT and each statement before it starts check the age.  Those that
 * expire while their session is idle are ended (age_watch.c): the block goes
 *on as a failed one.
 *
 * The age is measured with CLOCK_MONOTONIC: PostgreSQL's timestamps follow the
 * wall clock, and whoever sets that would end transactions or make them last.
 */
#include "postgres.h"

#include <limits.h>

#include "access/detoast.h"
#include "access/xact.h"
#include "base/settings.h"
#include "dialect/age_watch.h"
#include "dialect/transaction_limits.h"
#include "portability/instr_time.h"
#include "storage/proc.h"
#include "utils/backend_status.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#define MEGABYTE ((Size) 1024 * 1024)

/*
 * Bytes that each row costs besides its own.  With it 500 rows hold the 9.93
 * MiB that were measured on a cluster.
 */
#define ROW_OVERHEAD 119

/* They can be set only so that tests need not wait. */
static int max_rows = 3000;
static int max_size_mb = 10;
static int max_age_s = 300;

/* The service's text. */
#define AGE_ERROR  "transaction age limit of %ds exceeded"
#define AGE_DETAIL "Current transaction age %lds exceeds %ds"

/* Of the running transaction. */
static int		  rows = 0;
static Size		  size = 0; /* bytes */
static bool		  has_begun = false;
static instr_time begun_at;

/* It expired and was ended, and the client does not know yet. */
static bool was_ended = false;

/* COMMIT or ROLLBACK AND CHAIN: its end begins another, if it does not fail.
 */
static bool is_chained = false;
static bool is_chained_by_commit = false;

static void end_expired(void);

void
transaction_limits_init(void)
{
	age_watch_init(end_expired);
	DefineCustomIntVariable("dsql_local.max_transaction_rows",
							"Rows that a transaction may modify.", NULL,
							&max_rows, 3000, 1, INT_MAX, PGC_SUSET, 0, NULL,
							NULL, NULL);
	DefineCustomIntVariable(
		"dsql_local.max_transaction_size", "MiB that a transaction may write.",
		NULL, &max_size_mb, 10, 1, INT_MAX, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("dsql_local.max_transaction_age",
							"Seconds that a transaction may last.", NULL,
							&max_age_s, 300, 1, INT_MAX, PGC_SUSET, 0, NULL,
							NULL, NULL);
}

void
transaction_limits_count_row(Size bytes)
{
	rows++;
	size += bytes + ROW_OVERHEAD;
	if (unlikely(rows > max_rows) && settings_is_strict())
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("transaction row limit exceeded")));
}

static Size
toasted_size(Datum value)
{
	struct varlena *stored = (struct varlena *) DatumGetPointer(value);

	if (!VARATT_IS_EXTERNAL_ONDISK(stored) && !VARATT_IS_COMPRESSED(stored))
		return 0;
	return toast_raw_datum_size(value) - VARSIZE_ANY(stored);
}

Size
transaction_limits_toasted_size(TupleTableSlot *slot)
{
	TupleDesc desc = slot->tts_tupleDescriptor;
	Size	  bytes = 0;

	slot_getallattrs(slot);
	for (int i = 0; i < desc->natts; i++)
	{
		if (TupleDescAttr(desc, i)->attlen == -1 && !slot->tts_isnull[i])
			bytes += toasted_size(slot->tts_values[i]);
	}
	return bytes;
}

void
transaction_limits_check_size(void)
{
	Size mb = (size + MEGABYTE - 1) / MEGABYTE;

	if (mb > (Size) max_size_mb && settings_is_strict())
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("transaction size limit %dmb exceeded", max_size_mb),
				 errdetail("Current transaction size %zumb > %dmb", mb,
						   max_size_mb)));
}

static void
watch_age(void)
{
	if (settings_is_strict())
		age_watch_set(INSTR_TIME_GET_MICROSEC(begun_at) +
					  (uint64) max_age_s * 1000000);
}

void
transaction_limits_begin(void)
{
	if (!has_begun)
		INSTR_TIME_SET_CURRENT(begun_at);
	has_begun = true;
	watch_age();
}

void
transaction_limits_chain(bool by_commit)
{
	is_chained = true;
	is_chained_by_commit = by_commit;
}

static long
age_in_seconds(void)
{
	instr_time age;

	INSTR_TIME_SET_CURRENT(age);
	INSTR_TIME_SUBTRACT(age, begun_at);
	return (long) INSTR_TIME_GET_DOUBLE(age);
}

static void
raise_age_error(void)
{
	ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					errmsg(AGE_ERROR, max_age_s),
					errdetail(AGE_DETAIL, age_in_seconds(), max_age_s)));
}

void
transaction_limits_check_age(void)
{
	transaction_limits_begin();
	if (age_in_seconds() >= max_age_s && settings_is_strict())
		raise_age_error();
}

/* ---- Expired while idle ---- */

/*
 * Ends the transaction, and leaves the block as one that has failed.  Only the
 * memory context is the caller's: PostgreSQL waits for the client's next
 * message and expects nothing else to be there still.
 *
 * PostgreSQL clears xmin when it aborts, but then releases the snapshot of an
 * open cursor, and that sets xmin to that of the transaction's snapshot.
 */
static void
end_expired(void)
{
	MemoryContext caller = CurrentMemoryContext;

	while (GetCurrentTransactionNestLevel() > 1)
		RollbackAndReleaseCurrentSubTransaction();
	if (!IsAbortedTransactionBlockState())
	{
		AbortCurrentTransaction();
		MyProc->xmin = InvalidTransactionId;
		was_ended = true;
		pgstat_report_activity(STATE_IDLEINTRANSACTION_ABORTED, NULL);
	}
	MemoryContextSwitchTo(caller);
}

void
transaction_limits_rephrase_sent_error(ErrorData *error)
{
	if (!was_ended || error->sqlerrcode != ERRCODE_IN_FAILED_SQL_TRANSACTION)
		return;
	was_ended = false;
	error->sqlerrcode = ERRCODE_PROGRAM_LIMIT_EXCEEDED;
	error->message = psprintf(AGE_ERROR, max_age_s);
	error->detail = psprintf(AGE_DETAIL, age_in_seconds(), max_age_s);
}

bool
transaction_limits_is_lost(const TransactionStmt *statement)
{
	return was_ended && statement->kind == TRANS_STMT_COMMIT;
}

/* Of a COMMIT PostgreSQL has made a ROLLBACK, without an error. */
void
transaction_limits_after_block_end(const TransactionStmt *statement)
{
	bool is_lost = transaction_limits_is_lost(statement);

	was_ended = false;
	if (is_lost)
		raise_age_error();
}

void
transaction_limits_reset(bool committed)
{
	rows = 0;
	size = 0;
	has_begun = false;
	age_watch_set(0);
	if (is_chained && (committed || !is_chained_by_commit))
		transaction_limits_begin();
	is_chained = false;
}
