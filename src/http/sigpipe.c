/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The method of libpq's fe-secure.c: block the signal in this thread, and afterwards consume
 * one that arrived meanwhile, unless it was pending before.
 */
#include "http/sigpipe.h"

#include <errno.h>
#include <time.h>

/*
 * SIGPIPE of a write is delivered to the thread that wrote, so blocking it in this thread is
 * enough.
 */
static sigset_t only_sigpipe(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    return set;
}

static bool is_pending(void)
{
    sigset_t pending;
    sigemptyset(&pending);
    return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

/* Pending before: then a SIGPIPE is the program's own, and it must stay pending. */
void sigpipe_hold(struct sigpipe *held)
{
    const sigset_t set = only_sigpipe();
    sigemptyset(&held->before);
    (void)pthread_sigmask(SIG_BLOCK, &set, &held->before);
    held->was_pending = is_pending();
}

/*
 * The signal is consumed before it is unblocked; otherwise it would be delivered at once. errno
 * belongs to the caller.
 */
void sigpipe_release(const struct sigpipe *held)
{
    const sigset_t set = only_sigpipe();
    const struct timespec at_once = {0};
    int saved = errno;
    if (!held->was_pending && is_pending()) {
        (void)sigtimedwait(&set, NULL, &at_once);
    }
    (void)pthread_sigmask(SIG_SETMASK, &held->before, NULL);
    errno = saved;
}
