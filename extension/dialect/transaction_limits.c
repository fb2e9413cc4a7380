/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * txlimits.c
 *	  3,000 rows, 10 MiB, 300 seconds: the limits of Aurora DSQL's
 *	  transactions.
 *
 * Rows are counted as they are modified, those of foreign key actions too, and
 * the statement that crosses the limit fails.  Size is looked at by COMMIT,
 * age by COMMIT and by each statement before it starts.
 */
#include "base/settings.h"

#include <limits.h>

#include "access/xact.h"
#include "dialect/transaction_limits.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#define MEGABYTE ((Size) 1024 * 1024)

/* What each row costs besides its own bytes. */
#define ROW_OVERHEAD 32

/* Settings only so that tests need not wait; the texts say what is in force.
 */
static int max_rows = 3000;
static int max_size_mb = 10;
static int max_age_s = 300;

static int	rows = 0;
static Size size = 0;

void
limits_init(void)
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

static bool
unlimited(void)
{
	return !dsql_strict || MyBackendType != B_BACKEND;
}

void
limits_count_row(Size bytes)
{
	rows++;
	size += bytes + ROW_OVERHEAD;
	if (unlikely(rows > max_rows) && !unlimited())
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("transaction row limit exceeded")));
}

void
limits_check_size(void)
{
	Size mb = (size + MEGABYTE - 1) / MEGABYTE;

	if (mb > (Size) max_size_mb && !unlimited())
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("transaction size limit %dmb exceeded", max_size_mb),
				 errdetail("Current transaction size %zumb > %dmb", mb,
						   max_size_mb)));
}

void
limits_check_age(void)
{
	long seconds;
	int	 microseconds;

	TimestampDifference(GetCurrentTransactionStartTimestamp(),
						GetCurrentStatementStartTimestamp(), &seconds,
						&microseconds);
	if (seconds >= max_age_s && !unlimited())
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("transaction age limit of %ds exceeded", max_age_s),
				 errdetail("Current transaction age %lds exceeds %ds", seconds,
						   max_age_s)));
}

void
limits_reset(void)
{
	rows = 0;
	size = 0;
}
