/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections into places and out of them, with the caller's hooks at each step.  All of
 * it without the lock, by the thread that holds the slot.
 */
#ifndef DSQL_POOL_SLOT_CONNECTION_H
#define DSQL_POOL_SLOT_CONNECTION_H

#include "pool/slot.h"

/** Opens a connection, which must not be there yet, and lets on_connect see it. */
dsql_status slot_open(struct slot *slot, int64_t deadline_ms, dsql_error *err);

/**
 * A connection that works, the one it has or a new one, which on_acquire agrees with: if
 * it does not, once more with a new one.
 */
dsql_status slot_prepare(struct slot *slot, int64_t deadline_ms, dsql_error *err);

/** Makes what a caller gave back fit to be lent again.  False: it is not. */
bool slot_reset(struct slot *slot);

/** Closes the connection, if there is one. */
void slot_close(struct slot *slot);

/** slot_close(), and then free for others. */
void slot_discard(struct slot *slot);

#endif
