/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Holds off the cancellation of the calling thread (pthread_cancel()) while the library works.
 * Nearly everything that waits is a cancellation point: a thread that ended there would leave a
 * mutex locked, a slot of a pool reserved, or a child process behind, and on systems that do not
 * unwind a cancelled thread (musl), no cleanup attribute would run.  A cancellation that arrives
 * meanwhile takes effect in the caller's next cancellation point.
 *
 * It is held off in callbacks too, and in the bodies of transactions.  A thread that is cancelled
 * inside libpq may leave a query in its output buffer, so that later answers are taken for those of
 * other queries; nothing in libpq shows that.
 */
#ifndef DSQL_BASE_CANCELLATION_H
#define DSQL_BASE_CANCELLATION_H

/**
 * The first declaration of each public function that may wait.  The caller's state is in
 * callers_cancellation, and is restored on every way out of the function.
 */
#define HOLD_CANCELLATION()                                                                        \
    int callers_cancellation __attribute__((cleanup(cancellation_restore), unused)) =              \
        cancellation_hold()

/** Returns the state before. */
int cancellation_hold(void);
void cancellation_restore(const int *state);

#endif
