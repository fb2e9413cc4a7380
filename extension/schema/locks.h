/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * statement_locks.h
 *	  Locks that a statement leaves behind.
 */
#ifndef DSQL_STATEMENT_LOCKS_H
#define DSQL_STATEMENT_LOCKS_H

#include "storage/lock.h"

/* Those that keep others from writing, or from DDL. */
#define STRONG_LOCKS                                                          \
	(LOCKBIT_ON(ShareUpdateExclusiveLock) | LOCKBIT_ON(ShareLock) |           \
	 LOCKBIT_ON(ShareRowExclusiveLock) | LOCKBIT_ON(ExclusiveLock) |          \
	 LOCKBIT_ON(AccessExclusiveLock))

typedef struct HeldLock
{
	LOCKTAG	 tag;
	Oid		 relid;
	LOCKMASK modes;
} HeldLock;

/* All locks that this backend has on relations of users.  Slow: for DDL. */
extern HeldLock *statement_locks_held(int *count);

/* Of a set that is not empty. */
extern LOCKMODE statement_locks_strongest(LOCKMASK modes);

/* Let go of them: those of DDL, or of queries. */
extern void statement_locks_release_ddl(void);
extern void statement_locks_release_query(void);

#endif /* DSQL_STATEMENT_LOCKS_H */
