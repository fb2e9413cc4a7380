/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * constraint.h
 *	  Validating a constraint in the background.
 */
#ifndef DSQL_JOBS_CONSTRAINT_H
#define DSQL_JOBS_CONSTRAINT_H

#include "jobs/table.h"

/* As jobs_index_build_step(); there is only one step. */
extern bool jobs_constraint_step(const Job *job);

#endif /* DSQL_JOBS_CONSTRAINT_H */
