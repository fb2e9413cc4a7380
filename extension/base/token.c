/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * token.c
 *	  The tokens of a statement's text, where its parse tree does not say
 *enough.
 *
 * The scanner is PostgreSQL's own, so strings and comments end where they end
 * for its parser.
 */
#include "postgres.h"

#include <ctype.h>

#include "base/token.h"
#include "mb/pg_wchar.h"
#include "tcop/tcopprot.h"

bool
token_source_is_clients(const char *source)
{
	return source != NULL && debug_query_string != NULL &&
		   strcmp(source, debug_query_string) == 0;
}

void
token_scan_start(TokenScan *scan, const char *source, int location, int len)
{
	scan->source = source;
	scan->offset = Max(location, 0);
	scan->text = len > 0 ? pnstrdup(source + scan->offset, len)
						 : pstrdup(source + scan->offset);
	scan->scanner = scanner_init(scan->text, &scan->extra, &ScanKeywords,
								 ScanKeywordTokens);
	token_scan_next(scan);
}

void
token_scan_next(TokenScan *scan)
{
	core_YYSTYPE value;
	YYLTYPE		 location = 0;

	scan->token = core_yylex(&value, &location, scan->scanner);
	scan->at = scan->token == 0 ? (int) strlen(scan->text) : (int) location;
}

void
token_scan_end(TokenScan *scan)
{
	scanner_finish(scan->scanner);
	pfree(scan->text);
}

bool
token_is_word(const TokenScan *scan, const char *word)
{
	size_t len = strlen(word);
	char   after;

	if (scan->token == 0 || pg_strncasecmp(scan->text + scan->at, word, len))
		return false;
	after = scan->text[scan->at + len];
	return !isalnum((unsigned char) after) && after != '_' && after != '$' &&
		   !IS_HIGHBIT_SET(after);
}

bool
token_take_word(TokenScan *scan, const char *word)
{
	if (!token_is_word(scan, word))
		return false;
	token_scan_next(scan);
	return true;
}

bool
token_has_mark_since(const TokenScan *scan, int from, const char *mark)
{
	const char *found = strstr(scan->text + from, mark);

	return found != NULL && found < scan->text + scan->at;
}

static int
error_position(const TokenScan *scan)
{
	return errposition(
		pg_mbstrlen_with_len(scan->source, scan->offset + scan->at) + 1);
}

/* The scanner's own copy of the text has a zero byte at the token's end. */
void
token_raise_syntax_error(const TokenScan *scan)
{
	if (scan->token == 0)
		ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR),
						errmsg("syntax error at end of input"),
						error_position(scan)));
	ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR),
					errmsg("syntax error at or near \"%s\"",
						   scan->extra.scanbuf + scan->at),
					error_position(scan)));
}
