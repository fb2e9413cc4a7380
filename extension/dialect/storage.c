/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * storage.c
 *	  STORAGE of a column, where the server's grammar is that of PostgreSQL 15.
 *
 * PostgreSQL 16 has STORAGE in CREATE TABLE and ADD COLUMN.  For an older
 * server the gateway writes an option of foreign tables in its place, which no
 * other column has (src/gateway/sql_rewriter.h).  Here it becomes what it
 * stands for: the column's storage, or a second action, SET STORAGE.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "dialect/storage.h"
#include "nodes/makefuncs.h"
#include "parser/parse_type.h"
#include "storage/lockdefs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#define DEFAULT_STORAGE_MARK "=dflt" /* in SET STORAGE */

/*
 * The gateway's option, pg_attribute.attstorage, and the keyword.  The option
 * is not a letter that begins a literal.
 */
static const struct
{
	const char *option;
	char		storage; /* 0: the type's own */
	const char *name;
} storages[] = {
	{"m", TYPSTORAGE_MAIN, "main"},
	{"p", TYPSTORAGE_PLAIN, "plain"},
	{"t", TYPSTORAGE_EXTERNAL, "external"},
	{"s", TYPSTORAGE_EXTENDED, "extended"},
	{"d", 0, "default"},
};

/* Its place in storages; -1: the column has no STORAGE. */
static int
take_storage(ColumnDef *column)
{
	const DefElem *option;

	if (list_length(column->fdwoptions) != 1)
		return -1;
	option = linitial_node(DefElem, column->fdwoptions);
	if (option->arg == NULL || !IsA(option->arg, String) ||
		strVal(option->arg)[0] != '\0')
		return -1;
	for (int i = 0; i < lengthof(storages); i++)
		if (strcmp(option->defname, storages[i].option) == 0)
		{
			column->fdwoptions = NIL;
			return i;
		}
	return -1;
}

/* As version 16: a type that is never moved out of a row stays plain. */
static void
check_storage(const ColumnDef *column, char storage)
{
	Type type = LookupTypeName(NULL, column->typeName, NULL, true);
	Oid	 oid;

	if (type == NULL)
		return;
	oid = typeTypeId(type);
	ReleaseSysCache(type);
	if (storage != 0 && storage != TYPSTORAGE_PLAIN &&
		get_typstorage(oid) == TYPSTORAGE_PLAIN)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("column data type %s can only have storage PLAIN",
						format_type_be(oid))));
}

void
storage_complete_columns(List *columns)
{
	ListCell *cell;

	foreach (cell, columns)
	{
		ColumnDef *column = lfirst(cell);
		int		   found = IsA(column, ColumnDef) ? take_storage(column) : -1;

		if (found < 0)
			continue;
		check_storage(column, storages[found].storage);
		column->storage = storages[found].storage;
	}
}

static AlterTableCmd *
make_set_storage(const char *column, const char *storage)
{
	AlterTableCmd *command = makeNode(AlterTableCmd);

	command->subtype = AT_SetStorage;
	command->name = pstrdup(column);
	command->def = (Node *) makeString(pstrdup(storage));
	command->behavior = DROP_RESTRICT;
	return command;
}

/* NULL: it has none to be set. */
static AlterTableCmd *
storage_of_added(ColumnDef *column)
{
	int found = take_storage(column);

	if (found < 0 || storages[found].storage == 0)
		return NULL;
	check_storage(column, storages[found].storage);
	return make_set_storage(column->colname, storages[found].name);
}

static const char *
default_storage_of(Oid table, const char *column)
{
	AttrNumber number = get_attnum(table, column);
	char	   storage = number == InvalidAttrNumber
							 ? TYPSTORAGE_PLAIN
							 : get_typstorage(get_atttype(table, number));

	for (int i = 0; i < lengthof(storages); i++)
		if (storages[i].storage == storage)
			return storages[i].name;
	return "plain";
}

/* A table or column that does not exist is left to PostgreSQL to report. */
static void
complete_set_storage(AlterTableCmd *command, const RangeVar *relation)
{
	Oid table;

	if (!IsA(command->def, String) ||
		strcmp(strVal(command->def), DEFAULT_STORAGE_MARK) != 0)
		return;
	table = RangeVarGetRelid(relation, NoLock, true);
	command->def = (Node *) makeString(
		pstrdup(OidIsValid(table) ? default_storage_of(table, command->name)
								  : "plain"));
}

void
storage_complete_alter(AlterTableStmt *alter)
{
	List	 *commands = NIL;
	ListCell *cell;

	foreach (cell, alter->cmds)
	{
		AlterTableCmd *command = lfirst_node(AlterTableCmd, cell);
		AlterTableCmd *added = NULL;

		if (command->subtype == AT_AddColumn)
			added = storage_of_added((ColumnDef *) command->def);
		else if (command->subtype == AT_SetStorage)
			complete_set_storage(command, alter->relation);
		commands = lappend(commands, command);
		if (added != NULL)
			commands = lappend(commands, added);
	}
	alter->cmds = commands;
}
