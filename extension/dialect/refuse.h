/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * refuse.h
 *	  The one way to refuse what Aurora DSQL does not support.
 *
 * Limits are another matter: they have codes of their own and raise them where
 * they are checked.
 */
#ifndef DSQL_DIALECT_REFUSE_H
#define DSQL_DIALECT_REFUSE_H

/* Raise 0A000 with the service's text, which is not translated. */
extern _Noreturn void dialect_refuse(const char *format, ...)
	pg_attribute_printf(1, 2);

#endif /* DSQL_DIALECT_REFUSE_H */
