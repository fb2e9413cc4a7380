/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * PREPARE and EXECUTE of SQL for a cluster that does not have them: EXECUTE becomes the statement
 * itself, with its arguments in the places of $1, $2, ...  This is for the statements of pg_dump,
 * whose arguments are constants.  Pure; knows no messages.
 */
#ifndef DSQL_PROXY_DUMP_PREPARED_H
#define DSQL_PROXY_DUMP_PREPARED_H

#include "base/buf.h"
#include "proxy/statement_kind.h"
#include "proxy/statement_tokens.h"

enum {
    DUMP_PREPARED_MAX = 32, /* statements; pg_dump 18 has 12 */
    DUMP_ARGUMENTS_MAX = 8,
    DUMP_SQL_MAX = 256 * 1024 /* bytes */
};

struct dump_statement {
    char name[STATEMENT_NAME_SIZE]; /* as it was written */
    char *types;                    /* between the parentheses; "" if there are none */
    char *sql;
};

/** All zero at first. */
struct dump_prepared {
    struct dump_statement statements[DUMP_PREPARED_MAX];
    size_t count;
};

void dump_prepared_clear(struct dump_prepared *prepared);

/**
 * Keeps the statement of which tokens is at the name: "name [(type, ...)] AS sql".  False: it is
 * not understood, there are too many, the name is taken, or no memory.
 */
bool dump_prepared_add(struct dump_prepared *prepared, struct statement_tokens tokens);

/**
 * Writes the SQL that "name [(argument, ...)]" runs.  False: there is no such statement, or an
 * argument is not a constant; out may then have a part.
 */
bool dump_prepared_expand(const struct dump_prepared *prepared, struct statement_tokens tokens,
                          struct buf *out);

/** False: there is none of this name. */
bool dump_prepared_remove(struct dump_prepared *prepared, struct text name);

#endif
