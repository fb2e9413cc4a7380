/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * grammar_hint.h
 *	  Which server has the syntax that this one does not know.
 */
#ifndef DSQL_DIALECT_GRAMMAR_HINT_H
#define DSQL_DIALECT_GRAMMAR_HINT_H

#include "utils/elog.h"

/*
 * An error is about to be sent.  If PostgreSQL 16 would understand the
 * statement and this server does not, the hint says so.
 */
extern void grammar_hint_add_to_sent_error(ErrorData *error);

#endif /* DSQL_DIALECT_GRAMMAR_HINT_H */
