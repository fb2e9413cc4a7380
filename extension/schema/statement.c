/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * statement_names.c
 *	  What a utility statement says that it will change.
 *
 * Only what stands in it: CASCADE, and the tables behind a foreign key that is
 * dropped, are found afterwards by their locks (statement_locks.c).
 */
#include "base/settings.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "nodes/parsenodes.h"
#include "schema/statement.h"
#include "storage/lock.h"
#include "tcop/utility.h"

/* ---- Kinds ---- */

bool
statement_is_ddl(Node *statement)
{
	return GetCommandLogLevel(statement) == LOGSTMT_DDL;
}

bool
statement_rewrites(Node *statement)
{
	return statement_is_ddl(statement) || IsA(statement, TruncateStmt) ||
		   IsA(statement, ClusterStmt) || IsA(statement, ReindexStmt) ||
		   IsA(statement, RefreshMatViewStmt);
}

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
statement_leaves_rows_alone(Node *statement, bool index_is_async)
{
	switch (nodeTag(statement))
	{
		case T_AlterTableStmt:
			return alter_leaves_rows_alone((AlterTableStmt *) statement);
		case T_IndexStmt:
			return index_is_async; /* ASYNC: built after COMMIT, by a worker */
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

/* ---- Relations ---- */

static List *
add_relation(List *relids, RangeVar *name)
{
	Oid relid = InvalidOid;

	if (name != NULL)
		relid = RangeVarGetRelid(name, NoLock, true);
	return OidIsValid(relid) ? list_append_unique_oid(relids, relid) : relids;
}

static List *
add_referenced(List *relids, List *constraints)
{
	ListCell *cell;

	foreach (cell, constraints)
		if (IsA(lfirst(cell), Constraint))
			relids =
				add_relation(relids, ((Constraint *) lfirst(cell))->pktable);
	return relids;
}

static List *
relations_of_create(CreateStmt *statement)
{
	List	 *relids = add_referenced(NIL, statement->tableElts);
	ListCell *cell;

	foreach (cell, statement->tableElts)
		if (IsA(lfirst(cell), ColumnDef))
			relids = add_referenced(relids,
									((ColumnDef *) lfirst(cell))->constraints);
	return relids;
}

static List *
relations_of_alter(AlterTableStmt *statement)
{
	List	 *relids = add_relation(NIL, statement->relation);
	ListCell *cell;

	foreach (cell, statement->cmds)
	{
		AlterTableCmd *command = lfirst_node(AlterTableCmd, cell);

		if (command->def && IsA(command->def, Constraint))
			relids = add_referenced(relids, list_make1(command->def));
	}
	return relids;
}

static List *
relations_of_drop(DropStmt *statement)
{
	List	 *relids = NIL;
	ListCell *cell;

	switch (statement->removeType)
	{
		case OBJECT_TABLE:
		case OBJECT_INDEX:
		case OBJECT_VIEW:
		case OBJECT_SEQUENCE:
		case OBJECT_MATVIEW:
		case OBJECT_FOREIGN_TABLE:
			foreach (cell, statement->objects)
				relids = add_relation(
					relids, makeRangeVarFromNameList(lfirst_node(List, cell)));
			break;
		default:
			break;
	}
	return relids;
}

static List *
relations_of_schema(List *relids, const char *name)
{
	Oid			schema = get_namespace_oid(name, true);
	Relation	pg_class = table_open(RelationRelationId, AccessShareLock);
	SysScanDesc scan =
		systable_beginscan(pg_class, InvalidOid, false, NULL, 0, NULL);
	HeapTuple tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_class form = (Form_pg_class) GETSTRUCT(tuple);

		if (form->relnamespace == schema && form->relkind != RELKIND_INDEX)
			relids = list_append_unique_oid(relids, form->oid);
	}
	systable_endscan(scan);
	table_close(pg_class, AccessShareLock);
	return relids;
}

static List *
relations_of_grant(GrantStmt *statement)
{
	List	 *relids = NIL;
	ListCell *cell;

	if (statement->objtype != OBJECT_TABLE &&
		statement->objtype != OBJECT_SEQUENCE)
		return NIL;
	foreach (cell, statement->objects)
	{
		if (statement->targtype == ACL_TARGET_OBJECT)
			relids = add_relation(relids, lfirst_node(RangeVar, cell));
		else if (statement->targtype == ACL_TARGET_ALL_IN_SCHEMA)
			relids = relations_of_schema(relids, strVal(lfirst(cell)));
	}
	return relids;
}

List *
statement_relations(Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_CreateStmt:
			return relations_of_create((CreateStmt *) statement);
		case T_AlterTableStmt:
			return relations_of_alter((AlterTableStmt *) statement);
		case T_DropStmt:
			return relations_of_drop((DropStmt *) statement);
		case T_GrantStmt:
			return relations_of_grant((GrantStmt *) statement);
		case T_IndexStmt:
			return add_relation(NIL, ((IndexStmt *) statement)->relation);
		case T_RenameStmt:
			return add_relation(NIL, ((RenameStmt *) statement)->relation);
		case T_AlterObjectSchemaStmt:
			return add_relation(
				NIL, ((AlterObjectSchemaStmt *) statement)->relation);
		case T_ViewStmt:
			return add_relation(NIL, ((ViewStmt *) statement)->view);
		case T_AlterSeqStmt:
			return add_relation(NIL, ((AlterSeqStmt *) statement)->sequence);
		case T_CreateTrigStmt:
			return add_relation(NIL, ((CreateTrigStmt *) statement)->relation);
		case T_RuleStmt:
			return add_relation(NIL, ((RuleStmt *) statement)->relation);
		default:
			return NIL;
	}
}

