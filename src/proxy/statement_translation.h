/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL about prepared statements: EXECUTE and DEALLOCATE of a name that the client has prepared by
 * the protocol.  The server knows the statement by another name, which takes the place of the
 * client's in the text.  A DEALLOCATE that stands alone needs no server: Aurora DSQL refuses it,
 * and other clients may go on using the statement; what the server gets instead is an empty
 * statement.
 */
#ifndef DSQL_PROXY_STATEMENT_TRANSLATION_H
#define DSQL_PROXY_STATEMENT_TRANSLATION_H

#include "proxy/client_statements.h"
#include "proxy/statement_names.h"

/** What a prepared statement of the client is on the server. */
struct statement_translation {
    struct statement *server; /* a reference; often the client's statement itself */
    struct statement *named;  /* must be prepared on the server before; NULL: none */
    bool is_local; /* DEALLOCATE of a name of the client, whose completion is made by the proxy */
    char name[STATEMENT_NAME_SIZE]; /* in its text, also of no statement; "": none */
};

/** False: no memory, or too many statements. */
bool statement_translate(const struct client_statements *client, struct statement *statement,
                         const struct lexer_rules *rules, struct statement_translation *out)
    __attribute__((warn_unused_result));
void statement_translation_clear(struct statement_translation *translation);

/** A text of a Query, and the statements that it names. */
struct text_translation {
    struct buf sql; /* with the names of the server; empty: nothing was to be replaced */
    struct statement *named[STATEMENT_NAMES_MAX]; /* as above; NULL: a decoy, to be deallocated */
    size_t count;
    bool is_local; /* nothing but DEALLOCATE of names of the client, ... */
    char names[STATEMENT_NAMES_MAX][STATEMENT_NAME_SIZE]; /* ... which are these */
    struct statement_name found[STATEMENT_NAMES_MAX];     /* all names, also of no statement */
    size_t found_count;
};

/** To be cleared in any case.  False: no memory. */
bool text_translate(const struct client_statements *client, struct text sql,
                    const struct lexer_rules *rules, const struct statement_summary *summary,
                    struct text_translation *out) __attribute__((warn_unused_result));
void text_translation_clear(struct text_translation *translation);

#endif
