/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What a statement does to the session that runs it, as far as a proxy must know to lend the
 * session's connection to somebody else.  Source: PostgreSQL manual, "SQL Commands".
 */
#ifndef DSQL_PROXY_STATEMENT_KIND_H
#define DSQL_PROXY_STATEMENT_KIND_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

enum { STATEMENT_NAME_SIZE = 64 }; /* PostgreSQL: NAMEDATALEN, with the NUL */

enum statement_kind {
    STATEMENT_EMPTY,
    STATEMENT_OTHER,     /* nothing that matters here */
    STATEMENT_UNDOABLE,  /* a query or DDL that leaves no trace if it fails: it may run again */
    STATEMENT_BEGIN,     /* also START TRANSACTION */
    STATEMENT_COMMIT,    /* also END, PREPARE TRANSACTION */
    STATEMENT_ROLLBACK,  /* also ABORT */
    STATEMENT_SAVEPOINT, /* name */
    STATEMENT_RELEASE,   /* name */
    STATEMENT_UNDO_TO,   /* ROLLBACK TO name */
    STATEMENT_SET,       /* name, value; for the session */
    STATEMENT_SET_LOCAL, /* for the transaction: SET LOCAL, SET TRANSACTION, SET CONSTRAINTS */
    STATEMENT_RESET,     /* name; also SET name TO DEFAULT */
    STATEMENT_RESET_ALL,
    STATEMENT_DISCARD_ALL,
    STATEMENT_DEALLOCATE, /* name */
    STATEMENT_DEALLOCATE_ALL,
    STATEMENT_PREPARE, /* name; by SQL, so that it cannot be moved */
    STATEMENT_COPY,
    STATEMENT_KEEPS_SESSION /* leaves something on the connection that cannot be moved: DECLARE
                               WITH HOLD, LISTEN, temporary tables, LOAD */
};

/** One statement that matters.  Freed with statement_effects_free(). */
struct statement_effect {
    enum statement_kind kind;
    char name[STATEMENT_NAME_SIZE]; /* folded to lower case unless it was quoted */
    char *value;                    /* the SQL after TO or =, without comments; NULL: none */
    bool is_part;                   /* of the statement of the effect before it */
    struct statement_effect *next;
};

/** All that was found in an SQL text. */
struct statement_summary {
    unsigned count;               /* statements that are not empty */
    enum statement_kind kind;     /* of the first of them */
    bool has_transaction_control; /* a statement that begins or ends a transaction */
    bool has_names;               /* of prepared statements, perhaps: see statement_names.h */
    /** Something whose effect is not understood: too long, or too many.  To be treated as
        STATEMENT_KEEPS_SESSION. */
    bool is_unclear;
    /** It leaves something on the session that the effects do not tell: see session_functions.h. */
    bool leaves_state;
    struct statement_effect *effects; /* in order; not of EMPTY, OTHER, UNDOABLE and COPY */
};

/** Frees a list and everything in it; NULL does nothing. */
void statement_effects_free(struct statement_effect *effects);

/** Whether the text is a single statement that leaves no trace if it fails. */
bool statement_summary_is_undoable(const struct statement_summary *summary);

/**
 * Whether a command tag (of a CommandComplete) can be that of a statement of this kind.  The
 * effects of a text are matched with the tags of its answers in order, so that a statement that
 * was not run has no effect.
 */
bool statement_kind_has_tag(enum statement_kind kind, struct text tag);

#endif
