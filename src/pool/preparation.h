/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Prepares the connection of a reserved slot on a thread of its own, for callers that must not
 * wait: the name lookup, credentials, the connect, the check and the hooks may all block.  There
 * are at most as many of these threads as slots.
 */
#ifndef DSQL_POOL_PREPARATION_H
#define DSQL_POOL_PREPARATION_H

#include "pool/slot.h"
#include "pool/wakeup.h"

struct preparation;

/**
 * Starts to prepare a reserved slot as slot_prepare() does, and signals wakeup at the end.  On
 * failure the slot is unchanged.
 */
struct preparation *preparation_start(struct slot *slot, int64_t deadline_ms,
                                      const struct wakeup *wakeup, dsql_error *err);

bool preparation_is_done(struct preparation *preparation);

/** Frees a preparation that is done; the slot stays reserved.  Returns what slot_prepare() did. */
dsql_status preparation_finish(struct preparation *preparation, dsql_error *err);

/** Nobody waits for it any more: the connection becomes idle, now or when it is prepared. */
void preparation_abandon(struct preparation *preparation);

/** In the child of a fork, where its thread does not exist: frees it. */
void preparation_forget(struct preparation *preparation);

/**
 * Refreshes a reserved slot for nobody in particular: its connection becomes idle.  A failure is
 * logged.  One such thread runs at a time: see dsql_pool.is_refreshing, which the caller has set.
 */
void preparation_refresh(struct slot *slot);

/** Waits until all threads have ended.  No slot is reserved; the lock is not held. */
void preparation_join(dsql_pool *pool);

#endif
