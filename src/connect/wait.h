/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Waits for a socket with a deadline.  poll(2) and not select(2), which cannot take a descriptor
 * above 1023.
 */
#ifndef DSQL_CONNECT_WAIT_H
#define DSQL_CONNECT_WAIT_H

#include "base/clock.h"

#include <libpq-fe.h>

#include <stdbool.h>

/**
 * Waits until the socket is ready for events (of poll(2)) or has failed.  False: deadline_ms
 * (monotonic, -1 for none) has passed.
 */
bool wait_for_descriptor(int descriptor, short events, const struct clock *clock,
                         int64_t deadline_ms);

/** The same with the connection's socket. */
bool wait_for_socket(const PGconn *conn, short events, const struct clock *clock,
                     int64_t deadline_ms);

#endif