/* ---- Names ---- */

static void
each_new_relation(RangeVar *name, NameCallback found)
{
	Oid schema = InvalidOid;

	if (name->relpersistence == RELPERSISTENCE_TEMP)
		return;
	if (name->schemaname)
		schema = get_namespace_oid(name->schemaname, true);
	else if (fetch_search_path_array(&schema, 1) == 0)
		return;
	if (OidIsValid(schema))
		found(schema, name->relname);
}

static void
each_dropped(DropStmt *statement, NameCallback found)
{
	ListCell *cell;

	foreach (cell, statement->objects)
	{
		Node *object = lfirst(cell);

		if (IsA(object, String))
			found(NamespaceRelationId, strVal(object));
		else if (IsA(object, ObjectWithArgs))
			found(ProcedureRelationId,
				  strVal(llast(((ObjectWithArgs *) object)->objname)));
		else if (IsA(object, TypeName))
			found(TypeRelationId, strVal(llast(((TypeName *) object)->names)));
	}
}

static void
each_granted(GrantStmt *statement, NameCallback found)
{
	ListCell *cell;

	foreach (cell, statement->objects)
	{
		Node *object = lfirst(cell);

		if (statement->objtype == OBJECT_SCHEMA)
			found(NamespaceRelationId, strVal(object));
		else if (IsA(object, ObjectWithArgs))
			found(ProcedureRelationId,
				  strVal(llast(((ObjectWithArgs *) object)->objname)));
	}
}

static void
each_role(List *roles, NameCallback found)
{
	ListCell *cell;

	foreach (cell, roles)
	{
		Node *role = lfirst(cell);

		if (IsA(role, RoleSpec) && ((RoleSpec *) role)->rolename)
			found(AuthIdRelationId, ((RoleSpec *) role)->rolename);
		else if (IsA(role, AccessPriv) && ((AccessPriv *) role)->priv_name)
			found(AuthIdRelationId, ((AccessPriv *) role)->priv_name);
	}
}

void
statement_each_name(Node *statement, NameCallback found)
{
	switch (nodeTag(statement))
	{
		case T_CreateStmt:
			each_new_relation(((CreateStmt *) statement)->relation, found);
			break;
		case T_ViewStmt:
			each_new_relation(((ViewStmt *) statement)->view, found);
			break;
		case T_CreateSeqStmt:
			each_new_relation(((CreateSeqStmt *) statement)->sequence, found);
			break;
		case T_CreateSchemaStmt:
			if (((CreateSchemaStmt *) statement)->schemaname)
				found(NamespaceRelationId,
					  ((CreateSchemaStmt *) statement)->schemaname);
			break;
		case T_CreateFunctionStmt:
			found(ProcedureRelationId,
				  strVal(llast(((CreateFunctionStmt *) statement)->funcname)));
			break;
		case T_CreateDomainStmt:
			found(TypeRelationId,
				  strVal(llast(((CreateDomainStmt *) statement)->domainname)));
			break;
		case T_CreateRoleStmt:
			found(AuthIdRelationId, ((CreateRoleStmt *) statement)->role);
			break;
		case T_AlterRoleStmt:
			each_role(list_make1(((AlterRoleStmt *) statement)->role), found);
			break;
		case T_DropRoleStmt:
			each_role(((DropRoleStmt *) statement)->roles, found);
			break;
		case T_GrantRoleStmt:
			each_role(((GrantRoleStmt *) statement)->granted_roles, found);
			break;
		case T_GrantStmt:
			each_granted((GrantStmt *) statement, found);
			break;
		case T_DropStmt:
			each_dropped((DropStmt *) statement, found);
			break;
		default:
			break;
	}
}
