/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections into places and out of them, with the caller's hooks at each step.  All of
 * it without the lock, by the thread that holds the place.
 */
#ifndef DSQL_POOL_FILL_H
#define DSQL_POOL_FILL_H

#include "pool/slot.h"

/** Opens a connection, which must not be there yet, and lets on_connect see it. */
dsql_status place_fill(struct place *place, int64_t deadline_ms, dsql_error *err);

/**
 * A connection that works, the one it has or a new one, which on_acquire agrees with: if
 * it does not, once more with a new one.
 */
dsql_status place_make_ready(struct place *place, int64_t deadline_ms, dsql_error *err);

/** Makes what a caller gave back fit to be lent again.  False: it is not. */
bool place_tidy(struct place *place);

/** Closes the connection, if there is one. */
void place_empty(struct place *place);

/** place_empty(), and then free for others. */
void place_give_up(struct place *place);

#endif
