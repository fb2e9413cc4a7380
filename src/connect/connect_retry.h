/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a refused connect is tried again, and when.  A table in words:
 *
 *   expired                once, at once, with fresh credentials and so a fresh token
 *   passes (waking up,     again and again, waiting 100 ms, 200 ms ... 5 s, half of it
 *   too many)              chance, as long as the wait ends before the deadline
 *   anything else          never: no word of the network or of TLS changes by asking again,
 *                          and libpq has tried all addresses of the name already
 */
#ifndef DSQL_CONNECT_TRIES_H
#define DSQL_CONNECT_TRIES_H

#include "base/random.h"
#include "connect/connect_failure.h"

/** All zero is the beginning. */
struct tries {
    int waits;
    bool was_expired;
};

enum { TRIES_GIVE_UP = -1 };

/** How long to wait before the next one; TRIES_GIVE_UP: not at all. */
int64_t tries_next(struct tries *tries, enum refusal_kind kind, int64_t left_ms,
                   const struct random_source *random);

#endif
