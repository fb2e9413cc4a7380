/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * commit.h
 *	  COMMIT: validation and publication.
 */
#ifndef DSQL_OCC_COMMIT_H
#define DSQL_OCC_COMMIT_H

/*
 * Before the commit record is written, after the last trigger, with the locks
 * and checks of schema_touched_lock_and_check() done.  Raises OC000 if the
 * transaction lost.
 */
extern void occ_commit(void);

#endif /* DSQL_OCC_COMMIT_H */
