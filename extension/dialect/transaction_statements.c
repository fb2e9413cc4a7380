/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * transaction_statements.c
 *	  Savepoints, two-phase commit and SET TRANSACTION, which are refused.
 *
 * They are refused to superusers too, unlike the rest of the dialect: what
 * commits here must be validated as a whole, by the process that ran it.
 */
#include "postgres.h"

#include "access/xact.h"
#include "base/settings.h"
#include "dialect/refuse.h"
#include "dialect/transaction_statements.h"
#include "nodes/parsenodes.h"

/* In a failed transaction PostgreSQL's error about that goes first. */
static void
refuse_kind(const char *what)
{
	if (IsAbortedTransactionBlockState())
		ereport(ERROR,
				(errcode(ERRCODE_IN_FAILED_SQL_TRANSACTION),
				 errmsg("current transaction is aborted, "
						"commands ignored until end of transaction block")));
	dialect_refuse("unsupported transaction statement: %s", what);
}

static void
check_kind(const TransactionStmt *statement)
{
	switch (statement->kind)
	{
		case TRANS_STMT_SAVEPOINT:
			refuse_kind("SAVEPOINT");
			break;
		case TRANS_STMT_RELEASE:
			refuse_kind("RELEASE");
			break;
		case TRANS_STMT_ROLLBACK_TO:
			refuse_kind("ROLLBACK TO");
			break;
		case TRANS_STMT_PREPARE:
			refuse_kind("PREPARE TRANSACTION");
			break;
		case TRANS_STMT_COMMIT_PREPARED:
			refuse_kind("COMMIT PREPARED");
			break;
		case TRANS_STMT_ROLLBACK_PREPARED:
			refuse_kind("ROLLBACK PREPARED");
			break;
		default:
			break;
	}
}

/*
 * SET TRANSACTION is refused whatever it sets.  An isolation level other than
 * REPEATABLE READ is left to the check of the setting, which has a text of its
 * own (isolation.c).
 */
static void
check_set_transaction(const VariableSetStmt *statement)
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
	dialect_refuse(
		"setting configuration parameter \"TRANSACTION\" not supported");
}

void
dialect_transaction_statements_check(Node *statement)
{
	if (!settings_is_strict())
		return;
	if (IsA(statement, TransactionStmt))
		check_kind((TransactionStmt *) statement);
	else if (IsA(statement, VariableSetStmt))
		check_set_transaction((VariableSetStmt *) statement);
}
