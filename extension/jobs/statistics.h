/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * statistics.h
 *	  Gathering statistics in the background.
 */
#ifndef DSQL_JOBS_STATISTICS_H
#define DSQL_JOBS_STATISTICS_H

#include "jobs/table.h"

/* As jobs_index_build_step(). */
extern bool jobs_statistics_step(const Job *job);

#endif /* DSQL_JOBS_STATISTICS_H */
