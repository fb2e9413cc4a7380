/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * inject.c
 *	  Conflicts that nobody had.
 */
#include "dsql_local.h"

#include "inject.h"

void
inject_init(void)
{
}

Size
inject_shmem_size(void)
{
	return 0;
}

void
inject_shmem_init(void)
{
}

bool
inject_should_fail(const Oid *relations, int nrelations)
{
	return false;
}
