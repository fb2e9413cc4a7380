/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds in the tokens of SQL what leaves something on a session that neither the first words of a
 * statement nor its command tag show: calls of functions that change the session, and names in the
 * schema of temporary objects.  A column called nextval or a literal is never taken for one.
 *
 * What a function does cannot be seen, nor what EXECUTE of PL/pgSQL makes of a text.
 */
#ifndef DSQL_PROXY_SESSION_FUNCTIONS_H
#define DSQL_PROXY_SESSION_FUNCTIONS_H

#include "sql/lexer.h"

/** All zero: the beginning of a text. */
struct session_functions {
    bool is_name;    /* the last token is the name of such a function: called if ( follows */
    bool has_prefix; /* the last two bytes are U&: a name with escapes if a quote follows */
    bool has_found;
};

/**
 * The byte c has brought these events, not 0, of enum lexer_event.  A name with escapes (U&"...")
 * is not read: it may be any.
 */
void session_functions_take(struct session_functions *functions, const struct lexer *lexer,
                            unsigned events, char c);

/** The lexer has read bytes without an event. */
static inline void session_functions_skip(struct session_functions *functions)
{
    functions->has_prefix = false;
}

#endif
