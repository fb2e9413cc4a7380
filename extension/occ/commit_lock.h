/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * commit_lock.h
 *	  The one lock under which transactions are validated.
 */
#ifndef DSQL_OCC_COMMIT_LOCK_H
#define DSQL_OCC_COMMIT_LOCK_H

extern void occ_commit_lock_shmem_request(void);
extern void occ_commit_lock_shmem_init(void);

extern void occ_commit_lock_acquire(void);
extern void occ_commit_lock_acquire_shared(void); /* only to look */
extern void occ_commit_lock_release(void);

#endif /* DSQL_OCC_COMMIT_LOCK_H */
