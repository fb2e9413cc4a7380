/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes one whole statement apart that is of interest to statement_reader.h.  Pure: a text in, an
 * effect out.
 */
#ifndef DSQL_PROXY_STATEMENT_PARSER_H
#define DSQL_PROXY_STATEMENT_PARSER_H

#include "proxy/statement_kind.h"

enum statement_parsed {
    STATEMENT_PARSED,
    STATEMENT_PARSED_NOTHING, /* it has no effect, or PostgreSQL will reject it */
    STATEMENT_PARSED_UNCLEAR  /* it may have one, but it is not understood */
};

/**
 * Parses a statement without comments and without its semicolon, with or without white space
 * around it.  Up to four effects for one statement (SET SESSION CHARACTERISTICS).  *out is a list
 * that the caller owns.
 */
enum statement_parsed statement_parse(struct text sql, struct statement_effect **out);

#endif
