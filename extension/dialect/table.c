/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * dialect_table.c
 *	  What CREATE and ALTER TABLE, and sequences, may not say.
 *
 * These are raw parse trees: no name in them has been looked up.
 */
#include "base/settings.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "dialect/object_limits.h"
#include "dialect/statements.h"
#include "dialect/table.h"
#include "dialect/types.h"
#include "parser/parse_type.h"
#include "storage/lockdefs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"

/* A node numbers its values either one by one or by this many at a time. */
#define CACHE_MIN 65536

#define CACHE_TEXT                                                            \
	"please define CACHE greater than or equal to 65536 or equal to 1"

/* ---- Sequences ---- */

static void
check_cache_size(const char *what, DefElem *cache)
{
	int64 size = defGetInt64(cache);

	if (size != 1 && size < CACHE_MIN)
		dialect_refuse("%s is not supported with this cache size. " CACHE_TEXT,
					   what);
}

static void
check_sequence_type(List *options)
{
	DefElem *as = dialect_option(options, "as");
	Oid		 type;

	if (as == NULL)
		return;
	type = typenameTypeId(NULL, defGetTypeName(as));
	if (type != INT8OID)
		dialect_refuse("datatype %s not supported, sequence type must be "
					   "bigint",
					   format_type_be(type));
}

static void
require_cache(const char *what, List *options)
{
	DefElem *cache = dialect_option(options, "cache");

	if (cache == NULL)
		dialect_refuse(
			"%s is not supported without an explicit cache size. " CACHE_TEXT,
			what);
	check_cache_size(what, cache);
}

void
table_check_create_sequence(const CreateSeqStmt *create)
{
	if (create->sequence->relpersistence != RELPERSISTENCE_PERMANENT ||
		table_is_temporary(create->sequence))
		dialect_refuse("TEMPORARY or UNLOGGED sequence not supported for "
					   "CREATE SEQUENCE");
	require_cache("CREATE SEQUENCE", create->options);
	check_sequence_type(create->options);
}

void
table_check_alter_sequence(const AlterSeqStmt *alter)
{
	DefElem *cache = dialect_option(alter->options, "cache");

	if (cache != NULL)
		check_cache_size("ALTER SEQUENCE", cache);
	check_sequence_type(alter->options);
}

/* ---- Columns ---- */

static const Constraint *
find_constraint(List *constraints, ConstrType kind)
{
	ListCell *cell;

	foreach (cell, constraints)
		if (lfirst_node(Constraint, cell)->contype == kind)
			return lfirst_node(Constraint, cell);
	return NULL;
}

static void
check_identity(const ColumnDef *column)
{
	const Constraint *identity =
		find_constraint(column->constraints, CONSTR_IDENTITY);
	Oid type;

	if (identity == NULL)
		return;
	require_cache("identity column", identity->options);
	type = typenameTypeId(NULL, column->typeName);
	if (type != INT8OID)
		dialect_refuse(
			"datatype %s not supported, identity column type must be bigint",
			format_type_be(type));
}

static void
check_column_constraints(const ColumnDef *column, Oid type, int32 typmod)
{
	bool is_key = find_constraint(column->constraints, CONSTR_PRIMARY) ||
				  find_constraint(column->constraints, CONSTR_UNIQUE);

	if (is_key)
		types_check_key(type, typmod);
	if (find_constraint(column->constraints, CONSTR_ATTR_DEFERRABLE) &&
		!find_constraint(column->constraints, CONSTR_FOREIGN))
		dialect_refuse("DEFERRABLE constraint not supported");
}

static void
check_column(const ColumnDef *column)
{
	Oid	  type;
	int32 typmod;

	if (column->typeName == NULL)
		return;
	check_identity(column);
	type = types_check(column->typeName, &typmod);
	if (column->collClause != NULL)
		dialect_refuse("COLLATE clause not supported");
	if (column->compression != NULL)
		dialect_refuse("COMPRESSION clause not supported");
	check_column_constraints(column, type, typmod);
}

/* ---- Constraints of a table ---- */

static const ColumnDef *
find_column(List *elements, const char *name)
{
	ListCell *cell;

	foreach (cell, elements)
		if (IsA(lfirst(cell), ColumnDef) &&
			strcmp(((ColumnDef *) lfirst(cell))->colname, name) == 0)
			return lfirst(cell);
	return NULL;
}

static void
check_key(const Constraint *constraint, List *elements)
{
	ListCell *cell;

	foreach (cell, constraint->keys)
	{
		const ColumnDef *column = find_column(elements, strVal(lfirst(cell)));
		Oid				 type;
		int32			 typmod;

		if (column == NULL)
			continue;
		typenameTypeIdAndMod(NULL, column->typeName, &type, &typmod);
		types_check_key(type, typmod);
	}
	limits_check_key(list_length(constraint->keys));
}

