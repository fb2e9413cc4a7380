/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A program run for what it prints, by a library that must leave its process as it found
 * it: no handler, no mask, no directory is changed, no child is left over, and it works
 * whatever the process does with SIGCHLD and however many threads it has.
 */
#ifndef DSQL_CREDENTIALS_CHILD_H
#define DSQL_CREDENTIALS_CHILD_H

#include "base/buf.h"
#include "base/clock.h"

enum child_result {
    CHILD_DONE,      /* status 0, or unknown because the process ignores SIGCHLD */
    CHILD_NOT_RUN,   /* see errno */
    CHILD_FAILED,    /* detail: the exit status */
    CHILD_KILLED,    /* detail: the signal */
    CHILD_TIMED_OUT, /* it and its process group were killed */
    CHILD_TOO_MUCH,  /* printed more than fits into output; killed as well */
    CHILD_UNREADABLE /* see errno; killed as well */
};

/**
 * Runs words[0], which is looked for in PATH, with the environment of the process.  Standard
 * input and error are /dev/null, all other descriptors are closed, signals are as in a new
 * program, and the child leads a process group of its own.
 *
 * words ends with NULL. output receives what the child prints and must have a maximum; it may be
 * partly filled after a failure. timeout_ms counts for the whole run, by the monotonic clock.
 * Any thread may call this.
 */
enum child_result child_run(char *const *words, const struct clock *clock, int timeout_ms,
                            struct buf *output, int *detail);

#endif
