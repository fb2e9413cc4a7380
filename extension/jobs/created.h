/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * created.h
 *	  Jobs of type ANALYZE for tables that were created.
 */
#ifndef DSQL_JOBS_CREATED_H
#define DSQL_JOBS_CREATED_H

/* The relation was created by the statement that is running. */
extern void jobs_created_note(Oid relation);

/* The statement has created what it creates. */
extern void jobs_created_submit(void);

/* The transaction is over. */
extern void jobs_created_after_transaction(void);

#endif /* DSQL_JOBS_CREATED_H */
