/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The statements that are prepared on one server connection, the least recently used first.  There
 * is a maximum, so that a connection that many clients have used does not fill the server's memory.
 */
#ifndef DSQL_PROXY_SERVER_STATEMENTS_H
#define DSQL_PROXY_SERVER_STATEMENTS_H

#include "proxy/statement_slot.h"

enum { SERVER_STATEMENTS_DEFAULT_MAX = 500 };

struct server_statement {
    struct server_statement *next; /* in its bucket */
    struct server_statement *older;
    struct server_statement *newer;
    struct statement *statement; /* a reference; the slot holds it or nothing */
    struct statement_slot slot;
};

struct server_statements {
    struct statement_slot unnamed;
    struct server_statement **buckets;
    size_t bucket_count;
    size_t count;   /* of the list */
    size_t present; /* of which so many are prepared, if all goes well */
    size_t max;
    struct server_statement *oldest;
    struct server_statement *newest;
};

/** max: 0 is the default. */
void server_statements_init(struct server_statements *statements, size_t max);
/** Nothing may be under way. */
void server_statements_clear(struct server_statements *statements);

/** NULL: it is not known to be prepared there. */
struct server_statement *server_statements_find(const struct server_statements *statements,
                                                const struct statement *statement);
struct server_statement *server_statements_find_number(const struct server_statements *statements,
                                                       uint64_t number);
/** The same, with a new entry if there is none.  NULL: no memory. */
struct server_statement *server_statements_add(struct server_statements *statements,
                                               struct statement *statement);
/** It becomes the most recently used. */
void server_statements_touch(struct server_statements *statements, struct server_statement *entry);

/** The one to be closed before another is prepared; NULL: there is room. */
struct server_statement *server_statements_victim(const struct server_statements *statements,
                                                  uint64_t batch);

/** A message is sent that prepares or closes it. */
void server_statements_change(struct server_statements *statements, struct server_statement *entry,
                              bool is_prepared, uint64_t batch);
/** Its answer.  The entry may be freed. */
void server_statements_settle(struct server_statements *statements, struct server_statement *entry,
                              bool is_prepared, bool is_done);

/** DEALLOCATE ALL has succeeded. */
void server_statements_forget(struct server_statements *statements);

#endif
