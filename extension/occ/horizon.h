/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * horizon.h
 *	  Which transactions no snapshot has as running any more.
 */
#ifndef DSQL_OCC_HORIZON_H
#define DSQL_OCC_HORIZON_H

extern void occ_horizon_shmem_request(void);
extern void occ_horizon_shmem_init(void);

/*
 * No snapshot has a transaction older than this as running, nor will any.  It
 * may lag behind.  The commit lock is not needed.
 */
extern TransactionId occ_horizon_known(void);

/*
 * Once for each transaction that commits, under the commit lock.  Computes the
 * horizon anew now and then.
 */
extern void occ_horizon_advance(void);

#endif /* DSQL_OCC_HORIZON_H */
