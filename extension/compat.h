/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * compat.h
 *	  All that differs between PostgreSQL 15, 16 and 17, and nothing else.
 *
 * No other file tests PG_VERSION_NUM.
 */
#ifndef DSQL_COMPAT_H
#define DSQL_COMPAT_H

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 180000
#error "dsql_local is for PostgreSQL 15, 16 and 17"
#endif

#endif /* DSQL_COMPAT_H */
