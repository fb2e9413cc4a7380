/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * index_build.h
 *	  Building an index in the background.
 */
#ifndef DSQL_JOBS_INDEX_BUILD_H
#define DSQL_JOBS_INDEX_BUILD_H

#include "jobs/table.h"

/*
 * One step, in a transaction of its own.  Returns true if there is another.
 * An error may be raised anywhere; the step can then be repeated.
 */
extern bool jobs_index_build_step(Job *job);

#endif /* DSQL_JOBS_INDEX_BUILD_H */
