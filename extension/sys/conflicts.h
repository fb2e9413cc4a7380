/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * conflicts.h
 *	  A record of conflicts, so that a developer sees which row two
 *	  transactions competed for.
 */
#ifndef DSQL_SYS_CONFLICTS_H
#define DSQL_SYS_CONFLICTS_H

#include "datatype/timestamp.h"

typedef enum ConflictKind
{
	CONFLICT_WRITE,		/* both wrote the row (or deleted it) */
	CONFLICT_LOCK,		/* FOR UPDATE or FOR KEY SHARE against the other's
						 * write or lock */
	CONFLICT_KEY,		/* both inserted the same unique key */
	CONFLICT_FORGOTTEN, /* the other's intent had to be evicted, so a
						 * conflict cannot be excluded */
	CONFLICT_SCHEMA,	/* OC001: the relation's definition changed */
	CONFLICT_INJECTED,	/* asked for with dsql_local.inject_conflicts */
} ConflictKind;

/* Bytes; the text of a longer key is cut. */
#define CONFLICT_KEY_SIZE 128

typedef struct Conflict
{
	TimestampTz	  at;
	Oid			  database;
	Oid			  relation;				  /* InvalidOid: no single one */
	char		  key[CONFLICT_KEY_SIZE]; /* "(id)=(7)", or "" */
	TransactionId loser;  /* the transaction that fails; invalid if it had
						   * no id */
	TransactionId winner; /* the one it lost to; invalid: unknown */
	ConflictKind  kind;
} Conflict;

extern void conflicts_shmem_request(void);
extern void conflicts_shmem_init(void);

/*
 * Remember a conflict.  Called by the transaction that will fail, just before
 * it raises its error, with no lock of ours held.  It raises no error and
 * reads no catalog.
 */
extern void conflicts_record(const Conflict *conflict);

/* Count a commit that was validated and found without conflict. */
extern void conflicts_count_commit(void);

#endif /* DSQL_SYS_CONFLICTS_H */
