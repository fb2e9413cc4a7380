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

/* 16: DefineIndex() is told how many partitions there are. */
#if PG_VERSION_NUM >= 160000
#define DEFINE_INDEX_UNBUILT_COMPAT(table, index)                             \
	DefineIndex(table, index, InvalidOid, InvalidOid, InvalidOid, -1, false,  \
				true, true, true, false)
#else
#define DEFINE_INDEX_UNBUILT_COMPAT(table, index)                             \
	DefineIndex(table, index, InvalidOid, InvalidOid, InvalidOid, false,      \
				true, true, true, false)
#endif

/* 16: a file's number is no node. */
#if PG_VERSION_NUM >= 160000
#define RelationSetNewFileCompat RelationSetNewRelfilenumber
#else
#define RelationSetNewFileCompat RelationSetNewRelfilenode
#endif

#endif /* DSQL_COMPAT_H */
