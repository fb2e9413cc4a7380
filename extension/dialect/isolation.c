/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * refuse.c
 *	  Savepoints, two-phase commit, other isolation levels.
 *
 * The rest of the dialect is dialect.c's.  The isolation level is guarded
 * even when dsql_local.strict is off: validation compares with the one
 *snapshot of the transaction, and READ COMMITTED has many.
 */
#include "base/settings.h"

#include "access/xact.h"
#include "dialect/isolation.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"

static GucEnumCheckHook prev_check_default_isolation = NULL;
static GucEnumCheckHook prev_check_isolation = NULL;

/* ---- Isolation ---- */

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
 * Autovacuum and our workers choose READ COMMITTED, and write nothing of ours.
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

static struct config_enum *
find_setting(const char *name)
{
	int						n;
	struct config_generic **settings = GUC_VARIABLES_COMPAT(&n);

	for (int i = 0; i < n; i++)
		if (strcmp(settings[i]->name, name) == 0)
			return (struct config_enum *) settings[i];
	elog(ERROR, "there is no setting \"%s\"", name);
}

static void
guard_isolation(void)
{
	struct config_enum *setting;

	SetConfigOption("default_transaction_isolation", "repeatable read",
					PGC_POSTMASTER, PGC_S_OVERRIDE);
	setting = find_setting("default_transaction_isolation");
	prev_check_default_isolation = setting->check_hook;
	setting->check_hook = check_default_isolation;
	setting = find_setting("transaction_isolation");
	prev_check_isolation = setting->check_hook;
	setting->check_hook = check_isolation;
}

/* ---- Statements ---- */

static void
refuse(const char *what)
{
	if (IsAbortedTransactionBlockState())
		ereport(ERROR,
				(errcode(ERRCODE_IN_FAILED_SQL_TRANSACTION),
				 errmsg("current transaction is aborted, "
						"commands ignored until end of transaction block")));
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					errmsg("unsupported transaction statement: %s", what)));
}

static void
refuse_transaction_statement(const TransactionStmt *statement)
{
	switch (statement->kind)
	{
		case TRANS_STMT_SAVEPOINT:
			refuse("SAVEPOINT");
			break;
		case TRANS_STMT_RELEASE:
			refuse("RELEASE");
			break;
		case TRANS_STMT_ROLLBACK_TO:
			refuse("ROLLBACK TO");
			break;
		case TRANS_STMT_PREPARE:
			refuse("PREPARE TRANSACTION");
			break;
		case TRANS_STMT_COMMIT_PREPARED:
			refuse("COMMIT PREPARED");
			break;
		case TRANS_STMT_ROLLBACK_PREPARED:
			refuse("ROLLBACK PREPARED");
			break;
		default:
			break;
	}
}

/*
 * SET TRANSACTION, of whatever.  A level that is not ours goes on to the
 * check of the setting, which has its own text.
 */
static void
refuse_set_transaction(const VariableSetStmt *statement)
{
	ListCell *cell;

	if (statement->kind != VAR_SET_MULTI ||
		strcmp(statement->name, "TRANSACTION") != 0)
		return;
	foreach (cell, statement->args)
	{
		DefElem *item = lfirst_node(DefElem, cell);
		A_Const *value = (A_Const *) item->arg;

		if (strcmp(item->defname, "transaction_isolation") == 0 &&
			strcmp(strVal(&value->val), "repeatable read") != 0)
			return;
	}
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					errmsg("setting configuration parameter \"TRANSACTION\" "
						   "not supported")));
}

void
refuse_statement(Node *statement)
{
	if (!dsql_strict || MyBackendType != B_BACKEND)
		return;
	if (IsA(statement, TransactionStmt))
		refuse_transaction_statement((TransactionStmt *) statement);
	else if (IsA(statement, VariableSetStmt))
		refuse_set_transaction((VariableSetStmt *) statement);
}

void
refuse_init(void)
{
	guard_isolation();
}
