/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * call_wrapper.h
 *	  Statements that submit a job, as a CALL that returns a row.
 */
#ifndef DSQL_JOBS_CALL_WRAPPER_H
#define DSQL_JOBS_CALL_WRAPPER_H

#include "nodes/parsenodes.h"

/*
 * If the analyzed statement submits a job, replace it by a CALL that contains
 * it.  source: the whole text that was parsed, NULL if unknown.
 */
extern void jobs_call_wrap(Query *query, const char *source);

/* The statement inside such a CALL, or NULL if it is any other statement. */
extern Node *jobs_call_unwrap(Node *statement);

#endif /* DSQL_JOBS_CALL_WRAPPER_H */
