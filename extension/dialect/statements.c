/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * statements.c
 *	  Utility statements that Aurora DSQL refuses.
 *
 * Two tables: kinds of statements that are refused whatever they contain, and
 * for the others the check of what they contain.  Kinds in neither table are
 * PostgreSQL's.  Queries are checked in query.c, when they are analyzed.
 */
#include "postgres.h"

#include "access/xact.h"
#include "dialect/alter_table.h"
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

/* Refused whatever they contain, in the service's words. */
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
	UNSUPPORTED(AlterForeignServer),
	UNSUPPORTED(AlterOpFamily),
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
	UNSUPPORTED(Dropdb),
	UNSUPPORTED(Execute),
	UNSUPPORTED(Fetch),
	UNSUPPORTED(ImportForeignSchema),
	UNSUPPORTED(Listen),
	UNSUPPORTED(Load),
	UNSUPPORTED(Lock),
	UNSUPPORTED(Notify),
	UNSUPPORTED(Prepare),
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

/* ---- Statements that contain others ---- */

/* The schema's parts are statements of their own. */
static void
check_schema(Node *statement)
{
	const CreateSchemaStmt *schema = castNode(CreateSchemaStmt, statement);
	ListCell			   *cell;

	object_limits_check_schemas(schema->schemaname);
	foreach (cell, schema->schemaElts)
		dialect_statements_check(lfirst(cell));
}

/* EXPLAIN ANALYZE executes what it explains. */
static void
check_explain(Node *statement)
{
	const Query *query = (Query *) castNode(ExplainStmt, statement)->query;

	if (IsA(query, Query) && query->commandType == CMD_UTILITY)
		dialect_statements_check(query->utilityStmt);
}

/* ---- Checks of what a statement contains ---- */

typedef struct StatementCheck
{
	NodeTag tag;
	void (*check)(Node *statement);
} StatementCheck;

static const StatementCheck checks[] = {
	{T_AlterDomainStmt, dialect_objects_check_alter_domain},
	{T_AlterRoleSetStmt, dialect_roles_check_alter_set},
	{T_AlterRoleStmt, dialect_roles_check_alter},
	{T_AlterSeqStmt, dialect_sequences_check_alter},
	{T_AlterStatsStmt, object_limits_check_statistics_target},
	{T_AlterTableStmt, dialect_alter_table_check},
	{T_CreateDomainStmt, dialect_objects_check_domain},
	{T_CreateFunctionStmt, dialect_objects_check_function},
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
	{T_RenameStmt, dialect_objects_check_rename},
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
	for (int i = 0; i < lengthof(refused); i++)
		if (nodeTag(statement) == refused[i].tag)
			dialect_refuse("%s", refused[i].text);
	for (int i = 0; i < lengthof(checks); i++)
		if (nodeTag(statement) == checks[i].tag)
			checks[i].check(statement);
}
