/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * portal.c
 *	  What a statement leaves when its hooks have been called: a portal that
 *	  has been read to its end, and locks.
 *
 * PostgreSQL leaves the unnamed portal open until the next Bind message,
 * although all rows have been sent.  The open portal has locks and, with a
 * LIMIT, pinned pages, so that DROP TABLE elsewhere would wait for an idle
 * client.  We drop it when its Execute message has been dealt with: then
 * PostgreSQL resets MessageContext, which calls us.
 *
 * EXECUTE first runs the prepared statement and then describes its rows to the
 * client, for which the cached plan is looked at, and its relations are
 * locked, once more.
 */
#include "postgres.h"

#include "access/xact.h"
#include "base/settings.h"
#include "schema/locks.h"
#include "schema/portal.h"
#include "tcop/pquery.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/resowner.h"

static bool
is_read_to_its_end(Portal portal)
{
	return PortalIsValid(portal) && portal->status == PORTAL_READY &&
		   portal->strategy == PORTAL_ONE_SELECT && portal->atEnd;
}

static void
close_unnamed_portal(void *arg)
{
	Portal portal;

	if (!IsTransactionBlock() || IsAbortedTransactionBlockState())
		return;
	portal = GetPortalByName("");
	if (is_read_to_its_end(portal))
		PortalDrop(portal, false);
}

/* The portal has gone, and its locks have passed to the transaction. */
static void
release_locks(void *arg)
{
	ResourceOwner current = CurrentResourceOwner;

	if (!IsTransactionBlock() || IsAbortedTransactionBlockState())
		return;
	CurrentResourceOwner = TopTransactionResourceOwner;
	schema_locks_release_after_statement(false);
	CurrentResourceOwner = current;
}

static void
call_after_message(MemoryContextCallbackFunction function)
{
	MemoryContextCallback *callback =
		MemoryContextAllocZero(MessageContext, sizeof(MemoryContextCallback));

	callback->func = function;
	MemoryContextRegisterResetCallback(MessageContext, callback);
}

void
schema_portal_release_when_described(Node *statement)
{
	if (IsA(statement, ExecuteStmt) && IsTransactionBlock())
		call_after_message(release_locks);
}

void
schema_portal_close_when_read(const QueryDesc *query)
{
	if (!settings_is_strict() || !IsTransactionBlock() || !ActivePortal ||
		ActivePortal->queryDesc != query || ActivePortal->name[0] != '\0')
		return;
	call_after_message(close_unnamed_portal);
}
