/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * dialect.h
 *	  Aurora DSQL's SQL: what of PostgreSQL's it refuses, and in which words.
 */
#ifndef DSQL_DIALECT_H
#define DSQL_DIALECT_H

#include "nodes/parsenodes.h"

extern void dialect_init(void);

/*
 * Not for who has logged in as a superuser (maintenance, dump and restore:
 * through the socket only), nor for background workers, nor when
 * dsql_local.strict is off.
 */
extern bool dialect_applies(void);

/* Before a utility statement that is not part of another. */
extern void dialect_check_statement(Node *statement);

/* 0A000, with a text. */
extern void dialect_refuse(const char *format, ...) pg_attribute_printf(1, 2)
	pg_attribute_noreturn();

/* The option with that name, or NULL. */
extern DefElem *dialect_option(List *options, const char *name);

#endif /* DSQL_DIALECT_H */
