/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * objects.c
 *	  What statements on objects other than tables, sequences and roles may not
 *	  contain.
 */
#include "postgres.h"

#include "access/xact.h"
#include "dialect/newer.h"
#include "dialect/object_limits.h"
#include "dialect/objects.h"
#include "dialect/parse_tree.h"
#include "dialect/refuse.h"
#include "dialect/roles.h"
#include "dialect/types.h"
#include "nodes/parsenodes.h"

/* The schema public belongs to the system. */
static void
check_schema_name(const char *name)
{
	if (strcmp(name, "public") == 0)
		dialect_refuse("feature not supported on system entity");
}

/* names: a list of names, each a string. */
static void
check_schema_names(List *names)
{
	ListCell *cell;

	foreach (cell, names)
		check_schema_name(strVal(lfirst(cell)));
}

/* Kinds of objects that are named here can be dropped. */
void
dialect_objects_check_drop(Node *statement)
{
	const DropStmt *drop = castNode(DropStmt, statement);

	switch (drop->removeType)
	{
		case OBJECT_INDEX:
			if (drop->concurrent)
				dialect_refuse("DROP INDEX CONCURRENTLY must be first action "
							   "in transaction");
			break;
		case OBJECT_DOMAIN:
			if (drop->behavior == DROP_CASCADE)
				dialect_refuse("DROP DOMAIN with CASCADE unsupported");
			break;
		case OBJECT_SCHEMA:
			check_schema_names(drop->objects);
			break;
		case OBJECT_TABLE:
		case OBJECT_VIEW:
		case OBJECT_SEQUENCE:
		case OBJECT_FUNCTION:
		case OBJECT_PROCEDURE:
		case OBJECT_ROUTINE:
		case OBJECT_TRIGGER: /* for IF EXISTS: there are none */
		case OBJECT_STATISTIC_EXT:
			break;
		default:
			dialect_refuse("unsupported object in DROP statement");
	}
}

/* Kinds of objects that are named here can be renamed. */
void
dialect_objects_check_rename(Node *statement)
{
	const RenameStmt *rename = castNode(RenameStmt, statement);

	switch (rename->renameType)
	{
		case OBJECT_TABLE:
		case OBJECT_COLUMN:
		case OBJECT_TABCONSTRAINT:
		case OBJECT_DOMCONSTRAINT:
		case OBJECT_INDEX:
		case OBJECT_VIEW:
		case OBJECT_SEQUENCE:
		case OBJECT_DOMAIN:
		case OBJECT_FUNCTION:
		case OBJECT_ROUTINE:
		case OBJECT_STATISTIC_EXT:
			break;
		case OBJECT_SCHEMA:
			check_schema_name(rename->subname);
			break;
		case OBJECT_ROLE:
			dialect_roles_check_name(rename->subname);
			break;
		default:
			dialect_refuse("unsupported object in RENAME statement");
	}
}

/* Kinds of objects that are named here can have another schema. */
void
dialect_objects_check_set_schema(Node *statement)
{
	switch (castNode(AlterObjectSchemaStmt, statement)->objectType)
	{
		case OBJECT_TABLE:
		case OBJECT_VIEW:
		case OBJECT_SEQUENCE:
		case OBJECT_DOMAIN:
		case OBJECT_FUNCTION:
		case OBJECT_ROUTINE:
		case OBJECT_STATISTIC_EXT:
			break;
		default:
			dialect_refuse("unsupported object in ALTER statement");
	}
}

/*
 * Kinds of objects that are named here can have another owner.  For tables,
 * views and sequences it is a form of ALTER TABLE.
 */
void
dialect_objects_check_owner(Node *statement)
{
	const AlterOwnerStmt *alter = castNode(AlterOwnerStmt, statement);

	switch (alter->objectType)
	{
		case OBJECT_SCHEMA:
			check_schema_name(strVal(alter->object));
			break;
		case OBJECT_DOMAIN:
		case OBJECT_FUNCTION:
		case OBJECT_ROUTINE:
		case OBJECT_STATISTIC_EXT:
			break;
		default:
			dialect_refuse("unsupported object in ALTER statement");
	}
}

