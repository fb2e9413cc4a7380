/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The tokens of one SQL statement that has no comments: words, identifiers in quotes, strings,
 * numbers and single signs.  A position in a text that somebody else keeps; pure.
 */
#ifndef DSQL_PROXY_STATEMENT_TOKENS_H
#define DSQL_PROXY_STATEMENT_TOKENS_H

#include "base/text.h"

#include <stdbool.h>

enum token_kind {
    TOKEN_END,
    TOKEN_WORD,   /* not in quotes; any case */
    TOKEN_QUOTED, /* an identifier: what is between its quotes, up to the first of them */
    TOKEN_STRING, /* '...': what is between its quotes, up to the first of them */
    TOKEN_NUMBER, /* digits */
    TOKEN_OTHER   /* one byte */
};

struct token {
    enum token_kind kind;
    struct text text;
};

struct statement_tokens {
    struct text rest;   /* after the next token */
    struct token token; /* the next one */
};

/** Begins a text: the first token is the next one. */
struct statement_tokens tokens_of(struct text sql);
void tokens_advance(struct statement_tokens *tokens);

bool tokens_at_end(const struct statement_tokens *tokens);
/** Whether the next token is this word, in any case and not in quotes. */
bool tokens_at_word(const struct statement_tokens *tokens, const char *word);
/** Take the next token if it is this one. */
bool tokens_accept(struct statement_tokens *tokens, const char *word);
bool tokens_accept_sign(struct statement_tokens *tokens, char sign);

/** All that is left, from the next token on. */
struct text tokens_rest(const struct statement_tokens *tokens);

#endif
