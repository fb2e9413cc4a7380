/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * horizon.c
 *	  Which transactions no snapshot has as running any more.
 *
 * Computing it visits every backend, so the last result is shared.  Both
 * numbers are atomic; nothing is locked here.
 */
#include "postgres.h"

#include "access/transam.h"
#include "occ/horizon.h"
#include "port/atomics.h"
#include "storage/ipc.h"
#include "storage/procarray.h"
#include "storage/shmem.h"

/* It is computed anew once in this many commits. */
#define HORIZON_INTERVAL 32

typedef struct Horizon
{
	pg_atomic_uint32 xid;
	pg_atomic_uint32 commits; /* wraps around */
} Horizon;

static Horizon *horizon = NULL;

void
occ_horizon_shmem_request(void)
{
	RequestAddinShmemSpace(MAXALIGN(sizeof(Horizon)));
}

void
occ_horizon_shmem_init(void)
{
	bool found;

	horizon = ShmemInitStruct("dsql_local horizon", sizeof(Horizon), &found);
	if (found)
		return;
	pg_atomic_init_u32(&horizon->xid, FirstNormalTransactionId);
	pg_atomic_init_u32(&horizon->commits, 0);
}

TransactionId
occ_horizon_known(void)
{
	return pg_atomic_read_u32(&horizon->xid);
}

void
occ_horizon_advance(void)
{
	if (pg_atomic_fetch_add_u32(&horizon->commits, 1) % HORIZON_INTERVAL == 0)
		pg_atomic_write_u32(&horizon->xid,
							GetOldestNonRemovableTransactionId(NULL));
}
