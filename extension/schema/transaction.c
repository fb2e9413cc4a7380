/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * transaction.c
 *	  The state that schema/ keeps for the running transaction.
 */
#include "postgres.h"

#include "base/settings.h"
#include "schema/transaction.h"
#include "storage/proc.h"

/* DDL that waits longer than this in a catalog has met other DDL. */
#define DDL_LOCK_TIMEOUT_MS 2000

SchemaTransaction schema_transaction = {0};

void
schema_transaction_enter_ddl(void)
{
	schema_transaction.is_running_ddl = true;
	schema_transaction.saved_lock_timeout = LockTimeout;
	if (settings_is_strict() && LockTimeout == 0)
		LockTimeout = DDL_LOCK_TIMEOUT_MS;
}

void
schema_transaction_leave_ddl(void)
{
	if (schema_transaction.is_running_ddl)
		LockTimeout = schema_transaction.saved_lock_timeout;
	schema_transaction.is_running_ddl = false;
}

bool
schema_transaction_is_running_ddl(void)
{
	return schema_transaction.is_running_ddl;
}

void
schema_transaction_query_started(void)
{
	schema_transaction.nqueries++;
}

/* A transaction that a procedure ended has reset the count meanwhile. */
void
schema_transaction_query_ended(void)
{
	if (schema_transaction.nqueries > 0)
		schema_transaction.nqueries--;
}

void
schema_transaction_reset(void)
{
	TouchedRelation *touched = schema_transaction.touched;
	int				 max_touched = schema_transaction.max_touched;

	schema_transaction_leave_ddl();
	memset(&schema_transaction, 0, sizeof(schema_transaction));
	schema_transaction.touched = touched;
	schema_transaction.max_touched = max_touched;
}
