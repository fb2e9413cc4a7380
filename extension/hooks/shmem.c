/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * shmem.c
 *	  Shared memory of all rooms.
 *
 * A file with shared memory has two functions: xxx_shmem_request() says how
 * much it needs and which LWLock tranches, xxx_shmem_init() finds or fills it.
 */
#include "postgres.h"

#include "dialect/age_watch.h"
#include "hooks/install.h"
#include "jobs/signal.h"
#include "miscadmin.h"
#include "occ/commit_lock.h"
#include "occ/horizon.h"
#include "occ/intents.h"
#include "occ/slots.h"
#include "occ/snapshots.h"
#include "schema/changes.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "sys/conflicts.h"
#include "sys/inject.h"

static shmem_request_hook_type prev_shmem_request = NULL;
static shmem_startup_hook_type prev_shmem_startup = NULL;

static void
request_shared_memory(void)
{
	if (prev_shmem_request)
		prev_shmem_request();
	occ_commit_lock_shmem_request();
	occ_slots_shmem_request();
	occ_horizon_shmem_request();
	occ_intents_shmem_request();
	occ_snapshots_shmem_request();
	schema_changes_shmem_request();
	conflicts_shmem_request();
	inject_shmem_request();
	jobs_signal_shmem_request();
	age_watch_shmem_request();
}

static void
start_shared_memory(void)
{
	if (prev_shmem_startup)
		prev_shmem_startup();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	occ_commit_lock_shmem_init();
	occ_slots_shmem_init();
	occ_horizon_shmem_init();
	occ_intents_shmem_init();
	occ_snapshots_shmem_init();
	schema_changes_shmem_init();
	conflicts_shmem_init();
	inject_shmem_init();
	jobs_signal_shmem_init();
	age_watch_shmem_init();
	LWLockRelease(AddinShmemInitLock);
}

void
hooks_install_shmem(void)
{
	prev_shmem_request = shmem_request_hook;
	shmem_request_hook = request_shared_memory;
	prev_shmem_startup = shmem_startup_hook;
	shmem_startup_hook = start_shared_memory;
}
