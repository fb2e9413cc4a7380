/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * parse_tree.h
 *	  Questions about raw parse trees that several checks ask.
 */
#ifndef DSQL_DIALECT_PARSE_TREE_H
#define DSQL_DIALECT_PARSE_TREE_H

#include "nodes/parsenodes.h"

/* The option with that name in a list of DefElem, or NULL. */
extern DefElem *parse_tree_option(List *options, const char *name);

/* The constraint of that kind in a list of Constraint, or NULL. */
extern Constraint *parse_tree_constraint(List *constraints, ConstrType kind);

/* Does the name belong to a temporary relation? */
extern bool parse_tree_is_temporary(const RangeVar *name);

#endif /* DSQL_DIALECT_PARSE_TREE_H */
