/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of the connection in a slot: opened, prepared for a caller, reset, closed, with the
 * caller's hooks at each step.  All of it may block, so all of it runs without the pool's lock,
 * on the thread that has reserved the slot (SLOT_RESERVED).
 */
#ifndef DSQL_POOL_SLOT_CONNECTION_H
#define DSQL_POOL_SLOT_CONNECTION_H

#include "pool/connect_turn.h"
#include "pool/health.h"
#include "pool/slot.h"

/** Opens a connection in an empty slot and runs on_connect.  On failure the slot is empty. */
dsql_status slot_open(struct slot *slot, int64_t deadline_ms, dsql_error *err);

/** The same when a turn has begun, which it ends.  err must not be NULL. */
dsql_status slot_open_as(struct slot *slot, const struct connect_turn *turn, int64_t deadline_ms,
                         dsql_error *err);

/** Whether the connection was idle for so long that a round trip must show that it works. */
bool slot_is_check_due(const struct slot *slot, int64_t now_ms);

/** Whether it was released so recently that its socket is not looked at; see parts.pool.trust_ms.
 */
bool slot_is_trusted(const struct slot *slot, int64_t now_ms);

/**
 * What can be known of the connection without waiting.  LOST: there is none, or it is overdue or
 * closed.  UNSURE: only a round trip can tell, or its check is due.
 */
enum health slot_look(const struct slot *slot, int64_t now_ms);

/** Closes a connection that was found not to be usable, and counts it if it was lost. */
void slot_close_unusable(struct slot *slot, int64_t now_ms);

/** Leaves a working connection in the slot, the old one or a new one. */
dsql_status slot_refresh(struct slot *slot, int64_t deadline_ms, dsql_error *err);

/** Runs on_acquire.  If that rejects the connection, the slot is empty. */
dsql_status slot_accept(struct slot *slot, dsql_error *err);

/** Both.  If on_acquire rejects the connection, one new connection is tried. */
dsql_status slot_prepare(struct slot *slot, int64_t deadline_ms, dsql_error *err);

/** Prepares a released connection for the next caller, within 5 s.  False: it must be closed. */
bool slot_reset(struct slot *slot);

/** Closes the connection, if there is one.  The slot stays reserved. */
void slot_close(struct slot *slot);

/** slot_close(), then makes the slot free for other threads. */
void slot_discard(struct slot *slot);

#endif
