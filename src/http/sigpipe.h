/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing to a connection that the server has closed must not end the program.  Some
 * TLS layers write without MSG_NOSIGNAL, and the handler of SIGPIPE belongs to the
 * program: so the signal is held back from this thread meanwhile, as libpq does it.
 */
#ifndef DSQL_HTTP_SIGPIPE_H
#define DSQL_HTTP_SIGPIPE_H

#include <signal.h>
#include <stdbool.h>

struct sigpipe {
    sigset_t before;  /* the thread's mask, to be restored */
    bool was_pending; /* a SIGPIPE of the program's own, which is not ours to consume */
};

void sigpipe_hold(struct sigpipe *held);

/** A SIGPIPE that came meanwhile is dropped; the thread's mask is as before. */
void sigpipe_release(const struct sigpipe *held);

#endif
