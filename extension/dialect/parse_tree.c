/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * parse_tree.c
 *	  Questions about raw parse trees that several checks ask.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "dialect/parse_tree.h"

DefElem *
parse_tree_option(List *options, const char *name)
{
	ListCell *cell;

	foreach (cell, options)
		if (strcmp(lfirst_node(DefElem, cell)->defname, name) == 0)
			return lfirst_node(DefElem, cell);
	return NULL;
}

Constraint *
parse_tree_constraint(List *constraints, ConstrType kind)
{
	ListCell *cell;

	foreach (cell, constraints)
		if (lfirst_node(Constraint, cell)->contype == kind)
			return lfirst_node(Constraint, cell);
	return NULL;
}

/* Declared TEMPORARY, or created in a schema of temporary objects. */
bool
parse_tree_is_temporary(const RangeVar *name)
{
	return name->relpersistence == RELPERSISTENCE_TEMP ||
		   (name->schemaname != NULL &&
			strncmp(name->schemaname, "pg_temp", strlen("pg_temp")) == 0);
}
