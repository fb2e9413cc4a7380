/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * index_am.c
 *	  The name of PostgreSQL's B-tree in a local cluster.
 *
 * Aurora DSQL's catalogs have the access method btree_index and no other one
 * for indexes that users create.  sys/cluster.sql gives PostgreSQL's B-tree
 * that name, so that pg_am, pg_indexes and everything else that displays an
 * index agree.  PostgreSQL itself looks the B-tree up by the name "btree"
 * where a statement names no access method; there the statement gets the name
 * that the database has.  Statements may use either name: the owner restores
 * dumps of older clusters, and creates extensions.
 *
 * Some forms of ALTER TABLE look for "btree" where no statement can say
 * otherwise.  While one of them runs, its own transaction has that name.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "base/compat.h"
#include "catalog/indexing.h"
#include "catalog/pg_am.h"
#include "commands/defrem.h"
#include "nodes/parsenodes.h"
#include "occ/index_am.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

#define POSTGRESQL_NAME "btree"
#define DSQL_NAME		"btree_index"

static const char *
database_name(void)
{
	const char *name = get_am_name(BTREE_AM_OID);

	return name != NULL ? name : POSTGRESQL_NAME;
}

/* NULL is the B-tree too: it is the default. */
static bool
is_btree(const char *name)
{
	return name == NULL || strcmp(name, POSTGRESQL_NAME) == 0 ||
		   strcmp(name, DSQL_NAME) == 0;
}

static void
set_name(char **name)
{
	if (is_btree(*name))
		*name = pstrdup(database_name());
}

/* ---- Keys in the definitions of tables ---- */

/* USING INDEX: the index is there already, and a name would not be read. */
static void
set_in_constraint(Constraint *constraint)
{
	if (constraint->contype == CONSTR_PRIMARY ||
		constraint->contype == CONSTR_UNIQUE ||
		constraint->contype == CONSTR_EXCLUSION)
		set_name(&constraint->access_method);
}

/* Of a column, or a constraint; anything else has no key. */
static void
set_in_element(Node *element)
{
	ListCell *cell;

	if (element == NULL)
		return;
	if (IsA(element, Constraint))
		set_in_constraint((Constraint *) element);
	if (!IsA(element, ColumnDef))
		return;
	foreach (cell, ((ColumnDef *) element)->constraints)
		set_in_constraint(lfirst_node(Constraint, cell));
}

static void
set_in_table(CreateStmt *create)
{
	ListCell *cell;

	foreach (cell, create->tableElts)
		set_in_element(lfirst(cell));
}

static void
set_in_alter(AlterTableStmt *alter)
{
	ListCell *cell;

	foreach (cell, alter->cmds)
		set_in_element(lfirst_node(AlterTableCmd, cell)->def);
}

/* ---- Statements ---- */

static bool
has_another_name(void)
{
	return IsTransactionState() &&
		   strcmp(database_name(), POSTGRESQL_NAME) != 0;
}

bool
occ_index_am_is_needed(Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_IndexStmt:
		case T_CreateStmt:
		case T_AlterTableStmt:
		case T_CreateOpClassStmt:
		case T_CreateOpFamilyStmt:
		case T_AlterOpFamilyStmt:
			return has_another_name();
		default:
			return false;
	}
}

void
occ_index_am_set(Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_IndexStmt:
			set_name(&((IndexStmt *) statement)->accessMethod);
			break;
		case T_CreateStmt:
			set_in_table((CreateStmt *) statement);
			break;
		case T_AlterTableStmt:
			set_in_alter((AlterTableStmt *) statement);
			break;
		case T_CreateOpClassStmt:
			set_name(&((CreateOpClassStmt *) statement)->amname);
			break;
		case T_CreateOpFamilyStmt:
			set_name(&((CreateOpFamilyStmt *) statement)->amname);
			break;
		case T_AlterOpFamilyStmt:
			set_name(&((AlterOpFamilyStmt *) statement)->amname);
			break;
		default:
			break;
	}
}

/* ---- Where PostgreSQL itself says "btree" ---- */

/*
 * A constraint that takes over an index must find it to be a "btree".  A
 * column that gets another type, or is computed otherwise, gets its keys
 * again, from the text of their constraints.
 */
static bool
says_btree(const AlterTableCmd *command)
{
	if (command->subtype == AT_AddConstraint)
		return ((const Constraint *) command->def)->indexname != NULL;
	return command->subtype == AT_AlterColumnType ||
		   IS_SET_EXPRESSION_COMPAT(command->subtype);
}

bool
occ_index_am_is_renamed_for(Node *statement)
{
	ListCell *cell;

	if (!IsA(statement, AlterTableStmt))
		return false;
	foreach (cell, ((AlterTableStmt *) statement)->cmds)
		if (says_btree(lfirst_node(AlterTableCmd, cell)))
			return has_another_name();
	return false;
}

/* Another session that renames waits here, until this transaction is over. */
static void
rename_btree(const char *name)
{
	Relation catalog =
		table_open(AccessMethodRelationId, ShareRowExclusiveLock);
	HeapTuple tuple =
		SearchSysCacheCopy1(AMOID, ObjectIdGetDatum(BTREE_AM_OID));

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for access method %u", BTREE_AM_OID);
	namestrcpy(&((Form_pg_am) GETSTRUCT(tuple))->amname, name);
	CatalogTupleUpdate(catalog, &tuple->t_self, tuple);
	heap_freetuple(tuple);
	table_close(catalog, NoLock);
	CommandCounterIncrement();
}

void
occ_index_am_rename_begin(void)
{
	rename_btree(POSTGRESQL_NAME);
}

void
occ_index_am_rename_end(void)
{
	rename_btree(DSQL_NAME);
}
