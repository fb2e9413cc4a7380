/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * conflicts.c
 *	  The conflicts of this server, seen through a view.
 */
#include "dsql_local.h"

#include "conflicts.h"

void
conflicts_init(void)
{
}

Size
conflicts_shmem_size(void)
{
	return 0;
}

void
conflicts_shmem_init(void)
{
}

void
conflicts_record(const OccConflict *conflict)
{
}

void
conflicts_count_commit(void)
{
}
