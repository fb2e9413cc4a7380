/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What a message of the client names: a prepared statement of its own, which has another name on
 * the server, and perhaps other SQL.
 */
#ifndef DSQL_PROXY_STATEMENT_TARGET_H
#define DSQL_PROXY_STATEMENT_TARGET_H

#include "proxy/statement_translation.h"
#include "proxy/statements_result.h"

struct statement_target {
    struct statement *statement; /* the client's; NULL: it has none of this name */
    struct statement_translation translation;
    struct buf name; /* on the server */
};

/** Empty: the unnamed statement.  NULL: there is none of this name. */
struct statement_slot *statement_target_slot(const struct statements *statements, struct text name);

/** Whether the meaning of the name is open, or whether its statement is on the server. */
bool statement_target_must_wait(const struct statements *statements, struct text name);

/** SQL that names a statement: whether what it names is open, or what it is on the server. */
bool statement_target_must_wait_for_sql(const struct statements *statements,
                                        const struct statement_translation *translation);

/** What the server gets instead of it.  NULL: nothing.  False: no memory.  To be cleared. */
bool statement_target_translate(const struct statements *statements, struct statement *statement,
                                struct statement_translation *out);

/**
 * Finds what the client calls name, and prepares it on the server.  A name that the client has not
 * prepared is passed on, for the error of the server; but not if it looks like one of ours.  To be
 * cleared in any case.
 */
enum statements_result statement_target_resolve(struct statements *statements, struct text name,
                                                struct statement_target *target, struct buf *out);
void statement_target_clear(struct statement_target *target);

#endif
