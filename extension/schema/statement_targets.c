/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * statement_targets.c
 *	  Which objects a utility statement says that it will change.
 *
 * This reads raw parse trees and looks names up without locking them: the
 * result is announced in changes.c, and the statement itself looks again.
 * Relations that a statement does not name (CASCADE, the other table of a
 * foreign key that is dropped) are found afterwards by their locks (ddl.c).
 */
#include "postgres.h"

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
#include "schema/statement_targets.h"
#include "storage/lock.h"
#include "utils/lsyscache.h"

/* ---- Relations ---- */

static List *
add_relation(List *relids, RangeVar *name)
{
	Oid relid = InvalidOid;

	if (name != NULL)
		relid = RangeVarGetRelid(name, NoLock, true);
	return OidIsValid(relid) ? list_append_unique_oid(relids, relid) : relids;
}

/* Foreign keys change the definition of the table they refer to as well. */
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

/* GRANT ... ON ALL TABLES IN SCHEMA changes every one of them. */
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
schema_statement_relations(Node *statement)
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

static bool
relation_exists(RangeVar *name)
{
	return OidIsValid(RangeVarGetRelid(name, NoLock, true));
}

/* An index is in the schema of its table. */
static bool
index_exists(IndexStmt *statement)
{
	Oid table = RangeVarGetRelid(statement->relation, NoLock, true);

	return statement->idxname && OidIsValid(table) &&
		   OidIsValid(get_relname_relid(statement->idxname,
										get_rel_namespace(table)));
}

bool
schema_statement_finds_it_existing(Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_CreateStmt:
			return ((CreateStmt *) statement)->if_not_exists &&
				   relation_exists(((CreateStmt *) statement)->relation);
		case T_CreateSeqStmt:
			return ((CreateSeqStmt *) statement)->if_not_exists &&
				   relation_exists(((CreateSeqStmt *) statement)->sequence);
		case T_CreateSchemaStmt:
			return ((CreateSchemaStmt *) statement)->if_not_exists &&
				   ((CreateSchemaStmt *) statement)->schemaname &&
				   OidIsValid(get_namespace_oid(
					   ((CreateSchemaStmt *) statement)->schemaname, true));
		case T_IndexStmt:
			return ((IndexStmt *) statement)->if_not_exists &&
				   index_exists((IndexStmt *) statement);
		default:
			return false;
	}
}

/* ---- Names ---- */

/*
 * A relation that does not exist yet has no oid.  Its name is unique in the
 * schema it will be created in, which is the first of the search path unless
 * the statement names one.
 */
static void
each_new_relation(RangeVar *name, SchemaNameCallback found)
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
each_dropped(DropStmt *statement, SchemaNameCallback found)
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
each_granted(GrantStmt *statement, SchemaNameCallback found)
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
each_role(List *roles, SchemaNameCallback found)
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

/* False: the statement creates nothing. */
static bool
each_created(Node *statement, SchemaNameCallback found)
{
	switch (nodeTag(statement))
	{
		case T_CreateStmt:
			each_new_relation(((CreateStmt *) statement)->relation, found);
			return true;
		case T_ViewStmt:
			each_new_relation(((ViewStmt *) statement)->view, found);
			return true;
		case T_CreateSeqStmt:
			each_new_relation(((CreateSeqStmt *) statement)->sequence, found);
			return true;
		case T_CreateSchemaStmt:
			if (((CreateSchemaStmt *) statement)->schemaname)
				found(NamespaceRelationId,
					  ((CreateSchemaStmt *) statement)->schemaname);
			return true;
		case T_CreateFunctionStmt:
			found(ProcedureRelationId,
				  strVal(llast(((CreateFunctionStmt *) statement)->funcname)));
			return true;
		case T_CreateDomainStmt:
			found(TypeRelationId,
				  strVal(llast(((CreateDomainStmt *) statement)->domainname)));
			return true;
		case T_CreateRoleStmt:
			found(AuthIdRelationId, ((CreateRoleStmt *) statement)->role);
			return true;
		default:
			return false;
	}
}

static void
each_changed(Node *statement, SchemaNameCallback found)
{
	switch (nodeTag(statement))
	{
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

void
schema_statement_each_name(Node *statement, SchemaNameCallback found)
{
	if (!each_created(statement, found))
		each_changed(statement, found);
}
