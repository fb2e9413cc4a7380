/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The prepared statements of one client by the client's names, and the statements of its portals.
 * The name "" is the unnamed statement, and the unnamed portal.  Of longer names, 63 bytes count,
 * as in PostgreSQL.  An idle client without named statements needs no memory besides the structure.
 */
#ifndef DSQL_PROXY_CLIENT_STATEMENTS_H
#define DSQL_PROXY_CLIENT_STATEMENTS_H

#include "proxy/statement_slot.h"

enum {
    CLIENT_STATEMENTS_MAX = 10000, /* names of one client */
    CLIENT_PORTALS_MAX = 16        /* named portals whose statement matters */
};

struct client_statement {
    struct client_statement *next; /* in its bucket */
    uint64_t hash;
    struct statement_slot slot;
    char name[STATEMENT_NAME_SIZE];
};

struct client_portal {
    char name[STATEMENT_NAME_SIZE]; /* "": not in use, or the unnamed one */
    struct statement *statement;
    bool is_local;   /* see struct statement_translation */
    uint64_t period; /* see client_statements_bind() */
};

/** All zero: no statements. */
struct client_statements {
    struct statement_slot unnamed;
    struct client_statement **buckets;
    size_t bucket_count;
    size_t count;
    struct client_portal unnamed_portal; /* a statement of NULL: unknown */
    struct client_portal *portals;       /* NULL, or CLIENT_PORTALS_MAX of them */
    bool has_sql_names; /* SQL has prepared statements, which the server knows by these names */
};

/** Nothing may be under way. */
void client_statements_clear(struct client_statements *statements);

/** The slot of a name that is not empty; NULL: there is none. */
struct statement_slot *client_statements_find(const struct client_statements *statements,
                                              struct text name);
/** The same, with a new slot if there is none.  NULL: no memory, or too many. */
struct statement_slot *client_statements_add(struct client_statements *statements,
                                             struct text name);
/** Frees names that are not in use any more.  To be called when slots were settled. */
void client_statements_tidy(struct client_statements *statements);

/** Whether one of the names is that of a statement that leaves something on the session: EXECUTE
   may run it. */
bool client_statements_leave_state(const struct client_statements *statements);

/** All names are gone, as after DEALLOCATE ALL.  The unnamed statement stays. */
void client_statements_forget(struct client_statements *statements);

/**
 * A portal was bound to this statement.  Named portals are kept only if the statement has effects.
 * period: counts what ends transactions, in the order of sending.  False: too many portals, so that
 * the effects of one will not be seen.
 */
bool client_statements_bind(struct client_statements *statements, struct text portal,
                            struct statement *statement, bool is_local, uint64_t period)
    __attribute__((warn_unused_result));
/** A portal whose statement is known; NULL: none. */
const struct client_portal *client_statements_portal(const struct client_statements *statements,
                                                     struct text portal);
/** A transaction ended, and all portals of earlier periods with it. */
void client_statements_end_portals(struct client_statements *statements, uint64_t period);

#endif
