/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * transaction_limits.c
 *	  3,000 rows, 10 MiB, 300 seconds: the limits of Aurora DSQL's
 *	  transactions.
 *
 * Rows are counted as they are modified, including those of foreign key
 * actions, and the statement that crosses the limit fails.  COMMIT checks the
 * size; COMMIT and each statement before it starts check the age.
 *
 * The age is measured with CLOCK_MONOTONIC: PostgreSQL's timestamps follow the
 * wall clock, and whoever sets that would end transactions or make them last.
 */
#include "postgres.h"

#include <limits.h>

#include "access/detoast.h"
#include "base/settings.h"
#include "dialect/transaction_limits.h"
#include "portability/instr_time.h"
#include "utils/guc.h"

#define MEGABYTE ((Size) 1024 * 1024)

/* Bytes that each row costs besides its own. */
#define ROW_OVERHEAD 32

/* They can be set only so that tests need not wait. */
static int max_rows = 3000;
static int max_size_mb = 10;
static int max_age_s = 300;

/* Of the running transaction. */
static int		  rows = 0;
static Size		  size = 0; /* bytes */
static bool		  has_begun = false;
static instr_time begun_at;

/* COMMIT or ROLLBACK AND CHAIN: its end begins another, if it does not fail.
 */
static bool is_chained = false;
static bool is_chained_by_commit = false;

void
transaction_limits_init(void)
{
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

void
transaction_limits_begin(void)
{
	if (!has_begun)
		INSTR_TIME_SET_CURRENT(begun_at);
	has_begun = true;
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

void
transaction_limits_check_age(void)
{
	long seconds;

	transaction_limits_begin();
	seconds = age_in_seconds();
	if (seconds >= max_age_s && settings_is_strict())
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("transaction age limit of %ds exceeded", max_age_s),
				 errdetail("Current transaction age %lds exceeds %ds", seconds,
						   max_age_s)));
}

void
transaction_limits_reset(bool committed)
{
	rows = 0;
	size = 0;
	has_begun = false;
	if (is_chained && (committed || !is_chained_by_commit))
		transaction_limits_begin();
	is_chained = false;
}
