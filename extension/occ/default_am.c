/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * default_am.c
 *	  Which access method a new table gets.
 *
 * Tables are ours unless the statement names another access method, whatever
 * default_table_access_method is set to: a table that is plain heap would lose
 * updates.  Until the extension's SQL has run in a database, our access method
 * does not exist there, and tables are heap.
 */
#include "postgres.h"

#include "base/settings.h"
#include "commands/defrem.h"
#include "nodes/parsenodes.h"
#include "occ/default_am.h"
#include "utils/guc.h"

static const char *
access_method(void)
{
	return OidIsValid(get_table_am_oid(DSQL_AM_NAME, true)) ? DSQL_AM_NAME
															: "heap";
}

bool
occ_default_am_is_needed(Node *statement)
{
	if (IsA(statement, CreateStmt))
		return ((CreateStmt *) statement)->accessMethod == NULL &&
			   ((CreateStmt *) statement)->partspec == NULL;
	if (IsA(statement, CreateTableAsStmt))
		return ((CreateTableAsStmt *) statement)->into->accessMethod == NULL;
	return false;
}

void
occ_default_am_set(Node *statement)
{
	char *name = pstrdup(access_method());

	if (IsA(statement, CreateStmt))
		((CreateStmt *) statement)->accessMethod = name;
	else
		castNode(CreateTableAsStmt, statement)->into->accessMethod = name;
}

void
occ_default_am_init(void)
{
	SetConfigOption("default_table_access_method", DSQL_AM_NAME,
					PGC_POSTMASTER, PGC_S_OVERRIDE);
}
