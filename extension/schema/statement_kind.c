/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * statement_kind.c
 *	  What kind of statement it is, as far as locks and DDL rules ask.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "nodes/parsenodes.h"
#include "schema/statement_kind.h"
#include "tcop/utility.h"

bool
schema_statement_is_ddl(Node *statement)
{
	return GetCommandLogLevel(statement) == LOGSTMT_DDL;
}

bool
schema_statement_creates(Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_CreateStmt:
		case T_IndexStmt:
		case T_ViewStmt:
		case T_CreateSeqStmt:
		case T_CreateSchemaStmt:
		case T_CreateFunctionStmt:
		case T_CreateDomainStmt:
		case T_CreateRoleStmt:
			return true;
		default:
			return false;
	}
}

bool
schema_statement_may_do_nothing(Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_AlterTableStmt:
			return true; /* ADD COLUMN IF NOT EXISTS, and the like */
		case T_CreateStmt:
			return ((CreateStmt *) statement)->if_not_exists;
		case T_IndexStmt:
			return ((IndexStmt *) statement)->if_not_exists;
		case T_CreateSeqStmt:
			return ((CreateSeqStmt *) statement)->if_not_exists;
		case T_CreateSchemaStmt:
			return ((CreateSchemaStmt *) statement)->if_not_exists;
		default:
			return false;
	}
}

bool
schema_statement_rewrites(Node *statement)
{
	return schema_statement_is_ddl(statement) ||
		   IsA(statement, TruncateStmt) || IsA(statement, ClusterStmt) ||
		   IsA(statement, ReindexStmt) || IsA(statement, RefreshMatViewStmt);
}

/*
 * Neither a new column with a value for old rows nor a constraint that is
 * checked leaves the rows alone: the one writes them, the other reads them.
 */
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

bool
schema_statement_leaves_rows_alone(Node *statement, bool index_is_async)
{
	switch (nodeTag(statement))
	{
		case T_AlterTableStmt:
			return alter_leaves_rows_alone((AlterTableStmt *) statement);
		case T_IndexStmt:
			return index_is_async;
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

bool
schema_statement_query_writes(const QueryDesc *query, int eflags)
{
	return !(eflags & EXEC_FLAG_EXPLAIN_ONLY) &&
		   (query->operation != CMD_SELECT ||
			query->plannedstmt->hasModifyingCTE ||
			query->plannedstmt->rowMarks != NIL);
}
