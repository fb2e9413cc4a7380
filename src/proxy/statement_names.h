/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an SQL text names prepared statements: DEALLOCATE, EXECUTE (also in EXPLAIN and in CREATE
 * TABLE AS) and PREPARE.  Reads the text by PostgreSQL's lexical rules, so that quotes, comments
 * and case do not matter.  Pure.
 */
#ifndef DSQL_PROXY_STATEMENT_NAMES_H
#define DSQL_PROXY_STATEMENT_NAMES_H

#include "proxy/statement_kind.h"
#include "sql/lexer.h"

enum statement_name_use { NAME_DEALLOCATED, NAME_EXECUTED, NAME_PREPARED };

struct statement_name {
    enum statement_name_use use;
    size_t start; /* in the text, with its quotes ... */
    size_t end;   /* ... and after it */
    char name[STATEMENT_NAME_SIZE];
};

enum { STATEMENT_NAMES_MAX = 16 };

/** The names in a text, in order; at most STATEMENT_NAMES_MAX.  Returns how many. */
size_t statement_names_find(struct text sql, const struct lexer_rules *rules,
                            struct statement_name out[STATEMENT_NAMES_MAX]);

#endif