/* Kinds of objects that are named here can have a comment. */
void
dialect_objects_check_comment(Node *statement)
{
	const CommentStmt *comment = castNode(CommentStmt, statement);

	switch (comment->objtype)
	{
		case OBJECT_SCHEMA:
			check_schema_name(strVal(comment->object));
			break;
		case OBJECT_TABLE:
		case OBJECT_COLUMN:
		case OBJECT_TABCONSTRAINT:
		case OBJECT_DOMCONSTRAINT:
		case OBJECT_INDEX:
		case OBJECT_VIEW:
		case OBJECT_SEQUENCE:
		case OBJECT_DOMAIN:
		case OBJECT_FUNCTION:
		case OBJECT_ROUTINE:
		case OBJECT_ROLE:
		case OBJECT_STATISTIC_EXT:
			break;
		default:
			dialect_refuse("unsupported object in COMMENT statement");
	}
}

/* Privileges on kinds of objects that are named here can be granted. */
void
dialect_objects_check_grant(Node *statement)
{
	const GrantStmt *grant = castNode(GrantStmt, statement);

	newer_check_grant(grant);
	switch (grant->objtype)
	{
		case OBJECT_SCHEMA:
			check_schema_names(grant->objects);
			break;
		case OBJECT_TABLE:
		case OBJECT_SEQUENCE:
		case OBJECT_FUNCTION:
		case OBJECT_PROCEDURE:
		case OBJECT_ROUTINE:
		case OBJECT_DOMAIN:
		case OBJECT_TYPE:
			break;
		default:
			dialect_refuse("unsupported object type in GRANT");
	}
}

void
dialect_objects_check_default_privileges(Node *statement)
{
	newer_check_grant(castNode(AlterDefaultPrivilegesStmt, statement)->action);
}

/* Files and programs are the server's, which has none. */
void
dialect_objects_check_copy(Node *statement)
{
	const CopyStmt *copy = castNode(CopyStmt, statement);

	if (copy->is_program)
		dialect_refuse("COPY with PROGRAM not supported");
	if (copy->filename != NULL)
		dialect_refuse("COPY with a file not supported");
	newer_check_copy(copy);
}

void
dialect_objects_check_define(Node *statement)
{
	const DefineStmt *define = castNode(DefineStmt, statement);

	if (define->kind == OBJECT_TYPE)
		dialect_refuse("CREATE TYPE not supported");
	dialect_refuse("unsupported statement: Define");
}

void
dialect_objects_check_vacuum(Node *statement)
{
	const VacuumStmt *vacuum = castNode(VacuumStmt, statement);

	if (vacuum->is_vacuumcmd)
		dialect_refuse("unsupported VACUUM statement");
	if (vacuum->rels == NIL)
		dialect_refuse("unsupported ANALYZE statement");
	PreventInTransactionBlock(true, "ANALYZE");
}

void
dialect_objects_check_view(Node *statement)
{
	const ViewStmt *view = castNode(ViewStmt, statement);

	if (parse_tree_is_temporary(view->view))
		dialect_refuse("TEMPORARY or TEMP view not supported for CREATE VIEW");
	object_limits_check_views(view->view);
}

void
dialect_objects_check_domain(Node *statement)
{
	const CreateDomainStmt *domain = castNode(CreateDomainStmt, statement);
	int32					typmod;

	if (domain->collClause != NULL)
		dialect_refuse("COLLATE clause not supported");
	(void) dialect_types_check(domain->typeName, &typmod);
}

void
dialect_objects_check_alter_domain(Node *statement)
{
	const AlterDomainStmt *alter = castNode(AlterDomainStmt, statement);

	if (alter->subtype == 'C')
		dialect_refuse("unsupported ALTER DOMAIN ADD CONSTRAINT statement");
	if (alter->subtype == 'O')
		dialect_refuse("unsupported ALTER DOMAIN SET NOT NULL statement");
	if (alter->subtype == 'V')
		dialect_refuse("unsupported ALTER DOMAIN VALIDATE CONSTRAINT "
					   "statement");
}

/* Only DEALLOCATE ALL is supported: there is no PREPARE. */
void
dialect_objects_check_deallocate(Node *statement)
{
	if (castNode(DeallocateStmt, statement)->name != NULL)
		dialect_refuse("unsupported statement: Deallocate");
}
