/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * statements.c
 *	  Which utility statements Aurora DSQL has.
 *
 * One table has the kinds of statements that are accepted, and for each the
 * check of what it contains.  All others are refused; a second table has the
 * service's words for them.  Queries are checked in query.c, when they are
 * analyzed.
 */
#include "postgres.h"

#include "access/xact.h"
#include "dialect/alter_table.h"
#include "dialect/function.h"
#include "dialect/newer.h"
#include "dialect/object_limits.h"
#include "dialect/objects.h"
#include "dialect/refuse.h"
#include "dialect/roles.h"
#include "dialect/sequences.h"
#include "dialect/session.h"
#include "dialect/settings.h"
#include "dialect/statements.h"
#include "dialect/table.h"
#include "nodes/parsenodes.h"
#include "tcop/utility.h"

/* ---- Kinds that are refused ---- */

/* In the service's words. */
typedef struct RefusedStatement
{
	NodeTag		tag;
	const char *text;
} RefusedStatement;

#define UNSUPPORTED(name)                                                     \
	{                                                                         \
		T_##name##Stmt, "unsupported statement: " #name                       \
	}

static const RefusedStatement refused[] = {
	UNSUPPORTED(AlterCollation),
	UNSUPPORTED(AlterDatabase),
	UNSUPPORTED(AlterDatabaseSet),
	UNSUPPORTED(AlterEventTrig),
	UNSUPPORTED(AlterExtension),
	UNSUPPORTED(AlterFdw),
	UNSUPPORTED(AlterFunction),
	UNSUPPORTED(AlterForeignServer),
	UNSUPPORTED(AlterObjectDepends),
	UNSUPPORTED(AlterOpFamily),
	UNSUPPORTED(AlterOperator),
	UNSUPPORTED(AlterPolicy),
	UNSUPPORTED(AlterPublication),
	UNSUPPORTED(AlterSubscription),
	UNSUPPORTED(AlterSystem),
	{T_AlterTSConfigurationStmt,
	 "unsupported statement: AlterTSConfiguration"},
	{T_AlterTSDictionaryStmt, "unsupported statement: AlterTSDictionary"},
	UNSUPPORTED(AlterUserMapping),
	{T_CheckPointStmt, "unsupported statement: CheckPoint"},
	UNSUPPORTED(ClosePortal),
	UNSUPPORTED(Cluster),
	UNSUPPORTED(CompositeType),
	UNSUPPORTED(CreateAm),
	UNSUPPORTED(CreateCast),
	UNSUPPORTED(CreateConversion),
	UNSUPPORTED(CreateEventTrig),
	UNSUPPORTED(CreateExtension),
	UNSUPPORTED(CreateFdw),
	UNSUPPORTED(CreateForeignServer),
	UNSUPPORTED(CreateForeignTable),
	UNSUPPORTED(CreateOpClass),
	UNSUPPORTED(CreateOpFamily),
	UNSUPPORTED(CreatePLang),
	UNSUPPORTED(CreatePolicy),
	UNSUPPORTED(CreatePublication),
	UNSUPPORTED(CreateRange),
	UNSUPPORTED(CreateSubscription),
	UNSUPPORTED(CreateTableAs),
	UNSUPPORTED(CreateTableSpace),
	UNSUPPORTED(CreateTransform),
	UNSUPPORTED(CreateUserMapping),
	UNSUPPORTED(Createdb),
	UNSUPPORTED(DeclareCursor),
	UNSUPPORTED(Discard),
	UNSUPPORTED(Do),
	UNSUPPORTED(DropOwned),
	UNSUPPORTED(DropSubscription),
	UNSUPPORTED(DropTableSpace),
	UNSUPPORTED(DropUserMapping),
	UNSUPPORTED(Dropdb),
	UNSUPPORTED(Execute),
	UNSUPPORTED(Fetch),
	UNSUPPORTED(ImportForeignSchema),
	UNSUPPORTED(Listen),
	UNSUPPORTED(Load),
	UNSUPPORTED(Lock),
	UNSUPPORTED(Notify),
	UNSUPPORTED(Prepare),
	UNSUPPORTED(ReassignOwned),
	UNSUPPORTED(RefreshMatView),
	UNSUPPORTED(Reindex),
	UNSUPPORTED(Rule),
	UNSUPPORTED(SecLabel),
	UNSUPPORTED(Truncate),
	UNSUPPORTED(Unlisten),
	{T_AlterEnumStmt, "ALTER TYPE not supported"},
	{T_AlterTypeStmt, "ALTER TYPE not supported"},
	{T_CreateEnumStmt, "CREATE TYPE not supported"},
	{T_CreateTrigStmt, "CREATE TRIGGER not supported"},
};

