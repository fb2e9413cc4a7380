/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds where words, literals and comments of SQL begin and end, one byte at a time, by
 * PostgreSQL's lexical rules: '', E'' and its continuation on the next line, "", $tag$, --
 * and nested comments.  Keeps nothing of the text but one short word.  Bytes over 127 are
 * letters, as in PostgreSQL.
 *
 * PostgreSQL converts a text to the encoding of the server before it reads it.  In some encodings
 * of clients the second byte of a character may be a backslash, so the lexer must know that these
 * bytes belong together.
 */
#ifndef DSQL_SQL_LEXER_H
#define DSQL_SQL_LEXER_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LEXER_WORD_SIZE = 32 }; /* longer words are not kept */

/** What a byte means.  Several events of one byte happened in this order. */
enum lexer_event {
    LEXER_WORD_END = 1 << 0,   /* the byte before was the last of a word */
    LEXER_OTHER = 1 << 1,      /* a literal, an operator, anything not named here */
    LEXER_WORD_START = 1 << 2, /* this byte is the first of a word */
    LEXER_IDENTIFIER = 1 << 3, /* a quoted identifier begins */
    LEXER_SEMICOLON = 1 << 4,
    LEXER_NUMBER_START = 1 << 6,  /* with LEXER_OTHER; a point before it is a sign of its own */
    LEXER_NUMBER_END = 1 << 7,    /* the byte before was the last of a number; comes first */
    LEXER_IDENTIFIER_END = 1 << 5 /* the byte before was the last of a quoted identifier; comes
                                     first, as LEXER_WORD_END */
};

/**
 * What the last byte was part of.  Only the end of a word is noticed one byte late, as it needs a
 * byte that is not part of it.
 */
enum lexer_state {
    LEXER_BETWEEN, /* tokens */
    LEXER_WORD,
    LEXER_NUMBER, /* with what follows it directly, if that makes it invalid */
    LEXER_LITERAL,
    LEXER_ESCAPED_LITERAL, /* E'' */
    LEXER_QUOTED_IDENTIFIER,
    LEXER_DOLLAR,      /* after a $: perhaps in the tag of a literal */
    LEXER_DOLLAR_BODY, /* in $tag$ ... $tag$ */
    LEXER_LINE_COMMENT,
    LEXER_BLOCK_COMMENT
};

/* A tag may have any length, so only its length and a 64-bit hash are kept. */
struct lexer_tag {
    uint64_t hash;
    size_t len;
};

/** How the bytes of a client form characters; see lexer_encoding(). */
enum lexer_encoding {
    LEXER_ASCII_SAFE, /* a byte below 128 is always an ASCII character: UTF-8, LATIN1, EUC ... */
    LEXER_PAIRS,      /* a byte over 128 and the one after it: BIG5, GBK, GB18030, JOHAB, UHC */
    LEXER_SHIFT_JIS   /* the same, but 0xA1 to 0xDF stand alone */
};

/** What decides how a text is read, apart from the text.  All zero: UTF-8, and no escapes. */
struct lexer_rules {
    enum lexer_encoding encoding;
    bool has_backslashes; /* standard_conforming_strings is off: '' is read as E'' */
};

struct lexer {
    struct lexer_rules rules;
    bool is_second_byte; /* the next byte is the second one of a character */
    enum lexer_state state;
    char previous;  /* the byte before, if two bytes may form one sign */
    unsigned depth; /* of comments */
    bool is_escaped;
    /* E'' continues if a quote follows directly, or after a line end. */
    enum { LEXER_NO_ESCAPES, LEXER_CLOSED, LEXER_BLANK, LEXER_NEW_LINE } after_escapes;
    bool is_after_identifier;   /* the byte before closed a quoted identifier, or half a quote */
    char word[LEXER_WORD_SIZE]; /* in lower case; a quoted identifier as it is */
    size_t word_len;            /* also of a word that is too long to keep */
    struct lexer_tag tag;       /* the tag that ends the literal ... */
    struct lexer_tag candidate; /* ... and what was read that may be it */
    bool has_candidate;
};

/** Begins a text in UTF-8, with standard_conforming_strings on. */
void lexer_init(struct lexer *lexer);
void lexer_init_rules(struct lexer *lexer, const struct lexer_rules *rules);

/** The way of an encoding that PostgreSQL calls by this name, such as "SJIS" or "utf-8". */
enum lexer_encoding lexer_encoding(struct text name);

/** Reads a byte; returns a set of enum lexer_event. */
unsigned lexer_byte(struct lexer *lexer, char c);

/**
 * Reads what brings no event at the beginning of sql, as lexer_byte() would byte by byte: blanks,
 * the rest of a word, or of a literal, which may be long.  Returns how many bytes that
 * was; not always all that bring none.
 */
size_t lexer_skip(struct lexer *lexer, struct text sql);

/**
 * The word or quoted identifier that is being read or has just ended; empty if it is too long to
 * keep.
 */
struct text lexer_word(const struct lexer *lexer);

#endif
