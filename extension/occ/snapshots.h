/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshots.h
 *	  Which snapshots are open, and what none of them sees.
 */
#ifndef DSQL_OCC_SNAPSHOTS_H
#define DSQL_OCC_SNAPSHOTS_H

#include "utils/snapshot.h"

extern void occ_snapshots_shmem_request(void);
extern void occ_snapshots_shmem_init(void);

/* Before a query runs: others may know the snapshot of this transaction. */
extern void occ_snapshots_publish(void);

/* This backend's transaction is over. */
extern void occ_snapshots_leave(void);

/*
 * Is a version that maker made, and that replacer has replaced and committed,
 * invisible to every snapshot that is open or will be taken?  mine: an MVCC
 * snapshot of this backend.  False may also mean that it is not known.
 */
extern bool occ_snapshots_miss(TransactionId maker, TransactionId replacer,
							   Snapshot mine);

#endif /* DSQL_OCC_SNAPSHOTS_H */
