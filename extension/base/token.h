/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * token.h
 *	  The tokens of a statement's text, where its parse tree does not say
 *enough.
 *
 * The gateway writes comments as marks over words that PostgreSQL's grammar
 * does not have (src/gateway/sql_rewriter.h).  Between two tokens there are
 * only blanks and comments, so a mark that is found there is not part of a
 * string.
 */
#ifndef DSQL_BASE_TOKEN_H
#define DSQL_BASE_TOKEN_H

#include "parser/scanner.h"

/* One statement's text, and the token that was scanned last. */
typedef struct TokenScan
{
	const char		  *source; /* the whole query string */
	char			  *text;   /* the statement in it */
	int				   offset; /* of the statement */
	core_yyscan_t	   scanner;
	core_yy_extra_type extra;
	int				   at;	  /* the token's first byte in text */
	int				   token; /* 0: the end of the text */
} TokenScan;

/*
 * Has the client sent this text?  The gateway writes marks into statements of
 * clients only; in the body of a function they are comments.
 */
extern bool token_source_is_clients(const char *source);

/* location and len as in PlannedStmt.  The first token is scanned. */
extern void token_scan_start(TokenScan *scan, const char *source, int location,
							 int len);
extern void token_scan_next(TokenScan *scan);
extern void token_scan_end(TokenScan *scan);

/* Is the token this word, in whatever case? */
extern bool token_is_word(const TokenScan *scan, const char *word);

/* The same; then the next token is scanned. */
extern bool token_take_word(TokenScan *scan, const char *word);

/* Is the mark between that byte of the text and the token? */
extern bool token_has_mark_since(const TokenScan *scan, int from,
								 const char *mark);

/* Raises a syntax error at the token, in PostgreSQL's words. */
extern _Noreturn void token_raise_syntax_error(const TokenScan *scan);

#endif /* DSQL_BASE_TOKEN_H */
