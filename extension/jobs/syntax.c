/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * job_syntax.c
 *	  Statements that submit jobs: what they say, and what they may not say.
 *
 * PostgreSQL's parse tree knows neither ASYNC nor whether USING btree was
 * written; so the text is scanned, with PostgreSQL's own scanner.
 */
#include "base/settings.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "dialect/types.h"
#include "jobs/syntax.h"
#include "parser/scanner.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#define ASYNC_MARK	"/*A*/"
#define KEYS_MAX	8
#define INDEXES_MAX 24

/* One statement's text, and where the scanner stands in it. */
typedef struct Scan
{
	char			  *text;
	core_yyscan_t	   scanner;
	core_yy_extra_type extra;
	int				   at; /* the token's first byte */
	int				   token;
} Scan;

static void
scan_start(Scan *scan, const char *source, int location, int len)
{
	const char *start = source + Max(location, 0);

	scan->text = len > 0 ? pnstrdup(start, len) : pstrdup(start);
	scan->scanner = scanner_init(scan->text, &scan->extra, &ScanKeywords,
								 ScanKeywordTokens);
	scan->at = 0;
	scan->token = 0;
}

static void
scan_end(Scan *scan)
{
	scanner_finish(scan->scanner);
	pfree(scan->text);
}

static void
scan_next(Scan *scan)
{
	core_YYSTYPE value;
	YYLTYPE		 location = 0;

	scan->token = core_yylex(&value, &location, scan->scanner);
	scan->at = scan->token == 0 ? (int) strlen(scan->text) : (int) location;
}

static bool
scan_is_word(const Scan *scan, const char *word)
{
	size_t len = strlen(word);
	char   behind;

	if (scan->token == 0 || pg_strncasecmp(scan->text + scan->at, word, len))
		return false;
	behind = scan->text[scan->at + len];
	return !isalnum((unsigned char) behind) && behind != '_' &&
		   behind != '$' && !IS_HIGHBIT_SET(behind);
}

static bool
scan_take_word(Scan *scan, const char *word)
{
	if (!scan_is_word(scan, word))
		return false;
	scan_next(scan);
	return true;
}

/* Between two tokens there are blanks and comments only. */
static bool
has_mark_between(const Scan *scan, int from)
{
	const char *mark = strstr(scan->text + from, ASYNC_MARK);

	return mark != NULL && mark < scan->text + scan->at;
}

static bool
takes_mark_behind(Scan *scan, const char *word)
{
	int behind = scan->at + (int) strlen(word);

	return scan_take_word(scan, word) && has_mark_between(scan, behind);
}

bool
job_syntax_is_async(const char *source, int location, int len)
{
	Scan scan;
	bool is_async = false;

	scan_start(&scan, source, location, len);
	scan_next(&scan);
	if (scan_take_word(&scan, "create"))
	{
		(void) scan_take_word(&scan, "unique");
		is_async = takes_mark_behind(&scan, "index");
	}
	else if (scan_take_word(&scan, "alter"))
		is_async = takes_mark_behind(&scan, "table");
	scan_end(&scan);
	return is_async;
}

bool
job_syntax_is_validate(Node *statement)
{
	AlterTableStmt *alter = (AlterTableStmt *) statement;

	return IsA(statement, AlterTableStmt) && alter->objtype == OBJECT_TABLE &&
		   list_length(alter->cmds) == 1 &&
		   linitial_node(AlterTableCmd, alter->cmds)->subtype ==
			   AT_ValidateConstraint;
}

/* Is there a USING before the columns? */
static bool
names_method(const char *source, int location, int len)
{
	Scan scan;
	bool found = false;

	scan_start(&scan, source, location, len);
	for (scan_next(&scan); scan.token != 0 && scan.token != '(' && !found;
		 scan_next(&scan))
		found = scan_is_word(&scan, "using");
	scan_end(&scan);
	return found;
}

static void
refuse(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("%s", what)));
}

static void
check_element(const IndexElem *element)
{
	if (element->ordering != SORTBY_DEFAULT ||
		element->nulls_ordering != SORTBY_NULLS_DEFAULT)
		refuse("specifying sort order not supported for index keys");
	if (element->opclass != NIL)
		refuse("opclass not supported for index keys");
	if (element->collation != NIL)
		refuse("COLLATE clause not supported");
}

void
job_syntax_check_index(const IndexStmt *index, const char *source,
					   int location, int len)
{
	ListCell *cell;

	if (index->concurrent)
		refuse("CONCURRENTLY not supported for CREATE INDEX");
	if (names_method(source, location, len))
		refuse("USING not supported for CREATE INDEX");
	if (!job_syntax_is_async(source, location, len))
		refuse("unsupported mode. please use CREATE INDEX ASYNC.");
	if (index->options != NIL)
		refuse("WITH clause not supported for CREATE INDEX");
	if (index->tableSpace != NULL)
		refuse("TABLESPACE clause not supported for CREATE INDEX");
	foreach (cell, index->indexParams)
		check_element(lfirst_node(IndexElem, cell));
	if (list_length(index->indexParams) > KEYS_MAX)
		ereport(ERROR, (errcode(ERRCODE_TOO_MANY_COLUMNS),
						errmsg("more than %d column keys in an index are not "
							   "supported",
							   KEYS_MAX)));
}

static void
check_key_type(Oid table, const char *column)
{
	AttrNumber number =
		column == NULL ? InvalidAttrNumber : get_attnum(table, column);
	Oid	  type;
	int32 typmod;
	Oid	  collation;

	if (number == InvalidAttrNumber)
		return;
	get_atttypetypmodcoll(table, number, &type, &typmod, &collation);
	types_check_key(type, typmod);
}

void
job_syntax_check_keys(const IndexStmt *index, Oid table)
{
	Relation  relation = table_open(table, NoLock);
	List	 *indexes = RelationGetIndexList(relation);
	ListCell *cell;

	table_close(relation, NoLock);
	foreach (cell, index->indexParams)
		check_key_type(table, lfirst_node(IndexElem, cell)->name);
	if (list_length(indexes) >= INDEXES_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("more than %d indexes per table are not allowed",
						INDEXES_MAX)));
	list_free(indexes);
}
