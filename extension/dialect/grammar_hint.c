/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * grammar_hint.c
 *	  Which server has the syntax that this one does not know.
 *
 * Before version 16 PostgreSQL takes JSON_ARRAY() for a function of a user and
 * IS JSON for a mistake.  Nothing says which of its errors are about syntax of
 * version 16, so they are recognized by their words and the statement's.
 */
#include "postgres.h"

#include "base/compat.h"
#include "dialect/grammar_hint.h"
#include "dialect/session.h"
#include "tcop/tcopprot.h"

#define HINT                                                                  \
	"PostgreSQL 16 has this syntax, and the server of this cluster is "       \
	"older. "                                                                 \
	"Run the local cluster on PostgreSQL 17."

/* Beginnings of errors that are about nothing else. */
static const char *const messages[] = {
	"VALUES in FROM must have an alias",
	"subquery in FROM must have an alias",
	"syntax error at or near \"JSON\"",
	"syntax error at or near \"json\"",
	"trailing junk after numeric literal",
};

/* In a statement that fails for an unknown function, column or sign. */
static const char *const words[] = {
	"json_array(",	   "json_arrayagg(", "json_object(",
	"json_objectagg(", "system_user",
};

static bool
has_message(const ErrorData *error)
{
	for (int i = 0; i < lengthof(messages); i++)
		if (strncmp(error->message, messages[i], strlen(messages[i])) == 0)
			return true;
	return false;
}

static bool
has_word(const char *statement)
{
	for (int i = 0; i < lengthof(words); i++)
		if (strcasestr(statement, words[i]) != NULL)
			return true;
	return false;
}

static bool
is_unknown_name(int sqlerrcode)
{
	return sqlerrcode == ERRCODE_SYNTAX_ERROR ||
		   sqlerrcode == ERRCODE_UNDEFINED_FUNCTION ||
		   sqlerrcode == ERRCODE_UNDEFINED_COLUMN;
}

void
grammar_hint_add_to_sent_error(ErrorData *error)
{
	if (HAS_GRAMMAR_16_COMPAT || error->elevel != ERROR ||
		!is_unknown_name(error->sqlerrcode) || error->message == NULL ||
		debug_query_string == NULL || !dialect_applies())
		return;
	if (has_message(error) || has_word(debug_query_string))
		error->hint = pstrdup(HINT);
}
