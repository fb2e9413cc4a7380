/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What one statement costs: the time until its answer, and the processor time of the backend that
 * executed it.  The second one hardly depends on what else the machine is doing.
 */
#ifndef BENCH_COST_H
#define BENCH_COST_H

#include <libpq-fe.h>

#include <stddef.h>
#include <stdint.h>

struct cost {
    int64_t wall_ns;
    int64_t cpu_ns;
};

/** Runs a statement that must succeed.  The backend runs on this machine (Linux). */
struct cost cost_of(PGconn *conn, const char *sql);

/** The median of each of the two, separately.  Sorts the costs, by processor time at last. */
struct cost cost_median(struct cost *costs, size_t n);

#endif
