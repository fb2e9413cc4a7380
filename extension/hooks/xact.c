/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * xact.c
 *	  COMMIT and ROLLBACK.
 *
 * PostgreSQL calls these callbacks for a transaction that commits after its
 * deferred triggers have run (PRE_COMMIT, where an error still aborts), and
 * for every transaction when it is over (COMMIT or ABORT, where an error is
 * not allowed).
 */
#include "postgres.h"

#include "access/xact.h"
#include "dialect/refuse.h"
#include "dialect/transaction_limits.h"
#include "hooks/install.h"
#include "jobs/created.h"
#include "jobs/dropped.h"
#include "jobs/signal.h"
#include "jobs/submit.h"
#include "jobs/unique_index.h"
#include "occ/commit.h"
#include "occ/slots.h"
#include "occ/snapshots.h"
#include "occ/writes.h"
#include "schema/touched.h"
#include "schema/transaction.h"

static void
before_commit(void)
{
	transaction_limits_check_age();
	transaction_limits_check_size();
	schema_touched_lock_and_check(jobs_signal_yield);
	jobs_unique_index_before_commit();
	occ_commit();
}

static void
after_transaction(bool committed)
{
	occ_snapshots_leave();
	jobs_created_after_transaction();
	jobs_dropped_after_transaction();
	jobs_submit_after_transaction(committed);
	jobs_unique_index_after_transaction();
	occ_slots_leave();
	occ_writes_reset();
	schema_transaction_reset();
	transaction_limits_reset(committed);
}

static void
at_transaction_event(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			before_commit();
			break;
		case XACT_EVENT_PRE_PREPARE:
			dialect_refuse(
				"unsupported transaction statement: PREPARE TRANSACTION");
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
			after_transaction(event == XACT_EVENT_COMMIT);
			break;
		default:
			break;
	}
}

static void
at_subtransaction_event(SubXactEvent event, SubTransactionId subid,
						SubTransactionId parent_subid, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		occ_writes_abort_subtransaction(subid);
}

void
hooks_install_xact(void)
{
	RegisterXactCallback(at_transaction_event, NULL);
	RegisterSubXactCallback(at_subtransaction_event, NULL);
}
