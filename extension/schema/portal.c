/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * portal.c
 *	  Closing a SELECT of the extended protocol that has been read to its end.
 *
 * PostgreSQL leaves the unnamed portal open until the next Bind message,
 * although all rows have been sent.  The open portal has locks and, with a
 * LIMIT, pinned pages, so that DROP TABLE elsewhere would wait for an idle
 * client.  We drop it when its Execute message has been dealt with: then
 * PostgreSQL resets MessageContext, which calls us.
 */
#include "postgres.h"

#include "access/xact.h"
#include "base/settings.h"
#include "schema/portal.h"
#include "tcop/pquery.h"
#include "utils/memutils.h"
#include "utils/portal.h"

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

void
schema_portal_close_when_read(const QueryDesc *query)
{
	MemoryContextCallback *callback;

	if (!settings_is_strict() || !IsTransactionBlock() || !ActivePortal ||
		ActivePortal->queryDesc != query || ActivePortal->name[0] != '\0')
		return;
	callback =
		MemoryContextAllocZero(MessageContext, sizeof(MemoryContextCallback));
	callback->func = close_unnamed_portal;
	MemoryContextRegisterResetCallback(MessageContext, callback);
}
