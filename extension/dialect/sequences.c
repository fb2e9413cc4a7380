/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * sequences.c
 *	  What CREATE and ALTER SEQUENCE, and identity columns, may not contain.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "dialect/object_limits.h"
#include "dialect/parse_tree.h"
#include "dialect/refuse.h"
#include "dialect/sequences.h"
#include "parser/parse_type.h"
#include "utils/builtins.h"

/*
 * A node of the service takes values from a sequence either one by one or by
 * at least this many at a time.
 */
#define CACHE_MIN 65536

#define CACHE_TEXT                                                            \
	"please define CACHE greater than or equal to 65536 or equal to 1"

void
dialect_sequences_check_cache(const char *what, DefElem *cache)
{
	int64 size = defGetInt64(cache);

	if (size != 1 && size < CACHE_MIN)
		dialect_refuse("%s is not supported with this cache size. " CACHE_TEXT,
					   what);
}

static void
check_sequence_type(List *options)
{
	DefElem *as = parse_tree_option(options, "as");
	Oid		 type;

	if (as == NULL)
		return;
	type = typenameTypeId(NULL, defGetTypeName(as));
	if (type != INT8OID)
		dialect_refuse("datatype %s not supported, sequence type must be "
					   "bigint",
					   format_type_be(type));
}

void
dialect_sequences_require_cache(const char *what, List *options)
{
	DefElem *cache = parse_tree_option(options, "cache");

	if (cache == NULL)
		dialect_refuse(
			"%s is not supported without an explicit cache size. " CACHE_TEXT,
			what);
	dialect_sequences_check_cache(what, cache);
}

void
dialect_sequences_check_identity_type(Oid type)
{
	if (type != INT8OID)
		dialect_refuse(
			"datatype %s not supported, identity column type must be bigint",
			format_type_be(type));
}

void
dialect_sequences_check_create(Node *statement)
{
	const CreateSeqStmt *create = castNode(CreateSeqStmt, statement);

	if (create->sequence->relpersistence != RELPERSISTENCE_PERMANENT ||
		parse_tree_is_temporary(create->sequence))
		dialect_refuse("TEMPORARY or UNLOGGED sequence not supported for "
					   "CREATE SEQUENCE");
	dialect_sequences_require_cache("CREATE SEQUENCE", create->options);
	check_sequence_type(create->options);
	object_limits_check_sequences(create->sequence);
}

void
dialect_sequences_check_alter(Node *statement)
{
	const AlterSeqStmt *alter = castNode(AlterSeqStmt, statement);
	DefElem			   *cache = parse_tree_option(alter->options, "cache");

	if (cache != NULL)
		dialect_sequences_check_cache("ALTER SEQUENCE", cache);
	check_sequence_type(alter->options);
}
