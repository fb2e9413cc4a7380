/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * alter_table.c
 *	  What ALTER TABLE may not contain.
 *
 * Most forms are refused by their kind.  The rest of the statement is a raw
 * parse tree; the table is opened only where its present columns and
 * constraints matter.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_constraint.h"
#include "dialect/alter_table.h"
#include "dialect/newer.h"
#include "dialect/object_limits.h"
#include "dialect/parse_tree.h"
#include "dialect/refuse.h"
#include "dialect/sequences.h"
#include "dialect/types.h"
#include "storage/lockdefs.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"

/* ---- What is added ---- */

static void
check_added_column(const ColumnDef *column)
{
	ListCell *cell;
	int32	  typmod;

	(void) dialect_types_check(column->typeName, &typmod);
	if (column->collClause != NULL)
		dialect_refuse("COLLATE clause not supported");
	foreach (cell, column->constraints)
		if (lfirst_node(Constraint, cell)->contype != CONSTR_NULL)
			dialect_refuse("ALTER TABLE ADD COLUMN with constraint not "
						   "supported");
}

static void
check_added_constraint(const Constraint *constraint)
{
	bool is_supported = false;

	newer_check_constraint(constraint, false);
	if (constraint->contype == CONSTR_CHECK ||
		constraint->contype == CONSTR_FOREIGN)
		is_supported = constraint->skip_validation;
	else if (constraint->contype == CONSTR_UNIQUE)
		is_supported = constraint->indexname != NULL;
	if (!is_supported)
		dialect_refuse("unsupported ALTER TABLE ADD CONSTRAINT statement");
	if (constraint->deferrable && constraint->contype != CONSTR_FOREIGN)
		dialect_refuse("DEFERRABLE constraint not supported");
}

static void
check_added_identity(const AlterTableCmd *command, Oid table)
{
	AttrNumber number = get_attnum(table, command->name);

	dialect_sequences_require_cache("identity column",
									((Constraint *) command->def)->options);
	if (number != InvalidAttrNumber)
		dialect_sequences_check_identity_type(get_atttype(table, number));
}

static void
check_set_identity(const AlterTableCmd *command)
{
	DefElem *cache = parse_tree_option((List *) command->def, "cache");

	if (cache != NULL)
		dialect_sequences_check_cache("identity column", cache);
}

/* ---- What is dropped ---- */

/* The caller has locked the table. */
static void
check_dropped_column(const char *name, Oid table)
{
	Relation   relation = table_open(table, NoLock);
	Bitmapset *keys =
		RelationGetIndexAttrBitmap(relation, INDEX_ATTR_BITMAP_PRIMARY_KEY);
	AttrNumber number = get_attnum(table, name);

	table_close(relation, NoLock);
	if (number != InvalidAttrNumber &&
		bms_is_member(number - FirstLowInvalidHeapAttributeNumber, keys))
		dialect_refuse("cannot drop primary key column %s", name);
	bms_free(keys);
}

/* A constraint that does not exist is left to PostgreSQL to report. */
static void
check_dropped_constraint(const char *name, Oid table)
{
	Oid		  constraint = get_relation_constraint_oid(table, name, true);
	HeapTuple tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
	bool	  is_primary = false;

	if (HeapTupleIsValid(tuple))
	{
		is_primary = ((Form_pg_constraint) GETSTRUCT(tuple))->contype ==
					 CONSTRAINT_PRIMARY;
		ReleaseSysCache(tuple);
	}
	if (is_primary)
		dialect_refuse("unsupported ALTER TABLE DROP CONSTRAINT statement");
}

/* ---- Forms ---- */

/* Refused whatever they contain, in the service's words. */
typedef struct RefusedForm
{
	AlterTableType kind;
	const char	  *shown; /* in the error */
} RefusedForm;

static const RefusedForm refused_forms[] = {
	{AT_AlterColumnType, "ALTER COLUMN ... SET DATA TYPE"},
	{AT_SetNotNull, "ALTER COLUMN ... SET NOT NULL"},
	{AT_SetStatistics, "ALTER COLUMN ... SET STATISTICS"},
	{AT_SetCompression, "ALTER COLUMN ... SET COMPRESSION"},
	{AT_SetOptions, "ALTER COLUMN ... SET ( ... )"},
	{AT_ResetOptions, "ALTER COLUMN ... RESET ( ... )"},
	{AT_EnableRowSecurity, "ENABLE ROW SECURITY"},
	{AT_DisableRowSecurity, "DISABLE ROW SECURITY"},
	{AT_ForceRowSecurity, "FORCE ROW SECURITY"},
	{AT_NoForceRowSecurity, "NO FORCE ROW SECURITY"},
	{AT_ClusterOn, "CLUSTER ON"},
	{AT_DropCluster, "SET WITHOUT CLUSTER"},
	{AT_SetLogged, "SET LOGGED"},
	{AT_SetUnLogged, "SET UNLOGGED"},
	{AT_SetAccessMethod, "SET ACCESS METHOD"},
	{AT_SetTableSpace, "SET TABLESPACE"},
	{AT_AddInherit, "INHERIT"},
	{AT_DropInherit, "NO INHERIT"},
	{AT_AddOf, "OF"},
	{AT_DropOf, "NOT OF"},
	{AT_AttachPartition, "ATTACH PARTITION"},
	{AT_DetachPartition, "DETACH PARTITION"},
	{AT_ReplicaIdentity, "REPLICA IDENTITY"},
	{AT_EnableRule, "ENABLE RULE"},
	{AT_DisableRule, "DISABLE RULE"},
	{AT_SetRelOptions, "SET ( ... )"},
	{AT_ResetRelOptions, "RESET ( ... )"},
	{AT_EnableTrig, "ENABLE TRIGGER"},
	{AT_DisableTrig, "DISABLE TRIGGER"},
};

