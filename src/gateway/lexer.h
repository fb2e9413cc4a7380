/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Where words, literals and comments of SQL begin and end, one byte at a time, by
 * PostgreSQL's lexical rules: '', E'' and its continuation on the next line, "",
 * $tag$, -- and nested comments.  Keeps nothing of the text but a short word.
 * Bytes over 127 are letters, as in PostgreSQL.  (Client encodings whose second
 * bytes look like ASCII may confuse it within E''.)
 */
#ifndef DSQL_GATEWAY_LEXER_H
#define DSQL_GATEWAY_LEXER_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LEXER_WORD_SIZE = 8 }; /* longer words are none of those looked for */

/** What a byte brings.  Several may come at once; then they happened in this order. */
enum lexer_event {
    LEXER_WORD_END = 1 << 0,   /* the byte before was the last of a word */
    LEXER_OTHER = 1 << 1,      /* a literal, an operator, anything not named here */
    LEXER_WORD_START = 1 << 2, /* this byte is the first of a word */
    LEXER_IDENTIFIER = 1 << 3, /* a quoted identifier begins */
    LEXER_SEMICOLON = 1 << 4
};

enum lexer_state {
    LEXER_BETWEEN, /* tokens */
    LEXER_WORD,
    LEXER_LITERAL,
    LEXER_ESCAPED_LITERAL, /* E'' */
    LEXER_QUOTED_IDENTIFIER,
    LEXER_DOLLAR,      /* behind a $: perhaps the tag of a literal */
    LEXER_DOLLAR_BODY, /* in $tag$ ... $tag$ */
    LEXER_LINE_COMMENT,
    LEXER_BLOCK_COMMENT
};

/* A tag may have any length: what is kept is its length and a 64-bit hash. */
struct lexer_tag {
    uint64_t hash;
    size_t len;
};

struct lexer {
    enum lexer_state state;
    char previous;  /* the byte before, where two bytes make one sign */
    unsigned depth; /* of comments */
    bool is_escaped;
    /* E'' goes on when '' or a quote behind a line's end follows. */
    enum { LEXER_NO_ESCAPES, LEXER_CLOSED, LEXER_BLANK, LEXER_NEW_LINE } after_escapes;
    char word[LEXER_WORD_SIZE]; /* in lower case */
    size_t word_len;            /* true length, also of a longer one */
    struct lexer_tag tag;       /* what closes the literal ... */
    struct lexer_tag candidate; /* ... and what has been seen of it */
    bool has_candidate;
};

/** At the beginning of a text. */
void lexer_init(struct lexer *lexer);

/** Takes a byte; a set of enum lexer_event. */
unsigned lexer_byte(struct lexer *lexer, char c);

/** The word that goes on or has just ended; empty for one that is too long. */
struct text lexer_word(const struct lexer *lexer);

#endif
