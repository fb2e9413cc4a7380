/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * table.c
 *	  What CREATE TABLE may not contain.
 *
 * These are raw parse trees: no name in them has been looked up.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "dialect/newer.h"
#include "dialect/object_limits.h"
#include "dialect/parse_tree.h"
#include "dialect/refuse.h"
#include "dialect/sequences.h"
#include "dialect/table.h"
#include "dialect/types.h"
#include "parser/parse_type.h"
#include "utils/builtins.h"

/* ---- Columns ---- */

static void
refuse_clause(const char *clause)
{
	dialect_refuse("%s clause not supported for CREATE TABLE", clause);
}

/* Of the index of a key. */
static void
check_index_clauses(const Constraint *constraint)
{
	bool is_key = constraint->contype == CONSTR_PRIMARY ||
				  constraint->contype == CONSTR_UNIQUE;

	if (is_key && constraint->options != NIL)
		refuse_clause("WITH");
	if (is_key && constraint->indexspace != NULL)
		refuse_clause("TABLESPACE");
}

/* The rules of a sequence, with texts of their own. */
static void
check_identity(const ColumnDef *column)
{
	const Constraint *identity =
		parse_tree_constraint(column->constraints, CONSTR_IDENTITY);

	if (identity == NULL)
		return;
	dialect_sequences_require_cache("identity column", identity->options);
	dialect_sequences_check_identity_type(
		typenameTypeId(NULL, column->typeName));
}

static void
check_column_constraints(const ColumnDef *column, Oid type, int32 typmod)
{
	bool is_key = parse_tree_constraint(column->constraints, CONSTR_PRIMARY) ||
				  parse_tree_constraint(column->constraints, CONSTR_UNIQUE);
	ListCell *cell;

	foreach (cell, column->constraints)
	{
		newer_check_constraint(lfirst_node(Constraint, cell), true);
		check_index_clauses(lfirst_node(Constraint, cell));
	}
	if (is_key)
		dialect_types_check_key(type, typmod);
	if (parse_tree_constraint(column->constraints, CONSTR_ATTR_DEFERRABLE) &&
		!parse_tree_constraint(column->constraints, CONSTR_FOREIGN))
		dialect_refuse("DEFERRABLE constraint not supported");
}

static void
check_column(const ColumnDef *column)
{
	Oid	  type;
	int32 typmod;

	if (column->typeName == NULL)
		return; /* its type comes from elsewhere, as in a partition */
	check_identity(column);
	type = dialect_types_check(column->typeName, &typmod);
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

/* A column that does not exist is left to PostgreSQL to report. */
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
		dialect_types_check_key(type, typmod);
	}
	object_limits_check_key(list_length(constraint->keys));
}

static void
check_table_constraint(const Constraint *constraint, List *elements)
{
	newer_check_constraint(constraint, false);
	if (constraint->contype == CONSTR_EXCLUSION)
		dialect_refuse("EXCLUDE constraint not supported");
	check_index_clauses(constraint);
	if (constraint->deferrable && constraint->contype != CONSTR_FOREIGN)
		dialect_refuse("DEFERRABLE constraint not supported");
	if (constraint->contype == CONSTR_PRIMARY ||
		constraint->contype == CONSTR_UNIQUE)
		check_key(constraint, elements);
}

/* Each of them makes an index. */
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

/* The first clause that is not supported, or NULL. */
static const char *
unsupported_clause(const CreateStmt *create)
{
	if (create->partbound != NULL)
		return "PARTITION OF";
	if (create->partspec != NULL)
		return "PARTITION BY";
	if (create->inhRelations != NIL)
		return "INHERITS";
	if (create->ofTypename != NULL)
		return "OF";
	if (create->accessMethod != NULL)
		return "USING";
	if (create->options != NIL)
		return "WITH";
	if (create->oncommit != ONCOMMIT_NOOP)
		return "ON COMMIT";
	if (create->tablespacename != NULL)
		return "TABLESPACE";
	return NULL;
}

static void
check_clauses(const CreateStmt *create)
{
	const char *clause;

	if (parse_tree_is_temporary(create->relation))
		dialect_refuse(
			"TEMPORARY or TEMP table not supported for CREATE TABLE");
	if (create->relation->relpersistence == RELPERSISTENCE_UNLOGGED)
		dialect_refuse("UNLOGGED table not supported for CREATE TABLE");
	clause = unsupported_clause(create);
	if (clause != NULL)
		refuse_clause(clause);
}

void
dialect_table_check_create(Node *statement)
{
	const CreateStmt *create = castNode(CreateStmt, statement);
	ListCell		 *cell;
	int				  columns = 0;
	int				  keys = 0;

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
	object_limits_check_columns(columns);
	object_limits_check_indexes(keys);
	object_limits_check_tables(create->relation);
}
