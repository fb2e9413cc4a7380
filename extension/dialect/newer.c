/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * newer.c
 *	  What a later PostgreSQL has than 16, which Aurora DSQL is.
 *
 * An older server has none of it, so nothing here depends on the server's
 * version but the names of nodes (base/compat.h).  Where version 16 would find
 * that a name does not exist, the error is the same.
 */
#include "postgres.h"

#include "base/compat.h"
#include "catalog/pg_proc.h"
#include "commands/defrem.h"
#include "dialect/newer.h"
#include "nodes/value.h"
#include "parser/parse_func.h"
#include "utils/lsyscache.h"

#define ANY_COUNT (-1)

/* New in 17; some with a certain number of arguments only. */
static const struct
{
	const char *name;
	int			argument_count;
} functions[] = {
	{"icu_unicode_version", ANY_COUNT},
	{"jsonb_populate_record_valid", ANY_COUNT},
	{"pg_available_wal_summaries", ANY_COUNT},
	{"pg_basetype", ANY_COUNT},
	{"pg_column_toast_chunk_id", ANY_COUNT},
	{"pg_get_wait_events", ANY_COUNT},
	{"pg_get_wal_summarizer_state", ANY_COUNT},
	{"pg_sync_replication_slots", ANY_COUNT},
	{"pg_wal_summary_contents", ANY_COUNT},
	{"random", 2},
	{"timezone", 1}, /* AT LOCAL */
	{"to_bin", ANY_COUNT},
	{"to_oct", ANY_COUNT},
	{"to_regtypemod", ANY_COUNT},
	{"unicode_assigned", ANY_COUNT},
	{"unicode_version", ANY_COUNT},
	{"uuid_extract_timestamp", ANY_COUNT},
	{"uuid_extract_version", ANY_COUNT},
	{"xmltext", ANY_COUNT},
};

static const char *const copy_options[] = {"log_verbosity", "on_error"};
static const char *const explain_options[] = {"memory", "serialize"};

bool
newer_is_function(Oid function)
{
	char *name = get_func_name(function);

	if (name == NULL)
		return false;
	for (int i = 0; i < lengthof(functions); i++)
		if (strcmp(name, functions[i].name) == 0)
			return functions[i].argument_count == ANY_COUNT ||
				   functions[i].argument_count == get_func_nargs(function);
	return false;
}

void
newer_refuse_function(Oid function)
{
	Oid *types;
	int	 count;

	(void) get_func_signature(function, &types, &count);
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_FUNCTION),
			 errmsg("function %s does not exist",
					func_signature_string(
						list_make1(makeString(get_func_name(function))), count,
						NIL, types)),
			 errhint("No function matches the given name and argument types. "
					 "You might need to add explicit type casts.")));
}

/* Version 16 takes them for functions, and JSON_TABLE for a syntax error. */
void
newer_check_expression(const Node *node)
{
	const char *name = NEWER_EXPRESSION_COMPAT(node);

	if (name == NULL)
		return;
	if (strcmp(name, "json_table") == 0)
		ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR),
						errmsg("syntax error at or near \"%s\"", "COLUMNS")));
	ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FUNCTION),
					errmsg("function %s does not exist", name)));
}

/* The name of an option that is among the newer ones, or NULL. */
static const char *
find_option(List *options, const char *const *names, int count)
{
	ListCell *cell;

	foreach (cell, options)
		for (int i = 0; i < count; i++)
			if (strcmp(lfirst_node(DefElem, cell)->defname, names[i]) == 0)
				return names[i];
	return NULL;
}

void
newer_check_copy(const CopyStmt *copy)
{
	const char *name =
		find_option(copy->options, copy_options, lengthof(copy_options));

	if (name != NULL)
		ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR),
						errmsg("option \"%s\" not recognized", name)));
}

void
newer_check_explain(const ExplainStmt *explain)
{
	const char *name = find_option(explain->options, explain_options,
								   lengthof(explain_options));

	if (name != NULL)
		ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR),
						errmsg("unrecognized EXPLAIN option \"%s\"", name)));
}

void
newer_check_grant(const GrantStmt *grant)
{
	ListCell *cell;

	foreach (cell, grant->privileges)
	{
		const char *name = lfirst_node(AccessPriv, cell)->priv_name;

		if (name != NULL && strcmp(name, "maintain") == 0)
			ereport(ERROR,
					(errcode(ERRCODE_SYNTAX_ERROR),
					 errmsg("unrecognized privilege type \"%s\"", name)));
	}
}
