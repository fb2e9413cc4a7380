/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "connect/wait.h"

#include <errno.h>
#include <poll.h>

enum { LONGEST_POLL_MS = 60000 };

/*
 * In pieces of at most a minute: poll() takes an int, and the clock of a test moves by itself.
 * EINTR starts it again with the time that is left.
 */
bool wait_for_descriptor(int descriptor, short events, const struct clock *clock,
                         int64_t deadline_ms)
{
    for (;;) {
        int64_t left = LONGEST_POLL_MS;
        if (deadline_ms >= 0) {
            left = deadline_ms - clock_monotonic_ms(clock);
            if (left <= 0) {
                return false;
            }
        }
        struct pollfd fd = {.fd = descriptor, .events = events};
        int ready = poll(&fd, 1, (int)(left < LONGEST_POLL_MS ? left : LONGEST_POLL_MS));
        if (ready > 0 || (ready < 0 && errno != EINTR)) {
            return true; /* on an error too: the next call of libpq reports it */
        }
    }
}

bool wait_for_socket(const PGconn *conn, short events, const struct clock *clock,
                     int64_t deadline_ms)
{
    return wait_for_descriptor(PQsocket(conn), events, clock, deadline_ms);
}