static void
check_table_constraint(const Constraint *constraint, List *elements)
{
	if (constraint->contype == CONSTR_EXCLUSION)
		dialect_refuse("EXCLUDE constraint not supported");
	if (constraint->deferrable && constraint->contype != CONSTR_FOREIGN)
		dialect_refuse("DEFERRABLE constraint not supported");
	if (constraint->contype == CONSTR_PRIMARY ||
		constraint->contype == CONSTR_UNIQUE)
		check_key(constraint, elements);
}

static int
count_keys(List *constraints)
{
	ListCell *cell;
	int		  count = 0;

	foreach (cell, constraints)
	{
		ConstrType kind = lfirst_node(Constraint, cell)->contype;

		count += kind == CONSTR_PRIMARY || kind == CONSTR_UNIQUE;
	}
	return count;
}

/* ---- CREATE TABLE ---- */

/* Said so, or put where temporary things are. */
bool
table_is_temporary(const RangeVar *name)
{
	return name->relpersistence == RELPERSISTENCE_TEMP ||
		   (name->schemaname != NULL &&
			strncmp(name->schemaname, "pg_temp", strlen("pg_temp")) == 0);
}

static void
check_clauses(const CreateStmt *create)
{
	const char *clause = NULL;

	if (table_is_temporary(create->relation))
		dialect_refuse(
			"TEMPORARY or TEMP table not supported for CREATE TABLE");
	if (create->relation->relpersistence == RELPERSISTENCE_UNLOGGED)
		dialect_refuse("UNLOGGED table not supported for CREATE TABLE");
	if (create->partbound != NULL)
		clause = "PARTITION OF";
	else if (create->partspec != NULL)
		clause = "PARTITION BY";
	else if (create->inhRelations != NIL)
		clause = "INHERITS";
	else if (create->ofTypename != NULL)
		clause = "OF";
	else if (create->accessMethod != NULL)
		clause = "USING";
	else if (create->options != NIL)
		clause = "WITH";
	else if (create->oncommit != ONCOMMIT_NOOP)
		clause = "ON COMMIT";
	else if (create->tablespacename != NULL)
		clause = "TABLESPACE";
	if (clause != NULL)
		dialect_refuse("%s clause not supported for CREATE TABLE", clause);
}

void
table_check_create(const CreateStmt *create)
{
	ListCell *cell;
	int		  columns = 0;
	int		  keys = 0;

	check_clauses(create);
	foreach (cell, create->tableElts)
	{
		Node *element = lfirst(cell);

		if (IsA(element, ColumnDef))
		{
			check_column((ColumnDef *) element);
			keys += count_keys(((ColumnDef *) element)->constraints);
			columns++;
		}
		else if (IsA(element, Constraint))
		{
			check_table_constraint((Constraint *) element, create->tableElts);
			keys += count_keys(list_make1(element));
		}
	}
	limits_check_columns(columns);
	limits_check_indexes(keys);
}

/* ---- ALTER TABLE ---- */

static void
check_added_column(const ColumnDef *column)
{
	ListCell *cell;
	int32	  typmod;

	(void) types_check(column->typeName, &typmod);
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
check_added_identity(const AlterTableCmd *command)
{
	require_cache("identity column", ((Constraint *) command->def)->options);
}

static void
check_set_identity(const AlterTableCmd *command)
{
	DefElem *cache = dialect_option((List *) command->def, "cache");

	if (cache != NULL)
		check_cache_size("identity column", cache);
}

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

typedef struct RefusedForm
{
	AlterTableType kind;
	const char	  *shown;
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
};

static void
check_form(const AlterTableCmd *command, bool is_alone)
{
	for (int i = 0; i < lengthof(refused_forms); i++)
		if (command->subtype == refused_forms[i].kind)
			dialect_refuse("unsupported ALTER TABLE %s statement",
						   refused_forms[i].shown);
	/* Alone it may be ASYNC, which jobs.c knows. */
	if (command->subtype == AT_ValidateConstraint && !is_alone)
		dialect_refuse("unsupported ALTER TABLE VALIDATE CONSTRAINT "
					   "statement");
}

static void
check_command(const AlterTableCmd *command)
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
			check_added_identity(command);
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
			kind == AT_DropConstraint)
			return true;
	}
	return false;
}

void
table_check_alter(const AlterTableStmt *alter)
{
	ListCell *cell;
	Oid		  table = InvalidOid;
	int		  added = 0;

	check_altered_object(alter);
	if (needs_table(alter))
		table = RangeVarGetRelid(alter->relation, AccessShareLock, true);
	foreach (cell, alter->cmds)
	{
		const AlterTableCmd *command = lfirst_node(AlterTableCmd, cell);

		check_form(command, list_length(alter->cmds) == 1);
		check_command(command);
		check_dropped(command, table);
		added += command->subtype == AT_AddColumn;
	}
	if (added > 0 && OidIsValid(table))
		limits_check_added_columns(added, table);
}
