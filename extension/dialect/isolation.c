/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * isolation.c
 *	  Every transaction is REPEATABLE READ.
 *
 * This holds even when dsql_local.strict is off, and for superusers:
 * validation compares with the one snapshot of the transaction, and READ
 * COMMITTED has many.
 *
 * PostgreSQL has no hook for that.  We put our own check hooks before those of
 * the settings, so that BEGIN ISOLATION LEVEL, SET, set_config() and startup
 * options all meet them.
 */
#include "postgres.h"

#include "access/xact.h"
#include "base/settings.h"
#include "dialect/isolation.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"

static GucEnumCheckHook prev_check_default_isolation = NULL;
static GucEnumCheckHook prev_check_isolation = NULL;

static const char *
isolation_name(int level)
{
	switch (level)
	{
		case XACT_READ_UNCOMMITTED:
			return "READ UNCOMMITTED";
		case XACT_READ_COMMITTED:
			return "READ COMMITTED";
		case XACT_REPEATABLE_READ:
			return "REPEATABLE READ";
		default:
			return "SERIALIZABLE";
	}
}

/*
 * Autovacuum and our worker choose READ COMMITTED.  They write no row of a
 * table of ours.
 */
static bool
is_supported(int level)
{
	if (level == XACT_REPEATABLE_READ || MyBackendType != B_BACKEND)
		return true;
	GUC_check_errcode(ERRCODE_FEATURE_NOT_SUPPORTED);
	GUC_check_errmsg("Unsupported isolation level: %s", isolation_name(level));
	return false;
}

static bool
check_default_isolation(int *newval, void **extra, GucSource source)
{
	return is_supported(*newval) &&
		   (!prev_check_default_isolation ||
			prev_check_default_isolation(newval, extra, source));
}

static bool
check_isolation(int *newval, void **extra, GucSource source)
{
	return is_supported(*newval) &&
		   (!prev_check_isolation ||
			prev_check_isolation(newval, extra, source));
}

/* Returns the hook that was there. */
static GucEnumCheckHook
chain_check_hook(const char *name, GucEnumCheckHook hook)
{
	struct config_enum *setting = (struct config_enum *) settings_find(name);
	GucEnumCheckHook	previous;

	if (setting == NULL)
		elog(ERROR, "there is no setting \"%s\"", name);
	previous = setting->check_hook;
	setting->check_hook = hook;
	return previous;
}

void
dialect_isolation_init(void)
{
	SetConfigOption("default_transaction_isolation", "repeatable read",
					PGC_POSTMASTER, PGC_S_OVERRIDE);
	prev_check_default_isolation = chain_check_hook(
		"default_transaction_isolation", check_default_isolation);
	prev_check_isolation =
		chain_check_hook("transaction_isolation", check_isolation);
}