/* Of a table.  Some of them are refused for what they contain. */
static const AlterTableType table_forms[] = {
	AT_AddColumn,	   AT_DropColumn,		  AT_ColumnDefault,
	AT_DropNotNull,	   AT_DropExpression,	  AT_AddIdentity,
	AT_SetIdentity,	   AT_DropIdentity,		  AT_SetStorage,
	AT_AddConstraint,  AT_ValidateConstraint, AT_AlterConstraint,
	AT_DropConstraint, AT_ChangeOwner,		  AT_EnableTrigAll,
	AT_EnableTrigUser, AT_DisableTrigAll,	  AT_DisableTrigUser,
};

static const AlterTableType view_forms[] = {
	AT_ColumnDefault,
	AT_ChangeOwner,
	AT_SetRelOptions,
	AT_ResetRelOptions,
};

static const AlterTableType sequence_forms[] = {AT_ChangeOwner};

static bool
is_among(AlterTableType kind, const AlterTableType *forms, int count)
{
	for (int i = 0; i < count; i++)
		if (forms[i] == kind)
			return true;
	return false;
}

static bool
is_accepted_form(AlterTableType kind, ObjectType object)
{
	switch (object)
	{
		case OBJECT_TABLE:
			return is_among(kind, table_forms, lengthof(table_forms));
		case OBJECT_VIEW:
			return is_among(kind, view_forms, lengthof(view_forms));
		case OBJECT_SEQUENCE:
			return is_among(kind, sequence_forms, lengthof(sequence_forms));
		default:
			return false;
	}
}

static const char *
object_name(ObjectType object)
{
	switch (object)
	{
		case OBJECT_INDEX:
			return "INDEX";
		case OBJECT_VIEW:
			return "VIEW";
		case OBJECT_SEQUENCE:
			return "SEQUENCE";
		default:
			return "TABLE";
	}
}

static void
refuse_form(AlterTableType kind, ObjectType object)
{
	for (int i = 0; i < lengthof(refused_forms); i++)
		if (kind == refused_forms[i].kind)
			dialect_refuse("unsupported ALTER %s %s statement",
						   object_name(object), refused_forms[i].shown);
	dialect_refuse("unsupported ALTER %s statement", object_name(object));
}

static void
check_form(const AlterTableCmd *command, ObjectType object, bool is_alone)
{
	if (!is_accepted_form(command->subtype, object))
		refuse_form(command->subtype, object);
	/* Alone it may be ASYNC, which is for jobs/ to find out. */
	if (command->subtype == AT_ValidateConstraint && !is_alone)
		dialect_refuse("unsupported ALTER TABLE VALIDATE CONSTRAINT "
					   "statement");
}

static void
check_command(const AlterTableCmd *command, Oid table)
{
	switch (command->subtype)
	{
		case AT_AddColumn:
			check_added_column((ColumnDef *) command->def);
			break;
		case AT_AddConstraint:
			check_added_constraint((Constraint *) command->def);
			break;
		case AT_AddIdentity:
			check_added_identity(command, table);
			break;
		case AT_SetIdentity:
			check_set_identity(command);
			break;
		default:
			break;
	}
}

static void
check_dropped(const AlterTableCmd *command, Oid table)
{
	if (!OidIsValid(table))
		return;
	if (command->subtype == AT_DropColumn)
		check_dropped_column(command->name, table);
	if (command->subtype == AT_DropConstraint)
		check_dropped_constraint(command->name, table);
}

static void
check_altered_object(const AlterTableStmt *alter)
{
	switch (alter->objtype)
	{
		case OBJECT_TYPE:
			dialect_refuse("ALTER TYPE not supported");
		case OBJECT_MATVIEW:
		case OBJECT_FOREIGN_TABLE:
			dialect_refuse("unsupported object in ALTER statement");
		default:
			break;
	}
}

/* Which checks look at the table as it is? */
static bool
needs_table(const AlterTableStmt *alter)
{
	ListCell *cell;

	if (alter->objtype != OBJECT_TABLE)
		return false;
	foreach (cell, alter->cmds)
	{
		AlterTableType kind = lfirst_node(AlterTableCmd, cell)->subtype;

		if (kind == AT_AddColumn || kind == AT_DropColumn ||
			kind == AT_DropConstraint || kind == AT_AddIdentity)
			return true;
	}
	return false;
}

void
dialect_alter_table_check(Node *statement)
{
	const AlterTableStmt *alter = castNode(AlterTableStmt, statement);
	ListCell			 *cell;
	Oid					  table = InvalidOid;
	int					  added = 0;

	check_altered_object(alter);
	if (needs_table(alter))
		table = RangeVarGetRelid(alter->relation, AccessShareLock, true);
	foreach (cell, alter->cmds)
	{
		const AlterTableCmd *command = lfirst_node(AlterTableCmd, cell);

		check_form(command, alter->objtype, list_length(alter->cmds) == 1);
		check_command(command, table);
		check_dropped(command, table);
		added += command->subtype == AT_AddColumn;
	}
	if (added > 0 && OidIsValid(table))
		object_limits_check_added_columns(added, table);
}
