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
#include "catalog/pg_type_d.h"
#include "commands/defrem.h"
#include "dialect/newer.h"
#include "nodes/makefuncs.h"
#include "nodes/value.h"
#include "parser/parse_func.h"
#include "utils/lsyscache.h"

#define ANY_COUNT (-1)
#define ANY_TYPE  InvalidOid

/*
 * New in 17 or 18; some with a certain number of arguments, or for a certain
 * type, only.
 */
static const struct
{
	const char *name;
	int			argument_count;
	Oid			first_type;
} functions[] = {
	{"array_reverse", ANY_COUNT, ANY_TYPE},
	{"array_sort", ANY_COUNT, ANY_TYPE},
	{"bytea", ANY_COUNT, ANY_TYPE},
	{"casefold", ANY_COUNT, ANY_TYPE},
	{"crc32", ANY_COUNT, ANY_TYPE},
	{"crc32c", ANY_COUNT, ANY_TYPE},
	{"gamma", ANY_COUNT, ANY_TYPE},
	{"has_largeobject_privilege", ANY_COUNT, ANY_TYPE},
	{"icu_unicode_version", ANY_COUNT, ANY_TYPE},
	{"int2", ANY_COUNT, BYTEAOID},
	{"int4", ANY_COUNT, BYTEAOID},
	{"int8", ANY_COUNT, BYTEAOID},
	{"jsonb_populate_record_valid", ANY_COUNT, ANY_TYPE},
	{"lgamma", ANY_COUNT, ANY_TYPE},
	{"max", ANY_COUNT, BYTEAOID},
	{"max", ANY_COUNT, RECORDOID},
	{"min", ANY_COUNT, BYTEAOID},
	{"min", ANY_COUNT, RECORDOID},
	{"pg_available_wal_summaries", ANY_COUNT, ANY_TYPE},
	{"pg_basetype", ANY_COUNT, ANY_TYPE},
	{"pg_clear_attribute_stats", ANY_COUNT, ANY_TYPE},
	{"pg_clear_relation_stats", ANY_COUNT, ANY_TYPE},
	{"pg_column_toast_chunk_id", ANY_COUNT, ANY_TYPE},
	{"pg_get_acl", ANY_COUNT, ANY_TYPE},
	{"pg_get_aios", ANY_COUNT, ANY_TYPE},
	{"pg_get_loaded_modules", ANY_COUNT, ANY_TYPE},
	{"pg_get_sequence_data", ANY_COUNT, ANY_TYPE},
	{"pg_get_shmem_allocations_numa", ANY_COUNT, ANY_TYPE},
	{"pg_get_wait_events", ANY_COUNT, ANY_TYPE},
	{"pg_get_wal_summarizer_state", ANY_COUNT, ANY_TYPE},
	{"pg_ls_summariesdir", ANY_COUNT, ANY_TYPE},
	{"pg_numa_available", ANY_COUNT, ANY_TYPE},
	{"pg_restore_attribute_stats", ANY_COUNT, ANY_TYPE},
	{"pg_restore_relation_stats", ANY_COUNT, ANY_TYPE},
	{"pg_stat_get_backend_io", ANY_COUNT, ANY_TYPE},
	{"pg_stat_get_backend_wal", ANY_COUNT, ANY_TYPE},
	{"pg_stat_reset_backend_stats", ANY_COUNT, ANY_TYPE},
	{"pg_sync_replication_slots", ANY_COUNT, ANY_TYPE},
	{"pg_wal_summary_contents", ANY_COUNT, ANY_TYPE},
	{"random", 2, ANY_TYPE},
	{"reverse", ANY_COUNT, BYTEAOID},
	{"timezone", 1, ANY_TYPE}, /* AT LOCAL */
	{"to_bin", ANY_COUNT, ANY_TYPE},
	{"to_oct", ANY_COUNT, ANY_TYPE},
	{"to_regtypemod", ANY_COUNT, ANY_TYPE},
	{"unicode_assigned", ANY_COUNT, ANY_TYPE},
	{"unicode_version", ANY_COUNT, ANY_TYPE},
	{"uuid_extract_timestamp", ANY_COUNT, ANY_TYPE},
	{"uuid_extract_version", ANY_COUNT, ANY_TYPE},
	{"uuidv4", ANY_COUNT, ANY_TYPE},
	{"uuidv7", ANY_COUNT, ANY_TYPE},
	{"xmltext", ANY_COUNT, ANY_TYPE},
};

static const char *const copy_options[] = {"log_verbosity", "on_error",
										   "reject_limit"};
static const char *const explain_options[] = {"memory", "serialize"};

bool
newer_is_function(Oid function)
{
	char *name = get_func_name(function);
	Oid	 *types;
	int	  count;

	if (name == NULL)
		return false;
	(void) get_func_signature(function, &types, &count);
	for (int i = 0; i < lengthof(functions); i++)
		if (strcmp(name, functions[i].name) == 0 &&
			(functions[i].argument_count == ANY_COUNT ||
			 functions[i].argument_count == count) &&
			(functions[i].first_type == ANY_TYPE ||
			 (count > 0 && functions[i].first_type == types[0])))
			return true;
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

/* There, old and new can only be names of tables. */
void
newer_check_returning(const Node *node)
{
	const char *name = RETURNED_ROW_COMPAT(node);

	if (name != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("missing FROM-clause entry for table \"%s\"", name)));
}

void
newer_check_constraint(const Constraint *constraint, bool is_of_column)
{
	const char *word = NEWER_CONSTRAINT_COMPAT(constraint, is_of_column);

	if (word != NULL)
		ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR),
						errmsg("syntax error at or near \"%s\"", word)));
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

/* Another default. */
void
newer_adapt_explain(ExplainStmt *explain)
{
	static const char *const buffers[] = {"buffers"};

	if (EXPLAIN_COUNTS_BUFFERS_COMPAT &&
		find_option(explain->options, buffers, 1) == NULL)
		explain->options = lappend(
			explain->options,
			makeDefElem(pstrdup(buffers[0]), (Node *) makeBoolean(false), -1));
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
