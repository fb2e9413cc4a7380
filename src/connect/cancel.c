/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "connect/cancel.h"

#ifdef LIBPQ_HAS_ASYNC_CANCEL

#include "connect/wait.h"

#include <poll.h>

/* The connection for the request has the addresses and the TLS settings of conn. */
void cancel_request(PGconn *conn, const struct clock *clock, int64_t deadline_ms)
{
    PGcancelConn *cancel = PQcancelCreate(conn);
    if (PQcancelStart(cancel) == 1) {
        PostgresPollingStatusType state = PGRES_POLLING_WRITING;
        while (state == PGRES_POLLING_WRITING || state == PGRES_POLLING_READING) {
            short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
            if (!wait_for_descriptor(PQcancelSocket(cancel), events, clock, deadline_ms)) {
                break;
            }
            state = PQcancelPoll(cancel);
        }
    }
    PQcancelFinish(cancel);
}

#else

#include "base/thread.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

/*
 * A frozen server keeps a thread in PQcancel() until its end, so there are never more than these.
 * A further request is not sent; the connection that it is about is closed soon anyway.
 */
enum { MOST_THREADS = 8 };

/*
 * The number of threads in the lower half, and the process that counted them in the upper half: a
 * child after fork() has none of its parent's threads.
 */
static atomic_ullong running;

/* False: there are too many. */
static bool count_thread(void)
{
    unsigned long long ours = (unsigned long long)(unsigned)getpid() << 32;
    unsigned long long before = atomic_load(&running);
    unsigned long long after = 0;
    do {
        bool is_inherited = before >> 32 != ours >> 32;
        after = (is_inherited ? ours : before) + 1;
        if ((after & UINT32_MAX) > MOST_THREADS) {
            return false;
        }
    } while (!atomic_compare_exchange_weak(&running, &before, after));
    return true;
}

static void uncount_thread(void)
{
    atomic_fetch_sub(&running, 1);
}

/* The thread owns the PGcancel, which is a copy: the connection may be closed meanwhile. */
static void *send_request(void *arg)
{
    PGcancel *cancel = arg;
    char unused[256];
    PQcancel(cancel, unused, sizeof unused);
    PQfreeCancel(cancel);
    uncount_thread();
    return NULL;
}

void cancel_request(PGconn *conn, const struct clock *clock, int64_t deadline_ms)
{
    (void)clock;
    (void)deadline_ms;
    PGcancel *cancel = PQgetCancel(conn);
    if (cancel == NULL || !count_thread()) {
        PQfreeCancel(cancel);
        return;
    }
    pthread_t thread;
    if (thread_start(&thread, send_request, cancel) != 0) {
        PQfreeCancel(cancel);
        uncount_thread();
        return;
    }
    pthread_detach(thread);
}

#endif
