/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A client has a descriptor for its own connection and, once it has asked for a cancellation,
 * another one for the server.  An admitted client has one for a server too, unless clients share
 * fewer connections to servers than that.
 */
#include "session/capacity.h"

#include "session/waiting_list.h"

#include <limits.h>
#include <sys/resource.h>

static int within(long value, int least, int most)
{
    if (value < least) {
        return least;
    }
    return value > most ? most : (int)value;
}

/*
 * An eighth of the descriptors for each stage and for cancellations, up to a number that is plenty
 * for logins and cheap to hold.  Of the rest, at most a half is for servers.  For a quarter of the
 * admitted connections the password may be awaited.
 */
struct capacity capacity_for(long descriptors, int max_connections, int max_servers)
{
    int most = max_connections < 0 ? INT_MAX : max_connections;
    long left = (descriptors < 0 ? INT_MAX : descriptors) - CAPACITY_RESERVE;
    struct capacity capacity = {.cancels = within(left / 16, 1, CAPACITY_MAX_CANCELS)};
    capacity.waiting = within(left / 8, 1, CAPACITY_MAX_WAITING);
    left -= 2L * capacity.cancels + (long)WAITING_EARLY_STAGES * capacity.waiting;
    long half = (left + 1) / 2;
    long for_servers = max_servers < 0 || max_servers > half ? half : max_servers;
    capacity.connections = within(left - for_servers, 1, most < 1 ? 1 : most);
    capacity.servers = within(left - capacity.connections, 1, INT_MAX);
    capacity.passwords = within(capacity.connections / 4, 1, CAPACITY_MAX_PASSWORDS);
    return capacity;
}

long capacity_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > INT_MAX) {
        return -1;
    }
    return (long)limit.rlim_cur;
}
