/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "connect/cancel.h"

#include "connect/wait.h"

#include <poll.h>

#ifdef LIBPQ_HAS_ASYNC_CANCEL

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

#include "base/memory.h"
#include "base/platform.h"
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

/* The PGcancel is a copy: the connection may be closed meanwhile. */
struct request {
    PGcancel *cancel;
    int end; /* of a pipe; closed when the server has dealt with the request */
};

static void free_request(struct request *request)
{
    PQfreeCancel(request->cancel);
    close(request->end);
    mem_free(request);
}

/* The thread owns the request. */
static void *send_request(void *arg)
{
    struct request *request = arg;
    char unused[256];
    PQcancel(request->cancel, unused, sizeof unused);
    uncount_thread();
    free_request(request);
    return NULL;
}

/* False: no thread runs, and the request is still the caller's. */
static bool start_thread(struct request *request)
{
    pthread_t thread;
    if (request->cancel == NULL || !count_thread()) {
        return false;
    }
    if (thread_start(&thread, send_request, request) != 0) {
        uncount_thread();
        return false;
    }
    pthread_detach(thread);
    return true;
}

/*
 * Waits for the thread: a request that is still on its way when the answer has been read would
 * cancel the next statement of the connection.
 */
void cancel_request(PGconn *conn, const struct clock *clock, int64_t deadline_ms)
{
    int ends[2];
    struct request *request = mem_new(sizeof *request);
    if (request == NULL || platform_pipe(ends) != 0) {
        mem_free(request);
        return;
    }
    *request = (struct request){.cancel = PQgetCancel(conn), .end = ends[1]};
    if (start_thread(request)) {
        wait_for_descriptor(ends[0], POLLIN, clock, deadline_ms);
    } else {
        free_request(request);
    }
    close(ends[0]);
}

#endif
