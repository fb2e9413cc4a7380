/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * dsql_local.h
 *	  What every file of the extension knows: its settings.
 *
 * Each file has a header with what it offers.  xxx_init() is called once from
 * _PG_init() in the postmaster, chains hooks and defines settings;
 * xxx_shmem_size() and xxx_shmem_init() are called from the two shared memory
 * hooks, which dsql_local.c owns.
 */
#ifndef DSQL_LOCAL_H
#define DSQL_LOCAL_H

#include "postgres.h"

#include "base/compat.h"

/* The table access method that sys/schema.sql creates. */
#define DSQL_AM_NAME "dsql"

/*
 * dsql_local.strict: refuse what Aurora DSQL refuses, and its limits.  A
 * superuser turns it off for maintenance: initial scripts, pg_restore, our
 * own workers.  Conflicts are found whether it is on or off.
 */
extern bool dsql_strict;

#endif /* DSQL_LOCAL_H */
