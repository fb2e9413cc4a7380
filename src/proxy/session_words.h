/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds in SQL what leaves something on a session that its command tags do not show: calls of
 * functions that change the session, temporary objects, cursors WITH HOLD, and SET.  It looks at
 * tokens, so a column called temperature or a literal is never taken for one of them.
 *
 * What a function does cannot be seen, nor what EXECUTE of PL/pgSQL makes of a text.  The text
 * comes in pieces of any size; nothing of it is kept but one word.
 */
#ifndef DSQL_PROXY_SESSION_WORDS_H
#define DSQL_PROXY_SESSION_WORDS_H

#include "sql/lexer.h"

/** The words that matter here. */
enum session_word {
    SESSION_WORD_NONE, /* the statement has not begun */
    SESSION_WORD_OTHER,
    SESSION_WORD_CREATE,   /* also OR REPLACE after it */
    SESSION_WORD_SCOPE,    /* LOCAL, GLOBAL */
    SESSION_WORD_TEMP,     /* TEMP, TEMPORARY */
    SESSION_WORD_WRITE,    /* INSERT, MERGE: an INTO after it does not create anything */
    SESSION_WORD_INTO,     /* of SELECT INTO */
    SESSION_WORD_DECLARE,  /* a cursor */
    SESSION_WORD_WITH,     /* perhaps WITH HOLD */
    SESSION_WORD_HOLD,     /* ends with the session */
    SESSION_WORD_SET,      /* a parameter */
    SESSION_WORD_IN_BLOCK, /* TRANSACTION, CONSTRAINTS: SET of these ends with the transaction */
    SESSION_WORD_FUNCTION, /* matters if it is called */
    SESSION_WORD_SCHEMA    /* pg_temp */
};

struct session_words {
    struct lexer lexer;
    enum session_word first;  /* of the statement */
    enum session_word before; /* the word that ended last, without a sign after it */
    bool is_second;           /* the next word is the second one of its statement */
    char quoted[LEXER_WORD_SIZE];
    size_t quoted_len; /* also of a name that is too long to keep */
    bool has_prefix;   /* U& comes before the name in quotes */
    bool has_found;    /* something that cannot be moved to another session */
    bool has_set;      /* SET or RESET of a parameter, for the session */
};

/** Begins a text.  has_found and has_set stay as they are. */
void session_words_begin(struct session_words *words);

/** Adds the next bytes of the text. */
void session_words_add(struct session_words *words, struct text sql);

/** The text is complete: its last word is, too. */
void session_words_end(struct session_words *words);

#endif
