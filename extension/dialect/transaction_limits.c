/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * transaction_limits.c
 *	  3,000 rows, 10 MiB, 300 seconds: the limits of Aurora DSQL's
 *	  transactions.
 *
 * Rows are counted as they are modified, including those of foreign key
 * actions, and the statement that crosses the limit fails.  COMMIT checks the
 * size; COMMIT and each statement before it starts check the age.
 */
#include "postgres.h"

#include <limits.h>

#include "access/xact.h"
#include "base/settings.h"
#include "dialect/transaction_limits.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#define MEGABYTE ((Size) 1024 * 1024)

/* Bytes that each row costs besides its own. */
#define ROW_OVERHEAD 32

/* They can be set only so that tests need not wait. */
static int max_rows = 3000;
static int max_size_mb = 10;
static int max_age_s = 300;

/* Of the running transaction. */
static int	rows = 0;
static Size size = 0; /* bytes */

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
transaction_limits_check_age(void)
{
	long seconds;
	int	 microseconds;

	TimestampDifference(GetCurrentTransactionStartTimestamp(),
						GetCurrentStatementStartTimestamp(), &seconds,
						&microseconds);
	if (seconds >= max_age_s && settings_is_strict())
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("transaction age limit of %ds exceeded", max_age_s),
				 errdetail("Current transaction age %lds exceeds %ds", seconds,
						   max_age_s)));
}

void
transaction_limits_reset(void)
{
	rows = 0;
	size = 0;
}
