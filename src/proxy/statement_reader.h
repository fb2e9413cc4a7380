/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the SQL of a Query or Parse message, in pieces of any size, and finds how many statements
 * it has and what each of them does to the session.  Of a statement that matters (SET, ROLLBACK TO,
 * DEALLOCATE and so on) the text is kept, up to STATEMENT_READER_HELD_MAX bytes; of all others
 * nothing is, so a message of 100 MB needs no memory.
 *
 * It finds statements by their first words, as a person would who does not know the catalog.  Of
 * set_config() and its like it sees only that they are called, and of SET inside a function
 * nothing.  Source of the grammar: PostgreSQL's src/backend/parser/gram.y.  Semicolons in
 * parentheses (CREATE RULE) and in BEGIN ATOMIC ... END do not end a statement.
 */
#ifndef DSQL_PROXY_STATEMENT_READER_H
#define DSQL_PROXY_STATEMENT_READER_H

#include "base/buf.h"
#include "proxy/session_functions.h"
#include "proxy/statement_kind.h"
#include "sql/lexer.h"

enum {
    STATEMENT_READER_HELD_MAX = 4096, /* bytes of one statement */
    STATEMENT_READER_EFFECTS_MAX = 64 /* of one text */
};

struct statement_reader {
    struct lexer lexer;
    struct session_functions functions;
    struct statement_summary summary;
    struct statement_effect **tail; /* where the next effect goes */
    unsigned effect_count;

    /* Of the present statement. */
    bool has_word;            /* one has been read */
    bool is_begun;            /* something has been read */
    enum statement_kind kind; /* by its first word */
    bool is_create;           /* CREATE: its next word matters */
    bool is_after_write;      /* the word before was INSERT or MERGE */
    bool is_after_into;       /* of SELECT INTO */
    bool may_execute;         /* EXPLAIN or CREATE: a later EXECUTE names a prepared statement */
    bool is_routine;          /* CREATE FUNCTION or PROCEDURE: may have BEGIN ATOMIC */
    bool may_be_atomic;       /* the word before was BEGIN, in a routine */
    bool is_held;             /* its text is kept in held */
    unsigned parentheses;
    unsigned blocks; /* BEGIN ATOMIC and CASE that are open */
    struct buf held;
};

/** Begins a text.  The reader owns memory until statement_reader_clear(). */
void statement_reader_init(struct statement_reader *reader, const struct lexer_rules *rules);
void statement_reader_clear(struct statement_reader *reader);

/** Adds the next bytes, without the NUL that ends the text. */
void statement_reader_add(struct statement_reader *reader, struct text sql);

/** The text is complete.  The caller owns the effects; the reader is cleared.  If memory runs out,
    the summary is unclear. */
struct statement_summary statement_reader_end(struct statement_reader *reader);

#endif
