/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * locks.h
 *	  Releasing relation locks before the transaction ends.
 */
#ifndef DSQL_SCHEMA_LOCKS_H
#define DSQL_SCHEMA_LOCKS_H

#include "storage/lock.h"

/* Modes that keep others from writing the relation, or from DDL on it. */
#define SCHEMA_LOCKS_STRONG                                                   \
	(LOCKBIT_ON(ShareUpdateExclusiveLock) | LOCKBIT_ON(ShareLock) |           \
	 LOCKBIT_ON(ShareRowExclusiveLock) | LOCKBIT_ON(ExclusiveLock) |          \
	 LOCKBIT_ON(AccessExclusiveLock))

typedef struct HeldLock
{
	LOCKTAG	 tag;
	Oid		 relid;
	LOCKMASK modes;
} HeldLock;

/*
 * The locks that this backend holds on users' relations.  Slow, because it
 * copies the lock table of the whole server: for DDL only.
 */
extern HeldLock *schema_locks_held(int *count);

/* The strongest mode of a mask that is not empty. */
extern LOCKMODE schema_locks_strongest(LOCKMASK modes);

/*
 * A query or a utility statement is done: release its relation locks, if
 * nothing else may rely on them.  inside_utility: a utility statement is still
 * running around it.
 */
extern void schema_locks_release_after_statement(bool inside_utility);

#endif /* DSQL_SCHEMA_LOCKS_H */
