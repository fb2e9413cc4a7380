/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * An identifier in SQL, as PostgreSQL reads it (scan.l, scansup.c): folded to lower case unless it
 * is in quotes, with doubled quotes and the escapes of U&"..." resolved, and cut at 63 bytes. Pure.
 */
#ifndef DSQL_PROXY_STATEMENT_IDENTIFIER_H
#define DSQL_PROXY_STATEMENT_IDENTIFIER_H

#include "base/text.h"
#include "proxy/statement_kind.h"

/**
 * The identifier with which the text begins.  Returns its length in the text, with its quotes; 0:
 * there is none, or one with UESCAPE or with surrogates, which nobody writes.
 */
size_t statement_identifier_read(struct text sql, char out[STATEMENT_NAME_SIZE]);

#endif
