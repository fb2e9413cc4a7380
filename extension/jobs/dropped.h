/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * dropped.h
 *	  Jobs of type DROP: what is left to do when a table or index is dropped.
 */
#ifndef DSQL_JOBS_DROPPED_H
#define DSQL_JOBS_DROPPED_H

/* The relation is about to be dropped, by the statement that is running. */
extern void jobs_dropped_note(Oid relation);

/* The statement has dropped what it drops. */
extern void jobs_dropped_submit(void);

/* The transaction is over. */
extern void jobs_dropped_after_transaction(void);

#endif /* DSQL_JOBS_DROPPED_H */
