/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * conflict.h
 *	  OC000, the error of a transaction that lost at COMMIT.
 */
#ifndef DSQL_OCC_CONFLICT_H
#define DSQL_OCC_CONFLICT_H

#include "storage/itemptr.h"
#include "sys/conflicts.h"

/* Where a transaction lost, and to which other one. */
typedef struct RowConflict
{
	ConflictKind	kind;
	Oid				relid; /* InvalidOid: no single one */
	ItemPointerData tid;
	TransactionId	winner;
} RowConflict;

/*
 * Record the conflict and raise OC000.  Without the commit lock: this reads
 * the row and catalogs to describe it.
 */
extern _Noreturn void occ_conflict_raise(const RowConflict *found);

/* The same for a conflict that sys/inject.c asked for. */
extern _Noreturn void occ_conflict_raise_injected(void);

#endif /* DSQL_OCC_CONFLICT_H */
