/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * syntax.c
 *	  What statements that submit jobs contain, and what they may not contain.
 *
 * PostgreSQL's parse tree has neither ASYNC nor whether USING btree was
 * written.  So the text is scanned again, with PostgreSQL's own scanner.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "base/token.h"
#include "dialect/object_limits.h"
#include "dialect/refuse.h"
#include "dialect/types.h"
#include "jobs/syntax.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

/* The gateway writes this over ASYNC, which PostgreSQL does not know. */
#define ASYNC_MARK "/*A*/"

static bool
take_word_with_mark(TokenScan *scan, const char *word)
{
	int end = scan->at + (int) strlen(word);

	return token_take_word(scan, word) &&
		   token_has_mark_since(scan, end, ASYNC_MARK);
}

bool
jobs_syntax_is_async(const char *source, int location, int len)
{
	TokenScan scan;
	bool	  is_async = false;

	if (!token_source_is_clients(source))
		return false;
	token_scan_start(&scan, source, location, len);
	if (token_take_word(&scan, "create"))
	{
		(void) token_take_word(&scan, "unique");
		is_async = take_word_with_mark(&scan, "index");
	}
	else if (token_take_word(&scan, "alter"))
		is_async = take_word_with_mark(&scan, "table");
	token_scan_end(&scan);
	return is_async;
}

bool
jobs_syntax_is_validate(Node *statement)
{
	AlterTableStmt *alter = (AlterTableStmt *) statement;

	return IsA(statement, AlterTableStmt) && alter->objtype == OBJECT_TABLE &&
		   list_length(alter->cmds) == 1 &&
		   linitial_node(AlterTableCmd, alter->cmds)->subtype ==
			   AT_ValidateConstraint;
}

/* Is there a USING before the column list? */
static bool
names_method(const char *source, int location, int len)
{
	TokenScan scan;
	bool	  found = false;

	token_scan_start(&scan, source, location, len);
	for (; scan.token != 0 && scan.token != '(' && !found;
		 token_scan_next(&scan))
		found = token_is_word(&scan, "using");
	token_scan_end(&scan);
	return found;
}

static void
check_element(const IndexElem *element)
{
	if (element->ordering != SORTBY_DEFAULT) /* NULLS FIRST is supported */
		dialect_refuse("specifying sort order not supported for index keys");
	if (element->opclass != NIL)
		dialect_refuse("opclass not supported for index keys");
	if (element->collation != NIL)
		dialect_refuse("COLLATE clause not supported");
}

void
jobs_syntax_check_index(const IndexStmt *index, const char *source,
						int location, int len)
{
	ListCell *cell;

	if (index->concurrent)
		dialect_refuse("CONCURRENTLY not supported for CREATE INDEX");
	if (names_method(source, location, len))
		dialect_refuse("USING not supported for CREATE INDEX");
	if (!jobs_syntax_is_async(source, location, len))
		dialect_refuse("unsupported mode. please use CREATE INDEX ASYNC.");
	if (index->options != NIL)
		dialect_refuse("WITH clause not supported for CREATE INDEX");
	if (index->tableSpace != NULL)
		dialect_refuse("TABLESPACE clause not supported for CREATE INDEX");
	foreach (cell, index->indexParams)
		check_element(lfirst_node(IndexElem, cell));
	object_limits_check_key(list_length(index->indexParams));
}

/* column: NULL if the key is an expression. */
static void
check_key_type(Oid table, const char *column)
{
	AttrNumber number;
	Oid		   type;
	int32	   typmod;
	Oid		   collation;

	if (column == NULL)
		return;
	number = get_attnum(table, column);
	if (number == InvalidAttrNumber)
		return;
	get_atttypetypmodcoll(table, number, &type, &typmod, &collation);
	dialect_types_check_key(type, typmod);
}

void
jobs_syntax_check_keys(const IndexStmt *index, Oid table)
{
	Relation  relation = table_open(table, NoLock);
	List	 *indexes = RelationGetIndexList(relation);
	ListCell *cell;

	table_close(relation, NoLock);
	foreach (cell, index->indexParams)
		check_key_type(table, lfirst_node(IndexElem, cell)->name);
	object_limits_check_indexes(list_length(indexes) + 1);
	list_free(indexes);
}