static void
refuse_kind(Node *statement)
{
	for (int i = 0; i < lengthof(refused); i++)
		if (nodeTag(statement) == refused[i].tag)
			dialect_refuse("%s", refused[i].text);
	dialect_refuse("unsupported statement: %s",
				   GetCommandTagName(CreateCommandTag(statement)));
}

/* ---- Statements that contain others ---- */

/*
 * The schema's parts are statements of their own.  They are executed without
 * another check, so an index of the schema would not be asynchronous.
 */
static void
check_schema(Node *statement)
{
	const CreateSchemaStmt *schema = castNode(CreateSchemaStmt, statement);
	ListCell			   *cell;

	object_limits_check_schemas();
	foreach (cell, schema->schemaElts)
	{
		Node *element = lfirst(cell);

		if (!IsA(element, CreateStmt) && !IsA(element, ViewStmt))
			dialect_refuse("unsupported statement in CREATE SCHEMA: %s",
						   GetCommandTagName(CreateCommandTag(element)));
		dialect_statements_check(element);
	}
}

/* EXPLAIN ANALYZE executes what it explains. */
static void
check_explain(Node *statement)
{
	const Query *query = (Query *) castNode(ExplainStmt, statement)->query;

	newer_check_explain((const ExplainStmt *) statement);
	if (IsA(query, Query) && query->commandType == CMD_UTILITY)
		dialect_statements_check(query->utilityStmt);
}

/* ---- Kinds that are accepted ---- */

/* check: of what it contains; NULL if it may contain anything. */
typedef struct AcceptedStatement
{
	NodeTag tag;
	void (*check)(Node *statement);
} AcceptedStatement;

static const AcceptedStatement accepted[] = {
	{T_AlterDefaultPrivilegesStmt, dialect_objects_check_default_privileges},
	{T_AlterDomainStmt, dialect_objects_check_alter_domain},
	{T_AlterObjectSchemaStmt, dialect_objects_check_set_schema},
	{T_AlterOwnerStmt, dialect_objects_check_owner},
	{T_AlterRoleSetStmt, dialect_roles_check_alter_set},
	{T_AlterRoleStmt, dialect_roles_check_alter},
	{T_AlterSeqStmt, dialect_sequences_check_alter},
	{T_AlterStatsStmt, object_limits_check_statistics_target},
	{T_AlterTableStmt, dialect_alter_table_check},
	{T_CallStmt, NULL},
	{T_CommentStmt, dialect_objects_check_comment},
	{T_ConstraintsSetStmt, NULL},
	{T_CopyStmt, dialect_objects_check_copy},
	{T_CreateDomainStmt, dialect_objects_check_domain},
	{T_CreateFunctionStmt, dialect_function_check_create},
	{T_CreateRoleStmt, dialect_roles_check_create},
	{T_CreateSchemaStmt, check_schema},
	{T_CreateSeqStmt, dialect_sequences_check_create},
	{T_CreateStatsStmt, object_limits_check_statistics},
	{T_CreateStmt, dialect_table_check_create},
	{T_DeallocateStmt, dialect_objects_check_deallocate},
	{T_DefineStmt, dialect_objects_check_define},
	{T_DropRoleStmt, dialect_roles_check_drop},
	{T_DropStmt, dialect_objects_check_drop},
	{T_ExplainStmt, check_explain},
	{T_GrantRoleStmt, dialect_roles_check_grant},
	{T_GrantStmt, dialect_objects_check_grant},
	{T_IndexStmt, NULL}, /* jobs/ checks it */
	{T_RenameStmt, dialect_objects_check_rename},
	{T_TransactionStmt, NULL}, /* transaction_statements.c checks it */
	{T_VacuumStmt, dialect_objects_check_vacuum},
	{T_VariableSetStmt, dialect_settings_check_set},
	{T_VariableShowStmt, dialect_settings_check_show},
	{T_ViewStmt, dialect_objects_check_view},
};

void
dialect_statements_check(Node *statement)
{
	if (!dialect_applies() || IsAbortedTransactionBlockState())
		return;
	for (int i = 0; i < lengthof(accepted); i++)
	{
		if (nodeTag(statement) != accepted[i].tag)
			continue;
		if (accepted[i].check != NULL)
			accepted[i].check(statement);
		return;
	}
	refuse_kind(statement);
}
