/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * conflicts.h
 *	  What is told about a conflict, so that a developer sees which row
 *	  two transactions fought over.
 */
#ifndef DSQL_CONFLICTS_H
#define DSQL_CONFLICTS_H

#include "datatype/timestamp.h"

typedef enum OccConflictKind
{
	OCC_CONFLICT_WRITE,		/* both wrote the row (or deleted it) */
	OCC_CONFLICT_LOCK,		/* FOR UPDATE or FOR KEY SHARE against the
							 * other's write or lock */
	OCC_CONFLICT_KEY,		/* both inserted the same unique key */
	OCC_CONFLICT_FORGOTTEN, /* the other's intent had to be evicted: a
							 * conflict cannot be excluded */
	OCC_CONFLICT_SCHEMA,	/* OC001: the relation's definition changed */
	OCC_CONFLICT_INJECTED,	/* asked for with dsql_local.inject_conflicts */
} OccConflictKind;

/* The text of a key is cut here. */
#define OCC_CONFLICT_KEY_SIZE 128

typedef struct OccConflict
{
	TimestampTz	  at;
	Oid			  database;
	Oid			  relation;					  /* InvalidOid: no single one */
	char		  key[OCC_CONFLICT_KEY_SIZE]; /* "(id)=(7)", or "" */
	TransactionId loser;	/* the transaction that fails; invalid if it
							 * had no id */
	TransactionId	winner; /* the one it lost to; invalid: unknown */
	OccConflictKind kind;
} OccConflict;

extern void conflicts_init(void);
extern Size conflicts_shmem_size(void);
extern void conflicts_shmem_init(void);

/*
 * Remember a conflict.  Called by the transaction that will fail, just before
 * its error is raised, with no lock of ours held.  Must not raise an error and
 * must not read catalogs.
 */
extern void conflicts_record(const OccConflict *conflict);

/* Count a commit that was validated and found without conflict. */
extern void conflicts_count_commit(void);

#endif /* DSQL_CONFLICTS_H */
