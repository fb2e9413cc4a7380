/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * function.c
 *	  What CREATE FUNCTION may not contain.
 *
 * The body is a query, or several, and is checked as one: PostgreSQL analyzes
 * it when the function is created (query.c, stored_expressions.c).  A function
 * of a polymorphic type is not analyzed then; but such a type is none that a
 * column may have.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "dialect/function.h"
#include "dialect/parse_tree.h"
#include "dialect/refuse.h"
#include "dialect/settings.h"
#include "dialect/types.h"
#include "parser/parse_type.h"

static void
check_language(List *options)
{
	DefElem	   *option = parse_tree_option(options, "language");
	const char *language = option == NULL ? "sql" : strVal(option->arg);

	if (strcmp(language, "sql") != 0)
		dialect_refuse("CREATE FUNCTION with language %s not supported",
					   language);
}

/* PostgreSQL's, and not in the service's grammar. */
static void
check_clauses(List *options)
{
	static const char *const refused[][2] = {
		{"leakproof", "LEAKPROOF"},
		{"support", "SUPPORT"},
		{"transform", "TRANSFORM"},
		{"window", "WINDOW"},
	};

	for (int i = 0; i < lengthof(refused); i++)
		if (parse_tree_option(options, refused[i][0]) != NULL)
			dialect_refuse("%s clause not supported for CREATE FUNCTION",
						   refused[i][1]);
}

/* SET search_path = ..., for as long as the function runs. */
static void
check_settings(List *options)
{
	ListCell *cell;

	foreach (cell, options)
	{
		const DefElem *option = lfirst_node(DefElem, cell);

		if (strcmp(option->defname, "set") == 0 &&
			((VariableSetStmt *) option->arg)->kind != VAR_RESET_ALL)
			dialect_settings_check_name(
				((VariableSetStmt *) option->arg)->name);
	}
}

/* A type that does not exist is left to PostgreSQL to report. */
static void
check_type(TypeName *name)
{
	Oid type = LookupTypeNameOid(NULL, name, true);

	if (OidIsValid(type))
		dialect_types_check_of_function(type);
}

void
dialect_function_check_create(Node *statement)
{
	const CreateFunctionStmt *function =
		castNode(CreateFunctionStmt, statement);
	ListCell *cell;

	if (function->is_procedure)
		dialect_refuse("PROCEDURE is not supported");
	check_language(function->options);
	check_clauses(function->options);
	check_settings(function->options);
	foreach (cell, function->parameters)
		check_type(lfirst_node(FunctionParameter, cell)->argType);
	if (function->returnType != NULL)
		check_type(function->returnType);
}
